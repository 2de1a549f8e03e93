//! Subscriptions: made, seen, renewed, ended; and what their receivers are told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::sync::Arc;

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use common::deployment::{Caller, Deployment, NOBODY};
use common::receiver::{Mood, Receiver, echo};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use store::{Clock as _, ManualClock};
use types::Timestamp;

struct Rig {
    d: Deployment,
    clock: Arc<ManualClock>,
    receiver: Receiver,
}

impl Rig {
    async fn start() -> Self {
        let start = "2026-11-26T12:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::new(start));
        let d = Deployment::start_with(Arc::<ManualClock>::clone(&clock), |config| {
            config.allow_egress = vec!["127.0.0.0/8".parse().unwrap()];
        });
        Self {
            d: d.await,
            clock,
            receiver: Receiver::start().await,
        }
    }

    /// Lets time pass, and has the work look at the clock at once.
    fn pass(&self, seconds: i64) {
        self.clock.advance_seconds(seconds);
        self.d
            .node
            .wake_subscriptions(self.d.tenant.parse().unwrap());
    }

    fn after(&self, minutes: i64) -> Timestamp {
        self.clock.now().plus_seconds(minutes * 60)
    }

    /// What has to be sent, and no more.
    fn body(&self, resource: &str, change_type: &str) -> Value {
        json!({
            "changeType": change_type, "resource": resource,
            "notificationUrl": format!("{}/told", self.receiver.url),
            "expirationDateTime": self.after(24 * 60),
        })
    }

    async fn subscribe(&self, body: Value) -> Value {
        let made = self.d.admin.post("/subscriptions", body).await;
        made.expect(201).json
    }

    /// A fresh token for a client, whose last one may have ended.
    async fn again(&self, caller: &Caller) -> Caller {
        self.d.client_with(caller, &caller.client_secret).await
    }

    async fn user(&self, alias: &str) -> String {
        self.user_by(&self.d.admin, alias).await
    }

    async fn user_by(&self, caller: &Caller, alias: &str) -> String {
        let user = json!({
            "accountEnabled": true, "displayName": alias, "mailNickname": alias,
            "userPrincipalName": format!("{alias}@contoso.example"),
            "passwordProfile": { "password": "Correct-Horse-7" },
        });
        let user = caller.post("/users", user).await.expect(201).json;
        user["id"].as_str().unwrap().to_owned()
    }

    async fn group(&self, name: &str) -> String {
        let group = json!({
            "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true,
        });
        let group = self.d.admin.post("/groups", group).await.expect(201).json;
        group["id"].as_str().unwrap().to_owned()
    }

    fn reference(&self, id: &str) -> Value {
        json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{id}", self.d.url) })
    }
}

