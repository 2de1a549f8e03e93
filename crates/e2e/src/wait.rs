//! Waiting for effects instead of for times.

use std::time::{Duration, Instant};

/// How long an asynchronous effect may take on a busy machine before it counts as missing.
const PATIENCE: Duration = Duration::from_secs(20);

/// `Ok` if `condition`, else what was seen instead. The last word of a poll in [`eventually`].
pub fn holds(condition: bool, seen: impl std::fmt::Display) -> Result<(), String> {
    if condition {
        Ok(())
    } else {
        Err(seen.to_string())
    }
}

/// Polls until `attempt` succeeds and returns what it found; panics with its last objection.
#[track_caller]
pub fn eventually<T>(
    what: &str,
    attempt: impl AsyncFnMut() -> Result<T, String>,
) -> impl Future<Output = T> {
    eventually_within(PATIENCE, what, attempt)
}

/// [`eventually`] with a patience of its own.
#[track_caller]
pub fn eventually_within<T>(
    patience: Duration,
    what: &str,
    mut attempt: impl AsyncFnMut() -> Result<T, String>,
) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let started = Instant::now();
        let mut pause = Duration::from_millis(5);
        loop {
            match attempt().await {
                Ok(found) => return found,
                Err(objection) => assert!(
                    started.elapsed() < patience,
                    "{caller}: not within {patience:?}: {what}\nlast seen: {objection}"
                ),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}
