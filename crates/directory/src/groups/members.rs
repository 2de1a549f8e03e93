//! Members (users, groups and service principals) and owners (users and service principals) of groups.
//!
//! Membership is direct; what follows from groups in groups is worked out when it is asked for,
//! breadth first, each group once, so that circles end. Deleted objects are no members.
//!
//! Source: `group: add members`, `remove member`, `list transitiveMembers` (Microsoft Graph).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, kind};
use uuid::Uuid;

use super::{Group, get};
use crate::{administrative_units, audited, roles, service_principals, users};

/// Users that [`transitive_members`] answers, at most.
pub const TRANSITIVE_MAX: usize = 100_000;
/// Groups that [`some_groups_of`] looks at: some tens of milliseconds.
const LOOKED_AT_MAX: usize = 1_000;

const ADD_MEMBER: &str = "INSERT INTO group_members (tenant_id, group_id, member_id, member_kind) \
    VALUES (?1, ?2, ?3, ?4)";
const REMOVE_MEMBER: &str =
    "DELETE FROM group_members WHERE tenant_id = ?1 AND group_id = ?2 AND member_id = ?3";
const ADD_OWNER: &str = "INSERT INTO group_owners (tenant_id, group_id, owner_id, owner_kind) \
    VALUES (?1, ?2, ?3, ?4)";
const REMOVE_OWNER: &str =
    "DELETE FROM group_owners WHERE tenant_id = ?1 AND group_id = ?2 AND owner_id = ?3";
const HAS_MEMBER: &str = "SELECT count(*) FROM group_members WHERE tenant_id = ?1 \
    AND group_id = ?2 AND member_id = ?3";
const HAS_OWNER: &str = "SELECT count(*) FROM group_owners WHERE tenant_id = ?1 \
    AND group_id = ?2 AND owner_id = ?3";

macro_rules! member_is_there {
    () => {
        "((m.member_kind = 1 AND EXISTS (SELECT 1 FROM users AS u WHERE u.tenant_id = ?1 \
         AND u.id = m.member_id AND u.deleted_at IS NULL)) \
         OR (m.member_kind = 2 AND EXISTS (SELECT 1 FROM groups AS g WHERE g.tenant_id = ?1 \
         AND g.id = m.member_id AND g.deleted_at IS NULL)) \
         OR (m.member_kind = 3 AND EXISTS (SELECT 1 FROM service_principals AS s \
         WHERE s.tenant_id = ?1 AND s.id = m.member_id AND s.deleted_at IS NULL)))"
    };
}

const MEMBERS: &str = concat!(
    "SELECT m.member_id, m.member_kind FROM group_members AS m WHERE m.tenant_id = ?1 \
     AND m.group_id = ?2 AND m.member_id > ?3 AND ",
    member_is_there!(),
    " ORDER BY m.member_id LIMIT ?4"
);
const MEMBERS_OF_KIND: &str = concat!(
    "SELECT m.member_id, m.member_kind FROM group_members AS m WHERE m.tenant_id = ?1 \
     AND m.group_id = ?2 AND m.member_id > ?3 AND m.member_kind = ?5 AND ",
    member_is_there!(),
    " ORDER BY m.member_id LIMIT ?4"
);
const IS_MEMBER: &str = concat!(
    "SELECT count(*) FROM group_members AS m WHERE m.tenant_id = ?1 AND m.group_id = ?2 \
     AND m.member_id = ?3 AND ",
    member_is_there!()
);
const COUNT_MEMBERS: &str = concat!(
    "SELECT count(*) FROM group_members AS m WHERE m.tenant_id = ?1 AND m.group_id = ?2 AND ",
    member_is_there!()
);
const COUNT_MEMBERS_OF_KIND: &str = concat!(
    "SELECT count(*) FROM group_members AS m WHERE m.tenant_id = ?1 AND m.group_id = ?2 \
     AND m.member_kind = ?3 AND ",
    member_is_there!()
);
const OWNERS: &str = "SELECT o.owner_id, o.owner_kind FROM group_owners AS o \
    WHERE o.tenant_id = ?1 AND o.group_id = ?2 AND o.owner_id > ?3 \
    AND ((o.owner_kind = 1 AND EXISTS (SELECT 1 FROM users AS u WHERE u.tenant_id = ?1 \
    AND u.id = o.owner_id AND u.deleted_at IS NULL)) \
    OR (o.owner_kind = 3 AND EXISTS (SELECT 1 FROM service_principals AS s \
    WHERE s.tenant_id = ?1 AND s.id = o.owner_id AND s.deleted_at IS NULL))) \
    ORDER BY o.owner_id LIMIT ?4";
