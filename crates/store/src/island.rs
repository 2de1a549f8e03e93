//! Islands and the threads that serve them: one writer per open island, a pool of readers for all.
//!
//! Open islands are kept in a bounded set; the one that was used longest ago and has nothing to do
//! is closed for another.

use std::collections::HashMap;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use types::{Actor, Error, Result, TenantId};

use crate::clock::Clock;
use crate::database::Database;
use crate::memory::Memory;
use crate::options::Options;
use crate::params;
use crate::readers::{Reader, Readers};
use crate::registry::Registry;
use crate::tx::{ReadTx, Tx};
use crate::work::{Fence, SharesSender};
use crate::writer::{Heads, Job, Order, Sent, Writer};

/// How long closing waits for reads and commands that are under way.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(10);

type Query = Box<dyn FnOnce() + Send>;
type OnChange = Box<dyn Fn(TenantId) + Send + Sync>;

/// All islands of a deployment.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

pub(crate) struct Inner {
    options: Options,
    clock: Arc<dyn Clock>,
    database: Database,
    pub(crate) registry: Registry,
    pub(crate) shares: SharesSender,
    /// Told of changes that other servers may have made.
    on_change: OnceLock<OnChange>,
    /// When the registry was read last because somebody looked for what wasn't in it.
    learned: tokio::sync::Mutex<Option<Instant>>,
    seeds: Mutex<StdRng>,
    /// `None` once the store is closed.
    open: Mutex<Option<OpenIslands>>,
    /// Disconnected once the store is closed and every island's file with it.
    all_closed: crossbeam_channel::Receiver<Infallible>,
    heads: Heads,
    memory: Arc<Memory>,
    uses: AtomicU64,
    queries: crossbeam_channel::Sender<Query>,
    query_places: Arc<Semaphore>,
}

struct OpenIslands {
    islands: HashMap<TenantId, Arc<OpenIsland>>,
    /// The page cache that each of the writers may have now, in KiB.
    writer_cache_kib: Arc<AtomicU32>,
    alive: crossbeam_channel::Sender<Infallible>,
}

struct OpenIsland {
    last_use: AtomicU64,
    commands: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    readers: Arc<Readers>,
    /// Nothing is ever sent on it: that it is gone tells that the file is closed, so it stands last.
    _alive: crossbeam_channel::Sender<Infallible>,
}

