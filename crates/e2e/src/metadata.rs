//! Graph's declared types and permissions, read from `graph-metadata/`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use uuid::Uuid;

const CSDL: &str = include_str!("../graph-metadata/isopolity-subset.csdl.xml");
const PERMISSIONS: &str = include_str!("../graph-metadata/permissions.tsv");

/// A structured type: its base and its own properties.
#[derive(Default)]
struct Structure {
    base: Option<String>,
    properties: BTreeMap<String, Property>,
}

struct Property {
    kind: String,
    nullable: bool,
    navigation: bool,
}

#[derive(Default)]
struct Model {
    structures: BTreeMap<String, Structure>,
    enumerations: BTreeMap<String, BTreeSet<String>>,
}

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::read(CSDL));

/// Panics unless every property in the entity is declared on the type or its bases, with a value of
/// the declared kind. `kind` is Graph's name of the type: `"user"`.
#[track_caller]
pub fn assert_fits(kind: &str, entity: &Value) {
    let mut misfits = Vec::new();
    MODEL.compare(kind, entity, kind, &mut misfits);
    assert!(misfits.is_empty(), "{misfits:#?}\nin {entity:#}");
}

/// [`assert_fits`] for each item of a collection.
#[track_caller]
pub fn assert_all_fit(kind: &str, entities: &[Value]) {
    for entity in entities {
        assert_fits(kind, entity);
    }
}

/// The names of an entity's properties, without annotations.
pub fn property_names(entity: &Value) -> BTreeSet<&str> {
    let names = entity.as_object().unwrap().keys().map(String::as_str);
    names.filter(|name| !name.contains('@')).collect()
}

/// The permissions that Graph takes for a call: method and path (lower case, every key `{id}`,
/// without version) → delegated and application permissions. A call that Graph's data doesn't list
/// is absent.
pub fn permissions() -> BTreeMap<(String, String), Permissions> {
    let mut table = BTreeMap::new();
    for line in PERMISSIONS.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [
            method,
            path,
            delegated,
            application,
            more_delegated,
            more_application,
        ] = columns[..]
        else {
            continue;
        };
        if method == "method" {
            continue;
        }
        let set = |texts: [&str; 2]| {
            texts
                .iter()
                .flat_map(|text| text.split(','))
                .filter(|name| *name != "-")
                .map(str::to_owned)
                .collect()
        };
        table.insert(
            (method.to_owned(), path.to_owned()),
            Permissions {
                delegated: set([delegated, more_delegated]),
                application: set([application, more_application]),
            },
        );
    }
    assert!(!table.is_empty(), "the permission data couldn't be read");
    table
}

/// What Graph's data lists for one call.
#[derive(Debug, Default)]
pub struct Permissions {
    /// For calls on behalf of a user.
    pub delegated: BTreeSet<String>,
    /// For calls of an application.
    pub application: BTreeSet<String>,
}

impl Model {
    /// The file has one element per line, which is all the XML that has to be understood.
    fn read(csdl: &str) -> Self {
        let mut model = Self::default();
        let mut current = String::new();
        for line in csdl.lines().map(str::trim) {
            let Some(element) = line.strip_prefix('<') else {
                continue;
            };
            let attribute = |name: &str| {
                let start = element.find(&format!(" {name}=\""))? + name.len() + 3;
                let length = element[start..].find('"')?;
                Some(element[start..start + length].to_owned())
            };
            let tag = element.split([' ', '>', '/']).next().unwrap_or_default();
            match tag {
                "EntityType" | "ComplexType" => {
                    current = attribute("Name").unwrap();
                    let base = attribute("BaseType").map(|base| local_name(&base).to_owned());
                    let structure = model.structures.entry(current.clone()).or_default();
                    structure.base = base;
                }
                "EnumType" => {
                    current = attribute("Name").unwrap();
                    model.enumerations.entry(current.clone()).or_default();
                }
                "Member" => {
                    let members = model.enumerations.get_mut(&current).unwrap();
                    members.insert(attribute("Name").unwrap());
                }
                "Property" | "NavigationProperty" => {
                    let property = Property {
                        kind: attribute("Type").unwrap(),
                        nullable: attribute("Nullable").as_deref() != Some("false"),
                        navigation: tag == "NavigationProperty",
                    };
                    let structure = model.structures.get_mut(&current).unwrap();
                    structure
                        .properties
                        .insert(attribute("Name").unwrap(), property);
                }
                _ => {}
            }
        }
        model
    }

    fn property(&self, kind: &str, name: &str) -> Option<&Property> {
        let structure = self.structures.get(kind)?;
        structure.properties.get(name).or_else(|| {
            let base = structure.base.as_ref()?;
            self.property(base, name)
        })
    }

    fn derives(&self, kind: &str, from: &str) -> bool {
        kind == from
            || self
                .structures
                .get(kind)
                .and_then(|structure| structure.base.as_ref())
                .is_some_and(|base| self.derives(base, from))
    }

