//! The Content-Security-Policy of a page: nothing but its own style, and forms that lead where its
//! errand ends.
//!
//! Browsers hold the addresses that a form's answer redirects to against `form-action` as well, and
//! a client may lead on from its own address. So a page that ends at a client lets its forms lead to
//! that client's kind of address: any https one, the machine itself, or an app's own scheme.
//!
//! Source: Content Security Policy 3 §6.4.2 and §6.4.3.

use std::sync::{LazyLock, OnceLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, PreEscaped, html};
use node::oauth::Face;

use crate::brand;
use crate::layout::STYLE;

static STYLE_HASH: LazyLock<String> = LazyLock::new(|| hash(STYLE));

/// The hash of an inline style or script, as a source.
pub(crate) fn hash(text: &str) -> String {
    let hash = identity::sha256(text.as_bytes());
    format!("'sha256-{}'", BASE64_STANDARD.encode(hash))
}

/// A script of ours that stands in a page.
pub(crate) struct Script {
    text: &'static str,
    hash: OnceLock<String>,
}

impl Script {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self {
            text,
            hash: OnceLock::new(),
        }
    }

    /// What a page's policy needs for it.
    pub(crate) fn policy(&self) -> String {
        let hash = self.hash.get_or_init(|| hash(self.text));
        format!("; script-src {hash}")
    }

    /// The script itself, at the page's end.
    pub(crate) fn element(&self) -> Markup {
        html! { script { (PreEscaped(self.text)) } }
    }
}

/// A policy: where forms may lead, and what else the page needs.
pub(crate) fn policy(form_action: &str, more: &str) -> String {
    branded(None, form_action, more)
}

/// The policy of a page that shows a tenant.
pub(crate) fn branded(face: Option<&Face>, form_action: &str, more: &str) -> String {
    let style = &*STYLE_HASH;
    let (own_style, images) = brand::policy(face);
    format!(
        "default-src 'none'; style-src {style}{own_style}{images}; base-uri 'none'; \
         frame-ancestors 'none'; form-action {form_action}{more}"
    )
}

/// Where the forms of a page may lead whose errand ends at this address.
pub(crate) fn towards(redirect_uri: Option<&str>) -> String {
    let Some(uri) = redirect_uri else {
        return "'self'".to_owned();
    };
    let scheme = uri.split(':').next().unwrap_or_default();
    let is_scheme = !scheme.is_empty()
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    match scheme {
        "https" => "'self' https:".to_owned(),
        "http" => "'self' https: http:".to_owned(),
        own if is_scheme => format!("'self' https: {own}:"),
        _ => "'self'".to_owned(),
    }
}
