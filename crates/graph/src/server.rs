//! The accept loop: HTTP/1.1 and HTTP/2 on one port, with or without TLS.
//!
//! - Connections beyond the limit wait in the system's queue; nothing is spent on them.
//! - Whoever connects has `header_time` for the TLS handshake, and again for the head of the first
//!   request, whichever protocol it turns out to be; hyper holds later HTTP/1 heads to the same.
//! - Whoever takes nothing of an answer for `stall_time` is cut off.
//! - Told to stop, the server accepts no more, lets requests finish for `drain_time`, then closes.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::app::App;
use crate::stall::Stalling;
use crate::tls::Tls;

/// The head of a request, as far as hyper reads it. More than [`crate::Limits::url_bytes`], so
/// that a long address gets an answer that says so.
const HEAD_BYTES_MAX: usize = 128 * 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 200;
/// How often a silent HTTP/2 peer is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// How long the loop rests when the system has no more descriptors to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` is done and the last request is answered or out of time.
pub async fn serve(
    listener: TcpListener,
    app: App,
    tls: Option<Tls>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let limits = app.platform().limits.clone();
    let places = Arc::new(Semaphore::new(limits.connections));
    let (stop, stopped) = watch::channel(false);
    let protocol = Arc::new(protocol(limits.header_time));
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        // Finished connections are taken off here, so that the set doesn't grow.
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, place)) = accepted else {
            continue;
        };
        let connection = Connection {
            app: app.clone(),
            protocol: Arc::clone(&protocol),
            stopped: stopped.clone(),
            header_time: limits.header_time,
            stall_time: limits.stall_time,
        };
        let tls = tls.clone();
        connections.spawn(async move {
            let _place: OwnedSemaphorePermit = place;
            let _ = stream.set_nodelay(true);
            match tls {
                None => connection.run(stream).await,
                Some(tls) => {
                    let handshake = tls.0.accept(stream);
                    if let Ok(Ok(stream)) =
                        tokio::time::timeout(connection.header_time, handshake).await
                    {
                        connection.run(stream).await;
                    }
                }
            }
        });
    }
    drop(listener);
    let _ = stop.send(true);
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
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            tracing::warn!(%error, "a connection couldn't be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

fn protocol(header_time: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_time)
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

struct Connection {
    app: App,
    protocol: Arc<Builder<TokioExecutor>>,
    stopped: watch::Receiver<bool>,
    header_time: Duration,
    stall_time: Duration,
}

impl Connection {
    async fn run(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self {
            app,
            protocol,
            mut stopped,
            header_time,
            stall_time,
        } = self;
        let stream = Stalling::new(stream, stall_time);
        let has_asked = Arc::new(AtomicBool::new(false));
        let asks = Arc::clone(&has_asked);
        let service = service_fn(move |request| {
            asks.store(true, Ordering::Relaxed);
            let app = app.clone();
            async move { Ok::<_, Infallible>(app.handle(request).await) }
        });
        let connection = protocol.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let mut patience = std::pin::pin!(tokio::time::sleep(header_time));
        let (mut is_waiting, mut is_open) = (true, true);
        loop {
            tokio::select! {
                // What goes wrong on a connection is the client's affair.
                _ = connection.as_mut() => return,
                () = patience.as_mut(), if is_waiting => {
                    if !has_asked.load(Ordering::Relaxed) {
                        return;
                    }
                    is_waiting = false;
                }
                _ = stopped.wait_for(|stopped| *stopped), if is_open => {
                    is_open = false;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}
