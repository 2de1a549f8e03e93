//! The expression language of attribute mappings: functions over attributes and constants.
//!
//! ```text
//! Join(" ", [givenName], IIF([country] = "US", ToUpper([surname]), [surname]))
//! ```
//!
//! - Names of functions are written exactly as here; strings stand in double quotes, with `\"` and
//!   `\\`; attributes in square brackets; a parameter that isn't given is left empty.
//! - What is read is a tree that has been checked: the function exists, every parameter that it
//!   needs is there, constant patterns are patterns. What is wrong is said with its place.
//! - Nothing gets in but by the [`Context`]: attributes, the time, and a seed from which
//!   everything random is made, so that the same user has the same values each time.
//!
//! Source: "Reference for writing expressions for attribute mappings in Microsoft Entra ID", the
//! reference of the same language for cloud sync, and `synchronizationSchema: functions`.

mod budget;
mod dates;
mod evaluate;
mod formats;
mod functions;
mod numbers;
mod parse;
mod pattern;
mod replace;
mod roles;
mod text;
mod value;

use std::fmt::{self, Write as _};

use serde_json::{Value as Json, json};

pub use budget::{TEXT_BYTES_MAX, VALUES_MAX, WORK_MAX};
pub use evaluate::{Context, Evaluated, Source};
pub use functions::{Function, Parameter, all as functions};
pub use pattern::{PATTERN_BYTES_MAX, PATTERN_TEXT_BYTES_MAX};
pub(crate) use pattern::{Pattern, check_text as check_pattern_text};
pub use value::Value;

/// Characters of an expression.
pub const EXPRESSION_CHARACTERS_MAX: usize = 10_000;
/// Levels of nesting in an expression.
pub const EXPRESSION_DEPTH_MAX: usize = 32;
/// Functions, attributes and constants in an expression.
pub const EXPRESSION_NODES_MAX: usize = 1_000;

/// What is wrong with an expression, or with its evaluation for one object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// A short code for tools.
    pub code: &'static str,
    /// What is wrong, in words.
    pub message: String,
    /// Whether the words say where already.
    is_placed: bool,
}

impl Failure {
    pub(crate) fn syntax(message: impl Into<String>) -> Self {
        Self::new("InvalidExpression", message.into())
    }
    pub(crate) fn evaluation(message: impl Into<String>) -> Self {
        Self::new("ExpressionEvaluationFailed", message.into())
    }
    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new("ExpressionLimitExceeded", message.into())
    }

    const fn new(code: &'static str, message: String) -> Self {
        Self {
            code,
            message,
            is_placed: false,
        }
    }

    /// The same, in the innermost function that it happened in.
    fn within(self, function: &str) -> Self {
        if self.is_placed {
            return self;
        }
        Self {
            message: format!("{function}: {}", self.message),
            is_placed: true,
            ..self
        }
    }
}

/// An expression that has been read and checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// `[name]`.
    Attribute(String),
    /// `"text"`.
    Text(String),
    /// `42`, `&HFF`.
    Number(i64),
    /// A word that a function knows: `vbTextCompare`.
    Word(&'static str),
    /// `Name(argument, , argument)`.
    Call {
        /// Which.
        function: &'static Function,
        /// The arguments; what is left empty is none.
        arguments: Vec<Option<Expression>>,
    },
    /// `left = right`, `left & right` …
    Operation {
        /// Which.
        operator: Operator,
        /// What stands before it.
        left: Box<Expression>,
        /// What stands behind it.
        right: Box<Expression>,
    },
}

/// An operator between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `&`: one text behind the other.
    Concatenate,
}

impl Operator {
    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Concatenate => "&",
        }
    }
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        parse::parse(text)
    }

    /// Its value for one object.
    pub fn evaluate(&self, context: &Context<'_>) -> Result<Evaluated, Failure> {
        evaluate::evaluate(self, context)
    }

    /// The attributes that it reads.
    pub fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.visit(&mut |part| {
            if let Self::Attribute(name) = part {
                names.push(name.as_str());
            }
        });
        names
    }

    /// Whether a function is called anywhere in it.
    pub fn calls(&self, name: &str) -> bool {
        let mut found = false;
        self.visit(&mut |part| {
            found |= matches!(part, Self::Call { function, .. } if function.name == name);
        });
        found
    }

    fn visit<'e>(&'e self, each: &mut dyn FnMut(&'e Self)) {
        each(self);
        match self {
            Self::Call { arguments, .. } => {
                for argument in arguments.iter().flatten() {
                    argument.visit(each);
                }
            }
            Self::Operation { left, right, .. } => {
                left.visit(each);
                right.visit(each);
            }
            Self::Attribute(_) | Self::Text(_) | Self::Number(_) | Self::Word(_) => {}
        }
    }

    /// The name that Graph shows: of the function, of the attribute, or the constant.
    pub fn name(&self) -> String {
        match self {
            Self::Attribute(name) | Self::Text(name) => name.clone(),
            Self::Number(number) => number.to_string(),
            Self::Word(word) => (*word).to_owned(),
            Self::Call { function, .. } => function.name.to_owned(),
            Self::Operation { operator, .. } => operator.symbol().to_owned(),
        }
    }

    /// Graph's `attributeMappingSource`.
    pub fn to_json(&self) -> Json {
        let mut parameters: Vec<Json> = Vec::new();
        let kind = match self {
            Self::Attribute(_) => "Attribute",
            Self::Text(_) | Self::Number(_) | Self::Word(_) => "Constant",
            Self::Call {
                function,
                arguments,
            } => {
                for (index, argument) in arguments.iter().enumerate() {
                    if let Some(argument) = argument {
                        let key = function.parameter(index).map_or("", |it| it.name);
                        parameters.push(json!({"key": key, "value": argument.to_json()}));
                    }
                }
                "Function"
            }
            Self::Operation { left, right, .. } => {
                parameters.push(json!({"key": "left", "value": left.to_json()}));
                parameters.push(json!({"key": "right", "value": right.to_json()}));
                "Function"
            }
        };
        // Constants are shown as strings, whatever they are in the expression around them.
        let expression = match self {
            Self::Text(_) | Self::Number(_) | Self::Word(_) => quoted(&self.name()),
            _ => self.to_string(),
        };
        json!({
            "expression": expression,
            "name": self.name(),
            "type": kind,
            "parameters": parameters,
        })
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(name) => write!(f, "[{name}]"),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Word(word) => f.write_str(word),
            Self::Call {
                function,
                arguments,
            } => {
                write!(f, "{}(", function.name)?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    if let Some(argument) = argument {
                        write!(f, "{argument}")?;
                    }
                }
                f.write_char(')')
            }
            Self::Operation {
                operator,
                left,
                right,
            } => {
                operand(f, *operator, left, false)?;
                write!(f, " {} ", operator.symbol())?;
                operand(f, *operator, right, true)
            }
        }
    }
}

