//! The properties of `application`.
//!
//! Source: the CSDL of Microsoft Graph, the `application` resource page and "Advanced query
//! capabilities on Microsoft Entra ID objects".

use query::{Entity, Operators, Property, PropertyKind};

use crate::filters::{certificates, owners, secrets, unset};
use crate::schema::{Shape, Type, read, write};

const URIS: Shape = Shape::TextList(super::REDIRECT_URIS_MAX, 256);

static IMPLICIT_GRANT_SETTINGS: Type = Type {
    name: "implicitGrantSettings",
    properties: &[
        write("enableAccessTokenIssuance", Shape::Bool),
        write("enableIdTokenIssuance", Shape::Bool),
    ],
};
static REDIRECT_URI_SETTINGS: Type = Type {
    name: "redirectUriSettings",
    properties: &[
        write("index", Shape::Integer),
        write("uri", Shape::Text(2_048)),
    ],
};
static WEB: Type = Type {
    name: "webApplication",
    properties: &[
        write("homePageUrl", Shape::Text(2_048)),
        write(
            "implicitGrantSettings",
            Shape::Object(&IMPLICIT_GRANT_SETTINGS),
        ),
        write("logoutUrl", Shape::Text(2_048)),
        write(
            "redirectUriSettings",
            Shape::ObjectList(&REDIRECT_URI_SETTINGS, 256),
        ),
        write("redirectUris", URIS),
    ],
};
static SPA: Type = Type {
    name: "spaApplication",
    properties: &[write("redirectUris", URIS)],
};
static PUBLIC_CLIENT: Type = Type {
    name: "publicClientApplication",
    properties: &[write("redirectUris", URIS)],
};
static PERMISSION_SCOPE: Type = Type {
    name: "permissionScope",
    properties: &[
        write("adminConsentDescription", Shape::Text(2_048)),
        write("adminConsentDisplayName", Shape::Text(256)),
        write("id", Shape::Guid),
        write("isEnabled", Shape::Bool),
        write("origin", Shape::Text(64)),
        write("type", Shape::Choice(&["User", "Admin"])),
        write("userConsentDescription", Shape::Text(2_048)),
        write("userConsentDisplayName", Shape::Text(256)),
        write("value", Shape::Text(120)),
    ],
};
static PRE_AUTHORIZED: Type = Type {
    name: "preAuthorizedApplication",
    properties: &[
        write("appId", Shape::Guid),
        write("delegatedPermissionIds", Shape::TextList(256, 36)),
    ],
};
static API: Type = Type {
    name: "apiApplication",
    properties: &[
        write("acceptMappedClaims", Shape::Bool),
        write("knownClientApplications", Shape::TextList(256, 36)),
        write(
            "oauth2PermissionScopes",
            Shape::ObjectList(&PERMISSION_SCOPE, 256),
        ),
        write(
            "preAuthorizedApplications",
            Shape::ObjectList(&PRE_AUTHORIZED, 256),
        ),
        write("requestedAccessTokenVersion", Shape::Integer),
    ],
};
static RESOURCE_ACCESS: Type = Type {
    name: "resourceAccess",
    properties: &[
        write("id", Shape::Guid),
        write("type", Shape::Choice(&["Scope", "Role"])),
    ],
};
static REQUIRED_RESOURCE_ACCESS: Type = Type {
    name: "requiredResourceAccess",
    properties: &[
        write("resourceAccess", Shape::ObjectList(&RESOURCE_ACCESS, 400)),
        write("resourceAppId", Shape::Text(36)),
    ],
};
static APP_ROLE: Type = Type {
    name: "appRole",
    properties: &[
        write("allowedMemberTypes", Shape::TextList(2, 16)),
        write("description", Shape::Text(2_048)),
        write("displayName", Shape::Text(256)),
        write("id", Shape::Guid),
        write("isEnabled", Shape::Bool),
        write("origin", Shape::Text(64)),
        write("value", Shape::Text(120)),
    ],
};
static INFO: Type = Type {
    name: "informationalUrl",
    properties: &[
        write("logoUrl", Shape::Text(2_048)),
        write("marketingUrl", Shape::Text(2_048)),
        write("privacyStatementUrl", Shape::Text(2_048)),
        write("supportUrl", Shape::Text(2_048)),
        write("termsOfServiceUrl", Shape::Text(2_048)),
    ],
};
static OPTIONAL_CLAIM: Type = Type {
    name: "optionalClaim",
    properties: &[
        write("additionalProperties", Shape::TextList(16, 64)),
        write("essential", Shape::Bool),
        write("name", Shape::Text(120)),
        write("source", Shape::Text(64)),
    ],
};
static OPTIONAL_CLAIMS: Type = Type {
    name: "optionalClaims",
    properties: &[
        write("accessToken", Shape::ObjectList(&OPTIONAL_CLAIM, 100)),
        write("idToken", Shape::ObjectList(&OPTIONAL_CLAIM, 100)),
        write("saml2Token", Shape::ObjectList(&OPTIONAL_CLAIM, 100)),
    ],
};
static PARENTAL_CONTROL_SETTINGS: Type = Type {
    name: "parentalControlSettings",
    properties: &[
        write("countriesBlockedForMinors", Shape::TextList(256, 2)),
        write("legalAgeGroupRule", Shape::Text(64)),
    ],
};

