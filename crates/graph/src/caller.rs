//! Who calls, and the proof that the call was allowed.
//!
//! [`Authorized`] can be made in this module only: by [`check`] for an application that calls for
//! itself, by [`authorized`] from the verdict on a signed-in user ([`crate::delegated`]). The
//! framework calls them before a handler. A handler's argument holds one, so a handler that runs
//! unchecked can't be written.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use directory::rights::Rights;
use types::{Actor, Id, TenantId, kind};
use uuid::Uuid;

use crate::delegated::{self, Verdict};
use crate::errors::Refusal;

/// A future that a trait object answers with.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who calls, as the verified token says it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant whose token it is; all that the call reaches is in this tenant.
    pub tenant: TenantId,
    /// The client that calls.
    pub app_id: Uuid,
    /// Who does it: what the feed and the audit log write down.
    pub actor: Actor,
    /// The permissions of the token: an application's own (`roles`), or what it may do for the
    /// user who is signed in (`scp`).
    pub permissions: Arc<[Box<str>]>,
    /// What the user who is signed in may do; nothing if the application calls for itself.
    pub rights: Option<Arc<Rights>>,
    /// Whether that user has shown more than one factor.
    pub is_multifactor: bool,
}

impl Caller {
    /// Whether the token carries this permission.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.iter().any(|own| **own == *permission)
    }

    /// The user who is signed in.
    pub fn user(&self) -> Option<Id<kind::User>> {
        self.rights.as_ref().map(|rights| rights.user)
    }

    /// Whether the user's own rights don't stand against an action; an application has no others
    /// than its permissions.
    pub(crate) fn has_right(&self, action: &str) -> bool {
        self.rights.as_ref().is_none_or(|rights| rights.may(action))
    }

    /// Whether the token carries this permission and the user, if one is signed in, may do this.
    pub(crate) fn allows(&self, permission: &str, action: &str) -> bool {
        self.may(permission) && self.has_right(action)
    }

    /// Refuses what the user who is signed in may not do.
    pub(crate) fn check_right(&self, action: &'static str) -> Result<(), Refusal> {
        if self.has_right(action) {
            Ok(())
        } else {
            Err(delegated::no_right(action))
        }
    }
}

/// Why a token opens nothing. The caller is told the sentence, never the token's content.
#[derive(Debug, Clone)]
pub enum TokenRefusal {
    /// Malformed, expired, of somebody else, for something else.
    Invalid {
        /// A sentence.
        reason: &'static str,
        /// What the client has to ask for to get another one, if it has said that it can
        /// (`claims`, in JSON).
        claims: Option<String>,
    },
    /// It can't be checked now.
    Unavailable(types::Error),
}

/// Checks tokens. Async because the keys of a tenant may have to be read first; a verifier that
/// knows the token answers with a ready future.
pub trait TokenVerifier: Send + Sync {
    /// Checks issuer, audience, tenant, times and signature of a bearer token.
    fn verify<'a>(&'a self, bearer: &'a str) -> BoxFuture<'a, Result<Caller, TokenRefusal>>;
}

/// A value whose use was allowed. Only the framework makes one.
#[derive(Debug, Clone)]
pub struct Authorized<T>(T);

impl<T> Deref for Authorized<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// Lets a signed-in user pass whose call was decided on.
pub(crate) fn authorized(
    caller: Caller,
    verdict: Verdict,
) -> Result<Authorized<Caller>, (Caller, Refusal)> {
    match verdict.refusal() {
        None => Ok(Authorized(caller)),
        Some(refusal) => Err((caller, refusal)),
    }
}

/// Lets an application pass that has any of the permissions.
pub(crate) fn check(
    caller: Caller,
    permissions: &[&str],
) -> Result<Authorized<Caller>, (Caller, Refusal)> {
    if permissions.iter().any(|permission| caller.may(permission)) {
        Ok(Authorized(caller))
    } else {
        Err((caller, Refusal::denied()))
    }
}

/// Lets a caller pass who has any permission at all.
pub(crate) fn check_any(caller: Caller) -> Result<Authorized<Caller>, (Caller, Refusal)> {
    if caller.permissions.is_empty() {
        Err((caller, Refusal::denied()))
    } else {
        Ok(Authorized(caller))
    }
}
