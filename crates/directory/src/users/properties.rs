//! The properties of `user`: types, lengths, who sets them, how they are filtered.
//!
//! Source: the CSDL of Microsoft Graph, the `user` resource page (lengths, default set) and
//! "Advanced query capabilities on Microsoft Entra ID objects" (operators).

use query::{Entity, Operator, Operators, Property, PropertyKind};

use crate::filters::{
    LICENSE, PLAN, PREMISES_ERROR, PROVISIONED_PLAN, SERVICE_ERROR, never, no_texts, none, unset,
};
use crate::schema::{Shape, Type, read, write};

static EMPLOYEE_ORG_DATA: Type = Type {
    name: "employeeOrgData",
    properties: &[
        write("costCenter", Shape::Text(256)),
        write("division", Shape::Text(256)),
    ],
};

static EXTENSION_ATTRIBUTES: Type = Type {
    name: "onPremisesExtensionAttributes",
    properties: &[
        write("extensionAttribute1", Shape::Text(1_024)),
        write("extensionAttribute2", Shape::Text(1_024)),
        write("extensionAttribute3", Shape::Text(1_024)),
        write("extensionAttribute4", Shape::Text(1_024)),
        write("extensionAttribute5", Shape::Text(1_024)),
        write("extensionAttribute6", Shape::Text(1_024)),
        write("extensionAttribute7", Shape::Text(1_024)),
        write("extensionAttribute8", Shape::Text(1_024)),
        write("extensionAttribute9", Shape::Text(1_024)),
        write("extensionAttribute10", Shape::Text(1_024)),
        write("extensionAttribute11", Shape::Text(1_024)),
        write("extensionAttribute12", Shape::Text(1_024)),
        write("extensionAttribute13", Shape::Text(1_024)),
        write("extensionAttribute14", Shape::Text(1_024)),
        write("extensionAttribute15", Shape::Text(1_024)),
    ],
};

/// The type. `accountEnabled` and what else has rules of its own is looked at before the table is.
pub(super) static USER: Type = Type {
    name: "user",
    properties: &[
        read("id", Shape::Guid).shown(),
        write("businessPhones", Shape::TextList(1, 64)).shown(),
        write("displayName", Shape::Name(256)).shown(),
        write("givenName", Shape::Text(64)).shown(),
        write("jobTitle", Shape::Text(128)).shown(),
        write("mail", Shape::Text(320)).shown(),
        write("mobilePhone", Shape::Text(64)).shown(),
        write("officeLocation", Shape::Text(128)).shown(),
        write("preferredLanguage", Shape::Text(64)).shown(),
        write("surname", Shape::Text(64)).shown(),
        write("userPrincipalName", Shape::Name(512)).shown(),
        write("aboutMe", Shape::Text(4_096)),
        write("accountEnabled", Shape::Bool),
        write("ageGroup", Shape::Choice(&["Minor", "NotAdult", "Adult"])),
        read("assignedLicenses", Shape::MadeList),
        read("assignedPlans", Shape::MadeList),
        read("authorizationInfo", Shape::Made),
        write("birthday", Shape::DateTime),
        read("blockedHere", Shape::Bool),
        write("city", Shape::Text(128)),
        write("companyName", Shape::Text(64)),
        write(
            "consentProvidedForMinor",
            Shape::Choice(&["Granted", "Denied", "NotRequired"]),
        ),
        write("country", Shape::Text(128)),
        read("createdDateTime", Shape::DateTime),
        read("creationType", Shape::Made),
        read("customSecurityAttributes", Shape::Made),
        read("deletedDateTime", Shape::DateTime),
        write("department", Shape::Text(64)),
        read("deviceEnrollmentLimit", Shape::Integer),
        write("employeeHireDate", Shape::DateTime),
        write("employeeId", Shape::Text(16)),
        write("employeeLeaveDateTime", Shape::DateTime),
        write("employeeOrgData", Shape::Object(&EMPLOYEE_ORG_DATA)),
        write("employeeType", Shape::Text(64)),
        read("externalUserState", Shape::Made),
        read("externalUserStateChangeDateTime", Shape::DateTime),
        write("faxNumber", Shape::Text(64)),
        write("hireDate", Shape::DateTime),
        read("identities", Shape::MadeList),
        read("identityParentId", Shape::Made),
        read("imAddresses", Shape::MadeList),
        write("interests", Shape::TextList(100, 256)),
        read("isManagementRestricted", Shape::Made),
        read("isResourceAccount", Shape::Made),
        read("lastPasswordChangeDateTime", Shape::DateTime),
        read("legalAgeGroupClassification", Shape::Made),
        read("licenseAssignmentStates", Shape::MadeList),
        read("mailboxSettings", Shape::Made),
        write("mailNickname", Shape::Name(64)),
        write("mySite", Shape::Text(2_048)),
        read("onPremisesDistinguishedName", Shape::Made),
        read("onPremisesDomainName", Shape::Made),
        // Of a user who comes from no directory on premises, as here everybody, they can be set.
        write(
            "onPremisesExtensionAttributes",
            Shape::Object(&EXTENSION_ATTRIBUTES),
        ),
        write("onPremisesImmutableId", Shape::Text(256)),
        read("onPremisesLastSyncDateTime", Shape::Made),
        read("onPremisesProvisioningErrors", Shape::MadeList),
        read("onPremisesSamAccountName", Shape::Made),
        read("onPremisesSecurityIdentifier", Shape::Made),
        read("onPremisesSyncEnabled", Shape::Made),
        read("onPremisesUserPrincipalName", Shape::Made),
        write("otherMails", Shape::TextList(250, 320)),
        write("passwordPolicies", Shape::Text(128)),
        read("passwordProfile", Shape::Made),
        write("pastProjects", Shape::TextList(100, 256)),
        write("postalCode", Shape::Text(40)),
        read("preferredDataLocation", Shape::Made),
        write("preferredName", Shape::Text(256)),
        read("print", Shape::Made),
        read("provisionedPlans", Shape::MadeList),
        read("proxyAddresses", Shape::MadeList),
        write("responsibilities", Shape::TextList(100, 256)),
        write("schools", Shape::TextList(100, 256)),
        read("securityIdentifier", Shape::Made),
        read("serviceProvisioningErrors", Shape::MadeList),
        write("showInAddressList", Shape::Bool),
        read("signInActivity", Shape::Made),
        read("signInSessionsValidFromDateTime", Shape::DateTime),
        write("skills", Shape::TextList(100, 256)),
        write("state", Shape::Text(128)),
        write("streetAddress", Shape::Text(1_024)),
        write("usageLocation", Shape::Text(2)),
        write("userType", Shape::Choice(&["Member", "Guest"])),
    ],
};

