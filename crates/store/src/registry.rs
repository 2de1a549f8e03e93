//! The registry: which tenants and domains a deployment holds. The one small part that isn't an
//! island's; it holds no tenant's data, only what is needed to find the island.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use serde::Serialize;
use types::{Actor, DomainName, Error, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::engine::{Connection, in_transaction};
use crate::island::Store;
use crate::params;
use crate::tx::Tx;

/// A tenant as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    pub tenant_id: TenantId,
    /// Its name when it was made; the island's organization object has the present one.
    pub display_name: String,
    /// Its initial domain, which never changes.
    #[serde(rename = "domain")]
    pub initial_domain: String,
    /// When it was made.
    #[serde(skip)]
    pub created_at: Timestamp,
}

/// A tenant to be made.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Its id; made if absent.
    pub tenant_id: Option<TenantId>,
    /// Its name.
    pub display_name: String,
    /// Its initial domain.
    pub domain: DomainName,
}

#[derive(Default)]
struct Known {
    tenants: HashMap<TenantId, Tenant>,
    domains: HashMap<String, TenantId>,
    /// The version that was read.
    version: i64,
}

/// The registry's tables that are moved with a deployment; the list of applications is made anew.
pub(crate) const REGISTRY_TABLES: [&str; 2] = ["registry_tenants", "registry_domains"];

pub(crate) struct Registry {
    connection: Mutex<Box<dyn Connection>>,
    directory: Option<Uuid>,
    known: RwLock<Known>,
}

/// How long the making of a tenant may take before another server takes it for cut off.
const MAKING_SECONDS_MAX: i64 = 600;
/// The setting whose number grows with each change.
const VERSION: &str = "version";
/// The setting that says that the applications of all tenants were gone through once.
const APPLICATIONS_LISTED: &str = "applications listed";

