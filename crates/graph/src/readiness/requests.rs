//! `…/requests`: what tenants ask each other to change. The tenant that is asked accepts, which does
//! what the request shows, or declines with a reason; both ends see how it went.

use ::readiness::requests;
use types::Error;
use uuid::Uuid;

use super::{READ, WRITE, check_sharing};
use crate::errors::Refusal;
use crate::fields::Fields;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::Area;

const SET: &str = "isopolity/requests";
const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 999;

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/isopolity/requests",
        READ,
        "List the requests for a change that were sent and received, newest first",
        list,
    )
    .query(Allowed::TOP.and(Allowed::SKIP_TOKEN));
    area.get(
        "/isopolity/requests/{id}",
        READ,
        "Get a request for a change",
        get,
    );
    area.post(
        "/isopolity/requests/{id}/accept",
        WRITE,
        "Do what another tenant asks for",
        accept,
    );
    area.post(
        "/isopolity/requests/{id}/decline",
        WRITE,
        "Decline what another tenant asks for, with a reason",
        decline,
    );
}

/// The request that the address names. What is no id names none.
fn key(call: &Call) -> Result<Uuid, Refusal> {
    let key = call.key("id");
    types::parse_uuid(key).ok_or_else(|| Error::not_found("changeRequest", key).into())
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let size = call.options.page_size(PAGE_DEFAULT, PAGE_MAX)? as usize;
    let after: Option<Uuid> = call.skip_token(SET)?;
    // One more tells whether there is a next page.
    let mut found = call
        .read(move |tx| requests::list(tx, after, size + 1))
        .await?;
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more);
    let own = call.caller.tenant;
    let page = Page {
        next_link: last
            .map(|request| call.next_link(SET, &request.id))
            .transpose()?,
        ..Page::all(found.iter().map(|request| request.to_json(own)).collect())
    };
    Reply::collection(&call, SET, &page)
}

fn shown(call: &Call, request: &requests::Request) -> Result<Reply, Refusal> {
    Reply::entity(call, SET, &request.to_json(call.caller.tenant))
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let id = key(&call)?;
    let request = call.read(move |tx| requests::get(tx, id)).await?;
    shown(&call, &request)
}

async fn accept(call: Call) -> Result<Reply, Refusal> {
    let id = key(&call)?;
    Fields::from(call.parameters()?).end()?;
    let request = call.read(move |tx| requests::get(tx, id)).await?;
    check_sharing(&call, &request.changes)?;
    let accepted = call.write(move |tx| requests::accept(tx, id)).await?;
    call.platform().node.flush(call.caller.tenant).await;
    shown(&call, &accepted)
}

async fn decline(call: Call) -> Result<Reply, Refusal> {
    let id = key(&call)?;
    let mut body = Fields::from(call.parameters()?);
    let reason = body.text("reason")?.flatten();
    body.end()?;
    let declined = call
        .write(move |tx| requests::decline(tx, id, reason))
        .await?;
    call.platform().node.flush(call.caller.tenant).await;
    shown(&call, &declined)
}
