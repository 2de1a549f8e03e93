//! What a signed-in user may call: only what the client was allowed on the user's behalf (the
//! token's scopes) and the user may do (directory roles, ownership, oneself).
//!
//! - [`table`] says for each route which scopes open it, and which actions of the directory roles
//!   ([`directory::rights`]) the user needs one of. A route that isn't there is closed to users.
//! - [`decide`] is the decision: a function of the route's row, the scopes, the user's rights and a
//!   few facts about the object that the path names, which are read before ([`Facts`]).
//! - Who has roles for a part of the tenant only has them where the path names something of that
//!   part: then the caller's rights are those within it, for the handler too.
//! - What depends on a body is decided by the handler, by the same rights ([`Caller::allows`]).
//!
//! Source: "Overview of Microsoft Graph permissions" (delegated access, signed-in user privileges).

mod facts;
mod table;

use std::sync::Arc;

use store::Store;

use crate::caller::{self, Authorized, Caller};
use crate::errors::Refusal;
use crate::route::{Route, plain_beta};

pub(crate) use facts::{About, Facts};
pub(crate) use table::{Row, ToOneself, find};

/// What a route asks of users.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Requirement {
    pub(crate) row: &'static Row,
    /// What the path names.
    pub(crate) about: About,
    /// Whether it changes something.
    pub(crate) changes: bool,
}

impl Requirement {
    /// What a route asks for; `None` if it isn't open to users.
    pub(crate) fn of(method: &http::Method, path: &str) -> Option<Self> {
        let path = &*plain_beta(path);
        let row = find(method, path)?;
        Some(Self {
            row,
            about: if row.is_unowned {
                About::Nothing
            } else {
                About::of(path)
            },
            // Some questions are asked by POST.
            changes: *method != http::Method::GET && !row.actions.iter().all(|it| is_reading(it)),
        })
    }
}

fn is_reading(action: &str) -> bool {
    action.ends_with("/read") || action.ends_with("/limitedRead")
}

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    /// The token carries no scope that opens the route.
    NoScope,
    /// The user may do none of these.
    NoRight(&'static str),
    /// The object is somebody who has more roles.
    Above,
    /// It is the user, who has another factor and hasn't shown it.
    NoFactor,
    /// It is the user, and this is for others to do.
    Oneself,
}

/// Reading who is in an administrative unit.
pub(crate) const UNIT_MEMBERS: &str = "administrativeUnits/members/read";

/// What changing a group by whose members roles are had asks for, instead of the usual.
fn for_roles(action: &str) -> &'static str {
    match action {
        "groups/delete" => "groupsAssignableToRoles/delete",
        _ => "groupsAssignableToRoles/allProperties/update",
    }
}

/// The decision.
pub(crate) fn decide(requirement: Requirement, caller: &Caller, facts: &Facts) -> Verdict {
    let Some(rights) = &caller.rights else {
        return Verdict::NoScope;
    };
    let row = requirement.row;
    let carries = |scopes: &[&str]| scopes.iter().any(|scope| caller.may(scope));
    let is_carried = carries(row.scopes) || (facts.is_self && carries(row.own_scopes));
    if !is_carried {
        return Verdict::NoScope;
    }
    let is_allowed = |action: &&&'static str| {
        let action: &'static str = if facts.is_for_roles && requirement.changes {
            for_roles(action)
        } else {
            action
        };
        let reach = rights.reach(action);
        if action.ends_with("/limitedRead") {
            // Of a group, a guest sees from within who else is in it.
            let from_within =
                requirement.about == About::Group && !action.ends_with("standard/limitedRead");
            return reach.always && (!from_within || facts.is_member || facts.is_owner);
        }
        if facts.hides_members && action == "groups/members/read" {
            let sees = rights.may("groups/hiddenMembers/read");
            return reach.always && (sees || facts.is_member || facts.is_owner);
        }
        if facts.hides_members && action == UNIT_MEMBERS {
            let sees = rights.may("administrativeUnits/allProperties/read");
            return reach.always && (sees || facts.is_member);
        }
        reach.always || (reach.owned && facts.is_owner) || (reach.own && facts.is_self)
    };
    if !row.actions.is_empty() && !row.actions.iter().any(|action| is_allowed(&action)) {
        return Verdict::NoRight(row.actions.first().copied().unwrap_or_default());
    }
    if row.is_sensitive && !facts.is_self && !rights.may_manage(&facts.roles) {
        return Verdict::Above;
    }
    match row.to_oneself {
        ToOneself::Closed if facts.is_self => Verdict::Oneself,
        ToOneself::Factor if facts.is_self && facts.has_factor && !caller.is_multifactor => {
            Verdict::NoFactor
        }
        _ => Verdict::Allowed,
    }
}

impl Verdict {
    pub(crate) fn refusal(self) -> Option<Refusal> {
        Some(match self {
            Self::Allowed => return None,
            Self::NoScope => Refusal::denied(),
            Self::NoRight(action) => no_right(action),
            Self::Above => above(),
            Self::NoFactor => Refusal::denied_because(
                "the signed-in user has another factor, and has to sign in with it to change how they sign in",
            ),
            Self::Oneself => {
                Refusal::denied_because("nobody can give themself a temporary access pass")
            }
        })
    }
}

/// That a user may not do something.
pub(crate) fn no_right(action: &str) -> Refusal {
    Refusal::denied_because(&format!(
        "the signed-in user's roles don't allow microsoft.directory/{action}"
    ))
}

/// That somebody has roles whose holders the user may not manage.
pub(crate) fn above() -> Refusal {
    Refusal::denied_because("the signed-in user's roles don't reach people with these roles")
}

/// Lets a signed-in user pass who may call the route.
pub(crate) async fn check(
    store: &Store,
    mut caller: Caller,
    route: &Route,
    keys: &[(&'static str, String)],
) -> Result<Authorized<Caller>, (Caller, Refusal)> {
    let Some(requirement) = route.delegated else {
        return Err((caller, Refusal::denied()));
    };
    let mut facts = Facts::of_path(requirement, &caller, keys);
    // Most calls need no look at the object.
    let mut verdict = decide(requirement, &caller, &facts);
    if facts.may_matter(requirement, &caller, verdict) {
        facts = match Facts::read(store, requirement, &caller, keys, facts).await {
            Ok(facts) => facts,
            Err(error) => return Err((caller, error.into())),
        };
        if let Some(rights) = caller.rights.as_ref().filter(|it| it.is_scoped()) {
            let within = rights.within(&facts.scopes, requirement.about.resources());
            caller.rights = Some(Arc::new(within));
        }
        verdict = decide(requirement, &caller, &facts);
    }
    caller::authorized(caller, verdict)
}
