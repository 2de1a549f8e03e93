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
//!   that begin a transaction or set a mark, and statements that may wait ([`waiting`]). Where many
//!   wait they are put on their way without waiting for their answers, which are looked at when
//!   something else is waited for; so the database works on what was made while more is made.

mod client;
mod pool;
mod tls;
mod values;
mod waiting;
mod work;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::ready;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio_postgres::error::SqlState;
use types::{Error, Result, TenantId};

use client::{arrived, in_order};
use pool::{Lent, Pool};
use values::{Bound, PostgresRow};
use waiting::{BYTES_MAX, ROWS_MAX, Step, Waiting};
pub(crate) use work::{Opening, Worker, directory_id, prepare, refuse_servers};

use crate::engine::{Among, Connection, Keys, Mode, Table, in_transaction, tables_of};
use crate::value::{Param, Row};

/// What a transaction says of itself, for the policies of the tables.
const TENANT_SETTING: &str = "isopolity.tenant";
/// Objects that one question is about.
const ASKED_AT_ONCE: usize = 1_024;
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
    /// What was sent and not answered yet, in its order. Before the connection, which it holds.
    on_way: VecDeque<Step>,
    lent: Lent,
    /// The words that begin it or set a mark, until they are sent with what comes next. Nothing is on
    /// its way or was waiting when they came.
    words: Vec<String>,
    waiting: Waiting,
    /// Whether anything of it was sent.
    is_begun: bool,
}

