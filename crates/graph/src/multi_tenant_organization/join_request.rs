//! `…/joinRequest`: asking to join the organization to which another tenant has added this one.
//!
//! A request that is well-formed is taken; whether it succeeds is read from it. The all-zero GUID
//! resets one that has failed.

use super::{READ, WRITE, command, into_object};
use crate::errors::Refusal;
use crate::fields::Fields;
use crate::projection::Shown;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

const PATH: &str = "/tenantRelationships/multiTenantOrganization/joinRequest";
const JOIN_REQUEST: Shown = Shown {
    kind: "multiTenantOrganizationJoinRequestRecord",
    more: &[],
};

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        PATH,
        READ,
        "Get the request to join an organization, and its outcome",
        get,
    )
    .query(Allowed::SELECT);
    area.patch(
        PATH,
        WRITE,
        "Join the organization to which a tenant has added this one",
        join,
    );
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let request = call.read(organization::join_request).await?;
    let shown = JOIN_REQUEST.select(&call.options, into_object(request.to_graph()))?;
    Reply::entity(
        &call,
        "tenantRelationships/multiTenantOrganization/joinRequest",
        &shown,
    )
}

async fn join(call: Call) -> Result<Reply, Refusal> {
    let mut fields = Fields::of(&call, &JOIN_REQUEST)?;
    let added_by = fields.required_tenant("addedByTenantId")?;
    fields.end()?;
    let users_max = call
        .platform()
        .node
        .config()
        .limits
        .get("organization_users");
    command(&call, move |tx| {
        if added_by.is_nil() {
            return organization::reset_join(tx);
        }
        let users = directory::users::count_internal(tx)?;
        organization::request_join(tx, added_by, users, users_max)
    })
    .await?;
    Ok(Reply::no_content())
}
