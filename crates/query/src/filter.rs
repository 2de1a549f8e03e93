//! The syntax tree of a filter, and how it is written.
//!
//! Every node keeps the byte offset at which it stands in the text, for messages. A [`Filter`] can
//! only be made within the bounds below, whichever front end makes it, so code that walks one may
//! recurse. `Display` writes the filter back as OData with no more parentheses than it needs:
//! parsing that gives an equal filter.
//!
//! Source: OData 4.01 ABNF (`boolCommonExpr`), the part of it that Microsoft Graph documents.

use std::fmt;

use types::{Error, Result, Timestamp};
use uuid::Uuid;

use crate::search::Search;

/// The longest text of a query option, in bytes.
pub const MAX_TEXT: usize = 16_384;
/// How deep parentheses, `not` and lambdas may stand in each other.
pub const MAX_DEPTH: usize = 32;
/// The largest number of nodes: comparisons, functions, lambdas, `and`, `or`, `not`.
pub const MAX_NODES: usize = 500;
/// The largest number of values in one `in (…)`; Graph's own number.
pub const MAX_IN: usize = 15;

/// A byte offset in the text. Any two positions are equal, because where a node stands doesn't
/// make it say something else; this lets the tree derive its comparison.
#[derive(Debug, Clone, Copy, Default)]
pub struct Position(pub usize);

impl PartialEq for Position {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Position {}
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A filter within the bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    root: Node,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it begins in the text.
    pub at: Position,
    /// What it says.
    pub expression: Expression,
}

/// What a node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// All of them; two at least.
    And(Vec<Node>),
    /// One of them or more; two at least.
    Or(Vec<Node>),
    /// Not this.
    Not(Box<Node>),
    /// `path eq 'v'`.
    Compare {
        /// The property.
        path: Path,
        /// How to compare.
        comparison: Comparison,
        /// With what.
        value: Literal,
    },
    /// `path in ('a','b')`; one value at least.
    In {
        /// The property.
        path: Path,
        /// The values.
        values: Vec<Literal>,
    },
    /// `startswith(path,'v')`.
    Call {
        /// Which function.
        function: Function,
        /// The property.
        path: Path,
        /// The second argument.
        value: Literal,
    },
    /// `path/any(x:…)`, `path/all(x:…)`, `path/any()`.
    Lambda {
        /// The collection.
        path: Path,
        /// `any` or `all`.
        quantifier: Quantifier,
        /// Variable and predicate. Only `any` can do without.
        predicate: Option<Predicate>,
    },
    /// `path/$count eq 0`.
    Count {
        /// The collection.
        path: Path,
        /// How to compare.
        comparison: Comparison,
        /// With which number.
        number: i64,
    },
    /// What a `$search` says; only [`crate::parse_search`] makes it.
    Search(Search),
}

/// What a lambda asks of each element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// The name of the element within [`Self::body`].
    pub variable: String,
    /// The condition.
    pub body: Box<Node>,
}

/// A property, or one inside it: `a`, `a/b`, within a lambda `x` or `x/b`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Where it begins in the text.
    pub at: Position,
    /// The names, one at least.
    pub segments: Vec<String>,
}

/// A value in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Where it begins in the text.
    pub at: Position,
    /// The value.
    pub value: Value,
}

/// The values that a filter can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `42`.
    Integer(i64),
    /// `'text'`.
    Text(String),
    /// A GUID without quotes.
    Guid(Uuid),
    /// `2026-01-01T00:00:00Z`.
    DateTime(Timestamp),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

/// The functions of two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `startswith`
    StartsWith,
    /// `endswith`
    EndsWith,
    /// `contains`
    Contains,
}

/// How many elements of a collection have to meet the predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// One or more.
    Any,
    /// Every one; an empty collection passes.
    All,
}

