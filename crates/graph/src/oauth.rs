//! The addresses of OAuth and OpenID Connect, which stand at the origin under a tenant's id or one
//! of its domains: discovery, keys, and the token endpoint.
//!
//! What is granted and refused, and in which words, is decided in [`identity::oauth`]; this is its
//! wire. Nothing of a request but its client id, its scope and its tenant's name is ever repeated,
//! and its answers are kept by nobody (`Cache-Control: no-store`).
//!
//! Source: OpenID Connect Discovery §4, RFC 6749 §§3.2 and 5, RFC 7517 §5.

use http::{Method, StatusCode, header};
use identity::Secret;
use identity::discovery::{self, Authority};
use identity::oauth::{OAuthError, TokenRequest, TokenResponse, Trail};
use serde_json::{Value, json};
use types::{Error, TenantId, Timestamp};

use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::PublicCall;
use crate::route::{ErrorForm, Routes, Versions};

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
            configuration,
        )
        .errors(ErrorForm::OAuth);
    oauth
        .public(
            Method::POST,
            "/{tenant}/oauth2/v2.0/token",
            "Tokens of a tenant",
            token,
        )
        .errors(ErrorForm::OAuth);
    oauth
        .public(
            Method::GET,
            "/{tenant}/discovery/v2.0/keys",
            "The keys that sign a tenant's tokens",
            keys,
        )
        .errors(ErrorForm::OAuth);
    oauth
        .public(
            Method::GET,
            "/common/discovery/instance",
            "That an authority is this deployment's",
            instance,
        )
        .errors(ErrorForm::OAuth);
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

/// The body of a refusal by the framework, in the form that clients of these addresses read.
pub(crate) fn error_body(refusal: &Refusal, method: &Method, trail: &Trail) -> Value {
    let error = match refusal.status() {
        StatusCode::METHOD_NOT_ALLOWED => OAuthError::Method(method.to_string()),
        StatusCode::PAYLOAD_TOO_LARGE => OAuthError::BodyTooLong,
        status if status.is_server_error() => OAuthError::Unavailable,
        _ => OAuthError::Malformed("the request can't be read"),
    };
    error.body(trail)
}

fn answer(call: &PublicCall, outcome: Result<Value, Failure>) -> Result<Reply, Refusal> {
    let error = match outcome {
        Ok(body) => return Reply::json(StatusCode::OK, &body),
        Err(Failure::Failed(error)) => return Err(error.into()),
        Err(Failure::Refused(error)) => error,
    };
    let node = &call.platform().node;
    let client_request_id = call.header("client-request-id");
    let now = node.store().clock().now();
    let body = error.body(&trail(call.request_id(), client_request_id, now));
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let reply = Reply::json(status, &body)?.with_header(header::CACHE_CONTROL, NO_STORE);
    Ok(match error.www_authenticate(node.public_url()) {
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
    let store = call.platform().node.store();
    if store.find_tenant(name).is_err() || types::parse_uuid(name).is_none() {
        // Another server may have made the tenant, or given the domain to another one.
        store.learn().await?;
    }
    match store.find_tenant(name) {
        Ok(tenant) => Ok(Authority::Tenant(tenant)),
        Err(Error::NotFound { .. }) => Err(OAuthError::UnknownTenant(name.to_owned()).into()),
        Err(error) => Err(error.into()),
    }
}

/// The tenant, where it has to be one: an application has tokens of one.
async fn tenant(call: &PublicCall) -> Result<TenantId, Failure> {
    match authority(call).await? {
        Authority::Tenant(tenant) => Ok(tenant),
        Authority::Common | Authority::Organizations => Err(OAuthError::NoTenant.into()),
    }
}

async fn configuration(call: PublicCall) -> Result<Reply, Refusal> {
    let public_url = call.platform().node.public_url();
    let document = authority(&call)
        .await
        .map(|authority| discovery::openid_configuration(public_url, authority));
    answer(&call, document)
}

async fn instance(call: PublicCall) -> Result<Reply, Refusal> {
    let public_url = call.platform().node.public_url();
    let endpoint = call.options.parameter("authorization_endpoint");
    let document = discovery::instance(public_url, endpoint);
    answer(&call, document.map_err(Failure::from))
}

async fn keys(call: PublicCall) -> Result<Reply, Refusal> {
    let keys = match authority(&call).await {
        Ok(Authority::Tenant(tenant)) => call
            .platform()
            .node
            .jwks(tenant)
            .await
            .map_err(Failure::from),
        // Their discovery documents lead here, and no key is anything but a tenant's.
        Ok(Authority::Common | Authority::Organizations) => Ok(json!({ "keys": [] })),
        Err(failure) => Err(failure),
    };
    answer(&call, keys)
}

async fn token(call: PublicCall) -> Result<Reply, Refusal> {
    match grant(&call).await {
        Ok(token) => Ok(Reply::json(StatusCode::OK, &TokenResponse::new(&token))?
            .with_header(header::CACHE_CONTROL, NO_STORE)
            .with_header(header::PRAGMA, "no-cache")),
        Err(failure) => answer(&call, Err(failure)),
    }
}

async fn grant(call: &PublicCall) -> Result<Secret, Failure> {
    let node = &call.platform().node;
    let tenant = tenant(call).await?;
    let mut credentials = call.headers.get_all(header::AUTHORIZATION).iter();
    let authorization = credentials
        .next()
        .map(|value| value.to_str().map_err(|_| OAuthError::MalformedBasic))
        .transpose()?;
    if credentials.next().is_some() {
        return Err(OAuthError::TwoAuthentications.into());
    }
    let request = TokenRequest::parse(
        node.public_url(),
        authorization,
        call.header("content-type"),
        &call.body,
    )?;
    Ok(node.grant(tenant, request).await??)
}
