//! Writes a filter as a condition for a WHERE clause that SQLite and PostgreSQL read alike.
//!
//! Rules: what a user wrote becomes a parameter, never SQL; names come from the entity's table.
//! Every part is true or false, never NULL, so the condition may be negated and combined at will.
//! Parameters are `?N`; each is used as one type only, because PostgreSQL infers one per parameter.
//!
//! Source: the SQL subset that both engines share; [`crate::schema`] for what the columns hold.

use types::{Error, Result};

use crate::bind::bind;
use crate::filter::{Comparison, Filter};
use crate::plan::{ListTest, Operand, Place, Plan, Rows, Sought, Test};
use crate::schema::Entity;
use crate::search::{SearchTable, value_field, word_field};

/// The objects that have a word, up to its field.
const WORDS: &str =
    "SELECT s.object_id FROM search_words AS s WHERE s.tenant_id = ?1 AND s.field = ";
/// What surrounds each element in a list's column.
const SEPARATOR: &str = "\u{1f}";

/// What the request allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// It came with `ConsistencyLevel: eventual` and `$count=true`.
    pub advanced: bool,
    /// What a `$search` looks through; none where there is no such thing.
    pub search: Option<SearchTable>,
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlValue {
    /// NULL
    Null,
    /// BIGINT
    Int(i64),
    /// TEXT
    Text(String),
    /// BLOB, BYTEA
    Bytes(Vec<u8>),
}

/// A condition with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The condition, in parentheses where it needs them.
    pub sql: String,
    /// The values, the first of which is the first parameter's.
    pub params: Vec<SqlValue>,
    /// Whether it finds few, each by an index, so that the order of a list is the lesser work.
    pub is_selective: bool,
}

/// Writes `filter` over `entity`; its parameters are numbered from `first_parameter` upwards.
pub fn compile(
    filter: &Filter,
    entity: &Entity,
    options: Options,
    first_parameter: usize,
) -> Result<Compiled> {
    let plan = bind(filter, entity, options.advanced)?;
    let mut writer = Writer {
        params: Vec::new(),
        first: first_parameter,
        search: options.search,
        lacks_search: false,
    };
    let sql = writer.condition(&plan, false);
    if writer.lacks_search {
        return Err(Error::unsupported(
            "$search, and $filter by what only its index has, aren't supported here.",
        ));
    }
    Ok(Compiled {
        sql,
        params: writer.params,
        is_selective: plan.is_selective(),
    })
}

/// Whether `filter` over `entity` is answered by the index of words as well, which has to be brought
/// up to date before then. A filter that can't be bound isn't answered at all.
pub fn uses_index(filter: &Filter, entity: &Entity) -> bool {
    bind(filter, entity, true).is_ok_and(|plan| plan.uses_index())
}

struct Writer {
    params: Vec<SqlValue>,
    first: usize,
    search: Option<SearchTable>,
    /// Whether there was something to search for and nothing to search through.
    lacks_search: bool,
}

impl Writer {
    fn parameter(&mut self, value: SqlValue) -> String {
        self.params.push(value);
        format!("?{}", self.first + self.params.len() - 1)
    }
    fn text(&mut self, value: impl Into<String>) -> String {
        self.parameter(SqlValue::Text(value.into()))
    }
    fn operand(&mut self, operand: &Operand) -> String {
        self.parameter(match operand {
            Operand::Integer(value) => SqlValue::Int(*value),
            Operand::Text(value) => SqlValue::Text(value.clone()),
            Operand::Bytes(value) => SqlValue::Bytes(value.clone()),
        })
    }

    /// The negation is carried down to the columns, where NULL is decided.
    fn condition(&mut self, plan: &Plan, negated: bool) -> String {
        match plan {
            Plan::And(plans) => self.join(plans, negated, if negated { " OR " } else { " AND " }),
            Plan::Or(plans) => self.join(plans, negated, if negated { " AND " } else { " OR " }),
            Plan::Not(plan) => self.condition(plan, !negated),
            Plan::IsNull(slot) => match slot.place {
                Place::Column(column) => is_null(column, !negated),
                Place::Index(number) => self.indexed(number, &[], !negated),
            },
            Plan::Test(slot, test) => match slot.place {
                Place::Column(column) => {
                    let condition = self.test(column, test);
                    guard(column, &condition, negated)
                }
                Place::Index(number) => self.indexed(number, &[(false, test)], negated),
            },
            Plan::ListAny(slot, tests) => match slot.place {
                Place::Column(column) if tests.is_empty() => is_null(column, negated),
                Place::Column(column) => {
                    let tests: Vec<_> = tests
                        .iter()
                        .map(|test| self.list_test(column, test))
                        .collect();
                    guard(column, &format!("({})", tests.join(" OR ")), negated)
                }
                Place::Index(number) => {
                    let tests: Vec<_> = tests.iter().map(|it| (it.negated, &it.test)).collect();
                    self.indexed(number, &tests, negated)
                }
            },
            Plan::ListCount(slot, comparison, number) => match slot.place {
                Place::Column(column) => match emptiness(*comparison, *number) {
                    Some(empty) => is_null(column, empty != negated),
                    None => self.list_count(column, *comparison, *number, negated),
                },
                // No property in the index has the operator: `Entity::problems` sees to it.
                Place::Index(_) => "1 = 0".to_owned(),
            },
            Plan::RowsAny(rows, body) => {
                let body = body.as_ref().map(|body| self.condition(body, false));
                exists(rows, body.as_deref(), negated)
            }
            Plan::RowsCount(rows, comparison, number) => match emptiness(*comparison, *number) {
                Some(empty) => exists(rows, None, empty != negated),
                None => self.rows_count(rows, *comparison, *number, negated),
            },
            Plan::Search(sought) => {
                let Some(table) = self.search else {
                    self.lacks_search = true;
                    return String::new();
                };
                let ids = self.ids(sought, &table);
                let not = if negated { "NOT " } else { "" };
                format!("({} {not}IN ({ids}))", table.id)
            }
        }
    }

