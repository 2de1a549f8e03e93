//! Who waits for the admin.

use serde_json::{Value, json};
use store::ReadTx;
use types::{Error, Id, Result, TenantId, kind};

use crate::links::{self, Loss};
use crate::pair;

/// A page of the users of a pair of whom a deletion or a disabling waits, in the order of their ids
/// behind `after`.
pub fn list(
    tx: &ReadTx<'_>,
    target: TenantId,
    after: Option<Id<kind::User>>,
    limit: usize,
) -> Result<Vec<Value>> {
    if !organization::is_active_with(tx, target)? {
        return Err(Error::not_found("userSharing", target));
    }
    let Some(pair) = pair::get(tx, target)? else {
        return Ok(Vec::new());
    };
    links::waiting(tx, target, pair.allowances, after, limit)?
        .into_iter()
        .map(|link| {
            let user = directory::users::get_scanned(tx, link.user_id)?;
            let deleted = user.as_ref().is_none_or(|user| user.deleted);
            let properties = user
                .map(|user| user.properties())
                .transpose()?
                .unwrap_or_default();
            let action = match link.held {
                Some(held) if held.loss == Loss::Disable => "disable",
                _ => "delete",
            };
            Ok(json!({
                "userId": link.user_id,
                "displayName": properties.get("displayName"),
                "userPrincipalName": properties.get("userPrincipalName"),
                "targetId": link.target_id,
                "action": action,
                "isDeletedAtHome": deleted,
                "sinceDateTime": link.held.map(|held| held.since),
            }))
        })
        .collect()
}
