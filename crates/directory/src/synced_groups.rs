//! Groups of other tenants, as synchronization puts them here: security groups without a mail.
//!
//! - Matched by (home tenant, home object id) alone: a group that happens to have the same name is
//!   another one.
//! - Name, description and members are the home's, and the admin here can't change them; owners and
//!   the rest are this tenant's. What this tenant's admin deleted stays deleted.
//! - A membership is kept by the ids at home (`synced_members`), whether or not the two are here, and
//!   becomes a membership here (`group_members`) as soon as both are: whichever comes first.
//! - Saying the same twice changes nothing.
//!
//! Source: "Configure cross-tenant synchronization" (Microsoft Entra), for what a group becomes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, kind};
use uuid::Uuid;

use crate::groups::{self, Group, LinkKind};
use crate::schema::is_nickname;
use crate::synced;

/// What is its home's to change.
pub(crate) const OWNED: [&str; 8] = [
    "displayName",
    "description",
    "mailNickname",
    "mailEnabled",
    "securityEnabled",
    "groupTypes",
    "membershipRule",
    "membershipRuleProcessingState",
];

const SET_HOME: &str = "UPDATE groups SET home_tenant_id = ?3, home_id = ?4 \
    WHERE tenant_id = ?1 AND id = ?2";
const ADD_LINK: &str = "INSERT INTO group_members (tenant_id, group_id, member_id, member_kind) \
    VALUES (?1, ?2, ?3, ?4)";
const HAS_LINK: &str = "SELECT count(*) FROM group_members WHERE tenant_id = ?1 AND group_id = ?2 \
    AND member_id = ?3";
const DROP_LINK: &str =
    "DELETE FROM group_members WHERE tenant_id = ?1 AND group_id = ?2 AND member_id = ?3";
const MEMBERS: &str = "SELECT home_member_id, member_kind FROM synced_members WHERE tenant_id = ?1 \
    AND home_tenant_id = ?2 AND home_group_id = ?3 AND home_member_id > ?4 \
    AND home_member_id <= ?5 ORDER BY home_member_id LIMIT ?6";
const ADD_MEMBER: &str = "INSERT INTO synced_members (tenant_id, home_tenant_id, home_group_id, \
    home_member_id, member_kind) VALUES (?1, ?2, ?3, ?4, ?5)";
const DROP_MEMBER: &str = "DELETE FROM synced_members WHERE tenant_id = ?1 AND home_tenant_id = ?2 \
    AND home_group_id = ?3 AND home_member_id = ?4";
const DROP_MEMBERS: &str = "DELETE FROM synced_members WHERE tenant_id = ?1 \
    AND home_tenant_id = ?2 AND home_group_id = ?3";
const GROUPS_OF: &str = "SELECT g.id FROM synced_members AS m JOIN groups AS g \
    ON g.tenant_id = m.tenant_id AND g.home_tenant_id = m.home_tenant_id \
    AND g.home_id = m.home_group_id WHERE m.tenant_id = ?1 AND m.home_tenant_id = ?2 \
    AND m.home_member_id = ?3 AND g.home_id IS NOT NULL";
const EXPECTS: &str =
    "SELECT home_group_id FROM synced_members WHERE tenant_id = ?1 AND home_tenant_id = ?2 LIMIT 1";

type GroupId = Id<kind::Group>;

/// What a home says of one of its groups.
#[derive(Debug, Clone)]
pub struct SyncedGroup {
    /// The home tenant.
    pub home_tenant: TenantId,
    /// The group's object id there.
    pub home_id: GroupId,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its nickname at home.
    pub mail_nickname: String,
}

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupOutcome {
    /// There was no such group.
    Created,
    /// Some properties changed: name, old and new value.
    Updated {
        /// Which.
        changed: Vec<(String, Value, Value)>,
        /// Whether it had been deleted by its home and came back.
        restored: bool,
    },
    /// It was all the same already.
    Unchanged,
}

/// A member by its id at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The object there.
    pub id: Uuid,
    /// Whether it is a group; otherwise it is a user.
    pub is_group: bool,
}

impl Member {
    const fn kind(self) -> LinkKind {
        if self.is_group {
            LinkKind::Group
        } else {
            LinkKind::User
        }
    }
}

/// Makes or changes the group that stands for one of another tenant.
pub fn upsert(tx: &mut Tx<'_>, synced: &SyncedGroup) -> Result<(GroupId, GroupOutcome)> {
    check(synced)?;
    match find(tx, synced.home_tenant, synced.home_id)? {
        Some(old) => change(tx, synced, old),
        None => create(tx, synced),
    }
}

