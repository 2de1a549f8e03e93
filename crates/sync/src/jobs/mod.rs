//! Synchronization jobs: a pair as automation sees it (Graph `synchronizationJob`).
//!
//! A job belongs to a service principal, whose secrets name the target (`CompanyId`). It *governs*
//! the pair with that target from its first start to its deletion: the pair has the job's id, is
//! paused and resumed by it, and runs whether or not the two tenants are in one organization; both
//! sides' policies have to allow it in any case.
//!
//! - **Scope.** What a governing job brings in is beside the sharing (OR), not instead of it: the
//!   users that are assigned to its service principal, directly or through a group that is, nested
//!   ones included, or with `SyncAll` all internal members; both only as far as the scoping filters
//!   of its schema let them pass. Outside an organization there is no sharing.
//! - **One job for a target**, since there is one pair: a second one isn't started.
//! - **Deleting** a job leaves the users in the target as they are. If something is shared with it
//!   in an organization, the pair goes on with that; otherwise it ends.
//!
//! Source: Microsoft Graph, "synchronizationJob resource type"; Microsoft Entra, "Configure
//! cross-tenant synchronization using Microsoft Graph API".

mod executions;
pub mod on_demand;
pub(crate) mod scope;
pub mod secrets;
pub mod status;

use std::collections::BTreeMap;

use ::provisioning::{self as schemas, Schema};
use serde_json::{Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

use crate::pair;
use crate::provisioning::{job_name, parse_job_name};
use crate::sharing::{self, Scope};

pub use executions::Execution;
pub(crate) use executions::{Done, note};

/// The template of cross-tenant synchronization, the only one.
pub const TEMPLATE: &str = "Azure2Azure";
/// The code of a refusal by either side's policy.
pub const POLICY_CHECK_FAILURE: &str = "AzureActiveDirectoryCrossTenantSyncPolicyCheckFailure";
/// Jobs of one tenant.
pub const JOBS_MAX: u64 = 1_000;
/// Entries of `synchronizationJobSettings`.
pub const SETTINGS_MAX: usize = 100;
/// Characters of the name and of the value of one such entry.
const SETTING_LENGTH_MAX: usize = 1_024;

type ServicePrincipal = Id<kind::ServicePrincipal>;

/// Whether a job runs, by the admin's will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was never started.
    Disabled,
    /// It runs.
    Active,
    /// It was stopped and keeps its place.
    Paused,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        match text {
            "disabled" => Ok(Self::Disabled),
            "active" => Ok(Self::Active),
            "paused" => Ok(Self::Paused),
            other => Err(Error::internal(format!("unknown state {other} of a job"))),
        }
    }
}

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id; Graph's form is [`Job::name`].
    pub id: Uuid,
    /// Whose it is.
    pub service_principal: ServicePrincipal,
    /// What it was made from.
    pub template_id: String,
    /// Whether it runs.
    pub state: State,
    /// The pair that it governs.
    pub target: Option<TenantId>,
    /// Whether all internal members are in scope, not only those that are assigned.
    pub sync_all: bool,
    /// `synchronizationJobSettings` that were set.
    pub settings: BTreeMap<String, String>,
    /// Its schema, if that isn't the template's.
    schema: Option<Value>,
    pub(crate) steady_first_at: Option<Timestamp>,
    pub(crate) steady_last_at: Option<Timestamp>,
    pub(crate) executions: executions::Executions,
}

impl Job {
    /// Its id in Graph's form.
    pub fn name(&self) -> String {
        job_name(self.id)
    }
}

const COLUMNS: &str = "id, service_principal_id, template_id, state, target_tenant_id, sync_all, \
                       settings, schema_doc, steady_first_at, steady_last_at, executions";

fn from_row(row: &store::Row<'_>) -> Result<Job> {
    let schema = row.opt_text(7)?.map(serde_json::from_str).transpose();
    Ok(Job {
        id: row.uuid(0)?,
        service_principal: row.id(1)?,
        template_id: row.string(2)?,
        state: State::parse(row.text(3)?)?,
        target: row.opt_id(4)?,
        sync_all: row.bool(5)?,
        settings: serde_json::from_str(row.text(6)?).map_err(Error::internal)?,
        schema: schema.map_err(Error::internal)?,
        steady_first_at: row.opt_timestamp(8)?,
        steady_last_at: row.opt_timestamp(9)?,
        executions: serde_json::from_str(row.text(10)?).map_err(Error::internal)?,
    })
}

