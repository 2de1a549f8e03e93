//! The engine for many: PostgreSQL 15 and later, one database for all islands.
//!
//! - Tables are those of the embedded engine, with `tenant_id` first in each key. A connection is
//!   lent to an island for one transaction, which says whose it is; row-level security then shows
//!   and takes no other tenant's rows, whatever the statement says.
//! - Texts are compared byte by byte (`COLLATE "C"`), as the embedded engine does, so that pages
//!   and ranges agree.
//! - A reading transaction is a snapshot (`REPEATABLE READ`); a writing one begins with the lock on
//!   the feed's head and needs no more than `READ COMMITTED`.
//! - After a failed statement PostgreSQL refuses all others until the transaction or a mark is
//!   undone, and turns a commit silently into its opposite; so a failure is remembered here.

mod lease;
mod pool;
mod values;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;
use types::{Error, Result, TenantId};

pub(crate) use lease::Lease;
use pool::{Client, Lent, Pool};
use values::{Bound, PostgresRow};

use crate::engine::{Connection, Mode, Table, in_transaction, tables_of};
use crate::value::{Param, Row};

/// What a transaction says of itself, for the policies of the tables.
const TENANT_SETTING: &str = "isopolity.tenant";

/// A database.
#[derive(Clone)]
pub(crate) struct Server {
    pool: Arc<Pool>,
    lease: Arc<lease::Validity>,
}

/// What of the database a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The list of tenants and domains.
    Registry,
    /// The tables of all islands, not their rows.
    Tables,
    /// One island's rows.
    Island(TenantId),
}

/// Access to one part of a database. It holds a connection during a transaction only.
pub(crate) struct Postgres {
    server: Server,
    part: Part,
    lent: RefCell<Option<Lent>>,
}

impl Server {
    /// The database of an address, with so many connections at most.
    pub(crate) fn new(url: &str, connections: usize) -> Result<Self> {
        Ok(Self {
            pool: Arc::new(Pool::new(url, connections)?),
            lease: Arc::default(),
        })
    }

    /// Access to a part.
    pub(crate) fn open(&self, part: Part) -> Postgres {
        Postgres {
            server: self.clone(),
            part,
            lent: RefCell::new(None),
        }
    }

    /// Whether row-level security binds the role that we are; the owner of all rows isn't bound.
    pub(crate) fn is_bound_by_policies(&self) -> Result<bool> {
        let mut lent = self.pool.lend()?;
        let row = lent
            .client()?
            .inner
            .query_one(
                "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user",
                &[],
            )
            .map_err(convert)?;
        lent.give_back();
        Ok(!row.try_get::<_, bool>(0).map_err(convert)?)
    }
}

impl Postgres {
    /// Runs `work` in the open transaction, or in one of its own.
    fn with<T>(&self, work: impl FnOnce(&mut Client) -> Result<T>) -> Result<T> {
        if self.in_transaction() {
            self.within(work)
        } else {
            in_transaction(self, || self.within(work))
        }
    }

    fn within<T>(&self, work: impl FnOnce(&mut Client) -> Result<T>) -> Result<T> {
        let mut lent = self.lent.borrow_mut();
        let lent = lent.as_mut().ok_or_else(no_transaction)?;
        work(lent.client()?)
    }

    fn run(&self, sql: &str) -> Result<()> {
        let mut lent = self.lent.borrow_mut();
        lent.as_mut().ok_or_else(no_transaction)?.run(sql)
    }

    fn first_words(&self, mode: Mode) -> String {
        let begin = match mode {
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write => "BEGIN",
        };
        match self.part {
            Part::Island(tenant) => format!(
                "{begin}; SET LOCAL {TENANT_SETTING} = '{}'",
                tenant.uuid().simple()
            ),
            Part::Registry | Part::Tables => begin.into(),
        }
    }
}

fn no_transaction() -> Error {
    Error::internal("no transaction is open")
}

