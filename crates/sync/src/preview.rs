//! What a change of an entry would do: whom it adds and removes, and whether the guard would stop it.

use std::collections::HashMap;

use directory::users::People;
use serde_json::{Value, json};
use store::ReadTx;
use types::{Id, Result, TenantId, kind};

use crate::guard::{self, Removals};
use crate::jobs;
use crate::jobs::scope::JobScope;
use crate::links::{self, There};
use crate::pair;
use crate::schema;
use crate::sharing::{
    InForce, Scope, Sharing, get, is_eligible, of, refuse_stranger, refuse_unknown,
};

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
    let mut added = People::default();
    let mut removed = People::default();
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
        let (mut coming, mut going) = (Vec::new(), Vec::new());
        for user in page.iter().filter(|user| is_eligible(user)) {
            let (before, then) = (old.contains(tx, user)?, new.contains(tx, user)?);
            // A disabled user isn't provisioned anew.
            in_scope += u64::from(then && user.account_enabled);
            match (before, then) {
                (false, true) if user.account_enabled => coming.push(user),
                (true, false) if !schema::leaves_alone(new, Some(user), false, There::Synced)? => {
                    going.push(user);
                }
                _ => {}
            }
        }
        let doubtful = going.iter().filter(|user| !user.account_enabled);
        let asked = coming.iter().chain(doubtful).map(|user| user.id);
        let there = having(tx, &targets, &asked.collect::<Vec<_>>())?;
        for user in coming {
            // Whose deletion waits is there still.
            if targets.is_empty() || there.get(&user.id) != Some(&targets.len()) {
                added.count_in(user)?;
            }
        }
        for user in going {
            // Who was disabled before the sharing began was never sent.
            if user.account_enabled || there.contains_key(&user.id) {
                removed.count_in(user)?;
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

/// Whom joining an organization with these tenants would share with each of them, if what is shared
/// stays as it is. What a job brings in is shared already, and isn't counted.
pub fn preview_join(tx: &ReadTx<'_>, tenants: &[TenantId]) -> Result<Vec<Value>> {
    struct Entry {
        in_force: InForce,
        is_own: bool,
        side: People,
        tenants: Vec<TenantId>,
    }
    // Those by the default are looked at together, and nobody where nobody is shared.
    let mut entries: Vec<Entry> = Vec::new();
    for tenant in tenants {
        let (sharing, is_own) = of(tx, *tenant)?;
        let mut in_force = sharing.in_force(tx.now())?;
        schema::attach(tx, *tenant, &mut in_force)?;
        let is_default = !is_own && in_force.schema.is_none();
        let alike = entries
            .iter_mut()
            .find(|it| is_default && !it.is_own && it.in_force.schema.is_none());
        match alike {
            Some(alike) => alike.tenants.push(*tenant),
            None => entries.push(Entry {
                in_force,
                is_own,
                side: People::default(),
                tenants: vec![*tenant],
            }),
        }
    }
    let mut after = None;
    while entries.iter().any(|it| it.in_force.scope() != Scope::None) {
        let page = directory::users::scan(tx, after, 1_000)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        let eligible = page.iter().filter(|user| is_eligible(user));
        for user in eligible.filter(|user| user.account_enabled) {
            for entry in &mut entries {
                if entry.in_force.contains(tx, user)? {
                    entry.side.count_in(user)?;
                }
            }
        }
    }
    let mut shown = Vec::with_capacity(tenants.len());
    for entry in entries {
        let side = entry.side.into_json();
        for tenant in entry.tenants {
            shown.push(json!({
                "tenantId": tenant,
                "source": if entry.is_own { "own" } else { "default" },
                "scope": entry.in_force.scope(),
                "inScope": side["count"],
                "users": side["users"],
            }));
        }
    }
    Ok(shown)
}

/// How many of some tenants have each of these users; who is in none isn't among them.
fn having(
    tx: &ReadTx<'_>,
    targets: &[TenantId],
    users: &[Id<kind::User>],
) -> Result<HashMap<Id<kind::User>, usize>> {
    let mut there = HashMap::new();
    if users.is_empty() {
        return Ok(there);
    }
    for target in targets {
        for (user, link) in links::of_many(tx, *target, users)? {
            if link.is_some_and(|link| link.there == There::Synced) {
                *there.entry(user).or_default() += 1;
            }
        }
    }
    Ok(there)
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
