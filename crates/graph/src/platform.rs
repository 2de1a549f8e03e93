//! What the HTTP face needs from the deployment that it is the face of.
//!
//! What a test wants to do by itself stands beside the node: a verifier of three lines, a log that
//! it can read.

use std::sync::Arc;
use std::time::Duration;

use audit::Entry;
use directory::rights::Rights;
use http::{Method, StatusCode};
use identity::Sealer;
use identity::token::{AccessToken, Subject, TokenError, VerifyError};
use node::Node;
use serde_json::json;
use store::{Store, Tx};
use types::Timestamp;

use crate::caller::{BoxFuture, Caller, TokenRefusal, TokenVerifier};
use crate::idempotency::Idempotency;

/// The deployment as the HTTP face sees it. Cheap to clone behind an `Arc`.
pub struct Platform {
    /// The origin that links and issuers begin with, without a slash at its end.
    pub public_url: Box<str>,
    /// The deployment itself.
    pub node: Node,
    /// The islands.
    pub store: Store,
    /// Signs what links carry.
    pub sealer: Sealer,
    /// Checks bearer tokens.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Is told of what was refused: every call that the caller may not make, every change that
    /// can't be made.
    pub refusals: Arc<dyn RefusalLog>,
    /// Keeps first answers for `Idempotency-Key`.
    pub idempotency: Arc<Idempotency>,
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
    /// Requests of one application in one tenant within 10 seconds.
    pub application_requests: usize,
    /// Requests in one tenant within 10 seconds.
    pub tenant_requests: usize,
    /// Calls of `provisionOnDemand` in one tenant within 10 seconds.
    pub on_demand_requests: usize,
    /// Previews of a scope in one tenant within ten seconds.
    pub scope_preview_requests: usize,
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
    /// Bytes of the answers in one `$batch` beyond which no further one is taken up.
    pub batch_answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            url_bytes: 16 * 1024,
            requests_in_flight: 1024,
            connections: 8192,
            application_requests: 1_000_000,
            tenant_requests: 2_000_000,
            on_demand_requests: 5,
            scope_preview_requests: 30,
            request_time: Duration::from_mins(1),
            header_time: Duration::from_secs(10),
            stall_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(10),
            batch_requests: 20,
            batch_answer_bytes: 16 * 1024 * 1024,
        }
    }
}

/// A refusal, as the audit log of the tenant that was asked gets it.
#[derive(Debug)]
pub struct Refused<'a> {
    /// Who asked.
    pub caller: &'a Caller,
    /// With which method.
    pub method: &'a Method,
    /// With which status.
    pub status: StatusCode,
    /// For which route: the template, without keys.
    pub route: &'static str,
    /// The sentence that the caller got.
    pub reason: &'a str,
    /// The request's id, as the answer's header has it.
    pub request_id: &'a str,
}

/// Writes refusals down.
pub trait RefusalLog: Send + Sync {
    /// Called once for each such answer, which waits for it.
    fn on_refusal<'a>(&'a self, refused: &'a Refused<'a>) -> BoxFuture<'a, ()>;
}

impl Platform {
    /// A node as the HTTP face sees it, reached at `public_url`.
    pub fn of(node: &Node, public_url: &str) -> Self {
        let limits = &node.config().limits;
        let hours = limits.get("idempotency_hours");
        Self {
            public_url: public_url.into(),
            store: node.store().clone(),
            sealer: node.sealer().clone(),
            verifier: Arc::new(NodeTokens(node.clone())),
            refusals: Arc::new(AuditedRefusals(node.store().clone())),
            idempotency: Arc::new(Idempotency::new(
                node.store().clone(),
                node.sealer().clone(),
                hours,
            )),
            readiness: Arc::new({
                let node = node.clone();
                move || node.ready()
            }),
            limits: Limits {
                body_bytes: limits.size("body_bytes"),
                url_bytes: limits.size("url_bytes"),
                requests_in_flight: limits.size("requests_in_flight"),
                connections: node::descriptors::connections(limits.size("connections")),
                application_requests: limits.size("application_requests"),
                tenant_requests: limits.size("tenant_requests"),
                on_demand_requests: limits.size("on_demand_requests"),
                scope_preview_requests: limits.size("scope_preview_requests"),
                request_time: limits.seconds("request_seconds"),
                header_time: limits.seconds("header_seconds"),
                stall_time: limits.seconds("stall_seconds"),
                drain_time: limits.seconds("drain_seconds"),
                batch_requests: limits.size("batch_requests"),
                batch_answer_bytes: limits.size("batch_answer_bytes"),
            },
            node: node.clone(),
        }
    }
}

