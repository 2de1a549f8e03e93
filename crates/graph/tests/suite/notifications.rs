//! What the receivers of notifications are told, and what becomes of those who take none.

use crate::common::receiver::{Mood, Receiver};
use crate::common::subscribing::Rig;
use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};

fn column(notifications: &[Value], pointer: &str) -> Vec<Value> {
    let values = notifications.iter();
    values
        .map(|it| it.pointer(pointer).cloned().unwrap_or_default())
        .collect()
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
