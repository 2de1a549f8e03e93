//! One tenant on a real store, and partners that are only ids, as the policy knows them.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;

use access::Rules;
use serde_json::{Map, Value, json};
use store::{ChangeRow, Island, NewTenant, ReadTx, SystemClock, Tx};
use types::trace::{Mend, Trace};
use types::{Actor, DomainName, Error, Result, TenantId};
use uuid::Uuid;

pub(crate) struct Fixture {
    pub(crate) island: Island,
    pub(crate) tenant: TenantId,
    _directory: tempfile::TempDir,
}

pub(crate) fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let store = engines::open(engines::options(directory.path()), Arc::new(SystemClock)).unwrap();
    let new = NewTenant {
        tenant_id: None,
        display_name: "Contoso".into(),
        domain: DomainName::parse("contoso.example").unwrap(),
    };
    let tenant = store
        .create_tenant(new, Actor::Operator, |_| Ok(()))
        .unwrap()
        .0
        .tenant_id;
    Fixture {
        island: store.island(tenant).unwrap(),
        tenant,
        _directory: directory,
    }
}

pub(crate) fn partner(number: u128) -> TenantId {
    TenantId::new(Uuid::from_u128(
        0xfab0_0000_0000_4000_8000_0000_0000_0000 + number,
    ))
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} isn't an object"),
    }
}

/// A list.
pub(crate) fn list(access: &str, kind: &str, targets: &[&str]) -> Value {
    let targets: Vec<Value> = targets
        .iter()
        .map(|target| json!({"target": target, "targetType": kind}))
        .collect();
    json!({"accessType": access, "targets": targets})
}

/// Both halves about all.
pub(crate) fn everyone(access: &str) -> Value {
    json!({
        "usersAndGroups": list(access, "user", &["AllUsers"]),
        "applications": list(access, "application", &["AllApplications"]),
    })
}

impl Fixture {
    pub(crate) fn write<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.island.write_blocking(Actor::System, command)
    }
    pub(crate) fn read<T>(&self, query: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> T {
        self.island.read_blocking(query).unwrap()
    }
    pub(crate) fn create(&self, mut body: Value, of: TenantId) -> Result<access::Partner> {
        body["tenantId"] = json!(of);
        self.write(move |tx| access::create_partner(tx, &object(body)))
    }
    pub(crate) fn update(&self, of: TenantId, body: Value) -> Result<()> {
        self.write(move |tx| access::update_partner(tx, of, &object(body)))
    }
    pub(crate) fn partner(&self, of: TenantId) -> Value {
        Value::Object(self.read(|tx| access::get_partner(tx, of)?.to_graph()))
    }
    pub(crate) fn put_sync(&self, of: TenantId, body: Value) -> Result<()> {
        self.write(move |tx| access::create_identity_sync(tx, of, &object(body)))
    }
    pub(crate) fn patch_sync(&self, of: TenantId, body: Value) -> Result<()> {
        self.write(move |tx| access::update_identity_sync(tx, of, &object(body)))
    }
    pub(crate) fn sync(&self, of: TenantId) -> Value {
        Value::Object(self.read(|tx| Ok(access::get_identity_sync(tx, of)?.to_graph(of))))
    }
    pub(crate) fn decide(&self, about: TenantId, ask: impl FnOnce(&Rules) -> Trace) -> Trace {
        self.read(|tx| Ok(ask(&Rules::load(tx, about)?)))
    }
    /// Sends a mend as the edge would.
    pub(crate) fn mend(&self, mend: &Mend) -> Result<()> {
        let path = mend
            .path
            .strip_prefix("/v1.0/policies/crossTenantAccessPolicy/")
            .unwrap();
        let segments: Vec<&str> = path.split('/').collect();
        let body = mend.body.clone();
        let id = || segments[1].parse::<TenantId>().unwrap();
        match (mend.method.as_str(), segments.as_slice()) {
            ("POST", ["partners"]) => self
                .write(move |tx| access::create_partner(tx, &object(body)))
                .map(drop),
            ("PATCH", ["partners", _]) => self.update(id(), body),
            ("PUT", ["partners", _, "identitySynchronization"]) => self.put_sync(id(), body),
            ("PATCH", ["partners", _, "identitySynchronization"]) => self.patch_sync(id(), body),
            other => panic!("no such request: {other:?}"),
        }
    }
    /// The activities in the audit log, oldest first.
    pub(crate) fn audited(&self) -> Vec<audit::Row> {
        let mut rows = self.read(|tx| audit::list(tx, &audit::Filter::default(), None, 1_000));
        rows.reverse();
        rows
    }
    pub(crate) fn activities(&self) -> Vec<String> {
        self.audited()
            .into_iter()
            .map(|row| row.entry.activity_display_name)
            .collect()
    }
    /// The changes in the feed that are the policy's.
    pub(crate) fn changes(&self) -> Vec<ChangeRow> {
        let mut changes = self.read(|tx| tx.changes(0, 10_000));
        changes.retain(|change| change.kind.starts_with("crossTenantAccessPolicy"));
        changes
    }
}

/// What a refused body names.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(Error::Invalid {
            target: Some(target),
            message,
        }) => {
            assert!(
                message.contains(target.split('.').next().unwrap()),
                "{message}"
            );
            target
        }
        other => panic!("{other:?} isn't a refusal that names a property"),
    }
}
