//! The engine: one task per tenant that delivers its outbox and keeps its pairs running, and one
//! task per pair that plans, sends and settles.
//!
//! All decisions are made in [`plan`](crate::plan) and by the receiver; this is the driver. A pair
//! overlaps the settling of one batch in the source with the planning and sending of the next, so
//! both islands' writers are busy. What a task hears (the head of an island) is only a hint: losing
//! one costs latency, bounded by a timer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use border::{Courier, Envelope, Receipt, Transport};
use store::{Island, Store};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use types::trace::Trace;
use types::{Actor, Error, Result, TenantId, Timestamp};

use crate::pair::{self, Position};
use crate::plan::{self, Next, Planned};
use crate::wire::{Batch, Reply, STREAM, USERS};
use crate::{BATCHES_IN_FLIGHT_MAX, settle};

/// A position that moved by this much without anything to send is written down.
const POSITION_KEPT_EVERY: u64 = 1_024;
/// Batches of at least this many users count against [`BATCHES_IN_FLIGHT_MAX`].
const LARGE_BATCH: usize = 64;
/// The longest wait without a hint.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Waits after a failure to reach the other side double from the first to the second.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(30));

type Pairs = Mutex<HashMap<(TenantId, TenantId), Position>>;

/// Runs synchronization for all tenants of a deployment.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    store: Store,
    transport: Arc<dyn Transport>,
    courier: Courier,
    live: Pairs,
    large: Arc<Semaphore>,
    tenants: Mutex<HashMap<TenantId, JoinHandle<()>>>,
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
            live: Pairs::default(),
            large: Arc::new(Semaphore::new(BATCHES_IN_FLIGHT_MAX)),
            tenants: Mutex::default(),
        }))
    }

    /// Starts the work of a tenant, once. Call it on the runtime.
    pub fn start(&self, tenant: TenantId) {
        let engine = self.clone();
        held(&self.0.tenants)
            .entry(tenant)
            .or_insert_with(|| tokio::spawn(async move { engine.run_tenant(tenant).await }));
    }

    /// Stops all work; what was under way is taken up again at the next start.
    pub async fn stop(&self) {
        let tasks: Vec<_> = held(&self.0.tenants)
            .drain()
            .map(|(_, task)| task)
            .collect();
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
    }

    /// The position that the pair has reached, written down or not.
    pub fn live(&self, source: TenantId, target: TenantId) -> Option<Position> {
        held(&self.0.live).get(&(source, target)).cloned()
    }

    /// Delivers what waits in a tenant's outbox, for a caller who wants to see the effect of what
    /// it has just done. Failures are left to the tenant's own task.
    pub async fn flush(&self, tenant: TenantId) {
        if let Err(error) = self.0.courier.run(tenant).await {
            tracing::warn!(%tenant, %error, "the outbox couldn't be delivered");
        }
    }

    async fn run_tenant(&self, tenant: TenantId) {
        let mut head = self.0.store.watch(tenant);
        let mut pairs: HashMap<TenantId, Task> = HashMap::new();
        let mut retry = Retry::default();
        loop {
            head.borrow_and_update();
            let outcome = self.tend(tenant, &mut pairs).await;
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
            // Whether the hint comes or the time runs out, the next round looks at everything.
            let _ = tokio::time::timeout(wait, head.changed()).await;
        }
    }

    /// One round of a tenant: outbox, pairs. Answers whether every message was delivered.
    async fn tend(&self, tenant: TenantId, pairs: &mut HashMap<TenantId, Task>) -> Result<bool> {
        let unreached = self.0.courier.run(tenant).await?;
        let island = self.0.store.island(tenant)?;
        let (members, kept) = island
            .read(|tx| {
                let kept: Vec<TenantId> =
                    pair::all(tx)?.into_iter().map(|pair| pair.target).collect();
                Ok((organization::active_members(tx)?, kept))
            })
            .await?;
        // A pair ends by itself when the two are no longer together; its rows go then.
        pairs.retain(|_, task| !task.0.is_finished());
        for member in &members {
            pairs.entry(*member).or_insert_with(|| {
                let (engine, island, target) = (self.clone(), island.clone(), *member);
                Task(tokio::spawn(async move {
                    engine.run_pair(island, target).await
                }))
            });
        }
        for over in kept.into_iter().filter(|target| !members.contains(target)) {
            if !pairs.contains_key(&over) {
                while !island
                    .write(Actor::System, move |tx| pair::forget(tx, over, 2_000))
                    .await?
                {}
            }
        }
        Ok(unreached.is_empty())
    }

    async fn run_pair(&self, island: Island, target: TenantId) {
        let key = (island.tenant(), target);
        let mut retry = Retry::default();
        loop {
            let mut runner = match Runner::start(self, &island, target).await {
                Ok(runner) => runner,
                Err(error) => {
                    tracing::warn!(from = %key.0, to = %target, %error, "a pair couldn't start");
                    tokio::time::sleep(retry.next()).await;
                    continue;
                }
            };
            retry.reset();
            match runner.run().await {
                Ok(()) => break,
                Err(error) => {
                    tracing::warn!(from = %key.0, to = %target, %error, "a pair stumbled");
                    tokio::time::sleep(retry.next()).await;
                }
            }
        }
        held(&self.0.live).remove(&key);
    }
}

