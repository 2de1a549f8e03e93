//! Whom a user is related to: the manager, the direct reports, the groups and the directory roles.

use directory::groups::{self, Link, LinkKind};
use directory::roles;
use directory::users::{self, User};
use store::ReadTx;
use types::{Error, Id, kind};

use crate::directory_objects::{self, Lens, Part, RELATED, Related};
use crate::errors::Refusal;
use crate::expand::Relation;
use crate::query_options::Allowed;
use crate::references::Reference;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

use super::sponsors;

const READ: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
];
const WRITE: &[&str] = &["Directory.ReadWrite.All", "User.ReadWrite.All"];
const MEMBER_OF: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.ReadBasic.All",
    "GroupMember.ReadBasic.All",
];
const TRANSITIVE_MEMBER_OF: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
];

/// What can be expanded.
pub(super) static EXPANDED: [Relation<User>; 5] = [
    Relation {
        name: "manager",
        is_single: true,
        find: |tx, user, _| Ok(manager(tx, user)?.into_iter().collect()),
    },
    Relation {
        name: "directReports",
        is_single: false,
        find: |tx, user, limit| reports(tx, user.id, Part { after: None, limit }),
    },
    Relation {
        name: "memberOf",
        is_single: false,
        find: |tx, user, limit| {
            let whole = member_of_all(tx, user.id, false)?;
            Ok(Part { after: None, limit }.of(whole))
        },
    },
    Relation {
        name: "transitiveMemberOf",
        is_single: false,
        find: |tx, user, limit| {
            let whole = member_of_all(tx, user.id, true)?;
            Ok(Part { after: None, limit }.of(whole))
        },
    },
    sponsors::EXPANDED,
];

pub(super) fn routes(area: &mut Area<'_>) {
    area.get("/users/{id}/manager", READ, "Get a user's manager", get)
        .query(Allowed::SELECT);
    area.put(
        "/users/{id}/manager/$ref",
        WRITE,
        "Set a user's manager",
        put,
    );
    area.delete(
        "/users/{id}/manager/$ref",
        WRITE,
        "Take a user's manager away",
        delete,
    );
    for (path, count, cast) in [
        (
            "/users/{id}/directReports",
            "/users/{id}/directReports/$count",
            None,
        ),
        (
            "/users/{id}/directReports/microsoft.graph.user",
            "/users/{id}/directReports/microsoft.graph.user/$count",
            Some(LinkKind::User),
        ),
    ] {
        area.get(path, READ, "List whose manager a user is", move |call| {
            direct_reports(call, cast)
        })
        .query(RELATED);
        area.get(count, READ, "Count whose manager a user is", move |call| {
            count_direct_reports(call, cast)
        })
        .query(Allowed::FILTER);
    }
    for (path, cast, role, permissions, summary, is_transitive) in [
        (
            ["/users/{id}/memberOf", "/users/{id}/memberOf/$count"],
            [
                "/users/{id}/memberOf/microsoft.graph.group",
                "/users/{id}/memberOf/microsoft.graph.group/$count",
            ],
            [
                "/users/{id}/memberOf/microsoft.graph.directoryRole",
                "/users/{id}/memberOf/microsoft.graph.directoryRole/$count",
            ],
            MEMBER_OF,
            "List the groups that a user is a member of, and the user's roles",
            false,
        ),
        (
            [
                "/users/{id}/transitiveMemberOf",
                "/users/{id}/transitiveMemberOf/$count",
            ],
            [
                "/users/{id}/transitiveMemberOf/microsoft.graph.group",
                "/users/{id}/transitiveMemberOf/microsoft.graph.group/$count",
            ],
            [
                "/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole",
                "/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole/$count",
            ],
            TRANSITIVE_MEMBER_OF,
            "List the groups and roles that a user has, directly or through groups",
            true,
        ),
    ] {
        for ([list, count], cast) in [
            (path, None),
            (cast, Some(LinkKind::Group)),
            (role, Some(LinkKind::DirectoryRole)),
        ] {
            area.get(list, permissions, summary, move |call| {
                member_of(call, is_transitive, cast)
            })
            .query(RELATED);
            area.get(count, permissions, "Count them", move |call| {
                count_member_of(call, is_transitive, cast)
            })
            .query(Allowed::FILTER);
        }
    }
}

