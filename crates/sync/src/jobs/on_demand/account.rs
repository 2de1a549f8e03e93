//! What is told of one subject, step by step.

use serde_json::{Value, json};
use types::trace::Trace;
use types::{Id, Timestamp};
use uuid::Uuid;

use super::{SOURCE, TARGET};
use crate::wire::Outcome;

/// What is told of one subject.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) began: Timestamp,
    pub(super) id: Uuid,
    /// `User` or `Group`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) steps: Vec<Value>,
}

impl Account {
    pub(super) fn new(began: Timestamp, kind: &'static str, id: Uuid, name: String) -> Self {
        Self {
            began,
            id,
            kind,
            name,
            steps: Vec::new(),
        }
    }

    /// The first step.
    pub(super) fn imported(&mut self, details: Value) {
        let text = format!("Retrieved {} '{}' from {SOURCE}", self.kind, self.name);
        self.step(
            self.began,
            "EntryImport",
            "Import",
            "Success",
            &text,
            details,
        );
    }

    /// The end of one that isn't sent.
    pub(super) fn skipped(
        mut self,
        now: Timestamp,
        change: Uuid,
        code: &str,
        reason: &str,
    ) -> Value {
        let details = json!({"SkipReason": code});
        self.step(
            now,
            "EntrySynchronizationSkip",
            "Export",
            "Skipped",
            reason,
            details,
        );
        let error = Some((code, reason));
        self.finish(now, change, ("Other", "Skipped"), error, Vec::new(), None)
    }

    /// The end of one that a policy refuses.
    pub(super) fn refused(mut self, now: Timestamp, change: Uuid, trace: &Trace) -> Value {
        let reason = trace
            .refusal()
            .map_or("", |step| step.reason.as_str())
            .to_owned();
        let details = json!({"setting": trace.refusal().map(|step| &step.setting)});
        self.step(now, "TestConnection", "Export", "Failure", &reason, details);
        let error = Some((crate::jobs::POLICY_CHECK_FAILURE, reason.as_str()));
        self.finish(now, change, ("Other", "Failure"), error, Vec::new(), None)
    }

    /// Whether the target has had it.
    pub(super) fn matched(&mut self, now: Timestamp, outcome: &Outcome) {
        let id = match outcome {
            Outcome::Updated { target_id, .. } | Outcome::Unchanged { target_id } => {
                Some(*target_id)
            }
            Outcome::Removed { target_id } => *target_id,
            Outcome::Created { .. } | Outcome::Failed { .. } => None,
        };
        let text = match id {
            Some(_) => format!("Retrieved {} '{}' from {TARGET}", self.kind, self.name),
            None => format!("No matching {} was found in {TARGET}", self.kind),
        };
        let details = id.map_or_else(|| json!({}), |id| json!({"objectId": id}));
        self.step(now, "EntryImport", "Matching", "Success", &text, details);
    }

    /// What has become of it.
    pub(super) fn exported(&mut self, now: Timestamp, told: &Told) {
        let text = format!("{} '{}' {}", self.kind, self.name, told.words);
        let details = told.details.clone();
        self.step(now, told.step, "Export", told.status, &text, details);
    }

    /// The end of one that was sent.
    pub(super) fn settled(self, now: Timestamp, change: Uuid, told: Told) -> Value {
        let error = told.error.as_ref();
        let error = error.map(|(code, reason)| (code.as_str(), reason.as_str()));
        self.finish(
            now,
            change,
            (told.action, told.status),
            error,
            told.changes,
            told.target_id,
        )
    }

    pub(super) fn step(
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
        target_id: Option<Uuid>,
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
                "id": self.id, "type": self.kind, "displayName": null, "details": null,
            },
            "sourceSystem": {"id": null, "name": SOURCE, "details": null},
            "targetIdentity": {
                "id": target_id, "type": self.kind, "displayName": null, "details": null,
            },
            "targetSystem": {"id": null, "name": TARGET, "details": null},
        })
    }
}

/// Graph's spelling of a flag in an account.
pub(super) const fn said(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}

/// What is told of an outcome.
pub(super) struct Told {
    step: &'static str,
    action: &'static str,
    status: &'static str,
    words: String,
    details: Value,
    error: Option<(String, String)>,
    changes: Vec<Value>,
    target_id: Option<Uuid>,
}

impl Told {
    /// One that couldn't be made ready.
    pub(super) fn failed(code: String, message: String) -> Self {
        Self {
            details: json!({"ErrorCode": code}),
            step: "EntryExport",
            action: "Other",
            status: "Failure",
            words: format!("couldn't be written in {TARGET}: {message}"),
            error: Some((code, message)),
            changes: Vec::new(),
            target_id: None,
        }
    }

    /// `created` is what a new object begins with.
    pub(super) fn of(outcome: &Outcome, created: &[(&str, Value)]) -> Self {
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
                let mut new = told(
                    "EntryExportAdd",
                    "Create",
                    "was created in",
                    Some(target_id.uuid()),
                );
                new.changes = created
                    .iter()
                    .map(|(name, value)| change(name, &Value::Null, value))
                    .collect();
                new
            }
            Outcome::Updated {
                target_id, changes, ..
            } => {
                let mut updated = told(
                    "EntryExportUpdate",
                    "Update",
                    "was updated in",
                    Some(target_id.uuid()),
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
                ..told(
                    "EntrySynchronizationSkip",
                    "Other",
                    "",
                    Some(target_id.uuid()),
                )
            },
            Outcome::Removed { target_id } => told(
                "EntryExportDelete",
                "Delete",
                "was deleted in",
                target_id.map(Id::uuid),
            ),
            Outcome::Failed { code, message } => Self::failed(code.clone(), message.clone()),
        }
    }
}