/// An operand, in parentheses where it would be read otherwise without them.
fn operand(
    f: &mut fmt::Formatter<'_>,
    outer: Operator,
    part: &Expression,
    is_right: bool,
) -> fmt::Result {
    let bare = match part {
        Expression::Operation { operator, .. } => {
            *operator == Operator::Concatenate && (outer != Operator::Concatenate || !is_right)
        }
        _ => true,
    };
    if bare {
        write!(f, "{part}")
    } else {
        write!(f, "({part})")
    }
}

impl Expression {
    /// Whether two expressions mean the same; parameters that are left empty at the end count for
    /// nothing, and a number is the constant of its digits.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let constant = |part: &Self| match part {
            Self::Text(_) | Self::Number(_) | Self::Word(_) => Some(part.name()),
            _ => None,
        };
        match (self, other) {
            (
                Self::Call {
                    function,
                    arguments,
                },
                Self::Call {
                    function: other_function,
                    arguments: others,
                },
            ) => {
                let count = arguments.len().max(others.len());
                function == other_function
                    && (0..count).all(|index| {
                        let part = |of: &[Option<Self>]| of.get(index).cloned().flatten();
                        match (part(arguments), part(others)) {
                            (Some(part), Some(other)) => part.says_the_same(&other),
                            (None, None) => true,
                            _ => false,
                        }
                    })
            }
            (
                Self::Operation {
                    operator,
                    left,
                    right,
                },
                Self::Operation {
                    operator: other_operator,
                    left: other_left,
                    right: other_right,
                },
            ) => {
                operator == other_operator
                    && left.says_the_same(other_left)
                    && right.says_the_same(other_right)
            }
            _ => match (constant(self), constant(other)) {
                (Some(part), Some(other)) => part == other,
                _ => self == other,
            },
        }
    }
}

/// Puts a call together from the names of its parameters, as a tree of `attributeMappingSource` has
/// them.
pub(crate) fn called(
    name: &str,
    parameters: Vec<(String, Option<Expression>)>,
) -> Result<Expression, String> {
    let operators = [
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
        Operator::Concatenate,
    ];
    if let Some(operator) = operators.into_iter().find(|it| it.symbol() == name) {
        let mut parts = parameters.into_iter().filter_map(|(_, part)| part);
        return match (parts.next(), parts.next(), parts.next()) {
            (Some(left), Some(right), None) => Ok(Expression::Operation {
                operator,
                left: Box::new(left),
                right: Box::new(right),
            }),
            _ => Err(format!("'{name}' stands between two values.")),
        };
    }
    let function =
        functions::find(name).ok_or_else(|| format!("there is no function '{name}'."))?;
    let mut arguments: Vec<Option<Expression>> = Vec::new();
    for (key, part) in parameters {
        let index = function.parameters.iter().position(|it| it.name == key);
        let index = index.ok_or_else(|| {
            let names: Vec<&str> = function.parameters.iter().map(|it| it.name).collect();
            format!(
                "{name} has no parameter '{key}'; these are {}.",
                names.join(", ")
            )
        })?;
        if function.parameters.get(index).is_some_and(|it| it.repeats) {
            let least = index.max(arguments.len());
            arguments.resize(least, None);
            arguments.push(part);
            continue;
        }
        if arguments.len() <= index {
            arguments.resize(index + 1, None);
        }
        match arguments.get_mut(index) {
            Some(place @ None) => *place = part,
            _ => return Err(format!("{name} has its parameter '{key}' twice.")),
        }
    }
    parse::check(function, &arguments)?;
    Ok(Expression::Call {
        function,
        arguments,
    })
}
