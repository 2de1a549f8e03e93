//! Binds a filter to an entity.
//!
//! Everything that can be refused is refused here, once: unknown names, properties that can't be
//! filtered, operators that a property doesn't have or has for advanced queries only, literals of
//! another type. A list of texts is one column, so SQL can ask of it only "does an element meet one
//! of these tests"; lambdas on lists are brought into that form by De Morgan's laws, or refused.
//!
//! Source: the wording of Microsoft Graph's own refusals, where clients are known to read them.

use std::fmt;

use types::{Error, Result, fold};

use crate::filter::{
    Comparison, Expression, Filter, Function, Literal, Node, Path, Position, Predicate, Quantifier,
    Value, invalid,
};
use crate::plan::{ListTest, Operand, Place, Plan, Rows, Slot, Sought, Test};
use crate::schema::{Column, Entity, Operator, Property, PropertyKind, Support};
use crate::search::{self, Search};

/// Checks `filter` against `entity`, whose rows it is to find.
pub(crate) fn bind(filter: &Filter, entity: &Entity, advanced: bool) -> Result<Plan> {
    bind_to(filter, entity, (advanced, false))
}

/// The same where an object is asked about, which lacks what only rows lead to.
pub(crate) fn bind_object(filter: &Filter, entity: &Entity) -> Result<Plan> {
    bind_to(filter, entity, (true, true))
}

fn bind_to(filter: &Filter, entity: &Entity, (advanced, is_object): (bool, bool)) -> Result<Plan> {
    Binder { advanced }.node(
        filter.root(),
        &Scope {
            entity,
            variable: None,
            is_object,
        },
        false,
    )
}

/// What names mean at a place in the filter.
struct Scope<'a> {
    entity: &'a Entity,
    variable: Option<&'a str>,
    is_object: bool,
}

/// A property that a path leads to.
struct Found<'a> {
    path: &'a Path,
    names: Vec<&'static str>,
    owner: &'static str,
    property: &'static Property,
}

struct Binder {
    advanced: bool,
}

impl Binder {
    /// `negated`: a `not` stands around it, which each property has to support.
    fn node(&self, node: &Node, scope: &Scope<'_>, negated: bool) -> Result<Plan> {
        let all = |nodes: &[Node]| -> Result<Vec<Plan>> {
            nodes
                .iter()
                .map(|node| self.node(node, scope, negated))
                .collect()
        };
        match &node.expression {
            Expression::And(nodes) => Ok(Plan::And(all(nodes)?)),
            Expression::Or(nodes) => Ok(Plan::Or(all(nodes)?)),
            Expression::Not(inner) => Ok(Plan::Not(Box::new(self.node(inner, scope, true)?))),
            Expression::Compare {
                path,
                comparison,
                value,
            } => {
                let found = self.find(path, scope, negated)?;
                self.compare(found, *comparison, value)
            }
            Expression::In { path, values } => {
                let found = self.find(path, scope, negated)?;
                self.require(&found, Operator::In)?;
                let operands: Result<_> = values
                    .iter()
                    .map(|value| found.operand(value, Comparison::Equal))
                    .collect();
                Ok(Plan::Test(found.slot()?, Test::In(operands?)))
            }
            Expression::Call {
                function,
                path,
                value,
            } => {
                let found = self.find(path, scope, negated)?;
                if !matches!(found.property.kind, PropertyKind::Text) {
                    return Err(found.no_function(*function));
                }
                let test = self.call(&found, *function, value)?;
                Ok(Plan::Test(found.slot()?, test))
            }
            Expression::Count {
                path,
                comparison,
                number,
            } => {
                let found = self.find(path, scope, negated)?;
                self.require(&found, Operator::Count)?;
                if let PropertyKind::ObjectList(_) = found.property.kind {
                    Ok(Plan::RowsCount(found.rows()?, *comparison, *number))
                } else {
                    found.check_list()?;
                    Ok(Plan::ListCount(found.slot()?, *comparison, *number))
                }
            }
            Expression::Lambda {
                path,
                quantifier,
                predicate,
            } => {
                let found = self.find(path, scope, negated)?;
                if *quantifier == Quantifier::All {
                    self.require(&found, Operator::All)?;
                } else if predicate.is_none() {
                    self.require(&found, Operator::Count)?;
                }
                self.lambda(found, *quantifier == Quantifier::All, predicate.as_ref())
            }
            Expression::Search(search) => Ok(Plan::Search(sought(search, scope)?)),
        }
    }

