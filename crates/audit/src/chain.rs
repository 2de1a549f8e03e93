//! The chain of digests: appending, trimming, verifying.
//!
//! A row's digest is SHA-256 over the digest before it and the row's own content, each part led by
//! its length. `audit_chain` keeps both ends, so that a missing first or last row shows as well.

use aws_lc_rs::digest::{Context, SHA256};
use store::{Carried, ReadTx, Rows, Tx, params};
use types::{Error, Result, TenantId, Timestamp};
use uuid::Uuid;

type Digest = [u8; 32];

/// What a digest covers.
pub(crate) struct Content<'a> {
    pub(crate) id: Uuid,
    pub(crate) at: Timestamp,
    pub(crate) category: &'a str,
    pub(crate) activity: &'a str,
    pub(crate) result: &'a str,
    pub(crate) app_id: Option<Uuid>,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) doc: &'a str,
}

impl Content<'_> {
    fn digest(&self, previous: &[u8], seq: u64) -> Result<Digest> {
        let mut context = Context::new(&SHA256);
        let optional = |id: &Option<Uuid>| id.map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let parts: [&[u8]; 10] = [
            previous,
            &seq.to_be_bytes(),
            self.id.as_bytes(),
            &self.at.0.to_be_bytes(),
            self.category.as_bytes(),
            self.activity.as_bytes(),
            self.result.as_bytes(),
            &optional(&self.app_id),
            &optional(&self.user_id),
            self.doc.as_bytes(),
        ];
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context
            .finish()
            .as_ref()
            .try_into()
            .map_err(Error::internal)
    }
}

/// A place in the chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) seq: u64,
    pub(crate) digest: Digest,
}

/// The last entry and the last one that was trimmed, and how far the entries between them are in the
/// index of what they name.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) head: Link,
    pub(crate) floor: Link,
    /// The place of the last entry in the index, or an earlier one.
    pub(crate) indexed: u64,
}

const ENDS: &str = "SELECT seq, digest, floor_seq, floor_digest, indexed_seq FROM audit_chain \
    WHERE tenant_id = ?1";
const SET_ENDS: &str = "INSERT INTO audit_chain (tenant_id, seq, digest, floor_seq, floor_digest, \
    indexed_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (tenant_id) DO UPDATE \
    SET seq = excluded.seq, digest = excluded.digest, floor_seq = excluded.floor_seq, \
    floor_digest = excluded.floor_digest, indexed_seq = excluded.indexed_seq";
const ROWS: &str = "SELECT seq, id, at, category, activity, result, app_id, user_id, doc, digest \
    FROM audit_log WHERE tenant_id = ?1 ORDER BY seq";
/// The last entry before the first that is to be kept, up to a place. By place, not by time alone:
/// a clock that was set back must not tear a hole into the chain. `at + 0` keeps the engine from
/// walking the index by time, which would visit everything that stays.
const LAST_TO_TRIM: &str = "SELECT seq, digest FROM audit_log WHERE tenant_id = ?1 AND seq < \
    coalesce((SELECT min(seq) FROM audit_log WHERE tenant_id = ?1 AND seq <= ?3 \
    AND at + 0 >= ?2), ?4) AND seq <= ?3 ORDER BY seq DESC LIMIT 1";
/// Entries trimmed at once, at most, so that what waits for the writer doesn't wait long.
const TRIM_MAX: u64 = 5_000;

fn link(row: &store::Row<'_>, column: usize) -> Result<Link> {
    Ok(Link {
        seq: row.count(column)?,
        digest: row.bytes(column + 1)?.try_into().map_err(Error::internal)?,
    })
}

impl Carried for Ends {
    fn write(&self, tenant: TenantId, rows: &Rows<'_>) -> Result<()> {
        let Self {
            head,
            floor,
            indexed,
        } = self;
        rows.put(
            1,
            SET_ENDS,
            params![
                &tenant,
                head.seq,
                &head.digest,
                floor.seq,
                &floor.digest,
                *indexed
            ],
        )
    }
}

/// As a command sees them.
pub(crate) fn ends(tx: &Tx<'_>) -> Result<Ends> {
    if let Some(ends) = tx.carried() {
        return Ok(ends);
    }
    let ends = read_ends(tx)?;
    tx.note(ends);
    Ok(ends)
}

/// As they are in the database, which is what every command before this one left behind.
pub(crate) fn read_ends(tx: &ReadTx<'_>) -> Result<Ends> {
    let start = Link {
        seq: 0,
        digest: [0; 32],
    };
    Ok(tx
        .query_one(ENDS, params![&tx.tenant()], |row| {
            let head = link(row, 0)?;
            let indexed = row.opt_int(4)?.map_or(Ok(head.seq), u64::try_from);
            Ok(Ends {
                head,
                floor: link(row, 2)?,
                indexed: indexed.map_err(Error::internal)?,
            })
        })?
        .unwrap_or(Ends {
            head: start,
            floor: start,
            indexed: 0,
        }))
}

/// Takes the next place in the chain for an entry.
pub(crate) fn append(tx: &mut Tx<'_>, content: &Content<'_>) -> Result<Link> {
    let ends = ends(tx)?;
    let seq = ends.head.seq + 1;
    let head = Link {
        seq,
        digest: content.digest(&ends.head.digest, seq)?,
    };
    tx.bookkeeping().carry(Ends { head, ..ends });
    Ok(head)
}

/// Has the chain begin behind entries from before `before`, the oldest and at most 5,000; answers the
/// place of the last of them, if there are any.
pub(crate) fn trim(tx: &mut Tx<'_>, before: Timestamp) -> Result<Option<u64>> {
    let tenant = tx.tenant();
    let ends = ends(tx)?;
    let last = ends.floor.seq + TRIM_MAX;
    let last = tx.query_one(
        LAST_TO_TRIM,
        params![&tenant, before, last, last + 1],
        |row| link(row, 0),
    )?;
    let Some(floor) = last else { return Ok(None) };
    let indexed = ends.indexed.max(floor.seq);
    tx.bookkeeping().carry(Ends {
        floor,
        indexed,
        ..ends
    });
    Ok(Some(floor.seq))
}

/// Walks the whole log; `None` if its chain is unbroken, otherwise where it is broken.
pub fn verify(tx: &ReadTx<'_>) -> Result<Option<String>> {
    let Ends { head, floor, .. } = read_ends(tx)?;
    let (mut last, mut broken) = (floor, None);
    tx.for_each(ROWS, params![&tx.tenant()], |row| {
        if broken.is_some() {
            return Ok(());
        }
        let digest = row.bytes(9)?.try_into().map_err(Error::internal)?;
        let found = Link {
            seq: row.count(0)?,
            digest,
        };
        let content = Content {
            id: row.uuid(1)?,
            at: row.timestamp(2)?,
            category: row.text(3)?,
            activity: row.text(4)?,
            result: row.text(5)?,
            app_id: row.opt_uuid(6)?,
            user_id: row.opt_uuid(7)?,
            doc: row.text(8)?,
        };
        if found.seq != last.seq + 1 {
            broken = Some(format!(
                "Entry {} of the audit log is missing.",
                last.seq + 1
            ));
        } else if found.digest != content.digest(&last.digest, found.seq)? {
            broken = Some(format!("Entry {} of the audit log was changed.", found.seq));
        }
        last = found;
        Ok(())
    })?;
    if broken.is_none() && last != head {
        broken = Some(format!(
            "The audit log ends at entry {} instead of {}.",
            last.seq, head.seq
        ));
    }
    Ok(broken)
}
