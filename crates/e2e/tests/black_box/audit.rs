//! `/auditLogs/directoryAudits`: what was done, what was refused, and what must never stand there.

use e2e::{Shared, Tenant, eventually, metadata::assert_all_fit, organization::form_organization};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

const AUDITS: &str = "/v1.0/auditLogs/directoryAudits";

/// Waits for an entry that fits, and returns it.
async fn entry(tenant: &Tenant, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    eventually(what, async || {
        let entries = tenant.all(AUDITS).await;
        assert_all_fit("directoryAudit", &entries);
        let found = entries.iter().find(|entry| fits(entry)).cloned();
        found.ok_or_else(|| format!("{entries:#?}"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_seen_by_the_tenant_that_was_asked() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let made = d
        .cli(&["app", "create", "--tenant", &contoso.id, "--name", "Narrow"])
        .ok();
    let (client, secret) = (
        made["clientId"].as_str().unwrap(),
        made["clientSecret"].as_str().unwrap(),
    );
    let narrow = d.caller(&contoso.id, client, secret).await;
    narrow
        .post("/v1.0/users", json!({ "displayName": "x" }))
        .await
        .refused(403, "Authorization_RequestDenied");
    let refusal = entry(&contoso, "the refusal", |entry| {
        entry["result"] == "failure" && entry["initiatedBy"]["app"]["appId"] == client
    })
    .await;
    assert!(!refusal["resultReason"].as_str().unwrap().is_empty());
    assert!(!refusal["activityDisplayName"].as_str().unwrap().is_empty());

    // Nobody else sees it.
    let fabrikam = d.tenant("Fabrikam").await;
    let theirs = fabrikam.get(AUDITS).await.expect(200);
    assert!(!theirs.text.contains(client));
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_audited_without_secrets() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let id = contoso.user("ann").await;
    entry(&contoso, "the creation", |entry| {
        entry["result"] == "success" && entry["targetResources"][0]["id"] == id.as_str()
    })
    .await;
    let app = contoso
        .post("/v1.0/applications", json!({ "displayName": "Payroll" }))
        .await
        .expect(201);
    let password = contoso
        .post(
            &format!("/v1.0/applications/{}/addPassword", app.id()),
            json!({ "passwordCredential": { "displayName": "first" } }),
        )
        .await
        .expect(200);
    entry(&contoso, "the application", |entry| {
        entry["targetResources"][0]["id"] == app.id().as_str()
    })
    .await;
    let everything = contoso.get(AUDITS).await.expect(200);
    for secret in [
        password["secretText"].as_str().unwrap(),
        "Correct-horse-7-battery",
        contoso.token(),
        &contoso.client_secret,
    ] {
        assert!(!everything.text.contains(secret), "a secret in the audit");
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_join_changes_is_audited_on_both_sides() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    form_organization(&[&contoso, &fabrikam]).await;
    for (side, other) in [(&contoso, &fabrikam), (&fabrikam, &contoso)] {
        entry(side, "the partner's entry", |entry| {
            entry["result"] == "success" && entry["targetResources"].to_string().contains(&other.id)
        })
        .await;
    }
    d.finish().await;
}
