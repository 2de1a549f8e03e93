//! Deliveries at work: one task per tenant that looks through its feed and lets its lanes be told.
//!
//! - What a task hears (the head of an island, a subscription that was made) is a hint; losing one
//!   costs latency, bounded by a timer.
//! - Whether a tenant's work is this process's is asked in one place ([`Owns`]). What is written
//!   checks for itself that nobody else was faster.
//! - A lane that fails waits by itself, ever longer; a machine that is slow fills its own places. So
//!   neither holds up anybody else.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use egress::Client;
use identity::Sealer;
use store::{Island, Store};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::Instant;
use types::{Actor, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::handshake::{self, Unproven, prove};
use crate::metrics::Metrics;
use crate::places::Places;
use crate::queue::{self, Key, Lane};
use crate::telling::{Told, tell};
use crate::{POSTS_MAX, VALIDATIONS_MAX, scan};

/// The longest wait without a hint: of a tenant without subscriptions, and of one with some.
const IDLE_MAX: Duration = Duration::from_mins(1);
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How often the head of a tenant without subscriptions is looked at, however busy the tenant is.
const IDLE_MIN: Duration = Duration::from_secs(1);
/// What comes within this time is looked at together.
const TOGETHER: Duration = Duration::from_millis(20);
/// When a machine whose places are taken is looked at again.
const BUSY: Duration = Duration::from_millis(250);
/// Waits of a lane that fails double from the first to the second; each is shortened by chance, by
/// half at most, so that lanes that failed together don't come back together.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(10));
/// The longest wait that a machine may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);
/// Steps through the feed before what was found is told.
const STEPS_MAX: usize = 20;

/// Whether the work of a tenant is this process's.
pub type Owns = Arc<dyn Fn(TenantId) -> bool + Send + Sync>;

/// Signs the tokens that go with encrypted content.
pub trait Signer: Send + Sync {
    /// A token of a tenant for an audience.
    fn sign<'a>(
        &'a self,
        tenant: TenantId,
        audience: Uuid,
    ) -> Pin<Box<dyn Future<Output = Result<String>> + Send + 'a>>;
}

/// What an engine is made of.
pub struct Parts {
    /// The islands.
    pub store: Store,
    /// Calls out.
    pub client: Client,
    /// Opens what subscriptions keep sealed.
    pub sealer: Sealer,
    /// Signs for their tenants.
    pub signer: Arc<dyn Signer>,
    /// Whose work is whose.
    pub owns: Owns,
}

/// Delivers notifications for all tenants of a deployment. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) client: Client,
    pub(crate) sealer: Sealer,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) metrics: Metrics,
    pub(crate) places: Arc<Places>,
    store: Store,
    owns: Owns,
    /// By tenant.
    validations: Arc<Places>,
    tenants: Mutex<HashMap<TenantId, Tenant>>,
    /// Each task holds a receiver, so that the end of the last one shows.
    tasks: watch::Sender<()>,
}

struct Tenant {
    task: JoinHandle<()>,
    wake: Arc<Notify>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// An engine; nothing runs before [`Engine::start`].
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            client: parts.client,
            sealer: parts.sealer,
            signer: parts.signer,
            metrics: Metrics::default(),
            places: Arc::default(),
            store: parts.store,
            owns: parts.owns,
            validations: Arc::default(),
            tenants: Mutex::default(),
            tasks: watch::channel(()).0,
        }))
    }

    /// Starts the work of a tenant, once. Call it on the runtime.
    pub fn start(&self, tenant: TenantId) {
        held(&self.0.tenants).entry(tenant).or_insert_with(|| {
            let wake = Arc::new(Notify::new());
            let (inner, hint) = (Arc::clone(&self.0), Arc::clone(&wake));
            Tenant {
                task: tokio::spawn(async move { run(inner, tenant, hint).await }),
                wake,
            }
        });
    }

    /// Stops all work and waits until nothing runs. What was under way is told again.
    pub async fn stop(&self) {
        for (_, tenant) in held(&self.0.tenants).drain() {
            tenant.task.abort();
        }
        self.0.tasks.closed().await;
    }

    /// Tells a tenant's task that there is something new to look at.
    pub fn wake(&self, tenant: TenantId) {
        if let Some(tenant) = held(&self.0.tenants).get(&tenant) {
            tenant.wake.notify_one();
        }
    }

    /// Has a URL prove itself for a tenant.
    pub async fn prove(
        &self,
        tenant: TenantId,
        url: &str,
        nonce: Uuid,
    ) -> Result<Result<(), Unproven>> {
        let places = &self.0.validations;
        let _place = places
            .take(tenant.to_string(), VALIDATIONS_MAX)
            .ok_or_else(handshake::busy)?;
        let outcome = prove(&self.0.client, url, nonce).await?;
        let count = match outcome {
            Ok(()) => &self.0.metrics.proved,
            Err(_) => &self.0.metrics.unproved,
        };
        count.fetch_add(1, Relaxed);
        Ok(outcome)
    }

    /// What was told so far, for whoever watches the deployment.
    pub fn metrics(&self) -> String {
        self.0.metrics.render(self.0.places.taken())
    }
}

