//! People: users, their photos, memberships, invitations, what was deleted.

use super::{NONE, OWN_READ, OWN_WRITE, Row, Texts, delete, get, patch, post, put};

const READ: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.Read.All",
    "User.ReadBasic.All",
    "User.ReadWrite.All",
];
const READ_ALL: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
];
const WRITE: Texts = &["Directory.ReadWrite.All", "User.ReadWrite.All"];
const UPDATE: Texts = &[
    "Directory.ReadWrite.All",
    "User-Mail.ReadWrite.All",
    "User-PasswordProfile.ReadWrite.All",
    "User-Phone.ReadWrite.All",
    "User.EnableDisableAccount.All",
    "User.ManageIdentities.All",
    "User.ReadWrite.All",
];
const DELETE: Texts = &["User.DeleteRestore.All", "User.ReadWrite.All"];
const MEMBER_OF: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.ReadBasic.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
];
const TRANSITIVE_MEMBER_OF: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
];
const PHOTO_READ: Texts = &[
    "ProfilePhoto.Read.All",
    "ProfilePhoto.ReadWrite.All",
    "User.ReadBasic.All",
];
const PHOTO_WRITE: Texts = &["ProfilePhoto.ReadWrite.All"];
const MEMBERSHIPS: Texts = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
];
const ASSIGNMENTS_READ: Texts = &["AppRoleAssignment.ReadWrite.All", "Directory.Read.All"];
const ASSIGNMENTS_WRITE: Texts = &["AppRoleAssignment.ReadWrite.All"];
const GRANTS_READ: Texts = &[
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
];
const DELETED_READ: Texts = &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All"];
const DELETED_GROUPS_READ: Texts = &[
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
];
const DELETED_APPS_READ: Texts = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
];
const DELETED_UNITS_READ: Texts = &[
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const DELETED_ANY_READ: Texts = &[
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
];
const DELETED_ANY_WRITE: Texts = &[
    "AdministrativeUnit.ReadWrite.All",
    "User.DeleteRestore.All",
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "Application.ReadWrite.All",
];

/// Whatever of a user may be changed: which of it is decided by the body.
const CHANGES: Texts = &[
    "users/basic/update",
    "users/basicProfile/update",
    "users/mobile/update",
    "users/password/update",
    "users/enable",
    "users/disable",
    "users/userPrincipalName/update",
    "users/usageLocation/update",
    "users/manager/update",
];
const STANDARD: Texts = &["users/standard/read"];
const MANAGER_READ: Texts = &["users/manager/read"];
const MANAGER_UPDATE: Texts = &["users/manager/update"];
const REPORTS_READ: Texts = &["users/directReports/read"];
const MEMBER_OF_READ: Texts = &["users/memberOf/read"];
const SPONSORS_READ: Texts = &["users/sponsors/read"];
const SPONSORS_UPDATE: Texts = &["users/sponsors/update"];
const LOOK: Texts = &["users/photo/read"];
const LOOK_UPDATE: Texts = &["users/photo/update", "users/basicProfile/update"];
const ASSIGN: Texts = &["servicePrincipals/appRoleAssignedTo/update"];
const ANY_STANDARD: Texts = &[
    "users/standard/read",
    "groups/standard/read",
    "servicePrincipals/standard/read",
];
const ANY_MEMBER_OF: Texts = &[
    "users/memberOf/read",
    "groups/memberOf/read",
    "servicePrincipals/memberOf/read",
];
const DELETED_USERS: Texts = &["deletedItems.users/restore", "users/allProperties/read"];
const DELETED_GROUPS: Texts = &["deletedItems.groups/restore", "groups/allProperties/read"];
const DELETED_APPS: Texts = &[
    "deletedItems.applications/restore",
    "applications/allProperties/read",
];
const DELETED_UNITS: Texts = &["administrativeUnits/allProperties/read"];
const DELETED_ANY: Texts = &[
    "administrativeUnits/allProperties/read",
    "deletedItems.users/restore",
    "users/allProperties/read",
    "deletedItems.groups/restore",
    "groups/allProperties/read",
    "deletedItems.applications/restore",
    "applications/allProperties/read",
];
const PURGE_ANY: Texts = &[
    "administrativeUnits/allProperties/allTasks",
    "users/delete",
    "deletedItems.groups/delete",
    "deletedItems.applications/delete",
];
const RESTORE_ANY: Texts = &[
    "administrativeUnits/allProperties/allTasks",
    "deletedItems.users/restore",
    "deletedItems.groups/restore",
    "deletedItems.applications/restore",
];

/// Which of them is needed depends on the resource.
const SUBSCRIBE: Texts = &[
    "User.Read",
    "User.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
];
const SUBSCRIBING: Texts = &["users/standard/read", "groups/standard/read"];

pub(super) static ROWS: &[Row] = &[
    get("/users", READ, STANDARD),
    post("/users", WRITE, &["users/create"]),
    get("/users/delta()", READ_ALL, STANDARD),
    get(
        "/users/{id}",
        READ,
        &["users/standard/read", "users/guestBasicProfile/limitedRead"],
    )
    .own(&["User.Read", "User.ReadWrite"]),
    patch("/users/{id}", UPDATE, CHANGES).own(OWN_WRITE),
    delete("/users/{id}", DELETE, &["users/delete"]).sensitive(),
    post(
        "/users/{id}/revokeSignInSessions",
        &["User.RevokeSessions.All"],
        &["users/invalidateAllRefreshTokens"],
    )
    .sensitive(),
    get("/users/{id}/manager", READ_ALL, MANAGER_READ),
    put("/users/{id}/manager/$ref", WRITE, MANAGER_UPDATE),
    delete("/users/{id}/manager/$ref", WRITE, MANAGER_UPDATE),
    get("/users/{id}/directReports", READ_ALL, REPORTS_READ).own(OWN_READ),
    get("/users/{id}/memberOf", MEMBER_OF, MEMBER_OF_READ).own(OWN_READ),
    get(
        "/users/{id}/memberOf/{memberOfId}",
        // In people's names Graph has it for oneself only.
        NONE,
        NONE,
    )
    .own(OWN_READ),
    get(
        "/users/{id}/transitiveMemberOf",
        TRANSITIVE_MEMBER_OF,
        MEMBER_OF_READ,
    )
    .own(OWN_READ),
    get("/users/{id}/sponsors", READ_ALL, SPONSORS_READ).own(OWN_READ),
    post("/users/{id}/sponsors/$ref", WRITE, SPONSORS_UPDATE),
    delete(
        "/users/{id}/sponsors/{sponsorId}/$ref",
        WRITE,
        SPONSORS_UPDATE,
    ),
    get(
        "/users/{id}/ownedObjects",
        READ_ALL,
        &["users/ownedObjects/read"],
    )
    .own(OWN_READ),
    get("/users/{id}/photo", PHOTO_READ, LOOK).own(OWN_READ),
    get("/users/{id}/photos", PHOTO_READ, LOOK).own(OWN_READ),
    get("/users/{id}/photos/{size}", PHOTO_READ, LOOK).own(OWN_READ),
    get("/users/{id}/photo/$value", PHOTO_READ, LOOK).own(OWN_READ),
    get("/users/{id}/photos/{size}/$value", PHOTO_READ, LOOK).own(OWN_READ),
    put("/users/{id}/photo", PHOTO_WRITE, LOOK_UPDATE).own(OWN_WRITE),
    patch("/users/{id}/photo", PHOTO_WRITE, LOOK_UPDATE).own(OWN_WRITE),
    delete("/users/{id}/photo", PHOTO_WRITE, LOOK_UPDATE).own(OWN_WRITE),
    put("/users/{id}/photo/$value", PHOTO_WRITE, LOOK_UPDATE).own(OWN_WRITE),
    patch("/users/{id}/photo/$value", PHOTO_WRITE, LOOK_UPDATE).own(OWN_WRITE),
    delete("/users/{id}/photo/$value", PHOTO_WRITE, LOOK_UPDATE).own(OWN_WRITE),
    get(
        "/users/{id}/appRoleAssignments",
        ASSIGNMENTS_READ,
        &["users/appRoleAssignments/read"],
    ),
    post("/users/{id}/appRoleAssignments", ASSIGNMENTS_WRITE, ASSIGN),
    get(
        "/users/{id}/appRoleAssignments/{assignmentId}",
        ASSIGNMENTS_READ,
        &["users/appRoleAssignments/read"],
    ),
    delete(
        "/users/{id}/appRoleAssignments/{assignmentId}",
        ASSIGNMENTS_WRITE,
        ASSIGN,
    ),
    get(
        "/users/{id}/oauth2PermissionGrants",
        GRANTS_READ,
        &["users/oAuth2PermissionGrants/read"],
    ),
    post("/users/{id}/getMemberGroups", MEMBERSHIPS, MEMBER_OF_READ),
    post("/users/{id}/getMemberObjects", MEMBERSHIPS, MEMBER_OF_READ).own(OWN_READ),
    post("/users/{id}/checkMemberGroups", MEMBERSHIPS, MEMBER_OF_READ),
    post(
        "/users/{id}/checkMemberObjects",
        MEMBERSHIPS,
        MEMBER_OF_READ,
    )
    .own(OWN_READ),
    get(
        "/directoryObjects/{id}",
        &["Directory.Read.All"],
        ANY_STANDARD,
    ),
    post(
        "/directoryObjects/getByIds",
        &["Directory.Read.All"],
        ANY_STANDARD,
    ),
    post(
        "/directoryObjects/{id}/getMemberGroups",
        MEMBERSHIPS,
        ANY_MEMBER_OF,
    ),
    post(
        "/directoryObjects/{id}/getMemberObjects",
        MEMBERSHIPS,
        ANY_MEMBER_OF,
    )
    .own(OWN_READ),
    post(
        "/directoryObjects/{id}/checkMemberGroups",
        MEMBERSHIPS,
        ANY_MEMBER_OF,
    ),
    post(
        "/directoryObjects/{id}/checkMemberObjects",
        MEMBERSHIPS,
        ANY_MEMBER_OF,
    )
    .own(OWN_READ),
    post(
        "/invitations",
        &[
            "Directory.ReadWrite.All",
            "User.Invite.All",
            "User.ReadWrite.All",
        ],
        &["users/inviteGuest"],
    ),
    get(
        "/directory/deletedItems/microsoft.graph.user",
        DELETED_READ,
        DELETED_USERS,
    ),
    get(
        "/directory/deletedItems/{id}",
        DELETED_ANY_READ,
        DELETED_ANY,
    ),
    delete("/directory/deletedItems/{id}", DELETED_ANY_WRITE, PURGE_ANY),
    post(
        "/directory/deletedItems/{id}/restore",
        DELETED_ANY_WRITE,
        RESTORE_ANY,
    ),
    post(
        "/directory/deletedItems/getUserOwnedObjects",
        &["Group.Read.All", "Group.ReadWrite.All"],
        DELETED_GROUPS,
    ),
    get(
        "/directory/deletedItems/microsoft.graph.group",
        DELETED_GROUPS_READ,
        DELETED_GROUPS,
    ),
    get(
        "/directory/deletedItems/microsoft.graph.application",
        DELETED_APPS_READ,
        DELETED_APPS,
    ),
    get(
        "/directory/deletedItems/microsoft.graph.servicePrincipal",
        DELETED_APPS_READ,
        DELETED_APPS,
    ),
    get(
        "/directory/deletedItems/microsoft.graph.administrativeUnit",
        DELETED_UNITS_READ,
        DELETED_UNITS,
    ),
    // Those that a client has made in the user's name; what the user may be told of, the handler decides.
    get("/subscriptions", SUBSCRIBE, SUBSCRIBING),
    post("/subscriptions", SUBSCRIBE, SUBSCRIBING),
    get("/subscriptions/{id}", SUBSCRIBE, SUBSCRIBING),
    patch("/subscriptions/{id}", SUBSCRIBE, SUBSCRIBING),
    delete("/subscriptions/{id}", SUBSCRIBE, SUBSCRIBING),
    post("/subscriptions/{id}/reauthorize", SUBSCRIBE, SUBSCRIBING),
];
