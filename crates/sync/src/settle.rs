//! Settling a batch: what the target answered becomes links, counters and log, in one commit
//! together with the pair's new position.

use store::{Tx, params};
use types::{Id, Result, TenantId, Timestamp, kind};

use crate::links::{self, Failure, Link, There};
use crate::pair::{self, Counts, Pair, Position};
use crate::plan::Planned;
use crate::provisioning::{Entry, Log};
use crate::schema;
use crate::wire::{Outcome, Reply};

/// When a failed user is tried again, by the number of failures so far, in seconds.
const BACK_OFF_SECONDS: &[i64] = &[1, 5, 30, 120, 600, 3_600, 21_600, 86_400];

fn next_attempt(now: Timestamp, attempts: u64) -> Timestamp {
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
    planned: Vec<Planned>,
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
    let mut is_sent = false;
    for planned in planned {
        if let Some((code, message)) = planned.failed.clone() {
            let outcome = Outcome::Failed { code, message };
            settle_one(tx, &pair, planned, outcome, &mut counts, &mut log)?;
            continue;
        }
        if planned.item.is_none() {
            let_go(tx, target, planned.user_id, &mut counts)?;
            continue;
        }
        is_sent = true;
        let outcome = results.next().unwrap_or_else(|| Outcome::Failed {
            code: "InternalServerError".into(),
            message: "The target tenant didn't answer for this user.".into(),
        });
        settle_one(tx, &pair, planned, outcome, &mut counts, &mut log)?;
    }
    counts.keep(tx, target)?;
    if is_sent {
        let (tenant, now) = (tx.tenant(), tx.now());
        tx.bookkeeping().execute(
            "UPDATE sync_pairs SET stream_seq = ?3, applied_at = ?4, blocked = NULL \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target, seq, now],
        )?;
    }
    pair::keep_position(tx, target, position)
}

/// The user concerns the target no more: a failure is over, and what the target never had is
/// forgotten.
fn let_go(
    tx: &mut Tx<'_>,
    target: TenantId,
    user: Id<kind::User>,
    counts: &mut Counts,
) -> Result<()> {
    let Some(before) = links::get(tx, target, user)? else {
        return Ok(());
    };
    if before.there == There::Nothing {
        counts.change(Some(&before), None);
        return links::delete(tx, target, user);
    }
    let mut link = before.clone();
    link.failure = None;
    link.look = false;
    counts.change(Some(&before), Some(&link));
    links::put(tx, target, &link)
}

fn settle_one(
    tx: &mut Tx<'_>,
    pair: &Pair,
    planned: Planned,
    outcome: Outcome,
    counts: &mut Counts,
    log: &mut Log,
) -> Result<()> {
    let (target, now) = (pair.target, tx.now());
    let before = links::get(tx, target, planned.user_id)?;
    let removal = planned
        .item
        .as_ref()
        .is_some_and(|item| item.user.is_none());
    let purged = planned.item.as_ref().is_some_and(|item| item.purged);
    let mut link = before.clone().unwrap_or(Link::new(planned.user_id));
    link.look = false;
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
    entry.target_id = link.target_id;
    log.record(tx, &entry)?;
    if purged && link.failure.is_none() && link.there == There::Removed {
        // Gone at home for good: nothing of this user can come back.
        counts.change(before.as_ref(), None);
        return links::delete(tx, target, planned.user_id);
    }
    counts.change(before.as_ref(), Some(&link));
    links::put(tx, target, &link)
}

impl Link {
    fn arrived(&mut self, target_id: Id<kind::User>, digest: Option<[u8; 16]>) {
        self.target_id = Some(target_id);
        self.there = There::Synced;
        self.digest = digest;
        self.failure = None;
    }
}
