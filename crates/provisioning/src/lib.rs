//! How users of one tenant become users of another: the provisioning schema and the expression
//! language of its mappings.
//!
//! | what | where |
//! |---|---|
//! | Graph's `synchronizationSchema` | [`Schema`]: [`Schema::default_for_users`], [`Schema::from_json`] (checks everything, errors say where), [`Schema::to_json`] |
//! | the schema that a pair keeps | [`store::load`], [`store::save`], [`store::delete`]: a pair without one works by the default |
//! | `parseExpression`, `functions()`, `filterOperators()`, directories | [`parse_expression`] with [`ParseExpression::from_body`], [`functions_json`], [`filter_operators_json`], [`Schema::directory`] with [`Directory::to_json`] |
//! | an expression | [`Expression::parse`], [`Expression::evaluate`] with a [`Context`] |
//! | a schema applied to users | [`Mapper`]: [`Mapper::standing`], [`Mapper::map`] |
//!
//! Rules that hold here:
//!
//! - Nothing is taken from outside: time and randomness are given, attributes come from a
//!   [`Source`]. The same user gives the same values.
//! - Everything is bounded: expressions by length, depth and nodes, their evaluation by a budget of
//!   bytes, patterns by their size and that of what they search, schemas by their bytes.
//! - A [`Schema`] is valid. What is wrong with one is an [`types::Error::Invalid`] whose target is the
//!   place; Graph's code for it is [`SCHEMA_INVALID`].
//! - What a schema doesn't say is the target's: attributes without a mapping are never touched.

mod attributes;
mod describe;
mod expression;
mod filter;
mod mapper;
mod schema;
pub mod store;

pub use attributes::{Attribute, Kind, SOURCE, TARGET, User};
pub use describe::{
    ParseExpression, TEST_PROPERTIES_MAX, filter_operators_json, functions_json, parse_expression,
};
pub use expression::{
    Context, EXPRESSION_CHARACTERS_MAX, EXPRESSION_DEPTH_MAX, EXPRESSION_NODES_MAX, Evaluated,
    Expression, Failure, Function, Operator, PATTERN_BYTES_MAX, PATTERN_TEXT_BYTES_MAX, Parameter,
    Source, TEXT_BYTES_MAX, VALUES_MAX, Value, WORK_MAX, functions,
};
pub use filter::{
    FILTER_CLAUSES_MAX, FILTER_GROUPS_MAX, FILTER_VALUES_MAX, Filter, FilterClause, FilterGroup,
    FilterOperator, Standing,
};
pub use mapper::{Flow, Mapper, Unmapped};
pub use schema::{
    ATTRIBUTE_DEFINITIONS_MAX, ATTRIBUTE_MAPPINGS_MAX, AttributeDefinition, AttributeMapping,
    Directory, FlowBehavior, FlowType, FlowTypes, METADATA_MAX, ObjectDefinition, ObjectMapping,
    Rule, SCHEMA_BYTES_MAX, SCHEMA_OBJECTS_MAX, SCHEMA_TEXT_CHARACTERS_MAX, SOURCE_DIRECTORY,
    Schema, TARGET_DIRECTORY, USER_RULE_ID,
};

/// Graph's error code for a schema that is wrong.
pub const SCHEMA_INVALID: &str = "schemaInvalid";
