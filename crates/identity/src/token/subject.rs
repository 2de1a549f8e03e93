//! Pairwise subjects: to each client a user is another, and the same one for ever.
//!
//! The subject is an HMAC over tenant, user and client under a key of the deployment's, so that
//! nobody but the deployment finds the user behind it, or two clients that they mean the same one.
//!
//! Source: OpenID Connect Core §8.1 (pairwise identifier algorithm).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use types::{Id, Result, TenantId, kind::User};
use uuid::Uuid;

use crate::Sealer;

/// What the key is for.
const PURPOSE: &str = "pairwise subject";

/// Makes pairwise subjects.
#[derive(Clone)]
pub(crate) struct Subjects(hmac::Key);

impl Subjects {
    pub(crate) fn new(sealer: &Sealer) -> Result<Self> {
        sealer.signing_key(PURPOSE).map(Self)
    }

    /// Who a user is to a client: 43 characters.
    pub(crate) fn subject(&self, tenant: TenantId, user: Id<User>, app_id: Uuid) -> String {
        let mut message = [0; 48];
        let parts = [tenant.bytes(), user.bytes(), app_id.as_bytes()];
        for (place, part) in message.chunks_exact_mut(16).zip(parts) {
            place.copy_from_slice(part);
        }
        BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &message))
    }
}

impl std::fmt::Debug for Subjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subjects")
    }
}
