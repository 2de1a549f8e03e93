//! `…/partners/{tenantId}/identitySynchronization`: whether a tenant's users may be synced in.
//!
//! PUT creates and never replaces; changing is PATCH.

use super::{READ, WRITE, partner_id};
use crate::errors::Refusal;
use crate::projection::Shown;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

const SYNC: Shown = Shown {
    kind: "crossTenantIdentitySyncPolicyPartner",
    more: &[],
};
const PATH: &str = "/policies/crossTenantAccessPolicy/partners/{tenantId}/identitySynchronization";

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        PATH,
        READ,
        "Get whether a tenant's users may be synced in",
        get,
    )
    .query(Allowed::SELECT);
    area.put(
        PATH,
        WRITE,
        "Create the rule for users of a tenant to be synced in",
        create,
    );
    area.patch(
        PATH,
        WRITE,
        "Update whether a tenant's users may be synced in",
        update,
    );
    area.delete(
        PATH,
        WRITE,
        "Delete the rule for users of a tenant to be synced in",
        delete,
    );
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let tenant = partner_id(&call)?;
    let sync = call
        .read(move |tx| access::get_identity_sync(tx, tenant))
        .await?;
    let shown = SYNC.select(&call.options, sync.to_graph(tenant))?;
    let set =
        format!("policies/crossTenantAccessPolicy/partners('{tenant}')/identitySynchronization");
    Reply::entity(&call, &set, &shown)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let tenant = partner_id(&call)?;
    let body = call.object(SYNC.kind)?;
    call.write(move |tx| access::create_identity_sync(tx, tenant, &body))
        .await?;
    Ok(Reply::no_content())
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let tenant = partner_id(&call)?;
    let patch = call.object(SYNC.kind)?;
    call.write(move |tx| access::update_identity_sync(tx, tenant, &patch))
        .await?;
    Ok(Reply::no_content())
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    let tenant = partner_id(&call)?;
    call.write(move |tx| access::delete_identity_sync(tx, tenant))
        .await?;
    Ok(Reply::no_content())
}
