//! One running deployment: opens the store, connects the domain modules to each other through the
//! border, runs their work, and carries out the operator's commands.
//!
//! A [`Node`] knows nothing of HTTP and nothing of a terminal: the edges (`graph`, `cli`) are faces
//! of it.

mod applications;
pub mod command;
pub mod config;
pub mod control;
mod departures;
pub mod descriptors;
mod doctor;
pub mod explain;
mod housekeeping;
pub mod idempotency;
mod import;
pub mod invitations;
mod operator;
mod readiness;
mod sharing;
mod subscriptions;
mod synchronization;
mod tenants;
mod tokens;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use border::inbound::Handlers;
use border::{Courier, Handler, InProcess, Transport};
use config::Config;
use identity::token::{Issuer, Verifier, VerifierOptions};
use identity::{DeploymentKey, KeyRing, PublicUrl, Sealer, Secret, password};
use store::{Clock, Options, Store, SystemClock};
use sync::Engine;
use tokio::task::{JoinHandle, JoinSet};
use types::{Error, Result, TenantId};

pub use operator::consent;
pub use tokens::TenantKeysLoader;

/// Tenants whose signing keys are kept parsed.
const KEPT_KEYS_TENANTS: u64 = 4_096;

/// A deployment. Cheap to clone.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

struct Inner {
    config: Config,
    store: Store,
    sealer: Sealer,
    public_url: PublicUrl,
    issuer: Issuer,
    ring: Arc<KeyRing<TenantKeysLoader>>,
    verifier: Verifier<TenantKeysLoader>,
    passwords: password::Pool,
    transport: Arc<dyn Transport>,
    engine: Engine,
    subscriptions: ::subscriptions::Engine,
    postures: readiness::Postures,
    housekeeping: Mutex<Option<JoinHandle<()>>>,
    /// Departures that are under way.
    departing: Mutex<JoinSet<()>>,
}

impl Node {
    /// Opens the deployment in the configuration's data directory, whose lock the caller holds.
    /// Reads and migrates files, so not on the runtime's threads.
    pub fn open(config: Config) -> Result<Self> {
        Self::open_with(config, Arc::new(SystemClock))
    }

    /// [`Node::open`] with a clock of the caller's.
    pub fn open_with(config: Config, clock: Arc<dyn Clock>) -> Result<Self> {
        config.check()?;
        let limits = &config.limits;
        let options = Options::new(&config.data);
        let store = Store::open(
            Options {
                open_islands: descriptors::islands(limits.size("open_islands"), options.readers),
                writer_queue: limits.size("writer_queue"),
                database_url: (config.database_url.as_ref()).map(|url| url.reveal().to_owned()),
                database_connections: limits.size("database_connections"),
                ..options
            },
            clock,
        )?;
        let sealer = Sealer::new(&deployment_key(&store)?)?;
        let public_url = PublicUrl::parse(&config.origin())?;
        let ring = Arc::new(KeyRing::new(
            TenantKeysLoader::new(store.clone(), sealer.clone()),
            KEPT_KEYS_TENANTS,
        ));
        let verifier = Verifier::new(
            public_url.clone(),
            VerifierOptions::graph(&public_url),
            Arc::clone(&ring),
        );
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let organization = organization::Messages::new(
            limits.size("organization_tenants"),
            limits.get("organization_users"),
        )
        .invitation_days(limits.get("organization_invitation_days"));
        let handlers = Handlers::new([
            ("organization", Arc::new(organization) as Arc<dyn Handler>),
            ("sync", Arc::new(sync::Messages)),
            ("explain", Arc::new(explain::Messages)),
            ("readiness", Arc::new(::readiness::Messages)),
            ("departures", Arc::new(::departures::Messages)),
            ("invitations", Arc::new(invitations::Messages)),
        ]);
        let transport: Arc<dyn Transport> =
            Arc::new(InProcess::new(store.clone(), handlers.clone()));
        let courier = Courier::new(store.clone(), handlers, Arc::clone(&transport));
        let engine = Engine::new(store.clone(), Arc::clone(&transport), courier);
        let issuer = Issuer::new(public_url.clone());
        let subscriptions = subscriptions::engine(
            store.clone(),
            sealer.clone(),
            Arc::clone(&ring),
            issuer.clone(),
            config.allow_egress.clone(),
        );
        Ok(Self(Arc::new(Inner {
            issuer,
            passwords: password::Pool::new(threads)?,
            config,
            store,
            sealer,
            public_url,
            ring,
            verifier,
            transport,
            engine,
            subscriptions,
            postures: readiness::Postures::default(),
            housekeeping: Mutex::default(),
            departing: Mutex::default(),
        })))
    }

