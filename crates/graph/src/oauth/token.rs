//! The token endpoint, and where devices begin.

use http::{StatusCode, header};
use identity::discovery::Authority;
use identity::oauth::{
    DeviceRequest, Form, GrantRequest, OAuthError, TokenResponse, UserGrant, UserTokenRequest, code,
};
use node::oauth::{Peer, UserTokenResponse};
use types::TenantId;

use super::{Failure, NO_STORE, answer, authority, trail_of};
use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::PublicCall;

/// The header that names who asks, if it comes once.
fn authorization(call: &PublicCall) -> Result<Option<&str>, OAuthError> {
    let mut credentials = call.headers.get_all(header::AUTHORIZATION).iter();
    let first = credentials
        .next()
        .map(|value| value.to_str().map_err(|_| OAuthError::MalformedBasic))
        .transpose()?;
    if credentials.next().is_some() {
        return Err(OAuthError::TwoAuthentications);
    }
    Ok(first)
}

/// The tenant, where it has to be one: an application has tokens of one.
fn tenant(authority: Authority) -> Result<TenantId, Failure> {
    match authority {
        Authority::Tenant(tenant) => Ok(tenant),
        Authority::Common | Authority::Organizations => Err(OAuthError::NoTenant.into()),
    }
}

/// The tenant of what a client has from a person, which says it itself.
fn tenant_of(
    call: &PublicCall,
    authority: Authority,
    request: &UserTokenRequest,
) -> Result<TenantId, Failure> {
    if let Authority::Tenant(tenant) = authority {
        return Ok(tenant);
    }
    let (UserGrant::Code { code: token, .. }
    | UserGrant::Refresh(token)
    | UserGrant::Device(token)) = &request.grant;
    let named = code::tenant_of(token.expose()).ok_or(OAuthError::UnknownGrant)?;
    let store = call.platform().node.store();
    store
        .find_tenant(&named.to_string())
        .map_err(|_| OAuthError::UnknownGrant.into())
}

/// Where the request comes from, for the log of sign-ins.
fn peer(call: &PublicCall) -> Peer {
    Peer {
        address: Some(call.client_address()),
        user_agent: call.header("user-agent").map(str::to_owned),
        correlation_id: trail_of(call).correlation_id,
    }
}

pub(super) async fn token(call: PublicCall) -> Result<Reply, Refusal> {
    let mut allowed = None;
    let reply = match grant(&call, &mut allowed).await {
        Ok(reply) => reply?
            .with_header(header::CACHE_CONTROL, NO_STORE)
            .with_header(header::PRAGMA, "no-cache"),
        Err(failure) => answer(&call, Err(failure))?,
    };
    Ok(match allowed {
        Some(origin) => reply
            .with_header(header::ACCESS_CONTROL_ALLOW_ORIGIN, &origin)
            .with_header(header::VARY, "Origin"),
        None => reply,
    })
}

/// The tokens; `allowed` becomes the origin whose script may read the answer.
async fn grant(
    call: &PublicCall,
    allowed: &mut Option<String>,
) -> Result<Result<Reply, Refusal>, Failure> {
    let node = &call.platform().node;
    let authority = authority(call).await?;
    if !matches!(authority, Authority::Tenant(_)) {
        let form = Form::parse(call.header("content-type"), &call.body)?;
        // Before what else may be wrong with it: no tenant would ever answer this here.
        if form.get("grant_type") == Some("client_credentials") {
            return Err(OAuthError::NoTenant.into());
        }
    }
    let request = GrantRequest::parse(
        node.public_url(),
        authorization(call)?,
        call.header("content-type"),
        &call.body,
    )?;
    match request {
        GrantRequest::Client(request) => {
            let token = node
                .grant(tenant(authority)?, request, &peer(call))
                .await??;
            Ok(Reply::json(StatusCode::OK, &TokenResponse::new(&token)))
        }
        GrantRequest::User(request) => {
            let tenant = tenant_of(call, authority, &request)?;
            let origin = call.header("origin").map(str::to_owned);
            if let Some(origin) = &origin
                && node
                    .is_spa_origin(tenant, &request.client_id, origin.clone())
                    .await?
            {
                *allowed = Some(origin.clone());
            }
            let tokens = node
                .grant_user(tenant, request, origin, peer(call))
                .await??;
            Ok(Reply::json(
                StatusCode::OK,
                &UserTokenResponse::new(&tokens),
            ))
        }
    }
}

pub(super) async fn device(call: PublicCall) -> Result<Reply, Refusal> {
    let begun = begin_device(&call).await;
    Ok(answer(&call, begun)?.with_header(header::CACHE_CONTROL, NO_STORE))
}

async fn begin_device(call: &PublicCall) -> Result<serde_json::Value, Failure> {
    let node = &call.platform().node;
    let tenant = tenant(authority(call).await?)?;
    let request = DeviceRequest::parse(
        node.public_url(),
        authorization(call)?,
        call.header("content-type"),
        &call.body,
    )?;
    Ok(node.begin_device(tenant, request).await??)
}
