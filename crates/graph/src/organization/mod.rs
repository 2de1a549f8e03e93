//! `/organization`: the tenant itself, a collection of one; and how its sign-in pages look.

mod branding;
mod signing_keys;

use directory::tenant;
use types::Error;

use crate::errors::Refusal;
use crate::listing;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

const LIST: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "User.Read.All",
];
const READ: &[&str] = &["User.Read.All"];
const WRITE: &[&str] = &["Organization.ReadWrite.All"];

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("organization", Versions::Both);
    area.get("/organization", LIST, "Get the tenant, in a list", list)
        .query(Allowed::SELECT);
    area.get("/organization/{id}", READ, "Get the tenant", get)
        .query(Allowed::SELECT);
    area.patch("/organization/{id}", WRITE, "Update the tenant", update);
    branding::routes(&mut area);
    signing_keys::routes(&mut routes.area("organization", Versions::Beta));
}

/// That the path names the caller's tenant. Another tenant isn't there, whether or not it is.
fn check_id(call: &Call) -> Result<(), Refusal> {
    let key = call.key("id");
    if types::parse_uuid(key) == Some(call.caller.tenant.uuid()) {
        return Ok(());
    }
    Err(Error::not_found("organization", key).into())
}

async fn read(call: &Call) -> Result<listing::Shown, Refusal> {
    let select = listing::select(call)?;
    call.read(move |tx| tenant::project(&*tenant::get(tx)?, select.as_deref()))
        .await
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let own = read(&call).await?;
    Reply::collection(&call, "organization", &Page::all(vec![own]))
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    check_id(&call)?;
    Reply::entity(&call, "organization", &read(&call).await?)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    check_id(&call)?;
    let patch = call.object("organization")?;
    call.write(move |tx| tenant::update(tx, &patch)).await?;
    Ok(Reply::no_content())
}
