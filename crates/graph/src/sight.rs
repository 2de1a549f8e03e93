//! What a caller's permissions let it see of an object that it comes across.
//!
//! Some permissions open a route but not all that its answer may hold: a list of a group's members
//! is open to whoever reads memberships, what the members are is not. What a caller may not see is
//! there with null, as in Graph; it can't be filtered by either, or the filter would tell.
//!
//! Source: Microsoft Graph permissions reference (`User.ReadBasic.All`), "limited information
//! returned for inaccessible member objects".

use directory::groups::LinkKind;
use serde_json::Value;
use types::Error;

use crate::caller::Caller;
use crate::listing::Shown;

const DIRECTORY: [&str; 2] = ["Directory.Read.All", "Directory.ReadWrite.All"];
const USERS: [&str; 2] = ["User.Read.All", "User.ReadWrite.All"];
const USERS_BASIC: [&str; 2] = ["User.ReadBasic.All", "User.ReadWrite.CrossCloud"];
const GROUPS: [&str; 10] = [
    "Group-NestingSupport.ReadWrite.All",
    "Group-PreferredDataLocation.ReadWrite.All",
    "Group-XTenantIdentitySync.Read.All",
    "Group.ManageProtection.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "GroupMember.ReadWrite.All",
];
const SERVICE_PRINCIPALS: [&str; 3] = [
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
];
const ROLES: [&str; 3] = [
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
const UNITS: [&str; 2] = [
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
];
const BASIC: [&str; 7] = [
    "displayName",
    "givenName",
    "id",
    "mail",
    "securityIdentifier",
    "surname",
    "userPrincipalName",
];

/// How much is seen of objects of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// All of them.
    Whole,
    /// Of users what a colleague's card has.
    Basic,
    /// That they are there.
    Id,
}

/// How much a caller sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sights {
    pub(crate) users: Sight,
    groups: Sight,
    service_principals: Sight,
    roles: Sight,
    units: Sight,
}

impl Sights {
    /// What the caller's permissions say, and the rights of the user who is signed in.
    pub(crate) fn of(caller: &Caller) -> Self {
        let any = |permissions: &[&str]| permissions.iter().any(|name| caller.may(name));
        let whole = |permissions: &[&str]| {
            if any(permissions) || any(&DIRECTORY) {
                Sight::Whole
            } else {
                Sight::Id
            }
        };
        // No more than the user may see who is signed in.
        let seen = |sight: Sight, whole: &[&str], basic: &str| match sight {
            Sight::Whole | Sight::Basic if !whole.iter().any(|action| caller.has_right(action)) => {
                if caller.has_right(basic) {
                    Sight::Basic
                } else {
                    Sight::Id
                }
            }
            sight => sight,
        };
        let users = match whole(&USERS) {
            Sight::Id if any(&USERS_BASIC) => Sight::Basic,
            sight => sight,
        };
        Self {
            users: seen(
                users,
                &["users/standard/read"],
                "users/guestBasicProfile/limitedRead",
            ),
            groups: seen(
                whole(&GROUPS),
                &["groups/standard/read", "groups/standard/limitedRead"],
                "",
            ),
            service_principals: seen(
                whole(&SERVICE_PRINCIPALS),
                &[
                    "servicePrincipals/standard/read",
                    "servicePrincipals/standard/limitedRead",
                ],
                "",
            ),
            roles: seen(whole(&ROLES), &["directoryRoles/standard/read"], ""),
            units: seen(whole(&UNITS), &["administrativeUnits/standard/read"], ""),
        }
    }

    /// How much is seen of objects of a type.
    pub(crate) const fn on(self, kind: LinkKind) -> Sight {
        match kind {
            LinkKind::User => self.users,
            LinkKind::Group => self.groups,
            LinkKind::ServicePrincipal => self.service_principals,
            LinkKind::DirectoryRole => self.roles,
            LinkKind::AdministrativeUnit => self.units,
        }
    }
}

impl Sight {
    /// Whether it shows a property.
    pub(crate) fn shows(self, property: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::Basic => BASIC.iter().any(|own| own.eq_ignore_ascii_case(property)),
            Self::Id => property.eq_ignore_ascii_case("id"),
        }
    }

    /// Takes the values away that aren't seen.
    pub(crate) fn narrow(self, shown: &mut Shown) {
        for (name, value) in shown.iter_mut() {
            if !name.starts_with('@') && !self.shows(name) {
                *value = match value {
                    Value::Array(_) => Value::Array(Vec::new()),
                    _ => Value::Null,
                };
            }
        }
    }

    /// That a filter asks for nothing that isn't seen.
    pub(crate) fn check_filter(self, filter: &query::Filter) -> types::Result<()> {
        match filter.names(|name| !self.shows(name)) {
            None => Ok(()),
            Some(name) => Err(Error::forbidden(format!(
                "Insufficient privileges to complete the operation: filtering by '{name}' needs a permission that reads all properties."
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_seen_is_null() {
        let shown = || {
            json!({ "@odata.type": "#microsoft.graph.user", "id": "1", "displayName": "Ann",
            "jobTitle": "Cook", "businessPhones": ["1"] })
        };
        for (sight, seen) in [
            (Sight::Whole, shown()),
            (
                Sight::Basic,
                json!({ "@odata.type": "#microsoft.graph.user", "id": "1", "displayName": "Ann",
                "jobTitle": null, "businessPhones": [] }),
            ),
            (
                Sight::Id,
                json!({ "@odata.type": "#microsoft.graph.user", "id": "1", "displayName": null,
                "jobTitle": null, "businessPhones": [] }),
            ),
        ] {
            let Value::Object(mut object) = shown() else {
                unreachable!()
            };
            sight.narrow(&mut object);
            assert_eq!(Value::Object(object), seen);
        }
    }

    #[test]
    fn filters_tell_nothing_that_is_not_seen() {
        let allows = |filter: &str| {
            let filter = query::parse_filter(filter).unwrap();
            Sight::Basic.check_filter(&filter).is_ok()
        };
        assert!(allows(
            "displayName eq 'a' and startswith(SURNAME,'b') or id in ('c')"
        ));
        for filter in [
            "jobTitle eq 'a'",
            "displayName eq 'a' or not (startswith(city,'b'))",
            "otherMails/any(m:m eq 'a')",
            "department in ('a','b')",
        ] {
            assert!(!allows(filter), "{filter}");
        }
    }
}
