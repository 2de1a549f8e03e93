//! Who is in dynamic membership groups: their rules, applied.
//!
//! One reader follows the feed of a tenant that has such groups. Whoever has changed is held against all
//! rules ([`look`]); where that says something else than the memberships do, these are written along with
//! the reader's position ([`carry_out`]). A rule that is new, was changed or was paused is held against
//! all users, some hundreds in a transaction, which keeps how far that is ([`walk`]).
//!
//! - What is written is judged in the transaction that writes it; a look only says where that is needed.
//!   So it does no harm to look twice at the same changes, or at ones that are out of date.
//! - Rules that say `system.now` are held against everybody every hour. So is one about somebody's direct
//!   reports when that manager comes or goes.
//! - Deleted users are in no group; members of a group whose rule is paused stay as they are.
//! - A rule that was kept from before rules were read may be none: its group stays empty.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};
use store::{Among, ChangeRow, Op, ReadTx, Tx, params};
use types::{Error, Id, Result, Timestamp, kind};
use uuid::Uuid;

use super::members::{LinkKind, has_row, put_in, rows, take_out};
use super::rule::Rule;
use super::{Group, RULE, RULE_STATE, columns, get, group};
use crate::users::{self, ScannedUser};

/// Changes that are looked at in one step.
const STEP: usize = 500;
/// Users that are held against rules in one transaction, and rules that they are held against.
const AT_ONCE: (usize, usize) = (300, 10);
/// Members who come or go in one transaction.
const PAIRS: usize = 1_000;
/// A position that moved by this much without anything to write is written down.
const POSITION_KEPT_EVERY: u64 = 1_024;
/// How often rules that depend on the time are held against everybody.
const EVERY_SECONDS: i64 = 3_600;
/// Groups of a tenant: each change of a user is held against all of their rules.
const GROUPS_MAX: u64 = 1_000;
const READER: &str = "membershipRules";

macro_rules! dynamic {
    () => {
        " FROM groups AS g WHERE g.tenant_id = ?1 AND g.group_types IN \
         ('\u{1f}dynamicmembership\u{1f}', '\u{1f}unified\u{1f}dynamicmembership\u{1f}', \
         '\u{1f}dynamicmembership\u{1f}unified\u{1f}', \
         '\u{1f}dynamicmembership\u{1f}dynamicmembership\u{1f}') \
         AND g.home_id IS NULL AND g.deleted_at IS NULL"
    };
}

const ANY: &str = concat!("SELECT g.id", dynamic!(), " LIMIT 1");
const COUNT: &str = concat!("SELECT count(*)", dynamic!());
const ALL: &str = concat!("SELECT ", columns!(), dynamic!());
const WALKS: &str = "SELECT group_id, after, ended_at FROM rule_walks WHERE tenant_id = ?1";
const SET_WALK: &str = "INSERT INTO rule_walks (tenant_id, group_id, after, ended_at) \
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant_id, group_id) \
    DO UPDATE SET after = excluded.after, ended_at = excluded.ended_at";
const FORGET_WALK: &str = "DELETE FROM rule_walks WHERE tenant_id = ?1 AND group_id = ?2";
const FORGET_WALKS: &str = "DELETE FROM rule_walks WHERE tenant_id = ?1";
/// Whatever is deleted.
const MEMBERSHIPS: &str =
    "SELECT member_id, group_id FROM group_members WHERE tenant_id = ?1 AND member_id = ??";

/// A group and somebody who may be to come in or go out.
type Pair = (Id<kind::Group>, Id<kind::User>);

/// What is known of a tenant's rules and of the feed, for as long as somebody follows it.
#[derive(Debug, Default, Clone)]
pub struct Rules {
    /// Up to where the feed was looked at.
    position: Option<u64>,
    groups: BTreeMap<Id<kind::Group>, Arc<Kept>>,
}

/// A rule that is on.
#[derive(Debug)]
struct Kept {
    text: String,
    rule: Rule,
}

/// What a look found.
#[derive(Debug)]
pub struct Plan {
    rules: Rules,
    upto: u64,
    /// Whether the feed has been read to its end.
    pub is_last: bool,
    pairs: BTreeSet<Pair>,
    /// Groups whose rules have to be held against everybody again.
    anew: Vec<Id<kind::Group>>,
    /// The feed doesn't reach back so far.
    is_gone: bool,
    is_position_due: bool,
}

impl Plan {
    /// Whether there is something to write down.
    pub fn has_effect(&self) -> bool {
        self.is_gone || self.is_position_due || !self.pairs.is_empty() || !self.anew.is_empty()
    }

