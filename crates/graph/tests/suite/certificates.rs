//! Certificates: registered, rolled, removed; and what a client gets for signing with their keys.

use crate::common::deployment::{Answer, Caller, Deployment, NOBODY};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, date_time_ymd};
use serde_json::{Value, json};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const PROOF_AUDIENCE: &str = "00000002-0000-0000-c000-000000000000";

/// A certificate with its key.
struct Identity {
    der: Vec<u8>,
    pem: String,
    key: EncodingKey,
}

/// The RSA key within PKCS #8: the content of the one octet string behind the algorithm.
fn pkcs1(pkcs8: &[u8]) -> &[u8] {
    let (_, key) = pkcs8.split_at(26);
    assert_eq!(key[..2], [0x30, 0x82]);
    key
}

impl Identity {
    fn new(name: &str) -> Self {
        Self::until(name, 2049)
    }

    fn until(name: &str, year: i32) -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.self_signed(&pair).unwrap();
        Self {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            key: EncodingKey::from_rsa_der(pkcs1(&pair.serialize_der())),
        }
    }

    fn credential(&self) -> Value {
        json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": BASE64_STANDARD.encode(&self.der) })
    }

    fn sha256(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(identity::sha256(&self.der))
    }

    fn sha1(&self) -> Vec<u8> {
        identity::certificate::parse(&self.der)
            .unwrap()
            .sha1
            .to_vec()
    }

    /// As MSAL signs: by PS256, with `x5t#S256`.
    fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(self.sha256());
        encode(&header, claims, &self.key).unwrap()
    }

    /// As older clients sign: by RS256, with `x5t`.
    fn sign_old(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.x5t = Some(BASE64_URL_SAFE_NO_PAD.encode(self.sha1()));
        encode(&header, claims, &self.key).unwrap()
    }
}

fn now() -> f64 {
    jsonwebtoken::get_current_timestamp() as f64
}

fn claims(d: &Deployment, client_id: &Value) -> Value {
    json!({
        "aud": format!("{}/{}/oauth2/v2.0/token", d.url, d.tenant),
        "iss": client_id, "sub": client_id, "jti": new_id(),
        // MSAL for Python writes fractions.
        "iat": now() + 0.25, "exp": now() + 600.25,
    })
}

fn new_id() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(identity::random::<16>().unwrap())
}

async fn ask(d: &Deployment, client_id: &Value, assertion: &str) -> Answer {
    ask_for(d, client_id, assertion, "https://graph.microsoft.com").await
}

async fn ask_for(d: &Deployment, client_id: &Value, assertion: &str, resource: &str) -> Answer {
    let client_id = client_id.as_str().unwrap();
    let fields = format!(
        "grant_type=client_credentials&client_info=1&client_id={client_id}&client_assertion_type={TYPE}&client_assertion={assertion}&scope={resource}/.default"
    );
    d.post_form(&d.tenant, fields).await
}

#[track_caller]
fn refused(answer: &Answer, code: u64) {
    assert_eq!(answer.status, 401, "{}", answer.text);
    assert_eq!(answer.json["error"], "invalid_client");
    assert_eq!(answer.json["error_codes"], json!([code]), "{}", answer.text);
}

/// An application with a certificate: its object and its service principal.
async fn application(d: &Deployment, identity: &Identity) -> (Value, Value) {
    let (application, principal) = d.admin.application(json!({ "displayName": "App" })).await;
    let path = format!("/applications/{}", application["id"].as_str().unwrap());
    let body = json!({ "keyCredentials": [identity.credential()] });
    d.admin.patch(&path, body).await.expect(204);
    (application, principal)
}

fn path(collection: &str, object: &Value) -> String {
    format!("/{collection}/{}", object["id"].as_str().unwrap())
}

