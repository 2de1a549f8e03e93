//! What a target asks of a source: to send users again, since the target has changed its mind about
//! them.

use serde::{Deserialize, Serialize};
use store::{Change, Op, Tx, params};
use types::{Error, Result, TenantId};

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
}

/// After an admin of this tenant brought back, or deleted for good, a user who is from another one
/// and whom it had deleted: whoever failed at home for that reason comes without waiting its time.
pub fn try_again(tx: &mut Tx<'_>, source: TenantId) -> Result<()> {
    if !access::inbound_sync(tx, source)?.allowed {
        return Ok(());
    }
    ask(tx, source, &Whom::Failing)
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
    }
    .map(drop)
}
