//! `/groups/delta`, `/applications/delta`, `/servicePrincipals/delta`: shapes, and links that outlive
//! the process.

use e2e::{Shared, Tenant, metadata::assert_fits};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

/// A round that has one page.
async fn round(tenant: &Tenant, kind: &str, target: &str) -> (Vec<Value>, String) {
    let page = tenant.get(target).await.expect(200);
    for change in page.items() {
        assert_fits(kind, change);
    }
    let link = page["@odata.deltaLink"].as_str().expect("the last page");
    (page.items().clone(), link.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_fits_its_type() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let ann = contoso.user("ann").await;
    let body = json!({
        "displayName": "Staff", "mailNickname": "staff", "mailEnabled": true,
        "securityEnabled": false, "groupTypes": ["Unified"],
        "members@odata.bind": [format!("https://graph.microsoft.com/v1.0/users/{ann}")],
    });
    contoso.post("/v1.0/groups", body).await.expect(201);
    for (set, kind) in [
        ("groups", "group"),
        ("applications", "application"),
        ("servicePrincipals", "servicePrincipal"),
    ] {
        for version in ["v1.0", "beta"] {
            let (all, link) = round(&contoso, kind, &format!("/{version}/{set}/delta")).await;
            assert!(!all.is_empty());
            let (nothing, _) = round(&contoso, kind, &link).await;
            assert!(nothing.is_empty());
        }
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_words_outlive_the_process() {
    let d = e2e::Deployment::start();
    let contoso = d.tenant("Contoso").await;
    let (_, link) = round(&contoso, "group", "/v1.0/groups/delta").await;
    let body = json!({
        "displayName": "NightShift", "mailNickname": "night", "mailEnabled": false,
        "securityEnabled": true,
    });
    contoso.post("/v1.0/groups", body).await.expect(201);
    let target = "/v1.0/groups?$search=%22displayName:shift%22";
    let found = contoso.advanced().get(target).await.expect(200);
    assert_eq!(found.items().len(), 1);
    d.kill9();
    d.start_server();
    let (changes, _) = round(&contoso, "group", &link).await;
    assert_eq!(changes.len(), 1);
    let found = contoso.advanced().get(target).await.expect(200);
    assert_fits("group", &found.items()[0]);
    assert_eq!(found.items()[0]["displayName"], "NightShift");
    d.finish().await;
}
