//! Changes of the organization: one function decides what a change makes of a state, wherever it
//! runs; the seat carries it out, other owners check it against what they know and ask the seat.

use serde::{Deserialize, Serialize};
use store::Tx;
use types::{Error, Result, TenantId, Timestamp};

use crate::messages::{self, RemovedBody, RequestBody};
use crate::model::{Member, Organization, Role, Snapshot, State};
use crate::{PENDING_TENANTS_MAX, audited, join, replica};

/// A change that an owner, or a leaving member, wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase")]
pub(crate) enum ChangeRequest {
    /// Add a tenant as pending.
    #[serde(rename_all = "camelCase")]
    Add {
        tenant_id: TenantId,
        display_name: String,
        role: Role,
    },
    /// Change a tenant's role.
    #[serde(rename_all = "camelCase")]
    SetRole { tenant_id: TenantId, role: Role },
    /// Remove another tenant.
    #[serde(rename_all = "camelCase")]
    Remove { tenant_id: TenantId },
    /// Rename or describe the organization.
    #[serde(rename_all = "camelCase")]
    Update {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        display_name: Option<String>,
        /// Outer none: untouched; inner none: cleared.
        #[expect(clippy::option_option, reason = "absent, null and value differ")]
        #[serde(
            skip_serializing_if = "Option::is_none",
            default,
            with = "double_option"
        )]
        description: Option<Option<String>>,
    },
    /// Leave.
    Leave,
}

mod double_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(
        clippy::option_option,
        clippy::ref_option,
        reason = "absent, null and value differ"
    )]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<Option<String>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value
            .as_ref()
            .and_then(Option::as_ref)
            .serialize(serializer)
    }
    #[expect(clippy::option_option, reason = "absent, null and value differ")]
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<String>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

impl ChangeRequest {
    /// What the audit log calls it.
    pub(crate) const fn activity(&self) -> &'static str {
        match self {
            Self::Add { .. } => "Add a MultiTenantOrg tenant",
            Self::SetRole { .. } => "Update a MultiTenantOrg tenant",
            Self::Remove { .. } | Self::Leave => "Delete a MultiTenantOrg tenant",
            Self::Update { .. } => "Update a MultiTenantOrg",
        }
    }
    /// The tenant that it is about, where that isn't the one that asks.
    pub(crate) const fn subject(&self) -> Option<TenantId> {
        match self {
            Self::Add { tenant_id, .. }
            | Self::SetRole { tenant_id, .. }
            | Self::Remove { tenant_id } => Some(*tenant_id),
            Self::Update { .. } | Self::Leave => None,
        }
    }
    /// What the audit log says of the subject.
    fn detail(&self) -> &str {
        match self {
            Self::Add { display_name, .. } => display_name,
            Self::SetRole { role, .. } => role.as_str(),
            Self::Update { display_name, .. } => display_name.as_deref().unwrap_or_default(),
            Self::Remove { .. } | Self::Leave => "",
        }
    }
}

/// A line of text; a description may have several.
fn text(target: &'static str, value: &str, max: usize) -> Result<()> {
    let length = value.chars().count();
    let has_lines = target == "description";
    let is_wrong = |c: char| c.is_control() && !(has_lines && matches!(c, '\n' | '\r' | '\t'));
    if value.trim().is_empty() || length > max || value.chars().any(is_wrong) {
        return Err(Error::invalid(
            target,
            format!("{target} has to be 1 to {max} characters without control characters."),
        ));
    }
    Ok(())
}

