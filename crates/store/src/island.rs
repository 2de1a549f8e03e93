//! Islands and the threads that serve them: one writer per open island, a pool of readers for all.
//!
//! A command travels to the writer's thread, runs in a savepoint, and is answered after the commit
//! of its group. The writer takes whatever is queued when it gets to it, so the group grows with
//! the load and a lone command never waits for company. Open islands are kept in a bounded set;
//! the one that was used longest ago and has nothing to do is closed for another.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use types::{Actor, Error, Result, TenantId};

use crate::clock::Clock;
use crate::engine::{Connection, Mode};
use crate::registry::Registry;
use crate::tx::{self, ReadTx, Tx};
use crate::{migrate, params, sqlite};

/// Commands in one commit, at most.
const GROUP_COMMANDS_MAX: usize = 512;
/// How long a group may take before it is committed, so that what comes next needn't wait longer.
const GROUP_TIME_MAX: Duration = Duration::from_millis(20);

/// When to ask again for data that have to be restored first.
const RESTORE_SECONDS: u32 = 60;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// The data directory.
    pub directory: PathBuf,
    /// Islands kept open at once.
    pub open_islands: usize,
    /// Threads that serve reads.
    pub readers: usize,
    /// Commands that may wait for one island's writer.
    pub writer_queue: usize,
    /// Page cache of each island's writer, in KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reading connection, in KiB.
    pub reader_cache_kib: u32,
    /// A seed makes all ids and secrets repeatable, for simulation; none takes the system's.
    pub seed: Option<u64>,
}

impl Options {
    /// The defaults of docs/limits.md for a data directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            open_islands: 256,
            readers: std::thread::available_parallelism()
                .map_or(2, usize::from)
                .clamp(2, 16),
            writer_queue: 1024,
            writer_cache_kib: 16 * 1024,
            reader_cache_kib: 2 * 1024,
            seed: None,
        }
    }
}

/// What a command becomes after its run: told the fate of its group.
type Finish = Box<dyn FnOnce(Result<()>) + Send>;
type Command = Box<dyn FnOnce(Result<Turn<'_>>) -> (u64, Finish) + Send>;
type Query = Box<dyn FnOnce() + Send>;

/// A command's turn in its group.
struct Turn<'c> {
    connection: &'c dyn Connection,
    seq: u64,
    seed: [u8; 32],
    /// Whether nothing was written in this transaction yet.
    is_first: bool,
}

/// The newest committed `seq` of each island that somebody follows or wrote to.
type Heads = Arc<Mutex<HashMap<TenantId, watch::Sender<u64>>>>;

/// All islands of a deployment.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    options: Options,
    clock: Arc<dyn Clock>,
    registry: Registry,
    seeds: Mutex<StdRng>,
    open: Mutex<HashMap<TenantId, Arc<OpenIsland>>>,
    heads: Heads,
    uses: AtomicU64,
    queries: crossbeam_channel::Sender<Query>,
    query_places: Arc<Semaphore>,
}

