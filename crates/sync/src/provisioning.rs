//! The provisioning log: a record for each thing that a pair did or couldn't do (Graph
//! `provisioningObjectSummary`), in the source tenant.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use store::{Param, ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

use crate::pair::Pair;
use crate::plan::Planned;
use crate::wire::User;

/// A record to be written.
pub(crate) struct Entry<'a> {
    pair: &'a Pair,
    source_id: Uuid,
    is_group: bool,
    display_name: String,
    pub(crate) action: &'static str,
    pub(crate) status: &'static str,
    pub(crate) target_id: Option<Id<kind::User>>,
    pub(crate) error: Option<(String, String)>,
    /// JSON: a user's mapped state, or a list of [property, old, new].
    pub(crate) changes: Option<String>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(pair: &'a Pair, planned: &Planned) -> Self {
        Self {
            pair,
            source_id: planned.user_id.uuid(),
            is_group: false,
            display_name: planned.display_name.clone(),
            action: "other",
            status: "success",
            target_id: None,
            error: None,
            changes: None,
        }
    }

    /// A record of a group.
    pub(crate) fn group(pair: &'a Pair, id: Id<kind::Group>, display_name: &str) -> Self {
        Self {
            pair,
            source_id: id.uuid(),
            is_group: true,
            display_name: display_name.to_owned(),
            action: "other",
            status: "success",
            target_id: None,
            error: None,
            changes: None,
        }
    }

    pub(crate) fn group_target(&mut self, id: Option<Id<kind::Group>>) {
        self.target_id = id.map(|id| Id::new(id.uuid()));
    }
}

/// Property, old and new value, for a record.
pub(crate) fn updated(changes: &[(String, Value, Value)]) -> Result<String> {
    serde_json::to_string(changes).map_err(Error::internal)
}

/// What stands in the place of a value that is kept out of the log.
const REDACTED: &str = "[Redact]";

/// The log's end, where records are added. Their ids rise in the order of the records, whatever the
/// clock does.
pub(crate) struct Log {
    last: Uuid,
    /// Attributes whose values are kept out.
    pub(crate) redacted: BTreeSet<String>,
}

impl Log {
    pub(crate) fn open(tx: &ReadTx<'_>) -> Result<Self> {
        let last = tx.query_one(
            "SELECT id FROM provisioning WHERE tenant_id = ?1 ORDER BY id DESC LIMIT 1",
            params![&tx.tenant()],
            |row| row.uuid(0),
        )?;
        Ok(Self {
            last: last.unwrap_or_default(),
            redacted: BTreeSet::new(),
        })
    }

    /// A new user, for a record.
    pub(crate) fn created(&self, mut user: User) -> Result<String> {
        if let Some(own) = user.own.take() {
            for (name, value) in own.if_absent.into_iter().chain(own.on_creation) {
                user.properties.entry(name).or_insert(value);
            }
        }
        self.redact(&mut user.properties);
        if let Some(mail) = user
            .mail
            .as_mut()
            .filter(|_| self.redacted.contains("mail"))
        {
            REDACTED.clone_into(mail);
        }
        if self.redacted.contains("userPrincipalName") {
            REDACTED.clone_into(&mut user.user_principal_name);
        }
        serde_json::to_string(&user).map_err(Error::internal)
    }

    /// Property, old and new value of a user that was changed, for a record.
    pub(crate) fn updated(&self, mut changes: Vec<(String, Value, Value)>) -> Result<String> {
        self.redact_changes(&mut changes);
        updated(&changes)
    }

    /// Keeps out what no log tells of somebody's properties.
    pub(crate) fn redact(&self, properties: &mut Map<String, Value>) {
        for name in &self.redacted {
            if let Some(value) = properties.get_mut(name) {
                *value = REDACTED.into();
            }
        }
    }

    /// The same of properties with their old and new values.
    pub(crate) fn redact_changes(&self, changes: &mut [(String, Value, Value)]) {
        for (name, old, new) in changes {
            let is_redacted = self.redacted.contains(name.as_str())
                || (name == "otherMails" && self.redacted.contains("mail"));
            for value in [old, new] {
                if is_redacted && !value.is_null() {
                    *value = REDACTED.into();
                }
            }
        }
    }

    /// The id of the last record.
    pub(crate) const fn last(&self) -> Uuid {
        self.last
    }

    pub(crate) fn record(&mut self, tx: &mut Tx<'_>, entry: &Entry<'_>) -> Result<()> {
        let next = Uuid::from_u128(self.last.as_u128().saturating_add(1));
        self.last = tx.new_uuid().max(next);
        write(tx, self.last, entry)
    }
}

