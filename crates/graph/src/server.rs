//! The accept loop: HTTP/1.1 and HTTP/2 on one port, with or without TLS.
//!
//! - For a connection beyond the limit, the one goes that was silent the longest.
//! - Whoever connects has `header_time` for the TLS handshake, and again for the head of the first
//!   request, whichever protocol it turns out to be; later HTTP/1 heads are held to the same. One
//!   timer for each connection sees to it: hyper's own would be made anew for every request.
//! - Whoever takes nothing of an answer for `stall_time` is cut off.
//! - Told to stop, the server accepts no more, lets requests finish for `drain_time`, then closes.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, HeaderValue};
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::App;
use crate::connections::{Connections, Leave, Place, Seat};
use crate::stall::Stalling;
use crate::tls::Tls;
use crate::unread;

/// The head of a request, as far as hyper reads it. More than [`crate::Limits::url_bytes`], so
/// that a long address gets an answer that says so.
const HEAD_BYTES_MAX: usize = 128 * 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 200;
/// How often a silent HTTP/2 peer is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// How long the loop rests when the system gives no connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` is done and the last request is answered or out of time.
pub async fn serve(
    listener: TcpListener,
    app: App,
    tls: Option<Tls>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let limits = app.platform().limits.clone();
    let open = Connections::new(limits.connections);
    let protocol = Arc::new(protocol());
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        // Finished connections are taken off here, so that the set doesn't grow.
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &open) => accepted,
        };
        let Some((stream, peer, place)) = accepted else {
            continue;
        };
        let connection = Connection {
            app: app.clone(),
            peer: Peer(peer.ip()),
            protocol: Arc::clone(&protocol),
            header_time: limits.header_time,
            stall_time: limits.stall_time,
            seat: Arc::clone(place.seat()),
        };
        let tls = tls.clone();
        connections.spawn(async move {
            let _ = stream.set_nodelay(true);
            let Some(tls) = tls else {
                return connection.run(stream).await;
            };
            let handshake = tokio::time::timeout(connection.header_time, tls.0.accept(stream));
            tokio::select! {
                shaken = handshake => if let Ok(Ok(stream)) = shaken {
                    connection.run(stream).await;
                },
                _ = place.seat().told_to_leave() => {}
            }
        });
    }
    drop(listener);
    open.stop();
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain_time, finish)
        .await
        .is_err()
    {
        tracing::warn!("requests that took too long were cut off");
    }
    connections.shutdown().await;
}

async fn accept(
    listener: &TcpListener,
    open: &Arc<Connections>,
) -> Option<(TcpStream, SocketAddr, Place)> {
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, open.admit().await)),
        Err(error) => {
            tracing::warn!(%error, "a connection couldn't be accepted");
            // Most likely the system has no more descriptors to give.
            open.make_room();
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

fn protocol() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL);
    builder
}

/// The other end of a request's connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

struct Connection {
    app: App,
    peer: Peer,
    protocol: Arc<Builder<TokioExecutor>>,
    header_time: Duration,
    stall_time: Duration,
    seat: Arc<Seat>,
}

impl Connection {
    async fn run(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self {
            app,
            peer,
            protocol,
            header_time,
            stall_time,
            seat,
        } = self;
        let stream = Stalling::new(stream, stall_time, Arc::clone(&seat));
        let own = Arc::clone(&seat);
        let service = service_fn(move |request| {
            let (app, seat) = (app.clone(), Arc::clone(&own));
            async move { Ok::<_, Infallible>(answer(&app, peer, &seat, request).await) }
        });
        let mut connection = pin!(protocol.serve_connection(TokioIo::new(stream), service));
        let mut patience = pin!(tokio::time::sleep(header_time));
        let mut told = pin!(seat.told_to_leave());
        let mut is_told = false;
        poll_fn(|context| {
            // What goes wrong on a connection is the client's affair.
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            while patience.as_mut().poll(context).is_ready() {
                let now = Instant::now();
                let due = match seat.awaits_head_since() {
                    Some(since) => Instant::from_std(since) + header_time,
                    None => now + header_time,
                };
                if due <= now {
                    return Poll::Ready(());
                }
                patience.as_mut().reset(due);
            }
            if !is_told && let Poll::Ready(leave) = told.as_mut().poll(context) {
                is_told = true;
                if leave == Leave::AtOnce {
                    return Poll::Ready(());
                }
                connection.as_mut().graceful_shutdown();
                // Looked at once more, so that it is waited for as it is now.
                return connection.as_mut().poll(context).map(drop);
            }
            Poll::Pending
        })
        .await;
    }
}

async fn answer(
    app: &App,
    peer: Peer,
    seat: &Arc<Seat>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let is_http_1 = request.version() < Version::HTTP_2;
    seat.asked();
    let is_awaited = request.headers().contains_key(EXPECT);
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(peer);
    let (body, rest) = unread::watch(body, seat);
    let mut response = app.handle(Request::from_parts(parts, body)).await;
    // An HTTP/2 stream ends by itself and takes nothing with it.
    if is_http_1 && !rest.take_in(is_awaited).await {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
        seat.linger();
    }
    if is_http_1 {
        seat.answered();
    }
    response
}
