//! What a change of an entry would do: whom it adds and removes, and whether the guard would stop it.

use directory::users::ScannedUser;
use serde_json::{Value, json};
use store::ReadTx;
use types::{Id, Result, TenantId, kind};

use crate::guard::{self, Removals};
use crate::jobs;
use crate::jobs::scope::JobScope;
use crate::links::{self, There};
use crate::pair;
use crate::schema;
use crate::sharing::{InForce, Sharing, get, is_eligible, of, refuse_stranger, refuse_unknown};

/// Whom an entry would add to and remove from what applies now.
pub fn preview(tx: &ReadTx<'_>, target: Option<TenantId>, new: &Sharing) -> Result<Value> {
    refuse_stranger(tx, target)?;
    refuse_unknown(tx, new, get(tx, target)?.as_ref())?;
    let old = match target {
        Some(target) => of(tx, target)?.0,
        None => get(tx, None)?.unwrap_or_else(Sharing::nobody),
    };
    // Whom a job brings in stays, whatever is shared; whom the schema leaves out, stays out.
    let with_job = |sharing: &Sharing| -> Result<InForce> {
        let job = target.map_or(Ok(None), |target| JobScope::load(tx, target))?;
        let mut scope = sharing.in_force(tx.now())?.with_job(job);
        if let Some(target) = target {
            schema::attach(tx, target, &mut scope)?;
        }
        Ok(scope)
    };
    compare(tx, target, &with_job(&old)?, &with_job(new)?)
}

/// Whom another schema would add to and remove from what applies now.
pub(crate) fn preview_schema(
    tx: &ReadTx<'_>,
    target: TenantId,
    new: &::provisioning::Schema,
) -> Result<Value> {
    refuse_stranger(tx, Some(target))?;
    let old = jobs::scope::of(tx, target)?;
    let mut changed = jobs::scope::of(tx, target)?;
    schema::replace(tx, &mut changed, new)?;
    compare(tx, Some(target), &old, &changed)
}

fn compare(
    tx: &ReadTx<'_>,
    target: Option<TenantId>,
    old: &InForce,
    new: &InForce,
) -> Result<Value> {
    let mut added = Side::default();
    let mut removed = Side::default();
    let mut after = None;
    let mut in_scope = 0_u64;
    let targets = match target {
        Some(target) => vec![target],
        None => (guard::pairs_by_default(tx)?.iter())
            .map(|pair| pair.target)
            .collect(),
    };
    loop {
        let page = directory::users::scan(tx, after, 1_000)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for user in page.iter().filter(|user| is_eligible(user)) {
            let (before, then) = (old.contains(tx, user)?, new.contains(tx, user)?);
            // A disabled user isn't provisioned anew.
            in_scope += u64::from(then && user.account_enabled);
            match (before, then) {
                // Whose deletion waits is there still.
                (false, true)
                    if user.account_enabled && !is_there(tx, &targets, user.id, Whole::All)? =>
                {
                    added.count_in(user)?;
                }
                (true, false)
                    if !schema::leaves_alone(new, Some(user), false, There::Synced)?
                        && (user.account_enabled
                            || is_there(tx, &targets, user.id, Whole::Any)?) =>
                {
                    removed.count_in(user)?;
                }
                _ => {}
            }
        }
    }
    let guard = guard_json(tx, target, removed.count)?;
    Ok(json!({
        "inScope": in_scope,
        "added": added.into_json(),
        "removed": removed.into_json(),
        "deletionGuard": guard,
    }))
}

/// How many of some tenants are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    Any,
    All,
}

/// Whether these tenants have a user: one who was disabled before the sharing began was never sent.
fn is_there(
    tx: &ReadTx<'_>,
    targets: &[TenantId],
    user: Id<kind::User>,
    whole: Whole,
) -> Result<bool> {
    let mut there = 0;
    for target in targets {
        let link = links::get(tx, *target, user)?;
        there += usize::from(link.is_some_and(|link| link.there == There::Synced));
    }
    Ok(there > 0 && (whole == Whole::Any || there == targets.len()))
}

/// Whether the guard would stop it, for each pair that the entry is about.
fn guard_json(tx: &ReadTx<'_>, target: Option<TenantId>, removed: u64) -> Result<Value> {
    let pairs = match target {
        Some(target) => pair::get(tx, target)?.into_iter().collect(),
        None => guard::pairs_by_default(tx)?,
    };
    let mut trips = false;
    let mut tenants = Vec::new();
    for pair in pairs {
        let deletions = removed.min(pair.synced);
        let stopped = guard::foresee(tx, &pair, deletions)? == Removals::Hold;
        trips |= stopped;
        let counted = guard::counted(tx, pair.target)?;
        tenants.push(json!({
            "tenantId": pair.target,
            "deletions": deletions,
            "deletionsInWindow": counted,
            "threshold": guard::get(tx)?.threshold(pair.synced + counted),
            "trips": stopped,
        }));
    }
    Ok(json!({"trips": trips, "tenants": tenants}))
}

/// People that a preview names; the rest is counted.
const PREVIEW_NAMES: usize = 100;

#[derive(Default)]
struct Side {
    count: u64,
    users: Vec<Value>,
}

impl Side {
    fn count_in(&mut self, user: &ScannedUser) -> Result<()> {
        self.count += 1;
        if self.users.len() < PREVIEW_NAMES {
            let properties = user.properties()?;
            self.users.push(json!({
                "id": user.id,
                "displayName": properties.get("displayName"),
                "userPrincipalName": properties.get("userPrincipalName"),
            }));
        }
        Ok(())
    }
    fn into_json(self) -> Value {
        json!({"count": self.count, "users": self.users})
    }
}
