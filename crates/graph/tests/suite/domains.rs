//! `/organization` and `/domains`: what belongs to the tenant, and what nobody is told.

use std::sync::Arc;

use crate::common;
use crate::common::deployment::{Answer, Caller, DOMAIN, Deployment};
use crate::common::dns::DnsServer;
use node::command::Command;
use serde_json::json;
use store::SystemClock;

/// A deployment that asks this DNS server.
async fn start(dns: &DnsServer) -> Deployment {
    let server = dns.address;
    Deployment::start_with(Arc::new(SystemClock), |config| {
        config.dns_servers = vec![server];
    })
    .await
}

/// Adds a domain; the text that proves it.
async fn add(admin: &Caller, name: &str) -> String {
    let added = admin.post("/domains", json!({ "id": name })).await;
    assert_eq!(added.expect(201).json["isVerified"], false);
    let records = format!("/domains/{name}/verificationDnsRecords");
    let records = admin.get(&records).await.expect(200).json;
    records["value"][0]["text"].as_str().unwrap().to_owned()
}

async fn verify(admin: &Caller, name: &str) -> Answer {
    admin
        .post(&format!("/domains/{name}/verify"), json!({}))
        .await
}

#[tokio::test]
async fn the_organization_is_the_callers_own() {
    let d = Deployment::start().await;
    let (other, _) = d.other("Fabrikam", "fabrikam.example").await;
    let own = format!("/organization/{}", d.tenant);
    d.admin
        .patch(
            &own,
            json!({ "city": "Chania", "technicalNotificationMails": ["it@contoso.example"] }),
        )
        .await
        .expect(204);
    let read = d
        .admin
        .get(&format!("{own}?$select=id,city"))
        .await
        .expect(200);
    assert_eq!(
        read.json,
        json!({
            "@odata.context": format!("{}/v1.0/$metadata#organization(id,city)/$entity", d.url),
            "id": d.tenant, "city": "Chania",
        })
    );
    for body in [
        json!({ "tenantType": "x" }),
        json!({ "displayName": null }),
        json!({ "technicalNotificationMails": ["nobody"] }),
    ] {
        d.admin
            .patch(&own, body)
            .await
            .refused(400, "Request_BadRequest");
    }
    for nobody in [
        other.as_str(),
        common::deployment::NOBODY,
        "contoso.example",
    ] {
        d.admin
            .get(&format!("/organization/{nobody}"))
            .await
            .refused(404, "Request_ResourceNotFound");
    }
}

#[tokio::test]
async fn a_key_is_rotated_without_a_break() {
    let d = Deployment::start().await;
    let keys = d
        .admin
        .get("/beta/isopolity/signingKeys")
        .await
        .expect(200)
        .json;
    let first = keys["value"][0]["keyId"].clone();
    assert_eq!(keys["value"].as_array().unwrap().len(), 1);
    assert_eq!(keys["value"][0]["isSigning"], true);
    let rotate = "/beta/isopolity/signingKeys/rotate";
    let made = d.admin.post(rotate, json!({})).await.expect(200).json;
    assert_eq!(made["isSigning"], true);
    assert_ne!(made["keyId"], first);
    // The caller's token is of the earlier key, which goes when its last token does.
    let keys = d
        .admin
        .get("/beta/isopolity/signingKeys")
        .await
        .expect(200)
        .json;
    assert_eq!(keys["value"][0]["keyId"], made["keyId"]);
    assert_eq!(keys["value"][1]["keyId"], first);
    assert!(keys["value"][1]["expirationDateTime"].is_string());
    let log = "/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Rotate signing key'";
    let log = d.admin.get(log).await.expect(200).json;
    assert!(log["value"][0]["initiatedBy"]["app"].is_object(), "{log}");

    let reader = d.client(&["Organization.Read.All"]).await;
    reader.get("/beta/isopolity/signingKeys").await.expect(200);
    reader
        .post(rotate, json!({}))
        .await
        .refused(403, "Authorization_RequestDenied");
    d.admin
        .post(rotate, json!({ "kid": "x" }))
        .await
        .refused(400, "Request_BadRequest");
    // Somebody who rotates without end is stopped before the key set grows without end.
    for _ in 0..8 {
        d.admin.post(rotate, json!({})).await.expect(200);
    }
    let refused = d.admin.post(rotate, json!({})).await;
    let refused = refused.refused(403, "Directory_QuotaExceeded");
    assert!(refused.message().contains("limits.signing_keys"));
}

