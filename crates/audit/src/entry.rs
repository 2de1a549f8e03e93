//! What an entry says.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::{Actor, Timestamp};
use uuid::Uuid;

/// How an act ended (Graph's `operationResult`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused or failed; nothing was changed.
    Failure,
}

impl Outcome {
    /// As Graph writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
    /// Reads Graph's word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "success" => Some(Self::Success),
            "failure" => Some(Self::Failure),
            _ => None,
        }
    }
}

/// An act, as whoever does it tells it. Actor, time and id come from the transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The area, as Entra names it: `UserManagement`, `Policy` ….
    pub category: String,
    /// What was done, in Entra's words: `Add user`.
    pub activity_display_name: String,
    /// `Add`, `Update`, `Delete`, `Assign`, `Unassign`.
    pub operation_type: String,
    /// How it ended.
    pub result: Outcome,
    /// Why it failed, in a sentence.
    pub reason: Option<String>,
    /// What it was done to.
    pub targets: Vec<Target>,
    /// What links the entries of one act across services and tenants.
    pub correlation_id: Option<Uuid>,
    /// Which part of the product recorded it.
    pub logged_by_service: String,
    /// More, by key.
    pub details: Vec<(String, String)>,
}

impl Entry {
    /// An act that was done. The operation's type is taken from the activity's first word.
    pub fn success(category: impl Into<String>, activity: impl Into<String>) -> Self {
        let activity = activity.into();
        let first = activity.split(' ').next().unwrap_or_default();
        let operation = match first {
            "Add" | "Create" | "Invite" | "Register" => "Add",
            "Delete" | "Hard" | "Remove" => "Delete",
            "Assign" => "Assign",
            "Unassign" => "Unassign",
            _ => "Update",
        };
        Self {
            category: category.into(),
            operation_type: operation.into(),
            activity_display_name: activity,
            result: Outcome::Success,
            reason: None,
            targets: Vec::new(),
            correlation_id: None,
            logged_by_service: "Core Directory".into(),
            details: Vec::new(),
        }
    }
    /// An act that was refused or failed.
    pub fn failure(
        category: impl Into<String>,
        activity: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            result: Outcome::Failure,
            reason: Some(reason.into()),
            ..Self::success(category, activity)
        }
    }
    /// Names an object that it was done to.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }
    /// Adds a detail.
    #[must_use]
    pub fn detail(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.details.push((key.into(), value.into()));
        self
    }
    /// Says which part of the product did it.
    #[must_use]
    pub fn logged_by(mut self, service: impl Into<String>) -> Self {
        self.logged_by_service = service.into();
        self
    }
    /// Links it with the other entries of the same act.
    #[must_use]
    pub fn correlated(mut self, correlation_id: Option<Uuid>) -> Self {
        self.correlation_id = correlation_id;
        self
    }
}

/// An object that something was done to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its id.
    pub id: String,
    /// Its name at that time.
    pub display_name: Option<String>,
    /// The name to sign in with, of a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<String>,
    /// `User`, `Group`, `Policy`, `Tenant` ….
    pub kind: String,
    /// What changed: the property, its value before, its value after; null where there is none.
    pub modified: Vec<(String, Value, Value)>,
}

impl Target {
    /// An object; an empty name is none.
    pub fn new(id: impl ToString, display_name: &str, kind: impl Into<String>) -> Self {
        Self {
            id: id.to_string(),
            display_name: (!display_name.is_empty()).then(|| display_name.to_owned()),
            user_principal_name: None,
            kind: kind.into(),
            modified: Vec::new(),
        }
    }
    /// Adds the name to sign in with; an empty one is none.
    #[must_use]
    pub fn named(mut self, user_principal_name: &str) -> Self {
        let name = Some(user_principal_name).filter(|name| !name.is_empty());
        self.user_principal_name = name.map(str::to_owned);
        self
    }
    /// Adds what changed.
    #[must_use]
    pub fn modified(mut self, property: impl Into<String>, old: Value, new: Value) -> Self {
        self.modified.push((property.into(), old, new));
        self
    }
}

/// An entry that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id.
    pub id: Uuid,
    /// Its place in the log; with `at` the position from which a next page goes on.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub entry: Entry,
}