fn column(notifications: &[Value], pointer: &str) -> Vec<Value> {
    let values = notifications.iter();
    values
        .map(|it| it.pointer(pointer).cloned().unwrap_or_default())
        .collect()
}

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
async fn changes_are_told_in_order() {
    let rig = Rig::start().await;
    let early = rig.user("early").await;
    let mut all = rig.body("users", "created,updated,deleted");
    all["notificationUrl"] = json!(format!("{}/users?code=1", rig.receiver.url));
    all["clientState"] = json!("secret");
    let all = rig.subscribe(all).await;
    let mut one = rig.body(&format!("users('{early}')"), "updated");
    one["notificationUrl"] = json!(format!("{}/one", rig.receiver.url));
    rig.subscribe(one).await;
    let group = rig.group("Sales").await;
    let mut members = rig.body(&format!("groups/{group}/members"), "updated,deleted");
    members["notificationUrl"] = json!(format!("{}/members", rig.receiver.url));
    rig.subscribe(members).await;

    let ann = rig.user("ann").await;
    let admin = &rig.d.admin;
    let title = json!({ "jobTitle": "Clerk" });
    admin
        .patch(&format!("/users/{ann}"), title.clone())
        .await
        .expect(204);
    admin
        .patch(&format!("/users/{early}"), title)
        .await
        .expect(204);
    let members = format!("/groups/{group}/members");
    admin
        .post(&format!("{members}/$ref"), rig.reference(&ann))
        .await
        .expect(204);
    admin
        .delete(&format!("{members}/{ann}/$ref"))
        .await
        .expect(204);
    admin.delete(&format!("/users/{ann}")).await.expect(204);
    admin
        .delete(&format!("/directory/deletedItems/{ann}"))
        .await
        .expect(204);

    let told = rig.receiver.wait_for("/users?code=1", 5).await;
    assert_eq!(
        column(&told, "/changeType"),
        ["created", "updated", "updated", "updated", "deleted"]
    );
    let objects: Vec<String> = [&ann, &ann, &early, &ann, &ann]
        .map(|id| format!("Users/{id}"))
        .into();
    assert_eq!(column(&told, "/resource"), objects);
    let first = &told[0];
    assert_eq!(first["subscriptionId"], all["id"]);
    assert_eq!(
        first["subscriptionExpirationDateTime"],
        all["expirationDateTime"]
    );
    assert_eq!(first["clientState"], "secret");
    assert_eq!(first["tenantId"], rig.d.tenant);
    assert_eq!(
        first["resourceData"]["@odata.type"],
        "#Microsoft.Graph.User"
    );
    assert_eq!(first["resourceData"]["@odata.id"], objects[0]);
    assert_eq!(first["resourceData"]["id"], ann);
    assert!(first["encryptedContent"].is_null());
    let mut ids = column(&told, "/id");
    ids.dedup();
    assert_eq!(ids.len(), 5, "every notification has an id of its own");

    let told = rig.receiver.wait_for("/one", 1).await;
    assert_eq!(column(&told, "/resourceData/id"), [json!(early)]);
    let told = rig.receiver.wait_for("/members", 2).await;
    assert_eq!(
        column(&told, "/resource"),
        [
            json!(format!("Groups/{group}")),
            json!(format!("Groups/{group}"))
        ]
    );
    assert_eq!(
        column(&told, "/resourceData/members@delta"),
        [
            json!([{ "id": ann }]),
            json!([{ "id": ann, "@removed": "deleted" }])
        ]
    );
    let metrics = rig.d.get("/metrics").await.text;
    assert!(
        metrics.contains("isopolity_notifications_total{state=\"delivered\"} 8"),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_nobody_takes_is_tried_again_and_dropped_after_four_hours() {
    let rig = Rig::start().await;
    let dead = Receiver::start().await;
    let mut body = rig.body("users", "updated");
    body["notificationUrl"] = json!(format!("{}/told", dead.url));
    body["lifecycleNotificationUrl"] = json!(format!("{}/life", rig.receiver.url));
    rig.subscribe(body.clone()).await;
    body["resource"] = json!("groups");
    body["notificationUrl"] = json!(format!("{}/told", rig.receiver.url));
    rig.subscribe(body).await;

    dead.set_mood(Mood::Answers("503 Service Unavailable\r\nretry-after: 1"));
    rig.user("first").await;
    // Whoever isn't dead hears of its changes meanwhile.
    rig.group("Sales").await;
    rig.receiver.wait_for("/told", 1).await;
    while dead.tries() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(dead.received().is_empty());
    // Back again: it gets all of it, in order.
    rig.user("second").await;
    dead.set_mood(Mood::Takes);
    let told = dead.wait_for("/told", 2).await;
    assert_eq!(column(&told, "/changeType"), ["updated", "updated"]);
    let numbers = column(&told, "/resourceData/sequenceNumber");
    assert!(numbers[0].as_u64() < numbers[1].as_u64());

    dead.set_mood(Mood::Answers("500 Internal Server Error"));
    rig.user("third").await;
    let tries = dead.tries();
    // With the second attempt the first one's failure has been written down.
    while dead.tries() < tries + 2 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    rig.pass(4 * 3_600 + 1);
    let life = rig.receiver.wait_for("/life", 1).await;
    assert_eq!(column(&life, "/lifecycleEvent"), ["missed"]);
    assert!(life[0]["resourceData"].is_null());
    dead.set_mood(Mood::Takes);
    let admin = rig.again(&rig.d.admin).await;
    let user = json!({ "displayName": "Third" });
    admin
        .patch("/users/third@contoso.example", user)
        .await
        .expect(204);
    let told = dead.wait_for("/told", 3).await;
    assert_eq!(told.len(), 3, "what was dropped doesn't come again");
}

#[tokio::test]
async fn a_machine_that_says_nothing_holds_up_itself_alone() {
    let rig = Rig::start().await;
    let silent = Receiver::start().await;
    silent.set_mood(Mood::Silent);
    for types in [
        "created",
        "updated",
        "created,updated",
        "created,deleted",
        "updated,deleted",
    ] {
        let mut body = rig.body("users", types);
        body["notificationUrl"] = json!(format!("{}/told", silent.url));
        rig.subscribe(body).await;
    }
    rig.subscribe(rig.body("groups", "updated")).await;
    rig.user("ann").await;
    while silent.tries() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    rig.group("Sales").await;
    rig.receiver.wait_for("/told", 1).await;
    assert!(silent.tries() <= 4, "so many places a machine has");
}

#[tokio::test]
async fn a_subscription_is_challenged_ends_and_goes_with_its_permission() {
    let rig = Rig::start().await;
    let client = rig.d.client(&["User.Read.All"]).await;
    let mut body = rig.body("users", "updated");
    body["clientState"] = json!("secret");
    body["lifecycleNotificationUrl"] = json!(format!("{}/life", rig.receiver.url));
    let made = client
        .post("/subscriptions", body.clone())
        .await
        .expect(201)
        .json;
    let at = format!("/subscriptions/{}", made["id"].as_str().unwrap());
    // A quarter of its life before the end.
    rig.pass(18 * 3_600 + 1);
    let life = rig.receiver.wait_for("/life", 1).await;
    assert_eq!(life[0]["lifecycleEvent"], "reauthorizationRequired");
    assert_eq!(life[0]["subscriptionId"], made["id"]);
    assert_eq!(life[0]["clientState"], "secret");
    assert_eq!(life[0]["tenantId"], rig.d.tenant);
    let client = rig.again(&client).await;
    client
        .post(&format!("{at}/reauthorize"), json!({}))
        .await
        .expect(204);
    rig.pass(6 * 3_600);
    let client = rig.again(&client).await;
    client.get(&at).await.refused(404, "ResourceNotFound");
    client
        .patch(&at, json!({ "expirationDateTime": rig.after(60) }))
        .await
        .refused(404, "ResourceNotFound");

    // Its end isn't told; that it lost the permission is.
    body["expirationDateTime"] = json!(rig.after(60));
    let made = client.post("/subscriptions", body).await.expect(201).json;
    let before = rig.receiver.notifications("/life").len();
    let admin = rig.again(&rig.d.admin).await;
    let principal = format!("/servicePrincipals(appId='{}')", client.client_id);
    let roles = admin
        .get(&format!("{principal}/appRoleAssignments"))
        .await
        .expect(200)
        .json;
    let role = roles["value"][0]["id"].as_str().unwrap();
    admin
        .delete(&format!("{principal}/appRoleAssignments/{role}"))
        .await
        .expect(204);
    let life = rig.receiver.wait_for("/life", before + 1).await;
    let last = life.last().unwrap();
    assert_eq!(last["lifecycleEvent"], "subscriptionRemoved");
    assert_eq!(last["subscriptionId"], made["id"]);
    // So is that the application went altogether.
    let gone = rig.d.client(&["User.Read.All"]).await;
    let mut body = rig.body("users", "updated");
    body["lifecycleNotificationUrl"] = json!(format!("{}/gone", rig.receiver.url));
    gone.post("/subscriptions", body).await.expect(201);
    let principal = format!("/servicePrincipals(appId='{}')", gone.client_id);
    admin.delete(&principal).await.expect(204);
    let told = rig.receiver.wait_for("/gone", 1).await;
    assert_eq!(told[0]["lifecycleEvent"], "subscriptionRemoved");
    rig.user_by(&admin, "unheard").await;
    assert!(rig.receiver.notifications("/told").is_empty());
    let list = client.get("/subscriptions").await;
    assert!(
        list.status == 401 || list.json["value"] == json!([]),
        "{}",
        list.text
    );
}

#[tokio::test]
async fn resource_data_is_for_the_certificate_alone() {
    let rig = Rig::start().await;
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&pair)
        .unwrap();
    let mut body = rig.body("users", "updated,deleted");
    body["includeResourceData"] = json!(true);
    body["encryptionCertificate"] = json!(BASE64_STANDARD.encode(certificate.der()));
    body["encryptionCertificateId"] = json!("mine");
    let made = rig.subscribe(body).await;
    assert_eq!(made["encryptionCertificate"], Value::Null);
    assert_eq!(made["encryptionCertificateId"], "mine");
    let ann = rig.user("ann").await;
    let told = rig.receiver.wait_for("/told", 1).await;
    assert!(!told[0].to_string().contains("ann@contoso.example"));
    let content = &told[0]["encryptedContent"];
    let bytes = |name: &str| {
        BASE64_STANDARD
            .decode(content[name].as_str().unwrap())
            .unwrap()
    };
    assert_eq!(content["encryptionCertificateId"], "mine");
    let thumbprint = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
    let hex = format!("{:02X?}", thumbprint.as_ref()).replace(", ", "");
    let hex = hex.trim_matches(['[', ']']);
    assert_eq!(content["encryptionCertificateThumbprint"], hex);

    let key = PrivateDecryptingKey::from_pkcs8(&pair.serialize_der()).unwrap();
    let key = OaepPrivateDecryptingKey::new(key).unwrap();
    let mut secret = vec![0; key.min_output_size()];
    let secret = key
        .decrypt(&OAEP_SHA1_MGF1SHA1, &bytes("dataKey"), &mut secret, None)
        .unwrap();
    let mut data = bytes("data");
    hmac::verify(
        &hmac::Key::new(hmac::HMAC_SHA256, secret),
        &data,
        &bytes("dataSignature"),
    )
    .unwrap();
    let vector: [u8; 16] = secret[..16].try_into().unwrap();
    let cipher = UnboundCipherKey::new(&AES_256, secret).unwrap();
    let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(cipher).unwrap();
    let plain = cipher
        .decrypt(
            &mut data,
            DecryptionContext::Iv128(FixedLength::from(vector)),
        )
        .unwrap();
    let user: Value = serde_json::from_slice(plain).unwrap();
    assert_eq!(user["id"], ann);
    assert_eq!(user["userPrincipalName"], "ann@contoso.example");
    assert_eq!(user["accountEnabled"], true);
    assert!(!user.to_string().contains("argon2"));

    // Who it comes from is signed by the tenant, for the application.
    let tokens = rig.receiver.received()[0].body["validationTokens"].clone();
    let token = tokens[0].as_str().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], rig.d.admin.client_id);
    assert_eq!(claims["appid"], "0bf30f3b-4a52-48df-9a82-234910c4a086");
    assert_eq!(claims["tid"], rig.d.tenant);
    let keys = rig
        .d
        .get(&format!("/{}/discovery/v2.0/keys", rig.d.tenant))
        .await
        .expect(200)
        .json;
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    rules.set_audience(&[&rig.d.admin.client_id]);
    // The clock of this deployment stands still.
    rules.validate_exp = false;
    jsonwebtoken::decode::<Value>(token, &key, &rules).unwrap();
    // It opens nothing here.
    let mut thief = rig.d.admin.clone();
    token.clone_into(&mut thief.token);
    thief
        .get("/users")
        .await
        .refused(401, "InvalidAuthenticationToken");
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