#[tokio::test]
async fn a_domain_from_its_adding_to_its_removal() {
    let dns = DnsServer::start().await;
    let d = start(&dns).await;
    let domain = "/domains/shop.contoso.example";
    let added = d
        .admin
        .post("/domains", json!({ "id": "Shop.Contoso.example" }))
        .await
        .expect(201);
    assert_eq!(added.json["id"], "shop.contoso.example");
    assert_eq!(added.json["isRoot"], false);
    assert_eq!(
        added.headers["location"],
        format!("{}/v1.0{domain}", d.url).as_str()
    );
    for body in [
        json!({ "id": "shop.contoso.example" }),
        json!({ "id": "nonsense" }),
        json!({ "id": "a.example", "isVerified": true }),
        json!({ "id": "a.example", "isDefault": true }),
        json!({}),
    ] {
        d.admin
            .post("/domains", body)
            .await
            .refused(400, "Request_BadRequest");
    }

    let records = d
        .admin
        .get(&format!("{domain}/verificationDnsRecords"))
        .await
        .expect(200);
    let record = &records.json["value"][0];
    assert_eq!(record["@odata.type"], "#microsoft.graph.domainDnsTxtRecord");
    assert_eq!(record["label"], "shop.contoso.example");
    let text = record["text"].as_str().unwrap();
    let other = &records.json["value"][1];
    assert_eq!(other["@odata.type"], "#microsoft.graph.domainDnsMxRecord");
    let exchange = format!("{}.msv1.invalid", text.strip_prefix("MS=").unwrap());
    assert_eq!(other["mailExchange"], exchange.as_str());
    assert_ne!(other["id"], record["id"]);
    let services = format!("{domain}/serviceConfigurationRecords");
    let services = d.admin.get(&services).await.expect(200).json;
    assert_eq!(services["value"], json!([]));
    let refusal = d
        .admin
        .post(&format!("{domain}/verify"), json!({}))
        .await
        .refused(400, "Request_BadRequest");
    assert!(refusal.message().contains(text), "{refusal:?}");
    d.admin
        .patch(domain, json!({ "isDefault": true }))
        .await
        .refused(400, "Request_BadRequest");

    let add = |tenant: &str| Command::DomainAdd {
        tenant: tenant.into(),
        domain: "shop.contoso.example".into(),
        verified: true,
    };
    d.node.execute(add(&d.tenant), &|_| {}).await.unwrap();
    let verified = d
        .admin
        .post(&format!("{domain}/verify"), json!({}))
        .await
        .expect(200);
    assert_eq!(verified.json["isVerified"], true);
    assert_eq!(verified.json["availabilityStatus"], "AvailableImmediately");
    let read = d.admin.get(domain).await.expect(200).json;
    assert_eq!(read["availabilityStatus"], serde_json::Value::Null);

    // Another tenant may add the name, and learns nothing of whose it is.
    let (_, other) = d.other("Fabrikam", "fabrikam.example").await;
    other
        .get(domain)
        .await
        .refused(404, "Request_ResourceNotFound");
    let theirs = other
        .post("/domains", json!({ "id": "shop.contoso.example" }))
        .await
        .expect(201);
    assert_eq!(theirs.json["isVerified"], false);
    let refusal = other
        .post(&format!("{domain}/verify"), json!({}))
        .await
        .refused(400, "Request_BadRequest");
    assert!(!refusal.message().contains(&d.tenant), "{refusal:?}");
    other.delete(domain).await.expect(204);

    // The default stays until another one is.
    d.admin
        .patch(domain, json!({ "isDefault": true }))
        .await
        .expect(204);
    d.admin
        .delete(domain)
        .await
        .refused(400, "Request_BadRequest");
    d.admin
        .patch(&format!("/domains/{DOMAIN}"), json!({ "isDefault": true }))
        .await
        .expect(204);
    d.admin.delete(domain).await.expect(204);
    d.admin
        .get(domain)
        .await
        .refused(404, "Request_ResourceNotFound");
    d.admin
        .delete(&format!("/domains/{DOMAIN}"))
        .await
        .refused(400, "Request_BadRequest");

    // It is free for others now.
    let (tenant, _) = d.other("Tailspin", "tailspin.example").await;
    d.node.execute(add(&tenant), &|_| {}).await.unwrap();
}

