//! Change notifications: the engine that tells, and what it needs of the deployment.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use egress::{Cidr, Client};
use identity::token::Issuer;
use identity::{KeyRing, Sealer};
use store::Store;
use subscriptions::{Engine, Parts, Signer, Unproven};
use types::{Error, Result, TenantId};
use uuid::Uuid;

use crate::{Node, TenantKeysLoader};

/// Signs with the keys of the tenants.
struct TenantSigner {
    store: Store,
    ring: Arc<KeyRing<TenantKeysLoader>>,
    issuer: Issuer,
}

impl Signer for TenantSigner {
    fn sign<'a>(
        &'a self,
        tenant: TenantId,
        audience: Uuid,
    ) -> Pin<Box<dyn Future<Output = Result<String>> + Send + 'a>> {
        Box::pin(async move {
            let now = self.store.clock().now();
            let keys = self.ring.get(tenant, now).await?;
            let keys = keys.ok_or_else(|| Error::not_found("tenant", tenant))?;
            let (issuer, key) = (self.issuer.clone(), Arc::clone(keys.signing()));
            let random = identity::random()?;
            let signed = tokio::task::spawn_blocking(move || {
                issuer.notification(tenant, audience, &key, now, random)
            });
            signed.await.map_err(Error::internal)?
        })
    }
}

pub(crate) fn engine(
    store: Store,
    sealer: Sealer,
    ring: Arc<KeyRing<TenantKeysLoader>>,
    issuer: Issuer,
    allow_egress: Vec<Cidr>,
) -> Engine {
    let shares = store.clone();
    Engine::new(Parts {
        client: Client::new(allow_egress),
        sealer,
        signer: Arc::new(TenantSigner {
            store: store.clone(),
            ring,
            issuer,
        }),
        store,
        owns: Arc::new(move |tenant| shares.fence(tenant).is_some()),
    })
}

impl Node {
    /// Has a URL prove that it wants notifications of a tenant.
    pub async fn prove_notification_url(
        &self,
        tenant: TenantId,
        url: &str,
    ) -> Result<Result<(), Unproven>> {
        let random: [u8; 32] = identity::random()?;
        let nonce = random.first_chunk::<16>().copied().unwrap_or_default();
        let nonce = uuid::Builder::from_random_bytes(nonce).into_uuid();
        self.0.subscriptions.prove(tenant, url, nonce).await
    }

    /// Looks at a tenant's subscriptions at once: one was made or changed.
    pub fn wake_subscriptions(&self, tenant: TenantId) {
        self.0.subscriptions.wake(tenant);
    }

    /// Counts for whoever watches the deployment, in the text format of Prometheus.
    pub fn metrics(&self) -> String {
        self.0.subscriptions.metrics()
    }
}
