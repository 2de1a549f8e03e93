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
//! - A round trip is dear, so what needs no answer of its own goes together with what does: the words
//!   that begin a transaction, and statements that may wait ([`waiting`]).

mod client;
mod pool;
mod tls;
mod values;
mod waiting;
mod work;

use std::cell::RefCell;
use std::future::ready;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio_postgres::error::SqlState;
use types::{Error, Result, TenantId};

use client::{Client, Sent, in_order};
use pool::{Lent, Pool};
use values::{Bound, PostgresRow};
use waiting::Waiting;
pub(crate) use work::{Opening, Worker, directory_id, prepare, refuse_servers};

use crate::engine::{Connection, Mode, Table, in_transaction, tables_of};
use crate::value::{Param, Row};

/// What a transaction says of itself, for the policies of the tables.
const TENANT_SETTING: &str = "isopolity.tenant";
/// By what a transaction says that it looks at the heads of all feeds.
const HEADS_SETTING: &str = "isopolity.heads";

/// A database.
#[derive(Clone)]
pub(crate) struct Server {
    pool: Arc<Pool>,
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
    open: RefCell<Option<Open>>,
}

/// A transaction.
struct Open {
    lent: Lent,
    /// The words that begin it, until they are sent with its first statement.
    words: Option<String>,
    waiting: Waiting,
}

