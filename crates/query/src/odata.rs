//! Reads `$filter`, `$select` and `$orderby`.
//!
//! Operators, functions and literals' words are taken in any case, as Graph does; names are kept as
//! written. Recursion ends at [`MAX_DEPTH`], text at [`MAX_TEXT`] bytes; every refusal names the
//! byte offset at which the text stops making sense.
//!
//! Source: OData 4.01 ABNF (`filter`, `select`, `orderby`), reduced to what Graph documents. Beyond
//! it, `startswith(…) eq true` is understood because client libraries write it, and a date without
//! a time is its first instant in UTC.

use types::{Error, Result, Timestamp};
use winnow::ascii::digit1;
use winnow::combinator::{alt, delimited, opt, peek, repeat};
use winnow::error::EmptyError;
use winnow::stream::{LocatingSlice, Location};
use winnow::token::{one_of, take_while};
use winnow::{Parser, Result as Parsed};

use crate::filter::{
    Comparison, Expression, Filter, Function, Literal, MAX_DEPTH, MAX_TEXT, Node, Path, Position,
    Predicate, Quantifier, Value, invalid, too_deep,
};

/// The largest number of properties in one `$select` or `$orderby`.
const MAX_ITEMS: usize = 200;
/// The one function on paths: texts are compared without regard to case anyway, so it does nothing.
const TO_LOWER: &str = "tolower";

/// One key of a `$orderby`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy {
    /// The property as written, `a` or `a/b`.
    pub property: String,
    /// Largest first.
    pub descending: bool,
}

/// Reads a `$filter`.
pub fn parse_filter(text: &str) -> Result<Filter> {
    filter(Reader::new(text, |message, at| invalid(message, at))?)
}

/// Reads a `$filter` of a log, where Graph takes `tolower(path)` for a path.
pub fn parse_log_filter(text: &str) -> Result<Filter> {
    filter(Reader {
        lowers: true,
        ..Reader::new(text, |message, at| invalid(message, at))?
    })
}

fn filter(mut reader: Reader<'_>) -> Result<Filter> {
    let root = reader.or()?;
    reader.blank();
    if reader.is_at_end() {
        Filter::new(root)
    } else {
        Err(reader.expected("'and', 'or' or the end"))
    }
}

/// Reads a `$select`: property names, separated by commas.
pub fn parse_select(text: &str) -> Result<Vec<String>> {
    let mut reader = Reader::new(text, |message, at| {
        let message =
            format!("Parsing OData Select and Expand failed: {message} at position {at}.");
        Error::invalid("$select", message)
    })?;
    reader.items(|reader| {
        reader.blank();
        match reader.optional("*") {
            Some(all) => Ok(all.to_owned()),
            None => reader.plain_path().map(|path| path.to_string()),
        }
    })
}

/// Reads a `$orderby`: property names, each with `asc` or `desc` behind it or nothing.
pub fn parse_orderby(text: &str) -> Result<Vec<OrderBy>> {
    let mut reader = Reader::new(text, |message, at| {
        Error::invalid(
            "$orderby",
            format!("Invalid orderby clause: {message} at position {at}."),
        )
    })?;
    reader.items(|reader| {
        let property = reader.plain_path()?.to_string();
        reader.blank();
        let at = reader.at();
        let descending = match reader.optional(identifier) {
            None => false,
            Some(word) if word.eq_ignore_ascii_case("asc") => false,
            Some(word) if word.eq_ignore_ascii_case("desc") => true,
            Some(_) => return Err(reader.fail("expected 'asc', 'desc' or a comma", at)),
        };
        Ok(OrderBy {
            property,
            descending,
        })
    })
}

type Input<'a> = LocatingSlice<&'a str>;

/// `odataIdentifier` in ASCII.
fn identifier<'a>(input: &mut Input<'a>) -> Parsed<&'a str, EmptyError> {
    (
        one_of(|c: char| c.is_ascii_alphabetic() || c == '_'),
        take_while(0..=127, |c: char| c.is_ascii_alphanumeric() || c == '_'),
    )
        .take()
        .parse_next(input)
}

/// `string`, still with its doubled quotes.
fn quoted<'a>(input: &mut Input<'a>) -> Parsed<&'a str, EmptyError> {
    let piece = alt((take_while(1.., |c| c != '\''), "''"));
    delimited('\'', repeat::<_, _, (), _, _>(0.., piece).take(), '\'').parse_next(input)
}

