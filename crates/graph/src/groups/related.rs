//! Who is in a group and who owns it, and which groups it is in itself.

use directory::groups::{self, Group, Link, LinkKind, TRANSITIVE_MAX};
use store::ReadTx;
use types::{Error, Id, kind};

use super::Guard;
use crate::directory_objects::{self, COUNTED, Part, RELATED, Related};
use crate::errors::Refusal;
use crate::expand::Relation;
use crate::hidden_members::{Viewer, keep_seen};
use crate::member_of::groups_and_units;
use crate::query_options::Allowed;
use crate::references::Reference;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

const MEMBERS: &[&str] = &[
    "Directory.Read.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "GroupMember.ReadWrite.All",
];
const CHANGE_MEMBERS: &[&str] = &[
    "Directory.ReadWrite.All",
    "Group.ReadWrite.All",
    "GroupMember.ReadWrite.All",
];
const OWNERS: &[&str] = &[
    "Directory.Read.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
];
const CHANGE_OWNERS: &[&str] = &["Directory.ReadWrite.All", "Group.ReadWrite.All"];
const MEMBER_OF: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
];

/// The relations of a group.
#[derive(Debug, Clone, Copy)]
enum Which {
    Members,
    TransitiveMembers,
    Owners,
    MemberOf,
    TransitiveMemberOf,
}

/// What can be expanded.
pub(super) static EXPANDED: [Relation<Group>; 3] = [
    Relation::members(|tx, group, limit| groups::members(tx, group.id, None, limit)),
    Relation::many("owners", |tx, group, limit| {
        groups::owners(tx, group.id, None, limit)
    }),
    Relation::memberships("memberOf", |tx, group, limit| {
        let whole = groups_and_units(tx, group.id.uuid(), false)?;
        Ok(Part { after: None, limit }.of(whole))
    }),
];

/// The paths of one relation.
struct Paths {
    which: Which,
    permissions: &'static [&'static str],
    list: (&'static str, &'static str),
    count: (&'static str, &'static str),
    /// The list and the count of one type each.
    casts: &'static [(LinkKind, &'static str, &'static str)],
}

const PATHS: [Paths; 5] = [
    Paths {
        which: Which::Members,
        permissions: MEMBERS,
        list: ("/groups/{id}/members", "List a group's members"),
        count: ("/groups/{id}/members/$count", "Count a group's members"),
        casts: &[
            (
                LinkKind::User,
                "/groups/{id}/members/microsoft.graph.user",
                "/groups/{id}/members/microsoft.graph.user/$count",
            ),
            (
                LinkKind::Group,
                "/groups/{id}/members/microsoft.graph.group",
                "/groups/{id}/members/microsoft.graph.group/$count",
            ),
            (
                LinkKind::ServicePrincipal,
                "/groups/{id}/members/microsoft.graph.servicePrincipal",
                "/groups/{id}/members/microsoft.graph.servicePrincipal/$count",
            ),
        ],
    },
    Paths {
        which: Which::TransitiveMembers,
        permissions: MEMBERS,
        list: (
            "/groups/{id}/transitiveMembers",
            "List who is in a group, directly or through other groups",
        ),
        count: (
            "/groups/{id}/transitiveMembers/$count",
            "Count who is in a group, directly or through other groups",
        ),
        casts: &[
            (
                LinkKind::User,
                "/groups/{id}/transitiveMembers/microsoft.graph.user",
                "/groups/{id}/transitiveMembers/microsoft.graph.user/$count",
            ),
            (
                LinkKind::Group,
                "/groups/{id}/transitiveMembers/microsoft.graph.group",
                "/groups/{id}/transitiveMembers/microsoft.graph.group/$count",
            ),
            (
                LinkKind::ServicePrincipal,
                "/groups/{id}/transitiveMembers/microsoft.graph.servicePrincipal",
                "/groups/{id}/transitiveMembers/microsoft.graph.servicePrincipal/$count",
            ),
        ],
    },
    Paths {
        which: Which::Owners,
        permissions: OWNERS,
        list: ("/groups/{id}/owners", "List a group's owners"),
        count: ("/groups/{id}/owners/$count", "Count a group's owners"),
        casts: &[
            (
                LinkKind::User,
                "/groups/{id}/owners/microsoft.graph.user",
                "/groups/{id}/owners/microsoft.graph.user/$count",
            ),
            (
                LinkKind::ServicePrincipal,
                "/groups/{id}/owners/microsoft.graph.servicePrincipal",
                "/groups/{id}/owners/microsoft.graph.servicePrincipal/$count",
            ),
        ],
    },
    Paths {
        which: Which::MemberOf,
        permissions: MEMBER_OF,
        list: (
            "/groups/{id}/memberOf",
            "List the groups and administrative units that a group is a member of",
        ),
        count: (
            "/groups/{id}/memberOf/$count",
            "Count the groups and administrative units that a group is a member of",
        ),
        casts: &[
            (
                LinkKind::Group,
                "/groups/{id}/memberOf/microsoft.graph.group",
                "/groups/{id}/memberOf/microsoft.graph.group/$count",
            ),
            (
                LinkKind::AdministrativeUnit,
                "/groups/{id}/memberOf/microsoft.graph.administrativeUnit",
                "/groups/{id}/memberOf/microsoft.graph.administrativeUnit/$count",
            ),
        ],
    },
    Paths {
        which: Which::TransitiveMemberOf,
        permissions: MEMBER_OF,
        list: (
            "/groups/{id}/transitiveMemberOf",
            "List the groups that a group is in, directly or through others",
        ),
        count: (
            "/groups/{id}/transitiveMemberOf/$count",
            "Count the groups that a group is in, directly or through others",
        ),
        casts: &[(
            LinkKind::Group,
            "/groups/{id}/transitiveMemberOf/microsoft.graph.group",
            "/groups/{id}/transitiveMemberOf/microsoft.graph.group/$count",
        )],
    },
];

