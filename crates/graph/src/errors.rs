//! The one table from the domain's errors to Graph's: status, code, message, details.
//!
//! Nothing below this edge knows status codes. What is a fault of ours is logged here with the
//! request's id and answered as a deliberate 503 with `Retry-After` and no detail; the caller may
//! always try again, since a failed command leaves nothing behind.
//!
//! Source: Microsoft Graph "error responses and resource types"; RFC 6750 §3 for the challenge.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::Serialize;
use types::Error;

/// The client id that Microsoft Graph's challenge names; clients look for it.
const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";
/// Kinds whose absence Graph reports with a code of its own.
const DIRECTORY_OBJECT_KINDS: [&str; 2] = ["multiTenantOrganizationMember", "tenant"];

/// A request that is answered with an error. Made from [`types::Error`] by `?`.
#[derive(Debug, Clone)]
pub struct Refusal(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    status: StatusCode,
    code: &'static str,
    message: String,
    target: Option<String>,
    details: Vec<Detail>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log only.
    fault: Option<String>,
}

/// One of several reasons, as Graph lists them beside the main one.
#[derive(Debug, Clone, Serialize)]
pub struct Detail {
    /// The reason's code.
    pub code: &'static str,
    /// The reason in words.
    pub message: String,
    /// The property.
    pub target: String,
}

impl Refusal {
    /// A refusal with a status and a code of one's own; for what the table can't express.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            status,
            code,
            message: message.into(),
            target: None,
            details: Vec::new(),
            headers: Vec::new(),
            fault: None,
        }))
    }

    /// 400 `Request_BadRequest`.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// 403 in Graph's words.
    pub fn denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    }

    /// [`Refusal::denied`], and why.
    pub(crate) fn denied_because(reason: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            format!("Insufficient privileges to complete the operation: {reason}."),
        )
    }

    /// That an application is nobody's `/me`.
    pub(crate) fn no_me() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "/me request is only valid with delegated authentication flow.",
        )
    }

    pub(crate) fn unauthenticated(public_url: &str, message: impl Into<String>) -> Self {
        Self::bearer(public_url, message, "")
    }

    /// [`Refusal::unauthenticated`], and what the client has to ask for to get a better token
    /// (Microsoft identity platform, "Claims challenges, claims requests and client capabilities").
    pub(crate) fn challenged(public_url: &str, message: impl Into<String>, claims: &str) -> Self {
        let claims = BASE64_STANDARD.encode(claims);
        let more = format!(", error=\"insufficient_claims\", claims=\"{claims}\"");
        Self::bearer(public_url, message, &more)
    }

    fn bearer(public_url: &str, message: impl Into<String>, more: &str) -> Self {
        let challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"{public_url}/common/oauth2/v2.0/authorize\", client_id=\"{GRAPH_APP_ID}\"{more}"
        );
        Self::new(
            StatusCode::UNAUTHORIZED,
            "InvalidAuthenticationToken",
            message,
        )
        .with_header(header::WWW_AUTHENTICATE, &challenge)
    }

    pub(crate) fn unknown_segment(segment: &str) -> Self {
        let shown: String = segment.chars().take(64).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "ResourceNotFound",
            format!("Resource not found for the segment '{shown}'."),
        )
    }

    pub(crate) fn bad_path(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(crate) fn wrong_method(method: &Method, allow: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Request_BadRequest",
            format!("The method {method} isn't supported on this resource; supported: {allow}."),
        )
        .with_header(header::ALLOW, allow)
    }

    /// A limit of this edge; `limit` is its name in the configuration.
    pub(crate) fn limit(
        status: StatusCode,
        code: &'static str,
        limit: &str,
        message: &str,
    ) -> Self {
        Self::new(status, code, format!("{message} (limit: {limit})"))
    }

    pub(crate) fn busy(message: &str, retry_after_seconds: u32) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "serviceNotAvailable",
            message,
        )
        .with_header(header::RETRY_AFTER, &retry_after_seconds.max(1).to_string())
    }

    /// 429, and when to come again.
    pub(crate) fn throttled(message: &str, retry_after_seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
            .with_header(header::RETRY_AFTER, &retry_after_seconds.max(1).to_string())
    }

    pub(crate) fn fault(text: impl Into<String>) -> Self {
        let mut refusal = Self::busy("The server couldn't complete the request. Try again.", 2);
        refusal.0.fault = Some(text.into());
        refusal
    }

    /// With another header. A value that can't be a header's is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((name, value));
        }
        self
    }

    /// With the property, parameter or header that is wrong.
    #[must_use]
    pub fn with_target(mut self, target: impl Into<String>) -> Self {
        self.0.target = Some(target.into());
        self
    }

    /// With one more reason.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.0.details.push(detail);
        self
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
    /// Graph's code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }
    /// The sentence for the caller.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }
    /// What only the log may know.
    pub(crate) fn fault_text(&self) -> Option<&str> {
        self.0.fault.as_deref()
    }

    /// The body, with what is known of the request.
    pub(crate) fn body(&self, ids: &Ids<'_>) -> Vec<u8> {
        let inner = &self.0;
        let body = Body {
            error: ErrorBody {
                code: inner.code,
                message: &inner.message,
                target: inner.target.as_deref(),
                details: &inner.details,
                inner_error: ids,
            },
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Detail]>::is_empty")]
    details: &'a [Detail],
    #[serde(rename = "innerError")]
    inner_error: &'a Ids<'a>,
}

