//! Evaluates expressions: walks the tree, lazily, on a budget.

use std::cmp::Ordering;

use rand::SeedableRng;
use rand::rngs::StdRng;
use types::Timestamp;

use super::budget::Budget;
use super::value::Value;
use super::{Expression, Failure, Operator};

/// Where attributes come from.
pub trait Source {
    /// The value of an attribute; [`Value::Null`] if there is none.
    fn attribute(&self, name: &str) -> Value;
}

impl<F: Fn(&str) -> Value> Source for F {
    fn attribute(&self, name: &str) -> Value {
        self(name)
    }
}

/// All that an expression can see.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The object.
    pub source: &'a dyn Source,
    /// The time.
    pub now: Timestamp,
    /// What everything random is made from.
    pub seed: [u8; 32],
    /// What `DefaultDomain()` answers.
    pub default_domain: Option<&'a str>,
    /// Whether the target has a value already, as far as is known (`SelectUniqueValue`).
    pub is_taken: &'a dyn Fn(&str) -> bool,
}

impl<'a> Context<'a> {
    /// A context without a domain, in which no value is taken.
    pub fn new(source: &'a dyn Source, now: Timestamp, seed: [u8; 32]) -> Self {
        Self {
            source,
            now,
            seed,
            default_domain: None,
            is_taken: &|_| false,
        }
    }
}

/// What came of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The value.
    pub value: Value,
    /// Whether logs show `[Redact]` in its place.
    pub redacted: bool,
}

impl Evaluated {
    /// Whether the attribute is left out of the flow.
    pub const fn is_ignored(&self) -> bool {
        matches!(self.value, Value::Ignored)
    }
    /// The values as Graph shows them: none, one or several.
    pub fn into_texts(self) -> Vec<String> {
        self.value.into_texts()
    }
}

pub(super) fn evaluate(
    expression: &Expression,
    context: &Context<'_>,
) -> Result<Evaluated, Failure> {
    let mut run = Run {
        context,
        budget: Budget::new(),
        random: StdRng::from_seed(context.seed),
        redacted: false,
    };
    let value = run.value(expression)?;
    Ok(Evaluated {
        value,
        redacted: run.redacted,
    })
}

/// An evaluation under way.
pub(super) struct Run<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) budget: Budget,
    pub(super) random: StdRng,
    pub(super) redacted: bool,
}

/// The arguments of a call, not evaluated yet.
pub(super) type Arguments<'e> = &'e [Option<Expression>];

impl Run<'_> {
    pub(super) fn value(&mut self, expression: &Expression) -> Result<Value, Failure> {
        self.budget.spend(1)?;
        match expression {
            Expression::Attribute(name) => {
                let value = self.context.source.attribute(name);
                match &value {
                    Value::Text(text) => self.budget.text(text.len())?,
                    Value::List(values) => self.budget.list(values)?,
                    _ => {}
                }
                Ok(value)
            }
            Expression::Text(text) => {
                self.budget.text(text.len())?;
                Ok(Value::Text(text.clone()))
            }
            Expression::Number(number) => Ok(Value::Number(*number)),
            Expression::Word("True") => Ok(Value::Boolean(true)),
            Expression::Word("False") => Ok(Value::Boolean(false)),
            Expression::Word(word) => Ok(Value::Text((*word).to_owned())),
            Expression::Call {
                function,
                arguments,
            } => (function.call)(self, arguments).map_err(|failure| failure.within(function.name)),
            Expression::Operation {
                operator,
                left,
                right,
            } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                match operator {
                    Operator::Concatenate => {
                        let (left, right) = (left.text()?, right.text()?);
                        if left.is_none() && right.is_none() {
                            return Ok(Value::Null);
                        }
                        let text = left.unwrap_or_default() + &right.unwrap_or_default();
                        self.made(text)
                    }
                    comparison => compare(*comparison, left, right).map(Value::Boolean),
                }
            }
        }
    }

    /// An argument; null if it isn't given.
    pub(super) fn argument(
        &mut self,
        arguments: Arguments<'_>,
        index: usize,
    ) -> Result<Value, Failure> {
        match arguments.get(index) {
            Some(Some(argument)) => self.value(argument),
            _ => Ok(Value::Null),
        }
    }

    pub(super) fn text(
        &mut self,
        arguments: Arguments<'_>,
        index: usize,
    ) -> Result<Option<String>, Failure> {
        self.argument(arguments, index)?.text()
    }

    pub(super) fn number(
        &mut self,
        arguments: Arguments<'_>,
        index: usize,
        name: &str,
    ) -> Result<i64, Failure> {
        self.argument(arguments, index)?
            .number()?
            .ok_or_else(|| Failure::evaluation(format!("'{name}' has no value.")))
    }

    /// A text that was made, paid for.
    pub(super) fn made(&mut self, text: String) -> Result<Value, Failure> {
        self.budget.text(text.len())?;
        Ok(Value::Text(text))
    }

    pub(super) fn made_list(&mut self, values: Vec<String>) -> Result<Value, Failure> {
        self.budget.list(&values)?;
        Ok(Value::List(values))
    }

    /// Makes one text of another, of each value where there are several; nothing of nothing.
    pub(super) fn each(
        &mut self,
        value: Value,
        make: &mut dyn FnMut(&mut Self, String) -> Result<String, Failure>,
    ) -> Result<Value, Failure> {
        if let Value::List(values) = value {
            let made = values
                .into_iter()
                .map(|value| make(self, value))
                .collect::<Result<_, _>>()?;
            return self.made_list(made);
        }
        match value.text()? {
            Some(text) => {
                let made = make(self, text)?;
                self.made(made)
            }
            None => Ok(Value::Null),
        }
    }
}

/// Compares; with nothing on either side the condition isn't met, whichever it is.
fn compare(operator: Operator, left: Value, right: Value) -> Result<bool, Failure> {
    if left.is_null() || right.is_null() {
        return Ok(false);
    }
    let is_number = |value: &Value| matches!(value, Value::Number(_));
    let is_boolean = |value: &Value| matches!(value, Value::Boolean(_));
    let order = match (&left, &right) {
        (Value::Moment(left), Value::Moment(right)) => left.cmp(right),
        (Value::List(left), Value::List(right)) => left.cmp(right),
        _ if is_number(&left) || is_number(&right) => {
            match (left.clone().number(), right.clone().number()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                _ => texts(left, right, false)?,
            }
        }
        _ => {
            let ignores_case = is_boolean(&left) || is_boolean(&right);
            texts(left, right, ignores_case)?
        }
    };
    Ok(match operator {
        Operator::Equal => order == Ordering::Equal,
        Operator::NotEqual => order != Ordering::Equal,
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        Operator::Greater => order == Ordering::Greater,
        Operator::GreaterOrEqual => order != Ordering::Less,
        Operator::Concatenate => false,
    })
}

fn texts(left: Value, right: Value, ignores_case: bool) -> Result<Ordering, Failure> {
    let fold = |text: Option<String>| {
        let text = text.unwrap_or_default();
        if ignores_case {
            text.to_ascii_lowercase()
        } else {
            text
        }
    };
    Ok(fold(left.text()?).cmp(&fold(right.text()?)))
}
