//! The tenants' work: begun for those whose work is this server's, and ended for those whose work is
//! another one's.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use store::Fence;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use types::TenantId;

use crate::{Inner, Node, housekeeping};

/// How often it is looked whether there are new tenants, besides after each change of who does what.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often tenants in which something has changed are asked for departures that another server has
/// begun.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// How long after a failure the applications for several tenants are listed once more.
const LIST_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// What runs for as long as the node works.
#[derive(Default)]
pub(crate) struct Work {
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// What is over once it is done.
    once: Mutex<Option<JoinHandle<()>>>,
    /// Tenants in which another server may have begun something.
    changed: Mutex<HashSet<TenantId>>,
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    /// Starts the work of all tenants, or this server's share of it. Call it on the runtime.
    pub fn start(&self) {
        self.begin(false);
    }

    /// The same for a command: where servers run, it leaves the work to them.
    pub fn start_as_guest(&self) {
        self.begin(true);
    }

    fn begin(&self, as_guest: bool) {
        let mut tasks = held(&self.0.work.tasks);
        if !tasks.is_empty() {
            return;
        }
        let inner = Arc::downgrade(&self.0);
        self.store()
            .on_change(move |tenant| changed(&inner, tenant));
        if let Err(error) = self.store().begin_work(as_guest) {
            tracing::error!(%error, "the work of tenants can't begin");
        }
        let limits = self.config().limits.clone();
        tasks.push(tokio::spawn(housekeeping::run(
            self.store().clone(),
            limits,
        )));
        let node = self.clone();
        tasks.push(tokio::spawn(async move { node.oversee().await }));
        let node = self.clone();
        tasks.push(tokio::spawn(
            async move { node.keep_log_of_repeats().await },
        ));
        let node = self.clone();
        *held(&self.0.work.once) = Some(tokio::spawn(async move {
            while let Err(error) = node.list_applications().await {
                tracing::warn!(%error, "applications that are for several tenants couldn't be listed");
                tokio::time::sleep(LIST_AGAIN_AFTER).await;
            }
        }));
    }

    pub(crate) async fn end(&self) {
        let tasks = std::mem::take(&mut *held(&self.0.work.tasks));
        let once = held(&self.0.work.once).take();
        for task in tasks.into_iter().chain(once) {
            task.abort();
            let _ = task.await;
        }
        self.stop_watching().await;
        self.stop_following().await;
        self.add_repeats(None).await;
        self.stop_departing().await;
        self.0.subscriptions.stop().await;
        self.0.engine.stop().await;
    }

    /// Whether the tenants' work runs: what requests set in motion is carried on.
    pub fn ready(&self) -> Result<(), String> {
        let tasks = held(&self.0.work.tasks);
        if tasks.is_empty() {
            return Err("The server is starting or stopping.".into());
        }
        if tasks.iter().any(JoinHandle::is_finished) {
            return Err("Background work has ended unexpectedly. Restart the server.".into());
        }
        Ok(())
    }

    /// Begins or ends a tenant's work, as it is this server's or not.
    pub(crate) fn tend(&self, tenant: TenantId) {
        let Some(fence) = self.store().fence(tenant) else {
            self.0.engine.stop_tenant(tenant);
            self.leave_visits(tenant);
            self.leave_rules(tenant);
            return;
        };
        self.0.subscriptions.start(tenant);
        self.watch_visits(tenant, fence);
        self.follow_rules(tenant, fence);
        if self.0.engine.start_behind(tenant, fence) {
            self.resume_departures(tenant, fence);
        }
    }

    async fn oversee(&self) {
        let mut changes = self.store().work_changes();
        let mut asked_at = Instant::now();
        loop {
            for tenant in self.store().tenants() {
                self.tend(tenant.tenant_id);
            }
            if asked_at.elapsed() >= ASK_EVERY {
                asked_at = Instant::now();
                let changed = std::mem::take(&mut *held(&self.0.work.changed));
                for tenant in changed {
                    if let Some(fence) = self.store().fence(tenant) {
                        self.resume_departures(tenant, fence);
                    }
                }
            }
            tokio::select! {
                () = changes.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

/// Another server may have changed something in a tenant: what is kept of its tokens, of its keys
/// and of who may do what is read again.
fn changed(inner: &Weak<Inner>, tenant: TenantId) {
    let Some(inner) = inner.upgrade() else {
        return;
    };
    inner.verifier.forget_tenant(tenant);
    inner.ring.forget(tenant);
    held(&inner.work.changed).insert(tenant);
}

/// Whose work was tidied when, for [`housekeeping`].
#[derive(Default)]
pub(crate) struct Tidied(HashMap<TenantId, (Fence, Instant)>);

impl Tidied {
    /// Whether it is a tenant's turn, by this right.
    pub(crate) fn is_due(&self, tenant: TenantId, fence: Fence, every: Duration) -> bool {
        self.0
            .get(&tenant)
            .is_none_or(|(known, at)| *known != fence || at.elapsed() >= every)
    }

    pub(crate) fn note(&mut self, tenant: TenantId, fence: Fence) {
        self.0.insert(tenant, (fence, Instant::now()));
    }
}