    /// The ids of what is sought, as a query of its own: each part is looked up by its own index,
    /// however they are joined.
    fn ids(&mut self, sought: &Sought, table: &SearchTable) -> String {
        let SearchTable {
            table: from,
            tenant,
            id,
            kind,
        } = *table;
        match sought {
            Sought::Any(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.ids(part, table)).collect();
                parts.join(" UNION ")
            }
            Sought::All(parts) => {
                let mut sql = format!("SELECT {id} FROM {from} WHERE {tenant} = ?1");
                for part in parts {
                    let ids = self.ids(part, table);
                    for piece in [" AND ", id, " IN (", &ids, ")"] {
                        sql.push_str(piece);
                    }
                }
                sql
            }
            Sought::Words {
                property, words, ..
            } => {
                let mut sql = String::new();
                for (depth, word) in words.iter().enumerate() {
                    let field = self.parameter(SqlValue::Int(word_field(kind, *property)));
                    let test = self.test("s.word", &Test::StartsWith(word.clone()));
                    let and = if depth == 0 {
                        ""
                    } else {
                        " AND s.object_id IN ("
                    };
                    for piece in [and, WORDS, &field, " AND ", &test] {
                        sql.push_str(piece);
                    }
                }
                sql.push_str(&")".repeat(words.len().saturating_sub(1)));
                sql
            }
            Sought::Where(plan) => {
                let condition = self.condition(plan, false);
                format!("SELECT {id} FROM {from} WHERE {tenant} = ?1 AND {condition}")
            }
        }
    }

    /// That the index of words has a value of a property, or one that meets one of the tests, each
    /// of which may be negated.
    fn indexed(&mut self, number: i64, tests: &[(bool, &Test)], negated: bool) -> String {
        let Some(table) = self.search else {
            self.lacks_search = true;
            return String::new();
        };
        let field = self.parameter(SqlValue::Int(value_field(table.kind, number)));
        let tests: Vec<_> = tests
            .iter()
            .map(|(is_not, test)| {
                let test = self.test("s.word", &test.of_word());
                let not = if *is_not { "NOT " } else { "" };
                format!("{not}({test})")
            })
            .collect();
        let not = if negated { "NOT " } else { "" };
        let and = if tests.is_empty() {
            String::new()
        } else {
            format!(" AND ({})", tests.join(" OR "))
        };
        format!("({} {not}IN ({WORDS}{field}{and}))", table.id)
    }

    fn join(&mut self, plans: &[Plan], negated: bool, separator: &str) -> String {
        let parts: Vec<_> = plans
            .iter()
            .map(|plan| self.condition(plan, negated))
            .collect();
        format!("({})", parts.join(separator))
    }

    /// A condition on a column that isn't NULL.
    fn test(&mut self, column: &str, test: &Test) -> String {
        match test {
            Test::Compare(comparison, operand) => {
                let value = self.operand(operand);
                format!("{column} {} {value}", symbol(*comparison))
            }
            Test::In(operands) => {
                let values: Vec<_> = operands
                    .iter()
                    .map(|operand| self.operand(operand))
                    .collect();
                format!("{column} IN ({})", values.join(", "))
            }
            // A range instead of LIKE, because an index serves it on both engines.
            Test::StartsWith(prefix) => {
                let lower = self.text(prefix);
                match after_prefix(prefix) {
                    Some(upper) => {
                        let upper = self.text(upper);
                        format!("{column} >= {lower} AND {column} < {upper}")
                    }
                    None => format!("{column} >= {lower}"),
                }
            }
            Test::EndsWith(suffix) => self.like(column, &format!("%{}", escape(suffix))),
            Test::Contains(part) => self.like(column, &format!("%{}%", escape(part))),
        }
    }

    fn like(&mut self, column: &str, pattern: &str) -> String {
        let pattern = self.text(pattern);
        format!("{column} LIKE {pattern} ESCAPE '\\'")
    }

    /// Whether an element of the list, which isn't empty, meets the test.
    ///
    /// For a negated one, what the elements that do meet it are made of is taken out of the list,
    /// each with one separator; then it shows whether others are left.
    fn list_test(&mut self, column: &str, ListTest { negated, test }: &ListTest) -> String {
        let pattern = match (test, negated) {
            (Test::StartsWith(text), true) => {
                return self.is_left(column, &format!("{SEPARATOR}{text}"));
            }
            (Test::EndsWith(text), true) => {
                return self.is_left(column, &format!("{text}{SEPARATOR}"));
            }
            (Test::Compare(_, Operand::Text(text)), true) => {
                let equal = self.text(format!("{SEPARATOR}{text}"));
                let rest = self.text(if text.is_empty() { "" } else { SEPARATOR });
                return format!("REPLACE({column}, {equal}, '') <> {rest}");
            }
            (Test::StartsWith(text), false) => format!("%{SEPARATOR}{}%", escape(text)),
            (Test::EndsWith(text), false) => format!("%{}{SEPARATOR}%", escape(text)),
            (Test::Contains(text), _) => format!("%{}%", escape(text)),
            (Test::Compare(_, Operand::Text(text)), false) => {
                format!("%{SEPARATOR}{}{SEPARATOR}%", escape(text))
            }
            // Lists hold texts only, and `in` was taken apart when the plan was made.
            (Test::Compare(..) | Test::In(_), _) => return "1 = 0".to_owned(),
        };
        self.like(column, &pattern)
    }

    /// Without the matching elements' separators, two are left if another element is.
    fn is_left(&mut self, column: &str, matching: &str) -> String {
        let matching = self.text(matching);
        let two = self.text(format!("%{SEPARATOR}%{SEPARATOR}%"));
        format!("REPLACE({column}, {matching}, '') LIKE {two}")
    }

    fn rows_count(
        &mut self,
        Rows { table, on, .. }: &Rows,
        comparison: Comparison,
        number: i64,
        negated: bool,
    ) -> String {
        let number = self.parameter(SqlValue::Int(number));
        let not = if negated { "NOT " } else { "" };
        let operator = symbol(comparison);
        format!("{not}((SELECT COUNT(*) FROM {table} WHERE {on}) {operator} {number})")
    }

    fn list_count(
        &mut self,
        column: &str,
        comparison: Comparison,
        number: i64,
        negated: bool,
    ) -> String {
        let separator = self.text(SEPARATOR);
        let number = self.parameter(SqlValue::Int(number));
        let count = format!("LENGTH({column}) - LENGTH(REPLACE({column}, {separator}, '')) - 1");
        // The cast makes PostgreSQL take the parameter as the 64 bits that are bound.
        let count = format!("CAST(COALESCE({count}, 0) AS BIGINT)");
        let not = if negated { "NOT " } else { "" };
        format!("{not}({count} {} {number})", symbol(comparison))
    }
}

