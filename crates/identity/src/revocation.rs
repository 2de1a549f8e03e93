//! Revoking the tokens of a service principal before they expire.
//!
//! Each service principal has a generation, and each token carries the one it was issued in. A
//! token of an earlier generation is revoked. Unlike a time, a generation leaves no doubt about
//! tokens of the same instant, and a token that was made from an older snapshot while the
//! revocation was being committed is of the older generation, so it is revoked too.
//!
//! Whoever takes something away from a service principal (a role, its being enabled) calls
//! [`revoke`] in the same transaction, and
//! [`Verifier::forget_principal`](crate::token::Verifier::forget_principal) once it is committed.
//!
//! A secret that is removed takes only those tokens with it that were granted for it: they carry
//! its key id, so it is enough to forget the principal. Whoever replaces a secret, first adding
//! the new one, isn't interrupted.

use store::{Change, Op, ReadTx, Tx, params};
use types::{Id, Result, kind::ServicePrincipal};

/// The kind of change in the feed, for other nodes that keep verified tokens.
pub const CHANGE_KIND: &str = "tokenRevocation";

const GENERATION: &str = "SELECT generation FROM token_generations \
    WHERE tenant_id = ?1 AND service_principal_id = ?2";
const ADVANCE: &str = "INSERT INTO token_generations (tenant_id, service_principal_id, generation) \
    VALUES (?1, ?2, 1) ON CONFLICT (tenant_id, service_principal_id) \
    DO UPDATE SET generation = token_generations.generation + 1";

/// Revokes all tokens that the service principal has now.
pub fn revoke(tx: &mut Tx<'_>, principal: Id<ServicePrincipal>) -> Result<()> {
    let tenant = tx.tenant();
    tx.record(Change::new(CHANGE_KIND, principal.uuid(), Op::Updated, &[]))?
        .execute(ADVANCE, params![&tenant, &principal])
        .map(drop)
}

/// The generation that tokens have to be of.
pub fn generation(tx: &ReadTx<'_>, principal: Id<ServicePrincipal>) -> Result<u64> {
    let found = tx.query_one(GENERATION, params![&tx.tenant(), &principal], |row| {
        row.count(0)
    })?;
    Ok(found.unwrap_or(0))
}
