//! Scoping filters: whom an object mapping is for.
//!
//! Clauses of a group are joined by *and*, groups by *or*; no groups let everybody in. Texts are
//! compared with their case. A clause about an attribute that has no value is false, whichever its
//! operator is, but for `IS NULL`; of several values all have to fulfil it.
//!
//! Source: "Scoping users or groups to be provisioned with scoping filters in Microsoft Entra ID",
//! and `synchronizationSchema: filterOperators`.

use crate::expression::{Failure, Pattern, Source, Value, check_pattern_text};

/// Groups of clauses in one set of a filter.
pub const FILTER_GROUPS_MAX: usize = 50;
/// Clauses of one group.
pub const FILTER_CLAUSES_MAX: usize = 50;
/// Values that one clause compares with.
pub const FILTER_VALUES_MAX: usize = 100;

/// A filter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Who isn't in any is deprovisioned.
    pub groups: Option<Vec<FilterGroup>>,
    /// Who isn't in any isn't looked at, and stays as it is.
    pub input_groups: Option<Vec<FilterGroup>>,
    /// The same.
    pub category_groups: Option<Vec<FilterGroup>>,
}

/// Clauses that all have to be true.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterGroup {
    /// A name for people.
    pub name: Option<String>,
    /// The clauses.
    pub clauses: Vec<FilterClause>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterClause {
    /// The attribute that is looked at.
    pub attribute: String,
    /// How.
    pub operator: FilterOperator,
    /// What it is compared with; of several values one has to fit, and none where the operator is a
    /// negation.
    pub values: Vec<String>,
}