impl Connection for Postgres {
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        self.with(|client| {
            let bound: Vec<Bound<'_>> = params.iter().map(|param| Bound(*param)).collect();
            let params: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|param| param as _).collect();
            let done = client
                .prepared(sql)
                .and_then(|statement| client.inner.execute(&statement, &params));
            done.map_err(|error| failed(client, sql, error))
        })
    }

    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        self.with(|client| {
            let statement = client.prepared(sql);
            let statement = statement.map_err(|error| failed(client, sql, error))?;
            let params = params.iter().map(|param| Bound(*param));
            let mut own = Ok(());
            let asked = client
                .inner
                .query_raw(&statement, params)
                .and_then(|mut rows| {
                    while let Some(row) = rows.next()? {
                        if own.is_ok() {
                            own = each(&Row(&PostgresRow(&row)));
                        }
                    }
                    Ok(())
                });
            asked.map_err(|error| failed(client, sql, error))?;
            own
        })
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.with(|client| {
            let done = client.inner.batch_execute(sql);
            done.map_err(|error| failed(client, sql, error))
        })
    }

    fn begin(&self, mode: Mode) -> Result<()> {
        if mode == Mode::Write && matches!(self.part, Part::Island(_)) {
            self.server.lease.check()?;
        }
        let words = self.first_words(mode);
        let mut lent = self.server.pool.lend()?;
        if let Err(error) = lent.run(&words) {
            // An idle connection may have been cut while nobody looked.
            if !lent.client()?.inner.is_closed() {
                return Err(error);
            }
            drop(lent);
            lent = self.server.pool.lend()?;
            lent.run(&words)?;
        }
        *self.lent.borrow_mut() = Some(lent);
        Ok(())
    }

    fn commit(&self) -> Result<()> {
        let mut lent = self.lent.borrow_mut().take().ok_or_else(no_transaction)?;
        if lent.client()?.has_failed {
            let undone = lent.run("ROLLBACK");
            if undone.is_ok() {
                lent.give_back();
            }
            return Err(Error::internal("a commit behind a failed statement"));
        }
        lent.run("COMMIT")?;
        lent.give_back();
        Ok(())
    }

    fn rollback(&self) -> Result<()> {
        // Without a connection there is no transaction any more: the server ends it by itself.
        if let Some(mut lent) = self.lent.borrow_mut().take()
            && lent.run("ROLLBACK").is_ok()
        {
            lent.give_back();
        }
        Ok(())
    }

    // Of savepoints with the same name the last one is meant, so one name does for all.
    fn savepoint(&self) -> Result<()> {
        self.run("SAVEPOINT mark")
    }

    fn release(&self) -> Result<()> {
        self.run("RELEASE SAVEPOINT mark")
    }

    fn undo(&self) -> Result<()> {
        self.run("ROLLBACK TO SAVEPOINT mark; RELEASE SAVEPOINT mark")?;
        self.within(|client| {
            client.has_failed = false;
            Ok(())
        })
    }

    fn in_transaction(&self) -> bool {
        self.lent.borrow().is_some()
    }

    fn keeps_snapshots(&self) -> bool {
        false
    }

    fn migrations(&self) -> &'static str {
        match self.part {
            Part::Registry => "registry_migrations",
            _ => "migrations",
        }
    }

    fn tables(&self) -> Result<Vec<Table>> {
        let mut columns = Vec::new();
        self.query(
            "SELECT c.table_name::text, c.column_name::text, c.data_type::text, \
             coalesce((SELECT k.ordinal_position FROM information_schema.table_constraints AS t \
             JOIN information_schema.key_column_usage AS k \
             ON k.constraint_schema = t.constraint_schema \
             AND k.constraint_name = t.constraint_name AND k.table_name = t.table_name \
             WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = c.table_schema \
             AND t.table_name = c.table_name AND k.column_name = c.column_name), 0)::bigint \
             FROM information_schema.columns AS c WHERE c.table_schema = current_schema() \
             AND c.table_name NOT IN ('migrations', 'registry_migrations', 'leases')",
            &[],
            &mut |row| {
                columns.push((row.string(0)?, row.string(1)?, row.string(2)?, row.int(3)?));
                Ok(())
            },
        )?;
        tables_of(columns)
    }

    fn dialect(&self, ddl: &str) -> String {
        let mut own = ddl
            .replace("WIDE_TABLE_OPTIONS", "")
            .replace("TABLE_OPTIONS", "")
            .replace(" TEXT", " TEXT COLLATE \"C\"")
            .replace(" BYTES", " BYTEA");
        if self.part == Part::Tables {
            for table in tables(ddl) {
                own.push_str(&policy(table));
            }
        }
        own
    }

    fn set_cache(&self, _kib: u32) -> Result<()> {
        Ok(())
    }

    fn release_memory(&self) -> Result<()> {
        Ok(())
    }

    fn copy_to(&self, _path: &Path) -> Result<()> {
        Err(Error::unsupported(
            "An island on PostgreSQL has no file of its own. Use pg_dump.",
        ))
    }

    fn integrity(&self) -> Result<Option<String>> {
        // The server's own affair; that it answers is what can be asked here.
        self.query("SELECT 1", &[], &mut |_| Ok(()))?;
        Ok(None)
    }

    fn version(&self) -> Result<String> {
        let mut version = String::new();
        self.query(
            "SELECT current_setting('server_version')",
            &[],
            &mut |row| {
                version = row.string(0)?;
                Ok(())
            },
        )?;
        Ok(format!("PostgreSQL {version}"))
    }
}