impl Drop for OpenIsland {
    fn drop(&mut self) {
        // The writer ends when its queue closes; waiting for it means that nobody can open the
        // file for writing before this writer has closed it.
        drop(self.commands.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while one of these is held can't leave it half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Opens a data directory, making it if it doesn't exist. The caller holds its [`crate::DataLock`].
    pub fn open(options: Options, clock: Arc<dyn Clock>) -> Result<Self> {
        let tenants = options.directory.join("tenants");
        make_private_directory(&options.directory)?;
        make_private_directory(&tenants)?;
        let database = Database::open(&options, clock.as_ref())?;
        let registry = database.registry(clock.as_ref())?;
        let registry = Registry::open(registry, database.directory_id(), clock.now())?;
        let (queries, queue) = crossbeam_channel::bounded::<Query>(4096);
        let (alive, all_closed) = crossbeam_channel::bounded(0);
        for number in 0..options.readers {
            let queue = queue.clone();
            std::thread::Builder::new()
                .name(format!("store-reader-{number}"))
                .spawn(move || {
                    for query in queue {
                        // A query that panics tells its asker by dropping the answer's sender.
                        let _ = catch_unwind(AssertUnwindSafe(query));
                    }
                })
                .map_err(Error::internal)?;
        }
        let seeds = match options.seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => StdRng::from_rng(&mut rand::rng()),
        };
        Ok(Self(Arc::new(Inner {
            clock,
            database,
            registry,
            shares: watch::channel(Arc::default()).0,
            on_change: OnceLock::new(),
            learned: tokio::sync::Mutex::default(),
            seeds: Mutex::new(seeds),
            open: Mutex::new(Some(OpenIslands {
                islands: HashMap::new(),
                writer_cache_kib: Arc::new(AtomicU32::new(options.writer_cache_kib)),
                alive,
            })),
            all_closed,
            heads: Heads::default(),
            memory: Arc::default(),
            uses: AtomicU64::new(0),
            queries,
            query_places: Arc::new(Semaphore::new(2048)),
            options,
        })))
    }

    /// The time as all transactions of this store see it.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The data directory.
    pub fn directory(&self) -> &Path {
        &self.0.options.directory
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.0.registry
    }

    pub(crate) fn seed(&self) -> [u8; 32] {
        let mut seed = [0; 32];
        held(&self.0.seeds).fill_bytes(&mut seed);
        seed
    }

    /// A handle to a tenant's island. `NotFound` if this deployment doesn't hold the tenant.
    pub fn island(&self, tenant: TenantId) -> Result<Island> {
        if self.0.registry.holds(tenant) {
            Ok(Island {
                store: self.clone(),
                tenant,
                fence: Fence::open(),
            })
        } else {
            Err(Error::not_found("tenant", tenant))
        }
    }

    pub(crate) fn weak(&self) -> Weak<Inner> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn shares(&self) -> &SharesSender {
        &self.0.shares
    }

    /// Has `told` hear of each tenant in whose data another server may have changed something, soon
    /// after it has. The first one who asks for it is told.
    pub fn on_change(&self, told: impl Fn(TenantId) + Send + Sync + 'static) {
        let _ = self.0.on_change.set(Box::new(told));
    }

    /// Makes sure that tenants and domains are known here that another server had made when this
    /// was called. Many who ask at once are answered by one look.
    pub async fn learn(&self) -> Result<()> {
        if self.database().is_embedded() {
            return Ok(());
        }
        let asked_at = Instant::now();
        let mut learned = self.0.learned.lock().await;
        if learned.is_some_and(|learned| learned >= asked_at) {
            return Ok(());
        }
        let began = Instant::now();
        let (sender, receiver) = oneshot::channel();
        let store = self.clone();
        let job: Query = Box::new(move || {
            let _ = sender.send(store.registry().load_if_changed());
        });
        self.submit(job).await?;
        receiver.await.map_err(|_| closed())??;
        *learned = Some(began);
        Ok(())
    }

    /// Does something with the registry on a reading thread.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let store = self.clone();
        self.submit(Box::new(move || {
            let _ = sender.send(job(&store));
        }))
        .await?;
        receiver.await.map_err(|_| closed())?
    }

    /// Queues work for the reading threads, waiting for a place if all are taken.
    async fn submit(&self, job: Query) -> Result<()> {
        let places = Arc::clone(&self.0.query_places);
        let place = places.acquire_owned().await.map_err(Error::internal)?;
        let job: Query = Box::new(move || {
            job();
            drop(place);
        });
        self.0.queries.send(job).map_err(|_| closed())
    }

