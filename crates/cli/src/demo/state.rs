//! What a demonstration leaves behind for its next run: `demo.json` in its directory.
//!
//! The file is also the proof that a directory is a demonstration's: nothing is ever removed from a
//! directory without it.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use types::{Error, Result};

/// A tenant of the demonstration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) display_name: String,
    pub(super) domain: String,
    /// Its own users: imported ones and the administrator.
    pub(super) users: u64,
    pub(super) admin: String,
    pub(super) admin_password: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    /// The name to sign in with of somebody to show.
    pub(super) person: Option<String>,
    /// That person's password.
    #[serde(default)]
    pub(super) person_password: String,
}

/// How long a pair took.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pair {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) seconds: f64,
}

/// What is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    /// Whether everybody has arrived; if not, the next run begins anew.
    pub(super) finished: bool,
    /// From which people it was made: a digest of the files.
    pub(super) made_of: String,
    pub(super) tenants: Vec<Tenant>,
    pub(super) pairs: Vec<Pair>,
}

fn path(directory: &Path) -> PathBuf {
    directory.join("demo.json")
}

/// Reads what an earlier run has left; none if there is none or it can't be read.
pub(super) fn read(directory: &Path) -> Option<State> {
    let text = std::fs::read_to_string(path(directory)).ok()?;
    serde_json::from_str(&text).ok()
}

/// Writes it whole or not at all. It holds secrets, so it is its owner's alone.
pub(super) fn write(directory: &Path, state: &State) -> Result<()> {
    let text = serde_json::to_string_pretty(state).map_err(Error::internal)?;
    let (file, temporary) = (path(directory), directory.join("demo.json.tmp"));
    let write = || {
        let _ = std::fs::remove_file(&temporary);
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut out| out.write_all(text.as_bytes()))?;
        std::fs::rename(&temporary, &file)
    };
    write().map_err(|error: std::io::Error| unwritable(&file, &error))
}

/// Refuses a directory that has something in it and isn't a demonstration's.
pub(super) fn check_is_ours(directory: &Path) -> Result<()> {
    if path(directory).exists() {
        return Ok(());
    }
    let entries = std::fs::read_dir(directory).map_err(|error| unwritable(directory, &error))?;
    // A run that was cut off before it wrote its file leaves no more than these.
    let is_empty = entries
        .flatten()
        .all(|entry| entry.file_name() == "lock" || entry.file_name() == "demo.json.tmp");
    if is_empty {
        Ok(())
    } else {
        Err(Error::conflict(format!(
            "{} has something else in it than a demonstration. Choose a new directory by --dir.",
            directory.display()
        )))
    }
}

/// Empties a demonstration's directory but for its lock, which the caller holds, and its file,
/// which says whose it is.
pub(super) fn empty(directory: &Path) -> Result<()> {
    let work = || {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_name() == "lock" || entry.file_name() == "demo.json" {
                continue;
            }
            if entry.file_type()?.is_dir() {
                std::fs::remove_dir_all(entry.path())?;
            } else {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    work().map_err(|error: std::io::Error| unwritable(directory, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::unavailable(format!("Can't use {}: {error}.", path.display()), 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_demonstrations_directory_is_emptied() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        check_is_ours(at).unwrap();
        std::fs::write(at.join("letter.txt"), "dear").unwrap();
        check_is_ours(at).unwrap_err();
        write(at, &State::default()).unwrap();
        check_is_ours(at).unwrap();
        std::fs::write(at.join("lock"), "1").unwrap();
        std::fs::create_dir(at.join("islands")).unwrap();
        empty(at).unwrap();
        assert!(at.join("lock").exists() && read(at).is_some());
        assert!(!at.join("letter.txt").exists() && !at.join("islands").exists());
    }
}
