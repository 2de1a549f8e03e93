//! `…/tenants`: the tenants of the organization. The key is the tenant's id.

use organization::{Member, Role};
use query::{Entity, Operators, Property, PropertyKind};
use serde_json::{Map, Value};
use types::{Error, TenantId};

use super::{READ, WRITE, command, into_object};
use crate::errors::Refusal;
use crate::fields::Fields;
use crate::projection::Shown;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::Area;

/// Graph's reference names one more than its data does.
const READ_ONE: &[&str] = &[
    "MultiTenantOrganization.Read.All",
    "MultiTenantOrganization.ReadWrite.All",
    "Directory.Read.All",
];
const SET: &str = "tenantRelationships/multiTenantOrganization/tenants";
const MEMBER: Shown = Shown {
    kind: "multiTenantOrganizationMember",
    more: &["id", "deletedDateTime"],
};

static ENTITY: Entity = Entity {
    name: "multiTenantOrganizationMember",
    properties: &[
        filtered("tenantId", PropertyKind::Guid, "member_tenant_id"),
        filtered("displayName", PropertyKind::Text, "display_name"),
        filtered("addedDateTime", PropertyKind::DateTime, "added_at"),
        filtered("joinedDateTime", PropertyKind::DateTime, "joined_at"),
        filtered("addedByTenantId", PropertyKind::Guid, "added_by_tenant_id"),
        filtered("role", PropertyKind::Text, "role"),
        filtered("state", PropertyKind::Text, "state"),
    ],
};

const fn filtered(name: &'static str, kind: PropertyKind, column: &'static str) -> Property {
    Property::new(name, kind, column, Operators::EVERY)
}

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/tenantRelationships/multiTenantOrganization/tenants",
        READ,
        "List the tenants of the organization",
        list,
    )
    .query(Allowed::SELECT.and(Allowed::FILTER));
    area.post(
        "/tenantRelationships/multiTenantOrganization/tenants",
        WRITE,
        "Add a tenant to the organization as pending",
        add,
    );
    area.get(
        "/tenantRelationships/multiTenantOrganization/tenants/{tenantId}",
        READ_ONE,
        "Get a tenant of the organization",
        get,
    )
    .query(Allowed::SELECT);
    area.patch(
        "/tenantRelationships/multiTenantOrganization/tenants/{tenantId}",
        WRITE,
        "Change the role of a tenant in the organization",
        update,
    );
    area.delete(
        "/tenantRelationships/multiTenantOrganization/tenants/{tenantId}",
        WRITE,
        "Remove a tenant from the organization, or leave it",
        remove,
    );
}

fn shown(member: &Member) -> Map<String, Value> {
    into_object(member.to_graph())
}

/// The tenant that the address names. What is no tenant's id names no tenant of the organization.
fn key(call: &Call) -> Result<TenantId, Refusal> {
    let key = call.key("tenantId");
    let id = types::parse_uuid(key).map(TenantId::new);
    id.ok_or_else(|| Error::not_found(MEMBER.kind, key).into())
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let filter = call.options.filter.as_deref();
    let filter = filter.map(query::parse_filter).transpose()?;
    let mut items = Vec::new();
    for member in call.read(organization::members).await? {
        let member = member.to_graph();
        let is_meant = match &filter {
            Some(filter) => query::evaluate(filter, &ENTITY, &member)?,
            None => true,
        };
        if is_meant {
            items.push(MEMBER.select(&call.options, into_object(member))?);
        }
    }
    Reply::collection(&call, SET, &Page::all(items))
}

async fn add(call: Call) -> Result<Reply, Refusal> {
    let mut fields = Fields::of(&call, &MEMBER)?;
    let tenant = fields.required_tenant("tenantId")?;
    let label = fields.required_text("displayName")?;
    let role = role(&mut fields)?.unwrap_or(Role::Member);
    fields.end()?;
    if call
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
    let member = command(&call, move |tx| organization::add(tx, tenant, &label, role)).await?;
    let mut shown = shown(&member);
    // The transition is seen from the next reading on.
    shown.insert("transitionDetails".into(), Value::Null);
    Reply::created(&call, SET, &shown, &format!("/{SET}/{tenant}"))
}

fn role(fields: &mut Fields) -> Result<Option<Role>, Refusal> {
    match fields.text("role")? {
        None => Ok(None),
        Some(role) => Ok(Some(Role::parse(role.as_deref().unwrap_or("null"))?)),
    }
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let tenant = key(&call)?;
    let member = call
        .read(move |tx| organization::member(tx, tenant))
        .await?;
    let shown = MEMBER.select(&call.options, shown(&member))?;
    Reply::entity(&call, SET, &shown)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let tenant = key(&call)?;
    let mut fields = Fields::of(&call, &MEMBER)?;
    let role = role(&mut fields)?;
    fields.end()?;
    match role {
        Some(role) => {
            command(&call, move |tx| organization::set_role(tx, tenant, role)).await?;
        }
        None => {
            call.read(move |tx| organization::member(tx, tenant).map(drop))
                .await?;
        }
    }
    Ok(Reply::no_content())
}

async fn remove(call: Call) -> Result<Reply, Refusal> {
    let tenant = key(&call)?;
    command(&call, move |tx| organization::remove(tx, tenant)).await?;
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_table_is_sound() {
        assert_eq!(ENTITY.problems(), Vec::<String>::new());
    }
}
