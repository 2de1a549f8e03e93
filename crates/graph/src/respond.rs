//! The last step of every request: what came of it becomes an HTTP response, with the headers that
//! all answers have.

use std::time::Instant;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Response};
use tracing::Span;
use types::Timestamp;

use crate::errors::{Ids, Refusal};
use crate::oauth;
use crate::platform::Platform;
use crate::reply::{JSON, PLAIN_JSON, Reply};
use crate::route::{ErrorForm, Version};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const ODATA_VERSION: HeaderName = HeaderName::from_static("odata-version");
pub(crate) const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
/// The longest `client-request-id` that is echoed.
const CLIENT_REQUEST_ID_MAX: usize = 128;

/// What is known of a request whatever becomes of it.
pub(crate) struct Mark {
    pub(crate) came: Instant,
    pub(crate) request_id: String,
    pub(crate) client_request_id: Option<HeaderValue>,
    pub(crate) version: Version,
    pub(crate) method: Method,
}

impl Mark {
    /// A request that has just come, with an id of the system's randomness.
    pub(crate) fn new(version: Version, method: Method, headers: &HeaderMap) -> Self {
        Self {
            came: Instant::now(),
            request_id: uuid::Builder::from_random_bytes(rand::random())
                .into_uuid()
                .to_string(),
            client_request_id: headers.get(&CLIENT_REQUEST_ID).cloned().filter(|id| {
                id.len() <= CLIENT_REQUEST_ID_MAX && id.to_str().is_ok() && !id.is_empty()
            }),
            version,
            method,
        }
    }
}

/// Makes the response.
pub(crate) fn respond(
    platform: &Platform,
    mark: &Mark,
    outcome: Result<Reply, Refusal>,
    errors: ErrorForm,
    span: &Span,
) -> Response<Bytes> {
    let mut headers = HeaderMap::with_capacity(12);
    let (status, content_type, body, extra) = match outcome {
        Ok(reply) => (reply.status, reply.content_type, reply.body, reply.headers),
        Err(refusal) => {
            if let Some(fault) = refusal.fault_text() {
                tracing::error!(parent: span, request.id = %mark.request_id, http.method = %mark.method, error = fault, "a request failed by a fault of ours");
            }
            let now = platform.store.clock().now();
            let date = Timestamp::from_seconds(now.seconds()).to_string();
            let client_request_id = mark
                .client_request_id
                .as_ref()
                .and_then(|id| id.to_str().ok());
            match errors {
                ErrorForm::Graph => {
                    let body = refusal.body(&Ids {
                        date: &date,
                        request_id: &mark.request_id,
                        client_request_id: client_request_id.unwrap_or(&mark.request_id),
                    });
                    let extra = refusal.headers().iter().cloned().collect();
                    (refusal.status(), Some(JSON), Bytes::from(body), extra)
                }
                ErrorForm::Page => {
                    let trail = oauth::trail(&mark.request_id, client_request_id, now);
                    let (body, policy) =
                        oauth::error_page(oauth::error(&refusal, &mark.method), trail);
                    let mut extra: HeaderMap = refusal.headers().iter().cloned().collect();
                    let no_store = HeaderValue::from_static(oauth::NO_STORE);
                    extra.insert(header::CACHE_CONTROL, no_store);
                    let deny = HeaderValue::from_static("DENY");
                    extra.insert(header::X_FRAME_OPTIONS, deny);
                    if let Ok(policy) = HeaderValue::try_from(policy) {
                        extra.insert(header::CONTENT_SECURITY_POLICY, policy);
                    }
                    (refusal.status(), Some(HTML), Bytes::from(body), extra)
                }
                ErrorForm::OAuth => {
                    let trail = oauth::trail(&mark.request_id, client_request_id, now);
                    let error = oauth::error(&refusal, &mark.method);
                    let body = error.body(&trail).to_string();
                    let mut extra: HeaderMap = refusal.headers().iter().cloned().collect();
                    let no_store = HeaderValue::from_static(oauth::NO_STORE);
                    extra.insert(header::CACHE_CONTROL, no_store);
                    (refusal.status(), Some(PLAIN_JSON), Bytes::from(body), extra)
                }
            }
        }
    };
    let request_id =
        HeaderValue::from_str(&mark.request_id).unwrap_or_else(|_| HeaderValue::from_static(""));
    let client_request_id = mark
        .client_request_id
        .clone()
        .unwrap_or_else(|| request_id.clone());
    headers.insert(REQUEST_ID, request_id);
    headers.insert(CLIENT_REQUEST_ID, client_request_id);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if mark.version != Version::Root {
        headers.insert(ODATA_VERSION, HeaderValue::from_static("4.0"));
    }
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    if mark.method == Method::HEAD {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    headers.extend(extra);
    let is_head = mark.method == Method::HEAD;
    let mut response = Response::new(if is_head { Bytes::new() } else { body });
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
