//! What the audit log of this tenant says of the organization: what was asked for here, what came
//! of it, and what others did.

use store::Tx;
use types::{Result, TenantId};

use crate::model::{Snapshot, State};

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
    if (&before.display_name, &before.description) != (&after.display_name, &after.description) {
        change(tx, UPDATE, own, &after.display_name)?;
    }
    for new in &after.members {
        let (id, role) = (new.tenant_id, new.desired_role.as_str());
        match before.member(id) {
            None if new.state == State::Pending => {
                change(tx, "Add a MultiTenantOrg tenant", id, &new.display_name)?;
            }
            Some(old) if old.state == new.state => {
                if old.desired_role != new.desired_role {
                    change(tx, UPDATE_MEMBER, id, role)?;
                }
            }
            None | Some(_) => change(tx, JOINS, id, &new.display_name)?,
        }
    }
    for gone in &before.members {
        if after.member(gone.tenant_id).is_none() {
            let activity = "Delete a MultiTenantOrg tenant";
            change(tx, activity, gone.tenant_id, &gone.display_name)?;
        }
    }
    Ok(())
}
