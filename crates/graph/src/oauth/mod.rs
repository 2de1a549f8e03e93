//! The addresses of OAuth and OpenID Connect, which stand at the origin under a tenant's id or one
//! of its domains.
//!
//! What is granted and refused, and in which words, is decided in [`identity::oauth`] and
//! [`node::oauth`]; this is its wire: JSON for clients, pages for people. Nothing of a request but
//! its client id, its scope and its tenant's name is ever repeated, and its answers are kept by
//! nobody (`Cache-Control: no-store`).
//!
//! Source: OpenID Connect Discovery §4, RFC 6749 §§3 and 5, RFC 7517 §5, RFC 8628.

mod discovery;
mod logo;
mod page;
mod pages;
mod setup;
mod token;
mod user_info;

use http::{Method, StatusCode, header};
use identity::discovery::Authority;
use identity::oauth::{OAuthError, Trail};
use serde_json::Value;
use types::{Error, TenantId, Timestamp};

use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::PublicCall;
use crate::route::{ErrorForm, Routes, Versions};

pub(crate) use page::error_page;

/// Nobody keeps what has tokens in it, or says why there are none (RFC 6749 §5.1).
pub(crate) const NO_STORE: &str = "no-store";

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut oauth = routes.area("oauth", Versions::Root);
    oauth
        .public(
            Method::GET,
            "/{tenant}/v2.0/.well-known/openid-configuration",
            "A tenant's OpenID configuration",
            discovery::configuration,
        )
        .errors(ErrorForm::OAuth)
        .cors();
    oauth
        .public(
            Method::POST,
            "/{tenant}/oauth2/v2.0/token",
            "Tokens of a tenant",
            token::token,
        )
        .errors(ErrorForm::OAuth)
        .cors();
    oauth
        .public(
            Method::POST,
            "/{tenant}/oauth2/v2.0/devicecode",
            "A code to sign in for a device",
            token::device,
        )
        .errors(ErrorForm::OAuth);
    oauth
        .public(
            Method::GET,
            "/{tenant}/discovery/v2.0/keys",
            "The keys that sign a tenant's tokens",
            discovery::keys,
        )
        .errors(ErrorForm::OAuth)
        .cors();
    oauth
        .public(
            Method::GET,
            "/common/discovery/instance",
            "That an authority is this deployment's",
            discovery::instance,
        )
        .errors(ErrorForm::OAuth)
        .cors();
    oauth
        .public(
            Method::GET,
            "/metadata/endpoints",
            "The addresses of this deployment, for clients of many clouds",
            discovery::endpoints,
        )
        .errors(ErrorForm::OAuth)
        .cors();
    for method in [Method::GET, Method::POST] {
        oauth
            .public(
                method,
                "/oidc/userinfo",
                "What a client may know of the person who has signed in",
                user_info::user_info,
            )
            .errors(ErrorForm::OAuth)
            .cors();
    }
    for path in [
        "/{tenant}/branding/{name}",
        "/{tenant}/branding/{locale}/{name}",
    ] {
        oauth.public(
            Method::GET,
            path,
            "A logo on a tenant's sign-in pages",
            logo::logo,
        );
    }
    pages::routes(&mut oauth);
    setup::routes(&mut oauth);
}

/// Why there is no answer but an error.
enum Failure {
    /// For the client to read.
    Refused(OAuthError),
    /// Of the deployment.
    Failed(Error),
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error)
    }
}
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What ties an error to the log.
pub(crate) fn trail(request_id: &str, client_request_id: Option<&str>, now: Timestamp) -> Trail {
    let trace_id = types::parse_uuid(request_id).unwrap_or_default();
    let correlation_id = client_request_id.and_then(types::parse_uuid);
    Trail {
        trace_id,
        correlation_id: correlation_id.unwrap_or(trace_id),
        now,
    }
}

/// The method that an address has which was asked with another one.
fn accepted(refusal: &Refusal) -> &'static str {
    let mut headers = refusal.headers().iter();
    let allow = headers.find(|(name, _)| *name == header::ALLOW);
    let allow = allow.and_then(|(_, value)| value.to_str().ok());
    match allow {
        Some(allow) if !allow.contains("POST") => "GET",
        _ => "POST",
    }
}

/// A refusal by the framework, in the words of these addresses.
pub(crate) fn error(refusal: &Refusal, method: &Method) -> OAuthError {
    match refusal.status() {
        StatusCode::METHOD_NOT_ALLOWED => OAuthError::Method {
            received: method.to_string(),
            accepted: accepted(refusal),
        },
        StatusCode::PAYLOAD_TOO_LARGE => OAuthError::BodyTooLong,
        status if status.is_server_error() => OAuthError::Unavailable,
        _ => OAuthError::Malformed("the request can't be read"),
    }
}

/// The trail of a call: a client may say its correlation id in the header or, where a browser sends
/// the request for it, in the query.
fn trail_of(call: &PublicCall) -> Trail {
    let said = call
        .header("client-request-id")
        .or_else(|| call.options.parameter("client-request-id"));
    let now = call.platform().node.store().clock().now();
    trail(call.request_id(), said, now)
}

fn answer(call: &PublicCall, outcome: Result<Value, Failure>) -> Result<Reply, Refusal> {
    let error = match outcome {
        Ok(body) => return Reply::json(StatusCode::OK, &body),
        Err(Failure::Failed(error)) => return Err(error.into()),
        Err(Failure::Refused(error)) => error,
    };
    let body = error.body(&trail_of(call));
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let reply = Reply::json(status, &body)?.with_header(header::CACHE_CONTROL, NO_STORE);
    let public_url = call.platform().node.public_url();
    Ok(match error.www_authenticate(public_url) {
        Some(challenge) => reply.with_header(header::WWW_AUTHENTICATE, &challenge),
        None => reply,
    })
}

/// Whose address it is.
async fn authority(call: &PublicCall) -> Result<Authority, Failure> {
    let name = call.key("tenant");
    if name.eq_ignore_ascii_case("common") {
        return Ok(Authority::Common);
    }
    if name.eq_ignore_ascii_case("organizations") {
        return Ok(Authority::Organizations);
    }
    find_tenant(call, name).await.map(Authority::Tenant)
}

/// The tenant of an id or a domain.
async fn find_tenant(call: &PublicCall, name: &str) -> Result<TenantId, Failure> {
    let store = call.platform().node.store();
    if store.find_tenant(name).is_err() || types::parse_uuid(name).is_none() {
        // Another server may have made the tenant, or given the domain to another one.
        store.learn().await?;
    }
    match store.find_tenant(name) {
        Ok(tenant) => Ok(tenant),
        Err(Error::NotFound { .. }) => Err(OAuthError::UnknownTenant(name.to_owned()).into()),
        Err(error) => Err(error.into()),
    }
}
