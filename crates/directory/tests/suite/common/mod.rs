//! A tenant on a real store, with its organization object, its domain and the Graph resource.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use directory::groups::{self, Group};
use directory::synced::SyncedUser;
use directory::users::{self, NewUser, User};
use serde_json::{Map, Value, json};
use store::{ChangeRow, Island, ManualClock, NewTenant, ReadTx, Tx};
use types::{Actor, DomainName, Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

pub(crate) const DOMAIN: &str = "contoso.example";

pub(crate) struct Fixture {
    pub(crate) island: Island,
    pub(crate) tenant: TenantId,
    pub(crate) clock: Arc<ManualClock>,
    _directory: tempfile::TempDir,
}

pub(crate) fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000_000)));
    let store = engines::open(engines::options(directory.path()), clock.clone()).unwrap();
    let domain = DomainName::parse(DOMAIN).unwrap();
    let new = NewTenant {
        tenant_id: None,
        display_name: "Contoso".into(),
        domain: domain.clone(),
    };
    let (tenant, ()) = store
        .create_tenant(new, Actor::Operator, move |tx| {
            directory::tenant::initialize(tx, "Contoso", &domain)
        })
        .unwrap();
    Fixture {
        island: store.island(tenant.tenant_id).unwrap(),
        tenant: tenant.tenant_id,
        clock,
        _directory: directory,
    }
}

impl Fixture {
    pub(crate) fn try_write<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.island.write_blocking(Actor::Operator, command)
    }
    pub(crate) fn write<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> T {
        self.try_write(command).unwrap()
    }
    pub(crate) fn refused<T: Send + std::fmt::Debug + 'static>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Error {
        self.try_write(command).unwrap_err()
    }
    pub(crate) fn try_read<T>(&self, query: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.island.read_blocking(query)
    }
    pub(crate) fn read<T>(&self, query: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> T {
        self.try_read(query).unwrap()
    }
    #[allow(
        clippy::redundant_closure_for_method_calls,
        reason = "the method by itself isn't general over lifetimes"
    )]
    pub(crate) fn head(&self) -> u64 {
        self.read(|tx| tx.head())
    }
    /// What the feed has got since a position, as `kind op properties`.
    pub(crate) fn changes(&self, after: u64) -> Vec<String> {
        let rows: Vec<ChangeRow> = self.read(|tx| tx.changes(after, 1_000));
        rows.iter()
            .map(|row| {
                let text = format!("{} {:?} {}", row.kind, row.op, row.properties.join(","));
                text.trim_end().to_owned()
            })
            .collect()
    }
    pub(crate) fn user(&self, alias: &str) -> User {
        self.user_with(alias, json!({}))
    }
    pub(crate) fn user_with(&self, alias: &str, more: Value) -> User {
        let mut properties = user_body(alias);
        properties.extend(object(more));
        self.write(move |tx| {
            users::create(
                tx,
                NewUser {
                    properties,
                    ..NewUser::default()
                },
            )
        })
    }
    /// A property as `$select` shows it.
    pub(crate) fn shown(&self, id: Id<kind::User>, name: &str) -> Value {
        self.read(|tx| Ok(users::get(tx, id)?.property(name)))
    }
    pub(crate) fn patch(&self, id: Id<kind::User>, patch: Value) -> bool {
        self.write(move |tx| users::update(tx, id, &object(patch)))
    }
}

pub(crate) fn user_body(alias: &str) -> Map<String, Value> {
    object(json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"),
    }))
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} isn't an object"),
    }
}

/// The property, parameter or header that an error blames.
pub(crate) fn target(error: &Error) -> &str {
    match error {
        Error::Invalid {
            target: Some(target),
            ..
        } => target,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn home() -> TenantId {
    TenantId::new(Uuid::from_u128(0xfab0_0000_0000_4000_8000_0000_0000_0001))
}

pub(crate) fn home_id(number: u128) -> Id<kind::User> {
    Id::new(Uuid::from_u128(
        0xaaaa_0000_0000_4000_8000_0000_0000_0000 + number,
    ))
}

pub(crate) fn synced(number: u128, alias: &str, properties: Value) -> SyncedUser {
    let mut all = object(json!({"displayName": alias, "mailNickname": alias}));
    all.extend(object(properties));
    SyncedUser {
        home_tenant: home(),
        home_id: home_id(number),
        properties: all,
        account_enabled: true,
        user_principal_name: format!("{alias}@fabrikam.example"),
        home_mail: Some(format!("{alias}@fabrikam.example")),
        manager_home_id: None,
        extra: Map::new(),
        guest_at_most: false,
        may_be_invited: true,
        mapping: None,
    }
}

pub(crate) fn group_body(name: &str) -> Map<String, Value> {
    object(json!({
        "displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true,
    }))
}

/// The body of a Microsoft 365 group.
pub(crate) fn unified_body(name: &str) -> Map<String, Value> {
    let mut body = group_body(name);
    body.extend(object(
        json!({"groupTypes": ["Unified"], "mailEnabled": true, "securityEnabled": false}),
    ));
    body
}

impl Fixture {
    pub(crate) fn group(&self, name: &str) -> Group {
        self.group_of(group_body(name))
    }
    pub(crate) fn group_of(&self, body: Map<String, Value>) -> Group {
        self.write(move |tx| groups::create(tx, &body))
    }
    pub(crate) fn add_member(&self, group: &Group, member: Uuid) {
        let group = group.id;
        self.write(move |tx| groups::add_member(tx, group, member));
    }
}