/// The jobs of a service principal.
pub fn of(tx: &ReadTx<'_>, service_principal: ServicePrincipal) -> Result<Vec<Job>> {
    tx.query(
        &format!(
            "SELECT {COLUMNS} FROM sync_jobs WHERE tenant_id = ?1 AND service_principal_id = ?2 \
             ORDER BY id"
        ),
        params![&tx.tenant(), &service_principal],
        from_row,
    )
}

/// A job of a service principal, by its id in either form.
pub fn get(tx: &ReadTx<'_>, service_principal: ServicePrincipal, name: &str) -> Result<Job> {
    let unknown = || Error::not_found("synchronizationJob", name);
    let id = parse_job_name(name).ok_or_else(unknown)?;
    let found = tx.query_one(
        &format!("SELECT {COLUMNS} FROM sync_jobs WHERE tenant_id = ?1 AND id = ?2"),
        params![&tx.tenant(), &id],
        from_row,
    )?;
    found
        .filter(|job| job.service_principal == service_principal)
        .ok_or_else(unknown)
}

/// The job that governs the pair with a target.
pub(crate) fn governing(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<Job>> {
    tx.query_one(
        &format!("SELECT {COLUMNS} FROM sync_jobs WHERE tenant_id = ?1 AND target_tenant_id = ?2"),
        params![&tx.tenant(), &target],
        from_row,
    )
}

/// The job that governs the pair with a target, or one that stands for the pair itself as long as
/// there is none: it brings nobody in besides those who are shared.
pub(crate) fn of_pair(tx: &mut Tx<'_>, target: TenantId) -> Result<Job> {
    if let Some(job) = governing(tx, target)? {
        return Ok(job);
    }
    let kept = schemas::store::load(tx, target)?;
    Ok(Job {
        id: pair::ensure(tx, target)?.job_id,
        service_principal: ServicePrincipal::nil(),
        template_id: TEMPLATE.to_owned(),
        state: State::Active,
        target: Some(target),
        sync_all: false,
        settings: BTreeMap::new(),
        schema: kept.map(|kept| kept.schema.to_json("")),
        steady_first_at: None,
        steady_last_at: None,
        executions: executions::Executions::default(),
    })
}

/// Whether a job governs the pair with a target.
pub fn governs(tx: &ReadTx<'_>, target: TenantId) -> Result<bool> {
    let found = tx.query_one(
        "SELECT 1 FROM sync_jobs WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tx.tenant(), &target],
        |row| row.int(0),
    )?;
    Ok(found.is_some())
}

/// How many deletions the job that governs the pair with a target lets pass within the guard's
/// window, if it says so: `SyncNotificationSettings` of its secrets, or
/// `QuarantineTooManyDeletesThreshold` of its settings; the lower one.
pub(crate) fn deletion_threshold(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<u64>> {
    let Some(job) = governing(tx, target)? else {
        return Ok(None);
    };
    let notification = secrets::settings(tx, job.service_principal)?.notification;
    let notification = notification.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let notified = notification
        .filter(|settings| settings["DeleteThresholdEnabled"] == true)
        .and_then(|settings| match &settings["DeleteThresholdValue"] {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64(),
        });
    let set = job.settings.get("QuarantineTooManyDeletesThreshold");
    let set = set.and_then(|text| text.parse().ok());
    Ok([notified, set].into_iter().flatten().min())
}

/// The service principals of all jobs, with their names: what the log shows.
pub fn principals(tx: &ReadTx<'_>) -> Result<BTreeMap<Uuid, (Uuid, String)>> {
    let jobs: Vec<(Uuid, ServicePrincipal)> = tx.query(
        "SELECT id, service_principal_id FROM sync_jobs WHERE tenant_id = ?1 ORDER BY id",
        params![&tx.tenant()],
        |row| Ok((row.uuid(0)?, row.id(1)?)),
    )?;
    let mut named = BTreeMap::new();
    for (job, principal) in jobs {
        let name = match directory::service_principals::get(tx, principal) {
            Ok(found) => found.display_name().to_owned(),
            Err(Error::NotFound { .. }) => String::new(),
            Err(error) => return Err(error),
        };
        named.insert(job, (principal.uuid(), name));
    }
    Ok(named)
}

/// Whether a pair with a target has something to do: both are active in one organization, or a job
/// governs it.
pub(crate) fn is_due(tx: &ReadTx<'_>, target: TenantId) -> Result<bool> {
    if governs(tx, target)? {
        return Ok(true);
    }
    Ok(organization::is_active_with(tx, target)? && !rests(tx, target)?)
}

/// Whether a pair was left by its job, and nothing has been shared since that would take it up again.
pub(crate) fn rests(tx: &ReadTx<'_>, target: TenantId) -> Result<bool> {
    let retired = tx.query_one(
        "SELECT retired FROM sync_pairs WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tx.tenant(), &target],
        |row| row.bool(0),
    )?;
    Ok(retired == Some(true))
}

/// What is shared has changed: it takes up those pairs that rest and have a part in it.
pub(crate) fn take_up(tx: &mut Tx<'_>) -> Result<()> {
    let tenant = tx.tenant();
    let resting: Vec<TenantId> = tx.query(
        "SELECT target_tenant_id FROM sync_pairs WHERE tenant_id = ?1 AND retired = 1",
        params![&tenant],
        |row| row.id(0),
    )?;
    for target in resting {
        if shares(tx, target)? {
            pair::set_retired(tx, target, false)?;
        }
    }
    Ok(())
}

fn shares(tx: &ReadTx<'_>, target: TenantId) -> Result<bool> {
    let sharing = sharing::of(tx, target)?.0.in_force(tx.now())?;
    Ok(sharing.scope() != Scope::None)
}

/// The targets of the pairs that jobs govern.
pub(crate) fn governed(tx: &ReadTx<'_>) -> Result<Vec<TenantId>> {
    tx.query(
        "SELECT target_tenant_id FROM sync_jobs WHERE tenant_id = ?1 \
         AND target_tenant_id IS NOT NULL ORDER BY target_tenant_id",
        params![&tx.tenant()],
        |row| row.id(0),
    )
}

/// The tenants that pairs of this one have something to do with.
pub(crate) fn partners(tx: &ReadTx<'_>) -> Result<Vec<TenantId>> {
    let mut partners = governed(tx)?;
    for member in organization::active_members(tx)? {
        if !partners.contains(&member) && !rests(tx, member)? {
            partners.push(member);
        }
    }
    Ok(partners)
}

fn audited(tx: &mut Tx<'_>, activity: &str, job: &Job) -> Result<()> {
    let target = audit::Target::new(job.service_principal.uuid(), "", "ServicePrincipal");
    audit::record(
        tx,
        audit::Entry::success("ProvisioningManagement", activity)
            .target(target)
            .detail("jobId", job.name()),
    )
    .map(drop)
}

fn changed<'t, 'c>(
    tx: &'t mut Tx<'c>,
    job: &Job,
    op: Op,
    names: &[&str],
) -> Result<store::Recorded<'t, 'c>> {
    tx.record(Change::new("synchronizationJob", job.id, op, names))
}

/// Makes a job from a template. A service principal has one of each.
pub fn create(
    tx: &mut Tx<'_>,
    service_principal: ServicePrincipal,
    template_id: &str,
) -> Result<Job> {
    if template_id != TEMPLATE {
        return Err(Error::invalid(
            "templateId",
            format!("There is no synchronization template '{template_id}'. Use '{TEMPLATE}'."),
        ));
    }
    if !of(tx, service_principal)?.is_empty() {
        return Err(Error::conflict(format!(
            "This service principal has a synchronization job from the template '{template_id}' \
             already."
        )));
    }
    let tenant = tx.tenant();
    let jobs = tx.count(
        "SELECT count(*) FROM sync_jobs WHERE tenant_id = ?1",
        params![&tenant],
    )?;
    if jobs >= JOBS_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.synchronization_jobs",
            message: format!(
                "A tenant has {JOBS_MAX} synchronization jobs at most \
                 (limits.synchronization_jobs). Delete one first."
            ),
        });
    }
    let job = Job {
        id: tx.new_uuid(),
        service_principal,
        template_id: template_id.to_owned(),
        state: State::Disabled,
        target: None,
        sync_all: secrets::settings(tx, service_principal)?.sync_all,
        settings: BTreeMap::new(),
        schema: None,
        steady_first_at: None,
        steady_last_at: None,
        executions: executions::Executions::default(),
    };
    let now = tx.now();
    changed(tx, &job, Op::Created, &[])?.execute(
        "INSERT INTO sync_jobs (tenant_id, id, service_principal_id, template_id, state, \
         target_tenant_id, sync_all, settings, schema_doc, steady_first_at, steady_last_at, \
         executions, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6, '{}', NULL, NULL, NULL, '{}', ?7)",
        params![
            &tenant,
            &job.id,
            &service_principal,
            job.template_id.as_str(),
            job.state.as_str(),
            job.sync_all,
            now
        ],
    )?;
    audited(tx, "Add synchronization job", &job)?;
    Ok(job)
}

