//! Microsoft's own SDKs do the whole job, from token to delta: `clients/*/whole[-_]job.*`.

use std::time::Duration;

use e2e::{Deployment, Options, Tenant, clients};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(5);

/// What a script is told of the deployment.
async fn told(d: &Deployment) -> Value {
    let told = |tenant: Tenant| {
        json!({
            "id": tenant.id, "domain": tenant.domain,
            "clientId": tenant.client_id, "clientSecret": tenant.client_secret,
        })
    };
    json!({
        "url": d.url(),
        "ca": d.ca(),
        "tenants": [told(d.tenant("Contoso").await), told(d.tenant("Fabrikam").await)],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_for_python_does_the_whole_job() {
    let d = Deployment::start_with(Options::arguments(&["--tls-self-signed"]));
    let told = told(&d).await.to_string();
    let mut python = clients::python();
    python.arg(clients::source("python/whole_job.py"));
    let ran = clients::run(&mut python, told, PATIENCE);
    assert!(ran.is_well && ran.text.contains("done"), "{}", ran.text);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_for_javascript_does_the_whole_job() {
    let d = Deployment::start_with(Options::arguments(&["--tls-self-signed"]));
    let mut told = told(&d).await;
    told["certificate"] = clients::certificate();
    let mut node = clients::node("javascript/whole-job.mjs");
    node.env("NODE_EXTRA_CA_CERTS", d.ca().unwrap());
    let ran = clients::run(&mut node, told.to_string(), PATIENCE);
    assert!(ran.is_well && ran.text.contains("done"), "{}", ran.text);
    d.finish().await;
}
