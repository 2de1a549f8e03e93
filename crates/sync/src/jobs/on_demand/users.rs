//! One user on demand.

use ::provisioning::{Filter, FilterGroup, Mapper, Standing, User};
use directory::users::ScannedUser;
use serde_json::{Map, Value, json};
use store::{ReadTx, Tx};
use types::{Error, Result, TenantId};

use super::account::{Account, Told, said};
use super::{Begun, Sending, UserId, What, scope_of};
use crate::jobs::Job;
use crate::jobs::scope::JobScope;
use crate::links::{self, There};
use crate::pair::{Counts, Pair};
use crate::plan::{self, Planned};
use crate::provisioning::Log;
use crate::wire::{Item, Outbound, Outcome, USERS};
use crate::{mapping, schema, settle, sharing};

/// Reads a user, asks the job's scope and prepares what is to be sent.
pub(super) fn begin(tx: &mut Tx<'_>, job: Job, target: TenantId, user: UserId) -> Result<Begun> {
    let found = directory::users::get_scanned(tx, user)?
        .filter(|found| !found.deleted)
        .ok_or_else(|| Error::not_found("user", user))?;
    let properties = found.properties()?;
    let text = |name: &str| {
        let value = properties.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let name = text("userPrincipalName");
    let now = tx.now();
    let mut account = Account::new(now, "User", user.uuid(), name);
    account.imported(imported(&found, &properties));
    let change = tx.new_uuid();
    if let Some((code, reason)) = scoped(tx, &job, &found, &mut account)? {
        return Ok(Begun::Done(account.skipped(now, change, code, &reason)));
    }
    let outbound = access::outbound_sync(tx, target)?;
    if !outbound.allowed {
        return Ok(Begun::Done(account.refused(now, change, &outbound)));
    }
    let display_name = text("displayName");
    let epoch = plan::epoch(tx, target)?;
    let there = links::get(tx, target, user)?.map_or(There::Nothing, |link| link.there);
    let scope = scope_of(tx, &job, target)?;
    let mapped = match schema::map(tx, &scope, &found, properties, there, epoch)? {
        Ok(mapped) => mapped,
        Err((code, reason)) => {
            let told = Told::failed(code, reason);
            account.exported(now, &told);
            return Ok(Begun::Done(account.settled(now, change, told)));
        }
    };
    let item = Item {
        id: user,
        user: Some(mapped.user),
        purged: false,
    };
    let body = Outbound {
        items: &[&item],
        configured: true,
        groups: &[],
        members: &[],
    };
    Ok(Begun::Send(Box::new(Sending {
        target,
        kind: USERS,
        body: serde_json::to_string(&body).map_err(Error::internal)?,
        what: What::User {
            planned: Box::new(Planned {
                item: Some(item),
                user_id: user,
                digest: None,
                display_name,
                failed: None,
                removal: None,
            }),
            epoch,
        },
        account,
        job,
    })))
}

/// Keeps what the target has answered, and tells of it.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    (mut account, job, target): (Account, Job, TenantId),
    (mut planned, epoch): (Planned, u64),
    outcome: Option<Outcome>,
) -> Result<Value> {
    let outcome = outcome.unwrap_or_else(|| Outcome::Failed {
        code: "InternalServerError".into(),
        message: "The target tenant didn't answer for this user.".into(),
    });
    let (now, user) = (tx.now(), planned.user_id);
    let mapped = planned.item.as_ref().and_then(|item| item.user.as_ref());
    let told = Told::of(&outcome, &mapped.map(begins_with).unwrap_or_default());
    account.matched(now, &outcome);
    account.exported(now, &told);
    planned.digest = match mapped {
        Some(mapped) => Some(mapping::digest(mapped, epoch)?),
        None => None,
    };
    let pair = Pair::of_job(target, job.id, tx.new_uuid());
    let before = links::get(tx, target, user)?;
    let mut counts = Counts::default();
    let mut log = Log::open(tx)?;
    settle::settle_one(
        tx,
        &pair,
        planned,
        before.clone(),
        outcome,
        &mut counts,
        &mut log,
    )?;
    if job.target.is_some() {
        counts.keep(tx, target)?;
        if let Some(mut link) = links::get(tx, target, user)? {
            link.look = link.failure.is_none();
            links::put(tx, target, &link)?;
        }
    } else {
        // No pair of this job keeps it.
        match before {
            Some(link) => links::put(tx, target, &link)?,
            None => links::delete(tx, target, user)?,
        }
    }
    Ok(account.settled(now, log.last(), told))
}

/// What a new user is made with, for the account.
fn begins_with(user: &crate::wire::User) -> Vec<(&str, Value)> {
    let mut values = vec![
        ("userPrincipalName", json!(user.user_principal_name)),
        ("accountEnabled", json!(user.account_enabled)),
    ];
    let properties = user.properties.iter();
    values.extend(properties.map(|(name, value)| (name.as_str(), value.clone())));
    values
}

