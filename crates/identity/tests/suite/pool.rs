//! Computing threads: whoever asks hears, whatever becomes of the others.

use std::num::NonZeroUsize;
use std::sync::mpsc;

use identity::pool::{Kind, Pool};
use tokio::sync::oneshot;
use types::{Error, Result};

const KIND: Kind = Kind {
    name: "trial",
    queue_per_thread: 8,
    niceness: 0,
    answers_at_once: 4,
    full: "Too much at once.",
};

#[tokio::test]
async fn everybody_is_answered_though_answers_go_out_together_and_some_jobs_fail() {
    let pool = Pool::new(KIND, NonZeroUsize::MIN).unwrap();
    let (go, gate) = mpsc::channel::<()>();
    let (held_by, held) = oneshot::channel();
    pool.start(move || gate.recv().map_err(Error::internal), held_by);
    let jobs: Vec<_> = (0..8u32)
        .map(|number| {
            let (sender, receiver) = oneshot::channel();
            let work = move || match number % 3 {
                0 => Ok(number),
                1 => Err(Error::bad_request("on purpose")),
                _ => panic!("on purpose"),
            };
            pool.start(work, sender);
            receiver
        })
        .collect();
    // The thread is held up by the first; so eight wait at least, and there is no room for many more.
    let (sender, refused) = oneshot::channel();
    pool.start(|| Ok(()), sender);
    let (sender, refused_too) = oneshot::channel();
    pool.start(|| Ok(()), sender);
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    let refused = [refused.await.unwrap(), refused_too.await.unwrap()];
    let is_refusal = |it: &Result<()>| matches!(it, Err(Error::Unavailable { .. }));
    assert!(refused.iter().any(is_refusal));
    for (number, outcome) in (0..8u32).zip(jobs) {
        // Of a job that panicked the answer's sender is gone.
        let outcome = outcome.await;
        match number % 3 {
            0 => assert_eq!(outcome.unwrap().unwrap(), number),
            1 => assert!(outcome.unwrap().is_err()),
            _ => assert!(outcome.is_err()),
        }
    }
}
