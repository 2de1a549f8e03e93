//! Transactions: what domain code works with.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use types::{Actor, Error, Id, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::carried::{Carried, Carrier};
use crate::engine::{Among, Connection, Keys, Mode};
use crate::feed::{self, Change};
use crate::memory::Memory;
use crate::params;
use crate::value::{Param, Row};

/// A snapshot of one island at one instant.
pub struct ReadTx<'c> {
    connection: &'c dyn Connection,
    tenant: TenantId,
    now: Timestamp,
    known: RefCell<HashMap<TypeId, Box<dyn Any>>>,
    memory: &'c Memory,
    version: Cell<Version>,
}

/// Of which version what a transaction sees is.
#[derive(Clone, Copy)]
enum Version {
    /// That of the head, which hasn't been read.
    Head,
    /// This one.
    At(u64),
    /// None: something was changed and isn't committed.
    Changed,
}

impl<'c> ReadTx<'c> {
    pub(crate) fn new(
        connection: &'c dyn Connection,
        tenant: TenantId,
        now: Timestamp,
        memory: &'c Memory,
    ) -> Self {
        Self {
            connection,
            tenant,
            now,
            known: RefCell::default(),
            memory,
            version: Cell::new(Version::Head),
        }
    }
    /// The head is known: all that it sees is of this one, or isn't committed.
    pub(crate) fn at(self, committed: Option<u64>) -> Self {
        self.version
            .set(committed.map_or(Version::Changed, Version::At));
        self
    }
    /// From now on it sees what isn't committed.
    fn note_change(&self) {
        self.version.set(Version::Changed);
    }
    pub(crate) const fn connection(&self) -> &'c dyn Connection {
        self.connection
    }
    /// Whose island this is. Bind it as the first parameter of each statement.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
    /// The transaction's instant.
    pub const fn now(&self) -> Timestamp {
        self.now
    }
    /// What a module knows of the island within this transaction, so that it needn't ask again: one
    /// value of each type, its default at first. Whoever writes what the value tells of keeps it true
    /// or calls [`ReadTx::forget`]. Where something is undone all of it is forgotten. `work` mustn't
    /// use the transaction's knowledge.
    pub fn known<T: Any + Default, R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let mut known = self.known.borrow_mut();
        let kept = known.entry(TypeId::of::<T>());
        let kept = kept.or_insert_with(|| Box::new(T::default()));
        match kept.downcast_mut::<T>() {
            Some(kept) => work(kept),
            // One that is kept under a type's id is of that type.
            None => work(&mut T::default()),
        }
    }
    /// Forgets what is known of one type.
    pub fn forget<T: Any>(&self) {
        self.known.borrow_mut().remove(&TypeId::of::<T>());
    }
    fn forget_all(&self) {
        self.known.borrow_mut().clear();
    }
    /// What `find` answers, or has answered in an earlier transaction, as long as nothing in the island
    /// has changed since; nothing is kept if it finds nothing. For what is asked for all the time. `find`
    /// reads only what is written through [`Tx::record`], and depends on nothing but the `key`.
    pub fn remembered<T: Any + Send + Sync>(
        &self,
        key: &[u8],
        find: impl FnOnce() -> Result<Option<T>>,
    ) -> Result<Option<Arc<T>>> {
        let Some(seq) = self.version()? else {
            return Ok(find()?.map(Arc::new));
        };
        if let Some(kept) = self.memory.get(self.tenant, key, seq) {
            return Ok(Some(kept));
        }
        let found = find()?.map(Arc::new);
        if let Some(found) = &found {
            self.memory.keep(self.tenant, key, seq, Arc::clone(found));
        }
        Ok(found)
    }
    /// The `seq` of which all that is seen is; `None` if some of it isn't committed.
    fn version(&self) -> Result<Option<u64>> {
        match self.version.get() {
            Version::At(seq) => Ok(Some(seq)),
            Version::Changed => Ok(None),
            Version::Head => {
                let seq = self.head()?;
                self.version.set(Version::At(seq));
                Ok(Some(seq))
            }
        }
    }
    /// All rows of a query, each made into a `T`. The closure must not use the transaction.
    pub fn query<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut make: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.connection.query(sql, params, &mut |row| {
            rows.push(make(row)?);
            Ok(())
        })?;
        Ok(rows)
    }
    /// The first row of a query.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        make: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.query(sql, params, make)?.into_iter().next())
    }
    /// Hands each row to `each` without keeping them.
    pub fn for_each(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        self.connection.query(sql, params, &mut each)
    }
    /// The same for a question about many objects, whose ids come behind the fixed parameters.
    pub fn for_each_among<K>(
        &self,
        among: &Among,
        fixed: &[Param<'_>],
        ids: &[Id<K>],
        mut each: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let ids: Vec<&[u8]> = ids.iter().map(|id| id.bytes().as_slice()).collect();
        let keys = Keys::Ids(&ids);
        self.connection.query_among(among, fixed, keys, &mut each)
    }
    /// The same by texts.
    pub fn for_each_named(
        &self,
        among: &Among,
        fixed: &[Param<'_>],
        names: &[&str],
        mut each: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let keys = Keys::Texts(names);
        self.connection.query_among(among, fixed, keys, &mut each)
    }
    /// How many rows a `SELECT count(*) …` counts.
    pub fn count(&self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        Ok(self
            .query_one(sql, params, |row| row.count(0))?
            .unwrap_or(0))
    }
    /// The position of a reader of this feed; `None` if it has never read.
    pub fn cursor(&self, reader: &str) -> Result<Option<u64>> {
        self.query_one(
            "SELECT seq FROM cursors WHERE tenant_id = ?1 AND reader = ?2",
            params![&self.tenant, reader],
            |row| row.count(0),
        )
    }
}

/// A transaction that may write: one command on one island.
pub struct Tx<'c> {
    read: ReadTx<'c>,
    actor: Actor,
    actor_code: String,
    seq: Cell<u64>,
    rng: StdRng,
    ids_made: u64,
    writes: u64,
    /// Whether statements that are expected to do something may be believed for now.
    trusts: bool,
    /// Whether no other command has written in this transaction of the engine.
    is_first: bool,
    carried: &'c Carrier,
}

