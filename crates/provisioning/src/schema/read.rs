//! Reads a schema from Graph's JSON. Whatever is wrong is said with its place; annotations (`@odata…`)
//! are passed over; what isn't given has Graph's default.

use serde_json::Value;
use types::{Error, Result};

use crate::expression::{self, EXPRESSION_DEPTH_MAX, EXPRESSION_NODES_MAX, Expression};
use crate::filter::{
    FILTER_CLAUSES_MAX, FILTER_GROUPS_MAX, FILTER_VALUES_MAX, Filter, FilterClause, FilterGroup,
    FilterOperator,
};

use super::reader::{At, METADATA, Max};
use super::{
    ATTRIBUTE_DEFINITIONS_MAX, ATTRIBUTE_MAPPINGS_MAX, AttributeDefinition, AttributeMapping,
    Directory, FlowBehavior, FlowType, FlowTypes, ObjectDefinition, ObjectMapping, Rule,
    SCHEMA_BYTES_MAX, SCHEMA_OBJECTS_MAX, SOURCE_DIRECTORY, Schema, TARGET_DIRECTORY, USER_RULE_ID,
    default,
};

const FEW: Max = (SCHEMA_OBJECTS_MAX, "limits.schema_objects");
const MAPPINGS: Max = (ATTRIBUTE_MAPPINGS_MAX, "limits.attribute_mappings");
const DEFINITIONS: Max = (ATTRIBUTE_DEFINITIONS_MAX, "limits.attribute_definitions");
const NODES: Max = (EXPRESSION_NODES_MAX, "limits.expression_nodes");
const GROUPS: Max = (FILTER_GROUPS_MAX, "limits.scope_groups");
const CLAUSES: Max = (FILTER_CLAUSES_MAX, "limits.scope_clauses");
const VALUES: Max = (FILTER_VALUES_MAX, "limits.scope_values");

impl Schema {
    /// Reads a schema and checks it as a whole. Its `id` is the job's and isn't looked at; without
    /// `directories` it speaks of the default ones.
    pub fn from_json(body: &Value) -> Result<Self> {
        if body.to_string().len() > SCHEMA_BYTES_MAX {
            return Err(Error::LimitExceeded {
                limit: "limits.schema_bytes",
                message: format!(
                    "A synchronization schema has at most {SCHEMA_BYTES_MAX} bytes \
                     (limits.schema_bytes)."
                ),
            });
        }
        Self::read(body)
    }

    /// [`Schema::from_json`] of a body that is known not to be too long.
    pub(crate) fn read(body: &Value) -> Result<Self> {
        let names = ["id", "version", "synchronizationRules", "directories"];
        let object = At::root(body).object("synchronizationSchema", &names)?;
        let directories = object.at("directories");
        let directories = if directories.is_absent() {
            default::directories()
        } else {
            let read = directories.list(FEW)?.into_iter().map(directory);
            read.collect::<Result<_>>()?
        };
        let rules = object.at("synchronizationRules");
        let mut found = rules.list(FEW)?;
        let (Some(only), true) = (found.pop(), found.is_empty()) else {
            return Err(rules.wrong(
                "there is exactly one rule: that of the users (and groups) of the two tenants.",
            ));
        };
        let schema = Self {
            version: object.at("version").text()?.unwrap_or("v1.2".to_owned()),
            rule: rule(&only)?,
            directories,
        };
        schema.validate()?;
        Ok(schema)
    }
}

fn rule(at: &At<'_>) -> Result<Rule> {
    let object = at.object(
        "synchronizationRule",
        &[
            "containerFilter",
            "editable",
            "groupFilter",
            "id",
            "metadata",
            "name",
            "objectMappings",
            "priority",
            "sourceDirectoryName",
            "targetDirectoryName",
        ],
    )?;
    for (name, list) in [
        ("containerFilter", "includedContainers"),
        ("groupFilter", "includedGroups"),
    ] {
        let filter = object.at(name);
        if !filter.is_absent() && !filter.object(name, &[list])?.at(list).list(FEW)?.is_empty() {
            return Err(filter.wrong(
                "this template has no such filter: use the scope of the object mapping, or share \
                 groups.",
            ));
        }
    }
    let mappings = object.at("objectMappings");
    let (mut users, mut groups) = (None, None);
    for at in mappings.list(FEW)? {
        let mapping = object_mapping(&at)?;
        let kinds = (
            mapping.source_object.as_str(),
            mapping.target_object.as_str(),
        );
        let place = match kinds {
            ("User", "User") => &mut users,
            ("Group", "Group") => &mut groups,
            (source, target) => {
                return Err(at.wrong(&format!(
                    "'{source}' can't be mapped to '{target}': User is mapped to User, and Group \
                     to Group."
                )));
            }
        };
        if place.is_some() {
            return Err(at.wrong("these objects are mapped twice."));
        }
        *place = Some(mapping);
    }
    let users = users.ok_or_else(|| mappings.wrong("a mapping of User to User is needed."))?;
    let text = |name: &str, otherwise: &str| {
        let text = object.at(name).text()?;
        Ok::<_, Error>(text.unwrap_or(otherwise.to_owned()))
    };
    Ok(Rule {
        id: text("id", USER_RULE_ID)?,
        name: text("name", "USER_INBOUND_USER")?,
        priority: object.at("priority").number(1)?,
        editable: object.at("editable").flag(true)?,
        source_directory: text("sourceDirectoryName", SOURCE_DIRECTORY)?,
        target_directory: text("targetDirectoryName", TARGET_DIRECTORY)?,
        metadata: object.at("metadata").pairs("stringKeyStringValuePair")?,
        users,
        groups,
    })
}

