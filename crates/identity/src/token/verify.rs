//! Verifying access tokens.
//!
//! In this order, each step trusting only what the ones before have shown: form, key of the tenant
//! that `tid` names, signature, issuer, audience, times, and last how the service principal stands
//! now. A token that was verified is known until it expires or is revoked.
//!
//! Source: RFC 8725 §3 (JWT best current practice), RFC 9068 §4 (validating access tokens).

use std::sync::Arc;

use types::{Id, TenantId, Timestamp};

use super::cache::TokenCache;
use super::{AccessToken, Claims, GRAPH_APP_ID, GRAPH_AUDIENCE, TokenError, Verified, VerifyError};
use crate::token::compact;
use crate::{KeyRing, Loader, PublicUrl};

/// The most that a token's beginning may lie in the future.
const SKEW_SECONDS_MAX: i64 = 60;

/// How a [`Verifier`] is set up.
#[derive(Debug, Clone)]
pub struct VerifierOptions {
    /// The audiences that are meant for this API.
    pub audiences: Vec<String>,
    /// How far a token's beginning may lie in the future, because nodes' clocks differ; at most
    /// 60. There is no such leeway at its end.
    pub skew_seconds: i64,
    /// How much memory verified tokens may take.
    pub cache_bytes: u64,
}

impl VerifierOptions {
    /// For the Graph API of a deployment.
    pub fn graph(public_url: &PublicUrl) -> Self {
        Self {
            audiences: vec![
                GRAPH_AUDIENCE.into(),
                GRAPH_APP_ID.into(),
                public_url.as_str().into(),
            ],
            skew_seconds: 5,
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// Verifies the bearer tokens of all tenants.
pub struct Verifier<L> {
    public_url: PublicUrl,
    options: VerifierOptions,
    ring: Arc<KeyRing<L>>,
    cache: TokenCache,
}

impl<L: Loader> Verifier<L> {
    /// A verifier of tokens that were issued under this public URL.
    pub fn new(public_url: PublicUrl, mut options: VerifierOptions, ring: Arc<KeyRing<L>>) -> Self {
        options.skew_seconds = options.skew_seconds.clamp(0, SKEW_SECONDS_MAX);
        let cache = TokenCache::new(options.cache_bytes);
        Self {
            public_url,
            options,
            ring,
            cache,
        }
    }

    /// A token that is known already: one hash and one look-up, for those who want to avoid a
    /// future. `None` says nothing about the token.
    pub fn known(&self, token: &str, now: Timestamp) -> Option<Verified<AccessToken>> {
        self.cache.get(token, now)
    }

    /// Verifies a bearer token.
    pub async fn verify(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Verified<AccessToken>, VerifyError> {
        if let Some(known) = self.known(token, now) {
            return Ok(known);
        }
        let parsed = compact::parse::<Claims>(token)?;
        let claims = parsed.claims;
        let tenant = TenantId::new(claims.tid);
        let keys = self
            .ring
            .get_with(tenant, &parsed.kid, now)
            .await?
            .ok_or(TokenError::UnknownTenant)?;
        let key = keys
            .verifying(&parsed.kid, now)
            .ok_or(TokenError::UnknownKey)?;
        if !key.verifies(parsed.message, &parsed.signature) {
            return Err(TokenError::Signature.into());
        }
        let (generation, secret) = (claims.iso_gen, claims.iso_key);
        let checked = self.check(claims, now)?;

        let principal = checked.service_principal;
        let flags = self.cache.flags(tenant, principal);
        let standing = self
            .ring
            .loader()
            .standing(tenant, principal, secret)
            .await?;
        if standing.is_none_or(|standing| generation < standing.generation) {
            return Err(TokenError::Revoked.into());
        }
        let verified = Verified(Arc::new(checked));
        self.cache.keep(token, verified.clone(), flags);
        Ok(verified)
    }

    /// The claims of a token that its tenant has signed.
    fn check(&self, claims: Claims, now: Timestamp) -> Result<AccessToken, TokenError> {
        let tenant = TenantId::new(claims.tid);
        if claims.iss != self.public_url.issuer(tenant) {
            return Err(TokenError::Issuer);
        }
        if !self.options.audiences.contains(&claims.aud) {
            return Err(TokenError::Audience);
        }
        if claims.idtyp != "app" || claims.sub != claims.oid {
            return Err(TokenError::Malformed);
        }
        let expires_at = Timestamp::from_seconds(claims.exp);
        if now >= expires_at {
            return Err(TokenError::Expired);
        }
        if now.plus_seconds(self.options.skew_seconds) < Timestamp::from_seconds(claims.nbf) {
            return Err(TokenError::NotYetValid);
        }
        Ok(AccessToken {
            tenant,
            app_id: claims.appid,
            service_principal: Id::new(claims.oid),
            roles: claims.roles.into(),
            audience: claims.aud.into(),
            unique_id: claims.uti.into(),
            issued_at: Timestamp::from_seconds(claims.iat),
            expires_at,
        })
    }

    /// What was known of a service principal's tokens is checked anew. Call it once a change of
    /// its standing is committed.
    pub fn forget_principal(&self, tenant: TenantId, principal: Id<types::kind::ServicePrincipal>) {
        self.cache.forget_principal(tenant, principal);
    }

    /// What was known of a tenant's tokens and keys is checked anew.
    pub fn forget_tenant(&self, tenant: TenantId) {
        self.ring.forget(tenant);
        self.cache.forget_tenant(tenant);
    }
}
