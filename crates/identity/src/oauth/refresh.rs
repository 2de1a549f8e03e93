//! Refresh tokens: each is good once, and gives its successor.
//!
//! - All that came of one sign-in of a client are one row, with the number and the hash of the one
//!   that is good. A token says its number and is signed, so that an earlier one is known for what
//!   it is however long ago it was used, without any of them being kept.
//! - An earlier one has two owners, one of whom has stolen it: all are taken back (RFC 9700
//!   §4.14.2).
//! - A script in a browser has them for a day in all, others for 90 days from the last use, as
//!   Microsoft documents.
//!
//! Source: RFC 6749 §6, RFC 9700 §4.14; Microsoft identity platform, "Refresh tokens".

use serde::{Deserialize, Serialize};
use store::{Change, Op, ReadTx, Recorded, Row, Tx, params};
use types::{Error, Id, Result, Timestamp, kind::User};
use uuid::Uuid;

use super::code::SignedIn;
use super::{ClaimsRequest, OAuthError, Platform, ScopeRequest};
use crate::{Sealer, Secret, revocation, sha256};

/// How long a script in a browser has refresh tokens.
pub const SPA_SECONDS: i64 = 24 * 3_600;
/// How long others have one that they don't use.
pub const IDLE_SECONDS: i64 = 90 * 24 * 3_600;
const PURPOSE: &str = "refresh token";

const INSERT: &str = "INSERT INTO token_grants (tenant_id, id, user_id, app_id, session_id, \
    is_browser, doc, number, token_hash, created_at, used_at, expires_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?9, ?10)";
const FIND: &str = "SELECT app_id, doc, number, token_hash, expires_at, revoked_at \
    FROM token_grants WHERE tenant_id = ?1 AND id = ?2";
const EXISTS: &str = "SELECT count(*) FROM token_grants WHERE tenant_id = ?1 AND id = ?2";
const ROTATE: &str = "UPDATE token_grants SET number = ?3, token_hash = ?4, used_at = ?5, \
    expires_at = ?6 WHERE tenant_id = ?1 AND id = ?2";
const REVOKE: &str = "UPDATE token_grants SET revoked_at = ?3, token_hash = NULL \
    WHERE tenant_id = ?1 AND id = ?2 AND revoked_at IS NULL";
const REVOKE_BROWSERS: &str = "UPDATE token_grants SET revoked_at = ?3, token_hash = NULL \
    WHERE tenant_id = ?1 AND user_id = ?2 AND session_id = ?4 AND is_browser = 1 \
    AND revoked_at IS NULL";
const REVOKE_CLIENT: &str = "UPDATE token_grants SET revoked_at = ?4, token_hash = NULL \
    WHERE tenant_id = ?1 AND user_id = ?2 AND app_id = ?3 AND revoked_at IS NULL";
const REVOKED_AT: &str = "SELECT max(revoked_at) FROM token_grants WHERE tenant_id = ?1 \
    AND user_id = ?2 AND session_id = ?3 AND app_id = ?4";
const EXPIRED: &str = "SELECT id FROM token_grants WHERE tenant_id = ?1 AND expires_at <= ?2 \
    ORDER BY expires_at LIMIT ?3";
const DELETE: &str = "DELETE FROM token_grants WHERE tenant_id = ?1 AND id = ?2";

/// What a client has from one sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenGrant {
    /// Which client.
    pub client_id: Uuid,
    /// Of which kind.
    pub platform: Platform,
    /// What it asked for.
    pub scope: ScopeRequest,
    /// In whose name.
    pub by: SignedIn,
    /// What tokens are to say beyond the usual.
    #[serde(default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
}

/// What a refresh token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The one that is good.
    Good(Box<Current>),
    /// One that was used before.
    Used {
        /// The grant.
        id: Uuid,
        /// Whose it is.
        user: Id<User>,
    },
    /// None that is good.
    Refused(OAuthError),
}