    fn compare(&self, found: Found<'_>, comparison: Comparison, value: &Literal) -> Result<Plan> {
        self.require(&found, operator(comparison))?;
        if let PropertyKind::TextList | PropertyKind::ObjectList(_) = found.property.kind {
            return Err(found.is_collection());
        }
        let equal = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let plan = if value.value == Value::Null && equal {
            self.require(&found, Operator::Null)?;
            Plan::IsNull(found.slot()?)
        } else {
            let operand = found.operand(value, comparison)?;
            // `ne` is the negation of `eq`, which lets it hold for null.
            let comparison = if comparison == Comparison::NotEqual {
                Comparison::Equal
            } else {
                comparison
            };
            Plan::Test(found.slot()?, Test::Compare(comparison, operand))
        };
        Ok(if comparison == Comparison::NotEqual {
            Plan::Not(Box::new(plan))
        } else {
            plan
        })
    }

    fn call(&self, found: &Found<'_>, function: Function, value: &Literal) -> Result<Test> {
        let Value::Text(text) = &value.value else {
            return Err(invalid(
                format_args!(
                    "the second argument of '{function}' on property '{}' has to be Edm.String, but is {}",
                    found.path,
                    value.value.type_name()
                ),
                value.at,
            ));
        };
        let part = checked(text, value.at)?;
        let (operator, test) = match function {
            Function::StartsWith => (Operator::StartsWith, Test::StartsWith(part)),
            Function::EndsWith => (Operator::EndsWith, Test::EndsWith(part)),
            Function::Contains => (Operator::Contains, Test::Contains(part)),
        };
        self.require(found, operator)?;
        Ok(test)
    }

    fn lambda(&self, found: Found<'_>, all: bool, predicate: Option<&Predicate>) -> Result<Plan> {
        // `all(p)` is `not any(not p)`.
        let quantified = |plan| if all { Plan::Not(Box::new(plan)) } else { plan };
        if let PropertyKind::ObjectList(entity) = found.property.kind {
            let body = match predicate {
                None => None,
                Some(Predicate { variable, body }) => {
                    let scope = Scope {
                        entity,
                        variable: Some(variable),
                        // No element leads anywhere else.
                        is_object: false,
                    };
                    let body = self.node(body, &scope, false)?;
                    Some(Box::new(quantified(body)))
                }
            };
            return Ok(quantified(Plan::RowsAny(found.rows()?, body)));
        }
        found.check_list()?;
        let mut tests = Vec::new();
        if let Some(Predicate { variable, body }) = predicate {
            self.list_tests(&found, variable, body, all, &mut tests)?;
        }
        Ok(quantified(Plan::ListAny(found.slot()?, tests)))
    }