pub(super) fn routes(area: &mut Area<'_>) {
    for paths in PATHS {
        let Paths {
            which, permissions, ..
        } = paths;
        let (path, summary) = paths.list;
        area.get(path, permissions, summary, move |call| {
            list(call, which, None)
        })
        .query(RELATED);
        let (path, count_summary) = paths.count;
        area.get(path, permissions, count_summary, move |call| {
            count(call, which, None)
        })
        .query(COUNTED);
        for (kind, path, count_path) in paths.casts {
            area.get(path, permissions, summary, move |call| {
                list(call, which, Some(*kind))
            })
            .query(RELATED);
            area.get(count_path, permissions, count_summary, move |call| {
                count(call, which, Some(*kind))
            })
            .query(COUNTED);
        }
    }
    for (which, permissions, list, one) in [
        (
            Which::Members,
            MEMBERS,
            "/groups/{id}/members/$ref",
            "/groups/{id}/members/{memberId}/$ref",
        ),
        (
            Which::Owners,
            OWNERS,
            "/groups/{id}/owners/$ref",
            "/groups/{id}/owners/{ownerId}/$ref",
        ),
    ] {
        area.get(list, permissions, "List their addresses", move |call| {
            references(call, which)
        })
        .query(Allowed::TOP.and(Allowed::SKIP_TOKEN));
        area.get(
            one,
            permissions,
            "Get its address, if it is one",
            move |call| reference(call, which),
        );
    }
    area.post(
        "/groups/{id}/members/$ref",
        CHANGE_MEMBERS,
        "Add a member to a group",
        add_member,
    );
    area.delete(
        "/groups/{id}/members/{memberId}/$ref",
        CHANGE_MEMBERS,
        "Take a member out of a group",
        remove_member,
    );
    area.post(
        "/groups/{id}/owners/$ref",
        CHANGE_OWNERS,
        "Add an owner to a group",
        add_owner,
    );
    area.delete(
        "/groups/{id}/owners/{ownerId}/$ref",
        CHANGE_OWNERS,
        "Take an owner's ownership away",
        remove_owner,
    );
}

/// One relation of one group, all of it or the objects of one type.
struct Of {
    group: Id<kind::Group>,
    which: Which,
    cast: Option<LinkKind>,
    viewer: Viewer,
}

impl Of {
    fn asked(call: &Call, which: Which, cast: Option<LinkKind>) -> Result<Self, Refusal> {
        Ok(Self {
            group: call.id("id")?,
            which,
            cast,
            viewer: Viewer::of(&call.caller),
        })
    }

