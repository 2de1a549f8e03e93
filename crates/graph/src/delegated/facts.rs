//! What has to be known of the object that a path names, to decide on a user's call.

use credentials::methods;
use directory::owners::{self, Owned};
use directory::{administrative_units, applications, groups, rights, service_principals, users};
use store::{ReadTx, Store};
use types::{Id, Result};
use uuid::Uuid;

use super::{Requirement, ToOneself, UNIT_MEMBERS, Verdict};
use crate::caller::Caller;

/// What a path names by its first key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Nothing,
    User,
    Group,
    Application,
    ServicePrincipal,
    AdministrativeUnit,
    /// Any object of the directory.
    Object,
}

impl About {
    pub(super) fn of(path: &str) -> Self {
        let starts = |prefix: &str| {
            let rest = path.strip_prefix(prefix);
            rest.is_some_and(|rest| {
                ["/{id}", "(appId=", "(uniqueName="]
                    .iter()
                    .any(|key| rest.starts_with(key))
            })
        };
        if path == "/me" || path.starts_with("/me/") || starts("/users") {
            Self::User
        } else if starts("/groups") {
            Self::Group
        } else if starts("/applications") {
            Self::Application
        } else if starts("/servicePrincipals") {
            Self::ServicePrincipal
        } else if starts("/directory/administrativeUnits") {
            Self::AdministrativeUnit
        } else if starts("/directoryObjects") {
            Self::Object
        } else {
            Self::Nothing
        }
    }

    /// What the actions are on that a role for it, or for a unit that it is in, can allow.
    pub(super) const fn resources(self) -> &'static [&'static str] {
        match self {
            Self::User => &["users"],
            Self::Group => &["groups"],
            Self::Application => &["applications"],
            Self::ServicePrincipal => &["servicePrincipals"],
            // Who manages its users and groups may make some in it.
            Self::AdministrativeUnit => &["users", "groups"],
            Self::Object | Self::Nothing => &[],
        }
    }
}

/// What is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// It is the user.
    pub(crate) is_self: bool,
    /// It is the user, who has another factor than a password.
    pub(crate) has_factor: bool,
    /// The user owns it.
    pub(crate) is_owner: bool,
    /// It is a group or an administrative unit that the user is in.
    pub(crate) is_member: bool,
    /// It is a group by whose members roles are had.
    pub(crate) is_for_roles: bool,
    /// It shows its members to themselves only.
    pub(crate) hides_members: bool,
    /// The directory roles of the user that it is.
    pub(crate) roles: Vec<Uuid>,
    /// What roles for a part of the tenant may be for, to reach it: itself, and its units where the
    /// caller has such roles.
    pub(crate) scopes: Vec<Uuid>,
}

