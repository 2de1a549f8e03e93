//! What a job's executions did (Graph `synchronizationTaskExecution`).
//!
//! A scan, from its count of users to its end, is one execution; afterwards each batch is one, since
//! changes are sent as they come.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Tx, params};
use types::{Error, Result, TenantId, Timestamp};
use uuid::Uuid;

use super::governing;
use crate::pair::Phase;

/// What was done in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    id: Uuid,
    began: Timestamp,
    ended: Option<Timestamp>,
    /// Users that were sent.
    imported: u64,
    /// Users that the target has changed for it.
    exported: u64,
    /// Users that failed.
    failed: u64,
}

/// The ones that are told of.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Executions {
    current: Option<Execution>,
    last: Option<Execution>,
    last_successful: Option<Execution>,
    last_with_exports: Option<Execution>,
}

/// What one batch did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) imported: u64,
    pub(crate) exported: u64,
    pub(crate) failed: u64,
}

/// Notes what a batch of a pair did, and whether the scan that it belongs to is over.
pub(crate) fn note(tx: &mut Tx<'_>, target: TenantId, done: Done, phase: Phase) -> Result<()> {
    let Some(job) = governing(tx, target)? else {
        return Ok(());
    };
    let (tenant, now) = (tx.tenant(), tx.now());
    let mut executions = job.executions;
    let id = tx.new_uuid();
    let mut current = executions.current.take().unwrap_or(Execution {
        id,
        began: now,
        ended: None,
        imported: 0,
        exported: 0,
        failed: 0,
    });
    current.imported += done.imported;
    current.exported += done.exported;
    current.failed += done.failed;
    let is_over = phase == Phase::Follow;
    if is_over {
        current.ended = Some(now);
        if current.failed == 0 {
            executions.last_successful = Some(current.clone());
            if current.exported > 0 {
                executions.last_with_exports = Some(current.clone());
            }
        }
        executions.last = Some(current);
    } else {
        executions.current = Some(current);
    }
    let text = serde_json::to_string(&executions).map_err(Error::internal)?;
    let steady = is_over.then_some(now);
    tx.bookkeeping()
        .execute(
            "UPDATE sync_jobs SET executions = ?3, \
             steady_first_at = coalesce(steady_first_at, ?4), \
             steady_last_at = coalesce(?4, steady_last_at) \
             WHERE tenant_id = ?1 AND id = ?2",
            params![&tenant, &job.id, &text, steady],
        )
        .map(drop)
}

/// When nothing has been.
pub(super) const NEVER: &str = "0001-01-01T00:00:00Z";

impl Execution {
    fn to_graph(&self, in_scope: u64) -> Value {
        let (state, error) = if self.failed > 0 {
            let error = json!({
                "code": "EntryLevelErrors",
                "message": format!("{} objects couldn't be synchronized.", self.failed),
                "tenantActionable": true,
            });
            ("EntryLevelErrors", error)
        } else {
            ("Succeeded", Value::Null)
        };
        let ended = self.ended.map_or_else(|| json!(NEVER), |at| json!(at));
        json!({
            "activityIdentifier": self.id,
            "countEntitled": in_scope,
            "countEntitledForProvisioning": in_scope,
            "countEscrowed": self.failed,
            "countEscrowedRaw": self.failed,
            "countExported": self.exported,
            "countExports": self.exported,
            "countImported": self.imported,
            "countImportedDeltas": self.imported,
            "countImportedReferenceDeltas": 0,
            "state": state,
            "error": error,
            "timeBegan": self.began,
            "timeEnded": ended,
        })
    }
}

impl Executions {
    /// `lastExecution`, `lastSuccessfulExecution`, `lastSuccessfulExecutionWithExports`.
    pub(super) fn to_graph(&self, in_scope: u64) -> [Value; 3] {
        [
            self.current.as_ref().or(self.last.as_ref()),
            self.last_successful.as_ref(),
            self.last_with_exports.as_ref(),
        ]
        .map(|execution| execution.map_or(Value::Null, |it| it.to_graph(in_scope)))
    }
}
