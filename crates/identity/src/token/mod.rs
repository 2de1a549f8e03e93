//! Access tokens: issuing them and verifying them.
//!
//! - A token is a JWT signed with RS256 by the key of one tenant. Its claims are those of an
//!   app-only token of the Microsoft identity platform, version 2.0.
//! - [`Verified`] is made by the [`Verifier`] only, so a function that takes one needs no check.
//! - The signature is made and checked here on aws-lc-rs rather than through a JWT library: keys
//!   are parsed once, time is an argument, and there is one algorithm, so that nothing in a token
//!   can choose how it is checked (RFC 8725 §3.1).
//!
//! Source: RFC 7519 (JWT), RFC 7515 (JWS), Microsoft identity platform, access token claims.

mod cache;
mod compact;
mod error;
mod issue;
mod user;
mod verify;

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use types::{Actor, Id, TenantId, Timestamp, kind::ServicePrincipal};
use uuid::Uuid;

pub use error::{TokenError, VerifyError};
pub use issue::{AppToken, Issuer};
pub use user::{
    ClientStrength, IdToken, IdTokenHint, UserCaller, UserToken, id_token_hint, pairwise,
};
pub use verify::{Verifier, VerifierOptions};

/// Seconds from a token's issue to its expiry; what the token endpoint tells as `expires_in`.
pub const LIFETIME_SECONDS: i64 = 3599;
/// The audience of tokens for the Graph API.
pub const GRAPH_AUDIENCE: &str = "https://graph.microsoft.com";
/// The client id under which every tenant knows the Graph API.
pub const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";

/// What a token says. Trust it only as [`Verified`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Whose token; all that it opens is in this tenant.
    pub tenant: TenantId,
    /// The client.
    pub app_id: Uuid,
    /// The client's service principal in the tenant.
    pub service_principal: Id<ServicePrincipal>,
    /// The application permissions, sorted.
    pub roles: Arc<[Box<str>]>,
    /// What it is for.
    pub audience: Box<str>,
    /// Its own id, for logs.
    pub unique_id: Box<str>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl AccessToken {
    /// Whether it carries an application permission.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| **own == *role)
    }
    /// Who acts with it.
    pub const fn actor(&self) -> Actor {
        Actor::Application {
            app_id: self.app_id,
            service_principal_id: self.service_principal.uuid(),
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

/// The claims as they are written.
#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    aio: String,
    app_displayname: String,
    appid: Uuid,
    /// How the client authenticated: 1, by a secret; 2, by a certificate.
    appidacr: String,
    azp: Uuid,
    azpacr: String,
    idp: String,
    idtyp: String,
    oid: Uuid,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<Box<str>>,
    sub: Uuid,
    tid: Uuid,
    uti: String,
    ver: String,
    /// Ours: the generation of [`crate::revocation`].
    iso_gen: u64,
    /// Ours: the key id of the secret or certificate that it was granted for; it ends when that is
    /// removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iso_key: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xms_tcdt: Option<i64>,
}