/// The refresh token of a grant that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// The grant.
    pub id: Uuid,
    /// What the client has.
    pub grant: TokenGrant,
    number: u64,
    expires_at: Timestamp,
}

/// Writes refresh tokens and knows them again.
#[derive(Debug, Clone)]
pub struct RefreshTokens {
    sealer: Sealer,
}

struct Kept {
    app_id: Uuid,
    grant: TokenGrant,
    number: u64,
    hash: Option<Vec<u8>>,
    expires_at: Timestamp,
    is_revoked: bool,
}

fn kept(row: &Row<'_>) -> Result<Kept> {
    Ok(Kept {
        app_id: row.uuid(0)?,
        grant: serde_json::from_str(row.text(1)?).map_err(Error::internal)?,
        number: row.count(2)?,
        hash: row.opt_bytes(3)?.map(<[u8]>::to_vec),
        expires_at: row.timestamp(4)?,
        is_revoked: row.opt_timestamp(5)?.is_some(),
    })
}

impl RefreshTokens {
    /// With the deployment's key.
    pub const fn new(sealer: Sealer) -> Self {
        Self { sealer }
    }

    fn write(&self, tx: &mut Tx<'_>, id: Uuid, number: u64) -> (Secret, [u8; 32]) {
        let tenant = tx.tenant();
        let mut payload = tenant.bytes().to_vec();
        payload.extend_from_slice(id.as_bytes());
        payload.extend_from_slice(&number.to_be_bytes());
        payload.extend_from_slice(&tx.random_bytes::<32>());
        let token = Secret::new(self.sealer.sign_cursor(PURPOSE, tenant, &payload));
        let hash = sha256(token.expose().as_bytes());
        (token, hash)
    }

    fn read(&self, tx: &ReadTx<'_>, token: &str) -> Option<(Uuid, u64)> {
        let payload = self
            .sealer
            .verify_cursor(PURPOSE, tx.tenant(), token)
            .ok()?;
        let id = Uuid::from_slice(payload.get(16..32)?).ok()?;
        let number = payload.get(32..40)?.try_into().ok()?;
        Some((id, u64::from_be_bytes(number)))
    }

    /// Writes down what a client has, so that it can be taken back; answers the first refresh token,
    /// if there is to be one.
    pub fn begin(&self, tx: &mut Tx<'_>, id: Uuid, grant: &TokenGrant) -> Result<Option<Secret>> {
        let (tenant, now) = (tx.tenant(), tx.now());
        let is_browser = grant.platform == Platform::Spa;
        let (first, seconds) = if grant.scope.has("offline_access") {
            let first = self.write(tx, id, 0);
            (
                Some(first),
                if is_browser {
                    SPA_SECONDS
                } else {
                    IDLE_SECONDS
                },
            )
        } else {
            // As long as the access token that it gave.
            (None, crate::token::LIFETIME_SECONDS)
        };
        let doc = serde_json::to_string(grant).map_err(Error::internal)?;
        tx.bookkeeping().execute(
            INSERT,
            params![
                &tenant,
                &id,
                &grant.by.user,
                &grant.client_id,
                &grant.by.session,
                is_browser,
                &doc,
                first.as_ref().map(|(_, hash)| hash),
                now,
                now.plus_seconds(seconds)
            ],
        )?;
        Ok(first.map(|(token, _)| token))
    }

