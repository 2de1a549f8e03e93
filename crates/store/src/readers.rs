//! The connections that read one island, and the snapshots that they keep.
//!
//! A snapshot behind which nothing was written is as good as a new one, and beginning and ending one
//! costs more than reading a row. So as long as nobody writes, a connection keeps its snapshot from
//! one query to the next. Once the writer begins, idle connections give theirs up and none is kept
//! until it is done: a snapshot that stays keeps the engine from taking its log into the file.

use std::sync::Mutex;

use types::Result;

use crate::engine::{Connection, Mode};
use crate::island::held;

/// The idle connections of one island.
pub(crate) struct Readers {
    most: usize,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// With a snapshot of all that is committed.
    current: Vec<Box<dyn Connection>>,
    /// Without a snapshot.
    bare: Vec<Box<dyn Connection>>,
    /// How often writing began and ended; odd while it goes on.
    turns: u64,
}

/// A connection in use.
pub(crate) struct Reader {
    connection: Box<dyn Connection>,
    has_snapshot: bool,
    /// The turn before which its snapshot can't have begun.
    turn: u64,
}

impl Readers {
    /// None yet; so many are kept at most.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            idle: Mutex::default(),
        }
    }

    /// An idle connection, if there is one.
    pub(crate) fn take(&self) -> Option<Reader> {
        let mut idle = held(&self.idle);
        let turn = idle.turns;
        let (connection, has_snapshot) = match idle.current.pop() {
            Some(connection) => (connection, true),
            None => (idle.bare.pop()?, false),
        };
        Some(Reader {
            connection,
            has_snapshot,
            turn,
        })
    }

    /// A connection that was opened just now.
    pub(crate) fn add(&self, connection: Box<dyn Connection>) -> Reader {
        Reader {
            connection,
            has_snapshot: false,
            turn: held(&self.idle).turns,
        }
    }

    /// Takes a connection back, with its snapshot if that shows all that is committed.
    pub(crate) fn give_back(&self, reader: Reader) -> Result<()> {
        let Reader {
            connection, turn, ..
        } = reader;
        let mut idle = held(&self.idle);
        let is_current = turn == idle.turns && turn.is_multiple_of(2);
        let keeps = is_current && connection.keeps_snapshots() && connection.in_transaction();
        if keeps && idle.has_room(self.most) {
            idle.current.push(connection);
            return Ok(());
        }
        drop(idle);
        end(connection.as_ref())?;
        self.keep(connection);
        Ok(())
    }

    fn keep(&self, connection: Box<dyn Connection>) {
        let mut idle = held(&self.idle);
        if idle.has_room(self.most) {
            idle.bare.push(connection);
        }
    }

    /// The writer begins: from here on no snapshot lies idle.
    pub(crate) fn on_write(&self) {
        let mut idle = held(&self.idle);
        idle.turns += 1;
        let outdated = std::mem::take(&mut idle.current);
        drop(idle);
        for connection in outdated {
            match end(connection.as_ref()) {
                Ok(()) => self.keep(connection),
                Err(error) => tracing::warn!(%error, "a reader is closed with its snapshot"),
            }
        }
    }

    /// The writer is done: what it committed is seen by snapshots that begin now.
    pub(crate) fn on_written(&self) {
        held(&self.idle).turns += 1;
    }

    /// Has the idle connections give back memory.
    pub(crate) fn release_memory(&self) {
        let idle = held(&self.idle);
        for connection in idle.current.iter().chain(&idle.bare) {
            if let Err(error) = connection.release_memory() {
                tracing::warn!(%error, "a reader keeps the memory that it has");
            }
        }
    }
}

impl Idle {
    fn has_room(&self, most: usize) -> bool {
        self.current.len() + self.bare.len() < most
    }
}

impl Reader {
    /// The connection with a snapshot of all that was committed when the reader was taken, or later.
    pub(crate) fn snapshot(&mut self) -> Result<&dyn Connection> {
        if !self.has_snapshot {
            self.connection.begin(Mode::Read)?;
            self.has_snapshot = true;
        }
        Ok(self.connection.as_ref())
    }
}

/// Ends a snapshot. It holds nothing, so there is nothing that ending it could lose.
fn end(connection: &dyn Connection) -> Result<()> {
    connection.commit().or_else(|_| connection.rollback())
}
