//! Authorization codes: handed to the browser once, redeemed by the client once.
//!
//! - A code is the tenant's id, its own, and what it stands for, sealed: nobody can read it or make one.
//!   Nothing is written when one is handed out, and none is lost.
//! - The grant that it is redeemed for has its id, and is there longer than the code is good: whoever
//!   brings the code again has stolen it, or was stolen from, so what it gave is taken back (RFC 6749
//!   §4.1.2).
//! - Each day's have a key of their own: one for all would be used up by some months of codes
//!   ([`Sealer`]).
//!
//! Source: RFC 6749 §4.1.2 and §10.5, RFC 9700 §2.1.1 and §4.5.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::ReadTx;
use types::{Error, Id, Result, TenantId, Timestamp, kind::User};
use uuid::Uuid;

use super::Platform;
use super::{ClaimsRequest, OAuthError, ScopeRequest, pkce, refresh};
use crate::sealer::Seal;
use crate::session::Methods;
use crate::{Sealer, Secret};

/// How long a code is good for.
pub const CODE_SECONDS: i64 = 600;
/// The longest code that is looked at, in characters.
const LENGTH_MAX: usize = 64 * 1024;
/// Bytes of the tenant's id and of the code's own.
const IDS_BYTES: usize = 32;
const DAY_SECONDS: i64 = 24 * 3_600;
const PURPOSE: &str = "authorization code";

// A grant that is gone would let its code be redeemed again.
const _: () = assert!(CODE_SECONDS < crate::token::LIFETIME_SECONDS);

/// Who has signed in, when and how: what tokens say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Who.
    pub user: Id<User>,
    /// The session, as `sid`.
    pub session: Uuid,
    /// The generation of the user's tokens at the sign-in.
    pub generation: u64,
    /// How.
    pub methods: Methods,
    /// When, in seconds.
    pub authenticated_at: i64,
    /// Of somebody from another tenant: the name that they sign in by there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_name: Option<String>,
}

impl SignedIn {
    /// When.
    pub const fn at(&self) -> Timestamp {
        Timestamp::from_seconds(self.authenticated_at)
    }
}

/// What a code stands for. `L`: what a log is to say of the sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeGrant<L = ()> {
    /// For which client.
    pub client_id: Uuid,
    /// Of which kind.
    pub platform: Platform,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The hash of the proof that redeems it.
    pub code_challenge: Option<String>,
    /// What the ID token is to repeat.
    pub nonce: Option<String>,
    /// What was asked for.
    pub scope: ScopeRequest,
    /// By whom it was allowed.
    pub by: SignedIn,
    /// What tokens are to say beyond the usual.
    #[serde(default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
    /// What a log doesn't say yet, and has to once there are tokens.
    #[serde(default = "nothing", skip_serializing_if = "Option::is_none")]
    pub unlogged: Option<L>,
}

fn nothing<L>() -> Option<L> {
    None
}

/// What a client shows to redeem a code.
#[derive(Debug, Clone, Copy)]
pub struct CodeProof<'a> {
    /// The client that asks, authenticated as far as it can be.
    pub client_id: Uuid,
    /// The redirect URI, if it is repeated.
    pub redirect_uri: Option<&'a str>,
    /// The proof.
    pub code_verifier: Option<&'a str>,
}

/// What a code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<L = ()> {
    /// One that hasn't been redeemed.
    Fresh(Box<Fresh<L>>),
    /// It was redeemed before, for this grant, and would be good still.
    Redeemed(Uuid),
}

/// A code that hasn't been redeemed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh<L = ()> {
    /// Its id, and that of the grant that it is redeemed for.
    pub id: Uuid,
    /// What it stands for.
    pub grant: CodeGrant<L>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// The day whose codes were written or read last, since 1970, and the seal of these.
type OfDay = (i64, Arc<Seal>);

/// Writes codes and reads them again.
#[derive(Clone)]
pub struct Codes {
    sealer: Sealer,
    latest: Arc<Mutex<Option<OfDay>>>,
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codes")
    }
}

/// What a seal is about: this very code.
fn about(id: Uuid) -> String {
    format!("{PURPOSE} {id}")
}

/// When a code of this id was handed out, to the second.
fn issued_at(id: Uuid) -> Option<Timestamp> {
    let (seconds, _) = id.get_timestamp()?.to_unix();
    Some(Timestamp::from_seconds(i64::try_from(seconds).ok()?))
}

