//! The embedded engine: SQLite in WAL mode with full durability, one file per island.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, OpenFlags, ToSql};
use types::{Error, Result};

use crate::checkpoints::Checkpoints;
use crate::engine::{Connection, Mode, RowAccess, Table, tables_of};
use crate::value::{Param, Row};

/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;

pub(crate) struct Sqlite(rusqlite::Connection);

/// Opens (and for a writer creates) a database file.
pub(crate) fn open(path: &Path, mode: Mode, cache_kib: u32) -> Result<Sqlite> {
    let flags = match mode {
        Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = rusqlite::Connection::open_with_flags(path, flags).map_err(convert)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else SQLite plans a statement anew each time that a value is bound to what its plan might depend on,
    // such as a limit, which takes many times as long as carrying it out.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(convert)?;
    connection
        .busy_timeout(Duration::from_secs(10))
        .map_err(convert)?;
    if mode == Mode::Write {
        // FULL makes each commit wait for the disk. A log that was longer for once is cut.
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA journal_size_limit = 67108864;",
            )
            .map_err(convert)?;
        let mut checkpoints = Checkpoints::new(path);
        connection
            .wal_hook(Some(move |log: &mut Wal, pages| {
                checkpoints.on_commit(log, pages);
                Ok(())
            }))
            .map_err(convert)?;
    }
    connection
        .execute_batch("PRAGMA temp_store = MEMORY;")
        .map_err(convert)?;
    let connection = Sqlite(connection);
    connection.set_cache(cache_kib)?;
    Ok(connection)
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Param::Null => ValueRef::Null,
            Param::Int(value) => ValueRef::Integer(value),
            Param::Text(value) => ValueRef::Text(value.as_bytes()),
            Param::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

struct SqliteRow<'a>(&'a rusqlite::Row<'a>);

fn mismatch(column: usize, value: ValueRef<'_>) -> Error {
    Error::internal(format!("column {column} holds {}", value.data_type()))
}

impl RowAccess for SqliteRow<'_> {
    fn int(&self, column: usize) -> Result<Option<i64>> {
        match self.0.get_ref(column).map_err(convert)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(value) => Ok(Some(value)),
            other => Err(mismatch(column, other)),
        }
    }
    fn text(&self, column: usize) -> Result<Option<&str>> {
        match self.0.get_ref(column).map_err(convert)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes)
                .map(Some)
                .map_err(Error::internal),
            other => Err(mismatch(column, other)),
        }
    }
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>> {
        match self.0.get_ref(column).map_err(convert)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            other => Err(mismatch(column, other)),
        }
    }
}

impl Connection for Sqlite {
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        let mut statement = self.0.prepare_cached(sql).map_err(convert)?;
        let changed = statement
            .execute(rusqlite::params_from_iter(params))
            .map_err(convert)?;
        Ok(changed as u64)
    }
    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.0.prepare_cached(sql).map_err(convert)?;
        let mut rows = statement
            .query(rusqlite::params_from_iter(params))
            .map_err(convert)?;
        while let Some(row) = rows.next().map_err(convert)? {
            each(&Row(&SqliteRow(row)))?;
        }
        Ok(())
    }
    fn batch(&self, sql: &str) -> Result<()> {
        self.0.execute_batch(sql).map_err(convert)
    }
    fn begin(&self, mode: Mode) -> Result<()> {
        self.prepared(match mode {
            Mode::Read => "BEGIN",
            Mode::Write => "BEGIN IMMEDIATE",
        })
    }
    fn commit(&self) -> Result<()> {
        self.prepared("COMMIT")
    }
    fn rollback(&self) -> Result<()> {
        // SQLite ends a transaction by itself on some errors (disk full, I/O).
        if self.0.is_autocommit() {
            Ok(())
        } else {
            self.prepared("ROLLBACK")
        }
    }
    // Of savepoints with the same name the last one is meant, so one name does for all.
    fn savepoint(&self) -> Result<()> {
        self.prepared("SAVEPOINT mark")
    }
    fn release(&self) -> Result<()> {
        self.prepared("RELEASE SAVEPOINT mark")
    }
    fn undo(&self) -> Result<()> {
        self.prepared("ROLLBACK TO SAVEPOINT mark")?;
        self.release()
    }
    fn in_transaction(&self) -> bool {
        !self.0.is_autocommit()
    }
    fn writes_alone(&self) -> bool {
        true
    }
    fn fails_at_once(&self) -> bool {
        true
    }
    fn keeps_snapshots(&self) -> bool {
        true
    }
    fn migrations(&self) -> &'static str {
        "migrations"
    }
    fn tables(&self) -> Result<Vec<Table>> {
        let mut columns = Vec::new();
        self.query(
            "SELECT t.name, c.name, c.type, c.pk FROM sqlite_master AS t, \
             pragma_table_info(t.name) AS c WHERE t.type = 'table' \
             AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'migrations'",
            &[],
            &mut |row| {
                columns.push((row.string(0)?, row.string(1)?, row.string(2)?, row.int(3)?));
                Ok(())
            },
        )?;
        tables_of(columns)
    }
    fn dialect(&self, ddl: &str) -> String {
        ddl.replace("WIDE_TABLE_OPTIONS", "STRICT")
            .replace("TABLE_OPTIONS", "STRICT, WITHOUT ROWID")
            .replace(" BYTES", " BLOB")
            .replace(" BIGINT", " INTEGER")
    }
    fn set_cache(&self, kib: u32) -> Result<()> {
        self.batch(&format!("PRAGMA cache_size = -{kib};"))
    }
    fn release_memory(&self) -> Result<()> {
        self.batch("PRAGMA shrink_memory;")
    }
    fn copy_to(&self, path: &Path) -> Result<()> {
        self.0
            .backup("main", path, None::<fn(rusqlite::backup::Progress)>)
            .map_err(convert)
    }
    fn integrity(&self) -> Result<Option<String>> {
        let answer: String = self
            .0
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(convert)?;
        Ok((answer != "ok").then_some(answer))
    }
    fn version(&self) -> Result<String> {
        Ok(format!("SQLite {}", rusqlite::version()))
    }
}

impl Sqlite {
    fn prepared(&self, sql: &str) -> Result<()> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut s| s.execute([]))
            .map(drop)
            .map_err(convert)
    }
}

fn convert(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::unavailable(
            "The disk is full. Nothing was changed; free space on the server and try again.",
            30,
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::unavailable("The data is busy. Try again.", 1)
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            tracing::error!(%error, "the data is damaged");
            Error::unavailable(
                "The data is damaged: the server's operator has to restore it from a backup.",
                60,
            )
        }
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            tracing::error!(%error, "the disk failed");
            Error::unavailable(
                "The server can't read or write its disk now. Try again later.",
                30,
            )
        }
        _ => Error::internal(error),
    }
}
