//! Several tenants of one deployment, set up as their admins would, with a network between them
//! that can lose what is sent, or the answer, or bring it twice.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test file uses its part; a test stops at the first surprise"
)]

pub mod model;
pub mod net;

use std::sync::Arc;

use border::inbound::Handlers;
use border::{Courier, Handler, InProcess, Transport};
use directory::users::{self, NewUser};
use directory::{groups, tenant};
use net::Net;
use serde_json::{Map, Value, json};
use store::{Change, Island, ManualClock, NewTenant, Op, Options, ReadTx, Store, Tx};
use sync::sharing::Sharing;
use sync::status::{self, PairStatus};
use sync::{Engine, Messages};
use types::{Actor, DomainName, Id, Result, TenantId, Timestamp, kind};

pub type UserId = Id<kind::User>;
pub type GroupId = Id<kind::Group>;

/// Looks at the state of things before a test gives up.
const ROUNDS_MAX: usize = 50_000;
/// The rest between two of them.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(2);

pub struct World {
    pub store: Store,
    pub engine: Engine,
    pub net: Arc<Net>,
    pub clock: Arc<ManualClock>,
    pub tenants: Vec<TenantId>,
    directory: tempfile::TempDir,
}

fn handlers() -> Handlers {
    Handlers::new([
        (
            "organization",
            Arc::new(organization::Messages::new(100, 1_000_000)) as Arc<dyn Handler>,
        ),
        ("sync", Arc::new(Messages)),
    ])
}

pub fn domain(number: usize) -> String {
    format!("t{number}.example")
}

pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} isn't an object"),
    }
}

pub fn sharing(value: Value) -> Sharing {
    Sharing::parse(&object(value)).unwrap()
}

