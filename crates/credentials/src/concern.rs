//! Whom another demand for more than a password would concern, before it is made.
//!
//! People of this tenant are looked at one by one, by the same rules as when they sign in
//! ([`crate::standing`]). People from elsewhere are counted only: whether they are asked here or at
//! home depends on what is trusted of their homes.

use std::collections::{HashMap, HashSet};

use directory::users::{self, People, ScannedUser};
use directory::{groups, roles};
use serde_json::{Value, json};
use store::ReadTx;
use types::{Id, Result, kind};

use crate::methods::{self, Kind};
use crate::policy::{Multifactor, Policy};

const PAGE: usize = 1_000;
/// What there is to know of everybody at once.
struct Known<'p> {
    policy: &'p Policy,
    factors: HashMap<Id<kind::User>, Vec<Kind>>,
    administrators: HashSet<Id<kind::User>>,
}

impl Known<'_> {
    fn demands(&self, by: Multifactor, user: &ScannedUser) -> bool {
        match by {
            Multifactor::All => true,
            Multifactor::Administrators => self.administrators.contains(&user.id),
            Multifactor::Nobody => false,
        }
    }

    fn groups(&self, tx: &ReadTx<'_>, user: &ScannedUser) -> Result<Vec<Id<kind::Group>>> {
        if self.policy.names_groups() {
            return groups::transitive_groups(tx, user.id.uuid());
        }
        Ok(Vec::new())
    }
}

/// Whom a demand would concern, compared with the one in force: who would have to show more than a
/// password (`reached`), who of them for the first time (`added`) and who not any more (`removed`);
/// who of those who have to would register a method when they sign in (`toRegister`), and who could
/// get in by an administrator's help only (`withoutWay`).
pub fn preview(tx: &ReadTx<'_>, new: Multifactor) -> Result<Value> {
    let policy = Policy::get(tx)?;
    let of_administrators = [policy.multifactor, new].contains(&Multifactor::Administrators);
    let known = Known {
        factors: methods::factors(tx)?,
        administrators: if of_administrators {
            roles::holders(tx)?
        } else {
            HashSet::new()
        },
        policy: &policy,
    };
    let [
        mut reached,
        mut added,
        mut removed,
        mut to_register,
        mut without_way,
    ] = <[People; 5]>::default();
    let mut visitors = 0_u64;
    let mut after = None;
    loop {
        let page = users::scan(tx, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for user in page.iter().filter(|it| !it.deleted && it.account_enabled) {
            let (before, then) = (
                known.demands(policy.multifactor, user),
                known.demands(new, user),
            );
            if user.is_external {
                visitors += u64::from(then);
                continue;
            }
            let registered = known.factors.get(&user.id).map_or(&[][..], Vec::as_slice);
            if registered.is_empty() && !before && !then {
                continue;
            }
            let groups = known.groups(tx, user)?;
            let allowed = |kind: &Kind| policy.allows(*kind, &groups);
            let mut usable = registered.iter().filter(|kind| allowed(kind));
            // Codes of an app that were set up are asked for in any case.
            let in_any_case = usable.clone().any(|kind| *kind == Kind::Totp);
            if before && !then && !in_any_case {
                removed.count_in(user)?;
            }
            if !then && !in_any_case {
                continue;
            }
            reached.count_in(user)?;
            if !before && !in_any_case {
                added.count_in(user)?;
            }
            if usable.next().is_none() {
                let registrable = [Kind::Passkey, Kind::Totp];
                let mut registrable = registrable.iter().filter(|kind| allowed(kind));
                if registrable.any(|kind| policy.lets_register(*kind)) {
                    to_register.count_in(user)?;
                } else {
                    without_way.count_in(user)?;
                }
            }
        }
    }
    Ok(json!({
        "reached": reached.into_json(),
        "added": added.into_json(),
        "removed": removed.into_json(),
        "toRegister": to_register.into_json(),
        "withoutWay": without_way.into_json(),
        "visitors": visitors,
    }))
}