macro_rules! operators {
    ($($variant:ident $name:literal $doc:literal),* $(,)?) => {
        /// An operator of a clause.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FilterOperator { $(#[doc = $doc] $variant),* }

        impl FilterOperator {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

operators! {
    IsIn "&" "The attribute's value occurs in the given text.",
    IsNotIn "!&" "It doesn't.",
    EndsWith "ENDS_WITH" "The value ends with the given text.",
    Equals "EQUALS" "The value is the given text.",
    GreaterThan "GREATER_THAN" "Both are whole numbers, and the value is greater.",
    GreaterThanOrEquals "GREATER_THAN_OR_EQUALS" "The same, or they are equal.",
    Includes "INCLUDES" "The given text occurs in the value.",
    IsFalse "IS FALSE" "The value is false.",
    IsNotNull "IS NOT NULL" "There is a value.",
    IsNull "IS NULL" "There is none.",
    IsTrue "IS TRUE" "The value is true.",
    NotEquals "NOT EQUALS" "The value is another one.",
    NotRegexMatch "NOT REGEX MATCH" "The pattern isn't found in the value.",
    RegexMatch "REGEX MATCH" "The pattern is found in the value.",
}

impl FilterOperator {
    /// The operator of a name, whatever its case, with underscores or spaces.
    pub fn find(name: &str) -> Option<Self> {
        let plain = |name: &str| name.trim().to_ascii_uppercase().replace('_', " ");
        let wanted = plain(name);
        Self::ALL
            .iter()
            .copied()
            .find(|operator| plain(operator.name()) == wanted)
    }

    /// Whether it compares with something.
    pub const fn is_binary(self) -> bool {
        !matches!(
            self,
            Self::IsFalse | Self::IsNotNull | Self::IsNull | Self::IsTrue
        )
    }

    /// The types of attributes that it is for.
    pub const fn types(self) -> &'static [&'static str] {
        match self {
            Self::IsTrue | Self::IsFalse => &["Boolean"],
            Self::IsNull | Self::IsNotNull => {
                &["Integer", "String", "Binary", "Boolean", "DateTime"]
            }
            _ => &["Integer", "String"],
        }
    }

    const fn is_pattern(self) -> bool {
        matches!(self, Self::RegexMatch | Self::NotRegexMatch)
    }
}

/// Where a user stands with a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is provisioned.
    InScope,
    /// It is deprovisioned, if it is there.
    OutOfScope,
    /// It is left as it is.
    NotProcessed,
}

/// A filter whose patterns are compiled.
#[derive(Debug, Default)]
pub(crate) struct Compiled {
    groups: Vec<Vec<Clause>>,
    input: Vec<Vec<Clause>>,
    category: Vec<Vec<Clause>>,
}

#[derive(Debug)]
struct Clause {
    clause: FilterClause,
    patterns: Vec<Pattern>,
}

impl Compiled {
    pub(crate) fn new(filter: &Filter) -> Result<Self, Failure> {
        Ok(Self {
            groups: compile(filter.groups.as_deref())?,
            input: compile(filter.input_groups.as_deref())?,
            category: compile(filter.category_groups.as_deref())?,
        })
    }

    pub(crate) fn standing(&self, source: &dyn Source) -> Standing {
        if !(any(&self.input, source) && any(&self.category, source)) {
            return Standing::NotProcessed;
        }
        if any(&self.groups, source) {
            Standing::InScope
        } else {
            Standing::OutOfScope
        }
    }
}

fn compile(groups: Option<&[FilterGroup]>) -> Result<Vec<Vec<Clause>>, Failure> {
    let clause = |clause: &FilterClause| {
        let patterns = if clause.operator.is_pattern() {
            clause.values.iter().map(|it| Pattern::new(it)).collect()
        } else {
            Ok(Vec::new())
        };
        Ok(Clause {
            clause: clause.clone(),
            patterns: patterns?,
        })
    };
    let groups = groups.unwrap_or_default().iter();
    groups
        .map(|group| group.clauses.iter().map(clause).collect())
        .collect()
}

impl FilterClause {
    /// Whether it holds for a user, whatever else the filter says.
    pub fn holds(&self, source: &dyn Source) -> Result<bool, Failure> {
        let alone = FilterGroup {
            name: None,
            clauses: vec![self.clone()],
        };
        Ok(any(&compile(Some(&[alone]))?, source))
    }
}

fn any(groups: &[Vec<Clause>], source: &dyn Source) -> bool {
    let all = |group: &Vec<Clause>| group.iter().all(|clause| clause.holds(source));
    groups.is_empty() || groups.iter().any(all)
}

impl Clause {
    fn holds(&self, source: &dyn Source) -> bool {
        let operator = self.clause.operator;
        let value = source.attribute(&self.clause.attribute);
        let is_boolean = |wanted: bool| match &value {
            Value::Boolean(flag) => *flag == wanted,
            Value::Text(text) => text.eq_ignore_ascii_case(if wanted { "true" } else { "false" }),
            _ => false,
        };
        match operator {
            FilterOperator::IsTrue => return is_boolean(true),
            FilterOperator::IsFalse => return is_boolean(false),
            _ => {}
        }
        let mut texts = value.into_texts();
        texts.retain(|text| !text.is_empty());
        match operator {
            FilterOperator::IsNull => return texts.is_empty(),
            FilterOperator::IsNotNull => return !texts.is_empty(),
            _ => {}
        }
        !texts.is_empty() && texts.iter().all(|text| self.fits(text))
    }

    fn fits(&self, text: &str) -> bool {
        let given = || self.clause.values.iter();
        let matches = || {
            // What is too long for patterns fits none.
            check_pattern_text(text).is_ok() && self.patterns.iter().any(|it| it.is_match(text))
        };
        let compared = |holds: fn(i64, i64) -> bool| {
            text.trim().parse().is_ok_and(|value| {
                given().all(|it| it.trim().parse().is_ok_and(|it| holds(value, it)))
            })
        };
        match self.clause.operator {
            FilterOperator::IsIn => given().any(|it| it.contains(text)),
            FilterOperator::IsNotIn => !given().any(|it| it.contains(text)),
            FilterOperator::EndsWith => given().any(|it| text.ends_with(it.as_str())),
            FilterOperator::Equals => given().any(|it| it == text),
            FilterOperator::NotEquals => !given().any(|it| it == text),
            FilterOperator::Includes => given().any(|it| text.contains(it.as_str())),
            FilterOperator::GreaterThan => compared(|value, it| value > it),
            FilterOperator::GreaterThanOrEquals => compared(|value, it| value >= it),
            FilterOperator::RegexMatch => matches(),
            FilterOperator::NotRegexMatch => check_pattern_text(text).is_ok() && !matches(),
            FilterOperator::IsFalse
            | FilterOperator::IsNotNull
            | FilterOperator::IsNull
            | FilterOperator::IsTrue => false,
        }
    }
}

impl FilterClause {
    /// Checks the values against the operator.
    pub(crate) fn check(&self) -> Result<(), String> {
        let operator = self.operator;
        if operator.is_binary() == self.values.is_empty() {
            return Err(if operator.is_binary() {
                format!(
                    "{} compares with a value, and there is none.",
                    operator.name()
                )
            } else {
                format!("{} doesn't compare with a value.", operator.name())
            });
        }
        let is_number = matches!(
            operator,
            FilterOperator::GreaterThan | FilterOperator::GreaterThanOrEquals
        );
        if is_number
            && !self
                .values
                .iter()
                .all(|it| it.trim().parse::<i64>().is_ok())
        {
            return Err(format!("{} compares with whole numbers.", operator.name()));
        }
        if operator.is_pattern() {
            for value in &self.values {
                Pattern::new(value).map_err(|failure| failure.message)?;
            }
        }
        Ok(())
    }
}
