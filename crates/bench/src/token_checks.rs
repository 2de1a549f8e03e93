//! `token-checks`: how often in a second one thread can check a token that is known already, against
//! finding the same tokens in the standard library's map.
//!
//! In this process: over a connection, the check is lost in all that stands around it. The verifier
//! is the server's own, over a store of its own with one tenant.

use std::{
    collections::HashMap,
    hint::black_box,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use identity::{
    DeploymentKey, KeyRing, Loader, PublicUrl, Sealer, Since, Standing, keys, revocation,
    token::{
        AppToken, ClientStrength, GRAPH_AUDIENCE, Issuer, LIFETIME_SECONDS, UserToken, Verifier,
        VerifierOptions,
    },
};
use serde_json::json;
use store::{Clock, NewTenant, Store, SystemClock};
use tokio::sync::watch;
use types::{Actor, DomainName, Id, TenantId, Timestamp, kind};
use uuid::Uuid;

use crate::{
    context::{Context, say},
    report::{Figure, Report},
    statistics::Sorted,
};

const PER_SECOND_MIN: f64 = 1_000_000.0;
/// Different tokens of each kind that are in use at once.
const TOKENS: usize = 1_000;

pub(crate) fn run(context: &Context) -> Result<Report> {
    let plan = &context.plan;
    let world = World::make(&context.scratch().join("token-checks"))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let (verifier, applications, users) = runtime.block_on(world.verified())?;
    let now = SystemClock.now();
    let seconds = plan.load_seconds / 2.0;
    let check = |tokens: &[String]| {
        per_second(tokens, seconds, |token| {
            verifier.known(black_box(token), now).is_some()
        })
    };
    let map: HashMap<&str, usize> = (applications.iter().map(String::as_str)).zip(0..).collect();
    let (mut of_applications, mut of_users, mut of_map) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=plan.load_rounds {
        say(&format!(
            "token-checks: round {round} of {}",
            plan.load_rounds
        ));
        of_applications.push(check(&applications)?);
        of_users.push(check(&users)?);
        of_map.push(per_second(&applications, seconds, |token| {
            map.contains_key(black_box(token))
        })?);
    }
    let of_map = Sorted::new(of_map);
    let mut figures = Vec::new();
    let mut details = json!({"mapPerSecond": of_map.to_json()});
    for (whose, name, found) in [
        ("an application's", "applicationsPerSecond", of_applications),
        ("a person's", "usersPerSecond", of_users),
    ] {
        let found = Sorted::new(found);
        let (limit, ratio) = (of_map.show(0), found.median() / of_map.median());
        details[name] = found.to_json();
        figures.push(
            Figure::new(
                &format!("checks of {whose} known token on one thread, {TOKENS} in turn"),
                format!("{}/s", found.show(0)),
                "≥ 1,000,000/s",
                found.median() >= PER_SECOND_MIN,
            )
            .beside(format!("found in a std HashMap: {limit}/s"), ratio),
        );
    }
    Ok(Report {
        bench: "token-checks",
        figures,
        details,
    })
}

/// How many can be done in a second, each in turn.
fn per_second(tokens: &[String], seconds: f64, check: impl Fn(&str) -> bool) -> Result<f64> {
    let time = Duration::from_secs_f64(seconds);
    let started = Instant::now();
    let mut checked = 0_u64;
    while started.elapsed() < time {
        for token in tokens {
            ensure!(check(token), "a token isn't known any more");
        }
        checked += tokens.len() as u64;
    }
    Ok(checked as f64 / started.elapsed().as_secs_f64())
}

/// A store with a tenant that has a key.
struct World {
    store: Store,
    sealer: Sealer,
    url: PublicUrl,
    tenant: TenantId,
}

impl World {
    fn make(directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let store = Store::open(store::Options::new(directory), Arc::new(SystemClock))?;
        let sealer = Sealer::new(&DeploymentKey::load_or_create(directory)?)?;
        let new = NewTenant {
            tenant_id: None,
            display_name: "Bench".into(),
            domain: DomainName::parse("bench.example")?,
        };
        let (own, key) = (sealer.clone(), keys::generate()?);
        let make = move |tx: &mut store::Tx<'_>| keys::initialize(tx, &own, &key);
        let (made, ()) = store.create_tenant(new, Actor::Operator, make)?;
        Ok(Self {
            store,
            sealer,
            url: PublicUrl::parse("https://id.bench.example")?,
            tenant: made.tenant_id,
        })
    }

    /// A verifier that knows these tokens: applications' and users'.
    async fn verified(&self) -> Result<(Verifier<FromStore>, Vec<String>, Vec<String>)> {
        let loader = FromStore {
            store: self.store.clone(),
            sealer: self.sealer.clone(),
        };
        let keys = loader.keys(self.tenant).await?.context("no keys")?;
        let issuer = Issuer::new(self.url.clone(), &self.sealer)?;
        let ring = Arc::new(KeyRing::new(loader, 100));
        let verifier = Verifier::new(self.url.clone(), VerifierOptions::graph(&self.url), ring);
        let now = SystemClock.now();
        let (mut applications, mut users) = (Vec::new(), Vec::new());
        for number in 0..TOKENS as u128 {
            let random = identity::random()?;
            let token = issuer.issue(&self.application(number), keys.signing(), now, random)?;
            applications.push(token.expose().to_owned());
            let (user, random) = (self.user(number, now), identity::random()?);
            let token = issuer.issue_user(&user, keys.signing(), now, random)?;
            users.push(token.expose().to_owned());
        }
        for token in applications.iter().chain(&users) {
            verifier.verify(token, now).await?;
        }
        Ok((verifier, applications, users))
    }

    fn application(&self, number: u128) -> AppToken {
        AppToken {
            tenant: self.tenant,
            tenant_created_at: None,
            audience: GRAPH_AUDIENCE.into(),
            app_id: Uuid::from_u128(number),
            app_display_name: "Bench".into(),
            service_principal: Id::new(Uuid::from_u128(number)),
            roles: vec!["User.Read.All".into(), "Directory.Read.All".into()],
            generation: 0,
            key_id: None,
            by_certificate: false,
        }
    }

    fn user(&self, number: u128, now: Timestamp) -> UserToken {
        UserToken {
            tenant: self.tenant,
            tenant_created_at: None,
            audience: GRAPH_AUDIENCE.into(),
            app_id: Uuid::from_u128(0xa9),
            app_display_name: "Bench".into(),
            client_strength: ClientStrength::Public,
            user: Id::new(Uuid::from_u128(number)),
            user_principal_name: format!("user{number}@bench.example"),
            name: format!("User {number}"),
            is_guest: false,
            home: None,
            optional: serde_json::Map::new(),
            scopes: vec!["User.Read".into()],
            roles: vec![],
            wids: vec![],
            amr: vec!["pwd".into()],
            auth_time: now,
            session: Uuid::from_u128(number),
            generation: 0,
            lifetime_seconds: LIFETIME_SECONDS,
        }
    }
}

/// Reads the keys; everybody stands well.
struct FromStore {
    store: Store,
    sealer: Sealer,
}

impl Loader for FromStore {
    async fn keys(&self, tenant: TenantId) -> types::Result<Option<keys::TenantKeys>> {
        let sealer = self.sealer.clone();
        let island = self.store.island(tenant)?;
        island
            .read(move |tx| keys::load(tx, &sealer))
            .await
            .map(Some)
    }

    async fn standing(
        &self,
        tenant: TenantId,
        principal: Id<kind::ServicePrincipal>,
        _: Option<Uuid>,
    ) -> types::Result<Option<Standing>> {
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
        user: Id<kind::User>,
        _: Since,
    ) -> types::Result<Option<Standing>> {
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