/// What is sent last, whose answer is waited for.
enum Last<'a> {
    Nothing,
    Words(&'a str),
    Execute(&'a str, &'a [Param<'a>]),
    Query(&'a str, &'a [Param<'a>], &'a mut Each<'a>),
}

type Each<'a> = dyn FnMut(&Row<'_>) -> Result<()> + 'a;

impl Server {
    /// The database of an address, with so many connections at most.
    pub(crate) fn new(url: &str, connections: usize) -> Result<Self> {
        Ok(Self {
            pool: Arc::new(Pool::new(url, connections)?),
        })
    }

    /// Access to a part.
    pub(crate) fn open(&self, part: Part) -> Postgres {
        Postgres {
            server: self.clone(),
            part,
            open: RefCell::new(None),
        }
    }

    /// Whether row-level security binds the role that we are; the owner of all rows isn't bound.
    pub(crate) fn is_bound_by_policies(&self) -> Result<bool> {
        let mut lent = self.pool.lend()?;
        let rows = lent
            .client()?
            .query(
                "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user",
                &[],
            )
            .map_err(convert)?;
        lent.give_back();
        match rows.first() {
            Some(row) => Ok(!row.try_get::<_, bool>(0).map_err(convert)?),
            None => Ok(true),
        }
    }
}

impl Postgres {
    /// Sends what waits and then `last`, in the open transaction or in one of its own.
    fn send(&self, last: Last<'_>) -> Result<u64> {
        if self.in_transaction() {
            return self.send_within(last);
        }
        in_transaction(self, || self.send_within(last))
    }

    fn send_within(&self, mut last: Last<'_>) -> Result<u64> {
        let mut open = self.open.borrow_mut();
        let open = open.as_mut().ok_or_else(no_transaction)?;
        let is_first = open.words.is_some();
        let mut is_seen = false;
        let sent = open.send(&mut last, &mut is_seen);
        let is_cut = matches!(&sent, Err(Error::Unavailable { .. }))
            && open.lent.client().is_ok_and(|client| client.is_closed());
        let ends = matches!(last, Last::Words(COMMIT));
        if !is_first || !is_cut || ends || is_seen {
            if sent.is_ok() {
                open.sent();
            }
            return sent;
        }
        // An idle connection may have been cut while nobody looked; nothing was done on it yet.
        open.lent = self.server.pool.lend_new()?;
        let sent = open.send(&mut last, &mut is_seen);
        if sent.is_ok() {
            open.sent();
        }
        sent
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.send_within(Last::Words(sql)).map(drop)
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

impl Open {
    /// Sends all that isn't sent yet, and `last`; answers how many rows that has changed. Whether a
    /// row was handed out already is told by `is_seen`.
    fn send(&mut self, last: &mut Last<'_>, is_seen: &mut bool) -> Result<u64> {
        let client = self.lent.client()?;
        let sent = send(client, self.words.as_deref(), &self.waiting, last, is_seen);
        sent.map_err(|failure| {
            client.has_failed = true;
            match failure {
                Failure::Database(error) => {
                    let statement = match last {
                        Last::Nothing => "",
                        Last::Words(sql) | Last::Execute(sql, _) | Last::Query(sql, ..) => sql,
                    };
                    let first: Vec<&str> = statement.split_whitespace().take(4).collect();
                    let first = first.join(" ");
                    tracing::debug!(%error, statement = first, "a statement failed");
                    convert(error)
                }
                Failure::Own(error) => error,
            }
        })
    }

    /// Whether anything was sent or waits to be.
    fn is_begun(&self) -> bool {
        self.words.is_none() || self.waits()
    }

    fn has_failed(&mut self) -> bool {
        self.lent.client().is_ok_and(|client| client.has_failed)
    }

    fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What was to be sent is sent.
    fn sent(&mut self) {
        self.words = None;
        if !self.waiting.is_empty() {
            self.waiting = Waiting::default();
        }
    }
}

/// Why a sending failed.
enum Failure {
    Database(tokio_postgres::Error),
    Own(Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

fn send(
    client: &mut Client,
    words: Option<&str>,
    waiting: &Waiting,
    last: &mut Last<'_>,
    is_seen: &mut bool,
) -> std::result::Result<u64, Failure> {
    let statement = match last {
        Last::Nothing | Last::Words(_) => None,
        Last::Execute(sql, _) | Last::Query(sql, ..) => Some(client.prepared(sql)?),
    };
    let waiting = waiting.ready(client)?;
    let sender = client.sender();
    let words = words.map(|words| -> Sent<'_> {
        Box::pin(async move { sender.batch_execute(words).await.map(|()| 0) })
    });
    let first = usize::from(words.is_some());
    let before: Vec<Sent<'_>> = words.into_iter().chain(waiting.send(client)).collect();
    let mut own = Ok(());
    let (counts, changed) = match (last, &statement) {
        (Last::Words(sql), _) => {
            let last = sender.batch_execute(sql);
            let (counts, ()) = client.wait_for(in_order(before, last))?;
            (counts, 0)
        }
        (Last::Execute(_, params), Some(statement)) => {
            let params = params.iter().map(|param| Bound(*param));
            let last = sender.execute_raw(statement, params);
            client.wait_for(in_order(before, last))?
        }
        (Last::Query(_, params, each), Some(statement)) => {
            let params = params.iter().map(|param| Bound(*param));
            let last = async {
                let mut rows = pin!(sender.query_raw(statement, params).await?);
                while let Some(row) = rows.next().await {
                    let row = row?;
                    *is_seen = true;
                    if own.is_ok() {
                        own = each(&Row(&PostgresRow(&row)));
                    }
                }
                Ok(())
            };
            let (counts, ()) = client.wait_for(in_order(before, last))?;
            (counts, 0)
        }
        _ => {
            let (counts, ()) = client.wait_for(in_order(before, ready(Ok(()))))?;
            (counts, 0)
        }
    };
    waiting
        .check(counts.get(first..).unwrap_or_default())
        .map_err(Failure::Own)?;
    own.map_err(Failure::Own)?;
    Ok(changed)
}

const COMMIT: &str = "COMMIT";

fn no_transaction() -> Error {
    Error::internal("no transaction is open")
}

impl Connection for Postgres {
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        self.send(Last::Execute(sql, params))
    }

    fn execute_later(&self, sql: &str, params: &[Param<'_>], expected: Option<u64>) -> Result<u64> {
        if params.is_empty() || !self.in_transaction() {
            return self.execute(sql, params);
        }
        let is_full = {
            let mut open = self.open.borrow_mut();
            let open = open.as_mut().ok_or_else(no_transaction)?;
            open.waiting.push(sql, params, expected);
            open.waiting.is_full()
        };
        if is_full {
            self.settle()?;
        }
        Ok(expected.unwrap_or(0))
    }

    fn settle(&self) -> Result<()> {
        let (has_failed, waits) = match self.open.borrow_mut().as_mut() {
            Some(open) => (open.has_failed(), open.waits()),
            None => return Ok(()),
        };
        if has_failed {
            // Who was told is somebody else; what is believed to be written isn't.
            return Err(Error::internal("an earlier statement failed"));
        }
        if waits {
            self.send_within(Last::Nothing)?;
        }
        Ok(())
    }

    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        self.send(Last::Query(sql, params, &mut |row| each(row)))
            .map(drop)
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.send(Last::Words(sql)).map(drop)
    }

    fn begin(&self, mode: Mode) -> Result<()> {
        let lent = self.server.pool.lend()?;
        *self.open.borrow_mut() = Some(Open {
            lent,
            words: Some(self.first_words(mode)),
            waiting: Waiting::default(),
        });
        Ok(())
    }

    fn commit(&self) -> Result<()> {
        let has_failed = match self.open.borrow_mut().as_mut() {
            Some(open) => open.lent.client()?.has_failed,
            None => return Err(no_transaction()),
        };
        if has_failed {
            self.rollback()?;
            return Err(Error::unavailable(
                "A change beside this one failed, and this one with it. Try again.",
                1,
            ));
        }
        let committed = if self.open.borrow().as_ref().is_some_and(Open::is_begun) {
            self.send_within(Last::Words(COMMIT)).map(drop)
        } else {
            Ok(())
        };
        match committed {
            Ok(()) => {
                if let Some(open) = self.open.borrow_mut().take() {
                    open.lent.give_back();
                }
                Ok(())
            }
            Err(error) => {
                // Nobody knows in which state the transaction is, so the connection goes.
                drop(self.open.borrow_mut().take());
                Err(error)
            }
        }
    }

    fn rollback(&self) -> Result<()> {
        // Without a connection there is no transaction any more: the server ends it by itself.
        let Some(mut open) = self.open.borrow_mut().take() else {
            return Ok(());
        };
        let is_begun = open.words.is_none() || open.lent.client()?.has_failed;
        if !is_begun || open.lent.run("ROLLBACK").is_ok() {
            open.lent.give_back();
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
        {
            let mut open = self.open.borrow_mut();
            let open = open.as_mut().ok_or_else(no_transaction)?;
            // What waits was written since the mark: setting it has sent what came before.
            open.waiting = Waiting::default();
            let client = open.lent.client()?;
            client
                .run("ROLLBACK TO SAVEPOINT mark; RELEASE SAVEPOINT mark")
                .map_err(convert)?;
            client.has_failed = false;
        }
        Ok(())
    }

    fn in_transaction(&self) -> bool {
        self.open.borrow().is_some()
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
             AND c.table_name NOT IN ('migrations', 'registry_migrations', \
             'work_servers', 'work_leases', 'work_opening')",
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

fn convert(error: tokio_postgres::Error) -> Error {
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
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
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
