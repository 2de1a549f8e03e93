//! The organization in this tenant's island: reading it and replacing it by a newer state.

use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Result, TenantId};
use uuid::Uuid;

use crate::invitations;
use crate::model::{Member, Organization, Role, Snapshot, State};

/// The feed's name for all changes of the organization and its members.
pub(crate) const KIND: &str = "multiTenantOrganization";

/// The organization; `None` if this tenant isn't active in one.
pub fn get(tx: &ReadTx<'_>) -> Result<Option<Organization>> {
    tx.query_one(
        "SELECT local_id, shared_id, seat_tenant_id, version, display_name, description, created_at \
         FROM organization WHERE tenant_id = ?1",
        params![&tx.tenant()],
        |row| {
            Ok(Organization {
                local_id: row.uuid(0)?,
                shared_id: row.uuid(1)?,
                seat: row.id(2)?,
                version: row.count(3)?,
                display_name: row.string(4)?,
                description: row.opt_string(5)?,
                created_at: row.timestamp(6)?,
            })
        },
    )
}

/// All its tenants in the order of their ids, pending ones included; none outside an organization.
pub fn members(tx: &ReadTx<'_>) -> Result<Vec<Member>> {
    tx.query(
        "SELECT member_tenant_id, display_name, added_at, joined_at, added_by_tenant_id, added_in, \
         role, state, desired_role FROM organization_members WHERE tenant_id = ?1 \
         ORDER BY member_tenant_id",
        params![&tx.tenant()],
        |row| {
            let role = Role::parse(row.text(6)?)?;
            Ok(Member {
                tenant_id: row.id(0)?,
                display_name: row.string(1)?,
                added_at: row.timestamp(2)?,
                joined_at: row.opt_timestamp(3)?,
                added_by: row.id(4)?,
                added_in: row.count(5)?,
                role,
                state: State::parse(row.text(7)?)?,
                desired_role: row.opt_text(8)?.map_or(Ok(role), Role::parse)?,
            })
        },
    )
}

/// One of its tenants.
pub fn member(tx: &ReadTx<'_>, tenant: TenantId) -> Result<Member> {
    members(tx)?
        .into_iter()
        .find(|member| member.tenant_id == tenant)
        .ok_or_else(|| Error::not_found("multiTenantOrganizationMember", tenant))
}

/// The other tenants that are active in the organization with this one; none if this one isn't.
pub fn active_members(tx: &ReadTx<'_>) -> Result<Vec<TenantId>> {
    tx.query(
        "SELECT member_tenant_id FROM organization_members \
         WHERE tenant_id = ?1 AND state = 'active' AND member_tenant_id <> ?1 \
         ORDER BY member_tenant_id",
        params![&tx.tenant()],
        |row| row.id(0),
    )
}

/// Whether this tenant and `other` are both active in one organization, as far as this one knows.
pub fn is_active_with(tx: &ReadTx<'_>, other: TenantId) -> Result<bool> {
    Ok(other != tx.tenant()
        && tx
            .query_one(
                "SELECT 1 FROM organization_members \
                 WHERE tenant_id = ?1 AND member_tenant_id = ?2 AND state = 'active'",
                params![&tx.tenant(), &other],
                |row| row.int(0),
            )?
            .is_some())
}

pub(crate) fn snapshot(tx: &ReadTx<'_>) -> Result<Option<Snapshot>> {
    let Some(organization) = get(tx)? else {
        return Ok(None);
    };
    Ok(Some(Snapshot {
        shared_id: organization.shared_id,
        seat: organization.seat,
        version: organization.version,
        changed_by: None,
        display_name: organization.display_name,
        description: organization.description,
        created_at: organization.created_at,
        members: members(tx)?,
    }))
}

