//! Which engine holds a deployment's data, and how its parts are opened there.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use types::{Error, Result, TenantId};
use uuid::Uuid;

use crate::clock::Clock;
use crate::engine::{Connection, Mode};
use crate::island::{Store, held};
use crate::options::Options;
use crate::postgres::{self, Opening, Part, Postgres, Server, Worker};
use crate::{migrate, sqlite};

/// Page cache of the registry, in KiB.
const REGISTRY_CACHE_KIB: u32 = 512;
/// Page cache of a connection that looks an island over, in KiB.
const CHECK_CACHE_KIB: u32 = 2048;
/// When to ask again for data that have to be restored first.
const RESTORE_SECONDS: u32 = 60;

/// The data of a deployment.
pub(crate) enum Database {
    /// A file for each island and one for the registry.
    Files { directory: PathBuf },
    /// One database for all, which servers share.
    Postgres {
        server: Server,
        /// This data directory's own id.
        directory: Uuid,
        worker: Mutex<Option<Worker>>,
    },
}

impl Database {
    /// Opens what the options name, and brings what all islands share up to date.
    pub(crate) fn open(options: &Options, clock: &dyn Clock) -> Result<Self> {
        let Some(url) = &options.database_url else {
            return Ok(Self::Files {
                directory: options.directory.clone(),
            });
        };
        let server = Server::new(url, options.database_connections)?;
        let directory = postgres::directory_id(&options.directory)?;
        let opening = Opening::begin(&server)?;
        // The registry's tables took names of their own in its second step, so it goes first.
        migrate::run(&server.open(Part::Registry), migrate::REGISTRY, clock.now())?;
        migrate::run(&server.open(Part::Tables), migrate::ISLAND, clock.now())?;
        postgres::prepare(&server)?;
        drop(opening);
        if !server.is_bound_by_policies()? {
            tracing::warn!(
                "the database's role passes over row-level security, which is the second wall \
                 between tenants: use a role that is no superuser and has no BYPASSRLS"
            );
        }
        Ok(Self::Postgres {
            server,
            directory,
            worker: Mutex::default(),
        })
    }

    /// That nobody else works on the data, for who moves all of them.
    pub(crate) fn refuse_servers(&self) -> Result<()> {
        match self {
            Self::Files { .. } => Ok(()),
            Self::Postgres {
                server, directory, ..
            } => postgres::refuse_servers(server, *directory),
        }
    }

    /// Takes part in the work, where there may be others.
    pub(crate) fn begin_work(&self, store: &Store, as_guest: bool) -> Result<()> {
        if let Self::Postgres { server, worker, .. } = self {
            let mut worker = held(worker);
            if worker.is_none() {
                *worker = Some(Worker::begin(server, store, as_guest)?);
            }
        }
        Ok(())
    }

    /// Takes part no longer.
    pub(crate) fn end_work(&self) {
        if let Self::Postgres { worker, .. } = self {
            let worker = held(worker).take();
            drop(worker);
        }
    }

    /// Which data directory this is, where there may be others.
    pub(crate) const fn directory_id(&self) -> Option<Uuid> {
        match self {
            Self::Files { .. } => None,
            Self::Postgres { directory, .. } => Some(*directory),
        }
    }

    /// Whether the data are in this process's files: then one server has them for itself, and a
    /// read is done before another thread could hear of it.
    pub(crate) const fn is_embedded(&self) -> bool {
        matches!(self, Self::Files { .. })
    }

    /// Opens the registry, making it where there is no data yet.
    pub(crate) fn registry(&self, clock: &dyn Clock) -> Result<Box<dyn Connection>> {
        self.open_registry(clock, false)
    }

    /// Opens the registry of a deployment whose tenants may have been brought there before it.
    pub(crate) fn new_registry(&self, clock: &dyn Clock) -> Result<Box<dyn Connection>> {
        self.open_registry(clock, true)
    }

    fn open_registry(&self, clock: &dyn Clock, may_be_new: bool) -> Result<Box<dyn Connection>> {
        let connection: Box<dyn Connection> = match self {
            Self::Files { directory } => {
                let path = directory.join("registry.db");
                let tenants = directory.join("tenants");
                if !may_be_new && !path.exists() && holds_files(&tenants) {
                    return Err(Error::conflict(format!(
                        "{} is missing, but {} holds the data of tenants. Restore it from a \
                         backup; without it nobody knows whose they are.",
                        path.display(),
                        tenants.display()
                    )));
                }
                let connection = sqlite::open(&path, Mode::Write, REGISTRY_CACHE_KIB)
                    .and_then(|connection| {
                        migrate::run(&connection, migrate::REGISTRY, clock.now())?;
                        Ok(connection)
                    })
                    .map_err(|error| cant_open(&path, error))?;
                Box::new(connection)
            }
            Self::Postgres { server, .. } => Box::new(server.open(Part::Registry)),
        };
        Ok(connection)
    }

    /// Opens an island for its writer. `is_known`: the registry lists it, so it has to be there.
    pub(crate) fn writer(
        &self,
        tenant: TenantId,
        is_known: bool,
        cache_kib: u32,
        clock: &dyn Clock,
    ) -> Result<Box<dyn Connection>> {
        match self {
            Self::Files { directory } => {
                let path = island_path(directory, tenant);
                if is_known && !path.exists() {
                    tracing::error!(path = %path.display(), "a tenant's file is missing");
                    return Err(Error::unavailable(
                        "The data of this tenant is missing: the server's operator has to restore \
                         it from a backup.",
                        RESTORE_SECONDS,
                    ));
                }
                let connection = sqlite::open(&path, Mode::Write, cache_kib)?;
                migrate::run(&connection, migrate::ISLAND, clock.now())?;
                Ok(Box::new(connection))
            }
            Self::Postgres { server, .. } => Ok(Box::new(island(server, tenant))),
        }
    }

    /// Opens an island for reading.
    pub(crate) fn reader(&self, tenant: TenantId, cache_kib: u32) -> Result<Box<dyn Connection>> {
        Ok(match self {
            Self::Files { directory } => Box::new(sqlite::open(
                &island_path(directory, tenant),
                Mode::Read,
                cache_kib,
            )?),
            Self::Postgres { server, .. } => Box::new(island(server, tenant)),
        })
    }

    /// Opens an island to copy it or to look it over.
    pub(crate) fn check(&self, tenant: TenantId) -> Result<Box<dyn Connection>> {
        self.reader(tenant, CHECK_CACHE_KIB)
    }

    /// What of an island is missing altogether, for the operator.
    pub(crate) fn missing(&self, tenant: TenantId) -> Option<String> {
        match self {
            Self::Files { directory } if !island_path(directory, tenant).exists() => Some(format!(
                "tenants/{tenant}.db is missing. Restore it from a backup."
            )),
            _ => None,
        }
    }

    /// What the operator calls an island's data.
    pub(crate) fn name(&self, tenant: TenantId) -> String {
        match self {
            Self::Files { .. } => format!("tenants/{tenant}.db"),
            Self::Postgres { .. } => format!("the tenant {tenant}"),
        }
    }
}

fn island(server: &Server, tenant: TenantId) -> Postgres {
    server.open(Part::Island(tenant))
}

fn island_path(directory: &Path, tenant: TenantId) -> PathBuf {
    directory.join("tenants").join(format!("{tenant}.db"))
}

fn holds_files(directory: &Path) -> bool {
    std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some())
}

fn cant_open(path: &Path, error: Error) -> Error {
    match error {
        Error::Unavailable { message, .. } => {
            Error::unavailable(format!("Can't open {}: {message}", path.display()), 30)
        }
        error => error,
    }
}