const IS_OWNER: &str = "SELECT count(*) FROM group_owners AS o WHERE o.tenant_id = ?1 \
    AND o.group_id = ?2 AND o.owner_id = ?3 \
    AND ((o.owner_kind = 1 AND EXISTS (SELECT 1 FROM users AS u WHERE u.tenant_id = ?1 \
    AND u.id = o.owner_id AND u.deleted_at IS NULL)) \
    OR (o.owner_kind = 3 AND EXISTS (SELECT 1 FROM service_principals AS s \
    WHERE s.tenant_id = ?1 AND s.id = o.owner_id AND s.deleted_at IS NULL)))";
/// Whatever is deleted.
const WITH_MEMBER: &str = "SELECT group_id FROM group_members WHERE tenant_id = ?1 \
    AND member_id = ?2 AND group_id > ?3 ORDER BY group_id LIMIT ?4";
/// Whatever is deleted.
const WITH_OWNER: &str = "SELECT group_id FROM group_owners WHERE tenant_id = ?1 \
    AND owner_id = ?2 AND group_id > ?3 ORDER BY group_id LIMIT ?4";
/// Whatever is deleted.
const BELOW: &str = "SELECT member_id, member_kind FROM group_members WHERE tenant_id = ?1 \
    AND group_id = ?2 LIMIT ?3";
const ROWS: &str = "SELECT member_id, member_kind FROM group_members WHERE tenant_id = ?1 \
    AND group_id = ?2 AND member_id > ?3 AND member_id <= ?4 ORDER BY member_id LIMIT ?5";
/// Whatever is deleted.
const GROUPS_BELOW: &str = "SELECT member_id FROM group_members WHERE tenant_id = ?1 \
    AND group_id = ?2 AND member_kind = ?4 LIMIT ?3";
const MEMBER_OF: &str = "SELECT m.group_id FROM group_members AS m JOIN groups AS g \
    ON g.tenant_id = m.tenant_id AND g.id = m.group_id WHERE m.tenant_id = ?1 \
    AND m.member_id = ?2 AND g.deleted_at IS NULL ORDER BY m.group_id";

/// What an object is that a group has as a member or an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// A user.
    User,
    /// A group.
    Group,
    /// A service principal.
    ServicePrincipal,
    /// A directory role, which is nobody's member.
    DirectoryRole,
    /// An administrative unit, which is nobody's member.
    AdministrativeUnit,
}

impl LinkKind {
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::User => 1,
            Self::Group => 2,
            Self::ServicePrincipal => 3,
            Self::DirectoryRole => 4,
            Self::AdministrativeUnit => 5,
        }
    }
    pub(crate) fn from_code(code: i64) -> Result<Self> {
        Ok(match code {
            1 => Self::User,
            2 => Self::Group,
            3 => Self::ServicePrincipal,
            other => return Err(Error::internal(format!("unknown kind of object {other}"))),
        })
    }
    /// The Graph type: what stands behind `#microsoft.graph.`.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::ServicePrincipal => "servicePrincipal",
            Self::DirectoryRole => "directoryRole",
            Self::AdministrativeUnit => "administrativeUnit",
        }
    }
}

/// A member or an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The object.
    pub id: Uuid,
    /// What it is.
    pub kind: LinkKind,
}

fn link(row: &Row<'_>) -> Result<Link> {
    Ok(Link {
        id: row.uuid(0)?,
        kind: LinkKind::from_code(row.int(1)?)?,
    })
}

