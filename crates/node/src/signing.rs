//! Signs with the tenants' keys, on threads of its own.

use std::num::NonZeroUsize;
use std::sync::Arc;

use identity::KeyRing;
use identity::keys::SigningKey;
use identity::pool::{Kind, Pool};
use identity::token::Issuer;
use store::Store;
use tokio::sync::oneshot;
use types::{Error, Result, TenantId, Timestamp};

use crate::TenantKeysLoader;

/// A signature takes half a millisecond. No more at a time than there are processors: what is signed
/// first goes on first, while the store takes the next. With one thread for each that asked all took
/// turns, were done at the same time, and then waited for the store at the same time. Answers of two to
/// four at once gave the same, eight nothing (`docs/performance.md`, the code flow).
const SIGNING: Kind = Kind {
    name: "signing",
    queue_per_thread: 1_000,
    niceness: 0,
    answers_at_once: 4,
    full: "Too many tokens are being signed.",
};

/// Signs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Signer {
    store: Store,
    ring: Arc<KeyRing<TenantKeysLoader>>,
    issuer: Issuer,
    pool: Arc<Pool>,
}

impl Signer {
    pub(crate) fn new(
        store: Store,
        ring: Arc<KeyRing<TenantKeysLoader>>,
        issuer: Issuer,
        threads: NonZeroUsize,
    ) -> Result<Self> {
        Ok(Self {
            store,
            ring,
            issuer,
            pool: Arc::new(Pool::new(SIGNING, threads)?),
        })
    }

    /// With what a tenant signs with now.
    pub(crate) async fn of(&self, tenant: TenantId) -> Result<TenantSigner> {
        let now = self.store.clock().now();
        let keys = self.ring.get(tenant, now).await?;
        let keys = keys.ok_or_else(|| Error::not_found("tenant", tenant))?;
        Ok(TenantSigner {
            issuer: self.issuer.clone(),
            key: Arc::clone(keys.signing()),
            now,
            pool: Arc::clone(&self.pool),
        })
    }

    /// Has `sign` called with the key that a tenant signs with now.
    pub(crate) async fn sign<T: Send + 'static>(
        &self,
        tenant: TenantId,
        sign: impl FnOnce(&Issuer, &SigningKey, Timestamp) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let of = self.of(tenant).await?;
        let work = move || sign(&of.issuer, &of.key, of.now);
        self.pool.run(work).await
    }
}

/// Signs with what a tenant signs with at this time.
pub(crate) struct TenantSigner {
    issuer: Issuer,
    key: Arc<SigningKey>,
    now: Timestamp,
    pool: Arc<Pool>,
}

impl TenantSigner {
    /// Has `sign` called for whoever waits at the other end; takes no time itself.
    pub(crate) fn sign<T: Send + 'static>(
        self,
        sign: impl FnOnce(&Issuer, &SigningKey, Timestamp) -> Result<T> + Send + 'static,
        sender: oneshot::Sender<Result<T>>,
    ) {
        let pool = Arc::clone(&self.pool);
        pool.start(move || sign(&self.issuer, &self.key, self.now), sender);
    }
}

impl subscriptions::Signer for Signer {
    fn sign<'a>(
        &'a self,
        tenant: TenantId,
        audience: uuid::Uuid,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<String>> + Send + 'a>> {
        Box::pin(async move {
            let random = identity::random()?;
            self.sign(tenant, move |issuer, key, now| {
                issuer.notification(tenant, audience, key, now, random)
            })
            .await
        })
    }
}