struct OpenIsland {
    path: PathBuf,
    last_use: AtomicU64,
    commands: Option<mpsc::Sender<Command>>,
    writer: Option<JoinHandle<()>>,
    readers: Mutex<Vec<Box<dyn Connection>>>,
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

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while one of these is held can't leave it half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Opens a data directory, making it if it doesn't exist. The caller holds its [`crate::DataLock`].
    pub fn open(options: Options, clock: Arc<dyn Clock>) -> Result<Self> {
        let tenants = options.directory.join("tenants");
        make_private_directory(&options.directory)?;
        make_private_directory(&tenants)?;
        let registry = Registry::open(
            &options.directory.join("registry.db"),
            &tenants,
            clock.as_ref(),
        )?;
        let (queries, queue) = crossbeam_channel::bounded::<Query>(4096);
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
            registry,
            seeds: Mutex::new(seeds),
            open: Mutex::default(),
            heads: Heads::default(),
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
            })
        } else {
            Err(Error::not_found("tenant", tenant))
        }
    }

    /// A handle to an island that isn't listed yet.
    pub(crate) fn new_island(&self, tenant: TenantId) -> Island {
        Island {
            store: self.clone(),
            tenant,
        }
    }

    pub(crate) fn island_path(&self, tenant: TenantId) -> PathBuf {
        self.0
            .options
            .directory
            .join("tenants")
            .join(format!("{tenant}.db"))
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
        let island = open.get(&tenant)?;
        island.last_use.store(
            self.0.uses.fetch_add(1, Ordering::Relaxed),
            Ordering::Relaxed,
        );
        Some(Arc::clone(island))
    }

    fn open_island(&self, tenant: TenantId) -> Result<Arc<OpenIsland>> {
        let mut open = held(&self.0.open);
        let use_number = self.0.uses.fetch_add(1, Ordering::Relaxed);
        if let Some(island) = open.get(&tenant) {
            island.last_use.store(use_number, Ordering::Relaxed);
            return Ok(Arc::clone(island));
        }
        // If all are busy, one more stays open for a while; so there may be several too many.
        while open.len() >= self.0.options.open_islands {
            // Only the map holds an idle island.
            let idle = open
                .iter()
                .filter(|(_, island)| Arc::strong_count(island) == 1)
                .min_by_key(|(_, island)| island.last_use.load(Ordering::Relaxed))
                .map(|(tenant, _)| *tenant);
            let Some(idle) = idle else { break };
            open.remove(&idle);
        }
        let path = self.island_path(tenant);
        if self.0.registry.holds(tenant) && !path.exists() {
            tracing::error!(path = %path.display(), "a tenant's file is missing");
            return Err(Error::unavailable(
                "The data of this tenant is missing: the server's operator has to restore it from \
                 a backup.",
                RESTORE_SECONDS,
            ));
        }
        let connection = sqlite::open(&path, Mode::Write, self.0.options.writer_cache_kib)?;
        migrate::run(&connection, migrate::ISLAND, self.0.clock.now())?;
        connection.execute(
            "INSERT INTO feed_head (tenant_id, seq, floor) VALUES (?1, 0, 0) \
             ON CONFLICT (tenant_id) DO NOTHING",
            params![&tenant],
        )?;
        let (commands, queue) = mpsc::channel(self.0.options.writer_queue);
        let heads = Arc::clone(&self.0.heads);
        let seed = self.seed();
        let writer = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                Writer {
                    connection: Box::new(connection),
                    tenant,
                    queue,
                    rng: StdRng::from_seed(seed),
                    heads,
                }
                .run();
            })
            .map_err(Error::internal)?;
        let island = Arc::new(OpenIsland {
            path,
            last_use: AtomicU64::new(use_number),
            commands: Some(commands),
            writer: Some(writer),
            readers: Mutex::default(),
        });
        open.insert(tenant, Arc::clone(&island));
        Ok(island)
    }

    /// Closes all islands; what was accepted is carried out first. Handles open them again.
    pub fn close(&self) {
        let islands: Vec<_> = held(&self.0.open).drain().collect();
        drop(islands);
    }
}

/// A handle to one tenant's data: without it no code reaches them.
#[derive(Clone)]
pub struct Island {
    store: Store,
    tenant: TenantId,
}

