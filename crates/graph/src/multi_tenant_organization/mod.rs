//! `/tenantRelationships/multiTenantOrganization`: the organization as the caller's tenant knows it.
//!
//! The rules are [`organization`]'s; here are their addresses. What a command tells other tenants
//! is delivered before it is answered, if they can be reached, so that the caller reads the effect.

mod invitations;
mod join_request;
mod tenants;

use organization::Organization;
use serde_json::{Map, Value};
use store::Tx;

use crate::errors::Refusal;
use crate::fields::{self, Fields};
use crate::projection::Shown;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &[
    "MultiTenantOrganization.Read.All",
    "MultiTenantOrganization.ReadWrite.All",
];
const WRITE: &[&str] = &["MultiTenantOrganization.ReadWrite.All"];

const PATH: &str = "/tenantRelationships/multiTenantOrganization";
const SET: &str = "tenantRelationships/multiTenantOrganization";
const ORGANIZATION: Shown = Shown {
    kind: "multiTenantOrganization",
    // A tenant that is in none shows no id.
    more: &["id", "joinRequest", "tenants"],
};

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("multiTenantOrganization", Versions::Both);
    area.get(PATH, READ, "Get the multi-tenant organization", get)
        .query(Allowed::SELECT);
    area.put(PATH, WRITE, "Create a multi-tenant organization", create);
    area.patch(PATH, WRITE, "Update the multi-tenant organization", update);
    tenants::routes(&mut area);
    join_request::routes(&mut area);
    invitations::routes(&mut routes.area("invitations", Versions::Beta));
}

/// Carries out a command and delivers what it sends to other tenants.
async fn command<T: Send + 'static>(
    call: &Call,
    command: impl FnOnce(&mut Tx<'_>) -> types::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    let answer = call.write(command).await?;
    call.platform().node.flush(call.caller.tenant).await;
    Ok(answer)
}

fn shown(organization: Option<&Organization>) -> Map<String, Value> {
    into_object(Organization::to_graph(organization))
}

fn into_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let organization = call.read(organization::get).await?;
    let shown = ORGANIZATION.select(&call.options, shown(organization.as_ref()))?;
    Reply::entity(&call, SET, &shown)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let mut fields = Fields::of(&call, &ORGANIZATION)?;
    let name = fields.required_text("displayName")?;
    let description = fields.text("description")?.flatten();
    fields.end()?;
    let made = command(&call, move |tx| {
        let label = directory::tenant::display_name(tx)?;
        organization::create(tx, &name, description.as_deref(), &label)
    })
    .await?;
    Reply::created(&call, SET, &shown(Some(&made)), PATH)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let mut fields = Fields::of(&call, &ORGANIZATION)?;
    let name = match fields.text("displayName")? {
        Some(None) => return Err(fields::required("displayName")),
        Some(name) => name,
        None => None,
    };
    let description = fields.text("description")?;
    fields.end()?;
    command(&call, move |tx| organization::update(tx, name, description)).await?;
    Ok(Reply::no_content())
}