impl<'c> Deref for Tx<'c> {
    type Target = ReadTx<'c>;
    fn deref(&self) -> &ReadTx<'c> {
        &self.read
    }
}

impl<'c> Tx<'c> {
    pub(crate) fn new(
        read: ReadTx<'c>,
        carried: &'c Carrier,
        actor: Actor,
        seq: u64,
        seed: [u8; 32],
        is_first: bool,
    ) -> Self {
        let actor_code = actor.code();
        Self {
            read,
            actor,
            actor_code,
            seq: Cell::new(seq),
            rng: StdRng::from_seed(seed),
            ids_made: 0,
            writes: 0,
            trusts: false,
            is_first,
            carried,
        }
    }
    pub(crate) fn seq(&self) -> u64 {
        self.seq.get()
    }
    pub(crate) const fn has_written(&self) -> bool {
        self.writes > 0
    }
    /// Marks a place to which [`Tx::undo`] goes back.
    pub(crate) fn mark(&self) -> Result<()> {
        self.carried.settle(self.connection(), self.tenant())?;
        self.connection().savepoint()
    }
    /// Undoes what was written since the last mark.
    pub(crate) fn undo(&self) -> Result<()> {
        self.forget_all();
        self.carried.forget();
        self.connection().undo()
    }
    /// What is carried of one type: what the command set, or one before it in the same group.
    pub fn carried<T: Carried>(&self) -> Option<T> {
        self.carried.get()
    }
    /// Notes what was read from the database, for the next one who asks in this group.
    pub fn note<T: Carried>(&self, value: T) {
        self.carried.note(value);
    }
    /// Who does this.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
    /// A new id. Ids made later sort after (RFC 9562 version 7), so that bulk inserts append to
    /// their indexes instead of scattering over them; 62 bits are random.
    pub fn new_uuid(&mut self) -> Uuid {
        let milliseconds = u64::try_from(self.read.now.milliseconds()).unwrap_or(0);
        let mut random = [0_u8; 10];
        self.rng.fill_bytes(&mut random);
        // The twelve bits after the time count within the transaction, so that its ids keep their
        // order; past 4,095 they run into the next millisecond.
        self.ids_made += 1;
        let milliseconds = milliseconds + (self.ids_made >> 12);
        random[0] = (self.ids_made >> 8) as u8 & 0x0f;
        random[1] = self.ids_made as u8;
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
    }
    /// Random bytes for secrets and nonces.
    pub fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }
    /// Appends a change to the feed and hands out the right to write what it describes.
    pub fn record(&mut self, change: Change<'_>) -> Result<Recorded<'_, 'c>> {
        let seq = self.seq.get() + 1;
        self.writes += 1;
        self.read.note_change();
        feed::append(&self.read, seq, &self.actor_code, &change)?;
        self.seq.set(seq);
        Ok(Recorded { tx: self, seq })
    }
    /// The right to write rows that no reader of the feed observes: positions of readers and
    /// streams, counters, delivery state.
    pub fn bookkeeping(&mut self) -> Bookkeeping<'_, 'c> {
        Bookkeeping { tx: self }
    }
    /// Sets the position of a reader of this feed.
    pub fn set_cursor(&mut self, reader: &str, seq: u64) -> Result<()> {
        let tenant = self.tenant();
        self.bookkeeping().execute(
            "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, ?3) \
             ON CONFLICT (tenant_id, reader) DO UPDATE SET seq = excluded.seq",
            params![&tenant, reader, seq],
        )?;
        Ok(())
    }
    /// Runs `part`; if it fails, what it wrote is undone (its changes in the feed too) and the
    /// transaction goes on. For work on many objects where one must not hold up the others.
    pub fn attempt<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let seq = self.seq.get();
        if self.is_first && self.writes == 0 {
            // There is nothing to keep, so that a fresh transaction does instead of a mark, which
            // costs the engine a copy of each page that is written behind it.
            let outcome = part(self);
            if outcome.is_err() && self.writes > 0 {
                self.forget_all();
                self.carried.forget();
                self.connection().rollback()?;
                begin(self.connection(), self.tenant())?;
                self.seq.set(seq);
                self.writes = 0;
            }
            return outcome;
        }
        self.mark()?;
        let outcome = part(self).and_then(|value| {
            self.connection().release()?;
            Ok(value)
        });
        match outcome {
            Ok(value) => Ok(value),
            Err(error) => {
                self.undo()?;
                self.seq.set(seq);
                Err(error)
            }
        }
    }
    /// Runs `part` for each item and answers each outcome, as [`Tx::attempt`] for each would. Where
    /// an item fails before it has written anything, which is how most of them fail, there is
    /// nothing to undo; so many items go without a mark of their own, which costs as much as the
    /// writing. Once one fails later than that, all are undone and done again with marks: `part` may
    /// run twice for an item. The engine's own failure ([`Error::Unavailable`]) is the failure of
    /// all.
    pub fn attempt_each<I, T>(
        &mut self,
        items: &[I],
        mut part: impl FnMut(&mut Self, &I) -> Result<T>,
    ) -> Result<Vec<Result<T>>> {
        let mut spoiled = false;
        let quick = self.attempt(|tx| {
            tx.trusts = true;
            let outcomes = tx.each_without_mark(items, &mut part, &mut spoiled);
            tx.trusts = false;
            outcomes
        });
        if !spoiled {
            return quick;
        }
        items
            .iter()
            .map(|item| own_failure(self.attempt(|tx| part(tx, item))))
            .collect()
    }
    fn each_without_mark<I, T>(
        &mut self,
        items: &[I],
        part: &mut impl FnMut(&mut Self, &I) -> Result<T>,
        spoiled: &mut bool,
    ) -> Result<Vec<Result<T>>> {
        let mut outcomes = Vec::with_capacity(items.len());
        for item in items {
            let writes = self.writes;
            let outcome = own_failure(part(self, item))?;
            if let Err(error) = &outcome
                && self.writes != writes
            {
                *spoiled = true;
                return Err(error.clone());
            }
            outcomes.push(outcome);
        }
        // What was believed has to be true.
        if let Err(error) = own_failure(self.connection().settle())? {
            *spoiled = true;
            return Err(error);
        }
        Ok(outcomes)
    }
    /// Drops feed entries up to and including `seq`. Positions before it become `Gone`.
    pub fn trim_feed(&mut self, seq: u64) -> Result<u64> {
        let seq = seq.min(self.seq());
        let tenant = self.tenant();
        let mut books = self.bookkeeping();
        books.execute(
            "UPDATE feed_head SET floor = ?2 WHERE tenant_id = ?1 AND floor < ?2",
            params![&tenant, seq],
        )?;
        books.execute(
            "DELETE FROM feed WHERE tenant_id = ?1 AND seq <= ?2",
            params![&tenant, seq],
        )
    }
}