fn keep_state(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let tenant = tx.tenant();
    changed(tx, job, Op::Updated, &["schedule"])?
        .execute(
            "UPDATE sync_jobs SET state = ?3, target_tenant_id = ?4, sync_all = ?5 \
             WHERE tenant_id = ?1 AND id = ?2",
            params![
                &tenant,
                &job.id,
                job.state.as_str(),
                job.target.as_ref(),
                job.sync_all
            ],
        )
        .map(drop)
}

/// Lets a job run: from the beginning, or from where it was stopped. Without a target it waits for
/// the secrets that name one.
pub fn start(tx: &mut Tx<'_>, service_principal: ServicePrincipal, name: &str) -> Result<()> {
    let mut job = get(tx, service_principal, name)?;
    run(tx, &mut job)?;
    audited(tx, "Start synchronization job", &job)
}

fn run(tx: &mut Tx<'_>, job: &mut Job) -> Result<()> {
    job.state = State::Active;
    let target = secrets::settings(tx, job.service_principal)?.company_id;
    if job.target != target {
        leave(tx, job)?;
        if let Some(target) = target {
            take(tx, job, target)?;
        }
    }
    if let Some(target) = job.target {
        pair::set_paused(tx, target, false)?;
    }
    keep_state(tx, job)
}

/// Makes the pair with a target the job's.
fn take(tx: &mut Tx<'_>, job: &mut Job, target: TenantId) -> Result<()> {
    if governs(tx, target)? {
        return Err(Error::conflict(format!(
            "Another synchronization job has tenant {target} as its target. Delete that one first."
        )));
    }
    pair::ensure(tx, target)?;
    pair::set_job(tx, target, job.id)?;
    if job.schema.is_some() {
        schemas::store::save(tx, target, &schema(job)?)?;
    } else {
        schemas::store::delete(tx, target)?;
    }
    job.target = Some(target);
    Ok(())
}

