//! First answers to requests with an `Idempotency-Key`.
//!
//! The key is written in the transaction of the request's effect, so the two are there together or
//! not at all; the answer is added once it is made. If the process ends in between, a repeat is told
//! that the request was carried out and that its answer is lost, and nothing is done twice.
//!
//! Which keys are being worked on at this moment is known to the process alone; the edge keeps it.
//! Of two servers that work on one at the same time the second is refused when it marks it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{ReadTx, Tx, params};
use types::{Error, Result, Timestamp};
use uuid::Uuid;

/// A client's key.
#[derive(Debug, Clone)]
pub struct Key {
    /// The client.
    pub app_id: Uuid,
    /// The key as the client wrote it.
    pub key: String,
    /// A digest of method, path and body: the same key with another request is refused.
    pub request: Vec<u8>,
    /// Uses from before this count no more.
    pub since: Timestamp,
    /// Whether this very request has marked it.
    pub is_marked: Arc<AtomicBool>,
}

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// `Location`, if there was one.
    pub location: Option<String>,
    /// Content-Type, if there was a body.
    pub content_type: Option<String>,
    /// Body.
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It wasn't used within the time.
    Fresh,
    /// It was answered.
    Answered(Answer),
    /// It was carried out, but the answer is lost.
    Lost,
    /// It was used for another request.
    Different,
}

/// Looks a key up.
pub fn look_up(tx: &ReadTx<'_>, key: &Key) -> Result<Known> {
    let found = tx.query_one(
        "SELECT request, status, location, content_type, body FROM idempotency \
         WHERE tenant_id = ?1 AND app_id = ?2 AND idempotency_key = ?3 AND at >= ?4",
        params![&tx.tenant(), &key.app_id, &key.key, key.since],
        |row| {
            if row.bytes(0)? != key.request.as_slice() {
                return Ok(Known::Different);
            }
            let Some(status) = row.opt_int(1)? else {
                return Ok(Known::Lost);
            };
            Ok(Known::Answered(Answer {
                status: u16::try_from(status).unwrap_or(200),
                location: row.opt_string(2)?,
                content_type: row.opt_string(3)?,
                body: row.opt_bytes(4)?.unwrap_or_default().to_vec(),
            }))
        },
    )?;
    Ok(found.unwrap_or(Known::Fresh))
}

/// Writes down that the request of a key takes effect in this transaction. `Conflict` if it took
/// effect already: which keys are being worked on each server knows of itself only, so this is
/// where two of them meet.
pub fn mark(tx: &mut Tx<'_>, key: &Key) -> Result<()> {
    if !key.is_marked.swap(true, Ordering::Relaxed) && look_up(tx, key)? != Known::Fresh {
        return Err(Error::conflict(
            "A request with this Idempotency-Key is being carried out.",
        ));
    }
    keep(tx, key, None)
}

/// Keeps the answer of a key.
pub fn keep(tx: &mut Tx<'_>, key: &Key, answer: Option<&Answer>) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.bookkeeping().execute(
        "INSERT INTO idempotency (tenant_id, app_id, idempotency_key, request, at, status, \
         location, content_type, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
         ON CONFLICT (tenant_id, app_id, idempotency_key) DO UPDATE SET request = excluded.request, \
         at = excluded.at, status = excluded.status, location = excluded.location, \
         content_type = excluded.content_type, body = excluded.body",
        params![
            &tenant,
            &key.app_id,
            &key.key,
            key.request.as_slice(),
            now,
            answer.map(|answer| i64::from(answer.status)),
            answer.and_then(|answer| answer.location.as_deref()),
            answer.and_then(|answer| answer.content_type.as_deref()),
            answer.map(|answer| answer.body.as_slice())
        ],
    )?;
    Ok(())
}

/// Drops keys from before an instant, so many at most; answers how many.
pub(crate) fn trim(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64> {
    let tenant = tx.tenant();
    tx.bookkeeping().execute(
        "DELETE FROM idempotency WHERE tenant_id = ?1 AND (app_id, idempotency_key) IN \
         (SELECT app_id, idempotency_key FROM idempotency WHERE tenant_id = ?1 AND at < ?2 LIMIT ?3)",
        params![&tenant, before, limit],
    )
}