fn object_mapping(at: &At<'_>) -> Result<ObjectMapping> {
    let object = at.object(
        "objectMapping",
        &[
            "attributeMappings",
            "enabled",
            "flowTypes",
            "metadata",
            "name",
            "scope",
            "sourceObjectName",
            "targetObjectName",
        ],
    )?;
    let scope = object.at("scope");
    let mappings = object.at("attributeMappings");
    Ok(ObjectMapping {
        enabled: object.at("enabled").flag(true)?,
        flow_types: flow_types(&object.at("flowTypes"))?,
        name: object.at("name").text()?,
        metadata: object.at("metadata").pairs("objectMappingMetadataEntry")?,
        scope: (!scope.is_absent()).then(|| filter(&scope)).transpose()?,
        source_object: object.at("sourceObjectName").needed_text()?,
        target_object: object.at("targetObjectName").needed_text()?,
        attribute_mappings: mappings
            .list(MAPPINGS)?
            .iter()
            .map(attribute_mapping)
            .collect::<Result<_>>()?,
    })
}

fn flow_types(at: &At<'_>) -> Result<FlowTypes> {
    let Some(text) = at.text()? else {
        return Ok(FlowTypes {
            add: true,
            update: true,
            delete: true,
        });
    };
    let mut types = FlowTypes {
        add: false,
        update: false,
        delete: false,
    };
    for flag in text.split(',') {
        match flag.trim().to_ascii_lowercase().as_str() {
            "add" => types.add = true,
            "update" => types.update = true,
            "delete" => types.delete = true,
            "none" => {}
            _ => return Err(at.wrong("this has to be None, or of Add, Update and Delete.")),
        }
    }
    Ok(types)
}

fn attribute_mapping(at: &At<'_>) -> Result<AttributeMapping> {
    let object = at.object(
        "attributeMapping",
        &[
            "defaultValue",
            "exportMissingReferences",
            "flowBehavior",
            "flowType",
            "matchingPriority",
            "source",
            "targetAttributeName",
        ],
    )?;
    let behaviors = [FlowBehavior::WhenChanged, FlowBehavior::Always];
    let types = [
        FlowType::Always,
        FlowType::ObjectAddOnly,
        FlowType::MultiValueAddOnly,
        FlowType::ValueAddOnly,
        FlowType::AttributeAddOnly,
    ];
    let behavior = object
        .at("flowBehavior")
        .choice(&behaviors.map(FlowBehavior::name))?;
    let flow = object.at("flowType").choice(&types.map(FlowType::name))?;
    let source = object.at("source");
    Ok(AttributeMapping {
        default_value: object.at("defaultValue").text()?,
        export_missing_references: object.at("exportMissingReferences").flag(false)?,
        flow_behavior: behaviors
            .into_iter()
            .find(|it| Some(it.name()) == behavior)
            .unwrap_or(FlowBehavior::WhenChanged),
        flow_type: types
            .into_iter()
            .find(|it| Some(it.name()) == flow)
            .unwrap_or(FlowType::Always),
        matching_priority: object.at("matchingPriority").number(0)?,
        target: object.at("targetAttributeName").needed_text()?,
        source: (!source.is_absent())
            .then(|| mapping_source(&source, 0))
            .transpose()?
            .flatten(),
    })
}

