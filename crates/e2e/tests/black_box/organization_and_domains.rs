//! `/organization` and `/domains`.

use e2e::{
    Shared,
    metadata::{assert_all_fit, assert_fits},
};
use serde_json::json;

static SHARED: Shared = Shared::new();

#[tokio::test(flavor = "multi_thread")]
async fn the_organization_and_its_domains() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let organization = contoso.get("/v1.0/organization").await.expect(200);
    assert_eq!(organization.items().len(), 1);
    let own = &organization.items()[0];
    assert_fits("organization", own);
    assert_eq!(own["id"], contoso.id.as_str());
    assert_eq!(own["displayName"], "Contoso");
    let domains = contoso.get("/v1.0/domains").await.expect(200);
    assert_all_fit("domain", domains.items());
    let domain = domains
        .items()
        .iter()
        .find(|domain| domain["id"] == contoso.domain.as_str())
        .expect("the domain of its birth");
    assert_eq!(domain["isVerified"], true);

    // A domain that isn't proven gives no names.
    let added = contoso
        .post(
            "/v1.0/domains",
            json!({ "id": format!("new.{}", contoso.domain) }),
        )
        .await
        .expect(201);
    assert_eq!(added["isVerified"], false);
    let mut body = contoso.user_body("ann");
    body["userPrincipalName"] = json!(format!("ann@new.{}", contoso.domain));
    contoso
        .post("/v1.0/users", body)
        .await
        .refused(400, "Request_BadRequest");
    d.finish().await;
}
