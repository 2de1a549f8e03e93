//! The claims as they are written, and as they are read.
//!
//! What is ours and nobody else's begins with `iso_`. `appid` and `appidacr` are written beside
//! `azp` and `azpacr`, as services that know the older form look for them.
//!
//! Source: Microsoft identity platform, "Access token claims reference", "ID token claims
//! reference" and "Optional claims reference"; RFC 9068 §2.2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What all access tokens say.
#[derive(Serialize)]
pub(super) struct Common {
    pub(super) aud: String,
    pub(super) iss: String,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) aio: String,
    pub(super) app_displayname: String,
    pub(super) appid: Uuid,
    /// How the client authenticated: 0, not at all; 1, by a secret; 2, by a certificate.
    pub(super) appidacr: &'static str,
    pub(super) azp: Uuid,
    pub(super) azpacr: &'static str,
    /// The issuer of the tenant where the subject signed in.
    pub(super) idp: String,
    /// `app` or `user`.
    pub(super) idtyp: &'static str,
    pub(super) oid: Uuid,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<Box<str>>,
    pub(super) sub: String,
    pub(super) tid: Uuid,
    pub(super) uti: String,
    pub(super) ver: &'static str,
    /// The generation of [`crate::revocation`].
    pub(super) iso_gen: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) xms_tcdt: Option<i64>,
}

/// What an application's token says besides.
#[derive(Serialize)]
pub(super) struct OfApplication {
    #[serde(flatten)]
    pub(super) common: Common,
    /// The key id of the secret or certificate that it was granted for; it ends when that is
    /// removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iso_key: Option<Uuid>,
}

/// What a user's token says besides.
#[derive(Serialize)]
pub(super) struct OfUser {
    #[serde(flatten)]
    pub(super) common: Common,
    /// 0, a member of the tenant; 1, a guest.
    pub(super) acct: u8,
    pub(super) amr: Vec<String>,
    pub(super) auth_time: i64,
    /// Of a user from another tenant: the object there. Its tenant is the issuer's that `idp` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) home_oid: Option<Uuid>,
    /// That tenant by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) home_tid: Option<Uuid>,
    pub(super) name: String,
    pub(super) preferred_username: String,
    /// The delegated permissions, with a blank between each two.
    pub(super) scp: String,
    pub(super) sid: Uuid,
    /// The templates of the user's directory roles, as they were at the issue.
    pub(super) wids: Vec<Uuid>,
    /// What else is asked for.
    #[serde(flatten)]
    pub(super) optional: Map<String, Value>,
}

impl OfUser {
    /// Without what is asked for in the name of another claim: a name that comes twice is read by some
    /// as the first and by others as the second.
    pub(super) fn alone(mut self) -> Self {
        self.optional
            .retain(|name, _| OPTIONAL.contains(&name.as_str()));
        self
    }
}

/// What can be asked for.
const OPTIONAL: [&str; 17] = [
    "_claim_names",
    "_claim_sources",
    "acrs",
    "ctry",
    "email",
    "family_name",
    "given_name",
    "groups",
    "login_hint",
    "tenant_ctry",
    "upn",
    "verified_primary_email",
    "verified_secondary_email",
    "xms_cc",
    "xms_edov",
    "xms_pl",
    "xms_tpl",
];

/// What is read of either.
#[derive(Deserialize)]
pub(super) struct Read {
    pub(super) aud: String,
    pub(super) iss: String,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) appid: Uuid,
    pub(super) idtyp: String,
    pub(super) oid: Uuid,
    #[serde(default)]
    pub(super) roles: Vec<Box<str>>,
    pub(super) sub: String,
    pub(super) tid: Uuid,
    pub(super) uti: String,
    pub(super) iso_gen: u64,
    pub(super) iso_key: Option<Uuid>,
    pub(super) acct: Option<u8>,
    #[serde(default)]
    pub(super) amr: Vec<Box<str>>,
    pub(super) auth_time: Option<i64>,
    pub(super) home_oid: Option<Uuid>,
    pub(super) home_tid: Option<Uuid>,
    pub(super) name: Option<String>,
    pub(super) preferred_username: Option<String>,
    pub(super) scp: Option<String>,
    pub(super) sid: Option<Uuid>,
    #[serde(default)]
    pub(super) wids: Vec<Uuid>,
}
