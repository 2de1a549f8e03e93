//! How the pairs of a tenant stand, and the admin's hand on them: pause, resume, failures.

use serde_json::{Value, json};
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, Timestamp, kind};

use crate::pair::{self, Pair, Position};
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
    /// Users that the target should have: those that it has, that failed, and that are on their way.
    pub in_scope: u64,
    /// Users that the target has.
    pub synced: u64,
    /// Users that failed and are tried again.
    pub failed: u64,
    /// Changes that haven't been looked at; during a scan, users.
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

/// How all pairs of this tenant with the organization's other active tenants stand. `live` knows
/// the positions that the running engine has reached but not written down.
pub fn pairs(
    tx: &ReadTx<'_>,
    live: impl Fn(TenantId) -> Option<Position>,
) -> Result<Vec<PairStatus>> {
    let kept = pair::all(tx)?;
    organization::active_members(tx)?
        .into_iter()
        .map(|target| {
            let pair = kept.iter().find(|pair| pair.target == target);
            one(tx, target, pair, live(target))
        })
        .collect()
}

fn one(
    tx: &ReadTx<'_>,
    target: TenantId,
    pair: Option<&Pair>,
    live: Option<Position>,
) -> Result<PairStatus> {
    let (entry, own_entry) = sharing::of(tx, target)?;
    let scope = entry.in_force(tx.now())?;
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
    let position = live.or_else(|| pair.map(|pair| pair.position.clone()));
    let head = tx.head()?;
    let (pending, oldest) = match &position {
        Some(at) if at.scope_key == scope.key && !at.scanning => {
            let oldest = tx
                .changes(at.feed_seq, 1)
                .ok()
                .and_then(|list| list.first().map(|c| c.at));
            (head.saturating_sub(at.feed_seq), oldest)
        }
        Some(at) if at.scanning && at.scope_key == scope.key => (at.scan_left.max(1), None),
        _ => (count_in_scope(tx, &scope)?.saturating_sub(synced), None),
    };
    // While a scan is under way the rest of the users in scope is what hasn't been looked at.
    let scanning = position
        .as_ref()
        .is_none_or(|at| at.scanning || at.scope_key != scope.key);
    let in_scope = if scanning {
        count_in_scope(tx, &scope)?
    } else {
        in_scope_after_scan(tx, target, synced, failed)?
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

/// Synced users, and failing ones that the target hasn't got.
fn in_scope_after_scan(tx: &ReadTx<'_>, target: TenantId, synced: u64, failed: u64) -> Result<u64> {
    if failed == 0 {
        return Ok(synced);
    }
    let absent = tx.count(
        "SELECT count(*) FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
         AND next_attempt_at IS NOT NULL AND state <> 1",
        store::params![&tx.tenant(), &target],
    )?;
    Ok(synced + absent)
}

fn count_in_scope(tx: &ReadTx<'_>, scope: &sharing::InForce) -> Result<u64> {
    let mut count = 0;
    let mut after = None;
    if scope.scope() == sharing::Scope::None {
        return Ok(0);
    }
    loop {
        let page = directory::users::scan(tx, after, 1_000)?;
        let Some(last) = page.last() else {
            return Ok(count);
        };
        after = Some(last.id);
        for user in &page {
            if sharing::is_eligible(user) && user.account_enabled && scope.contains(tx, user)? {
                count += 1;
            }
        }
    }
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
    pair::set_paused(tx, target, paused)?;
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
