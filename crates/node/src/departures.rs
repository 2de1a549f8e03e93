//! Departures that are under way: carried on until they are over, also after a restart.

use std::sync::PoisonError;
use std::time::Duration;

use ::departures::Progress;
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
        self.depart(async move {
            node.drive_departure(tenant, id).await;
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

    async fn drive_departure(&self, tenant: TenantId, id: Uuid) {
        loop {
            let rest = match self.advance_departure(tenant, id).await {
                Ok(Progress::Over) => return,
                Ok(Progress::Again) => continue,
                Ok(Progress::Wait) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%tenant, %id, %error, "a departure stumbled");
                    REST
                }
            };
            tokio::time::sleep(rest).await;
        }
    }

    async fn advance_departure(&self, tenant: TenantId, id: Uuid) -> Result<Progress> {
        let island = self.store().island(tenant)?;
        let progress = island
            .write(Actor::System, move |tx| ::departures::advance(tx, id))
            .await?;
        if progress == Progress::Again {
            self.flush(tenant).await;
        }
        Ok(progress)
    }

    /// Takes up again what an earlier process has begun.
    pub(crate) async fn resume_departures(&self) {
        for tenant in self.store().tenants() {
            let tenant = tenant.tenant_id;
            let running = match self.store().island(tenant) {
                Ok(island) => island.read(::departures::running).await,
                Err(error) => Err(error),
            };
            match running {
                Ok(running) => {
                    for id in running {
                        let node = self.clone();
                        self.depart(async move { node.drive_departure(tenant, id).await });
                    }
                }
                Err(error) => tracing::warn!(%tenant, %error, "departures couldn't be read"),
            }
        }
    }
}
