//! An entity with a property of each kind, and helpers for the tests.
#![allow(dead_code, reason = "each test file uses its own part")]

use query::{Entity, Operator, Operators, Options, Property, PropertyKind, compile, parse_filter};
use types::Error;

static IDENTITY: Entity = Entity {
    name: "objectIdentity",
    properties: &[
        Property::new("issuer", PropertyKind::Text, "i.issuer", Operators::EVERY),
        Property::new("skuId", PropertyKind::Guid, "i.sku_id", Operators::EVERY),
        Property::new("tags", PropertyKind::TextList, "i.tags", Operators::EVERY),
        Property::unfilterable("secret", PropertyKind::Text),
    ],
};

static EMPLOYEE: Entity = Entity {
    name: "employeeOrgData",
    properties: &[Property::new(
        "costCenter",
        PropertyKind::Text,
        "u.cost_center",
        Operators::TEXT,
    )],
};

/// Operators as Graph documents them.
pub(crate) static USER: Entity = Entity {
    name: "user",
    properties: &[
        Property::new("id", PropertyKind::Guid, "u.id", Operators::EXACT),
        Property::new(
            "displayName",
            PropertyKind::Text,
            "u.display_name",
            Operators::TEXT,
        ),
        Property::new("mail", PropertyKind::Text, "u.mail", Operators::MAIL),
        Property::new(
            "accountEnabled",
            PropertyKind::Bool,
            "u.enabled",
            Operators::EXACT,
        ),
        Property::new(
            "createdDateTime",
            PropertyKind::DateTime,
            "u.created",
            Operators::ORDERED,
        ),
        Property::new("age", PropertyKind::Integer, "u.age", Operators::EVERY),
        Property::new(
            "businessPhones",
            PropertyKind::TextList,
            "u.phones",
            Operators::LIST,
        ),
        Property::new(
            "otherMails",
            PropertyKind::TextList,
            "u.mails",
            Operators::MAIL_LIST,
        ),
        Property::object("employeeOrgData", &EMPLOYEE),
        Property::rows(
            "identities",
            &IDENTITY,
            "identity AS i",
            "i.user_id = u.key",
            Operators::LIST.by_default(&[Operator::Count]),
        ),
        Property::unfilterable("aboutMe", PropertyKind::Text),
    ],
};

static FREE_ORGANIZATION: Entity = Entity {
    name: "employeeOrgData",
    properties: &[Property::new(
        "costCenter",
        PropertyKind::Text,
        "u.cost_center",
        Operators::EVERY,
    )],
};

/// The same properties, all operators allowed.
pub(crate) static FREE: Entity = Entity {
    name: "user",
    properties: &[
        Property::new("id", PropertyKind::Guid, "u.id", Operators::EVERY),
        Property::new(
            "displayName",
            PropertyKind::Text,
            "u.display_name",
            Operators::EVERY,
        ),
        Property::new("mail", PropertyKind::Text, "u.mail", Operators::EVERY),
        Property::new(
            "accountEnabled",
            PropertyKind::Bool,
            "u.enabled",
            Operators::EVERY,
        ),
        Property::new(
            "createdDateTime",
            PropertyKind::DateTime,
            "u.created",
            Operators::EVERY,
        ),
        Property::new("age", PropertyKind::Integer, "u.age", Operators::EVERY),
        Property::new(
            "otherMails",
            PropertyKind::TextList,
            "u.mails",
            Operators::EVERY,
        ),
        Property::object("employeeOrgData", &FREE_ORGANIZATION),
        Property::rows(
            "identities",
            &IDENTITY,
            "identity AS i",
            "i.user_id = u.key",
            Operators::EVERY,
        ),
    ],
};

pub(crate) const ADVANCED: Options = Options {
    advanced: true,
    search: None,
};
pub(crate) const PLAIN: Options = Options {
    advanced: false,
    search: None,
};

/// The message of the 400 that parsing or compiling over `USER` gives; "" if it gives none.
pub(crate) fn refusal(text: &str, options: Options) -> String {
    let result = parse_filter(text).and_then(|filter| compile(&filter, &USER, options, 1));
    match result {
        Ok(_) => String::new(),
        Err(Error::Invalid { target, message }) => {
            assert_eq!(target.as_deref(), Some("$filter"));
            message
        }
        Err(Error::UnsupportedQuery { message }) => format!("unsupported: {message}"),
        Err(other) => panic!("{other:?}"),
    }
}
