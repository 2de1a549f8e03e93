//! Statements that wait to be sent: those whose answers nobody needs one by one.
//!
//! A round trip costs more than most statements, and so does each statement beside another row of the
//! same one. So what waits is put together by its text, and an insertion of single rows becomes one of
//! all that wait: its rows come as arrays, one for each column, so that one prepared statement does for
//! any number of them.

use std::collections::VecDeque;

use tokio_postgres::types::Type;
use types::Error;

use super::Failure;
use super::client::{Client, Outcome, Sent};
use crate::value::{Param, Value};

/// Rows that wait or are on their way, at most.
pub(super) const ROWS_MAX: usize = 2_048;
/// Bytes of the texts that wait or are on their way, at most.
pub(super) const BYTES_MAX: usize = 4 * 1024 * 1024;
/// So many rows of one text are sent without waiting for more, so that the database is at work on
/// them while others are made.
const ROWS_AT_ONCE: usize = 128;

/// Statements that wait.
#[derive(Default)]
pub(super) struct Waiting {
    groups: Vec<Group>,
}

/// All that waits of one text.
struct Group {
    sql: String,
    /// The parameters: of an insertion column by column, otherwise row by row.
    params: Vec<Vec<Value>>,
    is_by_column: bool,
    rows: usize,
    bytes: usize,
    /// How many rows each of them has to change, where that matters.
    expected: Option<u64>,
}

/// A statement that is on its way.
pub(super) struct Step {
    pub(super) sent: Sent,
    /// Whether it was looked at, and thus sent.
    pub(super) is_sent: bool,
    pub(super) outcome: Option<Outcome<u64>>,
    expected: Option<u64>,
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

impl Step {
    pub(super) fn new(sent: Sent) -> Self {
        Self {
            sent,
            is_sent: false,
            outcome: None,
            expected: None,
            rows: 0,
            bytes: 0,
        }
    }

    pub(super) const fn has_failed(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }

    /// What came of it, against what was expected.
    pub(super) fn end(self) -> std::result::Result<(), Failure> {
        let changed = self.outcome.transpose()?;
        if self
            .expected
            .is_some_and(|expected| changed != Some(expected))
        {
            return Err(Failure::Own(Error::internal(
                "a statement changed another number of rows than was expected",
            )));
        }
        Ok(())
    }
}

impl Waiting {
    /// Has a statement wait; it has parameters. Answers whether so many of its text wait that they
    /// should be sent.
    pub(super) fn push(&mut self, sql: &str, params: &[Param<'_>], expected: Option<u64>) -> bool {
        let group = self.group(sql, params.len(), expected);
        let row = params.iter().map(|param| Value::of(*param));
        if group.is_by_column {
            for (column, value) in group.params.iter_mut().zip(row) {
                column.push(value);
            }
        } else {
            group.params.push(row.collect());
        }
        group.rows += 1;
        group.bytes += bytes(params);
        group.rows >= ROWS_AT_ONCE || group.bytes >= BYTES_MAX / 2
    }

    /// The same, in the place of the last one of its text if both begin with the same `key`
    /// parameters.
    pub(super) fn put(&mut self, key: usize, sql: &str, params: &[Param<'_>]) -> bool {
        let group = self.group(sql, params.len(), None);
        if let Some(last) = group.params.last_mut().filter(|_| !group.is_by_column) {
            let mut keys = params.iter().zip(last.iter()).take(key);
            if keys.all(|(new, old)| old.as_param() == *new) {
                *last = params.iter().map(|param| Value::of(*param)).collect();
                return false;
            }
        }
        self.push(sql, params, None)
    }

    fn group(&mut self, sql: &str, width: usize, expected: Option<u64>) -> &mut Group {
        let is_it = |group: &Group| group.sql == sql && group.expected == expected;
        let at = self.groups.iter().position(is_it);
        let at = at.unwrap_or_else(|| {
            let is_by_column = Template::of(sql, width).is_some();
            self.groups.push(Group {
                sql: sql.to_owned(),
                params: (0..if is_by_column { width } else { 0 })
                    .map(|_| Vec::new())
                    .collect(),
                is_by_column,
                rows: 0,
                bytes: 0,
                expected,
            });
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether the connection has all of its statements prepared.
    pub(super) fn is_prepared(&self, client: &mut Client) -> bool {
        self.groups
            .iter()
            .all(|group| client.knows(&group.sql, group.is_many()))
    }

    /// Makes statements to be sent of them; none waits any more.
    pub(super) fn take(&mut self, client: &mut Client, steps: &mut VecDeque<Step>) -> Outcome<()> {
        for group in std::mem::take(&mut self.groups) {
            group.into_steps(client, steps)?;
        }
        Ok(())
    }
}

impl Group {
    const fn is_many(&self) -> bool {
        self.is_by_column && self.rows > 1
    }

    fn into_steps(self, client: &mut Client, steps: &mut VecDeque<Step>) -> Outcome<()> {
        let mut add = |sent, rows: usize, bytes| {
            steps.push_back(Step {
                expected: self.expected.map(|expected| expected * rows as u64),
                rows,
                bytes,
                ..Step::new(sent)
            });
        };
        if !self.is_by_column {
            let statement = client.prepared(&self.sql)?;
            let bytes = self.bytes / self.rows.max(1);
            for row in self.params {
                add(client.execution(statement.clone(), row), 1, bytes);
            }
            return Ok(());
        }
        let sent = if self.rows > 1 {
            let template = Template::of(&self.sql, self.params.len());
            let many = |types: &[Type]| template.map(|template| template.rows(types));
            let statement = client.prepared_many(&self.sql, many)?;
            client.execution(statement, self.params)
        } else {
            let statement = client.prepared(&self.sql)?;
            let row: Vec<Value> = self.params.into_iter().flatten().collect();
            client.execution(statement, row)
        };
        add(sent, self.rows, self.bytes);
        Ok(())
    }
}

fn bytes(params: &[Param<'_>]) -> usize {
    let bytes = |param: &Param<'_>| match param {
        Param::Null | Param::Int(_) => 0,
        Param::Text(value) => value.len(),
        Param::Bytes(value) => value.len(),
    };
    params.iter().map(bytes).sum()
}

/// An insertion of one row, which can be made one of many.
struct Template<'s> {
    before: &'s str,
    behind: &'s str,
}

impl<'s> Template<'s> {
    /// Of a statement `INSERT INTO … VALUES (?1, …, ?n)`, with `ON CONFLICT … DO NOTHING` at most
    /// behind it: others may depend on the rows before.
    fn of(sql: &'s str, width: usize) -> Option<Self> {
        if !sql.starts_with("INSERT INTO ") || width == 0 {
            return None;
        }
        let values: Vec<String> = (1..=width).map(|place| format!("?{place}")).collect();
        let row = format!("VALUES ({})", values.join(", "));
        let (before, behind) = sql.split_once(&row)?;
        let is_plain = behind.is_empty()
            || (behind.trim_start().starts_with("ON CONFLICT") && behind.ends_with(" DO NOTHING"));
        is_plain.then_some(Self { before, behind })
    }

    /// The same with an array for each column, whose values have these types.
    fn rows(&self, types: &[Type]) -> String {
        let arrays: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(column, ty)| format!("?{}::{}[]", column + 1, ty.name()))
            .collect();
        format!(
            "{}SELECT * FROM unnest({}){}",
            self.before,
            arrays.join(", "),
            self.behind
        )
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::types::Type;

    use super::Template;

    #[test]
    fn an_insertion_of_one_row_becomes_one_of_many() {
        let sql = "INSERT INTO t (a, b) VALUES (?1, ?2) ON CONFLICT (a) DO NOTHING";
        let types = [Type::BYTEA, Type::INT8];
        let many = Template::of(sql, 2).map(|template| template.rows(&types));
        assert_eq!(
            many.as_deref(),
            Some(
                "INSERT INTO t (a, b) SELECT * FROM unnest(?1::bytea[], ?2::int8[]) \
                 ON CONFLICT (a) DO NOTHING"
            )
        );
        for other in [
            "INSERT INTO t (a, b) VALUES (?1, ?2) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
            "INSERT INTO t (a, b) VALUES (?2, ?1)",
            "UPDATE t SET a = ?1 WHERE b = ?2",
        ] {
            assert!(Template::of(other, 2).is_none(), "{other}");
        }
    }
}