fn key<'k>(keys: &'k [(&'static str, String)], name: &str) -> Option<&'k str> {
    let found = keys.iter().find(|(own, _)| *own == name);
    found.map(|(_, value)| value.as_str())
}

impl Facts {
    /// What the path says by itself.
    pub(super) fn of_path(
        requirement: Requirement,
        caller: &Caller,
        keys: &[(&'static str, String)],
    ) -> Self {
        let may_be_self = matches!(requirement.about, About::User | About::Object);
        let named = key(keys, "id").filter(|_| may_be_self);
        let rights = caller.rights.as_ref();
        Self {
            is_self: named.is_some_and(|key| rights.is_some_and(|rights| rights.is_named(key))),
            ..Self::default()
        }
    }

    /// Whether a look at the object could change the verdict.
    pub(super) fn may_matter(
        &self,
        requirement: Requirement,
        caller: &Caller,
        verdict: Verdict,
    ) -> bool {
        let is_scoped = caller.rights.as_ref().is_some_and(|it| it.is_scoped());
        if is_scoped && verdict != Verdict::NoScope && !requirement.about.resources().is_empty() {
            return true;
        }
        match requirement.about {
            About::Nothing | About::Object => false,
            About::User if verdict == Verdict::NoScope => false,
            About::User if self.is_self => {
                requirement.row.to_oneself == ToOneself::Factor && !caller.is_multifactor
            }
            About::User => requirement.row.is_sensitive,
            About::Group => {
                let reads_members = requirement.row.actions.contains(&"groups/members/read");
                verdict != Verdict::NoScope
                    && (requirement.changes || reads_members || verdict != Verdict::Allowed)
            }
            About::Application | About::ServicePrincipal => {
                matches!(verdict, Verdict::NoRight(_))
            }
            About::AdministrativeUnit => {
                let reads_members = requirement.row.actions.contains(&UNIT_MEMBERS);
                verdict != Verdict::NoScope && reads_members
            }
        }
    }

    /// Reads them from the caller's island.
    pub(super) async fn read(
        store: &Store,
        requirement: Requirement,
        caller: &Caller,
        keys: &[(&'static str, String)],
        known: Self,
    ) -> Result<Self> {
        let Some(rights) = &caller.rights else {
            return Ok(known);
        };
        let (user, is_scoped) = (rights.user.uuid(), rights.is_scoped());
        let about = requirement.about;
        let id = key(keys, "id").map(str::to_owned);
        let app_id = key(keys, "appId").and_then(types::parse_uuid);
        let unique_name = key(keys, "uniqueName").map(str::to_owned);
        let look = move |tx: &ReadTx<'_>| {
            // What isn't there is nobody's; the handler says so to those who may know.
            let named = match &unique_name {
                None => Ok(id),
                Some(name) => by_unique_name(tx, about, name).map(Some),
            };
            let looked_up =
                named.and_then(|id| known.looked_up(tx, about, user, id.as_deref(), app_id));
            let mut facts = types::found(looked_up)?.unwrap_or_default();
            // Most callers have no roles for which it matters what an object is in.
            if let Some(object) = facts.scopes.first().filter(|_| is_scoped) {
                let units = administrative_units::units_of(tx, *object)?;
                facts.scopes.extend(units.into_iter().map(Id::uuid));
            }
            Ok(facts)
        };
        store.island(caller.tenant)?.read_few(look).await
    }

    fn looked_up(
        &self,
        tx: &ReadTx<'_>,
        about: About,
        user: Uuid,
        id: Option<&str>,
        app_id: Option<Uuid>,
    ) -> Result<Self> {
        let mut facts = self.clone();
        let uuid = id.and_then(types::parse_uuid);
        match (about, uuid, app_id) {
            (About::User, ..) => {
                let found = users::find(tx, id.unwrap_or_default())?;
                facts.roles = rights::all_roles_of(tx, found.id)?;
                // The name that the caller is known by may have gone to somebody else.
                facts.is_self = found.id.uuid() == user;
                facts.has_factor = facts.is_self
                    && (methods::list(tx, found.id)?.iter()).any(|it| it.kind.is_factor());
                facts.scopes = vec![found.id.uuid()];
            }
            (About::Group, Some(id), _) => {
                let id = Id::new(id);
                let group = groups::get(tx, id)?;
                facts.is_for_roles = group.is_assignable_to_role();
                facts.hides_members = group.hides_members();
                facts.is_owner = groups::is_owner(tx, id, user)?;
                facts.is_member = groups::is_member(tx, id, user)?;
                facts.scopes = vec![id.uuid()];
            }
            (About::AdministrativeUnit, Some(id), _) => {
                let unit = administrative_units::get(tx, Id::new(id))?;
                facts.hides_members = unit.hides_members();
                facts.is_member = administrative_units::is_member(tx, unit.id, user)?;
                facts.scopes = vec![id];
            }
            (About::Application, id, app_id) => {
                let id = match (id, app_id) {
                    (Some(id), _) => Some(Id::new(id)),
                    (None, Some(app_id)) => Some(applications::get_by_app_id(tx, app_id)?.id),
                    (None, None) => None,
                };
                if let Some(id) = id {
                    facts.is_owner = owners::is_owner(tx, Owned::Application(id), user)?;
                    facts.scopes = vec![id.uuid()];
                }
            }
            (About::ServicePrincipal, id, app_id) => {
                let id = match (id, app_id) {
                    (Some(id), _) => Some(Id::new(id)),
                    (None, Some(app_id)) => Some(service_principals::get_by_app_id(tx, app_id)?.id),
                    (None, None) => None,
                };
                if let Some(id) = id {
                    facts.is_owner = owners::is_owner(tx, Owned::ServicePrincipal(id), user)?;
                    facts.scopes = vec![id.uuid()];
                }
            }
            (About::Group | About::AdministrativeUnit | About::Object | About::Nothing, ..) => {}
        }
        Ok(facts)
    }
}

/// The id of the object that is named by its `uniqueName`.
fn by_unique_name(tx: &ReadTx<'_>, about: About, name: &str) -> Result<String> {
    match about {
        About::Group => groups::get_by_unique_name(tx, name).map(|group| group.id.to_string()),
        _ => applications::get_by_unique_name(tx, name).map(|found| found.id.to_string()),
    }
}