    /// What is known once it was carried out, or if there was nothing to carry out.
    pub fn into_rules(self) -> Rules {
        Rules {
            position: Some(self.upto),
            ..self.rules
        }
    }
}

/// How far walks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There are users who haven't been held against a rule yet.
    More,
    /// Nothing is to be done before this instant, or before something changes.
    Until(Option<Timestamp>),
    /// A rule was changed meanwhile; look at the feed first.
    Stale,
}

/// Refuses another group to a tenant that has as many as it may.
pub(super) fn refuse_too_many(tx: &ReadTx<'_>) -> Result<()> {
    if tx.count(COUNT, params![&tx.tenant()])? < GROUPS_MAX {
        return Ok(());
    }
    Err(Error::LimitExceeded {
        limit: "limits.dynamic_groups",
        message: format!(
            "A tenant has {GROUPS_MAX} dynamic membership groups at most (limits.dynamic_groups)."
        ),
    })
}

/// Whether there are groups whose members a rule decides on.
pub fn any(tx: &ReadTx<'_>) -> Result<bool> {
    let found = tx.query_one(ANY, params![&tx.tenant()], |_| Ok(()))?;
    Ok(found.is_some())
}

/// A group's rule is held against all users from the first, or isn't any more.
pub(super) fn begin_anew(tx: &mut Tx<'_>, group: Id<kind::Group>) -> Result<()> {
    let tenant = tx.tenant();
    let mut books = tx.bookkeeping();
    books
        .execute(FORGET_WALK, params![&tenant, &group])
        .map(drop)
}

/// The text of a group's rule, if the rule is on.
fn text_of(group: &Group) -> Option<&str> {
    let is_on = group.is_dynamic()
        && group.home.is_none()
        && group.deleted_at.is_none()
        && group.text(RULE_STATE) != "Paused";
    is_on.then(|| group.text(RULE))
}

impl Rules {
    /// The rules as they stand; what was read before isn't read again.
    fn read(&self, tx: &ReadTx<'_>) -> Result<BTreeMap<Id<kind::Group>, Arc<Kept>>> {
        let mut groups = BTreeMap::new();
        for group in tx.query(ALL, params![&tx.tenant()], group)? {
            let Some(text) = text_of(&group) else {
                continue;
            };
            let known = self.groups.get(&group.id);
            if let Some(known) = known.filter(|known| known.text == text) {
                groups.insert(group.id, Arc::clone(known));
            } else if let Ok(rule) = Rule::parse(text) {
                let text = text.to_owned();
                groups.insert(group.id, Arc::new(Kept { text, rule }));
            }
        }
        Ok(groups)
    }
}

/// A user, as rules see somebody.
struct Person<'a> {
    user: &'a ScannedUser,
    properties: Map<String, Value>,
}

impl<'a> Person<'a> {
    fn of(user: &'a ScannedUser) -> Result<Self> {
        Ok(Self {
            user,
            properties: user.properties()?,
        })
    }

    fn passes(&self, tx: &ReadTx<'_>, rule: &Rule) -> Result<bool> {
        if self.user.deleted {
            return Ok(false);
        }
        match rule.manager() {
            Some(manager) => reports_to(tx, self.user, manager),
            None => Ok(rule.is_true(&self.properties, tx.now())),
        }
    }
}

/// Whether somebody is the manager of a user, whose row has the manager's id at the user's home.
fn reports_to(tx: &ReadTx<'_>, user: &ScannedUser, manager: Id<kind::User>) -> Result<bool> {
    match (user.manager, user.home) {
        (Some(id), None) => Ok(id == manager && users::exists(tx, manager)?),
        (Some(id), Some(home)) => {
            let manager = types::found(users::get(tx, manager))?;
            Ok(manager.is_some_and(|manager| manager.home == Some((home, id))))
        }
        (None, _) => Ok(false),
    }
}

/// Looks at the changes behind those that are known: whom they concern, and what differs.
pub fn look(tx: &ReadTx<'_>, known: &Rules) -> Result<Plan> {
    let (head, stored) = (tx.head()?, tx.cursor(READER)?);
    let from = known.position.or(stored).unwrap_or(head);
    let (changes, is_gone) = match tx.changes(from, STEP) {
        Ok(changes) => (changes, false),
        Err(Error::Gone { .. }) => (Vec::new(), true),
        Err(error) => return Err(error),
    };
    let upto = changes.last().map_or(from, |change| change.seq);
    let has_new_rules =
        known.position.is_none() || is_gone || changes.iter().any(|change| change.kind == "group");
    let mut plan = Plan {
        rules: known.clone(),
        upto: if is_gone { head } else { upto },
        is_last: changes.len() < STEP,
        pairs: BTreeSet::new(),
        anew: Vec::new(),
        is_gone,
        is_position_due: false,
    };
    if has_new_rules {
        plan.rules.groups = known.read(tx)?;
    }
    if plan.rules.groups.is_empty() {
        return Ok(plan);
    }
    let kept = stored.unwrap_or(from);
    plan.is_position_due =
        plan.upto.saturating_sub(kept) >= POSITION_KEPT_EVERY || kept < tx.feed_floor()?;
    compare(tx, &changes, &mut plan)?;
    Ok(plan)
}

