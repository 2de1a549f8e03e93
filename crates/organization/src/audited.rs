//! What the audit log of this tenant says of the organization: what was asked for here, what came
//! of it, and what others did.

use serde_json::json;
use store::Tx;
use types::{Result, TenantId};

use crate::model::{Member, Snapshot, State};

const CATEGORY: &str = "MultiTenantOrg";
const UPDATE: &str = "Update a MultiTenantOrg";
const UPDATE_MEMBER: &str = "Update a MultiTenantOrg tenant";
const JOINS: &str = "Tenant joins a MultiTenantOrg";

/// Something was done about a tenant.
pub(crate) fn change(tx: &mut Tx<'_>, activity: &str, about: TenantId, name: &str) -> Result<()> {
    let target = audit::Target::new(about.uuid(), name, "Tenant");
    let entry = audit::Entry::success(CATEGORY, activity).target(target);
    audit::record(tx, entry).map(drop)
}

/// What was asked for here, and what it changes of the organization or of one of its tenants.
pub(crate) fn request(
    tx: &mut Tx<'_>,
    activity: &str,
    about: TenantId,
    name: &str,
    before: &Snapshot,
    after: &Snapshot,
) -> Result<()> {
    let target = audit::Target::new(about.uuid(), name, "Tenant");
    let target = with_names(target, before, after);
    let target = with_member(target, before.member(about), after.member(about));
    let entry = audit::Entry::success(CATEGORY, activity).target(target);
    audit::record(tx, entry).map(drop)
}

/// Adds what differs of the organization's own properties.
fn with_names(mut target: audit::Target, before: &Snapshot, after: &Snapshot) -> audit::Target {
    if before.display_name != after.display_name {
        let (old, new) = (json!(before.display_name), json!(after.display_name));
        target = target.modified("displayName", old, new);
    }
    if before.description != after.description {
        let (old, new) = (json!(before.description), json!(after.description));
        target = target.modified("description", old, new);
    }
    target
}

/// Adds what differs of one of its tenants: who comes has nothing before, who goes nothing after.
fn with_member(
    mut target: audit::Target,
    before: Option<&Member>,
    after: Option<&Member>,
) -> audit::Target {
    let role = |member: Option<&Member>| member.map(|it| it.desired_role.as_str());
    let state = |member: Option<&Member>| member.map(|it| it.state.as_str());
    for (name, old, new) in [
        ("role", role(before), role(after)),
        ("state", state(before), state(after)),
    ] {
        if old != new {
            target = target.modified(name, json!(old), json!(new));
        }
    }
    target
}

/// This tenant was taken out of the organization by another one.
pub(crate) fn removed(tx: &mut Tx<'_>, activity: &str, own: Option<&Member>) -> Result<()> {
    let about = tx.tenant();
    let name = own.map_or("", |own| own.display_name.as_str());
    let target = with_member(audit::Target::new(about.uuid(), name, "Tenant"), own, None);
    let entry = audit::Entry::success(CATEGORY, activity).target(target);
    audit::record(tx, entry).map(drop)
}

/// An invitation was declined, here or by the tenant that it is about.
pub(crate) fn declined(
    tx: &mut Tx<'_>,
    about: TenantId,
    name: &str,
    reason: Option<String>,
) -> Result<()> {
    let target = audit::Target::new(about.uuid(), name, "Tenant");
    let mut entry = audit::Entry::success(CATEGORY, crate::invitations::DECLINES).target(target);
    entry.reason = reason;
    audit::record(tx, entry).map(drop)
}

/// Something was refused or has failed.
pub(crate) fn failure(
    tx: &mut Tx<'_>,
    activity: &str,
    about: TenantId,
    reason: &str,
) -> Result<()> {
    let target = audit::Target::new(about.uuid(), "", "Tenant");
    let entry = audit::Entry::failure(CATEGORY, activity, reason).target(target);
    audit::record(tx, entry).map(drop)
}

/// What others made of the organization between two states that this tenant knows.
pub(crate) fn news(tx: &mut Tx<'_>, before: &Snapshot, after: &Snapshot) -> Result<()> {
    let own = tx.tenant();
    let mut told = |activity: &str, target: audit::Target| {
        let entry = audit::Entry::success(CATEGORY, activity).target(target);
        audit::record(tx, entry).map(drop)
    };
    if (&before.display_name, &before.description) != (&after.display_name, &after.description) {
        let target = audit::Target::new(own.uuid(), &after.display_name, "Tenant");
        told(UPDATE, with_names(target, before, after))?;
    }
    for new in &after.members {
        let (id, role) = (new.tenant_id, new.desired_role.as_str());
        let old = before.member(id);
        let (activity, name) = match old {
            None if new.state == State::Pending => {
                ("Add a MultiTenantOrg tenant", new.display_name.as_str())
            }
            Some(old) if old.state == new.state => {
                if old.desired_role == new.desired_role {
                    continue;
                }
                (UPDATE_MEMBER, role)
            }
            None | Some(_) => (JOINS, new.display_name.as_str()),
        };
        let target = audit::Target::new(id.uuid(), name, "Tenant");
        told(activity, with_member(target, old, Some(new)))?;
    }
    for gone in &before.members {
        if after.member(gone.tenant_id).is_none() {
            let target = audit::Target::new(gone.tenant_id.uuid(), &gone.display_name, "Tenant");
            let target = with_member(target, Some(gone), None);
            told("Delete a MultiTenantOrg tenant", target)?;
        }
    }
    Ok(())
}
