//! Who is in a unit: users and groups, directly. Deleted objects are no members.
//!
//! Source: `administrativeUnit: add a member`, `remove a member`, `list members` (Microsoft Graph).

use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, kind};
use uuid::Uuid;

use super::{AdministrativeUnit, get};
use crate::audited;
use crate::groups::{self, Link, LinkKind};

macro_rules! member_is_there {
    () => {
        "((m.member_kind = 1 AND EXISTS (SELECT 1 FROM users AS u WHERE u.tenant_id = ?1 \
         AND u.id = m.member_id AND u.deleted_at IS NULL)) \
         OR (m.member_kind = 2 AND EXISTS (SELECT 1 FROM groups AS g WHERE g.tenant_id = ?1 \
         AND g.id = m.member_id AND g.deleted_at IS NULL)))"
    };
}

const ADD: &str = "INSERT INTO administrative_unit_members (tenant_id, unit_id, member_id, \
    member_kind) VALUES (?1, ?2, ?3, ?4)";
const REMOVE: &str = "DELETE FROM administrative_unit_members WHERE tenant_id = ?1 \
    AND unit_id = ?2 AND member_id = ?3";
/// Whatever is deleted.
const HAS: &str = "SELECT count(*) FROM administrative_unit_members WHERE tenant_id = ?1 \
    AND unit_id = ?2 AND member_id = ?3";
const IS_MEMBER: &str = concat!(
    "SELECT count(*) FROM administrative_unit_members AS m WHERE m.tenant_id = ?1 \
     AND m.unit_id = ?2 AND m.member_id = ?3 AND ",
    member_is_there!()
);
const MEMBERS: &str = concat!(
    "SELECT m.member_id, m.member_kind FROM administrative_unit_members AS m \
     WHERE m.tenant_id = ?1 AND m.unit_id = ?2 AND m.member_id > ?3 AND ",
    member_is_there!(),
    " ORDER BY m.member_id LIMIT ?4"
);
const MEMBERS_OF_KIND: &str = concat!(
    "SELECT m.member_id, m.member_kind FROM administrative_unit_members AS m \
     WHERE m.tenant_id = ?1 AND m.unit_id = ?2 AND m.member_id > ?3 AND m.member_kind = ?5 AND ",
    member_is_there!(),
    " ORDER BY m.member_id LIMIT ?4"
);
const COUNT: &str = concat!(
    "SELECT count(*) FROM administrative_unit_members AS m WHERE m.tenant_id = ?1 \
     AND m.unit_id = ?2 AND ",
    member_is_there!()
);
const COUNT_OF_KIND: &str = concat!(
    "SELECT count(*) FROM administrative_unit_members AS m WHERE m.tenant_id = ?1 \
     AND m.unit_id = ?2 AND m.member_kind = ?3 AND ",
    member_is_there!()
);
const UNITS_OF: &str = "SELECT m.unit_id FROM administrative_unit_members AS m \
    JOIN administrative_units AS n ON n.tenant_id = m.tenant_id AND n.id = m.unit_id \
    WHERE m.tenant_id = ?1 AND m.member_id = ?2 AND n.deleted_at IS NULL ORDER BY m.unit_id";
/// Whatever is deleted.
const WITH_MEMBER: &str = "SELECT unit_id FROM administrative_unit_members WHERE tenant_id = ?1 \
    AND member_id = ?2 AND unit_id > ?3 ORDER BY unit_id LIMIT ?4";
const ROWS: &str = "SELECT unit_id, member_id FROM administrative_unit_members \
    WHERE tenant_id = ?1 AND (unit_id = ?2 OR member_id = ?2)";

fn link(row: &Row<'_>) -> Result<Link> {
    Ok(Link {
        id: row.uuid(0)?,
        kind: LinkKind::from_code(row.int(1)?)?,
    })
}

fn record<'t, 'c>(
    tx: &'t mut Tx<'c>,
    unit: Uuid,
    member: Uuid,
    op: Op,
) -> Result<store::Recorded<'t, 'c>> {
    tx.record(Change::relation(
        "administrativeUnitMember",
        unit,
        member,
        op,
    ))
}

