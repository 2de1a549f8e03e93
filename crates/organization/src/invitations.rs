//! Invitations: what a pending tenant knows of the organization that it was added to.
//!
//! The tenant that has added another one answers for the invitation: it sends it, keeps it up to
//! date and withdraws it, and an invitation from anybody else isn't believed. So a join request,
//! which names that tenant, asks only whom the admin has named. If the adder is no longer in, the
//! seat withdraws in its place.
//!
//! Each says which state of the organization it was made in. The newest counts, in whatever order
//! they arrive.

use border::Received;
use serde::{Deserialize, Serialize};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::messages::{self, DeclineBody, InviteBody, WithdrawBody, done};
use crate::model::{Invitation, Snapshot, State};
use crate::{INVITATIONS_MAX, audited, changes, join, replica};

/// The question who has invited.
pub const INVITER_QUERY: &str = messages::INVITER;
/// What the audit log calls it when an invited tenant doesn't want to join.
pub(crate) const DECLINES: &str = "Decline to join a MultiTenantOrg";

const KIND: &str = "multiTenantOrganizationInvitation";
/// Active tenants that an invitation may list.
const MEMBERS_MAX: usize = 10_000;

/// The invitations that wait at this tenant's door, newest first.
pub fn invitations(tx: &ReadTx<'_>) -> Result<Vec<Invitation>> {
    tx.query(
        "SELECT shared_id, version, added_by_tenant_id, organization_name, members, invited_at \
         FROM organization_invitations WHERE tenant_id = ?1 ORDER BY invited_at DESC, shared_id",
        params![&tx.tenant()],
        |row| {
            Ok(Invitation {
                shared_id: row.uuid(0)?,
                version: row.count(1)?,
                added_by_tenant_id: row.id(2)?,
                organization_name: row.string(3)?,
                members: serde_json::from_str(row.text(4)?).map_err(Error::internal)?,
                invited_date_time: row.timestamp(5)?,
            })
        },
    )
}

/// The newest invitation by a tenant, as its admin asks for it.
pub fn invitation(tx: &ReadTx<'_>, added_by: TenantId) -> Result<Invitation> {
    invitation_by(tx, added_by)?.ok_or_else(|| Error::not_found(KIND, added_by))
}

/// Until when an invitation is good.
pub fn expires_at(invited_at: Timestamp, days: u64) -> Timestamp {
    let days = i64::try_from(days).unwrap_or(i64::MAX / 86_400);
    invited_at.plus_seconds(days.saturating_mul(86_400))
}

/// Who has invited, by its own word.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inviter {
    /// Its name.
    pub display_name: String,
    /// The domains that it has proved to be its own.
    pub verified_domains: Vec<String>,
}

/// What this tenant says of itself to one that it has invited.
pub(crate) fn inviter(tx: &ReadTx<'_>, invited: TenantId) -> Result<Inviter> {
    let pending = replica::members(tx)?.into_iter().any(|member| {
        member.tenant_id == invited
            && member.state == State::Pending
            && member.added_by == tx.tenant()
    });
    if !pending {
        return Err(Error::forbidden(
            "This tenant hasn't invited the other one.",
        ));
    }
    Ok(Inviter {
        display_name: directory::tenant::display_name(tx)?,
        verified_domains: directory::tenant::verified_domains(tx)?,
    })
}

/// Declines the invitation of a tenant, which reads the reason and takes this one off the list.
pub fn decline(tx: &mut Tx<'_>, added_by: TenantId, reason: Option<String>) -> Result<()> {
    types::check_reason(reason.as_deref())?;
    let invitation = invitation(tx, added_by)?;
    if join::is_joining(tx, invitation.shared_id)? {
        return Err(Error::conflict(
            "The tenant has asked to join already. Read joinRequest for its outcome.",
        ));
    }
    forget_before(tx, invitation.shared_id, u64::MAX)?;
    let body = DeclineBody {
        shared_id: invitation.shared_id,
        reason: reason.clone(),
    };
    border::outbox::post(tx, added_by, messages::DECLINE, &body)?;
    audited::declined(tx, added_by, &invitation.organization_name, reason)
}

/// An invited tenant doesn't want to join: it is pending no more.
pub(crate) fn receive_decline(
    tx: &mut Tx<'_>,
    from: TenantId,
    body: &DeclineBody,
) -> Result<Received> {
    types::check_reason(body.reason.as_deref())?;
    let own = replica::snapshot(tx)?.filter(|own| own.shared_id == body.shared_id);
    let pending = own.is_some_and(|own| {
        let member = own.member(from);
        member.is_some_and(|it| it.state == State::Pending && it.added_by == tx.tenant())
    });
    if pending {
        audited::declined(tx, from, "", body.reason.clone())?;
        match tx.attempt(|tx| changes::remove(tx, from)) {
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                let activity = "Delete a MultiTenantOrg tenant";
                audited::failure(tx, activity, from, &error.to_string())?;
            }
            Ok(()) => {}
        }
    }
    Ok(done())
}