impl Island {
    /// Whose data.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
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
        let (answer, command) = self.command(actor, command);
        let island = match self.store.opened(self.tenant) {
            Some(island) => island,
            None => self.open().await?,
        };
        let queue = island.commands.as_ref().ok_or_else(closed)?;
        queue.send(command).await.map_err(|_| closed())?;
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
        let (answer, command) = self.command(actor, command);
        let island = self.store.open_island(self.tenant)?;
        let queue = island.commands.as_ref().ok_or_else(closed)?;
        queue.blocking_send(command).map_err(|_| closed())?;
        answer.blocking_recv().map_err(|_| closed())?
    }

    /// Opens the island on a thread of the store, since that reads files.
    async fn open(&self) -> Result<Arc<OpenIsland>> {
        let (sender, receiver) = oneshot::channel();
        let island = self.clone();
        self.submit(Box::new(move || {
            let _ = sender.send(island.store.open_island(island.tenant));
        }))
        .await?;
        receiver.await.map_err(|_| closed())?
    }

    /// Queues work for the reading threads, waiting for a place if all are taken.
    async fn submit(&self, job: Query) -> Result<()> {
        let places = Arc::clone(&self.store.0.query_places);
        let place = places.acquire_owned().await.map_err(Error::internal)?;
        let job: Query = Box::new(move || {
            job();
            drop(place);
        });
        self.store.0.queries.send(job).map_err(|_| closed())
    }

    fn command<T: Send + 'static>(
        &self,
        actor: Actor,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> (oneshot::Receiver<Result<T>>, Command) {
        let (sender, receiver) = oneshot::channel();
        let clock = Arc::clone(self.store.clock());
        let tenant = self.tenant;
        let boxed: Command = Box::new(move |turn| {
            let Turn {
                connection,
                seq,
                seed,
                is_first,
            } = match turn {
                Ok(turn) => turn,
                Err(error) => {
                    let finish: Finish = Box::new(move |_| {
                        let _ = sender.send(Err(error));
                    });
                    return (0, finish);
                }
            };
            let read = ReadTx::new(connection, tenant, clock.now());
            let mut tx = Tx::new(read, actor, seq, seed);
            let (seq, outcome) = if is_first {
                run_first(connection, seq, &mut tx, command)
            } else {
                run_in_savepoint(connection, seq, &mut tx, command)
            };
            let finish: Finish = Box::new(move |fate| {
                let _ = sender.send(fate.and(outcome));
            });
            (seq, finish)
        });
        (receiver, boxed)
    }

    /// Runs a query on a snapshot.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&ReadTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let island = self.clone();
        self.submit(Box::new(move || {
            let _ = sender.send(island.read_blocking(query));
        }))
        .await?;
        receiver
            .await
            .map_err(|_| Error::internal("a query panicked"))?
    }

    /// [`Island::read`] of a few rows by their keys, on the calling thread: that takes a few
    /// microseconds, less than another thread takes to hear of it. What may take longer, such as
    /// opening the island's file, is left to the readers.
    pub async fn read_few<T: Send + 'static>(
        &self,
        query: impl FnOnce(&ReadTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if let Some(island) = self.store.opened(self.tenant) {
            let idle = held(&island.readers).pop();
            if let Some(connection) = idle {
                return self.snapshot(&island, connection, query);
            }
        }
        self.read(query).await
    }

    /// [`Island::read`] on the calling thread, which must belong to no async runtime.
    pub fn read_blocking<T>(&self, query: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        let island = self.store.open_island(self.tenant)?;
        let idle = held(&island.readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Box::new(sqlite::open(
                &island.path,
                Mode::Read,
                self.store.0.options.reader_cache_kib,
            )?),
        };
        self.snapshot(&island, connection, query)
    }

    fn snapshot<T>(
        &self,
        island: &OpenIsland,
        connection: Box<dyn Connection>,
        query: impl FnOnce(&ReadTx<'_>) -> Result<T>,
    ) -> Result<T> {
        connection.begin(Mode::Read)?;
        let outcome = query(&ReadTx::new(
            connection.as_ref(),
            self.tenant,
            self.store.0.clock.now(),
        ));
        // A snapshot holds nothing, so there is nothing that ending it could lose.
        connection.commit().or_else(|_| connection.rollback())?;
        let mut readers = held(&island.readers);
        if readers.len() < self.store.0.options.readers {
            readers.push(connection);
        }
        drop(readers);
        outcome
    }

    /// Follows this island's head; see [`Store::watch`].
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.store.watch(self.tenant)
    }
}