/// The properties that were read, as the account of the first step has them.
fn imported(user: &ScannedUser, properties: &Map<String, Value>) -> Value {
    let mut details = Map::new();
    details.insert("objectId".into(), json!(user.id));
    details.insert("accountEnabled".into(), said(user.account_enabled).into());
    let names = ["displayName", "mailNickname", "userPrincipalName"];
    let names = names.iter().chain(mapping::PROPERTIES);
    for name in names {
        if let Some(value) = properties.get(*name) {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            details.insert((*name).into(), text.into());
        }
    }
    details.insert("IsSoftDeleted".into(), said(user.deleted).into());
    Value::Object(details)
}

/// Whether a user is shared with the tenant whose pair the job governs: that goes beside the job.
fn is_shared(tx: &ReadTx<'_>, job: &Job, user: &ScannedUser) -> Result<bool> {
    let Some(target) = job.target else {
        return Ok(false);
    };
    if !organization::is_active_with(tx, target)? {
        return Ok(false);
    }
    let (sharing, _) = sharing::of(tx, target)?;
    sharing.in_force(tx.now())?.contains(tx, user)
}

/// Whether the job's scope has a user; if not, why.
fn scoped(
    tx: &ReadTx<'_>,
    job: &Job,
    user: &ScannedUser,
    account: &mut Account,
) -> Result<Option<(&'static str, String)>> {
    let scope = JobScope::of(tx, job)?;
    let active = user.account_enabled;
    let assigned = scope.is_assigned(tx, user.id)?;
    let eligible = sharing::is_eligible(user);
    let shared = is_shared(tx, job, user)?;
    let entitled = job.sync_all || assigned || shared;
    let (passes, evaluated) = filtered(job, user)?;
    let details = json!({
        "Active in the source system": said(active),
        "Assigned to the application": said(assigned),
        "Scope sync all": said(job.sync_all),
        "Shared with the organization's tenant": said(shared),
        "User has the required role": said(entitled),
        "Scoping filter evaluation passed": said(passes),
        "ScopeEvaluationResult": evaluated,
    });
    let skip = if !eligible {
        Some((
            "EntitySkipped",
            "Only internal members are synchronized: no guests and no users of other tenants.",
        ))
    } else if !entitled {
        Some((
            "NotEffectivelyEntitled",
            if job.service_principal.is_nil() {
                "The user isn't shared with this tenant."
            } else {
                "The user isn't assigned to the application, directly or through a group."
            },
        ))
    } else if !passes {
        Some((
            "NotInScope",
            "The user doesn't pass the scoping filters of the job's schema.",
        ))
    } else if !active {
        Some((
            "InactiveInSource",
            "A disabled user isn't provisioned anew. Enable the user first.",
        ))
    } else {
        None
    };
    account.step(
        tx.now(),
        "EntrySynchronizationScoping",
        "Scoping",
        if skip.is_none() { "Success" } else { "Skipped" },
        "Determine if User in scope by evaluating against each scoping filter",
        details,
    );
    Ok(skip.map(|(code, reason)| (code, reason.to_owned())))
}

/// Whether a user passes the scoping filters of a job's schema, and what is told of it.
fn filtered(job: &Job, user: &ScannedUser) -> Result<(bool, String)> {
    let schema = crate::jobs::schema(job)?;
    let mapper = Mapper::new(&schema).map_err(Error::internal)?;
    let properties = user.properties()?;
    let manager = user.manager.map(|id| id.to_string());
    let source = User {
        properties: &properties,
        manager: manager.as_deref(),
        is_deleted: user.deleted,
    };
    let passes = mapper.enabled && mapper.standing(&source) == Standing::InScope;
    let mut told = Map::new();
    let scope = schema.rule.users.scope.as_ref();
    for group in scope
        .and_then(|scope| scope.groups.as_ref())
        .into_iter()
        .flatten()
    {
        let name = group.name.as_deref().unwrap_or_default();
        for clause in &group.clauses {
            let alone = FilterGroup {
                name: None,
                clauses: vec![clause.clone()],
            };
            let mut only = schema.clone();
            only.rule.users.scope = Some(Filter {
                groups: Some(vec![alone]),
                ..Filter::default()
            });
            let only = Mapper::new(&only).map_err(Error::internal)?;
            let values = clause.values.join("', '");
            let text = format!(
                "{name}.{} {} '{values}'",
                clause.attribute,
                clause.operator.name()
            );
            let holds = only.standing(&source) == Standing::InScope;
            told.insert(text, holds.into());
        }
    }
    Ok((passes, Value::Object(told).to_string()))
}
