//! One connection, used by one thread at a time, and the statements that were prepared on it.
//!
//! The protocol's client is asynchronous, which is what lets statements be sent together; here it
//! runs on a small runtime of the connection's own, only while somebody waits for an answer.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use lru::LruCache;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, Error, Row, Socket, Statement};

use super::waiting::Step;

/// Prepared statements kept per connection.
const STATEMENTS: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");
/// Turns of the runtime that are enough for what speaks the protocol to write what it was given.
const TURNS_TO_WRITE: usize = 2;
/// How long taking leave of the server may take.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(1);

pub(super) type Outcome<T> = Result<T, Error>;
/// A statement on its way: it is sent when it is first looked at, and answers how many rows it
/// changed.
pub(super) type Sent = Pin<Box<dyn Future<Output = Outcome<u64>> + Send>>;

/// A connection.
pub(super) struct Client {
    parts: Option<Parts>,
    statements: LruCache<String, Prepared>,
    /// Whether a statement failed, after which the transaction takes no other until it is undone.
    pub(super) has_failed: bool,
}

/// A statement, and the same for many rows at once.
struct Prepared {
    one: Statement,
    many: Option<Statement>,
}

/// What a connection consists of, until it is closed.
struct Parts {
    inner: Arc<tokio_postgres::Client>,
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
                inner: Arc::new(inner),
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

    /// Whether a statement is prepared already, or its form for many rows.
    pub(super) fn knows(&mut self, sql: &str, many: bool) -> bool {
        let prepared = self.statements.get(sql);
        prepared.is_some_and(|prepared| !many || prepared.many.is_some())
    }

    /// The statement, prepared with the first use.
    pub(super) fn prepared(&mut self, sql: &str) -> Outcome<Statement> {
        if let Some(prepared) = self.statements.get(sql) {
            return Ok(prepared.one.clone());
        }
        let one = self.wait_for(self.sender().prepare(&numbered(sql)))?;
        let prepared = Prepared {
            one: one.clone(),
            many: None,
        };
        self.statements.push(sql.to_owned(), prepared);
        Ok(one)
    }

    /// The statement's form for many rows, which `many` makes for the types of its parameters.
    pub(super) fn prepared_many(
        &mut self,
        sql: &str,
        many: impl FnOnce(&[Type]) -> Option<String>,
    ) -> Outcome<Statement> {
        let known = self.statements.get(sql);
        if let Some(many) = known.and_then(|prepared| prepared.many.clone()) {
            return Ok(many);
        }
        let one = self.prepared(sql)?;
        let Some(text) = many(one.params()) else {
            return Ok(one);
        };
        let many = self.wait_for(self.sender().prepare(&numbered(&text)))?;
        if let Some(prepared) = self.statements.get_mut(sql) {
            prepared.many = Some(many.clone());
        }
        Ok(many)
    }

    /// A statement to be sent with these parameters.
    pub(super) fn execution<P>(&self, statement: Statement, params: Vec<P>) -> Sent
    where
        P: ToSql + Send + Sync + 'static,
    {
        let sender = Arc::clone(&self.parts().inner);
        Box::pin(async move { sender.execute_raw(&statement, params).await })
    }

    /// Statements without parameters and answers to be sent.
    pub(super) fn running(&self, sql: String) -> Sent {
        let sender = Arc::clone(&self.parts().inner);
        Box::pin(async move { sender.batch_execute(&sql).await.map(|()| 0) })
    }

    /// Puts statements on their way without waiting for their answers, as far as the connection
    /// takes them at once.
    pub(super) fn put_on_way(&self, steps: &mut VecDeque<Step>) {
        self.wait_for(async {
            poll_fn(|context| {
                let _ = poll_steps(steps.iter_mut(), context);
                Poll::Ready(())
            })
            .await;
            for _ in 0..TURNS_TO_WRITE {
                yield_now().await;
            }
        });
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

/// Sends the statements that aren't sent yet, and looks whether all are done. Answers come in the
/// order of the statements, so of those that were sent none behind the first that isn't done is
/// looked at.
fn poll_steps<'s>(
    steps: impl Iterator<Item = &'s mut Step>,
    context: &mut Context<'_>,
) -> Poll<()> {
    let mut all = Poll::Ready(());
    for step in steps {
        if step.outcome.is_some() || (all.is_pending() && step.is_sent) {
            continue;
        }
        step.is_sent = true;
        match step.sent.as_mut().poll(context) {
            Poll::Ready(outcome) => step.outcome = Some(outcome),
            Poll::Pending => all = Poll::Pending,
        }
    }
    all
}

/// Waits for the answers of the first `count` statements.
pub(super) async fn arrived(steps: &mut VecDeque<Step>, count: usize) {
    poll_fn(|context| poll_steps(steps.iter_mut().take(count), context)).await;
}

/// Sends statements in their order and `last` behind them, without waiting in between; answers what
/// came of `last`, and leaves what came of the others with them. `None` if one of these couldn't be
/// sent at all, so that `last` wasn't either.
pub(super) async fn in_order<T>(
    before: &mut VecDeque<Step>,
    last: impl Future<Output = Outcome<T>>,
) -> Outcome<Option<T>> {
    let mut last = pin!(last);
    let (mut is_sent, mut outcome) = (false, None);
    poll_fn(|context| {
        let all = poll_steps(before.iter_mut(), context);
        if outcome.is_some() {
            return all;
        }
        if !is_sent && before.iter().any(Step::has_failed) {
            outcome = Some(Ok(None));
            return all;
        }
        is_sent = true;
        match last.as_mut().poll(context) {
            Poll::Ready(done) => {
                outcome = Some(done.map(Some));
                all
            }
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    outcome.unwrap_or(Ok(None))
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
