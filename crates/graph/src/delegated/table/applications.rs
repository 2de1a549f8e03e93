//! Applications, service principals, their synchronization, app roles and permission grants.

use super::{Row, Texts, delete, get, patch, post, put};

const READ: Texts = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const REGISTER: Texts = &["AppRegistration.Create", "Application.ReadWrite.All"];
const WRITE: Texts = &["Application.ReadWrite.All"];
const WRITE_DIRECTORY: Texts = &["Application.ReadWrite.All", "Directory.ReadWrite.All"];
const ASSIGN: Texts = &["AppRoleAssignment.ReadWrite.All"];
const TAKE_BACK: Texts = &[
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.All",
];
const GRANTS_READ: Texts = &[
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const GRANTS_WRITE: Texts = &[
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const SYNC_READ: Texts = &["Synchronization.Read.All", "Synchronization.ReadWrite.All"];
const SYNC_WRITE: Texts = &["Synchronization.ReadWrite.All"];
const DISCOVER: Texts = &["Directory.ReadWrite.All"];
const MEMBERSHIPS: Texts = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

const APP: Texts = &["applications/standard/read"];
const ONE_APP: Texts = &[
    "applications/standard/read",
    "applications/standard/limitedRead",
];
const CREDENTIALS: Texts = &["applications/credentials/update"];
const APP_OWNERS: Texts = &[
    "applications/owners/read",
    "applications/owners/limitedRead",
];
const APP_OWNERS_UPDATE: Texts = &["applications/owners/update"];
const PRINCIPAL: Texts = &["servicePrincipals/standard/read"];
const ONE_PRINCIPAL: Texts = &[
    "servicePrincipals/standard/read",
    "servicePrincipals/standard/limitedRead",
];
const PRINCIPAL_CREDENTIALS: Texts = &["servicePrincipals/credentials/update"];
const PRINCIPAL_OWNERS: Texts = &[
    "servicePrincipals/owners/read",
    "servicePrincipals/owners/limitedRead",
];
const PRINCIPAL_OWNERS_UPDATE: Texts = &["servicePrincipals/owners/update"];
const MEMBER_OF: Texts = &["servicePrincipals/memberOf/read"];
const ROLES_HAD: Texts = &[
    "servicePrincipals/appRoleAssignments/read",
    "servicePrincipals/appRoleAssignments/limitedRead",
];
const ROLES_GIVEN: Texts = &[
    "servicePrincipals/appRoleAssignedTo/read",
    "servicePrincipals/appRoleAssignedTo/limitedRead",
];
const ROLES_UPDATE: Texts = &["servicePrincipals/appRoleAssignedTo/update"];
const SYNC: Texts = &["servicePrincipals/synchronization/standard/read"];
const JOBS: Texts = &["servicePrincipals/synchronization.cloudTenantToCloudTenant/jobs/manage"];
const SECRETS: Texts =
    &["servicePrincipals/synchronization.cloudTenantToCloudTenant/credentials/manage"];
const SCHEMA: Texts = &["servicePrincipals/synchronization.cloudTenantToCloudTenant/schema/manage"];

/// The routes of synchronization, which stand below service principals and applications.
macro_rules! synchronization {
    ($($set:literal),*) => { &[$(
        get(concat!($set, "/synchronization"), SYNC_READ, SYNC),
        get(concat!($set, "/synchronization/templates"), SYNC_READ, SYNC),
        get(concat!($set, "/synchronization/templates/{templateId}"), SYNC_READ, SYNC),
        get(concat!($set, "/synchronization/secrets"), SYNC_READ, SYNC),
        put(concat!($set, "/synchronization/secrets"), SYNC_WRITE, SECRETS),
        get(concat!($set, "/synchronization/jobs"), SYNC_READ, SYNC),
        post(concat!($set, "/synchronization/jobs"), SYNC_WRITE, JOBS),
        post(concat!($set, "/synchronization/jobs/validateCredentials"), SYNC_WRITE, SECRETS),
        get(concat!($set, "/synchronization/jobs/{jobId}"), SYNC_READ, SYNC),
        patch(concat!($set, "/synchronization/jobs/{jobId}"), SYNC_WRITE, JOBS),
        delete(concat!($set, "/synchronization/jobs/{jobId}"), SYNC_WRITE, JOBS),
        post(concat!($set, "/synchronization/jobs/{jobId}/start"), SYNC_WRITE, JOBS),
        post(concat!($set, "/synchronization/jobs/{jobId}/pause"), SYNC_WRITE, JOBS),
        post(concat!($set, "/synchronization/jobs/{jobId}/restart"), SYNC_WRITE, JOBS),
        post(concat!($set, "/synchronization/jobs/{jobId}/validateCredentials"), SYNC_WRITE, SECRETS),
        post(concat!($set, "/synchronization/jobs/{jobId}/provisionOnDemand"), SYNC_WRITE, JOBS),
        get(concat!($set, "/synchronization/jobs/{jobId}/schema"), SYNC_READ, SYNC),
        put(concat!($set, "/synchronization/jobs/{jobId}/schema"), SYNC_WRITE, SCHEMA),
        patch(concat!($set, "/synchronization/jobs/{jobId}/schema"), SYNC_WRITE, SCHEMA),
        delete(concat!($set, "/synchronization/jobs/{jobId}/schema"), SYNC_WRITE, SCHEMA),
        get(concat!($set, "/synchronization/jobs/{jobId}/schema/functions()"), SYNC_WRITE, SYNC),
        get(concat!($set, "/synchronization/jobs/{jobId}/schema/filterOperators()"), SYNC_WRITE, SYNC),
        post(concat!($set, "/synchronization/jobs/{jobId}/schema/parseExpression"), SYNC_WRITE, SYNC),
        get(concat!($set, "/synchronization/jobs/{jobId}/schema/directories"), SYNC_READ, SYNC),
        get(concat!($set, "/synchronization/jobs/{jobId}/schema/directories/{directoryId}"), SYNC_READ, SYNC),
        post(concat!($set, "/synchronization/jobs/{jobId}/schema/directories/{directoryId}/discover"), DISCOVER, SCHEMA),
        get(concat!($set, "/synchronization/templates/{templateId}/schema"), SYNC_READ, SYNC),
        get(concat!($set, "/synchronization/templates/{templateId}/schema/functions()"), SYNC_WRITE, SYNC),
        get(concat!($set, "/synchronization/templates/{templateId}/schema/filterOperators()"), SYNC_WRITE, SYNC),
        post(concat!($set, "/synchronization/templates/{templateId}/schema/parseExpression"), SYNC_WRITE, SYNC),
        get(concat!($set, "/synchronization/templates/{templateId}/schema/directories"), SYNC_READ, SYNC),
        get(concat!($set, "/synchronization/templates/{templateId}/schema/directories/{directoryId}"), SYNC_READ, SYNC),
        post(concat!($set, "/synchronization/templates/{templateId}/schema/directories/{directoryId}/discover"), DISCOVER, SCHEMA),
    )*] };
}

pub(super) static SYNCHRONIZATION: &[Row] =
    synchronization!("/servicePrincipals/{id}", "/applications/{id}");

pub(super) static ROWS: &[Row] = &[
    get("/applications", READ, APP),
    get("/applications/delta()", READ, APP),
    post(
        "/applications",
        REGISTER,
        &["applications/create", "applications/createAsOwner"],
    ),
    get("/applications/{id}", READ, ONE_APP),
    patch("/applications/{id}", WRITE, &["applications/basic/update"]),
    delete("/applications/{id}", WRITE, &["applications/delete"]),
    post(
        "/applications/{id}/addPassword",
        WRITE_DIRECTORY,
        CREDENTIALS,
    ),
    post(
        "/applications/{id}/removePassword",
        WRITE_DIRECTORY,
        CREDENTIALS,
    ),
    post("/applications/{id}/addKey", WRITE_DIRECTORY, CREDENTIALS),
    post("/applications/{id}/removeKey", WRITE_DIRECTORY, CREDENTIALS),
    get("/applications/{id}/owners", READ, APP_OWNERS),
    post(
        "/applications/{id}/owners/$ref",
        WRITE_DIRECTORY,
        APP_OWNERS_UPDATE,
    ),
    delete(
        "/applications/{id}/owners/{ownerId}/$ref",
        WRITE_DIRECTORY,
        APP_OWNERS_UPDATE,
    ),
    get("/servicePrincipals", READ, PRINCIPAL),
    get("/servicePrincipals/delta()", READ, PRINCIPAL),
    post(
        "/servicePrincipals",
        WRITE_DIRECTORY,
        &[
            "servicePrincipals/create",
            "servicePrincipals/createAsOwner",
        ],
    ),
    get("/servicePrincipals/{id}", READ, ONE_PRINCIPAL),
    patch(
        "/servicePrincipals/{id}",
        WRITE_DIRECTORY,
        &["servicePrincipals/basic/update"],
    ),
    delete(
        "/servicePrincipals/{id}",
        WRITE_DIRECTORY,
        &["servicePrincipals/delete"],
    ),
    post(
        "/servicePrincipals/{id}/addPassword",
        WRITE_DIRECTORY,
        PRINCIPAL_CREDENTIALS,
    ),
    post(
        "/servicePrincipals/{id}/removePassword",
        WRITE_DIRECTORY,
        PRINCIPAL_CREDENTIALS,
    ),
    post(
        "/servicePrincipals/{id}/addKey",
        WRITE_DIRECTORY,
        PRINCIPAL_CREDENTIALS,
    ),
    post(
        "/servicePrincipals/{id}/removeKey",
        WRITE_DIRECTORY,
        PRINCIPAL_CREDENTIALS,
    ),
    get("/servicePrincipals/{id}/owners", READ, PRINCIPAL_OWNERS),
    post(
        "/servicePrincipals/{id}/owners/$ref",
        WRITE_DIRECTORY,
        PRINCIPAL_OWNERS_UPDATE,
    ),
    delete(
        "/servicePrincipals/{id}/owners/{ownerId}/$ref",
        WRITE_DIRECTORY,
        PRINCIPAL_OWNERS_UPDATE,
    ),
    get(
        "/servicePrincipals/{id}/ownedObjects",
        READ,
        &[
            "servicePrincipals/ownedObjects/read",
            "servicePrincipals/ownedObjects/limitedRead",
        ],
    ),
    get("/servicePrincipals/{id}/memberOf", READ, MEMBER_OF),
    get(
        "/servicePrincipals/{id}/transitiveMemberOf",
        READ,
        MEMBER_OF,
    ),
    post(
        "/servicePrincipals/{id}/getMemberGroups",
        MEMBERSHIPS,
        MEMBER_OF,
    ),
    post(
        "/servicePrincipals/{id}/getMemberObjects",
        MEMBERSHIPS,
        MEMBER_OF,
    ),
    post(
        "/servicePrincipals/{id}/checkMemberGroups",
        MEMBERSHIPS,
        MEMBER_OF,
    ),
    post(
        "/servicePrincipals/{id}/checkMemberObjects",
        MEMBERSHIPS,
        MEMBER_OF,
    ),
    // Whoever owns a client could give it any role; it is the resource's owner who decides.
    get(
        "/servicePrincipals/{id}/appRoleAssignments",
        READ,
        ROLES_HAD,
    ),
    get(
        "/servicePrincipals/{id}/appRoleAssignments/{assignmentId}",
        READ,
        ROLES_HAD,
    ),
    post(
        "/servicePrincipals/{id}/appRoleAssignments",
        ASSIGN,
        ROLES_UPDATE,
    )
    .unowned(),
    delete(
        "/servicePrincipals/{id}/appRoleAssignments/{assignmentId}",
        TAKE_BACK,
        ROLES_UPDATE,
    )
    .unowned(),
    get(
        "/servicePrincipals/{id}/appRoleAssignedTo",
        READ,
        ROLES_GIVEN,
    ),
    get(
        "/servicePrincipals/{id}/appRoleAssignedTo/{assignmentId}",
        READ,
        ROLES_GIVEN,
    ),
    post(
        "/servicePrincipals/{id}/appRoleAssignedTo",
        ASSIGN,
        ROLES_UPDATE,
    ),
    delete(
        "/servicePrincipals/{id}/appRoleAssignedTo/{assignmentId}",
        TAKE_BACK,
        ROLES_UPDATE,
    ),
    get(
        "/oauth2PermissionGrants",
        GRANTS_READ,
        &["oAuth2PermissionGrants/standard/read"],
    ),
    get(
        "/oauth2PermissionGrants/{id}",
        GRANTS_READ,
        &["oAuth2PermissionGrants/standard/read"],
    ),
    post(
        "/oauth2PermissionGrants",
        GRANTS_WRITE,
        &["oAuth2PermissionGrants/create"],
    ),
    patch(
        "/oauth2PermissionGrants/{id}",
        GRANTS_WRITE,
        &["oAuth2PermissionGrants/basic/update"],
    ),
    delete(
        "/oauth2PermissionGrants/{id}",
        GRANTS_WRITE,
        &["oAuth2PermissionGrants/delete"],
    ),
    get(
        "/servicePrincipals/{id}/oauth2PermissionGrants",
        GRANTS_READ,
        &[
            "servicePrincipals/oAuth2PermissionGrants/read",
            "servicePrincipals/oAuth2PermissionGrants/limitedRead",
        ],
    ),
    get("/applicationTemplates", READ, APP),
    get("/applicationTemplates/{id}", READ, APP),
    post(
        "/applicationTemplates/{id}/instantiate",
        WRITE_DIRECTORY,
        &["applicationTemplates/instantiate"],
    ),
];
