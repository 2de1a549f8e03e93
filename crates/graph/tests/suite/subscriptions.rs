//! Subscriptions: made, seen, renewed, ended; and which are refused.

use crate::common::deployment::NOBODY;
use crate::common::receiver::echo;
use crate::common::subscribing::Rig;
use serde_json::{Value, json};

#[tokio::test]
async fn a_subscription_lives_from_its_validation_to_its_end() {
    let rig = Rig::start().await;
    let mut body = rig.body("users", "updated,deleted");
    body["clientState"] = json!("secret");
    body["lifecycleNotificationUrl"] = json!(format!("{}/life?key=a%20b", rig.receiver.url));
    let made = rig
        .d
        .admin
        .post("/subscriptions", body.clone())
        .await
        .expect(201);
    assert_eq!(rig.receiver.validations(), 2);
    let at = made.header("location").to_owned();
    let made = made.json;
    assert_eq!(made["clientState"], "secret");
    assert_eq!(made["resource"], "users");
    assert_eq!(made["changeType"], "updated,deleted");
    assert_eq!(made["applicationId"], rig.d.admin.client_id);
    assert_eq!(made["latestSupportedTlsVersion"], "v1_2");
    assert_eq!(made["expirationDateTime"], json!(rig.after(24 * 60)));
    let own = format!("/servicePrincipals(appId='{}')", rig.d.admin.client_id);
    let own = rig.d.admin.get(&own).await.expect(200).json;
    assert_eq!(made["creatorId"], own["id"]);

    // Whoever reads it isn't told the secret.
    let got = rig.d.admin.get(&at).await.expect(200).json;
    assert_eq!(got["clientState"], Value::Null);
    let list = rig.d.admin.get("/subscriptions").await.expect(200).json;
    assert_eq!(list["value"].as_array().unwrap().len(), 1);
    assert_eq!(list["value"][0]["id"], made["id"]);
    assert!(!list.to_string().contains("secret"));

    // Others don't see it, in this tenant and in another.
    let reader = rig.d.client(&["User.Read.All"]).await;
    let (_, stranger) = rig.d.other("Fabrikam", "fabrikam.example").await;
    for other in [&reader, &stranger] {
        let list = other.get("/subscriptions").await.expect(200).json;
        assert_eq!(list["value"], json!([]));
        let id = made["id"].as_str().unwrap();
        for id in [id, NOBODY, "x"] {
            let path = format!("/subscriptions/{id}");
            let renewal = json!({ "expirationDateTime": rig.after(60) });
            other.get(&path).await.refused(404, "ResourceNotFound");
            other
                .patch(&path, renewal)
                .await
                .refused(404, "ResourceNotFound");
            other
                .post(&format!("{path}/reauthorize"), json!({}))
                .await
                .refused(404, "ResourceNotFound");
            other.delete(&path).await.refused(404, "ResourceNotFound");
        }
    }

    // The same again is refused, however it is spelled; by another application it isn't the same.
    body["resource"] = json!("/Users/");
    body["changeType"] = json!("Deleted, updated");
    let again = rig.d.admin.post("/subscriptions", body.clone()).await;
    assert_eq!(
        again.message(),
        format!(
            "Subscription Id {} already exists for the requested combination",
            made["id"].as_str().unwrap()
        )
    );
    again.refused(409, "ObjectIdentifierInUse");
    reader.post("/subscriptions", body).await.expect(201);

    let renewed = json!({ "expirationDateTime": rig.after(2 * 24 * 60) });
    let renewed = rig.d.admin.patch(&at, renewed).await.expect(200).json;
    assert_eq!(renewed["expirationDateTime"], json!(rig.after(2 * 24 * 60)));
    rig.d
        .admin
        .post(&format!("{at}/reauthorize"), json!({}))
        .await
        .expect(204);
    let validations = rig.receiver.validations();
    let moved = json!({ "notificationUrl": format!("{}/moved", rig.receiver.url) });
    rig.d.admin.patch(&at, moved).await.expect(200);
    assert_eq!(rig.receiver.validations(), validations + 1);
    for wrong in [
        json!({}),
        json!({ "changeType": "created" }),
        json!({ "lifecycleNotificationUrl": "https://hooks.example/" }),
        json!({ "expirationDateTime": rig.after(-1) }),
        json!({ "expirationDateTime": rig.after(41_761) }),
        json!({ "notificationUrl": "http://10.0.0.1/" , "clientState": "x"}),
    ] {
        rig.d
            .admin
            .patch(&at, wrong)
            .await
            .refused(400, "InvalidRequest");
    }
    rig.d.admin.delete(&at).await.expect(204);
    rig.d.admin.get(&at).await.refused(404, "ResourceNotFound");
    rig.d
        .admin
        .delete(&at)
        .await
        .refused(404, "ResourceNotFound");
    rig.d.node.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_refused_before_anybody_is_called() {
    let rig = Rig::start().await;
    let good = rig.body("users", "updated");
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let cases = [
        ("changeType", Value::Null),
        ("changeType", json!("renamed")),
        ("changeType", json!(7)),
        ("resource", Value::Null),
        ("resource", json!("me")),
        ("resource", json!("me/messages")),
        ("resource", json!("applications")),
        ("resource", json!("users/delta?$select=id")),
        ("resource", json!("users//")),
        (
            "resource",
            json!("https://graph.microsoft.com/v1.0/users/x/y/z"),
        ),
        ("resource", json!("groups/x/members/y")),
        ("resource", json!("x".repeat(5_000))),
        ("expirationDateTime", Value::Null),
        ("expirationDateTime", json!("tomorrow")),
        ("expirationDateTime", json!(rig.after(0))),
        ("expirationDateTime", json!(rig.after(41_761))),
        ("clientState", json!("x".repeat(129))),
        ("latestSupportedTlsVersion", json!("v1_0")),
        ("includeResourceData", json!(true)),
        ("includeResourceData", json!("true")),
        ("encryptionCertificate", json!("nonsense")),
        ("encryptionCertificateId", json!("x".repeat(129))),
        (
            "notificationUrlAppId",
            json!("00000003-0000-0000-c000-000000000000"),
        ),
        ("notificationQueryOptions", json!("$filter=x")),
        ("nonsense", json!(1)),
        ("notificationUrl", Value::Null),
        ("notificationUrl", json!("ftp://hooks.example/")),
        (
            "notificationUrl",
            json!("https://user:secret@hooks.example/"),
        ),
        ("notificationUrl", json!("https://hooks.example:22/")),
        ("notificationUrl", json!("https://2130706433/")),
        ("lifecycleNotificationUrl", json!("hooks")),
    ];
    for (name, value) in cases {
        let refused = rig
            .d
            .admin
            .post("/subscriptions", with(name, value.clone()))
            .await;
        assert_eq!(refused.status, 400, "{name} {value} {}", refused.text);
        refused.refused(400, "InvalidRequest");
    }
    for gone in [
        format!("users/{NOBODY}"),
        format!("groups/{NOBODY}/members"),
        "groups/x".into(),
    ] {
        let body = with("resource", json!(gone));
        rig.d
            .admin
            .post("/subscriptions", body)
            .await
            .refused(404, "ResourceNotFound");
    }
    // A little time is made more of, as Graph does.
    let made = rig
        .subscribe(with("expirationDateTime", json!(rig.after(1))))
        .await;
    assert_eq!(made["expirationDateTime"], json!(rig.after(45)));
    assert_eq!(rig.receiver.validations(), 1);

    // Who may read the resource may subscribe to it, nobody else.
    for (permissions, resource, status) in [
        (&["User.Read.All"][..], "users", 201),
        (&["Directory.Read.All"], "groups", 201),
        (&["User.Read.All"], "groups", 403),
        (&["Group.Read.All"], "users", 403),
        (
            &["User.ReadWrite.All", "Directory.ReadWrite.All"],
            "users",
            403,
        ),
    ] {
        let client = rig.d.client(permissions).await;
        let answer = client
            .post("/subscriptions", with("resource", json!(resource)))
            .await;
        assert_eq!(
            answer.status, status,
            "{permissions:?} {resource} {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn a_url_has_to_prove_itself() {
    let rig = Rig::start().await;
    let body = rig.body("users", "updated");
    let post = async |body: Value| {
        let answer = rig.d.admin.post("/subscriptions", body).await;
        let message = answer.message().to_owned();
        answer.refused(400, "ValidationError");
        message
    };
    for (echo, message) in [
        (
            (|token, _| ("404 Not Found", "text/plain", token.to_owned())) as fn(&str, &str) -> _,
            "Subscription validation request failed. HTTP status code is 'NotFound'. Notification endpoint must respond with 200 OK to validation request.",
        ),
        (
            |token, _| ("202 Accepted", "text/plain", token.to_owned()),
            "Subscription validation request failed. HTTP status code is 'Accepted'. Notification endpoint must respond with 200 OK to validation request.",
        ),
        (
            |token, _| ("200 OK", "text/html", token.to_owned()),
            "Subscription validation request failed. The content type of the response must be text/plain.",
        ),
        (
            |_, encoded| ("200 OK", "text/plain", encoded.to_owned()),
            "Subscription validation request failed. Response must exactly match validationToken query parameter.",
        ),
        (
            |token, _| ("200 OK", "text/plain", format!("{token}\n")),
            "Subscription validation request failed. Response must exactly match validationToken query parameter.",
        ),
        (
            |token, _| ("200 OK", "text/plain", token.repeat(1_000)),
            "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request.",
        ),
    ] {
        rig.receiver.set_echo(echo);
        assert_eq!(post(body.clone()).await, message);
    }
    rig.receiver.set_echo(echo);
    // Both have to.
    let mut both = body.clone();
    both["lifecycleNotificationUrl"] = json!("http://127.0.0.1:1/");
    assert!(
        rig.d
            .admin
            .post("/subscriptions", both.clone())
            .await
            .status
            == 400
    );
    both["lifecycleNotificationUrl"] = json!("http://127.0.0.1:2/");
    assert!(post(both).await.contains("must respond with 200 OK"));
    // Only this machine is listed, and only without TLS.
    for (url, message) in [
        (
            "https://10.0.0.1/",
            "The notification endpoint isn't at a public address.",
        ),
        (
            "https://169.254.169.254/latest",
            "isn't at a public address",
        ),
        ("https://[::1]:8443/", "isn't at a public address"),
        ("https://[::ffff:10.0.0.1]/", "isn't at a public address"),
        ("https://[fd00:ec2::254]/", "isn't at a public address"),
        ("http://10.0.0.1/", "isn't at a public address"),
        ("http://1.1.1.1/", "isn't at a public address"),
        ("https://0.0.0.0/", "isn't at a public address"),
        ("https://192.0.2.7/", "isn't at a public address"),
    ] {
        let mut body = body.clone();
        body["notificationUrl"] = json!(url);
        let got = post(body).await;
        assert!(got.contains(message), "{url}: {got}");
    }
    let list = rig.d.admin.get("/subscriptions").await.expect(200).json;
    assert_eq!(list["value"], json!([]));
}

#[tokio::test]
async fn an_application_has_so_many_subscriptions_at_most() {
    let rig = Rig::start().await;
    let types = [
        "created",
        "updated",
        "deleted",
        "created,updated",
        "created,deleted",
        "updated,deleted",
        "created,updated,deleted",
    ];
    let users = rig.d.admin.get("/users").await.expect(200).json;
    let mut resources = vec![format!(
        "users/{}",
        users["value"][0]["id"].as_str().unwrap()
    )];
    for name in ["A", "B", "C", "D", "E"] {
        let group = format!("groups/{}", rig.group(name).await);
        resources.extend([format!("{group}/members"), format!("{group}/owners"), group]);
    }
    let all = resources
        .iter()
        .flat_map(|resource| types.iter().map(move |types| (resource, types)));
    for (resource, types) in all.take(100) {
        rig.subscribe(rig.body(resource, types)).await;
    }
    let one_more = rig.body("users", "updated");
    let refused = rig.d.admin.post("/subscriptions", one_more.clone()).await;
    assert!(
        refused
            .message()
            .contains("limits.application_subscriptions"),
        "{}",
        refused.text
    );
    assert_eq!(refused.status, 403);
    let reader = rig.d.client(&["User.Read.All"]).await;
    reader.post("/subscriptions", one_more).await.expect(201);
}

/// Lets the rig's client read in a person's name.
async fn allow(rig: &Rig, user: &str, scope: &str) -> String {
    let of = |app: &str| format!("/servicePrincipals(appId='{app}')");
    let own = rig.d.admin.get(&of(&rig.d.admin.client_id)).await.json;
    let graph = of("00000003-0000-0000-c000-000000000000");
    let graph = rig.d.admin.get(&graph).await.json;
    let body = json!({ "clientId": own["id"], "consentType": "Principal", "principalId": user,
        "resourceId": graph["id"], "scope": scope });
    let made = rig.d.admin.post("/oauth2PermissionGrants", body).await;
    made.expect(201).json["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_subscribes_in_the_name_of_somebody_who_may_read() {
    let rig = Rig::start().await;
    let (ann, bob) = (rig.user("ann").await, rig.user("bob").await);
    let scopes = "User.Read User.Read.All";
    let caller = rig.d.signed_in(&ann, scopes).await;
    let subscribe = |resource: &str| rig.body(resource, "updated");
    // Not without a consent, whatever the token says.
    let refused = caller.post("/subscriptions", subscribe("users")).await;
    refused.expect(403);
    let grant = allow(&rig, &ann, scopes).await;
    let groups = caller.post("/subscriptions", subscribe("groups")).await;
    groups.expect(403);
    let mut rich = subscribe("users");
    rich["includeResourceData"] = json!(true);
    rich["encryptionCertificate"] = json!("x");
    rich["encryptionCertificateId"] = json!("x");
    caller.post("/subscriptions", rich).await.expect(400);

    let users = caller.post("/subscriptions", subscribe("users")).await;
    let users = users.expect(201).json["id"].as_str().unwrap().to_owned();
    let mut me = subscribe("me");
    me["lifecycleNotificationUrl"] = json!(format!("{}/life", rig.receiver.url));
    caller.post("/subscriptions", me).await.expect(201);
    let seen = caller.get("/subscriptions").await.expect(200).json;
    assert_eq!(seen["value"].as_array().unwrap().len(), 2);

    // Neither the client for itself nor others in its name see them.
    let other = rig.d.signed_in(&bob, scopes).await;
    for stranger in [&rig.d.admin, &other] {
        let seen = stranger.get("/subscriptions").await.expect(200).json;
        assert_eq!(seen["value"], json!([]));
        let path = format!("/subscriptions/{users}");
        stranger.get(&path).await.expect(404);
        stranger.delete(&path).await.expect(404);
    }

    let title = json!({ "jobTitle": "Clerk" });
    let path = format!("/users/{bob}");
    rig.d.admin.patch(&path, title).await.expect(204);
    for _ in 0..200 {
        if !rig.receiver.notifications("/told").is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let told = rig.receiver.notifications("/told");
    assert_eq!(told[0]["subscriptionId"], json!(users));

    // The consent goes, and the subscriptions with it.
    let grant = format!("/oauth2PermissionGrants/{grant}");
    rig.d.admin.delete(&grant).await.expect(204);
    let mut seen = Value::Null;
    for _ in 0..200 {
        seen = caller.get("/subscriptions").await.expect(200).json;
        if seen["value"] == json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(seen["value"], json!([]));
}
