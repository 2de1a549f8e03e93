//! People sign in with Microsoft's own libraries: `clients/*/sign[-_]in.*`.

use std::time::Duration;

use e2e::{Deployment, Options, clients};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(5);

/// A person and a client with redirect URIs of each kind, and what a script has to know of them.
async fn told(d: &Deployment) -> Value {
    let tenant = d.tenant("Contoso").await;
    let body = json!({
        "displayName": "Wiki",
        "web": { "redirectUris": ["https://app.example/cb"] },
        "publicClient": { "redirectUris": ["http://localhost"] },
    });
    let application = tenant.post("/v1.0/applications", body).await.expect(201);
    let body = json!({ "appId": application["appId"] });
    tenant
        .post("/v1.0/servicePrincipals", body)
        .await
        .expect(201);
    let id = application["id"].as_str().unwrap();
    let secret = tenant
        .post(&format!("/v1.0/applications/{id}/addPassword"), json!({}))
        .await
        .expect(200);
    let profile = json!({
        "password": "Correct-horse-7-battery", "forceChangePasswordNextSignIn": false,
    });
    let user = tenant
        .user_with("ann", json!({ "passwordProfile": profile }))
        .await;
    json!({
        "url": d.url(), "tenant": tenant.id, "domain": tenant.domain,
        "user": user["userPrincipalName"], "password": profile["password"],
        "clientId": application["appId"], "clientSecret": secret["secretText"],
        "applicationId": id, "adminToken": tenant.token(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn msal_for_python_signs_people_in() {
    let d = Deployment::start_with(Options::arguments(&["--tls-self-signed"]));
    let told = told(&d).await.to_string();
    let mut python = clients::python();
    python.arg(clients::source("python/sign_in.py"));
    // What MSAL asks with takes this before what MSAL tells it.
    python.env("REQUESTS_CA_BUNDLE", d.ca().unwrap());
    let ran = clients::run(&mut python, told, PATIENCE);
    assert!(ran.is_well && ran.text.contains("done"), "{}", ran.text);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msal_for_node_signs_people_in() {
    let d = Deployment::start_with(Options::arguments(&["--tls-self-signed"]));
    let told = told(&d).await.to_string();
    let mut node = clients::node("javascript/sign-in.mjs");
    node.env("NODE_EXTRA_CA_CERTS", d.ca().unwrap());
    let ran = clients::run(&mut node, told, PATIENCE);
    assert!(ran.is_well && ran.text.contains("done"), "{}", ran.text);
    d.finish().await;
}
