//! The UserInfo endpoint.
//!
//! Source: OpenID Connect Core §5.3, RFC 6750 §3.

use http::{StatusCode, header};
use identity::token::VerifyError;
use serde_json::json;

use super::NO_STORE;
use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::PublicCall;

/// A refusal as RFC 6750 has it; without a token, the challenge says nothing of what is wrong with one.
fn refused(status: StatusCode, error: Option<(&str, &str)>) -> Result<Reply, Refusal> {
    let challenge = match error {
        None => "Bearer".to_owned(),
        Some((error, description)) => {
            format!("Bearer error=\"{error}\", error_description=\"{description}\"")
        }
    };
    let (error, description) = error.unwrap_or(("invalid_request", "An access token is missing."));
    let body = json!({ "error": error, "error_description": description });
    Ok(Reply::json(status, &body)?
        .with_header(header::WWW_AUTHENTICATE, &challenge)
        .with_header(header::CACHE_CONTROL, NO_STORE)
        .with_header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
}

pub(super) async fn user_info(call: PublicCall) -> Result<Reply, Refusal> {
    let mut authorizations = call.headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (authorizations.next(), authorizations.next());
    let bearer = first
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let Some(bearer) = bearer.filter(|_| second.is_none()) else {
        return refused(StatusCode::UNAUTHORIZED, None);
    };
    let node = &call.platform().node;
    let now = node.store().clock().now();
    let token = match node.verifier().verify(bearer, now).await {
        Ok(token) => token,
        Err(VerifyError::Token(error)) => {
            let error = ("invalid_token", error.message());
            return refused(StatusCode::UNAUTHORIZED, Some(error));
        }
        Err(VerifyError::Loader(error)) => return Err(error.into()),
    };
    if !token.has_scope("openid") {
        let error = (
            "insufficient_scope",
            "The token has to have the scope openid.",
        );
        return refused(StatusCode::FORBIDDEN, Some(error));
    }
    let Some(claims) = node.user_info(token).await? else {
        let error = ("invalid_token", "The token isn't a person's any more.");
        return refused(StatusCode::UNAUTHORIZED, Some(error));
    };
    Ok(Reply::json(StatusCode::OK, &claims)?
        .with_header(header::CACHE_CONTROL, NO_STORE)
        .with_header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
}
