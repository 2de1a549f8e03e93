//! `/policies/crossTenantAccessPolicy` on the wire: addresses, permissions, query options, pages.

use crate::common::tenants::{NOBODY, Tenants};
use serde_json::{Value, json};

const POLICY: &str = "/policies/crossTenantAccessPolicy";
const TEMPLATES: [&str; 2] = [
    "/policies/crossTenantAccessPolicy/templates/multiTenantOrganizationPartnerConfiguration",
    "/policies/crossTenantAccessPolicy/templates/multiTenantOrganizationIdentitySynchronization",
];

async fn tenants() -> Tenants {
    Tenants::start("Policy.ReadWrite.CrossTenantAccess").await
}

fn context(of: &Value) -> &str {
    let context = of["@odata.context"].as_str().unwrap();
    context.split_once("/v1.0/$metadata#").unwrap().1
}

#[tokio::test]
async fn each_part_has_its_address() {
    let tenants = tenants().await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    let partners = format!("{POLICY}/partners");
    let body = json!({
        "@odata.type": "#microsoft.graph.crossTenantAccessPolicyConfigurationPartner",
        "tenantId": fabrikam.id,
        "identitySynchronization": { "userSyncInbound": { "isSyncAllowed": true } },
    });
    let created = contoso.post(&partners, body).await;
    let location = created.headers["location"].to_str().unwrap().to_owned();
    assert!(location.ends_with(&format!("{partners}/{}", fabrikam.id)));
    let created = created.expect(201);
    let set = "policies/crossTenantAccessPolicy";
    assert_eq!(context(&created), format!("{set}/partners/$entity"));

    for (path, expected) in [
        (POLICY.to_owned(), format!("{set}/$entity")),
        (
            format!("{POLICY}/default"),
            format!("{set}/default/$entity"),
        ),
        (partners.clone(), format!("{set}/partners")),
        (location, format!("{set}/partners/$entity")),
        (
            format!("{partners}('{}')", fabrikam.id),
            format!("{set}/partners/$entity"),
        ),
        (
            format!("{partners}('{}')/identitySynchronization", fabrikam.id),
            format!(
                "{set}/partners('{}')/identitySynchronization/$entity",
                fabrikam.id
            ),
        ),
        (
            TEMPLATES[0].to_owned(),
            format!("{}/$entity", TEMPLATES[0].trim_start_matches('/')),
        ),
        (
            TEMPLATES[1].to_owned(),
            format!("{}/$entity", TEMPLATES[1].trim_start_matches('/')),
        ),
    ] {
        let read = contoso.get(&path).await.expect(200);
        assert_eq!(context(&read), expected, "{path}");
    }
    // The other tenant has a policy of its own.
    let theirs = fabrikam.get(&partners).await.expect(200);
    assert_eq!(theirs["value"], json!([]));
}

#[tokio::test]
async fn what_may_read_does_not_write() {
    let tenants = tenants().await;
    let contoso = tenants.tenant("Contoso").await;
    let reader = contoso.with_permissions("Policy.Read.All");
    let stranger = contoso.with_permissions("User.Read.All");
    let denied = "Authorization_RequestDenied";
    for path in [POLICY, "/policies/crossTenantAccessPolicy/default"]
        .into_iter()
        .chain(TEMPLATES)
    {
        reader.get(path).await.expect(200);
        stranger.get(path).await.refused(403, denied);
        reader.patch(path, json!({})).await.refused(403, denied);
        contoso.patch(path, json!({})).await.expect(204);
        contoso
            .delete(path)
            .await
            .refused(405, "Request_BadRequest");
    }
    for action in [
        format!("{POLICY}/default/resetToSystemDefault"),
        format!("{}/resetToDefaultSettings", TEMPLATES[0]),
        format!("{}/resetToDefaultSettings", TEMPLATES[1]),
    ] {
        reader
            .call("POST", &action, None)
            .await
            .refused(403, denied);
        contoso.call("POST", &action, None).await.expect(204);
        contoso.post(&action, json!({})).await.expect(204);
        let message = contoso
            .post(&action, json!({ "nonsense": 1 }))
            .await
            .refused(400, "Request_BadRequest");
        assert!(message.contains("nonsense"), "{message}");
    }
}

