//! The schema of a pair that has none of its own: Microsoft's default mapping.

use crate::attributes::{self, Attribute, Kind};
use crate::expression::Expression;

use super::{
    AttributeDefinition, AttributeMapping, Directory, FlowBehavior, FlowType, FlowTypes,
    ObjectDefinition, ObjectMapping, Rule, SOURCE_DIRECTORY, Schema, TARGET_DIRECTORY,
    USER_RULE_ID,
};

/// What is taken over as it is.
const DIRECT: &[&str] = &[
    "IsSoftDeleted",
    "accountEnabled",
    "displayName",
    "givenName",
    "surname",
    "userPrincipalName",
    "mail",
    "mailNickname",
    "jobTitle",
    "department",
    "employeeId",
    "physicalDeliveryOfficeName",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "telephoneNumber",
    "preferredLanguage",
    "manager",
];
const GROUP_ATTRIBUTES: &[&str] = &["displayName", "description", "mailNickname", "members"];

pub(super) const MATCHING: &str = "alternativeSecurityIds";
pub(super) const MATCHING_EXPRESSION: &str = "AltSecIdFromNetId([netId])";

impl Schema {
    /// The default: what [`Schema::to_json`] shows for a pair without a schema of its own, and what
    /// the synchronization does for it.
    pub fn default_for_users() -> Self {
        let rule = Rule {
            id: USER_RULE_ID.to_owned(),
            name: "USER_INBOUND_USER".to_owned(),
            priority: 1,
            editable: true,
            source_directory: SOURCE_DIRECTORY.to_owned(),
            target_directory: TARGET_DIRECTORY.to_owned(),
            metadata: vec![("supportsProvisionOnDemand".to_owned(), "true".to_owned())],
            users: users(),
            groups: Some(groups()),
        };
        Self {
            version: "v1.2".to_owned(),
            rule,
            directories: directories(),
        }
    }
}

impl AttributeMapping {
    fn new(target: &str, source: Option<Expression>) -> Self {
        Self {
            default_value: None,
            export_missing_references: false,
            flow_behavior: FlowBehavior::WhenChanged,
            flow_type: FlowType::Always,
            matching_priority: 0,
            target: target.to_owned(),
            source,
        }
    }

    fn direct(name: &str) -> Self {
        Self::new(name, Some(Expression::Attribute(name.to_owned())))
    }

    fn constant(target: &str, value: &str) -> Self {
        Self::new(target, Some(Expression::Text(value.to_owned())))
    }
}

fn mapping(
    object: &str,
    enabled: bool,
    attribute_mappings: Vec<AttributeMapping>,
    joining: &str,
) -> ObjectMapping {
    let entry = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    ObjectMapping {
        enabled,
        flow_types: FlowTypes {
            add: true,
            update: true,
            delete: true,
        },
        name: Some(format!("Provision {SOURCE_DIRECTORY} {object}s")),
        metadata: vec![
            entry("IsCustomerDefined", "false"),
            entry("DisableMonitoringForChanges", "false"),
            entry("Disposition", "\"Normal\""),
            entry("ExcludeFromReporting", "false"),
            entry("EscrowBehavior", "\"Default\""),
            entry("Unsynchronized", "false"),
            entry("OriginalJoiningProperty", joining),
        ],
        scope: None,
        source_object: object.to_owned(),
        target_object: object.to_owned(),
        attribute_mappings,
    }
}

fn users() -> ObjectMapping {
    let matching = AttributeMapping {
        matching_priority: 1,
        ..AttributeMapping::new(MATCHING, Expression::parse(MATCHING_EXPRESSION).ok())
    };
    let mut mappings = vec![matching];
    mappings.extend(DIRECT.iter().map(|name| AttributeMapping::direct(name)));
    mappings.push(AttributeMapping {
        flow_type: FlowType::ObjectAddOnly,
        ..AttributeMapping::constant("userType", "Member")
    });
    mappings.push(AttributeMapping {
        flow_type: FlowType::ObjectAddOnly,
        ..AttributeMapping::constant("showInAddressList", "True")
    });
    mapping("User", true, mappings, MATCHING)
}

pub(super) fn groups() -> ObjectMapping {
    let mappings = GROUP_ATTRIBUTES.iter();
    let mappings = mappings
        .map(|name| AttributeMapping::direct(name))
        .collect();
    mapping("Group", false, mappings, "objectId")
}

fn definition(attribute: &Attribute, is_target: bool) -> AttributeDefinition {
    let name = attribute.name;
    let is_anchor = name == if is_target { MATCHING } else { "objectId" };
    let referenced = (attribute.kind == Kind::Reference).then(|| ("User".to_owned(), None));
    let is_required = is_target && [MATCHING, "displayName", "userPrincipalName"].contains(&name);
    AttributeDefinition {
        name: name.to_owned(),
        kind: attribute.kind.name().to_owned(),
        anchor: is_anchor,
        case_exact: false,
        default_value: None,
        flow_null_values: false,
        multivalued: attribute.multivalued,
        mutability: "ReadWrite".to_owned(),
        required: is_required,
        api_expressions: Vec::new(),
        metadata: Vec::new(),
        referenced_objects: referenced.into_iter().collect(),
    }
}

fn group_definition(is_target: bool) -> ObjectDefinition {
    let plain = |name: &'static str| {
        let attribute = Attribute {
            name,
            property: name,
            kind: if name == "members" {
                Kind::Reference
            } else {
                Kind::String
            },
            multivalued: name == "members",
        };
        definition(&attribute, is_target)
    };
    let names = ["objectId"].iter().chain(GROUP_ATTRIBUTES);
    ObjectDefinition {
        name: "Group".to_owned(),
        attributes: names.map(|name| plain(name)).collect(),
        metadata: Vec::new(),
        supported_apis: Vec::new(),
    }
}

pub(super) fn directories() -> Vec<Directory> {
    let directory = |id: &str, name: &str, table: &[Attribute], is_target: bool| {
        let entry = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let user = ObjectDefinition {
            name: "User".to_owned(),
            attributes: table.iter().map(|it| definition(it, is_target)).collect(),
            metadata: vec![
                entry("PropertyNameAccountEnabled", "accountEnabled"),
                entry("PropertyNameSoftDeleted", "IsSoftDeleted"),
                entry("IsSoftDeletionSupported", "true"),
                entry("IsSynchronizeAllSupported", "true"),
            ],
            supported_apis: Vec::new(),
        };
        Directory {
            id: id.to_owned(),
            name: name.to_owned(),
            discoverabilities: "AttributeNames, AttributeDataTypes".to_owned(),
            discovery_date_time: None,
            read_only: false,
            version: None,
            objects: vec![user, group_definition(is_target)],
        }
    };
    vec![
        directory(
            "66e4a8cc-1b7b-435e-95f8-f06cea133828",
            SOURCE_DIRECTORY,
            attributes::SOURCE,
            false,
        ),
        directory(
            "f2a5d3b8-0d4e-4a6f-8a0b-5c9e1d7a4b36",
            TARGET_DIRECTORY,
            attributes::TARGET,
            true,
        ),
    ]
}
