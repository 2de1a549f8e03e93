//! The tenant, its domains and policies, and the multi-tenant organization.

use super::{Row, Texts, delete, get, patch, post, put};

const ORGANIZATION: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "User.Read",
    "User.Read.All",
];
const BRANDING_READ: Texts = &[
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "OrganizationalBranding.Read.All",
    "OrganizationalBranding.ReadWrite.All",
    "User.Read",
    "User.Read.All",
];
const BRANDING_IMAGE_READ: Texts = &[
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "OrganizationalBranding.Read.All",
    "OrganizationalBranding.ReadWrite.All",
];
const BRANDING: Texts = &[
    "Organization.ReadWrite.All",
    "OrganizationalBranding.ReadWrite.All",
];
const DOMAINS: Texts = &[
    "Directory.Read.All",
    "Domain.Read.All",
    "Domain.ReadWrite.All",
];
const RECORDS: Texts = &["Domain.Read.All", "Domain.ReadWrite.All"];
const DOMAINS_WRITE: Texts = &["Domain.ReadWrite.All"];
const POLICY: Texts = &["Policy.Read.All", "Policy.ReadWrite.CrossTenantAccess"];
const POLICY_WRITE: Texts = &["Policy.ReadWrite.CrossTenantAccess"];
const MTO_BASIC: Texts = &[
    "MultiTenantOrganization.Read.All",
    "MultiTenantOrganization.ReadBasic.All",
    "MultiTenantOrganization.ReadWrite.All",
];
const MTO: Texts = &[
    "MultiTenantOrganization.Read.All",
    "MultiTenantOrganization.ReadWrite.All",
];
const MTO_WRITE: Texts = &["MultiTenantOrganization.ReadWrite.All"];
const FIND: Texts = &["CrossTenantInformation.ReadBasic.All"];

const TENANT: Texts = &[
    "organization/standard/read",
    "organization/basicProfile/read",
];
const BRANDING_CHANGE: Texts = &["loginOrganizationBranding/allProperties/allTasks"];
const DOMAIN: Texts = &["domains/standard/read"];
/// Graph's pages let Security Readers read the policy, though the list of their actions lacks its
/// own; this one they have, and nobody else who may not.
pub(super) const SECURITY_READER: &str = "crossTenantAccessPolicy/partners/templates/\
     multiTenantOrganizationPartnerConfiguration/standard/read";
const POLICY_READ: Texts = &["crossTenantAccessPolicy/standard/read", SECURITY_READER];
const DEFAULT_READ: Texts = &[
    "crossTenantAccessPolicy/default/standard/read",
    SECURITY_READER,
];
const DEFAULT_UPDATE: Texts = &["crossTenantAccessPolicy/default/b2bCollaboration/update"];
const PARTNER_READ: Texts = &[
    "crossTenantAccessPolicy/partners/standard/read",
    SECURITY_READER,
];
const PARTNER_UPDATE: Texts = &["crossTenantAccessPolicy/partners/b2bCollaboration/update"];
const SYNC_READ: Texts = &[
    "crossTenantAccessPolicy/partners/identitySynchronization/standard/read",
    SECURITY_READER,
];
const SYNC_CREATE: Texts = &["crossTenantAccessPolicy/partners/identitySynchronization/create"];
const SYNC_UPDATE: Texts =
    &["crossTenantAccessPolicy/partners/identitySynchronization/basic/update"];
const FOUND: Texts = &["multiTenantOrganization/tenants/organizationDetails/read"];

macro_rules! template {
    ($name:literal, $action:literal) => {
        concat!(
            "crossTenantAccessPolicy/partners/templates/",
            $name,
            $action
        )
    };
}
macro_rules! templates {
    ($($name:literal),*) => { &[$(
        get(
            concat!("/policies/crossTenantAccessPolicy/templates/", $name),
            POLICY,
            &[template!($name, "/standard/read")],
        ),
        patch(
            concat!("/policies/crossTenantAccessPolicy/templates/", $name),
            POLICY_WRITE,
            &[template!($name, "/basic/update")],
        ),
        post(
            concat!("/policies/crossTenantAccessPolicy/templates/", $name, "/resetToDefaultSettings"),
            POLICY_WRITE,
            &[template!($name, "/resetToDefaultSettings")],
        ),
    )*] };
}