fn check(synced: &SyncedGroup) -> Result<()> {
    let wrong = |name: &str| {
        Error::invalid(
            name,
            format!("Invalid value specified for property '{name}' of resource 'Group'."),
        )
    };
    let fits = |text: &str, max: usize| !text.is_empty() && text.chars().count() <= max;
    if !fits(&synced.display_name, 256) {
        return Err(wrong("displayName"));
    }
    if !fits(&synced.mail_nickname, 64) || !is_nickname(&synced.mail_nickname) {
        return Err(wrong("mailNickname"));
    }
    if synced
        .description
        .as_ref()
        .is_some_and(|it| !fits(it, 1_024))
    {
        return Err(wrong("description"));
    }
    Ok(())
}

/// Gives a group its home's values; answers what that changed.
fn apply(group: &mut Group, synced: &SyncedGroup) -> Vec<(String, Value, Value)> {
    let values = [
        ("displayName", Some(json!(synced.display_name))),
        (
            "description",
            synced.description.as_ref().map(|it| json!(it)),
        ),
        ("mailNickname", Some(json!(synced.mail_nickname))),
    ];
    let mut changed = Vec::new();
    for (name, value) in values {
        let old = group.property(name);
        if group.set(name, value.clone()) {
            changed.push((name.to_owned(), old, value.unwrap_or(Value::Null)));
        }
    }
    changed
}

fn create(tx: &mut Tx<'_>, synced: &SyncedGroup) -> Result<(GroupId, GroupOutcome)> {
    let id = Id::new(tx.new_uuid());
    let mut group = Group::bare(id, tx.now());
    apply(&mut group, synced);
    groups::write(tx, &group, Op::Created, &[])?;
    let tenant = tx.tenant();
    tx.bookkeeping().execute(
        SET_HOME,
        params![&tenant, &id, &synced.home_tenant, &synced.home_id],
    )?;
    // Members that were there before it, and groups that have waited for it.
    let mut after = Uuid::nil();
    loop {
        let page = members(tx, synced, after, Uuid::max())?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for member in page {
            link(tx, synced.home_tenant, id, member)?;
        }
    }
    let home_id = synced.home_id.uuid();
    arrived(tx, synced.home_tenant, home_id, id.uuid(), LinkKind::Group)?;
    Ok((id, GroupOutcome::Created))
}

/// A page of the members as they are known.
fn members(
    tx: &ReadTx<'_>,
    synced: &SyncedGroup,
    after: Uuid,
    through: Uuid,
) -> Result<Vec<Member>> {
    const PAGE: usize = 1_000;
    known(
        tx,
        synced.home_tenant,
        synced.home_id,
        (after, through),
        PAGE,
    )
}

fn known(
    tx: &ReadTx<'_>,
    home: TenantId,
    group: GroupId,
    (after, through): (Uuid, Uuid),
    limit: usize,
) -> Result<Vec<Member>> {
    tx.query(
        MEMBERS,
        params![&tx.tenant(), &home, &group, &after, &through, limit],
        |row| {
            Ok(Member {
                id: row.uuid(0)?,
                is_group: row.int(1)? == LinkKind::Group.code(),
            })
        },
    )
}

fn change(tx: &mut Tx<'_>, synced: &SyncedGroup, old: Group) -> Result<(GroupId, GroupOutcome)> {
    let id = old.id;
    let restored = old.deleted_at.is_some();
    if restored && !old.deleted_by_home {
        return Err(Error::conflict(
            "An administrator of the target tenant deleted this group. Restore the group there, or delete it permanently.",
        ));
    }
    let mut group = old;
    group.deleted_at = None;
    group.deleted_by_home = false;
    let changed = apply(&mut group, synced);
    if !restored && changed.is_empty() {
        return Ok((id, GroupOutcome::Unchanged));
    }
    let names: Vec<&str> = changed.iter().map(|(name, ..)| name.as_str()).collect();
    let op = if restored { Op::Restored } else { Op::Updated };
    groups::write(tx, &group, op, &names)?;
    Ok((id, GroupOutcome::Updated { changed, restored }))
}

/// Deletes the group that stands for one of another tenant: for now, or for good if it is gone for
/// good at home. Answers the object here, if there is one.
pub fn remove(
    tx: &mut Tx<'_>,
    home_tenant: TenantId,
    home_id: GroupId,
    purge: bool,
) -> Result<Option<GroupId>> {
    let found = find(tx, home_tenant, home_id)?;
    let id = found.as_ref().map(|group| group.id);
    match found {
        Some(group) if purge => groups::forget(tx, group.id)?,
        Some(mut group) if group.deleted_at.is_none() => {
            group.deleted_at = Some(tx.now());
            group.deleted_by_home = true;
            groups::write(tx, &group, Op::Deleted, &[])?;
        }
        _ => {}
    }
    if purge {
        let tenant = tx.tenant();
        tx.bookkeeping()
            .execute(DROP_MEMBERS, params![&tenant, &home_tenant, &home_id])?;
    }
    Ok(id)
}

