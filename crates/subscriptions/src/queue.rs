//! What waits to be told.
//!
//! Bookkeeping of the deliveries: no reader of the feed looks at it.

use serde_json::json;
use store::{ReadTx, Tx, params};
use types::{Result, Timestamp};
use uuid::Uuid;

use crate::model::Subscription;
use crate::{BATCH, KEPT_HOURS, RICH_BATCH, records};

const OPEN: &str = "INSERT INTO subscription_lanes (tenant_id, subscription_id, lane, pending) \
    VALUES (?1, ?2, ?3, 0)";
const PUSH: &str = "INSERT INTO notifications (tenant_id, subscription_id, lane, number, \
    queued_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const GROW: &str = "UPDATE subscription_lanes SET pending = pending + ?4 \
    WHERE tenant_id = ?1 AND subscription_id = ?2 AND lane = ?3";
const SHRINK: &str = "UPDATE subscription_lanes SET pending = pending - ?4, failing_since = ?5 \
    WHERE tenant_id = ?1 AND subscription_id = ?2 AND lane = ?3";
const FAIL: &str = "UPDATE subscription_lanes SET failing_since = ?4 \
    WHERE tenant_id = ?1 AND subscription_id = ?2 AND lane = ?3";
const STAND: &str = "SELECT pending, failing_since FROM subscription_lanes \
    WHERE tenant_id = ?1 AND subscription_id = ?2 AND lane = ?3";
const PENDING: &str =
    "SELECT subscription_id, lane FROM subscription_lanes WHERE tenant_id = ?1 AND pending > 0";
const TAKE: &str = "SELECT number, queued_at, body FROM notifications WHERE tenant_id = ?1 \
    AND subscription_id = ?2 AND lane = ?3 ORDER BY number LIMIT ?4";
const LAST: &str = "SELECT max(number) FROM notifications WHERE tenant_id = ?1 \
    AND subscription_id = ?2 AND lane = ?3";
const OLDEST: &str = "SELECT queued_at FROM notifications WHERE tenant_id = ?1 \
    AND subscription_id = ?2 AND lane = ?3 ORDER BY number LIMIT 1";
const DELETE_UPTO: &str = "DELETE FROM notifications WHERE tenant_id = ?1 \
    AND subscription_id = ?2 AND lane = ?3 AND number <= ?4";
const DELETE_OLD: &str = "DELETE FROM notifications WHERE tenant_id = ?1 \
    AND subscription_id = ?2 AND lane = ?3 AND queued_at <= ?4";
const DELETE_LANE: &str = "DELETE FROM notifications WHERE tenant_id = ?1 \
    AND subscription_id = ?2 AND lane = ?3";
const DELETE_ALL: &str = "DELETE FROM notifications WHERE tenant_id = ?1 AND subscription_id = ?2";
const CLOSE: &str = "DELETE FROM subscription_lanes WHERE tenant_id = ?1 AND subscription_id = ?2";

/// What a subscription is told of: changes, or its own lifecycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    Changes,
    Lifecycle,
}

impl Lane {
    const fn code(self) -> i64 {
        match self {
            Self::Changes => 0,
            Self::Lifecycle => 1,
        }
    }
}

/// A lane of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) subscription: Uuid,
    pub(crate) lane: Lane,
}

/// What waits first.
pub(crate) struct Batch {
    pub(crate) subscription: Subscription,
    pub(crate) items: Vec<Item>,
}

pub(crate) struct Item {
    pub(crate) number: u64,
    pub(crate) body: String,
}

/// What a failure came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failed {
    /// So many were dropped.
    pub(crate) dropped: u64,
    /// So many wait still.
    pub(crate) pending: u64,
    /// A message about it waits as well.
    pub(crate) told: bool,
}

pub(crate) fn open(tx: &mut Tx<'_>, subscription: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    for lane in [Lane::Changes, Lane::Lifecycle] {
        tx.bookkeeping()
            .execute(OPEN, params![&tenant, &subscription, lane.code()])?;
    }
    Ok(())
}

pub(crate) fn close(tx: &mut Tx<'_>, subscription: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    let mut books = tx.bookkeeping();
    books.execute(DELETE_ALL, params![&tenant, &subscription])?;
    books.execute(CLOSE, params![&tenant, &subscription])?;
    Ok(())
}

/// Drops what waits in a lane.
pub(crate) fn clear(tx: &mut Tx<'_>, subscription: Uuid, lane: Lane) -> Result<u64> {
    let (tenant, lane) = (tx.tenant(), lane.code());
    let mut books = tx.bookkeeping();
    let dropped = books.execute(DELETE_LANE, params![&tenant, &subscription, lane])?;
    let none: Option<i64> = None;
    books.execute(SHRINK, params![&tenant, &subscription, lane, dropped, none])?;
    Ok(dropped)
}

/// Lets something wait in a lane; how many do is noted by [`grow`].
pub(crate) fn push(tx: &mut Tx<'_>, key: Key, number: u64, body: &str) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.bookkeeping().execute(
        PUSH,
        params![
            &tenant,
            &key.subscription,
            key.lane.code(),
            number,
            now,
            body
        ],
    )?;
    Ok(())
}

pub(crate) fn grow(tx: &mut Tx<'_>, key: Key, by: u64) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping().execute(
        GROW,
        params![&tenant, &key.subscription, key.lane.code(), by],
    )?;
    Ok(())
}