/// A task that ends with its owner.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Default)]
struct Retry(u32);

impl Retry {
    fn next(&mut self) -> Duration {
        let wait = RETRY.0.saturating_mul(1 << self.0.min(16)).min(RETRY.1);
        self.0 += 1;
        wait
    }
    const fn reset(&mut self) {
        self.0 = 0;
    }
}

/// A batch that was sent and waits to be settled.
struct Sent {
    seq: u64,
    planned: Vec<Planned>,
    reply: Reply,
    position: Position,
}

struct Runner<'e> {
    engine: &'e Engine,
    island: Island,
    target: TenantId,
    source_head: watch::Receiver<u64>,
    target_head: watch::Receiver<u64>,
    seq: u64,
    position: Position,
    kept: u64,
    blocked: Option<Trace>,
    retry: Retry,
}

impl<'e> Runner<'e> {
    async fn start(engine: &'e Engine, island: &Island, target: TenantId) -> Result<Self> {
        let pair = island
            .write(Actor::System, move |tx| pair::ensure(tx, target))
            .await?;
        Ok(Self {
            engine,
            target,
            source_head: engine.0.store.watch(island.tenant()),
            target_head: engine.0.store.watch(target),
            island: island.clone(),
            seq: pair.stream_seq,
            kept: pair.position.feed_seq,
            position: pair.position,
            blocked: pair.blocked,
            retry: Retry::default(),
        })
    }

    async fn run(&mut self) -> Result<()> {
        let mut sent: Option<Sent> = None;
        loop {
            self.source_head.borrow_and_update();
            self.target_head.borrow_and_update();
            // While a scan goes on, the batch before is settled as the next is planned and sent:
            // they have no user in common. Otherwise the plan has to see what was settled.
            let overlapping = sent.as_ref().is_some_and(|sent| sent.position.scanning);
            let (island, target) = (self.island.clone(), self.target);
            let settling = settle_sent(&island, target, sent.take());
            let step = if overlapping {
                let (settled, step) = tokio::join!(settling, self.step(true));
                settled?;
                step?
            } else {
                settling.await?;
                self.step(false).await?
            };
            match step {
                Step::Sent(batch) => {
                    self.retry.reset();
                    sent = Some(batch);
                }
                Step::Again => {}
                Step::Over => return Ok(()),
                Step::Wait {
                    at_most,
                    for_target,
                } => self.wait(at_most, for_target).await,
            }
        }
    }

    async fn step(&mut self, overlapping: bool) -> Result<Step> {
        let (target, position) = (self.target, self.position.clone());
        let next = self
            .island
            .read(move |tx| Ok((plan::next(tx, target, &position)?, tx.now())));
        let (next, now) = next.await?;
        if let Next::Send { position, .. } | Next::Moved(position) | Next::Idle { position, .. } =
            &next
        {
            let goes_on = position.scope_key == self.position.scope_key
                && position.feed_seq == self.position.feed_seq;
            if overlapping && !goes_on {
                // The scan starts anew: not before everything is settled.
                return Ok(Step::Again);
            }
            if self.blocked.is_some() {
                return self.probe().await;
            }
        }
        match next {
            Next::Over => Ok(Step::Over),
            Next::Paused => Ok(Step::Wait {
                at_most: WAIT_MAX,
                for_target: false,
            }),
            Next::Blocked(trace) => {
                self.block(trace).await?;
                Ok(Step::Wait {
                    at_most: WAIT_MAX,
                    for_target: false,
                })
            }
            Next::Moved(position) => {
                self.reach(position).await?;
                Ok(Step::Again)
            }
            Next::Idle { position, wake_at } => {
                self.reach(position).await?;
                Ok(Step::Wait {
                    at_most: until(now, wake_at),
                    for_target: false,
                })
            }
            Next::Send { items, position } => self.send(items, position).await,
        }
    }