/// Forgets invitations that were made before an instant, so many at most; answers how many.
pub fn trim_invitations(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<usize> {
    let all = invitations(tx)?;
    let old = all.iter().filter(|it| it.invited_date_time < before);
    let old: Vec<Uuid> = old.map(|it| it.shared_id).take(limit).collect();
    for shared_id in &old {
        forget_before(tx, *shared_id, u64::MAX)?;
    }
    Ok(old.len())
}

/// The newest invitation by a tenant.
pub(crate) fn invitation_by(tx: &ReadTx<'_>, added_by: TenantId) -> Result<Option<Invitation>> {
    Ok(invitations(tx)?
        .into_iter()
        .find(|invitation| invitation.added_by_tenant_id == added_by))
}

/// The invitation to an organization.
pub(crate) fn invitation_to(tx: &ReadTx<'_>, shared_id: Uuid) -> Result<Option<Invitation>> {
    Ok(invitations(tx)?
        .into_iter()
        .find(|invitation| invitation.shared_id == shared_id))
}

/// Tells pending tenants what has changed for them, where that is this tenant's to do. `old` is
/// what this tenant knew before.
pub(crate) fn tell_pending(tx: &mut Tx<'_>, old: Option<&Snapshot>, new: &Snapshot) -> Result<()> {
    let tenant = tx.tenant();
    let is_news = old.is_none_or(|old| old.outline() != new.outline());
    let (name, members) = new.outline();
    for pending in new.pending().filter(|pending| pending.added_by == tenant) {
        let was_pending = old
            .and_then(|old| old.member(pending.tenant_id))
            .is_some_and(|was| was.added_in == pending.added_in);
        if new.is_active(tenant) && (is_news || !was_pending) {
            let body = InviteBody {
                shared_id: new.shared_id,
                version: new.version,
                organization_name: name.to_owned(),
                members: members.clone(),
                invited_at: pending.added_at,
            };
            border::outbox::post(tx, pending.tenant_id, messages::INVITE, &body)?;
        }
    }
    for gone in old.into_iter().flat_map(Snapshot::pending) {
        let answers = if new.is_active(gone.added_by) {
            gone.added_by
        } else {
            new.seat
        };
        if answers == tenant && new.member(gone.tenant_id).is_none() {
            let body = WithdrawBody {
                shared_id: new.shared_id,
                version: new.version,
            };
            border::outbox::post(tx, gone.tenant_id, messages::WITHDRAW, &body)?;
        }
    }
    Ok(())
}

pub(crate) fn receive_invite(
    tx: &mut Tx<'_>,
    from: TenantId,
    body: &InviteBody,
) -> Result<Received> {
    if body.organization_name.chars().count() > 256 || body.members.len() > MEMBERS_MAX {
        return Err(Error::bad_request("The invitation is too large."));
    }
    let own = replica::get(tx)?.filter(|own| own.shared_id == body.shared_id);
    if own.is_some_and(|own| own.version >= body.version) {
        return Ok(done());
    }
    let kept = invitation_to(tx, body.shared_id)?;
    match &kept {
        Some(kept) if kept.version >= body.version => return Ok(done()),
        None if invitations(tx)?.len() >= INVITATIONS_MAX => {
            return Err(Error::bad_request(format!(
                "{INVITATIONS_MAX} invitations wait at the tenant already \
                 (limits.organization_invitations)."
            )));
        }
        _ => {}
    }
    keep(tx, from, body)?;
    if kept.is_none_or(|kept| kept.added_by_tenant_id != from) {
        let name = &body.organization_name;
        audited::change(tx, "Tenant was added to a MultiTenantOrg", from, name)?;
    }
    Ok(done())
}

fn keep(tx: &mut Tx<'_>, added_by: TenantId, body: &InviteBody) -> Result<()> {
    let tenant = tx.tenant();
    let members = serde_json::to_string(&body.members).map_err(Error::internal)?;
    tx.record(Change::new(KIND, body.shared_id, Op::Created, &[]))?
        .execute(
            "INSERT INTO organization_invitations (tenant_id, shared_id, version, \
             added_by_tenant_id, organization_name, members, invited_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tenant_id, shared_id) DO UPDATE SET \
             version = excluded.version, added_by_tenant_id = excluded.added_by_tenant_id, \
             organization_name = excluded.organization_name, members = excluded.members, \
             invited_at = excluded.invited_at",
            params![
                &tenant,
                &body.shared_id,
                body.version,
                &added_by,
                &body.organization_name,
                &members,
                body.invited_at,
            ],
        )
        .map(drop)
}

pub(crate) fn receive_withdraw(
    tx: &mut Tx<'_>,
    from: TenantId,
    body: &WithdrawBody,
) -> Result<Received> {
    if let Some(kept) = invitation_to(tx, body.shared_id)?
        && (kept.added_by_tenant_id == from || kept.members.contains(&from))
        && kept.version < body.version
    {
        forget_before(tx, body.shared_id, body.version)?;
        let name = &kept.organization_name;
        audited::change(tx, "Tenant was removed from a MultiTenantOrg", from, name)?;
    }
    Ok(done())
}

/// Forgets the invitation to an organization, unless it was made in this state of it or later.
pub(crate) fn forget_before(tx: &mut Tx<'_>, shared_id: Uuid, version: u64) -> Result<()> {
    let tenant = tx.tenant();
    let kept = invitation_to(tx, shared_id)?;
    if kept.is_some_and(|kept| kept.version < version) {
        tx.record(Change::new(KIND, shared_id, Op::Purged, &[]))?
            .execute(
                "DELETE FROM organization_invitations WHERE tenant_id = ?1 AND shared_id = ?2",
                params![&tenant, &shared_id],
            )?;
    }
    Ok(())
}