/// Lets the pair go that the job governs.
fn leave(tx: &mut Tx<'_>, job: &mut Job) -> Result<()> {
    let Some(target) = job.target.take() else {
        return Ok(());
    };
    schemas::store::delete(tx, target)?;
    let together = organization::is_active_with(tx, target)?;
    let goes_on = together && shares(tx, target)?;
    pair::set_free(tx, target, !goes_on)
}

/// Stops a job; it keeps its place.
pub fn pause(tx: &mut Tx<'_>, service_principal: ServicePrincipal, name: &str) -> Result<()> {
    let mut job = get(tx, service_principal, name)?;
    job.state = State::Paused;
    if let Some(target) = job.target {
        pair::set_paused(tx, target, true)?;
    }
    keep_state(tx, &job)?;
    audited(tx, "Pause synchronization job", &job)
}

/// What a restart forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the flags of synchronizationJobRestartScope"
)]
pub struct Reset {
    /// What is remembered of the target: everything is compared with it again.
    pub connector_data_store: bool,
    /// Failures.
    pub escrows: bool,
    /// The place in the feed: all users are looked at again.
    pub watermark: bool,
    /// What holds the job up.
    pub quarantine_state: bool,
    /// Deletions that are held back are let through.
    pub force_deletes: bool,
}

impl Reset {
    /// What a restart without criteria forgets.
    pub const USUAL: Self = Self {
        connector_data_store: false,
        escrows: true,
        watermark: true,
        quarantine_state: true,
        force_deletes: false,
    };

    /// Reads `resetScope`: flags with commas between them; none is the usual restart.
    pub fn parse(text: &str) -> Result<Self> {
        let mut reset = Self {
            connector_data_store: false,
            escrows: false,
            watermark: false,
            quarantine_state: false,
            force_deletes: false,
        };
        if text.trim().is_empty() {
            return Ok(Self::USUAL);
        }
        for flag in text.split(',').map(str::trim) {
            match flag.to_ascii_lowercase().as_str() {
                "none" => {}
                "connectordatastore" => reset.connector_data_store = true,
                "escrows" => reset.escrows = true,
                "watermark" => reset.watermark = true,
                "quarantinestate" => reset.quarantine_state = true,
                "forcedeletes" => reset.force_deletes = true,
                "full" => {
                    reset = Self {
                        connector_data_store: true,
                        force_deletes: reset.force_deletes,
                        ..Self::USUAL
                    };
                }
                _ => {
                    return Err(Error::invalid(
                        "resetScope",
                        "'resetScope' is a list with commas of None, ConnectorDataStore, Escrows, \
                         Watermark, QuarantineState, Full and ForceDeletes.",
                    ));
                }
            }
        }
        Ok(reset)
    }
}