    /// A handle to an island that isn't listed yet.
    pub(crate) fn new_island(&self, tenant: TenantId) -> Island {
        Island {
            store: self.clone(),
            tenant,
            fence: Fence::open(),
        }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    /// Follows an island's head: the newest committed `seq` as far as this process knows. A hint:
    /// whoever waits for it must also look for himself now and then.
    pub fn watch(&self, tenant: TenantId) -> watch::Receiver<u64> {
        held(&self.0.heads)
            .entry(tenant)
            .or_insert_with(|| watch::channel(0).0)
            .subscribe()
    }

    fn opened(&self, tenant: TenantId) -> Option<Arc<OpenIsland>> {
        let open = held(&self.0.open);
        let island = open.as_ref()?.islands.get(&tenant)?;
        island.last_use.store(
            self.0.uses.fetch_add(1, Ordering::Relaxed),
            Ordering::Relaxed,
        );
        Some(Arc::clone(island))
    }

    fn open_island(&self, tenant: TenantId) -> Result<Arc<OpenIsland>> {
        let mut open = held(&self.0.open);
        let OpenIslands {
            islands,
            writer_cache_kib,
            alive,
        } = open.as_mut().ok_or_else(closed)?;
        let use_number = self.0.uses.fetch_add(1, Ordering::Relaxed);
        if let Some(island) = islands.get(&tenant) {
            island.last_use.store(use_number, Ordering::Relaxed);
            return Ok(Arc::clone(island));
        }
        // If all are busy, one more stays open for a while; so there may be several too many.
        while islands.len() >= self.0.options.open_islands {
            // Only the map holds an idle island.
            let idle = islands
                .iter()
                .filter(|(_, island)| Arc::strong_count(island) == 1)
                .min_by_key(|(_, island)| island.last_use.load(Ordering::Relaxed))
                .map(|(tenant, _)| *tenant);
            let Some(idle) = idle else { break };
            islands.remove(&idle);
        }
        let cache_kib = self.0.options.writer_cache_kib(islands.len() + 1);
        writer_cache_kib.store(cache_kib, Ordering::Relaxed);
        let is_known = self.0.registry.holds(tenant);
        let connection =
            self.0
                .database
                .writer(tenant, is_known, cache_kib, self.0.clock.as_ref())?;
        connection.execute(
            "INSERT INTO feed_head (tenant_id, seq, floor) VALUES (?1, 0, 0) \
             ON CONFLICT (tenant_id) DO NOTHING",
            params![&tenant],
        )?;
        let (commands, queue) = mpsc::channel(self.0.options.writer_queue);
        let heads = Arc::clone(&self.0.heads);
        let memory = Arc::clone(&self.0.memory);
        let cache_share_kib = Arc::clone(writer_cache_kib);
        let seed = self.seed();
        let readers = Arc::new(Readers::new(self.0.options.readers));
        let read_by = Arc::clone(&readers);
        let writer = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                Writer {
                    connection,
                    tenant,
                    queue,
                    rng: StdRng::from_seed(seed),
                    heads,
                    memory,
                    readers: read_by,
                    cache_kib,
                    cache_share_kib,
                    commit_time: Duration::ZERO,
                }
                .run();
            })
            .map_err(Error::internal)?;
        let island = Arc::new(OpenIsland {
            last_use: AtomicU64::new(use_number),
            commands: Some(commands),
            writer: Some(writer),
            readers,
            _alive: alive.clone(),
        });
        islands.insert(tenant, Arc::clone(&island));
        Ok(island)
    }

    /// Has idle connections give back the memory that they keep pages in. It costs the next use a
    /// few reads of pages that the operating system has at hand, so it may be called often.
    pub fn release_memory(&self) {
        let islands: Vec<Arc<OpenIsland>> = match held(&self.0.open).as_ref() {
            Some(open) => open.islands.values().cloned().collect(),
            None => return,
        };
        for island in islands {
            if let Some(writer) = &island.commands {
                // A writer whose queue is full isn't idle.
                let _ = writer.try_send(Job::ReleaseMemory);
            }
            island.readers.release_memory();
        }
    }

    /// Closes the store for good; what was accepted is carried out first. When this returns, no file
    /// of an island is open any more (unless something that is under way takes longer than 10 s),
    /// and what comes later is refused instead of opening one again: whoever waited for this may
    /// copy, replace or move the files.
    pub fn close(&self) {
        self.0.database.end_work();
        // Apart, so that the writers are waited for without the lock.
        let open = held(&self.0.open).take();
        drop(open);
        if let Err(RecvTimeoutError::Timeout) = self.0.all_closed.recv_timeout(CLOSE_TIME_MAX) {
            tracing::warn!("the store was closed while something was still under way");
        }
    }
}

impl Inner {
    /// What others have written as far as these heads: whoever follows one is told, as is who has
    /// to think again.
    pub(crate) fn saw_heads(&self, moved: &[(TenantId, u64)]) {
        {
            let heads = held(&self.heads);
            for (tenant, seq) in moved {
                if let Some(head) = heads.get(tenant) {
                    head.send_if_modified(|head| {
                        let newer = *seq > *head;
                        *head = (*seq).max(*head);
                        newer
                    });
                }
            }
        }
        if let Some(told) = self.on_change.get() {
            for (tenant, _) in moved {
                told(*tenant);
            }
        }
    }
}

/// A handle to one tenant's data: without it no code reaches them.
#[derive(Clone)]
pub struct Island {
    store: Store,
    tenant: TenantId,
    fence: Fence,
}

impl Island {
    /// Whose data.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The same data, written only as long as the right to some tenant's work holds.
    #[must_use]
    pub fn behind(&self, fence: Fence) -> Self {
        Self {
            fence,
            ..self.clone()
        }
    }

    /// Behind which right it is written.
    pub const fn fence(&self) -> Fence {
        self.fence
    }