/// Makes a user or a group a member.
pub fn add_member(tx: &mut Tx<'_>, unit: Id<kind::AdministrativeUnit>, member: Uuid) -> Result<()> {
    let object = get(tx, unit)?;
    let kind = match groups::kind_of(tx, member)? {
        Some(kind @ (LinkKind::User | LinkKind::Group)) => kind,
        Some(_) => {
            return Err(Error::invalid(
                "members",
                "Members of an administrative unit are users and groups.",
            ));
        }
        None => return Err(Error::not_found("directoryObject", member)),
    };
    let tenant = tx.tenant();
    if tx.count(HAS, params![&tenant, &unit, &member])? > 0 {
        return Err(groups::already_there("members"));
    }
    record(tx, unit.uuid(), member, Op::Created)?
        .execute(ADD, params![&tenant, &unit, &member, kind.code()])?;
    audited(tx, &object, member, true)
}

/// Takes a member out of a unit.
pub fn remove_member(
    tx: &mut Tx<'_>,
    unit: Id<kind::AdministrativeUnit>,
    member: Uuid,
) -> Result<()> {
    let object = get(tx, unit)?;
    let tenant = tx.tenant();
    if tx.count(HAS, params![&tenant, &unit, &member])? == 0 {
        return Err(Error::not_found("directoryObject", member));
    }
    record(tx, unit.uuid(), member, Op::Deleted)?
        .execute(REMOVE, params![&tenant, &unit, &member])?;
    audited(tx, &object, member, false)
}

fn audited(tx: &mut Tx<'_>, unit: &AdministrativeUnit, member: Uuid, came: bool) -> Result<()> {
    let activity = if came {
        "Add member to administrative unit"
    } else {
        "Remove member from administrative unit"
    };
    audited::unit_member(tx, activity, unit, member, came)
}

/// The members by id, behind `after`; those of one kind, or all.
pub fn members(
    tx: &ReadTx<'_>,
    unit: Id<kind::AdministrativeUnit>,
    kind: Option<LinkKind>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Link>> {
    let (tenant, after) = (tx.tenant(), after.unwrap_or_default());
    match kind {
        None => tx.query(MEMBERS, params![&tenant, &unit, &after, limit], link),
        Some(kind) => tx.query(
            MEMBERS_OF_KIND,
            params![&tenant, &unit, &after, limit, kind.code()],
            link,
        ),
    }
}

/// How many members there are, of one kind or of all.
pub fn count_members(
    tx: &ReadTx<'_>,
    unit: Id<kind::AdministrativeUnit>,
    kind: Option<LinkKind>,
) -> Result<u64> {
    let tenant = tx.tenant();
    match kind {
        None => tx.count(COUNT, params![&tenant, &unit]),
        Some(kind) => tx.count(COUNT_OF_KIND, params![&tenant, &unit, kind.code()]),
    }
}

/// Whether an object is a member that isn't deleted.
pub fn is_member(
    tx: &ReadTx<'_>,
    unit: Id<kind::AdministrativeUnit>,
    member: Uuid,
) -> Result<bool> {
    Ok(tx.count(IS_MEMBER, params![&tx.tenant(), &unit, &member])? > 0)
}

/// The units that an object is in, by id.
pub fn units_of(tx: &ReadTx<'_>, object: Uuid) -> Result<Vec<Id<kind::AdministrativeUnit>>> {
    tx.query(UNITS_OF, params![&tx.tenant(), &object], |row| row.id(0))
}

/// The units that have an object among their members, or would if it weren't deleted, by id behind one.
pub fn with_member(tx: &ReadTx<'_>, member: Uuid, after: Uuid, limit: usize) -> Result<Vec<Uuid>> {
    tx.query(
        WITH_MEMBER,
        params![&tx.tenant(), &member, &after, limit],
        |row| row.uuid(0),
    )
}

/// Drops the memberships of an object, or the members of a unit, that is gone for good.
pub(crate) fn drop_memberships(tx: &mut Tx<'_>, object: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    let pairs: Vec<(Uuid, Uuid)> = tx.query(ROWS, params![&tenant, &object], |row| {
        Ok((row.uuid(0)?, row.uuid(1)?))
    })?;
    for (unit, member) in pairs {
        record(tx, unit, member, Op::Deleted)?.execute(REMOVE, params![&tenant, &unit, &member])?;
    }
    Ok(())
}
