//! One group on demand, with those of its members that are named.

use directory::groups::{self, Group};
use serde_json::{Value, json};
use store::{ReadTx, Tx};
use types::{Error, Id, Result, TenantId};
use uuid::Uuid;

use super::account::{Account, Told, said};
use super::{Begun, GroupId, Sending, TARGET, What, scope_of};
use crate::groups::look::about_one;
use crate::groups::settle::unanswered;
use crate::groups::{self as work, GroupItem, Outcome, PlannedGroup, PlannedMembers, State, Work};
use crate::jobs::Job;
use crate::jobs::scope::JobScope;
use crate::pair::Pair;
use crate::provisioning::Log;
use crate::sharing::Scope;
use crate::wire::{Outbound, Reply, USERS};
use crate::{plan, wire};

/// Reads a group, asks the job's scope and prepares what is to be sent.
pub(super) fn begin(
    tx: &mut Tx<'_>,
    job: Job,
    target: TenantId,
    id: GroupId,
    members: &[Uuid],
) -> Result<Begun> {
    let group = groups::get(tx, id)?;
    let now = tx.now();
    let display_name = group.display_name().to_owned();
    let state = State::of(&group);
    let mut account = Account::new(now, "Group", id.uuid(), display_name.clone());
    account.imported(json!({
        "objectId": id,
        "displayName": state.display_name,
        "mailNickname": state.mail_nickname,
        "description": state.description,
        "IsSoftDeleted": said(false),
    }));
    let change = tx.new_uuid();
    if let Some((code, reason)) = scoped(tx, &job, target, &group, &mut account)? {
        return Ok(Begun::Done(account.skipped(now, change, code, reason)));
    }
    let outbound = access::outbound_sync(tx, target)?;
    if !outbound.allowed {
        return Ok(Begun::Done(account.refused(now, change, &outbound)));
    }
    let digest = work::digest(&state, plan::epoch(tx, target)?)?;
    let item = GroupItem {
        id,
        group: Some(state),
        purged: false,
    };
    let mut sent = Work {
        groups: vec![PlannedGroup {
            item: Some(item),
            id,
            digest: Some(digest),
            display_name,
            waits: false,
        }],
        members: Vec::new(),
    };
    for member in members {
        let item = about_one(tx, id, *member)?;
        sent.members.push(PlannedMembers { item, fills: None });
    }
    let (groups, members) = sent.sent();
    let body = Outbound {
        items: &[],
        configured: true,
        groups: &groups,
        members: &members,
    };
    Ok(Begun::Send(Box::new(Sending {
        target,
        kind: USERS,
        body: serde_json::to_string(&body).map_err(Error::internal)?,
        what: What::Group(sent),
        account,
        job,
    })))
}

/// Whether the scope has a group; if not, why.
fn scoped(
    tx: &ReadTx<'_>,
    job: &Job,
    target: TenantId,
    group: &Group,
    account: &mut Account,
) -> Result<Option<(&'static str, &'static str)>> {
    let scope = scope_of(tx, job, target)?;
    let synchronized = scope.has_group_objects();
    let entitled = scope.contains_group(tx, group)?;
    let assigned = JobScope::of(tx, job)?.is_assigned_group(tx, group.id)?;
    let skip = if group.home.is_some() {
        Some((
            "EntitySkipped",
            "Only groups of this tenant are synchronized, none of other tenants.",
        ))
    } else if !synchronized && scope.scope() == Scope::All {
        Some((
            "EntityTypeNotSupported",
            "Where all users are synchronized, no groups are: only listed or assigned ones are.",
        ))
    } else if !synchronized {
        Some((
            "EntityTypeNotSupported",
            "Groups aren't synchronized here. Enable the mapping of Group in the job's schema.",
        ))
    } else if !entitled {
        Some((
            "NotEffectivelyEntitled",
            "The group isn't assigned to the application, directly or through another group.",
        ))
    } else {
        None
    };
    let details = json!({
        "Active in the source system": said(true),
        "Assigned to the application": said(assigned),
        "Group mapping enabled": said(synchronized),
        "Group has the required role": said(entitled),
        "Scope sync all": said(job.sync_all),
    });
    account.step(
        tx.now(),
        "EntrySynchronizationScoping",
        "Scoping",
        if skip.is_none() { "Success" } else { "Skipped" },
        "Determine if Group in scope",
        details,
    );
    Ok(skip)
}

