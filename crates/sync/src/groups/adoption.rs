//! Bringing the links of groups in line with what the target has, as
//! [`crate::adoption`] does with those of users.

use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::{Error, Result, TenantId};

use super::GroupId;
use super::links::{self, GroupLink};
use crate::links::There;
use crate::receive;

/// The question that crosses the border.
pub(crate) const QUERY: &str = "sync.knownGroups";
/// Groups in one answer, and links that one commit looks at.
const PAGE: usize = 500;

/// Its body.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    /// The last group of the page before.
    pub(crate) after: Option<GroupId>,
}

/// A group that the target has.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Known {
    /// The id at home.
    id: GroupId,
    /// The object there.
    target_id: GroupId,
    /// Whether it is deleted there.
    deleted: bool,
}

/// The target's answer to [`QUERY`]: a page, in the order of the ids at home. It is asked once the
/// target's policy was found to say yes.
pub(crate) fn answer(tx: &ReadTx<'_>, from: TenantId, body: &str) -> Result<String> {
    let question: Question =
        serde_json::from_str(body).map_err(|error| Error::bad_request(error.to_string()))?;
    if !receive::inbound(tx, from)?.allowed {
        return Err(Error::forbidden(
            "Users of the tenant may not be synced in.",
        ));
    }
    let mut known = Vec::new();
    for group in directory::synced_groups::list(tx, from, question.after, PAGE)? {
        if let Some((_, id)) = group.home {
            known.push(Known {
                id,
                target_id: group.id,
                deleted: group.deleted_at.is_some(),
            });
        }
    }
    serde_json::to_string(&known).map_err(Error::internal)
}

/// Corrects the links behind `after` by a page that was asked for from there. Answers from where to
/// go on, if there is more.
pub(crate) fn adopt(
    tx: &mut Tx<'_>,
    target: TenantId,
    after: Option<GroupId>,
    known: &[Known],
) -> Result<Option<GroupId>> {
    let end = (known.len() >= PAGE)
        .then(|| known.last().map(|known| known.id))
        .flatten();
    let now = tx.now();
    if !known.is_empty() {
        links::note(tx, target)?;
    }
    for known in known {
        let link = links::get(tx, target, known.id)?;
        let there = if known.deleted {
            There::Removed
        } else {
            There::Synced
        };
        let mut link = link.unwrap_or(GroupLink::new(known.id));
        if link.there != there || link.target_id != Some(known.target_id) {
            link.there = there;
            link.target_id = Some(known.target_id);
            link.digest = None;
            link.members_after = Some(uuid::Uuid::nil()).filter(|_| !known.deleted);
            link.next_attempt_at = Some(now);
            links::put(tx, target, &link)?;
        }
    }
    // A page may hold fewer than there are links, so that these are taken in pages of their own.
    let mut from = after;
    loop {
        let page = links::range(tx, target, from, end, PAGE)?;
        let Some(last) = page.last() else { break };
        from = Some(last.id);
        for link in &page {
            let is_known = known.binary_search_by_key(&link.id, |it| it.id).is_ok();
            if !is_known && link.there != There::Nothing {
                let lost = GroupLink {
                    next_attempt_at: Some(now),
                    ..GroupLink::new(link.id)
                };
                links::put(tx, target, &lost)?;
            }
        }
    }
    Ok(end)
}