    /// Looks a refresh token up. Whoever finds one that was used has to [`revoke`] its grant.
    pub fn find(&self, tx: &ReadTx<'_>, token: &str, client_id: Uuid) -> Result<Found> {
        let refused = |error| Ok(Found::Refused(error));
        let Some((id, number)) = self.read(tx, token) else {
            return refused(OAuthError::UnknownGrant);
        };
        let Some(kept) = tx.query_one(FIND, params![&tx.tenant(), &id], kept)? else {
            return refused(OAuthError::ExpiredRefreshToken);
        };
        if kept.app_id != client_id {
            return refused(OAuthError::UnknownGrant);
        }
        if kept.is_revoked {
            return refused(OAuthError::RevokedGrant);
        }
        if kept.expires_at <= tx.now() {
            return refused(match kept.grant.platform {
                Platform::Spa => OAuthError::ExpiredSpaToken,
                Platform::Web | Platform::Native => OAuthError::ExpiredRefreshToken,
            });
        }
        if kept.number != number || kept.hash.as_deref() != Some(&sha256(token.as_bytes())) {
            return Ok(Found::Used {
                id,
                user: kept.grant.by.user,
            });
        }
        Ok(Found::Good(Box::new(Current {
            id,
            grant: kept.grant,
            number,
            expires_at: kept.expires_at,
        })))
    }

    /// Puts the next refresh token in the place of one.
    pub fn rotate(&self, tx: &mut Tx<'_>, current: &Current) -> Result<Secret> {
        let (tenant, now) = (tx.tenant(), tx.now());
        let (next, hash) = self.write(tx, current.id, current.number + 1);
        let expires_at = match current.grant.platform {
            Platform::Spa => current.expires_at,
            Platform::Web | Platform::Native => now.plus_seconds(IDLE_SECONDS),
        };
        tx.bookkeeping().execute(
            ROTATE,
            params![
                &tenant,
                &current.id,
                current.number + 1,
                &hash,
                now,
                expires_at
            ],
        )?;
        Ok(next)
    }
}

/// Whether there is a grant of this id, whatever has become of it.
pub(super) fn exists(tx: &ReadTx<'_>, id: Uuid) -> Result<bool> {
    Ok(tx.count(EXISTS, params![&tx.tenant(), &id])? > 0)
}

/// Takes back what a client has from one sign-in: refresh tokens, and access tokens too.
pub fn revoke(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    recorded(tx, id)?
        .execute(REVOKE, params![&tenant, &id, now])
        .map(drop)
}

/// Takes back what scripts in a browser have from a session that is about to end there. Other clients
/// keep what they were given for their time offline (OpenID Connect Back-Channel Logout §2.7).
pub fn revoke_browsers(tx: &mut Tx<'_>, user: Id<User>, session: Uuid) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    recorded(tx, user.uuid())?
        .execute(REVOKE_BROWSERS, params![&tenant, &user, now, &session])
        .map(drop)
}

/// Takes back what a client has from all sign-ins of one person.
pub fn revoke_client(tx: &mut Tx<'_>, user: Id<User>, client_id: Uuid) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    recorded(tx, user.uuid())?
        .execute(REVOKE_CLIENT, params![&tenant, &user, &client_id, now])
        .map(drop)
}

/// In the feed, so that whoever keeps verified tokens looks at them again.
fn recorded<'t, 'c>(tx: &'t mut Tx<'c>, object: Uuid) -> Result<Recorded<'t, 'c>> {
    tx.record(Change::new(
        revocation::CHANGE_KIND,
        object,
        Op::Updated,
        &[],
    ))
}

/// When something that a client has had from a session of somebody was taken back last.
pub fn revoked_at(
    tx: &ReadTx<'_>,
    user: Id<User>,
    session: Uuid,
    client_id: Uuid,
) -> Result<Option<Timestamp>> {
    let found = tx.query_one(
        REVOKED_AT,
        params![&tx.tenant(), &user, &session, &client_id],
        |row| row.opt_timestamp(0),
    )?;
    Ok(found.flatten())
}

/// Drops grants whose time is over, so many at most; answers how many.
pub fn sweep(tx: &mut Tx<'_>, limit: usize) -> Result<usize> {
    let tenant = tx.tenant();
    let over = tx.query(EXPIRED, params![&tenant, tx.now(), limit], |row| {
        row.uuid(0)
    })?;
    for id in &over {
        tx.bookkeeping().execute(DELETE, params![&tenant, id])?;
    }
    Ok(over.len())
}
