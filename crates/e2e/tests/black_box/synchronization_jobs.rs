//! Synchronization jobs against the running binary: every entity fits its declared type, and nothing
//! is lost when the server is killed.

use e2e::{
    Deployment, Shared, Tenant, eventually, holds,
    metadata::{assert_all_fit, assert_fits},
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();
const TEMPLATE: &str = "518e5f48-1fc8-4c48-9387-9fdf28b0dfe7";
const PARTNERS: &str = "/v1.0/policies/crossTenantAccessPolicy/partners";

/// Lets users of one tenant be synchronized into another, on both sides.
async fn open(from: &Tenant, to: &Tenant) {
    let partner = json!({ "tenantId": from.id });
    to.post(PARTNERS, partner).await.expect(201);
    let own = format!("{PARTNERS}/{}", from.id);
    let sync = json!({ "userSyncInbound": { "isSyncAllowed": true } });
    to.put(&format!("{own}/identitySynchronization"), sync)
        .await
        .expect(204);
    let consent = json!({ "automaticUserConsentSettings": { "inboundAllowed": true } });
    to.patch(&own, consent).await.expect(204);
    let partner = json!({ "tenantId": to.id });
    from.post(PARTNERS, partner).await.expect(201);
    let own = format!("{PARTNERS}/{}", to.id);
    let consent = json!({ "automaticUserConsentSettings": { "outboundAllowed": true } });
    from.patch(&own, consent).await.expect(204);
}

/// A configuration and a job that is started; its address and the service principal's.
async fn started(from: &Tenant, to: &Tenant) -> (String, String) {
    let path = format!("/v1.0/applicationTemplates/{TEMPLATE}/instantiate");
    let made = from.post(&path, json!({ "displayName": "Target" })).await;
    let made = made.expect(201);
    assert_fits("applicationServicePrincipal", &made.json);
    let principal = format!(
        "/v1.0/servicePrincipals/{}",
        made["servicePrincipal"]["id"].as_str().unwrap()
    );
    let root = format!("{principal}/synchronization");
    let secrets = json!({ "value": [
        { "key": "CompanyId", "value": to.id },
        { "key": "AuthenticationType", "value": "SyncPolicy" },
        { "key": "SyncAll", "value": "true" },
    ] });
    from.put(&format!("{root}/secrets"), secrets)
        .await
        .expect(204);
    let job = from
        .post(
            &format!("{root}/jobs"),
            json!({ "templateId": "Azure2Azure" }),
        )
        .await
        .expect(201);
    assert_fits("synchronizationJob", &job.json);
    let job = format!("{root}/jobs/{}", job.id());
    from.post(&format!("{job}/start"), json!({}))
        .await
        .expect(204);
    (job, root)
}

/// Waits until a job runs and its first cycle is over.
async fn active(tenant: &Tenant, job: &str) {
    eventually("the job is active", async || {
        let status = tenant.get(job).await.expect(200)["status"].clone();
        holds(status["code"] == "Active", status)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entity_fits_its_type() {
    let d = SHARED.get();
    let (contoso, fabrikam) = (d.tenant("Contoso").await, d.tenant("Fabrikam").await);
    let templates = contoso.all("/v1.0/applicationTemplates").await;
    assert_all_fit("applicationTemplate", &templates);
    open(&contoso, &fabrikam).await;
    contoso.user("ann").await;
    let (job, root) = started(&contoso, &fabrikam).await;
    active(&contoso, &job).await;
    let read = contoso.get(&job).await.expect(200);
    assert_fits("synchronizationJob", &read.json);
    assert_ne!(read["status"]["lastExecution"], Value::Null);
    for (path, kind) in [
        ("", "synchronization"),
        ("/templates/Azure2Azure", "synchronizationTemplate"),
    ] {
        let read = contoso.get(&format!("{root}{path}")).await.expect(200);
        assert_fits(kind, &read.json);
    }
    for (path, kind) in [
        (format!("{root}/jobs"), "synchronizationJob"),
        (format!("{root}/templates"), "synchronizationTemplate"),
        (
            format!("{root}/secrets"),
            "synchronizationSecretKeyStringValuePair",
        ),
        (format!("{job}/schema/directories"), "directoryDefinition"),
        (
            format!("{job}/schema/functions()"),
            "attributeMappingFunctionSchema",
        ),
        (
            format!("{job}/schema/filterOperators()"),
            "filterOperatorSchema",
        ),
        (
            "/v1.0/auditLogs/provisioning".to_owned(),
            "provisioningObjectSummary",
        ),
    ] {
        let list = contoso.get(&path).await.expect(200);
        assert!(!list.items().is_empty(), "{path}");
        assert_all_fit(kind, list.items());
    }
    let schema = contoso.get(&format!("{job}/schema")).await.expect(200);
    assert_fits("synchronizationSchema", &schema.json);
    let parsed = contoso
        .post(
            &format!("{job}/schema/parseExpression"),
            json!({ "expression": "ToUpper([city])" }),
        )
        .await
        .expect(200);
    assert_fits("parseExpressionResponse", &parsed.json);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_on_after_the_server_was_killed() {
    let d = Deployment::start();
    let (contoso, fabrikam) = (d.tenant("Contoso").await, d.tenant("Fabrikam").await);
    open(&contoso, &fabrikam).await;
    contoso.user("ann").await;
    let (job, _) = started(&contoso, &fabrikam).await;
    d.kill9();
    d.start_server();
    let arrives = async |alias: &str| {
        let filter = format!("/v1.0/users?$filter=startswith(userPrincipalName,'{alias}_')");
        eventually("the user is there", async || {
            let found = fabrikam.get(&filter).await.expect(200);
            holds(!found.items().is_empty(), alias)
        })
        .await;
    };
    arrives("ann").await;
    active(&contoso, &job).await;
    contoso.user("bob").await;
    arrives("bob").await;
    d.finish().await;
}
