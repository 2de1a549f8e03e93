//! Resources that Graph doesn't have. They ask for what its nearest ones do: sharing for what
//! cross-tenant synchronization does, admission and readiness for what the access policy does, keys
//! for what the organization does.

use super::organization::SECURITY_READER;
use super::{Row, Texts, delete, get, patch, post, put};

const SYNC_READ: Texts = &["Synchronization.Read.All", "Synchronization.ReadWrite.All"];
const SYNC_WRITE: Texts = &["Synchronization.ReadWrite.All"];
const POLICY_READ: Texts = &["Policy.Read.All", "Policy.ReadWrite.CrossTenantAccess"];
const POLICY_WRITE: Texts = &["Policy.ReadWrite.CrossTenantAccess"];
const MTO_READ: Texts = &[
    "MultiTenantOrganization.Read.All",
    "MultiTenantOrganization.ReadWrite.All",
];
const MTO_WRITE: Texts = &["MultiTenantOrganization.ReadWrite.All"];
const KEYS_READ: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "User.Read.All",
];
const KEYS_WRITE: Texts = &["Organization.ReadWrite.All"];

const KEYS: Texts = &["organization/standard/read"];
const ROTATE: Texts = &["organization/allProperties/allTasks"];
const SHARING: Texts = &["servicePrincipals/synchronization/standard/read"];
const SHARE: Texts = &["servicePrincipals/synchronization.cloudTenantToCloudTenant/jobs/manage"];
const SCHEMA: Texts = &["servicePrincipals/synchronization.cloudTenantToCloudTenant/schema/manage"];
const POLICY: Texts = &["crossTenantAccessPolicy/standard/read", SECURITY_READER];
const ADMIT: Texts = &["crossTenantAccessPolicy/partners/identitySynchronization/basic/update"];
const MEND: Texts = &["crossTenantAccessPolicy/partners/b2bCollaboration/update"];
const DOORS: Texts = &["multiTenantOrganization/joinRequest/standard/read"];
const JOIN: Texts = &["multiTenantOrganization/joinRequest/organizationDetails/update"];
const DETAILS: Texts = &["multiTenantOrganization/tenants/organizationDetails/read"];
const DEPART: Texts = &["multiTenantOrganization/tenants/delete"];

pub(super) static ROWS: &[Row] = &[
    get("/isopolity/signingKeys", KEYS_READ, KEYS),
    post("/isopolity/signingKeys/rotate", KEYS_WRITE, ROTATE),
    get("/isopolity/userSharing/default", SYNC_READ, SHARING),
    put("/isopolity/userSharing/default", SYNC_WRITE, SHARE),
    post("/isopolity/userSharing/default/preview", SYNC_READ, SHARING),
    get("/isopolity/userSharing/tenants", SYNC_READ, SHARING),
    get(
        "/isopolity/userSharing/tenants/{tenantId}",
        SYNC_READ,
        SHARING,
    ),
    put(
        "/isopolity/userSharing/tenants/{tenantId}",
        SYNC_WRITE,
        SHARE,
    ),
    delete(
        "/isopolity/userSharing/tenants/{tenantId}",
        SYNC_WRITE,
        SHARE,
    ),
    post(
        "/isopolity/userSharing/tenants/{tenantId}/preview",
        SYNC_READ,
        SHARING,
    ),
    post(
        "/isopolity/userSharing/tenants/{tenantId}/pause",
        SYNC_WRITE,
        SHARE,
    ),
    post(
        "/isopolity/userSharing/tenants/{tenantId}/resume",
        SYNC_WRITE,
        SHARE,
    ),
    get(
        "/isopolity/userSharing/tenants/{tenantId}/failures",
        SYNC_READ,
        SHARING,
    ),
    get(
        "/isopolity/userSharing/tenants/{tenantId}/deletions",
        SYNC_READ,
        SHARING,
    ),
    post(
        "/isopolity/userSharing/tenants/{tenantId}/deletions/allow",
        SYNC_WRITE,
        SHARE,
    ),
    get(
        "/isopolity/userSharing/tenants/{tenantId}/groups",
        SYNC_READ,
        SHARING,
    ),
    get(
        "/isopolity/userSharing/tenants/{tenantId}/schema",
        SYNC_READ,
        SHARING,
    ),
    put(
        "/isopolity/userSharing/tenants/{tenantId}/schema",
        SYNC_WRITE,
        SCHEMA,
    ),
    patch(
        "/isopolity/userSharing/tenants/{tenantId}/schema",
        SYNC_WRITE,
        SCHEMA,
    ),
    delete(
        "/isopolity/userSharing/tenants/{tenantId}/schema",
        SYNC_WRITE,
        SCHEMA,
    ),
    post(
        "/isopolity/userSharing/tenants/{tenantId}/schema/preview",
        SYNC_READ,
        SHARING,
    ),
    post(
        "/isopolity/userSharing/tenants/{tenantId}/provisionOnDemand",
        SYNC_WRITE,
        SHARE,
    ),
    get("/isopolity/userSharing/deletionGuard", SYNC_READ, SHARING),
    patch("/isopolity/userSharing/deletionGuard", SYNC_WRITE, SHARE),
    post("/isopolity/explain", POLICY_READ, POLICY),
    get("/isopolity/admission/default", POLICY_READ, POLICY),
    patch("/isopolity/admission/default", POLICY_WRITE, ADMIT),
    get("/isopolity/admission/tenants", POLICY_READ, POLICY),
    get(
        "/isopolity/admission/tenants/{tenantId}",
        POLICY_READ,
        POLICY,
    ),
    patch(
        "/isopolity/admission/tenants/{tenantId}",
        POLICY_WRITE,
        ADMIT,
    ),
    delete(
        "/isopolity/admission/tenants/{tenantId}",
        POLICY_WRITE,
        ADMIT,
    ),
    get(
        "/isopolity/admission/tenants/{tenantId}/coming",
        POLICY_READ,
        POLICY,
    ),
    get(
        "/isopolity/admission/tenants/{tenantId}/users",
        POLICY_READ,
        POLICY,
    ),
    post(
        "/isopolity/admission/tenants/{tenantId}/users/{id}/release",
        POLICY_WRITE,
        ADMIT,
    ),
    post(
        "/isopolity/admission/tenants/{tenantId}/users/{id}/refuse",
        POLICY_WRITE,
        ADMIT,
    ),
    get("/isopolity/readiness", POLICY_READ, POLICY),
    post("/isopolity/readiness/mend", POLICY_WRITE, MEND),
    get("/isopolity/requests", POLICY_READ, POLICY),
    get("/isopolity/requests/{id}", POLICY_READ, POLICY),
    post("/isopolity/requests/{id}/accept", POLICY_WRITE, MEND),
    post("/isopolity/requests/{id}/decline", POLICY_WRITE, MEND),
    get("/isopolity/invitations", MTO_READ, DOORS),
    get("/isopolity/invitations/{tenantId}", MTO_READ, DOORS),
    post("/isopolity/invitations/{tenantId}/preview", MTO_READ, DOORS),
    get(
        "/isopolity/invitations/{tenantId}/sharing",
        SYNC_READ,
        SHARING,
    ),
    post("/isopolity/invitations/{tenantId}/accept", MTO_WRITE, JOIN),
    post("/isopolity/invitations/{tenantId}/decline", MTO_WRITE, JOIN),
    get("/isopolity/departures", MTO_READ, DETAILS),
    post("/isopolity/departures", MTO_WRITE, DEPART),
    get("/isopolity/departures/{id}", MTO_READ, DETAILS),
    post("/isopolity/departures/{id}/undo", MTO_WRITE, DEPART),
];