impl Filter {
    /// What passes both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let at = self.root.at;
        let expression = Expression::And(vec![self.root, other.root]);
        Self {
            root: Node { at, expression },
        }
    }
    /// Takes a tree that is within the bounds; for front ends other than [`crate::odata`].
    pub fn new(root: Node) -> Result<Self> {
        let mut nodes = 0;
        check(&root, 0, &mut nodes)?;
        Ok(Self { root })
    }
    /// The outermost node.
    pub const fn root(&self) -> &Node {
        &self.root
    }
    /// The first of the properties in it that is meant; of a complex one the outer name counts.
    pub fn names(&self, is_meant: impl Fn(&str) -> bool) -> Option<&str> {
        named(&self.root, &is_meant)
    }
}

fn named<'a>(node: &'a Node, is_meant: &dyn Fn(&str) -> bool) -> Option<&'a str> {
    let path = match &node.expression {
        Expression::And(parts) | Expression::Or(parts) => {
            return parts.iter().find_map(|part| named(part, is_meant));
        }
        Expression::Not(inner) => return named(inner, is_meant),
        Expression::Search(search) => return search.names(is_meant),
        Expression::Compare { path, .. }
        | Expression::In { path, .. }
        | Expression::Call { path, .. }
        | Expression::Lambda { path, .. }
        | Expression::Count { path, .. } => path,
    };
    let name = path.segments.first()?;
    is_meant(name).then_some(name)
}

/// The error of a filter clause that is wrong at a place.
pub(crate) fn invalid(message: impl fmt::Display, at: Position) -> Error {
    Error::invalid(
        "$filter",
        format!("Invalid filter clause: {message} at position {at}."),
    )
}

/// Counts depth as `Display` will write it, so that what was accepted can be read back.
fn check(node: &Node, depth: usize, nodes: &mut usize) -> Result<()> {
    *nodes += 1;
    if *nodes > MAX_NODES {
        return Err(invalid(
            format_args!("more than {MAX_NODES} conditions"),
            node.at,
        ));
    }
    if depth > MAX_DEPTH {
        return Err(too_deep(node.at));
    }
    match &node.expression {
        Expression::And(children) | Expression::Or(children) => {
            if children.len() < 2 {
                return Err(invalid("'and' and 'or' need two conditions", node.at));
            }
            for child in children {
                let inner = depth + usize::from(needs_parentheses(&node.expression, child));
                check(child, inner, nodes)?;
            }
            Ok(())
        }
        Expression::Not(child) => check(child, depth + 1, nodes),
        Expression::Lambda {
            path,
            quantifier,
            predicate,
        } => {
            check_path(path)?;
            match predicate {
                Some(Predicate { variable, body }) => {
                    check_name(variable, node.at)?;
                    check(body, depth + 1, nodes)
                }
                None if *quantifier == Quantifier::All => Err(invalid(
                    "'all' needs a condition, as in 'all(x:x eq 'v')',",
                    node.at,
                )),
                None => Ok(()),
            }
        }
        Expression::In { path, values } => {
            if values.is_empty() || values.len() > MAX_IN {
                let at = values.get(MAX_IN).map_or(node.at, |value| value.at);
                return Err(invalid(format_args!("'in' takes 1 to {MAX_IN} values"), at));
            }
            check_path(path)
        }
        Expression::Compare { path, .. }
        | Expression::Call { path, .. }
        | Expression::Count { path, .. } => check_path(path),
        Expression::Search(search) => check_search(search),
    }
}

/// What a search says is bounded where it is read.
fn check_search(search: &Search) -> Result<()> {
    match search {
        Search::All(parts) | Search::Any(parts) => parts.iter().try_for_each(check_search),
        Search::Clause { path, .. } => check_path(path),
    }
}

fn check_path(path: &Path) -> Result<()> {
    if path.segments.is_empty() {
        return Err(invalid("a property is missing", path.at));
    }
    path.segments
        .iter()
        .try_for_each(|segment| check_name(segment, path.at))
}

/// Only names that the grammar has can be written back.
fn check_name(name: &str, at: Position) -> Result<()> {
    let is_word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_word && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) {
        Ok(())
    } else {
        Err(invalid(format_args!("'{name}' isn't a name"), at))
    }
}