/// The tokens that the node's tenants issue.
struct NodeTokens(Node);

fn caller_of(token: &AccessToken, rights: Option<Arc<Rights>>) -> Caller {
    Caller {
        tenant: token.tenant,
        app_id: token.app_id,
        actor: token.actor(),
        permissions: match &token.subject {
            Subject::Application { roles, .. } => Arc::clone(roles),
            Subject::User(signed_in) => Arc::clone(&signed_in.scopes),
        },
        rights,
        is_multifactor: token
            .signed_in()
            .is_some_and(|signed_in| signed_in.amr.iter().any(|name| **name == *"mfa")),
    }
}

fn invalid(error: TokenError, claims: Option<String>) -> TokenRefusal {
    TokenRefusal::Invalid {
        reason: error.message(),
        claims,
    }
}

/// What a client has to ask for whose token was good until it was revoked: one that isn't older than
/// now. Without it Microsoft's libraries bring the same token again until it ends.
fn challenge(bearer: &str, now: Timestamp) -> Option<String> {
    identity::token::takes_challenges(bearer).then(|| {
        let nbf = json!({ "essential": true, "value": now.seconds().to_string() });
        json!({ "access_token": { "nbf": nbf } }).to_string()
    })
}

impl NodeTokens {
    /// Who calls with a token, if all that this needs is known.
    fn known(&self, token: &AccessToken) -> Option<Caller> {
        let rights = match token.signed_in() {
            None => None,
            Some(signed_in) => {
                let node = &self.0;
                let standing = node.known_standing(token.tenant, signed_in.user, token.app_id)?;
                Some(Arc::clone(&standing.rights))
            }
        };
        Some(caller_of(token, rights))
    }

    async fn read(&self, token: &AccessToken, bearer: &str) -> Result<Caller, TokenRefusal> {
        let rights = match token.signed_in() {
            None => None,
            Some(signed_in) => {
                let standing = self
                    .0
                    .standing(token.tenant, signed_in.user, token.app_id)
                    .await
                    .map_err(TokenRefusal::Unavailable)?;
                let standing = standing.ok_or_else(|| {
                    let challenge = challenge(bearer, self.0.store().clock().now());
                    invalid(TokenError::Revoked, challenge)
                })?;
                Some(Arc::clone(&standing.rights))
            }
        };
        Ok(caller_of(token, rights))
    }
}

impl TokenVerifier for NodeTokens {
    fn verify<'a>(&'a self, bearer: &'a str) -> BoxFuture<'a, Result<Caller, TokenRefusal>> {
        let (verifier, now) = (self.0.verifier(), self.0.store().clock().now());
        if let Some(caller) = verifier
            .known(bearer, now)
            .and_then(|token| self.known(&token))
        {
            return Box::pin(std::future::ready(Ok(caller)));
        }
        Box::pin(async move {
            match verifier.verify(bearer, now).await {
                Ok(token) => self.read(&token, bearer).await,
                Err(VerifyError::Token(TokenError::Revoked)) => {
                    Err(invalid(TokenError::Revoked, challenge(bearer, now)))
                }
                Err(VerifyError::Token(error)) => Err(invalid(error, None)),
                Err(VerifyError::Loader(error)) => Err(TokenRefusal::Unavailable(error)),
            }
        })
    }
}

/// Refusals in the audit log of the tenant that was asked.
struct AuditedRefusals(Store);

impl RefusalLog for AuditedRefusals {
    fn on_refusal<'a>(&'a self, refused: &'a Refused<'a>) -> BoxFuture<'a, ()> {
        let caller = refused.caller;
        let activity = format!("{} {}", refused.method, refused.route);
        let category = match refused.status {
            StatusCode::FORBIDDEN => "Authorization",
            _ => "Request",
        };
        let entry = Entry::failure(category, activity, refused.reason)
            .detail("requestId", refused.request_id);
        Box::pin(async move {
            let written = match self.0.island(caller.tenant) {
                Ok(island) => {
                    let record = move |tx: &mut Tx<'_>| audit::record(tx, entry).map(drop);
                    island.write(caller.actor.clone(), record).await
                }
                Err(error) => Err(error),
            };
            // The refusal stands, whether or not it could be written down.
            if let Err(error) = written {
                tracing::error!(tenant = %caller.tenant, %error, "a refusal couldn't be audited");
            }
        })
    }
}
