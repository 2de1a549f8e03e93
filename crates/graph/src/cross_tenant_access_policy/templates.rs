//! `…/templates`: what joining a multi-tenant organization applies to the entries of its tenants.

use super::{READ, WRITE, no_parameters};
use crate::errors::Refusal;
use crate::projection::Shown;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

const PARTNER: Shown = Shown {
    kind: "multiTenantOrganizationPartnerConfigurationTemplate",
    more: &[],
};
const SYNC: Shown = Shown {
    kind: "multiTenantOrganizationIdentitySyncPolicyTemplate",
    more: &[],
};
const PARTNER_SET: &str =
    "policies/crossTenantAccessPolicy/templates/multiTenantOrganizationPartnerConfiguration";
const SYNC_SET: &str =
    "policies/crossTenantAccessPolicy/templates/multiTenantOrganizationIdentitySynchronization";

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/policies/crossTenantAccessPolicy/templates/multiTenantOrganizationPartnerConfiguration",
        READ,
        "Get the template for the entries of tenants in the organization",
        get_partner,
    )
    .query(Allowed::SELECT);
    area.patch(
        "/policies/crossTenantAccessPolicy/templates/multiTenantOrganizationPartnerConfiguration",
        WRITE,
        "Update the template for the entries of tenants in the organization",
        update_partner,
    );
    area.post(
        "/policies/crossTenantAccessPolicy/templates/multiTenantOrganizationPartnerConfiguration/resetToDefaultSettings",
        WRITE,
        "Reset the template for the entries of tenants in the organization",
        reset_partner,
    );
    area.get(
        "/policies/crossTenantAccessPolicy/templates/multiTenantOrganizationIdentitySynchronization",
        READ,
        "Get the template for syncing in users of tenants in the organization",
        get_sync,
    )
    .query(Allowed::SELECT);
    area.patch(
        "/policies/crossTenantAccessPolicy/templates/multiTenantOrganizationIdentitySynchronization",
        WRITE,
        "Update the template for syncing in users of tenants in the organization",
        update_sync,
    );
    area.post(
        "/policies/crossTenantAccessPolicy/templates/multiTenantOrganizationIdentitySynchronization/resetToDefaultSettings",
        WRITE,
        "Reset the template for syncing in users of tenants in the organization",
        reset_sync,
    );
}

async fn get_partner(call: Call) -> Result<Reply, Refusal> {
    let template = call
        .read(|tx| access::get_partner_template(tx)?.to_graph())
        .await?;
    let shown = PARTNER.select(&call.options, template)?;
    Reply::entity(&call, PARTNER_SET, &shown)
}

async fn update_partner(call: Call) -> Result<Reply, Refusal> {
    let patch = call.object(PARTNER.kind)?;
    call.write(move |tx| access::update_partner_template(tx, &patch))
        .await?;
    Ok(Reply::no_content())
}

async fn reset_partner(call: Call) -> Result<Reply, Refusal> {
    no_parameters(&call)?;
    call.write(access::reset_partner_template).await?;
    Ok(Reply::no_content())
}

async fn get_sync(call: Call) -> Result<Reply, Refusal> {
    let template = call.read(access::get_identity_sync_template).await?;
    let shown = SYNC.select(&call.options, template.to_graph())?;
    Reply::entity(&call, SYNC_SET, &shown)
}

async fn update_sync(call: Call) -> Result<Reply, Refusal> {
    let patch = call.object(SYNC.kind)?;
    call.write(move |tx| access::update_identity_sync_template(tx, &patch))
        .await?;
    Ok(Reply::no_content())
}

async fn reset_sync(call: Call) -> Result<Reply, Refusal> {
    no_parameters(&call)?;
    call.write(access::reset_identity_sync_template).await?;
    Ok(Reply::no_content())
}