    fn compare(&self, kind: &str, value: &Value, place: &str, misfits: &mut Vec<String>) {
        let Some(object) = value.as_object() else {
            misfits.push(format!("{place}: not an object of type {kind}: {value}"));
            return;
        };
        assert!(
            self.structures.contains_key(kind),
            "no type {kind} in the metadata"
        );
        let mut actual = kind;
        if let Some(named) = object.get("@odata.type").and_then(Value::as_str) {
            actual = local_name(named);
            if !self.derives(actual, kind) {
                misfits.push(format!("{place}: {named} isn't a {kind}"));
                return;
            }
        }
        for (name, value) in object.iter().filter(|(name, _)| !name.contains('@')) {
            let place = format!("{place}.{name}");
            match self.property(actual, name) {
                None => misfits.push(format!("{place}: not declared on {actual}")),
                // An expanded relation is somebody else's entity; its own test looks at it.
                Some(property) if property.navigation => {}
                Some(property) => self.compare_property(property, value, &place, misfits),
            }
        }
    }

    fn compare_property(
        &self,
        property: &Property,
        value: &Value,
        place: &str,
        misfits: &mut Vec<String>,
    ) {
        let items = property
            .kind
            .strip_prefix("Collection(")
            .and_then(|kind| kind.strip_suffix(')'));
        match items {
            Some(kind) => match value.as_array() {
                Some(values) => {
                    for (index, value) in values.iter().enumerate() {
                        self.compare_value(kind, value, &format!("{place}[{index}]"), misfits);
                    }
                }
                None => misfits.push(format!("{place}: not a collection: {value}")),
            },
            None if value.is_null() => {
                if !property.nullable {
                    misfits.push(format!("{place}: null isn't allowed"));
                }
            }
            None => self.compare_value(&property.kind, value, place, misfits),
        }
    }

    fn compare_value(&self, kind: &str, value: &Value, place: &str, misfits: &mut Vec<String>) {
        let name = local_name(kind);
        let text = value.as_str().unwrap_or_default();
        let fits = match kind {
            "Edm.String" => value.is_string(),
            "Edm.Boolean" => value.is_boolean(),
            "Edm.Int32" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            "Edm.Int64" => value.is_i64(),
            "Edm.Double" | "Edm.Single" => value.is_number(),
            "Edm.Guid" => Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().to_string() == text),
            "Edm.DateTimeOffset" => is_date_time(text),
            "Edm.Date" => matches_shape(text, "0000-00-00"),
            "Edm.TimeOfDay" => text.len() >= 8 && matches_shape(&text[..8], "00:00:00"),
            "Edm.Duration" => text.trim_start_matches('-').starts_with('P'),
            "Edm.Binary" => value.is_string() && BASE64_STANDARD.decode(text).is_ok(),
            "Edm.Stream" => true,
            _ => {
                if let Some(members) = self.enumerations.get(name) {
                    // Flags travel as one text with commas.
                    !text.is_empty()
                        && text
                            .split(',')
                            .all(|member| members.contains(member.trim()))
                } else {
                    self.compare(name, value, place, misfits);
                    true
                }
            }
        };
        if !fits {
            misfits.push(format!("{place}: not a value of {kind}: {value}"));
        }
    }
}

/// The name without its namespace: `#microsoft.graph.user` and `graph.user` are `user`.
fn local_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A point in time as Graph writes it: UTC with `Z`, with or without a fraction.
fn is_date_time(text: &str) -> bool {
    let Some(text) = text.strip_suffix('Z') else {
        return false;
    };
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    matches_shape(seconds, "0000-00-00T00:00:00")
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

fn matches_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, like)| {
            if like == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == like
            }
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_user_fits() {
        assert_fits(
            "user",
            &json!({
                "@odata.context": "…", "id": "a", "displayName": null, "businessPhones": ["1"],
                "accountEnabled": true, "createdDateTime": "2026-01-02T03:04:05.678Z",
                "identities": [{ "signInType": "federated", "issuer": "a", "issuerAssignedId": null }],
                "manager": { "id": "b" },
            }),
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (kind, entity) in [
            ("user", json!({ "nickname": "x" })),
            ("user", json!({ "displayName": 1 })),
            ("user", json!({ "businessPhones": null })),
            ("user", json!({ "businessPhones": [null] })),
            ("user", json!({ "createdDateTime": "2026-01-02 03:04:05" })),
            (
                "user",
                json!({ "createdDateTime": "2026-01-02T03:04:05+00:00" }),
            ),
            ("user", json!({ "identities": [{ "kind": "x" }] })),
            ("user", json!({ "@odata.type": "#microsoft.graph.group" })),
            ("multiTenantOrganization", json!({ "state": "open" })),
            (
                "multiTenantOrganizationMember",
                json!({ "addedByTenantId": "A" }),
            ),
        ] {
            let mut misfits = Vec::new();
            MODEL.compare(kind, &entity, kind, &mut misfits);
            assert_eq!(misfits.len(), 1, "{entity}: {misfits:?}");
        }
    }

    #[test]
    fn flags_and_derived_types_fit() {
        assert_fits(
            "multiTenantOrganizationPartnerConfigurationTemplate",
            &json!({ "templateApplicationLevel": "newPartners,existingPartners" }),
        );
        assert_fits(
            "directoryObject",
            &json!({ "@odata.type": "#microsoft.graph.user", "id": "a", "displayName": "A" }),
        );
    }

    #[test]
    fn permissions_are_read() {
        let table = permissions();
        let users = &table[&("GET".to_owned(), "/users".to_owned())];
        assert!(users.application.contains("User.Read.All"), "{users:?}");
    }
}
