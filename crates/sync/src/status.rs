//! How the pairs of a tenant stand, and the admin's hand on them: pause, resume, failures.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, Timestamp, kind};

use crate::pair::{self, Pair, Phase, Position};
use crate::{groups, guard, jobs, links, plan, sharing};

/// How one pair stands.
#[derive(Debug, Clone)]
pub struct PairStatus {
    /// The target.
    pub tenant_id: TenantId,
    /// Whether the target has an entry of its own.
    pub own_entry: bool,
    /// Which users.
    pub scope: sharing::Scope,
    /// `active`, `paused`, `blocked`, or `quarantined`: it goes on but deletes nobody.
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
    /// Users of whom a deletion or a disabling waits for the admin.
    pub waiting: u64,
    /// Groups that the target has, and groups that fail; none where groups aren't sent.
    pub groups: Option<(u64, u64)>,
    /// Why it is blocked or in quarantine.
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
            "waitingDeletions": self.waiting,
            "groups": self.groups.map(|(synced, failed)| json!({"synced": synced, "failed": failed})),
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

/// How the pair with one target stands, whether or not that is in the organization.
pub(crate) fn of(tx: &ReadTx<'_>, target: TenantId, live: Option<&Position>) -> Result<PairStatus> {
    one(tx, target, pair::get(tx, target)?.as_ref(), live)
}

fn one(
    tx: &ReadTx<'_>,
    target: TenantId,
    pair: Option<&Pair>,
    live: Option<&Position>,
) -> Result<PairStatus> {
    let own_entry = sharing::get(tx, Some(target))?.is_some();
    let mut scope = jobs::scope::of(tx, target)?;
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
    let (waiting, passing) = match pair {
        // Without either, nothing has ever been held.
        Some(pair) if pair.quarantined_at.is_some() || pair.allowances > 0 => {
            links::count_held(tx, target, pair.allowances)?
        }
        _ => Default::default(),
    };
    let quarantine = pair
        .map(|pair| guard::trace(tx, pair, waiting))
        .transpose()?
        .flatten();
    let (state, trace) = match (paused, trace, quarantine) {
        (true, trace, _) => ("paused", trace),
        (false, Some(trace), _) => ("blocked", Some(trace)),
        (false, None, Some(trace)) => ("quarantined", Some(trace)),
        (false, None, None) => ("active", None),
    };
    let (synced, failed) = pair.map_or((0, 0), |pair| (pair.synced, pair.failed));
    // Whom the target should have: not those whose deletion waits, or is on its way.
    let should = (synced + failed).saturating_sub(waiting.deletions + passing.deletions);
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
            (should, pending.max(pending_min), oldest)
        }
        Some(at) => (at.in_scope, at.left.max(1), None),
        // Its job has left it, and nothing is shared.
        None if jobs::rests(tx, target)? => (0, 0, None),
        // The scope has changed and its users aren't counted yet.
        None => (should, 1, None),
    };
    let has_groups = pair.is_some_and(|pair| pair.has_groups);
    let groups = has_groups
        .then(|| groups::links::counts(tx, target))
        .transpose()?;
    let on_their_way = groups.map_or(0, |[.., groups]| groups);
    Ok(PairStatus {
        tenant_id: target,
        own_entry,
        scope: scope.scope(),
        state,
        in_scope,
        synced,
        failed,
        pending_changes: pending + on_their_way + passing.all(),
        lag_milliseconds: oldest.map_or(0, |at| (tx.now().0 - at.0).max(0) / 1_000),
        last_applied: pair.and_then(|pair| pair.applied_at),
        waiting: waiting.all(),
        groups: groups.map(|[synced, failed, _]| (synced, failed)),
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

/// The first people whom a target has from here.
pub fn people_there(
    tx: &ReadTx<'_>,
    target: TenantId,
    limit: usize,
) -> Result<Vec<Id<kind::User>>> {
    links::there(tx, target, limit)
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
