//! `/policies/crossTenantAccessPolicy`: what a tenant lets its users do in other tenants, and
//! users of other tenants do in it.
//!
//! The rules are [`access`]'s; here are their addresses. Each is a singleton of the caller's
//! tenant, but for the partners, whose key is the other tenant's id.

mod default;
mod identity_synchronization;
mod partners;
mod templates;

use types::{Error, TenantId};

use crate::errors::Refusal;
use crate::projection::Shown;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &["Policy.Read.All", "Policy.ReadWrite.CrossTenantAccess"];
const WRITE: &[&str] = &["Policy.ReadWrite.CrossTenantAccess"];

const POLICY: Shown = Shown {
    kind: "crossTenantAccessPolicy",
    more: &["default", "partners", "templates"],
};

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("crossTenantAccessPolicy", Versions::Both);
    area.get(
        "/policies/crossTenantAccessPolicy",
        READ,
        "Get the cross-tenant access policy",
        get,
    )
    .query(Allowed::SELECT);
    area.patch(
        "/policies/crossTenantAccessPolicy",
        WRITE,
        "Update the cross-tenant access policy",
        update,
    );
    default::routes(&mut area);
    partners::routes(&mut area);
    identity_synchronization::routes(&mut area);
    templates::routes(&mut area);
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let policy = call.read(access::get_policy).await?;
    let shown = POLICY.select(&call.options, policy.to_graph())?;
    Reply::entity(&call, "policies/crossTenantAccessPolicy", &shown)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let patch = call.object(POLICY.kind)?;
    call.write(move |tx| access::update_policy(tx, &patch))
        .await?;
    Ok(Reply::no_content())
}

/// The tenant that the address of an entry names. What is no tenant's id names no entry.
fn partner_id(call: &Call) -> Result<TenantId, Refusal> {
    let key = call.key("tenantId");
    let id = types::parse_uuid(key).map(TenantId::new);
    id.ok_or_else(|| Error::not_found(partners::PARTNER.kind, key).into())
}

/// The body of an action that takes no parameters.
fn no_parameters(call: &Call) -> Result<(), Refusal> {
    match call.parameters()?.keys().next() {
        None => Ok(()),
        Some(name) => Err(Refusal::bad_request(format!(
            "Invalid property '{name}': this action takes no parameters."
        ))
        .with_target(name)),
    }
}