fn write(tx: &mut Tx<'_>, id: Uuid, entry: &Entry<'_>) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let (code, message) = match &entry.error {
        Some((code, message)) => (Some(code.as_str()), Some(message.as_str())),
        None => (None, None),
    };
    tx.bookkeeping().execute_later(
        "INSERT INTO provisioning (tenant_id, id, at, job_id, cycle_id, target_tenant_id, \
             action, status, source_id, target_id, display_name, error_code, error, changes, is_group) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            &tenant,
            &id,
            now,
            &entry.pair.job_id,
            &entry.pair.cycle_id,
            &entry.pair.target,
            entry.action,
            entry.status,
            &entry.source_id,
            entry.target_id.as_ref(),
            entry.display_name.as_str(),
            code,
            message,
            entry.changes.as_deref(),
            entry.is_group,
        ],
    )
}

/// Which records a reader wants.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// At or after.
    pub since: Option<Timestamp>,
    /// At or before.
    pub until: Option<Timestamp>,
    /// Of this job.
    pub job_id: Option<Uuid>,
    /// Of this cycle.
    pub cycle_id: Option<Uuid>,
    /// This record.
    pub change_id: Option<Uuid>,
    /// With this action.
    pub action: Option<String>,
    /// With this status.
    pub status: Option<String>,
    /// Of this user of this tenant.
    pub source_id: Option<Uuid>,
    /// Of this user of the target.
    pub target_id: Option<Uuid>,
    /// To this tenant.
    pub target_tenant_id: Option<Uuid>,
    /// The oldest first instead of the newest.
    pub oldest_first: bool,
}

/// A record as it was read.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its id; later ones are greater.
    pub id: Uuid,
    at: Timestamp,
    job_id: Uuid,
    cycle_id: Uuid,
    target_tenant: TenantId,
    action: String,
    status: String,
    source_id: Uuid,
    target_id: Option<Uuid>,
    display_name: String,
    error: Option<(String, String)>,
    changes: Option<String>,
    is_group: bool,
}

/// Records in the filter's order; `after` is the id of the last one of the page before.
pub fn list(
    tx: &ReadTx<'_>,
    filter: &Filter,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Record>> {
    let tenant = tx.tenant();
    let (comparison, direction, start) = if filter.oldest_first {
        (">", "ASC", Uuid::nil())
    } else {
        ("<", "DESC", Uuid::max())
    };
    let after = after.unwrap_or(start);
    let mut sql = format!(
        "SELECT id, at, job_id, cycle_id, target_tenant_id, action, status, source_id, target_id, \
         display_name, error_code, error, changes, is_group FROM provisioning \
         WHERE tenant_id = ?1 AND id {comparison} ?2 AND at >= ?3 AND at <= ?4"
    );
    let mut params: Vec<Param<'_>> = vec![
        (&tenant).into(),
        (&after).into(),
        filter.since.unwrap_or(Timestamp(i64::MIN)).into(),
        filter.until.unwrap_or(Timestamp(i64::MAX)).into(),
    ];
    let conditions: [(&str, Option<Param<'_>>); 8] = [
        ("job_id", filter.job_id.as_ref().map(Param::from)),
        ("cycle_id", filter.cycle_id.as_ref().map(Param::from)),
        ("id", filter.change_id.as_ref().map(Param::from)),
        ("action", filter.action.as_deref().map(Param::Text)),
        ("status", filter.status.as_deref().map(Param::Text)),
        ("source_id", filter.source_id.as_ref().map(Param::from)),
        ("target_id", filter.target_id.as_ref().map(Param::from)),
        (
            "target_tenant_id",
            filter.target_tenant_id.as_ref().map(Param::from),
        ),
    ];
    for (column, value) in conditions {
        if let Some(value) = value {
            params.push(value);
            let condition = format!(" AND {column} = ?{}", params.len());
            sql.push_str(&condition);
        }
    }
    params.push(limit.into());
    let end = format!(" ORDER BY id {direction} LIMIT ?{}", params.len());
    sql.push_str(&end);
    tx.query(&sql, &params, |row| {
        Ok(Record {
            id: row.uuid(0)?,
            at: row.timestamp(1)?,
            job_id: row.uuid(2)?,
            cycle_id: row.uuid(3)?,
            target_tenant: row.id(4)?,
            action: row.string(5)?,
            status: row.string(6)?,
            source_id: row.uuid(7)?,
            target_id: row.opt_uuid(8)?,
            display_name: row.string(9)?,
            error: row.opt_string(10)?.zip(row.opt_string(11)?),
            changes: row.opt_string(12)?,
            is_group: row.bool(13)?,
        })
    })
}

/// Drops records older than `before`, up to `limit` of them; answers how many went.
pub fn trim(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64> {
    let tenant = tx.tenant();
    // Ids begin with their time: the range keeps this from reading what stays.
    let milliseconds = u64::try_from(before.milliseconds()).unwrap_or(0);
    let end = uuid::Builder::from_unix_timestamp_millis(milliseconds, &[0; 10]).into_uuid();
    tx.bookkeeping().execute(
        "DELETE FROM provisioning WHERE tenant_id = ?1 AND id IN (SELECT id FROM provisioning \
         WHERE tenant_id = ?1 AND id < ?2 ORDER BY id LIMIT ?3)",
        params![&tenant, &end, limit],
    )
}

fn modified(changes: Option<&str>) -> Vec<Value> {
    let entry = |name: &str, old: &Value, new: &Value| {
        let text = |value: &Value| match value {
            Value::Null => Value::Null,
            Value::String(text) => json!(text),
            other => json!(other.to_string()),
        };
        json!({"displayName": name, "oldValue": text(old), "newValue": text(new)})
    };
    match changes.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|change| {
                let change = change.as_array()?;
                Some(entry(
                    change.first()?.as_str()?,
                    change.get(1)?,
                    change.get(2)?,
                ))
            })
            .collect(),
        Some(Value::Object(user)) => {
            let mut values: Map<String, Value> = Map::new();
            for (name, value) in user {
                match (name.as_str(), value) {
                    ("properties", Value::Object(properties)) => values.extend(properties),
                    (_, value) => {
                        values.insert(name, value);
                    }
                }
            }
            values
                .iter()
                .map(|(name, value)| entry(name, &Value::Null, value))
                .collect()
        }
        _ => Vec::new(),
    }
}

