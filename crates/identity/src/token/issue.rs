//! Issuing access tokens.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use types::{Error, Id, Result, TenantId, Timestamp, kind::ServicePrincipal};
use uuid::{Uuid, uuid};

use super::{Claims, LIFETIME_SECONDS, compact};
use crate::keys::SigningKey;
use crate::{PublicUrl, Secret};

/// Whom notifications come from, as Microsoft Graph's do: receivers look for it in `appid`.
const NOTIFICATION_PUBLISHER: Uuid = uuid!("0bf30f3b-4a52-48df-9a82-234910c4a086");

/// What a token beside notifications says. It has no subject, so that it opens nothing here.
#[derive(Serialize)]
struct NotificationClaims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    aio: String,
    appid: Uuid,
    appidacr: &'static str,
    azp: Uuid,
    azpacr: &'static str,
    idp: String,
    tid: Uuid,
    uti: String,
    ver: &'static str,
}

/// What an app-only token is to say, read in one snapshot of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppToken {
    /// The tenant that issues it.
    pub tenant: TenantId,
    /// When the tenant was made (`xms_tcdt`).
    pub tenant_created_at: Option<Timestamp>,
    /// What it is for: [`super::GRAPH_AUDIENCE`], or a resource's own.
    pub audience: String,
    /// The client.
    pub app_id: Uuid,
    /// The client's name.
    pub app_display_name: String,
    /// The client's service principal in the tenant.
    pub service_principal: Id<ServicePrincipal>,
    /// Its application permissions on the resource.
    pub roles: Vec<String>,
    /// [`crate::revocation::generation`] of the service principal.
    pub generation: u64,
    /// The key id of the secret that the client has shown, or of its certificate.
    pub key_id: Option<Uuid>,
    /// Whether that is a certificate.
    pub by_certificate: bool,
}

/// Issues the tokens of all tenants under one public URL.
#[derive(Debug, Clone)]
pub struct Issuer {
    public_url: PublicUrl,
}

impl Issuer {
    /// For this public URL.
    pub const fn new(public_url: PublicUrl) -> Self {
        Self { public_url }
    }

    pub(super) const fn public_url(&self) -> &PublicUrl {
        &self.public_url
    }

    /// Signs a token with the tenant's key. Takes about a millisecond of processor time: never
    /// call it in a transaction.
    pub fn issue(
        &self,
        token: &AppToken,
        key: &SigningKey,
        now: Timestamp,
        random: [u8; 32],
    ) -> Result<Secret> {
        let issuer = self.public_url.issuer(token.tenant);
        let (aio, uti) = random
            .split_at_checked(16)
            .ok_or_else(|| Error::internal("split"))?;
        let mut roles: Vec<Box<str>> = token
            .roles
            .iter()
            .map(|role| role.as_str().into())
            .collect();
        roles.sort_unstable();
        roles.dedup();
        let seconds = now.seconds();
        let strength = if token.by_certificate { "2" } else { "1" };
        let claims = Claims {
            aud: token.audience.clone(),
            idp: issuer.clone(),
            iss: issuer,
            iat: seconds,
            nbf: seconds,
            exp: seconds + LIFETIME_SECONDS,
            aio: BASE64_URL_SAFE_NO_PAD.encode(aio),
            app_displayname: token.app_display_name.clone(),
            appid: token.app_id,
            appidacr: strength.into(),
            azp: token.app_id,
            azpacr: strength.into(),
            idtyp: "app".into(),
            oid: token.service_principal.uuid(),
            roles,
            sub: token.service_principal.uuid(),
            tid: token.tenant.uuid(),
            uti: BASE64_URL_SAFE_NO_PAD.encode(uti),
            ver: "2.0".into(),
            iso_gen: token.generation,
            iso_key: token.key_id,
            xms_tcdt: token.tenant_created_at.map(Timestamp::seconds),
        };
        compact::sign(&claims, key).map(Secret::new)
    }

    /// Signs that notifications for an application come from this tenant. Takes about a millisecond
    /// of processor time.
    pub fn notification(
        &self,
        tenant: TenantId,
        audience: Uuid,
        key: &SigningKey,
        now: Timestamp,
        random: [u8; 32],
    ) -> Result<String> {
        let issuer = self.public_url.issuer(tenant);
        let (aio, uti) = random
            .split_at_checked(16)
            .ok_or_else(|| Error::internal("split"))?;
        let seconds = now.seconds();
        let claims = NotificationClaims {
            aud: audience.to_string(),
            idp: issuer.clone(),
            iss: issuer,
            iat: seconds,
            nbf: seconds,
            exp: seconds + LIFETIME_SECONDS,
            aio: BASE64_URL_SAFE_NO_PAD.encode(aio),
            appid: NOTIFICATION_PUBLISHER,
            appidacr: "2",
            azp: NOTIFICATION_PUBLISHER,
            azpacr: "2",
            tid: tenant.uuid(),
            uti: BASE64_URL_SAFE_NO_PAD.encode(uti),
            ver: "2.0",
        };
        compact::sign(&claims, key)
    }
}
