//! `$search`: clauses like `"displayName:ann"`, joined by AND and OR.
//!
//! Names and descriptions are searched by their words, in any order, each by its beginning; what
//! other texts hold is compared from its beginning, as `startswith` does. A text's words are what
//! stands between blanks, symbols, and changes between letters and digits or from a lower case
//! letter to an upper case one (`OneVideo2`: one, video, 2). A symbol is a word of its own, and what
//! has no blank in it is one too (onevideo2).
//!
//! Source: "Use the $search query parameter", on directory objects (Microsoft Graph).

use serde_json::Value;
use types::{Error, Result, Timestamp, fold};

use crate::filter::{Expression, Filter, Node, Path, Position};
use crate::schema::PropertyKind;

/// The longest text of a `$search`, in bytes.
pub const SEARCH_TEXT_MAX: usize = 4_096;
/// The largest number of clauses.
pub const SEARCH_CLAUSES_MAX: usize = 50;
/// How deep parentheses may stand in each other.
pub const SEARCH_DEPTH_MAX: usize = 16;
/// The characters of a word that count.
pub const WORD_CHARACTERS_MAX: usize = 64;

/// The properties that are searched by their words, with the numbers that an index of words has for
/// them.
pub const WORDED: [(&str, i64); 2] = [("displayName", 1), ("description", 2)];
/// The characters of a value that count in a filter, where the value is in the index.
pub const VALUE_CHARACTERS_MAX: usize = 256;
/// Numbers of properties that an index keeps for each kind of object: those that are searched by
/// their words, and those whose whole values are in it.
const FIELDS: i64 = 16;
const VALUE_FIELDS: i64 = 1_000;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// All of them; two at least.
    All(Vec<Self>),
    /// One of them or more; two at least.
    Any(Vec<Self>),
    /// `"property:text"`.
    Clause {
        /// The property.
        path: Path,
        /// What it holds.
        text: String,
    },
}

impl Search {
    pub(crate) fn names(&self, is_meant: &dyn Fn(&str) -> bool) -> Option<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().find_map(|part| part.names(is_meant))
            }
            Self::Clause { path, .. } => {
                let name = path.segments.first()?;
                is_meant(name).then_some(name)
            }
        }
    }
}

/// The table that a search looks through, in SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchTable {
    /// The number that the index of words has for its kind of object.
    pub kind: i64,
    /// The table with its alias: `users AS u`. The tenant is always the first parameter.
    pub table: &'static str,
    /// `u.tenant_id`
    pub tenant: &'static str,
    /// `u.id`
    pub id: &'static str,
}

/// The number of one property of one kind of object in an index of words.
pub const fn word_field(kind: i64, property: i64) -> i64 {
    kind * FIELDS + property
}

/// The number of one property of one kind of object whose whole values are in the index.
pub const fn value_field(kind: i64, property: i64) -> i64 {
    kind * VALUE_FIELDS + property
}

/// A value of a property as the index has it, in an order that is the values' own: a folded text, or
/// an instant's microseconds. Only the beginning of a long text counts.
pub fn value_word(kind: PropertyKind, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    Some(match kind {
        PropertyKind::DateTime => instant_word(text.parse::<Timestamp>().ok()?.0),
        _ => text_word(&fold(text)),
    })
}

pub(crate) fn text_word(folded: &str) -> String {
    folded.chars().take(VALUE_CHARACTERS_MAX).collect()
}

pub(crate) fn instant_word(microseconds: i64) -> String {
    // Above zero, and of one length, so that their texts are ordered as they are.
    format!("{:020}", i128::from(microseconds) - i128::from(i64::MIN))
}

/// Reads a `$search`, as a condition beside those of a `$filter`.
pub fn parse_search(text: &str) -> Result<Filter> {
    if text.len() > SEARCH_TEXT_MAX {
        return Err(invalid(
            &format!(
                "the text is longer than {SEARCH_TEXT_MAX} bytes (limit: limits.search_bytes)"
            ),
            SEARCH_TEXT_MAX,
        ));
    }
    let mut reader = Reader {
        text,
        at: 0,
        clauses: 0,
    };
    let search = reader.any(0)?;
    reader.blank();
    if reader.at < text.len() {
        return Err(reader.expected("AND, OR or the end"));
    }
    Filter::new(Node {
        at: Position(0),
        expression: Expression::Search(search),
    })
}

