//! The key ring: the parsed keys of the tenants in use, so that neither signing nor verifying
//! touches the store.
//!
//! - Kept keys are at most [`AGE_SECONDS_MAX`] old, so a rotation that nobody told this process of
//!   takes effect within that time. [`KeyRing::forget`] makes it take effect at once.
//! - A key id that isn't known may be a newer one: the keys are then read again, but for each
//!   tenant once a second at most, so that forged ids can't make the store work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;
use tokio::sync::watch;
use types::{Id, Result, TenantId, Timestamp, kind::ServicePrincipal, kind::User};
use uuid::Uuid;

use crate::keys::TenantKeys;

/// How old kept keys may be. Shorter than the grace that a retired key gets (see [`crate::keys`]).
const AGE_SECONDS_MAX: i64 = 60;
/// How soon the keys are read again because of an unknown key id.
const AGE_SECONDS_MIN: i64 = 1;

/// What verifying has to read. The node implements it over its store.
pub trait Loader: Send + Sync + 'static {
    /// The keys of a tenant ([`crate::keys::load`]); `None` if this deployment doesn't hold it.
    /// The id comes from tokens that aren't verified yet, so the refusal has to be cheap.
    fn keys(&self, tenant: TenantId) -> impl Future<Output = Result<Option<TenantKeys>>> + Send;

    /// How a service principal stands now; `None` if it doesn't exist or is disabled, or if its
    /// application doesn't have the secret with this key id any more.
    fn standing(
        &self,
        tenant: TenantId,
        principal: Id<ServicePrincipal>,
        secret: Option<Uuid>,
    ) -> impl Future<Output = Result<Option<Standing>>> + Send;

    /// How a user stands now; `None` if there is none (any more), if it is disabled, if the tenant
    /// doesn't have the client any more or has disabled it, or if what the client has from the
    /// session was taken back since.
    fn user_standing(
        &self,
        tenant: TenantId,
        user: Id<User>,
        since: Since,
    ) -> impl Future<Output = Result<Option<Standing>>> + Send;

    /// Follows the head of a tenant's feed: once it has moved, users are looked at again.
    fn head(&self, tenant: TenantId) -> watch::Receiver<u64>;
}

/// Which of a user's tokens it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The client.
    pub app_id: Uuid,
    /// The session.
    pub session: Uuid,
    /// When it was issued.
    pub issued_at: Timestamp,
}

/// How somebody stands who may have tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// [`crate::revocation::generation`]: tokens of earlier ones are revoked.
    pub generation: u64,
    /// Whether this hangs on another tenant too, whose feed isn't followed: then it is asked anew each
    /// time.
    pub hangs_elsewhere: bool,
}

struct Kept {
    keys: Arc<TenantKeys>,
    read_at: Timestamp,
}

/// The keys of the tenants in use.
pub struct KeyRing<L> {
    loader: L,
    tenants: Cache<TenantId, Arc<Kept>>,
    /// How often something was forgotten: what was read before isn't kept after.
    forgotten: AtomicU64,
}

impl<L: Loader> KeyRing<L> {
    /// A ring that keeps the keys of at most `tenants_max` tenants (some 4 KiB each).
    pub fn new(loader: L, tenants_max: u64) -> Self {
        Self {
            loader,
            tenants: Cache::new(tenants_max),
            forgotten: AtomicU64::new(0),
        }
    }

    pub(crate) const fn loader(&self) -> &L {
        &self.loader
    }

    /// The tenant's keys; `None` if this deployment doesn't hold the tenant.
    pub async fn get(&self, tenant: TenantId, now: Timestamp) -> Result<Option<Arc<TenantKeys>>> {
        self.get_younger(tenant, now, AGE_SECONDS_MAX).await
    }

    /// The tenant's keys, such that they have the key of this id if there is one.
    pub(crate) async fn get_with(
        &self,
        tenant: TenantId,
        kid: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<TenantKeys>>> {
        match self.get(tenant, now).await? {
            Some(keys) if keys.verifying(kid, now).is_none() => {
                self.get_younger(tenant, now, AGE_SECONDS_MIN).await
            }
            found => Ok(found),
        }
    }

    async fn get_younger(
        &self,
        tenant: TenantId,
        now: Timestamp,
        age_seconds_max: i64,
    ) -> Result<Option<Arc<TenantKeys>>> {
        let is_young = |kept: &Arc<Kept>| now < kept.read_at.plus_seconds(age_seconds_max);
        if let Some(kept) = self.tenants.get(&tenant).filter(is_young) {
            return Ok(Some(Arc::clone(&kept.keys)));
        }
        let forgotten = self.forgotten.load(Ordering::SeqCst);
        let Some(keys) = self.loader.keys(tenant).await?.map(Arc::new) else {
            return Ok(None);
        };
        let kept = Kept {
            keys: Arc::clone(&keys),
            read_at: now,
        };
        self.tenants.insert(tenant, Arc::new(kept));
        // Looked at after the insertion: whoever forgets after this takes it out himself.
        if self.forgotten.load(Ordering::SeqCst) != forgotten {
            self.tenants.invalidate(&tenant);
        }
        Ok(Some(keys))
    }

    /// Drops what is kept of a tenant: its keys were rotated, or it is gone.
    pub fn forget(&self, tenant: TenantId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.tenants.invalidate(&tenant);
    }
}
