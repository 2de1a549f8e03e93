//! Who may work on a database: one server at a time.
//!
//! A server takes the lease when it opens the database and renews it well before it ends. Whoever
//! couldn't renew it in time writes nothing more, so that another may take it once it is over. Times
//! are the database's, of which there is one; only the length is measured here. The lease belongs
//! to a data directory, which one process holds at a time: a server that was killed takes its own
//! lease again at once.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use types::{Error, Result};
use uuid::Uuid;

use super::{Server, convert};

/// How long the lease holds after it was taken or renewed.
const LEASE_TIME: Duration = Duration::from_secs(15);
/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(4);
/// How long this side takes it to hold: a little shorter.
const SURE_TIME: Duration = Duration::from_secs(13);
/// The file with the data directory's own id.
const ID_FILE: &str = "server.id";

const MAKE: &str = "CREATE TABLE IF NOT EXISTS leases (name TEXT NOT NULL PRIMARY KEY, \
    holder BYTEA NOT NULL, epoch BIGINT NOT NULL, expires_at BIGINT NOT NULL)";
const TAKE: &str = "INSERT INTO leases (name, holder, epoch, expires_at) VALUES ('server', $1, 1, \
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $2) \
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, \
    epoch = leases.epoch + 1, expires_at = excluded.expires_at \
    WHERE leases.holder = excluded.holder \
    OR leases.expires_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
const LEFT: &str = "SELECT (expires_at - (extract(epoch FROM clock_timestamp()) * 1000)::bigint) \
    FROM leases WHERE name = 'server'";
const RELEASE: &str = "UPDATE leases SET expires_at = 0 WHERE name = 'server' AND holder = $1";

/// Until when the lease holds, as far as this process knows.
#[derive(Default)]
pub(super) struct Validity(Mutex<Option<Instant>>);

impl Validity {
    /// That the lease holds.
    pub(super) fn check(&self) -> Result<()> {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match until {
            Some(until) if Instant::now() < until => Ok(()),
            _ => Err(Error::unavailable(
                "The server has lost its hold on the database. Try again.",
                5,
            )),
        }
    }

    fn set(&self, until: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// The lease, held and renewed until it is dropped.
pub(crate) struct Lease {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lease {
    /// Takes the lease for a data directory; `Conflict` if another server has it.
    pub(crate) fn take(server: &Server, directory: &Path) -> Result<Self> {
        let holder = holder(directory)?;
        make_table(server)?;
        if !take(server, holder)? {
            let seconds = left(server)?.div_ceil(1000);
            return Err(Error::conflict(format!(
                "Another isopolity server is using this database. Stop it first; if it has \
                 crashed, try again in {seconds} s."
            )));
        }
        let (stop, stopped) = sync_channel::<()>(0);
        let renewing = server.clone();
        let thread = std::thread::Builder::new()
            .name("store-lease".into())
            .spawn(move || {
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(RENEW_EVERY) {
                    match take(&renewing, holder) {
                        Ok(true) => {}
                        Ok(false) => {
                            renewing.lease.set(None);
                            tracing::error!("another server has taken over the database");
                        }
                        Err(error) => tracing::warn!(%error, "the lease couldn't be renewed"),
                    }
                }
                release(&renewing, holder);
            })
            .map_err(Error::internal)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The thread gives the lease back before it ends.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn release(server: &Server, holder: Uuid) {
    server.lease.set(None);
    let released = server.pool.lend().and_then(|mut lent| {
        let bytes = holder.as_bytes().as_slice();
        let released = lent.client()?.execute(RELEASE, &[&bytes]);
        lent.give_back();
        released.map_err(convert)
    });
    if let Err(error) = released {
        tracing::warn!(%error, "the lease ends by itself");
    }
}

fn make_table(server: &Server) -> Result<()> {
    let mut lent = server.pool.lend()?;
    // Two servers that make it at once disturb each other; by the second time it is there.
    let made = lent.run(MAKE).or_else(|_| lent.run(MAKE));
    lent.give_back();
    made
}

fn take(server: &Server, holder: Uuid) -> Result<bool> {
    let mut lent = server.pool.lend()?;
    let asked_at = Instant::now();
    let milliseconds = i64::try_from(LEASE_TIME.as_millis()).unwrap_or(i64::MAX);
    let bytes = holder.as_bytes().as_slice();
    let taken = lent
        .client()?
        .execute(TAKE, &[&bytes, &milliseconds])
        .map_err(convert)?;
    lent.give_back();
    if taken == 1 {
        server.lease.set(Some(asked_at + SURE_TIME));
    }
    Ok(taken == 1)
}

/// Milliseconds for which somebody else's lease still holds.
fn left(server: &Server) -> Result<u64> {
    let mut lent = server.pool.lend()?;
    let rows = lent.client()?.query(LEFT, &[]).map_err(convert)?;
    lent.give_back();
    let left: i64 = match rows.first() {
        Some(row) => row.try_get(0).map_err(convert)?,
        None => 0,
    };
    Ok(u64::try_from(left).unwrap_or(0))
}

/// The data directory's own id, made with its first use.
fn holder(directory: &Path) -> Result<Uuid> {
    let path = directory.join(ID_FILE);
    let unusable = |error: std::io::Error| {
        Error::unavailable(format!("Can't use {}: {error}.", path.display()), 30)
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| {
            Error::conflict(format!(
                "{} isn't the id that a server wrote. Remove it if no server uses the database.",
                path.display()
            ))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let id = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
            std::fs::write(&path, format!("{id}\n")).map_err(unusable)?;
            Ok(id)
        }
        Err(error) => Err(unusable(error)),
    }
}
