//! Departures that are under way: carried on until they are over, also after a restart.

use std::sync::PoisonError;
use std::time::Duration;

use ::departures::Progress;
use store::Fence;
use tokio::sync::oneshot;
use types::{Actor, Result, TenantId};
use uuid::Uuid;

use crate::Node;

/// How long a caller waits for a departure to be over; it goes on without the caller.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether others have done their part.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a departure rests after a failure of ours.
const REST: Duration = Duration::from_secs(10);

impl Node {
    /// Carries a departure on in the background and waits for a while for its end.
    pub async fn carry_departure(&self, tenant: TenantId, id: Uuid) {
        let (node, (end, ended)) = (self.clone(), oneshot::channel());
        // Where the tenant's work is another server's, that one carries on what this one leaves.
        let fence = self.store().fence(tenant);
        self.depart(async move {
            let driven = node.drive_departure(tenant, id, fence.unwrap_or_default());
            match fence {
                Some(_) => driven.await,
                None => drop(tokio::time::timeout(PATIENCE, driven).await),
            }
            let _ = end.send(());
        });
        // Whether or not it is over by then, the departure says so itself.
        let _ = tokio::time::timeout(PATIENCE, ended).await;
    }

    /// Runs a part of this work, for as long as the node does.
    pub(crate) fn depart(&self, work: impl Future<Output = ()> + Send + 'static) {
        let departing = self.0.departing.lock();
        let mut departing = departing.unwrap_or_else(PoisonError::into_inner);
        while departing.try_join_next().is_some() {}
        departing.spawn(work);
    }

    /// Ends this work; the next start takes it up again.
    pub(crate) async fn stop_departing(&self) {
        let mut departing = {
            let departing = self.0.departing.lock();
            std::mem::take(&mut *departing.unwrap_or_else(PoisonError::into_inner))
        };
        departing.shutdown().await;
    }

    async fn drive_departure(&self, tenant: TenantId, id: Uuid, fence: Fence) {
        let Some(_drive) = Drive::begin(self, tenant, id) else {
            return;
        };
        loop {
            let rest = match self.advance_departure(tenant, id, fence).await {
                Ok(Progress::Over) => return,
                Ok(Progress::Again) => continue,
                Ok(Progress::Wait) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%tenant, %id, %error, "a departure stumbled");
                    REST
                }
            };
            tokio::time::sleep(rest).await;
            if fence != Fence::open() && self.store().fence(tenant) != Some(fence) {
                // Another server does it from here on.
                return;
            }
        }
    }

    async fn advance_departure(
        &self,
        tenant: TenantId,
        id: Uuid,
        fence: Fence,
    ) -> Result<Progress> {
        let island = self.store().island(tenant)?.behind(fence);
        let progress = island
            .write(Actor::System, move |tx| ::departures::advance(tx, id))
            .await?;
        if progress == Progress::Again {
            self.flush(tenant).await;
        }
        Ok(progress)
    }

    /// Takes up again what an earlier process, or another server, has begun in a tenant.
    pub(crate) fn resume_departures(&self, tenant: TenantId, fence: Fence) {
        let node = self.clone();
        self.depart(async move {
            let running = match node.store().island(tenant) {
                Ok(island) => island.read(::departures::running).await,
                Err(error) => Err(error),
            };
            match running {
                Ok(running) => {
                    for id in running {
                        let driver = node.clone();
                        node.depart(async move { driver.drive_departure(tenant, id, fence).await });
                    }
                }
                Err(error) => tracing::warn!(%tenant, %error, "departures couldn't be read"),
            }
        });
    }
}

/// That this server drives a departure, once.
struct Drive<'n> {
    node: &'n Node,
    which: (TenantId, Uuid),
}

impl<'n> Drive<'n> {
    fn begin(node: &'n Node, tenant: TenantId, id: Uuid) -> Option<Self> {
        let which = (tenant, id);
        let driven = node.0.driven.lock();
        let is_new = driven.unwrap_or_else(PoisonError::into_inner).insert(which);
        is_new.then_some(Self { node, which })
    }
}

impl Drop for Drive<'_> {
    fn drop(&mut self) {
        let driven = self.node.0.driven.lock();
        driven
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.which);
    }
}