/// What is sent last, whose answer is waited for.
enum Last<'a> {
    Nothing,
    Words(&'a str),
    Execute(&'a str, &'a [Param<'a>]),
    Query(&'a str, &'a [Bound<'a>], &'a mut Each<'a>),
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
        if !open.is_begun && open.waiting.is_empty() {
            return self.begin_with(open, &mut last);
        }
        self.ensure_begun(open)?;
        open.send(&mut last, &mut false)
    }

    /// Begins the transaction, unless that was done.
    fn ensure_begun(&self, open: &mut Open) -> Result<()> {
        if !open.is_begun {
            // What waits is given away as it is sent, but the first sending may have to be repeated.
            let waiting = std::mem::take(&mut open.waiting);
            self.begin_with(open, &mut Last::Nothing)?;
            open.waiting = waiting;
        }
        Ok(())
    }

    /// Sends the first of a transaction; nothing waits.
    fn begin_with(&self, open: &mut Open, last: &mut Last<'_>) -> Result<u64> {
        let words = open.words.clone();
        let ends = matches!(last, Last::Words(COMMIT));
        let mut is_seen = false;
        let sent = open.send(last, &mut is_seen);
        let is_cut = matches!(&sent, Err(Error::Unavailable { .. }))
            && open.lent.client().is_ok_and(|client| client.is_closed());
        open.is_begun = true;
        if !is_cut || ends || is_seen {
            return sent;
        }
        // An idle connection may have been cut while nobody looked; nothing was done on it yet.
        open.lent = self.server.pool.lend_new()?;
        open.words = words;
        open.send(last, &mut is_seen)
    }

    /// Has a statement wait, and puts what waits on its way once it is much.
    fn wait(&self, push: impl FnOnce(&mut Waiting) -> bool) -> Result<()> {
        let mut open = self.open.borrow_mut();
        let open = open.as_mut().ok_or_else(no_transaction)?;
        if !push(&mut open.waiting) {
            return Ok(());
        }
        self.ensure_begun(open)?;
        open.push()
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
    /// Sends all that isn't sent yet, and `last`, and waits for all answers; tells how many rows
    /// `last` has changed. Whether a row was handed out already is told by `is_seen`.
    fn send(&mut self, last: &mut Last<'_>, is_seen: &mut bool) -> Result<u64> {
        let sent = self.try_send(last, is_seen);
        self.checked(sent, last)
    }

    /// Has what waits be carried out without waiting for it, unless much is on its way already.
    fn push(&mut self) -> Result<()> {
        let pushed = self.try_push();
        self.checked(pushed, &Last::Nothing)
    }

    /// Looks at what came of those whose answers are there. The first failure is the failure of all:
    /// those behind it weren't carried out.
    fn checked<T>(&mut self, sent: std::result::Result<T, Failure>, last: &Last<'_>) -> Result<T> {
        if sent.is_err() {
            self.on_way.retain(|step| step.is_sent);
            let all = self.on_way.len();
            let client = self.lent.client()?;
            client.wait_for(arrived(&mut self.on_way, all));
        }
        let mut outcome = sent;
        while let Some(step) = self.on_way.pop_front_if(|step| step.outcome.is_some()) {
            if let Err(failure) = step.end() {
                outcome = Err(failure);
                break;
            }
        }
        let failure = match outcome {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        // What waits belongs to what has failed.
        self.on_way.clear();
        self.waiting = Waiting::default();
        self.lent.client()?.has_failed = true;
        Err(match failure {
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
        })
    }

    fn try_push(&mut self) -> std::result::Result<(), Failure> {
        self.take_waiting(None)?;
        let client = self.lent.client().map_err(Failure::Own)?;
        client.put_on_way(&mut self.on_way);
        let mut rows: usize = self.on_way.iter().map(|step| step.rows).sum();
        let mut bytes: usize = self.on_way.iter().map(|step| step.bytes).sum();
        // The oldest are waited for until the others aren't too many.
        let oldest = self.on_way.iter().take_while(|step| {
            let is_much = rows > ROWS_MAX || bytes > BYTES_MAX;
            rows -= step.rows;
            bytes -= step.bytes;
            is_much
        });
        let count = oldest.count();
        client.wait_for(arrived(&mut self.on_way, count));
        Ok(())
    }

    /// Makes statements to be sent of the words and of what waits; `last` goes behind them.
    fn take_waiting(&mut self, last: Option<&str>) -> std::result::Result<(), Failure> {
        let client = self.lent.client().map_err(Failure::Own)?;
        if !self.words.is_empty() {
            let words = std::mem::take(&mut self.words).join("; ");
            let is_prepared =
                last.is_none_or(|sql| client.knows(sql, false)) && self.waiting.is_prepared(client);
            if self.is_begun && !is_prepared {
                // Preparing may fail, and the transaction with it; so the mark is set before.
                client.run(&words)?;
            } else {
                self.on_way.push_back(Step::new(client.running(words)));
            }
        }
        self.waiting.take(client, &mut self.on_way)?;
        Ok(())
    }

    fn try_send(
        &mut self,
        last: &mut Last<'_>,
        is_seen: &mut bool,
    ) -> std::result::Result<u64, Failure> {
        self.take_waiting(match last {
            Last::Nothing | Last::Words(_) => None,
            Last::Execute(sql, _) | Last::Query(sql, ..) => Some(sql),
        })?;
        let before = &mut self.on_way;
        let client = self.lent.client().map_err(Failure::Own)?;
        match last {
            Last::Nothing => {
                client.wait_for(in_order(before, ready(Ok(()))))?;
                Ok(0)
            }
            Last::Words(sql) => {
                let last = client.sender().batch_execute(sql);
                let sent = client.wait_for(in_order(before, last))?;
                sent.map(|()| 0).ok_or_else(unsent)
            }
            Last::Execute(sql, params) => {
                let statement = client.prepared(sql)?;
                let params = params.iter().map(|param| Bound::One(*param));
                let last = client.sender().execute_raw(&statement, params);
                client.wait_for(in_order(before, last))?.ok_or_else(unsent)
            }
            Last::Query(sql, params, each) => {
                let statement = client.prepared(sql)?;
                let mut own = Ok(());
                let last = async {
                    let rows = client.sender().query_raw(&statement, *params).await?;
                    let mut rows = pin!(rows);
                    while let Some(row) = rows.next().await {
                        let row = row?;
                        *is_seen = true;
                        if own.is_ok() {
                            own = each(&Row(&PostgresRow(&row)));
                        }
                    }
                    Ok(())
                };
                let sent = client.wait_for(in_order(before, last))?;
                own.map_err(Failure::Own)?;
                sent.map(|()| 0).ok_or_else(unsent)
            }
        }
    }

    fn has_failed(&mut self) -> bool {
        self.lent.client().is_ok_and(|client| client.has_failed)
    }

    /// Whether the last mark was set within what isn't sent yet.
    fn mark_waits(&self) -> bool {
        self.words.last().is_some_and(|words| words == MARK)
    }

    fn has_unanswered(&self) -> bool {
        !self.waiting.is_empty() || !self.on_way.is_empty()
    }
}

/// Why a sending failed.
pub(crate) enum Failure {
    Database(tokio_postgres::Error),
    Own(Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

/// The last statement wasn't sent, since one before it couldn't be; that one's failure tells why.
fn unsent() -> Failure {
    Failure::Own(Error::internal("an earlier statement couldn't be sent"))
}

const MARK: &str = "SAVEPOINT mark";
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
        self.wait(|waiting| waiting.push(sql, params, expected))?;
        Ok(expected.unwrap_or(0))
    }

    fn put_later(&self, key: usize, sql: &str, params: &[Param<'_>]) -> Result<()> {
        if params.is_empty() || !self.in_transaction() {
            return self.execute(sql, params).map(drop);
        }
        self.wait(|waiting| waiting.put(key, sql, params))
    }

    fn settle(&self) -> Result<()> {
        let (has_failed, waits) = match self.open.borrow_mut().as_mut() {
            Some(open) => (open.has_failed(), open.has_unanswered()),
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
        let params: Vec<Bound<'_>> = params.iter().map(|param| Bound::One(*param)).collect();
        self.send(Last::Query(sql, &params, &mut |row| each(row)))
            .map(drop)
    }

    fn query_among(
        &self,
        among: &Among,
        fixed: &[Param<'_>],
        keys: Keys<'_>,
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        // Each is looked up by itself. Whose island it is (?1) is hidden from the planner: told that,
        // it takes a tenant that its statistics don't know for empty, and whatever index begins with
        // the tenant for as good as the key.
        let ty = match keys {
            Keys::Ids(_) => "bytea",
            Keys::Texts(_) => "text",
        };
        let sql = format!(
            "SELECT found.* FROM unnest(?{}::{ty}[]) AS asked (k) \
             CROSS JOIN LATERAL ({} OFFSET 0) AS found",
            among.place(),
            among.about("asked.k").replace("?1", "(SELECT ?1::bytea)")
        );
        let many: Vec<Bound<'_>> = match keys {
            Keys::Ids(ids) => ids.chunks(ASKED_AT_ONCE).map(Bound::Ids).collect(),
            Keys::Texts(texts) => texts.chunks(ASKED_AT_ONCE).map(Bound::Texts).collect(),
        };
        for many in many {
            let mut params: Vec<Bound<'_>> = fixed.iter().map(|param| Bound::One(*param)).collect();
            params.push(many);
            self.send(Last::Query(&sql, &params, &mut |row| each(row)))?;
        }
        Ok(())
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.send(Last::Words(sql)).map(drop)
    }

    fn begin(&self, mode: Mode) -> Result<()> {
        let lent = self.server.pool.lend()?;
        *self.open.borrow_mut() = Some(Open {
            on_way: VecDeque::new(),
            lent,
            words: vec![self.first_words(mode)],
            waiting: Waiting::default(),
            is_begun: false,
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
        let is_written = |open: &Open| open.is_begun || !open.waiting.is_empty();
        let committed = if self.open.borrow().as_ref().is_some_and(is_written) {
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
        open.on_way.clear();
        let is_begun = open.is_begun || open.has_failed();
        if !is_begun || open.lent.run("ROLLBACK").is_ok() {
            open.lent.give_back();
        }
        Ok(())
    }

    // Of savepoints with the same name the last one is meant, so one name does for all.
    fn savepoint(&self) -> Result<()> {
        {
            let mut open = self.open.borrow_mut();
            let open = open.as_mut().ok_or_else(no_transaction)?;
            // What came before fails before the mark is set, or it would be undone to another one.
            if !open.has_failed() && !open.has_unanswered() {
                open.words.push(MARK.to_owned());
                return Ok(());
            }
        }
        self.run(MARK)
    }

    fn release(&self) -> Result<()> {
        {
            let mut open = self.open.borrow_mut();
            let open = open.as_mut().ok_or_else(no_transaction)?;
            if open.mark_waits() && open.waiting.is_empty() {
                open.words.pop();
                return Ok(());
            }
        }
        self.run("RELEASE SAVEPOINT mark")
    }

    fn undo(&self) -> Result<()> {
        let mut open = self.open.borrow_mut();
        let open = open.as_mut().ok_or_else(no_transaction)?;
        // What waits or is on its way was written since the mark, which was set behind all before.
        open.waiting = Waiting::default();
        if open.mark_waits() {
            open.words.pop();
            return Ok(());
        }
        open.on_way.clear();
        let client = open.lent.client()?;
        client
            .run("ROLLBACK TO SAVEPOINT mark; RELEASE SAVEPOINT mark")
            .map_err(convert)?;
        client.has_failed = false;
        Ok(())
    }

    fn in_transaction(&self) -> bool {
        self.open.borrow().is_some()
    }

    fn writes_alone(&self) -> bool {
        false
    }
    fn fails_at_once(&self) -> bool {
        false
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
