//! Joining: the invitations at this tenant's door, the join request and what becomes of it.
//!
//! A join request is well-formed or refused at once; whether it succeeds is read from it later,
//! since the organization's seat decides (Graph `multiTenantOrganizationJoinRequestRecord`).

use border::Receipt;
use serde_json::json;
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Result, TenantId};
use uuid::Uuid;

use crate::changes::audit_change;
use crate::messages::{Answer, InviteBody, JOIN, JoinBody};
use crate::model::{Invitation, Snapshot};
use crate::replica;

/// The join request of a tenant; there always is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// Its id in this tenant.
    pub id: Uuid,
    /// The tenant that added this one; nil before any request.
    pub added_by: TenantId,
    /// `pending`, `active` or none.
    pub member_state: Option<String>,
    /// The role once active.
    pub role: Option<String>,
    /// `notStarted`, `running`, `failed`; none when nothing is under way.
    pub status: Option<String>,
    /// Why it failed.
    pub details: String,
}

impl JoinRequest {
    /// Graph's `multiTenantOrganizationJoinRequestRecord`.
    pub fn to_graph(&self) -> serde_json::Value {
        let transition = self.status.as_ref().map(|status| {
            json!({"desiredMemberState": "active", "status": status, "details": self.details})
        });
        json!({
            "id": self.id,
            "addedByTenantId": self.added_by,
            "memberState": self.member_state,
            "role": self.role,
            "transitionDetails": transition,
        })
    }
    fn is_under_way(&self) -> bool {
        matches!(self.status.as_deref(), Some("notStarted" | "running"))
    }
}

/// What joining would change in this tenant's policy for one partner, and in which tenants.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The organization's name.
    pub organization_name: String,
    /// The tenants that this one would be active with.
    pub tenants: Vec<TenantId>,
    /// The settings of this tenant that would change.
    pub changes: Vec<access::SettingChange>,
}

/// The invitations that wait at this tenant's door, newest first.
pub fn invitations(tx: &ReadTx<'_>) -> Result<Vec<Invitation>> {
    tx.query(
        "SELECT shared_id, seat_tenant_id, added_by_tenant_id, organization_name, members, invited_at \
         FROM organization_invitations WHERE tenant_id = ?1 ORDER BY invited_at DESC, shared_id",
        params![&tx.tenant()],
        |row| {
            Ok(Invitation {
                shared_id: row.uuid(0)?,
                seat: row.id(1)?,
                added_by_tenant_id: row.id(2)?,
                organization_name: row.string(3)?,
                members: serde_json::from_str(row.text(4)?).map_err(Error::internal)?,
                invited_date_time: row.timestamp(5)?,
            })
        },
    )
}

fn invitation_of(tx: &ReadTx<'_>, added_by: TenantId) -> Result<Option<Invitation>> {
    Ok(invitations(tx)?
        .into_iter()
        .find(|invitation| invitation.added_by_tenant_id == added_by))
}

pub(crate) fn keep_invitation(tx: &mut Tx<'_>, seat: TenantId, body: &InviteBody) -> Result<()> {
    let tenant = tx.tenant();
    let members = serde_json::to_string(&body.members).map_err(Error::internal)?;
    tx.record(Change::new(
        "multiTenantOrganizationInvitation",
        body.shared_id,
        Op::Created,
        &[],
    ))?
    .execute(
        "INSERT INTO organization_invitations (tenant_id, shared_id, seat_tenant_id, \
             added_by_tenant_id, organization_name, members, invited_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tenant_id, shared_id) DO UPDATE SET \
             seat_tenant_id = excluded.seat_tenant_id, \
             added_by_tenant_id = excluded.added_by_tenant_id, \
             organization_name = excluded.organization_name, members = excluded.members, \
             invited_at = excluded.invited_at",
        params![
            &tenant,
            &body.shared_id,
            &seat,
            &body.added_by,
            &body.organization_name,
            &members,
            body.invited_at,
        ],
    )?;
    audit_change(
        tx,
        "Tenant was added to a MultiTenantOrg",
        body.added_by,
        &body.organization_name,
    )
}

pub(crate) fn forget_invitation(
    tx: &mut Tx<'_>,
    shared_id: Uuid,
    seat: Option<TenantId>,
) -> Result<()> {
    let tenant = tx.tenant();
    let known = invitations(tx)?.into_iter().any(|invitation| {
        invitation.shared_id == shared_id && seat.is_none_or(|seat| seat == invitation.seat)
    });
    if known {
        tx.record(Change::new(
            "multiTenantOrganizationInvitation",
            shared_id,
            Op::Purged,
            &[],
        ))?
        .execute(
            "DELETE FROM organization_invitations WHERE tenant_id = ?1 AND shared_id = ?2",
            params![&tenant, &shared_id],
        )?;
    }
    Ok(())
}

