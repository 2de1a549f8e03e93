//! Who is in a unit; and groups that are made in one.

use directory::administrative_units::{self as units, AdministrativeUnit};
use directory::groups::{self, LinkKind};
use store::ReadTx;
use types::{Error, Id, kind};

use super::{READ, WRITE};
use crate::directory_objects::{self, COUNTED, Lens, Link, Part, RELATED, Related, with_type};
use crate::errors::Refusal;
use crate::expand::Relation;
use crate::query_options::Allowed;
use crate::references::Reference;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

/// What makes a group in a unit.
const CREATE_GROUP: &[&str] = &[
    "Directory.ReadWrite.All",
    "Group.Create",
    "Group.ReadWrite.All",
];

/// What can be expanded.
pub(super) static EXPANDED: [Relation<AdministrativeUnit>; 1] =
    [Relation::members(|tx, unit, limit| {
        units::members(tx, unit.id, None, None, limit)
    })];

/// The list and the count of all, and of one type each.
const LISTS: [(&str, &str, Option<LinkKind>); 3] = [
    (
        "/directory/administrativeUnits/{id}/members",
        "/directory/administrativeUnits/{id}/members/$count",
        None,
    ),
    (
        "/directory/administrativeUnits/{id}/members/microsoft.graph.user",
        "/directory/administrativeUnits/{id}/members/microsoft.graph.user/$count",
        Some(LinkKind::User),
    ),
    (
        "/directory/administrativeUnits/{id}/members/microsoft.graph.group",
        "/directory/administrativeUnits/{id}/members/microsoft.graph.group/$count",
        Some(LinkKind::Group),
    ),
];

pub(super) fn routes(area: &mut Area<'_>) {
    for (path, count_path, cast) in LISTS {
        area.get(
            path,
            READ,
            "List an administrative unit's members",
            move |call| list(call, cast),
        )
        .query(RELATED);
        area.get(
            count_path,
            READ,
            "Count an administrative unit's members",
            move |call| count(call, cast),
        )
        .query(COUNTED);
    }
    area.post(
        "/directory/administrativeUnits/{id}/members",
        CREATE_GROUP,
        "Create a group in an administrative unit",
        create_group,
    );
    area.get(
        "/directory/administrativeUnits/{id}/members/{memberId}",
        READ,
        "Get a member of an administrative unit",
        get,
    )
    .query(Allowed::SELECT);
    area.get(
        "/directory/administrativeUnits/{id}/members/$ref",
        READ,
        "List their addresses",
        references,
    )
    .query(Allowed::TOP.and(Allowed::SKIP_TOKEN));
    area.post(
        "/directory/administrativeUnits/{id}/members/$ref",
        WRITE,
        "Add a member to an administrative unit",
        add,
    );
    area.delete(
        "/directory/administrativeUnits/{id}/members/{memberId}/$ref",
        WRITE,
        "Take a member out of an administrative unit",
        remove,
    );
}

/// The members of one unit, all of them or those of one type.
struct Members {
    unit: Id<kind::AdministrativeUnit>,
    cast: Option<LinkKind>,
}

impl Related for Members {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>> {
        units::get(tx, self.unit)?;
        units::members(tx, self.unit, self.cast, part.after, part.limit)
    }
    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        units::get(tx, self.unit)?;
        units::count_members(tx, self.unit, self.cast)
    }
}

async fn list(call: Call, cast: Option<LinkKind>) -> Result<Reply, Refusal> {
    let unit = call.id("id")?;
    let members = Members { unit, cast };
    directory_objects::list(&call, "administrativeUnits/members", cast, members).await
}

async fn count(call: Call, cast: Option<LinkKind>) -> Result<Reply, Refusal> {
    let unit = call.id("id")?;
    directory_objects::count(&call, cast, Members { unit, cast }).await
}

async fn references(call: Call) -> Result<Reply, Refusal> {
    let unit = call.id("id")?;
    directory_objects::list_references(&call, Members { unit, cast: None }).await
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (unit, member) = (call.id("id")?, directory_objects::id_of(&call, "memberId")?);
    let lens = Lens::of(&call)?;
    let shown = call
        .read(move |tx| {
            units::get(tx, unit)?;
            let missing = || Error::not_found("directoryObject", member);
            if !units::is_member(tx, unit, member)? {
                return Err(missing());
            }
            let link = groups::link_to(tx, member)?.ok_or_else(missing)?;
            lens.show(tx, link)?.ok_or_else(missing)
        })
        .await?;
    Reply::entity(&call, "directoryObjects", &shown)
}

async fn add(call: Call) -> Result<Reply, Refusal> {
    let (unit, member) = (call.id("id")?, Reference::of_body(&call)?);
    call.write(move |tx| {
        let member = member.resolve(tx)?;
        units::add_member(tx, unit, member)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn remove(call: Call) -> Result<Reply, Refusal> {
    let (unit, member) = (call.id("id")?, directory_objects::id_of(&call, "memberId")?);
    call.write(move |tx| units::remove_member(tx, unit, member))
        .await?;
    Ok(Reply::no_content())
}

/// Makes a group as `POST /groups` does, in the unit.
async fn create_group(call: Call) -> Result<Reply, Refusal> {
    let (id, shown) =
        crate::groups::make(&call, call.object("group")?, Some(call.id("id")?)).await?;
    let shown = with_type("group", shown);
    Reply::created(&call, "directoryObjects", &shown, &format!("/groups/{id}"))
}