/// What an object of this tenant is that isn't deleted and can have others' rights: a user, a group
/// or a service principal.
pub(crate) fn kind_of(tx: &ReadTx<'_>, object: Uuid) -> Result<Option<LinkKind>> {
    Ok(if users::exists(tx, Id::new(object))? {
        Some(LinkKind::User)
    } else if super::exists(tx, Id::new(object))? {
        Some(LinkKind::Group)
    } else if service_principals::exists(tx, Id::new(object))? {
        Some(LinkKind::ServicePrincipal)
    } else {
        None
    })
}

/// An object of this tenant that isn't deleted, by its id alone: a user, a group, a service principal,
/// a directory role or an administrative unit.
pub fn link_to(tx: &ReadTx<'_>, object: Uuid) -> Result<Option<Link>> {
    let kind = match kind_of(tx, object)? {
        None if administrative_units::exists(tx, Id::new(object))? => {
            Some(LinkKind::AdministrativeUnit)
        }
        None => match roles::get(tx, object) {
            Ok(_) => Some(LinkKind::DirectoryRole),
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        },
        kind => kind,
    };
    Ok(kind.map(|kind| Link { id: object, kind }))
}

pub(crate) fn already_there(property: &str) -> Error {
    Error::invalid(
        property,
        format!(
            "One or more added object references already exist for the following modified properties: '{property}'."
        ),
    )
}

/// Makes a user or a group a member.
pub fn add_member(tx: &mut Tx<'_>, group: Id<kind::Group>, member: Uuid) -> Result<()> {
    let object = static_group(tx, group)?;
    let kind = match kind_of(tx, member)? {
        Some(LinkKind::User) => LinkKind::User,
        Some(kind @ LinkKind::ServicePrincipal) if !object.mail_enabled => kind,
        Some(kind @ LinkKind::Group) if !object.mail_enabled && !has_mail(tx, member)? => kind,
        Some(_) => {
            return Err(Error::invalid(
                "members",
                "Members of a Microsoft 365 group are users; those of a security group are users, security groups and service principals.",
            ));
        }
        None => return Err(Error::not_found("directoryObject", member)),
    };
    if kind == LinkKind::Group && object.is_assignable_to_role() {
        return Err(Error::invalid(
            "members",
            "A group that can be assigned to roles has users as its members, no groups.",
        ));
    }
    if group.uuid() == member {
        return Err(Error::invalid(
            "members",
            "A group can't be a member of itself.",
        ));
    }
    if has_row(tx, group, member)? {
        return Err(already_there("members"));
    }
    put_in(tx, &object, member, kind)
}

/// Whether there is a row of this member, whatever is deleted.
pub(super) fn has_row(tx: &ReadTx<'_>, group: Id<kind::Group>, member: Uuid) -> Result<bool> {
    Ok(tx.count(HAS_MEMBER, params![&tx.tenant(), &group, &member])? > 0)
}

/// Writes that a group has another member.
pub(super) fn put_in(tx: &mut Tx<'_>, group: &Group, member: Uuid, kind: LinkKind) -> Result<()> {
    let tenant = tx.tenant();
    let change = Change::relation("groupMember", group.id.uuid(), member, Op::Created);
    tx.record(change)?.execute(
        ADD_MEMBER,
        params![&tenant, &group.id, &member, kind.code()],
    )?;
    audited::link(tx, "Add member to group", group, member, true)
}

/// Writes that a group has lost a member.
pub(super) fn take_out(tx: &mut Tx<'_>, group: &Group, member: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    let change = Change::relation("groupMember", group.id.uuid(), member, Op::Deleted);
    tx.record(change)?
        .execute(REMOVE_MEMBER, params![&tenant, &group.id, &member])?;
    audited::link(tx, "Remove member from group", group, member, false)
}

fn has_mail(tx: &ReadTx<'_>, group: Uuid) -> Result<bool> {
    Ok(super::get(tx, Id::new(group))?.mail_enabled)
}

/// Takes a member out of a group.
pub fn remove_member(tx: &mut Tx<'_>, group: Id<kind::Group>, member: Uuid) -> Result<()> {
    let object = static_group(tx, group)?;
    if !has_row(tx, group, member)? {
        return Err(Error::not_found("directoryObject", member));
    }
    take_out(tx, &object, member)
}

