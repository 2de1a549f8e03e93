//! How servers share the work of one database: leases of shards, and looking at what others have
//! written.
//!
//! - Every [`TICK`] a server asks how many live beside it, and, if it isn't alone, for the heads of
//!   all feeds: two statements, however many tenants there are. What it learns are hints.
//! - Every [`BEAT_TICKS`] ticks it renews its leases, in one statement, and takes what is free up to its fair
//!   share. Who has more than that gives some up: first the work ends, with the next beat the lease.
//! - Times are the database's, of which there is one.
//! - The database chooses its plans by statistics that its own timer takes a minute or more after a
//!   table began to grow; until then it may go through all of a table where an index was meant. So
//!   each [`ANALYZE_TICKS`] one table that has grown several times over is analyzed here.
//! - A server that was killed and starts again on its own data directory takes its leases at once.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_postgres::types::ToSql;
use types::{Error, Result, TenantId};
use uuid::Uuid;

use super::pool::Lent;
use super::{HEADS_SETTING, Server, convert};
use crate::island::{Inner, Store};
use crate::work::{Fence, Hold, SHARDS, Shares};

/// How often a server looks around.
const TICK: Duration = Duration::from_millis(500);
/// Ticks between two renewals.
const BEAT_TICKS: u32 = 4;
/// Ticks between two looks at how much the tables have grown.
const ANALYZE_TICKS: u32 = 2;
/// How fine the statistics are that are made here: a tenth of what is usual, at a tenth of the price.
/// They are about how large a table has become; the database's own timer makes better ones.
const ANALYZE_TARGET: u32 = 10;
/// How long a lease holds after it was renewed.
const LEASE_TIME: Duration = Duration::from_secs(8);
/// The file with the data directory's own id.
const ID_FILE: &str = "server.id";

/// What all servers of a database share. The leases of one server for all are from before.
const MAKE: &str = "DROP TABLE IF EXISTS leases; \
    CREATE TABLE IF NOT EXISTS work_servers (holder BYTEA NOT NULL PRIMARY KEY, \
    directory BYTEA NOT NULL, expires_at BIGINT NOT NULL); \
    CREATE TABLE IF NOT EXISTS work_leases (shard BIGINT NOT NULL PRIMARY KEY, \
    holder BYTEA NOT NULL, directory BYTEA NOT NULL, epoch BIGINT NOT NULL, \
    expires_at BIGINT NOT NULL)";
const MAKE_LEASES: &str =
    "INSERT INTO work_leases (shard, holder, directory, epoch, expires_at) VALUES";
const KEEP: &str = "ON CONFLICT (shard) DO NOTHING";
const MAKE_LOCK: &str = "CREATE TABLE IF NOT EXISTS work_opening (id BIGINT NOT NULL PRIMARY KEY); \
    INSERT INTO work_opening (id) VALUES (1) ON CONFLICT (id) DO NOTHING";
const LOCK: &str = "BEGIN; SET LOCAL lock_timeout = 120000; \
    SET LOCAL idle_in_transaction_session_timeout = 0; UPDATE work_opening SET id = 1 WHERE id = 1";

macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}
const LIVE: &str = concat!(
    "INSERT INTO work_servers (holder, directory, expires_at) VALUES ($1, $2, ",
    now!(),
    " + $3) ON CONFLICT (holder) DO UPDATE SET expires_at = excluded.expires_at"
);
const BURY: &str = concat!(
    "DELETE FROM work_servers WHERE expires_at < ",
    now!(),
    " OR (directory = $1 AND holder <> $2)"
);
const COUNT: &str = concat!(
    "SELECT count(*) FROM work_servers WHERE holder <> $1 AND expires_at > ",
    now!()
);
const OTHERS: &str = concat!(
    "SELECT holder FROM work_servers WHERE directory <> $1 AND expires_at > ",
    now!()
);
const GIVE_UP: &str = "UPDATE work_leases SET expires_at = 0 WHERE shard = $1 AND holder = $2";
const RENEW: &str = concat!(
    "UPDATE work_leases SET expires_at = ",
    now!(),
    " + $2 WHERE holder = $1 AND expires_at > 0"
);
const LOOK: &str = concat!(
    "SELECT shard, holder, directory, epoch, expires_at > ",
    now!(),
    " FROM work_leases"
);
const TAKE: &str = concat!(
    "UPDATE work_leases SET holder = $1, directory = $2, epoch = epoch + 1, expires_at = ",
    now!(),
    " + $3 WHERE shard = $4 AND (expires_at < ",
    now!(),
    " OR directory = $5) RETURNING epoch"
);
const LEAVE: &str = "UPDATE work_leases SET expires_at = 0 WHERE holder = $1";
const DIE: &str = "DELETE FROM work_servers WHERE holder = $1";
/// A table with statistics of less than a quarter of its rows; small ones need none.
const GROWN: &str = "SELECT format('%I', c.relname) FROM pg_class c \
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' \
    AND pg_has_role(c.relowner, 'USAGE') AND pg_stat_get_mod_since_analyze(c.oid) > 500 + CASE \
    WHEN coalesce(pg_stat_get_last_analyze_time(c.oid), \
    pg_stat_get_last_autoanalyze_time(c.oid)) IS NULL THEN 0 \
    ELSE 3 * greatest(c.reltuples, 0) END \
    ORDER BY pg_stat_get_mod_since_analyze(c.oid) DESC LIMIT 1";