/// Whatever stands where a value without quotes can stand; what it is gets decided afterwards.
fn bare<'a>(input: &mut Input<'a>) -> Parsed<&'a str, EmptyError> {
    take_while(1.., |c: char| {
        c.is_ascii_alphanumeric() || "-+._:".contains(c)
    })
    .parse_next(input)
}

/// `dateTimeOffsetValue` or `dateValue`, as RFC 3339 with seconds.
fn date_time(token: &str) -> Option<String> {
    fn digits<'a>(count: usize) -> impl Parser<&'a str, &'a str, EmptyError> {
        take_while(count, |c: char| c.is_ascii_digit())
    }
    let date = (digits(4), '-', digits(2), '-', digits(2)).take();
    let minutes = (digits(2), ':', digits(2)).take();
    let seconds = (':', digits(2), opt(('.', digit1))).take();
    let zone = alt((
        one_of(['Z', 'z']).take(),
        (one_of(['+', '-']), digits(2), ':', digits(2)).take(),
    ));
    let time = (one_of(['T', 't']), minutes, opt(seconds), zone);
    let (date, time) = (date, opt(time)).parse(token).ok()?;
    Some(match time {
        None => format!("{date}T00:00:00Z"),
        Some((_, minutes, seconds, zone)) => {
            format!(
                "{date}T{minutes}{}{}",
                seconds.unwrap_or(":00"),
                zone.to_ascii_uppercase()
            )
        }
    })
}