    /// Starts the work of all tenants. Call it on the runtime.
    pub fn start(&self) {
        for tenant in self.store().tenants() {
            self.start_tenant(tenant.tenant_id);
        }
        let mut housekeeping = self
            .0
            .housekeeping
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if housekeeping.is_none() {
            let store = self.store().clone();
            let limits = self.config().limits.clone();
            *housekeeping = Some(tokio::spawn(housekeeping::run(store, limits)));
            let node = self.clone();
            self.depart(async move { node.resume_departures().await });
        }
    }

    /// Starts the work of one tenant.
    pub(crate) fn start_tenant(&self, tenant: TenantId) {
        self.0.engine.start(tenant);
        self.0.subscriptions.start(tenant);
    }

    /// Ends the work. What was under way is taken up again at the next start.
    pub async fn stop(&self) {
        let task = self
            .0
            .housekeeping
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.abort();
            let _ = task.await;
        }
        self.stop_departing().await;
        self.0.subscriptions.stop().await;
        self.0.engine.stop().await;
        let store = self.store().clone();
        // Waits for the writers, so not on the runtime's threads.
        if let Err(error) = tokio::task::spawn_blocking(move || store.close()).await {
            tracing::error!(%error, "the store couldn't be closed");
        }
    }

    /// Whether the tenants' work runs: what requests set in motion is carried on.
    pub fn ready(&self) -> std::result::Result<(), String> {
        let housekeeping = self
            .0
            .housekeeping
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match housekeeping.as_ref() {
            Some(task) if !task.is_finished() => Ok(()),
            Some(_) => Err("Background work has ended unexpectedly. Restart the server.".into()),
            None => Err("The server is starting or stopping.".into()),
        }
    }

    /// The configuration in force.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The islands.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Seals secrets and signs what links carry.
    pub fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    /// The origin of links and issuers.
    pub fn public_url(&self) -> &PublicUrl {
        &self.0.public_url
    }

    /// Checks bearer tokens.
    pub fn verifier(&self) -> &Verifier<TenantKeysLoader> {
        &self.0.verifier
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        self.0.transport.as_ref()
    }

    /// Delivers what a tenant has sent to others, so that its effect is there when this returns,
    /// if they can be reached.
    pub async fn flush(&self, tenant: TenantId) {
        self.0.engine.flush(tenant).await;
    }

    /// Checks a password against the rules and hashes it, which takes about 15 ms of a processor.
    pub async fn hash_password(&self, password: &str) -> Result<String> {
        let password = Secret::new(password);
        password::check(&password)?;
        self.0.passwords.hash(password, identity::random()?).await
    }
}

/// The deployment's key. It is made with the first start only: with another one nothing that the
/// tenants have sealed could be opened.
fn deployment_key(store: &Store) -> Result<DeploymentKey> {
    let directory = store.directory();
    if store.tenants().is_empty() {
        return DeploymentKey::load_or_create(directory);
    }
    DeploymentKey::load(directory)?.ok_or_else(|| {
        Error::conflict(format!(
            "{} has lost its deployment.key, without which the keys of its tenants can't be \
             opened. Bring it back from a backup.",
            directory.display()
        ))
    })
}