const HEADS: &str = "SELECT tenant_id, seq FROM feed_head";

/// Lets one server at a time make and change tables, for as long as it is held.
pub(crate) struct Opening(Option<Lent>);

impl Opening {
    pub(crate) fn begin(server: &Server) -> Result<Self> {
        let mut lent = server.pool.lend()?;
        // Two servers that make it at once disturb each other; by the second time it is there.
        if lent.run(MAKE_LOCK).is_err() {
            lent.client()?.has_failed = false;
            lent.run(MAKE_LOCK)?;
        }
        lent.run(LOCK)?;
        Ok(Self(Some(lent)))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(mut lent) = self.0.take()
            && lent.run("COMMIT").is_ok()
        {
            lent.give_back();
        }
    }
}

/// Makes what servers share; behind the migrations, within [`Opening`].
pub(crate) fn prepare(server: &Server) -> Result<()> {
    let mut lent = server.pool.lend()?;
    lent.run(MAKE)?;
    let rows: Vec<String> = (0..SHARDS)
        .map(|shard| format!("({shard}, '', '', 0, 0)"))
        .collect();
    lent.run(&format!("{MAKE_LEASES} {} {KEEP}", rows.join(", ")))?;
    // The heads of all feeds may be looked at together, by a transaction that says so; of what the
    // changes are they tell nothing.
    let known = "SELECT 1 FROM pg_policies WHERE schemaname = current_schema() \
                 AND tablename = 'feed_head' AND policyname = 'heads'";
    if lent
        .client()?
        .query(known, &[])
        .map_err(convert)?
        .is_empty()
    {
        lent.run(&format!(
            "CREATE POLICY heads ON feed_head FOR SELECT \
             USING ((SELECT current_setting('{HEADS_SETTING}', true)) = 'on')"
        ))?;
    }
    lent.give_back();
    Ok(())
}

/// That no server works on the database: whoever moves everything can't have one beside.
pub(crate) fn refuse_servers(server: &Server, directory: Uuid) -> Result<()> {
    let mut lent = server.pool.lend()?;
    // That of this directory can't live, or the caller wouldn't hold the directory's lock.
    let directory = directory.as_bytes().as_slice();
    let rows = lent.client()?.query(OTHERS, &[&directory]);
    let others = rows.map_err(convert)?.len();
    lent.give_back();
    if others > 0 {
        return Err(Error::conflict(format!(
            "Another isopolity server is using this database. Stop it first; if it has crashed, try \
             again in {} s.",
            LEASE_TIME.as_secs()
        )));
    }
    Ok(())
}

fn count(lent: &mut Lent, me: Uuid) -> Result<usize> {
    let me = me.as_bytes().as_slice();
    let rows = lent.client()?.query(COUNT, &[&me]).map_err(convert)?;
    let others: i64 = match rows.first() {
        Some(row) => row.try_get(0).map_err(convert)?,
        None => 0,
    };
    Ok(usize::try_from(others).unwrap_or(0))
}

