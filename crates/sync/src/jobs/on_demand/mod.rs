//! One user provisioned at once, with an account of each step (Graph `provisionOnDemand`).
//!
//! It goes beside the pair, by a stream of its own, and needs no running job: the job's scope is
//! asked and the target's answer told. A pair that runs looks at the user again afterwards, so that
//! a newer state isn't left behind an older one.
//!
//! Source: Microsoft Graph, "synchronizationJob: provisionOnDemand"; Microsoft Entra, "On-demand
//! provisioning".

use ::provisioning::{Filter, FilterGroup, Mapper, Standing, User};
use directory::users::ScannedUser;
use serde_json::{Map, Value, json};
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

use super::scope::JobScope;
use super::{Job, get, secrets};
use crate::links::{self, There};
use crate::pair::{Counts, Pair};
use crate::plan::{self, Planned};
use crate::provisioning::Log;
use crate::wire::{Item, Outbound, Outcome, Reply, USERS};
use crate::{mapping, schema, settle, sharing};

/// The stream that such users go by.
pub const STREAM: &str = "sync.onDemand";
/// Subjects of one call.
pub const SUBJECTS_MAX: usize = 5;

const SOURCE: &str = "Azure Active Directory";
const TARGET: &str = "Azure Active Directory (target tenant)";

type UserId = Id<kind::User>;

/// What has become of one subject so far.
#[derive(Debug)]
pub enum Begun {
    /// It is to be sent.
    Send(Box<Sending>),
    /// It isn't; here is why.
    Done(Value),
}

/// A user on the way.
#[derive(Debug)]
pub struct Sending {
    /// To which tenant.
    pub target: TenantId,
    /// The kind of the envelope.
    pub kind: &'static str,
    /// Its body.
    pub body: String,
    planned: Planned,
    account: Account,
    job: Job,
    epoch: u64,
}

/// What is told of one subject.
#[derive(Debug)]
struct Account {
    began: Timestamp,
    id: UserId,
    name: String,
    steps: Vec<Value>,
}

impl Account {
    fn step(
        &mut self,
        at: Timestamp,
        name: &str,
        kind: &str,
        status: &str,
        text: &str,
        details: Value,
    ) {
        self.steps.push(json!({
            "name": name,
            "type": kind,
            "status": status,
            "description": text,
            "timestamp": at,
            "details": details,
        }));
    }

    fn finish(
        self,
        at: Timestamp,
        change: Uuid,
        (action, status): (&str, &str),
        error: Option<(&str, &str)>,
        changes: Vec<Value>,
        target_id: Option<UserId>,
    ) -> Value {
        json!({
            "provisioningSteps": self.steps,
            "modifiedProperties": changes,
            "action": action,
            "changeId": change,
            "startTime": self.began,
            "endTime": at,
            "reportableIdentifier": self.name,
            "statusInfo": {
                "status": status,
                "errorCode": error.map(|(code, _)| code),
                "reason": error.map(|(_, reason)| reason),
                "additionalDetails": null,
                "errorCategory": error.map(|_| "Failure"),
                "recommendedAction": null,
            },
            "sourceIdentity": {
                "id": self.id, "type": "User", "displayName": null, "details": null,
            },
            "sourceSystem": {"id": null, "name": SOURCE, "details": null},
            "targetIdentity": {
                "id": target_id, "type": "User", "displayName": null, "details": null,
            },
            "targetSystem": {"id": null, "name": TARGET, "details": null},
        })
    }
}

/// Graph's spelling of a flag in an account.
const fn said(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}

/// An object of a kind that isn't provisioned on demand.
pub fn unsupported(tx: &mut Tx<'_>, id: &str, object_type: &str) -> Value {
    let (now, change) = (tx.now(), tx.new_uuid());
    let text = format!("Objects of the type '{object_type}' aren't provisioned on demand.");
    let mut account = Account {
        began: now,
        id: types::parse_uuid(id).map_or_else(Id::nil, Id::new),
        name: id.to_owned(),
        steps: Vec::new(),
    };
    let details = json!({"SkipReason": "EntityTypeNotSupported"});
    account.step(
        now,
        "EntrySynchronizationSkip",
        "Export",
        "Skipped",
        &text,
        details,
    );
    let error = Some(("EntityTypeNotSupported", text.as_str()));
    account.finish(now, change, ("Other", "Skipped"), error, Vec::new(), None)
}