fn run_in_savepoint<T>(
    connection: &dyn Connection,
    seq: u64,
    tx: &mut Tx<'_>,
    command: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> (u64, Result<T>) {
    if let Err(error) = connection.savepoint() {
        return (seq, Err(error));
    }
    match caught(tx, command) {
        Ok(value) => match connection.release() {
            Ok(()) => (tx.seq(), Ok(value)),
            Err(error) => (seq, Err(error)),
        },
        Err(error) => {
            if let Err(undo_error) = connection.undo() {
                tracing::error!(error = %undo_error, "a failed command couldn't be undone alone");
            }
            (seq, Err(error))
        }
    }
}

/// Runs a group's first command, before which there is nothing to keep: if it fails, a fresh
/// transaction takes the place of this one. That spares the engine the copies of pages that a
/// savepoint needs, which for a large command are many.
fn run_first<T>(
    connection: &dyn Connection,
    seq: u64,
    tx: &mut Tx<'_>,
    command: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> (u64, Result<T>) {
    match caught(tx, command) {
        Ok(value) => (tx.seq(), Ok(value)),
        Err(error) => {
            let begun = connection
                .rollback()
                .and_then(|()| begin(connection, tx.tenant()));
            if let Err(undo_error) = begun {
                tracing::error!(error = %undo_error, "no transaction follows a failed command");
                // The group sees that none is open, and ends.
                let _ = connection.rollback();
            }
            (seq, Err(error))
        }
    }
}

fn caught<T>(tx: &mut Tx<'_>, command: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| command(tx)))
        .unwrap_or_else(|_| Err(Error::internal("a command panicked")))
}

/// Begins a group's transaction; answers the head.
fn begin(connection: &dyn Connection, tenant: TenantId) -> Result<u64> {
    connection.begin(Mode::Write)?;
    tx::lock_head(connection, tenant)
}

struct Writer {
    connection: Box<dyn Connection>,
    tenant: TenantId,
    queue: mpsc::Receiver<Command>,
    rng: StdRng,
    heads: Heads,
}

impl Writer {
    fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let mut finishes = Vec::new();
            let fate = self.group(first, &mut finishes);
            let answer = fate.as_ref().map(|_| ()).map_err(Clone::clone);
            if let Ok(seq) = fate {
                announce(&self.heads, self.tenant, seq);
            } else {
                let _ = self.connection.rollback();
            }
            for finish in finishes {
                finish(answer.clone());
            }
        }
    }

    /// Runs the command and those that wait behind it in one transaction; answers the new head.
    ///
    /// The time that passes bounds the group's length; it decides no outcome.
    fn group(&mut self, first: Command, finishes: &mut Vec<Finish>) -> Result<u64> {
        let head = match begin(self.connection.as_ref(), self.tenant) {
            Ok(head) => head,
            Err(error) => {
                finishes.push(first(Err(error.clone())).1);
                return Err(error);
            }
        };
        let started = Instant::now();
        let mut seq = head;
        let mut next = Some(first);
        while let Some(command) = next {
            let mut seed = [0; 32];
            self.rng.fill_bytes(&mut seed);
            let connection = self.connection.as_ref();
            let (after, finish) = command(Ok(Turn {
                connection,
                seq,
                seed,
                is_first: finishes.is_empty(),
            }));
            seq = after;
            finishes.push(finish);
            if !connection.in_transaction() {
                // Some failures of the disk end the whole transaction, not the command alone.
                return Err(Error::unavailable(
                    "The disk failed. Nothing was changed.",
                    5,
                ));
            }
            let room = finishes.len() < GROUP_COMMANDS_MAX && started.elapsed() < GROUP_TIME_MAX;
            next = if room {
                self.queue.try_recv().ok()
            } else {
                None
            };
        }
        if seq != head {
            tx::store_head(self.connection.as_ref(), self.tenant, seq)?;
        }
        self.connection.commit()?;
        Ok(seq)
    }
}

fn announce(heads: &Heads, tenant: TenantId, seq: u64) {
    held(heads)
        .entry(tenant)
        .or_insert_with(|| watch::channel(0).0)
        .send_if_modified(|head| {
            let newer = seq > *head;
            *head = seq.max(*head);
            newer
        });
}

fn closed() -> Error {
    Error::unavailable("The server is closing this data. Try again.", 1)
}

fn make_private_directory(path: &Path) -> Result<()> {
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
