//! The types whose changes are told, and their routes.

use directory::administrative_units::{self as units, AdministrativeUnit};
use directory::applications::{self, Application};
use directory::groups::{self, Group};
use directory::roles::{self, Role};
use directory::service_principals::{self, ServicePrincipal};
use directory::users::{self, User};
use types::{Error, Id};

use super::delta;
use super::tracked::{Ends, Many, Relation, Tracked};
use crate::directory_roles::settle;
use crate::hidden_members::HidesMembers;
use crate::query_options::Allowed;
use crate::route::{Routes, Versions};

const USERS: &[&str] = &[
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const GROUPS: &[&str] = &[
    "Group.ReadBasic.All",
    "Group-NestingSupport.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const MEMBERS: &[&str] = &[
    "Group.ReadBasic.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const OWNERS: &[&str] = &[
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const APPLICATIONS: &[&str] = &[
    "Application.ReadWrite.OwnedBy",
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

const ROLES: &[&str] = crate::directory_roles::READ;
const UNITS: &[&str] = crate::administrative_units::READ;

static USER: Tracked<User> = Tracked {
    set: "users",
    purpose: "users/delta",
    kind: "user",
    list: users::list,
    get: |tx, id| users::get(tx, Id::new(id)),
    get_deleted: |tx, id| users::get_deleted(tx, Id::new(id)),
    id: |user| user.id.uuid(),
    project: users::project,
    property_names: users::property_names,
    check_select: users::check_select,
    shows_members: |_, _, _| Ok(true),
    made_of: &[
        ("identities", "userPrincipalName"),
        ("proxyAddresses", "mail"),
    ],
    relations: &[Relation {
        name: "manager",
        by_default: false,
        permissions: USERS,
        ends: Ends::One(|tx, id| Ok(users::manager_of(tx, Id::new(id))?.map(Id::uuid))),
    }],
};

static GROUP: Tracked<Group> = Tracked {
    set: "groups",
    purpose: "groups/delta",
    kind: "group",
    list: groups::list,
    get: |tx, id| groups::get(tx, Id::new(id)),
    get_deleted: |tx, id| groups::get_deleted(tx, Id::new(id)),
    id: |group| group.id.uuid(),
    project: groups::project,
    property_names: groups::property_names,
    check_select: groups::check_select,
    shows_members: HidesMembers::shows_members,
    made_of: &[("proxyAddresses", "mail")],
    relations: &[
        Relation {
            name: "members",
            by_default: true,
            permissions: MEMBERS,
            ends: Ends::Many(Many {
                kind: "groupMember",
                is_members: true,
                to: &["user", "group"],
                page: |tx, id, after, limit| groups::members(tx, Id::new(id), Some(after), limit),
                has: |tx, id, member| groups::is_member(tx, Id::new(id), member),
                holders: groups::with_member,
            }),
        },
        Relation {
            name: "owners",
            by_default: false,
            permissions: OWNERS,
            ends: Ends::Many(Many {
                kind: "groupOwner",
                is_members: false,
                to: &["user", "servicePrincipal"],
                page: |tx, id, after, limit| groups::owners(tx, Id::new(id), Some(after), limit),
                has: |tx, id, owner| groups::is_owner(tx, Id::new(id), owner),
                holders: groups::with_owner,
            }),
        },
    ],
};

static APPLICATION: Tracked<Application> = Tracked {
    set: "applications",
    purpose: "applications/delta",
    kind: "application",
    list: applications::list,
    get: |tx, id| applications::get(tx, Id::new(id)),
    get_deleted: |tx, id| applications::get_deleted(tx, Id::new(id)),
    id: |application| application.id.uuid(),
    project: applications::project,
    property_names: applications::property_names,
    check_select: applications::check_select,
    shows_members: |_, _, _| Ok(true),
    made_of: &[],
    relations: &[],
};

static SERVICE_PRINCIPAL: Tracked<ServicePrincipal> = Tracked {
    set: "servicePrincipals",
    purpose: "servicePrincipals/delta",
    kind: "servicePrincipal",
    list: service_principals::list,
    get: |tx, id| service_principals::get(tx, Id::new(id)),
    get_deleted: |tx, id| service_principals::get_deleted(tx, Id::new(id)),
    id: |principal| principal.id.uuid(),
    project: service_principals::project,
    property_names: service_principals::property_names,
    check_select: service_principals::check_select,
    shows_members: |_, _, _| Ok(true),
    made_of: &[],
    relations: &[],
};

static UNIT: Tracked<AdministrativeUnit> = Tracked {
    set: "directory/administrativeUnits",
    purpose: "administrativeUnits/delta",
    kind: "administrativeUnit",
    list: units::list,
    get: |tx, id| units::get(tx, Id::new(id)),
    get_deleted: |tx, id| units::get_deleted(tx, Id::new(id)),
    id: |unit| unit.id.uuid(),
    project: units::project,
    property_names: units::property_names,
    check_select: units::check_select,
    shows_members: HidesMembers::shows_members,
    made_of: &[],
    relations: &[Relation {
        name: "members",
        by_default: true,
        permissions: UNITS,
        ends: Ends::Many(Many {
            kind: "administrativeUnitMember",
            is_members: true,
            to: &["user", "group"],
            page: |tx, id, after, limit| units::members(tx, Id::new(id), None, Some(after), limit),
            has: |tx, id, member| units::is_member(tx, Id::new(id), member),
            holders: units::with_member,
        }),
    }],
};

static ROLE: Tracked<Role> = Tracked {
    set: "directoryRoles",
    purpose: "directoryRoles/delta",
    kind: "directoryRole",
    list: roles::list_active,
    get: roles::get,
    // One that was active once stays so.
    get_deleted: |_, id| Err(Error::not_found("directoryRole", id)),
    id: |role| role.id,
    project: roles::project,
    property_names: roles::property_names,
    check_select: roles::check_select,
    shows_members: |_, _, _| Ok(true),
    made_of: &[],
    relations: &[Relation {
        name: "members",
        by_default: true,
        permissions: ROLES,
        ends: Ends::Many(Many {
            kind: "roleAssignment",
            is_members: true,
            to: &["user", "group", "servicePrincipal"],
            page: |tx, id, after, limit| {
                let template = roles::get(tx, id)?.built_in.id;
                roles::members(tx, template, None, Some(after), limit)
            },
            has: |tx, id, member| roles::is_member(tx, roles::get(tx, id)?.built_in.id, member),
            holders: roles::with_member,
        }),
    }],
};

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let options = Allowed::SELECT
        .and(Allowed::FILTER)
        .and(Allowed::SKIP_TOKEN)
        .and(Allowed::DELTA_TOKEN);
    routes
        .area("users", Versions::Both)
        .get("/users/delta()", USERS, "Users, and what changed", |call| {
            delta(call, &USER)
        })
        .query(options);
    routes
        .area("groups", Versions::Both)
        .get(
            "/groups/delta()",
            GROUPS,
            "Groups with their members, and what changed",
            |call| delta(call, &GROUP),
        )
        .query(options);
    routes
        .area("applications", Versions::Both)
        .get(
            "/applications/delta()",
            APPLICATIONS,
            "Applications, and what changed",
            |call| delta(call, &APPLICATION),
        )
        .query(options);
    routes
        .area("directoryRoles", Versions::Both)
        .get(
            "/directoryRoles/delta()",
            ROLES,
            "Active roles with their members, and what changed",
            |call| async move {
                settle(&call).await?;
                delta(call, &ROLE).await
            },
        )
        .query(options);
    routes
        .area("administrativeUnits", Versions::Both)
        .get(
            "/directory/administrativeUnits/delta()",
            UNITS,
            "Administrative units with their members, and what changed",
            |call| delta(call, &UNIT),
        )
        .query(options);
    routes
        .area("servicePrincipals", Versions::Both)
        .get(
            "/servicePrincipals/delta()",
            APPLICATIONS,
            "Service principals, and what changed",
            |call| delta(call, &SERVICE_PRINCIPAL),
        )
        .query(options);
}