macro_rules! last_sign_in {
    ($column:literal) => {
        concat!(
            "(SELECT activity.",
            $column,
            " FROM sign_in_activity AS activity WHERE activity.tenant_id = u.tenant_id \
              AND activity.user_id = u.id)"
        )
    };
}

/// How users are filtered; columns as in `FROM users AS u`.
pub(super) static ENTITY: Entity = Entity {
    name: "user",
    properties: &[
        Property::new("id", PropertyKind::Guid, "u.id", Operators::EXACT).selective(),
        bool("accountEnabled", "u.account_enabled"),
        Property::new(
            "businessPhones",
            PropertyKind::TextList,
            "u.business_phones",
            Operators::LIST,
        ),
        Property::new("city", PropertyKind::Text, "u.city", Operators::TEXT),
        Property::new(
            "companyName",
            PropertyKind::Text,
            "u.company_name",
            Operators::TEXT,
        ),
        Property::new("country", PropertyKind::Text, "u.country", Operators::TEXT),
        date("createdDateTime", "u.created_at"),
        Property::new(
            "creationType",
            PropertyKind::Text,
            "u.creation_type",
            NULLABLE,
        ),
        date("deletedDateTime", "u.deleted_at"),
        Property::new(
            "department",
            PropertyKind::Text,
            "u.department",
            Operators::TEXT,
        ),
        Property::new(
            "displayName",
            PropertyKind::Text,
            "u.display_name",
            Operators::TEXT,
        ),
        date("employeeHireDate", "u.employee_hire_date"),
        Property::new(
            "employeeId",
            PropertyKind::Text,
            "u.employee_id",
            Operators::TEXT,
        )
        .selective(),
        Property::new(
            "employeeType",
            PropertyKind::Text,
            "u.employee_type",
            Operators::TEXT,
        ),
        Property::new(
            "externalUserState",
            PropertyKind::Text,
            "u.external_user_state",
            NULLABLE,
        ),
        Property::new(
            "givenName",
            PropertyKind::Text,
            "u.given_name",
            Operators::TEXT,
        ),
        Property::new(
            "jobTitle",
            PropertyKind::Text,
            "u.job_title",
            Operators::TEXT,
        ),
        Property::new("mail", PropertyKind::Text, "u.mail", Operators::MAIL).selective(),
        Property::new(
            "mailNickname",
            PropertyKind::Text,
            "u.mail_nickname",
            Operators::TEXT,
        ),
        Property::new(
            "mobilePhone",
            PropertyKind::Text,
            "u.mobile_phone",
            Operators::TEXT,
        ),
        Property::new(
            "officeLocation",
            PropertyKind::Text,
            "u.office_location",
            Operators::TEXT,
        ),
        // Nobody comes from a directory on premises, but scripts ask.
        Property::new(
            "onPremisesSyncEnabled",
            PropertyKind::Bool,
            "CAST(NULL AS BIGINT)",
            NULLABLE,
        ),
        Property::new(
            "otherMails",
            PropertyKind::TextList,
            "u.other_mails",
            Operators::MAIL_LIST,
        ),
        Property::new(
            "postalCode",
            PropertyKind::Text,
            "u.postal_code",
            Operators::TEXT,
        ),
        Property::new(
            "preferredLanguage",
            PropertyKind::Text,
            "u.preferred_language",
            Operators::TEXT,
        ),
        Property::new(
            "proxyAddresses",
            PropertyKind::TextList,
            "u.proxy_addresses",
            Operators::MAIL_LIST,
        ),
        Property::new("state", PropertyKind::Text, "u.state", Operators::TEXT),
        Property::new(
            "streetAddress",
            PropertyKind::Text,
            "u.street_address",
            Operators::TEXT,
        ),
        Property::new("surname", PropertyKind::Text, "u.surname", Operators::TEXT),
        Property::new(
            "usageLocation",
            PropertyKind::Text,
            "u.usage_location",
            Operators::TEXT,
        ),
        Property::new(
            "userPrincipalName",
            PropertyKind::Text,
            "u.user_principal_name",
            Operators::MAIL,
        )
        .selective(),
        Property::new("userType", PropertyKind::Text, "u.user_type", NULLABLE),
        Property::unfilterable("aboutMe", PropertyKind::Text),
        Property::indexed("ageGroup", PropertyKind::Text, 18, NULLABLE),
        // Nobody has a licence, but scripts ask.
        none("assignedLicenses", &LICENSE),
        none("assignedPlans", &PLAN),
        Property::unfilterable("authorizationInfo", PropertyKind::Text),
        Property::unfilterable("birthday", PropertyKind::DateTime),
        Property::indexed("consentProvidedForMinor", PropertyKind::Text, 19, NULLABLE),
        Property::unfilterable("customSecurityAttributes", PropertyKind::Text),
        Property::unfilterable("deviceEnrollmentLimit", PropertyKind::Integer),
        Property::indexed(
            "employeeLeaveDateTime",
            PropertyKind::DateTime,
            21,
            Operators::ORDERED,
        ),
        Property::object("employeeOrgData", &ORG_DATA),
        Property::indexed(
            "externalUserStateChangeDateTime",
            PropertyKind::DateTime,
            22,
            Operators::ORDERED,
        ),
        Property::indexed("faxNumber", PropertyKind::Text, 20, Operators::TEXT),
        Property::unfilterable("hireDate", PropertyKind::DateTime),
        // Only those that aren't names of this tenant are found, as in Graph.
        Property::rows(
            "identities",
            &IDENTITY,
            "(SELECT CAST('federated' AS TEXT) AS sign_in_type, \
             CAST('externalazuread' AS TEXT) AS issuer, \
             CAST(NULL AS TEXT) AS issuer_assigned_id) AS identity",
            "u.home_tenant_id IS NOT NULL",
            Operators::NONE.by_default(&[Operator::Equal]),
        ),
        Property::unfilterable("identityParentId", PropertyKind::Text),
        no_texts("imAddresses"),
        Property::unfilterable("interests", PropertyKind::TextList),
        Property::unfilterable("isManagementRestricted", PropertyKind::Text),
        Property::unfilterable("isResourceAccount", PropertyKind::Text),
        Property::unfilterable("lastPasswordChangeDateTime", PropertyKind::DateTime),
        Property::unfilterable("legalAgeGroupClassification", PropertyKind::Text),
        Property::unfilterable(
            "licenseAssignmentStates",
            PropertyKind::ObjectList(&NOTHING),
        ),
        Property::unfilterable("mailboxSettings", PropertyKind::Text),
        Property::unfilterable("mySite", PropertyKind::Text),
        Property::unfilterable("onPremisesDistinguishedName", PropertyKind::Text),
        unset("onPremisesDomainName"),
        Property::object("onPremisesExtensionAttributes", &EXTENSIONS),
        Property::indexed(
            "onPremisesImmutableId",
            PropertyKind::Text,
            24,
            Operators::TEXT,
        ),
        never("onPremisesLastSyncDateTime"),
        none("onPremisesProvisioningErrors", &PREMISES_ERROR),
        unset("onPremisesSamAccountName"),
        unset("onPremisesSecurityIdentifier"),
        unset("onPremisesUserPrincipalName"),
        Property::indexed("passwordPolicies", PropertyKind::Text, 23, NULLABLE),
        Property::unfilterable("passwordProfile", PropertyKind::Text),
        Property::unfilterable("pastProjects", PropertyKind::TextList),
        Property::unfilterable("preferredDataLocation", PropertyKind::Text),
        Property::unfilterable("preferredName", PropertyKind::Text),
        Property::unfilterable("print", PropertyKind::Text),
        none("provisionedPlans", &PROVISIONED_PLAN),
        Property::unfilterable("responsibilities", PropertyKind::TextList),
        Property::unfilterable("schools", PropertyKind::TextList),
        Property::new(
            "securityIdentifier",
            PropertyKind::SecurityIdentifier,
            "u.id",
            Operators::EXACT,
        )
        .selective(),
        none("serviceProvisioningErrors", &SERVICE_ERROR),
        Property::unfilterable("showInAddressList", PropertyKind::Bool),
        Property::object("signInActivity", &ACTIVITY),
        Property::unfilterable("signInSessionsValidFromDateTime", PropertyKind::DateTime),
        Property::unfilterable("skills", PropertyKind::TextList),
    ],
};

