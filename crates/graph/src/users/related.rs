//! Whom a user is related to: the manager and the direct reports, beside [`member_of`].

use directory::groups::{Link, LinkKind};
use directory::users::{self, User};
use store::ReadTx;
use types::{Error, Id, kind};

use crate::directory_objects::{self, COUNTED, Lens, Part, RELATED, Related};
use crate::errors::Refusal;
use crate::expand::Relation;
use crate::member_of;
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

/// What can be expanded.
pub(super) static EXPANDED: [Relation<User>; 5] = [
    Relation::one(
        "manager",
        |tx, user, _| Ok(manager(tx, user.id)?.into_iter().collect()),
        |tx, link| manager(tx, Id::new(link.id)),
    ),
    Relation::many("directReports", |tx, user, limit| {
        reports(tx, user.id, Part { after: None, limit })
    }),
    Relation::memberships("memberOf", |tx, user, limit| {
        member_of::first(tx, user.id.uuid(), false, limit)
    }),
    Relation::memberships("transitiveMemberOf", |tx, user, limit| {
        member_of::first(tx, user.id.uuid(), true, limit)
    }),
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
        .query(COUNTED);
    }
    member_of::routes_of_users(area);
}

fn manager(tx: &ReadTx<'_>, user: Id<kind::User>) -> types::Result<Option<Link>> {
    let id = users::manager_of(tx, user)?;
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
            let link = manager(tx, user.id)?.ok_or_else(missing)?;
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
