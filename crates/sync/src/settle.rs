//! Settling a batch: what the target answered becomes links, counters and log, in one commit
//! together with the pair's new position.

use store::{Tx, params};
use types::{Id, Result, TenantId, Timestamp, kind};

use crate::audited::{self, Done, Sent, Told};
use crate::groups::{self, Work};
use crate::guard;
use crate::jobs;
use crate::links::{self, Failure, Held, Link, There};
use crate::pair::{self, Counts, Pair, Position};
use crate::plan::Planned;
use crate::provisioning::{Entry, Log};
use crate::schema;
use crate::wire::{Outcome, Reply};

/// When a failed user is tried again, by the number of failures so far, in seconds.
const BACK_OFF_SECONDS: &[i64] = &[1, 5, 30, 120, 600, 3_600, 21_600, 86_400];

pub(crate) fn next_attempt(now: Timestamp, attempts: u64) -> Timestamp {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let seconds = BACK_OFF_SECONDS
        .get(index)
        .or(BACK_OFF_SECONDS.last())
        .copied()
        .unwrap_or(60);
    now.plus_seconds(seconds)
}

/// Keeps what came of a batch. `seq` is the number of its envelope.
pub(crate) fn settle(
    tx: &mut Tx<'_>,
    target: TenantId,
    seq: u64,
    (planned, work): (Vec<Planned>, Work),
    reply: Reply,
    position: &Position,
) -> Result<()> {
    let Some(pair) = pair::get(tx, target)? else {
        return Ok(());
    };
    let mut log = Log::open(tx)?;
    log.redacted = schema::redacted(tx, target)?;
    let mut counts = Counts::default();
    let mut results = reply.results.into_iter();
    let mut done = jobs::Done::default();
    let (groups, members) = work.sent();
    let mut is_sent = !groups.is_empty() || !members.is_empty();
    let mut deletions = 0;
    let users: Vec<_> = planned.iter().map(|planned| planned.user_id).collect();
    let mut known = links::of_many(tx, target, &users)?;
    let mut sent = Sent::default();
    for planned in planned {
        if planned.removal.is_some_and(|removal| removal.waits) {
            wait(tx, &pair, &planned, &mut counts, &mut log)?;
            continue;
        }
        let before = match known.remove(&planned.user_id) {
            Some(known) => known,
            None => links::get(tx, target, planned.user_id)?,
        };
        if let Some((code, message)) = planned.failed.clone() {
            let outcome = Outcome::Failed { code, message };
            count(&mut sent, &planned, &outcome);
            done.imported += 1;
            done.failed += 1;
            settle_one(tx, &pair, planned, before, outcome, &mut counts, &mut log)?;
            continue;
        }
        if planned.item.is_none() {
            let_go(tx, target, planned.user_id, before, &mut counts)?;
            continue;
        }
        let is_counted = planned.removal.is_some_and(|removal| removal.counts);
        is_sent = true;
        let outcome = results.next().unwrap_or_else(|| Outcome::Failed {
            code: "InternalServerError".into(),
            message: "The target tenant didn't answer for this user.".into(),
        });
        count(&mut sent, &planned, &outcome);
        done.imported += 1;
        match &outcome {
            Outcome::Failed { .. } => done.failed += 1,
            Outcome::Unchanged { .. } => {}
            _ => done.exported += 1,
        }
        deletions += u64::from(is_counted && !matches!(outcome, Outcome::Failed { .. }));
        settle_one(tx, &pair, planned, before, outcome, &mut counts, &mut log)?;
    }
    for told in &mut sent.first {
        told.redact(&log);
    }
    audited::in_source(tx, target, sent)?;
    groups::settle::settle(tx, &pair, work, reply.groups, reply.members, &mut log)?;
    counts.keep(tx, target)?;
    jobs::note(tx, target, done, position.phase)?;
    guard::count(tx, target, deletions)?;
    if is_sent {
        let (tenant, now) = (tx.tenant(), tx.now());
        tx.bookkeeping().execute(
            "UPDATE sync_pairs SET stream_seq = ?3, applied_at = ?4, blocked = NULL, \
             blocked_at = NULL \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target, seq, now],
        )?;
    }
    pair::keep_position(tx, target, position)
}

/// Counts in what came of one user, for the audit log.
fn count(sent: &mut Sent, planned: &Planned, outcome: &Outcome) {
    let told = |done| Told {
        id: planned.user_id,
        display_name: planned.display_name.clone(),
        done,
    };
    match outcome {
        Outcome::Created { .. } => {
            sent.created += 1;
            let user = planned.item.as_ref().and_then(|item| item.user.as_ref());
            sent.add(|| {
                told(Done::Created(
                    user.map(|user| user.properties.clone()).unwrap_or_default(),
                ))
            });
        }
        Outcome::Updated {
            restored, changes, ..
        } => {
            sent.updated += 1;
            sent.add(|| {
                told(if *restored {
                    Done::Restored(changes.clone())
                } else {
                    Done::Updated(changes.clone())
                })
            });
        }
        Outcome::Removed { target_id: Some(_) } => {
            sent.deleted += 1;
            let purged = planned.item.as_ref().is_some_and(|item| item.purged);
            sent.add(|| told(if purged { Done::Purged } else { Done::Deleted }));
        }
        Outcome::Failed { .. } => sent.failed += 1,
        Outcome::Removed { target_id: None } | Outcome::Unchanged { .. } => {}
    }
}