/// When somebody has signed in last (`audit::sign_ins::activity`).
static ACTIVITY: Entity = Entity {
    name: "signInActivity",
    properties: &[
        Property::aside(
            "lastSignInDateTime",
            PropertyKind::DateTime,
            last_sign_in!("interactive_at"),
            Operators::ORDERED,
        ),
        Property::unfilterable("lastSignInRequestId", PropertyKind::Text),
        Property::aside(
            "lastNonInteractiveSignInDateTime",
            PropertyKind::DateTime,
            last_sign_in!("other_at"),
            Operators::ORDERED,
        ),
        Property::unfilterable("lastNonInteractiveSignInRequestId", PropertyKind::Text),
        Property::aside(
            "lastSuccessfulSignInDateTime",
            PropertyKind::DateTime,
            last_sign_in!("successful_at"),
            Operators::ORDERED,
        ),
        Property::unfilterable("lastSuccessfulSignInRequestId", PropertyKind::Text),
    ],
};
static ORG_DATA: Entity = Entity {
    name: "employeeOrgData",
    properties: &[
        Property::indexed("costCenter", PropertyKind::Text, 16, NULLABLE),
        Property::indexed("division", PropertyKind::Text, 17, NULLABLE),
    ],
};
static IDENTITY: Entity = Entity {
    name: "objectIdentity",
    properties: &[
        part("issuer", "identity.issuer"),
        part("issuerAssignedId", "identity.issuer_assigned_id"),
        part("signInType", "identity.sign_in_type"),
    ],
};
static EXTENSIONS: Entity = Entity {
    name: "onPremisesExtensionAttributes",
    properties: &[
        extension("extensionAttribute1", 1),
        extension("extensionAttribute2", 2),
        extension("extensionAttribute3", 3),
        extension("extensionAttribute4", 4),
        extension("extensionAttribute5", 5),
        extension("extensionAttribute6", 6),
        extension("extensionAttribute7", 7),
        extension("extensionAttribute8", 8),
        extension("extensionAttribute9", 9),
        extension("extensionAttribute10", 10),
        extension("extensionAttribute11", 11),
        extension("extensionAttribute12", 12),
        extension("extensionAttribute13", 13),
        extension("extensionAttribute14", 14),
        extension("extensionAttribute15", 15),
    ],
};
static NOTHING: Entity = Entity {
    name: "complex",
    properties: &[],
};

