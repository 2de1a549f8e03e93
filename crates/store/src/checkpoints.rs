//! Taking the log of an embedded database into its file while the writer goes on.
//!
//! A commit appends to a log (SQLite's WAL); once that is long, what it says has to be copied into
//! the file, or it would grow for ever. By itself the engine does that within a commit, which then
//! takes twenty times as long as others, and everybody who waits for the writer with it. Here a thread
//! of its own copies, in rounds: the first covers nearly all of the log, the next ones what was
//! written meanwhile, until so little is left that the writer copies it between two commits. With
//! nothing left, the next transaction begins the log anew.
//!
//! A thread lives as long as its rounds, since an idle connection for each island would cost more
//! memory than opening one now and then costs time. A reader that stays in a snapshot holds the rounds
//! up, as it would the engine; then they are tried again each time that the log has grown by
//! [`RETRY_PAGES`]. A log of [`PAGES_MAX`] makes the writer wait.
//!
//! Source: sqlite.org/wal.html, "Checkpointing"; `walCheckpoint` in SQLite 3.54, which syncs the file
//! when no commit came in between, and remembers what was copied when one did.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::JoinHandle;

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, OpenFlags};

/// Pages of the log (of 4 KiB) from which on it is taken into the file.
const PAGES: c_int = 8_000;
/// Pages that the writer copies by itself at least; otherwise twice as many as it has just written, so
/// that commits of any size get there, and no commit takes much longer for it.
const PAGES_LEFT: c_int = 128;
/// Rounds of one thread, at most: one that is held up by a reader ends.
const ROUNDS: usize = 8;
/// By how much the log grows between two tries.
const RETRY_PAGES: c_int = 1_000;
/// Pages of the log at which the writer waits until they are copied.
const PAGES_MAX: c_int = 8 * PAGES;

/// Who takes the log of one database into its file. Called by the writer's connection after each
/// commit.
pub(crate) struct Checkpoints {
    path: PathBuf,
    log: Arc<Log>,
    /// Answers how many pages of the log are in the file.
    running: Option<JoinHandle<c_int>>,
    /// As many as are known to be.
    copied: c_int,
    /// The length of the log from which on another thread is worth its while.
    next: c_int,
}

/// The log after the last commit.
#[derive(Default)]
struct Log {
    /// Pages in it.
    pages: AtomicI32,
    /// Those that the writer copies by itself.
    left: AtomicI32,
}

impl Checkpoints {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            log: Arc::default(),
            running: None,
            copied: 0,
            next: PAGES,
        }
    }

    /// Learns how long the log is after a commit.
    pub(crate) fn on_commit(&mut self, log: &mut Wal, pages: c_int) {
        let before = self.log.pages.swap(pages, Ordering::Relaxed);
        let written = if pages < before {
            pages
        } else {
            pages - before
        };
        let left = (2 * written).max(PAGES_LEFT);
        self.log.left.store(left, Ordering::Relaxed);
        if self.running.as_ref().is_some_and(JoinHandle::is_finished) || pages >= PAGES_MAX {
            self.join();
        }
        if pages < self.copied {
            // It began anew.
            self.copied = 0;
            self.next = PAGES;
        }
        if self.running.is_some() || pages < PAGES {
            return;
        }
        if pages - self.copied <= left || pages >= PAGES_MAX {
            // Whatever is wrong shows at the next commit, and the log has all that was written.
            match log.checkpoint_v2(CheckpointMode::PASSIVE) {
                Ok((_, copied)) => self.copied = copied,
                Err(error) => tracing::warn!(%error, "a log isn't taken into its file"),
            }
        } else if pages >= self.next {
            self.next = pages + RETRY_PAGES;
            self.start();
        }
    }

    fn start(&mut self) {
        let (path, log) = (self.path.clone(), Arc::clone(&self.log));
        let thread = std::thread::Builder::new().name("store-checkpoint".into());
        let started = thread.spawn(move || {
            run(&path, &log).unwrap_or_else(|error| {
                tracing::warn!(%error, path = %path.display(), "a log isn't taken into its file");
                0
            })
        });
        match started {
            Ok(running) => self.running = Some(running),
            Err(error) => tracing::warn!(%error, "no thread takes a log into its file"),
        }
    }

    fn join(&mut self) {
        if let Some(running) = self.running.take() {
            self.copied = running.join().unwrap_or(0).max(self.copied);
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        // Nobody may have the file open once its writer has closed it.
        self.join();
    }
}

/// Copies until little is left; answers how many pages of the log are in the file.
fn run(path: &Path, log: &Log) -> rusqlite::Result<c_int> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // A connection finds the log when it first reads.
    connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
    let mut copied = 0;
    for _ in 0..ROUNDS {
        let before = copied;
        // Synced as it comes: a file that is open has `synchronous = FULL` unless told otherwise.
        (_, copied) = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE)?;
        let rest = log.pages.load(Ordering::Relaxed) - copied;
        if rest <= log.left.load(Ordering::Relaxed) || copied == before {
            break;
        }
    }
    Ok(copied)
}
