//! The one writer of an island: a thread that runs commands in groups, one commit each.
//!
//! It takes whatever is queued when it gets to it, so a group grows with the load and a lone command
//! never waits for company. Each command is answered after the commit.
//!
//! What a failed command wrote is undone by a mark that was set before it, a savepoint. A mark costs the
//! engine a copy of each page that is written behind it, so commands that may run twice go without:
//! most that fail do so before they write anything. Where one fails later, the whole group is undone
//! and run again with marks.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot, watch};
use types::{Actor, Error, Result, TenantId};

use crate::carried::Carrier;
use crate::clock::Clock;
use crate::engine::Connection;
use crate::island::held;
use crate::memory::Memory;
use crate::readers::Readers;
use crate::tx::{self, ReadTx, Tx};
use crate::work::Fence;

/// Commands in one commit, at most.
const GROUP_COMMANDS_MAX: usize = 512;
/// How long a group may take before it is committed, in commits as long as the last one. Commits are a
/// third of the time at most then. A longer group would save little more, and while it runs whoever
/// was answered last has nothing to do but to wait for it: the writer and those who ask take turns
/// instead of working at the same time.
const GROUP_TIME_BY_COMMIT: u32 = 2;
/// The bounds of that time.
const GROUP_TIME_MIN: Duration = Duration::from_millis(1);
const GROUP_TIME_MAX: Duration = Duration::from_millis(20);

/// A command on its way through the writer: run in a group's transaction, then told the group's fate.
pub(crate) trait Command: Send {
    /// Whether running it once more, after all that it did was undone, does the same.
    fn is_repeatable(&self) -> bool;
    /// Runs it and keeps its outcome.
    fn run(&mut self, turn: Turn<'_>) -> Ran;
    /// Answers whoever waits: its outcome, or the failure of its group.
    fn finish(self: Box<Self>, fate: Result<()>);
}

/// What a writer is sent.
pub(crate) enum Job {
    Run(Box<dyn Command>),
    ReleaseMemory,
}

/// A command's turn in its group.
pub(crate) struct Turn<'c> {
    connection: &'c dyn Connection,
    carried: &'c Carrier,
    memory: &'c Memory,
    seq: u64,
    /// Whether a command before it has changed something.
    has_changed: bool,
    seed: [u8; 32],
    undo: Undo,
}

/// How what a command wrote is undone should it fail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Undo {
    /// Nothing was written in this transaction yet: a fresh one takes its place. That spares the
    /// engine the copies of pages that a mark needs, which for a large command are many.
    Restart,
    /// By a mark of its own.
    Mark,
    /// With all that the group has written: its commands are run again, each with a mark.
    Group,
}

/// How a run ended.
pub(crate) struct Ran {
    /// The head after it.
    seq: u64,
    /// Whether what it wrote is still there, though it failed.
    leaves_traces: bool,
}

/// The newest committed `seq` of each island that somebody follows or wrote to.
pub(crate) type Heads = Arc<Mutex<HashMap<TenantId, watch::Sender<u64>>>>;

/// On whose island a command runs, in whose name, and behind which right.
pub(crate) struct Order {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tenant: TenantId,
    pub(crate) fence: Fence,
    pub(crate) actor: Actor,
}

/// A command as it was asked for, and who hears how it ended.
struct Asked<T, C, A> {
    order: Order,
    command: C,
    is_repeatable: bool,
    outcome: Option<Result<T>>,
    answer: A,
}

/// A command on its way, and where its outcome arrives once it is durable.
pub(crate) type Sent<T> = (oneshot::Receiver<Result<T>>, Box<dyn Command>);