async fn run(engine: Arc<Inner>, tenant: TenantId, wake: Arc<Notify>) {
    let _alive = engine.tasks.subscribe();
    let mut head = engine.store.watch(tenant);
    let mut worker: Option<Worker> = None;
    loop {
        head.borrow_and_update();
        let outcome = round(&engine, tenant, &mut worker).await;
        let (least, most) = outcome.unwrap_or_else(|error| {
            tracing::warn!(%tenant, %error, "notifications of a tenant stumbled");
            // Whoever goes on finds out anew where it stands.
            worker = None;
            (IDLE_MIN, WAIT_MAX)
        });
        let began = Instant::now();
        let ended = async {
            match worker.as_mut() {
                Some(worker) if !worker.posts.is_empty() => worker.posts.join_next().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(most) => {}
            () = wake.notified() => {}
            ended = ended => {
                if let (Some(worker), Some(ended)) = (worker.as_mut(), ended) {
                    worker.note(ended);
                }
            }
            _ = head.changed() => {
                // A task that ends meanwhile is met in the next round.
                let rest = least.saturating_sub(began.elapsed());
                tokio::select! {
                    () = tokio::time::sleep(rest) => {}
                    () = wake.notified() => {}
                }
            }
        }
    }
}

/// One round of a tenant; answers how long to wait, at least and at most.
async fn round(
    engine: &Arc<Inner>,
    tenant: TenantId,
    worker: &mut Option<Worker>,
) -> Result<(Duration, Duration)> {
    if !(engine.owns)(tenant) {
        *worker = None;
        return Ok((IDLE_MIN, WAIT_MAX));
    }
    let island = engine.store.island(tenant)?;
    let worker = match worker {
        Some(worker) => worker,
        None => worker.insert(Worker::open(Arc::clone(engine), island).await?),
    };
    worker.round().await
}

/// A lane in which something waits.
#[derive(Debug)]
struct Waiting {
    is_running: bool,
    /// Something more has come while it was running.
    has_more: bool,
    failures: u32,
    next: Instant,
}

/// The work of one tenant.
struct Worker {
    engine: Arc<Inner>,
    island: Island,
    /// Up to where the feed was looked through, written down or not.
    position: u64,
    lanes: HashMap<Key, Waiting>,
    posts: JoinSet<(Key, Result<Told>)>,
}

impl Worker {
    async fn open(engine: Arc<Inner>, island: Island) -> Result<Self> {
        let pending = island.read(queue::pending).await?;
        let mut worker = Self {
            engine,
            island,
            position: 0,
            lanes: HashMap::new(),
            posts: JoinSet::new(),
        };
        worker.has_something(pending);
        Ok(worker)
    }

    fn has_something(&mut self, lanes: impl IntoIterator<Item = Key>) {
        for key in lanes {
            self.lanes
                .entry(key)
                .and_modify(|lane| lane.has_more = lane.is_running)
                .or_insert_with(|| Waiting {
                    is_running: false,
                    has_more: false,
                    failures: 0,
                    next: Instant::now(),
                });
        }
    }

    async fn round(&mut self) -> Result<(Duration, Duration)> {
        while let Some(ended) = self.posts.try_join_next() {
            self.note(ended);
        }
        let stand = self.island.read_few(scan::stand).await?;
        if stand.live == 0 && self.lanes.is_empty() {
            return Ok((IDLE_MIN, IDLE_MAX));
        }
        let mut wait = WAIT_MAX;
        if stand.live > 0 {
            if let Some(due) = stand.due {
                if due <= stand.now {
                    let (lanes, more) = self.island.write(Actor::System, scan::tick).await?;
                    self.has_something(lanes);
                    if more {
                        wait = Duration::ZERO;
                    }
                } else {
                    wait = wait.min(until(stand.now, due));
                }
            }
            if self.look_through(stand).await? {
                wait = Duration::ZERO;
            }
        }
        self.let_tell();
        let now = Instant::now();
        let next = self
            .lanes
            .values()
            .filter(|lane| !lane.is_running)
            .map(|lane| lane.next.saturating_duration_since(now))
            .min();
        if let Some(next) = next {
            // Those whose turn has come wait for the end of a POST.
            wait = wait.min(next.max(BUSY));
        }
        Ok((TOGETHER, wait))
    }

    /// Goes through the feed; answers whether there is more of it.
    async fn look_through(&mut self, stand: scan::Stand) -> Result<bool> {
        self.position = self.position.max(stand.position);
        let mut kept = stand.position;
        for _ in 0..STEPS_MAX {
            if self.position >= stand.head {
                return Ok(false);
            }
            let from = self.position;
            let plan = self.island.read(move |tx| scan::plan(tx, from)).await?;
            let (upto, is_last) = (plan.upto, plan.is_last);
            if plan.has_effect(kept) {
                let done = self
                    .island
                    .write(Actor::System, move |tx| scan::carry_out(tx, plan))
                    .await?;
                let metrics = &self.engine.metrics;
                metrics.queued.fetch_add(done.queued, Relaxed);
                metrics.dropped.fetch_add(done.dropped, Relaxed);
                self.has_something(done.lanes);
                kept = upto;
            }
            self.position = upto;
            if is_last {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lets the lanes be told whose turn has come, those first that have waited longest.
    fn let_tell(&mut self) {
        let (_, of_tenant, _) = POSTS_MAX;
        let now = Instant::now();
        let mut ready: Vec<(Instant, Key)> = self
            .lanes
            .iter()
            .filter(|(_, lane)| !lane.is_running && lane.next <= now)
            .map(|(key, lane)| (lane.next, *key))
            .collect();
        ready.sort_by_key(|(next, _)| *next);
        let room = of_tenant.saturating_sub(self.posts.len());
        for (_, key) in ready.into_iter().take(room) {
            if let Some(lane) = self.lanes.get_mut(&key) {
                lane.is_running = true;
            }
            let (engine, island) = (Arc::clone(&self.engine), self.island.clone());
            self.posts.spawn(async move {
                let _alive = engine.tasks.subscribe();
                let told = tell(&engine, &island, key).await;
                (key, told)
            });
        }
    }

    /// Takes note of a POST that has ended.
    fn note(&mut self, ended: std::result::Result<(Key, Result<Told>), JoinError>) {
        let (key, told) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a task that delivers notifications failed");
                // Nobody knows which one it was.
                let now = Instant::now();
                for lane in self.lanes.values_mut().filter(|lane| lane.is_running) {
                    lane.is_running = false;
                    lane.next = now + RETRY.0;
                }
                return;
            }
        };
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        lane.is_running = false;
        let has_more = std::mem::take(&mut lane.has_more);
        let now = Instant::now();
        match told {
            Ok(Told::Nothing | Told::Taken(false)) if !has_more => {
                self.lanes.remove(&key);
            }
            Ok(Told::Nothing) => lane.next = now,
            Ok(Told::Taken(_)) => {
                lane.failures = 0;
                lane.next = now;
            }
            Ok(Told::Busy) => lane.next = now + shortened(BUSY),
            Ok(Told::NotTaken(failed, again)) => {
                lane.failures += 1;
                let wait = shortened(backoff(lane.failures));
                let asked = again.unwrap_or_default().min(RETRY_AFTER_MAX);
                lane.next = now + wait.max(asked);
                if failed.pending == 0 && !has_more {
                    self.lanes.remove(&key);
                }
                if failed.told {
                    self.has_something([Key {
                        lane: Lane::Lifecycle,
                        ..key
                    }]);
                }
            }
            Err(error) => {
                tracing::warn!(tenant = %self.island.tenant(), %error, "notifications couldn't be written or noted");
                lane.failures += 1;
                lane.next = now + shortened(backoff(lane.failures));
            }
        }
    }
}

/// The wait after so many failures in a row.
fn backoff(failures: u32) -> Duration {
    let doubled = 1_u32 << failures.saturating_sub(1).min(16);
    RETRY.0.saturating_mul(doubled).min(RETRY.1)
}

/// Shortened by chance, by half at most.
fn shortened(wait: Duration) -> Duration {
    wait.mul_f64(rand::random_range(0.5..=1.0))
}

fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(at.0 - now.0).unwrap_or(0).max(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let waits: Vec<u64> = (1..=12).map(|n| backoff(n).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        assert_eq!(backoff(u32::MAX), RETRY.1);
        let wait = shortened(Duration::from_secs(10)).as_secs_f64();
        assert!((5.0..=10.0).contains(&wait));
    }
}