fn invalid(message: &str, at: usize) -> Error {
    Error::invalid(
        "$search",
        format!("Invalid search clause: {message} at position {at}."),
    )
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    clauses: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }
    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }
    fn expected(&self, what: &str) -> Error {
        invalid(&format!("expected {what}"), self.at)
    }
    fn takes(&mut self, text: &str) -> bool {
        self.blank();
        let stands = self.rest().starts_with(text);
        if stands {
            self.at += text.len();
        }
        stands
    }
    /// Takes an operator, which is a word by itself.
    fn takes_word(&mut self, word: &str) -> bool {
        self.blank();
        let behind = self
            .rest()
            .strip_prefix(word)
            .and_then(|it| it.chars().next());
        let stands = behind.is_some_and(|next| next.is_whitespace() || next == '"' || next == '(');
        if stands {
            self.at += word.len();
        }
        stands
    }

    fn any(&mut self, depth: usize) -> Result<Search> {
        let mut parts = vec![self.all(depth)?];
        while self.takes_word("OR") {
            parts.push(self.all(depth)?);
        }
        Ok(joined(parts, Search::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Search> {
        let mut parts = vec![self.one(depth)?];
        // Clauses side by side are both meant.
        while self.takes_word("AND") || self.is_clause_next() {
            parts.push(self.one(depth)?);
        }
        Ok(joined(parts, Search::All))
    }

    fn is_clause_next(&mut self) -> bool {
        self.blank();
        self.rest().starts_with(['"', '('])
    }

    fn one(&mut self, depth: usize) -> Result<Search> {
        if depth == SEARCH_DEPTH_MAX {
            return Err(invalid(
                &format!("parentheses are nested deeper than {SEARCH_DEPTH_MAX}"),
                self.at,
            ));
        }
        if self.takes("(") {
            let inner = self.any(depth + 1)?;
            return if self.takes(")") {
                Ok(inner)
            } else {
                Err(self.expected("')'"))
            };
        }
        if !self.takes("\"") {
            return Err(self.expected("a clause in double quotes, as in \"displayName:ann\""));
        }
        self.clause()
    }

    fn clause(&mut self) -> Result<Search> {
        let at = self.at;
        self.clauses += 1;
        if self.clauses > SEARCH_CLAUSES_MAX {
            return Err(invalid(
                &format!("more than {SEARCH_CLAUSES_MAX} clauses (limit: limits.search_clauses)"),
                at,
            ));
        }
        let mut clause = String::new();
        let mut characters = self.rest().char_indices();
        let end = loop {
            match characters.next() {
                Some((end, '"')) => break end,
                Some((_, '\\')) => match characters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => clause.push(escaped),
                    _ => return Err(invalid("a backslash stands before \" or \\ only", at)),
                },
                Some((_, character)) => clause.push(character),
                None => return Err(invalid("the clause doesn't end with a double quote", at)),
            }
        };
        self.at += end + 1;
        let (property, text) = clause.split_once(':').ok_or_else(|| {
            invalid(
                "the clause has to name a property, as in \"displayName:ann\"",
                at,
            )
        })?;
        let text = text.trim();
        if text.is_empty() {
            return Err(invalid("there is nothing behind the colon", at));
        }
        if text.contains(['\0', '\u{1f}']) {
            return Err(invalid("the text has a control character", at));
        }
        Ok(Search::Clause {
            path: Path {
                at: Position(at),
                segments: property.trim().split('/').map(str::to_owned).collect(),
            },
            text: text.to_owned(),
        })
    }
}

fn joined(mut parts: Vec<Search>, join: fn(Vec<Search>) -> Search) -> Search {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

/// The words by which a text is found.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in text.split_whitespace() {
        let parts = split(run);
        let whole: Vec<&str> = parts.iter().copied().filter(|it| is_word(it)).collect();
        words.extend(parts.iter().map(|part| kept(part)));
        if whole.len() > 1 {
            words.push(kept(&whole.concat()));
        }
    }
    words
}

