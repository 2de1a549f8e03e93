//! How the groups of a pair stand.

use serde_json::{Value, json};
use store::ReadTx;
use types::{Error, Result, TenantId};

use super::GroupId;
use super::links;
use crate::links::There;

/// A page of a pair's groups in the order of their ids behind `after`: what the target has of each.
pub fn list(
    tx: &ReadTx<'_>,
    target: TenantId,
    after: Option<GroupId>,
    limit: usize,
) -> Result<Vec<Value>> {
    if !organization::is_active_with(tx, target)? {
        return Err(Error::not_found("userSharing", target));
    }
    links::range(tx, target, after, None, limit)?
        .into_iter()
        .map(|link| {
            let group = directory::groups::find(tx, link.id)?;
            let state = match (link.there, &link.error, link.held) {
                (_, Some(_), _) => "failing",
                (There::Synced, None, true) => "waiting",
                (There::Synced, None, false) if link.members_after.is_some() => "filling",
                (There::Synced, None, false) => "synced",
                (There::Removed, None, _) => "removed",
                (There::Nothing, None, _) => "pending",
            };
            Ok(json!({
                "groupId": link.id,
                "displayName": group.as_ref().map(directory::groups::Group::display_name),
                "targetId": link.target_id,
                "state": state,
                "code": link.error.as_ref().map(|(code, _)| code),
                "reason": link.error.as_ref().map(|(_, message)| message),
                "nextAttemptDateTime": link.error.as_ref().and(link.next_attempt_at),
            }))
        })
        .collect()
}