    /// Takes a condition on the elements apart into tests of which an element has to meet one.
    fn list_tests(
        &self,
        found: &Found<'_>,
        variable: &str,
        node: &Node,
        negated: bool,
        tests: &mut Vec<ListTest>,
    ) -> Result<()> {
        let refuse = |what: &str| Err(found.unsupported(what, node.at));
        match &node.expression {
            Expression::Not(inner) => {
                self.require(found, Operator::Not)?;
                self.list_tests(found, variable, inner, !negated, tests)
            }
            Expression::Or(nodes) if !negated => nodes
                .iter()
                .try_for_each(|n| self.list_tests(found, variable, n, negated, tests)),
            Expression::And(nodes) if negated => nodes
                .iter()
                .try_for_each(|n| self.list_tests(found, variable, n, negated, tests)),
            Expression::Or(_) | Expression::And(_) => {
                refuse("within 'any' only 'or', within 'all' only 'and' can join conditions on it")
            }
            Expression::Compare {
                path,
                comparison,
                value,
            } => {
                check_variable(path, variable)?;
                self.require(found, operator(*comparison))?;
                let unequal = match comparison {
                    Comparison::Equal => false,
                    Comparison::NotEqual => true,
                    _ => return refuse("a collection of texts has no order"),
                };
                let test = Test::Compare(Comparison::Equal, found.operand(value, *comparison)?);
                tests.push(ListTest {
                    negated: negated != unequal,
                    test,
                });
                Ok(())
            }
            Expression::In { path, values } => {
                check_variable(path, variable)?;
                self.require(found, Operator::In)?;
                if negated {
                    return refuse("'in' can't be negated within a lambda");
                }
                for value in values {
                    let operand = found.operand(value, Comparison::Equal)?;
                    let test = Test::Compare(Comparison::Equal, operand);
                    tests.push(ListTest { negated, test });
                }
                Ok(())
            }
            Expression::Call {
                function,
                path,
                value,
            } => {
                check_variable(path, variable)?;
                let test = self.call(found, *function, value)?;
                if negated && *function == Function::Contains {
                    return refuse("'contains' can't be negated within a lambda");
                }
                tests.push(ListTest { negated, test });
                Ok(())
            }
            Expression::Lambda { .. } | Expression::Count { .. } | Expression::Search(_) => {
                refuse("its elements aren't collections")
            }
        }
    }

    fn find<'a>(&self, path: &'a Path, scope: &Scope<'_>, negated: bool) -> Result<Found<'a>> {
        let found = resolve(path, scope)?;
        if found.property.column.is_none() {
            return Err(match found.property.kind {
                PropertyKind::Object(_) => {
                    let what = "it's an object: name one of its properties";
                    found.unsupported(what, path.at)
                }
                _ => found.unsupported("it can't be filtered", path.at),
            });
        }
        if negated {
            self.require(&found, Operator::Not)?;
        }
        Ok(found)
    }

    fn require(&self, found: &Found<'_>, operator: Operator) -> Result<()> {
        let keyword = operator.keyword();
        match found.property.operators.support(operator) {
            Support::Default => Ok(()),
            Support::Advanced if self.advanced => Ok(()),
            Support::Advanced => Err(Error::unsupported(format!(
                "Operator '{keyword}' on property '{}' (position {}) works in advanced queries only: send the header 'ConsistencyLevel: eventual' and the query parameter '$count=true'.",
                found.path, found.path.at
            ))),
            Support::None => Err(found.unsupported(
                format_args!("operator '{keyword}' isn't supported"),
                found.path.at,
            )),
        }
    }
}

/// Follows a path from the scope's entity.
fn resolve<'a>(path: &'a Path, scope: &Scope<'_>) -> Result<Found<'a>> {
    let mut segments = path.segments.iter().map(String::as_str);
    let mut at = path.at;
    if let Some(variable) = scope.variable {
        let first = segments.next().unwrap_or_default();
        if first != variable {
            let message =
                format_args!("'{path}' has to begin with '{variable}/', the lambda's variable,");
            return Err(invalid(message, path.at));
        }
        at.0 += first.len() + 1;
    }
    let mut names = Vec::new();
    let mut entity = scope.entity;
    while let Some(segment) = segments.next() {
        let Some(property) = entity.property(segment) else {
            let owner = format!("microsoft.graph.{}", entity.name);
            return Err(unknown(segment, &owner, at));
        };
        names.push(property.name);
        if segments.len() == 0 {
            if scope.is_object && property.is_aside() {
                return Err(Error::unsupported(format!(
                    "Filtering by '{path}' is supported in lists of all objects only."
                )));
            }
            return Ok(Found {
                path,
                names,
                owner: entity.name,
                property,
            });
        }
        at.0 += segment.len() + 1;
        entity = match property.kind {
            PropertyKind::Object(inner) => inner,
            PropertyKind::TextList | PropertyKind::ObjectList(_) => {
                return Err(Found {
                    path,
                    names,
                    owner: entity.name,
                    property,
                }
                .is_collection());
            }
            kind => {
                return Err(unknown(
                    segments.next().unwrap_or_default(),
                    type_name(kind),
                    at,
                ));
            }
        };
    }
    Err(invalid(
        format_args!("'{path}' is an object: name one of its properties, as in '{path}/id',"),
        path.at,
    ))
}

