//! The engine that a test runs on: files, or PostgreSQL where `TEST_DATABASE_URL` names a
//! database in which the test may make schemas. For tests only.
//!
//! `scripts/with-postgres.sh` starts such a server for one command.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that has no engine to run on stops"
)]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use store::{Clock, Options, Store};
use types::Result;

/// The variable that names the database.
pub const DATABASE_URL: &str = "TEST_DATABASE_URL";

/// Whether tests run on files: what looks at them has nothing to look at otherwise.
pub fn are_files() -> bool {
    std::env::var_os(DATABASE_URL).is_none()
}

/// The address of the database for a data directory: the same one each time it is asked for.
/// `None` if tests run on files.
pub fn database_url(directory: &Path) -> Option<String> {
    let server = std::env::var(DATABASE_URL).ok()?;
    let mut hasher = DefaultHasher::new();
    directory.hash(&mut hasher);
    let schema = format!("test_{:016x}", hasher.finish());
    let make = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
    let url = server.clone();
    // The client runs a runtime of its own, which can't be inside a test's.
    std::thread::spawn(move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls)
            .expect("the database for tests can't be reached");
        client.batch_execute(&make).expect("a schema");
    })
    .join()
    .expect("a schema");
    let separator = if server.contains('?') { '&' } else { '?' };
    Some(format!(
        "{server}{separator}options=-c%20search_path%3D{schema}"
    ))
}

/// The options of a store in a data directory, on the engine that is to be tested.
pub fn options(directory: impl AsRef<Path>) -> Options {
    let directory = directory.as_ref();
    Options {
        database_url: database_url(directory),
        database_connections: 6,
        ..Options::new(directory)
    }
}

/// Opens a store on a thread that belongs to no runtime.
pub fn open(options: Options, clock: Arc<dyn Clock>) -> Result<Store> {
    std::thread::spawn(move || Store::open(options, clock))
        .join()
        .expect("the store panicked while it was opened")
}
