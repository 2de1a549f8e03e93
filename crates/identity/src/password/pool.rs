//! Threads that hash passwords, so that neither the store's threads nor the async runtime do.
//!
//! The queue is bounded: past [`QUEUE_PER_THREAD`] waiting jobs per thread (about half a second of
//! work) a caller is told to come back, instead of everybody waiting ever longer. What nobody
//! waits for any more isn't computed.
//!
//! On Linux, where each thread has a priority of its own, these give way to all others: a wave of
//! passwords takes the processors that are free, and requests that need a moment get it at once.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Sender, TrySendError, bounded};
use tokio::sync::oneshot;
use types::{Error, Result};

use crate::Secret;

/// Jobs that may wait for each thread.
const QUEUE_PER_THREAD: usize = 32;
/// How much more willingly than others the threads give way (of 19). At 10 they still get a tenth of
/// a processor that others keep busy, so that a loaded machine lets people sign in.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// Lowers this thread's priority. Elsewhere it would be the whole process's.
fn give_way() {
    #[cfg(target_os = "linux")]
    // Refused, it hashes as it would have: only the others wait longer.
    let _ = rustix::process::nice(NICENESS);
}

/// A bounded pool of hashing threads. They end when it is dropped.
#[derive(Debug)]
pub struct Pool {
    jobs: Sender<Job>,
}

impl Pool {
    /// Starts the threads.
    pub fn new(threads: NonZeroUsize) -> Result<Self> {
        let (jobs, queue) = bounded::<Job>(threads.get() * QUEUE_PER_THREAD);
        for number in 0..threads.get() {
            let queue = queue.clone();
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || {
                    give_way();
                    for job in queue {
                        // A job that panics tells its asker by dropping the answer's sender.
                        let _ = catch_unwind(AssertUnwindSafe(job));
                    }
                })
                .map_err(Error::internal)?;
        }
        Ok(Self { jobs })
    }

    /// [`super::hash`] on the pool.
    pub async fn hash(&self, password: Secret, salt: [u8; 16]) -> Result<String> {
        self.run(move || super::hash(&password, salt)).await
    }

    /// [`super::verify`] on the pool.
    pub async fn verify(&self, password: Secret, hash: String) -> Result<bool> {
        self.run(move || super::verify(&password, &hash)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move || {
            if !sender.is_closed() {
                let _ = sender.send(work());
            }
        });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Error::unavailable("Too many passwords are being checked.", 1),
            TrySendError::Disconnected(_) => Error::unavailable("The server is closing.", 1),
        })?;
        receiver
            .await
            .map_err(|_| Error::internal("hashing a password panicked"))?
    }
}