    /// The store that this island belongs to.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Runs a command on the island's writer and answers once it is durable. If the command fails,
    /// nothing of it remains. The command runs even when nobody waits for the answer any more.
    pub async fn write<T: Send + 'static>(
        &self,
        actor: Actor,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.send(self.order(actor).once(command)).await
    }

    /// [`Island::write`] of a command that may run twice, to the same effect, which is cheaper where
    /// many come at once.
    pub async fn write_repeatable<T: Send + 'static>(
        &self,
        actor: Actor,
        command: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.send(self.order(actor).repeatable(command)).await
    }

    /// [`Island::write_repeatable`] whose outcome, once it is durable, is handed on without the way back
    /// to the caller, who waits for what comes of it: `then` gets it on the writer's thread, which does
    /// nothing else meanwhile, so it does no more than give it to somebody who answers.
    pub async fn write_repeatable_then<T: Send + 'static, U: Send + 'static>(
        &self,
        actor: Actor,
        command: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
        then: impl FnOnce(Result<T>, oneshot::Sender<Result<U>>) + Send + 'static,
    ) -> Result<U> {
        self.send(self.order(actor).repeatable_then(command, then))
            .await
    }

    /// Queues a command and waits for its outcome; the island stays open meanwhile.
    async fn send<T>(&self, (answer, command): Sent<T>) -> Result<T> {
        let island = match self.store.opened(self.tenant) {
            Some(island) => island,
            None => self.open().await?,
        };
        let queue = island.commands.as_ref().ok_or_else(closed)?;
        queue.send(Job::Run(command)).await.map_err(|_| closed())?;
        let outcome = answer.await.map_err(|_| closed())?;
        drop(island);
        outcome
    }

    /// [`Island::write`] for threads that belong to no async runtime.
    pub fn write_blocking<T: Send + 'static>(
        &self,
        actor: Actor,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, command) = self.order(actor).once(command);
        let island = self.store.open_island(self.tenant)?;
        let queue = island.commands.as_ref().ok_or_else(closed)?;
        queue
            .blocking_send(Job::Run(command))
            .map_err(|_| closed())?;
        answer.blocking_recv().map_err(|_| closed())?
    }

    /// Opens the island on a thread of the store, since that reads files.
    async fn open(&self) -> Result<Arc<OpenIsland>> {
        let (sender, receiver) = oneshot::channel();
        let island = self.clone();
        self.store
            .submit(Box::new(move || {
                let _ = sender.send(island.store.open_island(island.tenant));
            }))
            .await?;
        receiver.await.map_err(|_| closed())?
    }

    fn order(&self, actor: Actor) -> Order {
        Order {
            clock: Arc::clone(self.store.clock()),
            tenant: self.tenant,
            fence: self.fence,
            actor,
        }
    }

    /// Runs a query on a snapshot.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&ReadTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let island = self.clone();
        self.store
            .submit(Box::new(move || {
                let _ = sender.send(island.read_blocking(query));
            }))
            .await?;
        receiver
            .await
            .map_err(|_| Error::internal("a query panicked"))?
    }

    /// [`Island::read`] of a few rows by their keys, on the calling thread: that takes a few
    /// microseconds, less than another thread takes to hear of it. What may take longer, such as
    /// opening the island's file or asking another machine, is left to the readers.
    pub async fn read_few<T: Send + 'static>(
        &self,
        query: impl FnOnce(&ReadTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.store.database().is_embedded()
            && let Some(island) = self.store.opened(self.tenant)
            && let Some(reader) = island.readers.take()
        {
            return self.snapshot(&island.readers, reader, query);
        }
        self.read(query).await
    }

    /// [`Island::read`] on the calling thread, which must belong to no async runtime.
    pub fn read_blocking<T>(&self, query: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        let island = self.store.open_island(self.tenant)?;
        let reader = match island.readers.take() {
            Some(reader) => reader,
            None => island.readers.add(
                self.store
                    .0
                    .database
                    .reader(self.tenant, self.store.0.options.reader_cache_kib)?,
            ),
        };
        self.snapshot(&island.readers, reader, query)
    }

    fn snapshot<T>(
        &self,
        readers: &Readers,
        mut reader: Reader,
        query: impl FnOnce(&ReadTx<'_>) -> Result<T>,
    ) -> Result<T> {
        let now = self.store.0.clock.now();
        let memory = &self.store.0.memory;
        let outcome = query(&ReadTx::new(reader.snapshot()?, self.tenant, now, memory));
        readers.give_back(reader)?;
        outcome
    }

    /// Follows this island's head; see [`Store::watch`].
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.store.watch(self.tenant)
    }
}

fn closed() -> Error {
    Error::unavailable("The server is closing this data. Try again.", 1)
}

pub(crate) fn make_private_directory(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| {
            Error::unavailable(
                format!("Can't make the directory {}: {error}.", path.display()),
                30,
            )
        })
}
