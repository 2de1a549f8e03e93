//! Verifying access tokens.
//!
//! In this order, each step trusting only what the ones before have shown: form, key of the tenant
//! that `tid` names, signature, issuer, audience, times, and last how the service principal or user
//! stands now. A token that was verified is known until it expires or is revoked.
//!
//! Source: RFC 8725 §3 (JWT best current practice), RFC 9068 §4 (validating access tokens).

use std::sync::Arc;

use types::{Id, TenantId, Timestamp};

use super::cache::{Known, TokenCache, Unsure};
use super::claims::Read;
use super::{
    AccessToken, GRAPH_APP_ID, GRAPH_AUDIENCE, SignedIn, Subject, TokenError, Verified, VerifyError,
};
use crate::token::compact;
use crate::{KeyRing, Loader, PublicUrl, Since};

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
        match self.cache.get(token, now) {
            Known::Good(token) => Some(token),
            Known::Unsure(_) | Known::Nothing => None,
        }
    }

    /// Verifies a bearer token.
    pub async fn verify(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Verified<AccessToken>, VerifyError> {
        match self.cache.get(token, now) {
            Known::Good(known) => return Ok(known),
            Known::Unsure(unsure) => return self.look_again(token, unsure).await,
            Known::Nothing => {}
        }
        let parsed = compact::parse::<Read>(token)?;
        let tenant = TenantId::new(parsed.claims.tid);
        let keys = self
            .ring
            .get_with(tenant, &parsed.kid, now)
            .await?
            .ok_or(TokenError::UnknownTenant)?;
        let key = keys
            .verifying(&parsed.kid, now)
            .ok_or(TokenError::UnknownKey)?;
        if !parsed.is_signed_by(key) {
            return Err(TokenError::Signature.into());
        }
        let claims = parsed.claims;
        let (generation, secret) = (claims.iso_gen, claims.iso_key);
        let checked = self.check(claims, now)?;

        let loader = self.ring.loader();
        let (guard, standing) = match &checked.subject {
            Subject::Application {
                service_principal, ..
            } => (
                self.cache.guard_application(tenant, *service_principal),
                loader.standing(tenant, *service_principal, secret).await?,
            ),
            Subject::User(signed_in) => (
                self.cache.guard_user(tenant, || loader.head(tenant)),
                loader
                    .user_standing(tenant, signed_in.user, since(&checked, signed_in))
                    .await?,
            ),
        };
        let standing = standing
            .filter(|standing| generation >= standing.generation)
            .ok_or(TokenError::Revoked)?;
        let verified = Verified(Arc::new(checked));
        if !standing.hangs_elsewhere {
            self.cache.keep(token, verified.clone(), generation, guard);
        }
        Ok(verified)
    }

    /// The feed has moved: whether the user still stands as the token needs it.
    async fn look_again(
        &self,
        text: &str,
        unsure: Unsure,
    ) -> Result<Verified<AccessToken>, VerifyError> {
        let token = unsure.token();
        let position = unsure.position();
        let standing = match token.signed_in() {
            Some(signed_in) => {
                let loader = self.ring.loader();
                loader
                    .user_standing(token.tenant, signed_in.user, since(token, signed_in))
                    .await?
            }
            None => None,
        };
        if standing.is_none_or(|standing| unsure.generation() < standing.generation) {
            self.cache.drop_token(text);
            return Err(TokenError::Revoked.into());
        }
        if let Some(position) = position {
            unsure.stood_at(position);
        }
        Ok(token.clone())
    }

    /// The claims of a token that its tenant has signed.
    fn check(&self, claims: Read, now: Timestamp) -> Result<AccessToken, TokenError> {
        let tenant = TenantId::new(claims.tid);
        if claims.iss != self.public_url.issuer(tenant) {
            return Err(TokenError::Issuer);
        }
        if !self.options.audiences.contains(&claims.aud) {
            return Err(TokenError::Audience);
        }
        let (app_id, issued_at) = (claims.appid, Timestamp::from_seconds(claims.iat));
        let (expires_at, begins_at) = (
            Timestamp::from_seconds(claims.exp),
            Timestamp::from_seconds(claims.nbf),
        );
        let (audience, unique_id) = (claims.aud.clone().into(), claims.uti.clone().into());
        let subject = subject(claims).ok_or(TokenError::Malformed)?;
        if now >= expires_at {
            return Err(TokenError::Expired);
        }
        if now.plus_seconds(self.options.skew_seconds) < begins_at {
            return Err(TokenError::NotYetValid);
        }
        Ok(AccessToken {
            tenant,
            app_id,
            subject,
            audience,
            unique_id,
            issued_at,
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

fn since(token: &AccessToken, signed_in: &SignedIn) -> Since {
    Since {
        app_id: token.app_id,
        session: signed_in.session,
        issued_at: token.issued_at,
    }
}

/// Whose token it is; `None` if it doesn't say what tokens of its kind say.
fn subject(claims: Read) -> Option<Subject> {
    match claims.idtyp.as_str() {
        "app" => (claims.scp.is_none() && claims.sub == claims.oid.to_string()).then(|| {
            Subject::Application {
                service_principal: Id::new(claims.oid),
                roles: claims.roles.into(),
            }
        }),
        "user" => Some(Subject::User(SignedIn {
            user: Id::new(claims.oid),
            subject: Some(claims.sub).filter(|sub| !sub.is_empty())?.into(),
            user_principal_name: claims.preferred_username?.into(),
            name: claims.name?.into(),
            scopes: claims
                .scp?
                .split_ascii_whitespace()
                .map(Box::from)
                .collect(),
            roles: claims.roles.into(),
            wids: claims.wids.into(),
            is_guest: claims.acct? != 0,
            home: match (claims.home_tid, claims.home_oid) {
                (Some(tenant), Some(user)) => Some((Id::new(tenant), Id::new(user))),
                (None, None) => None,
                _ => return None,
            },
            session: claims.sid?,
            amr: claims.amr.into(),
            auth_time: Timestamp::from_seconds(claims.auth_time?),
        })),
        _ => None,
    }
}