/// What an item's failure is to the others: nothing, unless it is the engine's.
fn own_failure<T>(outcome: Result<T>) -> Result<Result<T>> {
    match outcome {
        Err(error @ Error::Unavailable { .. }) => Err(error),
        outcome => Ok(outcome),
    }
}

/// The right to write, once the change is in the feed.
pub struct Recorded<'t, 'c> {
    tx: &'t mut Tx<'c>,
    seq: u64,
}

impl Recorded<'_, '_> {
    /// The change's place in the feed.
    pub const fn seq(&self) -> u64 {
        self.seq
    }
    /// Runs a statement; answers how many rows it changed.
    pub fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        self.tx.connection().execute(sql, params)
    }
    /// Runs a statement whose answer doesn't matter, together with others.
    pub fn execute_later(&mut self, sql: &str, params: &[Param<'_>]) -> Result<()> {
        let connection = self.tx.connection();
        connection.execute_later(sql, params, None).map(drop)
    }
    /// Runs a statement that almost always changes so many rows, and answers how many it changed.
    /// In [`Tx::attempt_each`] it may be believed to do so, and be run together with others; if it
    /// turns out otherwise, all items are undone and done again one by one.
    pub fn execute_expecting(
        &mut self,
        expected: u64,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<u64> {
        let connection = self.tx.connection();
        if self.tx.trusts {
            connection.execute_later(sql, params, Some(expected))
        } else {
            connection.execute(sql, params)
        }
    }
}

/// The right to write rows that aren't in the feed.
pub struct Bookkeeping<'t, 'c> {
    tx: &'t mut Tx<'c>,
}

impl Bookkeeping<'_, '_> {
    /// Runs a statement; answers how many rows it changed.
    pub fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        self.tx.writes += 1;
        self.tx.connection().execute(sql, params)
    }
    /// Runs a statement whose answer doesn't matter, together with others.
    pub fn execute_later(&mut self, sql: &str, params: &[Param<'_>]) -> Result<()> {
        self.tx.writes += 1;
        let connection = self.tx.connection();
        connection.execute_later(sql, params, None).map(drop)
    }
    /// Sets what is carried from command to command, and written before the commit at the latest.
    pub fn carry<T: Carried>(&mut self, value: T) {
        self.tx.writes += 1;
        self.tx.carried.set(value);
    }
}

/// Begins a transaction that may write; answers the head.
pub(crate) fn begin(connection: &dyn Connection, tenant: TenantId) -> Result<u64> {
    connection.begin(Mode::Write)?;
    lock_head(connection, tenant)
}

fn lock_head(connection: &dyn Connection, tenant: TenantId) -> Result<u64> {
    let sql = if connection.writes_alone() {
        "SELECT seq FROM feed_head WHERE tenant_id = ?1"
    } else {
        "SELECT seq FROM feed_head WHERE tenant_id = ?1 FOR UPDATE"
    };
    let mut seq = None;
    connection.query(sql, params![&tenant], &mut |row| {
        seq = Some(row.count(0)?);
        Ok(())
    })?;
    seq.ok_or_else(|| Error::internal("the island has no feed head"))
}

pub(crate) fn store_head(connection: &dyn Connection, tenant: TenantId, seq: u64) -> Result<()> {
    connection
        .execute_later(
            "UPDATE feed_head SET seq = ?2 WHERE tenant_id = ?1",
            params![&tenant, seq],
            None,
        )
        .map(drop)
}