/// Which request it was.
#[derive(Debug, Serialize)]
pub(crate) struct Ids<'a> {
    pub(crate) date: &'a str,
    #[serde(rename = "request-id")]
    pub(crate) request_id: &'a str,
    #[serde(rename = "client-request-id")]
    pub(crate) client_request_id: &'a str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.0.status.as_u16(),
            self.0.code,
            self.0.message
        )
    }
}

impl std::error::Error for Refusal {}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let message = match &error {
            Error::Internal(text) => return Self::fault(text.clone()),
            other => other.to_string(),
        };
        match error {
            Error::NotFound { kind, .. } => {
                let code = if DIRECTORY_OBJECT_KINDS.contains(&kind) {
                    "Directory_ObjectNotFound"
                } else {
                    "Request_ResourceNotFound"
                };
                Self::new(StatusCode::NOT_FOUND, code, message)
            }
            Error::Invalid { target, .. } => {
                let refusal = Self::bad_request(message);
                match target {
                    Some(target) => refusal.with_target(target),
                    None => refusal,
                }
            }
            Error::UnsupportedQuery { .. } => {
                Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
            }
            Error::AlreadyExists { property } => {
                let (status, code) = if property == "tenantId" {
                    (
                        StatusCode::CONFLICT,
                        "Request_MultipleObjectsWithSameKeyValue",
                    )
                } else {
                    (StatusCode::BAD_REQUEST, "Request_BadRequest")
                };
                Self::new(status, code, message.clone()).with_detail(Detail {
                    code: "ObjectConflict",
                    message,
                    target: property.to_owned(),
                })
            }
            Error::Conflict { .. } => Self::new(StatusCode::CONFLICT, "Conflict", message),
            Error::Forbidden { .. } => Self::new(
                StatusCode::FORBIDDEN,
                "Authorization_RequestDenied",
                message,
            ),
            Error::LimitExceeded { limit, .. } => {
                let status = match limit.strip_prefix("limits.").unwrap_or(limit) {
                    "body_bytes" => StatusCode::PAYLOAD_TOO_LARGE,
                    "batch_requests" | "sharing_list" => StatusCode::BAD_REQUEST,
                    _ => StatusCode::FORBIDDEN,
                };
                Self::limit(status, "Directory_QuotaExceeded", limit, &message)
            }
            Error::Gone { .. } => Self::new(StatusCode::GONE, "syncStateNotFound", message),
            Error::Unavailable {
                retry_after_seconds,
                ..
            } => Self::busy(&message, retry_after_seconds),
            Error::Internal(text) => Self::fault(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(error: Error) -> (u16, &'static str) {
        let refusal = Refusal::from(error);
        (refusal.status().as_u16(), refusal.code())
    }

    #[test]
    fn the_table() {
        assert_eq!(
            row(Error::not_found("user", "x")),
            (404, "Request_ResourceNotFound")
        );
        assert_eq!(
            row(Error::not_found("multiTenantOrganizationMember", "x")),
            (404, "Directory_ObjectNotFound")
        );
        assert_eq!(row(Error::bad_request("x")), (400, "Request_BadRequest"));
        assert_eq!(
            row(Error::unsupported("x")),
            (400, "Request_UnsupportedQuery")
        );
        assert_eq!(
            row(Error::AlreadyExists {
                property: "userPrincipalName"
            }),
            (400, "Request_BadRequest")
        );
        assert_eq!(
            row(Error::AlreadyExists {
                property: "tenantId"
            }),
            (409, "Request_MultipleObjectsWithSameKeyValue")
        );
        assert_eq!(row(Error::conflict("x")), (409, "Conflict"));
        assert_eq!(
            row(Error::forbidden("x")),
            (403, "Authorization_RequestDenied")
        );
        assert_eq!(
            row(Error::unavailable("x", 3)),
            (503, "serviceNotAvailable")
        );
        assert_eq!(
            row(Error::Gone {
                message: "x".into()
            }),
            (410, "syncStateNotFound")
        );
    }

    #[test]
    fn a_fault_of_ours_tells_nothing() {
        let refusal = Refusal::from(Error::internal("no such table: users"));
        assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(!refusal.message().contains("table"));
        assert_eq!(refusal.fault_text(), Some("no such table: users"));
        assert!(
            refusal
                .headers()
                .iter()
                .any(|(name, _)| name == "retry-after")
        );
    }

    #[test]
    fn a_limit_is_named() {
        let refusal = Refusal::from(Error::LimitExceeded {
            limit: "limits.organization_tenants",
            message: "Too many.".into(),
        });
        assert_eq!(refusal.status(), StatusCode::FORBIDDEN);
        assert!(refusal.message().contains("limits.organization_tenants"));
    }
}