    /// What can't be had in parts.
    fn whole(&self, tx: &ReadTx<'_>) -> types::Result<Vec<Link>> {
        let id = self.group;
        let mut all = match self.which {
            Which::Members => groups::members(tx, id, None, TRANSITIVE_MAX + 1)?,
            Which::TransitiveMembers => groups::transitive_links(tx, id, TRANSITIVE_MAX + 1)?,
            Which::Owners => groups::owners(tx, id, None, TRANSITIVE_MAX + 1)?,
            Which::MemberOf => groups_and_units(tx, id.uuid(), false)?,
            Which::TransitiveMemberOf => groups_and_units(tx, id.uuid(), true)?,
        };
        if matches!(self.which, Which::MemberOf | Which::TransitiveMemberOf) {
            keep_seen(tx, self.viewer, &mut all)?;
        }
        if all.len() > TRANSITIVE_MAX {
            return Err(Error::LimitExceeded {
                limit: "limits.transitive_members",
                message: format!("The group has more than {TRANSITIVE_MAX} transitive members."),
            });
        }
        all.retain(|link| self.cast.is_none_or(|kind| link.kind == kind));
        Ok(all)
    }
}

impl Related for Of {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>> {
        groups::get(tx, self.group)?;
        match (self.which, self.cast) {
            (Which::Members, None) => groups::members(tx, self.group, part.after, part.limit),
            (Which::Members, Some(kind)) => {
                groups::members_of_kind(tx, self.group, kind, part.after, part.limit)
            }
            _ => Ok(part.of(self.whole(tx)?)),
        }
    }

    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        groups::get(tx, self.group)?;
        match self.which {
            Which::Members => groups::count_members(tx, self.group, self.cast),
            _ => Ok(self.whole(tx)?.len() as u64),
        }
    }
}

async fn list(call: Call, which: Which, cast: Option<LinkKind>) -> Result<Reply, Refusal> {
    let of = Of::asked(&call, which, cast)?;
    directory_objects::list(&call, "groups/related", cast, of).await
}

async fn count(call: Call, which: Which, cast: Option<LinkKind>) -> Result<Reply, Refusal> {
    let of = Of::asked(&call, which, cast)?;
    directory_objects::count(&call, cast, of).await
}

async fn references(call: Call, which: Which) -> Result<Reply, Refusal> {
    let of = Of::asked(&call, which, None)?;
    directory_objects::list_references(&call, of).await
}

async fn reference(call: Call, which: Which) -> Result<Reply, Refusal> {
    let group = call.id("id")?;
    let other = directory_objects::id_of(
        &call,
        match which {
            Which::Owners => "ownerId",
            _ => "memberId",
        },
    )?;
    call.read(move |tx| {
        groups::get(tx, group)?;
        let is_there = match which {
            Which::Owners => groups::is_owner(tx, group, other)?,
            _ => groups::is_member(tx, group, other)?,
        };
        if is_there {
            Ok(())
        } else {
            Err(Error::not_found("directoryObject", other))
        }
    })
    .await?;
    directory_objects::reference(&call, other)
}

async fn add_member(call: Call) -> Result<Reply, Refusal> {
    let (group, member) = (call.id("id")?, Reference::of_body(&call)?);
    let guard = Guard::of(&call);
    call.write(move |tx| {
        guard.check(tx, group)?;
        let member = member.resolve(tx)?;
        groups::add_member(tx, group, member)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn remove_member(call: Call) -> Result<Reply, Refusal> {
    let (group, member) = (call.id("id")?, directory_objects::id_of(&call, "memberId")?);
    let guard = Guard::of(&call);
    call.write(move |tx| {
        guard.check(tx, group)?;
        groups::remove_member(tx, group, member)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn add_owner(call: Call) -> Result<Reply, Refusal> {
    let (group, owner) = (call.id("id")?, Reference::of_body(&call)?);
    let guard = Guard::of(&call);
    call.write(move |tx| {
        guard.check(tx, group)?;
        let owner = owner.resolve(tx)?;
        groups::add_owner(tx, group, owner)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn remove_owner(call: Call) -> Result<Reply, Refusal> {
    let (group, owner) = (call.id("id")?, directory_objects::id_of(&call, "ownerId")?);
    let guard = Guard::of(&call);
    call.write(move |tx| {
        guard.check(tx, group)?;
        groups::remove_owner(tx, group, owner)
    })
    .await?;
    Ok(Reply::no_content())
}
