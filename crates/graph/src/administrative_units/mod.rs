//! `/directory/administrativeUnits`: parts of the directory for which roles can be given.
//!
//! Source: the `administrativeUnit` resource and its operations (Microsoft Graph).

mod members;
mod scoped_roles;

use directory::administrative_units::{self as units, AdministrativeUnit};
use serde_json::{Map, Value};
use store::ReadTx;

use crate::errors::Refusal;
use crate::expand::Look;
use crate::listing::{self, Sorting, Source};
use crate::query_options::Allowed;
use crate::references::Bound;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

pub(crate) const READ: &[&str] = &[
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const WRITE: &[&str] = &[
    "AdministrativeUnit.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const SET: &str = "directory/administrativeUnits";
const BOUND: [&str; 1] = ["members"];

static SOURCE: Source<AdministrativeUnit> = Source {
    set: SET,
    entity: units::entity,
    list: units::list,
    count: units::count,
    place: units::place,
    project: units::project,
};

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("administrativeUnits", Versions::Both);
    area.get(
        "/directory/administrativeUnits",
        READ,
        "List administrative units",
        list,
    )
    .query(Allowed::LIST.and(Allowed::EXPAND).and(Allowed::SEARCH));
    area.get(
        "/directory/administrativeUnits/$count",
        READ,
        "Count administrative units",
        |call| async move { listing::count(&call, &SOURCE).await },
    )
    .query(Allowed::FILTER.and(Allowed::SEARCH));
    area.post(
        "/directory/administrativeUnits",
        WRITE,
        "Create an administrative unit",
        create,
    );
    area.get(
        "/directory/administrativeUnits/{id}",
        READ,
        "Get an administrative unit",
        get,
    )
    .query(Allowed::SELECT.and(Allowed::EXPAND));
    area.patch(
        "/directory/administrativeUnits/{id}",
        WRITE,
        "Update an administrative unit",
        update,
    );
    area.delete(
        "/directory/administrativeUnits/{id}",
        WRITE,
        "Delete an administrative unit, for 30 days restorably",
        delete,
    );
    members::routes(&mut area);
    scoped_roles::routes(&mut area);
    scoped_roles::views(routes);
}

/// How a request looks at units.
fn look(call: &Call) -> Result<Look<AdministrativeUnit>, Refusal> {
    if let Some(select) = listing::select(call)? {
        units::check_select(&select)?;
    }
    Look::of(call, &SOURCE, &members::EXPANDED, None)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let look = look(&call)?;
    let show = move |tx: &ReadTx<'_>, unit: &AdministrativeUnit, select: Option<&[String]>| {
        look.show(tx, unit, select)
    };
    listing::list_shown(&call, &SOURCE, Sorting::Advanced, show).await
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (look, select) = (look(&call)?, listing::select(&call)?);
    let id = call.id("id")?;
    let unit = call
        .read(move |tx| look.show(tx, &units::get(tx, id)?, select.as_deref()))
        .await?;
    Reply::entity(&call, SET, &unit)
}

/// A body, without what clients send back that nobody sets.
fn body(call: &Call) -> Result<Map<String, Value>, Refusal> {
    let mut body = call.object("administrativeUnit")?;
    body.retain(|name, value| !(value.is_null() && name.starts_with("membership")));
    Ok(body)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let mut body = body(&call)?;
    let bound = Bound::take(&call, &mut body, &BOUND)?;
    let (id, shown) = call
        .write(move |tx| {
            let unit = units::create(tx, &body)?;
            for member in bound.to("members") {
                let member = member.resolve(tx)?;
                units::add_member(tx, unit.id, member)?;
            }
            Ok((unit.id, units::project(&unit, None)?))
        })
        .await?;
    Reply::created(&call, SET, &shown, &format!("/{SET}/{id}"))
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let (id, body) = (call.id("id")?, body(&call)?);
    call.write(move |tx| units::update(tx, id, &body)).await?;
    Ok(Reply::no_content())
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    let id = call.id("id")?;
    call.write(move |tx| units::delete(tx, id)).await?;
    Ok(Reply::no_content())
}
