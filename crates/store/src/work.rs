//! Whose work is whose. Any number of servers serve one database; the background work of a tenant
//! (its pairs, its outbox, its housekeeping) is done by one of them.
//!
//! Tenants are dealt into a fixed number of shards, and each shard is leased. A lease has an epoch,
//! which grows with every holder: a [`Fence`] names it, and whatever is written behind a fence looks
//! in its own transaction whether the epoch still holds. So a server that was stopped for longer
//! than its lease and goes on commits nothing of that work, however sure it is of itself. The times
//! are only about when another may take over, never about what is right.
//!
//! On files there is one server, and all work is its own.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;
use types::{Error, Result, TenantId};
use uuid::Uuid;

use crate::island::Store;
use crate::params;
use crate::tx::ReadTx;

/// Parts that tenants are dealt into; so many servers can share the work, at most.
pub(crate) const SHARDS: i64 = 64;

/// The right to work for some tenants, for as long as nobody else has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Fence(Option<Hold>);

/// A lease in one holder's hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hold {
    pub(crate) shard: i64,
    pub(crate) holder: Uuid,
    pub(crate) epoch: i64,
}

impl Fence {
    /// Nobody else can be there: nothing has to be looked at.
    pub const fn open() -> Self {
        Self(None)
    }

    pub(crate) const fn of(hold: Hold) -> Self {
        Self(Some(hold))
    }

    /// The epoch, where there is a lease.
    pub fn epoch(&self) -> Option<u64> {
        let hold = self.0.as_ref()?;
        u64::try_from(hold.epoch).ok()
    }

    /// That the right still holds, as the transaction sees it.
    pub(crate) fn check(&self, tx: &ReadTx<'_>) -> Result<()> {
        let Some(hold) = &self.0 else {
            return Ok(());
        };
        let holds = tx.count(
            "SELECT count(*) FROM work_leases WHERE shard = ?1 AND holder = ?2 AND epoch = ?3",
            params![hold.shard, hold.holder.as_bytes(), hold.epoch],
        )?;
        if holds == 0 {
            return Err(Error::unavailable(
                "Another server has taken over this work.",
                1,
            ));
        }
        Ok(())
    }
}

/// What this server knows of the distribution of work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shares {
    /// Its own leases, by shard.
    pub(crate) own: HashMap<i64, Fence>,
    /// The epochs of all leases that somebody holds, by shard.
    pub(crate) epochs: HashMap<i64, i64>,
    /// Servers that live, this one included.
    pub(crate) servers: usize,
}

pub(crate) type SharesSender = watch::Sender<Arc<Shares>>;

/// The shard of a tenant.
pub(crate) fn shard(tenant: TenantId) -> i64 {
    let tail = tenant.uuid().as_u128() % u128::from(SHARDS.unsigned_abs());
    i64::try_from(tail).unwrap_or(0)
}

impl Store {
    /// Begins to take part in the work of all tenants. A guest (a command beside servers) takes only
    /// what nobody does. Once is enough.
    pub fn begin_work(&self, as_guest: bool) -> Result<()> {
        self.database().begin_work(self, as_guest)
    }

    /// The right to a tenant's work; `None` if it is another server's.
    pub fn fence(&self, tenant: TenantId) -> Option<Fence> {
        if self.database().is_embedded() {
            return Some(Fence::open());
        }
        self.shares().borrow().own.get(&shard(tenant)).copied()
    }

    /// The epoch of whoever works for a tenant now, as far as is known; none on files.
    pub fn epoch(&self, tenant: TenantId) -> Option<u64> {
        let epoch = self.shares().borrow().epochs.get(&shard(tenant)).copied();
        epoch.and_then(|epoch| u64::try_from(epoch).ok())
    }

    /// How many servers share the database, this one included.
    pub fn servers(&self) -> usize {
        self.shares().borrow().servers.max(1)
    }

    /// Tells of each change of what [`Store::fence`] answers.
    pub fn work_changes(&self) -> WorkChanges {
        WorkChanges(self.shares().subscribe())
    }
}

/// Follows the distribution of work.
pub struct WorkChanges(watch::Receiver<Arc<Shares>>);

impl WorkChanges {
    /// Waits for the next change.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The store is gone, and with it all work.
            std::future::pending::<()>().await;
        }
    }
}