/// Starts a job anew, having forgotten this.
pub fn restart(
    tx: &mut Tx<'_>,
    service_principal: ServicePrincipal,
    name: &str,
    reset: Reset,
) -> Result<()> {
    let mut job = get(tx, service_principal, name)?;
    run(tx, &mut job)?;
    if let Some(target) = job.target {
        pair::reset(tx, target, reset)?;
    }
    audited(tx, "Restart synchronization job", &job)
}

/// Deletes a job. The users in its target stay as they are.
pub fn delete(tx: &mut Tx<'_>, service_principal: ServicePrincipal, name: &str) -> Result<()> {
    let mut job = get(tx, service_principal, name)?;
    remove(tx, &mut job)?;
    audited(tx, "Delete synchronization job", &job)
}

fn remove(tx: &mut Tx<'_>, job: &mut Job) -> Result<()> {
    leave(tx, job)?;
    let tenant = tx.tenant();
    changed(tx, job, Op::Deleted, &[])?
        .execute(
            "DELETE FROM sync_jobs WHERE tenant_id = ?1 AND id = ?2",
            params![&tenant, &job.id],
        )
        .map(drop)
}

/// Deletes all jobs of a service principal that is deleted, and its secrets.
pub fn delete_all(tx: &mut Tx<'_>, service_principal: ServicePrincipal) -> Result<()> {
    for mut job in of(tx, service_principal)? {
        remove(tx, &mut job)?;
        audited(tx, "Delete synchronization job", &job)?;
    }
    secrets::delete_all(tx, service_principal)
}

/// Sets some of `synchronizationJobSettings`; null takes one out.
pub fn set_settings(
    tx: &mut Tx<'_>,
    service_principal: ServicePrincipal,
    name: &str,
    new: &[(String, Option<String>)],
) -> Result<()> {
    let mut job = get(tx, service_principal, name)?;
    for (name, value) in new {
        let longest = value.as_ref().map_or(0, |value| value.chars().count());
        let is_named = (1..=SETTING_LENGTH_MAX).contains(&name.chars().count());
        if !is_named || longest > SETTING_LENGTH_MAX {
            return Err(Error::invalid(
                "synchronizationJobSettings",
                format!(
                    "The name and the value of a setting have {SETTING_LENGTH_MAX} characters at most."
                ),
            ));
        }
        match value {
            Some(value) => job.settings.insert(name.clone(), value.clone()),
            None => job.settings.remove(name),
        };
    }
    if job.settings.len() > SETTINGS_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.synchronization_settings",
            message: format!(
                "A job has {SETTINGS_MAX} settings at most (limits.synchronization_settings)."
            ),
        });
    }
    let tenant = tx.tenant();
    let text = json!(job.settings).to_string();
    changed(tx, &job, Op::Updated, &["synchronizationJobSettings"])?.execute(
        "UPDATE sync_jobs SET settings = ?3 WHERE tenant_id = ?1 AND id = ?2",
        params![&tenant, &job.id, &text],
    )?;
    audited(tx, "Update synchronization job", &job)
}

/// A job's schema: its own, or the template's.
pub fn schema(job: &Job) -> Result<Schema> {
    match &job.schema {
        // It was valid when it was written.
        Some(doc) => Schema::from_json(doc).map_err(Error::internal),
        None => Ok(Schema::default_for_users()),
    }
}

/// Sets a job's schema, or (`None`) the template's again. The pair that the job governs goes by it.
pub fn set_schema(
    tx: &mut Tx<'_>,
    service_principal: ServicePrincipal,
    name: &str,
    new: Option<&Schema>,
) -> Result<()> {
    let job = get(tx, service_principal, name)?;
    let tenant = tx.tenant();
    let text = new.map(|schema| schema.to_json("").to_string());
    changed(tx, &job, Op::Updated, &["schema"])?.execute(
        "UPDATE sync_jobs SET schema_doc = ?3 WHERE tenant_id = ?1 AND id = ?2",
        params![&tenant, &job.id, text.as_deref()],
    )?;
    match (job.target, new) {
        // The change is audited there, attribute by attribute.
        (Some(target), Some(schema)) => schemas::store::save(tx, target, schema),
        (Some(target), None) => schemas::store::delete(tx, target),
        (None, _) => audited(tx, "Update synchronization schema", &job),
    }
}
