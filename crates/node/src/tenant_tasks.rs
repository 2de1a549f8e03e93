//! One task for each tenant whose work is this server's, behind the right by which it is.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::Fence;
use tokio::task::JoinHandle;
use types::TenantId;

type Tasks = HashMap<TenantId, (Fence, JoinHandle<()>)>;

/// The tasks that run.
#[derive(Default)]
pub(crate) struct TenantTasks(Mutex<Tasks>);

impl TenantTasks {
    fn held(&self) -> MutexGuard<'_, Tasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a tenant's task by this right, if it doesn't run already, and ends one by another right.
    pub(crate) fn begin<F>(&self, tenant: TenantId, fence: Fence, task: impl FnOnce() -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut tasks = self.held();
        if let Some((known, running)) = tasks.get(&tenant) {
            if *known == fence && !running.is_finished() {
                return;
            }
            running.abort();
        }
        tasks.insert(tenant, (fence, tokio::spawn(task())));
    }

    /// Leaves a tenant to another server.
    pub(crate) fn leave(&self, tenant: TenantId) {
        if let Some((_, task)) = self.held().remove(&tenant) {
            task.abort();
        }
    }

    /// Ends all of them, and waits until nothing runs.
    pub(crate) async fn stop(&self) {
        let tasks = std::mem::take(&mut *self.held());
        for (_, (_, task)) in tasks {
            task.abort();
            let _ = task.await;
        }
    }
}