#[tokio::test]
async fn partners_come_in_pages() {
    let tenants = tenants().await;
    let contoso = tenants.tenant("Contoso").await;
    let partners = format!("{POLICY}/partners");
    let mut ids = Vec::new();
    for name in ["A", "B", "C", "D", "E"] {
        let partner = tenants.tenant(name).await;
        contoso
            .post(&partners, json!({ "tenantId": partner.id }))
            .await
            .expect(201);
        ids.push(partner.id.to_string());
    }
    ids.sort();
    let (mut seen, mut pages) = (Vec::new(), 0);
    let mut next = format!("{partners}?$top=2&$select=tenantId");
    loop {
        let page = contoso.get(&next).await.expect(200);
        pages += 1;
        for partner in page["value"].as_array().unwrap() {
            assert_eq!(partner.as_object().unwrap().len(), 1, "{partner}");
            seen.push(partner["tenantId"].as_str().unwrap().to_owned());
        }
        match page["@odata.nextLink"].as_str() {
            Some(link) => link.clone_into(&mut next),
            None => break,
        }
    }
    assert_eq!((seen, pages), (ids, 3));
    for query in [
        "$top=0",
        "$top=1000",
        "$filter=tenantId eq 'x'",
        "$skiptoken=x",
    ] {
        let answer = contoso.get(&format!("{partners}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[tokio::test]
async fn query_options() {
    let tenants = tenants().await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    let partner = format!("{POLICY}/partners/{}", fabrikam.id);
    contoso
        .post(
            &format!("{POLICY}/partners"),
            json!({ "tenantId": fabrikam.id }),
        )
        .await
        .expect(201);
    let expanded = format!("{partner}?$select=tenantId&$expand=identitySynchronization");
    let read = contoso.get(&expanded).await.expect(200);
    assert_eq!(read["identitySynchronization"], Value::Null);
    assert!(read.get("inboundTrust").is_none(), "{read}");
    contoso
        .put(
            &format!("{partner}/identitySynchronization"),
            json!({ "displayName": "Fabrikam", "userSyncInbound": { "isSyncAllowed": true } }),
        )
        .await
        .expect(204);
    let read = contoso.get(&expanded).await.expect(200);
    assert_eq!(
        read["identitySynchronization"],
        json!({
            "tenantId": fabrikam.id, "displayName": "Fabrikam",
            "userSyncInbound": { "isSyncAllowed": true },
        })
    );
    let list = contoso
        .get(&format!(
            "{POLICY}/partners?$expand=identitySynchronization"
        ))
        .await
        .expect(200);
    assert_eq!(
        list["value"][0]["identitySynchronization"]["displayName"],
        "Fabrikam"
    );

    let read = contoso
        .get(&format!("{POLICY}/default?$select=isServiceDefault"))
        .await
        .expect(200);
    assert_eq!(read["isServiceDefault"], true);
    assert_eq!(read.as_object().unwrap().len(), 2, "{read}");
    for path in [
        format!("{POLICY}?$select=nonsense"),
        format!("{POLICY}/default?$expand=x"),
        format!("{partner}?$select=nonsense"),
        format!("{partner}?$expand=nonsense"),
        format!("{partner}/identitySynchronization?$select=nonsense"),
        format!("{}?$select=nonsense", TEMPLATES[0]),
        format!("{}?$top=1", TEMPLATES[1]),
    ] {
        contoso.get(&path).await.refused(400, "Request_BadRequest");
    }
}

#[tokio::test]
async fn refusals_have_graphs_codes() {
    let tenants = tenants().await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    let partners = format!("{POLICY}/partners");
    let message = contoso
        .post(&partners, json!({ "tenantId": NOBODY }))
        .await
        .refused(400, "Request_BadRequest");
    assert!(message.contains(NOBODY), "{message}");
    contoso
        .post(&partners, json!({ "tenantId": contoso.id }))
        .await
        .refused(400, "Request_BadRequest");
    let partner = json!({ "tenantId": fabrikam.id });
    contoso.post(&partners, partner.clone()).await.expect(201);
    contoso
        .post(&partners, partner)
        .await
        .refused(409, "Request_MultipleObjectsWithSameKeyValue");
    let path = format!("{partners}/{}/identitySynchronization", fabrikam.id);
    contoso.put(&path, json!({})).await.expect(204);
    contoso
        .put(&path, json!({}))
        .await
        .refused(409, "Request_MultipleObjectsWithSameKeyValue");
    contoso
        .delete(&format!("{partners}/{}", fabrikam.id))
        .await
        .refused(409, "Conflict");
    for nobody in [NOBODY, "nonsense", "00000000-0000-0000-0000-000000000000"] {
        for path in [
            format!("{partners}/{nobody}"),
            format!("{partners}/{nobody}/identitySynchronization"),
        ] {
            for (method, body) in [("GET", None), ("PATCH", Some(json!({}))), ("DELETE", None)] {
                contoso
                    .call(method, &path, body)
                    .await
                    .refused(404, "Request_ResourceNotFound");
            }
        }
    }
}