/// The words that have to begin words of what is found.
pub(crate) fn sought(text: &str) -> Vec<String> {
    let runs = text.split_whitespace().flat_map(split);
    let mut words: Vec<String> = runs.map(kept).collect();
    // The longest is the rarest.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

fn kept(word: &str) -> String {
    let word = fold(word);
    match word.char_indices().nth(WORD_CHARACTERS_MAX) {
        Some((end, _)) => word.get(..end).unwrap_or_default().to_owned(),
        None => word,
    }
}

fn is_word(part: &str) -> bool {
    part.chars()
        .next()
        .is_some_and(|it| Class::of(it) != Class::Symbol)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Symbol,
}

impl Class {
    fn of(character: char) -> Self {
        // An accent that is written by itself belongs to the letter before it.
        if character.is_alphabetic() || ('\u{300}'..='\u{36f}').contains(&character) {
            Self::Letter
        } else if character.is_numeric() {
            Self::Digit
        } else {
            Self::Symbol
        }
    }
}

/// Takes apart what has no blanks in it.
fn split(run: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut before) = (0, None::<char>);
    for (at, next) in run.char_indices() {
        let ends = before.is_some_and(|before| {
            let (one, other) = (Class::of(before), Class::of(next));
            one != other || one == Class::Symbol || (before.is_lowercase() && next.is_uppercase())
        });
        if ends {
            parts.push(run.get(start..at).unwrap_or_default());
            start = at;
        }
        before = Some(next);
    }
    parts.push(run.get(start..).unwrap_or_default());
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart_as_graph_does() {
        for (text, expected) in [
            ("hello world", &["hello", "world"][..]),
            ("HelloWorld", &["hello", "world", "helloworld"]),
            ("helloWORLD", &["hello", "world", "helloworld"]),
            ("HELLOworld", &["helloworld"]),
            ("HelloWORld", &["hello", "world", "helloworld"]),
            ("hello.world", &["hello", ".", "world", "helloworld"]),
            ("hello123world", &["hello", "123", "world", "hello123world"]),
            (
                "李四(David Li)",
                &["李四", "(", "david", "李四david", "li", ")"],
            ),
            ("e\u{301}cole", &["e\u{301}cole"]),
            ("--", &["-", "-"]),
            ("", &[]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
        assert_eq!(words(&"x".repeat(300)), ["x".repeat(64)]);
        assert_eq!(sought("Li 李"), ["李", "li"]);
    }

    #[test]
    fn clauses_are_joined() {
        let search = |text: &str| match parse_search(text).unwrap().root().expression.clone() {
            Expression::Search(search) => search,
            other => panic!("{other:?}"),
        };
        let clause = |property: &str, text: &str| Search::Clause {
            path: Path {
                at: Position(0),
                segments: vec![property.into()],
            },
            text: text.into(),
        };
        assert_eq!(search(r#" "a: b:c " "#), clause("a", "b:c"));
        assert_eq!(search(r#""a:\"b\\""#), clause("a", r#""b\"#));
        let (a, b, c) = (clause("a", "1"), clause("b", "2"), clause("c", "3"));
        let all = Search::All(vec![b.clone(), c.clone()]);
        assert_eq!(
            search(r#""a:1" OR "b:2" AND "c:3""#),
            Search::Any(vec![a.clone(), all])
        );
        let any = Search::Any(vec![a, b]);
        for text in [r#"("a:1" OR "b:2") AND "c:3""#, r#"(("a:1"OR"b:2"))"c:3""#] {
            assert_eq!(search(text), Search::All(vec![any.clone(), c.clone()]));
        }
        for wrong in [
            "",
            "ann",
            "displayName:ann",
            r#""ann""#,
            r#""a:""#,
            r#""a: ""#,
            r#"":x""#,
            r#""a b:x""#,
            r#""a:x"#,
            r#""a:\x""#,
            r#""a:x" and "b:x""#,
            r#""a:x" or "b:x""#,
            r#"NOT "a:x""#,
            r#""a:x" AND"#,
            r#""a:x" OR OR "a:x""#,
            r#"("a:x""#,
            r#""a:x")"#,
            "\"a:\u{1f}\"",
            &format!("{}\"a:x\"{}", "(".repeat(17), ")".repeat(17)),
            &r#""a:x" "#.repeat(51),
            &format!("\"a:{}\"", "x".repeat(4_096)),
        ] {
            assert!(parse_search(wrong).is_err(), "{wrong}");
        }
        assert!(parse_search(&r#""a:x" "#.repeat(50)).is_ok());
    }
}
