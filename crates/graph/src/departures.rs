//! `/beta/isopolity/departures`: leaving the organization well, or taking another tenant out of it.
//!
//! The permission is the one that Graph asks for to remove a tenant. A departure changes users, so
//! those who treat them need what changes users too.

use ::departures::Treatment;
use serde_json::Value;
use types::{Error, TenantId};
use uuid::Uuid;

use crate::errors::Refusal;
use crate::fields::Fields;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &[
    "MultiTenantOrganization.Read.All",
    "MultiTenantOrganization.ReadWrite.All",
];
const WRITE: &[&str] = &["MultiTenantOrganization.ReadWrite.All"];
/// Any of these, to do something with users.
const USERS: [&str; 2] = ["User.ReadWrite.All", "Directory.ReadWrite.All"];

const SET: &str = "isopolity/departures";
const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 999;

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("departures", Versions::Beta);
    area.get(
        "/isopolity/departures",
        READ,
        "List departures, of this tenant and those that others have told of, newest first",
        list,
    )
    .query(Allowed::TOP.and(Allowed::SKIP_TOKEN));
    area.post(
        "/isopolity/departures",
        WRITE,
        "Leave the organization, or take another tenant out of it, with what becomes of the users",
        depart,
    );
    area.get(
        "/isopolity/departures/{id}",
        READ,
        "Get a departure, with its report",
        get,
    );
    area.post(
        "/isopolity/departures/{id}/undo",
        WRITE,
        "Bring back what a departure has changed, while its users can be restored",
        undo,
    );
}

fn deleted_days(call: &Call) -> u64 {
    call.platform().node.config().limits.get("deleted_days")
}

/// The departure that the address names. What is no id names none.
fn key(call: &Call) -> Result<Uuid, Refusal> {
    let key = call.key("id");
    types::parse_uuid(key).ok_or_else(|| Error::not_found("departure", key).into())
}

fn check_users(call: &Call, treatment: Treatment) -> Result<(), Refusal> {
    let may = |name: &&str| call.caller.allows(name, "users/delete");
    if treatment == Treatment::Keep || USERS.iter().any(may) {
        return Ok(());
    }
    let names = USERS.join(" or ");
    Err(Error::forbidden(format!("This changes users, which needs {names} besides.")).into())
}

async fn shown(call: &Call, id: Uuid) -> Result<Value, Refusal> {
    let days = deleted_days(call);
    call.read(move |tx| ::departures::get(tx, id, days)).await
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let size = call.options.page_size(PAGE_DEFAULT, PAGE_MAX)? as usize;
    let after: Option<Uuid> = call.skip_token(SET)?;
    let days = deleted_days(&call);
    // One more tells whether there is a next page.
    let mut found = call
        .read(move |tx| ::departures::list(tx, after, size + 1, days))
        .await?;
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more);
    let page = Page {
        next_link: last
            .map(|departure| call.next_link(SET, &departure["id"]))
            .transpose()?,
        ..Page::all(found)
    };
    Reply::collection(&call, SET, &page)
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let id = key(&call)?;
    Reply::entity(&call, SET, &shown(&call, id).await?)
}

async fn depart(call: Call) -> Result<Reply, Refusal> {
    let mut body = Fields::from(call.parameters()?);
    let tenant: TenantId = body.required_tenant("tenantId")?;
    let treatment = Treatment::parse(&body.required_text("usersFromThem")?)?;
    let dry_run = body.flag("dryRun")?;
    body.end()?;
    if dry_run {
        let preview = call
            .write(move |tx| ::departures::preview(tx, tenant, treatment))
            .await?;
        return Reply::object(&call, "isopolity.departure", &preview);
    }
    check_users(&call, treatment)?;
    let id = call
        .write(move |tx| ::departures::start(tx, tenant, treatment))
        .await?;
    let node = &call.platform().node;
    node.flush(call.caller.tenant).await;
    node.carry_departure(call.caller.tenant, id).await;
    let made = shown(&call, id).await?;
    Reply::created(&call, SET, &made, &format!("/{SET}/{id}"))
}

async fn undo(call: Call) -> Result<Reply, Refusal> {
    let id = key(&call)?;
    Fields::from(call.parameters()?).end()?;
    // It brings users back.
    check_users(&call, Treatment::SoftDelete)?;
    let days = deleted_days(&call);
    call.write(move |tx| ::departures::undo(tx, id, days))
        .await?;
    let node = &call.platform().node;
    node.carry_departure(call.caller.tenant, id).await;
    Reply::entity(&call, SET, &shown(&call, id).await?)
}