fn unknown(name: &str, owner: &str, at: Position) -> Error {
    Error::invalid(
        "$filter",
        format!("Could not find a property named '{name}' on type '{owner}'. (position {at})"),
    )
}

fn sought(search: &Search, scope: &Scope<'_>) -> Result<Sought> {
    let each = |parts: &[Search]| -> Result<Vec<Sought>> {
        parts.iter().map(|part| sought(part, scope)).collect()
    };
    match search {
        Search::All(parts) => Ok(Sought::All(each(parts)?)),
        Search::Any(parts) => Ok(Sought::Any(each(parts)?)),
        Search::Clause { path, text } => clause(path, text, scope),
    }
}

fn clause(path: &Path, text: &str, scope: &Scope<'_>) -> Result<Sought> {
    let found = resolve(path, scope).map_err(|error| match error {
        Error::Invalid { message, .. } => Error::invalid(
            "$search",
            message.replacen("filter clause", "search clause", 1),
        ),
        other => other,
    })?;
    let name = found.property.name;
    let worded = search::WORDED.iter().find(|(own, _)| *own == name);
    if let (Some((_, property)), 1) = (worded, found.names.len()) {
        return Ok(Sought::Words {
            property: *property,
            name,
            words: search::sought(text),
        });
    }
    let test = Test::StartsWith(fold(text));
    let starts = found.property.operators.support(Operator::StartsWith);
    let plan = match found.property.kind {
        PropertyKind::Text if starts != Support::None => Plan::Test(found.slot()?, test),
        PropertyKind::TextList if starts != Support::None => {
            let negated = false;
            Plan::ListAny(found.slot()?, vec![ListTest { negated, test }])
        }
        _ => {
            return Err(Error::unsupported(format!(
                "Searching is not supported for property '{name}'."
            )));
        }
    };
    Ok(Sought::Where(Box::new(plan)))
}

