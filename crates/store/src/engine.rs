//! The seam between the store and a database engine: all that differs between SQLite and
//! PostgreSQL stands behind these traits, and none of it is seen outside this crate's callers.

use std::sync::OnceLock;

use types::{Error, Result};

use crate::value::{Kind, Param, Row};

/// Access to the columns of one row.
pub trait RowAccess {
    /// A BIGINT column.
    fn int(&self, column: usize) -> Result<Option<i64>>;
    /// A TEXT column.
    fn text(&self, column: usize) -> Result<Option<&str>>;
    /// A BLOB or BYTEA column.
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>>;
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A snapshot that can't write.
    Read,
    /// The island's one writer.
    Write,
}

/// Runs `work` in a transaction that may write: committed if it succeeds, else undone.
pub(crate) fn in_transaction<T>(
    connection: &dyn Connection,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    connection.begin(Mode::Write)?;
    match work() {
        Ok(value) => connection.commit().map(|()| value),
        Err(error) => {
            connection.rollback()?;
            Err(error)
        }
    }
}

/// Objects that one statement of [`Among::arms`] is about. Each connection prepares it once, which
/// takes as much time and memory as there are arms.
const ARMS: usize = 16;
/// Objects up to which each is asked for by itself: an arm costs something without a key, too.
const ALONE_MAX: usize = 4;

/// By what a question is about many objects.
#[derive(Debug, Clone, Copy)]
pub enum Keys<'a> {
    /// By their ids.
    Ids(&'a [&'a [u8]]),
    /// By texts.
    Texts(&'a [&'a str]),
}

/// A question about many objects, each by its id or another key.
pub struct Among {
    one: String,
    place: usize,
    alone: OnceLock<String>,
    arms: OnceLock<String>,
}

impl Among {
    /// Of a question about a single object, whose key is compared with `??` in it; the parameters of
    /// the keys begin with this number.
    pub fn new(one: &str, place: usize) -> Self {
        Self {
            one: one.to_owned(),
            place,
            alone: OnceLock::new(),
            arms: OnceLock::new(),
        }
    }

    /// The question about the object whose key stands there.
    pub(crate) fn about(&self, key: &str) -> String {
        self.one.replace("??", key)
    }

    /// The number of the first parameter behind the fixed ones.
    pub(crate) const fn place(&self) -> usize {
        self.place
    }

    /// Asks for a single one.
    fn alone(&self) -> &str {
        self.alone
            .get_or_init(|| self.about(&format!("?{}", self.place)))
    }

    /// Asks for each in an arm of its own.
    fn arms(&self) -> &str {
        self.arms.get_or_init(|| {
            let places = self.place..self.place + ARMS;
            let arms: Vec<String> = places.map(|at| self.about(&format!("?{at}"))).collect();
            arms.join(" UNION ALL ")
        })
    }
}

/// A table as the engine describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns by name, and what they hold.
    pub columns: Vec<(String, Kind)>,
    /// The columns of its primary key, in order.
    pub key: Vec<String>,
}

/// A column as an engine describes it: table, column, type, place in the primary key from 1 on.
pub(crate) type Described = (String, String, String, i64);

/// Puts descriptions of columns together, table by table.
pub(crate) fn tables_of(mut columns: Vec<Described>) -> Result<Vec<Table>> {
    columns.sort();
    let mut tables: Vec<Table> = Vec::new();
    let mut keys: Vec<(i64, String)> = Vec::new();
    for (name, column, kind, place) in columns {
        if tables.last().is_none_or(|table| table.name != name) {
            close_key(&mut tables, &mut keys);
            tables.push(Table {
                name,
                columns: Vec::new(),
                key: Vec::new(),
            });
        }
        let kind = match kind.to_ascii_lowercase().as_str() {
            "integer" | "bigint" => Kind::Int,
            "text" => Kind::Text,
            "blob" | "bytea" => Kind::Bytes,
            other => return Err(Error::internal(format!("a column of type {other}"))),
        };
        if place > 0 {
            keys.push((place, column.clone()));
        }
        if let Some(table) = tables.last_mut() {
            table.columns.push((column, kind));
        }
    }
    close_key(&mut tables, &mut keys);
    Ok(tables)
}

fn close_key(tables: &mut [Table], keys: &mut Vec<(i64, String)>) {
    keys.sort();
    let key = keys.drain(..).map(|(_, column)| column).collect();
    if let Some(table) = tables.last_mut() {
        table.key = key;
    }
}