impl Order {
    /// A command that runs once.
    pub(crate) fn once<T: Send + 'static>(
        self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Sent<T> {
        let mut command = Some(command);
        let once = move |tx: &mut Tx<'_>| match command.take() {
            Some(command) => command(tx),
            None => Err(Error::internal("a command that runs once was run again")),
        };
        self.asked(once, false, tell)
    }

    /// A command that may run again.
    pub(crate) fn repeatable<T: Send + 'static>(
        self,
        command: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Sent<T> {
        self.asked(command, true, tell)
    }

    /// A command that may run again, and who goes on with its outcome.
    pub(crate) fn repeatable_then<T: Send + 'static, U: Send + 'static>(
        self,
        command: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
        then: impl FnOnce(Result<T>, oneshot::Sender<Result<U>>) + Send + 'static,
    ) -> Sent<U> {
        self.asked(command, true, then)
    }

    fn asked<T: Send + 'static, U: Send + 'static>(
        self,
        command: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
        is_repeatable: bool,
        then: impl FnOnce(Result<T>, oneshot::Sender<Result<U>>) + Send + 'static,
    ) -> Sent<U> {
        let (sender, receiver) = oneshot::channel();
        let asked = Asked {
            order: self,
            command,
            is_repeatable,
            outcome: None,
            answer: move |outcome| then(outcome, sender),
        };
        (receiver, Box::new(asked))
    }
}

/// Tells whoever waits for it.
fn tell<T>(outcome: Result<T>, sender: oneshot::Sender<Result<T>>) {
    let _ = sender.send(outcome);
}

impl<T, C, A> Command for Asked<T, C, A>
where
    T: Send,
    C: FnMut(&mut Tx<'_>) -> Result<T> + Send,
    A: FnOnce(Result<T>) + Send,
{
    fn is_repeatable(&self) -> bool {
        self.is_repeatable
    }

    fn run(&mut self, turn: Turn<'_>) -> Ran {
        let Turn {
            connection,
            carried,
            memory,
            seq,
            has_changed,
            seed,
            undo,
        } = turn;
        let Order {
            clock,
            tenant,
            fence,
            actor,
        } = &self.order;
        let read = ReadTx::new(connection, *tenant, clock.now(), memory);
        let read = read.at((!has_changed).then_some(seq));
        let is_first = undo == Undo::Restart;
        let mut tx = Tx::new(read, carried, actor.clone(), seq, seed, is_first);
        let mut command = |tx: &mut Tx<'_>| {
            fence.check(tx)?;
            (self.command)(tx)
        };
        let outcome = match undo {
            Undo::Mark => in_savepoint(&mut tx, &mut command),
            Undo::Restart | Undo::Group => caught(&mut tx, &mut command),
        };
        let has_failed = outcome.is_err();
        let leaves_traces = has_failed && (tx.has_written() || !connection.fails_at_once());
        if leaves_traces && is_first {
            restart(connection, carried, *tenant);
        }
        let seq = if has_failed { seq } else { tx.seq() };
        drop(tx);
        self.outcome = Some(outcome);
        Ran {
            seq,
            leaves_traces: leaves_traces && undo == Undo::Group,
        }
    }

    fn finish(self: Box<Self>, fate: Result<()>) {
        let Self {
            outcome, answer, ..
        } = *self;
        let never_ran = || Err(Error::internal("a command that never ran"));
        let outcome = fate.and_then(|()| outcome.unwrap_or_else(never_ran));
        if catch_unwind(AssertUnwindSafe(|| answer(outcome))).is_err() {
            tracing::error!("what goes on with a command's outcome panicked");
        }
    }
}

fn in_savepoint<T>(
    tx: &mut Tx<'_>,
    command: &mut impl FnMut(&mut Tx<'_>) -> Result<T>,
) -> Result<T> {
    tx.mark()?;
    let outcome = caught(tx, command).and_then(|value| {
        tx.connection().release()?;
        Ok(value)
    });
    if outcome.is_err()
        && let Err(error) = tx.undo()
    {
        tracing::error!(%error, "a failed command couldn't be undone alone");
    }
    outcome
}

/// A fresh transaction in place of the one that is open.
fn restart(connection: &dyn Connection, carried: &Carrier, tenant: TenantId) {
    carried.forget();
    let begun = connection
        .rollback()
        .and_then(|()| tx::begin(connection, tenant));
    if let Err(error) = begun {
        tracing::error!(%error, "no transaction follows a failed command");
        // The group sees that none is open, and ends.
        let _ = connection.rollback();
    }
}

fn caught<T>(tx: &mut Tx<'_>, command: &mut impl FnMut(&mut Tx<'_>) -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| command(tx)))
        .unwrap_or_else(|_| Err(Error::internal("a command panicked")))
}

