//! An island as a whole: its copy, its check, its engine.

use std::path::Path;

use types::Result;

use crate::island::Island;

impl Island {
    /// Writes a consistent copy of the island to a new file while others go on working.
    pub fn copy_to(&self, path: &Path) -> Result<()> {
        self.store().database().check(self.tenant())?.copy_to(path)
    }

    /// The engine's check of the island's data: what is wrong with them, `None` when all is well.
    pub fn integrity(&self) -> Option<String> {
        let (database, tenant) = (self.store().database(), self.tenant());
        if let Some(missing) = database.missing(tenant) {
            return Some(missing);
        }
        let name = database.name(tenant);
        match database.check(tenant).and_then(|island| island.integrity()) {
            Ok(problem) => problem.map(|problem| format!("{name} isn't whole: {problem}")),
            Err(error) => Some(format!("{name} can't be read: {error}")),
        }
    }

    /// The engine's name and version.
    pub fn engine_version(&self) -> Result<String> {
        self.store().database().check(self.tenant())?.version()
    }
}
