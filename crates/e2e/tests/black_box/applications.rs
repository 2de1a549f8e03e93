//! `/applications` and `/servicePrincipals`, as far as tokens need them.

use e2e::{
    Answer, Deployment, Shared, Tenant,
    metadata::{assert_all_fit, assert_fits},
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

async fn token(d: &Deployment, tenant: &Tenant, client: &str, secret: &str) -> Answer {
    d.anonymous()
        .form(
            &format!("/{}/oauth2/v2.0/token", tenant.id),
            &[
                ("grant_type", "client_credentials"),
                ("client_id", client),
                ("client_secret", secret),
                ("scope", "https://graph.microsoft.com/.default"),
            ],
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn create_read_change_delete() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let app = contoso
        .post("/v1.0/applications", json!({ "displayName": "Payroll" }))
        .await
        .expect(201);
    assert_fits("application", &app.json);
    let (id, app_id) = (app.id(), app["appId"].as_str().unwrap().to_owned());
    assert_ne!(id, app_id);
    for path in [
        format!("/v1.0/applications/{id}"),
        format!("/v1.0/applications(appId='{app_id}')"),
    ] {
        let read = contoso.get(&path).await.expect(200);
        assert_fits("application", &read.json);
        assert_eq!(read["displayName"], "Payroll");
    }
    let list = contoso.all("/v1.0/applications").await;
    assert_all_fit("application", &list);
    assert!(list.iter().any(|app| app["id"] == id.as_str()));

    let path = format!("/v1.0/applications/{id}");
    contoso
        .patch(&path, json!({ "displayName": "Wages" }))
        .await
        .expect(204);
    contoso
        .patch(&path, json!({ "appId": e2e::NOBODY }))
        .await
        .refused(400, "Request_BadRequest");
    let read = contoso.get(&path).await.expect(200);
    assert_eq!(read["displayName"], "Wages");
    contoso
        .post("/v1.0/applications", json!({}))
        .await
        .refused(400, "Request_BadRequest");
    contoso
        .post(
            "/v1.0/applications",
            json!({ "displayName": "x", "nonsense": 1 }),
        )
        .await
        .refused(400, "Request_BadRequest");

    let fabrikam = d.tenant("Fabrikam").await;
    fabrikam
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    fabrikam
        .get(&format!("/v1.0/applications(appId='{app_id}')"))
        .await
        .refused(404, "Request_ResourceNotFound");

    contoso.delete(&path).await.expect(204);
    contoso
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_once_and_works_until_removed() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let app = contoso
        .post("/v1.0/applications", json!({ "displayName": "Payroll" }))
        .await
        .expect(201);
    let path = format!("/v1.0/applications/{}", app.id());
    let client = app["appId"].as_str().unwrap();
    let password = contoso
        .post(
            &format!("{path}/addPassword"),
            json!({ "passwordCredential": { "displayName": "first" } }),
        )
        .await
        .expect(200);
    assert_fits("passwordCredential", &password.json);
    let secret = password["secretText"].as_str().unwrap();
    assert!(secret.len() >= 32, "a secret that can't be guessed");
    assert_eq!(password["displayName"], "first");

    // Without a service principal there is nobody in the tenant to be.
    token(&d, &contoso, client, secret).await.refused_somehow();
    let principal = contoso
        .post("/v1.0/servicePrincipals", json!({ "appId": client }))
        .await
        .expect(201);
    assert_fits("servicePrincipal", &principal.json);
    let given = token(&d, &contoso, client, secret).await.expect(200);
    let caller = d
        .anonymous()
        .with_token(given["access_token"].as_str().unwrap());
    caller
        .get("/v1.0/users")
        .await
        .refused(403, "Authorization_RequestDenied");

    let read = contoso.get(&path).await.expect(200);
    assert!(!read.text.contains(secret), "a secret is shown once");
    let credentials = read["passwordCredentials"].as_array().unwrap();
    assert_eq!(credentials.len(), 1);
    assert_eq!(credentials[0]["keyId"], password["keyId"]);
    assert_eq!(credentials[0]["secretText"], Value::Null);

    contoso
        .post(
            &format!("{path}/removePassword"),
            json!({ "keyId": e2e::NOBODY }),
        )
        .await
        .refused_somehow();
    contoso
        .post(
            &format!("{path}/removePassword"),
            json!({ "keyId": password["keyId"] }),
        )
        .await
        .expect(204);
    token(&d, &contoso, client, secret).await.expect(401);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_application_gets_no_tokens() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let narrow = d
        .cli(&[
            "app",
            "create",
            "--tenant",
            &contoso.id,
            "--name",
            "Narrow",
            "--permission",
            "User.Read.All",
        ])
        .ok();
    let client = narrow["clientId"].as_str().unwrap();
    let secret = narrow["clientSecret"].as_str().unwrap();
    token(&d, &contoso, client, secret).await.expect(200);
    contoso
        .delete(&format!("/v1.0/applications(appId='{client}')"))
        .await
        .expect(204);
    token(&d, &contoso, client, secret).await.refused_somehow();
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn service_principals() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let own = contoso
        .get(&format!(
            "/v1.0/servicePrincipals(appId='{}')",
            contoso.client_id
        ))
        .await
        .expect(200);
    assert_fits("servicePrincipal", &own.json);
    contoso
        .get(&format!("/v1.0/servicePrincipals/{}", own.id()))
        .await
        .expect(200);
    let list = contoso.all("/v1.0/servicePrincipals").await;
    assert_all_fit("servicePrincipal", &list);
    assert!(list.iter().any(|each| each["id"] == own.id().as_str()));
    for body in [
        json!({}),
        json!({ "appId": contoso.client_id }),
        json!({ "appId": "x" }),
    ] {
        contoso
            .post("/v1.0/servicePrincipals", body)
            .await
            .refused_somehow();
    }
    contoso
        .get(&format!("/v1.0/servicePrincipals/{}", e2e::NOBODY))
        .await
        .refused(404, "Request_ResourceNotFound");
    d.finish().await;
}
