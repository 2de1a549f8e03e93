//! A tenant on a real store, with people in it.

use std::sync::Arc;

use credentials::Policy;
use directory::users::{self, NewUser};
use identity::{DeploymentKey, Sealer};
use serde_json::json;
use store::{Island, ManualClock, NewTenant, ReadTx, Tx};
use types::{Actor, DomainName, Error, Id, Result, TenantId, Timestamp, kind};

pub(crate) struct Fixture {
    pub(crate) island: Island,
    pub(crate) tenant: TenantId,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) sealer: Sealer,
    pub(crate) ann: Id<kind::User>,
    _directory: tempfile::TempDir,
}

pub(crate) const ANN: &str = "ann@contoso.example";

pub(crate) fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000_000)));
    let store = engines::open(engines::options(directory.path()), clock.clone()).unwrap();
    let domain = DomainName::parse("contoso.example").unwrap();
    let new = NewTenant {
        tenant_id: None,
        display_name: "Contoso".into(),
        domain: domain.clone(),
    };
    let (tenant, ann) = store
        .create_tenant(new, Actor::Operator, move |tx| {
            directory::tenant::initialize(tx, "Contoso", &domain)?;
            user(tx, "ann")
        })
        .unwrap();
    let sealer = Sealer::new(&DeploymentKey::load_or_create(directory.path()).unwrap()).unwrap();
    Fixture {
        island: store.island(tenant.tenant_id).unwrap(),
        tenant: tenant.tenant_id,
        clock,
        sealer,
        ann,
        _directory: directory,
    }
}

pub(crate) fn user(tx: &mut Tx<'_>, alias: &str) -> Result<Id<kind::User>> {
    let properties = json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@contoso.example"),
    });
    let new = NewUser {
        properties: properties.as_object().cloned().unwrap_or_default(),
        ..NewUser::default()
    };
    Ok(users::create(tx, new)?.id)
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
    pub(crate) fn read<T>(&self, query: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> T {
        self.island.read_blocking(query).unwrap()
    }
    pub(crate) fn set_policy(&self, change: impl FnOnce(&mut Policy) + Send + 'static) {
        self.write(move |tx| {
            let mut policy = Policy::clone(&*Policy::get(tx)?);
            change(&mut policy);
            Policy::set(tx, policy)
        });
    }
    pub(crate) fn audited(&self) -> Vec<(String, String)> {
        let rows = self.read(|tx| audit::list(tx, &audit::Filter::default(), None, 100));
        rows.into_iter()
            .map(|row| {
                let method = row.entry.details.iter().find(|(key, _)| key == "Method");
                let method = method.map(|(_, value)| value.clone()).unwrap_or_default();
                (row.entry.activity_display_name, method)
            })
            .collect()
    }
}
