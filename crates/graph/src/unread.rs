//! Bodies that nobody reads: what becomes of them, and of the connection.
//!
//! A refusal often comes before the body is read. If the connection were then closed at once, the
//! client, still sending, would hear of a broken connection instead of the refusal. So a short rest
//! is taken in, which keeps the connection; for a longer one the answer says that the connection
//! ends, and the stream takes in what comes for a while before it closes (RFC 9112 §9.6).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::timeout;

use crate::connections::{Seat, Work};

/// The longest rest that is taken in for the sake of the connection.
const REST_BYTES_MAX: usize = 64 * 1024;
/// How long to wait for it.
const REST_TIME: Duration = Duration::from_secs(1);

/// What is left of a request's body once its reader is gone.
pub(crate) struct Rest<B>(Arc<Shared<B>>);

struct Shared<B> {
    seat: Arc<Seat>,
    body: Mutex<Option<B>>,
    work: Mutex<Option<Work>>,
}

/// A body that leaves its rest behind, and whose end begins the work on its request.
pub(crate) struct Watched<B> {
    body: Option<B>,
    shared: Arc<Shared<B>>,
}

/// Watches a body; its [`Rest`] is asked for once the request is answered.
pub(crate) fn watch<B: Body>(body: B, seat: &Arc<Seat>) -> (Watched<B>, Rest<B>) {
    let shared = Arc::new(Shared {
        seat: Arc::clone(seat),
        body: Mutex::new(None),
        work: Mutex::new(body.is_end_stream().then(|| seat.work())),
    });
    let rest = Rest(Arc::clone(&shared));
    let body = Some(body);
    (Watched { body, shared }, rest)
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<B> Rest<B>
where
    B: Body + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Takes the rest in if it is short and under way; whether nothing is left. `is_awaited`: the
    /// client sends its body only when it is asked to.
    pub(crate) async fn take_in(self, is_awaited: bool) -> bool {
        drop(held(&self.0.work).take());
        let Some(body) = held(&self.0.body).take() else {
            return true;
        };
        if is_awaited || body.size_hint().lower() > REST_BYTES_MAX as u64 {
            return false;
        }
        let rest = Limited::new(body, REST_BYTES_MAX).collect();
        matches!(timeout(REST_TIME, rest).await, Ok(Ok(_)))
    }
}

impl<B: Body + Unpin> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(&mut *body).poll_frame(context));
        if frame.is_none() || body.is_end_stream() {
            self.body = None;
            *held(&self.shared.work) = Some(self.shared.seat.work());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B> Drop for Watched<B> {
    fn drop(&mut self) {
        *held(&self.shared.body) = self.body.take();
    }
}