#[tokio::test]
async fn domains_come_in_pages() {
    let d = Deployment::start().await;
    for name in ["a.example", "b.example", "z.example"] {
        d.admin
            .post("/domains", json!({ "id": name }))
            .await
            .expect(201);
    }
    let mut names = Vec::new();
    let mut target = "/domains?$top=3&$select=id".to_owned();
    loop {
        let page = d.admin.get(&target).await.expect(200).json;
        let items = page["value"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["id"].clone()));
        match page["@odata.nextLink"].as_str() {
            Some(next) => next.clone_into(&mut target),
            None => break,
        }
    }
    assert_eq!(names, ["a.example", "b.example", DOMAIN, "z.example"]);
}

#[tokio::test]
async fn a_domain_is_proven_in_the_dns() {
    let dns = DnsServer::start().await;
    let d = start(&dns).await;
    let name = "shop.example";
    let text = add(&d.admin, name).await;

    // Nothing there; something else; what an alias leads to.
    let refusal = verify(&d.admin, name).await;
    let refusal = refusal.refused(400, "Request_BadRequest");
    assert!(refusal.message().contains("no TXT record"), "{refusal:?}");
    dns.texts(name, &[&["v=spf1 -all"], &["MS=ms1"]]);
    let refusal = verify(&d.admin, name).await;
    let refusal = refusal.refused(400, "Request_BadRequest");
    assert!(refusal.message().contains("2 TXT records"), "{refusal:?}");
    dns.texts("elsewhere.example", &[&[&text]]);
    dns.alias(name, "elsewhere.example");
    verify(&d.admin, name)
        .await
        .refused(400, "Request_BadRequest");
    let log = "/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Verify domain'";
    let log = async || d.admin.get(log).await.expect(200).json["value"].clone();
    assert_eq!(log().await, json!([]));

    // The record, beside others and in two parts.
    let (one, two) = text.split_at(5);
    dns.texts(name, &[&["v=spf1 -all"], &[one, two]]);
    let verified = verify(&d.admin, name).await.expect(200).json;
    assert_eq!(verified["isVerified"], true);
    assert_eq!(verified["availabilityStatus"], "AvailableImmediately");
    assert_eq!(log().await[0]["targetResources"][0]["displayName"], name);
    // Proven is proven, whatever becomes of the record.
    dns.texts(name, &[]);
    verify(&d.admin, name).await.expect(200);

    // What is below a proven domain needs no proof; what is below the initial one does.
    let below = d
        .admin
        .post("/domains", json!({ "id": "berlin.shop.example" }))
        .await
        .expect(201);
    assert_eq!(below.json["isVerified"], true);
    let text = add(&d.admin, "shop.contoso.example").await;
    // By the other record.
    let exchange = format!("{}.msv1.invalid", text.strip_prefix("MS=").unwrap());
    dns.exchange("shop.contoso.example", &exchange);
    verify(&d.admin, "shop.contoso.example").await.expect(200);
}

#[tokio::test]
async fn a_proof_takes_no_domain_from_another_tenant() {
    let dns = DnsServer::start().await;
    let d = start(&dns).await;
    let (_, other) = d.other("Fabrikam", "fabrikam.example").await;
    let (own, theirs) = (
        add(&d.admin, "shop.example").await,
        add(&other, "shop.example").await,
    );
    // One tenant's record proves nothing to the other.
    dns.texts("shop.example", &[&[&own]]);
    verify(&other, "shop.example")
        .await
        .refused(400, "Request_BadRequest");
    verify(&d.admin, "shop.example").await.expect(200);
    dns.texts("shop.example", &[&[&own], &[&theirs]]);
    let refusal = verify(&other, "shop.example").await;
    let refusal = refusal.refused(400, "Request_BadRequest");
    assert!(!refusal.message().contains(&d.tenant), "{refusal:?}");
    // Nor does a domain above it, where another tenant holds the name below.
    add(&other, "example.org").await;
    let word = Command::DomainAdd {
        tenant: d.tenant.clone(),
        domain: "mail.example.org".into(),
        verified: true,
    };
    d.node.execute(word, &|_| {}).await.unwrap();
    let records = "/domains/example.org/verificationDnsRecords";
    let records = other.get(records).await.expect(200).json;
    dns.texts(
        "example.org",
        &[&[records["value"][0]["text"].as_str().unwrap()]],
    );
    verify(&other, "example.org").await.expect(200);
    add(&other, "mail.example.org").await;
    verify(&other, "mail.example.org")
        .await
        .refused(400, "Request_BadRequest");
    // It can be freed there.
    d.admin
        .delete("/domains/mail.example.org")
        .await
        .expect(204);
    verify(&other, "mail.example.org").await.expect(200);
}