/// The group, if its members are set by hand.
fn static_group(tx: &ReadTx<'_>, group: Id<kind::Group>) -> Result<Group> {
    let found = get(tx, group)?;
    if found.home.is_some() {
        return Err(Error::invalid(
            "members",
            "The members of this group belong to the group's home tenant. Change them there.",
        ));
    }
    if found.is_dynamic() {
        return Err(Error::invalid(
            "members",
            "A rule decides on the members of this group; they can't be set by hand.",
        ));
    }
    Ok(found)
}

/// Makes a user or a service principal an owner.
pub fn add_owner(tx: &mut Tx<'_>, group: Id<kind::Group>, owner: Uuid) -> Result<()> {
    let object = get(tx, group)?;
    let kind = match kind_of(tx, owner)? {
        Some(kind @ (LinkKind::User | LinkKind::ServicePrincipal)) => kind,
        Some(_) => {
            return Err(Error::invalid(
                "owners",
                "Owners of a group are users and service principals.",
            ));
        }
        None => return Err(Error::not_found("directoryObject", owner)),
    };
    let tenant = tx.tenant();
    if tx.count(HAS_OWNER, params![&tenant, &group, &owner])? > 0 {
        return Err(already_there("owners"));
    }
    tx.record(Change::relation(
        "groupOwner",
        group.uuid(),
        owner,
        Op::Created,
    ))?
    .execute(ADD_OWNER, params![&tenant, &group, &owner, kind.code()])?;
    audited::link(tx, "Add owner to group", &object, owner, true)
}

/// Takes an owner's ownership away; a group with a mail keeps one owner, once it has one.
pub fn remove_owner(tx: &mut Tx<'_>, group: Id<kind::Group>, owner: Uuid) -> Result<()> {
    let object = get(tx, group)?;
    let tenant = tx.tenant();
    if tx.count(HAS_OWNER, params![&tenant, &group, &owner])? == 0 {
        return Err(Error::not_found("directoryObject", owner));
    }
    if object.mail_enabled && owners(tx, group, None, 2)?.len() < 2 {
        return Err(Error::invalid(
            "owners",
            "The group must have at least one owner, hence this owner cannot be removed.",
        ));
    }
    tx.record(Change::relation(
        "groupOwner",
        group.uuid(),
        owner,
        Op::Deleted,
    ))?
    .execute(REMOVE_OWNER, params![&tenant, &group, &owner])?;
    audited::link(tx, "Remove owner from group", &object, owner, false)
}

