//! `uniqueName` of groups and applications: a name that is set when they are made and never changes,
//! by which whoever keeps a directory in files finds them again, and makes them if they aren't there.
//!
//! A deleted object keeps its name as long as no other takes it.
//!
//! Source: "Upsert group" and "Upsert application" (Microsoft Graph).

use serde_json::{Map, Value};
use store::{ReadTx, Recorded, params};
use types::{Error, Result, TenantId, fold};
use uuid::Uuid;

const FIND: &str =
    "SELECT object_id FROM unique_names WHERE tenant_id = ?1 AND object_kind = ?2 AND name = ?3";
const TAKE: &str = "INSERT INTO unique_names (tenant_id, object_kind, name, object_id) \
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant_id, object_kind, name) \
    DO UPDATE SET object_id = excluded.object_id";
const FREE: &str = "DELETE FROM unique_names WHERE tenant_id = ?1 AND object_id = ?2";

/// What has such names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Group,
    Application,
}

impl Named {
    const fn code(self) -> i64 {
        match self {
            Self::Group => 2,
            Self::Application => 4,
        }
    }

    /// The object, deleted or not, that has had a name last.
    pub(crate) fn find(self, tx: &ReadTx<'_>, name: &str) -> Result<Option<Uuid>> {
        let name = fold(name);
        let tenant = tx.tenant();
        tx.query_one(FIND, params![&tenant, self.code(), &name], |row| {
            row.uuid(0)
        })
    }

    /// Refuses an object whose name another one has that is there.
    pub(crate) fn refuse_taken(
        self,
        tx: &ReadTx<'_>,
        document: &Map<String, Value>,
        id: Uuid,
        is_there: impl FnOnce(Uuid) -> Result<bool>,
    ) -> Result<()> {
        let Some(name) = name_in(document) else {
            return Ok(());
        };
        match self.find(tx, name)? {
            Some(other) if other != id && is_there(other)? => Err(Error::AlreadyExists {
                property: "uniqueName",
            }),
            _ => Ok(()),
        }
    }

    /// Notes the name of an object that is made or brought back.
    pub(crate) fn take(
        self,
        recorded: &mut Recorded<'_, '_>,
        tenant: TenantId,
        document: &Map<String, Value>,
        id: Uuid,
    ) -> Result<()> {
        if let Some(name) = name_in(document).map(fold) {
            recorded.execute(TAKE, params![&tenant, self.code(), &name, &id])?;
        }
        Ok(())
    }
}

/// Forgets the name of an object that goes for good.
pub(crate) fn forget(recorded: &mut Recorded<'_, '_>, tenant: TenantId, id: Uuid) -> Result<()> {
    recorded.execute(FREE, params![&tenant, &id]).map(drop)
}

fn name_in(document: &Map<String, Value>) -> Option<&str> {
    document.get("uniqueName")?.as_str()
}
