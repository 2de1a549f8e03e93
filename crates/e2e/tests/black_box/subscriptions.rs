//! Change notifications from a real server to a real receiver over TLS: through `kill -9`, with
//! encrypted content, and never to where they may not go.

use aws_lc_rs::{
    cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    hmac,
    iv::FixedLength,
    rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use e2e::{Deployment, Options, Receiver, eventually, holds};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};

/// An hour from now.
fn soon() -> String {
    let now = jiff::Timestamp::now();
    (now + jiff::SignedDuration::from_hours(1)).to_string()
}

fn decrypted(content: &Value, pair: &KeyPair) -> Value {
    let bytes = |name: &str| {
        BASE64_STANDARD
            .decode(content[name].as_str().unwrap())
            .unwrap()
    };
    let key = PrivateDecryptingKey::from_pkcs8(&pair.serialize_der()).unwrap();
    let key = OaepPrivateDecryptingKey::new(key).unwrap();
    let mut secret = vec![0; key.min_output_size()];
    let secret = key
        .decrypt(&OAEP_SHA1_MGF1SHA1, &bytes("dataKey"), &mut secret, None)
        .unwrap();
    let mut data = bytes("data");
    let signing = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&signing, &data, &bytes("dataSignature")).unwrap();
    let vector: [u8; 16] = secret[..16].try_into().unwrap();
    let cipher = UnboundCipherKey::new(&AES_256, secret).unwrap();
    let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(cipher).unwrap();
    let context = DecryptionContext::Iv128(FixedLength::from(vector));
    serde_json::from_slice(cipher.decrypt(&mut data, context).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_told_through_a_crash() {
    let d = Deployment::stopped(Options::default());
    let receiver = Receiver::start(d.scratch()).await;
    let options = Options::arguments(&["--allow-egress", "127.0.0.0/8"])
        .with_env("SSL_CERT_FILE", receiver.authority.to_str().unwrap())
        // It isn't asked, or nothing would arrive.
        .with_env("HTTPS_PROXY", "http://127.0.0.1:9/");
    d.set_options(options);
    d.start_server();
    let contoso = d.tenant("Contoso").await;
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::new(Vec::new()).unwrap();
    let certificate = certificate.self_signed(&pair).unwrap();
    let body = json!({
        "changeType": "created,updated,deleted", "resource": "users", "clientState": "secret",
        "notificationUrl": format!("{}/told?code=1", receiver.url),
        "lifecycleNotificationUrl": format!("{}/life", receiver.url),
        "expirationDateTime": soon(), "includeResourceData": true,
        "encryptionCertificate": BASE64_STANDARD.encode(certificate.der()),
        "encryptionCertificateId": "mine",
    });
    let made = contoso.post("/v1.0/subscriptions", body).await.expect(201);

    let first = contoso.user("first").await;
    let told = receiver
        .wait_for("/resourceData/id", std::slice::from_ref(&first))
        .await;
    assert_eq!(told[0]["subscriptionId"], made["id"]);
    assert_eq!(told[0]["changeType"], "created");
    assert_eq!(told[0]["clientState"], "secret");
    let user = decrypted(&told[0]["encryptedContent"], &pair);
    assert_eq!(user["id"], json!(first));
    assert_eq!(user["displayName"], "first");
    assert!(receiver.taken()[0]["validationTokens"][0].is_string());

    // Down: what happens meanwhile waits, over the end of the server and its new beginning.
    receiver.set_down(true);
    let mut meanwhile = Vec::new();
    for number in 0..5 {
        meanwhile.push(contoso.user(&format!("meanwhile{number}")).await);
    }
    eventually("it is tried", async || {
        holds(receiver.tries() > 1, receiver.tries())
    })
    .await;
    d.kill9();
    d.start_server();
    meanwhile.push(contoso.user("after").await);
    receiver.set_down(false);
    let told = receiver.wait_for("/resourceData/id", &meanwhile).await;
    let mut order: Vec<&str> = told
        .iter()
        .filter_map(|it| it["resourceData"]["id"].as_str())
        .collect();
    order.dedup();
    let mut expected = vec![first.as_str()];
    expected.extend(meanwhile.iter().map(String::as_str));
    assert_eq!(order, expected);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_called_who_may_not_be() {
    let d = Deployment::start();
    let contoso = d.tenant("Contoso").await;
    let receiver = Receiver::start(d.scratch()).await;
    for (url, code) in [
        (receiver.url.as_str(), "ValidationError"),
        ("https://127.0.0.1/", "ValidationError"),
        ("http://127.0.0.1:8080/", "ValidationError"),
        ("https://localhost/", "ValidationError"),
        ("https://10.0.0.1/", "ValidationError"),
        ("https://172.16.0.1/", "ValidationError"),
        ("https://192.168.0.1/", "ValidationError"),
        ("https://100.64.0.1/", "ValidationError"),
        (
            "https://169.254.169.254/latest/meta-data/",
            "ValidationError",
        ),
        ("https://0.0.0.0/", "ValidationError"),
        ("https://224.0.0.1/", "ValidationError"),
        ("https://255.255.255.255/", "ValidationError"),
        ("https://192.0.2.1/", "ValidationError"),
        ("https://[::]/", "ValidationError"),
        ("https://[::1]/", "ValidationError"),
        ("https://[::ffff:127.0.0.1]/", "ValidationError"),
        ("https://[::ffff:a9fe:a9fe]/", "ValidationError"),
        ("https://[64:ff9b::7f00:1]/", "ValidationError"),
        ("https://[2002:7f00:1::]/", "ValidationError"),
        ("https://[fc00::1]/", "ValidationError"),
        ("https://[fe80::1]/", "ValidationError"),
        ("https://[ff02::1]/", "ValidationError"),
        ("https://[2001:db8::1]/", "ValidationError"),
        ("http://hooks.example/", "ValidationError"),
        ("https://2130706433/", "InvalidRequest"),
        ("https://0x7f.1/", "InvalidRequest"),
        ("https://127.1/", "InvalidRequest"),
        ("https://user@hooks.example/", "InvalidRequest"),
        ("https://hooks.example:22/", "InvalidRequest"),
        ("https://hooks.example:6379x/", "InvalidRequest"),
        ("https://hooks.example\\@127.0.0.1/", "InvalidRequest"),
        ("gopher://127.0.0.1/", "InvalidRequest"),
        ("file:///etc/passwd", "InvalidRequest"),
    ] {
        let body = json!({
            "changeType": "updated", "resource": "users", "notificationUrl": url,
            "expirationDateTime": soon(),
        });
        let answer = contoso.post("/v1.0/subscriptions", body.clone()).await;
        assert_eq!(answer.status, 400, "{url} {}", answer.text);
        answer.refused(400, code);
        // The same for the other URL, with one that would do.
        let mut body = body;
        body["lifecycleNotificationUrl"] = body["notificationUrl"].clone();
        contoso
            .post("/v1.0/subscriptions", body)
            .await
            .refused(400, code);
    }
    assert_eq!(receiver.tries(), 0);
    let list = contoso.get("/v1.0/subscriptions").await.expect(200);
    assert_eq!(list["value"], json!([]));
    d.finish().await;
}