/// The direct members by id, behind `after`.
pub fn members(
    tx: &ReadTx<'_>,
    group: Id<kind::Group>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Link>> {
    let after = after.unwrap_or_default();
    tx.query(MEMBERS, params![&tx.tenant(), &group, &after, limit], link)
}

/// The direct members of one kind.
pub fn members_of_kind(
    tx: &ReadTx<'_>,
    group: Id<kind::Group>,
    kind: LinkKind,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Link>> {
    let after = after.unwrap_or_default();
    tx.query(
        MEMBERS_OF_KIND,
        params![&tx.tenant(), &group, &after, limit, kind.code()],
        link,
    )
}

/// How many direct members there are, of one kind or of all.
pub fn count_members(
    tx: &ReadTx<'_>,
    group: Id<kind::Group>,
    kind: Option<LinkKind>,
) -> Result<u64> {
    match kind {
        None => tx.count(COUNT_MEMBERS, params![&tx.tenant(), &group]),
        Some(kind) => tx.count(
            COUNT_MEMBERS_OF_KIND,
            params![&tx.tenant(), &group, kind.code()],
        ),
    }
}

/// Whether an object is a direct member.
pub fn is_member(tx: &ReadTx<'_>, group: Id<kind::Group>, member: Uuid) -> Result<bool> {
    Ok(tx.count(IS_MEMBER, params![&tx.tenant(), &group, &member])? > 0)
}

/// Whether an object is an owner.
pub fn is_owner(tx: &ReadTx<'_>, group: Id<kind::Group>, owner: Uuid) -> Result<bool> {
    Ok(tx.count(IS_OWNER, params![&tx.tenant(), &group, &owner])? > 0)
}

/// The groups of which an object is a direct member, or would be if neither were deleted, by id
/// behind `after`.
pub fn with_member(tx: &ReadTx<'_>, member: Uuid, after: Uuid, limit: usize) -> Result<Vec<Uuid>> {
    tx.query(
        WITH_MEMBER,
        params![&tx.tenant(), &member, &after, limit],
        |row| row.uuid(0),
    )
}

/// The groups of which an object is an owner, or would be if neither were deleted, by id behind
/// `after`.
pub fn with_owner(tx: &ReadTx<'_>, owner: Uuid, after: Uuid, limit: usize) -> Result<Vec<Uuid>> {
    tx.query(
        WITH_OWNER,
        params![&tx.tenant(), &owner, &after, limit],
        |row| row.uuid(0),
    )
}

/// The owners by id, behind `after`.
pub fn owners(
    tx: &ReadTx<'_>,
    group: Id<kind::Group>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Link>> {
    let after = after.unwrap_or_default();
    tx.query(OWNERS, params![&tx.tenant(), &group, &after, limit], link)
}

/// The groups that have an object as a direct member, by id.
pub fn member_of(tx: &ReadTx<'_>, object: Uuid) -> Result<Vec<Id<kind::Group>>> {
    tx.query(MEMBER_OF, params![&tx.tenant(), &object], |row| row.id(0))
}

/// The groups that a user is in, directly or through other groups, by id.
pub fn groups_of(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Vec<Id<kind::Group>>> {
    transitive_groups(tx, user.uuid())
}

/// Walks the groups that an object is in, directly or through other groups, each once and in no order,
/// until `visit` says that it is enough.
fn walk_groups(
    tx: &ReadTx<'_>,
    object: Uuid,
    mut visit: impl FnMut(Id<kind::Group>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut next = vec![object];
    while let Some(object) = next.pop() {
        for group in member_of(tx, object)? {
            if seen.insert(group) {
                if visit(group)?.is_break() {
                    return Ok(());
                }
                next.push(group.uuid());
            }
        }
    }
    Ok(())
}

/// The groups that an object is in, directly or through other groups, by id.
pub fn transitive_groups(tx: &ReadTx<'_>, object: Uuid) -> Result<Vec<Id<kind::Group>>> {
    let mut found = Vec::new();
    walk_groups(tx, object, |group| {
        found.push(group);
        Ok(ControlFlow::Continue(()))
    })?;
    found.sort_unstable();
    Ok(found)
}

/// Of the groups that an object is in, directly or through other groups, those that are wanted; `None`
/// if there are more than `most`, or if more than a thousand would have to be looked at.
pub fn some_groups_of(
    tx: &ReadTx<'_>,
    object: Uuid,
    most: usize,
    is_wanted: impl Fn(&Group) -> bool,
) -> Result<Option<Vec<Group>>> {
    let (mut looked_at, mut found) = (0, Vec::new());
    walk_groups(tx, object, |id| {
        looked_at += 1;
        if looked_at <= LOOKED_AT_MAX {
            found.extend(Some(get(tx, id)?).filter(&is_wanted));
            if found.len() <= most {
                return Ok(ControlFlow::Continue(()));
            }
        }
        Ok(ControlFlow::Break(()))
    })?;
    Ok((looked_at <= LOOKED_AT_MAX && found.len() <= most).then_some(found))
}

/// The users that are in a group, directly or through other groups, by id; so many at most, and
/// then it isn't said which. Of what isn't a group (any more) there are none.
pub fn transitive_users(
    tx: &ReadTx<'_>,
    group: Id<kind::Group>,
    limit: usize,
) -> Result<Vec<Id<kind::User>>> {
    let users = walk(tx, group, limit, |kind| kind == LinkKind::User)?;
    Ok(users.into_iter().map(|user| Id::new(user.id)).collect())
}

/// What is in a group, directly or through other groups, of the kinds that are wanted, by id; so many
/// at most.
fn walk(
    tx: &ReadTx<'_>,
    group: Id<kind::Group>,
    limit: usize,
    is_wanted: fn(LinkKind) -> bool,
) -> Result<Vec<Link>> {
    const PAGE: usize = 1_000;
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::from([group.uuid()]);
    let mut next = Vec::new();
    if super::exists(tx, group)? {
        next.push(group.uuid());
    }
    'groups: while let Some(group) = next.pop() {
        let mut after = None;
        loop {
            let page = members(tx, Id::new(group), after, PAGE)?;
            after = page.last().map(|link| link.id);
            let is_last = page.len() < PAGE;
            for Link { id, kind } in page {
                if kind == LinkKind::Group {
                    if !seen.insert(id) {
                        continue;
                    }
                    next.push(id);
                }
                if is_wanted(kind) {
                    found.insert(id, kind);
                }
                if found.len() >= limit {
                    break 'groups;
                }
            }
            if is_last {
                break;
            }
        }
    }
    let links = found.into_iter();
    Ok(links.map(|(id, kind)| Link { id, kind }).collect())
}

/// The users whose memberships lead up to a group, by id: those that are in it, and those that
/// would be if no group on the way were deleted. For whoever has to look again at everybody whom a
/// group's deletion or return concerns. `None` if that are more than `limit` memberships; of what
/// isn't a group there are none.
pub fn users_below(
    tx: &ReadTx<'_>,
    group: Id<kind::Group>,
    limit: usize,
) -> Result<Option<BTreeSet<Id<kind::User>>>> {
    let mut users = BTreeSet::new();
    let mut seen = BTreeSet::from([group.uuid()]);
    let mut next = vec![group.uuid()];
    let mut room = limit;
    while let Some(group) = next.pop() {
        let links = tx.query(BELOW, params![&tx.tenant(), &group, room + 1], link)?;
        let Some(rest) = room.checked_sub(links.len()) else {
            return Ok(None);
        };
        room = rest;
        for Link { id, kind } in links {
            match kind {
                LinkKind::Group if seen.insert(id) => next.push(id),
                LinkKind::User => drop(users.insert(Id::new(id))),
                LinkKind::Group
                | LinkKind::ServicePrincipal
                | LinkKind::DirectoryRole
                | LinkKind::AdministrativeUnit => {}
            }
        }
    }
    Ok(Some(users))
}

/// A group's direct members whatever is deleted, by id behind `after` up to `through`.
pub fn rows(
    tx: &ReadTx<'_>,
    group: Id<kind::Group>,
    after: Uuid,
    through: Uuid,
    limit: usize,
) -> Result<Vec<Link>> {
    tx.query(
        ROWS,
        params![&tx.tenant(), &group, &after, &through, limit],
        link,
    )
}

/// The groups in a group, directly or through other groups, whatever is deleted; `None` if they are
/// more than `limit`. Of what isn't a group there are none.
pub fn groups_below(
    tx: &ReadTx<'_>,
    group: Id<kind::Group>,
    limit: usize,
) -> Result<Option<BTreeSet<Id<kind::Group>>>> {
    let mut found = BTreeSet::new();
    let mut next = vec![group];
    while let Some(group) = next.pop() {
        let below: Vec<Id<kind::Group>> = tx.query(
            GROUPS_BELOW,
            params![&tx.tenant(), &group, limit + 1, LinkKind::Group.code()],
            |row| row.id(0),
        )?;
        next.extend(below.into_iter().filter(|group| found.insert(*group)));
        if found.len() > limit {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// All users that are in a group, directly or through other groups, by id; refused if there are
/// more than [`TRANSITIVE_MAX`].
pub fn transitive_members(tx: &ReadTx<'_>, group: Id<kind::Group>) -> Result<Vec<Id<kind::User>>> {
    let users = transitive_users(tx, group, TRANSITIVE_MAX + 1)?;
    if users.len() > TRANSITIVE_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.transitive_members",
            message: format!("The group has more than {TRANSITIVE_MAX} transitive members."),
        });
    }
    Ok(users)
}

/// Everything that is in a group, directly or through other groups, by id; so many at most.
pub fn transitive_links(
    tx: &ReadTx<'_>,
    group: Id<kind::Group>,
    limit: usize,
) -> Result<Vec<Link>> {
    walk(tx, group, limit, |_| true)
}
