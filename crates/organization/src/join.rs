//! Joining: the join request and what becomes of it.
//!
//! A join request is well-formed or refused at once; whether it succeeds is read from it later,
//! since the organization's seat decides (Graph `multiTenantOrganizationJoinRequestRecord`). The
//! question goes to the tenant that the admin has named, which says who the seat is.

use border::Receipt;
use serde_json::json;
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Result, TenantId};
use uuid::Uuid;

use crate::invitations::{forget_before, invitation_by, invitation_to};
use crate::messages::{Answer, HOPS_MAX, JOIN, JoinBody};
use crate::model::Snapshot;
use crate::{audited, replica};

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
    /// Which organization, and who was asked last.
    asked: Option<(Uuid, TenantId)>,
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
    /// Who was asked last to be let into this organization, while that is under way.
    fn asked_for(&self, shared_id: Uuid) -> Option<TenantId> {
        let (asked_for, asked) = self.asked.filter(|_| self.is_under_way())?;
        (asked_for == shared_id).then_some(asked)
    }
    fn first(id: Uuid) -> Self {
        Self {
            id,
            added_by: TenantId::nil(),
            member_state: None,
            role: None,
            status: None,
            details: String::new(),
            asked: None,
        }
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

/// What joining by the invitation of `added_by` would change in this tenant, without doing it.
pub fn preview_join(tx: &ReadTx<'_>, added_by: TenantId) -> Result<Preview> {
    let invitation = invitation_by(tx, added_by)?
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

/// The tenant's join request.
pub fn join_request(tx: &ReadTx<'_>) -> Result<JoinRequest> {
    let kept = tx.query_one(
        "SELECT id, added_by_tenant_id, member_state, role, status, details, shared_id, \
         asked_tenant_id FROM organization_join_request WHERE tenant_id = ?1",
        params![&tx.tenant()],
        |row| {
            Ok(JoinRequest {
                id: row.uuid(0)?,
                added_by: row.id(1)?,
                member_state: row.opt_string(2)?,
                role: row.opt_string(3)?,
                status: row.opt_string(4)?,
                details: row.opt_string(5)?.unwrap_or_default(),
                asked: row.opt_uuid(6)?.zip(row.opt_id(7)?),
            })
        },
    )?;
    // Stable before anything was written: the tenant's own id says nothing new to its admin.
    let mut request = kept.unwrap_or_else(|| JoinRequest::first(tx.tenant().uuid()));
    if request.role.is_some() {
        // An owner may have changed it since.
        let own = replica::snapshot(tx)?.and_then(|state| state.member(tx.tenant()).cloned());
        request.role = own.map(|own| own.role.as_str().to_owned());
    }
    Ok(request)
}

/// Whether this tenant is about to join this organization.
pub(crate) fn is_joining(tx: &ReadTx<'_>, shared_id: Uuid) -> Result<bool> {
    Ok(join_request(tx)?.asked_for(shared_id).is_some())
}

fn keep(tx: &mut Tx<'_>, request: &JoinRequest) -> Result<()> {
    let tenant = tx.tenant();
    let (shared_id, asked) = request.asked.unzip();
    tx.record(Change::new(
        "multiTenantOrganizationJoinRequest",
        request.id,
        Op::Updated,
        &[],
    ))?
    .execute(
        "INSERT INTO organization_join_request (tenant_id, id, added_by_tenant_id, \
             member_state, role, status, details, shared_id, asked_tenant_id) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
             ON CONFLICT (tenant_id) DO UPDATE SET id = excluded.id, \
             added_by_tenant_id = excluded.added_by_tenant_id, \
             member_state = excluded.member_state, role = excluded.role, \
             status = excluded.status, details = excluded.details, \
             shared_id = excluded.shared_id, asked_tenant_id = excluded.asked_tenant_id",
        params![
            &tenant,
            &request.id,
            &request.added_by,
            request.member_state.as_deref(),
            request.role.as_deref(),
            request.status.as_deref(),
            request.details.as_str(),
            shared_id.as_ref(),
            asked.as_ref(),
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
    let last = join_request(tx)?;
    let is_repeated = last.added_by == added_by && last.status.as_deref() != Some("failed");
    if is_repeated && last.member_state.is_some() {
        // The same again, because the answer got lost, say: it is under way or has succeeded.
        return Ok(());
    }
    refuse_while_joining(tx)?;
    let mut request = JoinRequest {
        added_by,
        member_state: Some("pending".into()),
        status: Some("notStarted".into()),
        ..JoinRequest::first(tx.new_uuid())
    };
    if replica::get(tx)?.is_some() {
        let reason =
            "This tenant is already active in a multi-tenant organization. Leave it first.";
        return fail(tx, request, reason.into());
    }
    if users > users_max {
        let reason = format!(
            "This tenant has more than {users_max} internal users (limits.organization_users)."
        );
        return fail(tx, request, reason);
    }
    let Some(invitation) = invitation_by(tx, added_by)? else {
        let reason = format!(
            "Tenant {added_by} hasn't added this tenant to a multi-tenant organization. Ask an \
             owner there to add it, then reset this request and join again."
        );
        return fail(tx, request, reason);
    };
    request.asked = Some((invitation.shared_id, added_by));
    keep(tx, &request)?;
    let body = JoinBody {
        shared_id: invitation.shared_id,
        request_id: request.id,
        at_least: invitation.version,
        hops: 0,
        users,
    };
    border::outbox::post(tx, added_by, JOIN, &body)?;
    audited::change(
        tx,
        "Join a MultiTenantOrg",
        added_by,
        &invitation.organization_name,
    )
}

fn fail(tx: &mut Tx<'_>, mut request: JoinRequest, reason: String) -> Result<()> {
    if let Some(state) = replica::snapshot(tx)? {
        // A tenant that is active already stays so.
        request.member_state = Some("active".into());
        let own = state.member(tx.tenant());
        request.role = own.map(|own| own.role.as_str().to_owned());
    }
    request.status = Some("failed".into());
    request.asked = None;
    request.details = reason;
    keep(tx, &request)?;
    audited::failure(
        tx,
        "Join a MultiTenantOrg",
        request.added_by,
        &request.details,
    )
}

/// Resets a failed request, or one that was never made, to its first state.
pub fn reset_join(tx: &mut Tx<'_>) -> Result<()> {
    refuse_while_joining(tx)?;
    let failed = join_request(tx)?;
    if failed.status.as_deref() != Some("failed") {
        return Ok(());
    }
    let mut reset = JoinRequest::first(failed.id);
    let own = replica::snapshot(tx)?.and_then(|state| state.member(tx.tenant()).cloned());
    // Whoever created its organization hasn't joined it.
    if let Some(own) = own.filter(|own| own.joined_at.is_some()) {
        reset.added_by = own.added_by;
        reset.member_state = Some("active".into());
        reset.role = Some(own.role.as_str().to_owned());
    }
    keep(tx, &reset)
}

pub(crate) fn settled(
    tx: &mut Tx<'_>,
    to: TenantId,
    body: JoinBody,
    receipt: &Receipt,
) -> Result<()> {
    let request = join_request(tx)?;
    if request.id != body.request_id || request.asked_for(body.shared_id).is_none() {
        return Ok(());
    }
    match receipt {
        Receipt::Applied { reply } => match serde_json::from_str(reply) {
            Ok(Answer::Accepted(state))
                if state.shared_id == body.shared_id && state.is_active(tx.tenant()) =>
            {
                joined(tx, request, &state)
            }
            Ok(Answer::Moved { seat, version }) if body.hops < HOPS_MAX && seat != tx.tenant() => {
                let body = JoinBody {
                    at_least: version.max(body.at_least),
                    hops: body.hops + 1,
                    ..body
                };
                ask(tx, request, seat, &body)
            }
            Ok(Answer::Declined { reason, version }) => {
                if let Some(version) = version {
                    forget_before(tx, body.shared_id, version + 1)?;
                }
                fail(tx, request, reason)
            }
            _ => fail(tx, request, "The answer wasn't understood.".into()),
        },
        // What became of it isn't known any more. Asking again is answered in the same way.
        Receipt::Duplicate { .. } | Receipt::Gap { .. } => ask(tx, request, to, &body),
        Receipt::Refused { trace } => {
            let reason = trace
                .refusal()
                .map_or_else(|| "Refused.".into(), |step| step.reason.clone());
            fail(tx, request, reason)
        }
        Receipt::Rejected { reason } => fail(tx, request, reason.clone()),
    }
}

fn ask(tx: &mut Tx<'_>, mut request: JoinRequest, whom: TenantId, body: &JoinBody) -> Result<()> {
    request.asked = Some((body.shared_id, whom));
    keep(tx, &request)?;
    border::outbox::post(tx, whom, JOIN, body).map(drop)
}

/// A state has come to a tenant that is in no organization: the answer to its join request may
/// still be on its way.
pub(crate) fn joined_by_state(tx: &mut Tx<'_>, from: TenantId, state: &Snapshot) -> Result<()> {
    let request = join_request(tx)?;
    let Some(asked) = request.asked_for(state.shared_id) else {
        return Ok(());
    };
    if !state.is_active(tx.tenant()) {
        return Ok(());
    }
    match invitation_to(tx, state.shared_id)? {
        // It is from an earlier membership.
        Some(kept) if state.version <= kept.version => Ok(()),
        Some(kept) if from == asked || kept.members.contains(&from) => joined(tx, request, state),
        _ => Err(Error::unavailable(
            "The answer to the tenant's join request isn't here yet.",
            1,
        )),
    }
}

fn joined(tx: &mut Tx<'_>, mut request: JoinRequest, state: &Snapshot) -> Result<()> {
    let tenant = tx.tenant();
    replica::install(tx, state)?;
    forget_before(tx, state.shared_id, state.version)?;
    request.member_state = Some("active".into());
    request.role = state
        .member(tenant)
        .map(|member| member.role.as_str().to_owned());
    request.status = None;
    request.asked = None;
    keep(tx, &request)
}
