//! What goes with an object that is gone for good: its memberships, ownerships and role
//! assignments, each with its change in the feed; and the invitations by which it came, its certificates and its
//! photos.

use store::{Change, Op, Tx, params};
use types::Result;
use uuid::Uuid;

use crate::{administrative_units, oauth2_permission_grants, owners, photos, roles, users};

const MEMBERSHIPS: &str = "SELECT group_id, member_id FROM group_members WHERE tenant_id = ?1 \
    AND (member_id = ?2 OR group_id = ?2)";
const DELETE_MEMBERSHIP: &str = "DELETE FROM group_members WHERE tenant_id = ?1 AND group_id = ?2 \
    AND member_id = ?3";
const OWNERSHIPS: &str = "SELECT group_id, owner_id FROM group_owners WHERE tenant_id = ?1 \
    AND (owner_id = ?2 OR group_id = ?2)";
const DELETE_OWNERSHIP: &str = "DELETE FROM group_owners WHERE tenant_id = ?1 AND group_id = ?2 \
    AND owner_id = ?3";
const ASSIGNMENTS: &str = "SELECT id, principal_id FROM app_role_assignments WHERE tenant_id = ?1 \
    AND (principal_id = ?2 OR resource_id = ?2)";
const DELETE_ASSIGNMENT: &str = "DELETE FROM app_role_assignments WHERE tenant_id = ?1 AND id = ?2";

const DELETE_INVITATIONS: &str = "DELETE FROM invitations WHERE tenant_id = ?1 AND user_id = ?2";

const DELETE_KEYS: &str = "DELETE FROM key_credentials WHERE tenant_id = ?1 AND owner_id = ?2";

/// Drops all rows that name an object.
pub(crate) fn drop_all(tx: &mut Tx<'_>, object: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    for (kind, find, delete) in [
        ("groupMember", MEMBERSHIPS, DELETE_MEMBERSHIP),
        ("groupOwner", OWNERSHIPS, DELETE_OWNERSHIP),
    ] {
        let pairs: Vec<(Uuid, Uuid)> = tx.query(find, params![&tenant, &object], |row| {
            Ok((row.uuid(0)?, row.uuid(1)?))
        })?;
        for (group, other) in pairs {
            tx.record(Change::relation(kind, group, other, Op::Deleted))?
                .execute(delete, params![&tenant, &group, &other])?;
        }
    }
    oauth2_permission_grants::drop_all(tx, object)?;
    owners::drop_all(tx, object)?;
    roles::drop_all(tx, object)?;
    administrative_units::drop_memberships(tx, object)?;
    users::drop_sponsors(tx, object)?;
    photos::drop_all(tx, object)?;
    let mut books = tx.bookkeeping();
    books.execute(DELETE_INVITATIONS, params![&tenant, &object])?;
    books.execute(DELETE_KEYS, params![&tenant, &object])?;
    let assignments: Vec<(Uuid, Uuid)> =
        tx.query(ASSIGNMENTS, params![&tenant, &object], |row| {
            Ok((row.uuid(0)?, row.uuid(1)?))
        })?;
    for (id, principal) in assignments {
        tx.record(Change::relation(
            "appRoleAssignment",
            id,
            principal,
            Op::Deleted,
        ))?
        .execute(DELETE_ASSIGNMENT, params![&tenant, &id])?;
    }
    Ok(())
}
