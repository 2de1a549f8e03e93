//! A deployment's store with tenants that have keys, and a loader over it.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use identity::token::{
    AppToken, ClientStrength, GRAPH_AUDIENCE, Issuer, LIFETIME_SECONDS, UserToken, Verifier,
    VerifierOptions,
};
use identity::{
    DeploymentKey, KeyRing, Loader, PublicUrl, Sealer, Since, Standing, keys, revocation,
};
use store::{ManualClock, NewTenant, Store};
use tokio::sync::watch;
use types::kind::{ServicePrincipal, User};
use types::{Actor, DomainName, Id, Result, TenantId, Timestamp};
use uuid::Uuid;

pub(crate) const URL: &str = "https://id.contoso.example";
/// The key id of the secret that tokens are granted for.
pub(crate) const SECRET: Uuid = Uuid::from_u128(0x5ec);
/// 2026-11-24T12:00:00Z
pub(crate) const NOON: i64 = 1_795_521_600;

pub(crate) struct World {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Store,
    pub(crate) sealer: Sealer,
    pub(crate) url: PublicUrl,
}

pub(crate) fn now(clock: &ManualClock) -> Timestamp {
    store::Clock::now(clock)
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(NOON)));
        let mut options = engines::options(directory.path());
        options.seed = Some(7);
        let store = engines::open(options, clock.clone()).unwrap();
        let key = DeploymentKey::load_or_create(directory.path()).unwrap();
        Self {
            directory,
            clock,
            store,
            sealer: Sealer::new(&key).unwrap(),
            url: PublicUrl::parse(URL).unwrap(),
        }
    }

    pub(crate) fn tenant(&self, domain: &str) -> TenantId {
        let new = NewTenant {
            tenant_id: None,
            display_name: domain.into(),
            domain: DomainName::parse(domain).unwrap(),
        };
        let (sealer, key) = (self.sealer.clone(), keys::generate().unwrap());
        let make = move |tx: &mut store::Tx<'_>| keys::initialize(tx, &sealer, &key);
        self.store
            .create_tenant(new, Actor::Operator, make)
            .unwrap()
            .0
            .tenant_id
    }

    pub(crate) fn rotate(&self, tenant: TenantId) {
        let (sealer, key) = (self.sealer.clone(), keys::generate().unwrap());
        self.store
            .island(tenant)
            .unwrap()
            .write_blocking(Actor::Operator, move |tx| keys::rotate(tx, &sealer, &key))
            .unwrap();
    }

    pub(crate) fn revoke<K: revocation::Bearer + 'static>(
        &self,
        tenant: TenantId,
        principal: Id<K>,
    ) {
        self.store
            .island(tenant)
            .unwrap()
            .write_blocking(Actor::Operator, move |tx| revocation::revoke(tx, principal))
            .unwrap();
    }

    pub(crate) fn jwks(&self, tenant: TenantId) -> serde_json::Value {
        let island = self.store.island(tenant).unwrap();
        island
            .read_blocking(|tx| keys::jwks(tx, &self.url))
            .unwrap()
    }

    pub(crate) fn loader(&self) -> StoreLoader {
        StoreLoader {
            store: self.store.clone(),
            sealer: self.sealer.clone(),
            disabled: Arc::default(),
            removed: Arc::default(),
            reads: Arc::default(),
            looks: Arc::default(),
        }
    }

    pub(crate) fn verifier(&self) -> Verifier<StoreLoader> {
        self.verifier_with(self.loader())
    }

    pub(crate) fn verifier_with(&self, loader: StoreLoader) -> Verifier<StoreLoader> {
        let ring = Arc::new(KeyRing::new(loader, 100));
        Verifier::new(self.url.clone(), VerifierOptions::graph(&self.url), ring)
    }

    pub(crate) fn claims(&self, tenant: TenantId) -> AppToken {
        let principal = Id::new(Uuid::from_u128(0x5e));
        let island = self.store.island(tenant).unwrap();
        AppToken {
            tenant,
            tenant_created_at: Some(Timestamp::from_seconds(NOON)),
            audience: GRAPH_AUDIENCE.into(),
            app_id: Uuid::from_u128(0xa9),
            app_display_name: "Automation".into(),
            service_principal: principal,
            roles: vec!["User.Read.All".into(), "Directory.Read.All".into()],
            generation: island
                .read_blocking(|tx| revocation::generation(tx, principal))
                .unwrap(),
            key_id: Some(SECRET),
            by_certificate: false,
        }
    }

    pub(crate) fn issue(&self, token: &AppToken) -> String {
        let island = self.store.island(token.tenant).unwrap();
        let keys = island
            .read_blocking(|tx| keys::load(tx, &self.sealer))
            .unwrap();
        self.issuer()
            .issue(
                token,
                keys.signing(),
                now(&self.clock),
                identity::random().unwrap(),
            )
            .unwrap()
            .expose()
            .to_owned()
    }

    pub(crate) fn issuer(&self) -> Issuer {
        Issuer::new(self.url.clone(), &self.sealer).unwrap()
    }

    /// Somebody who is signed in to [`World::claims`]' client.
    pub(crate) fn signed_in(&self, tenant: TenantId) -> UserToken {
        let user = Id::new(Uuid::from_u128(0xade1e));
        let island = self.store.island(tenant).unwrap();
        UserToken {
            tenant,
            tenant_created_at: Some(Timestamp::from_seconds(NOON)),
            audience: GRAPH_AUDIENCE.into(),
            app_id: Uuid::from_u128(0xa9),
            app_display_name: "Portal".into(),
            client_strength: ClientStrength::Public,
            user,
            user_principal_name: "adele@contoso.example".into(),
            name: "Adele Vance".into(),
            is_guest: false,
            home: None,
            scopes: vec!["User.Read".into(), "Directory.Read.All".into()],
            roles: vec![],
            wids: vec![Uuid::from_u128(0x3a)],
            amr: vec!["pwd".into(), "mfa".into()],
            auth_time: Timestamp::from_seconds(NOON - 60),
            session: Uuid::from_u128(0x51d),
            generation: island
                .read_blocking(|tx| revocation::generation(tx, user))
                .unwrap(),
            optional: serde_json::Map::new(),
            lifetime_seconds: LIFETIME_SECONDS,
        }
    }

    pub(crate) fn issue_user(&self, token: &UserToken) -> String {
        let island = self.store.island(token.tenant).unwrap();
        let keys = island
            .read_blocking(|tx| keys::load(tx, &self.sealer))
            .unwrap();
        let (now, random) = (now(&self.clock), identity::random().unwrap());
        let issued = self
            .issuer()
            .issue_user(token, keys.signing(), now, random)
            .unwrap();
        issued.expose().to_owned()
    }

    pub(crate) fn token(&self, tenant: TenantId) -> String {
        self.issue(&self.claims(tenant))
    }
}

