//! One running deployment: opens the store, connects the domain modules to each other through the
//! border, runs their work, and carries out the operator's commands.
//!
//! A [`Node`] knows nothing of HTTP and nothing of a terminal: the edges (`graph`, `cli`) are faces
//! of it.

mod applications;
mod authentication;
pub mod command;
pub mod config;
pub mod control;
mod departures;
pub mod descriptors;
mod doctor;
mod domains;
pub mod explain;
mod housekeeping;
pub mod idempotency;
mod import;
pub mod invitations;
mod membership_rules;
pub mod oauth;
mod operator;
mod published;
mod readiness;
mod setup;
mod sharing;
mod signing;
mod standings;
mod subscriptions;
mod synchronization;
mod tenant_tasks;
mod tenants;
mod tokens;
mod work;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock};

use border::inbound::Handlers;
use border::{Courier, Handler, InProcess, Transport};
use config::Config;
use credentials::passkey::RelyingParty;
use egress::dns::Dns;
use identity::password::{self, Hashing};
use identity::token::{Issuer, Verifier, VerifierOptions};
use identity::{DeploymentKey, KeyRing, PublicUrl, Sealer, Secret};
use published::Publications;
use signing::Signer;
use standings::Standings;
use store::{Clock, Options, Store, SystemClock};
use sync::Engine;
use tokio::task::JoinSet;
use types::{Error, Result, TenantId};
use uuid::Uuid;

pub use authentication::ResetPassword;
pub use operator::consent;
pub use setup::{FirstProof, FirstTenant, SetUp, SetupProblem};
pub use standings::UserStanding;
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
    ring: Arc<KeyRing<TenantKeysLoader>>,
    standings: Arc<Standings>,
    verifier: Verifier<TenantKeysLoader>,
    passwords: Hashing,
    signer: Signer,
    /// Without, where the public URL has no host name.
    relying_party: Option<RelyingParty>,
    sign_in: oauth::SignIn,
    dns: Dns,
    transport: Arc<dyn Transport>,
    publications: Publications,
    engine: Engine,
    subscriptions: ::subscriptions::Engine,
    postures: readiness::Postures,
    work: work::Work,
    /// The tenants whose membership rules are applied.
    followers: tenant_tasks::TenantTasks,
    /// Departures that are under way.
    departing: Mutex<JoinSet<()>>,
    /// Which of them this server drives.
    driven: Mutex<HashSet<(TenantId, Uuid)>>,
    /// What the first tenant may be set up by.
    setup: OnceLock<setup::Offer>,
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
        check_key(&store, &sealer)?;
        let public_url = PublicUrl::parse(&config.origin())?;
        let more_origins = config
            .passkey_origins
            .iter()
            .map(|origin| PublicUrl::parse(origin))
            .collect::<Result<Vec<_>>>()?;
        let relying_party = RelyingParty::new(&public_url, &more_origins, sealer.clone())?;
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
            ("signin", Arc::new(oauth::VisitMessages)),
            ("applications", Arc::new(published::Messages)),
        ]);
        let transport: Arc<dyn Transport> =
            Arc::new(InProcess::new(store.clone(), handlers.clone()));
        let publications = Publications::new(store.clone(), Arc::clone(&transport));
        let standings = Arc::new(Standings::new(store.clone(), publications.clone()));
        let ring = Arc::new(KeyRing::new(
            TenantKeysLoader::new(
                store.clone(),
                sealer.clone(),
                Arc::clone(&standings),
                publications.clone(),
            ),
            KEPT_KEYS_TENANTS,
        ));
        let verifier = Verifier::new(
            public_url.clone(),
            VerifierOptions::graph(&public_url),
            Arc::clone(&ring),
        );
        let courier = Courier::new(store.clone(), handlers, Arc::clone(&transport));
        let engine = Engine::new(store.clone(), Arc::clone(&transport), courier);
        let issuer = Issuer::new(public_url.clone(), &sealer)?;
        let signer = Signer::new(store.clone(), Arc::clone(&ring), issuer, threads)?;
        let subscriptions = subscriptions::engine(
            store.clone(),
            sealer.clone(),
            signer.clone(),
            config.allow_egress.clone(),
        );
        Ok(Self(Arc::new(Inner {
            signer,
            sign_in: oauth::SignIn::new(
                &public_url,
                &sealer,
                egress::Client::new(config.allow_egress.clone()),
            ),
            dns: Dns::new(config.dns_servers.clone()),
            passwords: Hashing::new(threads)?,
            relying_party,
            config,
            store,
            sealer,
            public_url,
            ring,
            standings,
            verifier,
            transport,
            publications,
            engine,
            subscriptions,
            postures: readiness::Postures::default(),
            work: work::Work::default(),
            followers: tenant_tasks::TenantTasks::default(),
            departing: Mutex::default(),
            driven: Mutex::default(),
            setup: OnceLock::new(),
        })))
    }

    /// Ends the work. What was under way is taken up again at the next start.
    pub async fn stop(&self) {
        self.end().await;
        let store = self.store().clone();
        // Waits for the writers, so not on the runtime's threads.
        if let Err(error) = tokio::task::spawn_blocking(move || store.close()).await {
            tracing::error!(%error, "the store couldn't be closed");
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

    /// Checks a password against the rules, for somebody with these names, and hashes it, which takes
    /// about 15 ms of a processor.
    pub async fn hash_password(&self, password: &str, names: &[String]) -> Result<String> {
        let password = Secret::new(password);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        password::check_for(&password, &names)?;
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

/// What the deployment's key has sealed, for each server to open.
const KEY_CHECK: &str = "deployment key";

/// That the key is the one with which the data were sealed: servers of one database need the same.
fn check_key(store: &Store, sealer: &Sealer) -> Result<()> {
    let nobody = TenantId::nil();
    let mine = sealer.seal(KEY_CHECK, nobody, KEY_CHECK.as_bytes())?;
    let agreed = store.agree(KEY_CHECK, &mine)?;
    sealer.open(KEY_CHECK, nobody, &agreed).map(drop).map_err(|_| {
        Error::conflict(format!(
            "The deployment.key of {} isn't the one with which the data were sealed. All servers of a \
             database have the same: copy it from the data directory of one that works.",
            store.directory().display()
        ))
    })
}
