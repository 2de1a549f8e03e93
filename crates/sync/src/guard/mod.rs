//! The guard against accidental deletions: a pair that would delete or disable too many users in its
//! target stops doing so until an admin of the source has looked.
//!
//! Deletions and disablings of a pair are counted over a sliding window, so that a slow drip is
//! caught as well as one wrong filter. More than the number, or (beyond a floor) more than the
//! percentage, of the users that the target has puts the pair into *quarantine*: creations and
//! updates go on, what would delete or disable waits. A change of the scope is counted before it is
//! carried out, so that either all of it passes or none.
//!
//! | what | is stopped |
//! |---|---|
//! | users who leave the scope, or are deleted or no longer members at home | yes |
//! | accounts that are disabled at home | yes; all of that user waits |
//! | what an admin allows (`deletions/allow`), or says with the entry (`allowDeletions`) | no, nor counted |
//! | groups that leave the scope or are deleted at home | they wait with the users, and aren't counted |
//! | the end of a sharing at the time that was set with it, and departures | no, nor counted |
//! | what the target's own rules and admins remove | no: that is theirs |
//!
//! A quarantine ends with the admin's word, or when nothing waits any more since the scope, or the
//! users, came back. All of it is in the rows of the pair and its links, so that it outlives crashes.
//!
//! Source: "Enable accidental deletions prevention" (Microsoft Entra), for the number; the window and
//! the percentage are ours.

mod settings;
mod waiting;

use store::{Change, Op, ReadTx, Tx, params};
use types::trace::{Mend, Step, Trace};
use types::{Error, Result, TenantId, Timestamp};

use crate::groups;
use crate::links::{self, Losses};
use crate::pair::{self, Pair, Phase, Position};
use crate::sharing::InForce;

pub use settings::{Settings, get, update};
pub use waiting::list;

/// Deletions and disablings within the window, unless the tenant sets another number.
pub const DELETIONS_MAX: u64 = 500;
/// The same as a percentage of the users that the target has.
pub const PERCENT_MAX: u64 = 20;
/// Up to so many the percentage doesn't count, so that small tenants aren't stopped by a handful.
pub const FLOOR: u64 = 25;
/// The window, in hours.
pub const WINDOW_HOURS: i64 = 24;

const HOUR_MICROS: i64 = 3_600_000_000;

/// What is done with users who would be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removals {
    /// They are counted, and wait if these are too many.
    Ask = 0,
    /// They were counted, and aren't too many.
    Pass = 1,
    /// They wait.
    Hold = 2,
    /// The admin has said so: they aren't counted.
    Confirmed = 3,
}

impl Removals {
    pub(crate) fn from_code(code: i64) -> Result<Self> {
        match code {
            0 => Ok(Self::Ask),
            1 => Ok(Self::Pass),
            2 => Ok(Self::Hold),
            3 => Ok(Self::Confirmed),
            other => Err(Error::internal(format!("unknown removals {other}"))),
        }
    }
}

/// What a pair does with removals where it stands.
pub(crate) fn stance(pair: &Pair, scope: &InForce, position: &Position) -> Removals {
    if scope.is_expired() {
        return Removals::Confirmed;
    }
    match position.phase {
        Phase::Follow if pair.quarantined_at.is_some() => Removals::Hold,
        Phase::Follow => Removals::Ask,
        // What was allowed since the scan began is about the scan too.
        _ if position.feed_seq < pair.allowed_seq => Removals::Confirmed,
        _ => position.removals,
    }
}

/// What a scan begins with that a pair at `position` starts.
pub(crate) fn at_start(pair: &Pair, position: &Position) -> Removals {
    let goes_on = position.scope_key.is_empty() && position.removals == Removals::Confirmed;
    if goes_on || position.feed_seq < pair.allowed_seq {
        Removals::Confirmed
    } else {
        Removals::Ask
    }
}

