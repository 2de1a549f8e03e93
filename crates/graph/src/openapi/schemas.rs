//! Graph's types as JSON schemas, those that some operation speaks of and what these need.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::csdl::{Kind, Property, Types};

/// Writes schemas and remembers whose names they use.
pub(super) struct Schemas<'t> {
    types: &'t Types,
    wanted: BTreeSet<String>,
}

impl<'t> Schemas<'t> {
    pub(super) const fn new(types: &'t Types) -> Self {
        Self {
            types,
            wanted: BTreeSet::new(),
        }
    }

    /// One of a type.
    pub(super) fn one(&mut self, name: &str) -> Value {
        match name {
            "Edm.Boolean" => return json!({ "type": "boolean" }),
            "Edm.Byte" | "Edm.Int16" | "Edm.Int32" | "Edm.Int64" => {
                return json!({ "type": "integer" });
            }
            "Edm.Double" | "Edm.Single" | "Edm.Decimal" => return json!({ "type": "number" }),
            "Edm.Guid" => return json!({ "type": "string", "format": "uuid" }),
            "Edm.DateTimeOffset" => return json!({ "type": "string", "format": "date-time" }),
            "Edm.Date" => return json!({ "type": "string", "format": "date" }),
            "Edm.Untyped" => return json!({}),
            _ => {}
        }
        if let Some(enumeration) = self.types.enumerations.get(name) {
            return if enumeration.is_flags {
                json!({ "type": "string" })
            } else {
                json!({ "type": "string", "enum": enumeration.members })
            };
        }
        if self.types.structures.contains_key(name) {
            self.wanted.insert(name.to_owned());
            return json!({ "$ref": format!("#/components/schemas/{name}") });
        }
        json!({ "type": "string" })
    }

    /// A value of this kind.
    pub(super) fn value(&mut self, kind: &Kind, is_nullable: bool) -> Value {
        let one = self.one(&kind.name);
        if kind.is_collection {
            return json!({ "type": "array", "items": one });
        }
        if !is_nullable {
            return one;
        }
        match one.get("type") {
            Some(Value::String(only)) if one.get("enum").is_none() => {
                let mut one = one.clone();
                one["type"] = json!([only, "null"]);
                one
            }
            None if one.get("$ref").is_none() => one,
            _ => json!({ "anyOf": [one, { "type": "null" }] }),
        }
    }

    /// An object with these properties, those of them required that can't be null if so wanted.
    pub(super) fn object(&mut self, properties: &[Property]) -> Value {
        let mut written = Map::new();
        for property in properties.iter().filter(|it| !it.is_navigation) {
            let schema = self.value(&property.kind, property.is_nullable);
            written.insert(property.name.clone(), schema);
        }
        json!({ "type": "object", "properties": written })
    }

    /// Everything that was named, and what that names in turn.
    pub(super) fn components(mut self) -> Map<String, Value> {
        let mut written = Map::new();
        while let Some(name) = self.wanted.pop_first() {
            if written.contains_key(&name) {
                continue;
            }
            let types = self.types;
            let Some(structure) = types.structures.get(&name) else {
                continue;
            };
            let own = self.object(&structure.properties);
            let schema = match &structure.base {
                Some(base) => json!({ "allOf": [self.one(base), own] }),
                None => own,
            };
            written.insert(name, schema);
        }
        written
    }
}
