//! The outlook for all users of this tenant towards each of several others: whether anybody is
//! shared, whether the pair is paused, and how far it has come. For readers who ask about many
//! pairs at once; [`crate::status`] looks at each more closely.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{ReadTx, params};
use types::trace::{Mend, Step};
use types::{Error, Result, TenantId, Timestamp};

use crate::pair::{self, Phase};
use crate::sharing::{Scope, Sharing};
use crate::{jobs, plan, schema};

/// Whether users are shared with a tenant and sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outlook {
    /// Whether anybody is shared.
    pub shares: bool,
    /// When the sharing ends by itself.
    pub ends_at: Option<Timestamp>,
    /// Whether the admin has paused the pair.
    pub paused: bool,
}

/// How many users of a pair are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Users that the target should have.
    pub in_scope: u64,
    /// Users that it has.
    pub synced: u64,
    /// Users that fail.
    pub failed: u64,
}

/// The outlook towards each of these tenants, and its counts where there is a pair.
pub fn outlooks(tx: &ReadTx<'_>, targets: &[TenantId]) -> Result<Vec<(Outlook, Option<Counts>)>> {
    let mut entries = BTreeMap::new();
    tx.query(
        "SELECT target_tenant_id, doc FROM sharing WHERE tenant_id = ?1",
        params![&tx.tenant()],
        |row| {
            let entry: Sharing = serde_json::from_str(row.text(1)?).map_err(Error::internal)?;
            entries.insert(row.id(0)?, entry);
            Ok(())
        },
    )?;
    let pairs: BTreeMap<TenantId, _> = pair::all(tx)?
        .into_iter()
        .map(|pair| (pair.target, pair))
        .collect();
    let governed: BTreeSet<TenantId> = jobs::governed(tx)?.into_iter().collect();
    let now = tx.now();
    let nobody = Sharing::nobody();
    Ok(targets
        .iter()
        .map(|target| {
            let entry = entries
                .get(target)
                .or_else(|| entries.get(&TenantId::nil()));
            let entry = entry.unwrap_or(&nobody);
            let ends_at = entry.until_date_time.filter(|until| *until > now);
            let expired = entry.until_date_time.is_some() && ends_at.is_none();
            let pair = pairs.get(target);
            let outlook = Outlook {
                shares: (entry.scope != Scope::None && !expired) || governed.contains(target),
                ends_at,
                paused: pair.is_some_and(|pair| pair.paused),
            };
            let counts = pair.map(|pair| Counts {
                in_scope: match pair.position.phase {
                    Phase::Follow => pair.synced + pair.failed,
                    Phase::Count | Phase::Scan | Phase::Groups => pair.position.in_scope,
                },
                synced: pair.synced,
                failed: pair.failed,
            });
            (outlook, counts)
        })
        .collect())
}

impl Outlook {
    /// Whether it may be another one from this time on without any change.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|at| at <= now)
    }

    /// The steps of `tenant`, whose outlook it is, towards `target`: sharing, then the pause.
    pub fn steps(&self, tenant: TenantId, target: TenantId) -> [Step; 2] {
        let own = format!("/beta/isopolity/userSharing/tenants/{target}");
        let (value, reason) = if self.shares {
            ("some", "Users are shared.")
        } else {
            ("none", "Nobody is shared.")
        };
        let shared = Step {
            tenant_id: tenant,
            setting: format!("userSharing/tenants/{target}"),
            value: value.into(),
            allowed: self.shares,
            code: None,
            reason: reason.into(),
            mend: (!self.shares).then(|| Mend {
                method: "PUT".into(),
                path: own.clone(),
                body: serde_json::json!({"scope": "all"}),
            }),
        };
        let paused = Step {
            tenant_id: tenant,
            setting: format!("userSharing/tenants/{target}.state"),
            value: if self.paused { "paused" } else { "active" }.into(),
            allowed: !self.paused,
            code: None,
            reason: if self.paused {
                "Synchronization to this tenant is paused.".into()
            } else {
                "Synchronization to this tenant isn't paused.".into()
            },
            mend: self.paused.then(|| Mend {
                method: "POST".into(),
                path: format!("{own}/resume"),
                body: Value::Null,
            }),
        };
        [shared, paused]
    }
}

/// Whether a target has nobody from here any more, once nothing is shared with it; `None` while that
/// is on its way, `Some(false)` if something holds it up, so that waiting is of no use.
pub fn is_withdrawn(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<bool>> {
    let Some(pair) = pair::get(tx, target)? else {
        return Ok(Some(true));
    };
    // What a job brings in isn't the organization's.
    if jobs::governs(tx, target)? || jobs::rests(tx, target)? {
        return Ok(Some(true));
    }
    let groups_too = !pair.has_groups || pair.position.phase == Phase::Follow;
    let nobody = pair.synced + pair.failed == 0;
    if nobody && groups_too && pair.position.scope_key.starts_with("none") {
        return Ok(Some(true));
    }
    let held = pair.paused || pair.blocked.is_some() || schema::keeps_users(tx, target)?;
    if held || !plan::outbound(tx, target)?.allowed {
        return Ok(Some(false));
    }
    Ok(None)
}
