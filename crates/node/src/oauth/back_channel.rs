//! Telling clients' servers that a session has ended.
//!
//! It is tried a few times within a minute, beside the person's way on; a server that can't be
//! reached then doesn't hear of it, as with every provider: what it holds ends with its tokens.
//!
//! Source: OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use egress::{Call, Client, Target};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use identity::Secret;
use tokio::sync::Semaphore;
use types::{Error, Id, Result, TenantId, kind};
use uuid::Uuid;

use crate::Node;

/// Calls under way at once; those beyond wait.
const AT_ONCE: usize = 64;
/// Calls that wait; beyond them, nobody is told.
const WAITING_MAX: usize = 10_000;
/// How long one call may take.
const CALL_TIME: Duration = Duration::from_secs(10);
/// How long to wait before each try.
const TRIES: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(30),
];

/// A client that is to hear of the end of a session.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) url: String,
    pub(super) app_id: Uuid,
    pub(super) session: Uuid,
    pub(super) user: Id<kind::User>,
}

/// The clients that are to hear of sessions which have ended ([`Node::tell_of_end`]).
#[derive(Debug)]
#[must_use]
pub struct ToTell(pub(super) Vec<Told>);

/// Calls out to clients.
pub(super) struct BackChannel {
    client: Client,
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl BackChannel {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }
}

impl Node {
    /// Tells clients that sessions have ended, once that is written.
    pub fn tell_of_end(&self, tenant: TenantId, to_tell: ToTell) {
        self.tell_clients(tenant, to_tell.0);
    }

    /// Tells clients, each by itself, while others go on.
    pub(super) fn tell_clients(&self, tenant: TenantId, told: Vec<Told>) {
        for told in told {
            let channel = &self.0.sign_in.back_channel;
            let Ok(waiting) = Arc::clone(&channel.waiting).try_acquire_owned() else {
                tracing::warn!(%tenant, app_id = %told.app_id, "too many clients wait to hear of a sign-out");
                return;
            };
            let node = self.clone();
            tokio::spawn(async move {
                if let Err(error) = node.tell_client(tenant, &told).await {
                    tracing::info!(%tenant, app_id = %told.app_id, %error, "a client didn't hear of a sign-out");
                }
                drop(waiting);
            });
        }
    }

    async fn tell_client(&self, tenant: TenantId, told: &Told) -> Result<()> {
        let target = Target::parse(&told.url)?;
        let channel = &self.0.sign_in.back_channel;
        let mut reason = String::new();
        for pause in TRIES {
            tokio::time::sleep(pause).await;
            let place = channel.places.acquire().await.map_err(Error::internal)?;
            // Made for each try, since it is good for two minutes only.
            let token = self.logout_token(tenant, told).await?;
            let mut headers = HeaderMap::new();
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
            let call = Call {
                method: Method::POST,
                headers,
                body: Bytes::from(format!("logout_token={}", token.expose())),
                time: CALL_TIME,
                answer_bytes: 0,
            };
            let answer = channel.client.send(&target, call).await;
            drop(place);
            match answer {
                Ok(answer) if answer.status.is_success() => return Ok(()),
                // It has understood, and won't (§2.8).
                Ok(answer) if answer.status.is_client_error() => {
                    return Err(Error::conflict(format!("it answered {}", answer.status)));
                }
                Ok(answer) => reason = format!("it answered {}", answer.status),
                Err(failure) => reason = failure.to_string(),
            }
        }
        Err(Error::unavailable(reason, 1))
    }

    async fn logout_token(&self, tenant: TenantId, told: &Told) -> Result<Secret> {
        let (app_id, of) = (told.app_id, (told.user, told.session));
        let random = identity::random()?;
        let signing = self.0.signer.sign(tenant, move |issuer, key, now| {
            issuer.logout(tenant, app_id, of, key, now, random)
        });
        signing.await
    }
}
