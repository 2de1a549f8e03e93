//! How an entity's properties are stored, and how they may be filtered.
//!
//! Rules for the columns, which whoever fills a table keeps:
//! * Text: `types::fold(value)`, NULL for null, compared byte by byte (SQLite's default; `COLLATE
//!   "C"` on PostgreSQL). U+0000 and U+001F never occur in it.
//! * [`PropertyKind::TextList`]: the folded values, each behind a U+001F and one U+001F at the end;
//!   NULL for an empty list.
//! * Bool: BIGINT 0 or 1. Integer: BIGINT. `DateTime`: BIGINT, microseconds since 1970 in UTC. Guid: the
//!   16 bytes. NULL for null.
//! * [`PropertyKind::ObjectList`]: one row per element in a table of its own.
//! * [`Column::Index`]: nothing of the row's; the index that `$search` looks into has the value, or
//!   those of a list, as [`crate::search::value_word`] writes them.
//!
//! Source: "Advanced query capabilities on Microsoft Entra ID objects" (Microsoft Graph), for which
//! operators work by default, which only as advanced queries, and which don't.

/// An entity or a complex type: a name and its properties.
#[derive(Debug)]
pub struct Entity {
    /// The type as Graph spells it after `microsoft.graph.`: "user".
    pub name: &'static str,
    /// All properties that the type has, those that can't be filtered too.
    pub properties: &'static [Property],
}

/// One property.
#[derive(Debug)]
pub struct Property {
    /// The name on the wire.
    pub name: &'static str,
    /// What it holds.
    pub kind: PropertyKind,
    /// Where it is stored. Without, the property exists but can't be filtered.
    pub column: Option<Column>,
    /// The operators that work on it; of a list, those that work on its elements.
    pub operators: Operators,
    /// Whether few objects share a value of it and an index finds them.
    pub is_selective: bool,
}

/// What a property holds.
#[derive(Debug, Clone, Copy)]
pub enum PropertyKind {
    /// A text, compared without regard to case.
    Text,
    /// True or false.
    Bool,
    /// A GUID, written with or without quotes in a filter, because Graph's ids are strings.
    Guid,
    /// The security identifier that is derived from an id, `S-1-12-1-…`: its column is the id's.
    SecurityIdentifier,
    /// An instant.
    DateTime,
    /// A whole number.
    Integer,
    /// A collection of texts.
    TextList,
    /// A complex value, whose properties are filtered as `a/b`.
    Object(&'static Entity),
    /// A collection of complex values.
    ObjectList(&'static Entity),
}

/// Where a property is stored. All parts are SQL and are written into the statement as they are.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    /// A column, qualified where the statement needs it: `u.mail`.
    Name(&'static str),
    /// The rows of another table; for [`PropertyKind::ObjectList`].
    Rows {
        /// The table with its alias: `user_identity AS i`.
        table: &'static str,
        /// What ties its rows to the entity's: `i.user_id = u.id`.
        on: &'static str,
    },
    /// What another table has, by an expression: the object itself doesn't carry it, so only lists
    /// can be filtered by it.
    Aside(&'static str),
    /// The index of words: for what few objects have, so that the others don't carry a column for
    /// it. The number is the property's among those of its kind of object; for
    /// [`PropertyKind::Text`], [`PropertyKind::DateTime`] and [`PropertyKind::TextList`].
    Index(i64),
}

/// Something that can be done with a property in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// To stand within `not`.
    Not,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
    /// `in`
    In,
    /// `startswith`
    StartsWith,
    /// `endswith`
    EndsWith,
    /// `contains`
    Contains,
    /// `eq null`; `ne null` needs [`Self::NotEqual`] as well.
    Null,
    /// `/$count`, and `any()` without a condition.
    Count,
    /// `all(…)`
    All,
}

impl Operator {
    const fn bit(self) -> u16 {
        1 << self as u16
    }
    /// How it is written, for messages.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Not => "not",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
            Self::In => "in",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Contains => "contains",
            Self::Null => "eq null",
            Self::Count => "/$count",
            Self::All => "all",
        }
    }
}

/// Whether an operator works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// Always.
    Default,
    /// With `ConsistencyLevel: eventual` and `$count=true`.
    Advanced,
    /// Never.
    None,
}

/// The operators that work on a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operators {
    default: u16,
    advanced: u16,
}

