//! The properties of `group`.
//!
//! Source: the CSDL of Microsoft Graph, the `group` resource page and "Advanced query capabilities
//! on Microsoft Entra ID objects".

use query::{Entity, Operator, Operators, Property, PropertyKind};

use crate::filters::{
    LICENSE, PREMISES_ERROR, SERVICE_ERROR, never, no_texts, none, owners, unset,
};
use crate::schema::{Shape, Type, read, write};

pub(super) static GROUP: Type = Type {
    name: "group",
    properties: &[
        read("id", Shape::Guid).shown(),
        read("deletedDateTime", Shape::DateTime).shown(),
        write("classification", Shape::Text(64)).shown(),
        read("createdDateTime", Shape::DateTime).shown(),
        write("description", Shape::Text(1_024)).shown(),
        write("displayName", Shape::Name(256)).shown(),
        read("expirationDateTime", Shape::DateTime).shown(),
        write("groupTypes", Shape::TextList(2, 32)).shown(),
        write("isAssignableToRole", Shape::Bool).fixed().shown(),
        read("mail", Shape::Made).shown(),
        write("mailEnabled", Shape::Bool).shown(),
        write("mailNickname", Shape::Name(64)).shown(),
        write("membershipRule", Shape::Text(3_072)).shown(),
        write(
            "membershipRuleProcessingState",
            Shape::Choice(&["On", "Paused"]),
        )
        .shown(),
        read("onPremisesDomainName", Shape::Made).shown(),
        read("onPremisesLastSyncDateTime", Shape::Made).shown(),
        read("onPremisesNetBiosName", Shape::Made).shown(),
        read("onPremisesSamAccountName", Shape::Made).shown(),
        read("onPremisesSecurityIdentifier", Shape::Made).shown(),
        read("onPremisesSyncEnabled", Shape::Made).shown(),
        write("preferredDataLocation", Shape::Text(16)).shown(),
        write("preferredLanguage", Shape::Text(64)).shown(),
        read("proxyAddresses", Shape::MadeList).shown(),
        read("renewedDateTime", Shape::DateTime).shown(),
        write("resourceBehaviorOptions", Shape::TextList(16, 64))
            .fixed()
            .shown(),
        write("resourceProvisioningOptions", Shape::TextList(16, 64)).shown(),
        write("securityEnabled", Shape::Bool).shown(),
        read("securityIdentifier", Shape::Made).shown(),
        write("theme", Shape::Text(32)).shown(),
        write("uniqueName", Shape::Text(256)).fixed(),
        write(
            "visibility",
            Shape::Choice(&["Private", "Public", "HiddenMembership"]),
        )
        .shown(),
        read("onPremisesProvisioningErrors", Shape::MadeList).shown(),
        read("serviceProvisioningErrors", Shape::MadeList).shown(),
        read("accessType", Shape::Made),
        read("allowExternalSenders", Shape::Made),
        read("assignedLabels", Shape::MadeList),
        read("assignedLicenses", Shape::MadeList),
        read("autoSubscribeNewMembers", Shape::Made),
        read("hasMembersWithLicenseErrors", Shape::Made),
        read("hideFromAddressLists", Shape::Made),
        read("hideFromOutlookClients", Shape::Made),
        read("infoCatalogs", Shape::MadeList),
        read("isArchived", Shape::Made),
        read("isFavorite", Shape::Made),
        read("isManagementRestricted", Shape::Made),
        read("isSubscribedByMail", Shape::Made),
        read("licenseProcessingState", Shape::Made),
        read("onPremisesExtensionAttributes", Shape::Made),
        read("organizationId", Shape::Made),
        read("unseenConversationsCount", Shape::Made),
        read("unseenCount", Shape::Made),
        read("unseenMessagesCount", Shape::Made),
        read("welcomeMessageEnabled", Shape::Made),
    ],
};

