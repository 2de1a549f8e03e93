//! Which connections are open, which of them goes when there is no place for another, and which have
//! waited too long for the head of a request.
//!
//! Somebody who opens connections and lets them lie mustn't keep others out. So a new one always
//! finds its place: the connection goes that has been silent the longest, of those for which
//! nothing is worked on. A request is worked on once its body is there; a body that trickles in
//! protects nobody. Only if all are worked on does the new one wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

/// How often to look again whether work has ended on a connection that stays open.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The open connections.
pub(crate) struct Connections {
    most: usize,
    began: Instant,
    numbers: AtomicU64,
    open: Mutex<HashMap<u64, Arc<Seat>>>,
    left: Notify,
}

/// What is known of one connection.
pub(crate) struct Seat {
    began: Instant,
    /// Milliseconds from the beginning to the last byte in either direction.
    heard_ms: AtomicU64,
    /// Milliseconds from the beginning to when the wait for the next head began.
    waits_ms: AtomicU64,
    /// Requests whose heads are there and whose answers aren't.
    answering: AtomicUsize,
    has_asked: AtomicBool,
    requests: AtomicUsize,
    leave: Notify,
    stops: AtomicBool,
    blocked: AtomicBool,
    lingers: AtomicBool,
}

/// Why a connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Its place is needed.
    AtOnce,
    /// The server stops: what was begun is finished.
    Gracefully,
}

/// A place among the open connections; dropping it makes room.
pub(crate) struct Place {
    connections: Arc<Connections>,
    number: u64,
    seat: Arc<Seat>,
}

/// That a request is worked on; dropping it ends the work.
pub(crate) struct Work(Arc<Seat>);

impl Connections {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most: most.max(1),
            began: Instant::now(),
            numbers: AtomicU64::new(0),
            open: Mutex::default(),
            left: Notify::new(),
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Seat>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection that has come.
    pub(crate) async fn admit(self: &Arc<Self>) -> Place {
        loop {
            if let Some(place) = self.take() {
                return place;
            }
            self.make_room();
            let _ = timeout(LOOK_EVERY, self.left.notified()).await;
        }
    }

    fn take(self: &Arc<Self>) -> Option<Place> {
        let mut open = self.open();
        if open.len() >= self.most {
            return None;
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let seat = Arc::new(Seat::new(self.began));
        open.insert(number, Arc::clone(&seat));
        Some(Place {
            connections: Arc::clone(self),
            number,
            seat,
        })
    }

    /// Tells all connections to end once what was begun is finished.
    pub(crate) fn stop(&self) {
        for seat in self.open().values() {
            seat.stops.store(true, Ordering::Relaxed);
            seat.leave.notify_one();
        }
    }

    /// Tells the connection to go that can be spared the most.
    pub(crate) fn make_room(&self) {
        let open = self.open();
        let silent = open
            .values()
            .filter(|seat| seat.requests.load(Ordering::Relaxed) == 0)
            .min_by_key(|seat| seat.heard_ms.load(Ordering::Relaxed));
        if let Some(seat) = silent {
            seat.leave.notify_one();
        }
    }
}

impl Place {
    pub(crate) fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().remove(&self.number);
        self.connections.left.notify_one();
    }
}

fn milliseconds_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Seat {
    fn new(began: Instant) -> Self {
        let now = milliseconds_since(began);
        Self {
            began,
            heard_ms: AtomicU64::new(now),
            waits_ms: AtomicU64::new(now),
            answering: AtomicUsize::new(0),
            has_asked: AtomicBool::new(false),
            requests: AtomicUsize::new(0),
            leave: Notify::new(),
            stops: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            lingers: AtomicBool::new(false),
        }
    }

    /// Bytes came.
    pub(crate) fn heard(&self) {
        self.heard_ms
            .store(milliseconds_since(self.began), Ordering::Relaxed);
    }

    /// Bytes went: whoever still takes an answer isn't late with the next head.
    pub(crate) fn sent(&self) {
        let now = milliseconds_since(self.began);
        self.heard_ms.store(now, Ordering::Relaxed);
        if self.has_asked.load(Ordering::Relaxed) {
            self.waits_ms.store(now, Ordering::Relaxed);
        }
    }

    /// The head of a request is there.
    pub(crate) fn asked(&self) {
        self.has_asked.store(true, Ordering::Relaxed);
        self.answering.fetch_add(1, Ordering::Relaxed);
    }

    /// A request is answered. On a connection that never says so no other head is awaited.
    pub(crate) fn answered(&self) {
        self.answering.fetch_sub(1, Ordering::Relaxed);
        self.waits_ms
            .store(milliseconds_since(self.began), Ordering::Relaxed);
    }

    /// Since when nothing goes on but waiting for a head.
    pub(crate) fn awaits_head_since(&self) -> Option<Instant> {
        let is_idle = self.answering.load(Ordering::Relaxed) == 0
            && !self.blocked.load(Ordering::Relaxed)
            && !self.lingers();
        let waits = Duration::from_millis(self.waits_ms.load(Ordering::Relaxed));
        is_idle.then(|| self.began + waits)
    }

    /// Waits until the connection has to end, and answers why.
    pub(crate) async fn told_to_leave(&self) -> Leave {
        self.leave.notified().await;
        if self.stops.swap(false, Ordering::Relaxed) {
            Leave::Gracefully
        } else {
            Leave::AtOnce
        }
    }

    /// A request is there with its body.
    pub(crate) fn work(self: &Arc<Self>) -> Work {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Work(Arc::clone(self))
    }

    /// Whether the client doesn't take what is to be sent for now.
    pub(crate) fn set_blocked(&self, blocked: bool) {
        self.blocked.store(blocked, Ordering::Relaxed);
    }

    /// The client may still be sending what nobody reads any more.
    pub(crate) fn linger(&self) {
        self.lingers.store(true, Ordering::Relaxed);
    }

    /// Whether it may.
    pub(crate) fn lingers(&self) -> bool {
        self.lingers.load(Ordering::Relaxed)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_one_that_was_silent_the_longest_makes_room() {
        let connections = Connections::new(2);
        let (first, second) = (connections.admit().await, connections.admit().await);
        tokio::time::sleep(Duration::from_millis(5)).await;
        first.seat().heard();
        let (third, ()) = tokio::join!(connections.admit(), async {
            assert_eq!(second.seat().told_to_leave().await, Leave::AtOnce);
            drop(second);
        });
        // What is worked on stays.
        let work = first.seat().work();
        let (_fourth, ()) = tokio::join!(connections.admit(), async {
            third.seat().told_to_leave().await;
            drop(third);
        });
        drop(work);
        assert_eq!(first.seat().requests.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn if_all_are_worked_on_a_new_one_waits() {
        let connections = Connections::new(1);
        let only = connections.admit().await;
        let work = only.seat().work();
        assert!(timeout(LOOK_EVERY * 3, connections.admit()).await.is_err());
        drop(work);
        let (_next, ()) = tokio::join!(connections.admit(), async {
            only.seat().told_to_leave().await;
            drop(only);
        });
    }
}