    async fn send(&mut self, planned: Vec<Planned>, position: Position) -> Result<Step> {
        let items: Vec<_> = planned
            .iter()
            .filter_map(|planned| planned.item.clone())
            .collect();
        if items.is_empty() {
            let reply = Reply {
                results: Vec::new(),
            };
            self.note(&position);
            return Ok(Step::Sent(Sent {
                seq: self.seq,
                planned,
                reply,
                position,
            }));
        }
        let _place = if items.len() >= LARGE_BATCH {
            Some(
                self.engine
                    .0
                    .large
                    .acquire()
                    .await
                    .map_err(Error::internal)?,
            )
        } else {
            None
        };
        let body = serde_json::to_string(&Batch { items }).map_err(Error::internal)?;
        let envelope = Envelope {
            from: self.island.tenant(),
            to: self.target,
            stream: STREAM.into(),
            seq: self.seq + 1,
            kind: USERS.into(),
            body,
        };
        match self.engine.0.transport.deliver(envelope).await? {
            Receipt::Applied { reply } => {
                self.seq += 1;
                let reply = serde_json::from_str(&reply).map_err(Error::internal)?;
                self.note(&position);
                Ok(Step::Sent(Sent {
                    seq: self.seq,
                    planned,
                    reply,
                    position,
                }))
            }
            // This side doesn't know how far it had come (it was cut off): go on after what the
            // target has; items carry state, so sending them again does no harm.
            Receipt::Duplicate { last } | Receipt::Gap { last } => {
                self.seq = last;
                Ok(Step::Again)
            }
            Receipt::Refused { trace } => {
                self.seq += 1;
                self.block(trace).await?;
                Ok(Step::Wait {
                    at_most: self.retry.next(),
                    for_target: true,
                })
            }
            Receipt::Rejected { reason } => {
                self.seq += 1;
                tracing::error!(from = %self.island.tenant(), to = %self.target, reason, "a batch was rejected");
                Ok(Step::Wait {
                    at_most: self.retry.next(),
                    for_target: true,
                })
            }
        }
    }

    /// Asks the target whether it still refuses.
    async fn probe(&mut self) -> Result<Step> {
        let question = serde_json::to_string(&crate::explain::Question { user_id: None })
            .map_err(Error::internal)?;
        let (from, transport) = (self.island.tenant(), &self.engine.0.transport);
        let answer = transport
            .ask(from, self.target, crate::explain::QUERY, question)
            .await?;
        let trace: Trace = serde_json::from_str(&answer).map_err(Error::internal)?;
        if trace.allowed {
            self.set_blocked(None).await?;
            self.retry.reset();
            Ok(Step::Again)
        } else {
            self.block(trace).await?;
            Ok(Step::Wait {
                at_most: self.retry.next(),
                for_target: true,
            })
        }
    }

    async fn block(&mut self, trace: Trace) -> Result<()> {
        self.set_blocked(Some(trace)).await
    }

    async fn set_blocked(&mut self, trace: Option<Trace>) -> Result<()> {
        if self.blocked != trace {
            self.blocked.clone_from(&trace);
            let target = self.target;
            self.island
                .write(Actor::System, move |tx| {
                    pair::set_blocked(tx, target, trace.as_ref())
                })
                .await?;
        }
        Ok(())
    }

    fn note(&mut self, position: &Position) {
        self.position.clone_from(position);
        self.kept = position.feed_seq;
        let key = (self.island.tenant(), self.target);
        held(&self.engine.0.live).insert(key, position.clone());
    }

    /// Moves on without anything to send; writes it down now and then.
    async fn reach(&mut self, position: Position) -> Result<()> {
        let same_phase = position.scanning == self.position.scanning
            && position.scope_key == self.position.scope_key;
        let near = position.feed_seq.saturating_sub(self.kept) < POSITION_KEPT_EVERY;
        let kept = self.kept;
        self.note(&position);
        if same_phase && near {
            self.kept = kept;
        } else {
            let target = self.target;
            self.island
                .write(Actor::System, move |tx| {
                    pair::keep_position(tx, target, &position)
                })
                .await?;
        }
        Ok(())
    }

    async fn wait(&mut self, at_most: Duration, for_target: bool) {
        let source = self.source_head.changed();
        let target = self.target_head.changed();
        let either = async {
            if for_target {
                tokio::select! { _ = source => {}, _ = target => {} }
            } else {
                let _ = source.await;
            }
        };
        let _ = tokio::time::timeout(at_most, either).await;
    }
}

enum Step {
    Sent(Sent),
    Again,
    Over,
    Wait { at_most: Duration, for_target: bool },
}

async fn settle_sent(island: &Island, target: TenantId, sent: Option<Sent>) -> Result<()> {
    let Some(Sent {
        seq,
        planned,
        reply,
        position,
    }) = sent
    else {
        return Ok(());
    };
    island
        .write(Actor::System, move |tx| {
            settle::settle(tx, target, seq, planned, reply, &position)
        })
        .await
}

fn until(now: Timestamp, at: Option<Timestamp>) -> Duration {
    at.map_or(WAIT_MAX, |at| {
        Duration::from_micros(u64::try_from(at.0 - now.0).unwrap_or(0).max(1_000)).min(WAIT_MAX)
    })
}