/// The user concerns the target no more: a failure is over, and what the target never had is
/// forgotten.
fn let_go(
    tx: &mut Tx<'_>,
    target: TenantId,
    user: Id<kind::User>,
    before: Option<Link>,
    counts: &mut Counts,
) -> Result<()> {
    let Some(before) = before else {
        return Ok(());
    };
    if before.there == There::Nothing {
        counts.change(Some(&before), None);
        return links::delete(tx, target, user);
    }
    let mut link = before.clone();
    link.failure = None;
    link.look = false;
    link.held = None;
    counts.change(Some(&before), Some(&link));
    links::put(tx, target, &link)
}

/// The user stays in the target as it is until the admin has decided, or is shared again.
fn wait(
    tx: &mut Tx<'_>,
    pair: &Pair,
    planned: &Planned,
    counts: &mut Counts,
    log: &mut Log,
) -> Result<()> {
    let (Some(before), Some(removal)) = (
        links::get(tx, pair.target, planned.user_id)?,
        planned.removal,
    ) else {
        return Ok(());
    };
    guard::enter(tx, pair)?;
    let mut link = before.clone();
    link.failure = None;
    link.look = false;
    let waits = |held: &Held| held.loss == removal.loss && held.allowances == pair.allowances;
    if !link.held.as_ref().is_some_and(waits) {
        link.held = Some(Held {
            loss: removal.loss,
            since: tx.now(),
            allowances: pair.allowances,
        });
        let mut entry = Entry::new(pair, planned);
        entry.action = "stagedDelete";
        entry.status = "skipped";
        entry.target_id = link.target_id;
        log.record(tx, &entry)?;
    }
    counts.change(Some(&before), Some(&link));
    links::put(tx, pair.target, &link)
}

pub(crate) fn settle_one(
    tx: &mut Tx<'_>,
    pair: &Pair,
    planned: Planned,
    before: Option<Link>,
    outcome: Outcome,
    counts: &mut Counts,
    log: &mut Log,
) -> Result<()> {
    let (target, now) = (pair.target, tx.now());
    let removal = planned
        .item
        .as_ref()
        .is_some_and(|item| item.user.is_none());
    let purged = planned.item.as_ref().is_some_and(|item| item.purged);
    let mut link = before.clone().unwrap_or(Link::new(planned.user_id));
    link.look = false;
    link.held = None;
    let enabled = planned
        .item
        .as_ref()
        .and_then(|item| item.user.as_ref())
        .map(|user| user.account_enabled);
    let mut entry = Entry::new(pair, &planned);
    match outcome {
        Outcome::Created { target_id } => {
            link.arrived(target_id, planned.digest);
            entry.action = "create";
            let user = planned.item.and_then(|item| item.user);
            entry.changes = user.map(|user| log.created(user)).transpose()?;
        }
        Outcome::Updated {
            target_id,
            restored,
            changes,
        } => {
            link.arrived(target_id, planned.digest);
            let disabled = |(name, _, new): &(String, _, serde_json::Value)| {
                name == "accountEnabled" && *new == serde_json::json!(false)
            };
            entry.action = if changes.iter().any(disabled) {
                "disable"
            } else {
                "update"
            };
            let restoring = restored.then(|| {
                (
                    "IsSoftDeleted".to_owned(),
                    serde_json::json!(true),
                    serde_json::json!(false),
                )
            });
            let changes: Vec<_> = restoring.into_iter().chain(changes).collect();
            entry.changes = Some(log.updated(changes)?);
        }
        Outcome::Unchanged { target_id } => {
            link.arrived(target_id, planned.digest);
            entry.action = "other";
            entry.status = "skipped";
        }
        Outcome::Removed { target_id } => {
            link.there = There::Removed;
            link.target_id = target_id.or(link.target_id);
            link.digest = None;
            link.failure = None;
            entry.action = "delete";
        }
        Outcome::Failed { code, message } => {
            let earlier = link.failure.as_ref();
            let attempts = earlier.map_or(0, |failure| failure.attempts) + 1;
            entry.action = match (removal, link.there) {
                (true, _) => "delete",
                (false, There::Nothing) => "create",
                (false, _) => "update",
            };
            entry.status = "failure";
            entry.error = Some((code.clone(), message.clone()));
            link.failure = Some(Failure {
                attempts,
                next_attempt_at: next_attempt(now, attempts),
                since: earlier.map_or(now, |failure| failure.since),
                code,
                message,
            });
        }
    }
    if link.failure.is_none() && enabled.is_some() {
        link.enabled = enabled;
    }
    entry.target_id = link.target_id;
    log.record(tx, &entry)?;
    if purged && link.failure.is_none() && link.there == There::Removed {
        // Gone at home for good: nothing of this user can come back.
        counts.change(before.as_ref(), None);
        return links::delete(tx, target, planned.user_id);
    }
    counts.change(before.as_ref(), Some(&link));
    match before {
        Some(_) => links::put(tx, target, &link),
        None => links::put_new(tx, target, &link),
    }
}

impl Link {
    fn arrived(&mut self, target_id: Id<kind::User>, digest: Option<[u8; 16]>) {
        self.target_id = Some(target_id);
        self.there = There::Synced;
        self.digest = digest;
        self.failure = None;
    }
}