/// One connection to one database, used by one thread at a time.
///
/// Statements are prepared once and kept. A row callback must not use the connection again.
pub trait Connection: Send {
    /// Runs a statement; answers the number of rows that it changed.
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64>;
    /// Runs a statement whose answer nobody waits for, at the latest before the next one whose
    /// answer is waited for; what is wrong with it may show only then. Those that wait may change
    /// places with each other unless their texts are the same. `expected` is how many rows it has
    /// to change, where that matters, and then it is the answer.
    fn execute_later(&self, sql: &str, params: &[Param<'_>], expected: Option<u64>) -> Result<u64> {
        let _ = expected;
        self.execute(sql, params)
    }
    /// The same of a statement that writes all of one row, whose key its first `key` parameters are.
    /// It may take the place of one with the same text and key that waits.
    fn put_later(&self, key: usize, sql: &str, params: &[Param<'_>]) -> Result<()> {
        let _ = key;
        self.execute(sql, params).map(drop)
    }
    /// Runs what waits.
    fn settle(&self) -> Result<()> {
        Ok(())
    }
    /// Runs a query and hands each row to `each`.
    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()>;
    /// The same for a question about many objects, whose keys come behind the fixed parameters.
    fn query_among(
        &self,
        among: &Among,
        fixed: &[Param<'_>],
        keys: Keys<'_>,
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let keys: Vec<Param<'_>> = match keys {
            Keys::Ids(ids) => ids.iter().copied().map(Param::Bytes).collect(),
            Keys::Texts(texts) => texts.iter().copied().map(Param::Text).collect(),
        };
        for some in keys.chunks(ARMS) {
            let mut params = fixed.to_vec();
            if some.len() <= ALONE_MAX {
                for key in some {
                    params.truncate(fixed.len());
                    params.push(*key);
                    self.query(among.alone(), &params, each)?;
                }
                continue;
            }
            // Statements of one length stay prepared; nothing is equal to null.
            let padded = some.iter().copied().chain(std::iter::repeat(Param::Null));
            params.extend(padded.take(ARMS));
            self.query(among.arms(), &params, each)?;
        }
        Ok(())
    }
    /// Runs statements that are run once, without parameters or answers: migrations.
    fn batch(&self, sql: &str) -> Result<()>;
    /// Begins a transaction.
    fn begin(&self, mode: Mode) -> Result<()>;
    /// Makes the transaction durable.
    fn commit(&self) -> Result<()>;
    /// Ends the transaction without effect.
    fn rollback(&self) -> Result<()>;
    /// Marks a place within the transaction to which [`Connection::undo`] goes back.
    fn savepoint(&self) -> Result<()>;
    /// Forgets the last mark and keeps what was written since.
    fn release(&self) -> Result<()>;
    /// Undoes what was written since the last mark, and forgets it.
    fn undo(&self) -> Result<()>;
    /// Whether a transaction is open: some failures of the disk end it.
    fn in_transaction(&self) -> bool;
    /// Whether a transaction that writes is the only one that does, so that it needs to lock no rows.
    fn writes_alone(&self) -> bool;
    /// Whether a statement that fails does so when it is run, and leaves its transaction as it was.
    fn fails_at_once(&self) -> bool;
    /// Whether a reading transaction that lies open between two queries is in nobody's way, and
    /// shows all that is committed as long as this process has written nothing.
    fn keeps_snapshots(&self) -> bool;
    /// The table in which migrations are noted down.
    fn migrations(&self) -> &'static str;
    /// The tables that are here, by name, migrations' own apart.
    fn tables(&self) -> Result<Vec<Table>>;
    /// Turns the shared form of a schema definition (BYTES, BIGINT, TABLE_OPTIONS) into the engine's.
    fn dialect(&self, ddl: &str) -> String;
    /// Bounds the memory that this connection may keep pages in. Nothing to do for an engine whose
    /// pages are a server's.
    fn set_cache(&self, kib: u32) -> Result<()>;
    /// Gives back what memory can be spared until there is work again.
    fn release_memory(&self) -> Result<()>;
    /// Writes a consistent copy of the database to a new file, while others go on.
    fn copy_to(&self, path: &std::path::Path) -> Result<()>;
    /// The engine's own check of its files: `None` when all is well, else what is wrong.
    fn integrity(&self) -> Result<Option<String>>;
    /// The engine's name and version.
    fn version(&self) -> Result<String>;
}
