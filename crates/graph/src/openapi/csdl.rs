//! Graph's declared types, read from the CSDL that `$metadata` serves, as far as `/openapi.json`
//! tells of them: properties without navigation, enumerations, roots, actions and functions.
//!
//! Source: OData CSDL XML 4.01 §6 to §13.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

/// A type's name without its namespace, and whether there are many of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: String,
    pub(super) is_collection: bool,
}

/// A property, a parameter or what an operation returns.
#[derive(Debug, Clone)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) is_nullable: bool,
    pub(super) is_navigation: bool,
}

#[derive(Debug)]
pub(super) struct Structure {
    pub(super) base: Option<String>,
    pub(super) properties: Vec<Property>,
}

/// An enumeration's members; of flags, several may stand together.
#[derive(Debug)]
pub(super) struct Enumeration {
    pub(super) members: Vec<String>,
    pub(super) is_flags: bool,
}

/// An action or a function that is bound to a type.
#[derive(Debug)]
pub(super) struct Operation {
    name: String,
    binding: Kind,
    pub(super) parameters: Vec<Property>,
    pub(super) returns: Option<Property>,
}

#[derive(Debug, Default)]
pub(super) struct Types {
    pub(super) structures: BTreeMap<String, Structure>,
    pub(super) enumerations: BTreeMap<String, Enumeration>,
    roots: BTreeMap<String, Kind>,
    operations: Vec<Operation>,
}

impl Types {
    /// Reads a CSDL document.
    pub(super) fn read(csdl: &str) -> types::Result<Self> {
        let document = Document::parse(csdl).map_err(types::Error::internal)?;
        let mut types = Self::default();
        let schemas = document
            .descendants()
            .filter(|node| node.tag_name().name() == "Schema");
        for schema in schemas {
            for element in schema.children().filter(Node::is_element) {
                types.add(element);
            }
        }
        Ok(types)
    }

    fn add(&mut self, element: Node<'_, '_>) {
        let name = text(element, "Name");
        match element.tag_name().name() {
            "EntityType" | "ComplexType" => {
                let properties = element.children().filter_map(|child| {
                    let is_navigation = match child.tag_name().name() {
                        "Property" => false,
                        "NavigationProperty" => true,
                        _ => return None,
                    };
                    Some(property(child, is_navigation))
                });
                let structure = Structure {
                    base: element
                        .attribute("BaseType")
                        .map(|base| bare(base).to_owned()),
                    properties: properties.collect(),
                };
                self.structures.insert(name, structure);
            }
            "EnumType" => {
                let enumeration = Enumeration {
                    members: children(element, "Member")
                        .map(|member| text(member, "Name"))
                        .collect(),
                    is_flags: element.attribute("IsFlags") == Some("true"),
                };
                self.enumerations.insert(name, enumeration);
            }
            "Action" | "Function" if element.attribute("IsBound") == Some("true") => {
                let mut parameters =
                    children(element, "Parameter").map(|parameter| property(parameter, false));
                let Some(binding) = parameters.next() else {
                    return;
                };
                self.operations.push(Operation {
                    name,
                    binding: binding.kind,
                    parameters: parameters.collect(),
                    returns: children(element, "ReturnType")
                        .next()
                        .map(|returns| property(returns, false)),
                });
            }
            "EntityContainer" => {
                for set in children(element, "EntitySet") {
                    let kind = Kind {
                        name: bare(&text(set, "EntityType")).to_owned(),
                        is_collection: true,
                    };
                    self.roots.insert(text(set, "Name"), kind);
                }
                for singleton in children(element, "Singleton") {
                    let kind = kind(&text(singleton, "Type"));
                    self.roots.insert(text(singleton, "Name"), kind);
                }
            }
            _ => {}
        }
    }

    /// What stands at the root under this name.
    pub(super) fn root(&self, name: &str) -> Option<&Kind> {
        self.roots.get(name)
    }

    /// A type and those that it is based on, the type itself first.
    pub(super) fn line<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t str> {
        std::iter::successors(Some(name), |name| {
            self.structures.get(*name)?.base.as_deref()
        })
    }

    /// A type's property, its own or of what it is based on.
    pub(super) fn property(&self, of: &str, name: &str) -> Option<&Property> {
        self.line(of).find_map(|own| {
            let properties = &self.structures.get(own)?.properties;
            properties.iter().find(|property| property.name == name)
        })
    }

    /// An action or a function that is bound to this or to what it is based on.
    pub(super) fn operation(&self, on: &Kind, name: &str) -> Option<&Operation> {
        self.line(&on.name).find_map(|own| {
            self.operations.iter().find(|operation| {
                operation.name == name
                    && operation.binding.name == own
                    && operation.binding.is_collection == on.is_collection
            })
        })
    }
}

fn children<'a, 'd: 'a>(
    of: Node<'a, 'd>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'd>> {
    of.children()
        .filter(move |node| node.tag_name().name() == name)
}

fn text(element: Node<'_, '_>, attribute: &str) -> String {
    element.attribute(attribute).unwrap_or_default().to_owned()
}

fn property(element: Node<'_, '_>, is_navigation: bool) -> Property {
    Property {
        name: text(element, "Name"),
        kind: kind(element.attribute("Type").unwrap_or_default()),
        is_nullable: element.attribute("Nullable") != Some("false"),
        is_navigation,
    }
}

fn kind(text: &str) -> Kind {
    let inner = text
        .strip_prefix("Collection(")
        .and_then(|inner| inner.strip_suffix(')'));
    Kind {
        name: bare(inner.unwrap_or(text)).to_owned(),
        is_collection: inner.is_some(),
    }
}

/// A name without Graph's namespace; `Edm.` stays.
fn bare(name: &str) -> &str {
    let name = name.strip_prefix("microsoft.").unwrap_or(name);
    name.strip_prefix("graph.").unwrap_or(name)
}