/// Notes where the rules say something else of those who have changed than the memberships do.
fn compare(tx: &ReadTx<'_>, changes: &[ChangeRow], plan: &mut Plan) -> Result<()> {
    static MEMBERSHIPS_OF: LazyLock<Among> = LazyLock::new(|| Among::new(MEMBERSHIPS, 2));
    let changes = changes.iter().filter(|change| change.kind == "user");
    let changes: Vec<&ChangeRow> = changes.collect();
    let ids: BTreeSet<Id<kind::User>> = changes.iter().map(|it| Id::new(it.object)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<Id<kind::User>> = ids.into_iter().collect();
    let users = users::scanned_many(tx, &ids)?;
    let mut memberships: BTreeSet<Pair> = BTreeSet::new();
    tx.for_each_among(&MEMBERSHIPS_OF, params![&tx.tenant()], &ids, |row| {
        memberships.insert((row.id(1)?, row.id(0)?));
        Ok(())
    })?;
    for user in users.values() {
        let person = Person::of(user)?;
        for (group, kept) in &plan.rules.groups {
            let pair = (*group, user.id);
            if person.passes(tx, &kept.rule)? != memberships.contains(&pair) {
                plan.pairs.insert(pair);
            }
        }
    }
    // Whose reports a rule is about: that somebody came or went says nothing of the reports.
    let came_or_went = |change: &&ChangeRow| {
        let user = users.get(&Id::new(change.object));
        change.op != Op::Updated || user.is_some_and(|user| user.home.is_some())
    };
    let managers: BTreeSet<Uuid> = (changes.into_iter().filter(came_or_went))
        .map(|change| change.object)
        .collect();
    let concerned = plan.rules.groups.iter().filter(|(_, kept)| {
        let manager = kept.rule.manager();
        manager.is_some_and(|manager| managers.contains(&manager.uuid()))
    });
    plan.anew = concerned.map(|(group, _)| *group).collect();
    Ok(())
}

/// Writes what a look has found, or a part of it; answers whether that was all. The position moves
/// along with the last part.
pub fn carry_out(tx: &mut Tx<'_>, plan: &mut Plan) -> Result<bool> {
    if plan.is_gone {
        let tenant = tx.tenant();
        tx.bookkeeping().execute(FORGET_WALKS, params![&tenant])?;
    }
    for group in &plan.anew {
        begin_anew(tx, *group)?;
    }
    let mut last: Option<Group> = None;
    let rest = plan.pairs.iter().nth(PAIRS).copied();
    let rest = rest.map(|rest| plan.pairs.split_off(&rest));
    for (group, user) in &std::mem::replace(&mut plan.pairs, rest.unwrap_or_default()) {
        let Some(kept) = plan.rules.groups.get(group) else {
            continue;
        };
        if last.as_ref().is_none_or(|last| last.id != *group) {
            last = types::found(get(tx, *group))?;
        }
        // Another rule by now is held against everybody anyway.
        let current = last.as_ref().filter(|it| text_of(it) == Some(&kept.text));
        if let Some(current) = current
            && let Some(user) = users::get_scanned(tx, *user)?
        {
            let wanted = Person::of(&user)?.passes(tx, &kept.rule)?;
            let is_in = has_row(tx, *group, user.id.uuid())?;
            settle(tx, current, user.id, wanted, is_in)?;
        }
    }
    let is_all = plan.pairs.is_empty();
    if is_all {
        tx.set_cursor(READER, plan.upto)?;
    }
    Ok(is_all)
}

fn settle(
    tx: &mut Tx<'_>,
    group: &Group,
    user: Id<kind::User>,
    wanted: bool,
    is_in: bool,
) -> Result<()> {
    match (wanted, is_in) {
        (true, false) => put_in(tx, group, user.uuid(), LinkKind::User),
        (false, true) => take_out(tx, group, user.uuid()),
        _ => Ok(()),
    }
}

/// A rule on its way through all users.
struct Walk {
    group: Group,
    kept: Arc<Kept>,
}

/// A group that is dynamic, and its rule.
type Ruled = (Id<kind::Group>, Arc<Kept>);

/// The walks that are to go on, by where they are; and when the next one begins by itself.
struct Due {
    walks: BTreeMap<Uuid, Vec<Ruled>>,
    next: Option<Timestamp>,
}

fn due(tx: &ReadTx<'_>, rules: &Rules) -> Result<Due> {
    let mut stands = BTreeMap::new();
    tx.for_each(WALKS, params![&tx.tenant()], |row| {
        let group: Id<kind::Group> = row.id(0)?;
        stands.insert(group, (row.uuid(1)?, row.opt_timestamp(2)?));
        Ok(())
    })?;
    let mut due = Due {
        walks: BTreeMap::new(),
        next: None,
    };
    for (group, kept) in &rules.groups {
        let after = match stands.get(group) {
            None => Uuid::nil(),
            Some((after, None)) => *after,
            Some((_, Some(_))) if !kept.rule.depends_on_time() => continue,
            Some((_, Some(ended_at))) => {
                let again = ended_at.plus_seconds(EVERY_SECONDS);
                if again > tx.now() {
                    due.next = Some(due.next.map_or(again, |next| next.min(again)));
                    continue;
                }
                Uuid::nil()
            }
        };
        let walks = due.walks.entry(after).or_default();
        walks.push((*group, Arc::clone(kept)));
    }
    Ok(due)
}

/// How the walks stand, and whether [`walk`] has something to do.
pub fn progress(tx: &ReadTx<'_>, rules: &Rules) -> Result<Progress> {
    let due = due(tx, rules)?;
    Ok(if due.walks.is_empty() {
        Progress::Until(due.next)
    } else {
        Progress::More
    })
}

/// Holds the rules that are furthest behind against the next users. Those that have caught up with
/// others go on together with them.
pub fn walk(tx: &mut Tx<'_>, rules: &Rules) -> Result<Progress> {
    let Due { mut walks, next } = due(tx, rules)?;
    let Some((after, mut behind)) = walks.pop_first() else {
        return Ok(Progress::Until(next));
    };
    if tx.cursor(READER)?.is_none()
        && let Some(position) = rules.position
    {
        tx.set_cursor(READER, position)?;
    }
    behind.truncate(AT_ONCE.1);
    let mut together = Vec::with_capacity(behind.len());
    for (id, kept) in behind {
        let group = types::found(get(tx, id))?;
        let Some(group) = group.filter(|group| text_of(group) == Some(&kept.text)) else {
            return Ok(Progress::Stale);
        };
        together.push(Walk { group, kept });
    }
    let ahead = walks.first_key_value().map(|(after, _)| *after);
    let mut page = users::scan(tx, Some(Id::new(after)), AT_ONCE.0)?;
    let is_end = page.len() < AT_ONCE.0;
    let is_before = |user: &ScannedUser| ahead.is_none_or(|ahead| user.id.uuid() <= ahead);
    let before = page.iter().take_while(|user| is_before(user)).count();
    let catches_up = before < page.len();
    page.truncate(before);
    let through = match ahead.filter(|_| catches_up) {
        Some(ahead) => ahead,
        None if is_end => Uuid::max(),
        None => page.last().map_or(after, |user| user.id.uuid()),
    };
    pass(tx, &together, &page, after, through)?;
    let ended_at = (is_end && !catches_up).then(|| tx.now());
    let tenant = tx.tenant();
    for Walk { group, .. } in &together {
        tx.bookkeeping()
            .execute(SET_WALK, params![&tenant, &group.id, &through, ended_at])?;
    }
    Ok(Progress::More)
}

/// Sets who is in these groups of the users from `after` up to `through`, who are all on the page.
fn pass(
    tx: &mut Tx<'_>,
    walks: &[Walk],
    page: &[ScannedUser],
    after: Uuid,
    through: Uuid,
) -> Result<()> {
    let mut members = Vec::with_capacity(walks.len());
    for Walk { group, .. } in walks {
        let links = rows(tx, group.id, after, through, page.len() + 1)?;
        let ids = links.into_iter().map(|link| link.id);
        members.push(ids.collect::<BTreeSet<Uuid>>());
    }
    for user in page {
        let person = Person::of(user)?;
        for (Walk { group, kept }, members) in walks.iter().zip(&members) {
            let wanted = person.passes(tx, &kept.rule)?;
            settle(
                tx,
                group,
                user.id,
                wanted,
                members.contains(&user.id.uuid()),
            )?;
        }
    }
    Ok(())
}