/// Reads through the store; a service principal stands unless it was disabled.
#[derive(Clone)]
pub(crate) struct StoreLoader {
    store: Store,
    sealer: Sealer,
    pub(crate) disabled: Arc<Mutex<BTreeMap<Uuid, bool>>>,
    /// The secrets that were removed.
    pub(crate) removed: Arc<Mutex<Vec<Uuid>>>,
    pub(crate) reads: Arc<AtomicUsize>,
    /// How often a user's standing was read.
    pub(crate) looks: Arc<AtomicUsize>,
}

impl Loader for StoreLoader {
    async fn keys(&self, tenant: TenantId) -> Result<Option<keys::TenantKeys>> {
        let Ok(island) = self.store.island(tenant) else {
            return Ok(None);
        };
        self.reads.fetch_add(1, Ordering::SeqCst);
        let sealer = self.sealer.clone();
        island
            .read(move |tx| keys::load(tx, &sealer))
            .await
            .map(Some)
    }
    async fn standing(
        &self,
        tenant: TenantId,
        principal: Id<ServicePrincipal>,
        secret: Option<Uuid>,
    ) -> Result<Option<Standing>> {
        if secret.is_some_and(|secret| self.removed.lock().unwrap().contains(&secret)) {
            return Ok(None);
        }
        if self
            .disabled
            .lock()
            .unwrap()
            .contains_key(&principal.uuid())
        {
            return Ok(None);
        }
        let island = self.store.island(tenant)?;
        let generation = island
            .read(move |tx| revocation::generation(tx, principal))
            .await?;
        Ok(Some(Standing {
            generation,
            hangs_elsewhere: false,
        }))
    }
    async fn user_standing(
        &self,
        tenant: TenantId,
        user: Id<User>,
        since: Since,
    ) -> Result<Option<Standing>> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let is_disabled = {
            let disabled = self.disabled.lock().unwrap();
            [user.uuid(), since.app_id]
                .iter()
                .any(|id| disabled.contains_key(id))
        };
        if is_disabled {
            return Ok(None);
        }
        let island = self.store.island(tenant)?;
        let generation = island
            .read(move |tx| revocation::generation(tx, user))
            .await?;
        Ok(Some(Standing {
            generation,
            hangs_elsewhere: false,
        }))
    }
    fn head(&self, tenant: TenantId) -> watch::Receiver<u64> {
        self.store.watch(tenant)
    }
}

/// A runtime for those tests that verify.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().build().unwrap());
    RUNTIME.block_on(future)
}
