//! Authorization codes: handed to the browser once, redeemed by the client once.
//!
//! - A code is the tenant's id and 256 random bits; the store has its hash.
//! - A redeemed one is kept until its time is over: whoever brings it again has stolen it, or was
//!   stolen from, so what it gave is taken back (RFC 6749 §4.1.2).
//!
//! Source: RFC 6749 §4.1.2 and §10.5, RFC 9700 §2.1.1 and §4.5.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind::User};
use uuid::Uuid;

use super::Platform;
use super::{ClaimsRequest, OAuthError, ScopeRequest, pkce};
use crate::session::Methods;
use crate::{Secret, sha256};

/// How long a code is good for.
pub const CODE_SECONDS: i64 = 600;

const INSERT: &str = "INSERT INTO authorization_codes (tenant_id, code_hash, doc, expires_at) \
    VALUES (?1, ?2, ?3, ?4)";
const FIND: &str = "SELECT doc, expires_at, redeemed_by FROM authorization_codes \
    WHERE tenant_id = ?1 AND code_hash = ?2";
const REDEEM: &str = "UPDATE authorization_codes SET redeemed_by = ?3 \
    WHERE tenant_id = ?1 AND code_hash = ?2 AND redeemed_by IS NULL";
const EXPIRED: &str = "SELECT code_hash FROM authorization_codes WHERE tenant_id = ?1 \
    AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3";
const DELETE: &str = "DELETE FROM authorization_codes WHERE tenant_id = ?1 AND code_hash = ?2";

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

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeGrant {
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
    #[serde(default)]
    pub claims: ClaimsRequest,
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
pub enum Found {
    /// One that hasn't been redeemed.
    Fresh {
        /// What it stands for.
        grant: Box<CodeGrant>,
        /// Until when it is good.
        expires_at: Timestamp,
    },
    /// It was redeemed before, for this grant.
    Redeemed(Uuid),
}

/// Hands out a code.
pub fn issue(tx: &mut Tx<'_>, grant: &CodeGrant) -> Result<Secret> {
    let tenant = tx.tenant();
    let mut bytes = tenant.bytes().to_vec();
    bytes.extend_from_slice(&tx.random_bytes::<32>());
    let code = Secret::new(crate::encoded(&bytes));
    let hash = sha256(code.expose().as_bytes());
    let doc = serde_json::to_string(grant).map_err(Error::internal)?;
    let expires_at = tx.now().plus_seconds(CODE_SECONDS);
    tx.bookkeeping()
        .execute(INSERT, params![&tenant, &hash, &doc, expires_at])?;
    Ok(code)
}

/// The tenant that a code or a refresh token says it is of.
pub fn tenant_of(token: &str) -> Option<TenantId> {
    // 24 characters are 18 bytes, the first 16 of which are the id.
    let head = BASE64_URL_SAFE_NO_PAD.decode(token.get(..24)?).ok()?;
    Some(Id::new(Uuid::from_slice(head.get(..16)?).ok()?))
}

/// Looks a code up; `None` if it isn't one.
pub fn find(tx: &ReadTx<'_>, code: &str) -> Result<Option<Found>> {
    let hash = sha256(code.as_bytes());
    tx.query_one(FIND, params![&tx.tenant(), &hash], |row| {
        Ok(match row.opt_uuid(2)? {
            Some(grant) => Found::Redeemed(grant),
            None => Found::Fresh {
                grant: serde_json::from_str(row.text(0)?).map_err(Error::internal)?,
                expires_at: row.timestamp(1)?,
            },
        })
    })
}

impl CodeGrant {
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

/// Notes that a code was redeemed for a grant with this id.
pub fn redeem(tx: &mut Tx<'_>, code: &str, grant: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    let hash = sha256(code.as_bytes());
    tx.bookkeeping()
        .execute(REDEEM, params![&tenant, &hash, &grant])
        .map(drop)
}

/// Drops codes whose time is over, so many at most; answers how many.
pub fn sweep(tx: &mut Tx<'_>, limit: usize) -> Result<usize> {
    let tenant = tx.tenant();
    let over: Vec<Vec<u8>> = tx.query(EXPIRED, params![&tenant, tx.now(), limit], |row| {
        row.bytes(0).map(<[u8]>::to_vec)
    })?;
    for hash in &over {
        tx.bookkeeping().execute(DELETE, params![&tenant, hash])?;
    }
    Ok(over.len())
}
