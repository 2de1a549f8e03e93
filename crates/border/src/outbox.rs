//! The outbox: messages to other tenants, written in the transaction of the command that sends
//! them, numbered per receiver, and kept until the receiver's receipt is in.

use store::{Change, Fence, Op, ReadTx, Tx, params};
use types::{Error, Result, TenantId};

use crate::{CONTROL, Envelope};

/// Messages to one receiver that may wait. A receiver that is away for long enough to fill it makes
/// the commands that would write to it fail, instead of filling the disk.
pub const WAITING_MAX: u64 = 10_000;

/// Puts a message into the outbox. It leaves once the transaction is durable.
pub fn post<T: serde::Serialize>(
    tx: &mut Tx<'_>,
    to: TenantId,
    kind: &str,
    body: &T,
) -> Result<u64> {
    let tenant = tx.tenant();
    let body = serde_json::to_string(body).map_err(Error::internal)?;
    let head = tx
        .query_one(
            "SELECT seq FROM outbox_heads WHERE tenant_id = ?1 AND to_tenant_id = ?2",
            params![&tenant, &to],
            |row| row.count(0),
        )?
        .unwrap_or(0);
    let oldest = tx.query_one(
        "SELECT seq FROM outbox WHERE tenant_id = ?1 AND to_tenant_id = ?2 ORDER BY seq LIMIT 1",
        params![&tenant, &to],
        |row| row.count(0),
    )?;
    if oldest.is_some_and(|oldest| head - oldest >= WAITING_MAX) {
        return Err(Error::unavailable(
            format!(
                "Tenant {to} has been out of reach for too long: {WAITING_MAX} messages wait for it."
            ),
            60,
        ));
    }
    let (seq, now) = (head + 1, tx.now());
    let mut recorded = tx.record(Change::new("envelope", to.uuid(), Op::Created, &[]))?;
    recorded.execute(
        "INSERT INTO outbox (tenant_id, to_tenant_id, seq, kind, body, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![&tenant, &to, seq, kind, &body, now],
    )?;
    recorded.execute(
        "INSERT INTO outbox_heads (tenant_id, to_tenant_id, seq) VALUES (?1, ?2, ?3) \
         ON CONFLICT (tenant_id, to_tenant_id) DO UPDATE SET seq = excluded.seq",
        params![&tenant, &to, seq],
    )?;
    Ok(seq)
}

/// The receivers for which something waits.
pub fn receivers(tx: &ReadTx<'_>) -> Result<Vec<TenantId>> {
    tx.query(
        "SELECT DISTINCT to_tenant_id FROM outbox WHERE tenant_id = ?1",
        params![&tx.tenant()],
        |row| row.id(0),
    )
}

/// The oldest waiting message to one receiver.
pub fn oldest(tx: &ReadTx<'_>, to: TenantId) -> Result<Option<Envelope>> {
    tx.query_one(
        "SELECT seq, kind, body FROM outbox WHERE tenant_id = ?1 AND to_tenant_id = ?2 \
         ORDER BY seq LIMIT 1",
        params![&tx.tenant(), &to],
        |row| {
            Ok(Envelope {
                from: tx.tenant(),
                to,
                stream: CONTROL.into(),
                seq: row.count(0)?,
                kind: row.string(1)?,
                body: row.string(2)?,
                fence: Fence::open(),
            })
        },
    )
}

/// Takes a message out once its receipt is in. Answers whether it was still there.
pub fn remove(tx: &mut Tx<'_>, to: TenantId, seq: u64) -> Result<bool> {
    let tenant = tx.tenant();
    let removed = tx.bookkeeping().execute(
        "DELETE FROM outbox WHERE tenant_id = ?1 AND to_tenant_id = ?2 AND seq = ?3",
        params![&tenant, &to, seq],
    )?;
    Ok(removed > 0)
}
