//! Housekeeping: what is kept for a time goes when the time is over, and what is found by its words, or
//! an entry of the audit log by what it names, is in its index.
//!
//! One task for all tenants whose work is this server's, a few hundred objects per transaction, so that nobody waits behind it.

use std::time::Duration;

use directory::roles;
use directory::search::{self, Progress};
use store::{Island, ReadTx, Store, Tx, params};
use tokio::time::Instant;
use types::{Actor, Result, Timestamp};

use crate::config::Limits;
use crate::idempotency;
use crate::oauth;
use crate::work::Tidied;

/// How often it goes around.
const EVERY: Duration = Duration::from_hours(1);
/// How often what idle connections keep in memory is given back.
const RELEASE_EVERY: Duration = Duration::from_secs(30);
/// Objects in one transaction.
const AT_ONCE: usize = 500;
const DAY_SECONDS: i64 = 24 * 3_600;
const HOUR_SECONDS: i64 = 3_600;

/// Goes around for ever.
pub(crate) async fn run(store: Store, limits: Limits) {
    let mut tidied = Tidied::default();
    let mut changes = store.work_changes();
    loop {
        for tenant in store.tenants() {
            let tenant = tenant.tenant_id;
            let Some(fence) = store.fence(tenant) else {
                continue;
            };
            if !tidied.is_due(tenant, fence, EVERY) {
                continue;
            }
            let outcome = match store.island(tenant) {
                Ok(island) => tidy(&island.behind(fence), &limits).await,
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                tracing::warn!(%tenant, %error, "housekeeping failed");
            }
            tidied.note(tenant, fence);
        }
        tokio::select! {
            () = changes.changed() => {}
            () = tokio::time::sleep(RELEASE_EVERY) => {
                let store = store.clone();
                let _ = tokio::task::spawn_blocking(move || store.release_memory()).await;
            }
        }
    }
}

type Trim = fn(&mut Tx<'_>, Timestamp) -> Result<bool>;

/// What goes: the limit that says when, in which unit of seconds, and how. Each answers whether
/// there is more.
const TRIMS: &[(&str, i64, Trim)] = &[
    ("deleted_days", DAY_SECONDS, |tx, before| {
        Ok(directory::users::purge_expired(tx, before, AT_ONCE)? >= AT_ONCE)
    }),
    ("deleted_days", DAY_SECONDS, |tx, before| {
        Ok(directory::groups::purge_expired(tx, before, AT_ONCE)? >= AT_ONCE)
    }),
    ("deleted_days", DAY_SECONDS, |tx, before| {
        Ok(directory::applications::purge_expired(tx, before, AT_ONCE)? >= AT_ONCE)
    }),
    ("deleted_days", DAY_SECONDS, |tx, before| {
        Ok(directory::service_principals::purge_expired(tx, before, AT_ONCE)? >= AT_ONCE)
    }),
    ("deleted_days", DAY_SECONDS, |tx, before| {
        Ok(directory::administrative_units::purge_expired(tx, before, AT_ONCE)? >= AT_ONCE)
    }),
    ("feed_days", DAY_SECONDS, trim_feed),
    ("audit_days", DAY_SECONDS, |tx, before| {
        Ok(audit::trim(tx, before)? > 0)
    }),
    ("organization_invitation_days", DAY_SECONDS, |tx, before| {
        Ok(organization::trim_invitations(tx, before, AT_ONCE)? >= AT_ONCE)
    }),
    ("audit_days", DAY_SECONDS, |tx, before| {
        Ok(::readiness::requests::trim(tx, before, AT_ONCE)? >= AT_ONCE)
    }),
    ("sign_in_days", DAY_SECONDS, |tx, before| {
        Ok(audit::sign_ins::trim(tx, before, AT_ONCE)? >= AT_ONCE as u64)
    }),
    ("provisioning_days", DAY_SECONDS, |tx, before| {
        Ok(sync::provisioning::trim(tx, before, AT_ONCE)? >= AT_ONCE as u64)
    }),
    ("idempotency_hours", HOUR_SECONDS, |tx, before| {
        Ok(idempotency::trim(tx, before, AT_ONCE)? >= AT_ONCE as u64)
    }),
];

/// Feed entries that go in one transaction.
const FEED_AT_ONCE: u64 = 5_000;

fn trim_feed(tx: &mut Tx<'_>, before: Timestamp) -> Result<bool> {
    let floor = tx.feed_floor()?;
    let last = last_before(tx, floor, before)?;
    if last > floor {
        tx.trim_feed(last)?;
    }
    Ok(last == floor + FEED_AT_ONCE)
}

/// The newest of the next so many entries that is older than an instant.
fn last_before(tx: &ReadTx<'_>, floor: u64, before: Timestamp) -> Result<u64> {
    let found = tx.query_one(
        "SELECT coalesce(max(seq), 0) FROM feed WHERE tenant_id = ?1 AND seq > ?2 AND seq <= ?3 \
         AND at < ?4",
        params![&tx.tenant(), floor, floor + FEED_AT_ONCE, before],
        |row| row.count(0),
    )?;
    Ok(found.unwrap_or(0).max(floor))
}

/// Whether an index has everything, and how it goes on.
type Index = (
    fn(&ReadTx<'_>) -> Result<bool>,
    fn(&mut Tx<'_>) -> Result<()>,
);

/// What is written behind something else.
const INDEXES: &[Index] = &[
    (
        |tx| Ok(search::progress(tx)? == Progress::Current),
        |tx| search::catch_up(tx).map(drop),
    ),
    (
        |tx| Ok(audit::behind(tx)? == 0),
        |tx| audit::index(tx).map(drop),
    ),
];

/// Transactions in which an index is brought up to date at one go.
const INDEX_STEPS: usize = 20_000;

/// How much longer it rests after each of them than it took.
const INDEX_RESTS: u32 = 15;

async fn tidy(island: &Island, limits: &Limits) -> Result<()> {
    // In tenants from before there were roles.
    if !island.read(roles::is_settled).await? {
        island.write(Actor::System, roles::appoint_first).await?;
    }
    // Before changes go that it hasn't seen.
    for (is_current, go_on) in INDEXES {
        for _ in 0..INDEX_STEPS {
            if island.read(is_current).await? {
                break;
            }
            let began = Instant::now();
            island.write(Actor::System, go_on).await?;
            // Nobody waits for this: who looks there before it is done goes on with it himself.
            tokio::time::sleep(began.elapsed() * INDEX_RESTS).await;
        }
    }
    while island
        .write(Actor::System, |tx| oauth::sweep(tx, AT_ONCE))
        .await?
    {}
    while island
        .write(Actor::System, |tx| credentials::sweep(tx, AT_ONCE))
        .await?
    {}
    for (limit, unit, trim) in TRIMS {
        let keep = i64::try_from(limits.get(limit))
            .unwrap_or(i64::MAX)
            .saturating_mul(*unit);
        loop {
            let more = island
                .write(Actor::System, move |tx| {
                    let before = tx.now().plus_seconds(-keep);
                    trim(tx, before)
                })
                .await?;
            if !more {
                break;
            }
        }
    }
    Ok(())
}
