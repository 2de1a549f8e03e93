//! Forming an organization: the calls of its life, and waiting for what they lead to.

use serde_json::{Value, json};

use crate::{
    ORGANIZATION, POLICY,
    caller::Answer,
    deployment::Tenant,
    wait::{eventually, holds},
};

/// Sets the two templates of a tenant as the admin centre does on the two consents: users of the
/// other tenants may be synced in, and redemption is without a prompt, in and out.
pub async fn open_to_partners(tenant: &Tenant) {
    tenant
        .patch(
            &format!("{POLICY}/templates/multiTenantOrganizationPartnerConfiguration"),
            json!({ "automaticUserConsentSettings": { "inboundAllowed": true, "outboundAllowed": true } }),
        )
        .await
        .expect(204);
    tenant
        .patch(
            &format!("{POLICY}/templates/multiTenantOrganizationIdentitySynchronization"),
            json!({ "userSyncInbound": { "isSyncAllowed": true } }),
        )
        .await
        .expect(204);
}

/// The first tenant creates an organization, adds the others, and they join. Every side opens
/// itself before (see [`open_to_partners`]).
pub async fn form_organization(tenants: &[&Tenant]) {
    for tenant in tenants {
        open_to_partners(tenant).await;
    }
    let (owner, others) = tenants.split_first().expect("an owner");
    create(owner).await.expect(201);
    for other in others {
        add(owner, other).await.expect(201);
        ask_to_join(other, &owner.id).await;
        for side in [*other, *owner] {
            becomes(side, other, "active", "member").await;
        }
    }
}

/// The address of a member.
pub fn member_path(tenant: &Tenant) -> String {
    format!("{ORGANIZATION}/tenants/{}", tenant.id)
}

/// The address of the join request.
pub fn join_request() -> String {
    format!("{ORGANIZATION}/joinRequest")
}

/// Founds an organization.
pub async fn create(owner: &Tenant) -> Answer {
    owner
        .put(
            ORGANIZATION,
            json!({ "displayName": "Round table", "description": "Of equals" }),
        )
        .await
}

/// Adds a tenant to the owner's organization.
pub async fn add(owner: &Tenant, other: &Tenant) -> Answer {
    owner
        .post(
            &format!("{ORGANIZATION}/tenants"),
            json!({ "tenantId": other.id, "displayName": other.name }),
        )
        .await
}

/// Asks to join the organization of the tenant that added this one; or, with [`crate::ZERO`], resets
/// a failed request.
pub async fn ask_to_join(tenant: &Tenant, inviting: &str) {
    tenant
        .patch(&join_request(), json!({ "addedByTenantId": inviting }))
        .await
        .expect(204);
}

/// Waits until the member is seen like this by the one who looks.
pub async fn becomes(seen_by: &Tenant, tenant: &Tenant, state: &str, role: &str) -> Value {
    eventually(
        &format!("{} is {state} {role} to {}", tenant.name, seen_by.name),
        async || {
            let member = seen_by.get(&member_path(tenant)).await;
            holds(
                member["state"] == state && member["role"] == role,
                format!("{member:?}"),
            )?;
            Ok(member.json)
        },
    )
    .await
}

/// Waits until the tenant is no member any more to the one who looks.
pub async fn is_gone(seen_by: &Tenant, tenant: &Tenant) {
    eventually(&format!("{} is gone", tenant.name), async || {
        let member = seen_by.get(&member_path(tenant)).await;
        holds(member.status == 404, format!("{member:?}"))
    })
    .await;
}

/// Waits until the tenant is in no organization.
pub async fn is_without_organization(tenant: &Tenant) {
    eventually("the tenant has no organization", async || {
        let organization = tenant.get(ORGANIZATION).await.expect(200);
        holds(
            organization["state"] == "inactive",
            format!("{organization:?}"),
        )
    })
    .await;
}

/// Waits for the join to fail, and returns what it says.
pub async fn join_fails(tenant: &Tenant) -> String {
    let details = eventually("the join fails", async || {
        let request = tenant.get(&join_request()).await.expect(200);
        let transition = &request["transitionDetails"];
        holds(transition["status"] == "failed", format!("{request:?}"))?;
        Ok(transition["details"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    })
    .await;
    assert!(!details.is_empty(), "a failure has a reason");
    details
}
