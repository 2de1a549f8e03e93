//! `…/partners`: the entries for single tenants. The key is the tenant's id.

use serde_json::{Map, Value};
use types::{Error, TenantId};

use super::{READ, WRITE, partner_id};
use crate::errors::Refusal;
use crate::projection::Shown;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::{Call, Request};
use crate::route::Area;

pub(super) const PARTNER: Shown = Shown {
    kind: "crossTenantAccessPolicyConfigurationPartner",
    more: &[RELATION],
};
/// The relation that `$expand` shows.
const RELATION: &str = "identitySynchronization";
const SET: &str = "policies/crossTenantAccessPolicy/partners";
const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 999;

pub(super) fn routes(area: &mut Area<'_>) {
    const ONE: Allowed = Allowed::SELECT.and(Allowed::EXPAND);
    area.get(
        "/policies/crossTenantAccessPolicy/partners",
        READ,
        "List the entries for single tenants",
        list,
    )
    .query(ONE.and(Allowed::TOP).and(Allowed::SKIP_TOKEN));
    area.post(
        "/policies/crossTenantAccessPolicy/partners",
        WRITE,
        "Create an entry for a tenant",
        create,
    );
    area.get(
        "/policies/crossTenantAccessPolicy/partners/{tenantId}",
        READ,
        "Get the entry for a tenant",
        get,
    )
    .query(ONE);
    area.patch(
        "/policies/crossTenantAccessPolicy/partners/{tenantId}",
        WRITE,
        "Update the entry for a tenant",
        update,
    );
    area.delete(
        "/policies/crossTenantAccessPolicy/partners/{tenantId}",
        WRITE,
        "Delete the entry for a tenant",
        delete,
    );
}

/// A partner as the request wants to see it.
fn shown(request: &Request, partner: &access::Partner) -> Result<Map<String, Value>, Refusal> {
    let mut shown = PARTNER.select(&request.options, partner.to_graph()?)?;
    if PARTNER.expands(&request.options, RELATION)? {
        let relation = partner.identity_synchronization_to_graph();
        shown.insert(RELATION.to_owned(), relation);
    }
    Ok(shown)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let size = call.options.page_size(PAGE_DEFAULT, PAGE_MAX)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let after: Option<TenantId> = call.skip_token("partners")?;
    let mut found = call
        .read(move |tx| access::list_partners(tx, after, size + 1))
        .await?;
    let more = found.len() > size;
    found.truncate(size);
    let items = found
        .iter()
        .map(|partner| shown(&call, partner))
        .collect::<Result<Vec<_>, _>>()?;
    let last = found.last().filter(|_| more);
    let page = Page {
        next_link: last
            .map(|partner| call.next_link("partners", &partner.tenant_id))
            .transpose()?,
        ..Page::all(items)
    };
    Reply::collection(&call, SET, &page)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let body = call.object(PARTNER.kind)?;
    let named = body.get("tenantId").and_then(Value::as_str);
    // Anything that isn't a tenant's id is refused with the rest of the body.
    let named = named.and_then(types::parse_uuid).map(TenantId::new);
    if let Some(tenant) = named
        && call
            .platform()
            .store
            .look_for_tenant(tenant)
            .await?
            .is_none()
    {
        let message =
            format!("Invalid value for property 'tenantId': no tenant has the id {tenant}.");
        return Err(Error::invalid("tenantId", message).into());
    }
    let partner = call
        .write(move |tx| access::create_partner(tx, &body))
        .await?;
    let location = format!("/{SET}/{}", partner.tenant_id);
    Reply::created(&call, SET, &partner.to_graph()?, &location)
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let tenant = partner_id(&call)?;
    let partner = call.read(move |tx| access::get_partner(tx, tenant)).await?;
    Reply::entity(&call, SET, &shown(&call, &partner)?)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let tenant = partner_id(&call)?;
    let patch = call.object(PARTNER.kind)?;
    call.write(move |tx| access::update_partner(tx, tenant, &patch))
        .await?;
    Ok(Reply::no_content())
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    let tenant = partner_id(&call)?;
    call.write(move |tx| access::delete_partner(tx, tenant))
        .await?;
    Ok(Reply::no_content())
}
