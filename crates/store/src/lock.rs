//! The lock on a data directory: one process at a time owns it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

use types::{Error, Result};

/// Held for as long as a process owns a data directory; the system releases it when the process
/// ends, however it ends.
#[derive(Debug)]
pub struct DataLock(#[expect(dead_code, reason = "held, not read")] File);

impl DataLock {
    /// Takes the lock, or says `Conflict` if another process holds it.
    pub fn take(directory: &Path) -> Result<Self> {
        let path = directory.join("lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| {
                Error::unavailable(format!("Can't open {}: {error}.", path.display()), 30)
            })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::conflict(format!(
                    "Another isopolity process is using {}. Stop it first, or use another --data.",
                    directory.display()
                )));
            }
            Err(TryLockError::Error(error)) => {
                return Err(Error::unavailable(
                    format!("Can't lock {}: {error}.", path.display()),
                    30,
                ));
            }
        }
        // For people who look; the lock itself is the system's.
        let _ = file
            .set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self(file))
    }
}