/// A server's part in the work, until it is dropped.
pub(crate) struct Worker {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Begins to take part.
    pub(crate) fn begin(server: &Server, store: &Store, as_guest: bool) -> Result<Self> {
        let mut hand = Hand {
            server: server.clone(),
            me: uuid::Builder::from_random_bytes(rand::random()).into_uuid(),
            directory: directory_id(store.directory())?,
            as_guest,
            is_first: true,
            renewed_at: Instant::now(),
            going: BTreeSet::new(),
            heads: HashMap::new(),
            others: 0,
        };
        let store = store.weak();
        let (stop, stopped) = sync_channel::<()>(0);
        let thread = std::thread::Builder::new()
            .name("store-work".into())
            .spawn(move || {
                let mut ticks = 0;
                loop {
                    hand.tick(&store, ticks % BEAT_TICKS == 0);
                    if ticks % ANALYZE_TICKS == 0
                        && let Err(error) = hand.analyze()
                    {
                        tracing::debug!(%error, "a table that has grown couldn't be analyzed");
                    }
                    ticks += 1;
                    match stopped.recv_timeout(TICK) {
                        Err(RecvTimeoutError::Timeout) if store.strong_count() > 0 => {}
                        _ => break,
                    }
                }
                hand.leave();
            })
            .map_err(Error::internal)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The thread gives its leases back before it ends.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

/// What the thread keeps in hand.
struct Hand {
    server: Server,
    me: Uuid,
    directory: Uuid,
    as_guest: bool,
    is_first: bool,
    renewed_at: Instant,
    /// Shards whose work has ended here and whose leases go with the next beat.
    going: BTreeSet<i64>,
    /// The heads as they were seen last.
    heads: HashMap<TenantId, u64>,
    others: usize,
}

/// A lease as it was read.
struct Lease {
    shard: i64,
    holder: Vec<u8>,
    directory: Vec<u8>,
    epoch: i64,
    is_live: bool,
}

impl Hand {
    fn tick(&mut self, store: &Weak<Inner>, is_beat: bool) {
        let mut shares = None;
        let outcome = self.look(store).and_then(|()| {
            if is_beat {
                shares = Some(self.beat()?);
            }
            Ok(())
        });
        if let Err(error) = outcome {
            tracing::warn!(%error, "the other servers of the database couldn't be looked at");
            if self.renewed_at.elapsed() < LEASE_TIME {
                return;
            }
            // By now another may work on it; what is begun here would be in vain.
            shares = Some(Shares::default());
        }
        let Some(inner) = store.upgrade() else {
            return;
        };
        let servers = self.others + usize::from(!self.as_guest);
        inner.shares.send_if_modified(|known| {
            let mut new = match &shares {
                Some(shares) => shares.clone(),
                None => Shares::clone(known),
            };
            new.servers = servers;
            let is_new = **known != new;
            *known = Arc::new(new);
            is_new
        });
    }

    /// Analyzes the table that has grown most, if one has.
    fn analyze(&self) -> Result<()> {
        let mut lent = self.server.pool.lend()?;
        let rows = lent.client()?.query(GROWN, &[]).map_err(convert)?;
        if let Some(row) = rows.first() {
            let table: String = row.try_get(0).map_err(convert)?;
            // Another server may be at it.
            lent.run(&format!(
                "BEGIN; SET LOCAL default_statistics_target = {ANALYZE_TARGET}; \
                 ANALYZE (SKIP_LOCKED) {table}; COMMIT"
            ))?;
        }
        lent.give_back();
        Ok(())
    }

    /// Counts the others, and looks at what they have written.
    fn look(&mut self, store: &Weak<Inner>) -> Result<()> {
        let mut lent = self.server.pool.lend()?;
        self.others = count(&mut lent, self.me)?;
        if self.others == 0 {
            lent.give_back();
            return Ok(());
        }
        lent.run(&format!(
            "BEGIN READ ONLY; SET LOCAL {HEADS_SETTING} = 'on'"
        ))?;
        let rows = lent.client()?.query(HEADS, &[]).map_err(convert)?;
        lent.run("COMMIT")?;
        lent.give_back();
        let Some(inner) = store.upgrade() else {
            return Ok(());
        };
        let mut moved = Vec::new();
        for row in rows {
            let tenant: &[u8] = row.try_get(0).map_err(convert)?;
            let seq: i64 = row.try_get(1).map_err(convert)?;
            let tenant = Uuid::from_slice(tenant).map_err(Error::internal)?;
            let (tenant, seq) = (TenantId::new(tenant), u64::try_from(seq).unwrap_or(0));
            if self.heads.insert(tenant, seq) != Some(seq) {
                moved.push((tenant, seq));
            }
        }
        inner.saw_heads(&moved);
        inner.registry.load_if_changed()
    }

    /// Renews what is held, gives up what is too much and takes what is free.
    fn beat(&mut self) -> Result<Shares> {
        let mut lent = self.server.pool.lend()?;
        let (me, directory) = (self.me, self.directory);
        let (me, directory) = (me.as_bytes().as_slice(), directory.as_bytes().as_slice());
        let lease = i64::try_from(LEASE_TIME.as_millis()).unwrap_or(i64::MAX);
        let mut execute = |sql: &str, params: &[&(dyn ToSql + Sync)]| {
            lent.client()?.execute(sql, params).map_err(convert)
        };
        let began = Instant::now();
        if !self.as_guest {
            execute(LIVE, &[&me, &directory, &lease])?;
            execute(BURY, &[&directory, &me])?;
        }
        for shard in std::mem::take(&mut self.going) {
            execute(GIVE_UP, &[&shard, &me])?;
        }
        execute(RENEW, &[&me, &lease])?;
        let leases = leases(&mut lent)?;
        self.renewed_at = began;
        let mut shares = Shares::default();
        let mut free = Vec::new();
        for it in leases {
            let is_mine = it.holder == me;
            if it.is_live && (is_mine || !(self.is_first && it.directory == directory)) {
                shares.epochs.insert(it.shard, it.epoch);
                if is_mine {
                    shares.own.insert(it.shard, self.fence(it.shard, it.epoch));
                }
            } else {
                free.push(it.shard);
            }
        }
        let fair = if self.as_guest {
            usize::try_from(SHARDS).unwrap_or(0)
        } else {
            usize::try_from(SHARDS)
                .unwrap_or(0)
                .div_ceil(self.others + 1)
        };
        // Servers that look at the same time begin at different places.
        let turn = usize::try_from(self.me.as_u128() % 64).unwrap_or(0);
        if !free.is_empty() {
            let turn = turn % free.len();
            free.rotate_left(turn);
        }
        // On its own directory it takes what a former life has left, however long that would hold.
        let former = if self.is_first { directory } else { &[0xff] };
        for shard in free {
            if shares.own.len() >= fair {
                break;
            }
            let taken = lent
                .client()?
                .query(TAKE, &[&me, &directory, &lease, &shard, &former])
                .map_err(convert)?;
            if let Some(row) = taken.first() {
                let epoch: i64 = row.try_get(0).map_err(convert)?;
                shares.own.insert(shard, self.fence(shard, epoch));
                shares.epochs.insert(shard, epoch);
            }
        }
        lent.give_back();
        let mut own: Vec<i64> = shares.own.keys().copied().collect();
        own.sort_unstable();
        for shard in own.into_iter().skip(fair) {
            shares.own.remove(&shard);
            self.going.insert(shard);
        }
        self.is_first = false;
        Ok(shares)
    }

    fn fence(&self, shard: i64, epoch: i64) -> Fence {
        Fence::of(Hold {
            shard,
            holder: self.me,
            epoch,
        })
    }

    /// Gives everything back.
    fn leave(&self) {
        let left = self.server.pool.lend().and_then(|mut lent| {
            let me = self.me.as_bytes().as_slice();
            lent.client()?.execute(LEAVE, &[&me]).map_err(convert)?;
            lent.client()?.execute(DIE, &[&me]).map_err(convert)?;
            lent.give_back();
            Ok(())
        });
        if let Err(error) = left {
            tracing::warn!(%error, "the server's leases end by themselves");
        }
    }
}

fn leases(lent: &mut Lent) -> Result<Vec<Lease>> {
    let rows = lent.client()?.query(LOOK, &[]).map_err(convert)?;
    rows.iter()
        .map(|row| {
            Ok(Lease {
                shard: row.try_get(0).map_err(convert)?,
                holder: row.try_get(1).map_err(convert)?,
                directory: row.try_get(2).map_err(convert)?,
                epoch: row.try_get(3).map_err(convert)?,
                is_live: row.try_get(4).map_err(convert)?,
            })
        })
        .collect()
}

/// The data directory's own id, made with its first use.
pub(crate) fn directory_id(directory: &Path) -> Result<Uuid> {
    let path = directory.join(ID_FILE);
    let unusable = |error: std::io::Error| {
        Error::unavailable(format!("Can't use {}: {error}.", path.display()), 30)
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| {
            Error::conflict(format!(
                "{} isn't the id that a server wrote. Remove it if no server uses the directory.",
                path.display()
            ))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let id = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
            std::fs::write(&path, format!("{id}\n")).map_err(unusable)?;
            Ok(id)
        }
        Err(error) => Err(unusable(error)),
    }
}