/// What `request`, made by the tenant `by`, makes of the state.
pub(crate) fn apply(
    state: &mut Snapshot,
    by: TenantId,
    request: &ChangeRequest,
    now: Timestamp,
) -> Result<()> {
    let asker = state
        .member(by)
        .filter(|member| member.state == State::Active)
        .cloned();
    let Some(asker) = asker else {
        return Err(Error::forbidden(
            "This tenant isn't active in the organization.",
        ));
    };
    if asker.role != Role::Owner && *request != ChangeRequest::Leave {
        return Err(Error::forbidden(
            "Only an owner of the multi-tenant organization may do this. Ask an owner.",
        ));
    }
    match request {
        ChangeRequest::Add {
            tenant_id,
            display_name,
            role,
        } => {
            text("displayName", display_name, 256)?;
            if let Some(present) = state.member(*tenant_id) {
                return Err(Error::invalid(
                    "tenantId",
                    format!(
                        "Tenant {tenant_id} is already {} in the multi-tenant organization.",
                        present.state.as_str()
                    ),
                ));
            }
            if state.pending().count() >= PENDING_TENANTS_MAX {
                return Err(Error::LimitExceeded {
                    limit: "limits.organization_pending_tenants",
                    message: format!(
                        "{PENDING_TENANTS_MAX} tenants are pending already \
                         (limits.organization_pending_tenants)."
                    ),
                });
            }
            state.members.push(Member {
                tenant_id: *tenant_id,
                display_name: display_name.clone(),
                added_at: now,
                joined_at: None,
                added_by: by,
                added_in: state.version + 1,
                role: Role::Member,
                state: State::Pending,
                desired_role: *role,
            });
        }
        ChangeRequest::SetRole { tenant_id, role } => {
            let last_owner = state.other_owner(*tenant_id).is_none();
            let Some(member) = state.member_mut(*tenant_id) else {
                return Err(Error::not_found("multiTenantOrganizationMember", tenant_id));
            };
            match member.state {
                State::Pending => member.desired_role = *role,
                State::Active if *role == Role::Member && last_owner => {
                    return Err(Error::bad_request(
                        "An organization needs an active owner. Make another active tenant an \
                         owner first.",
                    ));
                }
                State::Active => {
                    member.role = *role;
                    member.desired_role = *role;
                }
            }
        }
        ChangeRequest::Remove { tenant_id } => {
            if *tenant_id == by {
                return apply(state, by, &ChangeRequest::Leave, now);
            }
            if state.member(*tenant_id).is_none() {
                return Err(Error::not_found("multiTenantOrganizationMember", tenant_id));
            }
            state
                .members
                .retain(|member| member.tenant_id != *tenant_id);
        }
        ChangeRequest::Update {
            display_name,
            description,
        } => {
            if let Some(name) = display_name {
                text("displayName", name, 256)?;
                state.display_name.clone_from(name);
            }
            if let Some(description) = description {
                if let Some(words) = description.as_ref().filter(|words| !words.is_empty()) {
                    text("description", words, 1024)?;
                }
                state.description.clone_from(description);
            }
        }
        ChangeRequest::Leave => {
            let alone = state.active().all(|member| member.tenant_id == by);
            if asker.role == Role::Owner && !alone && state.other_owner(by).is_none() {
                return Err(Error::bad_request(
                    "The last active owner can't leave while other tenants are active. Make \
                     another active tenant an owner first.",
                ));
            }
            state.members.retain(|member| member.tenant_id != by);
            if alone {
                state.members.clear();
            }
        }
    }
    // The seat is always an active owner.
    let seat_holds = state
        .active()
        .any(|member| member.tenant_id == state.seat && member.role == Role::Owner);
    if !seat_holds && let Some(next) = state.other_owner(state.seat) {
        state.seat = next;
    }
    Ok(())
}

/// Makes a pending tenant active. The seat has checked that it is pending.
pub(crate) fn admit(
    state: &mut Snapshot,
    joiner: TenantId,
    now: Timestamp,
    active_tenants_max: usize,
) -> std::result::Result<(), String> {
    if state.active().count() >= active_tenants_max {
        return Err(format!(
            "The multi-tenant organization has {active_tenants_max} active tenants, which is the \
             limit (limits.organization_tenants)."
        ));
    }
    if let Some(member) = state.member_mut(joiner) {
        member.state = State::Active;
        member.role = member.desired_role;
        member.joined_at = Some(now);
    }
    Ok(())
}

/// At the seat: makes `after` the organization's next state and tells everybody concerned. `by` is
/// the tenant that wanted it.
pub(crate) fn carry_out(
    tx: &mut Tx<'_>,
    before: &Snapshot,
    mut after: Snapshot,
    by: TenantId,
) -> Result<Snapshot> {
    let tenant = tx.tenant();
    after.version = before.version + 1;
    after.changed_by = Some(by);
    for member in after.active().filter(|member| member.tenant_id != tenant) {
        border::outbox::post(tx, member.tenant_id, messages::STATE, &after)?;
    }
    let removed = RemovedBody {
        shared_id: after.shared_id,
        version: after.version,
        by,
    };
    for gone in before.active().map(|member| member.tenant_id) {
        if gone != tenant && !after.is_active(gone) {
            border::outbox::post(tx, gone, messages::REMOVED, &removed)?;
        }
    }
    replica::install(tx, &after)?;
    Ok(after)
}

