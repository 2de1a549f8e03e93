//! `…/default`: what holds for every tenant without an entry, and for what an entry leaves null.

use super::{READ, WRITE, no_parameters};
use crate::errors::Refusal;
use crate::projection::Shown;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

const DEFAULT: Shown = Shown {
    kind: "crossTenantAccessPolicyConfigurationDefault",
    more: &[],
};

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/policies/crossTenantAccessPolicy/default",
        READ,
        "Get the default for all other tenants",
        get,
    )
    .query(Allowed::SELECT);
    area.patch(
        "/policies/crossTenantAccessPolicy/default",
        WRITE,
        "Update the default for all other tenants",
        update,
    );
    area.post(
        "/policies/crossTenantAccessPolicy/default/resetToSystemDefault",
        WRITE,
        "Reset the default to what a new tenant has",
        reset,
    );
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let default = call.read(|tx| access::get_default(tx)?.to_graph()).await?;
    let shown = DEFAULT.select(&call.options, default)?;
    Reply::entity(&call, "policies/crossTenantAccessPolicy/default", &shown)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let patch = call.object(DEFAULT.kind)?;
    call.write(move |tx| access::update_default(tx, &patch))
        .await?;
    Ok(Reply::no_content())
}

async fn reset(call: Call) -> Result<Reply, Refusal> {
    no_parameters(&call)?;
    call.write(access::reset_default).await?;
    Ok(Reply::no_content())
}