/// The tables that a step makes for islands.
fn tables(ddl: &str) -> impl Iterator<Item = &str> {
    ddl.split(';')
        .filter(|statement| statement.contains("tenant_id"))
        .filter_map(|statement| statement.split("CREATE TABLE ").nth(1))
        .filter_map(|rest| rest.split([' ', '(']).next())
}

/// The second wall: rows of the transaction's tenant only, for the tables' owner as well.
fn policy(table: &str) -> String {
    format!(
        "\nALTER TABLE {table} ENABLE ROW LEVEL SECURITY;\
         \nALTER TABLE {table} FORCE ROW LEVEL SECURITY;\
         \nCREATE POLICY island ON {table} USING (tenant_id = \
         (SELECT decode(current_setting('{TENANT_SETTING}', true), 'hex')));"
    )
}

fn failed(client: &mut Client, sql: &str, error: postgres::Error) -> Error {
    client.has_failed = true;
    let first = sql.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
    tracing::debug!(%error, statement = first, "a statement failed");
    convert(error)
}

fn convert(error: postgres::Error) -> Error {
    let Some(state) = error.code() else {
        if error.is_closed() || std::error::Error::source(&error).is_some_and(is_io) {
            tracing::error!(%error, "the connection to the database was lost");
            return Error::unavailable("The database can't be reached now. Try again later.", 5);
        }
        return Error::internal(error);
    };
    match *state {
        SqlState::DISK_FULL => Error::unavailable(
            "The disk is full. Nothing was changed; free space on the server and try again.",
            30,
        ),
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::LOCK_NOT_AVAILABLE => Error::unavailable("The data is busy. Try again.", 1),
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::OUT_OF_MEMORY
        | SqlState::READ_ONLY_SQL_TRANSACTION => {
            tracing::error!(%error, "the database can't be used now");
            Error::unavailable("The database can't be used now. Try again later.", 5)
        }
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => {
            tracing::error!(%error, "the data is damaged");
            Error::unavailable(
                "The data is damaged: the server's operator has to restore it from a backup.",
                60,
            )
        }
        _ => {
            // Its own text says "db error"; what went wrong stands in its source.
            let detail = error.as_db_error().map(ToString::to_string);
            Error::internal(detail.unwrap_or_else(|| error.to_string()))
        }
    }
}

fn is_io(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<std::io::Error>()
}
