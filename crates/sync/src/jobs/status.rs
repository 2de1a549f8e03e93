//! A job in Graph's form: its schedule, and how the pair that it governs stands.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::{ReadTx, params};
use types::trace::Trace;
use types::{Result, TenantId, Timestamp};

use super::executions::NEVER;
use super::{Job, State};
use crate::pair::Position;
use crate::status::{self, PairStatus};

/// The interval that schedules name. Changes are sent as they come; it is what Graph's tools expect.
pub const INTERVAL: &str = "PT40M";
/// What `synchronizationJobSettings` say unless they were set.
const SETTINGS: [(&str, &str); 2] = [
    ("AzureIngestionAttributeOptimization", "False"),
    ("LookaheadQueryEnabled", "False"),
];
/// When a pair that is held up is tried again without a change, in seconds.
const NEXT_ATTEMPT_SECONDS: i64 = 30;

/// A job with what is known of its pair.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The job.
    pub job: Job,
    /// How its pair stands.
    pub pair: Option<PairStatus>,
    /// Since when the target is held up, or the guard lets nobody be deleted.
    blocked_at: Option<Timestamp>,
    now: Timestamp,
}

/// Looks at a job and its pair. `live` are the positions that the running engine had reached before
/// this snapshot was taken.
pub fn look(tx: &ReadTx<'_>, job: Job, live: &BTreeMap<TenantId, Position>) -> Result<Shown> {
    let (mut pair, mut blocked_at) = (None, None);
    if let Some(target) = job.target {
        pair = Some(status::of(tx, target, live.get(&target))?);
        blocked_at = tx
            .query_one(
                "SELECT coalesce(blocked_at, quarantined_at) FROM sync_pairs \
                 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
                params![&tx.tenant(), &target],
                |row| row.opt_timestamp(0),
            )?
            .flatten();
    }
    Ok(Shown {
        job,
        pair,
        blocked_at,
        now: tx.now(),
    })
}

impl Shown {
    /// Whether the job runs.
    fn is_active(&self) -> bool {
        let paused = self
            .pair
            .as_ref()
            .is_some_and(|pair| pair.state == "paused");
        self.job.state == State::Active && !paused
    }

    /// `synchronizationJob`.
    pub fn to_graph(&self) -> Value {
        let state = match self.job.state {
            State::Disabled => "Disabled",
            State::Active if self.is_active() => "Active",
            State::Active | State::Paused => "Paused",
        };
        json!({
            "id": self.job.name(),
            "templateId": self.job.template_id,
            "schedule": {"expiration": null, "interval": INTERVAL, "state": state},
            "status": self.status(),
            "synchronizationJobSettings": settings(&self.job),
        })
    }

    fn status(&self) -> Value {
        let job = &self.job;
        let in_scope = self.pair.as_ref().map_or(0, |pair| pair.in_scope);
        let [last, successful, with_exports] = job.executions.to_graph(in_scope);
        let trace = self.pair.as_ref().and_then(|pair| pair.trace.as_ref());
        let quarantine = trace.filter(|_| self.is_active());
        let code = match (self.is_active(), &self.pair, quarantine) {
            (false, ..) => "Paused",
            (true, None, _) => "NotConfigured",
            (true, Some(_), Some(_)) => "Quarantine",
            (true, Some(_), None) if job.steady_first_at.is_none() => "NotRun",
            (true, Some(_), None) => "Active",
        };
        let time = |at: Option<Timestamp>| at.map_or_else(|| json!(NEVER), |at| json!(at));
        json!({
            "code": code,
            "countSuccessiveCompleteFailures": u64::from(quarantine.is_some()),
            "escrowsPruned": false,
            "lastExecution": last,
            "lastSuccessfulExecution": successful,
            "lastSuccessfulExecutionWithExports": with_exports,
            "progress": self.progress(),
            "quarantine": quarantine.map(|trace| self.quarantine(trace)),
            "steadyStateFirstAchievedTime": time(job.steady_first_at),
            "steadyStateLastAchievedTime": time(job.steady_last_at),
            "synchronizedEntryCountByType": self.entries(),
            "troubleshootingUrl": null,
        })
    }

    fn entries(&self) -> Vec<Value> {
        let Some(pair) = &self.pair else {
            return Vec::new();
        };
        let groups = pair.groups.map_or(0, |(synced, _)| synced);
        [("User", pair.synced), ("Group", groups)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(key, count)| json!({"key": key, "value": count}))
            .collect()
    }

    /// What a cycle has before it, while there is one.
    fn progress(&self) -> Vec<Value> {
        let Some(pair) = self.pair.as_ref().filter(|_| self.is_active()) else {
            return Vec::new();
        };
        let done = pair.synced + pair.failed;
        vec![json!({
            "units": "Users",
            "completedUnits": done,
            "totalUnits": pair.in_scope.max(done),
            "progressObservationDateTime": self.now,
        })]
    }

    fn quarantine(&self, trace: &Trace) -> Value {
        let began = self.blocked_at.unwrap_or(self.now);
        let is_guard = self
            .pair
            .as_ref()
            .is_some_and(|it| it.state == "quarantined");
        let (reason, code) = if is_guard {
            ("TooManyDeletes", "TooManyDeletes")
        } else {
            (
                "EncounteredQuarantineException",
                super::POLICY_CHECK_FAILURE,
            )
        };
        let message = trace.refusal().map_or("", |step| step.reason.as_str());
        json!({
            "currentBegan": began,
            "nextAttempt": self.now.plus_seconds(NEXT_ATTEMPT_SECONDS),
            "reason": reason,
            "seriesBegan": began,
            "seriesCount": 1,
            "error": {
                "code": code,
                "message": message,
                "tenantActionable": true,
            },
        })
    }
}

fn settings(job: &Job) -> Vec<Value> {
    let mut all: BTreeMap<&str, &str> = SETTINGS.into_iter().collect();
    all.extend(
        job.settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    all.into_iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect()
}