impl Codes {
    /// With the deployment's key.
    pub fn new(sealer: Sealer) -> Self {
        Self {
            sealer,
            latest: Arc::default(),
        }
    }

    /// The seal of a day's codes.
    fn seal_at(&self, at: Timestamp) -> Result<Arc<Seal>> {
        let day = at.seconds().div_euclid(DAY_SECONDS);
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, seal)) = &*latest
            && *of == day
        {
            return Ok(Arc::clone(seal));
        }
        let seal = Arc::new(self.sealer.seal_of(&format!("{PURPOSE}s of day {day}"))?);
        *latest = Some((day, Arc::clone(&seal)));
        Ok(seal)
    }

    /// Hands out a code.
    pub fn issue<L: Serialize>(
        &self,
        tenant: TenantId,
        now: Timestamp,
        grant: &CodeGrant<L>,
    ) -> Result<Secret> {
        let milliseconds = u64::try_from(now.milliseconds()).unwrap_or(0);
        // Of version 7, as grants' ids are: it says since when the code is good.
        let id = uuid::Builder::from_unix_timestamp_millis(milliseconds, &crate::random()?);
        let id = id.into_uuid();
        let doc = serde_json::to_vec(grant).map_err(Error::internal)?;
        let sealed = self.seal_at(now)?.seal(&about(id), tenant, &doc)?;
        let mut code = Vec::with_capacity(IDS_BYTES + sealed.len());
        code.extend_from_slice(tenant.bytes());
        code.extend_from_slice(id.as_bytes());
        code.extend_from_slice(&sealed);
        Ok(Secret::new(crate::encoded(&code)))
    }

    /// What a code of this tenant says; `None` if it isn't one.
    fn read<L: DeserializeOwned>(&self, tenant: TenantId, code: &str) -> Option<Fresh<L>> {
        if code.len() > LENGTH_MAX {
            return None;
        }
        let code = BASE64_URL_SAFE_NO_PAD.decode(code).ok()?;
        let (ids, sealed) = code.split_at_checked(IDS_BYTES)?;
        let id = Uuid::from_slice(ids.strip_prefix(tenant.bytes().as_slice())?).ok()?;
        let issued_at = issued_at(id)?;
        let seal = self.seal_at(issued_at).ok()?;
        let doc = seal.open(&about(id), tenant, sealed)?;
        Some(Fresh {
            id,
            grant: serde_json::from_slice(&doc).ok()?,
            expires_at: issued_at.plus_seconds(CODE_SECONDS),
        })
    }

    /// Looks a code up; `None` if it isn't one. One whose time is over is good for nothing, so it isn't
    /// asked whether it was redeemed.
    pub fn find<L: DeserializeOwned>(
        &self,
        tx: &ReadTx<'_>,
        code: &str,
    ) -> Result<Option<Found<L>>> {
        let Some(fresh) = self.read(tx.tenant(), code) else {
            return Ok(None);
        };
        let is_redeemed = fresh.expires_at > tx.now() && refresh::exists(tx, fresh.id)?;
        Ok(Some(if is_redeemed {
            Found::Redeemed(fresh.id)
        } else {
            Found::Fresh(Box::new(fresh))
        }))
    }
}

/// The tenant that a code or a refresh token says it is of.
pub fn tenant_of(token: &str) -> Option<TenantId> {
    // 24 characters are 18 bytes, the first 16 of which are the id.
    let head = BASE64_URL_SAFE_NO_PAD.decode(token.get(..24)?).ok()?;
    Some(Id::new(Uuid::from_slice(head.get(..16)?).ok()?))
}

impl<L> CodeGrant<L> {
    /// Checks what a client shows to redeem a code. A code that isn't redeemed for that stays good:
    /// who has it but not its proof can't use it up either.
    pub fn check(
        &self,
        expires_at: Timestamp,
        now: Timestamp,
        proof: CodeProof<'_>,
    ) -> Result<(), OAuthError> {
        if self.client_id != proof.client_id {
            return Err(OAuthError::UnknownGrant);
        }
        if expires_at <= now {
            return Err(OAuthError::ExpiredCode);
        }
        // RFC 6749 §4.1.3: repeated as it was in the authorization request.
        if proof.redirect_uri != Some(&self.redirect_uri) {
            return Err(OAuthError::OtherRedirectUri);
        }
        pkce::check(self.code_challenge.as_deref(), proof.code_verifier)
    }
}