impl Operators {
    /// None at all.
    pub const NONE: Self = Self {
        default: 0,
        advanced: 0,
    };
    /// `eq`, `in`, `startswith`, `ge`, `le`; advanced `ne`, `not`, `eq null`.
    pub const TEXT: Self = Self::NONE
        .by_default(&[
            Operator::Equal,
            Operator::In,
            Operator::StartsWith,
            Operator::GreaterOrEqual,
            Operator::LessOrEqual,
        ])
        .when_advanced(&[Operator::NotEqual, Operator::Not, Operator::Null]);
    /// As [`Self::TEXT`], and `endswith` when advanced.
    pub const MAIL: Self = Self::TEXT.when_advanced(&[Operator::EndsWith]);
    /// `eq`, `in`; advanced `ne`, `not`. For booleans, GUIDs and enumerations.
    pub const EXACT: Self = Self::NONE
        .by_default(&[Operator::Equal, Operator::In])
        .when_advanced(&[Operator::NotEqual, Operator::Not]);
    /// `eq`, `in`, `ge`, `le`; advanced `ne`, `not`, `eq null`. For instants and numbers.
    pub const ORDERED: Self = Self::EXACT
        .by_default(&[Operator::GreaterOrEqual, Operator::LessOrEqual])
        .when_advanced(&[Operator::Null]);
    /// `any` with `eq`; advanced with `in`, `startswith`, `ne`, `not`, also `all` and `$count`.
    pub const LIST: Self = Self::NONE.by_default(&[Operator::Equal]).when_advanced(&[
        Operator::NotEqual,
        Operator::Not,
        Operator::In,
        Operator::StartsWith,
        Operator::Count,
        Operator::All,
    ]);
    /// `any` with `eq`; advanced with `in`, `startswith`, `ne`, `not`, also `all`: for lists in the
    /// index of words, which doesn't count.
    pub const INDEXED_LIST: Self = Self::NONE.by_default(&[Operator::Equal]).when_advanced(&[
        Operator::NotEqual,
        Operator::Not,
        Operator::In,
        Operator::StartsWith,
        Operator::All,
    ]);
    /// As [`Self::LIST`], and `endswith` when advanced.
    pub const MAIL_LIST: Self = Self::LIST.when_advanced(&[Operator::EndsWith]);
    /// All of them by default; for filters that only this product's own rules use.
    pub const EVERY: Self = Self {
        default: u16::MAX,
        advanced: 0,
    };

    /// These, and `operators` without further conditions.
    #[must_use]
    pub const fn by_default(self, operators: &[Operator]) -> Self {
        let bits = union(operators);
        Self {
            default: self.default | bits,
            advanced: self.advanced & !bits,
        }
    }
    /// These, and `operators` as advanced queries.
    #[must_use]
    pub const fn when_advanced(self, operators: &[Operator]) -> Self {
        let bits = union(operators);
        Self {
            default: self.default & !bits,
            advanced: self.advanced | bits,
        }
    }
    /// These but not `operators`.
    #[must_use]
    pub const fn without(self, operators: &[Operator]) -> Self {
        let bits = union(operators);
        Self {
            default: self.default & !bits,
            advanced: self.advanced & !bits,
        }
    }
    /// Whether `operator` works.
    pub const fn support(self, operator: Operator) -> Support {
        if self.default & operator.bit() != 0 {
            Support::Default
        } else if self.advanced & operator.bit() != 0 {
            Support::Advanced
        } else {
            Support::None
        }
    }
}

const fn union(operators: &[Operator]) -> u16 {
    let mut bits = 0;
    let mut rest = operators;
    while let [first, others @ ..] = rest {
        bits |= first.bit();
        rest = others;
    }
    bits
}

/// What a relation leads to; its properties aren't looked at.
static RELATED: Entity = Entity {
    name: "directoryObject",
    properties: &[],
};

