//! The attributes of users on both sides, under the names that Microsoft's directories have for them,
//! and what each is in Graph.
//!
//! A few have two names, `physicalDeliveryOfficeName` and `officeLocation` for one; either can be
//! written in a schema.

use serde_json::{Map, Value as Json};

use crate::expression::{Source, Value};

/// The type of an attribute (`attributeType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    String,
    /// True or false.
    Boolean,
    /// A date and time.
    DateTime,
    /// Another object.
    Reference,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Boolean => "Boolean",
            Self::DateTime => "DateTime",
            Self::Reference => "Reference",
        }
    }
}

/// An attribute.
#[derive(Debug)]
pub struct Attribute {
    /// Its name in a schema.
    pub name: &'static str,
    /// What it is in Graph: a property, part of one after a dot, or the first of a list's values.
    pub property: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it has several values.
    pub multivalued: bool,
}

const fn text(name: &'static str, property: &'static str) -> Attribute {
    Attribute {
        name,
        property,
        kind: Kind::String,
        multivalued: false,
    }
}
const fn same(name: &'static str) -> Attribute {
    text(name, name)
}
const fn of(kind: Kind, name: &'static str, property: &'static str) -> Attribute {
    Attribute {
        kind,
        ..text(name, property)
    }
}
const fn list(name: &'static str) -> Attribute {
    Attribute {
        multivalued: true,
        ..same(name)
    }
}

/// What can be read of a user at home.
pub static SOURCE: &[Attribute] = &[
    of(Kind::Boolean, "accountEnabled", "accountEnabled"),
    list("businessPhones"),
    same("city"),
    same("companyName"),
    text("costCenter", "employeeOrgData.costCenter"),
    same("country"),
    of(Kind::DateTime, "createdDateTime", "createdDateTime"),
    same("department"),
    same("displayName"),
    text("division", "employeeOrgData.division"),
    of(Kind::DateTime, "employeeHireDate", "employeeHireDate"),
    same("employeeId"),
    of(
        Kind::DateTime,
        "employeeLeaveDateTime",
        "employeeLeaveDateTime",
    ),
    same("employeeType"),
    text(
        "extensionAttribute1",
        "onPremisesExtensionAttributes.extensionAttribute1",
    ),
    text(
        "extensionAttribute2",
        "onPremisesExtensionAttributes.extensionAttribute2",
    ),
    text(
        "extensionAttribute3",
        "onPremisesExtensionAttributes.extensionAttribute3",
    ),
    text(
        "extensionAttribute4",
        "onPremisesExtensionAttributes.extensionAttribute4",
    ),
    text(
        "extensionAttribute5",
        "onPremisesExtensionAttributes.extensionAttribute5",
    ),
    text(
        "extensionAttribute6",
        "onPremisesExtensionAttributes.extensionAttribute6",
    ),
    text(
        "extensionAttribute7",
        "onPremisesExtensionAttributes.extensionAttribute7",
    ),
    text(
        "extensionAttribute8",
        "onPremisesExtensionAttributes.extensionAttribute8",
    ),
    text(
        "extensionAttribute9",
        "onPremisesExtensionAttributes.extensionAttribute9",
    ),
    text(
        "extensionAttribute10",
        "onPremisesExtensionAttributes.extensionAttribute10",
    ),
    text(
        "extensionAttribute11",
        "onPremisesExtensionAttributes.extensionAttribute11",
    ),
    text(
        "extensionAttribute12",
        "onPremisesExtensionAttributes.extensionAttribute12",
    ),
    text(
        "extensionAttribute13",
        "onPremisesExtensionAttributes.extensionAttribute13",
    ),
    text(
        "extensionAttribute14",
        "onPremisesExtensionAttributes.extensionAttribute14",
    ),
    text(
        "extensionAttribute15",
        "onPremisesExtensionAttributes.extensionAttribute15",
    ),
    text("facsimileTelephoneNumber", "faxNumber"),
    same("faxNumber"),
    same("givenName"),
    of(Kind::Boolean, "IsSoftDeleted", "isSoftDeleted"),
    same("jobTitle"),
    same("mail"),
    same("mailNickname"),
    of(Kind::Reference, "manager", "manager"),
    text("mobile", "mobilePhone"),
    same("mobilePhone"),
    text("netId", "id"),
    text("objectId", "id"),
    same("officeLocation"),
    list("otherMails"),
    text("physicalDeliveryOfficeName", "officeLocation"),
    same("postalCode"),
    same("preferredLanguage"),
    list("proxyAddresses"),
    of(Kind::Boolean, "showInAddressList", "showInAddressList"),
    same("state"),
    same("streetAddress"),
    same("surname"),
    text("telephoneNumber", "businessPhones"),
    same("usageLocation"),
    same("userPrincipalName"),
];

/// What can be set of the user in the target.
pub static TARGET: &[Attribute] = &[
    of(Kind::Boolean, "accountEnabled", "accountEnabled"),
    list("alternativeSecurityIds"),
    list("businessPhones"),
    same("city"),
    same("companyName"),
    same("country"),
    same("department"),
    same("displayName"),
    same("employeeId"),
    same("employeeType"),
    text("facsimileTelephoneNumber", "faxNumber"),
    same("faxNumber"),
    same("givenName"),
    of(Kind::Boolean, "IsSoftDeleted", "isSoftDeleted"),
    same("jobTitle"),
    same("mail"),
    same("mailNickname"),
    of(Kind::Reference, "manager", "manager"),
    text("mobile", "mobilePhone"),
    same("mobilePhone"),
    same("officeLocation"),
    text("physicalDeliveryOfficeName", "officeLocation"),
    same("postalCode"),
    same("preferredLanguage"),
    of(Kind::Boolean, "showInAddressList", "showInAddressList"),
    same("state"),
    same("streetAddress"),
    same("surname"),
    text("telephoneNumber", "businessPhones"),
    same("usageLocation"),
    same("userPrincipalName"),
    same("userType"),
];

/// The attribute of a name; names are told apart by their letters alone where nothing is written
/// exactly so.
pub(crate) fn find(table: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    let exactly = table.iter().find(|attribute| attribute.name == name);
    exactly.or_else(|| {
        table
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    })
}

/// A user of the source tenant, as expressions and filters see it.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    /// Its properties as Graph spells them; what has no value may be absent.
    pub properties: &'a Map<String, Json>,
    /// The manager's object id.
    pub manager: Option<&'a str>,
    /// Whether it is deleted and can be restored.
    pub is_deleted: bool,
}

impl Source for User<'_> {
    fn attribute(&self, name: &str) -> Value {
        let Some(attribute) = find(SOURCE, name) else {
            return Value::Null;
        };
        match attribute.property {
            "isSoftDeleted" => return Value::Boolean(self.is_deleted),
            "manager" => {
                return self
                    .manager
                    .map_or(Value::Null, |id| Value::Text(id.to_owned()));
            }
            _ => {}
        }
        let (property, part) = match attribute.property.split_once('.') {
            Some((property, part)) => (property, Some(part)),
            None => (attribute.property, None),
        };
        let mut value = self.properties.get(property);
        if let Some(part) = part {
            value = value.and_then(|value| value.get(part));
        }
        match value.map_or(Value::Null, Value::from_json) {
            Value::List(values) if !attribute.multivalued => {
                values.into_iter().next().map_or(Value::Null, Value::Text)
            }
            Value::List(values) if values.is_empty() => Value::Null,
            value => value,
        }
    }
}
