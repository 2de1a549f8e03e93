//! Writes a schema in Graph's JSON.

use serde_json::{Map, Value, json};

use crate::filter::{Filter, FilterGroup};

use super::{
    AttributeDefinition, AttributeMapping, Directory, FlowBehavior, FlowType, FlowTypes,
    ObjectDefinition, ObjectMapping, Rule, Schema,
};

impl Schema {
    /// Graph's `synchronizationSchema` under an id (that of the job or the template), its
    /// directories included.
    pub fn to_json(&self, id: &str) -> Value {
        json!({
            "id": id,
            "version": self.version,
            "synchronizationRules": [self.rule.to_json()],
            "directories": self.directories.iter().map(Directory::to_json).collect::<Vec<_>>(),
        })
    }
}

fn pairs(pairs: &[(String, String)]) -> Vec<Value> {
    pairs
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect()
}

impl Rule {
    fn to_json(&self) -> Value {
        let mappings = std::iter::once(&self.users).chain(&self.groups);
        json!({
            "containerFilter": null,
            "editable": self.editable,
            "groupFilter": null,
            "id": self.id,
            "name": self.name,
            "priority": self.priority,
            "sourceDirectoryName": self.source_directory,
            "targetDirectoryName": self.target_directory,
            "metadata": pairs(&self.metadata),
            "objectMappings": mappings.map(ObjectMapping::to_json).collect::<Vec<_>>(),
        })
    }
}

impl FlowTypes {
    /// As Graph writes a set of flags.
    pub fn to_text(self) -> String {
        let flags = [
            (self.add, "Add"),
            (self.update, "Update"),
            (self.delete, "Delete"),
        ];
        let set: Vec<&str> = flags
            .iter()
            .filter_map(|(is_set, name)| is_set.then_some(*name))
            .collect();
        if set.is_empty() {
            "None".to_owned()
        } else {
            set.join(",")
        }
    }
}

impl ObjectMapping {
    fn to_json(&self) -> Value {
        let mappings = self.attribute_mappings.iter();
        json!({
            "enabled": self.enabled,
            "flowTypes": self.flow_types.to_text(),
            "name": self.name,
            "scope": self.scope.as_ref().map(Filter::to_json),
            "sourceObjectName": self.source_object,
            "targetObjectName": self.target_object,
            "attributeMappings": mappings.map(AttributeMapping::to_json).collect::<Vec<_>>(),
            "metadata": pairs(&self.metadata),
        })
    }
}

impl FlowBehavior {
    /// As Graph writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WhenChanged => "FlowWhenChanged",
            Self::Always => "FlowAlways",
        }
    }
}

impl FlowType {
    /// As Graph writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::ObjectAddOnly => "ObjectAddOnly",
            Self::MultiValueAddOnly => "MultiValueAddOnly",
            Self::ValueAddOnly => "ValueAddOnly",
            Self::AttributeAddOnly => "AttributeAddOnly",
        }
    }
}

impl AttributeMapping {
    fn to_json(&self) -> Value {
        json!({
            "defaultValue": self.default_value,
            "exportMissingReferences": self.export_missing_references,
            "flowBehavior": self.flow_behavior.name(),
            "flowType": self.flow_type.name(),
            "matchingPriority": self.matching_priority,
            "targetAttributeName": self.target,
            "source": self.source.as_ref().map(crate::Expression::to_json),
        })
    }
}

impl Filter {
    /// Graph's `filter`.
    pub fn to_json(&self) -> Value {
        let groups = |groups: &Option<Vec<FilterGroup>>| {
            groups.as_ref().map(|groups| {
                let groups = groups.iter().map(FilterGroup::to_json);
                groups.collect::<Vec<_>>()
            })
        };
        json!({
            "categoryFilterGroups": groups(&self.category_groups),
            "groups": groups(&self.groups),
            "inputFilterGroups": groups(&self.input_groups),
        })
    }
}

impl FilterGroup {
    fn to_json(&self) -> Value {
        let clauses = self.clauses.iter().map(|clause| {
            let operand = (!clause.values.is_empty()).then(|| json!({"values": clause.values}));
            json!({
                "operatorName": clause.operator.name(),
                "sourceOperandName": clause.attribute,
                "targetOperand": operand,
            })
        });
        json!({"clauses": clauses.collect::<Vec<_>>(), "name": self.name})
    }
}

impl Directory {
    /// Graph's `directoryDefinition`.
    pub fn to_json(&self) -> Value {
        let objects = self.objects.iter().map(ObjectDefinition::to_json);
        json!({
            "id": self.id,
            "discoverabilities": self.discoverabilities,
            "discoveryDateTime": self.discovery_date_time,
            "name": self.name,
            "readOnly": self.read_only,
            "version": self.version,
            "objects": objects.collect::<Vec<_>>(),
        })
    }
}

impl ObjectDefinition {
    fn to_json(&self) -> Value {
        let attributes = self.attributes.iter().map(AttributeDefinition::to_json);
        json!({
            "name": self.name,
            "attributes": attributes.collect::<Vec<_>>(),
            "metadata": pairs(&self.metadata),
            "supportedApis": self.supported_apis,
        })
    }
}

impl AttributeDefinition {
    fn to_json(&self) -> Value {
        let referenced = self.referenced_objects.iter();
        let referenced = referenced.map(|(object, property)| {
            json!({"referencedObjectName": object, "referencedProperty": property})
        });
        let mut made = Map::new();
        made.insert("anchor".into(), self.anchor.into());
        made.insert("apiExpressions".into(), pairs(&self.api_expressions).into());
        made.insert("caseExact".into(), self.case_exact.into());
        made.insert("defaultValue".into(), self.default_value.clone().into());
        made.insert("flowNullValues".into(), self.flow_null_values.into());
        made.insert("multivalued".into(), self.multivalued.into());
        made.insert("mutability".into(), self.mutability.as_str().into());
        made.insert("name".into(), self.name.as_str().into());
        made.insert("required".into(), self.required.into());
        made.insert("type".into(), self.kind.as_str().into());
        made.insert("metadata".into(), pairs(&self.metadata).into());
        made.insert(
            "referencedObjects".into(),
            referenced.collect::<Vec<_>>().into(),
        );
        Value::Object(made)
    }
}
