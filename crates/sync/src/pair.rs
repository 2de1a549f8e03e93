//! The row of a pair: its position, its counters and what holds it up.

use store::{Change, Op, ReadTx, Tx, params};
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

/// How far a pair has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The last feed entry that was dealt with.
    pub feed_seq: u64,
    /// Whether a scan of all users is under way; the feed waits for its end.
    pub scanning: bool,
    /// The last user that the scan has dealt with.
    pub scan_after: Option<Id<kind::User>>,
    /// Users that the scan has before it, about.
    pub scan_left: u64,
    /// The form of the scope that the scan has applied; another one asks for a new scan.
    pub scope_key: String,
}

/// A pair as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) target: TenantId,
    pub(crate) job_id: Uuid,
    pub(crate) cycle_id: Uuid,
    /// The last number of its stream that was used.
    pub(crate) stream_seq: u64,
    pub(crate) position: Position,
    pub(crate) paused: bool,
    pub(crate) synced: u64,
    pub(crate) failed: u64,
    pub(crate) blocked: Option<Trace>,
    pub(crate) applied_at: Option<Timestamp>,
}

const COLUMNS: &str = "target_tenant_id, job_id, cycle_id, stream_seq, feed_seq, scanning, \
                       scan_after, scan_left, scope_key, paused, synced, failed, blocked, applied_at";

fn from_row(row: &store::Row<'_>) -> Result<Pair> {
    Ok(Pair {
        target: row.id(0)?,
        job_id: row.uuid(1)?,
        cycle_id: row.uuid(2)?,
        stream_seq: row.count(3)?,
        position: Position {
            feed_seq: row.count(4)?,
            scanning: row.bool(5)?,
            scan_after: row.opt_id(6)?,
            scan_left: row.count(7)?,
            scope_key: row.string(8)?,
        },
        paused: row.bool(9)?,
        synced: row.count(10)?,
        failed: row.count(11)?,
        blocked: row
            .opt_text(12)?
            .map(serde_json::from_str)
            .transpose()
            .map_err(Error::internal)?,
        applied_at: row.opt_timestamp(13)?,
    })
}

pub(crate) fn get(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<Pair>> {
    tx.query_one(
        &format!("SELECT {COLUMNS} FROM sync_pairs WHERE tenant_id = ?1 AND target_tenant_id = ?2"),
        params![&tx.tenant(), &target],
        from_row,
    )
}

pub(crate) fn all(tx: &ReadTx<'_>) -> Result<Vec<Pair>> {
    tx.query(
        &format!("SELECT {COLUMNS} FROM sync_pairs WHERE tenant_id = ?1 ORDER BY target_tenant_id"),
        params![&tx.tenant()],
        from_row,
    )
}

/// The pair with a target, made with a scan before it if there was none.
pub(crate) fn ensure(tx: &mut Tx<'_>, target: TenantId) -> Result<Pair> {
    if let Some(pair) = get(tx, target)? {
        return Ok(pair);
    }
    let (tenant, job_id, cycle_id) = (tx.tenant(), tx.new_uuid(), tx.new_uuid());
    let (head, now) = (tx.head()?, tx.now());
    tx.bookkeeping().execute(
        "INSERT INTO sync_pairs (tenant_id, target_tenant_id, job_id, cycle_id, stream_seq, \
         feed_seq, scanning, scan_after, scan_left, scope_key, paused, synced, failed, blocked, \
         applied_at, created_at) \
         VALUES (?1, ?2, ?3, ?4, 0, ?5, 1, NULL, 0, '', 0, 0, 0, NULL, NULL, ?6)",
        params![&tenant, &target, &job_id, &cycle_id, head, now],
    )?;
    get(tx, target)?.ok_or_else(|| Error::internal("the new pair isn't there"))
}

/// Keeps a position that was reached without anything to send.
pub(crate) fn keep_position(tx: &mut Tx<'_>, target: TenantId, at: &Position) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "UPDATE sync_pairs SET feed_seq = ?3, scanning = ?4, scan_after = ?5, scan_left = ?6, \
             scope_key = ?7 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![
                &tenant,
                &target,
                at.feed_seq,
                at.scanning,
                at.scan_after.as_ref(),
                at.scan_left,
                at.scope_key.as_str(),
            ],
        )
        .map(drop)
}

/// Keeps what holds the pair up, or that nothing does.
pub(crate) fn set_blocked(tx: &mut Tx<'_>, target: TenantId, trace: Option<&Trace>) -> Result<()> {
    let tenant = tx.tenant();
    let text = trace
        .map(serde_json::to_string)
        .transpose()
        .map_err(Error::internal)?;
    tx.bookkeeping()
        .execute(
            "UPDATE sync_pairs SET blocked = ?3 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target, text.as_deref()],
        )
        .map(drop)
}

/// Stops or goes on, at the admin's wish.
pub(crate) fn set_paused(tx: &mut Tx<'_>, target: TenantId, paused: bool) -> Result<()> {
    ensure(tx, target)?;
    let tenant = tx.tenant();
    tx.record(Change::new(
        "userSharing",
        target.uuid(),
        Op::Updated,
        &["paused"],
    ))?
    .execute(
        "UPDATE sync_pairs SET paused = ?3 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tenant, &target, paused],
    )
    .map(drop)
}

/// Drops up to `limit` links of a pair that is over; then the pair. Answers whether all is gone.
/// The users in the target stay as they are.
pub(crate) fn forget(tx: &mut Tx<'_>, target: TenantId, limit: usize) -> Result<bool> {
    let tenant = tx.tenant();
    let ids: Vec<Id<kind::User>> = tx.query(
        "SELECT user_id FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 LIMIT ?3",
        params![&tenant, &target, limit],
        |row| row.id(0),
    )?;
    let mut books = tx.bookkeeping();
    for id in &ids {
        books.execute(
            "DELETE FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND user_id = ?3",
            params![&tenant, &target, id],
        )?;
    }
    let all = ids.len() < limit;
    if all {
        books.execute(
            "DELETE FROM sync_pairs WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target],
        )?;
    }
    Ok(all)
}