pub(super) static APPLICATION: Type = Type {
    name: "application",
    properties: &[
        read("id", Shape::Guid).shown(),
        read("deletedDateTime", Shape::DateTime).shown(),
        read("addIns", Shape::MadeList).shown(),
        write("api", Shape::Object(&API)).shown(),
        read("appId", Shape::Guid).shown(),
        read("applicationTemplateId", Shape::Made).shown(),
        write("appRoles", Shape::ObjectList(&APP_ROLE, 1_200)).shown(),
        read("certification", Shape::Made).shown(),
        read("createdByAppId", Shape::Guid).shown(),
        read("createdDateTime", Shape::DateTime).shown(),
        write("defaultRedirectUri", Shape::Text(2_048)).shown(),
        write("description", Shape::Text(1_024)).shown(),
        read("disabledByMicrosoftStatus", Shape::Made).shown(),
        write("displayName", Shape::Name(256)).shown(),
        write(
            "groupMembershipClaims",
            Shape::Choices(&[
                "None",
                "SecurityGroup",
                "DirectoryRole",
                "ApplicationGroup",
                "All",
            ]),
        )
        .shown(),
        write("identifierUris", Shape::TextList(100, 255)).shown(),
        write("info", Shape::Object(&INFO)).shown(),
        write("isDeviceOnlyAuthSupported", Shape::Bool).shown(),
        read("isDisabled", Shape::Made).shown(),
        write("isFallbackPublicClient", Shape::Bool).shown(),
        read("keyCredentials", Shape::MadeList).shown(),
        write("notes", Shape::Text(1_024)).shown(),
        write("optionalClaims", Shape::Object(&OPTIONAL_CLAIMS)).shown(),
        write(
            "parentalControlSettings",
            Shape::Object(&PARENTAL_CONTROL_SETTINGS),
        )
        .shown(),
        read("passwordCredentials", Shape::MadeList).shown(),
        write("publicClient", Shape::Object(&PUBLIC_CLIENT)).shown(),
        read("publisherDomain", Shape::Made).shown(),
        read("requestSignatureVerification", Shape::Made).shown(),
        write(
            "requiredResourceAccess",
            Shape::ObjectList(&REQUIRED_RESOURCE_ACCESS, 50),
        )
        .shown(),
        write("samlMetadataUrl", Shape::Text(2_048)).shown(),
        write("serviceManagementReference", Shape::Text(256)).shown(),
        read("servicePrincipalLockConfiguration", Shape::Made).shown(),
        write(
            "signInAudience",
            Shape::Choice(&[
                "AzureADMyOrg",
                "AzureADMultipleOrgs",
                "AzureADandPersonalMicrosoftAccount",
                "PersonalMicrosoftAccount",
            ]),
        )
        .shown(),
        write("spa", Shape::Object(&SPA)).shown(),
        write("tags", Shape::TextList(100, 256)).shown(),
        read("tokenEncryptionKeyId", Shape::Made).shown(),
        write("uniqueName", Shape::Text(256)).fixed().shown(),
        read("verifiedPublisher", Shape::Made).shown(),
        write("web", Shape::Object(&WEB)).shown(),
        read("authenticationBehaviors", Shape::Made),
        // Ours: where its server hears that somebody signs out (OpenID Connect Back-Channel Logout).
        write(super::BACK_CHANNEL_LOGOUT_URL, Shape::Text(2_048)),
        read("managerApplications", Shape::MadeList),
        read("nativeAuthenticationApisEnabled", Shape::Made),
        read("oauth2RequirePostResponse", Shape::Bool),
    ],
};

/// How applications are filtered; columns as in `FROM applications AS a`.
pub(super) static ENTITY: Entity = Entity {
    name: "application",
    properties: &[
        Property::new("id", PropertyKind::Guid, "a.id", Operators::EXACT),
        owners!(
            "app_owners",
            "o.tenant_id = a.tenant_id AND o.object_id = a.id"
        ),
        Property::new("appId", PropertyKind::Guid, "a.app_id", Operators::EXACT),
        Property::new(
            "createdDateTime",
            PropertyKind::DateTime,
            "a.created_at",
            Operators::ORDERED,
        ),
        Property::new(
            "deletedDateTime",
            PropertyKind::DateTime,
            "a.deleted_at",
            Operators::ORDERED,
        ),
        Property::new(
            "displayName",
            PropertyKind::Text,
            "a.display_name",
            Operators::TEXT,
        ),
        Property::new(
            "identifierUris",
            PropertyKind::TextList,
            "a.identifier_uris",
            Operators::LIST,
        ),
        Property::new(
            "publisherDomain",
            PropertyKind::Text,
            "a.publisher_domain",
            Operators::TEXT,
        ),
        Property::new(
            "signInAudience",
            PropertyKind::Text,
            "a.sign_in_audience",
            Operators::TEXT,
        ),
        Property::new("tags", PropertyKind::TextList, "a.tags", Operators::LIST),
        Property::indexed(
            "applicationTemplateId",
            PropertyKind::Text,
            3,
            Operators::TEXT,
        ),
        certificates("certificate.tenant_id = a.tenant_id AND certificate.owner_id = a.id"),
        Property::unfilterable("createdByAppId", PropertyKind::Guid),
        Property::indexed("description", PropertyKind::Text, 1, Operators::TEXT),
        unset("disabledByMicrosoftStatus"),
        Property::unfilterable("notes", PropertyKind::Text),
        secrets("secret.tenant_id = a.tenant_id AND secret.owner_id = a.id"),
        Property::indexed("uniqueName", PropertyKind::Text, 2, Operators::TEXT),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_agree() {
        assert_eq!(ENTITY.problems(), Vec::<String>::new());
        for property in ENTITY.properties.iter().filter(|it| !it.is_relation()) {
            assert!(
                APPLICATION.property(property.name).is_some(),
                "{}",
                property.name
            );
        }
    }
}