fn manager(tx: &ReadTx<'_>, user: &User) -> types::Result<Option<Link>> {
    let id = users::manager_of(tx, user.id)?;
    Ok(id.map(|id| Link {
        id: id.uuid(),
        kind: LinkKind::User,
    }))
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let lens = Lens::of(&call)?;
    let key = call.key("id").to_owned();
    let manager = call
        .read(move |tx| {
            let user = users::find(tx, &key)?;
            let missing = || Error::not_found("manager", "manager");
            let link = manager(tx, &user)?.ok_or_else(missing)?;
            lens.show(tx, link)?.ok_or_else(missing)
        })
        .await?;
    Reply::entity(&call, "directoryObjects", &manager)
}

async fn put(call: Call) -> Result<Reply, Refusal> {
    let manager = Reference::of_body(&call)?;
    let key = call.key("id").to_owned();
    call.write(move |tx| {
        let user = users::find(tx, &key)?;
        let manager = Id::new(manager.resolve(tx)?);
        users::set_manager(tx, user.id, manager)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    let key = call.key("id").to_owned();
    call.write(move |tx| {
        let user = users::find(tx, &key)?;
        users::remove_manager(tx, user.id)
    })
    .await?;
    Ok(Reply::no_content())
}

fn reports(tx: &ReadTx<'_>, id: Id<kind::User>, part: Part) -> types::Result<Vec<Link>> {
    let found = users::direct_reports(tx, id, part.after.map(Id::new), part.limit)?;
    let links = found.iter().map(|user| Link {
        id: user.id.uuid(),
        kind: LinkKind::User,
    });
    Ok(links.collect())
}

struct Reports(String);

impl Related for Reports {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>> {
        reports(tx, users::find(tx, &self.0)?.id, part)
    }
    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        users::count_direct_reports(tx, users::find(tx, &self.0)?.id)
    }
}

async fn direct_reports(call: Call, cast: Option<LinkKind>) -> Result<Reply, Refusal> {
    let reports = Reports(call.key("id").to_owned());
    directory_objects::list(&call, "users/directReports", cast, reports).await
}

async fn count_direct_reports(call: Call, cast: Option<LinkKind>) -> Result<Reply, Refusal> {
    directory_objects::count(&call, cast, Reports(call.key("id").to_owned())).await
}

/// The groups that a user is in and the roles that the user has, in the order of ids.
fn member_of_all(
    tx: &ReadTx<'_>,
    id: Id<kind::User>,
    is_transitive: bool,
) -> types::Result<Vec<Link>> {
    let groups = if is_transitive {
        groups::transitive_groups(tx, id.uuid())?
    } else {
        groups::member_of(tx, id.uuid())?
    };
    let mut links: Vec<Link> = groups
        .iter()
        .map(|group| Link {
            id: group.uuid(),
            kind: LinkKind::Group,
        })
        .collect();
    let through: &[Id<kind::Group>] = if is_transitive { &groups } else { &[] };
    let holders = std::iter::once(id.uuid()).chain(through.iter().map(|group| group.uuid()));
    for holder in holders {
        links.extend(roles::roles_of(tx, holder)?.iter().map(|role| Link {
            id: role.id,
            kind: LinkKind::DirectoryRole,
        }));
    }
    links.sort_by_key(|link| link.id);
    links.dedup();
    Ok(links)
}

struct MemberOf {
    user: String,
    is_transitive: bool,
    cast: Option<LinkKind>,
}

impl MemberOf {
    fn of(call: &Call, is_transitive: bool, cast: Option<LinkKind>) -> Self {
        Self {
            user: call.key("id").to_owned(),
            is_transitive,
            cast,
        }
    }

    fn whole(&self, tx: &ReadTx<'_>) -> types::Result<Vec<Link>> {
        let user = users::find(tx, &self.user)?;
        let mut all = member_of_all(tx, user.id, self.is_transitive)?;
        all.retain(|link| self.cast.is_none_or(|kind| link.kind == kind));
        Ok(all)
    }
}

impl Related for MemberOf {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>> {
        Ok(part.of(self.whole(tx)?))
    }
    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        Ok(self.whole(tx)?.len() as u64)
    }
}

async fn member_of(
    call: Call,
    is_transitive: bool,
    cast: Option<LinkKind>,
) -> Result<Reply, Refusal> {
    let related = MemberOf::of(&call, is_transitive, cast);
    directory_objects::list(&call, "users/memberOf", cast, related).await
}

async fn count_member_of(
    call: Call,
    is_transitive: bool,
    cast: Option<LinkKind>,
) -> Result<Reply, Refusal> {
    let related = MemberOf::of(&call, is_transitive, cast);
    directory_objects::count(&call, cast, related).await
}
