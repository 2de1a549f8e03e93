//! Tokens: issuing them, and verifying those that are for this API.
//!
//! - A token is a JWT signed by the key of one tenant: with RS256, but people's for our own API with
//!   ES256, which nobody else has to check ([`crate::keys`]). Its claims are those of the
//!   Microsoft identity platform, version 2.0: app-only tokens, delegated ones, ID tokens.
//! - [`Verified`] is made by the [`Verifier`] only, so a function that takes one needs no check.
//! - The signature is made and checked here on aws-lc-rs rather than through a JWT library: keys
//!   are parsed once, time is an argument, and each half of a key has one algorithm, so that nothing
//!   in a token can choose how it is checked (RFC 8725 §3.1).
//!
//! Source: RFC 7519 (JWT), RFC 7515 (JWS), Microsoft identity platform, access token claims.

mod cache;
mod challenge;
mod claims;
mod compact;
mod error;
mod hint;
mod issue;
mod logout;
mod subject;
mod verify;

use std::ops::Deref;
use std::sync::Arc;

use types::{Actor, Id, TenantId, Timestamp, kind::ServicePrincipal, kind::User};
use uuid::Uuid;

pub use challenge::takes_challenges;
pub(crate) use compact::Algorithm;
pub use error::{TokenError, VerifyError};
pub use hint::{IdTokenHint, id_token_hint, tenant_of_hint};
pub use issue::{AppToken, ClientStrength, IdToken, Issuer, UserToken};
pub use verify::{Verifier, VerifierOptions};

/// Seconds from a token's issue to its expiry; what the token endpoint tells as `expires_in`.
pub const LIFETIME_SECONDS: i64 = 3599;
/// The audience of tokens for the Graph API.
pub const GRAPH_AUDIENCE: &str = "https://graph.microsoft.com";
/// The client id under which every tenant knows the Graph API.
pub const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";

/// What an access token says. Trust it only as [`Verified`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Whose token; all that it opens is in this tenant.
    pub tenant: TenantId,
    /// The client.
    pub app_id: Uuid,
    /// Who acts with it.
    pub subject: Subject,
    /// What it is for.
    pub audience: Box<str>,
    /// Its own id, for logs.
    pub unique_id: Box<str>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Who acts with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The client itself.
    Application {
        /// Its service principal in the tenant.
        service_principal: Id<ServicePrincipal>,
        /// The application permissions, sorted.
        roles: Arc<[Box<str>]>,
    },
    /// A user, for whom the client acts.
    User(SignedIn),
}

/// A signed-in user as a token shows one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The object in the token's tenant.
    pub user: Id<User>,
    /// Who the user is to the client.
    pub subject: Box<str>,
    /// The name that the user signed in by: that of home, of a user from another tenant.
    pub user_principal_name: Box<str>,
    /// The user's name for people.
    pub name: Box<str>,
    /// The delegated permissions, sorted.
    pub scopes: Arc<[Box<str>]>,
    /// The app roles, sorted.
    pub roles: Arc<[Box<str>]>,
    /// The templates of the directory roles at the issue. What the directory says now counts.
    pub wids: Arc<[Uuid]>,
    /// Whether the user was a guest at the issue.
    pub is_guest: bool,
    /// Of a user from another tenant: that tenant and the object there.
    pub home: Option<(TenantId, Id<User>)>,
    /// The session.
    pub session: Uuid,
    /// How the user has proved who they are.
    pub amr: Arc<[Box<str>]>,
    /// When that was.
    pub auth_time: Timestamp,
}

impl AccessToken {
    /// Who acts with it.
    pub const fn actor(&self) -> Actor {
        match &self.subject {
            Subject::Application {
                service_principal, ..
            } => Actor::Application {
                app_id: self.app_id,
                service_principal_id: service_principal.uuid(),
            },
            Subject::User(signed_in) => Actor::User {
                id: signed_in.user.uuid(),
                app_id: self.app_id,
            },
        }
    }
    /// Whether it carries an application permission.
    pub fn has_role(&self, role: &str) -> bool {
        match &self.subject {
            Subject::Application { roles, .. } => roles.iter().any(|own| **own == *role),
            Subject::User(_) => false,
        }
    }
    /// Whether it carries a delegated permission.
    pub fn has_scope(&self, scope: &str) -> bool {
        match &self.subject {
            Subject::Application { .. } => false,
            Subject::User(signed_in) => signed_in.scopes.iter().any(|own| **own == *scope),
        }
    }
    /// The user who is signed in, if there is one.
    pub const fn signed_in(&self) -> Option<&SignedIn> {
        match &self.subject {
            Subject::Application { .. } => None,
            Subject::User(signed_in) => Some(signed_in),
        }
    }
}

/// Something that was verified. Only the [`Verifier`] makes one.
#[derive(Debug)]
pub struct Verified<T>(Arc<T>);

impl<T> Clone for Verified<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
