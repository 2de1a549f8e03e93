//! A URL proves that it wants notifications: it repeats a token that it is sent.
//!
//! Source: "Receive change notifications through webhooks", notificationUrl validation.

use std::time::Duration;

use bytes::Bytes;
use egress::{Call, Client, Failure, Target};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use types::{Error, Result};
use uuid::Uuid;

use crate::POST_SECONDS;

/// Bytes of an answer that may be the token.
const ANSWER_BYTES_MAX: usize = 4 * 1024;

/// A URL that didn't prove itself, in Graph's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven(pub String);

/// Has a URL prove itself. `nonce` makes the token one of its own.
pub async fn prove(client: &Client, url: &str, nonce: Uuid) -> Result<Result<(), Unproven>> {
    let failed = |what: &str| {
        Ok(Err(Unproven(format!(
            "Subscription validation request {what}"
        ))))
    };
    let target = Target::parse(url)?;
    // With letters that have to be decoded, so that nobody repeats it unread.
    let token = format!(
        "Validation: Testing client application reachability for subscription Request-Id: {nonce}"
    );
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    let call = Call {
        method: Method::POST,
        headers,
        body: Bytes::new(),
        time: Duration::from_secs(POST_SECONDS),
        answer_bytes: ANSWER_BYTES_MAX,
    };
    let asked = target.with_parameter("validationToken", &token);
    let answer = match client.send(&asked, call).await {
        Ok(answer) => answer,
        Err(Failure::TimedOut) => return failed("timed out."),
        Err(Failure::Forbidden) => {
            return failed("failed. The notification endpoint isn't at a public address.");
        }
        Err(Failure::Unresolved | Failure::Unreachable | Failure::Malformed) => {
            return failed(
                "failed. Notification endpoint must respond with 200 OK to validation request.",
            );
        }
    };
    if answer.status != StatusCode::OK {
        return failed(&format!(
            "failed. HTTP status code is '{}'. Notification endpoint must respond with 200 OK to validation request.",
            name(answer.status)
        ));
    }
    let is_plain = answer
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("text/plain"));
    if !is_plain {
        return failed("failed. The content type of the response must be text/plain.");
    }
    if answer.body != token.as_bytes() {
        return failed("failed. Response must exactly match validationToken query parameter.");
    }
    Ok(Ok(()))
}

/// A status in one word: `NotFound`.
fn name(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => reason.chars().filter(char::is_ascii_alphanumeric).collect(),
        None => status.as_u16().to_string(),
    }
}

/// That too many URLs are proving themselves at once.
pub(crate) fn busy() -> Error {
    Error::unavailable(
        "Too many subscriptions are being validated at once (limit: limits.subscription_validations). Try again.",
        5,
    )
}