/// The tenant's join request.
pub fn join_request(tx: &ReadTx<'_>) -> Result<JoinRequest> {
    let kept = tx.query_one(
        "SELECT id, added_by_tenant_id, member_state, role, status, details \
         FROM organization_join_request WHERE tenant_id = ?1",
        params![&tx.tenant()],
        |row| {
            Ok(JoinRequest {
                id: row.uuid(0)?,
                added_by: row.id(1)?,
                member_state: row.opt_string(2)?,
                role: row.opt_string(3)?,
                status: row.opt_string(4)?,
                details: row.opt_string(5)?.unwrap_or_default(),
            })
        },
    )?;
    Ok(kept.unwrap_or_else(|| JoinRequest {
        // Stable before anything was written: the tenant's own id says nothing new to its admin.
        id: tx.tenant().uuid(),
        added_by: TenantId::nil(),
        member_state: None,
        role: None,
        status: None,
        details: String::new(),
    }))
}

fn keep(tx: &mut Tx<'_>, request: &JoinRequest) -> Result<()> {
    let tenant = tx.tenant();
    tx.record(Change::new(
        "multiTenantOrganizationJoinRequest",
        request.id,
        Op::Updated,
        &[],
    ))?
    .execute(
        "INSERT INTO organization_join_request (tenant_id, id, added_by_tenant_id, \
             member_state, role, status, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (tenant_id) DO UPDATE SET id = excluded.id, \
             added_by_tenant_id = excluded.added_by_tenant_id, \
             member_state = excluded.member_state, role = excluded.role, \
             status = excluded.status, details = excluded.details",
        params![
            &tenant,
            &request.id,
            &request.added_by,
            request.member_state.as_deref(),
            request.role.as_deref(),
            request.status.as_deref(),
            request.details.as_str(),
        ],
    )
    .map(drop)
}

/// Refuses what must not happen while a join request is under way.
pub(crate) fn refuse_while_joining(tx: &ReadTx<'_>) -> Result<()> {
    if join_request(tx)?.is_under_way() {
        return Err(Error::bad_request(
            "A join request is being processed. Read joinRequest for its outcome first.",
        ));
    }
    Ok(())
}

/// Asks to join the organization to which `added_by` has added this tenant. `users` is the number
/// of this tenant's internal users. The outcome is read from [`join_request`].
pub fn request_join(tx: &mut Tx<'_>, added_by: TenantId, users: u64, users_max: u64) -> Result<()> {
    refuse_while_joining(tx)?;
    let mut request = JoinRequest {
        id: tx.new_uuid(),
        added_by,
        member_state: Some("pending".into()),
        role: None,
        status: Some("notStarted".into()),
        details: String::new(),
    };
    let refusal = if replica::get(tx)?.is_some() {
        Some("This tenant is already active in a multi-tenant organization. Leave it first.".into())
    } else if users > users_max {
        Some(format!(
            "This tenant has more than {users_max} internal users (limits.organization_users)."
        ))
    } else {
        None
    };
    match (refusal, invitation_of(tx, added_by)?) {
        (Some(reason), _) => fail(tx, request, reason),
        (None, None) => fail(
            tx,
            request,
            format!(
                "Tenant {added_by} hasn't added this tenant to a multi-tenant organization. Ask \
                 an owner there to add it, then reset this request and join again."
            ),
        ),
        (None, Some(invitation)) => {
            request.details.clear();
            keep(tx, &request)?;
            let body = JoinBody {
                shared_id: invitation.shared_id,
                users,
            };
            border::outbox::post(tx, invitation.seat, JOIN, &body)?;
            audit_change(
                tx,
                "Join a MultiTenantOrg",
                added_by,
                &invitation.organization_name,
            )
        }
    }
}

fn fail(tx: &mut Tx<'_>, mut request: JoinRequest, reason: String) -> Result<()> {
    if replica::get(tx)?.is_some() {
        // A tenant that is active already stays so.
        request.member_state = Some("active".into());
    }
    request.status = Some("failed".into());
    request.details.clone_from(&reason);
    keep(tx, &request)?;
    audit::record(
        tx,
        audit::Entry::failure("MultiTenantOrg", "Join a MultiTenantOrg", &reason),
    )
    .map(drop)
}

