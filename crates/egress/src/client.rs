//! Making a call.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::Cidr;
use crate::address::{is_loopback, is_permitted};
use crate::target::{Host, Scheme, Target};

/// Bytes of the head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Headers of an answer.
const HEADERS_MAX: usize = 100;
/// Addresses of one name that are tried, and how long each.
const ADDRESSES_MAX: usize = 4;
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("isopolity/", env!("CARGO_PKG_VERSION")));

/// What a name stands for.
pub type Resolved<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Looks names up.
pub trait Resolve: Send + Sync {
    /// The addresses of a name.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolved<'a>;
}

/// The system's way to look names up.
struct System;

impl Resolve for System {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolved<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why there is no answer. None of these says anything about the network to whoever named the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The address isn't one that may be called.
    Forbidden,
    /// The name stands for nothing.
    Unresolved,
    /// Nobody listens, or not with TLS that can be trusted, or it broke off.
    Unreachable,
    /// It took too long.
    TimedOut,
    /// The answer is none, or too large.
    Malformed,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forbidden => "the address isn't public",
            Self::Unresolved => "the name can't be resolved",
            Self::Unreachable => "the server can't be reached",
            Self::TimedOut => "there was no answer in time",
            Self::Malformed => "the answer can't be read",
        })
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Headers besides `Host` and `User-Agent`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How long all of it may take.
    pub time: Duration,
    /// Bytes of the answer's body that are read; a longer one is a failure. With none, the body is
    /// left alone.
    pub answer_bytes: usize,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as far as it was wanted.
    pub body: Bytes,
}

/// Calls out. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    allowed: Vec<Cidr>,
    resolver: Arc<dyn Resolve>,
    /// Made with the first call that needs it, since that reads the system's certificates.
    tls: OnceLock<Option<TlsConnector>>,
}

/// A connection's task, which ends with the call.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Client {
    /// A client that may also call these addresses.
    pub fn new(allowed: Vec<Cidr>) -> Self {
        Self::with_resolver(allowed, Arc::new(System))
    }

    /// [`Client::new`] with another way to look names up.
    pub fn with_resolver(allowed: Vec<Cidr>, resolver: Arc<dyn Resolve>) -> Self {
        Self(Arc::new(Inner {
            allowed,
            resolver,
            tls: OnceLock::new(),
        }))
    }

    /// Makes a call.
    pub async fn send(&self, target: &Target, call: Call) -> Result<Answer, Failure> {
        let time = call.time;
        tokio::time::timeout(time, self.exchange(target, call))
            .await
            .unwrap_or(Err(Failure::TimedOut))
    }

    /// Where a target may be reached, each address looked at.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Failure> {
        let found = match &target.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let found = self.0.resolver.resolve(name).await;
                let found = found.map_err(|_| Failure::Unresolved)?;
                if found.is_empty() {
                    return Err(Failure::Unresolved);
                }
                found
            }
        };
        let permitted: Vec<SocketAddr> = found
            .into_iter()
            .filter(|address| is_permitted(*address, &self.0.allowed))
            .filter(|address| target.scheme == Scheme::Https || is_loopback(*address))
            .take(ADDRESSES_MAX)
            .map(|address| SocketAddr::new(address, target.port))
            .collect();
        if permitted.is_empty() {
            return Err(Failure::Forbidden);
        }
        Ok(permitted)
    }

    async fn exchange(&self, target: &Target, call: Call) -> Result<Answer, Failure> {
        let stream = self.connect(target).await?;
        match target.scheme {
            Scheme::Http => speak(stream, target, call).await,
            Scheme::Https => {
                let tls = self.0.tls.get_or_init(connector).as_ref();
                let tls = tls.ok_or(Failure::Unreachable)?;
                let name = match &target.host {
                    Host::Name(name) => {
                        ServerName::try_from(name.clone()).map_err(|_| Failure::Unreachable)?
                    }
                    Host::Address(address) => ServerName::IpAddress((*address).into()),
                };
                let stream = tls.connect(name, stream).await;
                let stream = stream.map_err(|error| {
                    tracing::debug!(%target, %error, "no TLS with a target");
                    Failure::Unreachable
                })?;
                speak(stream, target, call).await
            }
        }
    }

    async fn connect(&self, target: &Target) -> Result<TcpStream, Failure> {
        let mut failure = Failure::Unreachable;
        for address in self.addresses(target).await? {
            match tokio::time::timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(_)) => failure = Failure::Unreachable,
                Err(_) => failure = Failure::TimedOut,
            }
        }
        Err(failure)
    }
}

fn connector() -> Option<TlsConnector> {
    match rustls::ClientConfig::with_platform_verifier() {
        Ok(config) => Some(TlsConnector::from(Arc::new(config))),
        Err(error) => {
            tracing::error!(%error, "the system's certificates can't be read: nobody can be called by https");
            None
        }
    }
}

