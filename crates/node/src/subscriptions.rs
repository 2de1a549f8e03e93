//! Change notifications: the engine that tells, and what it needs of the deployment.

use std::sync::Arc;

use egress::{Cidr, Client};
use identity::Sealer;
use store::Store;
use subscriptions::{Engine, Parts, Unproven};
use types::{Result, TenantId};

use crate::Node;
use crate::signing::Signer;

pub(crate) fn engine(
    store: Store,
    sealer: Sealer,
    signer: Signer,
    allow_egress: Vec<Cidr>,
) -> Engine {
    let shares = store.clone();
    Engine::new(Parts {
        client: Client::new(allow_egress),
        sealer,
        signer: Arc::new(signer),
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