/// An `attributeMappingSource`. It may say what is meant as an expression, as a tree of functions and
/// parameters, or both ways; then both have to say the same.
fn mapping_source(at: &At<'_>, depth: usize) -> Result<Option<Expression>> {
    if depth > EXPRESSION_DEPTH_MAX {
        return Err(at.wrong(&format!(
            "an expression is nested at most {EXPRESSION_DEPTH_MAX} levels deep \
             (limits.expression_depth)."
        )));
    }
    let names = ["expression", "name", "parameters", "type"];
    let object = at.object("attributeMappingSource", &names)?;
    // Expressions may be longer than other texts: their own limit is looked at where they are read.
    let written = match object.at("expression").value {
        Some(Value::String(text)) if !text.trim().is_empty() => {
            let read = Expression::parse(text);
            Some(read.map_err(|failure| object.at("expression").wrong(&failure.message))?)
        }
        None | Some(Value::Null | Value::String(_)) => None,
        Some(_) => return Err(object.at("expression").wrong("this has to be a string.")),
    };
    let kind = object
        .at("type")
        .choice(&["Attribute", "Constant", "Function"])?;
    let name = object.at("name").text()?;
    let parameters = object.at("parameters");
    let built = match (kind, name) {
        (Some("Constant"), name) => {
            // An empty constant is one; whatever stands in a constant's expression is its name.
            let constant = match (&written, name) {
                (_, Some(name)) => Some(Expression::Text(name)),
                (Some(_), None) => None,
                (None, None) => return Err(object.at("name").wrong("the constant is missing.")),
            };
            match (&constant, &written) {
                (Some(Expression::Text(name)), Some(written)) if written.name() == *name => None,
                _ => constant,
            }
        }
        (Some("Function"), Some(name))
            if !parameters.is_absent() && !parameters.list(NODES)?.is_empty() =>
        {
            Some(called(&name, &parameters, depth)?)
        }
        (Some("Function"), Some(name)) if written.is_none() => {
            let made = Expression::parse(&format!("{name}()"));
            Some(made.map_err(|failure| at.wrong(&failure.message))?)
        }
        (Some("Attribute"), Some(name)) => Some(Expression::Attribute(name)),
        // Graph's default for the type, where nothing else says what it is.
        (None, Some(name)) if written.is_none() => Some(Expression::Attribute(name)),
        _ => None,
    };
    let source = match (written, built) {
        (Some(written), Some(built)) if !written.says_the_same(&built) => {
            return Err(at.wrong(&format!(
                "the expression says {written}, and the rest says {built}: one of them has to go."
            )));
        }
        (Some(written), _) => Some(written),
        (None, built) => built,
    };
    if let (Some("Function"), Some(Expression::Attribute(_) | Expression::Text(_))) =
        (kind, &source)
    {
        return Err(at.wrong("this isn't a function."));
    }
    Ok(source)
}

fn called(name: &str, parameters: &At<'_>, depth: usize) -> Result<Expression> {
    let mut arguments = Vec::new();
    for at in parameters.list(NODES)? {
        let object = at.object(
            "stringKeyAttributeMappingSourceValuePair",
            &["key", "value"],
        )?;
        let key = object.at("key").text()?.unwrap_or_default();
        let value = object.at("value");
        let value = if value.is_absent() {
            None
        } else {
            mapping_source(&value, depth + 1)?
        };
        arguments.push((key, value));
    }
    expression::called(name, arguments).map_err(|what| parameters.wrong(&what))
}

fn filter(at: &At<'_>) -> Result<Filter> {
    let object = at.object(
        "filter",
        &["categoryFilterGroups", "groups", "inputFilterGroups"],
    )?;
    let groups = |name: &str| {
        let groups = object.at(name);
        if groups.is_absent() {
            return Ok(None);
        }
        let read = groups.list(GROUPS)?.into_iter().map(filter_group);
        read.collect::<Result<Vec<_>>>().map(Some)
    };
    Ok(Filter {
        groups: groups("groups")?,
        input_groups: groups("inputFilterGroups")?,
        category_groups: groups("categoryFilterGroups")?,
    })
}

fn filter_group(at: At<'_>) -> Result<FilterGroup> {
    let object = at.object("filterGroup", &["clauses", "name"])?;
    let clauses = object.at("clauses");
    let read = clauses.list(CLAUSES)?.into_iter().map(filter_clause);
    let read: Vec<FilterClause> = read.collect::<Result<_>>()?;
    if read.is_empty() {
        // All of no clauses are true: that would let everybody in.
        return Err(clauses.wrong("a group has at least one clause."));
    }
    Ok(FilterGroup {
        name: object.at("name").text()?,
        clauses: read,
    })
}

