//! The feed: one ordered, gapless list of changes per island.
//!
//! Each write appends in its own transaction. `seq` starts at 1 and has no gaps; readers hold the
//! last `seq` they have dealt with. Entries older than the retention window are trimmed, and a
//! reader that stood before the window is told so ([`types::Error::Gone`]), never skipped on.

use types::{Error, Result, Timestamp};
use uuid::Uuid;

use crate::params;
use crate::tx::ReadTx;

/// What happened to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// It is new.
    Created,
    /// Some of its properties changed.
    Updated,
    /// It was deleted, restorable where its kind has that.
    Deleted,
    /// It came back from deletion.
    Restored,
    /// It is gone for good.
    Purged,
}

impl Op {
    const fn code(self) -> i64 {
        match self {
            Self::Created => 1,
            Self::Updated => 2,
            Self::Deleted => 3,
            Self::Restored => 4,
            Self::Purged => 5,
        }
    }
    fn from_code(code: i64) -> Result<Self> {
        Ok(match code {
            1 => Self::Created,
            2 => Self::Updated,
            3 => Self::Deleted,
            4 => Self::Restored,
            5 => Self::Purged,
            other => return Err(Error::internal(format!("unknown feed operation {other}"))),
        })
    }
}

/// A change to be written.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The kind of object, as Graph names the type: `user`, `group`, `crossTenantAccessPolicy` ….
    pub kind: &'static str,
    /// The object.
    pub object: Uuid,
    /// The other end, where the change is of a relation: the member that was added; of a user's
    /// manager the one before.
    pub related: Option<Uuid>,
    /// What happened.
    pub op: Op,
    /// The names of the properties that changed, as Graph spells them; empty for a creation.
    pub properties: &'a [&'a str],
}

impl<'a> Change<'a> {
    /// A change of an object by itself.
    pub const fn new(kind: &'static str, object: Uuid, op: Op, properties: &'a [&'a str]) -> Self {
        Self {
            kind,
            object,
            related: None,
            op,
            properties,
        }
    }
    /// The same, and which object was at the other end of a relation before.
    #[must_use]
    pub const fn with_related(self, related: Option<Uuid>) -> Self {
        Self { related, ..self }
    }
    /// A change of a relation between two objects.
    pub const fn relation(kind: &'static str, object: Uuid, related: Uuid, op: Op) -> Self {
        Self {
            kind,
            object,
            related: Some(related),
            op,
            properties: &[],
        }
    }
}

/// A change that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its place in the island's order.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who, in the short form of [`types::Actor::code`].
    pub actor: String,
    /// The kind of object.
    pub kind: String,
    /// The object.
    pub object: Uuid,
    /// The other end of a relation.
    pub related: Option<Uuid>,
    /// What happened.
    pub op: Op,
    /// The names of the changed properties.
    pub properties: Vec<String>,
}

pub(crate) fn append(tx: &ReadTx<'_>, seq: u64, actor: &str, change: &Change<'_>) -> Result<()> {
    let properties = change.properties.join(",");
    tx.connection().execute_later(
        "INSERT INTO feed (tenant_id, seq, at, actor, kind, object_id, related_id, op, properties) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            &tx.tenant(),
            seq,
            tx.now(),
            actor,
            change.kind,
            &change.object,
            change.related.as_ref(),
            change.op.code(),
            (!properties.is_empty()).then_some(properties.as_str()),
        ],
        None,
    )?;
    Ok(())
}

impl ReadTx<'_> {
    /// The last `seq` that this snapshot sees; 0 before the first change.
    pub fn head(&self) -> Result<u64> {
        Ok(self
            .query_one(
                "SELECT seq FROM feed_head WHERE tenant_id = ?1",
                params![&self.tenant()],
                |row| row.count(0),
            )?
            .unwrap_or(0))
    }

    /// The oldest `seq` that is still kept, less one: the earliest position one can read from.
    pub fn feed_floor(&self) -> Result<u64> {
        Ok(self
            .query_one(
                "SELECT floor FROM feed_head WHERE tenant_id = ?1",
                params![&self.tenant()],
                |row| row.count(0),
            )?
            .unwrap_or(0))
    }

    /// Up to `limit` changes after position `after`, in order. `Gone` if `after` lies before the
    /// retained window.
    pub fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeRow>> {
        if after < self.feed_floor()? {
            return Err(Error::Gone {
                message: "The position is older than the changes that are kept. Start over.".into(),
            });
        }
        self.query(
            "SELECT seq, at, actor, kind, object_id, related_id, op, properties FROM feed \
             WHERE tenant_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            params![&self.tenant(), after, limit],
            |row| {
                Ok(ChangeRow {
                    seq: row.count(0)?,
                    at: row.timestamp(1)?,
                    actor: row.string(2)?,
                    kind: row.string(3)?,
                    object: row.uuid(4)?,
                    related: row.opt_uuid(5)?,
                    op: Op::from_code(row.int(6)?)?,
                    properties: row
                        .opt_text(7)?
                        .map(|text| text.split(',').map(str::to_owned).collect())
                        .unwrap_or_default(),
                })
            },
        )
    }
}
