//! The properties of `administrativeUnit`.
//!
//! Source: the CSDL of Microsoft Graph and the `administrativeUnit` resource page.

use query::{Entity, Operators, Property, PropertyKind};

use crate::filters::unset;
use crate::schema::{Shape, Type, read, write};

pub(super) static UNIT: Type = Type {
    name: "administrativeUnit",
    properties: &[
        read("id", Shape::Guid).shown(),
        read("deletedDateTime", Shape::DateTime).shown(),
        write("description", Shape::Text(1_024)).shown(),
        write("displayName", Shape::Name(256)).shown(),
        write("isMemberManagementRestricted", Shape::Bool)
            .fixed()
            .shown(),
        write("membershipRule", Shape::Text(3_072)).shown(),
        write(
            "membershipRuleProcessingState",
            Shape::Choice(&["On", "Paused"]),
        )
        .shown(),
        write("membershipType", Shape::Choice(&["Assigned", "Dynamic"])).shown(),
        write("visibility", Shape::Choice(&["HiddenMembership", "Public"])).shown(),
    ],
};

/// How units are filtered; columns as in `FROM administrative_units AS n`.
pub(super) static ENTITY: Entity = Entity {
    name: "administrativeUnit",
    properties: &[
        Property::new("id", PropertyKind::Guid, "n.id", Operators::EXACT),
        Property::new(
            "deletedDateTime",
            PropertyKind::DateTime,
            "n.deleted_at",
            Operators::ORDERED,
        ),
        Property::new(
            "description",
            PropertyKind::Text,
            "n.description",
            Operators::TEXT,
        ),
        Property::new(
            "displayName",
            PropertyKind::Text,
            "n.display_name",
            Operators::TEXT,
        ),
        unset("membershipType"),
        Property::new(
            "visibility",
            PropertyKind::Text,
            "n.visibility",
            Operators::EXACT,
        ),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_agree() {
        assert_eq!(ENTITY.problems(), Vec::<String>::new());
        for property in ENTITY.properties {
            assert!(UNIT.property(property.name).is_some(), "{}", property.name);
        }
    }
}
