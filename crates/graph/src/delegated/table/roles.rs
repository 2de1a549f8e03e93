//! Directory roles and the audit logs.

use super::{Row, Texts, delete, get, patch, post};

const READ: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
const READ_ROLES: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
const WRITE: Texts = &["RoleManagement.ReadWrite.Directory"];
const DEFINE: Texts = &[
    "Directory.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
];
const AUDIT: Texts = &["AuditLog.Read.All", "Directory.Read.All"];
const SIGN_INS: Texts = &["AuditLog.Read.All"];
const PROVISIONING: Texts = &[
    "AuditLog.Read.All",
    "Directory.Read.All",
    "ProvisioningLog.Read.All",
];

const TEMPLATES: Texts = &["directoryRoleTemplates/allProperties/read"];
const ROLES: Texts = &["directoryRoles/standard/read"];
const MEMBERS: Texts = &["directoryRoles/members/read"];
const MEMBERS_UPDATE: Texts = &["directoryRoles/members/update"];
const DEFINITIONS: Texts = &["roleDefinitions/standard/read"];
const ASSIGNMENTS: Texts = &["roleAssignments/standard/read"];
const AUDITS: Texts = &["auditLogs/allProperties/read"];
const SIGN_IN_REPORTS: Texts = &["signInReports/allProperties/read"];

pub(super) static ROWS: &[Row] = &[
    get("/directoryRoleTemplates", READ_ROLES, TEMPLATES),
    get("/directoryRoleTemplates/{id}", READ_ROLES, TEMPLATES),
    get("/directoryRoles", READ_ROLES, ROLES),
    post("/directoryRoles", WRITE, &["directoryRoles/create"]),
    get("/directoryRoles/delta()", READ_ROLES, ROLES),
    get("/directoryRoles/{id}", READ_ROLES, ROLES),
    get("/directoryRoles/{id}/members", READ_ROLES, MEMBERS),
    post("/directoryRoles/{id}/members/$ref", WRITE, MEMBERS_UPDATE),
    delete(
        "/directoryRoles/{id}/members/{memberId}/$ref",
        WRITE,
        MEMBERS_UPDATE,
    ),
    get(
        "/roleManagement/directory/roleDefinitions",
        READ,
        DEFINITIONS,
    ),
    post(
        "/roleManagement/directory/roleDefinitions",
        DEFINE,
        &["roleDefinitions/create"],
    ),
    get(
        "/roleManagement/directory/roleDefinitions/{id}",
        READ,
        DEFINITIONS,
    ),
    get(
        "/roleManagement/directory/roleDefinitions/{id}/assignedPrincipals()",
        &[
            "Directory.Read.All",
            "RoleManagement.Read.Directory",
            "RoleManagement.ReadWrite.Directory",
        ],
        ASSIGNMENTS,
    ),
    patch(
        "/roleManagement/directory/roleDefinitions/{id}",
        DEFINE,
        &["roleDefinitions/basic/update"],
    ),
    delete(
        "/roleManagement/directory/roleDefinitions/{id}",
        DEFINE,
        &["roleDefinitions/delete"],
    ),
    get(
        "/roleManagement/directory/roleAssignments",
        READ,
        ASSIGNMENTS,
    ),
    post(
        "/roleManagement/directory/roleAssignments",
        WRITE,
        &["roleAssignments/create"],
    ),
    get(
        "/roleManagement/directory/roleAssignments/{id}",
        READ,
        ASSIGNMENTS,
    ),
    delete(
        "/roleManagement/directory/roleAssignments/{id}",
        WRITE,
        &["roleAssignments/delete"],
    ),
    get("/auditLogs/directoryAudits", AUDIT, AUDITS),
    get("/auditLogs/directoryAudits/{id}", AUDIT, AUDITS),
    get("/auditLogs/signIns", SIGN_INS, SIGN_IN_REPORTS),
    get("/auditLogs/signIns/{id}", SIGN_INS, SIGN_IN_REPORTS),
    get(
        "/auditLogs/provisioning",
        PROVISIONING,
        &["provisioningLogs/allProperties/read"],
    ),
];