/// How many wait in a lane, and since when it fails.
pub(crate) fn stand(tx: &ReadTx<'_>, key: Key) -> Result<(u64, Option<Timestamp>)> {
    let found = tx.query_one(
        STAND,
        params![&tx.tenant(), &key.subscription, key.lane.code()],
        |row| Ok((row.count(0)?, row.opt_timestamp(1)?)),
    )?;
    Ok(found.unwrap_or((0, None)))
}

/// Lets an event of a subscription's lifecycle wait, unless the same one does already.
pub(crate) fn lifecycle(tx: &mut Tx<'_>, subscription: Uuid, event: &str) -> Result<Key> {
    let key = Key {
        subscription,
        lane: Lane::Lifecycle,
    };
    let body = json!({ "lifecycleEvent": event }).to_string();
    let waiting = tx.query(
        TAKE,
        params![&tx.tenant(), &subscription, key.lane.code(), 16_i64],
        |row| row.string(2),
    )?;
    if !waiting.contains(&body) {
        let last = tx.query_one(
            LAST,
            params![&tx.tenant(), &subscription, key.lane.code()],
            |row| row.opt_int(0),
        )?;
        let number = last.flatten().unwrap_or(0).unsigned_abs() + 1;
        push(tx, key, number, &body)?;
        grow(tx, key, 1)?;
    }
    Ok(key)
}

/// The lanes in which something waits.
pub(crate) fn pending(tx: &ReadTx<'_>) -> Result<Vec<Key>> {
    tx.query(PENDING, params![&tx.tenant()], |row| {
        Ok(Key {
            subscription: row.uuid(0)?,
            lane: if row.int(1)? == 0 {
                Lane::Changes
            } else {
                Lane::Lifecycle
            },
        })
    })
}

/// What waits first in a lane, if anything does.
pub(crate) fn batch(tx: &ReadTx<'_>, key: Key) -> Result<Option<Batch>> {
    let Some(subscription) = records::load(tx, key.subscription)? else {
        return Ok(None);
    };
    let is_over = subscription.is_removed || subscription.expires_at <= tx.now();
    if key.lane == Lane::Changes && is_over {
        return Ok(None);
    }
    let size = if subscription.document.include_resource_data {
        RICH_BATCH
    } else {
        BATCH
    };
    let items = tx.query(
        TAKE,
        params![&tx.tenant(), &key.subscription, key.lane.code(), size],
        |row| {
            Ok(Item {
                number: row.count(0)?,
                body: row.string(2)?,
            })
        },
    )?;
    Ok((!items.is_empty()).then_some(Batch {
        subscription,
        items,
    }))
}

/// Notes that everything up to a number was taken; answers whether more waits.
pub(crate) fn delivered(tx: &mut Tx<'_>, key: Key, upto: u64) -> Result<bool> {
    let (tenant, lane) = (tx.tenant(), key.lane.code());
    let mut books = tx.bookkeeping();
    let gone = books.execute(DELETE_UPTO, params![&tenant, &key.subscription, lane, upto])?;
    let none: Option<i64> = None;
    books.execute(
        SHRINK,
        params![&tenant, &key.subscription, lane, gone, none],
    )?;
    end(tx, key).map(|pending| pending > 0)
}

/// Notes that nobody takes what waits. What has waited for too long, and has been tried for as long,
/// is dropped.
pub(crate) fn failed(tx: &mut Tx<'_>, key: Key) -> Result<Failed> {
    let (tenant, now, lane) = (tx.tenant(), tx.now(), key.lane.code());
    let (pending, failing_since) = stand(tx, key)?;
    let mut failed = Failed {
        dropped: 0,
        pending,
        told: false,
    };
    if pending == 0 {
        return Ok(failed);
    }
    let Some(failing_since) = failing_since else {
        tx.bookkeeping()
            .execute(FAIL, params![&tenant, &key.subscription, lane, now])?;
        return Ok(failed);
    };
    let oldest_kept = now.plus_seconds(-KEPT_HOURS * 3_600);
    if failing_since > oldest_kept {
        return Ok(failed);
    }
    let mut books = tx.bookkeeping();
    failed.dropped = books.execute(
        DELETE_OLD,
        params![&tenant, &key.subscription, lane, oldest_kept],
    )?;
    let oldest = tx.query_one(OLDEST, params![&tenant, &key.subscription, lane], |row| {
        row.timestamp(0)
    })?;
    tx.bookkeeping().execute(
        SHRINK,
        params![&tenant, &key.subscription, lane, failed.dropped, oldest],
    )?;
    failed.pending = end(tx, key)?;
    if key.lane == Lane::Changes && failed.dropped > 0 {
        failed.told = missed(tx, key.subscription)?;
    }
    Ok(failed)
}

/// Tells a subscription that it missed something, if it wants to be told; answers whether it does.
pub(crate) fn missed(tx: &mut Tx<'_>, subscription: Uuid) -> Result<bool> {
    let wants = records::load(tx, subscription)?
        .is_some_and(|it| !it.is_removed && it.document.lifecycle_notification_url.is_some());
    if wants {
        lifecycle(tx, subscription, "missed")?;
    }
    Ok(wants)
}

/// How many wait still. A subscription that was taken away goes with its last message.
fn end(tx: &mut Tx<'_>, key: Key) -> Result<u64> {
    let (pending, _) = stand(tx, key)?;
    let is_last = key.lane == Lane::Lifecycle && pending == 0;
    if is_last && records::load(tx, key.subscription)?.is_some_and(|it| it.is_removed) {
        records::forget_removed(tx, key.subscription)?;
    }
    Ok(pending)
}