/// Reads a user, asks the job's scope and prepares what is to be sent.
pub fn begin(
    tx: &mut Tx<'_>,
    service_principal: Id<kind::ServicePrincipal>,
    job: &str,
    user: UserId,
) -> Result<Begun> {
    let job = get(tx, service_principal, job)?;
    let settings = secrets::settings(tx, service_principal)?;
    let Some(target) = job.target.or(settings.company_id) else {
        return Err(Error::invalid(
            "credentials",
            "The job has no target. Save the synchronization secret 'CompanyId' first.",
        ));
    };
    begin_with(tx, job, target, user)
}

/// The same for the pair with a target, whether or not a job governs it.
pub fn begin_for_pair(tx: &mut Tx<'_>, target: TenantId, user: UserId) -> Result<Begun> {
    sharing::refuse_stranger(tx, Some(target))?;
    let job = super::of_pair(tx, target)?;
    begin_with(tx, job, target, user)
}

fn begin_with(tx: &mut Tx<'_>, job: Job, target: TenantId, user: UserId) -> Result<Begun> {
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
    let mut account = Account {
        began: now,
        id: user,
        name: name.clone(),
        steps: Vec::new(),
    };
    account.step(
        now,
        "EntryImport",
        "Import",
        "Success",
        &format!("Retrieved User '{name}' from {SOURCE}"),
        imported(&found, &properties),
    );
    let change = tx.new_uuid();
    if let Some((code, reason)) = scoped(tx, &job, &found, &mut account)? {
        let details = json!({"SkipReason": code});
        account.step(
            now,
            "EntrySynchronizationSkip",
            "Export",
            "Skipped",
            &reason,
            details,
        );
        let error = Some((code, reason.as_str()));
        let done = account.finish(now, change, ("Other", "Skipped"), error, Vec::new(), None);
        return Ok(Begun::Done(done));
    }
    let outbound = access::outbound_sync(tx, target)?;
    if !outbound.allowed {
        return Ok(Begun::Done(refused(account, now, change, &outbound)));
    }
    let display_name = text("displayName");
    let epoch = plan::epoch(tx, target)?;
    let there = links::get(tx, target, user)?.map_or(There::Nothing, |link| link.there);
    let scope = if job.target.is_some() {
        super::scope::of(tx, target)?
    } else {
        let own = job.schema.is_some().then(|| super::schema(&job));
        schema::of_job(tx, own.transpose()?.as_ref())?
    };
    let mapped = match schema::map(tx, &scope, &found, properties, there, epoch)? {
        Ok(mapped) => mapped,
        Err((code, reason)) => {
            let details = json!({"ErrorCode": code});
            account.step(now, "EntryExport", "Export", "Failure", &reason, details);
            let error = Some((code.as_str(), reason.as_str()));
            let done = account.finish(now, change, ("Other", "Failure"), error, Vec::new(), None);
            return Ok(Begun::Done(done));
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
        planned: Planned {
            item: Some(item),
            user_id: user,
            digest: None,
            display_name,
            failed: None,
            removal: None,
        },
        account,
        job,
        epoch,
    })))
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
    let schema = super::schema(job)?;
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

fn refused(mut account: Account, now: Timestamp, change: Uuid, trace: &Trace) -> Value {
    let reason = trace
        .refusal()
        .map_or("", |step| step.reason.as_str())
        .to_owned();
    let details = json!({"setting": trace.refusal().map(|step| &step.setting)});
    account.step(now, "TestConnection", "Export", "Failure", &reason, details);
    let error = Some((super::POLICY_CHECK_FAILURE, reason.as_str()));
    account.finish(now, change, ("Other", "Failure"), error, Vec::new(), None)
}

impl Sending {
    /// The account of a user whom the target's policy has refused.
    pub fn refused(self, tx: &mut Tx<'_>, trace: &Trace) -> Value {
        let (now, change) = (tx.now(), tx.new_uuid());
        refused(self.account, now, change, trace)
    }