/// Resets a failed request, or one that was never made, to its first state.
pub fn reset_join(tx: &mut Tx<'_>) -> Result<()> {
    refuse_while_joining(tx)?;
    let request = join_request(tx)?;
    if request.status.as_deref() == Some("failed") {
        let (added_by, member_state, role) = match replica::snapshot(tx)? {
            Some(state) => {
                let tenant = tx.tenant();
                let member = state.member(tenant);
                (
                    member.map_or(TenantId::nil(), |member| member.added_by),
                    Some("active".to_owned()),
                    member.map(|member| member.role.as_str().to_owned()),
                )
            }
            None => (TenantId::nil(), None, None),
        };
        let reset = JoinRequest {
            id: request.id,
            added_by,
            member_state,
            role,
            status: None,
            details: String::new(),
        };
        keep(tx, &reset)?;
    }
    Ok(())
}

/// What joining by the invitation of `added_by` would change in this tenant, without doing it.
pub fn preview_join(tx: &ReadTx<'_>, added_by: TenantId) -> Result<Preview> {
    let invitation = invitation_of(tx, added_by)?
        .ok_or_else(|| Error::not_found("multiTenantOrganizationInvitation", added_by))?;
    let mut changes = Vec::new();
    for member in &invitation.members {
        changes.extend(access::preview_templates(tx, *member)?);
    }
    Ok(Preview {
        organization_name: invitation.organization_name,
        tenants: invitation.members,
        changes,
    })
}

pub(crate) fn settled(
    tx: &mut Tx<'_>,
    seat: TenantId,
    body: &JoinBody,
    receipt: &Receipt,
) -> Result<()> {
    let request = join_request(tx)?;
    let asked_for = invitation_of(tx, request.added_by)?
        .is_some_and(|invitation| invitation.shared_id == body.shared_id);
    if !request.is_under_way() || !asked_for {
        return Ok(());
    }
    match receipt {
        Receipt::Applied { reply } => match serde_json::from_str(reply) {
            Ok(Answer::Accepted(state)) => joined(tx, request, &state),
            Ok(Answer::Moved(seat)) => border::outbox::post(tx, seat, JOIN, body).map(drop),
            Ok(Answer::Declined(reason)) => fail(tx, request, reason),
            Err(error) => fail(
                tx,
                request,
                format!("The answer wasn't understood: {error}."),
            ),
        },
        // The answer was lost; asking again is answered in the same way.
        Receipt::Duplicate { .. } | Receipt::Gap { .. } => {
            border::outbox::post(tx, seat, JOIN, body).map(drop)
        }
        Receipt::Refused { trace } => {
            let reason = trace
                .refusal()
                .map_or_else(|| "Refused.".into(), |step| step.reason.clone());
            fail(tx, request, reason)
        }
        Receipt::Rejected { reason } => fail(tx, request, reason.clone()),
    }
}

/// The state has come before the answer to the join request that it answers.
pub(crate) fn joined_by_state(tx: &mut Tx<'_>, from: TenantId, state: &Snapshot) -> Result<()> {
    let request = join_request(tx)?;
    let invited = invitation_of(tx, request.added_by)?.is_some_and(|invitation| {
        invitation.shared_id == state.shared_id && invitation.seat == from
    });
    if request.is_under_way() && invited && state.is_active(tx.tenant()) {
        joined(tx, request, state)?;
    }
    Ok(())
}

fn joined(tx: &mut Tx<'_>, mut request: JoinRequest, state: &Snapshot) -> Result<()> {
    let tenant = tx.tenant();
    replica::install(tx, state)?;
    forget_invitation(tx, state.shared_id, None)?;
    request.member_state = Some("active".into());
    request.role = state
        .member(tenant)
        .map(|member| member.role.as_str().to_owned());
    request.status = None;
    keep(tx, &request)
}

pub(crate) fn remember_seat(tx: &mut Tx<'_>, shared_id: Uuid, seat: TenantId) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "INSERT INTO organization_forwarding (tenant_id, shared_id, seat_tenant_id) \
             VALUES (?1, ?2, ?3) ON CONFLICT (tenant_id, shared_id) DO UPDATE SET \
             seat_tenant_id = excluded.seat_tenant_id",
            params![&tenant, &shared_id, &seat],
        )
        .map(drop)
}

pub(crate) fn remembered_seat(tx: &ReadTx<'_>, shared_id: Uuid) -> Result<Option<TenantId>> {
    tx.query_one(
        "SELECT seat_tenant_id FROM organization_forwarding WHERE tenant_id = ?1 AND shared_id = ?2",
        params![&tx.tenant(), &shared_id],
        |row| row.id(0),
    )
}
