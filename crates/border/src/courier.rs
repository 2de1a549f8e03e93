//! The courier: takes what waits in a tenant's outbox to its receivers and brings receipts back.
//!
//! Per receiver in order, receivers independently of each other: one that is away holds up nobody
//! else. Safe to run twice at once: the receiver drops duplicates, and a receipt settles a message
//! only if it was still in the outbox.

use std::sync::Arc;

use store::{Island, Store};
use types::{Actor, Error, Result, TenantId};

use crate::inbound::Handlers;
use crate::{Envelope, Receipt, Transport, outbox};

/// Delivers outboxes.
#[derive(Clone)]
pub struct Courier {
    store: Store,
    handlers: Handlers,
    transport: Arc<dyn Transport>,
}

impl Courier {
    /// A courier that uses `transport`.
    pub const fn new(store: Store, handlers: Handlers, transport: Arc<dyn Transport>) -> Self {
        Self {
            store,
            handlers,
            transport,
        }
    }

    /// Delivers all that waits in a tenant's outbox, and what the answers add to it. Answers the
    /// receivers that couldn't be reached; their messages stay.
    pub async fn run(&self, tenant: TenantId) -> Result<Vec<TenantId>> {
        self.run_on(&self.store.island(tenant)?).await
    }

    /// The same by the right that an island's handle has.
    pub async fn run_on(&self, island: &Island) -> Result<Vec<TenantId>> {
        let mut unreached = Vec::new();
        loop {
            let mut receivers = island.read(outbox::receivers).await?;
            receivers.retain(|to| !unreached.contains(to));
            if receivers.is_empty() {
                return Ok(unreached);
            }
            unreached.extend(self.round(island, receivers).await?);
        }
    }

    /// Delivers to each of these; answers those that couldn't be reached.
    async fn round(&self, island: &Island, receivers: Vec<TenantId>) -> Result<Vec<TenantId>> {
        let tenant = island.tenant();
        let mut rounds = tokio::task::JoinSet::new();
        for to in receivers {
            let (courier, island) = (self.clone(), island.clone());
            rounds
                .spawn(async move { courier.deliver_all(&island, to).await.map_err(|e| (to, e)) });
        }
        let mut unreached = Vec::new();
        while let Some(round) = rounds.join_next().await {
            match round {
                Ok(Ok(())) => {}
                Ok(Err((to, error))) => {
                    tracing::warn!(from = %tenant, %to, %error, "a message couldn't be delivered yet");
                    unreached.push(to);
                }
                Err(error) => return Err(Error::internal(error)),
            }
        }
        Ok(unreached)
    }

    async fn deliver_all(&self, island: &Island, to: TenantId) -> Result<()> {
        while let Some(mut envelope) = island.read(move |tx| outbox::oldest(tx, to)).await? {
            envelope.fence = island.fence();
            let receipt = match self.transport.deliver(envelope.clone()).await {
                Ok(receipt) => receipt,
                Err(Error::NotFound { .. }) => Receipt::Rejected {
                    reason: format!("Tenant {to} doesn't exist."),
                },
                Err(error) => return Err(error),
            };
            if matches!(receipt, Receipt::Gap { .. }) {
                // The receiver was restored from before; nothing that it has lost is here any more.
                return Err(Error::unavailable(
                    format!("Tenant {to} misses messages that were delivered to it before."),
                    60,
                ));
            }
            self.settle(island, envelope, receipt).await?;
        }
        Ok(())
    }

    async fn settle(&self, island: &Island, envelope: Envelope, receipt: Receipt) -> Result<()> {
        let handler = Arc::clone(self.handlers.of(&envelope.kind)?);
        let actor = Actor::Tenant {
            tenant_id: envelope.to,
        };
        island
            .write(actor, move |tx| {
                if outbox::remove(tx, envelope.to, envelope.seq)? {
                    handler.settled(tx, envelope.to, &envelope.kind, &envelope.body, &receipt)?;
                }
                Ok(())
            })
            .await
    }
}
