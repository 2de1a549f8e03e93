//! The engine that a server under test runs on: files, or PostgreSQL where `TEST_DATABASE_URL` names
//! a database in which the test may make schemas.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process::Command,
    sync::{Mutex, PoisonError},
};

/// Whether servers keep their data in files, which a test may then look at and damage.
pub fn are_files() -> bool {
    std::env::var_os("TEST_DATABASE_URL").is_none()
}

/// The address of the database that belongs to a data directory; `None` on files.
pub fn database_url(data: &Path) -> Option<String> {
    static MADE: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let server = std::env::var("TEST_DATABASE_URL").ok()?;
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    let schema = format!("e2e_{:016x}", hasher.finish());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if made.get_or_insert_default().insert(schema.clone()) {
        let make = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
        let status = Command::new("psql")
            .args(["--quiet", "--dbname", &server, "--command", &make])
            .status()
            .unwrap();
        assert!(status.success(), "psql can't make {schema}");
    }
    Some(format!("{server}?options=-c%20search_path%3D{schema}"))
}

/// What a process with this data directory finds in its environment.
pub(crate) fn environment(data: &Path) -> Option<(&'static str, String)> {
    database_url(data).map(|url| ("DATABASE_URL", url))
}

/// The same for a command whose arguments or environment name a data directory.
pub(crate) fn environment_of(
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Option<(&'static str, String)> {
    let at = arguments
        .iter()
        .position(|it| ["--data", "--dir"].contains(it));
    let argument = at.and_then(|at| arguments.get(at + 1)).copied();
    let variable = variables.iter().find(|(name, _)| *name == "ISOPOLITY_DATA");
    environment(Path::new(argument.or(variable.map(|(_, value)| *value))?))
}
