//! Settling what a batch had about groups.

use store::Tx;
use types::{Result, TenantId, Timestamp};
use uuid::Uuid;

use super::links::{self, GroupLink};
use super::{Outcome, PlannedGroup, PlannedMembers, Work};
use crate::guard;
use crate::links::There;
use crate::pair::Pair;
use crate::provisioning::{self, Entry, Log};
use crate::settle::next_attempt;

/// A target that lets no groups in is asked again after so many seconds, however often it refused.
const NOT_ALLOWED_SECONDS: i64 = 30;
pub(super) const NOT_ALLOWED: &str = "GroupSyncNotAllowed";

/// What stands for an answer that didn't come.
pub(crate) fn unanswered() -> Outcome {
    Outcome::Failed {
        code: "InternalServerError".into(),
        message: "The target tenant didn't answer for this group.".into(),
    }
}

/// Keeps what came of it.
pub(crate) fn settle(
    tx: &mut Tx<'_>,
    pair: &Pair,
    work: Work,
    groups: Vec<Outcome>,
    members: Vec<Outcome>,
    log: &mut Log,
) -> Result<()> {
    if work.is_empty() {
        return Ok(());
    }
    let mut groups = groups.into_iter();
    for planned in work.groups {
        if planned.item.is_none() {
            put_in_order(tx, pair, &planned, log)?;
            continue;
        }
        let outcome = groups.next().unwrap_or_else(unanswered);
        settle_group(tx, pair, planned, outcome, log)?;
    }
    let mut members = members.into_iter();
    for planned in work.members {
        let outcome = members.next().unwrap_or_else(unanswered);
        settle_members(tx, pair.target, &planned, outcome)?;
    }
    links::note(tx, pair.target)
}

/// Nothing was sent: a failure is over, or a deletion waits.
fn put_in_order(tx: &mut Tx<'_>, pair: &Pair, planned: &PlannedGroup, log: &mut Log) -> Result<()> {
    let Some(mut link) = links::get(tx, pair.target, planned.id)? else {
        return Ok(());
    };
    if link.there == There::Nothing {
        return links::delete(tx, pair.target, planned.id);
    }
    if planned.waits && !link.held {
        // It ends with that of the users, at the latest when none of them waits.
        guard::enter(tx, pair)?;
        let mut entry = Entry::group(pair, planned.id, &planned.display_name);
        entry.action = "stagedDelete";
        entry.status = "skipped";
        entry.group_target(link.target_id);
        log.record(tx, &entry)?;
    }
    link.held = planned.waits;
    mended(&mut link);
    links::put(tx, pair.target, &link)
}

fn mended(link: &mut GroupLink) {
    link.attempts = 0;
    link.next_attempt_at = None;
    link.error = None;
}

fn fails(link: &mut GroupLink, now: Timestamp, code: String, message: String) {
    link.attempts += 1;
    link.next_attempt_at = Some(if code == NOT_ALLOWED {
        now.plus_seconds(NOT_ALLOWED_SECONDS)
    } else {
        next_attempt(now, link.attempts)
    });
    link.error = Some((code, message));
}

fn settle_group(
    tx: &mut Tx<'_>,
    pair: &Pair,
    planned: PlannedGroup,
    outcome: Outcome,
    log: &mut Log,
) -> Result<()> {
    let (target, now) = (pair.target, tx.now());
    let before = links::get(tx, target, planned.id)?;
    let mut link = before.unwrap_or(GroupLink::new(planned.id));
    let was_there = link.there == There::Synced;
    let removal = planned
        .item
        .as_ref()
        .is_some_and(|item| item.group.is_none());
    let purged = planned.item.as_ref().is_some_and(|item| item.purged);
    link.held = false;
    let mut entry = Entry::group(pair, planned.id, &planned.display_name);
    let arrived = |link: &mut GroupLink, id, anew: bool| {
        link.target_id = Some(id);
        link.there = There::Synced;
        link.digest = planned.digest;
        if anew {
            link.members_after = Some(Uuid::nil());
        }
        mended(link);
    };
    match outcome {
        Outcome::Created { target_id } => {
            arrived(&mut link, target_id, true);
            entry.action = "create";
        }
        Outcome::Updated {
            target_id,
            restored,
            changes,
        } => {
            arrived(&mut link, target_id, restored || !was_there);
            entry.action = "update";
            entry.changes = Some(provisioning::updated(&changes)?);
        }
        Outcome::Unchanged { target_id } => {
            arrived(&mut link, target_id, !was_there);
            entry.action = "other";
            entry.status = "skipped";
        }
        Outcome::Removed { target_id } => {
            link.there = There::Removed;
            link.target_id = target_id.or(link.target_id);
            link.digest = None;
            link.members_after = None;
            mended(&mut link);
            entry.action = "delete";
        }
        Outcome::MembersSet => {}
        Outcome::Failed { code, message } => {
            entry.action = match (removal, link.there) {
                (true, _) => "delete",
                (false, There::Nothing) => "create",
                (false, _) => "update",
            };
            entry.status = "failure";
            entry.error = Some((code.clone(), message.clone()));
            fails(&mut link, now, code, message);
        }
    }
    entry.group_target(link.target_id);
    // A refusal that goes on is told once.
    let is_news = link.attempts <= 1 || link.error.as_ref().is_none_or(|it| it.0 != NOT_ALLOWED);
    if is_news {
        log.record(tx, &entry)?;
    }
    if purged && link.there == There::Removed && link.next_attempt_at.is_none() {
        return links::delete(tx, target, planned.id);
    }
    links::put(tx, target, &link)
}

fn settle_members(
    tx: &mut Tx<'_>,
    target: TenantId,
    planned: &PlannedMembers,
    outcome: Outcome,
) -> Result<()> {
    let now = tx.now();
    let Some(mut link) = links::get(tx, target, planned.item.group)? else {
        return Ok(());
    };
    match (outcome, planned.fills) {
        (Outcome::Failed { code, message }, _) => {
            // From the start, once that is mended.
            link.members_after = Some(Uuid::nil());
            link.digest = None;
            fails(&mut link, now, code, message);
        }
        (_, None) => return Ok(()),
        (_, Some(is_last)) => {
            link.members_after = (!is_last).then_some(planned.item.through);
        }
    }
    links::put(tx, target, &link)
}
