//! How a page is sent: its policy, who may keep it, and that nobody frames it.
//!
//! Source: RFC 9700 §4.16 (clickjacking); OWASP Secure Headers.

use http::header::{self, HeaderName};
use http::{Method, StatusCode};
use identity::oauth::{OAuthError, Trail};
use node::oauth::Screen;
use signin::{Language, Page, Rendered};

use super::NO_STORE;
use crate::errors::Refusal;
use crate::reply::Reply;

const CONTENT_SECURITY_POLICY: HeaderName = header::CONTENT_SECURITY_POLICY;

/// What goes with every answer to a browser.
pub(super) fn guarded(reply: Reply) -> Reply {
    reply
        .with_header(header::CACHE_CONTROL, NO_STORE)
        // Addresses here hold codes and hints that are nobody else's.
        .with_header(header::REFERRER_POLICY, "no-referrer")
        .with_header(header::X_FRAME_OPTIONS, "DENY")
}

/// A page.
pub(super) fn page(status: StatusCode, rendered: Rendered) -> Reply {
    let reply = Reply::bytes("text/html; charset=utf-8", rendered.html).with_status(status);
    guarded(reply).with_header(CONTENT_SECURITY_POLICY, &rendered.policy)
}

/// Another address: of ours, or the client's.
pub(super) fn moved(method: &Method, location: &str) -> Result<Reply, Refusal> {
    // A 307 would have the browser post what was entered here to the client (RFC 9700 §4.12).
    let status = if *method == Method::POST {
        StatusCode::SEE_OTHER
    } else {
        StatusCode::FOUND
    };
    let reply = Reply::no_content().with_status(status);
    let reply = reply.with_header(header::LOCATION, location);
    if reply.headers.contains_key(header::LOCATION) {
        Ok(guarded(reply))
    } else {
        Err(Refusal::fault("an address can't be sent"))
    }
}

/// A refusal by the framework as a page.
pub(crate) fn error_page(error: OAuthError, trail: Trail) -> (String, String) {
    let page = Page {
        face: None,
        action: String::new(),
        flow: None,
        redirect_uri: None,
        language: Language::default(),
        trail,
    };
    let rendered = signin::render(&Screen::Error { error, back: None }, &page);
    (rendered.html, rendered.policy)
}