/// Carries a change out if this tenant is the seat; else checks it and sends it to the seat.
/// Answers the state as it will be.
fn change(tx: &mut Tx<'_>, request: ChangeRequest) -> Result<Snapshot> {
    let tenant = tx.tenant();
    let Some(before) = replica::snapshot(tx)? else {
        return Err(Error::not_found("multiTenantOrganization", tenant));
    };
    let mut after = before.clone();
    apply(&mut after, tenant, &request, tx.now())?;
    if after == before {
        return Ok(after);
    }
    let subject = request.subject().unwrap_or(tenant);
    audited::request(
        tx,
        request.activity(),
        subject,
        request.detail(),
        &before,
        &after,
    )?;
    if before.seat == tenant {
        return carry_out(tx, &before, after, tenant);
    }
    let body = RequestBody {
        shared_id: before.shared_id,
        at_least: before.version,
        hops: 0,
        member_since: before.member(tenant).map_or(0, |own| own.added_in),
        request,
    };
    border::outbox::post(tx, before.seat, messages::REQUEST, &body)?;
    Ok(after)
}

/// Creates an organization with this tenant as its owner.
pub fn create(
    tx: &mut Tx<'_>,
    display_name: &str,
    description: Option<&str>,
    label: &str,
) -> Result<Organization> {
    text("displayName", display_name, 256)?;
    if let Some(description) = description.filter(|words| !words.is_empty()) {
        text("description", description, 1024)?;
    }
    if replica::get(tx)?.is_some() {
        return Err(Error::bad_request(
            "This tenant is already active in a multi-tenant organization. Leave it first.",
        ));
    }
    join::refuse_while_joining(tx)?;
    let (tenant, now) = (tx.tenant(), tx.now());
    let state = Snapshot {
        shared_id: tx.new_uuid(),
        seat: tenant,
        version: 1,
        changed_by: None,
        display_name: display_name.to_owned(),
        description: description.map(str::to_owned),
        created_at: now,
        members: vec![Member {
            tenant_id: tenant,
            display_name: label.to_owned(),
            added_at: now,
            joined_at: None,
            added_by: tenant,
            added_in: 1,
            role: Role::Owner,
            state: State::Active,
            desired_role: Role::Owner,
        }],
    };
    replica::install(tx, &state)?;
    audited::change(tx, "Create a MultiTenantOrg", tenant, display_name)?;
    replica::get(tx)?.ok_or_else(|| Error::internal("the new organization isn't there"))
}

/// Changes the organization's name or description. Owners only.
pub fn update(
    tx: &mut Tx<'_>,
    display_name: Option<String>,
    description: Option<Option<String>>,
) -> Result<()> {
    let request = ChangeRequest::Update {
        display_name,
        description,
    };
    change(tx, request).map(drop)
}

/// Adds a tenant as pending. Owners only. Whether the tenant exists is the caller's to check.
pub fn add(tx: &mut Tx<'_>, tenant: TenantId, display_name: &str, role: Role) -> Result<Member> {
    let request = ChangeRequest::Add {
        tenant_id: tenant,
        display_name: display_name.to_owned(),
        role,
    };
    let added = change(tx, request)?.member(tenant).cloned();
    added.ok_or_else(|| Error::internal("the added tenant isn't there"))
}

/// Changes a tenant's role; of a pending one, the role that it gets when it joins. Owners only.
pub fn set_role(tx: &mut Tx<'_>, tenant: TenantId, role: Role) -> Result<()> {
    let request = ChangeRequest::SetRole {
        tenant_id: tenant,
        role,
    };
    change(tx, request).map(drop)
}

/// Removes a tenant, or leaves if it is the own one.
pub fn remove(tx: &mut Tx<'_>, tenant: TenantId) -> Result<()> {
    if tenant == tx.tenant() {
        return leave(tx);
    }
    change(tx, ChangeRequest::Remove { tenant_id: tenant }).map(drop)
}

/// Leaves; the last active tenant's leaving dissolves the organization. What the admins set up with
/// the other tenants, and the users that were synced, stay as they are.
pub fn leave(tx: &mut Tx<'_>) -> Result<()> {
    change(tx, ChangeRequest::Leave).map(drop)
}
