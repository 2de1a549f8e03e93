//! Several tenants in one store, joined by the border, and a network between them that can be told
//! to misbehave.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "each test file uses its part; a test stops at the first surprise"
)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use border::inbound::Handlers;
use border::{Courier, Envelope, Handler, InProcess, Receipt, Transport};
use organization::{JoinRequest, Member, Messages, Role};
use serde_json::{Value, json};
use store::{Island, ManualClock, NewTenant, ReadTx, Store, Tx};
use tokio::runtime::Runtime;
use types::{Actor, DomainName, Error, Result, TenantId, Timestamp};
use uuid::Uuid;

/// Internal users that a tenant may have here.
pub const USERS_MAX: u64 = 100;

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives and is answered.
    Arrives,
    /// It arrives twice, and the second answer is the one that comes back.
    ArrivesTwice,
    /// It doesn't arrive.
    Lost,
    /// It arrives, and the answer doesn't come back.
    AnswerLost,
}

type Decide = dyn FnMut(&Envelope) -> Fate + Send;

/// A network that does with each delivery what it is told.
struct Network {
    inner: InProcess,
    decide: Mutex<Box<Decide>>,
}

#[async_trait::async_trait]
impl Transport for Network {
    async fn deliver(&self, envelope: Envelope) -> Result<Receipt> {
        let fate = (self.decide.lock().unwrap())(&envelope);
        if fate == Fate::Lost {
            return Err(Error::unavailable("away", 1));
        }
        let receipt = self.inner.deliver(envelope.clone()).await?;
        match fate {
            Fate::AnswerLost => Err(Error::unavailable("the answer was lost", 1)),
            Fate::ArrivesTwice => self.inner.deliver(envelope).await,
            _ => Ok(receipt),
        }
    }
    async fn ask(&self, from: TenantId, to: TenantId, kind: &str, body: String) -> Result<String> {
        self.inner.ask(from, to, kind, body).await
    }
}

pub struct World {
    store: Store,
    clock: Arc<ManualClock>,
    network: Arc<Network>,
    courier: Courier,
    runtime: Runtime,
    tenants: Mutex<Vec<TenantId>>,
    _directory: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::with_tenants_max(100)
    }

    /// With a limit on the active tenants of an organization.
    pub fn with_tenants_max(tenants_max: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000)));
        let store =
            engines::open(engines::options(directory.path()), Arc::clone(&clock) as _).unwrap();
        let messages = Arc::new(Messages::new(tenants_max, USERS_MAX));
        let handlers = Handlers::new([("organization", messages as Arc<dyn Handler>)]);
        let network = Arc::new(Network {
            inner: InProcess::new(store.clone(), handlers.clone()),
            decide: Mutex::new(Box::new(|_| Fate::Arrives)),
        });
        Self {
            courier: Courier::new(store.clone(), handlers, Arc::clone(&network) as _),
            network,
            store,
            clock,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            tenants: Mutex::default(),
            _directory: directory,
        }
    }

    /// Lets days go by.
    pub fn wait_days(&self, days: i64) {
        self.clock.advance_seconds(days * 86_400);
    }

    pub fn tenant(&self, name: &str) -> Tenant<'_> {
        // The same ids each time, so that a seed has the same story.
        let number = self.tenants.lock().unwrap().len() as u128;
        let id = 0x0a00_0000_0000_4000_8000_0000_0000_0000 + number * 0x0101_0000_0000_0001;
        let new = NewTenant {
            tenant_id: Some(TenantId::new(Uuid::from_u128(id))),
            display_name: name.into(),
            domain: DomainName::parse(&format!("{}.example", name.to_lowercase())).unwrap(),
        };
        let made = self.store.create_tenant(new, Actor::Operator, |_| Ok(()));
        let id = made.unwrap().0.tenant_id;
        self.tenants.lock().unwrap().push(id);
        Tenant {
            id,
            name: name.to_owned(),
            island: self.store.island(id).unwrap(),
            world: self,
        }
    }

    /// Tells the network what to do with each delivery from now on.
    pub fn network(&self, decide: impl FnMut(&Envelope) -> Fate + Send + 'static) {
        *self.network.decide.lock().unwrap() = Box::new(decide);
    }

    /// Nothing gets from one tenant to the other.
    pub fn cut(&self, links: &[(&Tenant<'_>, &Tenant<'_>)]) {
        let links: BTreeSet<(TenantId, TenantId)> =
            links.iter().map(|(from, to)| (from.id, to.id)).collect();
        self.network(move |envelope| {
            if links.contains(&(envelope.from, envelope.to)) {
                Fate::Lost
            } else {
                Fate::Arrives
            }
        });
    }

    /// Everything arrives.
    pub fn heal(&self) {
        self.network(|_| Fate::Arrives);
    }

    /// One tenant's courier goes round once. Answers whether all was delivered.
    pub fn run(&self, tenant: TenantId) -> bool {
        let unreached = self.runtime.block_on(self.courier.run(tenant));
        unreached.unwrap().is_empty()
    }

    /// All couriers go round until nothing more can be delivered.
    pub fn settle(&self) {
        let tenants = self.tenants.lock().unwrap().clone();
        let waiting = || -> Vec<(TenantId, TenantId, u64)> {
            let mut waiting = Vec::new();
            for tenant in &tenants {
                let island = self.store.island(*tenant).unwrap();
                let read = island.read_blocking(|tx| {
                    let mut oldest = Vec::new();
                    for to in border::outbox::receivers(tx)? {
                        oldest.extend(border::outbox::oldest(tx, to)?);
                    }
                    Ok(oldest)
                });
                let oldest = read.unwrap().into_iter();
                waiting.extend(oldest.map(|envelope| (envelope.from, envelope.to, envelope.seq)));
            }
            waiting
        };
        let mut before = waiting();
        for _ in 0..1_000 {
            for tenant in &tenants {
                self.run(*tenant);
            }
            let after = waiting();
            if after.is_empty() || after == before {
                return;
            }
            before = after;
        }
        panic!("it never ends");
    }

    /// Whether every outbox is empty.
    pub fn is_settled(&self) -> bool {
        let tenants = self.tenants.lock().unwrap().clone();
        tenants.iter().all(|tenant| {
            let island = self.store.island(*tenant).unwrap();
            let receivers = island.read_blocking(border::outbox::receivers);
            receivers.unwrap().is_empty()
        })
    }
}