/// What a scan does that would remove so many.
pub(crate) fn foresee(tx: &ReadTx<'_>, pair: &Pair, leaving: u64) -> Result<Removals> {
    let holds = leaving > 0 && (pair.quarantined_at.is_some() || trips(tx, pair, leaving)?);
    Ok(if holds {
        Removals::Hold
    } else {
        Removals::Pass
    })
}

/// Whether so many more deletions are too many.
pub(crate) fn trips(tx: &ReadTx<'_>, pair: &Pair, more: u64) -> Result<bool> {
    let settings = get(tx)?;
    let before = counted(tx, pair.target)?;
    let mut threshold = u64::MAX;
    if settings.is_enabled {
        threshold = settings.threshold(pair.synced + before);
    }
    // A job may have one of its own beside it.
    let of_job = crate::jobs::deletion_threshold(tx, pair.target)?;
    Ok(before + more > threshold.min(of_job.unwrap_or(u64::MAX)))
}

fn hour(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR_MICROS)
}

/// Deletions and disablings of a pair within the window.
pub(crate) fn counted(tx: &ReadTx<'_>, target: TenantId) -> Result<u64> {
    let sum = tx.query(
        "SELECT deletions FROM sync_deletions WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
         AND hour > ?3",
        params![&tx.tenant(), &target, hour(tx.now()) - WINDOW_HOURS],
        |row| row.count(0),
    )?;
    Ok(sum.into_iter().sum())
}

/// Adds to them.
pub(crate) fn count(tx: &mut Tx<'_>, target: TenantId, deletions: u64) -> Result<()> {
    if deletions == 0 {
        return Ok(());
    }
    let (tenant, hour) = (tx.tenant(), hour(tx.now()));
    let mut books = tx.bookkeeping();
    books.execute(
        "DELETE FROM sync_deletions WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND hour <= ?3",
        params![&tenant, &target, hour - WINDOW_HOURS],
    )?;
    books
        .execute(
            "INSERT INTO sync_deletions (tenant_id, target_tenant_id, hour, deletions) \
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant_id, target_tenant_id, hour) \
             DO UPDATE SET deletions = sync_deletions.deletions + excluded.deletions",
            params![&tenant, &target, hour, deletions],
        )
        .map(drop)
}

/// Drops what was counted.
pub(crate) fn forget(tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "DELETE FROM sync_deletions WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target],
        )
        .map(drop)
}

/// A change of a pair's quarantine, for its readers.
const fn change(target: TenantId) -> Change<'static> {
    Change::new("userSharing", target.uuid(), Op::Updated, &["quarantine"])
}

fn audited(tx: &mut Tx<'_>, activity: &str, target: TenantId) -> Result<()> {
    let entry = audit::Entry::success("UserSharing", activity);
    audit::record(
        tx,
        entry.target(audit::Target::new(target.uuid(), "", "Tenant")),
    )
    .map(drop)
}

/// Something waits: the pair is in quarantine from now on, if it isn't yet.
pub(crate) fn enter(tx: &mut Tx<'_>, pair: &Pair) -> Result<()> {
    let known = pair::get(tx, pair.target)?;
    if known.is_none_or(|pair| pair.quarantined_at.is_some()) {
        return Ok(());
    }
    let (tenant, target, now) = (tx.tenant(), pair.target, tx.now());
    tx.record(change(target))?.execute(
        "UPDATE sync_pairs SET quarantined_at = ?3 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tenant, &target, now],
    )?;
    tracing::warn!(from = %tenant, to = %target, "too many deletions: the pair is in quarantine");
    audited(tx, "Stop deletions in a tenant", target)
}

/// Ends the quarantine of a pair of which nothing waits any more.
pub(crate) fn leave_if_none_waits(tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
    let Some(pair) = pair::get(tx, target)?.filter(|pair| pair.quarantined_at.is_some()) else {
        return Ok(());
    };
    if !links::waiting(tx, target, pair.allowances, None, 1)?.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant();
    tx.record(change(target))?.execute(
        "UPDATE sync_pairs SET quarantined_at = NULL WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tenant, &target],
    )?;
    groups::links::release(tx, target)?;
    audited(tx, "End the stop of deletions in a tenant", target)
}

