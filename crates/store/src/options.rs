//! How a store is opened, and how its open islands share memory.

use std::path::PathBuf;

/// The least page cache of a writer, however many islands are open.
const WRITER_CACHE_KIB_MIN: u32 = 1024;
/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// The data directory.
    pub directory: PathBuf,
    /// The address of a PostgreSQL database that holds the tenants' data instead of the directory's
    /// files. It may have a password in it.
    pub database_url: Option<String>,
    /// Connections to that database, at most.
    pub database_connections: usize,
    /// Islands kept open at once.
    pub open_islands: usize,
    /// Threads that serve reads.
    pub readers: usize,
    /// Commands that may wait for one island's writer.
    pub writer_queue: usize,
    /// Page caches of all islands' writers together, in KiB: the open ones share it, each with
    /// at most [`Options::writer_cache_kib`].
    pub writer_caches_kib: u32,
    /// Page cache of an island's writer, in KiB, at most.
    pub writer_cache_kib: u32,
    /// Page cache of each reading connection, in KiB.
    pub reader_cache_kib: u32,
    /// A seed makes all ids and secrets repeatable, for simulation; none takes the system's.
    pub seed: Option<u64>,
}

impl Options {
    /// The defaults of docs/limits.md for a data directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            database_url: None,
            database_connections: 32,
            open_islands: 256,
            readers: std::thread::available_parallelism()
                .map_or(2, usize::from)
                .clamp(2, 16),
            writer_queue: 1024,
            writer_caches_kib: 96 * 1024,
            writer_cache_kib: 16 * 1024,
            reader_cache_kib: 2 * 1024,
            seed: None,
        }
    }

    /// The page cache of each writer while so many islands are open.
    pub(crate) fn writer_cache_kib(&self, open: usize) -> u32 {
        let share = self.writer_caches_kib / u32::try_from(open).unwrap_or(u32::MAX).max(1);
        share.max(WRITER_CACHE_KIB_MIN).min(self.writer_cache_kib)
    }
}
