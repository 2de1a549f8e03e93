//! The document that says how users of one tenant become users of another: Graph's
//! `synchronizationSchema`.
//!
//! What is here is valid: it comes from [`Schema::default_for_users`] or from
//! [`Schema::from_json`], which says where a document is wrong. Written and read again it is the
//! same.
//!
//! Source: the resources `synchronizationSchema`, `synchronizationRule`, `objectMapping`,
//! `attributeMapping`, `filter` and `directoryDefinition` of Microsoft Graph; "Configure cross-tenant
//! synchronization" for the default mapping.

mod default;
mod read;
mod reader;
mod validate;
mod write;

pub(crate) use read::attribute_definition;
pub(crate) use reader::At;

use crate::expression::Expression;
use crate::filter::Filter;

/// Bytes of a schema as JSON.
pub const SCHEMA_BYTES_MAX: usize = 524_288;
/// Attribute mappings of one object mapping.
pub const ATTRIBUTE_MAPPINGS_MAX: usize = 100;
/// Attributes that the definition of one object lists.
pub const ATTRIBUTE_DEFINITIONS_MAX: usize = 500;
/// Rules, object mappings, directories, types of objects: more than there are kinds.
pub const SCHEMA_OBJECTS_MAX: usize = 8;
/// Entries of metadata at one place.
pub const METADATA_MAX: usize = 32;
/// Characters of a name in a schema, and of a constant or a default value.
pub const SCHEMA_TEXT_CHARACTERS_MAX: usize = 4_096;

/// The only rule of the template.
pub const USER_RULE_ID: &str = "2f4c8f5e-6d0c-4d7e-9d53-6a1c7f0b1e52";
/// The directory of the source tenant.
pub const SOURCE_DIRECTORY: &str = "Azure Active Directory";
/// The directory of the target tenant.
pub const TARGET_DIRECTORY: &str = "Azure Active Directory (target tenant)";

/// A synchronization schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Its version, in the words of whoever wrote it.
    pub version: String,
    /// The rule.
    pub rule: Rule,
    /// The directories whose attributes it speaks of: source and target.
    pub directories: Vec<Directory>,
}

/// A synchronization rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What `provisionOnDemand` calls `ruleId`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Rules with lower numbers come first.
    pub priority: i32,
    /// Whether an admin may change it.
    pub editable: bool,
    /// The source's directory.
    pub source_directory: String,
    /// The target's directory.
    pub target_directory: String,
    /// Kept for whoever wrote it.
    pub metadata: Vec<(String, String)>,
    /// How users are mapped.
    pub users: ObjectMapping,
    /// How groups are mapped; none if groups aren't spoken of.
    pub groups: Option<ObjectMapping>,
}

/// How objects of one type are mapped.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectMapping {
    /// Whether it is used.
    pub enabled: bool,
    /// What may be done in the target.
    pub flow_types: FlowTypes,
    /// A name for people.
    pub name: Option<String>,
    /// Kept for whoever wrote it.
    pub metadata: Vec<(String, String)>,
    /// Whom it is for; without one everybody.
    pub scope: Option<Filter>,
    /// The type in the source.
    pub source_object: String,
    /// The type in the target.
    pub target_object: String,
    /// Its attributes.
    pub attribute_mappings: Vec<AttributeMapping>,
}

/// What may be done in the target (`objectFlowTypes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowTypes {
    /// Making users.
    pub add: bool,
    /// Changing users.
    pub update: bool,
    /// Deleting users.
    pub delete: bool,
}

/// How one attribute of the target gets its value.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeMapping {
    /// The value where the source has none.
    pub default_value: Option<String>,
    /// Kept for whoever wrote it.
    pub export_missing_references: bool,
    /// When it is sent.
    pub flow_behavior: FlowBehavior,
    /// What may be done with the value in the target.
    pub flow_type: FlowType,
    /// Above 0: existing users are found by it.
    pub matching_priority: i32,
    /// The attribute of the target.
    pub target: String,
    /// Where its value comes from; none if only the default value is meant.
    pub source: Option<Expression>,
}

/// When an attribute is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowBehavior {
    /// When something of the user changes that is sent.
    WhenChanged,
    /// Each time that the user is looked at.
    Always,
}

/// What may be done with a value in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowType {
    /// It is the source's, its absence included.
    Always,
    /// It is set when the user is made.
    ObjectAddOnly,
    /// Values are added to those that are there.
    MultiValueAddOnly,
    /// It is set and changed, never taken away.
    ValueAddOnly,
    /// It is set where there is none.
    AttributeAddOnly,
}

/// A directory's definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Directory {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What `discover` can find out of it.
    pub discoverabilities: String,
    /// When that was done.
    pub discovery_date_time: Option<String>,
    /// Whether it can't be written to.
    pub read_only: bool,
    /// Its version.
    pub version: Option<String>,
    /// The types of its objects.
    pub objects: Vec<ObjectDefinition>,
}

/// A type of objects.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectDefinition {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<AttributeDefinition>,
    /// Kept for whoever wrote it.
    pub metadata: Vec<(String, String)>,
    /// Kept for whoever wrote it.
    pub supported_apis: Vec<String>,
}

/// An attribute's definition.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeDefinition {
    /// Its name.
    pub name: String,
    /// `attributeType`.
    pub kind: String,
    /// Whether it tells objects apart.
    pub anchor: bool,
    /// Whether case counts.
    pub case_exact: bool,
    /// Its default value.
    pub default_value: Option<String>,
    /// Whether null is written.
    pub flow_null_values: bool,
    /// Whether it has several values.
    pub multivalued: bool,
    /// `mutability`.
    pub mutability: String,
    /// Whether an object needs it.
    pub required: bool,
    /// Kept for whoever wrote it.
    pub api_expressions: Vec<(String, String)>,
    /// Kept for whoever wrote it.
    pub metadata: Vec<(String, String)>,
    /// The types that a reference may refer to, and their properties.
    pub referenced_objects: Vec<(String, Option<String>)>,
}

impl Schema {
    /// The directory of an id or a name.
    pub fn directory(&self, id: &str) -> Option<&Directory> {
        self.directories
            .iter()
            .find(|directory| directory.id == id || directory.name == id)
    }

    /// The object mappings, users first.
    pub fn object_mappings(&self) -> impl Iterator<Item = &ObjectMapping> {
        std::iter::once(&self.rule.users).chain(&self.rule.groups)
    }
}
