//! What the HTTP face needs from the deployment that it is the face of.
//!
//! The framework knows the deployment through this struct only, so it can be tested with a store
//! in a temporary directory and a verifier of three lines.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use identity::Sealer;
use store::Store;

use crate::caller::{Caller, TokenVerifier};
use crate::idempotency::Idempotency;

/// The deployment as the HTTP face sees it. Cheap to clone behind an `Arc`.
pub struct Platform {
    /// The origin that links and issuers begin with, without a slash at its end.
    pub public_url: Box<str>,
    /// The islands.
    pub store: Store,
    /// Signs what links carry.
    pub sealer: Sealer,
    /// Checks bearer tokens.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Is told of every refusal with 403.
    pub refusals: Arc<dyn RefusalLog>,
    /// Keeps first answers for `Idempotency-Key`; without it the header is ignored.
    pub idempotency: Option<Arc<dyn Idempotency>>,
    /// Whether requests can be served; asked by `/readyz`.
    pub readiness: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// The limits of this edge.
    pub limits: Limits,
}

/// The limits of this edge; `docs/limits.md` lists them under `limits.`.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Bytes of an address: path and query together.
    pub url_bytes: usize,
    /// Requests that are worked on at once.
    pub requests_in_flight: usize,
    /// Open connections.
    pub connections: usize,
    /// How long a request may take, reading its body included.
    pub request_time: Duration,
    /// How long a client may take to send a request's head, or to shake hands over TLS.
    pub header_time: Duration,
    /// How long a client may take nothing of an answer before its connection is closed.
    pub stall_time: Duration,
    /// How long requests may go on once the server is told to stop.
    pub drain_time: Duration,
    /// Requests in one `$batch`.
    pub batch_requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            url_bytes: 16 * 1024,
            requests_in_flight: 1024,
            connections: 8192,
            request_time: Duration::from_mins(1),
            header_time: Duration::from_secs(10),
            stall_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(10),
            batch_requests: 20,
        }
    }
}

/// A refusal with 403, as the audit log of the tenant that was asked gets it.
#[derive(Debug)]
pub struct Refused<'a> {
    /// Who asked.
    pub caller: &'a Caller,
    /// With which method.
    pub method: &'a Method,
    /// For which route: the template, without keys.
    pub route: &'static str,
    /// The sentence that the caller got.
    pub reason: &'a str,
    /// The request's id, as the answer's header has it.
    pub request_id: &'a str,
}

/// Writes refusals down.
pub trait RefusalLog: Send + Sync {
    /// Called once for each answer with 403. Must return at once: the caller waits.
    fn on_refusal(&self, refused: &Refused<'_>);
}

/// A log that keeps nothing, for deployments without an audit log.
#[derive(Debug, Clone, Copy)]
pub struct NoRefusalLog;

impl RefusalLog for NoRefusalLog {
    fn on_refusal(&self, _refused: &Refused<'_>) {}
}