macro_rules! logos {
    ($($path:literal),*) => { &[$(
        get(concat!("/organization/{id}/branding/", $path), BRANDING_IMAGE_READ, TENANT),
        put(concat!("/organization/{id}/branding/", $path), BRANDING, BRANDING_CHANGE),
        patch(concat!("/organization/{id}/branding/", $path), BRANDING, BRANDING_CHANGE),
        delete(concat!("/organization/{id}/branding/", $path), BRANDING, BRANDING_CHANGE),
    )*] };
}

pub(super) static LOGOS: &[Row] = logos!(
    "bannerLogo",
    "squareLogo",
    "localizations/{localizationId}/bannerLogo",
    "localizations/{localizationId}/squareLogo"
);

pub(super) static TEMPLATES: &[Row] = templates!(
    "multiTenantOrganizationPartnerConfiguration",
    "multiTenantOrganizationIdentitySynchronization"
);

pub(super) static ROWS: &[Row] = &[
    get("/organization", ORGANIZATION, TENANT),
    get("/organization/{id}", &["User.Read.All"], TENANT),
    patch(
        "/organization/{id}",
        &["Organization.ReadWrite.All"],
        &["organization/basic/update"],
    ),
    get("/organization/{id}/branding", BRANDING_READ, TENANT),
    patch("/organization/{id}/branding", BRANDING, BRANDING_CHANGE),
    delete("/organization/{id}/branding", BRANDING, BRANDING_CHANGE),
    get(
        "/organization/{id}/branding/localizations",
        BRANDING_READ,
        TENANT,
    ),
    post(
        "/organization/{id}/branding/localizations",
        BRANDING,
        BRANDING_CHANGE,
    ),
    get(
        "/organization/{id}/branding/localizations/{localizationId}",
        BRANDING_READ,
        TENANT,
    ),
    patch(
        "/organization/{id}/branding/localizations/{localizationId}",
        BRANDING,
        BRANDING_CHANGE,
    ),
    delete(
        "/organization/{id}/branding/localizations/{localizationId}",
        BRANDING,
        BRANDING_CHANGE,
    ),
    get("/domains", DOMAINS, DOMAIN),
    post("/domains", DOMAINS_WRITE, &["domains/create"]),
    get("/domains/{id}", DOMAINS, DOMAIN),
    patch("/domains/{id}", DOMAINS_WRITE, &["domains/basic/update"]),
    delete("/domains/{id}", DOMAINS_WRITE, &["domains/delete"]),
    get(
        "/domains/{id}/verificationDnsRecords",
        RECORDS,
        &["domains/verificationRecords/read"],
    ),
    get(
        "/domains/{id}/serviceConfigurationRecords",
        RECORDS,
        &["domains/serviceRecords/read"],
    ),
    post("/domains/{id}/verify", DOMAINS_WRITE, &["domains/verify"]),
    get("/domains/{id}/rootDomain", DOMAINS, DOMAIN),
    get(
        "/domains/{id}/domainNameReferences",
        RECORDS,
        &["domains/nameReferences/read"],
    ),
    post(
        "/domains/{id}/forceDelete",
        DOMAINS_WRITE,
        &["domains/delete"],
    ),
    get(
        "/policies/authorizationPolicy",
        &["Policy.Read.All", "Policy.ReadWrite.Authorization"],
        &["authorizationPolicy/standard/read"],
    ),
    patch(
        "/policies/authorizationPolicy",
        &["Policy.ReadWrite.Authorization"],
        &["authorizationPolicy/allProperties/update"],
    ),
    get("/policies/crossTenantAccessPolicy", POLICY, POLICY_READ),
    patch(
        "/policies/crossTenantAccessPolicy",
        POLICY_WRITE,
        &["crossTenantAccessPolicy/basic/update"],
    ),
    get(
        "/policies/crossTenantAccessPolicy/default",
        POLICY,
        DEFAULT_READ,
    ),
    patch(
        "/policies/crossTenantAccessPolicy/default",
        POLICY_WRITE,
        DEFAULT_UPDATE,
    ),
    post(
        "/policies/crossTenantAccessPolicy/default/resetToSystemDefault",
        POLICY_WRITE,
        DEFAULT_UPDATE,
    ),
    get(
        "/policies/crossTenantAccessPolicy/partners",
        POLICY,
        PARTNER_READ,
    ),
    post(
        "/policies/crossTenantAccessPolicy/partners",
        POLICY_WRITE,
        &["crossTenantAccessPolicy/partners/create"],
    ),
    get(
        "/policies/crossTenantAccessPolicy/partners/{tenantId}",
        POLICY,
        PARTNER_READ,
    ),
    patch(
        "/policies/crossTenantAccessPolicy/partners/{tenantId}",
        POLICY_WRITE,
        PARTNER_UPDATE,
    ),
    delete(
        "/policies/crossTenantAccessPolicy/partners/{tenantId}",
        POLICY_WRITE,
        &["crossTenantAccessPolicy/partners/delete"],
    ),
    get(
        "/policies/crossTenantAccessPolicy/partners/{tenantId}/identitySynchronization",
        POLICY,
        SYNC_READ,
    ),
    put(
        "/policies/crossTenantAccessPolicy/partners/{tenantId}/identitySynchronization",
        POLICY_WRITE,
        SYNC_CREATE,
    ),
    patch(
        "/policies/crossTenantAccessPolicy/partners/{tenantId}/identitySynchronization",
        POLICY_WRITE,
        SYNC_UPDATE,
    ),
    delete(
        "/policies/crossTenantAccessPolicy/partners/{tenantId}/identitySynchronization",
        POLICY_WRITE,
        SYNC_UPDATE,
    ),
    get(
        "/tenantRelationships/multiTenantOrganization",
        MTO_BASIC,
        &["multiTenantOrganization/standard/read"],
    ),
    put(
        "/tenantRelationships/multiTenantOrganization",
        MTO_WRITE,
        &["multiTenantOrganization/create"],
    ),
    patch(
        "/tenantRelationships/multiTenantOrganization",
        MTO_WRITE,
        &["multiTenantOrganization/basic/update"],
    ),
    get(
        "/tenantRelationships/multiTenantOrganization/tenants",
        MTO_BASIC,
        &["multiTenantOrganization/tenants/standard/read"],
    ),
    post(
        "/tenantRelationships/multiTenantOrganization/tenants",
        MTO_WRITE,
        &["multiTenantOrganization/tenants/create"],
    ),
    get(
        "/tenantRelationships/multiTenantOrganization/tenants/{tenantId}",
        MTO_BASIC,
        &["multiTenantOrganization/tenants/standard/read"],
    ),
    patch(
        "/tenantRelationships/multiTenantOrganization/tenants/{tenantId}",
        MTO_WRITE,
        &["multiTenantOrganization/tenants/organizationDetails/update"],
    ),
    delete(
        "/tenantRelationships/multiTenantOrganization/tenants/{tenantId}",
        MTO_WRITE,
        &["multiTenantOrganization/tenants/delete"],
    ),
    get(
        "/tenantRelationships/multiTenantOrganization/joinRequest",
        MTO,
        &["multiTenantOrganization/joinRequest/standard/read"],
    ),
    patch(
        "/tenantRelationships/multiTenantOrganization/joinRequest",
        MTO_WRITE,
        &["multiTenantOrganization/joinRequest/organizationDetails/update"],
    ),
    get(
        "/tenantRelationships/findTenantInformationByTenantId(tenantId='{tenantId}')",
        FIND,
        FOUND,
    ),
    get(
        "/tenantRelationships/findTenantInformationByDomainName(domainName='{domainName}')",
        FIND,
        FOUND,
    ),
];
