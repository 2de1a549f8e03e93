//! The checked form of a filter, from which SQL and evaluation are both made.
//!
//! It is two-valued: a null property meets no condition, hence every negated one, which is what
//! Graph answers for `ne` and `not`. Values are held as they are compared, folded or as numbers,
//! so the SQL's parameters and the evaluator's operands are the same. [`crate::bind`] makes it.
//!
//! Source: "Use the $filter query parameter" (Microsoft Graph), for how null is compared.

use serde_json::Value as Json;
use types::{Timestamp, fold};

use crate::filter::Comparison;
use crate::schema::PropertyKind;
use crate::search::{instant_word, text_word};

/// A condition whose every part is known to be right.
#[derive(Debug)]
pub(crate) enum Plan {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    IsNull(Slot),
    Test(Slot, Test),
    /// An element meets one of the tests; with none given, there is an element.
    ListAny(Slot, Vec<ListTest>),
    ListCount(Slot, Comparison, i64),
    /// A row meets the condition; with none given, there is a row.
    RowsAny(Rows, Option<Box<Self>>),
    RowsCount(Rows, Comparison, i64),
    Search(Sought),
}

/// What a search asks for.
#[derive(Debug)]
pub(crate) enum Sought {
    All(Vec<Self>),
    Any(Vec<Self>),
    /// Each of the words begins a word of the text.
    Words {
        property: i64,
        name: &'static str,
        words: Vec<String>,
    },
    Where(Box<Plan>),
}

/// Where a property's value is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Column(&'static str),
    /// In the index of words, under this number.
    Index(i64),
}

/// One property: its place, and its way in the JSON object.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) place: Place,
    pub(crate) names: Vec<&'static str>,
    pub(crate) kind: PropertyKind,
    pub(crate) is_selective: bool,
}

/// One collection of objects.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) table: &'static str,
    pub(crate) on: &'static str,
    pub(crate) names: Vec<&'static str>,
}

/// A test of one value that isn't null.
#[derive(Debug)]
pub(crate) enum Test {
    Compare(Comparison, Operand),
    In(Vec<Operand>),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
}

/// A test of an element of a list of texts.
#[derive(Debug)]
pub(crate) struct ListTest {
    pub(crate) negated: bool,
    pub(crate) test: Test,
}

/// A value as it is compared: folded text, or the number that the column holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operand {
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Operand {
    /// As the index of words has it.
    fn word(&self) -> Self {
        match self {
            Self::Text(text) => Self::Text(text_word(text)),
            Self::Integer(number) => Self::Text(instant_word(*number)),
            Self::Bytes(bytes) => Self::Bytes(bytes.clone()),
        }
    }
}

impl Test {
    /// The test of a value's word in the index instead of the value.
    pub(crate) fn of_word(&self) -> Self {
        match self {
            Self::Compare(comparison, operand) => Self::Compare(*comparison, operand.word()),
            Self::In(operands) => Self::In(operands.iter().map(Operand::word).collect()),
            Self::StartsWith(part) => Self::StartsWith(text_word(part)),
            Self::EndsWith(part) => Self::EndsWith(part.clone()),
            Self::Contains(part) => Self::Contains(part.clone()),
        }
    }

    pub(crate) fn holds(&self, value: &Operand) -> bool {
        let text = |test: fn(&str, &str) -> bool, part: &str| matches!(value, Operand::Text(whole) if test(whole, part));
        match self {
            Self::Compare(comparison, operand) => comparison.holds(value.cmp(operand)),
            Self::In(operands) => operands.contains(value),
            Self::StartsWith(part) => text(|whole, part| whole.starts_with(part), part),
            Self::EndsWith(part) => text(|whole, part| whole.ends_with(part), part),
            Self::Contains(part) => text(|whole, part| whole.contains(part), part),
        }
    }
}

impl Plan {
    /// Whether few objects can meet it, and an index of each part finds them.
    pub(crate) fn is_selective(&self) -> bool {
        match self {
            Self::And(plans) => plans.iter().any(Self::is_selective),
            Self::Or(plans) => !plans.is_empty() && plans.iter().all(Self::is_selective),
            Self::Test(slot, Test::Compare(Comparison::Equal, _) | Test::In(_)) => {
                slot.is_selective
            }
            Self::Search(_) => true,
            _ => false,
        }
    }

    /// Whether a part of it is looked up in the index of words.
    pub(crate) fn uses_index(&self) -> bool {
        let is_indexed = |slot: &Slot| matches!(slot.place, Place::Index(_));
        match self {
            Self::And(plans) | Self::Or(plans) => plans.iter().any(Self::uses_index),
            Self::Not(plan) => plan.uses_index(),
            Self::IsNull(slot)
            | Self::Test(slot, _)
            | Self::ListAny(slot, _)
            | Self::ListCount(slot, ..) => is_indexed(slot),
            Self::RowsAny(_, body) => body.as_ref().is_some_and(|body| body.uses_index()),
            Self::RowsCount(..) => false,
            Self::Search(_) => true,
        }
    }
}

impl Slot {
    /// The value in a JSON object; `None` is null, absent or of another type.
    pub(crate) fn value(&self, object: &Json) -> Option<Operand> {
        let value = lookup(object, &self.names)?;
        match self.kind {
            PropertyKind::Text => value.as_str().map(|text| Operand::Text(fold(text))),
            PropertyKind::Bool => value.as_bool().map(|flag| Operand::Integer(flag.into())),
            PropertyKind::Integer => value.as_i64().map(Operand::Integer),
            PropertyKind::DateTime => {
                let timestamp = value.as_str()?.parse::<Timestamp>().ok()?;
                Some(Operand::Integer(timestamp.0))
            }
            PropertyKind::Guid => types::parse_uuid(value.as_str()?)
                .map(|guid| Operand::Bytes(guid.as_bytes().into())),
            PropertyKind::SecurityIdentifier => types::of_security_identifier(value.as_str()?)
                .map(|id| Operand::Bytes(id.as_bytes().into())),
            PropertyKind::TextList | PropertyKind::Object(_) | PropertyKind::ObjectList(_) => None,
        }
    }
    /// The elements of a list of texts in a JSON object.
    pub(crate) fn elements(&self, object: &Json) -> Vec<Operand> {
        let list = lookup(object, &self.names).and_then(Json::as_array);
        let texts = list.into_iter().flatten().filter_map(Json::as_str);
        texts.map(|text| Operand::Text(fold(text))).collect()
    }
}

impl Rows {
    /// The elements of a collection in a JSON object.
    pub(crate) fn elements<'a>(&self, object: &'a Json) -> &'a [Json] {
        lookup(object, &self.names)
            .and_then(Json::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

impl Sought {
    /// Whether a property's text has all the words.
    pub(crate) fn has_words(object: &Json, name: &str, words: &[String]) -> bool {
        let text = object.get(name).and_then(Json::as_str).unwrap_or_default();
        let of_text = crate::search::words(text);
        let is_there = |word: &String| of_text.iter().any(|own| own.starts_with(word.as_str()));
        words.iter().all(is_there)
    }
}

fn lookup<'a>(object: &'a Json, names: &[&str]) -> Option<&'a Json> {
    names
        .iter()
        .try_fold(object, |object, name| object.get(name))
}