/// Makes a condition two-valued: NULL doesn't meet it, and does meet its negation.
fn guard(column: &str, condition: &str, negated: bool) -> String {
    if negated {
        format!("({column} IS NULL OR NOT ({condition}))")
    } else {
        format!("({column} IS NOT NULL AND {condition})")
    }
}

fn is_null(column: &str, yes: bool) -> String {
    format!("({column} IS {}NULL)", if yes { "" } else { "NOT " })
}

fn exists(Rows { table, on, .. }: &Rows, body: Option<&str>, negated: bool) -> String {
    let not = if negated { "NOT " } else { "" };
    let and = if body.is_some() { " AND " } else { "" };
    format!(
        "({not}EXISTS (SELECT 1 FROM {table} WHERE {on}{and}{}))",
        body.unwrap_or_default()
    )
}

/// For counts that only ask whether there is anything: whether they ask for nothing.
const fn emptiness(comparison: Comparison, number: i64) -> Option<bool> {
    match (comparison, number) {
        (Comparison::Equal | Comparison::LessOrEqual, 0) | (Comparison::Less, 1) => Some(true),
        (Comparison::NotEqual | Comparison::Greater, 0) | (Comparison::GreaterOrEqual, 1) => {
            Some(false)
        }
        _ => None,
    }
}

const fn symbol(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
    }
}

/// A text that stands for itself in LIKE.
fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            matches!(c, '%' | '_' | '\\')
                .then_some('\\')
                .into_iter()
                .chain([c])
        })
        .collect()
}

/// The smallest text behind all that begin with `prefix`, in the order of code points, which is
/// that of UTF-8 bytes; `None` if all texts from the prefix on begin with it.
fn after_prefix(prefix: &str) -> Option<String> {
    // The last character that has a successor gets it, and what follows falls away.
    let mut rest = prefix.to_owned();
    while let Some(last) = rest.pop() {
        let next = match last {
            char::MAX => continue,
            // Between these two stand the surrogates, which no text contains.
            '\u{d7ff}' => Some('\u{e000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            rest.push(next);
            return Some(rest);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_its_last_character_s_successor() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("a\u{7f}").as_deref(), Some("a\u{80}"));
        assert_eq!(after_prefix("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(after_prefix("a\u{10ffff}\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{10ffff}"), None);
        assert_eq!(after_prefix(""), None);
    }

    #[test]
    fn like_s_own_characters_are_escaped() {
        assert_eq!(escape(r"50%_\é"), r"50\%\_\\é");
    }
}
