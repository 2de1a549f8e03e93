//! An island's file as a whole: its copy, its check, its engine.

use std::path::Path;

use types::Result;

use crate::engine::{Connection, Mode};
use crate::island::Island;
use crate::sqlite;

impl Island {
    /// Writes a consistent copy of the island to a new file while others go on working.
    pub fn copy_to(&self, path: &Path) -> Result<()> {
        sqlite::open(&self.store().island_path(self.tenant()), Mode::Read, 2048)?.copy_to(path)
    }

    /// The engine's check of the island's file: what is wrong with it, `None` when all is well.
    pub fn integrity(&self) -> Option<String> {
        let path = self.store().island_path(self.tenant());
        let name = path.file_name().unwrap_or_default().display();
        if !path.exists() {
            return Some(format!(
                "tenants/{name} is missing. Restore it from a backup."
            ));
        }
        let checked = sqlite::open(&path, Mode::Read, 2048).and_then(|file| file.integrity());
        match checked {
            Ok(problem) => problem.map(|problem| format!("tenants/{name} isn't whole: {problem}")),
            Err(error) => Some(format!("tenants/{name} can't be read: {error}")),
        }
    }

    /// The engine's name and version.
    pub fn engine_version(&self) -> Result<String> {
        sqlite::open(&self.store().island_path(self.tenant()), Mode::Read, 2048)?.version()
    }
}
