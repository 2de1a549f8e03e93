//! `/tenantRelationships/findTenantInformationBy…`: which tenant an id or a domain belongs to.
//!
//! What is answered is public: the name and the domain that a tenant was made with.

use serde_json::json;
use types::{Error, TenantId};

use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &["CrossTenantInformation.ReadBasic.All"];

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("tenantRelationships", Versions::Both);
    area.get(
        "/tenantRelationships/findTenantInformationByTenantId(tenantId='{tenantId}')",
        READ,
        "Find a tenant by its id",
        by_id,
    );
    area.get(
        "/tenantRelationships/findTenantInformationByDomainName(domainName='{domainName}')",
        READ,
        "Find a tenant by one of its domains",
        by_domain,
    );
}

async fn by_id(call: Call) -> Result<Reply, Refusal> {
    let key = call.key("tenantId");
    let id = types::parse_uuid(key).map(TenantId::new);
    show(&call, id, key).await
}

async fn by_domain(call: Call) -> Result<Reply, Refusal> {
    let key = call.key("domainName");
    let tenant = call.platform().store.look_for_domain(key).await?;
    show(&call, tenant, key).await
}

async fn show(call: &Call, id: Option<TenantId>, key: &str) -> Result<Reply, Refusal> {
    let tenant = match id {
        Some(id) => call.platform().store.look_for_tenant(id).await?,
        None => None,
    };
    let tenant = tenant.ok_or_else(|| Error::not_found("tenant", key))?;
    Reply::object(
        call,
        "microsoft.graph.tenantInformation",
        &json!({
            "tenantId": tenant.tenant_id,
            "federationBrandName": null,
            "displayName": tenant.display_name,
            "defaultDomainName": tenant.initial_domain,
        }),
    )
}
