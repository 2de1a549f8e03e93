//! The sign-in pages: plain HTML that works without a script, in a browser's language, on a phone,
//! by keyboard and with a password manager.
//!
//! - A page is made of what `node` says there is to show; what comes from people and from clients is
//!   escaped by the template (maud) and never put into a script, a style or an attribute's name.
//! - The one style stands in the page, and the Content-Security-Policy names its hash; nothing is
//!   loaded from anywhere, and no site can frame a page.
//! - There are three scripts, named by their hashes as well: one posts an answer to a client
//!   (`form_post`), one asks for passkeys (`passkey`), one shows times by the browser's clock (`times`).
//!   Without them there are buttons, other ways, and UTC.
//!
//! Source: OWASP Authentication Cheat Sheet; HTML §4.10.18.7 (autofill); Content Security Policy 3;
//! OAuth 2.0 Form Post Response Mode.

mod brand;
mod factors;
mod form_post;
mod language;
mod layout;
mod own;
mod passkey;
mod policy;
mod qr;
mod screens;
mod setup;
mod times;
mod words;

use identity::oauth::Trail;
use node::oauth::{AccountView, Face, Screen};

pub use form_post::form_post;
pub use language::{Language, wished};
pub use setup::{Passkeys, Setup, render as setup};

/// What all pages know.
#[derive(Debug, Clone)]
pub struct Page {
    /// The tenant, if it is known.
    pub face: Option<Face>,
    /// Where its forms go.
    pub action: String,
    /// What its forms carry; nothing for a page that ends a sign-in.
    pub flow: Option<String>,
    /// Where its errand ends, if that is a client.
    pub redirect_uri: Option<String>,
    /// In which language.
    pub language: Language,
    /// What ties it to the log.
    pub trail: Trail,
}

/// A page, and the policy that it is to be sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The document.
    pub html: String,
    /// `Content-Security-Policy`.
    pub policy: String,
}

/// Renders a page.
pub fn render(screen: &Screen, page: &Page) -> Rendered {
    screens::render(screen, page)
}

/// Asks for a name, to find the tenant by its domain, or which of the accounts of all tenants that the
/// browser is signed in with; the form goes on to `action` with these parameters.
pub fn find_tenant(
    action: &str,
    parameters: &[(String, String)],
    accounts: &[AccountView],
    is_unknown: bool,
    language: Language,
) -> Rendered {
    screens::find_tenant(action, parameters, accounts, is_unknown, language)
}