/// An organization of these tenants, the first of which founded it and added the others.
pub fn organization_of(tenants: &[&Tenant<'_>]) {
    let (owner, others) = tenants.split_first().unwrap();
    owner.create();
    for other in others {
        owner.add(other);
        other.join(owner);
    }
    for tenant in tenants {
        tenant.sees(tenants);
    }
}

pub struct Tenant<'w> {
    pub id: TenantId,
    pub name: String,
    pub island: Island,
    world: &'w World,
}

impl Tenant<'_> {
    /// A command, whose messages stay in the outbox.
    pub fn write<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.world.clock.advance_seconds(1);
        self.island.write_blocking(Actor::System, command)
    }

    /// A command, and everything that follows from it.
    pub fn try_do<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let answer = self.write(command);
        self.world.settle();
        answer
    }

    #[track_caller]
    pub fn act<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> T {
        self.try_do(command).unwrap()
    }

    /// A command that is refused; answers why.
    #[track_caller]
    pub fn refused<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Error {
        match self.try_do(command) {
            Ok(_) => panic!("it wasn't refused"),
            Err(error) if error.is_transient() => panic!("{error}"),
            Err(error) => error,
        }
    }

    pub fn read<T>(&self, query: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> T {
        self.island.read_blocking(query).unwrap()
    }

    pub fn create(&self) {
        let label = self.name.clone();
        self.act(move |tx| organization::create(tx, "Round table", Some("Of equals"), &label));
    }

    #[track_caller]
    pub fn add(&self, other: &Tenant<'_>) {
        self.add_as(other, Role::Member);
    }

    #[track_caller]
    pub fn add_as(&self, other: &Tenant<'_>, role: Role) {
        let (id, name) = (other.id, other.name.clone());
        self.act(move |tx| organization::add(tx, id, &name, role));
    }

    #[track_caller]
    pub fn ask_to_join(&self, added_by: TenantId) {
        self.act(move |tx| organization::request_join(tx, added_by, 1, USERS_MAX));
    }

    #[track_caller]
    pub fn join(&self, added_by: &Tenant<'_>) {
        self.ask_to_join(added_by.id);
        let request = self.join_request();
        assert_eq!(request.status, None, "{request:?}");
        assert_eq!(request.member_state.as_deref(), Some("active"));
    }

    #[track_caller]
    pub fn join_fails(&self, added_by: TenantId) -> String {
        self.ask_to_join(added_by);
        let request = self.join_request();
        assert_eq!(request.status.as_deref(), Some("failed"), "{request:?}");
        request.details
    }

    #[track_caller]
    pub fn set_role(&self, of: &Tenant<'_>, role: Role) {
        let id = of.id;
        self.act(move |tx| organization::set_role(tx, id, role));
    }

    #[track_caller]
    pub fn remove(&self, other: &Tenant<'_>) {
        let id = other.id;
        self.act(move |tx| organization::remove(tx, id));
    }

    #[track_caller]
    pub fn leave(&self) {
        self.act(organization::leave);
    }

    pub fn join_request(&self) -> JoinRequest {
        self.read(organization::join_request)
    }

    pub fn is_in_one(&self) -> bool {
        self.read(organization::get).is_some()
    }

    pub fn members(&self) -> Vec<Member> {
        self.read(organization::members)
    }

    pub fn member(&self, tenant: &Tenant<'_>) -> Option<Member> {
        let mut members = self.members().into_iter();
        members.find(|member| member.tenant_id == tenant.id)
    }

    /// Who has invited this tenant.
    pub fn invited_by(&self) -> Vec<TenantId> {
        let invitations = self.read(organization::invitations);
        let adders = invitations.iter();
        adders
            .map(|invitation| invitation.added_by_tenant_id)
            .collect()
    }

    /// Panics unless these are the active tenants, as this one knows them.
    #[track_caller]
    pub fn sees(&self, active: &[&Tenant<'_>]) {
        let ids =
            |tenants: &mut dyn Iterator<Item = TenantId>| tenants.collect::<BTreeSet<TenantId>>();
        let members = self.members();
        let mut seen = members
            .iter()
            .filter(|member| member.state == organization::State::Active)
            .map(|member| member.tenant_id);
        let expected = ids(&mut active.iter().map(|tenant| tenant.id));
        assert_eq!(ids(&mut seen), expected, "as {} sees it", self.name);
    }

    /// The role that this tenant knows another one to have.
    #[track_caller]
    pub fn role_of(&self, other: &Tenant<'_>) -> Role {
        self.member(other).expect("a member").role
    }

    /// Sets both templates as the admin centre does on the two consents.
    pub fn open_to_partners(&self) {
        self.set_templates(
            json!({ "automaticUserConsentSettings": { "inboundAllowed": true, "outboundAllowed": true } }),
            json!({ "userSyncInbound": { "isSyncAllowed": true } }),
        );
    }

    pub fn set_templates(&self, partner: Value, sync: Value) {
        self.act(move |tx| {
            access::update_partner_template(tx, partner.as_object().unwrap())?;
            access::update_identity_sync_template(tx, sync.as_object().unwrap())
        });
    }

    /// The partner's entry as Graph shows it, with its relation.
    pub fn partner(&self, of: &Tenant<'_>) -> Option<Value> {
        let id = of.id;
        match self
            .island
            .read_blocking(move |tx| access::get_partner(tx, id))
        {
            Ok(partner) => {
                let mut shown = partner.to_graph().unwrap();
                let relation = partner.identity_synchronization_to_graph();
                shown.insert("identitySynchronization".into(), relation);
                Some(Value::Object(shown))
            }
            Err(Error::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// What the audit log says of the organization, oldest first: the activity, and the reason
    /// where it failed.
    pub fn audit(&self) -> Vec<String> {
        let filter = audit::Filter {
            category: Some("MultiTenantOrg".into()),
            ..audit::Filter::default()
        };
        let rows = self.read(|tx| audit::list(tx, &filter, None, 1_000));
        let told = rows.into_iter().rev().map(|row| match row.entry.reason {
            Some(reason) => format!("{}: {reason}", row.entry.activity_display_name),
            None => row.entry.activity_display_name,
        });
        told.collect()
    }
}

/// A source of numbers that a seed decides.
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Splitmix64.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % sides as u64).unwrap()
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.roll(items.len())]
    }
}
