//! The addresses of OAuth and OpenID Connect, which stand at the origin under a tenant's id or
//! domain.
//!
//! Source: OpenID Connect Discovery §4, RFC 6749 §3.2, RFC 7517 §5.

use http::Method;

use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::PublicCall;
use crate::route::{Routes, Versions};

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut oauth = routes.area("oauth", Versions::Root);
    oauth.public(
        Method::GET,
        "/{tenant}/v2.0/.well-known/openid-configuration",
        "A tenant's OpenID configuration",
        unavailable,
    );
    oauth.public(
        Method::POST,
        "/{tenant}/oauth2/v2.0/token",
        "Tokens of a tenant",
        unavailable,
    );
    oauth.public(
        Method::GET,
        "/{tenant}/discovery/v2.0/keys",
        "The keys that sign a tenant's tokens",
        unavailable,
    );
    oauth.public(
        Method::GET,
        "/common/discovery/instance",
        "That an authority is this deployment's",
        unavailable,
    );
}

async fn unavailable(_call: PublicCall) -> Result<Reply, Refusal> {
    Err(types::Error::unavailable("Signing in isn't available on this server.", 60).into())
}
