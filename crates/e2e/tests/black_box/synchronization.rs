//! Synced users: their form, and how they follow their homes.

use std::collections::BTreeSet;

use e2e::{
    ORGANIZATION, SHARING, Shared, Tenant, encode, eventually, holds,
    metadata::{assert_all_fit, assert_fits},
    organization::{form_organization, open_to_partners},
    sharing::{
        external_users, home_upn_in, is_soft_deleted, pair, selected, settled, share, share_all,
        shows, synced, text, upn, users,
    },
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

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
    // They are Fabrikam's to look after now.
    let path = format!("/v1.0/users/{}", text(&there[0], "id"));
    let change = json!({ "jobTitle": "Alumnus" });
    fabrikam.patch(&path, change).await.expect(204);
    let renamed = json!({ "userPrincipalName": upn(&fabrikam, "mine") });
    fabrikam.patch(&path, renamed).await.expect(400);
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
