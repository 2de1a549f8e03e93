//! What an organization is made of, and its form as a message between members.

use serde::{Deserialize, Serialize};
use types::{Error, Result, TenantId, Timestamp};
use uuid::Uuid;

/// A tenant's role in the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Adds and removes tenants, changes roles and the organization's name.
    Owner,
    /// Takes part and may leave.
    Member,
}

impl Role {
    /// As Graph writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
        }
    }
    /// Reads Graph's word.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "owner" => Ok(Self::Owner),
            "member" => Ok(Self::Member),
            other => Err(Error::invalid(
                "role",
                format!("'{other}' isn't a role: it has to be owner or member."),
            )),
        }
    }
}

/// How far a tenant has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Added by an owner; its own admin hasn't joined.
    Pending,
    /// Takes part.
    Active,
}

impl State {
    /// As Graph writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
        }
    }
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text {
            "pending" => Ok(Self::Pending),
            "active" => Ok(Self::Active),
            other => Err(Error::internal(format!("unknown member state {other}"))),
        }
    }
}

/// A tenant in the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Which tenant.
    pub tenant_id: TenantId,
    /// The label that whoever added it gave it; it can't be changed later.
    pub display_name: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it joined; never set for the creator.
    pub joined_at: Option<Timestamp>,
    /// Who added it; the creator added itself.
    pub added_by: TenantId,
    /// The first state that has it, which tells one membership of a tenant from a later one.
    pub(crate) added_in: u64,
    /// Its role; of a pending tenant always member.
    pub role: Role,
    /// Its state.
    pub state: State,
    /// The role that it gets when it joins.
    pub desired_role: Role,
}

impl Member {
    /// Graph's `multiTenantOrganizationMember`.
    pub fn to_graph(&self) -> serde_json::Value {
        let transition = (self.state == State::Pending).then(|| {
            serde_json::json!({
                "desiredRole": self.desired_role.as_str(),
                "desiredState": "active",
                "status": "notStarted",
                "details": null,
            })
        });
        serde_json::json!({
            "tenantId": self.tenant_id,
            "displayName": self.display_name,
            "addedDateTime": self.added_at,
            "joinedDateTime": self.joined_at,
            "addedByTenantId": self.added_by,
            "role": self.role.as_str(),
            "state": self.state.as_str(),
            "transitionDetails": transition,
        })
    }
}

/// The organization as this tenant knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The id that this tenant shows.
    pub local_id: Uuid,
    /// The id that links the members; never shown.
    pub(crate) shared_id: Uuid,
    /// Who orders the changes.
    pub(crate) seat: TenantId,
    /// The number of the state; each change makes it one more.
    pub(crate) version: u64,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Organization {
    /// Graph's `multiTenantOrganization`; `None` is the answer of a tenant that is in none.
    pub fn to_graph(organization: Option<&Self>) -> serde_json::Value {
        match organization {
            Some(organization) => serde_json::json!({
                "id": organization.local_id,
                "createdDateTime": organization.created_at,
                "displayName": organization.display_name,
                "description": organization.description,
                "state": "active",
            }),
            None => serde_json::json!({
                "createdDateTime": null,
                "displayName": null,
                "description": null,
                "state": "inactive",
            }),
        }
    }
}

/// The whole state, as the seat sends it to the members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Snapshot {
    pub(crate) shared_id: Uuid,
    pub(crate) seat: TenantId,
    pub(crate) version: u64,
    /// Whose change made this version, while it is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed_by: Option<TenantId>,
    pub(crate) display_name: String,
    pub(crate) description: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) members: Vec<Member>,
}

impl Snapshot {
    pub(crate) fn member(&self, tenant: TenantId) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.tenant_id == tenant)
    }
    pub(crate) fn member_mut(&mut self, tenant: TenantId) -> Option<&mut Member> {
        self.members
            .iter_mut()
            .find(|member| member.tenant_id == tenant)
    }
    pub(crate) fn active(&self) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(|member| member.state == State::Active)
    }
    pub(crate) fn is_active(&self, tenant: TenantId) -> bool {
        self.active().any(|member| member.tenant_id == tenant)
    }
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(|member| member.state == State::Pending)
    }
    pub(crate) fn is_owner(&self, tenant: TenantId) -> bool {
        self.active()
            .any(|member| member.tenant_id == tenant && member.role == Role::Owner)
    }
    /// What an invitation says of the organization.
    pub(crate) fn outline(&self) -> (&str, Vec<TenantId>) {
        let active = self.active().map(|member| member.tenant_id).collect();
        (&self.display_name, active)
    }
    /// The active owner, other than `but`, that has been in for longest.
    pub(crate) fn other_owner(&self, but: TenantId) -> Option<TenantId> {
        self.active()
            .filter(|member| member.role == Role::Owner && member.tenant_id != but)
            .min_by_key(|member| (member.joined_at, member.tenant_id))
            .map(|member| member.tenant_id)
    }
}

/// An offer of membership that waits at this tenant's door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Links the members; never shown.
    #[serde(skip)]
    pub(crate) shared_id: Uuid,
    /// The state of the organization that it was made in.
    #[serde(skip)]
    pub(crate) version: u64,
    /// The tenant that added this one: the one that a join request names.
    pub added_by_tenant_id: TenantId,
    /// The organization's name.
    pub organization_name: String,
    /// Its active tenants.
    pub members: Vec<TenantId>,
    /// When.
    pub invited_date_time: Timestamp,
}
