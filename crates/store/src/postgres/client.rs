//! One connection, used by one thread at a time, and the statements that were prepared on it.
//!
//! The protocol's client is asynchronous, which is what lets statements be sent together; here it
//! runs on a small runtime of the connection's own, only while somebody waits for an answer.

use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use lru::LruCache;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Error, Row, Socket, Statement};

/// Prepared statements kept per connection.
const STATEMENTS: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");
/// How long taking leave of the server may take.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(1);

type Outcome<T> = Result<T, Error>;
/// A statement on its way: it is sent when it is first looked at, and answers how many rows it
/// changed.
pub(super) type Sent<'a> = Pin<Box<dyn Future<Output = Outcome<u64>> + 'a>>;

/// A connection.
pub(super) struct Client {
    parts: Option<Parts>,
    statements: LruCache<String, Statement>,
    /// Whether a statement failed, after which the transaction takes no other until it is undone.
    pub(super) has_failed: bool,
}

/// What a connection consists of, until it is closed.
struct Parts {
    inner: tokio_postgres::Client,
    /// What speaks the protocol; its end is the connection's.
    speaker: JoinHandle<()>,
    runtime: Runtime,
}

impl Client {
    /// Connects as a configuration says.
    pub(super) fn connect<T>(config: &Config, tls: T) -> types::Result<Self>
    where
        T: MakeTlsConnect<Socket> + 'static,
        T::Stream: Send,
    {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(types::Error::internal)?;
        let connected = runtime.block_on(config.connect(tls));
        let (inner, connection) = connected.map_err(super::convert)?;
        let speaker = runtime.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
        Ok(Self {
            parts: Some(Parts {
                inner,
                speaker,
                runtime,
            }),
            statements: LruCache::new(STATEMENTS),
            has_failed: false,
        })
    }

    fn parts(&self) -> &Parts {
        match &self.parts {
            Some(parts) => parts,
            None => unreachable!("a connection that is being closed is nobody's"),
        }
    }

    /// Whether the connection is known to have ended.
    pub(super) fn is_closed(&self) -> bool {
        self.parts().inner.is_closed()
    }

    /// What sends statements; they go on their way in [`Client::wait_for`].
    pub(super) fn sender(&self) -> &tokio_postgres::Client {
        &self.parts().inner
    }

    /// The statement, prepared with the first use.
    pub(super) fn prepared(&mut self, sql: &str) -> Outcome<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.wait_for(self.sender().prepare(&numbered(sql)))?;
        self.statements.push(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Runs statements without parameters and answers.
    pub(super) fn run(&self, sql: &str) -> Outcome<()> {
        self.wait_for(self.sender().batch_execute(sql))
    }

    /// Runs one statement; answers how many rows it changed.
    pub(super) fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Outcome<u64> {
        self.wait_for(self.sender().execute(sql, params))
    }

    /// All rows of a query.
    pub(super) fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Outcome<Vec<Row>> {
        self.wait_for(self.sender().query(sql, params))
    }

    /// Waits for answers.
    pub(super) fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        self.parts().runtime.block_on(work)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let Some(Parts {
            inner,
            speaker,
            runtime,
        }) = self.parts.take()
        else {
            return;
        };
        // Without its sender the speaker takes leave and ends.
        drop(inner);
        if Handle::try_current().is_err() {
            let _ = runtime.block_on(async { timeout(LEAVE_TIME_MAX, speaker).await });
        }
        runtime.shutdown_background();
    }
}

/// Sends statements in their order and `last` behind them, without waiting in between, and answers
/// what came of each. The first failure is the failure of all: those behind it weren't carried out.
pub(super) async fn in_order<T>(
    before: Vec<Sent<'_>>,
    last: impl Future<Output = Outcome<T>>,
) -> Outcome<(Vec<u64>, T)> {
    let mut before: Vec<(Sent<'_>, Option<Outcome<u64>>)> =
        before.into_iter().map(|sent| (sent, None)).collect();
    let mut last = pin!(last);
    let mut last_outcome = None;
    poll_fn(|context| {
        let mut is_done = true;
        for (sent, outcome) in &mut before {
            if outcome.is_none() {
                match sent.as_mut().poll(context) {
                    Poll::Ready(done) => *outcome = Some(done),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if last_outcome.is_none() {
            match last.as_mut().poll(context) {
                Poll::Ready(done) => last_outcome = Some(done),
                Poll::Pending => is_done = false,
            }
        }
        if is_done {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    let mut counts = Vec::with_capacity(before.len());
    for (_, outcome) in before {
        counts.push(outcome.unwrap_or(Ok(0))?);
    }
    match last_outcome {
        Some(outcome) => outcome.map(|value| (counts, value)),
        None => unreachable!("the last one was waited for"),
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