struct Reader<'a> {
    input: Input<'a>,
    depth: usize,
    /// Whether `tolower` is known.
    lowers: bool,
    error: fn(&str, Position) -> Error,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, error: fn(&str, Position) -> Error) -> Result<Self> {
        if text.len() > MAX_TEXT {
            let message = format!("the text is longer than {MAX_TEXT} bytes");
            return Err(error(&message, Position(MAX_TEXT)));
        }
        Ok(Self {
            input: LocatingSlice::new(text),
            depth: 0,
            lowers: false,
            error,
        })
    }

    fn at(&self) -> Position {
        Position(self.input.current_token_start())
    }
    fn fail(&self, message: &str, at: Position) -> Error {
        (self.error)(message, at)
    }
    fn expected(&self, what: &str) -> Error {
        self.fail(&format!("expected {what}"), self.at())
    }
    fn optional<O>(&mut self, parser: impl Parser<Input<'a>, O, EmptyError>) -> Option<O> {
        opt(parser).parse_next(&mut self.input).ok().flatten()
    }
    fn is_next(&mut self, text: &'static str) -> bool {
        self.optional(peek(text)).is_some()
    }
    fn is_at_end(&self) -> bool {
        self.input.is_empty()
    }
    /// Skips white space; true if there was some.
    fn blank(&mut self) -> bool {
        self.optional(take_while(1.., [' ', '\t'])).is_some()
    }
    fn punctuation(&mut self, text: &'static str) -> Result<()> {
        self.blank();
        self.optional(text)
            .map(drop)
            .ok_or_else(|| self.expected(&format!("'{text}'")))
    }
    /// Takes the word if it stands next.
    fn keyword(&mut self, word: &str) -> bool {
        self.blank();
        self.optional(identifier.verify(|next: &str| next.eq_ignore_ascii_case(word)))
            .is_some()
    }

    /// One list with commas between, up to the end of the text.
    fn items<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        loop {
            if items.len() == MAX_ITEMS {
                let message = format!("more than {MAX_ITEMS} properties");
                return Err(self.fail(&message, self.at()));
            }
            items.push(item(self)?);
            self.blank();
            if self.is_at_end() {
                return Ok(items);
            }
            self.punctuation(",")?;
        }
    }

    /// `a/b/c` and nothing that belongs to filters only.
    fn plain_path(&mut self) -> Result<Path> {
        self.blank();
        let at = self.at();
        let mut segments = Vec::new();
        loop {
            let name = self.optional(identifier);
            segments.push(
                name.ok_or_else(|| self.expected("a property name"))?
                    .to_owned(),
            );
            if self.optional("/").is_none() {
                return Ok(Path { at, segments });
            }
        }
    }

    fn nested<T>(&mut self, at: Position, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Node> {
        self.chain("or", Self::and, Expression::Or)
    }
    fn and(&mut self) -> Result<Node> {
        self.chain("and", Self::unary, Expression::And)
    }
    fn chain(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Node>,
        join: fn(Vec<Node>) -> Expression,
    ) -> Result<Node> {
        let first = part(self)?;
        if !self.keyword(word) {
            return Ok(first);
        }
        let at = first.at;
        let mut parts = vec![first, part(self)?];
        while self.keyword(word) {
            parts.push(part(self)?);
        }
        Ok(Node {
            at,
            expression: join(parts),
        })
    }

    fn unary(&mut self) -> Result<Node> {
        self.blank();
        let at = self.at();
        if self.optional("(").is_some() {
            return self.nested(at, |reader| {
                let inner = reader.or()?;
                reader.punctuation(")")?;
                Ok(inner)
            });
        }
        let name = self
            .optional(identifier)
            .ok_or_else(|| self.expected("a condition"))?;
        let blank = self.blank();
        if name.eq_ignore_ascii_case("not") && (blank || self.is_next("(")) {
            // Parentheses count for themselves; counting both would make `not (…)` twice as deep.
            let operand = if self.is_next("(") {
                self.unary()?
            } else {
                self.nested(at, Self::unary)?
            };
            return Ok(Node {
                at,
                expression: Expression::Not(Box::new(operand)),
            });
        }
        if self.lowers && name.eq_ignore_ascii_case(TO_LOWER) && self.is_next("(") {
            self.punctuation("(")?;
            let path = self.plain_path()?;
            self.punctuation(")")?;
            return self.compared(path);
        }
        if self.is_next("(") {
            self.call(name, at)
        } else {
            self.condition(name, at)
        }
    }

    /// A path, or `tolower(path)`: texts are compared without regard to case anyway.
    fn text_path(&mut self) -> Result<Path> {
        self.blank();
        let lowered = (
            identifier.verify(|name: &str| name.eq_ignore_ascii_case(TO_LOWER)),
            '(',
        );
        if !self.lowers || self.optional(lowered).is_none() {
            return self.plain_path();
        }
        let path = self.plain_path()?;
        self.punctuation(")")?;
        Ok(path)
    }

    /// A function call, `name` being read.
    fn call(&mut self, name: &str, at: Position) -> Result<Node> {
        let function = match name.to_ascii_lowercase().as_str() {
            "startswith" => Function::StartsWith,
            "endswith" => Function::EndsWith,
            "contains" => Function::Contains,
            _ => {
                let message = format!("An unknown function with name '{name}' was found");
                return Err(self.fail(&message, at));
            }
        };
        self.punctuation("(")?;
        let path = self.text_path()?;
        self.punctuation(",")?;
        let value = self.literal()?;
        self.punctuation(")")?;
        self.truth(Node {
            at,
            expression: Expression::Call {
                function,
                path,
                value,
            },
        })
    }

    /// What follows a property name: the rest of the path, then an operator or a lambda.
    fn condition(&mut self, name: &str, at: Position) -> Result<Node> {
        let mut path = Path {
            at,
            segments: vec![name.to_owned()],
        };
        while self.optional("/").is_some() {
            let start = self.at();
            if self
                .optional(
                    ('$', identifier)
                        .take()
                        .verify(|word: &str| word == "$count"),
                )
                .is_some()
            {
                return self.count(path);
            }
            let name = self
                .optional(identifier)
                .ok_or_else(|| self.expected("a property name"))?;
            if self.is_next("(") {
                let quantifier = match name.to_ascii_lowercase().as_str() {
                    "any" => Quantifier::Any,
                    "all" => Quantifier::All,
                    _ => return Err(self.fail(&format!("'{name}' isn't 'any' or 'all'"), start)),
                };
                return self.lambda(path, quantifier);
            }
            path.segments.push(name.to_owned());
        }
        self.compared(path)
    }

    /// What follows a path: an operator and what it is compared with.
    fn compared(&mut self, path: Path) -> Result<Node> {
        let at = path.at;
        self.blank();
        if self.keyword("in") {
            self.punctuation("(")?;
            let mut values = vec![self.literal()?];
            self.blank();
            while self.optional(",").is_some() {
                values.push(self.literal()?);
                self.blank();
            }
            self.punctuation(")")?;
            return Ok(Node {
                at,
                expression: Expression::In { path, values },
            });
        }
        let comparison = self.comparison()?;
        let value = self.literal()?;
        Ok(Node {
            at,
            expression: Expression::Compare {
                path,
                comparison,
                value,
            },
        })
    }

    fn comparison(&mut self) -> Result<Comparison> {
        self.blank();
        self.optional(identifier.verify_map(Comparison::read))
            .ok_or_else(|| self.expected("an operator: eq, ne, gt, ge, lt, le or in"))
    }

    fn count(&mut self, path: Path) -> Result<Node> {
        let comparison = self.comparison()?;
        let literal = self.literal()?;
        let Value::Integer(number) = literal.value else {
            return Err(self.fail("'$count' is compared with a whole number", literal.at));
        };
        Ok(Node {
            at: path.at,
            expression: Expression::Count {
                path,
                comparison,
                number,
            },
        })
    }

    fn lambda(&mut self, path: Path, quantifier: Quantifier) -> Result<Node> {
        let at = path.at;
        self.punctuation("(")?;
        self.blank();
        let predicate = if quantifier == Quantifier::Any && self.is_next(")") {
            None
        } else {
            let variable = self.optional(identifier);
            let variable =
                variable.ok_or_else(|| self.expected("a variable, as in 'x:x eq 1',"))?;
            self.punctuation(":")?;
            let body = Box::new(self.nested(at, Self::or)?);
            Some(Predicate {
                variable: variable.to_owned(),
                body,
            })
        };
        self.punctuation(")")?;
        self.truth(Node {
            at,
            expression: Expression::Lambda {
                path,
                quantifier,
                predicate,
            },
        })
    }

    /// A condition that's complete, and `eq true` or the like behind it.
    fn truth(&mut self, node: Node) -> Result<Node> {
        self.blank();
        let at = self.at();
        let Some(comparison) = self.optional(identifier.verify_map(Comparison::read)) else {
            return Ok(node);
        };
        let is_true = match (comparison, self.literal()?.value) {
            (Comparison::Equal, Value::Bool(value)) => value,
            (Comparison::NotEqual, Value::Bool(value)) => !value,
            _ => {
                return Err(self.fail(
                    "a condition can only be compared 'eq true' or 'eq false'",
                    at,
                ));
            }
        };
        if is_true {
            return Ok(node);
        }
        Ok(Node {
            at: node.at,
            expression: Expression::Not(Box::new(node)),
        })
    }

    fn literal(&mut self) -> Result<Literal> {
        self.blank();
        let at = self.at();
        if let Some(text) = self.optional(quoted) {
            return Ok(Literal {
                at,
                value: Value::Text(text.replace("''", "'")),
            });
        }
        if self.is_next("'") {
            return Err(self.fail("There is an unterminated string literal", at));
        }
        let token = self
            .optional(bare)
            .ok_or_else(|| self.expected("a value"))?;
        if self.is_next("'") {
            let message = format!("'{token}' isn't a type of literal that filters know");
            return Err(self.fail(&message, at));
        }
        word(token).map(|value| Literal { at, value }).ok_or_else(|| {
            let message = format!(
                "'{token}' isn't a value: a text stands in single quotes, a date is written as 2026-01-31T00:00:00Z; found"
            );
            self.fail(&message, at)
        })
    }
}

/// The value of a literal without quotes.
fn word(token: &str) -> Option<Value> {
    if token.eq_ignore_ascii_case("null") {
        return Some(Value::Null);
    }
    if token.eq_ignore_ascii_case("true") {
        return Some(Value::Bool(true));
    }
    if token.eq_ignore_ascii_case("false") {
        return Some(Value::Bool(false));
    }
    if let Ok(number) = token.parse() {
        return Some(Value::Integer(number));
    }
    if let Some(guid) = types::parse_uuid(token) {
        return Some(Value::Guid(guid));
    }
    let timestamp: Timestamp = date_time(token)?.parse().ok()?;
    // An offset can carry the year 0000 below zero, which no literal can write.
    (!timestamp.to_string().starts_with('-')).then_some(Value::DateTime(timestamp))
}
