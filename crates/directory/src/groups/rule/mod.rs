//! The rules of dynamic membership groups: read once, then held against users.
//!
//! A rule compares properties of a user with values and joins that by `-not`, `-and` and `-or`, which
//! bind in this order. Operators are written with a hyphen or without, in any case; texts are compared
//! without regard to case. A property without a value equals nothing but `null`, so `-ne` and the other
//! negated operators are true of it. `Direct Reports for "…"` is a rule by itself. There are no devices
//! here, so a rule about devices is read and has no members.
//!
//! What a rule may cost is bounded by its length, its depth and the number and size of its patterns.
//!
//! Source: "Manage rules for dynamic membership groups in Microsoft Entra ID".

mod evaluate;
mod lexer;
mod parser;
mod properties;
mod when;

use std::collections::BTreeSet;
use std::fmt;

use regex::Regex;
use serde_json::{Map, Value};
use types::{Id, Timestamp, kind};

use properties::Property;
use when::When;

/// Conditions within conditions, at most.
pub const DEPTH_MAX: usize = 32;
/// Regular expressions in a rule, at most: a tenant's rules are kept compiled.
pub const PATTERNS_MAX: usize = 16;
/// Bytes of a regular expression once it is compiled, at most.
const PATTERN_BYTES_MAX: usize = 1 << 17;

/// A rule that was read.
#[derive(Debug, Clone)]
pub struct Rule {
    body: Body,
    depends_on_time: bool,
}

#[derive(Debug, Clone)]
enum Body {
    /// About devices, of which there are none.
    Devices,
    /// Those whose manager this is.
    Reports(Id<kind::User>),
    Condition(Condition),
}

#[derive(Debug, Clone)]
enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Property, Test),
    Any(Property, Box<Condition>),
    All(Property, Box<Condition>),
}

/// What a value is held against; texts are folded.
#[derive(Debug, Clone)]
enum Test {
    /// There is no value.
    Null,
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Matches(Regex),
    In(BTreeSet<String>),
    Is(bool),
    At(When),
    AtLeast(When),
    AtMost(When),
}

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The character at which it shows, counted from 1.
    pub at: usize,
    /// What is wrong.
    pub reason: String,
}

impl Wrong {
    fn new(at: usize, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { at, reason }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, reason } = self;
        write!(f, "at character {at}: {reason}")
    }
}

impl std::error::Error for Wrong {}

impl Rule {
    /// Reads a rule.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        parser::parse(text)
    }

    /// Whether what it says of somebody may change by the mere passing of time.
    pub const fn depends_on_time(&self) -> bool {
        self.depends_on_time
    }

    /// Whose direct reports it is about, if it is about somebody's.
    pub const fn manager(&self) -> Option<Id<kind::User>> {
        match self.body {
            Body::Reports(manager) => Some(manager),
            Body::Devices | Body::Condition(_) => None,
        }
    }

    /// Whether it is true of a user with these properties, as Graph spells them. Whose direct report
    /// the user is, they don't tell: of a rule about that ([`Rule::manager`]) this answers no.
    pub fn is_true(&self, properties: &Map<String, Value>, now: Timestamp) -> bool {
        match &self.body {
            Body::Condition(condition) => evaluate::is_true(condition, properties, now),
            Body::Devices | Body::Reports(_) => false,
        }
    }
}