impl Found<'_> {
    fn unsupported(&self, why: impl fmt::Display, at: Position) -> Error {
        Error::unsupported(format!(
            "Unsupported or invalid query filter clause specified for property '{}' of resource '{}': {why} (position {at}).",
            self.path, self.owner
        ))
    }
    fn is_collection(&self) -> Error {
        let Path { at, segments: _ } = self.path;
        let name = self.names.join("/");
        let element = if let PropertyKind::TextList = self.property.kind {
            "x eq 'v'"
        } else {
            "x/id eq 'v'"
        };
        invalid(
            format_args!("property '{name}' is a collection: write '{name}/any(x:{element})'"),
            *at,
        )
    }
    fn check_list(&self) -> Result<()> {
        if let PropertyKind::TextList = self.property.kind {
            return Ok(());
        }
        Err(invalid(
            format_args!(
                "property '{}' isn't a collection, so 'any', 'all' and '$count' don't apply",
                self.path
            ),
            self.path.at,
        ))
    }
    fn no_function(&self, function: Function) -> Error {
        match self.property.kind {
            PropertyKind::TextList | PropertyKind::ObjectList(_) => self.is_collection(),
            PropertyKind::SecurityIdentifier => self.unsupported(
                format_args!("it is compared as a whole, so '{function}' doesn't apply"),
                self.path.at,
            ),
            kind => invalid(
                format_args!(
                    "'{function}' takes a text, but property '{}' is {}",
                    self.path,
                    type_name(kind)
                ),
                self.path.at,
            ),
        }
    }
    fn slot(self) -> Result<Slot> {
        let place = match self.property.column {
            Some(Column::Name(column) | Column::Aside(column)) => Place::Column(column),
            Some(Column::Index(number)) => Place::Index(number),
            _ => {
                return Err(Error::internal(format_args!(
                    "{}.{} has no column",
                    self.owner, self.path
                )));
            }
        };
        Ok(Slot {
            place,
            names: self.names,
            kind: self.property.kind,
            is_selective: self.property.is_selective,
        })
    }
    fn rows(self) -> Result<Rows> {
        match self.property.column {
            Some(Column::Rows { table, on }) => Ok(Rows {
                table,
                on,
                names: self.names,
            }),
            _ => Err(Error::internal(format_args!(
                "{}.{} has no rows",
                self.owner, self.path
            ))),
        }
    }

    /// The literal as the property's values are compared.
    fn operand(&self, literal: &Literal, comparison: Comparison) -> Result<Operand> {
        match (self.property.kind, &literal.value) {
            (PropertyKind::Text | PropertyKind::TextList, Value::Text(text)) => {
                checked(text, literal.at).map(Operand::Text)
            }
            (PropertyKind::Bool, Value::Bool(flag)) => Ok(Operand::Integer((*flag).into())),
            (PropertyKind::Integer, Value::Integer(number)) => Ok(Operand::Integer(*number)),
            (PropertyKind::DateTime, Value::DateTime(time)) => Ok(Operand::Integer(time.0)),
            (PropertyKind::Guid, Value::Guid(guid)) => Ok(Operand::Bytes(guid.as_bytes().into())),
            (PropertyKind::Guid, Value::Text(text)) => match types::parse_uuid(text) {
                Some(guid) => Ok(Operand::Bytes(guid.as_bytes().into())),
                None => Err(invalid(
                    format_args!(
                        "property '{}' is compared with '{text}', which isn't a GUID,",
                        self.path
                    ),
                    literal.at,
                )),
            },
            (PropertyKind::SecurityIdentifier, Value::Text(text)) => {
                // Of no object is one that is derived from no id.
                let id = types::of_security_identifier(text);
                let bytes = id.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
                Ok(Operand::Bytes(bytes))
            }
            (kind, value) => Err(invalid(
                format_args!(
                    "A binary operator with incompatible types was detected. Found operand types '{}' and '{}' for operator kind '{}' on property '{}'",
                    type_name(kind),
                    value.type_name(),
                    comparison.kind_name(),
                    self.path
                ),
                literal.at,
            )),
        }
    }
}

/// Within a lambda on texts, the variable is all that there is.
fn check_variable(path: &Path, variable: &str) -> Result<()> {
    match path.segments.as_slice() {
        [name] if name == variable => Ok(()),
        [name, inner, ..] if name == variable => {
            let at = Position(path.at.0 + name.len() + 1);
            Err(unknown(inner, "Edm.String", at))
        }
        _ => Err(invalid(
            format_args!("'{path}' has to be '{variable}', the lambda's variable,"),
            path.at,
        )),
    }
}

/// A text for comparison. The two characters mean something to the databases or the lists.
fn checked(text: &str, at: Position) -> Result<String> {
    if text.contains(['\0', '\u{1f}']) {
        return Err(invalid(
            "a text can't contain the characters U+0000 and U+001F; found one",
            at,
        ));
    }
    Ok(fold(text))
}

const fn type_name(kind: PropertyKind) -> &'static str {
    match kind {
        PropertyKind::Text | PropertyKind::TextList | PropertyKind::SecurityIdentifier => {
            "Edm.String"
        }
        PropertyKind::Bool => "Edm.Boolean",
        PropertyKind::Guid => "Edm.Guid",
        PropertyKind::DateTime => "Edm.DateTimeOffset",
        PropertyKind::Integer => "Edm.Int64",
        PropertyKind::Object(entity) | PropertyKind::ObjectList(entity) => entity.name,
    }
}

const fn operator(comparison: Comparison) -> Operator {
    match comparison {
        Comparison::Equal => Operator::Equal,
        Comparison::NotEqual => Operator::NotEqual,
        Comparison::Greater => Operator::Greater,
        Comparison::GreaterOrEqual => Operator::GreaterOrEqual,
        Comparison::Less => Operator::Less,
        Comparison::LessOrEqual => Operator::LessOrEqual,
    }
}
