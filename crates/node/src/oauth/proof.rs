//! What a person has proven so far in a sign-in, and whether what was proven in an earlier one still
//! stands.

use std::sync::Arc;

use credentials::Proven;
use directory::users::{self, User};
use identity::oauth::OAuthError;
use identity::oauth::code::SignedIn;
use serde::{Deserialize, Serialize};
use store::ReadTx;
use types::trace::Trace;
use types::{Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

use super::generation;

/// How long a proof counts that hasn't become a session.
const PROOF_SECONDS: i64 = 900;

/// What a person has proven so far. A page carries it, sealed for the browser.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Proof {
    /// Who it is.
    pub(super) user: Id<kind::User>,
    /// The generation of the user's tokens by then.
    pub(super) generation: u64,
    /// How it was proven.
    pub(super) proven: Proven,
    /// Since when.
    pub(super) at: Timestamp,
    /// Whether to stay signed in.
    pub(super) keep: bool,
    /// The AADSTS number under which the log says what was missing after it, until it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) interrupted: Option<u32>,
    /// Of somebody from another tenant: which settings have let them in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) decision: Option<Trace>,
    /// Of the same: where they come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<From>,
    /// The authenticator app that is being set up, sealed for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) enrolment: Option<String>,
}

/// Where a visitor comes from.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct From {
    /// The home.
    pub(super) home: TenantId,
    /// The person's object there.
    pub(super) id: Id<kind::User>,
    /// The generation of the person's tokens there.
    pub(super) generation: u64,
    /// The session there.
    #[serde(default)]
    pub(super) session: Option<Uuid>,
}

impl Proof {
    /// Whose it is, if it still counts.
    pub(super) fn user(&self, tx: &ReadTx<'_>) -> Result<Result<Arc<User>, OAuthError>> {
        if tx.now() >= self.at.plus_seconds(PROOF_SECONDS) {
            return Ok(Err(OAuthError::PageExpired));
        }
        Ok(match live_user(tx, self.user, self.generation)? {
            Err(OAuthError::RevokedGrant) => Err(OAuthError::PageExpired),
            user => user,
        })
    }
}

/// The person behind a sign-in, if they may go on: they are there, enabled, and nobody has taken
/// their sign-ins back.
pub(super) fn standing_user(
    tx: &ReadTx<'_>,
    by: &SignedIn,
) -> Result<Result<Arc<User>, OAuthError>> {
    live_user(tx, by.user, by.generation)
}

fn live_user(
    tx: &ReadTx<'_>,
    user: Id<kind::User>,
    of: u64,
) -> Result<Result<Arc<User>, OAuthError>> {
    let Some(user) = users::look_up(tx, user)? else {
        return Ok(Err(OAuthError::RevokedGrant));
    };
    if !user.account_enabled {
        return Ok(Err(OAuthError::DisabledUser));
    }
    if generation(tx, user.id)? != of {
        return Ok(Err(OAuthError::RevokedGrant));
    }
    Ok(Ok(user))
}