impl World {
    /// Tenants with nothing between them; the engine runs.
    pub async fn apart(count: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000_000)));
        let mut world = Self::open(directory, clock, Arc::new(Net::new()), Vec::new()).await;
        for number in 0..count {
            world.add_tenant(number).await;
        }
        world
    }

    /// Tenants in one organization that let each other's users in; the first is the owner.
    pub async fn together(count: usize) -> Self {
        let world = Self::apart(count).await;
        for &tenant in &world.tenants {
            world.consent(tenant).await;
        }
        let owner = world.tenants[0];
        world
            .write(owner, |tx| {
                organization::create(tx, "Round table", None, "Tenant 0")
            })
            .await;
        for number in 1..count {
            world.join(number).await;
        }
        world
    }

    async fn open(
        directory: tempfile::TempDir,
        clock: Arc<ManualClock>,
        net: Arc<Net>,
        tenants: Vec<TenantId>,
    ) -> Self {
        let options = Options {
            readers: 2,
            writer_cache_kib: 1_024,
            reader_cache_kib: 512,
            ..engines::options(directory.path())
        };
        let opened = Arc::clone(&clock);
        let store = tokio::task::spawn_blocking(move || Store::open(options, opened).unwrap());
        let store = store.await.unwrap();
        net.connect(InProcess::new(store.clone(), handlers()));
        let transport = Arc::clone(&net) as Arc<dyn Transport>;
        let courier = Courier::new(store.clone(), handlers(), Arc::clone(&transport));
        let engine = Engine::new(store.clone(), transport, courier);
        for &tenant in &tenants {
            engine.start(tenant);
        }
        Self {
            store,
            engine,
            net,
            clock,
            tenants,
            directory,
        }
    }

    /// Cuts everything off where it stands, and starts again on what is on the disk.
    pub async fn crash(self) -> Self {
        self.crash_and(|_| {}).await
    }

    /// The same; in between, something happens to the data directory.
    pub async fn crash_and(self, happens: impl FnOnce(&std::path::Path)) -> Self {
        self.engine.stop().await;
        let Self {
            store,
            engine,
            net,
            clock,
            tenants,
            directory,
        } = self;
        net.disconnect();
        drop(engine);
        tokio::task::spawn_blocking(move || store.close())
            .await
            .unwrap();
        happens(directory.path());
        Self::open(directory, clock, net, tenants).await
    }

    async fn add_tenant(&mut self, number: usize) {
        let name = DomainName::parse(&domain(number)).unwrap();
        let new = NewTenant {
            tenant_id: None,
            display_name: format!("Tenant {number}"),
            domain: name.clone(),
        };
        let store = self.store.clone();
        let made = tokio::task::spawn_blocking(move || {
            store.create_tenant(new, Actor::Operator, move |tx| {
                tenant::initialize(tx, "Tenant", &name)
            })
        });
        let (tenant, ()) = made.await.unwrap().unwrap();
        self.tenants.push(tenant.tenant_id);
        self.engine.start(tenant.tenant_id);
    }

    pub fn island(&self, tenant: TenantId) -> Island {
        self.store.island(tenant).unwrap()
    }
    pub async fn try_write<T: Send + 'static>(
        &self,
        tenant: TenantId,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.island(tenant).write(Actor::Operator, command).await
    }
    pub async fn write<T: Send + 'static>(
        &self,
        tenant: TenantId,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> T {
        self.try_write(tenant, command).await.unwrap()
    }
    pub async fn read<T: Send + 'static>(
        &self,
        tenant: TenantId,
        query: impl FnOnce(&ReadTx<'_>) -> Result<T> + Send + 'static,
    ) -> T {
        self.island(tenant).read(query).await.unwrap()
    }

    // What admins do.

    /// Both consents, for the tenants that it will be together with.
    pub async fn consent(&self, tenant: TenantId) {
        self.write(tenant, |tx| {
            let sync = json!({"userSyncInbound": {"isSyncAllowed": true}});
            access::update_identity_sync_template(tx, &object(sync))?;
            let redemption = json!({
                "automaticUserConsentSettings": {"inboundAllowed": true, "outboundAllowed": true},
            });
            access::update_partner_template(tx, &object(redemption))
        })
        .await;
    }

    /// The owner adds a tenant, which joins; returns when both know it.
    pub async fn join(&self, number: usize) {
        let (owner, tenant) = (self.tenants[0], self.tenants[number]);
        self.add(number).await;
        self.write(tenant, move |tx| {
            if organization::join_request(tx)?.status.as_deref() == Some("failed") {
                organization::reset_join(tx)?;
            }
            organization::request_join(tx, owner, 1, 1_000_000)
        })
        .await;
        self.until("the tenant has joined", async || {
            let ours = self.members(owner).await;
            let theirs = self.members(tenant).await;
            ours.contains(&tenant) && theirs.contains(&owner)
        })
        .await;
    }

    /// The owner adds a tenant; returns when that knows it.
    pub async fn add(&self, number: usize) {
        let (owner, tenant) = (self.tenants[0], self.tenants[number]);
        self.write(owner, move |tx| {
            organization::add(tx, tenant, "Added", organization::Role::Member)
        })
        .await;
        self.until("the invitation is there", async || {
            self.read(tenant, |tx| Ok(!organization::invitations(tx)?.is_empty()))
                .await
        })
        .await;
    }

    /// A tenant leaves; returns when the others know it.
    pub async fn leave(&self, number: usize) {
        let tenant = self.tenants[number];
        self.write(tenant, organization::leave).await;
        self.until("everybody knows that the tenant has left", async || {
            for &other in &self.tenants {
                let members = self.members(other).await;
                if members.contains(&tenant) || (other == tenant && !members.is_empty()) {
                    return false;
                }
            }
            true
        })
        .await;
    }

    pub async fn members(&self, tenant: TenantId) -> Vec<TenantId> {
        self.read(tenant, organization::active_members).await
    }

    /// Changes the entry of a partner.
    pub async fn partner(&self, tenant: TenantId, partner: TenantId, body: Value) {
        self.write(tenant, move |tx| {
            access::update_partner(tx, partner, &object(body))
        })
        .await;
    }
    pub async fn let_in(&self, tenant: TenantId, from: TenantId, allowed: bool) {
        self.write(tenant, move |tx| {
            let body = json!({"userSyncInbound": {"isSyncAllowed": allowed}});
            access::update_identity_sync(tx, from, &object(body))
        })
        .await;
    }

    pub async fn share(&self, source: TenantId, target: Option<TenantId>, what: Value) {
        let what = sharing(what);
        self.write(source, move |tx| sync::sharing::put(tx, target, &what))
            .await;
    }
    /// The same, with the word that whoever goes by it may go.
    pub async fn share_and_allow(&self, source: TenantId, target: Option<TenantId>, what: Value) {
        let what = sharing(what);
        self.write(source, move |tx| {
            sync::sharing::put(tx, target, &what)?;
            sync::guard::confirm_entry(tx, target)
        })
        .await;
    }
    pub async fn allow_deletions(&self, source: TenantId, target: TenantId) {
        self.write(source, move |tx| sync::guard::allow(tx, target))
            .await;
    }
    pub async fn waiting(&self, source: TenantId, target: TenantId) -> Vec<Value> {
        self.read(source, move |tx| {
            sync::guard::list(tx, target, None, 10_000)
        })
        .await
    }
    pub async fn pause(&self, source: TenantId, target: TenantId, paused: bool) {
        self.write(source, move |tx| status::set_paused(tx, target, paused))
            .await;
    }

    pub async fn user(&self, tenant: TenantId, alias: &str) -> UserId {
        self.user_with(tenant, alias, json!({})).await
    }
    pub async fn user_with(&self, tenant: TenantId, alias: &str, more: Value) -> UserId {
        let new = self.new_user(tenant, alias, more);
        self.write(tenant, |tx| Ok(users::create(tx, new)?.id))
            .await
    }
    pub fn new_user(&self, tenant: TenantId, alias: &str, more: Value) -> NewUser {
        let mut properties = object(json!({
            "accountEnabled": true, "displayName": alias, "mailNickname": alias,
            "userPrincipalName": format!("{alias}@{}", self.domain_of(tenant)),
        }));
        properties.extend(object(more));
        NewUser {
            properties,
            ..NewUser::default()
        }
    }
    pub fn domain_of(&self, tenant: TenantId) -> String {
        let number = self.tenants.iter().position(|own| *own == tenant);
        domain(number.unwrap())
    }
    pub async fn patch(&self, tenant: TenantId, user: UserId, patch: Value) {
        self.write(tenant, move |tx| users::update(tx, user, &object(patch)))
            .await;
    }
    pub async fn delete(&self, tenant: TenantId, user: UserId) {
        self.write(tenant, move |tx| users::delete(tx, user)).await;
    }
    pub async fn restore(&self, tenant: TenantId, user: UserId) {
        self.write(tenant, move |tx| users::restore(tx, user).map(drop))
            .await;
    }

    pub async fn group(&self, tenant: TenantId, name: &str) -> GroupId {
        let body = object(json!({
            "displayName": name, "mailNickname": name, "mailEnabled": false,
            "securityEnabled": true,
        }));
        self.write(tenant, move |tx| Ok(groups::create(tx, &body)?.id))
            .await
    }
    pub async fn add_member(&self, tenant: TenantId, group: GroupId, member: uuid::Uuid) {
        self.write(tenant, move |tx| {
            groups::add_member(tx, group, member).map(drop)
        })
        .await;
    }
    pub async fn remove_member(&self, tenant: TenantId, group: GroupId, member: uuid::Uuid) {
        self.write(tenant, move |tx| {
            groups::remove_member(tx, group, member).map(drop)
        })
        .await;
    }

    // What there is to see.

    pub async fn statuses(&self, source: TenantId) -> Vec<PairStatus> {
        let live = self.engine.positions(source);
        self.read(source, move |tx| status::pairs(tx, &live, None))
            .await
    }
    pub async fn status(&self, source: TenantId, target: TenantId) -> PairStatus {
        let statuses = self.statuses(source).await;
        let found = statuses.into_iter().find(|pair| pair.tenant_id == target);
        found.unwrap_or_else(|| panic!("there is no pair from {source} to {target}"))
    }

    /// Waits until something holds. Now and then every island moves, so that nothing waits for a
    /// timer; no clock is looked at.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        for round in 0..ROUNDS_MAX {
            if holds().await {
                return;
            }
            if round % 50 == 49 {
                self.nudge().await;
            }
            if round < 20 {
                tokio::task::yield_now().await;
            } else {
                // Looking takes processor time from what is waited for.
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        let (mut statuses, mut failures) = (Vec::new(), Vec::new());
        for &tenant in &self.tenants {
            let pairs = self.statuses(tenant).await;
            let targets: Vec<_> = pairs.iter().map(|pair| pair.tenant_id).collect();
            let failed = move |tx: &ReadTx<'_>| {
                let of = |&target| status::failures(tx, target, None, 100);
                targets.iter().map(of).collect::<Result<Vec<_>>>()
            };
            failures.push(self.read(tenant, failed).await);
            statuses.push(pairs);
        }
        panic!("not yet: {what}\n{statuses:#?}\n{failures:#?}");
    }

    /// A change on every island that concerns nobody.
    pub async fn nudge(&self) {
        for &tenant in &self.tenants {
            self.write(tenant, |tx| {
                tx.record(Change::new("nudge", uuid::Uuid::nil(), Op::Updated, &[]))
                    .map(drop)
            })
            .await;
        }
    }

    /// Waits until a pair has nothing left to do, and answers how it stands.
    pub async fn settled(&self, source: TenantId, target: TenantId) -> PairStatus {
        self.until("the pair is settled", async || {
            is_settled(&self.status(source, target).await)
        })
        .await;
        self.status(source, target).await
    }

    /// Waits until no pair has anything left to do; those that are held up don't count.
    pub async fn all_settled(&self) {
        self.until("all pairs are settled", async || {
            for &source in &self.tenants {
                for pair in self.statuses(source).await {
                    if pair.state == "active" && !is_settled(&pair) {
                        return false;
                    }
                }
            }
            true
        })
        .await;
    }

    pub async fn has_state(&self, source: TenantId, target: TenantId, state: &str) -> PairStatus {
        self.until(state, async || {
            self.status(source, target).await.state == state
        })
        .await;
        self.status(source, target).await
    }

    /// The user of a source in a target, deleted or not.
    pub async fn found(
        &self,
        target: TenantId,
        source: TenantId,
        user: UserId,
    ) -> Option<users::User> {
        self.read(target, move |tx| {
            let all = directory::synced::list(tx, source, None, 100_000)?;
            Ok(all
                .into_iter()
                .find(|found| found.home == Some((source, user))))
        })
        .await
    }
    /// The same, of which the test knows that it is there and isn't deleted.
    pub async fn there(&self, target: TenantId, source: TenantId, user: UserId) -> users::User {
        let found = self.found(target, source, user).await;
        found
            .filter(|user| user.deleted_at.is_none())
            .unwrap_or_else(|| panic!("{user} isn't in the target"))
    }
    pub async fn is_there(&self, target: TenantId, source: TenantId, user: UserId) -> bool {
        let found = self.found(target, source, user).await;
        found.is_some_and(|user| user.deleted_at.is_none())
    }

    /// Compares a target with what a source's own data say of it.
    pub async fn check(&self, source: TenantId, target: TenantId) {
        let expected = model::expected(self, source, target).await;
        let actual = model::actual(self, source, target).await;
        model::compare(&expected, &actual);
    }

    /// What the provisioning log says of a user, oldest first: action, status.
    pub async fn records(&self, source: TenantId, user: UserId) -> Vec<(String, String)> {
        self.read(source, move |tx| {
            let filter = sync::provisioning::Filter {
                source_id: Some(user.uuid()),
                oldest_first: true,
                ..Default::default()
            };
            let records = sync::provisioning::list(tx, &filter, None, 1_000)?;
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            Ok(records
                .iter()
                .map(|record| record.to_graph(source, &std::collections::BTreeMap::new()))
                .map(|record| {
                    (
                        text(&record["provisioningAction"]),
                        text(&record["provisioningStatusInfo"]["status"]),
                    )
                })
                .collect())
        })
        .await
    }
}

/// What the contract calls settled.
pub fn is_settled(pair: &PairStatus) -> bool {
    pair.state == "active"
        && pair.pending_changes == 0
        && pair.synced + pair.failed == pair.in_scope
}
