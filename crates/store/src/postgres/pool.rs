//! Connections to one PostgreSQL database: a bounded number for all islands together.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use types::{Error, Result};

use super::client::Client;
use super::{convert, tls};

/// How long to wait for a connection while all are in use.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How long a server may take to accept a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// After how much silence the other side is asked whether it is still there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// How long what was sent may stay without any sign that it arrived.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// What each session asks of the database, in milliseconds: a transaction whose server has stopped
/// in its middle ends, and lets go of its locks, while others wait for these no longer than they
/// have patience.
const SESSION: &str = "-c idle_in_transaction_session_timeout=10000 \
    -c lock_timeout=20000 -c client_min_messages=warning";

pub(super) struct Pool {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    most: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Client>,
    /// Idle ones and those in use.
    open: usize,
}

/// A connection in use. Unless it is given back, it is closed.
pub(super) struct Lent {
    pool: Arc<Pool>,
    client: Option<Client>,
}

impl Pool {
    /// A pool of connections to the database of an address, so many at most.
    pub(super) fn new(url: &str, most: usize) -> Result<Self> {
        let (url, authority) = tls::split(url)?;
        let mut config: Config = url.parse().map_err(|error| {
            Error::invalid(
                "database_url",
                format!("The address of the database isn't right: {error}."),
            )
        })?;
        config.application_name("isopolity");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIME_MAX);
        }
        config.keepalives_idle(KEEPALIVE_IDLE);
        config.tcp_user_timeout(SILENCE_MAX);
        // What the address asks for comes last, and counts.
        let own = config.get_options().unwrap_or_default();
        config.options(format!("{SESSION} {own}"));
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(tls::connector(authority.as_deref())?),
            _ if authority.is_some() => {
                return Err(Error::invalid(
                    "database_url",
                    "The address of the database has sslrootcert, which needs sslmode=require.",
                ));
            }
            // Whoever doesn't insist on TLS wouldn't notice it missing; so it isn't tried.
            _ => None,
        };
        Ok(Self {
            config,
            tls,
            most: most.max(1),
            state: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection; waits for one if all are in use.
    pub(super) fn lend(self: &Arc<Self>) -> Result<Lent> {
        let until = Instant::now() + WAIT_MAX;
        let mut state = self.state();
        loop {
            while let Some(client) = state.idle.pop() {
                if !client.is_closed() {
                    return Ok(Lent {
                        pool: Arc::clone(self),
                        client: Some(client),
                    });
                }
                state.open -= 1;
            }
            if state.open < self.most {
                state.open += 1;
                drop(state);
                // If connecting fails, dropping this makes room again.
                let mut lent = Lent {
                    pool: Arc::clone(self),
                    client: None,
                };
                lent.client = Some(self.connect()?);
                return Ok(lent);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::unavailable(
                    "All connections to the database are in use (limit: \
                     limits.database_connections). Try again.",
                    1,
                ));
            }
            state = match self.freed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// A connection that was made just now; idle ones, which may have been cut with another, go.
    pub(super) fn lend_new(self: &Arc<Self>) -> Result<Lent> {
        let idle = {
            let mut state = self.state();
            let idle = std::mem::take(&mut state.idle);
            state.open -= idle.len();
            idle
        };
        drop(idle);
        self.lend()
    }

    fn connect(&self) -> Result<Client> {
        let connected = match &self.tls {
            Some(tls) => Client::connect(&self.config, tls.clone()),
            None => Client::connect(&self.config, NoTls),
        };
        connected.map_err(|error| {
            tracing::error!(%error, "the database can't be reached");
            match error {
                Error::Unavailable { .. } => error,
                _ => Error::unavailable("The database can't be reached now. Try again later.", 5),
            }
        })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Taking leave of the server isn't for a thread of an async runtime.
        let idle = std::mem::take(&mut self.state().idle);
        let closing = std::thread::Builder::new()
            .name("store-close".into())
            .spawn(move || drop(idle));
        if let Ok(closing) = closing {
            let _ = closing.join();
        }
    }
}

impl Lent {
    pub(super) fn client(&mut self) -> Result<&mut Client> {
        let client = self.client.as_mut();
        client.ok_or_else(|| Error::internal("a connection that was given back"))
    }

    /// Runs statements without parameters and answers.
    pub(super) fn run(&mut self, sql: &str) -> Result<()> {
        let client = self.client()?;
        client.run(sql).map_err(|error| {
            client.has_failed = true;
            convert(error)
        })
    }

    /// Puts the connection back; no transaction is open on it.
    pub(super) fn give_back(mut self) {
        let client = self.client.take();
        if let Some(mut client) = client
            && !client.is_closed()
        {
            client.has_failed = false;
            let mut state = self.pool.state();
            state.idle.push(client);
            // Its place is the idle one's now.
            state.open += 1;
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        drop(self.client.take());
        self.pool.state().open -= 1;
        self.pool.freed.notify_one();
    }
}
