//! The engine's limit: how fast SQLite alone takes the same rows, as durably.
//!
//! The same schema and indexes (the product's own migrations), the same settings as the store's
//! writer, statements prepared once, nothing else: no checks, no feed's head, no answer. Each
//! measure fills fresh files.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, params_from_iter};

use crate::{
    rows::{self, Table, Written},
    statistics::Sorted,
};

/// Rows of each table in one commit: the batch of a sync.
const COMMIT_ROWS: usize = 1_000;

/// What the engine needs for the rows of a sync, in seconds.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    /// The users alone, in batches: the main limit.
    pub(crate) users: f64,
    /// All rows of both islands, one file after the other on one thread.
    pub(crate) all_one_thread: f64,
    /// All rows, each island's file by a thread of its own.
    pub(crate) all_two_threads: f64,
    /// The users alone in a single commit; for information.
    pub(crate) users_one_commit: f64,
}

/// Measures the limit with these rows.
pub(crate) fn measure(written: &Written, directory: &Path) -> Result<Limit> {
    let users: [&Table; 1] = [&written.users];
    let target: [&Table; 2] = [&written.users, &written.feed];
    let source: [&Table; 2] = [&written.links, &written.provisioning];
    let one = fill(directory, "target", &target, COMMIT_ROWS)?;
    let other = fill(directory, "source", &source, COMMIT_ROWS)?;
    let in_parallel = std::thread::scope(|scope| {
        let target = scope.spawn(|| fill(directory, "target", &target, COMMIT_ROWS));
        let source = scope.spawn(|| fill(directory, "source", &source, COMMIT_ROWS));
        let joined = |thread: std::thread::ScopedJoinHandle<'_, Result<f64>>| {
            thread
                .join()
                .ok()
                .context("a thread that measures the limit panicked")?
        };
        Ok::<_, anyhow::Error>(joined(target)?.max(joined(source)?))
    })?;
    Ok(Limit {
        users: fill(directory, "target", &users, COMMIT_ROWS)?,
        all_one_thread: one + other,
        all_two_threads: in_parallel,
        users_one_commit: fill(directory, "target", &users, usize::MAX)?,
    })
}

/// Checks that the limit's tables and indexes are those of the measured database.
pub(crate) fn check_schema(written: &Written, directory: &Path) -> Result<()> {
    let ours = in_fresh_file(directory, "schema", rows::schema)?;
    ensure!(
        ours == written.schema,
        "the tables of the measured database aren't those that the limit is measured with"
    );
    Ok(())
}

/// The milliseconds of each of so many commits of one changed user.
pub(crate) fn single_commits(count: usize, directory: &Path) -> Result<Sorted> {
    let made = rows::made_up(count);
    in_fresh_file(directory, "single", |connection| {
        let mut times = Vec::with_capacity(count);
        let mut user = connection.prepare(&insert(&made.users))?;
        let mut change = connection.prepare(&insert(&made.feed))?;
        for (user_row, change_row) in made.users.rows.iter().zip(&made.feed.rows) {
            let started = Instant::now();
            connection.execute_batch("BEGIN IMMEDIATE")?;
            user.execute(params_from_iter(user_row))?;
            change.execute(params_from_iter(change_row))?;
            connection.execute_batch("COMMIT")?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        Ok(Sorted::new(times))
    })
}

/// The seconds that it takes to fill a fresh file with these tables' rows.
fn fill(directory: &Path, name: &str, tables: &[&Table], commit_rows: usize) -> Result<f64> {
    in_fresh_file(directory, name, |connection| {
        let mut statements = Vec::new();
        for table in tables {
            statements.push((connection.prepare(&insert(table))?, table.rows.as_slice()));
        }
        let started = Instant::now();
        while statements.iter().any(|(_, rows)| !rows.is_empty()) {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            for (statement, rest) in &mut statements {
                let (batch, after) = rest.split_at(rest.len().min(commit_rows));
                for row in batch {
                    statement.execute(params_from_iter(row))?;
                }
                *rest = after;
            }
            connection.execute_batch("COMMIT")?;
        }
        Ok(started.elapsed().as_secs_f64())
    })
}

fn insert(table: &Table) -> String {
    let places: Vec<String> = (1..=table.columns.len())
        .map(|place| format!("?{place}"))
        .collect();
    let (name, columns, places) = (table.name, table.columns.join(", "), places.join(", "));
    format!("INSERT INTO {name} ({columns}) VALUES ({places})")
}

/// Does something with a fresh database that has the island's schema, and removes it.
fn in_fresh_file<T>(
    directory: &Path,
    name: &str,
    work: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let path = directory.join(format!("raw-{name}.db"));
    remove(&path);
    let connection = Connection::open(&path)?;
    let cache_kib = store::Options::new(directory).writer_cache_kib;
    // As the store opens the file of a writer.
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; \
         PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -{cache_kib}; \
         PRAGMA temp_store = MEMORY;"
    ))?;
    for step in migrations()? {
        connection.execute_batch(&step)?;
    }
    let done = work(&connection);
    drop(connection);
    remove(&path);
    done
}

fn remove(path: &Path) {
    for ending in ["db", "db-wal", "db-shm"] {
        // What isn't there needn't be removed.
        let _ = std::fs::remove_file(path.with_extension(ending));
    }
}

/// The steps of an island's schema in SQLite's words, as the store's dialect makes them.
fn migrations() -> Result<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/migrations/island");
    let mut steps: Vec<PathBuf> = std::fs::read_dir(folder)
        .context("the island's migrations aren't beside the bench")?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    steps.sort();
    steps
        .iter()
        .map(|step| {
            let ddl = std::fs::read_to_string(step)?;
            Ok(ddl
                .replace("WIDE_TABLE_OPTIONS", "STRICT")
                .replace("TABLE_OPTIONS", "STRICT, WITHOUT ROWID")
                .replace(" BYTES", " BLOB")
                .replace(" BIGINT", " INTEGER"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_rows_fit_the_products_tables() {
        let directory = tempfile::tempdir().unwrap();
        let limit = measure(&rows::made_up(1_500), directory.path()).unwrap();
        // Which is the longest is for the bench to say: a disk may stall in any of them.
        let measured = [
            limit.users,
            limit.users_one_commit,
            limit.all_one_thread,
            limit.all_two_threads,
        ];
        assert!(measured.iter().all(|seconds| *seconds > 0.0), "{limit:?}");
        assert!(single_commits(3, directory.path()).unwrap().max() > 0.0);
        let left = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(left, 0, "nothing stays behind");
    }
}
