//! Who calls, and the proof that the call was allowed.
//!
//! [`Authorized`] can be made in this module only, by [`check`], which the framework calls before
//! a handler. A handler's argument holds one, so a handler that runs unchecked can't be written.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use types::{Actor, TenantId};
use uuid::Uuid;

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
    /// The application permissions (`roles`) of the token.
    pub permissions: Arc<[Box<str>]>,
}

impl Caller {
    /// Whether the token carries this permission.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.iter().any(|own| **own == *permission)
    }
}

/// Why a token opens nothing. The caller is told the sentence, never the token's content.
#[derive(Debug, Clone)]
pub enum TokenRefusal {
    /// Malformed, expired, of somebody else, for something else.
    Invalid {
        /// A sentence.
        reason: &'static str,
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

/// Lets a caller pass who has any of the permissions.
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
