//! What a departure is, as it is kept and as it is told.

use directory::synced::Standing;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sync::sharing::Sharing;
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

/// What becomes of the users of the others who are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Treatment {
    /// They stay as they are.
    Keep,
    /// They become guests.
    Guest,
    /// They are soft-deleted.
    SoftDelete,
}

impl Treatment {
    /// Reads the API's word.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "keep" => Ok(Self::Keep),
            "guest" => Ok(Self::Guest),
            "softDelete" => Ok(Self::SoftDelete),
            other => Err(Error::invalid(
                "usersFromThem",
                format!("'{other}' isn't a treatment: use keep, guest or softDelete."),
            )),
        }
    }
}

/// Where a departure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Users from here are being removed over there.
    Withdrawing,
    /// The organization is being told.
    Leaving,
    /// Settings are closed, users treated.
    Treating,
    /// It is over.
    Done,
    /// It couldn't be carried out.
    Failed,
    /// Users are being brought back.
    Undoing,
    /// It was undone.
    Undone,
}

impl Stage {
    /// The API's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawing => "withdrawing",
            Self::Leaving => "leaving",
            Self::Treating => "treating",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }
    /// Whether it goes on by itself.
    pub const fn is_running(self) -> bool {
        matches!(
            self,
            Self::Withdrawing | Self::Leaving | Self::Treating | Self::Undoing
        )
    }
}

/// One of the tenants that this one parts from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Side {
    /// Which.
    pub(crate) tenant_id: TenantId,
    /// What its users had here when it began.
    pub(crate) here: Standing,
    /// Those of them that were treated.
    pub(crate) treated: u64,
    /// Those of them that were brought back, and that couldn't be.
    pub(crate) restored: u64,
    /// See above.
    pub(crate) lost: u64,
    /// Users from here that were there when it began.
    pub(crate) there: u64,
    /// Of these, those that were soft-deleted there.
    pub(crate) withdrawn: u64,
    /// The label in the organization and the role, for adding it again.
    pub(crate) label: String,
    /// The sharing that was taken back: the tenant's own entry, if it had one.
    pub(crate) sharing: Option<Sharing>,
    /// The settings that were closed.
    pub(crate) opened: Option<access::Opened>,
}

/// A departure that this tenant carries out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Departure {
    /// Its id, the same at all ends.
    pub id: Uuid,
    /// Who carries it out.
    pub by: TenantId,
    /// Who departs.
    pub tenant: TenantId,
    /// What becomes of the users of the others.
    pub users_from_them: Treatment,
    /// Where it stands.
    pub stage: Stage,
    /// Why it has failed.
    pub reason: Option<String>,
    pub(crate) started_at: Timestamp,
    pub(crate) completed_at: Option<Timestamp>,
    pub(crate) sides: Vec<Side>,
    /// Whether the organization was asked.
    pub(crate) asked: bool,
    /// Which side's users are treated, behind which.
    pub(crate) at: usize,
    pub(crate) after: Option<Id<kind::User>>,
}

impl Departure {
    /// Until when it can be undone.
    pub(crate) fn undoable_until(&self, deleted_days: u64) -> Option<Timestamp> {
        let seconds = i64::try_from(deleted_days).unwrap_or(i64::MAX / 86_400) * 86_400;
        let at = self.completed_at.filter(|_| self.stage == Stage::Done)?;
        Some(at.plus_seconds(seconds))
    }

    /// The report of what concerns one of the others.
    pub(crate) fn report(&self, of: &Side) -> Report {
        Report {
            id: self.id,
            by: self.by,
            tenant: self.tenant,
            users_from_them: self.users_from_them,
            state: self.stage.as_str().into(),
            started_at: self.started_at,
            completed_at: self.completed_at,
            your_users: of.here,
            treated: of.treated,
            restored: of.restored,
            our_users: of.there,
            withdrawn: of.withdrawn,
        }
    }

    /// The API's form.
    pub fn to_json(&self, deleted_days: u64) -> Value {
        let sides: Vec<Value> = self
            .sides
            .iter()
            .map(|side| {
                json!({
                    "tenantId": side.tenant_id,
                    "usersFromThem": {
                        "count": side.here.users,
                        "groupMemberships": side.here.group_memberships,
                        "roleAssignments": side.here.role_assignments,
                        "treatment": self.users_from_them,
                        "treated": side.treated,
                        "restored": side.restored,
                        "lost": side.lost,
                    },
                    "usersOfOurs": {
                        "count": side.there,
                        "treatment": match self.users_from_them {
                            Treatment::SoftDelete => "softDelete",
                            _ => "keep",
                        },
                        "treated": side.withdrawn,
                    },
                })
            })
            .collect();
        json!({
            "id": self.id,
            "direction": "own",
            "tenantId": self.tenant,
            "byTenantId": self.by,
            "usersFromThem": self.users_from_them,
            "dryRun": false,
            "state": self.stage,
            "reason": self.reason,
            "startedDateTime": self.started_at,
            "completedDateTime": self.completed_at,
            "undoableUntilDateTime": self.undoable_until(deleted_days),
            "tenants": sides,
        })
    }
}

/// What the other side is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub(crate) id: Uuid,
    pub(crate) by: TenantId,
    pub(crate) tenant: TenantId,
    pub(crate) users_from_them: Treatment,
    pub(crate) state: String,
    pub(crate) started_at: Timestamp,
    pub(crate) completed_at: Option<Timestamp>,
    /// The receiver's users at the sender.
    pub(crate) your_users: Standing,
    pub(crate) treated: u64,
    pub(crate) restored: u64,
    /// The sender's users at the receiver.
    pub(crate) our_users: u64,
    pub(crate) withdrawn: u64,
}

impl Report {
    /// The API's form, in the receiver's words.
    pub fn to_json(&self) -> Value {
        let treatment = match self.users_from_them {
            Treatment::SoftDelete => "softDelete",
            _ => "keep",
        };
        json!({
            "id": self.id,
            "direction": "theirs",
            "tenantId": self.tenant,
            "byTenantId": self.by,
            "usersFromThem": self.users_from_them,
            "dryRun": false,
            "state": self.state,
            "reason": null,
            "startedDateTime": self.started_at,
            "completedDateTime": self.completed_at,
            "undoableUntilDateTime": null,
            "tenants": [{
                "tenantId": self.by,
                "usersFromThem": {
                    "count": self.our_users,
                    "treatment": treatment,
                    "treated": self.withdrawn,
                },
                "usersOfOurs": {
                    "count": self.your_users.users,
                    "groupMemberships": self.your_users.group_memberships,
                    "roleAssignments": self.your_users.role_assignments,
                    "treatment": self.users_from_them,
                    "treated": self.treated,
                    "restored": self.restored,
                },
            }],
        })
    }
}
