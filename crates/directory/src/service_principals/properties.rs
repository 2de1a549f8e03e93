//! The properties of `servicePrincipal`.
//!
//! Source: the CSDL of Microsoft Graph, the `servicePrincipal` resource page and "Advanced query
//! capabilities on Microsoft Entra ID objects".

use query::{Entity, Operators, Property, PropertyKind};

use crate::filters::{certificates, owners, secrets, unset};
use crate::schema::{Shape, Type, read, write};

static SAML: Type = Type {
    name: "samlSingleSignOnSettings",
    properties: &[write("relayState", Shape::Text(2_048))],
};

pub(super) static SERVICE_PRINCIPAL: Type = Type {
    name: "servicePrincipal",
    properties: &[
        read("id", Shape::Guid).shown(),
        read("deletedDateTime", Shape::DateTime).shown(),
        write("accountEnabled", Shape::Bool).shown(),
        read("addIns", Shape::MadeList).shown(),
        write("alternativeNames", Shape::TextList(100, 256)).shown(),
        read("appDescription", Shape::Made).shown(),
        read("appDisplayName", Shape::Made).shown(),
        write("appId", Shape::Guid).fixed().shown(),
        read("appOwnerOrganizationId", Shape::Guid).shown(),
        write("appRoleAssignmentRequired", Shape::Bool).shown(),
        read("appRoles", Shape::MadeList).shown(),
        read("applicationTemplateId", Shape::Made).shown(),
        read("createdByAppId", Shape::Guid).shown(),
        write("description", Shape::Text(1_024)).shown(),
        read("disabledByMicrosoftStatus", Shape::Made).shown(),
        write("displayName", Shape::Name(256)).shown(),
        write("homepage", Shape::Text(2_048)).shown(),
        read("info", Shape::Made).shown(),
        read("isDisabled", Shape::Made).shown(),
        read("keyCredentials", Shape::MadeList).shown(),
        write("loginUrl", Shape::Text(2_048)).shown(),
        write("logoutUrl", Shape::Text(2_048)).shown(),
        write("notes", Shape::Text(1_024)).shown(),
        write("notificationEmailAddresses", Shape::TextList(5, 320)).shown(),
        read("oauth2PermissionScopes", Shape::MadeList).shown(),
        read("passwordCredentials", Shape::MadeList).shown(),
        write(
            "preferredSingleSignOnMode",
            Shape::Choice(&["password", "saml", "notSupported", "oidc"]),
        )
        .shown(),
        write("preferredTokenSigningKeyThumbprint", Shape::Text(64)).shown(),
        write("replyUrls", Shape::TextList(256, 2_048)).shown(),
        read("resourceSpecificApplicationPermissions", Shape::MadeList).shown(),
        write("samlSingleSignOnSettings", Shape::Object(&SAML)).shown(),
        write("servicePrincipalNames", Shape::TextList(100, 256)).shown(),
        read("servicePrincipalType", Shape::Made).shown(),
        read("signInAudience", Shape::Made).shown(),
        write("tags", Shape::TextList(100, 256)).shown(),
        read("tokenEncryptionKeyId", Shape::Made).shown(),
        read("verifiedPublisher", Shape::Made).shown(),
        read("customSecurityAttributes", Shape::Made),
        // Of beta.
        write("samlMetadataUrl", Shape::Text(2_048)),
    ],
};

pub(super) static ENTITY: Entity = Entity {
    name: "servicePrincipal",
    properties: &[
        Property::new("id", PropertyKind::Guid, "s.id", Operators::EXACT),
        owners!(
            "app_owners",
            "o.tenant_id = s.tenant_id AND o.object_id = s.id"
        ),
        Property::new(
            "accountEnabled",
            PropertyKind::Bool,
            "s.account_enabled",
            Operators::EXACT,
        ),
        Property::new("appId", PropertyKind::Guid, "s.app_id", Operators::EXACT),
        Property::new(
            "appRoleAssignmentRequired",
            PropertyKind::Bool,
            // A document is written without spaces, and a quote within a text has a backslash before it.
            "(CASE WHEN s.doc LIKE '%\"appRoleAssignmentRequired\":true%' THEN 1 ELSE 0 END)",
            Operators::EXACT,
        ),
        Property::new(
            "appOwnerOrganizationId",
            PropertyKind::Guid,
            "s.app_owner_organization_id",
            Operators::EXACT,
        ),
        Property::new(
            "displayName",
            PropertyKind::Text,
            "s.display_name",
            Operators::TEXT,
        ),
        Property::new(
            "servicePrincipalNames",
            PropertyKind::TextList,
            "s.service_principal_names",
            Operators::LIST,
        ),
        Property::new(
            "servicePrincipalType",
            PropertyKind::Text,
            "s.service_principal_type",
            Operators::EXACT,
        ),
        Property::new("tags", PropertyKind::TextList, "s.tags", Operators::LIST),
        Property::indexed(
            "alternativeNames",
            PropertyKind::TextList,
            2,
            Operators::INDEXED_LIST,
        ),
        Property::indexed(
            "applicationTemplateId",
            PropertyKind::Text,
            3,
            Operators::TEXT,
        ),
        certificates("certificate.tenant_id = s.tenant_id AND certificate.owner_id = s.id"),
        Property::indexed("description", PropertyKind::Text, 1, Operators::TEXT),
        unset("disabledByMicrosoftStatus"),
        Property::unfilterable("homepage", PropertyKind::Text),
        secrets("secret.tenant_id = s.tenant_id AND secret.owner_id = s.id"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_agree() {
        assert_eq!(ENTITY.problems(), Vec::<String>::new());
        for property in ENTITY.properties.iter().filter(|it| !it.is_relation()) {
            assert!(SERVICE_PRINCIPAL.property(property.name).is_some());
        }
    }
}
