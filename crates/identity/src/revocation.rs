//! Revoking the tokens of a service principal or a user before they expire.
//!
//! Each has a generation, and each token carries the one it was issued in. A token of an earlier
//! generation is revoked. Unlike a time, a generation leaves no doubt about tokens of the same
//! instant, and a token that was made from an older snapshot while the revocation was being
//! committed is of the older generation, so it is revoked too.
//!
//! Whoever takes something away from a service principal (a role, its being enabled) calls
//! [`revoke`] in the same transaction, and
//! [`Verifier::forget_principal`](crate::token::Verifier::forget_principal) once it is committed.
//! A secret that is removed takes only those tokens with it that were granted for it: they carry
//! its key id, so it is enough to forget the principal. Whoever replaces a secret, first adding
//! the new one, isn't interrupted.
//!
//! For a user [`revoke`] is all: a user's token is looked at again whenever the feed has moved. It
//! ends sessions ("revoke sign-in sessions", a new password, a B2B permission taken away). A user
//! who is disabled or deleted needs none, since that is looked at, too.

use store::{Change, Op, ReadTx, Tx, params};
use types::{Id, Result, kind};

/// The kind of change in the feed, for other nodes that keep verified tokens.
pub const CHANGE_KIND: &str = "tokenRevocation";

// The column has the name of those who had tokens first; ids are unique across kinds.
const GENERATION: &str = "SELECT generation FROM token_generations \
    WHERE tenant_id = ?1 AND service_principal_id = ?2";
const ADVANCE: &str = "INSERT INTO token_generations (tenant_id, service_principal_id, generation) \
    VALUES (?1, ?2, 1) ON CONFLICT (tenant_id, service_principal_id) \
    DO UPDATE SET generation = token_generations.generation + 1";

struct Generation(u64);

/// Who has tokens.
pub trait Bearer {}
impl Bearer for kind::ServicePrincipal {}
impl Bearer for kind::User {}

/// Revokes all tokens that the service principal or user has now.
pub fn revoke<K: Bearer>(tx: &mut Tx<'_>, subject: Id<K>) -> Result<()> {
    let tenant = tx.tenant();
    tx.record(Change::new(CHANGE_KIND, subject.uuid(), Op::Updated, &[]))?
        .execute(ADVANCE, params![&tenant, &subject])
        .map(drop)
}

/// The generation that tokens have to be of.
pub fn generation<K: Bearer>(tx: &ReadTx<'_>, subject: Id<K>) -> Result<u64> {
    let found = tx.remembered(subject.bytes(), || {
        let found = tx.query_one(GENERATION, params![&tx.tenant(), &subject], |row| {
            row.count(0)
        })?;
        Ok(Some(Generation(found.unwrap_or(0))))
    })?;
    Ok(found.map_or(0, |found| found.0))
}
