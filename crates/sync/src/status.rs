//! How the pairs of a tenant stand, and the admin's hand on them: pause, resume, failures.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, Timestamp, kind};

use crate::pair::{self, Pair, Phase, Position};
use crate::{links, plan, sharing};

/// How one pair stands.
#[derive(Debug, Clone)]
pub struct PairStatus {
    /// The target.
    pub tenant_id: TenantId,
    /// Whether the target has an entry of its own.
    pub own_entry: bool,
    /// Which users.
    pub scope: sharing::Scope,
    /// `active`, `paused` or `blocked`.
    pub state: &'static str,
    /// Users that the target should have. Behind a scan these are the synced and the failed ones;
    /// until then they are as counted when the scan began.
    pub in_scope: u64,
    /// Users that the target has, up to date as far as was looked.
    pub synced: u64,
    /// Users that failed and are tried again; the target may have an older state of them.
    pub failed: u64,
    /// Changes that haven't been looked at; during a scan, users. None only if the running engine
    /// has settled everything.
    pub pending_changes: u64,
    /// Age of the oldest such change.
    pub lag_milliseconds: i64,
    /// When something was applied last.
    pub last_applied: Option<Timestamp>,
    /// Why it is blocked.
    pub trace: Option<Trace>,
}

impl PairStatus {
    /// The contract's form.
    pub fn to_json(&self) -> Value {
        json!({
            "tenantId": self.tenant_id,
            "source": if self.own_entry { "own" } else { "default" },
            "scope": self.scope,
            "state": self.state,
            "inScope": self.in_scope,
            "synced": self.synced,
            "failed": self.failed,
            "pendingChanges": self.pending_changes,
            "lagMilliseconds": self.lag_milliseconds,
            "lastAppliedDateTime": self.last_applied,
            "trace": self.trace,
        })
    }
}

/// How all pairs of this tenant with the organization's other active tenants stand. `live` are the
/// positions that the running engine had reached before this snapshot was taken; `elsewhere` is the
/// epoch of another server's engine, if one runs these pairs.
pub fn pairs(
    tx: &ReadTx<'_>,
    live: &BTreeMap<TenantId, Position>,
    elsewhere: Option<u64>,
) -> Result<Vec<PairStatus>> {
    let kept = pair::all(tx)?;
    organization::active_members(tx)?
        .into_iter()
        .map(|target| {
            let pair = kept.iter().find(|pair| pair.target == target);
            let told = pair
                .filter(|pair| pair.sure_epoch.is_some() && pair.sure_epoch == elsewhere)
                .map(|pair| &pair.position);
            one(tx, target, pair, live.get(&target).or(told))
        })
        .collect()
}

fn one(
    tx: &ReadTx<'_>,
    target: TenantId,
    pair: Option<&Pair>,
    live: Option<&Position>,
) -> Result<PairStatus> {
    let (entry, own_entry) = sharing::of(tx, target)?;
    let mut scope = entry.in_force(tx.now())?;
    if let Some(pair) = pair {
        scope.key = pair.scope_key(scope.key);
    }
    let outbound = plan::outbound(tx, target)?;
    let trace = if outbound.allowed {
        pair.and_then(|pair| pair.blocked.clone())
    } else {
        Some(outbound)
    };
    let paused = pair.is_some_and(|pair| pair.paused);
    let state = match (paused, &trace) {
        (true, _) => "paused",
        (false, Some(_)) => "blocked",
        (false, None) => "active",
    };
    let (synced, failed) = pair.map_or((0, 0), |pair| (pair.synced, pair.failed));
    // Before the engine has made sure of a pair, what is written down may not be all.
    let pending_min = u64::from(live.is_none());
    let position = live
        .or(pair.map(|pair| &pair.position))
        .filter(|at| at.scope_key == scope.key);
    let (in_scope, pending, oldest) = match position {
        Some(at) if at.phase == Phase::Follow => {
            let changes = tx.changes(at.feed_seq, 1);
            let oldest = changes
                .ok()
                .and_then(|changes| changes.first().map(|change| change.at));
            let pending = tx.head()?.saturating_sub(at.feed_seq);
            (synced + failed, pending.max(pending_min), oldest)
        }
        Some(at) => (at.in_scope, at.left.max(1), None),
        // The scope has changed and its users aren't counted yet.
        None => (synced + failed, 1, None),
    };
    Ok(PairStatus {
        tenant_id: target,
        own_entry,
        scope: scope.scope(),
        state,
        in_scope,
        synced,
        failed,
        pending_changes: pending,
        lag_milliseconds: oldest.map_or(0, |at| (tx.now().0 - at.0).max(0) / 1_000),
        last_applied: pair.and_then(|pair| pair.applied_at),
        trace,
    })
}

/// Whether nothing is on its way to any target.
pub fn is_settled(statuses: &[PairStatus]) -> bool {
    statuses
        .iter()
        .all(|pair| pair.state != "active" || pair.pending_changes == 0)
}

/// Pauses or resumes the pair with a target.
pub fn set_paused(tx: &mut Tx<'_>, target: TenantId, paused: bool) -> Result<()> {
    if !organization::is_active_with(tx, target)? {
        return Err(Error::not_found("userSharing", target));
    }
    if !pair::set_paused(tx, target, paused)? {
        return Ok(());
    }
    let activity = if paused {
        "Pause synchronization"
    } else {
        "Resume synchronization"
    };
    audit::record(
        tx,
        audit::Entry::success("UserSharing", activity).target(audit::Target::new(
            target.uuid(),
            "",
            "Tenant",
        )),
    )
    .map(drop)
}

/// The users of a pair that fail, with the reason in words.
pub fn failures(
    tx: &ReadTx<'_>,
    target: TenantId,
    after: Option<Id<kind::User>>,
    limit: usize,
) -> Result<Vec<Value>> {
    if !organization::is_active_with(tx, target)? {
        return Err(Error::not_found("userSharing", target));
    }
    links::failing(tx, target, after, limit)?
        .into_iter()
        .map(|link| {
            let user = directory::users::get_scanned(tx, link.user_id)?;
            let properties = user
                .map(|user| user.properties())
                .transpose()?
                .unwrap_or_default();
            let failure = link.failure;
            Ok(json!({
                "userId": link.user_id,
                "displayName": properties.get("displayName"),
                "userPrincipalName": properties.get("userPrincipalName"),
                "targetId": link.target_id,
                "code": failure.as_ref().map(|failure| failure.code.as_str()),
                "reason": failure.as_ref().map(|failure| failure.message.as_str()),
                "attempts": failure.as_ref().map(|failure| failure.attempts),
                "failedSinceDateTime": failure.as_ref().map(|failure| failure.since),
                "nextAttemptDateTime": failure.as_ref().map(|failure| failure.next_attempt_at),
            }))
        })
        .collect()
}
