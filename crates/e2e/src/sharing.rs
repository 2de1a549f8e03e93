//! Sharing people with an organization, and looking at what came of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    SHARING,
    deployment::{Deployment, Tenant},
    organization::form_organization,
    wait::{eventually, holds},
};

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

/// Two tenants in one organization; the first is the owner.
pub async fn pair(d: &Deployment) -> (Tenant, Tenant) {
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    form_organization(&[&contoso, &fabrikam]).await;
    (contoso, fabrikam)
}

/// A property that has to be a text.
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

/// The principal name of a tenant's user.
pub fn upn(tenant: &Tenant, alias: &str) -> String {
    format!("{alias}@{}", tenant.domain)
}

/// A scope of chosen users and groups.
pub fn selected(users: &[&str], groups: &[&str]) -> Value {
    json!({ "scope": "selected", "users": users, "groups": groups })
}

/// How the pair stands, as the source sees it.
pub async fn status(source: &Tenant, target: &Tenant) -> Value {
    let list = source.all(&format!("{SHARING}/tenants")).await;
    let found = list.iter().find(|entry| entry["tenantId"] == target.id);
    found
        .cloned()
        .unwrap_or_else(|| panic!("{} isn't listed: {list:?}", target.name))
}

/// Waits until the pair has nothing left to do.
pub async fn settled(source: &Tenant, target: &Tenant) -> Value {
    eventually(
        &format!("{} → {} is settled", source.name, target.name),
        async || {
            let status = status(source, target).await;
            holds(
                status["state"] == "active"
                    && status["pendingChanges"] == 0
                    && status["inScope"] == status["synced"],
                &status,
            )?;
            Ok(status)
        },
    )
    .await
}

/// Waits until exactly these of the source's people are in the target.
pub async fn target_has(source: &Tenant, target: &Tenant, aliases: &[&str]) {
    let mut expected = BTreeSet::new();
    for alias in aliases {
        expected.insert(home_upn_in(target, &upn(source, alias)).await);
    }
    let marker = format!("_{}#EXT#", source.domain);
    eventually(&format!("{aliases:?} are in {}", target.name), async || {
        let there: BTreeSet<String> = external_users(target)
            .await
            .iter()
            .map(|user| text(user, "userPrincipalName"))
            .filter(|upn| upn.contains(&marker))
            .collect();
        holds(there == expected, format!("{there:?}"))
    })
    .await;
}

/// Waits until the user has this value in this property.
pub async fn shows(tenant: &Tenant, id: &str, property: &str, value: Value) {
    eventually(&format!("{property} is {value}"), async || {
        let user = tenant
            .get(&format!("/v1.0/users/{id}?$select=id,{property}"))
            .await;
        holds(
            user.status == 200 && user[property] == value,
            format!("{user:?}"),
        )
    })
    .await;
}

/// Waits until the user is gone, but can be restored.
pub async fn is_soft_deleted(tenant: &Tenant, id: &str) {
    eventually("soft-deleted in the target", async || {
        let user = tenant.get(&format!("/v1.0/users/{id}")).await;
        holds(user.status == 404, format!("{user:?}"))?;
        let deleted = tenant.all(DELETED_USERS).await;
        holds(
            deleted.iter().any(|user| user["id"] == id),
            format!("{deleted:?}"),
        )
    })
    .await;
}

/// The users that can be restored.
pub const DELETED_USERS: &str = "/v1.0/directory/deletedItems/microsoft.graph.user";