/// How groups are filtered; columns as in `FROM groups AS g`.
pub(super) static ENTITY: Entity = Entity {
    name: "group",
    properties: &[
        Property::new("id", PropertyKind::Guid, "g.id", Operators::EXACT),
        owners!(
            "group_owners",
            "o.tenant_id = g.tenant_id AND o.group_id = g.id"
        ),
        Property::new(
            "classification",
            PropertyKind::Text,
            "g.classification",
            Operators::TEXT,
        ),
        Property::new(
            "createdDateTime",
            PropertyKind::DateTime,
            "g.created_at",
            Operators::ORDERED,
        ),
        Property::new(
            "deletedDateTime",
            PropertyKind::DateTime,
            "g.deleted_at",
            Operators::ORDERED,
        ),
        Property::new(
            "description",
            PropertyKind::Text,
            "g.description",
            Operators::TEXT,
        ),
        Property::new(
            "displayName",
            PropertyKind::Text,
            "g.display_name",
            Operators::TEXT,
        ),
        Property::new(
            "groupTypes",
            PropertyKind::TextList,
            "g.group_types",
            Operators::LIST,
        ),
        Property::new(
            "isAssignableToRole",
            PropertyKind::Bool,
            "g.is_assignable_to_role",
            Operators::EXACT,
        ),
        Property::new("mail", PropertyKind::Text, "g.mail", Operators::MAIL),
        Property::new(
            "mailEnabled",
            PropertyKind::Bool,
            "g.mail_enabled",
            Operators::EXACT,
        ),
        Property::new(
            "mailNickname",
            PropertyKind::Text,
            "g.mail_nickname",
            Operators::TEXT,
        ),
        Property::new(
            "membershipRuleProcessingState",
            PropertyKind::Text,
            "g.membership_rule_processing_state",
            Operators::EXACT,
        ),
        Property::new(
            "onPremisesSyncEnabled",
            PropertyKind::Bool,
            "CAST(NULL AS BIGINT)",
            Operators::EXACT.when_advanced(&[Operator::Null]),
        ),
        Property::new(
            "securityEnabled",
            PropertyKind::Bool,
            "g.security_enabled",
            Operators::EXACT,
        ),
        Property::new(
            "securityIdentifier",
            PropertyKind::SecurityIdentifier,
            "g.id",
            Operators::EXACT,
        ),
        Property::new(
            "visibility",
            PropertyKind::Text,
            "g.visibility",
            Operators::EXACT,
        ),
        // Nobody has a licence and no group expires or comes from premises, but scripts ask.
        none("assignedLicenses", &LICENSE),
        never("expirationDateTime"),
        Property::indexed("membershipRule", PropertyKind::Text, 2, Operators::TEXT),
        never("onPremisesLastSyncDateTime"),
        none("onPremisesProvisioningErrors", &PREMISES_ERROR),
        unset("onPremisesSamAccountName"),
        unset("onPremisesSecurityIdentifier"),
        Property::indexed("preferredLanguage", PropertyKind::Text, 1, Operators::TEXT),
        Property::new(
            "proxyAddresses",
            PropertyKind::TextList,
            "('\u{1f}smtp:' || g.mail || '\u{1f}')",
            Operators::MAIL_LIST,
        ),
        Property::new(
            "renewedDateTime",
            PropertyKind::DateTime,
            "g.created_at",
            Operators::ORDERED,
        ),
        // No group is a team yet; who looks for teams finds none.
        no_texts("resourceProvisioningOptions"),
        none("serviceProvisioningErrors", &SERVICE_ERROR),
        Property::unfilterable("theme", PropertyKind::Text),
        Property::indexed("uniqueName", PropertyKind::Text, 3, Operators::TEXT),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_agree() {
        assert_eq!(ENTITY.problems(), Vec::<String>::new());
        for property in ENTITY.properties.iter().filter(|it| !it.is_relation()) {
            assert!(GROUP.property(property.name).is_some(), "{}", property.name);
        }
    }
}