/// The admin's word: whatever waits, and whatever was decided before this, goes through. The count
/// begins anew.
pub fn allow(tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
    if !organization::is_active_with(tx, target)? {
        return Err(Error::not_found("userSharing", target));
    }
    if !confirm(tx, target)? {
        return Ok(());
    }
    audited(tx, "Allow deletions in a tenant", target)
}

/// The same without an entry in the log, for whom this is a part of something that has one. Answers
/// whether there is a pair.
pub fn confirm(tx: &mut Tx<'_>, target: TenantId) -> Result<bool> {
    if pair::get(tx, target)?.is_none() {
        return Ok(false);
    }
    let tenant = tx.tenant();
    let mut write = tx.record(change(target))?;
    let seq = write.seq();
    write.execute(
        "UPDATE sync_pairs SET quarantined_at = NULL, allowed_seq = ?3, \
         allowances = allowances + 1 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tenant, &target, seq],
    )?;
    groups::links::release(tx, target)?;
    forget(tx, target)?;
    Ok(true)
}

/// An entry changes: what was said about the one before doesn't hold for this one. What is let
/// through already goes on.
pub(crate) fn revoke(tx: &mut Tx<'_>, target: Option<TenantId>) -> Result<()> {
    let tenant = tx.tenant();
    let mut books = tx.bookkeeping();
    match target {
        Some(target) => books.execute(
            "UPDATE sync_pairs SET allowed_seq = 0 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target],
        ),
        None => books.execute(
            "UPDATE sync_pairs SET allowed_seq = 0 WHERE tenant_id = ?1",
            params![&tenant],
        ),
    }
    .map(drop)
}

/// [`confirm`] for all pairs that an entry applies to: a tenant's own, or (`None`) the default.
pub fn confirm_entry(tx: &mut Tx<'_>, target: Option<TenantId>) -> Result<()> {
    let targets = match target {
        Some(target) => vec![target],
        None => pairs_by_default(tx)?
            .into_iter()
            .map(|pair| pair.target)
            .collect(),
    };
    for target in targets {
        confirm(tx, target)?;
    }
    Ok(())
}

pub(crate) fn pairs_by_default(tx: &ReadTx<'_>) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for pair in pair::all(tx)? {
        if crate::sharing::get(tx, Some(pair.target))?.is_none() {
            pairs.push(pair);
        }
    }
    Ok(pairs)
}

/// Why a pair is in quarantine, and how it gets out; `None` if it isn't. `waiting` is what waits.
pub(crate) fn trace(tx: &ReadTx<'_>, pair: &Pair, waiting: Losses) -> Result<Option<Trace>> {
    if pair.quarantined_at.is_none() {
        return Ok(None);
    }
    let Losses {
        deletions,
        disablings,
    } = waiting;
    let settings = get(tx)?;
    let path = format!(
        "/beta/isopolity/userSharing/tenants/{}/deletions/allow",
        pair.target
    );
    let of_job = crate::jobs::deletion_threshold(tx, pair.target)?;
    let max_deletions = settings.max_deletions.min(of_job.unwrap_or(u64::MAX));
    let mut trace = Trace::new();
    trace.step(Step {
        tenant_id: tx.tenant(),
        setting: "userSharing/deletionGuard".into(),
        value: format!("{max_deletions} or {} %", settings.max_percent),
        allowed: false,
        code: None,
        reason: format!(
            "{deletions} deletions and {disablings} disablings wait: within {WINDOW_HOURS} hours \
             there would be more than {} or {} % of the users of this tenant that are there. Allow \
             them, or share these users again.",
            max_deletions, settings.max_percent
        ),
        mend: Some(Mend {
            method: "POST".into(),
            path,
            body: serde_json::json!({}),
        }),
    });
    Ok(Some(trace))
}