pub(crate) struct Writer {
    pub(crate) connection: Box<dyn Connection>,
    pub(crate) tenant: TenantId,
    pub(crate) queue: mpsc::Receiver<Job>,
    pub(crate) rng: StdRng,
    pub(crate) heads: Heads,
    pub(crate) memory: Arc<Memory>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) cache_kib: u32,
    /// What `cache_kib` is to be from the next group on.
    pub(crate) cache_share_kib: Arc<AtomicU32>,
    /// How long the last commit took.
    pub(crate) commit_time: Duration,
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
            self.readers.on_write();
            let (commands, fate) = self.group(first);
            if fate.is_err() {
                let _ = self.connection.rollback();
            }
            // Before anybody hears of it: who asks then has to see it.
            self.readers.on_written();
            let answer = fate.as_ref().map(|_| ()).map_err(Clone::clone);
            if let Ok(seq) = fate {
                announce(&self.heads, self.tenant, seq);
            }
            for command in commands {
                command.finish(answer.clone());
            }
        }
    }

    /// The command that waits next, if any; memory isn't released in the middle of work.
    fn next_command(&mut self) -> Option<Box<dyn Command>> {
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

    /// Runs the command and those that wait behind it in one transaction; answers them all, and the
    /// new head.
    fn group(&mut self, first: Box<dyn Command>) -> (Vec<Box<dyn Command>>, Result<u64>) {
        let mut commands = Vec::new();
        let carried = Carrier::default();
        let fate = match tx::begin(self.connection.as_ref(), self.tenant) {
            Ok(head) => self.run_group(head, first, &carried, &mut commands),
            Err(error) => {
                commands.push(first);
                Err(error)
            }
        };
        (commands, fate)
    }

    /// The time that passes bounds the group's length; it decides no outcome.
    fn run_group(
        &mut self,
        head: u64,
        first: Box<dyn Command>,
        carried: &Carrier,
        commands: &mut Vec<Box<dyn Command>>,
    ) -> Result<u64> {
        let time_max =
            (self.commit_time * GROUP_TIME_BY_COMMIT).clamp(GROUP_TIME_MIN, GROUP_TIME_MAX);
        let started = Instant::now();
        let mut seq = head;
        // Whether all that was written can be done again.
        let mut is_repeatable = self.connection.fails_at_once();
        let mut next = Some(first);
        while let Some(mut command) = next {
            let is_first = commands.is_empty();
            is_repeatable = is_repeatable && command.is_repeatable();
            let undo = match (is_first, is_repeatable) {
                (true, _) => Undo::Restart,
                (false, true) => Undo::Group,
                (false, false) => Undo::Mark,
            };
            let ran = self.turn(&mut command, (head, seq), carried, undo);
            seq = ran.seq;
            commands.push(command);
            if ran.leaves_traces {
                is_repeatable = false;
                seq = self.run_again(head, carried, commands);
            }
            if !self.connection.in_transaction() {
                // Some failures of the disk end the whole transaction, not the command alone.
                return Err(Error::unavailable(
                    "The disk failed. Nothing was changed.",
                    5,
                ));
            }
            let room = commands.len() < GROUP_COMMANDS_MAX && started.elapsed() < time_max;
            next = if room { self.next_command() } else { None };
        }
        let started = Instant::now();
        let connection = self.connection.as_ref();
        carried.settle(connection, self.tenant)?;
        if seq != head {
            tx::store_head(connection, self.tenant, seq)?;
        }
        connection.commit()?;
        self.commit_time = started.elapsed();
        Ok(seq)
    }

    /// Undoes what a group has written, and runs its commands again, each with a mark; answers the
    /// head after them.
    fn run_again(
        &mut self,
        head: u64,
        carried: &Carrier,
        commands: &mut [Box<dyn Command>],
    ) -> u64 {
        restart(self.connection.as_ref(), carried, self.tenant);
        let mut seq = head;
        for command in commands {
            if !self.connection.in_transaction() {
                break;
            }
            seq = self.turn(command, (head, seq), carried, Undo::Mark).seq;
        }
        seq
    }

    fn turn(
        &mut self,
        command: &mut Box<dyn Command>,
        (head, seq): (u64, u64),
        carried: &Carrier,
        undo: Undo,
    ) -> Ran {
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        command.run(Turn {
            connection: self.connection.as_ref(),
            carried,
            memory: &self.memory,
            seq,
            has_changed: seq != head,
            seed,
            undo,
        })
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