async fn keys(by: &Caller, path: &str) -> Vec<Value> {
    let read = by
        .get(&format!("{path}?$select=keyCredentials"))
        .await
        .expect(200);
    read.json["keyCredentials"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_client_signs_in_with_its_certificate() {
    let d = Deployment::start().await;
    let (own, other) = (Identity::new("own"), Identity::new("other"));
    let (app, principal) = application(&d, &own).await;
    let client = &app["appId"];
    let token = ask(&d, client, &own.sign(&claims(&d, client)))
        .await
        .expect(200)
        .token();
    let body = token.split('.').nth(1).unwrap();
    let body: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    assert_eq!(body["appidacr"], "2");
    assert_eq!(body["oid"], principal["id"]);
    ask(&d, client, &own.sign_old(&claims(&d, client)))
        .await
        .expect(200);
    // By its thumbprint as kid, under the tenant's domain, for the issuer.
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(
        own.sha1()
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02X}")),
    );
    let mut changed = claims(&d, client);
    changed["aud"] = json!([format!("{}/contoso.example/v2.0", d.url)]);
    let assertion = encode(&header, &changed, &own.key).unwrap();
    ask(&d, client, &assertion).await.expect(200);

    // The certificate of a service principal is as good; one of both can be disabled.
    let of_principal = json!({ "keyCredentials": [other.credential()] });
    let at = path("servicePrincipals", &principal);
    d.admin.patch(&at, of_principal).await.expect(204);
    ask(&d, client, &other.sign(&claims(&d, client)))
        .await
        .expect(200);
    d.admin
        .patch(&at, json!({ "accountEnabled": false }))
        .await
        .expect(204);
    let disabled = ask(&d, client, &own.sign(&claims(&d, client)))
        .await
        .expect(400);
    assert_eq!(disabled.json["error_codes"], json!([7_000_112]));
}

#[tokio::test]
async fn a_certificate_counts_where_its_application_is_used() {
    let d = Deployment::start().await;
    let (there, admin) = d.other("Fabrikam", "fabrikam.example").await;
    let (own, other) = (Identity::new("own"), Identity::new("other"));
    let (app, _) = application(&d, &own).await;
    let client = &app["appId"];
    let at = path("applications", &app);
    let audience = json!({ "signInAudience": "AzureADMultipleOrgs" });
    d.admin.patch(&at, audience).await.expect(204);
    let body = json!({ "appId": client });
    admin.post("/servicePrincipals", body).await.expect(201);
    let ask = async |key: &Identity, tenant: &str| {
        let mut claims = claims(&d, client);
        claims["aud"] = json!(format!("{}/{tenant}/oauth2/v2.0/token", d.url));
        let fields = format!(
            "grant_type=client_credentials&client_id={}&client_assertion_type={TYPE}&client_assertion={}&scope=https://graph.microsoft.com/.default",
            client.as_str().unwrap(),
            key.sign(&claims)
        );
        d.post_form(&there, fields).await
    };
    let given = ask(&own, &there).await.expect(200);
    // One that is signed for the tenant of the application is for no other.
    refused(&ask(&own, &d.tenant).await, 700_023);
    refused(&ask(&other, &there).await, 700_027);
    let caller = d.with_token(given.token());
    assert_eq!(caller.get("/users").await.status, 403);
    let rolled = json!({ "keyCredentials": [other.credential()] });
    d.admin.patch(&at, rolled).await.expect(204);
    assert_eq!(caller.get("/users").await.status, 401);
    refused(&ask(&own, &there).await, 700_027);
    ask(&other, &there).await.expect(200);
}

#[tokio::test]
async fn an_assertion_has_to_be_whole_and_fresh() {
    let d = Deployment::start().await;
    let (_, abroad) = d.other("Fabrikam", "fabrikam.example").await;
    let (own, other) = (Identity::new("own"), Identity::new("other"));
    let expired = Identity::until("expired", 2021);
    let (app, _) = application(&d, &own).await;
    let client = &app["appId"];
    let with = |name: &str, value: Value| {
        let mut claims = claims(&d, client);
        claims[name] = value;
        own.sign(&claims)
    };
    for (assertion, code) in [
        ("garbage".to_owned(), 50_027),
        (with("iss", json!(NOBODY)), 700_021),
        (with("sub", Value::Null), 700_021),
        (with("aud", json!("https://elsewhere.example")), 700_023),
        (
            with(
                "aud",
                json!(format!("{}/fabrikam.example/oauth2/v2.0/token", d.url)),
            ),
            700_023,
        ),
        (with("aud", json!(d.url)), 700_023),
        (with("exp", json!(now() - 1.0)), 700_024),
        (with("exp", json!(now() + 200_000.0)), 700_024),
        (with("exp", json!("soon")), 50_027),
        (with("nbf", json!(now() + 3_600.0)), 700_024),
        (other.sign(&claims(&d, client)), 700_027),
    ] {
        refused(&ask(&d, client, &assertion).await, code);
    }
    // The right name with another key; no name; no signature; a secret's algorithm.
    let mut header = Header::new(Algorithm::PS256);
    header.x5t_s256 = Some(own.sha256());
    let forged = encode(&header, &claims(&d, client), &other.key).unwrap();
    refused(&ask(&d, client, &forged).await, 700_027);
    let nameless = encode(
        &Header::new(Algorithm::RS256),
        &claims(&d, client),
        &own.key,
    )
    .unwrap();
    refused(&ask(&d, client, &nameless).await, 700_027);
    let good = own.sign(&claims(&d, client));
    let (message, _) = good.rsplit_once('.').unwrap();
    refused(&ask(&d, client, &format!("{message}.")).await, 700_027);
    let hmac = EncodingKey::from_secret(&own.der);
    let hmac = encode(&Header::new(Algorithm::HS256), &claims(&d, client), &hmac).unwrap();
    refused(&ask(&d, client, &hmac).await, 50_027);
    // A certificate that has ended proves nothing, though it is registered.
    let at = path("applications", &app);
    let both = json!({ "keyCredentials": [own.credential(), expired.credential()] });
    d.admin.patch(&at, both).await.expect(204);
    refused(
        &ask(&d, client, &expired.sign(&claims(&d, client))).await,
        700_027,
    );

    // Once for each resource.
    let once = own.sign(&claims(&d, client));
    ask(&d, client, &once).await.expect(200);
    refused(&ask(&d, client, &once).await, 50_013);
    let name = client.as_str().unwrap();
    ask_for(&d, client, &once, name).await.expect(200);
    refused(&ask_for(&d, client, &once, name).await, 50_013);

    // Another way at once, another type, another tenant's client.
    let fields = format!(
        "grant_type=client_credentials&client_id={name}&scope=https://graph.microsoft.com/.default"
    );
    let good = own.sign(&claims(&d, client));
    for more in [
        format!("&client_assertion_type={TYPE}&client_assertion={good}&client_secret=x"),
        format!("&client_assertion_type=saml&client_assertion={good}"),
        format!("&client_assertion={good}"),
    ] {
        let answer = d.post_form(&d.tenant, format!("{fields}{more}")).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    abroad
        .get(&at)
        .await
        .refused(404, "Request_ResourceNotFound");
    // None of it has used the assertion up.
    ask(&d, client, &good).await.expect(200);
}

#[tokio::test]
async fn a_list_of_certificates_is_the_whole_list() {
    let d = Deployment::start().await;
    let (own, other) = (Identity::new("own"), Identity::new("other"));
    let (app, _) = application(&d, &own).await;
    let (at, client) = (path("applications", &app), &app["appId"]);
    let before = keys(&d.admin, &at).await;
    assert_eq!(before[0]["key"], BASE64_STANDARD.encode(&own.der));
    assert_eq!(before[0]["displayName"], "CN=own");
    assert_eq!(
        before[0]["customKeyIdentifier"],
        BASE64_STANDARD.encode(own.sha1())
    );
    assert_eq!(before[0]["endDateTime"], "2049-01-01T00:00:00Z");
    // The certificate itself only for those who ask for it.
    let plain = d.admin.get(&at).await.expect(200).json;
    assert_eq!(plain["keyCredentials"][0]["key"], Value::Null);
    let listed = d.admin.get("/applications").await.expect(200).text;
    assert!(!listed.contains(&BASE64_STANDARD.encode(&own.der)));

    let mut reader = d.client(&["Application.Read.All"]).await;
    reader.token = ask(&d, client, &own.sign(&claims(&d, client)))
        .await
        .expect(200)
        .token();
    reader
        .get("/applications")
        .await
        .refused(403, "Authorization_RequestDenied");
    // One stays by its id alone, another comes as text.
    let text = json!({
        "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "Second",
        "key": BASE64_STANDARD.encode(other.pem.as_bytes()), "endDateTime": "2040-01-01T00:00:00Z",
    });
    let both = json!({ "keyCredentials": [{ "keyId": before[0]["keyId"] }, text] });
    d.admin.patch(&at, both).await.expect(204);
    let after = keys(&d.admin, &at).await;
    assert_eq!(after.len(), 2);
    let second = after
        .iter()
        .find(|key| key["displayName"] == "Second")
        .unwrap();
    assert_eq!(second["endDateTime"], "2040-01-01T00:00:00Z");
    ask(&d, client, &other.sign(&claims(&d, client)))
        .await
        .expect(200);
    reader
        .get("/applications")
        .await
        .refused(403, "Authorization_RequestDenied");

    // What isn't named goes, and the tokens that were granted for it.
    let one = json!({ "keyCredentials": [{ "keyId": second["keyId"] }] });
    d.admin.patch(&at, one).await.expect(204);
    reader
        .get("/applications")
        .await
        .refused(401, "InvalidAuthenticationToken");
    refused(
        &ask(&d, client, &own.sign(&claims(&d, client))).await,
        700_027,
    );
    let audits = "/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Update application – Certificates and secrets management'";
    let audits = d.admin.get(audits).await.expect(200).json;
    let audits = audits["value"].as_array().unwrap().iter();
    let of_certificates = audits.filter(|entry| entry.to_string().contains("AsymmetricX509Cert"));
    assert_eq!(of_certificates.count(), 3);

    for key in [
        json!({ "keyId": NOBODY }),
        json!({ "type": "Symmetric", "usage": "Verify", "key": "c2VjcmV0" }),
        json!({ "type": "X509CertAndPassword", "usage": "Sign", "key": "MIID" }),
        json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": "not base64!" }),
        json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": "MIIDYDCCAki=" }),
        json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": "A".repeat(40_000) }),
        json!({ "keyId": second["keyId"], "key": BASE64_STANDARD.encode(&own.der) }),
        json!({ "key": BASE64_STANDARD.encode(&own.der), "endDateTime": "2050-01-01T00:00:00Z" }),
        json!({ "key": BASE64_STANDARD.encode(&own.der), "endDateTime": "2019-01-01T00:00:00Z" }),
        json!({ "key": BASE64_STANDARD.encode(&own.der[..own.der.len() - 1]) }),
        json!("text"),
    ] {
        let body = json!({ "keyCredentials": [key] });
        d.admin
            .patch(&at, body)
            .await
            .refused(400, "Request_BadRequest");
    }
    let twice = json!({ "keyCredentials": [own.credential(), own.credential()] });
    d.admin
        .patch(&at, twice)
        .await
        .refused(400, "Request_BadRequest");
    assert_eq!(keys(&d.admin, &at).await.len(), 1);
    // A new one can be made with its certificate.
    let body = json!({ "displayName": "Born", "keyCredentials": [own.credential()] });
    let born = d.admin.post("/applications", body).await.expect(201).json;
    assert_eq!(born["keyCredentials"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn keys_are_rolled_by_proof_of_one_that_is_there() {
    let d = Deployment::start().await;
    let (own, other) = (Identity::new("own"), Identity::new("other"));
    let (app, principal) = application(&d, &own).await;
    let body = json!({ "keyCredentials": [own.credential()] });
    let of_principal = path("servicePrincipals", &principal);
    d.admin.patch(&of_principal, body).await.expect(204);
    let proof = |of: &Value, by: &Identity, audience: &str, seconds: f64| {
        by.sign_old(
            &json!({ "aud": audience, "iss": of["id"], "nbf": now(), "exp": now() + seconds }),
        )
    };
    for (at, object) in [
        (path("applications", &app), &app),
        (of_principal, &principal),
    ] {
        let (add, remove) = (format!("{at}/addKey"), format!("{at}/removeKey"));
        let good = proof(object, &own, PROOF_AUDIENCE, 600.0);
        let body = |proof: &str| json!({ "keyCredential": other.credential(), "passwordCredential": null, "proof": proof });
        for bad in [
            "garbage".to_owned(),
            proof(object, &other, PROOF_AUDIENCE, 600.0),
            proof(object, &own, &d.url, 600.0),
            proof(object, &own, PROOF_AUDIENCE, 6_000.0),
            proof(object, &own, PROOF_AUDIENCE, -1.0),
            proof(&json!({ "id": NOBODY }), &own, PROOF_AUDIENCE, 600.0),
        ] {
            let answer = d.admin.post(&add, body(&bad)).await;
            answer.refused(401, "Authentication_MissingOrMalformed");
        }
        let mut private = body(&good);
        private["passwordCredential"] = json!({ "secretText": "x" });
        d.admin
            .post(&add, private)
            .await
            .refused(400, "Request_BadRequest");
        d.admin
            .post(&add, json!({}))
            .await
            .refused(400, "Request_BadRequest");

        let added = d.admin.post(&add, body(&good)).await.expect(200).json;
        assert!(
            added["@odata.context"]
                .as_str()
                .unwrap()
                .ends_with("#microsoft.graph.keyCredential")
        );
        assert_eq!(keys(&d.admin, &at).await.len(), 2);
        let gone = json!({ "keyId": added["keyId"], "proof": good });
        let by_new =
            json!({ "keyId": NOBODY, "proof": proof(object, &other, PROOF_AUDIENCE, 60.0) });
        d.admin
            .post(&remove, by_new)
            .await
            .refused(400, "Request_BadRequest");
        d.admin.post(&remove, gone.clone()).await.expect(204);
        d.admin
            .post(&remove, gone)
            .await
            .refused(400, "Request_BadRequest");
        assert_eq!(keys(&d.admin, &at).await.len(), 1);
        let stranger = d.client(&["Application.ReadWrite.OwnedBy"]).await;
        stranger
            .post(&add, body(&good))
            .await
            .refused(403, "Authorization_RequestDenied");
    }
    let nowhere = format!("/applications/{NOBODY}/addKey");
    let body = json!({ "keyCredential": other.credential(), "proof": proof(&app, &own, PROOF_AUDIENCE, 60.0) });
    d.admin
        .post(&nowhere, body)
        .await
        .refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn redirect_uris_differ_and_are_safe() {
    let d = Deployment::start().await;
    let uris = |web: Value, spa: Value, public: Value| {
        json!({
            "displayName": "App", "web": { "redirectUris": web }, "spa": { "redirectUris": spa },
            "publicClient": { "redirectUris": public },
        })
    };
    let good = uris(
        json!(["https://a.example/cb", "http://localhost:5000/cb"]),
        json!(["https://a.example/spa"]),
        json!([
            "msauth.app://auth",
            "urn:ietf:wg:oauth:2.0:oob",
            "http://localhost"
        ]),
    );
    d.admin.post("/applications", good).await.expect(201);
    let many: Vec<String> = (0..257).map(|n| format!("https://a.example/{n}")).collect();
    for bad in [
        uris(
            json!(["https://a.example/cb"]),
            json!(["https://a.example/cb"]),
            json!([]),
        ),
        uris(json!(["http://a.example/cb"]), json!([]), json!([])),
        uris(json!([]), json!(["custom://a"]), json!([])),
        uris(json!([]), json!([]), json!(["javascript:alert(1)"])),
        uris(json!(["https://a.example/#x"]), json!([]), json!([])),
        uris(
            json!([format!("https://a.example/{}", "x".repeat(256))]),
            json!([]),
            json!([]),
        ),
        uris(json!(many), json!([]), json!([])),
    ] {
        d.admin
            .post("/applications", bad)
            .await
            .refused(400, "Request_BadRequest");
    }
    let halves = (json!(many[..200]), json!(many[200..]));
    let more = json!(["https://b.example"]);
    let answer = d
        .admin
        .post("/applications", uris(halves.0, halves.1, more))
        .await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.message().contains("limits.redirect_uris"));
}