    /// Keeps what the target has answered, and tells of it.
    pub fn settle(mut self, tx: &mut Tx<'_>, reply: &str) -> Result<Value> {
        let reply: Reply = serde_json::from_str(reply).map_err(Error::internal)?;
        let outcome = reply.results.into_iter().next();
        let outcome = outcome.unwrap_or_else(|| Outcome::Failed {
            code: "InternalServerError".into(),
            message: "The target tenant didn't answer for this user.".into(),
        });
        let now = tx.now();
        let user = self.planned.user_id;
        let told = Told::of(&outcome, self.planned.item.as_ref());
        self.match_step(now, &outcome);
        self.account.step(
            now,
            told.step,
            "Export",
            told.status,
            &format!("User '{}' {}", self.account.name, told.words),
            told.details.clone(),
        );
        self.planned.digest = match self
            .planned
            .item
            .as_ref()
            .and_then(|item| item.user.as_ref())
        {
            Some(mapped) => Some(mapping::digest(mapped, self.epoch)?),
            None => None,
        };
        let pair = Pair::of_job(self.target, self.job.id, tx.new_uuid());
        let before = links::get(tx, self.target, user)?;
        let mut counts = Counts::default();
        let mut log = Log::open(tx)?;
        settle::settle_one(
            tx,
            &pair,
            self.planned,
            before.clone(),
            outcome,
            &mut counts,
            &mut log,
        )?;
        let change = log.last();
        if self.job.target.is_some() {
            counts.keep(tx, self.target)?;
            if let Some(mut link) = links::get(tx, self.target, user)? {
                link.look = link.failure.is_none();
                links::put(tx, self.target, &link)?;
            }
        } else {
            // No pair of this job keeps it.
            match before {
                Some(link) => links::put(tx, self.target, &link)?,
                None => links::delete(tx, self.target, user)?,
            }
        }
        let error = told.error.as_ref();
        let error = error.map(|(code, reason)| (code.as_str(), reason.as_str()));
        Ok(self.account.finish(
            now,
            change,
            (told.action, told.status),
            error,
            told.changes,
            told.target_id,
        ))
    }

    fn match_step(&mut self, now: Timestamp, outcome: &Outcome) {
        let id = match outcome {
            Outcome::Updated { target_id, .. } | Outcome::Unchanged { target_id } => {
                Some(*target_id)
            }
            Outcome::Removed { target_id } => *target_id,
            Outcome::Created { .. } | Outcome::Failed { .. } => None,
        };
        let text = match id {
            Some(_) => format!("Retrieved User '{}' from {TARGET}", self.account.name),
            None => format!("No matching User was found in {TARGET}"),
        };
        let details = id.map_or_else(|| json!({}), |id| json!({"objectId": id}));
        self.account
            .step(now, "EntryImport", "Matching", "Success", &text, details);
    }
}

/// What is told of an outcome.
struct Told {
    step: &'static str,
    action: &'static str,
    status: &'static str,
    words: String,
    details: Value,
    error: Option<(String, String)>,
    changes: Vec<Value>,
    target_id: Option<UserId>,
}

impl Told {
    fn of(outcome: &Outcome, item: Option<&Item>) -> Self {
        let change = |name: &str, old: &Value, new: &Value| {
            let text = |value: &Value| match value {
                Value::Null => Value::Null,
                Value::Bool(flag) => said(*flag).into(),
                Value::String(text) => json!(text),
                other => json!(other.to_string()),
            };
            json!({"displayName": name, "oldValue": text(old), "newValue": text(new)})
        };
        let told = |step, action, words: &str, target_id| Self {
            step,
            action,
            status: "Success",
            words: format!("{words} {TARGET}"),
            details: json!({}),
            error: None,
            changes: Vec::new(),
            target_id,
        };
        match outcome {
            Outcome::Created { target_id } => {
                let mut created = told(
                    "EntryExportAdd",
                    "Create",
                    "was created in",
                    Some(*target_id),
                );
                if let Some(user) = item.and_then(|item| item.user.as_ref()) {
                    let name = json!(user.user_principal_name);
                    let enabled = json!(user.account_enabled);
                    created.changes = vec![
                        change("userPrincipalName", &Value::Null, &name),
                        change("accountEnabled", &Value::Null, &enabled),
                    ];
                    let properties = user.properties.iter();
                    created
                        .changes
                        .extend(properties.map(|(name, value)| change(name, &Value::Null, value)));
                }
                created
            }
            Outcome::Updated {
                target_id, changes, ..
            } => {
                let mut updated = told(
                    "EntryExportUpdate",
                    "Update",
                    "was updated in",
                    Some(*target_id),
                );
                updated.changes = changes
                    .iter()
                    .map(|(name, old, new)| change(name, old, new))
                    .collect();
                updated
            }
            Outcome::Unchanged { target_id } => Self {
                status: "Skipped",
                words: "needs no change: its state in the source and the target already match."
                    .into(),
                details: json!({"SkipReason": "RedundantExport"}),
                ..told("EntrySynchronizationSkip", "Other", "", Some(*target_id))
            },
            Outcome::Removed { target_id } => {
                told("EntryExportDelete", "Delete", "was deleted in", *target_id)
            }
            Outcome::Failed { code, message } => Self {
                status: "Failure",
                words: format!("couldn't be written in {TARGET}: {message}"),
                details: json!({"ErrorCode": code}),
                error: Some((code.clone(), message.clone())),
                ..told("EntryExport", "Other", "", None)
            },
        }
    }
}
