//! Administrative units, and who has roles for them.

use super::{OWN_READ, Row, Texts, delete, get, patch, post};
use crate::delegated::UNIT_MEMBERS;

const READ: Texts = &[
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const WRITE: Texts = &[
    "AdministrativeUnit.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const CREATE_GROUP: Texts = &[
    "Directory.ReadWrite.All",
    "Group.Create",
    "Group.ReadWrite.All",
];
const READ_ROLES: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
const WRITE_ROLES: Texts = &["RoleManagement.ReadWrite.Directory"];

const STANDARD: Texts = &["administrativeUnits/standard/read"];
const MEMBERS: Texts = &[UNIT_MEMBERS];
const MEMBERS_UPDATE: Texts = &["administrativeUnits/members/update"];
const ASSIGNMENTS: Texts = &["roleAssignments/standard/read"];

pub(super) static ROWS: &[Row] = &[
    get("/directory/administrativeUnits", READ, STANDARD),
    get("/directory/administrativeUnits/delta()", READ, STANDARD),
    post(
        "/directory/administrativeUnits",
        WRITE,
        &["administrativeUnits/create"],
    ),
    get("/directory/administrativeUnits/{id}", READ, STANDARD),
    patch(
        "/directory/administrativeUnits/{id}",
        WRITE,
        &["administrativeUnits/basic/update"],
    ),
    delete(
        "/directory/administrativeUnits/{id}",
        WRITE,
        &["administrativeUnits/delete"],
    ),
    get("/directory/administrativeUnits/{id}/members", READ, MEMBERS),
    post(
        "/directory/administrativeUnits/{id}/members",
        CREATE_GROUP,
        &["groups/create"],
    ),
    get(
        "/directory/administrativeUnits/{id}/members/{memberId}",
        READ,
        MEMBERS,
    ),
    get(
        "/directory/administrativeUnits/{id}/members/$ref",
        READ,
        MEMBERS,
    ),
    post(
        "/directory/administrativeUnits/{id}/members/$ref",
        WRITE,
        MEMBERS_UPDATE,
    ),
    delete(
        "/directory/administrativeUnits/{id}/members/{memberId}/$ref",
        WRITE,
        MEMBERS_UPDATE,
    ),
    get(
        "/directory/administrativeUnits/{id}/scopedRoleMembers",
        READ_ROLES,
        ASSIGNMENTS,
    ),
    post(
        "/directory/administrativeUnits/{id}/scopedRoleMembers",
        WRITE_ROLES,
        &["roleAssignments/create"],
    ),
    get(
        "/directory/administrativeUnits/{id}/scopedRoleMembers/{membershipId}",
        READ_ROLES,
        ASSIGNMENTS,
    ),
    delete(
        "/directory/administrativeUnits/{id}/scopedRoleMembers/{membershipId}",
        WRITE_ROLES,
        &["roleAssignments/delete"],
    ),
    get("/users/{id}/scopedRoleMemberOf", READ_ROLES, ASSIGNMENTS).own(OWN_READ),
    get(
        "/directoryRoles/{id}/scopedMembers",
        READ_ROLES,
        ASSIGNMENTS,
    ),
];