/// Keeps what the target has answered, and tells of it.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    (mut account, job, target): (Account, Job, TenantId),
    sent: Work,
    reply: Reply,
) -> Result<Value> {
    let now = tx.now();
    let id = GroupId::new(account.id);
    let outcome = reply.groups.first().cloned();
    let outcome = outcome.unwrap_or_else(unanswered);
    let planned = sent.groups.first().and_then(|group| group.item.as_ref());
    let state = planned.and_then(|item| item.group.as_ref());
    let as_users = alike(&outcome);
    let told = Told::of(&as_users, &state.map(begins_with).unwrap_or_default());
    account.matched(now, &as_users);
    account.exported(now, &told);
    for (planned, outcome) in sent.members.iter().zip(&reply.members) {
        tell_member(&mut account, now, &planned.item, outcome);
    }
    let pair = Pair::of_job(target, job.id, tx.new_uuid());
    let before = work::links::get(tx, target, id)?;
    let with_members = !sent.members.is_empty();
    let mut log = Log::open(tx)?;
    work::settle::settle(tx, &pair, sent, reply.groups, reply.members, &mut log)?;
    if job.target.is_some() {
        work::links::look_again(tx, target, id, with_members)?;
    } else {
        // No pair of this job keeps it.
        match before {
            Some(link) => work::links::put(tx, target, &link)?,
            None => work::links::delete(tx, target, id)?,
        }
    }
    Ok(account.settled(now, log.last(), told))
}

/// What a new group is made with, for the account.
fn begins_with(state: &State) -> Vec<(&'static str, Value)> {
    let mut values = vec![
        ("displayName", json!(state.display_name)),
        ("mailNickname", json!(state.mail_nickname)),
    ];
    values.extend(
        state
            .description
            .as_ref()
            .map(|text| ("description", json!(text))),
    );
    values
}

fn tell_member(
    account: &mut Account,
    now: types::Timestamp,
    item: &work::Members,
    outcome: &Outcome,
) {
    let is_member = item.len() > 0;
    let (name, id) = (&account.name, item.through);
    let (status, text) = match outcome {
        Outcome::Failed { message, .. } => (
            "Failure",
            format!("Member '{id}' of Group '{name}' couldn't be written in {TARGET}: {message}"),
        ),
        _ if is_member => (
            "Success",
            format!(
                "Member '{id}' of Group '{name}' was written in {TARGET}; it is linked there as \
                 soon as it is there"
            ),
        ),
        _ => (
            "Success",
            format!("'{id}' is no member of Group '{name}', and none in {TARGET}"),
        ),
    };
    let details = json!({"objectId": id, "isMember": said(is_member)});
    account.step(now, "EntryExportUpdate", "Export", status, &text, details);
}

/// A group's outcome in the form of a user's, for the account.
fn alike(outcome: &Outcome) -> wire::Outcome {
    let user = |id: &GroupId| Id::new(id.uuid());
    match outcome {
        Outcome::Created { target_id } => wire::Outcome::Created {
            target_id: user(target_id),
        },
        Outcome::Updated {
            target_id,
            restored,
            changes,
        } => wire::Outcome::Updated {
            target_id: user(target_id),
            restored: *restored,
            changes: changes.clone(),
        },
        Outcome::Unchanged { target_id } => wire::Outcome::Unchanged {
            target_id: user(target_id),
        },
        Outcome::Removed { target_id } => wire::Outcome::Removed {
            target_id: target_id.as_ref().map(user),
        },
        Outcome::MembersSet => wire::Outcome::Removed { target_id: None },
        Outcome::Failed { code, message } => wire::Outcome::Failed {
            code: code.clone(),
            message: message.clone(),
        },
    }
}
