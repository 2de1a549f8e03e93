//! What goes by itself: challenges and attempts that are over, and all that belonged to users who
//! are gone for good.

use store::{Op, Tx, params};
use types::{Id, Result, kind::User};

use crate::methods;
use crate::{passkey, recovery, throttle};

/// The feed's reader that sees users go.
const READER: &str = "credentials";

/// Sweeps some of it; answers whether there is more.
pub fn sweep(tx: &mut Tx<'_>, limit: usize) -> Result<bool> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let mut more = forget_purged(tx, limit)?;
    for sql in [
        "DELETE FROM passkey_registrations WHERE tenant_id = ?1 AND (user_id, challenge) IN \
         (SELECT user_id, challenge FROM passkey_registrations WHERE tenant_id = ?1 \
         AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3)",
        "DELETE FROM passkey_challenges WHERE tenant_id = ?1 AND challenge IN \
         (SELECT challenge FROM passkey_challenges WHERE tenant_id = ?1 AND expires_at <= ?2 \
         ORDER BY expires_at LIMIT ?3)",
    ] {
        let gone = tx
            .bookkeeping()
            .execute(sql, params![&tenant, now, limit])?;
        more |= gone >= limit as u64;
    }
    more |= throttle::trim(tx, limit)?;
    Ok(more)
}

/// Forgets what users had who were purged.
fn forget_purged(tx: &mut Tx<'_>, limit: usize) -> Result<bool> {
    let at = tx.cursor(READER)?.unwrap_or(0).max(tx.feed_floor()?);
    let changes = tx.changes(at, limit)?;
    let Some(last) = changes.last().map(|change| change.seq) else {
        return Ok(false);
    };
    for change in &changes {
        if change.kind == "user" && change.op == Op::Purged {
            forget(tx, Id::new(change.object))?;
        }
    }
    tx.set_cursor(READER, last)?;
    Ok(changes.len() >= limit)
}

/// Takes away all that a user who is gone could have proven.
fn forget(tx: &mut Tx<'_>, user: Id<User>) -> Result<()> {
    for method in methods::list(tx, user)? {
        methods::remove(tx, &method)?;
    }
    recovery::forget(tx, user)?;
    passkey::forget(tx, user)
}
