//! `/directory/deletedItems`: deletion, restoring, and the end.

use e2e::{Shared, metadata::assert_fits};

static SHARED: Shared = Shared::new();

const DELETED: &str = "/v1.0/directory/deletedItems";

#[tokio::test(flavor = "multi_thread")]
async fn delete_restore_and_purge() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let id = contoso.user("ann").await;
    let path = format!("/v1.0/users/{id}");
    contoso.delete(&path).await.expect(204);
    contoso
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    contoso
        .delete(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    let list = contoso.all("/v1.0/users").await;
    assert!(list.iter().all(|user| user["id"] != id.as_str()));

    // The list of deleted objects demands the kind.
    contoso.get(DELETED).await.refused_somehow();
    let deleted = contoso
        .all(&format!("{DELETED}/microsoft.graph.user"))
        .await;
    assert_eq!(deleted.len(), 1);
    assert_eq!(deleted[0]["id"], id.as_str());
    assert!(deleted[0]["@odata.type"].is_null(), "one kind, so no type");
    assert_fits("user", &deleted[0]);
    contoso.get(&format!("{DELETED}/{id}")).await.expect(200);
    let groups = contoso
        .all(&format!("{DELETED}/microsoft.graph.group"))
        .await;
    assert_eq!(groups.len(), 0);

    let restored = contoso
        .call("POST", &format!("{DELETED}/{id}/restore"))
        .await
        .expect(200);
    assert_eq!(restored["id"], id.as_str());
    assert_eq!(restored["@odata.type"], "#microsoft.graph.user");
    let user = contoso.get(&path).await.expect(200);
    assert_eq!(
        user["userPrincipalName"],
        format!("ann@{}", contoso.domain),
        "with the name it had"
    );
    contoso
        .call("POST", &format!("{DELETED}/{id}/restore"))
        .await
        .refused_somehow();

    // Gone for good.
    contoso.delete(&path).await.expect(204);
    contoso.delete(&format!("{DELETED}/{id}")).await.expect(204);
    contoso
        .call("POST", &format!("{DELETED}/{id}/restore"))
        .await
        .expect(404);
    contoso.delete(&format!("{DELETED}/{id}")).await.expect(404);
    // A living user isn't in there.
    let bob = contoso.user("bob").await;
    contoso
        .delete(&format!("{DELETED}/{bob}"))
        .await
        .expect(404);
    contoso.get(&format!("/v1.0/users/{bob}")).await.expect(200);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restoring_does_not_take_a_name_from_somebody() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let old = contoso.user("ann").await;
    contoso
        .delete(&format!("/v1.0/users/{old}"))
        .await
        .expect(204);
    let new = contoso.user("ann").await;
    let conflict = contoso
        .call("POST", &format!("{DELETED}/{old}/restore"))
        .await;
    assert!([400, 409].contains(&conflict.status), "{conflict:?}");
    let upn = format!("/v1.0/users/ann@{}", contoso.domain);
    assert_eq!(contoso.get(&upn).await.expect(200).id(), new);
    d.finish().await;
}
