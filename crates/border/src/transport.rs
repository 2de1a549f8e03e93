//! How envelopes and queries travel.

use async_trait::async_trait;
use store::Store;
use types::{Actor, Result, TenantId};

use crate::inbound::{self, Handlers};
use crate::{Envelope, Receipt};

/// Carries envelopes and queries to the deployment that holds the receiver.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Delivers an envelope and brings back its receipt. An error means that nothing is known:
    /// send it again.
    async fn deliver(&self, envelope: Envelope) -> Result<Receipt>;
    /// Asks a question.
    async fn ask(&self, from: TenantId, to: TenantId, kind: &str, body: String) -> Result<String>;
}

/// The transport between tenants of one deployment: a call, with the same gates on both sides.
#[derive(Clone)]
pub struct InProcess {
    store: Store,
    handlers: Handlers,
}

impl InProcess {
    /// A transport within one store.
    pub const fn new(store: Store, handlers: Handlers) -> Self {
        Self { store, handlers }
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn deliver(&self, envelope: Envelope) -> Result<Receipt> {
        let handlers = self.handlers.clone();
        let actor = Actor::Tenant {
            tenant_id: envelope.from,
        };
        self.store.look_for_tenant(envelope.to).await?;
        self.store
            .island(envelope.to)?
            .behind(envelope.fence)
            .write(actor, move |tx| inbound::receive(tx, &handlers, &envelope))
            .await
    }

    async fn ask(&self, from: TenantId, to: TenantId, kind: &str, body: String) -> Result<String> {
        let handler = std::sync::Arc::clone(self.handlers.of(kind)?);
        let kind = kind.to_owned();
        self.store.look_for_tenant(to).await?;
        self.store
            .island(to)?
            .read(move |tx| handler.answer(tx, from, &kind, &body))
            .await
    }
}
