//! Connections to one PostgreSQL database: a bounded number for all islands together.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use postgres::config::SslMode;
use postgres::{Config, NoTls, Statement};
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;
use types::{Error, Result};

use super::convert;

/// How long to wait for a connection while all are in use.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How long a server may take to accept a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;

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

/// A connection and the statements that were prepared on it.
pub(super) struct Client {
    pub(super) inner: postgres::Client,
    statements: LruCache<String, Statement>,
    /// Whether a statement failed, after which the transaction takes no other until it is undone.
    pub(super) has_failed: bool,
}

impl Client {
    /// The statement, prepared with the first use.
    pub(super) fn prepared(
        &mut self,
        sql: &str,
    ) -> std::result::Result<Statement, postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.inner.prepare(&numbered(sql))?;
        self.statements.push(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// `?1` as PostgreSQL writes it: `$1`. Our statements have no other question marks but in texts
/// between quotes.
fn numbered(sql: &str) -> String {
    let mut is_quoted = false;
    sql.chars()
        .map(|c| {
            if c == '\'' {
                is_quoted = !is_quoted;
            }
            if c == '?' && !is_quoted { '$' } else { c }
        })
        .collect()
}

/// A connection in use. Unless it is given back, it is closed.
pub(super) struct Lent {
    pool: Arc<Pool>,
    client: Option<Client>,
}

impl Pool {
    /// A pool of connections to the database of an address, so many at most.
    pub(super) fn new(url: &str, most: usize) -> Result<Self> {
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
        let tls = match config.get_ssl_mode() {
            SslMode::Require => {
                let tls = rustls::ClientConfig::with_platform_verifier().map_err(|error| {
                    Error::conflict(format!("The system's certificates can't be read: {error}."))
                })?;
                Some(MakeRustlsConnect::new(tls))
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
                if !client.inner.is_closed() {
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

    fn connect(&self) -> Result<Client> {
        let connected = match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        };
        let inner = connected.map_err(|error| {
            tracing::error!(%error, "the database can't be reached");
            Error::unavailable("The database can't be reached now. Try again later.", 5)
        })?;
        Ok(Client {
            inner,
            statements: LruCache::new(STATEMENTS.try_into().map_err(Error::internal)?),
            has_failed: false,
        })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // A client ends a runtime of its own, which mustn't happen on a thread of another.
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
        client.inner.batch_execute(sql).map_err(|error| {
            client.has_failed = true;
            convert(error)
        })
    }

    /// Puts the connection back; no transaction is open on it.
    pub(super) fn give_back(mut self) {
        let client = self.client.take();
        if let Some(mut client) = client
            && !client.inner.is_closed()
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

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn parameters_are_numbered_as_they_were() {
        assert_eq!(
            numbered("SELECT '?1', x FROM t WHERE a = ?2 AND b = ?1"),
            "SELECT '?1', x FROM t WHERE a = $2 AND b = $1"
        );
    }
}
