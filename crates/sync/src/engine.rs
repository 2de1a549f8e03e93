//! The engine: one task per tenant that delivers its outbox and keeps its pairs running, and one
//! task per pair ([`runner`](crate::runner)).
//!
//! What a task hears (the head of an island) is only a hint: losing one costs latency, bounded by a
//! timer. A task may be cut off at any point; whoever takes its place finds out what is missing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use border::{Courier, Transport};
use store::{Fence, Island, Store};
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use types::{Actor, Result, TenantId};

use crate::BATCHES_IN_FLIGHT_MAX;
use crate::concern::Concerns;
use crate::jobs;
use crate::pair::{self, End, Pair, Position, Stage};
use crate::runner::Runner;

/// Links that one commit forgets.
const FORGET_AT_ONCE: usize = 2_000;
/// Pairs that are taken up at the same time: with thousands of them whoever asks a server that has
/// just started shall not have to wait for all.
const STARTS_AT_ONCE: usize = 32;
/// The longest wait without a hint.
pub(crate) const WAIT_MAX: Duration = Duration::from_mins(1);
/// Waits after a failure to reach the other side double from the first to the second.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(30));

/// Runs synchronization for all tenants of a deployment.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    store: Store,
    transport: Arc<dyn Transport>,
    courier: Courier,
    live: Mutex<HashMap<(TenantId, TenantId), Position>>,
    large: Semaphore,
    starts: Semaphore,
    tenants: Mutex<HashMap<TenantId, (Fence, JoinHandle<()>)>>,
    /// Each task holds a receiver, so that the end of the last one shows.
    tasks: watch::Sender<()>,
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// An engine; nothing runs before [`Engine::start`].
    pub fn new(store: Store, transport: Arc<dyn Transport>, courier: Courier) -> Self {
        Self(Arc::new(Inner {
            store,
            transport,
            courier,
            live: Mutex::default(),
            large: Semaphore::new(BATCHES_IN_FLIGHT_MAX),
            starts: Semaphore::new(STARTS_AT_ONCE),
            tenants: Mutex::default(),
            tasks: watch::channel(()).0,
        }))
    }

    /// Starts the work of a tenant that nobody else could do, once. Call it on the runtime.
    pub fn start(&self, tenant: TenantId) {
        self.start_behind(tenant, Fence::open());
    }

    /// Starts the work of a tenant by this right, and ends what goes on by another one. Answers
    /// whether it wasn't going on already. Call it on the runtime.
    pub fn start_behind(&self, tenant: TenantId, fence: Fence) -> bool {
        let mut tenants = held(&self.0.tenants);
        if let Some((known, task)) = tenants.get(&tenant) {
            if *known == fence {
                return false;
            }
            task.abort();
        }
        let engine = self.clone();
        let task = tokio::spawn(async move { engine.run_tenant(tenant, fence).await });
        tenants.insert(tenant, (fence, task));
        true
    }

    /// Ends the work of a tenant, for another server does it.
    pub fn stop_tenant(&self, tenant: TenantId) {
        if let Some((_, task)) = held(&self.0.tenants).remove(&tenant) {
            task.abort();
        }
    }

    /// Stops all work and waits until nothing runs; what was under way is taken up again at the
    /// next start.
    pub async fn stop(&self) {
        for (_, (_, task)) in held(&self.0.tenants).drain() {
            task.abort();
        }
        self.0.tasks.closed().await;
    }

    /// The positions that a tenant's pairs have reached and settled, written down or not. Ask for
    /// them before a snapshot is taken of what they are compared with: then they are never ahead.
    pub fn positions(&self, source: TenantId) -> BTreeMap<TenantId, Position> {
        held(&self.0.live)
            .iter()
            .filter(|((from, _), _)| *from == source)
            .map(|((_, to), position)| (*to, position.clone()))
            .collect()
    }

    /// Delivers what waits in a tenant's outbox, for a caller who wants to see the effect of what
    /// it has just done. Failures are left to the tenant's own task.
    pub async fn flush(&self, tenant: TenantId) {
        if let Err(error) = self.0.courier.run(tenant).await {
            tracing::warn!(%tenant, %error, "the outbox couldn't be delivered");
        }
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        self.0.transport.as_ref()
    }

    /// Places for large batches under way.
    pub(crate) fn large(&self) -> &Semaphore {
        &self.0.large
    }

    pub(crate) fn publish(&self, source: TenantId, target: TenantId, position: Option<&Position>) {
        let mut live = held(&self.0.live);
        match position {
            Some(position) => live.insert((source, target), position.clone()),
            None => live.remove(&(source, target)),
        };
    }

    async fn run_tenant(&self, tenant: TenantId, fence: Fence) {
        let _alive = self.0.tasks.subscribe();
        let mut head = self.0.store.watch(tenant);
        let mut pairs = Pairs::default();
        let mut retry = Retry::default();
        loop {
            head.borrow_and_update();
            let outcome = self.tend(tenant, fence, &mut pairs).await;
            let wait = match outcome {
                Ok(true) => {
                    retry.reset();
                    WAIT_MAX
                }
                Ok(false) => retry.next(),
                Err(error) => {
                    tracing::error!(%tenant, %error, "a tenant's work failed");
                    retry.next()
                }
            };
            // Whatever comes, a hint, the end of a pair or of the time: the next round looks at
            // everything.
            tokio::select! {
                _ = tokio::time::timeout(wait, head.changed()) => {}
                Some(ended) = pairs.tasks.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%tenant, %error, "a pair's task failed");
                        tokio::time::sleep(retry.next()).await;
                    }
                }
            }
        }
    }

    /// One round of a tenant: outbox, pairs. Answers whether every message was delivered.
    async fn tend(&self, tenant: TenantId, fence: Fence, pairs: &mut Pairs) -> Result<bool> {
        let island = self.0.store.island(tenant)?.behind(fence);
        let unreached = self.0.courier.run_on(&island).await?;
        let (members, kept) = island
            .read(|tx| {
                let kept = pair::all(tx)?;
                Ok((jobs::partners(tx)?, kept))
            })
            .await?;
        pairs.running.retain(|_, task| !task.is_finished());
        // A pair ends by itself when it has nothing to do any more; that of an earlier process
        // may have been cut off before.
        let apart = kept
            .into_iter()
            .filter(|pair| pair.stage != Stage::Ended && !members.contains(&pair.target))
            .map(|pair| pair.target);
        for target in apart.chain(members.iter().copied()) {
            let tasks = &mut pairs.tasks;
            pairs.running.entry(target).or_insert_with(|| {
                let (engine, island) = (self.clone(), island.clone());
                let concerns = Arc::clone(&pairs.concerns);
                tasks.spawn(async move { engine.run_pair(&island, target, &concerns).await })
            });
        }
        Ok(unreached.is_empty())
    }

    /// Runs a pair until the two tenants have parted and its links are gone.
    async fn run_pair(
        &self,
        island: &Island,
        target: TenantId,
        concerns: &tokio::sync::Mutex<Concerns>,
    ) {
        let _alive = self.0.tasks.subscribe();
        let mut heads = Heads {
            source: island.watch(),
            target: self.0.store.watch(target),
        };
        let mut retry = Retry::default();
        loop {
            heads.see();
            let Ok(turn) = self.0.starts.acquire().await else {
                return;
            };
            let outcome = match begin(island, target).await {
                Ok(None) => break,
                Ok(Some(begun)) => {
                    Runner::new(self, island, begun, heads.clone(), &mut retry, turn)
                        .run(concerns)
                        .await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                tracing::warn!(from = %island.tenant(), to = %target, %error, "a pair stumbled");
                heads.rest(retry.next()).await;
            }
        }
    }
}

