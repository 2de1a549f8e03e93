//! The steps that many tests begin with: tenants that form an organization and share people.

use serde_json::{Value, json};

use crate::{
    ORGANIZATION, POLICY, SHARING,
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
    owner
        .put(ORGANIZATION, json!({ "displayName": "Round table" }))
        .await
        .expect(201);
    for other in others {
        owner
            .post(
                &format!("{ORGANIZATION}/tenants"),
                json!({ "tenantId": other.id, "displayName": other.name }),
            )
            .await
            .expect(201);
        join(other, owner).await;
    }
}

/// The tenant joins the organization of the one that added it, and is active on both sides.
async fn join(tenant: &Tenant, inviting: &Tenant) {
    tenant
        .patch(
            &format!("{ORGANIZATION}/joinRequest"),
            json!({ "addedByTenantId": inviting.id }),
        )
        .await
        .expect(204);
    for side in [tenant, inviting] {
        eventually("the tenant is active", async || {
            let member = side
                .get(&format!("{ORGANIZATION}/tenants/{}", tenant.id))
                .await;
            holds(member["state"] == "active", format!("{member:?}"))
        })
        .await;
    }
}

/// Shares everybody with the whole organization, now and later.
pub async fn share_all(tenant: &Tenant) {
    share(tenant, json!({ "scope": "all", "users": [], "groups": [] })).await;
}

/// Sets what the tenant shares with the organization by default.
pub async fn share(tenant: &Tenant, what: Value) {
    tenant.put(&format!("{SHARING}/default"), what).await.ok();
}

/// All users of a tenant, with what is needed to compare them.
pub async fn users(tenant: &Tenant) -> Vec<Value> {
    let properties = "id,userPrincipalName,displayName,givenName,surname,jobTitle,department,\
        employeeId,officeLocation,streetAddress,city,state,postalCode,country,businessPhones,\
        preferredLanguage,mailNickname,mail,accountEnabled,userType,creationType,externalUserState,\
        showInAddressList";
    tenant
        .all(&format!("/v1.0/users?$top=999&$select={properties}"))
        .await
}

/// The users that came from other tenants.
pub async fn external_users(tenant: &Tenant) -> Vec<Value> {
    let mut users = users(tenant).await;
    users.retain(|user| {
        user["userPrincipalName"]
            .as_str()
            .unwrap()
            .contains("#EXT#")
    });
    users
}

/// The name under which a user of one tenant appears in another.
pub async fn home_upn_in(target: &Tenant, home_upn: &str) -> String {
    format!(
        "{}#EXT#@{}",
        home_upn.replace('@', "_"),
        target.initial_domain().await
    )
}

/// Waits until the user of the source is in the target and returns it as it stands there.
pub async fn synced(target: &Tenant, home_upn: &str) -> Value {
    let upn = home_upn_in(target, home_upn).await;
    eventually(&format!("{home_upn} is in {}", target.name), async || {
        let users = external_users(target).await;
        let found = users.iter().find(|user| user["userPrincipalName"] == upn);
        found.cloned().ok_or_else(|| {
            let names: Vec<&Value> = users.iter().map(|u| &u["userPrincipalName"]).collect();
            format!("{names:?}")
        })
    })
    .await
}
