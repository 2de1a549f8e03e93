//! ID tokens that clients hand back, to say whom they mean.
//!
//! Source: OpenID Connect RP-Initiated Logout 1.0 §2 and §4.

use serde::Deserialize;
use types::{TenantId, Timestamp};
use uuid::Uuid;

use super::{Algorithm, TokenError, compact};
use crate::PublicUrl;
use crate::keys::TenantKeys;

/// What an ID token says that a client hands back as a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct IdTokenHint {
    /// The client that it was for.
    #[serde(rename = "aud")]
    pub app_id: Uuid,
    /// The session.
    #[serde(rename = "sid")]
    pub session: Uuid,
    /// The user, where the client was told.
    #[serde(rename = "oid", default)]
    pub user: Option<Uuid>,
}

#[derive(Deserialize)]
struct HintClaims {
    iss: String,
    tid: Uuid,
    /// What access tokens have.
    #[serde(default)]
    idtyp: Option<String>,
    #[serde(flatten)]
    hint: IdTokenHint,
}

/// The tenant that a hint says it is of, unverified: to find the keys that tell.
pub fn tenant_of_hint(token: &str) -> Option<TenantId> {
    #[derive(Deserialize)]
    struct Claims {
        tid: Uuid,
    }
    let parsed = compact::parse::<Claims>(token).ok()?;
    Some(TenantId::new(parsed.claims.tid))
}

/// Reads an ID token that was issued here, however long ago (OpenID Connect RP-Initiated Logout §4).
pub fn id_token_hint(
    public_url: &PublicUrl,
    tenant: TenantId,
    keys: &TenantKeys,
    token: &str,
    now: Timestamp,
) -> Result<IdTokenHint, TokenError> {
    let parsed = compact::parse::<HintClaims>(token)?;
    // What the API alone checks is no ID token.
    if parsed.algorithm != Algorithm::Rs256 {
        return Err(TokenError::Malformed);
    }
    let key = keys
        .verifying(&parsed.kid, now)
        .ok_or(TokenError::UnknownKey)?;
    if !parsed.is_signed_by(key) {
        return Err(TokenError::Signature);
    }
    let claims = parsed.claims;
    if claims.idtyp.is_some() {
        return Err(TokenError::Malformed);
    }
    if claims.iss != public_url.issuer(tenant) || claims.tid != tenant.uuid() {
        return Err(TokenError::Issuer);
    }
    Ok(claims.hint)
}
