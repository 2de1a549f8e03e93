//! What a target asks of a source: to send users again, since the target has changed its mind about
//! them.

use directory::users::User;
use serde::{Deserialize, Serialize};
use store::{Change, Op, Tx, params};
use types::{Error, Id, Result, TenantId, kind};

use crate::{jobs, pair};

/// The kind of the message.
pub(crate) const KIND: &str = "sync.again";

/// Which users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Whom {
    /// All that are shared.
    All,
    /// Those that fail.
    Failing,
    /// This one.
    One(Id<kind::User>),
}

/// After somebody in this tenant deleted a user who is from another one, brought it back or deleted
/// it for good: home looks at once what the user is here now, without a change of its own.
pub fn look_again(tx: &mut Tx<'_>, user: &User) -> Result<()> {
    let Some((source, user)) = user.home else {
        return Ok(());
    };
    if !access::inbound_sync(tx, source)?.allowed {
        return Ok(());
    }
    ask(tx, source, &Whom::One(user))
}

/// Asks a source.
pub(crate) fn ask(tx: &mut Tx<'_>, source: TenantId, whom: &Whom) -> Result<()> {
    border::outbox::post(tx, source, KIND, whom).map(drop)
}

/// A target has asked.
pub(crate) fn receive(tx: &mut Tx<'_>, target: TenantId, body: &str) -> Result<()> {
    let whom: Whom =
        serde_json::from_str(body).map_err(|error| Error::bad_request(error.to_string()))?;
    if !jobs::is_due(tx, target)? || pair::get(tx, target)?.is_none() {
        return Ok(());
    }
    let (tenant, now) = (tx.tenant(), tx.now());
    // The change in the feed wakes the pair.
    let changed = ["admission"];
    let change = Change::new("userSharing", target.uuid(), Op::Updated, &changed);
    let mut write = tx.record(change)?;
    match whom {
        // Another scope asks for a scan, another epoch makes what was sent before old.
        Whom::All => write.execute(
            "UPDATE sync_pairs SET again = again + 1, epoch = epoch + 1 \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target],
        ),
        Whom::Failing => write.execute(
            "UPDATE sync_links SET next_attempt_at = ?3 WHERE tenant_id = ?1 \
             AND target_tenant_id = ?2 AND next_attempt_at IS NOT NULL",
            params![&tenant, &target, now],
        ),
        Whom::One(user) => write.execute(
            "UPDATE sync_links SET next_attempt_at = ?3 WHERE tenant_id = ?1 \
             AND target_tenant_id = ?2 AND user_id = ?4",
            params![&tenant, &target, now, &user],
        ),
    }
    .map(drop)
}
