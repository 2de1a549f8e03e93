//! `/{tenant}/oauth2/v2.0/token`, discovery and keys; and what a token opens and doesn't.

use aws_lc_rs::{encoding::AsDer, encoding::Pkcs8V1Der, rsa};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::{Answer, Deployment, Options, Shared, Tenant, encode};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

/// One part of a token as JSON: 0 the header, 1 the claims.
fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn packed(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}

async fn ask(d: &Deployment, tenant: &str, fields: &[(&str, &str)]) -> Answer {
    d.anonymous()
        .form(&format!("/{tenant}/oauth2/v2.0/token"), fields)
        .await
}

/// The right request with one field changed, or left out (`None`).
async fn ask_with(d: &Deployment, tenant: &Tenant, field: &str, value: Option<&str>) -> Answer {
    let mut fields = Deployment::token_request(tenant);
    fields.retain(|(name, _)| *name != field);
    fields.extend(value.map(|value| (field, value)));
    ask(d, &tenant.id, &fields).await
}

/// An error of the token endpoint, as OAuth and MSAL's clients read it.
#[track_caller]
fn oauth_error(answer: &Answer, error: &str) {
    assert!(answer.status == 400 || answer.status == 401, "{answer:?}");
    assert_eq!(answer["error"], error, "{answer:?}");
    for name in [
        "error_description",
        "timestamp",
        "trace_id",
        "correlation_id",
    ] {
        assert!(answer[name].is_string(), "{name}: {answer:?}");
    }
    let codes = answer["error_codes"].as_array().unwrap();
    assert!(codes.iter().all(Value::is_u64) && !codes.is_empty());
    assert!(
        answer["error_description"]
            .as_str()
            .unwrap()
            .starts_with(&format!("AADSTS{}", codes[0])),
        "{answer:?}"
    );
    assert!(answer["access_token"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_and_keys() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let anonymous = d.anonymous();
    let by_id = anonymous
        .get(&format!(
            "/{}/v2.0/.well-known/openid-configuration",
            contoso.id
        ))
        .await
        .expect(200);
    let endpoint = |name: &str| by_id[name].as_str().unwrap().to_owned();
    assert_eq!(
        endpoint("token_endpoint"),
        format!("{}/{}/oauth2/v2.0/token", d.url(), contoso.id)
    );
    assert_eq!(
        endpoint("jwks_uri"),
        format!("{}/{}/discovery/v2.0/keys", d.url(), contoso.id)
    );
    assert!(endpoint("issuer").contains(&contoso.id));
    assert!(endpoint("authorization_endpoint").starts_with(d.url()));
    assert!(endpoint("device_authorization_endpoint").starts_with(d.url()));

    // The domain leads to the same document, spelled with the id.
    let by_domain = anonymous
        .get(&format!(
            "/{}/v2.0/.well-known/openid-configuration",
            contoso.domain
        ))
        .await
        .expect(200);
    assert_eq!(by_domain.json, by_id.json);

    let keys = anonymous.get(&endpoint("jwks_uri")).await.expect(200);
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1, "one key until it is rotated");
    for key in keys {
        assert_eq!(key["kty"], "RSA");
        assert_eq!(key["use"], "sig");
        assert!(key["kid"].is_string() && key["n"].is_string() && key["e"].is_string());
        for private in ["d", "p", "q", "dp", "dq", "qi"] {
            assert!(key[private].is_null(), "a private part is published");
        }
    }

    // No key is shared between tenants.
    let fabrikam = d.tenant("Fabrikam").await;
    let theirs = anonymous
        .get(&format!("/{}/discovery/v2.0/keys", fabrikam.id))
        .await
        .expect(200);
    assert_ne!(theirs["keys"][0]["n"], keys[0]["n"]);
    assert_ne!(theirs["keys"][0]["kid"], keys[0]["kid"]);

    for nobody in [e2e::NOBODY, "nobody.example", "..%2F..", "%00"] {
        anonymous
            .get(&format!("/{nobody}/v2.0/.well-known/openid-configuration"))
            .await
            .refused_somehow();
        anonymous
            .get(&format!("/{nobody}/discovery/v2.0/keys"))
            .await
            .refused_somehow();
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instance_discovery_accepts_the_authority() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let authority = format!("{}/{}/oauth2/v2.0/authorize", d.url(), contoso.id);
    let answer = d
        .anonymous()
        .get(&format!(
            "/common/discovery/instance?api-version=1.1&authorization_endpoint={}",
            encode(&authority)
        ))
        .await
        .expect(200);
    assert_eq!(
        answer["tenant_discovery_endpoint"],
        format!(
            "{}/{}/v2.0/.well-known/openid-configuration",
            d.url(),
            contoso.id
        )
    );
    let host = d.url().split_once("://").unwrap().1;
    let aliases: Vec<&Value> = answer["metadata"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|entry| entry["aliases"].as_array().unwrap())
        .collect();
    assert!(aliases.iter().any(|alias| **alias == host), "{answer:?}");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_credentials_give_a_token_of_the_tenant() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let own_scope = format!("{}/.default", d.url());
    for scope in ["https://graph.microsoft.com/.default", &own_scope] {
        let answer = ask_with(&d, &contoso, "scope", Some(scope))
            .await
            .expect(200);
        assert_eq!(answer["token_type"], "Bearer");
        assert!(answer["expires_in"].as_u64().unwrap() > 0);
        assert!(answer["ext_expires_in"].as_u64().unwrap() > 0);
        assert!(answer["refresh_token"].is_null(), "none for applications");
        let cache = answer.header("cache-control").unwrap_or_default();
        assert!(cache.contains("no-store"), "{answer:?}");

        let token = answer["access_token"].as_str().unwrap();
        let (header, claims) = (part(token, 0), part(token, 1));
        assert_eq!(header["alg"], "RS256");
        assert!(header["kid"].is_string());
        assert_eq!(claims["tid"], contoso.id);
        assert!(claims["iss"].as_str().unwrap().contains(&contoso.id));
        assert!(claims["oid"].is_string() && claims["aud"].is_string());
        assert!(claims["roles"].as_array().unwrap().len() > 1);
        assert!(
            claims["scp"].is_null(),
            "an application has roles, not scopes"
        );
        let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert!(life <= 24 * 3600);
        d.anonymous()
            .with_token(token)
            .get("/v1.0/users")
            .await
            .expect(200);
    }

    // By the domain instead of the id, and with what MSAL sends besides.
    let mut fields = Deployment::token_request(&contoso);
    fields.push(("client_info", "1"));
    let answer = d
        .anonymous()
        .with_header("x-client-sku", "MSAL.Python")
        .form(&format!("/{}/oauth2/v2.0/token", contoso.domain), &fields)
        .await
        .expect(200);
    assert_eq!(
        part(answer["access_token"].as_str().unwrap(), 1)["tid"],
        contoso.id
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_may_authenticate_by_http_basic() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let basic = |secret: &str| {
        let pair = format!("{}:{}", encode(&contoso.client_id), encode(secret));
        format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair))
    };
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let path = format!("/{}/oauth2/v2.0/token", contoso.id);
    let call = |secret: &str| {
        d.anonymous()
            .with_header("authorization", &basic(secret))
            .form(&path, &fields)
    };
    let answer = call(&contoso.client_secret).await.expect(200);
    assert!(answer["access_token"].is_string());

    let refused = call("wrong").await.expect(401);
    oauth_error(&refused, "invalid_client");
    assert!(
        refused.header("www-authenticate").is_some(),
        "RFC 6749 §5.2: the scheme that was used is asked for: {refused:?}"
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_token_requests() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;

    for secret in [Some("wrong"), Some(""), None] {
        let answer = ask_with(&d, &contoso, "client_secret", secret).await;
        if secret == Some("wrong") {
            assert_eq!(answer.status, 401, "{answer:?}");
            oauth_error(&answer, "invalid_client");
        } else {
            answer.refused_somehow();
        }
    }
    // Neither an application that doesn't exist, nor the one of another tenant.
    for client in [e2e::NOBODY, "not an id", &fabrikam.client_id] {
        let answer = ask_with(&d, &contoso, "client_id", Some(client)).await;
        assert!(
            ["invalid_client", "unauthorized_client"].contains(&answer["error"].as_str().unwrap()),
            "{answer:?}"
        );
        let error = answer["error"].as_str().unwrap().to_owned();
        oauth_error(&answer, &error);
    }
    let both_of_fabrikam = ask(&d, &contoso.id, &Deployment::token_request(&fabrikam)).await;
    both_of_fabrikam.refused_somehow();

    oauth_error(
        &ask_with(&d, &contoso, "grant_type", Some("magic")).await,
        "unsupported_grant_type",
    );
    oauth_error(
        &ask_with(&d, &contoso, "grant_type", None).await,
        "invalid_request",
    );
    // Client credentials take `.default` only, and of resources that exist.
    for scope in [
        "https://elsewhere.example/.default",
        "https://graph.microsoft.com/User.Read.All",
    ] {
        let answer = ask_with(&d, &contoso, "scope", Some(scope)).await;
        let error = answer["error"].as_str().unwrap().to_owned();
        oauth_error(&answer, &error);
    }

    for nobody in [e2e::NOBODY, "nobody.example", "common", "organizations"] {
        ask(&d, nobody, &Deployment::token_request(&contoso))
            .await
            .refused_somehow();
    }
    // A request that isn't a form, and the wrong method.
    let path = format!("/{}/oauth2/v2.0/token", contoso.id);
    d.anonymous()
        .post(&path, json!({ "grant_type": "client_credentials" }))
        .await
        .refused_somehow();
    d.anonymous().get(&path).await.refused_somehow();
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_appears_in_no_error() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let answer = ask_with(&d, &contoso, "client_id", Some(e2e::NOBODY)).await;
    assert!(!answer.text.contains(&contoso.client_secret));
    let log = std::fs::read_to_string(d.log()).unwrap();
    assert!(!log.contains(&contoso.client_secret), "a secret in the log");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tampered_tokens_open_nothing() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let token = contoso.token();
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("not a token")
    };
    let with = |name: &str, value: Value| {
        let mut claims = part(token, 1);
        claims[name] = value;
        format!("{header}.{}.{signature}", packed(&claims))
    };
    let mut none = part(token, 0);
    none["alg"] = json!("none");
    let mut other_key = part(token, 0);
    other_key["kid"] = part(fabrikam.token(), 0)["kid"].clone();
    let mut jku = part(token, 0);
    jku["jku"] = json!("http://127.0.0.1:1/keys");

    let mut forged = vec![
        with("tid", json!(fabrikam.id)),
        with("exp", json!(4_000_000_000_u64)),
        with("roles", json!(["Directory.ReadWrite.All"])),
        with("aud", json!("https://elsewhere.example")),
        with("iss", json!("https://elsewhere.example")),
        format!("{}.{claims}.", packed(&none)),
        format!("{}.{claims}.{signature}", packed(&none)),
        format!("{}.{claims}.{signature}", packed(&other_key)),
        format!("{}.{claims}.{signature}", packed(&jku)),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{}", &signature[..signature.len() - 4]),
        format!("{header}.{claims}.{signature}.x"),
        // The claims of one tenant under the signature of another.
        {
            let theirs: Vec<&str> = fabrikam.token().split('.').collect();
            format!("{}.{claims}.{}", theirs[0], theirs[2])
        },
        "x".to_owned(),
        "..".to_owned(),
        "é.é.é".replace('é', "%"),
        "a".repeat(8000),
    ];
    // Signed in order, by keys that nobody gave the tenant; and by the public key taken as a secret.
    let key = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let mut genuine = Header::new(Algorithm::RS256);
    genuine.kid = part(token, 0)["kid"].as_str().map(str::to_owned);
    forged.push(
        jsonwebtoken::encode(
            &genuine,
            &part(token, 1),
            &EncodingKey::from_rsa_der(&pkcs1(der.as_ref())),
        )
        .unwrap(),
    );
    let keys = d
        .anonymous()
        .get(&format!("/{}/discovery/v2.0/keys", contoso.id))
        .await
        .expect(200);
    let modulus = keys["keys"][0]["n"].as_str().unwrap();
    for secret in [
        modulus.as_bytes().to_vec(),
        BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap(),
    ] {
        let mut confused = Header::new(Algorithm::HS256);
        confused.kid.clone_from(&genuine.kid);
        forged.push(
            jsonwebtoken::encode(
                &confused,
                &part(token, 1),
                &EncodingKey::from_secret(&secret),
            )
            .unwrap(),
        );
    }

    for forged in forged {
        d.anonymous()
            .with_token(&forged)
            .get("/v1.0/users")
            .await
            .refused(401, "InvalidAuthenticationToken");
    }
    // No token, an empty one, and other schemes.
    let anonymous = d.anonymous();
    anonymous
        .get("/v1.0/users")
        .await
        .refused(401, "InvalidAuthenticationToken");
    for scheme in ["Bearer", "Bearer ", "Basic eDp4", "Negotiate x", token] {
        anonymous
            .get("/v1.0/users")
            .header("authorization", scheme)
            .await
            .refused(401, "InvalidAuthenticationToken");
    }
    d.finish().await;
}

/// The RSA key inside a PKCS #8 wrapping: the content of its last octet string.
fn pkcs1(pkcs8: &[u8]) -> Vec<u8> {
    // version (3 bytes) and algorithm (15 bytes) follow the outer header (4 bytes); then comes an
    // octet string with a two-byte length.
    let octets = &pkcs8[4 + 3 + 15..];
    assert_eq!(octets[..2], [0x04, 0x82]);
    octets[4..].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_another_audience_is_not_for_graph() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let scope = format!("api://{}/.default", contoso.client_id);
    let answer = ask_with(&d, &contoso, "scope", Some(&scope)).await;
    // Whether such a token can be had is open; that it opens nothing here isn't.
    if let Some(token) = answer["access_token"].as_str() {
        d.anonymous()
            .with_token(token)
            .get("/v1.0/users")
            .await
            .refused(401, "InvalidAuthenticationToken");
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_one_tenant_never_reads_another() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let secret = fabrikam
        .user_with("mallory", json!({ "displayName": "Mallory Unseen" }))
        .await;
    let id = secret["id"].as_str().unwrap();
    let upn = secret["userPrincipalName"].as_str().unwrap();

    // Somebody else's object is refused exactly as one that doesn't exist.
    let same = |theirs: &Answer, nobodys: &Answer, theirs_name: &str, nobodys_name: &str| {
        assert_eq!(theirs.status, nobodys.status);
        assert_eq!(theirs["error"]["code"], nobodys["error"]["code"]);
        assert_eq!(
            theirs.message().replace(theirs_name, "*"),
            nobodys.message().replace(nobodys_name, "*")
        );
    };
    for (theirs, nobodys) in [
        (id.to_owned(), e2e::NOBODY.to_owned()),
        (upn.to_owned(), format!("nobody@{}", fabrikam.domain)),
    ] {
        for method in ["GET", "DELETE"] {
            let a = contoso
                .call(method, &format!("/v1.0/users/{theirs}"))
                .await
                .refused(404, "Request_ResourceNotFound");
            let b = contoso
                .call(method, &format!("/v1.0/users/{nobodys}"))
                .await
                .refused(404, "Request_ResourceNotFound");
            same(&a, &b, &theirs, &nobodys);
        }
        let body = json!({ "displayName": "Taken over" });
        let a = contoso
            .patch(&format!("/v1.0/users/{theirs}"), body.clone())
            .await;
        let b = contoso.patch(&format!("/v1.0/users/{nobodys}"), body).await;
        same(&a, &b, &theirs, &nobodys);
    }
    let list = contoso.get("/v1.0/users?$top=999").await.expect(200);
    assert!(!list.text.contains("Unseen") && !list.text.contains(id));
    let unchanged = fabrikam.get(&format!("/v1.0/users/{id}")).await.expect(200);
    assert_eq!(unchanged["displayName"], "Mallory Unseen");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_refused_before_anything_happens() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let id = contoso.user("ann").await;
    let reader = d.app(&contoso, &["User.Read.All"]).await;
    reader.get(&format!("/v1.0/users/{id}")).await.expect(200);
    for call in [
        reader.patch(&format!("/v1.0/users/{id}"), json!({ "jobTitle": "x" })),
        reader.delete(&format!("/v1.0/users/{id}")),
        reader.post("/v1.0/users", json!({})),
        reader.get(e2e::ORGANIZATION),
        reader.get(e2e::POLICY),
        reader.get("/v1.0/auditLogs/provisioning"),
    ] {
        call.await.refused(403, "Authorization_RequestDenied");
    }
    let powerless = d.app(&contoso, &[]).await;
    powerless
        .get("/v1.0/users")
        .await
        .refused(403, "Authorization_RequestDenied");
    contoso.get(&format!("/v1.0/users/{id}")).await.expect(200);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_stays_until_its_tokens_have_expired() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    d.cli(&["keys", "rotate", "--tenant", &contoso.id]).ok();
    let keys = d
        .anonymous()
        .get(&format!("/{}/discovery/v2.0/keys", contoso.id))
        .await
        .expect(200);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    contoso.get("/v1.0/users").await.expect(200);
    let fresh = d
        .caller(&contoso.id, &contoso.client_id, &contoso.client_secret)
        .await;
    assert_ne!(
        part(fresh.token(), 0)["kid"],
        part(contoso.token(), 0)["kid"]
    );
    fresh.get("/v1.0/users").await.expect(200);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_opens_nothing() {
    let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|machine| format!("/usr/lib/{machine}/faketime/libfaketime.so.1"))
        .into_iter()
        .find(|path| std::path::Path::new(path).exists());
    let Some(library) = library else {
        eprintln!("not tested: libfaketime isn't installed (scripts/setup.sh does it)");
        return;
    };
    // A server of two days ago gives a token …
    let d = Deployment::start_with(
        Options::default()
            .with_env("LD_PRELOAD", &library)
            .with_env("FAKETIME", "-2d"),
    );
    let contoso = d.tenant("Contoso").await;
    contoso.get("/v1.0/users").await.expect(200);
    // … to which the server of today says no.
    d.set_options(Options::default());
    d.restart();
    contoso
        .get("/v1.0/users")
        .await
        .refused(401, "InvalidAuthenticationToken");
    let fresh = d
        .caller(&contoso.id, &contoso.client_id, &contoso.client_secret)
        .await;
    fresh.get("/v1.0/users").await.expect(200);
    d.finish().await;
}
