//! The target's side of group objects.

use directory::synced_groups::{self, GroupOutcome, Member, SyncedGroup};
use store::Tx;
use types::{Error, Result, TenantId};

use super::settle::NOT_ALLOWED;
use super::{BATCH_GROUPS_MAX, GroupItem, Members, Outcome};
use crate::BATCH_USERS_MAX;

/// Applies each group and each range of members for itself.
pub(crate) fn apply(
    tx: &mut Tx<'_>,
    from: TenantId,
    groups: &[GroupItem],
    members: &[Members],
) -> Result<(Vec<Outcome>, Vec<Outcome>)> {
    if groups.is_empty() && members.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let many: usize = members.iter().map(Members::len).sum();
    if groups.len() > 4 * BATCH_GROUPS_MAX
        || members.len() > 8 * BATCH_USERS_MAX
        || many > 4 * BATCH_USERS_MAX
    {
        return Err(Error::bad_request(
            "The batch has too many groups or members.",
        ));
    }
    if !access::inbound_group_sync(tx, from)? {
        let tenant = tx.tenant();
        // What was synced before may still go.
        let refused = Outcome::Failed {
            code: NOT_ALLOWED.into(),
            message: format!(
                "Tenant {tenant} doesn't let groups be synchronized in \
                 (identitySynchronization.groupSyncInbound.isSyncAllowed)."
            ),
        };
        let outcomes = tx.attempt_each(groups, |tx, item| match &item.group {
            None => one(tx, from, item),
            Some(_) => Ok(refused.clone()),
        })?;
        let refused = members.iter().map(|_| refused.clone()).collect();
        return Ok((worded(outcomes), refused));
    }
    let done = tx.attempt_each(groups, |tx, item| one(tx, from, item))?;
    let set = tx.attempt_each(members, |tx, item| set(tx, from, item))?;
    Ok((worded(done), worded(set)))
}

fn worded(outcomes: Vec<Result<Outcome>>) -> Vec<Outcome> {
    let outcomes = outcomes.into_iter();
    outcomes
        .map(|outcome| {
            outcome.unwrap_or_else(|error| {
                let (code, message) = crate::receive::worded(&error, "group");
                Outcome::Failed { code, message }
            })
        })
        .collect()
}

fn one(tx: &mut Tx<'_>, from: TenantId, item: &GroupItem) -> Result<Outcome> {
    let Some(state) = &item.group else {
        let target_id = synced_groups::remove(tx, from, item.id, item.purged)?;
        return Ok(Outcome::Removed { target_id });
    };
    let synced = SyncedGroup {
        home_tenant: from,
        home_id: item.id,
        display_name: state.display_name.clone(),
        description: state.description.clone(),
        mail_nickname: state.mail_nickname.clone(),
    };
    let (target_id, outcome) = synced_groups::upsert(tx, &synced)?;
    Ok(match outcome {
        GroupOutcome::Created => Outcome::Created { target_id },
        GroupOutcome::Unchanged => Outcome::Unchanged { target_id },
        GroupOutcome::Updated { changed, restored } => Outcome::Updated {
            target_id,
            restored,
            changes: changed,
        },
    })
}

fn set(tx: &mut Tx<'_>, from: TenantId, item: &Members) -> Result<Outcome> {
    let users = item.users.iter().map(|id| Member {
        id: *id,
        is_group: false,
    });
    let groups = item.groups.iter().map(|id| Member {
        id: *id,
        is_group: true,
    });
    let members: Vec<Member> = users.chain(groups).collect();
    let range = (item.after, item.through);
    synced_groups::set_members(tx, from, item.group, range, &members)?;
    Ok(Outcome::MembersSet)
}
