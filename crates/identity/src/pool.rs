//! Threads for what takes a processor's time, as hashing passwords and signing do, so that neither
//! the store's threads nor the async runtime do it.
//!
//! - There are as many as processors: with more, those who came first wait for those who came last.
//! - The queue is bounded: past [`Kind::queue_per_thread`] waiting jobs per thread a caller is told to
//!   come back, instead of everybody waiting ever longer. What nobody waits for any more isn't
//!   computed.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;
use types::{Error, Result};

/// What a pool is for.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What its threads are called.
    pub name: &'static str,
    /// Jobs that may wait for each thread: about half a second of work.
    pub queue_per_thread: usize,
    /// How much more willingly than others the threads give way (of 19). On Linux, where each thread
    /// has a priority of its own: elsewhere it would be the whole process's.
    pub niceness: i32,
    /// Answers that a thread gives at once, at most, while there is more to do: whom an answer wakes
    /// takes the processor from one of these threads.
    pub answers_at_once: usize,
    /// What a caller is told when the queue is full.
    pub full: &'static str,
}

/// What is to be done, or to be told why it isn't; it answers when the answer is called.
type Job = Box<dyn FnOnce(Result<()>) -> Answer + Send>;
type Answer = Box<dyn FnOnce() + Send>;

/// Lowers this thread's priority.
fn give_way(niceness: i32) {
    #[cfg(target_os = "linux")]
    if niceness > 0 {
        // Refused, it computes as it would have: only the others wait longer.
        let _ = rustix::process::nice(niceness);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = niceness;
}

/// Does what comes until nothing can come any more.
fn work(kind: Kind, queue: &Receiver<Job>) {
    give_way(kind.niceness);
    while let Ok(first) = queue.recv() {
        let mut next = Some(first);
        let mut answers = Vec::new();
        while let Some(job) = next {
            // A job that panics tells its asker by dropping the answer's sender.
            answers.extend(catch_unwind(AssertUnwindSafe(|| job(Ok(())))));
            let has_room = answers.len() < kind.answers_at_once;
            next = if has_room {
                queue.try_recv().ok()
            } else {
                None
            };
        }
        for answer in answers {
            answer();
        }
    }
}

/// A bounded pool of computing threads. They end when it is dropped.
#[derive(Debug)]
pub struct Pool {
    kind: Kind,
    jobs: Sender<Job>,
}

impl Pool {
    /// Starts the threads.
    pub fn new(kind: Kind, threads: NonZeroUsize) -> Result<Self> {
        let (jobs, queue) = bounded::<Job>(threads.get() * kind.queue_per_thread);
        for number in 0..threads.get() {
            let queue = queue.clone();
            std::thread::Builder::new()
                .name(format!("{}-{number}", kind.name))
                .spawn(move || work(kind, &queue))
                .map_err(Error::internal)?;
        }
        Ok(Self { kind, jobs })
    }

    /// Has a job done.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.start(work, sender);
        receiver
            .await
            .map_err(|_| Error::internal("what was to be computed panicked"))?
    }

    /// Has a job done for whoever waits at the other end.
    pub fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
        sender: oneshot::Sender<Result<T>>,
    ) {
        let job: Job = Box::new(move |taken| {
            let done = (!sender.is_closed()).then(|| taken.and_then(|()| work()));
            Box::new(move || {
                if let Some(done) = done {
                    let _ = sender.send(done);
                }
            })
        });
        let refused = match self.jobs.try_send(job) {
            Ok(()) => return,
            Err(refused) => refused,
        };
        let why = match &refused {
            TrySendError::Full(_) => Error::unavailable(self.kind.full, 1),
            TrySendError::Disconnected(_) => Error::unavailable("The server is closing.", 1),
        };
        let job = refused.into_inner();
        job(Err(why))();
    }
}
