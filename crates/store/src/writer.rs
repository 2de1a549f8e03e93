//! The one writer of an island: a thread that runs commands in groups, one commit each.
//!
//! It takes whatever is queued when it gets to it, so a group grows with the load and a lone command
//! never waits for company. Each command runs in a savepoint and is answered after the commit.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot, watch};
use types::{Actor, Error, Result, TenantId};

use crate::clock::Clock;
use crate::engine::Connection;
use crate::island::held;
use crate::readers::Readers;
use crate::tx::{self, ReadTx, Tx};

/// Commands in one commit, at most.
const GROUP_COMMANDS_MAX: usize = 512;
/// How long a group may take before it is committed, so that what comes next needn't wait longer.
const GROUP_TIME_MAX: Duration = Duration::from_millis(20);

/// What a command becomes after its run: told the fate of its group.
type Finish = Box<dyn FnOnce(Result<()>) + Send>;
pub(crate) type Command = Box<dyn FnOnce(Result<Turn<'_>>) -> (u64, Finish) + Send>;

/// What a writer is sent.
pub(crate) enum Job {
    Run(Command),
    ReleaseMemory,
}

/// A command's turn in its group.
pub(crate) struct Turn<'c> {
    connection: &'c dyn Connection,
    seq: u64,
    seed: [u8; 32],
    /// Whether nothing was written in this transaction yet.
    is_first: bool,
}

/// The newest committed `seq` of each island that somebody follows or wrote to.
pub(crate) type Heads = Arc<Mutex<HashMap<TenantId, watch::Sender<u64>>>>;

/// A command, and where its outcome arrives once it is durable.
pub(crate) fn command<T: Send + 'static>(
    clock: Arc<dyn Clock>,
    tenant: TenantId,
    actor: Actor,
    command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> (oneshot::Receiver<Result<T>>, Command) {
    let (sender, receiver) = oneshot::channel();
    let boxed: Command = Box::new(move |turn| {
        let Turn {
            connection,
            seq,
            seed,
            is_first,
        } = match turn {
            Ok(turn) => turn,
            Err(error) => {
                let finish: Finish = Box::new(move |_| {
                    let _ = sender.send(Err(error));
                });
                return (0, finish);
            }
        };
        let read = ReadTx::new(connection, tenant, clock.now());
        let mut tx = Tx::new(read, actor, seq, seed, is_first);
        let (seq, outcome) = if is_first {
            run_first(connection, seq, &mut tx, command)
        } else {
            run_in_savepoint(connection, seq, &mut tx, command)
        };
        let finish: Finish = Box::new(move |fate| {
            let _ = sender.send(fate.and(outcome));
        });
        (seq, finish)
    });
    (receiver, boxed)
}

