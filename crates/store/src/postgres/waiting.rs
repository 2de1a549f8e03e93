//! Statements that wait to be sent: those whose answers nobody needs one by one.
//!
//! A round trip costs more than most statements, and so does each statement beside another row of the
//! same one. So what waits is put together by its text: an insertion of single rows becomes one of
//! many (in a few sizes, so that it stays prepared), and all is sent in one go.

use tokio_postgres::Statement;
use types::{Error, Result};

use super::client::{Client, Sent};
use super::values::Bound;
use crate::value::Param;

/// Rows that wait, at most.
const ROWS_MAX: usize = 2_048;
/// Bytes of the texts that wait, at most.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Rows of one statement, the largest that fits first.
const SIZES: [usize; 4] = [128, 32, 8, 1];

/// Statements that wait.
#[derive(Default)]
pub(super) struct Waiting {
    groups: Vec<Group>,
    rows: usize,
    bytes: usize,
}

/// All that waits of one text.
struct Group {
    sql: String,
    /// Parameters of one row.
    width: usize,
    params: Vec<Owned>,
    /// How many rows all of them together have to change, where that matters.
    expected: Option<u64>,
}

/// A parameter that is kept.
enum Owned {
    Null,
    Int(i64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
}

impl Owned {
    fn of(param: Param<'_>) -> Self {
        match param {
            Param::Null => Self::Null,
            Param::Int(value) => Self::Int(value),
            Param::Text(value) => Self::Text(value.into()),
            Param::Bytes(value) => Self::Bytes(value.into()),
        }
    }
    fn bound(&self) -> Bound<'_> {
        Bound(match self {
            Self::Null => Param::Null,
            Self::Int(value) => Param::Int(*value),
            Self::Text(value) => Param::Text(value),
            Self::Bytes(value) => Param::Bytes(value),
        })
    }
    fn bytes(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) => 0,
            Self::Text(value) => value.len(),
            Self::Bytes(value) => value.len(),
        }
    }
}

impl Waiting {
    /// Has a statement wait; it has parameters.
    pub(super) fn push(&mut self, sql: &str, params: &[Param<'_>], expected: Option<u64>) {
        let params = params.iter().map(|param| Owned::of(*param));
        let at = self
            .groups
            .iter()
            .position(|group| group.sql == sql && group.expected.is_some() == expected.is_some());
        let group = if let Some(group) = at.and_then(|at| self.groups.get_mut(at)) {
            group.params.extend(params);
            group
        } else {
            let params: Vec<Owned> = params.collect();
            self.groups.push(Group {
                sql: sql.to_owned(),
                width: params.len(),
                params,
                expected: expected.map(|_| 0),
            });
            match self.groups.last_mut() {
                Some(group) => group,
                None => return,
            }
        };
        if let (Some(sum), Some(expected)) = (&mut group.expected, expected) {
            *sum += expected;
        }
        let last = group.params.len().saturating_sub(group.width);
        self.bytes += group
            .params
            .iter()
            .skip(last)
            .map(Owned::bytes)
            .sum::<usize>();
        self.rows += 1;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether it is time to send them.
    pub(super) const fn is_full(&self) -> bool {
        self.rows >= ROWS_MAX || self.bytes >= BYTES_MAX
    }

    /// Prepares what is needed to send them.
    pub(super) fn ready(
        &self,
        client: &mut Client,
    ) -> std::result::Result<Ready<'_>, tokio_postgres::Error> {
        let mut steps = Vec::new();
        for (number, group) in self.groups.iter().enumerate() {
            let template = Template::of(&group.sql, group.width);
            let mut rest = group.params.as_slice();
            while !rest.is_empty() {
                let left = rest.len() / group.width;
                let rows = match &template {
                    Some(_) => SIZES.into_iter().find(|size| *size <= left).unwrap_or(1),
                    None => 1,
                };
                let (now, after) = rest.split_at((rows * group.width).min(rest.len()));
                let statement = match &template {
                    Some(template) if rows > 1 => client.prepared(&template.rows(rows))?,
                    _ => client.prepared(&group.sql)?,
                };
                steps.push((number, statement, now));
                rest = after;
            }
        }
        Ok(Ready {
            waiting: self,
            steps,
        })
    }
}

/// Statements that wait, prepared.
pub(super) struct Ready<'w> {
    waiting: &'w Waiting,
    /// Of which group, the statement, its parameters.
    steps: Vec<(usize, Statement, &'w [Owned])>,
}

impl Ready<'_> {
    /// Puts them on their way.
    pub(super) fn send<'s>(&'s self, client: &'s Client) -> impl Iterator<Item = Sent<'s>> {
        let sender = client.sender();
        self.steps
            .iter()
            .map(move |(_, statement, params)| -> Sent<'s> {
                Box::pin(sender.execute_raw(statement, params.iter().map(Owned::bound)))
            })
    }

    /// Compares what they did with what was expected of them.
    pub(super) fn check(&self, counts: &[u64]) -> Result<()> {
        for (number, group) in self.waiting.groups.iter().enumerate() {
            let own = self
                .steps
                .iter()
                .zip(counts)
                .filter(|(step, _)| step.0 == number);
            let sum: u64 = own.map(|(_, count)| count).sum();
            if group.expected.is_some_and(|expected| expected != sum) {
                return Err(Error::internal(
                    "a statement changed another number of rows than was expected",
                ));
            }
        }
        Ok(())
    }
}

/// An insertion of one row, which can be made one of many.
struct Template<'s> {
    before: &'s str,
    behind: &'s str,
    width: usize,
}

impl<'s> Template<'s> {
    /// Of a statement `INSERT INTO … VALUES (?1, …, ?n)`, with `ON CONFLICT … DO NOTHING` at most
    /// behind it: others may depend on the rows before.
    fn of(sql: &'s str, width: usize) -> Option<Self> {
        let values: Vec<String> = (1..=width).map(|place| format!("?{place}")).collect();
        let row = format!("VALUES ({})", values.join(", "));
        let (before, behind) = sql.split_once(&row)?;
        let is_plain = behind.is_empty()
            || (behind.trim_start().starts_with("ON CONFLICT") && behind.ends_with(" DO NOTHING"));
        (before.starts_with("INSERT INTO ") && is_plain && width > 0).then_some(Self {
            before,
            behind,
            width,
        })
    }

    fn rows(&self, rows: usize) -> String {
        let mut sql = format!("{}VALUES ", self.before);
        let mut place = 0;
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.width {
                place += 1;
                if column > 0 {
                    sql.push_str(", ");
                }
                sql.push('?');
                sql.push_str(&place.to_string());
            }
            sql.push(')');
        }
        sql.push_str(self.behind);
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn an_insertion_of_one_row_becomes_one_of_many() {
        let sql = "INSERT INTO t (a, b) VALUES (?1, ?2) ON CONFLICT (a) DO NOTHING";
        let many = Template::of(sql, 2).map(|template| template.rows(3));
        assert_eq!(
            many.as_deref(),
            Some(
                "INSERT INTO t (a, b) VALUES (?1, ?2), (?3, ?4), (?5, ?6) ON CONFLICT (a) DO NOTHING"
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