/// Replaces what this tenant knows by `new`, which is newer, and does what follows from it here:
/// pending tenants that this one answers for are told, tenants that have become active get this
/// tenant's templates, those that are gone lose the mark of membership. A state in which this
/// tenant isn't active ends its membership.
pub(crate) fn install(tx: &mut Tx<'_>, new: &Snapshot) -> Result<()> {
    let tenant = tx.tenant();
    let old = snapshot(tx)?;
    if old
        .as_ref()
        .is_some_and(|old| old.shared_id != new.shared_id)
    {
        return Err(Error::internal("a tenant can't be in two organizations"));
    }
    invitations::tell_pending(tx, old.as_ref(), new)?;
    if !new.is_active(tenant) {
        // The last one that leaves is the seat, and there is none after it.
        let seat = Some(new.seat).filter(|seat| *seat != tenant);
        return end(tx, seat, new.version);
    }
    let local_id = match get(tx)? {
        Some(organization) => organization.local_id,
        None => tx.new_uuid(),
    };
    let op = if old.is_some() {
        Op::Updated
    } else {
        Op::Created
    };
    let mut write = tx.record(Change::new(KIND, local_id, op, &["tenants"]))?;
    write.execute(
        "INSERT INTO organization (tenant_id, local_id, shared_id, seat_tenant_id, version, \
         display_name, description, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT (tenant_id) DO UPDATE SET shared_id = excluded.shared_id, \
         seat_tenant_id = excluded.seat_tenant_id, version = excluded.version, \
         display_name = excluded.display_name, description = excluded.description, \
         created_at = excluded.created_at",
        params![
            &tenant,
            &local_id,
            &new.shared_id,
            &new.seat,
            new.version,
            &new.display_name,
            new.description.as_deref(),
            new.created_at,
        ],
    )?;
    for member in &new.members {
        if old.as_ref().and_then(|old| old.member(member.tenant_id)) == Some(member) {
            continue;
        }
        write.execute(
            "INSERT INTO organization_members (tenant_id, member_tenant_id, display_name, added_at, \
             joined_at, added_by_tenant_id, added_in, role, state, desired_role) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
             ON CONFLICT (tenant_id, member_tenant_id) DO UPDATE SET \
             display_name = excluded.display_name, added_at = excluded.added_at, \
             joined_at = excluded.joined_at, added_by_tenant_id = excluded.added_by_tenant_id, \
             added_in = excluded.added_in, role = excluded.role, state = excluded.state, desired_role = excluded.desired_role",
            params![
                &tenant,
                &member.tenant_id,
                &member.display_name,
                member.added_at,
                member.joined_at,
                &member.added_by,
                member.added_in,
                member.role.as_str(),
                member.state.as_str(),
                member.desired_role.as_str(),
            ],
        )?;
    }
    let known = old.iter().flat_map(|old| &old.members);
    for gone in known.filter(|member| new.member(member.tenant_id).is_none()) {
        write.execute(
            "DELETE FROM organization_members WHERE tenant_id = ?1 AND member_tenant_id = ?2",
            params![&tenant, &gone.tenant_id],
        )?;
    }
    follow(tx, old.as_ref(), new)
}

/// Does in this tenant's policy what follows from others having become active, or being it no more.
fn follow(tx: &mut Tx<'_>, old: Option<&Snapshot>, new: &Snapshot) -> Result<()> {
    let tenant = tx.tenant();
    let others = |state: &Snapshot| -> Vec<Member> {
        let others = state.active().filter(|member| member.tenant_id != tenant);
        others.cloned().collect()
    };
    let were = old.map(others).unwrap_or_default();
    for member in &were {
        if !new.is_active(member.tenant_id) {
            access::set_membership(tx, member.tenant_id, false)?;
        }
    }
    for member in others(new) {
        // Between two states that are seen here a tenant may have left and joined again.
        let is_news = !were
            .iter()
            .any(|was| was.tenant_id == member.tenant_id && was.added_in == member.added_in);
        if is_news {
            access::apply_templates(tx, member.tenant_id)?;
            access::set_membership(tx, member.tenant_id, true)?;
        }
    }
    Ok(())
}

/// What a tenant last knew of an organization that it has left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    /// Who ordered its changes then; nobody if it was dissolved.
    pub(crate) seat: Option<TenantId>,
    pub(crate) version: u64,
}

/// What this tenant last knew of an organization that it has left.
pub(crate) fn left(tx: &ReadTx<'_>, shared_id: Uuid) -> Result<Option<Left>> {
    tx.query_one(
        "SELECT seat_tenant_id, version FROM organization_left \
         WHERE tenant_id = ?1 AND shared_id = ?2",
        params![&tx.tenant(), &shared_id],
        |row| {
            Ok(Left {
                seat: row.opt_id(0)?,
                version: row.count(1)?,
            })
        },
    )
}

/// Ends this tenant's membership here: what its admins set up with the others stays as it is.
/// `seat` is who orders the organization's changes without this tenant, as of `version`.
pub(crate) fn end(tx: &mut Tx<'_>, seat: Option<TenantId>, version: u64) -> Result<()> {
    let tenant = tx.tenant();
    let Some(organization) = get(tx)? else {
        return Ok(());
    };
    let others: Vec<TenantId> = members(tx)?
        .into_iter()
        .map(|member| member.tenant_id)
        .filter(|id| *id != tenant)
        .collect();
    let mut write = tx.record(Change::new(KIND, organization.local_id, Op::Purged, &[]))?;
    write.execute(
        "DELETE FROM organization WHERE tenant_id = ?1",
        params![&tenant],
    )?;
    write.execute(
        "DELETE FROM organization_members WHERE tenant_id = ?1",
        params![&tenant],
    )?;
    write.execute(
        "DELETE FROM organization_join_request WHERE tenant_id = ?1",
        params![&tenant],
    )?;
    write.execute(
        "INSERT INTO organization_left (tenant_id, shared_id, seat_tenant_id, version) \
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant_id, shared_id) DO UPDATE SET \
         seat_tenant_id = excluded.seat_tenant_id, version = excluded.version",
        params![&tenant, &organization.shared_id, seat.as_ref(), version],
    )?;
    for other in others {
        access::set_membership(tx, other, false)?;
    }
    Ok(())
}