impl Registry {
    /// Reads the registry. `directory`: which data directory's server this is, where there are others.
    pub(crate) fn open(
        connection: Box<dyn Connection>,
        directory: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Self> {
        // A tenant whose making was cut off was never acknowledged: it goes, its island's file is
        // overwritten when the id comes again (which it won't). Another server may be at it still.
        let own = directory.map(Uuid::into_bytes);
        let before = match &own {
            Some(_) => now.plus_seconds(-MAKING_SECONDS_MAX),
            None => Timestamp(i64::MAX),
        };
        let cut_off = params![own.as_ref(), before];
        in_transaction(connection.as_ref(), || {
            connection.execute(
                "DELETE FROM registry_domains WHERE tenant_id IN (SELECT tenant_id \
                 FROM registry_tenants WHERE is_ready = 0 AND (made_by = ?1 OR created_at < ?2))",
                cut_off,
            )?;
            connection.execute(
                "DELETE FROM registry_tenants WHERE is_ready = 0 \
                 AND (made_by = ?1 OR created_at < ?2)",
                cut_off,
            )
        })?;
        let registry = Self {
            connection: Mutex::new(connection),
            directory,
            known: RwLock::default(),
        };
        registry.load()?;
        Ok(registry)
    }

    fn connection(&self) -> MutexGuard<'_, Box<dyn Connection>> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the registry again if another server has changed it.
    pub(crate) fn load_if_changed(&self) -> Result<()> {
        let version = version(self.connection().as_ref())?;
        if version == self.known().version {
            return Ok(());
        }
        self.load()
    }

    fn load(&self) -> Result<()> {
        let connection = self.connection();
        // Before the rest: what changes in between is read again.
        let mut known = Known {
            version: version(connection.as_ref())?,
            ..Known::default()
        };
        connection.query(
            "SELECT tenant_id, display_name, initial_domain, created_at FROM registry_tenants WHERE is_ready = 1",
            &[],
            &mut |row| {
                let tenant = Tenant {
                    tenant_id: row.id(0)?,
                    display_name: row.string(1)?,
                    initial_domain: row.string(2)?,
                    created_at: row.timestamp(3)?,
                };
                known.tenants.insert(tenant.tenant_id, tenant);
                Ok(())
            },
        )?;
        connection.query(
            "SELECT domain, tenant_id FROM registry_domains",
            &[],
            &mut |row| {
                known.domains.insert(row.string(0)?, row.id(1)?);
                Ok(())
            },
        )?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    fn known(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn holds(&self, tenant: TenantId) -> bool {
        self.known().tenants.contains_key(&tenant)
    }

    /// Runs a statement and, if it changed something, lets others know.
    fn execute(&self, sql: &str, params: &[crate::Param<'_>]) -> Result<u64> {
        let connection = self.connection();
        in_transaction(connection.as_ref(), || {
            let changed = connection.execute(sql, params)?;
            if changed > 0 {
                connection.execute(
                    "INSERT INTO registry_settings (name, number, value) VALUES (?1, 1, ?2) \
                     ON CONFLICT (name) DO UPDATE SET number = registry_settings.number + 1",
                    params![VERSION, &[0_u8; 0]],
                )?;
            }
            Ok(changed)
        })
    }

    /// A value that all servers agree about: the one that came first, which is `mine` if there is
    /// none yet.
    fn agree(&self, name: &str, mine: &[u8]) -> Result<Vec<u8>> {
        let connection = self.connection();
        connection.execute(
            "INSERT INTO registry_settings (name, number, value) VALUES (?1, 0, ?2) \
             ON CONFLICT (name) DO NOTHING",
            params![name, mine],
        )?;
        setting(connection.as_ref(), name)?
            .map(|(_, value)| value)
            .ok_or_else(|| Error::internal("a setting that was written isn't there"))
    }
}

fn setting(connection: &dyn Connection, name: &str) -> Result<Option<(i64, Vec<u8>)>> {
    let mut found = None;
    connection.query(
        "SELECT number, value FROM registry_settings WHERE name = ?1",
        params![name],
        &mut |row| {
            found = Some((row.int(0)?, row.bytes(1)?.to_vec()));
            Ok(())
        },
    )?;
    Ok(found)
}

fn version(connection: &dyn Connection) -> Result<i64> {
    Ok(setting(connection, VERSION)?.map_or(0, |(number, _)| number))
}

impl Store {
    /// Makes a tenant: claims its domain, makes its island and lets `fill` write its first rows.
    /// Nobody sees the tenant before all of that is durable. Blocks; call it from no async runtime.
    pub fn create_tenant<T: Send + 'static>(
        &self,
        new: NewTenant,
        actor: Actor,
        fill: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<(Tenant, T)> {
        let now = self.clock().now();
        let tenant = Tenant {
            tenant_id: new.tenant_id.unwrap_or_else(|| {
                let mut bytes = [0; 16];
                bytes.copy_from_slice(self.seed().get(..16).unwrap_or(&[0; 16]));
                TenantId::new(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }),
            display_name: new.display_name,
            initial_domain: new.domain.to_string(),
            created_at: now,
        };
        let registry = self.registry();
        if registry.holds(tenant.tenant_id) {
            return Err(Error::AlreadyExists {
                property: "tenantId",
            });
        }
        self.claim(tenant.tenant_id, &new.domain)?;
        let outcome = (|| {
            registry.execute(
                "INSERT INTO registry_tenants (tenant_id, display_name, initial_domain, created_at, \
                 is_ready, made_by) VALUES (?1, ?2, ?3, ?4, 0, ?5)",
                params![
                    &tenant.tenant_id,
                    &tenant.display_name,
                    &tenant.initial_domain,
                    now,
                    registry.directory.map(Uuid::into_bytes).as_ref()
                ],
            )?;
            let filled = self
                .new_island(tenant.tenant_id)
                .write_blocking(actor, fill)?;
            registry.execute(
                "UPDATE registry_tenants SET is_ready = 1 WHERE tenant_id = ?1",
                params![&tenant.tenant_id],
            )?;
            registry.load()?;
            Ok(filled)
        })();
        match outcome {
            Ok(filled) => Ok((tenant, filled)),
            Err(error) => {
                registry.execute(
                    "DELETE FROM registry_tenants WHERE tenant_id = ?1 AND is_ready = 0",
                    params![&tenant.tenant_id],
                )?;
                self.release_domain(tenant.tenant_id, &new.domain)?;
                Err(error)
            }
        }
    }

    /// A value that all servers of the data agree about: the one that came first, which is `mine` if
    /// there is none yet. Blocks; call it from no async runtime.
    pub fn agree(&self, name: &str, mine: &[u8]) -> Result<Vec<u8>> {
        self.registry().agree(name, mine)
    }

    /// Lists the tenant of an application that is for several tenants, so that others find it by its
    /// client id. An entry is where to ask, not an answer: one that is there in vain does no harm, so
    /// that it is written before the application is and never taken out. Blocks.
    pub fn list_application(&self, tenant: TenantId, app_id: Uuid) -> Result<()> {
        self.registry()
            .connection()
            .execute(
                "INSERT INTO registry_applications (app_id, tenant_id) VALUES (?1, ?2) \
                 ON CONFLICT (app_id) DO NOTHING",
                params![&app_id, &tenant],
            )
            .map(drop)
    }

    /// The tenant that an application was listed by: one look-up, however many tenants there are.
    pub async fn look_for_application(&self, app_id: Uuid) -> Result<Option<TenantId>> {
        self.look(move |store| {
            let mut found = None;
            store.registry().connection().query(
                "SELECT tenant_id FROM registry_applications WHERE app_id = ?1",
                params![&app_id],
                &mut |row| {
                    found = Some(row.id(0)?);
                    Ok(())
                },
            )?;
            Ok(found)
        })
        .await
    }

    /// Whether the applications of all tenants were listed, those too that were there before there was
    /// a list.
    pub async fn has_listed_applications(&self) -> Result<bool> {
        self.look(|store| {
            let connection = store.registry().connection();
            Ok(setting(connection.as_ref(), APPLICATIONS_LISTED)?.is_some())
        })
        .await
    }

    /// Lists applications of a tenant that were there before there was a list.
    pub async fn list_applications(&self, tenant: TenantId, app_ids: Vec<Uuid>) -> Result<()> {
        self.look(move |store| {
            let mut app_ids = app_ids.into_iter();
            app_ids.try_for_each(|app_id| store.list_application(tenant, app_id))
        })
        .await
    }

    /// Notes that those of all tenants are listed.
    pub async fn note_applications_listed(&self) -> Result<()> {
        self.look(|store| store.registry().agree(APPLICATIONS_LISTED, &[]).map(drop))
            .await
    }

    /// All tenants of this deployment, by name.
    pub fn tenants(&self) -> Vec<Tenant> {
        let mut tenants: Vec<_> = self.registry().known().tenants.values().cloned().collect();
        tenants.sort_by(|a, b| (&a.display_name, a.tenant_id).cmp(&(&b.display_name, b.tenant_id)));
        tenants
    }

    /// One tenant.
    pub fn tenant(&self, tenant: TenantId) -> Option<Tenant> {
        self.registry().known().tenants.get(&tenant).cloned()
    }

    /// The tenant that holds a domain.
    pub fn tenant_by_domain(&self, domain: &str) -> Option<TenantId> {
        self.registry()
            .known()
            .domains
            .get(&domain.to_ascii_lowercase())
            .copied()
    }

    /// One tenant, whichever server has made it.
    pub async fn look_for_tenant(&self, tenant: TenantId) -> Result<Option<Tenant>> {
        if let Some(found) = self.tenant(tenant) {
            return Ok(Some(found));
        }
        self.learn().await?;
        Ok(self.tenant(tenant))
    }

    /// The tenant that holds a domain at this moment, whichever server has given it.
    pub async fn look_for_domain(&self, domain: &str) -> Result<Option<TenantId>> {
        self.learn().await?;
        Ok(self.tenant_by_domain(domain))
    }

    /// The tenant that an operator or an address names: by id or by any of its domains.
    pub fn find_tenant(&self, name: &str) -> Result<TenantId> {
        name.parse::<TenantId>()
            .ok()
            .filter(|tenant| self.registry().holds(*tenant))
            .or_else(|| self.tenant_by_domain(name))
            .ok_or_else(|| Error::not_found("tenant", name))
    }

    /// Claims a domain for a tenant: it belongs to one tenant of the deployment at most.
    pub fn claim_domain(&self, tenant: TenantId, domain: &DomainName) -> Result<()> {
        self.claim(tenant, domain)?;
        self.registry().load()
    }

    fn claim(&self, tenant: TenantId, domain: &DomainName) -> Result<()> {
        let claimed = self.registry().execute(
            "INSERT INTO registry_domains (domain, tenant_id) VALUES (?1, ?2) ON CONFLICT (domain) DO NOTHING",
            params![domain.as_str(), &tenant],
        )?;
        if claimed == 1 {
            Ok(())
        } else {
            Err(Error::AlreadyExists { property: "id" })
        }
    }

    /// Gives a domain up.
    pub fn release_domain(&self, tenant: TenantId, domain: &DomainName) -> Result<()> {
        self.registry().execute(
            "DELETE FROM registry_domains WHERE domain = ?1 AND tenant_id = ?2",
            params![domain.as_str(), &tenant],
        )?;
        self.registry().load()
    }
}