impl Record {
    /// Graph's `provisioningObjectSummary`. `principals` are the service principals of the jobs that
    /// there are ([`crate::jobs::principals`]).
    pub fn to_graph(
        &self,
        source_tenant: TenantId,
        principals: &BTreeMap<Uuid, (Uuid, String)>,
    ) -> Value {
        let principal = principals.get(&self.job_id).cloned();
        let (principal_id, principal_name) =
            principal.unwrap_or_else(|| (self.job_id, format!("MTO_Sync_{}", self.target_tenant)));
        let failed = self.status == "failure";
        let (identity, what) = if self.is_group {
            ("Group", "group")
        } else {
            ("User", "user")
        };
        let step = |name: &str, kind: &str, description: &str| {
            json!({
                "name": name,
                "provisioningStepType": kind,
                "status": "success",
                "description": description,
                "details": {},
            })
        };
        let mut steps = vec![
            step(
                "EntryImport",
                "import",
                &format!("The {what} was read from the source tenant."),
            ),
            step(
                "EntrySynchronizationScoping",
                "scoping",
                &format!("Whether the {what} is shared was determined."),
            ),
            step(
                "EntryImportObjectMatch",
                "matching",
                &format!("The {what} was matched by home tenant and object id."),
            ),
        ];
        let mut export = step(
            "EntryExport",
            "export",
            &if self.status == "skipped" {
                format!("The {what} was left as it is in the target tenant.")
            } else {
                format!("The {what} was written in the target tenant.")
            },
        );
        export["status"] = json!(if failed {
            "failure"
        } else {
            self.status.as_str()
        });
        if let Some((_, message)) = &self.error {
            export["description"] = json!(message);
        }
        steps.push(export);
        let error = self.error.as_ref().map(|(code, message)| {
            json!({
                "errorCode": code,
                "reason": message,
                "additionalDetails": null,
                "errorCategory": "failure",
                "recommendedAction":
                    format!("Mend what the reason names; the {what} is tried again by itself."),
            })
        });
        json!({
            "id": self.id,
            "activityDateTime": self.at,
            "tenantId": source_tenant,
            "jobId": job_name(self.job_id),
            "cycleId": self.cycle_id,
            "changeId": self.id,
            "provisioningAction": self.action,
            "durationInMilliseconds": 0,
            "provisioningStatusInfo": {"status": self.status, "errorInformation": error},
            "provisioningSteps": steps,
            "modifiedProperties": modified(self.changes.as_deref()),
            "servicePrincipal": {
                "id": principal_id,
                "displayName": principal_name,
            },
            "initiatedBy": {
                "id": "",
                "displayName": "isopolity synchronization",
                "initiatorType": "system",
            },
            "sourceIdentity": {
                "id": self.source_id,
                "displayName": self.display_name,
                "identityType": identity,
                "details": {},
            },
            "targetIdentity": {
                "id": self.target_id.map(|id| id.to_string()).unwrap_or_default(),
                "displayName": self.display_name,
                "identityType": identity,
                "details": {},
            },
            "sourceSystem": {
                "id": source_tenant,
                "displayName": "Source tenant",
                "details": {},
            },
            "targetSystem": {
                "id": self.target_tenant,
                "displayName": "Target tenant",
                "details": {},
            },
        })
    }
}

/// A job's id in Graph's form.
pub fn job_name(job: Uuid) -> String {
    format!("Azure2Azure.{}.{job}", job.simple())
}

/// The UUID in a job's id, in either form.
pub fn parse_job_name(text: &str) -> Option<Uuid> {
    types::parse_uuid(text.rsplit('.').next().unwrap_or(text))
}