fn filter_clause(at: At<'_>) -> Result<FilterClause> {
    let names = ["operatorName", "sourceOperandName", "targetOperand"];
    let object = at.object("filterClause", &names)?;
    let name = object.at("operatorName").needed_text()?;
    let operator = FilterOperator::find(&name).ok_or_else(|| {
        let known = FilterOperator::ALL.iter().map(|it| it.name());
        object.at("operatorName").wrong(&format!(
            "'{name}' isn't an operator; these are {}.",
            known.collect::<Vec<_>>().join(", ")
        ))
    })?;
    let operand = object.at("targetOperand");
    let mut values = Vec::new();
    if !operand.is_absent() {
        let operand = operand.object("filterOperand", &["values"])?;
        for value in operand.at("values").list(VALUES)? {
            values.push(value.text()?.unwrap_or_default());
        }
    }
    if !operator.is_binary() {
        // Forms send an empty value along.
        values.retain(|value| !value.is_empty());
    }
    let clause = FilterClause {
        attribute: object.at("sourceOperandName").needed_text()?,
        operator,
        values,
    };
    clause.check().map_err(|what| at.wrong(&what))?;
    Ok(clause)
}

fn directory(at: At<'_>) -> Result<Directory> {
    let object = at.object(
        "directoryDefinition",
        &[
            "discoverabilities",
            "discoveryDateTime",
            "id",
            "name",
            "objects",
            "readOnly",
            "version",
        ],
    )?;
    let name = object.at("name").needed_text()?;
    let known = default::directories();
    let known = known.into_iter().find(|known| known.name == name);
    let id = object.at("id").text()?.or(known.map(|known| known.id));
    let objects = object.at("objects").list(FEW)?;
    Ok(Directory {
        id: id.unwrap_or_else(|| name.clone()),
        name,
        discoverabilities: object
            .at("discoverabilities")
            .text()?
            .unwrap_or("None".to_owned()),
        discovery_date_time: object.at("discoveryDateTime").text()?,
        read_only: object.at("readOnly").flag(false)?,
        version: object.at("version").text()?,
        objects: objects
            .into_iter()
            .map(object_definition)
            .collect::<Result<_>>()?,
    })
}

fn object_definition(at: At<'_>) -> Result<ObjectDefinition> {
    let object = at.object(
        "objectDefinition",
        &["attributes", "metadata", "name", "supportedApis"],
    )?;
    let mut apis = Vec::new();
    for api in object.at("supportedApis").list(METADATA)? {
        apis.push(api.needed_text()?);
    }
    let attributes = object.at("attributes");
    Ok(ObjectDefinition {
        name: object.at("name").needed_text()?,
        attributes: attributes
            .list(DEFINITIONS)?
            .into_iter()
            .map(attribute_definition)
            .collect::<Result<_>>()?,
        metadata: object
            .at("metadata")
            .pairs("objectDefinitionMetadataEntry")?,
        supported_apis: apis,
    })
}

/// Reads an `attributeDefinition`.
pub(crate) fn attribute_definition(at: At<'_>) -> Result<AttributeDefinition> {
    let object = at.object(
        "attributeDefinition",
        &[
            "anchor",
            "apiExpressions",
            "caseExact",
            "defaultValue",
            "flowNullValues",
            "metadata",
            "multivalued",
            "mutability",
            "name",
            "referencedObjects",
            "required",
            "type",
        ],
    )?;
    let kinds = [
        "String",
        "Integer",
        "Reference",
        "Binary",
        "Boolean",
        "DateTime",
    ];
    let mutabilities = ["ReadWrite", "ReadOnly", "Immutable", "WriteOnly"];
    let mut referenced = Vec::new();
    for at in object.at("referencedObjects").list(FEW)? {
        let names = ["referencedObjectName", "referencedProperty"];
        let object = at.object("referencedObject", &names)?;
        referenced.push((
            object.at("referencedObjectName").needed_text()?,
            object.at("referencedProperty").text()?,
        ));
    }
    let kind = object.at("type").choice(&kinds)?;
    let mutability = object.at("mutability").choice(&mutabilities)?;
    Ok(AttributeDefinition {
        name: object.at("name").needed_text()?,
        kind: kind.unwrap_or("String").to_owned(),
        anchor: object.at("anchor").flag(false)?,
        case_exact: object.at("caseExact").flag(false)?,
        default_value: object.at("defaultValue").text()?,
        flow_null_values: object.at("flowNullValues").flag(false)?,
        multivalued: object.at("multivalued").flag(false)?,
        mutability: mutability.unwrap_or("ReadWrite").to_owned(),
        required: object.at("required").flag(false)?,
        api_expressions: object
            .at("apiExpressions")
            .pairs("stringKeyStringValuePair")?,
        metadata: object
            .at("metadata")
            .pairs("attributeDefinitionMetadataEntry")?,
        referenced_objects: referenced,
    })
}