/// `eq`, `in`; advanced `ne`, `not`, `eq null`.
const NULLABLE: Operators = Operators::EXACT.when_advanced(&[Operator::Null]);

/// One of the attributes that are free for everybody's use.
const fn extension(name: &'static str, number: i64) -> Property {
    Property::indexed(name, PropertyKind::Text, number, Operators::TEXT)
}

/// A text of a collection's elements.
const fn part(name: &'static str, column: &'static str) -> Property {
    let operators = Operators::NONE.by_default(&[Operator::Equal, Operator::Null]);
    Property::new(name, PropertyKind::Text, column, operators)
}

const fn bool(name: &'static str, column: &'static str) -> Property {
    Property::new(name, PropertyKind::Bool, column, Operators::EXACT)
}

const fn date(name: &'static str, column: &'static str) -> Property {
    Property::new(name, PropertyKind::DateTime, column, Operators::ORDERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_agree() {
        assert_eq!(ENTITY.problems(), Vec::<String>::new());
        for property in ENTITY.properties {
            assert!(USER.property(property.name).is_some(), "{}", property.name);
        }
        // Whoever filters by what can't be filtered isn't told that it doesn't exist.
        for property in USER.properties.iter().filter(|p| p.name != "blockedHere") {
            let mut known = ENTITY.properties.iter();
            assert!(
                known.any(|own| own.name == property.name),
                "{}",
                property.name
            );
        }
        let shown = USER.properties.iter().filter(|p| p.by_default).count();
        assert_eq!(shown, 11);
    }
}
