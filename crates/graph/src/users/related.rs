//! Whom a user is related to: the manager, the direct reports, the groups.

use directory::groups::{self, Link, LinkKind};
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
pub(super) static EXPANDED: [Relation<User>; 4] = [
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
            let whole = in_groups(tx, user.id, false)?;
            Ok(Part { after: None, limit }.of(whole))
        },
    },
    Relation {
        name: "transitiveMemberOf",
        is_single: false,
        find: |tx, user, limit| {
            let whole = in_groups(tx, user.id, true)?;
            Ok(Part { after: None, limit }.of(whole))
        },
    },
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
    for (path, cast, permissions, summary, is_transitive) in [
        (
            ["/users/{id}/memberOf", "/users/{id}/memberOf/$count"],
            [
                "/users/{id}/memberOf/microsoft.graph.group",
                "/users/{id}/memberOf/microsoft.graph.group/$count",
            ],
            MEMBER_OF,
            "List the groups that a user is a member of",
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
            TRANSITIVE_MEMBER_OF,
            "List the groups that a user is in, directly or through others",
            true,
        ),
    ] {
        for ([list, count], cast) in [(path, None), (cast, Some(LinkKind::Group))] {
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

fn in_groups(
    tx: &ReadTx<'_>,
    id: Id<kind::User>,
    is_transitive: bool,
) -> types::Result<impl Iterator<Item = Link> + use<>> {
    let groups = if is_transitive {
        groups::transitive_groups(tx, id.uuid())?
    } else {
        groups::member_of(tx, id.uuid())?
    };
    Ok(groups.into_iter().map(|group| Link {
        id: group.uuid(),
        kind: LinkKind::Group,
    }))
}

struct MemberOf {
    user: String,
    is_transitive: bool,
}

impl MemberOf {
    fn of(call: &Call, is_transitive: bool) -> Self {
        Self {
            user: call.key("id").to_owned(),
            is_transitive,
        }
    }
}

impl Related for MemberOf {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>> {
        let user = users::find(tx, &self.user)?;
        Ok(part.of(in_groups(tx, user.id, self.is_transitive)?))
    }
    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        let user = users::find(tx, &self.user)?;
        Ok(in_groups(tx, user.id, self.is_transitive)?.count() as u64)
    }
}

async fn member_of(
    call: Call,
    is_transitive: bool,
    cast: Option<LinkKind>,
) -> Result<Reply, Refusal> {
    let related = MemberOf::of(&call, is_transitive);
    directory_objects::list(&call, "users/memberOf", cast, related).await
}

async fn count_member_of(
    call: Call,
    is_transitive: bool,
    cast: Option<LinkKind>,
) -> Result<Reply, Refusal> {
    let related = MemberOf::of(&call, is_transitive);
    directory_objects::count(&call, cast, related).await
}
