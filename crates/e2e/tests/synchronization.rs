//! User sharing and what it does: people of one tenant are members of another, and stay current.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;

use e2e::{
    Deployment, ORGANIZATION, POLICY, SHARING, Shared, Tenant, encode, eventually, external_users,
    form_organization, holds, home_upn_in,
    metadata::{assert_all_fit, assert_fits},
    open_to_partners, share, share_all, synced, users,
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

const DELETED_USERS: &str = "/v1.0/directory/deletedItems/microsoft.graph.user";

/// Two tenants in one organization; the first is the owner.
async fn pair(d: &Deployment) -> (Tenant, Tenant) {
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    form_organization(&[&contoso, &fabrikam]).await;
    (contoso, fabrikam)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

fn upn(tenant: &Tenant, alias: &str) -> String {
    format!("{alias}@{}", tenant.domain)
}

fn selected(users: &[&str], groups: &[&str]) -> Value {
    json!({ "scope": "selected", "users": users, "groups": groups })
}

/// How the pair stands, as the source sees it.
async fn status(source: &Tenant, target: &Tenant) -> Value {
    let list = source.all(&format!("{SHARING}/tenants")).await;
    let found = list.iter().find(|entry| entry["tenantId"] == target.id);
    found
        .cloned()
        .unwrap_or_else(|| panic!("{} isn't listed: {list:?}", target.name))
}

/// Waits until the pair has nothing left to do.
async fn settled(source: &Tenant, target: &Tenant) -> Value {
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
async fn target_has(source: &Tenant, target: &Tenant, aliases: &[&str]) {
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
async fn shows(tenant: &Tenant, id: &str, property: &str, value: Value) {
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

async fn is_soft_deleted(tenant: &Tenant, id: &str) {
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

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_shared_in_one_call() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    for alias in ["ann", "bob"] {
        contoso.user(alias).await;
    }
    let before = contoso.get(&format!("{SHARING}/default")).await.expect(200);
    assert_eq!(before["scope"], "none", "nothing is shared by itself");
    share_all(&contoso).await;
    let after = contoso.get(&format!("{SHARING}/default")).await.expect(200);
    assert_eq!(after["scope"], "all");

    let ann = synced(&fabrikam, &upn(&contoso, "ann")).await;
    synced(&fabrikam, &upn(&contoso, "bob")).await;
    let status = settled(&contoso, &fabrikam).await;
    let own = users(&contoso).await;
    let internal = own.iter().filter(|user| user["creationType"].is_null());
    assert_eq!(status["inScope"], internal.count(), "{status}");
    assert_eq!(status["source"], "default");
    assert_eq!(status["scope"], "all");
    assert_eq!(status["failed"], 0);
    assert!(status["lagMilliseconds"].is_u64());
    assert!(status["lastAppliedDateTime"].is_string());

    // It is one direction: nobody of Fabrikam came to Contoso.
    assert_eq!(external_users(&contoso).await.len(), 0);
    assert_ne!(ann["id"], Value::Null);

    // A newcomer comes by itself.
    contoso.user("cyd").await;
    synced(&fabrikam, &upn(&contoso, "cyd")).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_a_synced_user() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let mapped = json!({
        "displayName": "Ann Λee", "givenName": "Ann", "surname": "Λee", "jobTitle": "Cook",
        "department": "Kitchen", "employeeId": "4711", "officeLocation": "2/14",
        "streetAddress": "Main St 1", "city": "Χανιά", "state": "Crete", "postalCode": "73100",
        "country": "Greece", "businessPhones": ["+30 1"], "preferredLanguage": "el-GR",
        "accountEnabled": true,
    });
    let mut body = mapped.clone();
    body["mail"] = json!(upn(&contoso, "ann.mail"));
    body["mobilePhone"] = json!("+30 2");
    body["companyName"] = json!("Contoso Ltd");
    let home = contoso.user_with("ann", body).await;
    share_all(&contoso).await;
    let ann = synced(&fabrikam, &upn(&contoso, "ann")).await;
    assert_fits("user", &ann);
    for (name, value) in mapped.as_object().unwrap() {
        assert_eq!(&ann[name], value, "{name}");
    }
    assert_eq!(ann["userType"], "Member");
    assert_eq!(ann["creationType"], "Invitation");
    assert_eq!(ann["externalUserState"], "Accepted");
    assert_eq!(ann["showInAddressList"], true);
    assert_eq!(ann["mail"], upn(&contoso, "ann.mail"), "by the invitation");
    assert_ne!(ann["id"], home["id"], "an object of its own");

    // What isn't mapped stays at home.
    let id = text(&ann, "id");
    let rest = fabrikam
        .get(&format!("/v1.0/users/{id}?$select=mobilePhone,companyName"))
        .await
        .expect(200);
    assert_eq!(rest["mobilePhone"], Value::Null);
    assert_eq!(rest["companyName"], Value::Null);

    // It is read by its principal name, the hash encoded; and found by a filter.
    let name = text(&ann, "userPrincipalName");
    let read = fabrikam
        .get(&format!("/v1.0/users/{}", encode(&name)))
        .await
        .expect(200);
    assert_eq!(read["id"], id.as_str());
    let found = fabrikam
        .get(&format!(
            "/v1.0/users?$filter={}",
            encode("creationType eq 'Invitation' and userType eq 'Member'")
        ))
        .await
        .expect(200);
    assert!(found.items().iter().any(|user| user["id"] == id.as_str()));
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_clearings_and_renames_follow() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let home = contoso
        .user_with(
            "ann",
            json!({ "jobTitle": "Cook", "city": "Chania", "businessPhones": ["1"] }),
        )
        .await;
    let path = format!("/v1.0/users/{}", text(&home, "id"));
    share_all(&contoso).await;
    let ann = synced(&fabrikam, &upn(&contoso, "ann")).await;
    let id = text(&ann, "id");

    contoso
        .patch(&path, json!({ "jobTitle": "Chef" }))
        .await
        .expect(204);
    shows(&fabrikam, &id, "jobTitle", json!("Chef")).await;

    // What is cleared at home is cleared here.
    contoso
        .patch(&path, json!({ "city": null, "businessPhones": [] }))
        .await
        .expect(204);
    shows(&fabrikam, &id, "city", Value::Null).await;
    shows(&fabrikam, &id, "businessPhones", json!([])).await;

    contoso
        .patch(
            &path,
            json!({ "userPrincipalName": upn(&contoso, "anna"), "mailNickname": "anna" }),
        )
        .await
        .expect(204);
    let renamed = home_upn_in(&fabrikam, &upn(&contoso, "anna")).await;
    shows(&fabrikam, &id, "userPrincipalName", json!(renamed)).await;
    shows(&fabrikam, &id, "mailNickname", json!("anna")).await;
    target_has_id(&fabrikam, &id).await;

    contoso
        .patch(&path, json!({ "accountEnabled": false }))
        .await
        .expect(204);
    shows(&fabrikam, &id, "accountEnabled", json!(false)).await;
    contoso
        .patch(&path, json!({ "accountEnabled": true }))
        .await
        .expect(204);
    shows(&fabrikam, &id, "accountEnabled", json!(true)).await;
    d.finish().await;
}

/// A rename made no second object.
async fn target_has_id(target: &Tenant, id: &str) {
    let named: Vec<Value> = external_users(target)
        .await
        .into_iter()
        .filter(|user| text(user, "userPrincipalName").starts_with("ann"))
        .collect();
    assert_eq!(named.len(), 1, "{named:?}");
    assert_eq!(named[0]["id"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_and_return() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let home = contoso.user("ann").await;
    share_all(&contoso).await;
    let id = text(&synced(&fabrikam, &upn(&contoso, "ann")).await, "id");

    contoso
        .delete(&format!("/v1.0/users/{home}"))
        .await
        .expect(204);
    is_soft_deleted(&fabrikam, &id).await;
    contoso
        .call(
            "POST",
            &format!("/v1.0/directory/deletedItems/{home}/restore"),
        )
        .await
        .expect(200);
    let back = synced(&fabrikam, &upn(&contoso, "ann")).await;
    assert_eq!(back["id"], id.as_str(), "the same object is restored");

    // Disabled first and gone afterwards is gone all the same.
    contoso
        .patch(
            &format!("/v1.0/users/{home}"),
            json!({ "accountEnabled": false }),
        )
        .await
        .expect(204);
    shows(&fabrikam, &id, "accountEnabled", json!(false)).await;
    contoso
        .delete(&format!("/v1.0/users/{home}"))
        .await
        .expect(204);
    is_soft_deleted(&fabrikam, &id).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_users_and_groups() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let ann = contoso.user("ann").await;
    let bob = contoso.user("bob").await;
    contoso.user("cyd").await;
    let dan = contoso.user("dan").await;
    let group = contoso.group("cooks").await;
    contoso.add_member(&group, &bob).await;

    share(&contoso, selected(&[&ann], &[&group])).await;
    target_has(&contoso, &fabrikam, &["ann", "bob"]).await;
    let status = settled(&contoso, &fabrikam).await;
    assert_eq!(status["inScope"], 2);
    assert_eq!(status["scope"], "selected");

    // Membership is followed.
    contoso.add_member(&group, &dan).await;
    target_has(&contoso, &fabrikam, &["ann", "bob", "dan"]).await;
    let bob_there = text(&synced(&fabrikam, &upn(&contoso, "bob")).await, "id");
    contoso
        .delete(&format!("/v1.0/groups/{group}/members/{bob}/$ref"))
        .await
        .expect(204);
    target_has(&contoso, &fabrikam, &["ann", "dan"]).await;
    is_soft_deleted(&fabrikam, &bob_there).await;

    // Out of the scope and back: the same id.
    share(&contoso, selected(&[&ann, &bob], &[&group])).await;
    let back = synced(&fabrikam, &upn(&contoso, "bob")).await;
    assert_eq!(back["id"], bob_there.as_str());

    // A group that goes takes its people with it.
    contoso
        .delete(&format!("/v1.0/groups/{group}"))
        .await
        .expect(204);
    target_has(&contoso, &fabrikam, &["ann", "bob"]).await;

    share(
        &contoso,
        json!({ "scope": "none", "users": [], "groups": [] }),
    )
    .await;
    target_has(&contoso, &fabrikam, &[]).await;
    share_all(&contoso).await;
    let back = synced(&fabrikam, &upn(&contoso, "bob")).await;
    assert_eq!(back["id"], bob_there.as_str());
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn different_people_for_different_tenants() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    form_organization(&[&contoso, &fabrikam, &tailspin]).await;
    let ann = contoso.user("ann").await;
    let bob = contoso.user("bob").await;
    share(&contoso, selected(&[&ann], &[])).await;
    target_has(&contoso, &fabrikam, &["ann"]).await;
    target_has(&contoso, &tailspin, &["ann"]).await;

    // A tenant's own entry wins over the default.
    let own = format!("{SHARING}/tenants/{}", tailspin.id);
    contoso.put(&own, selected(&[&bob], &[])).await.ok();
    target_has(&contoso, &tailspin, &["bob"]).await;
    target_has(&contoso, &fabrikam, &["ann"]).await;
    let entry = contoso.get(&own).await.expect(200);
    assert_eq!(entry["scope"], "selected");
    assert_eq!(entry["users"], json!([bob]));
    assert_eq!(status(&contoso, &tailspin).await["source"], "own");
    assert_eq!(status(&contoso, &fabrikam).await["source"], "default");

    contoso
        .put(&own, json!({ "scope": "none", "users": [], "groups": [] }))
        .await
        .ok();
    target_has(&contoso, &tailspin, &[]).await;

    // Without it, the default again.
    contoso.delete(&own).await.ok();
    target_has(&contoso, &tailspin, &["ann"]).await;
    assert_eq!(status(&contoso, &tailspin).await["source"], "default");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shared() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let ann = contoso.user("ann").await;
    let theirs = fabrikam.user("eve").await;
    share(&contoso, selected(&[&ann], &[])).await;
    let default = format!("{SHARING}/default");
    for body in [
        json!({}),
        json!({ "scope": "some" }),
        json!({ "scope": 1 }),
        json!({ "scope": "selected", "users": "all" }),
        json!({ "scope": "selected", "users": ["x"] }),
        json!({ "scope": "selected", "users": [e2e::NOBODY] }),
        json!({ "scope": "selected", "users": [theirs] }),
        json!({ "scope": "selected", "groups": [ann] }),
        json!({ "scope": "all", "nonsense": 1 }),
    ] {
        contoso.put(&default, body).await.refused_somehow();
    }
    let unchanged = contoso.get(&default).await.expect(200);
    assert_eq!(unchanged["users"], json!([ann]));
    for nobody in [e2e::NOBODY, &contoso.id, "nonsense"] {
        let path = format!("{SHARING}/tenants/{nobody}");
        contoso
            .put(&path, selected(&[&ann], &[]))
            .await
            .refused_somehow();
        contoso
            .call("POST", &format!("{path}/pause"))
            .await
            .refused_somehow();
        contoso
            .get(&format!("{path}/failures"))
            .await
            .refused_somehow();
    }
    target_has(&contoso, &fabrikam, &["ann"]).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_counts_and_changes_nothing() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let ann = contoso.user("ann").await;
    let bob = contoso.user("bob").await;
    share(&contoso, selected(&[&ann], &[])).await;
    target_has(&contoso, &fabrikam, &["ann"]).await;
    let preview = contoso
        .post(
            &format!("{SHARING}/default/preview"),
            selected(&[&bob], &[]),
        )
        .await
        .expect(200);
    assert!(preview.text.contains(&bob), "whom it adds: {preview:?}");
    assert!(preview.text.contains(&ann), "whom it removes: {preview:?}");
    contoso
        .post(
            &format!("{SHARING}/default/preview"),
            json!({ "scope": "some" }),
        )
        .await
        .expect(400);
    let unchanged = contoso.get(&format!("{SHARING}/default")).await.expect(200);
    assert_eq!(unchanged["users"], json!([ann]));
    target_has(&contoso, &fabrikam, &["ann"]).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_are_linked_whenever_both_ends_are_there() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let ann = contoso.user("ann").await;
    let boss = contoso.user("boss").await;
    contoso
        .put(
            &format!("/v1.0/users/{ann}/manager/$ref"),
            json!({ "@odata.id": format!("{}/v1.0/users/{boss}", d.url()) }),
        )
        .await
        .expect(204);
    share(&contoso, selected(&[&ann], &[])).await;
    let ann_there = text(&synced(&fabrikam, &upn(&contoso, "ann")).await, "id");
    let manager = format!("/v1.0/users/{ann_there}/manager");
    fabrikam
        .get(&manager)
        .await
        .refused(404, "Request_ResourceNotFound");

    // The manager comes later.
    share(&contoso, selected(&[&ann, &boss], &[])).await;
    let boss_there = text(&synced(&fabrikam, &upn(&contoso, "boss")).await, "id");
    let manager_is = async |expected: Option<&str>| {
        eventually("the manager", async || {
            let answer = fabrikam.get(&manager).await;
            let id = answer["id"].as_str();
            holds(id == expected, format!("{answer:?}"))
        })
        .await;
    };
    manager_is(Some(&boss_there)).await;

    // Removed at home is removed here; and set again.
    let home = format!("/v1.0/users/{ann}/manager/$ref");
    contoso.delete(&home).await.expect(204);
    manager_is(None).await;
    let reference = json!({ "@odata.id": format!("{}/v1.0/users/{boss}", d.url()) });
    contoso.put(&home, reference).await.expect(204);
    manager_is(Some(&boss_there)).await;

    // Out of scope and back.
    share(&contoso, selected(&[&ann], &[])).await;
    manager_is(None).await;
    share(&contoso, selected(&[&ann, &boss], &[])).await;
    manager_is(Some(&boss_there)).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_targets_own_block_wins() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let home = contoso.user("ann").await;
    share_all(&contoso).await;
    let id = text(&synced(&fabrikam, &upn(&contoso, "ann")).await, "id");
    fabrikam
        .patch(
            &format!("/v1.0/users/{id}"),
            json!({ "accountEnabled": false }),
        )
        .await
        .expect(204);

    // A change at home arrives, the block stays …
    let change = async |body: Value| {
        contoso
            .patch(&format!("/v1.0/users/{home}"), body)
            .await
            .expect(204);
    };
    change(json!({ "jobTitle": "Chef" })).await;
    shows(&fabrikam, &id, "jobTitle", json!("Chef")).await;
    shows(&fabrikam, &id, "accountEnabled", json!(false)).await;
    // … even if home disables and enables.
    change(json!({ "accountEnabled": false })).await;
    change(json!({ "accountEnabled": true, "jobTitle": "Cook" })).await;
    shows(&fabrikam, &id, "jobTitle", json!("Cook")).await;
    shows(&fabrikam, &id, "accountEnabled", json!(false)).await;

    // Who blocked may unblock; and what home says is in force then.
    fabrikam
        .patch(
            &format!("/v1.0/users/{id}"),
            json!({ "accountEnabled": true }),
        )
        .await
        .expect(204);
    shows(&fabrikam, &id, "accountEnabled", json!(true)).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_passed_on() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    form_organization(&[&contoso, &fabrikam, &tailspin]).await;
    for tenant in [&contoso, &fabrikam, &tailspin] {
        tenant.user("one").await;
        share_all(tenant).await;
    }
    for source in [&contoso, &fabrikam, &tailspin] {
        for target in [&contoso, &fabrikam, &tailspin] {
            if source.id != target.id {
                settled(source, target).await;
                synced(target, &upn(source, "one")).await;
            }
        }
    }
    for tenant in [&contoso, &fabrikam, &tailspin] {
        let everybody = users(tenant).await;
        assert_all_fit("user", &everybody);
        let (external, internal): (Vec<_>, Vec<_>) = everybody
            .iter()
            .partition(|user| text(user, "userPrincipalName").contains("#EXT#"));
        // Each of the two others sends as many as this one has: administrator and "one".
        assert_eq!(external.len(), 2 * internal.len());
        for user in external {
            let upn = text(user, "userPrincipalName");
            assert_eq!(upn.matches("#EXT#").count(), 1, "passed on: {upn}");
        }
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_joins_later_gets_the_default() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    contoso.user("ann").await;
    share_all(&contoso).await;
    synced(&fabrikam, &upn(&contoso, "ann")).await;

    let late = d.tenant("Late").await;
    open_to_partners(&late).await;
    contoso
        .post(
            &format!("{ORGANIZATION}/tenants"),
            json!({ "tenantId": late.id, "displayName": "Late" }),
        )
        .await
        .expect(201);
    let listed = contoso.all(&format!("{SHARING}/tenants")).await;
    assert!(
        listed.iter().all(|entry| entry["tenantId"] != late.id),
        "pending tenants get nothing"
    );
    late.patch(
        &format!("{ORGANIZATION}/joinRequest"),
        json!({ "addedByTenantId": contoso.id }),
    )
    .await
    .expect(204);
    synced(&late, &upn(&contoso, "ann")).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_and_resume() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    contoso.user("ann").await;
    share_all(&contoso).await;
    synced(&fabrikam, &upn(&contoso, "ann")).await;
    settled(&contoso, &fabrikam).await;
    let path = format!("{SHARING}/tenants/{}", fabrikam.id);
    contoso.call("POST", &format!("{path}/pause")).await.ok();
    assert_eq!(status(&contoso, &fabrikam).await["state"], "paused");
    contoso.user("bob").await;
    // The other direction isn't paused, and when its change has arrived, ours would have too.
    fabrikam.user("eve").await;
    share_all(&fabrikam).await;
    synced(&contoso, &upn(&fabrikam, "eve")).await;
    let bob = home_upn_in(&fabrikam, &upn(&contoso, "bob")).await;
    let there = external_users(&fabrikam).await;
    assert!(there.iter().all(|user| user["userPrincipalName"] != bob));

    contoso.call("POST", &format!("{path}/resume")).await.ok();
    synced(&fabrikam, &upn(&contoso, "bob")).await;
    settled(&contoso, &fabrikam).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_pair_says_why_and_comes_alive_when_it_is_mended() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    // Only Contoso consents; Fabrikam opens nothing.
    open_to_partners(&contoso).await;
    contoso
        .put(ORGANIZATION, json!({ "displayName": "Round table" }))
        .await
        .expect(201);
    contoso
        .post(
            &format!("{ORGANIZATION}/tenants"),
            json!({ "tenantId": fabrikam.id, "displayName": "Fabrikam" }),
        )
        .await
        .expect(201);
    fabrikam
        .patch(
            &format!("{ORGANIZATION}/joinRequest"),
            json!({ "addedByTenantId": contoso.id }),
        )
        .await
        .expect(204);
    eventually("Fabrikam is listed", async || {
        let list = contoso.all(&format!("{SHARING}/tenants")).await;
        holds(list.len() == 1, format!("{list:?}"))
    })
    .await;
    contoso.user("ann").await;
    share_all(&contoso).await;

    let blocked = async || {
        eventually("the pair is blocked", async || {
            let status = status(&contoso, &fabrikam).await;
            holds(status["state"] == "blocked", &status)?;
            Ok(status)
        })
        .await
    };
    let status = blocked().await;
    let trace = status["trace"].to_string();
    assert!(
        trace.contains("isSyncAllowed") || trace.contains("inboundAllowed"),
        "the setting that would have to change: {status}"
    );
    assert!(trace.contains(&fabrikam.id), "whose it is: {status}");
    assert_eq!(external_users(&fabrikam).await.len(), 0);

    // Sync allowed, but no automatic redemption: still blocked, for the next reason.
    let partner = format!("{POLICY}/partners/{}", contoso.id);
    let identity = format!("{partner}/identitySynchronization");
    fabrikam
        .patch(
            &identity,
            json!({ "userSyncInbound": { "isSyncAllowed": true } }),
        )
        .await
        .expect(204);
    eventually("the next reason", async || {
        let status = blocked().await;
        holds(
            status["trace"].to_string().contains("inboundAllowed"),
            &status,
        )
    })
    .await;
    assert_eq!(external_users(&fabrikam).await.len(), 0);

    fabrikam
        .patch(
            &partner,
            json!({ "automaticUserConsentSettings": { "inboundAllowed": true } }),
        )
        .await
        .expect(204);
    let ann = text(&synced(&fabrikam, &upn(&contoso, "ann")).await, "id");
    settled(&contoso, &fabrikam).await;

    // Closed again: who is there stays, what changes at home doesn't come any more.
    fabrikam
        .patch(
            &identity,
            json!({ "userSyncInbound": { "isSyncAllowed": false } }),
        )
        .await
        .expect(204);
    contoso.user("bob").await;
    blocked().await;
    fabrikam
        .get(&format!("/v1.0/users/{ann}"))
        .await
        .expect(200);
    let bob = home_upn_in(&fabrikam, &upn(&contoso, "bob")).await;
    let there = external_users(&fabrikam).await;
    assert!(there.iter().all(|user| user["userPrincipalName"] != bob));
    fabrikam
        .patch(
            &identity,
            json!({ "userSyncInbound": { "isSyncAllowed": true } }),
        )
        .await
        .expect(204);
    synced(&fabrikam, &upn(&contoso, "bob")).await;

    // The source's own outbound consent counts as well.
    contoso
        .patch(
            &format!("{POLICY}/partners/{}", fabrikam.id),
            json!({ "automaticUserConsentSettings": { "outboundAllowed": false } }),
        )
        .await
        .expect(204);
    contoso.user("cyd").await;
    let status = blocked().await;
    assert!(
        status["trace"].to_string().contains("outboundAllowed"),
        "{status}"
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_user_is_shown_and_holds_nobody_back() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let path = format!("{SHARING}/tenants/{}/failures", fabrikam.id);
    contoso.user("ann").await;
    share_all(&contoso).await;
    settled(&contoso, &fabrikam).await;
    let failures = contoso.all(&path).await;
    assert_eq!(failures, Vec::<Value>::new());
    fabrikam
        .get(&format!("{SHARING}/tenants/{}/failures", e2e::NOBODY))
        .await
        .refused_somehow();

    // Whatever happened to one, the next one comes.
    contoso.user("bob").await;
    synced(&fabrikam, &upn(&contoso, "bob")).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internal_account_is_never_taken_for_somebody() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    // Fabrikam's own Ann claims the mail of Contoso's Ann.
    let mail = upn(&contoso, "ann");
    let own = fabrikam
        .user_with(
            "ann",
            json!({ "otherMails": [mail], "jobTitle": "Internal" }),
        )
        .await;
    contoso
        .user_with("ann", json!({ "mail": mail, "jobTitle": "External" }))
        .await;
    contoso.user("bob").await;
    share_all(&contoso).await;
    synced(&fabrikam, &upn(&contoso, "bob")).await;
    let ann = fabrikam
        .get(&format!(
            "/v1.0/users/{}?$select=jobTitle,userPrincipalName,creationType",
            text(&own, "id")
        ))
        .await
        .expect(200);
    assert_eq!(ann["jobTitle"], "Internal");
    assert_eq!(ann["creationType"], Value::Null);
    assert_eq!(ann["userPrincipalName"], upn(&fabrikam, "ann"));
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_has_a_provisioning_record() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let home = contoso.user("ann").await;
    share_all(&contoso).await;
    let there = text(&synced(&fabrikam, &upn(&contoso, "ann")).await, "id");
    contoso
        .patch(
            &format!("/v1.0/users/{home}"),
            json!({ "jobTitle": "Chef" }),
        )
        .await
        .expect(204);
    shows(&fabrikam, &there, "jobTitle", json!("Chef")).await;
    contoso
        .delete(&format!("/v1.0/users/{home}"))
        .await
        .expect(204);
    is_soft_deleted(&fabrikam, &there).await;

    let records = eventually("three records about Ann", async || {
        let all = contoso.all("/v1.0/auditLogs/provisioning").await;
        let mut about = all;
        about.retain(|record| record["sourceIdentity"]["id"] == home.as_str());
        let actions: BTreeSet<String> = about
            .iter()
            .map(|record| text(record, "provisioningAction"))
            .collect();
        holds(
            ["create", "update", "delete"]
                .iter()
                .all(|action| actions.contains(*action)),
            format!("{about:?}"),
        )?;
        Ok(about)
    })
    .await;
    assert_all_fit("provisioningObjectSummary", &records);
    for record in &records {
        assert_eq!(record["targetIdentity"]["id"], there.as_str(), "{record}");
        assert_eq!(record["provisioningStatusInfo"]["status"], "success");
    }
    let update = records
        .iter()
        .find(|record| record["provisioningAction"] == "update")
        .unwrap();
    let modified = update["modifiedProperties"].as_array().unwrap();
    let title = modified
        .iter()
        .find(|property| property["displayName"] == "jobTitle")
        .unwrap_or_else(|| panic!("{update}"));
    assert!(title["newValue"].as_str().unwrap().contains("Chef"));

    // A stranger has none of it.
    let stranger = d.tenant("Stranger").await;
    let records = stranger
        .get("/v1.0/auditLogs/provisioning")
        .await
        .expect(200);
    assert!(!records.text.contains(&home));
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_stops_sync_and_takes_nobody_away() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    for number in 0..30 {
        contoso.user(&format!("u{number}")).await;
    }
    share_all(&contoso).await;
    synced(&fabrikam, &upn(&contoso, "u0")).await;
    // In the middle of it, perhaps.
    fabrikam
        .delete(&format!("{ORGANIZATION}/tenants/{}", fabrikam.id))
        .await
        .expect(204);
    eventually("the pair is gone", async || {
        let list = contoso.all(&format!("{SHARING}/tenants")).await;
        holds(list.is_empty(), format!("{list:?}"))
    })
    .await;
    let there = external_users(&fabrikam).await;
    assert!(!there.is_empty(), "plain leaving keeps who is there");
    contoso.user("late").await;
    // A round trip through the same machinery: Contoso's next pair.
    let tailspin = d.tenant("Tailspin").await;
    open_to_partners(&tailspin).await;
    contoso
        .post(
            &format!("{ORGANIZATION}/tenants"),
            json!({ "tenantId": tailspin.id, "displayName": "Tailspin" }),
        )
        .await
        .expect(201);
    tailspin
        .patch(
            &format!("{ORGANIZATION}/joinRequest"),
            json!({ "addedByTenantId": contoso.id }),
        )
        .await
        .expect(204);
    synced(&tailspin, &upn(&contoso, "late")).await;
    let late = home_upn_in(&fabrikam, &upn(&contoso, "late")).await;
    let after = external_users(&fabrikam).await;
    assert!(after.iter().all(|user| user["userPrincipalName"] != late));
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sharing_needs_an_organization() {
    let d = SHARED.get();
    let alone = d.tenant("Alone").await;
    let tenants = alone.get(&format!("{SHARING}/tenants")).await.expect(200);
    assert_eq!(tenants.items().len(), 0);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sharing_by_command() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let ann = contoso.user("ann").await;
    contoso.user("bob").await;
    d.cli(&["share", "--tenant", &contoso.id, "--user", &ann])
        .ok();
    target_has(&contoso, &fabrikam, &["ann"]).await;
    d.cli(&["share", "--tenant", &contoso.id, "--all"]).ok();
    synced(&fabrikam, &upn(&contoso, "bob")).await;
    d.cli(&["share", "--tenant", &contoso.id, "--user", e2e::NOBODY])
        .refused(1);
    d.cli(&["share", "--tenant", e2e::NOBODY, "--all"])
        .refused(1);
    d.finish().await;
}