impl Property {
    /// A property with a column of its own.
    pub const fn new(
        name: &'static str,
        kind: PropertyKind,
        column: &'static str,
        operators: Operators,
    ) -> Self {
        Self {
            name,
            kind,
            column: Some(Column::Name(column)),
            operators,
            is_selective: false,
        }
    }
    /// A property whose value another table has, which `expression` finds.
    pub const fn aside(
        name: &'static str,
        kind: PropertyKind,
        expression: &'static str,
        operators: Operators,
    ) -> Self {
        Self {
            name,
            kind,
            column: Some(Column::Aside(expression)),
            operators,
            is_selective: false,
        }
    }
    /// A property that exists but can't be filtered.
    pub const fn unfilterable(name: &'static str, kind: PropertyKind) -> Self {
        Self {
            name,
            kind,
            column: None,
            operators: Operators::NONE,
            is_selective: false,
        }
    }
    /// A property whose values are in the index of words, under this number.
    pub const fn indexed(
        name: &'static str,
        kind: PropertyKind,
        number: i64,
        operators: Operators,
    ) -> Self {
        Self {
            name,
            kind,
            column: Some(Column::Index(number)),
            operators,
            is_selective: false,
        }
    }
    /// A complex property: filtering is up to the properties within.
    pub const fn object(name: &'static str, entity: &'static Entity) -> Self {
        Self {
            name,
            kind: PropertyKind::Object(entity),
            column: None,
            operators: Operators::NONE,
            is_selective: false,
        }
    }
    /// Other objects that are related to this one, which are counted only: `owners/$count`. The
    /// object itself doesn't carry them, so only lists can be filtered by it.
    pub const fn relation(name: &'static str, table: &'static str, on: &'static str) -> Self {
        let operators = Operators::NONE.when_advanced(&[Operator::Count, Operator::Not]);
        Self::rows(name, &RELATED, table, on, operators)
    }
    /// Whether it leads to other objects, which are counted only.
    pub const fn is_relation(&self) -> bool {
        matches!(self.kind, PropertyKind::ObjectList(entity) if entity.properties.is_empty())
    }
    /// Whether an object doesn't carry it, but another table.
    pub(crate) const fn is_aside(&self) -> bool {
        self.is_relation() || matches!(self.column, Some(Column::Aside(_)))
    }
    /// A collection of complex values in a table of its own.
    pub const fn rows(
        name: &'static str,
        entity: &'static Entity,
        table: &'static str,
        on: &'static str,
        operators: Operators,
    ) -> Self {
        let column = Some(Column::Rows { table, on });
        Self {
            name,
            kind: PropertyKind::ObjectList(entity),
            column,
            operators,
            is_selective: false,
        }
    }
    /// The same property, of which few objects share a value: an index on it, which there has to be,
    /// finds them sooner than any order of the list does.
    #[must_use]
    pub const fn selective(mut self) -> Self {
        self.is_selective = true;
        self
    }
}

impl Entity {
    /// The property of this name. Another case is accepted where the right one finds nothing, as
    /// Graph does in queries.
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        let exact = self
            .properties
            .iter()
            .find(|property| property.name == name);
        exact.or_else(|| {
            self.properties
                .iter()
                .find(|p| p.name.eq_ignore_ascii_case(name))
        })
    }

    /// What is wrong with the table, in words; for a test next to each table. Empty if all is well.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (index, property) in self.properties.iter().enumerate() {
            let name = format!("{}.{}", self.name, property.name);
            let is_twice = |other: &Property| other.name.eq_ignore_ascii_case(property.name);
            if self.properties.iter().take(index).any(is_twice) {
                problems.push(format!("{name} stands twice"));
            }
            let is_rows = matches!(property.column, Some(Column::Rows { .. }));
            match property.kind {
                PropertyKind::ObjectList(entity) => {
                    if property.column.is_some() && !is_rows {
                        problems.push(format!("{name} needs rows, not a column"));
                    }
                    problems.extend(entity.problems());
                }
                PropertyKind::Object(entity) => {
                    if property.column.is_some() {
                        problems.push(format!(
                            "{name} has a column, but it's its properties' to have"
                        ));
                    }
                    problems.extend(entity.problems());
                }
                _ if is_rows => problems.push(format!("{name} needs a column, not rows")),
                _ => {}
            }
            if let Some(Column::Index(number)) = property.column {
                let is_known = matches!(
                    property.kind,
                    PropertyKind::Text | PropertyKind::DateTime | PropertyKind::TextList
                );
                if !is_known || property.operators.support(Operator::Count) != Support::None {
                    problems.push(format!("{name} can't be in the index of words"));
                }
                if !(1..1_000).contains(&number) {
                    problems.push(format!("{name}: {number} isn't a number of the index"));
                }
            }
            if property.column.is_none() && property.operators != Operators::NONE {
                problems.push(format!("{name} has operators but no column"));
            }
        }
        problems
    }
}