/// One request and its answer on a connection.
async fn speak<S>(stream: S, target: &Target, call: Call) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|_| Failure::Unreachable)?;
    let _driver = Driver(tokio::spawn(async move {
        let _ = connection.await;
    }));
    let mut request = Request::new(Full::new(call.body));
    *request.method_mut() = call.method;
    *request.uri_mut() = target
        .path_and_query
        .parse()
        .map_err(|_| Failure::Unreachable)?;
    *request.headers_mut() = call.headers;
    let host = HeaderValue::try_from(target.authority()).map_err(|_| Failure::Unreachable)?;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(USER_AGENT, AGENT);
    let answer = sender.send_request(request).await.map_err(|error| {
        if error.is_parse() {
            Failure::Malformed
        } else {
            Failure::Unreachable
        }
    })?;
    let (head, body) = answer.into_parts();
    let body = if call.answer_bytes == 0 {
        Bytes::new()
    } else {
        let body = Limited::new(body, call.answer_bytes).collect().await;
        body.map_err(|_| Failure::Malformed)?.to_bytes()
    };
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers with one list of addresses after the other, the last one for ever.
    struct Answers(Mutex<Vec<Vec<IpAddr>>>);

    impl Resolve for Answers {
        fn resolve<'a>(&'a self, _: &'a str) -> Resolved<'a> {
            let mut answers = self.0.lock().unwrap();
            let answer = if answers.len() > 1 {
                answers.remove(0)
            } else {
                answers[0].clone()
            };
            Box::pin(std::future::ready(Ok(answer)))
        }
    }

    fn client(allowed: &[&str], answers: &[&[&str]]) -> Client {
        let answers = answers
            .iter()
            .map(|answer| answer.iter().map(|it| it.parse().unwrap()).collect())
            .collect();
        let allowed = allowed.iter().map(|block| block.parse().unwrap()).collect();
        Client::with_resolver(allowed, Arc::new(Answers(Mutex::new(answers))))
    }

    fn call() -> Call {
        Call {
            method: Method::POST,
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"body"),
            time: Duration::from_secs(5),
            answer_bytes: 64,
        }
    }

    /// Serves one answer to each connection; where, and how many have come.
    async fn serve(answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut read = Vec::new();
                while !read.ends_with(b"body") && stream.read_buf(&mut read).await.unwrap() > 0 {}
                log.lock().unwrap().push(String::from_utf8(read).unwrap());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (port, seen)
    }

    async fn status(client: &Client, url: &str) -> Result<u16, Failure> {
        let target = Target::parse(url).unwrap();
        client
            .send(&target, call())
            .await
            .map(|it| it.status.as_u16())
    }

    #[tokio::test]
    async fn a_name_is_looked_up_for_each_call_and_each_address_looked_at() {
        let (port, seen) = serve("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        let url = format!("http://hooks.example:{port}/in?a=b");
        let rebinding = client(&["127.0.0.1/32"], &[&["127.0.0.1"], &["127.0.0.2"]]);
        assert_eq!(status(&rebinding, &url).await, Ok(200));
        assert_eq!(status(&rebinding, &url).await, Err(Failure::Forbidden));
        // Of several addresses only the one that may be called is.
        let mixed = client(&["127.0.0.1/32"], &[&["10.0.0.1", "127.0.0.1"]]);
        assert_eq!(status(&mixed, &url).await, Ok(200));
        let closed = client(&[], &[&["127.0.0.1"]]);
        assert_eq!(status(&closed, &url).await, Err(Failure::Forbidden));
        // Without TLS to this machine only, whatever is allowed.
        let private = client(&["10.0.0.0/8"], &[&["10.0.0.1"]]);
        assert_eq!(status(&private, &url).await, Err(Failure::Forbidden));
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 2);
        assert!(seen[0].starts_with("POST /in?a=b HTTP/1.1\r\n"), "{seen:?}");
        assert!(
            seen[0].contains(&format!("host: hooks.example:{port}\r\n")),
            "{seen:?}"
        );
    }

    #[tokio::test]
    async fn answers_are_bounded_and_redirects_are_answers() {
        let here = client(&["127.0.0.0/8"], &[&["127.0.0.1"]]);
        let url = |port: u16| format!("http://127.0.0.1:{port}/");
        let (port, seen) =
            serve("HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n")
                .await;
        assert_eq!(status(&here, &url(port)).await, Ok(307));
        assert_eq!(seen.lock().unwrap().len(), 1);
        let (port, _) = serve("HTTP/1.1 200 OK\r\ncontent-length: 65\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123456789").await;
        assert_eq!(status(&here, &url(port)).await, Err(Failure::Malformed));
        let (port, _) = serve("nonsense\r\n\r\n").await;
        assert_eq!(status(&here, &url(port)).await, Err(Failure::Malformed));
        let long: &'static str =
            format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(70_000)).leak();
        let (port, _) = serve(long).await;
        assert!(status(&here, &url(port)).await.is_err());
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::parse(&url(silent.local_addr().unwrap().port())).unwrap();
        let quick = Call {
            time: Duration::from_millis(50),
            ..call()
        };
        assert_eq!(
            here.send(&target, quick).await.unwrap_err(),
            Failure::TimedOut
        );
        let gone = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        assert_eq!(status(&here, &url(gone)).await, Err(Failure::Unreachable));
    }
}