fn run_in_savepoint<T>(
    connection: &dyn Connection,
    seq: u64,
    tx: &mut Tx<'_>,
    command: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> (u64, Result<T>) {
    if let Err(error) = connection.savepoint() {
        return (seq, Err(error));
    }
    let outcome = caught(tx, command).and_then(|value| {
        connection.release()?;
        Ok(value)
    });
    match outcome {
        Ok(value) => (tx.seq(), Ok(value)),
        Err(error) => {
            if let Err(undo_error) = connection.undo() {
                tracing::error!(error = %undo_error, "a failed command couldn't be undone alone");
            }
            (seq, Err(error))
        }
    }
}

/// Runs a group's first command, before which there is nothing to keep: if it fails, a fresh
/// transaction takes the place of this one. That spares the engine the copies of pages that a
/// savepoint needs, which for a large command are many.
fn run_first<T>(
    connection: &dyn Connection,
    seq: u64,
    tx: &mut Tx<'_>,
    command: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> (u64, Result<T>) {
    match caught(tx, command) {
        Ok(value) => (tx.seq(), Ok(value)),
        Err(error) => {
            let begun = connection
                .rollback()
                .and_then(|()| tx::begin(connection, tx.tenant()));
            if let Err(undo_error) = begun {
                tracing::error!(error = %undo_error, "no transaction follows a failed command");
                // The group sees that none is open, and ends.
                let _ = connection.rollback();
            }
            (seq, Err(error))
        }
    }
}

fn caught<T>(tx: &mut Tx<'_>, command: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| command(tx)))
        .unwrap_or_else(|_| Err(Error::internal("a command panicked")))
}

pub(crate) struct Writer {
    pub(crate) connection: Box<dyn Connection>,
    pub(crate) tenant: TenantId,
    pub(crate) queue: mpsc::Receiver<Job>,
    pub(crate) rng: StdRng,
    pub(crate) heads: Heads,
    pub(crate) readers: Arc<Readers>,
    pub(crate) cache_kib: u32,
    /// What `cache_kib` is to be from the next group on.
    pub(crate) cache_share_kib: Arc<AtomicU32>,
}

impl Writer {
    /// Works until the queue is closed.
    pub(crate) fn run(mut self) {
        while let Some(job) = self.queue.blocking_recv() {
            let Job::Run(first) = job else {
                self.release_memory();
                continue;
            };
            self.take_share_of_caches();
            let mut finishes = Vec::new();
            self.readers.on_write();
            let fate = self.group(first, &mut finishes);
            if fate.is_err() {
                let _ = self.connection.rollback();
            }
            // Before anybody hears of it: who asks then has to see it.
            self.readers.on_written();
            let answer = fate.as_ref().map(|_| ()).map_err(Clone::clone);
            if let Ok(seq) = fate {
                announce(&self.heads, self.tenant, seq);
            }
            for finish in finishes {
                finish(answer.clone());
            }
        }
    }

    /// The command that waits next, if any; memory isn't released in the middle of work.
    fn next_command(&mut self) -> Option<Command> {
        loop {
            match self.queue.try_recv().ok()? {
                Job::Run(command) => return Some(command),
                Job::ReleaseMemory => {}
            }
        }
    }

    fn take_share_of_caches(&mut self) {
        let share_kib = self.cache_share_kib.load(Ordering::Relaxed);
        if share_kib != self.cache_kib {
            if let Err(error) = self.connection.set_cache(share_kib) {
                tracing::warn!(%error, "a writer keeps the cache that it has");
            }
            self.cache_kib = share_kib;
        }
    }

    fn release_memory(&self) {
        if let Err(error) = self.connection.release_memory() {
            tracing::warn!(%error, "a writer keeps the memory that it has");
        }
    }

    /// Runs the command and those that wait behind it in one transaction; answers the new head.
    ///
    /// The time that passes bounds the group's length; it decides no outcome.
    fn group(&mut self, first: Command, finishes: &mut Vec<Finish>) -> Result<u64> {
        let head = match tx::begin(self.connection.as_ref(), self.tenant) {
            Ok(head) => head,
            Err(error) => {
                finishes.push(first(Err(error.clone())).1);
                return Err(error);
            }
        };
        let started = Instant::now();
        let mut seq = head;
        let mut next = Some(first);
        while let Some(command) = next {
            let mut seed = [0; 32];
            self.rng.fill_bytes(&mut seed);
            let connection = self.connection.as_ref();
            let (after, finish) = command(Ok(Turn {
                connection,
                seq,
                seed,
                is_first: finishes.is_empty(),
            }));
            seq = after;
            finishes.push(finish);
            if !connection.in_transaction() {
                // Some failures of the disk end the whole transaction, not the command alone.
                return Err(Error::unavailable(
                    "The disk failed. Nothing was changed.",
                    5,
                ));
            }
            let room = finishes.len() < GROUP_COMMANDS_MAX && started.elapsed() < GROUP_TIME_MAX;
            next = if room { self.next_command() } else { None };
        }
        if seq != head {
            tx::store_head(self.connection.as_ref(), self.tenant, seq)?;
        }
        self.connection.commit()?;
        Ok(seq)
    }
}

fn announce(heads: &Heads, tenant: TenantId, seq: u64) {
    held(heads)
        .entry(tenant)
        .or_insert_with(|| watch::channel(0).0)
        .send_if_modified(|head| {
            let newer = seq > *head;
            *head = seq.max(*head);
            newer
        });
}
