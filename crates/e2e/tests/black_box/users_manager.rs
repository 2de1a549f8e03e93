//! `/users/{id}/manager` and `/users/{id}/directReports`.

use e2e::{Shared, metadata::assert_fits};
use serde_json::json;

static SHARED: Shared = Shared::new();

#[tokio::test(flavor = "multi_thread")]
async fn managers() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let ann = contoso.user("ann").await;
    let boss = contoso.user("boss").await;
    let path = format!("/v1.0/users/{ann}/manager");
    let reference = |collection: &str, id: &str| json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/{collection}/{id}") });
    contoso
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");

    for collection in ["users", "directoryObjects"] {
        contoso
            .put(&format!("{path}/$ref"), reference(collection, &boss))
            .await
            .expect(204);
        let manager = contoso.get(&path).await.expect(200);
        assert_eq!(manager["id"], boss.as_str());
        assert_eq!(manager["@odata.type"], "#microsoft.graph.user");
        assert_fits("directoryObject", &manager.json);
    }
    let reports = contoso
        .all(&format!("/v1.0/users/{boss}/directReports"))
        .await;
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0]["id"], ann.as_str());
    let expanded = contoso
        .get(&format!(
            "/v1.0/users/{ann}?$select=id&$expand=manager($select=id)"
        ))
        .await
        .expect(200);
    assert_eq!(expanded["manager"]["id"], boss.as_str());

    contoso
        .put(&format!("{path}/$ref"), reference("users", e2e::NOBODY))
        .await
        .refused_somehow();
    contoso
        .put(&format!("{path}/$ref"), json!({}))
        .await
        .refused(400, "Request_BadRequest");
    contoso
        .put(&format!("{path}/$ref"), json!({ "@odata.id": "nonsense" }))
        .await
        .refused_somehow();
    assert_eq!(contoso.get(&path).await.expect(200).id(), boss);

    contoso.delete(&format!("{path}/$ref")).await.expect(204);
    contoso
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");

    // A manager who goes leaves nobody with a reference to nothing.
    contoso
        .put(&format!("{path}/$ref"), reference("users", &boss))
        .await
        .expect(204);
    contoso
        .delete(&format!("/v1.0/users/{boss}"))
        .await
        .expect(204);
    contoso
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    d.finish().await;
}