pub(crate) fn too_deep(at: Position) -> Error {
    invalid(
        format_args!("parentheses, 'not' and lambdas are nested deeper than {MAX_DEPTH}"),
        at,
    )
}

/// `and` binds closer than `or`; equal operators are one node, so a nested one was in parentheses.
const fn needs_parentheses(parent: &Expression, child: &Node) -> bool {
    match parent {
        Expression::And(_) => matches!(child.expression, Expression::And(_) | Expression::Or(_)),
        Expression::Or(_) => matches!(child.expression, Expression::Or(_)),
        _ => false,
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expression {
            Expression::And(children) | Expression::Or(children) => {
                let is_and = matches!(self.expression, Expression::And(_));
                for (index, child) in children.iter().enumerate() {
                    if index > 0 {
                        f.write_str(if is_and { " and " } else { " or " })?;
                    }
                    if needs_parentheses(&self.expression, child) {
                        write!(f, "({child})")?;
                    } else {
                        child.fmt(f)?;
                    }
                }
                Ok(())
            }
            // A filter has no words for it.
            Expression::Search(search) => write!(f, "search({search:?})"),
            Expression::Not(child) => write!(f, "not ({child})"),
            Expression::Compare {
                path,
                comparison,
                value,
            } => {
                write!(f, "{path} {comparison} {value}")
            }
            Expression::In { path, values } => {
                write!(f, "{path} in (")?;
                for (index, value) in values.iter().enumerate() {
                    f.write_str(if index > 0 { "," } else { "" })?;
                    value.fmt(f)?;
                }
                f.write_str(")")
            }
            Expression::Call {
                function,
                path,
                value,
            } => write!(f, "{function}({path},{value})"),
            Expression::Lambda {
                path,
                quantifier,
                predicate,
            } => {
                write!(f, "{path}/{quantifier}(")?;
                if let Some(Predicate { variable, body }) = predicate {
                    write!(f, "{variable}:{body}")?;
                }
                f.write_str(")")
            }
            Expression::Count {
                path,
                comparison,
                number,
            } => {
                write!(f, "{path}/$count {comparison} {number}")
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            f.write_str(if index > 0 { "/" } else { "" })?;
            f.write_str(segment)?;
        }
        Ok(())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => value.fmt(f),
            Value::Integer(value) => value.fmt(f),
            Value::Text(value) => write!(f, "'{}'", value.replace('\'', "''")),
            Value::Guid(value) => value.fmt(f),
            Value::DateTime(value) => value.fmt(f),
        }
    }
}

impl Value {
    /// The OData name of the value's type, for messages.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "Edm.Boolean",
            Self::Integer(value) if *value as i32 as i64 == *value => "Edm.Int32",
            Self::Integer(_) => "Edm.Int64",
            Self::Text(_) => "Edm.String",
            Self::Guid(_) => "Edm.Guid",
            Self::DateTime(_) => "Edm.DateTimeOffset",
        }
    }
}

impl Comparison {
    /// The operator as OData writes it.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
        }
    }
    /// Reads an operator in any case.
    pub(crate) fn read(word: &str) -> Option<Self> {
        [
            Self::Equal,
            Self::NotEqual,
            Self::Greater,
            Self::GreaterOrEqual,
            Self::Less,
            Self::LessOrEqual,
        ]
        .into_iter()
        .find(|comparison| word.eq_ignore_ascii_case(comparison.keyword()))
    }
    /// Whether the comparison holds for values in this order.
    pub(crate) const fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }
    /// What OData's messages call the operator.
    pub(crate) const fn kind_name(self) -> &'static str {
        match self {
            Self::Equal => "Equal",
            Self::NotEqual => "NotEqual",
            Self::Greater => "GreaterThan",
            Self::GreaterOrEqual => "GreaterThanOrEqual",
            Self::Less => "LessThan",
            Self::LessOrEqual => "LessThanOrEqual",
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword())
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
            Self::Contains => "contains",
        })
    }
}

impl fmt::Display for Quantifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::All => "all",
        })
    }
}
