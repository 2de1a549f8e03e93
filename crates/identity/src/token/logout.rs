//! Logout tokens: what tells a client's server that a session has ended.
//!
//! They have a type of their own and no nonce, so that none passes for an ID token.
//!
//! Source: OpenID Connect Back-Channel Logout 1.0 §2.4.

use serde_json::json;
use types::{Id, Result, TenantId, Timestamp, kind::User};
use uuid::Uuid;

use super::{Issuer, compact};
use crate::Secret;
use crate::keys::SigningKey;

/// How long one is good for.
const LIFETIME_SECONDS: i64 = 120;

impl Issuer {
    /// Signs that a session has ended, for a client. Takes about a millisecond of processor time.
    pub fn logout(
        &self,
        tenant: TenantId,
        app_id: Uuid,
        (user, session): (Id<User>, Uuid),
        key: &SigningKey,
        now: Timestamp,
        random: [u8; 16],
    ) -> Result<Secret> {
        let seconds = now.seconds();
        let claims = json!({
            "iss": self.public_url().issuer(tenant),
            "aud": app_id,
            "iat": seconds,
            "exp": seconds + LIFETIME_SECONDS,
            "jti": crate::encoded(&random),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            "sid": session,
            "sub": self.subject(tenant, user, app_id),
            "tid": tenant,
        });
        compact::sign_typed("logout+jwt", &claims, key).map(Secret::new)
    }
}