/// A pair as its task takes it up.
pub(crate) struct Begun {
    pub(crate) pair: Pair,
    /// Whether a job governs it.
    pub(crate) configured: bool,
}

/// Takes a pair up; `None` if the two tenants have parted, behind the end of what they had.
async fn begin(island: &Island, target: TenantId) -> Result<Option<Begun>> {
    // Of those that a server finds at its start nearly all just go on, for which nothing is written.
    let going = island.read(move |tx| {
        let configured = jobs::governs(tx, target)?;
        let pair = pair::going(tx, target)?;
        Ok(pair.map(|pair| Begun { pair, configured }))
    });
    if let Some(begun) = going.await? {
        return Ok(Some(begun));
    }
    loop {
        let forgotten = island.write(Actor::System, move |tx| {
            pair::end(tx, target, FORGET_AT_ONCE)
        });
        match forgotten.await? {
            End::Goes => {}
            End::Done => return Ok(None),
            End::Together => break,
        }
    }
    let begun = island.write(Actor::System, move |tx| {
        Ok(Begun {
            configured: jobs::governs(tx, target)?,
            pair: pair::ensure(tx, target)?,
        })
    });
    begun.await.map(Some)
}

/// The tasks of a tenant's pairs, which end with it.
#[derive(Default)]
struct Pairs {
    tasks: JoinSet<()>,
    running: HashMap<TenantId, AbortHandle>,
    concerns: Arc<tokio::sync::Mutex<Concerns>>,
}

/// Follows both islands of a pair.
#[derive(Clone)]
pub(crate) struct Heads {
    source: watch::Receiver<u64>,
    target: watch::Receiver<u64>,
}

impl Heads {
    /// What has come up to now is known.
    pub(crate) fn see(&mut self) {
        self.source.borrow_and_update();
        self.target.borrow_and_update();
    }

    /// Waits until the source moves; answers where it has come to, if it does.
    pub(crate) async fn wait_for_source(&mut self, at_most: Duration) -> Option<u64> {
        let moved = tokio::time::timeout(at_most, self.source.changed()).await;
        matches!(moved, Ok(Ok(()))).then(|| *self.source.borrow_and_update())
    }

    /// Waits until either moves, which may mend what is wrong.
    pub(crate) async fn wait_for_either(&mut self, at_most: Duration) {
        let either = async {
            tokio::select! {
                _ = self.source.changed() => {}
                _ = self.target.changed() => {}
            }
        };
        let _ = tokio::time::timeout(at_most, either).await;
    }

    /// The same after a failure: a busy island doesn't make it be tried again at once.
    pub(crate) async fn rest(&mut self, at_most: Duration) {
        tokio::time::sleep(RETRY.0.min(at_most)).await;
        self.wait_for_either(at_most.saturating_sub(RETRY.0)).await;
    }
}

/// How long to wait after failures.
#[derive(Debug, Default)]
pub(crate) struct Retry(u32);

impl Retry {
    pub(crate) fn next(&mut self) -> Duration {
        let wait = RETRY.0.saturating_mul(1 << self.0.min(16)).min(RETRY.1);
        self.0 += 1;
        wait
    }
    pub(crate) const fn reset(&mut self) {
        self.0 = 0;
    }
}