#[tokio::test]
async fn a_dns_without_answer_is_said() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = silent.local_addr().unwrap();
    let d = Deployment::start_with(Arc::new(SystemClock), |config| {
        config.dns_servers = vec![server];
    })
    .await;
    add(&d.admin, "shop.example").await;
    let refusal = verify(&d.admin, "shop.example").await;
    let refusal = refusal.refused(400, "Request_BadRequest");
    assert!(refusal.message().contains("gave no answer"), "{refusal:?}");
}

#[tokio::test]
async fn a_forced_removal_gives_everybody_another_name() {
    let d = Deployment::start().await;
    let admin = &d.admin;
    let named = ["shop.example", "berlin.shop.example"];
    for domain in named {
        let add = Command::DomainAdd {
            tenant: d.tenant.clone(),
            domain: domain.into(),
            verified: true,
        };
        d.node.execute(add, &|_| {}).await.unwrap();
    }
    let [shop, berlin] = named.map(|name| format!("/domains/{name}"));
    let root = format!("{berlin}/rootDomain?$select=id,isRoot");
    let root = admin.get(&root).await.expect(200).json;
    assert_eq!(
        (&root["id"], &root["isRoot"]),
        (&json!(named[0]), &json!(true))
    );
    admin
        .get(&format!("{shop}/rootDomain"))
        .await
        .refused(404, "Request_ResourceNotFound");

    admin
        .patch(&shop, json!({ "isDefault": true }))
        .await
        .expect(204);
    let ann = json!({
        "accountEnabled": true, "displayName": "Ann", "mailNickname": "ann",
        "userPrincipalName": "Ann@shop.example", "mail": "ann@shop.example",
        "passwordProfile": {"password": "correct-horse-battery-1"},
    });
    let ann = admin.post("/users", ann).await.expect(201).json;
    let group = json!({
        "displayName": "Cooks", "mailNickname": "cooks", "mailEnabled": true,
        "securityEnabled": false, "groupTypes": ["Unified"],
    });
    let group = admin.post("/groups", group).await.expect(201).json;
    assert_eq!(group["mail"], "cooks@shop.example");
    let references = format!("{shop}/domainNameReferences?$select=id");
    let found = admin.get(&references).await.expect(200).json;
    let found = found["value"].as_array().unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found
            .iter()
            .any(|it| it["@odata.type"] == "#microsoft.graph.group")
    );
    let none = format!("{berlin}/domainNameReferences");
    let none = admin.get(&none).await.expect(200).json;
    assert_eq!(none["value"], json!([]));

    // The default stays, forced or not; a wrong body changes nothing.
    let force = format!("{shop}/forceDelete");
    admin
        .post(&force, json!({}))
        .await
        .refused(400, "Request_BadRequest");
    admin
        .patch(&format!("/domains/{DOMAIN}"), json!({ "isDefault": true }))
        .await
        .expect(204);
    admin
        .post(&force, json!({ "disableUserAccounts": "yes" }))
        .await
        .refused(400, "Request_BadRequest");
    admin.delete(&shop).await.refused(400, "Request_BadRequest");
    admin
        .post(&force, json!({ "disableUserAccounts": true }))
        .await
        .expect(204);
    admin
        .get(&shop)
        .await
        .refused(404, "Request_ResourceNotFound");
    let user = format!(
        "/users/{}?$select=userPrincipalName,mail,accountEnabled",
        ann["id"].as_str().unwrap()
    );
    let user = admin.get(&user).await.expect(200).json;
    assert_eq!(user["userPrincipalName"], format!("Ann@{DOMAIN}"));
    assert_eq!(user["mail"], format!("ann@{DOMAIN}"));
    assert_eq!(user["accountEnabled"], false);
    let group = format!("/groups/{}", group["id"].as_str().unwrap());
    let group = admin.get(&group).await.expect(200).json;
    assert_eq!(group["mail"], format!("cooks@{DOMAIN}"));
    assert_eq!(
        group["proxyAddresses"],
        json!([format!("SMTP:cooks@{DOMAIN}")])
    );
}
