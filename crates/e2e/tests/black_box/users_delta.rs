//! `/users/delta`: everything once, then what changed.

use std::collections::BTreeMap;

use e2e::{Call, Shared, Tenant, metadata::assert_fits};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

/// Follows a round to its end: the changes by object, the last one winning, and the link for the
/// next round.
async fn round(tenant: &Tenant, target: &str) -> (BTreeMap<String, Value>, String) {
    round_of(tenant, target, |call| call).await
}

async fn round_of(
    tenant: &Tenant,
    target: &str,
    dress: impl Fn(Call) -> Call,
) -> (BTreeMap<String, Value>, String) {
    let mut changes = BTreeMap::new();
    let mut target = target.to_owned();
    loop {
        let page = dress(tenant.get(&target)).await.expect(200);
        for change in page.items() {
            assert_fits("user", change);
            let id = change["id"].as_str().unwrap().to_owned();
            changes.insert(id, change.clone());
        }
        let link = |name: &str| page[name].as_str().map(str::to_owned);
        match (link("@odata.nextLink"), link("@odata.deltaLink")) {
            (Some(next), None) => {
                assert!(next.contains("skiptoken"), "{next}");
                target = next;
            }
            (None, Some(delta)) => {
                assert!(delta.contains("deltatoken"), "{delta}");
                return (changes, delta);
            }
            other => panic!("exactly one of the two links: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_then_what_changed() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let (ann, bob) = (contoso.user("ann").await, contoso.user("bob").await);
    let (first, link) = round(&contoso, "/v1.0/users/delta").await;
    let everybody = contoso.all("/v1.0/users").await;
    assert_eq!(first.len(), everybody.len());
    assert!(first.contains_key(&ann) && first.contains_key(&bob));

    let (nothing, link) = round(&contoso, &link).await;
    assert_eq!(nothing, BTreeMap::new());

    let cyd = contoso.user("cyd").await;
    contoso
        .patch(&format!("/v1.0/users/{ann}"), json!({ "jobTitle": "Cook" }))
        .await
        .expect(204);
    contoso
        .delete(&format!("/v1.0/users/{bob}"))
        .await
        .expect(204);
    let (changes, link) = round(&contoso, &link).await;
    assert_eq!(changes.len(), 3, "{changes:?}");
    assert_eq!(changes[&ann]["jobTitle"], "Cook");
    assert_eq!(
        changes[&ann]["displayName"], "ann",
        "with all that is present"
    );
    assert_eq!(changes[&cyd]["displayName"], "cyd");
    assert_eq!(
        changes[&bob]["@removed"]["reason"], "changed",
        "restorable: {changes:?}"
    );

    contoso
        .call(
            "POST",
            &format!("/v1.0/directory/deletedItems/{bob}/restore"),
        )
        .await
        .expect(200);
    let (changes, link) = round(&contoso, &link).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[&bob]["displayName"], "bob", "whole again");
    assert!(changes[&bob]["@removed"].is_null());

    contoso
        .delete(&format!("/v1.0/users/{bob}"))
        .await
        .expect(204);
    contoso
        .delete(&format!("/v1.0/directory/deletedItems/{bob}"))
        .await
        .expect(204);
    let (changes, _) = round(&contoso, &link).await;
    assert_eq!(changes[&bob]["@removed"]["reason"], "deleted");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_first_round_hold_everybody() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    for number in 0..5 {
        contoso.user(&format!("u{number}")).await;
    }
    let expected = contoso.all("/v1.0/users?$select=id").await.len();
    let (first, link) = round_of(&contoso, "/v1.0/users/delta?$select=displayName", |call| {
        call.header("Prefer", "odata.maxpagesize=2")
    })
    .await;
    assert_eq!(first.len(), expected);
    for user in first.values() {
        assert!(user["userPrincipalName"].is_null(), "not selected: {user}");
    }
    // Only what is selected counts as a change, and the links remember it.
    let id = contoso.user("u9").await;
    let (changes, link) = round(&contoso, &link).await;
    assert_eq!(changes.len(), 1);
    contoso
        .patch(&format!("/v1.0/users/{id}"), json!({ "jobTitle": "Cook" }))
        .await
        .expect(204);
    let (changes, link) = round(&contoso, &link).await;
    assert_eq!(changes, BTreeMap::new());
    contoso
        .patch(&format!("/v1.0/users/{id}"), json!({ "displayName": "U" }))
        .await
        .expect(204);
    let (changes, _) = round(&contoso, &link).await;
    assert_eq!(changes[&id]["displayName"], "U");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_may_begin_now() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    contoso.user("ann").await;
    let (nothing, link) = round(&contoso, "/v1.0/users/delta?$deltatoken=latest").await;
    assert_eq!(nothing, BTreeMap::new());
    let bob = contoso.user("bob").await;
    let (changes, _) = round(&contoso, &link).await;
    assert_eq!(changes.keys().collect::<Vec<_>>(), [&bob]);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn minimal_answers_have_what_changed_and_what_was_cleared() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let ann = contoso
        .user_with("ann", json!({ "jobTitle": "Cook", "city": "Chania" }))
        .await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, link) = round(
        &contoso,
        "/v1.0/users/delta?$select=displayName,jobTitle,city",
    )
    .await;
    contoso
        .patch(
            &format!("/v1.0/users/{ann}"),
            json!({ "jobTitle": null, "city": "Rethymno" }),
        )
        .await
        .expect(204);
    let (changes, _) = round_of(&contoso, &link, |call| {
        call.header("Prefer", "return=minimal")
    })
    .await;
    assert_eq!(
        changes[&ann],
        json!({ "id": ann, "jobTitle": null, "city": "Rethymno" })
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn some_users_only() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let (ann, bob) = (contoso.user("ann").await, contoso.user("bob").await);
    let (first, link) = round(
        &contoso,
        &format!("/v1.0/users/delta?$filter=id%20eq%20'{ann}'"),
    )
    .await;
    assert_eq!(first.keys().collect::<Vec<_>>(), [&ann]);
    for id in [&ann, &bob] {
        contoso
            .patch(&format!("/v1.0/users/{id}"), json!({ "city": "Chania" }))
            .await
            .expect(204);
    }
    let (changes, _) = round(&contoso, &link).await;
    assert_eq!(changes.keys().collect::<Vec<_>>(), [&ann]);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_may_be_spelled_in_full() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    contoso.user("ann").await;
    let (plain, _) = round(&contoso, "/v1.0/users/delta").await;
    for spelling in ["delta()", "microsoft.graph.delta()"] {
        let (same, _) = round(&contoso, &format!("/v1.0/users/{spelling}")).await;
        assert_eq!(same, plain);
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_delta_does_not_take() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    for query in [
        "$filter=displayName%20eq%20'x'",
        "$expand=manager",
        "$orderby=displayName",
        "$search=%22displayName:x%22",
        "$select=nonsense",
        "$deltatoken=nonsense",
        "$skiptoken=nonsense",
    ] {
        contoso
            .get(&format!("/v1.0/users/delta?{query}"))
            .await
            .refused_somehow();
    }
    // Links are signed, and the tenant's own.
    let (_, link) = round(&contoso, "/v1.0/users/delta").await;
    let mut forged = link.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'Q' } else { 'A' });
    forged.insert_str(forged.len() - 4, "xx");
    contoso.get(&forged).await.refused_somehow();
    contoso
        .get(&format!("{link}&$select=displayName"))
        .await
        .refused_somehow();
    let fabrikam = d.tenant("Fabrikam").await;
    fabrikam.get(&link).await.refused_somehow();
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_outlives_the_process() {
    let d = e2e::Deployment::start();
    let contoso = d.tenant("Contoso").await;
    let (_, link) = round(&contoso, "/v1.0/users/delta").await;
    let ann = contoso.user("ann").await;
    d.kill9();
    d.start_server();
    let (changes, _) = round(&contoso, &link).await;
    assert_eq!(changes.keys().collect::<Vec<_>>(), [&ann]);
    d.finish().await;
}