/// Says who is in a group among the ids behind `after` up to `through`: exactly `members`. More than
/// these may be here for no more than [`MEMBERS_MAX`]. Answers how many came and went.
pub fn set_members(
    tx: &mut Tx<'_>,
    home: TenantId,
    group: GroupId,
    (after, through): (Uuid, Uuid),
    wanted: &[Member],
) -> Result<(u64, u64)> {
    let tenant = tx.tenant();
    let here = find(tx, home, group)?.map(|group| group.id);
    let limit = wanted.len() + MEMBERS_MAX;
    let is = known(tx, home, group, (after, through), limit)?;
    let mut missing: BTreeMap<Uuid, Member> = wanted
        .iter()
        .filter(|member| after < member.id && member.id <= through)
        .map(|member| (member.id, *member))
        .collect();
    let (mut came, mut went) = (0, 0);
    for member in is {
        if missing.get(&member.id) == Some(&member) {
            missing.remove(&member.id);
            continue;
        }
        went += 1;
        tx.bookkeeping()
            .execute(DROP_MEMBER, params![&tenant, &home, &group, &member.id])?;
        if let Some(here) = here {
            unlink(tx, home, here, member)?;
        }
    }
    for member in missing.into_values() {
        came += 1;
        tx.bookkeeping().execute(
            ADD_MEMBER,
            params![&tenant, &home, &group, &member.id, member.kind().code()],
        )?;
        if let Some(here) = here {
            link(tx, home, here, member)?;
        }
    }
    Ok((came, went))
}

/// Members that one call of [`set_members`] may take out.
pub const MEMBERS_MAX: usize = 10_000;

fn local(tx: &ReadTx<'_>, home: TenantId, member: Member) -> Result<Option<Uuid>> {
    Ok(if member.is_group {
        find(tx, home, Id::new(member.id))?.map(|group| group.id.uuid())
    } else {
        synced::find(tx, home, Id::new(member.id))?.map(|user| user.id.uuid())
    })
}

fn link(tx: &mut Tx<'_>, home: TenantId, group: GroupId, member: Member) -> Result<()> {
    match local(tx, home, member)? {
        Some(here) => link_here(tx, group, here, member.kind()),
        None => Ok(()),
    }
}

fn link_here(tx: &mut Tx<'_>, group: GroupId, member: Uuid, kind: LinkKind) -> Result<()> {
    let tenant = tx.tenant();
    if tx.count(HAS_LINK, params![&tenant, &group, &member])? > 0 {
        return Ok(());
    }
    let change = Change::relation("groupMember", group.uuid(), member, Op::Created);
    tx.record(change)?
        .execute(ADD_LINK, params![&tenant, &group, &member, kind.code()])
        .map(drop)
}

fn unlink(tx: &mut Tx<'_>, home: TenantId, group: GroupId, member: Member) -> Result<()> {
    let Some(here) = local(tx, home, member)? else {
        return Ok(());
    };
    let tenant = tx.tenant();
    if tx.count(HAS_LINK, params![&tenant, &group, &here])? == 0 {
        return Ok(());
    }
    let change = Change::relation("groupMember", group.uuid(), here, Op::Deleted);
    tx.record(change)?
        .execute(DROP_LINK, params![&tenant, &group, &here])
        .map(drop)
}

/// An object of another tenant has come: it becomes a member of the groups that expect it.
pub fn arrived(
    tx: &mut Tx<'_>,
    home: TenantId,
    home_id: Uuid,
    here: Uuid,
    kind: LinkKind,
) -> Result<()> {
    let groups: Vec<GroupId> =
        tx.query(GROUPS_OF, params![&tx.tenant(), &home, &home_id], |row| {
            row.id(0)
        })?;
    for group in groups {
        link_here(tx, group, here, kind)?;
    }
    Ok(())
}

/// Whether any group expects members of another tenant: asked once for many users.
pub fn expects_members(tx: &ReadTx<'_>, home: TenantId) -> Result<bool> {
    let first = tx.query_one(EXPECTS, params![&tx.tenant(), &home], |_| Ok(()))?;
    Ok(first.is_some())
}

/// The group that stands for one of another tenant, deleted or not.
pub fn find(tx: &ReadTx<'_>, home: TenantId, home_id: GroupId) -> Result<Option<Group>> {
    tx.query_one(
        groups::GET_BY_HOME,
        params![&tx.tenant(), &home, &home_id],
        groups::group,
    )
}

/// The groups of another tenant in the order of their ids at home, deleted ones included, behind
/// the one whose id at home is `after`.
pub fn list(
    tx: &ReadTx<'_>,
    home: TenantId,
    after: Option<GroupId>,
    limit: usize,
) -> Result<Vec<Group>> {
    tx.query(
        groups::LIST_OF_HOME,
        params![&tx.tenant(), &home, &after.unwrap_or_else(Id::nil), limit],
        groups::group,
    )
}
