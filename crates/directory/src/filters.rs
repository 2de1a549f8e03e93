//! How properties are filtered that several kinds of objects have alike: the credentials of
//! applications and service principals, and what nobody has here but scripts ask for.

use query::{Entity, Operator, Operators, Property, PropertyKind};

/// Elements of a collection that is empty for everybody; a table gives the columns their types.
const NOTHING: &str =
    "(SELECT tenant_id AS id, word AS text, field AS number FROM search_words) AS element";
/// Of a collection's elements: `eq`, and `not` around the collection.
const ELEMENTS: Operators = Operators::NONE
    .by_default(&[Operator::Equal])
    .when_advanced(&[Operator::Not, Operator::Count]);
/// Of what a collection's elements hold.
const PARTS: Operators = Operators::EXACT.by_default(&[
    Operator::NotEqual,
    Operator::Not,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::Null,
]);

/// A text that nobody has: who asks for it by a value finds nobody.
pub(crate) const fn unset(name: &'static str) -> Property {
    Property::new(
        name,
        PropertyKind::Text,
        "CAST(NULL AS TEXT)",
        Operators::TEXT,
    )
}

/// A collection of texts that is empty for everybody.
pub(crate) const fn no_texts(name: &'static str) -> Property {
    Property::new(
        name,
        PropertyKind::TextList,
        "CAST(NULL AS TEXT)",
        Operators::LIST,
    )
}

/// An instant that nobody has.
pub(crate) const fn never(name: &'static str) -> Property {
    Property::new(
        name,
        PropertyKind::DateTime,
        "CAST(NULL AS BIGINT)",
        Operators::ORDERED,
    )
}

/// A collection that is empty for everybody.
pub(crate) const fn none(name: &'static str, entity: &'static Entity) -> Property {
    Property::rows(name, entity, NOTHING, "1 = 0", ELEMENTS)
}

/// Licences.
pub(crate) static LICENSE: Entity = Entity {
    name: "assignedLicense",
    properties: &[
        nothings("skuId", PropertyKind::Guid),
        Property::unfilterable("disabledPlans", PropertyKind::TextList),
    ],
};
/// What licences comprise.
pub(crate) static PLAN: Entity = Entity {
    name: "assignedPlan",
    properties: &[
        nothings("assignedDateTime", PropertyKind::DateTime),
        nothings("capabilityStatus", PropertyKind::Text),
        nothings("service", PropertyKind::Text),
        nothings("servicePlanId", PropertyKind::Guid),
    ],
};
/// What has been set up of it.
pub(crate) static PROVISIONED_PLAN: Entity = Entity {
    name: "provisionedPlan",
    properties: &[
        nothings("capabilityStatus", PropertyKind::Text),
        nothings("provisioningStatus", PropertyKind::Text),
        nothings("service", PropertyKind::Text),
    ],
};
/// What went wrong with objects from a directory on premises.
pub(crate) static PREMISES_ERROR: Entity = Entity {
    name: "onPremisesProvisioningError",
    properties: &[
        nothings("category", PropertyKind::Text),
        nothings("occurredDateTime", PropertyKind::DateTime),
        nothings("propertyCausingError", PropertyKind::Text),
        nothings("value", PropertyKind::Text),
    ],
};
/// What went wrong in services that set something up.
pub(crate) static SERVICE_ERROR: Entity = Entity {
    name: "serviceProvisioningError",
    properties: &[
        nothings("createdDateTime", PropertyKind::DateTime),
        nothings("isResolved", PropertyKind::Bool),
        nothings("serviceInstance", PropertyKind::Text),
    ],
};

const fn nothings(name: &'static str, kind: PropertyKind) -> Property {
    let column = match kind {
        PropertyKind::Guid => "element.id",
        PropertyKind::Text => "element.text",
        _ => "element.number",
    };
    Property::new(name, kind, column, PARTS)
}

/// The secrets of an object; `on` ties `password_credentials AS secret` to it.
pub(crate) const fn secrets(on: &'static str) -> Property {
    let table = "password_credentials AS secret";
    Property::rows("passwordCredentials", &SECRET, table, on, ELEMENTS)
}

/// The certificates of an object; `on` ties `key_credentials AS certificate` to it.
pub(crate) const fn certificates(on: &'static str) -> Property {
    let table = "key_credentials AS certificate";
    Property::rows("keyCredentials", &CERTIFICATE, table, on, ELEMENTS)
}

/// The owners of an object, as far as they are there: rows of a table of owners, `o`, tied to it by
/// `$on`.
macro_rules! owners {
    ($table:literal, $on:literal) => {
        query::Property::relation(
            "owners",
            concat!($table, " AS o"),
            concat!(
                $on,
                " AND (EXISTS (SELECT 1 FROM users AS ou WHERE ou.tenant_id = o.tenant_id \
                   AND ou.id = o.owner_id AND ou.deleted_at IS NULL) \
                 OR EXISTS (SELECT 1 FROM service_principals AS os \
                   WHERE os.tenant_id = o.tenant_id AND os.id = o.owner_id \
                   AND os.deleted_at IS NULL))"
            ),
        )
    };
}
pub(crate) use owners;

static SECRET: Entity = Entity {
    name: "passwordCredential",
    properties: &[
        Property::unfilterable("displayName", PropertyKind::Text),
        instant("endDateTime", "secret.end_at"),
        Property::unfilterable("hint", PropertyKind::Text),
        Property::new("keyId", PropertyKind::Guid, "secret.key_id", PARTS),
        instant("startDateTime", "secret.start_at"),
    ],
};
static CERTIFICATE: Entity = Entity {
    name: "keyCredential",
    properties: &[
        Property::unfilterable("displayName", PropertyKind::Text),
        instant("endDateTime", "certificate.end_at"),
        Property::new("keyId", PropertyKind::Guid, "certificate.key_id", PARTS),
        instant("startDateTime", "certificate.start_at"),
        Property::unfilterable("type", PropertyKind::Text),
        Property::unfilterable("usage", PropertyKind::Text),
    ],
};

const fn instant(name: &'static str, column: &'static str) -> Property {
    Property::new(name, PropertyKind::DateTime, column, PARTS)
}
