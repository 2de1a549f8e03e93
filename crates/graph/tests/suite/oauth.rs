//! What clients of the token endpoint and of discovery read.

use crate::common::deployment::{Answer, DOMAIN, Deployment, NOBODY};
use serde_json::{Value, json};

/// An error as RFC 6749 and Entra's clients have it.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: u32, error: &str) {
    let body = &answer.json;
    assert_eq!(
        (answer.status, &body["error"], &body["error_codes"]),
        (status, &json!(error), &json!([code])),
        "{}",
        answer.text
    );
    let description = body["error_description"].as_str().unwrap();
    assert!(description.starts_with(&format!("AADSTS{code}: ")));
    assert_eq!(body["trace_id"], answer.header("request-id"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );
}

#[tokio::test]
async fn a_token_is_kept_by_nobody() {
    let d = Deployment::start().await;
    let given = d.token_of(&d.admin).await.expect(200);
    assert_eq!(given.header("cache-control"), "no-store");
    assert_eq!(given.header("pragma"), "no-cache");
    assert_eq!(given.json["token_type"], "Bearer");
    assert!(given.json["expires_in"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_tenant_goes_by_its_id_and_its_domains() {
    let d = Deployment::start().await;
    let of = |name: &str| format!("/{name}/v2.0/.well-known/openid-configuration");
    let by_id = d.get(&of(&d.tenant)).await.expect(200).json;
    assert_eq!(by_id["issuer"], format!("{}/{}/v2.0", d.url, d.tenant));
    for name in [DOMAIN, &DOMAIN.to_uppercase(), &d.tenant.to_uppercase()] {
        assert_eq!(d.get(&of(name)).await.expect(200).json, by_id, "{name}");
        let keys = d.get(&format!("/{name}/discovery/v2.0/keys")).await;
        assert_eq!(keys.expect(200).json["keys"].as_array().unwrap().len(), 1);
    }
    for name in ["common", "organizations"] {
        let any = d.get(&of(name)).await.expect(200).json;
        assert_eq!(any["issuer"], format!("{}/{{tenantid}}/v2.0", d.url));
        // The document's address of the keys holds a set, with none in it: keys are a tenant's
        // own. And an application is of one tenant.
        let keys = any["jwks_uri"].as_str().unwrap();
        let keys = d.get(keys.strip_prefix(&*d.url).unwrap()).await;
        assert_eq!(keys.expect(200).json, json!({ "keys": [] }));
        let token = d
            .post_form(name, "grant_type=client_credentials".into())
            .await;
        refused(&token, 400, 50059, "invalid_request");
    }
    for name in [NOBODY, "nobody.example", "consumers", "a%20b"] {
        refused(&d.get(&of(name)).await, 400, 90002, "invalid_request");
        let keys = d.get(&format!("/{name}/discovery/v2.0/keys")).await;
        refused(&keys, 400, 90002, "invalid_request");
    }
}

#[tokio::test]
async fn only_authorities_of_ours_are_confirmed() {
    let d = Deployment::start().await;
    let ask = |authority: &str| {
        let path = "/common/discovery/instance?api-version=1.1&authorization_endpoint";
        format!(
            "{path}={}",
            authority.replace(':', "%3A").replace('/', "%2F")
        )
    };
    let ours = format!("{}/{DOMAIN}/oauth2/v2.0/authorize", d.url);
    let known = d.get(&ask(&ours)).await.expect(200).json;
    assert_eq!(
        known["tenant_discovery_endpoint"],
        format!("{}/{DOMAIN}/v2.0/.well-known/openid-configuration", d.url)
    );
    let theirs = d
        .get(&ask(
            "https://elsewhere.example/common/oauth2/v2.0/authorize",
        ))
        .await;
    refused(&theirs, 400, 50049, "invalid_instance");
    let nothing = d.get("/common/discovery/instance").await;
    refused(&nothing, 400, 900_144, "invalid_request");
}

#[tokio::test]
async fn a_client_of_many_clouds_finds_the_addresses_of_this_one() {
    let d = Deployment::start().await;
    let path = "/metadata/endpoints?api-version=2022-09-01";
    let found = d.get(path).await.expect(200).json;
    assert_eq!(found["authentication"]["loginEndpoint"], d.url);
    assert_eq!(found["microsoftGraphResourceId"], d.url);
    for required in ["name", "resourceManager"] {
        assert_ne!(found[required].as_str().unwrap(), "");
    }
    // The scope that such a client makes of it.
    let scope = format!(
        "{}/.default",
        found["microsoftGraphResourceId"].as_str().unwrap()
    );
    let client = d.client(&["User.Read.All"]).await;
    let fields = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={scope}",
        client.client_id, client.client_secret
    );
    d.post_form(&d.tenant, fields).await.expect(200);
}

#[tokio::test]
async fn who_tried_basic_is_told_to_try_basic() {
    let d = Deployment::start().await;
    let path = format!("/{}/oauth2/v2.0/token", d.tenant);
    let fields = "grant_type=client_credentials&scope=https://graph.microsoft.com/.default";
    let call = |authorizations: Vec<Vec<u8>>| {
        let mut call = d
            .call("POST", &path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(fields);
        for authorization in authorizations {
            call = call.header("authorization", authorization);
        }
        async move { Answer::read(call.send().await.unwrap()).await }
    };
    let (id, secret) = (&d.admin.client_id, &d.admin.client_secret);
    // reqwest makes the header; its value is taken from there.
    let basic = |secret: &str| {
        let request = d
            .call("GET", "/")
            .basic_auth(id, Some(secret))
            .build()
            .unwrap();
        request.headers()["authorization"].as_bytes().to_vec()
    };
    call(vec![basic(secret)]).await.expect(200);
    for wrong in [basic("wrong"), b"Basic \xff".to_vec(), b"Basic x".to_vec()] {
        let answer = call(vec![wrong]).await;
        assert_eq!(
            (answer.status, &answer.json["error"]),
            (401, &json!("invalid_client"))
        );
        assert!(
            answer
                .header("www-authenticate")
                .starts_with("Basic realm=")
        );
    }
    let twice = call(vec![basic(secret), basic(secret)]).await;
    refused(&twice, 400, 90100, "invalid_request");

    // By the body nobody is asked for Basic; and no answer repeats a secret.
    let wrong = format!("{fields}&client_id={id}&client_secret=not-the-secret");
    let answer = d.post_form(&d.tenant, wrong).await;
    refused(&answer, 401, 7_000_215, "invalid_client");
    assert_eq!(answer.header("www-authenticate"), "");
    assert!(!answer.text.contains("not-the-secret"));
}

#[tokio::test]
async fn what_the_framework_refuses_is_said_in_oauths_form() {
    let d = Deployment::start().await;
    let path = format!("/{}/oauth2/v2.0/token", d.tenant);
    let got = d.get(&path).await;
    refused(&got, 405, 900_561, "invalid_request");
    assert!(got.header("allow").contains("POST"));
    assert!(
        got.text
            .contains("only accepts POST requests. Received a GET")
    );
    let posted = d.call("POST", "/devicelogin").send().await.unwrap();
    let posted = Answer::read(posted).await;
    assert_eq!(posted.status, 405);
    let words = "only accepts GET requests. Received a POST request";
    assert!(posted.text.contains(words), "{}", posted.text);
    let large = "a".repeat(2 * 1024 * 1024);
    refused(
        &d.post_form(&d.tenant, large).await,
        413,
        90015,
        "invalid_request",
    );
    let large = format!("grant_type={}", "a".repeat(64 * 1024));
    refused(
        &d.post_form(&d.tenant, large).await,
        400,
        90015,
        "invalid_request",
    );
    let query = d
        .get(&format!("/{}/discovery/v2.0/keys?a=%zz", d.tenant))
        .await;
    refused(&query, 400, 90013, "invalid_request");
    let json = d.call("POST", &path).json(&json!({ "grant_type": "x" }));
    let json = Answer::read(json.send().await.unwrap()).await;
    refused(&json, 400, 900_144, "invalid_request");
}

#[tokio::test]
async fn an_application_that_takes_graphs_name_gets_nothing_for_it() {
    let d = Deployment::start().await;
    let (application, _) = d
        .admin
        .application(json!({ "displayName": "Api", "identifierUris": ["api://payroll"] }))
        .await;
    let ask = |scope: String| {
        let (id, secret) = (&d.admin.client_id, &d.admin.client_secret);
        let fields = format!(
            "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}/.default"
        );
        d.post_form(&d.tenant, fields)
    };
    // A token for another API opens nothing here.
    for scope in ["api://payroll", application["appId"].as_str().unwrap()] {
        let mut other = d.admin.clone();
        other.token = ask(scope.to_owned()).await.expect(200).token();
        let claims = crate::common::signing_in::claims(&other.token);
        assert_eq!(claims["aud"], application["appId"], "{scope}");
        let answer = other.get("/applications").await;
        answer.refused(401, "InvalidAuthenticationToken");
    }
    let path = format!("/applications/{}", application["id"].as_str().unwrap());
    let own_name: Value = json!({ "identifierUris": [d.url, "https://graph.microsoft.com/"] });
    d.admin.patch(&path, own_name).await.expect(204);
    let unknown = ask("api://payroll".into()).await;
    refused(&unknown, 400, 500_011, "invalid_resource");
    // The names stay the Graph API's, with the client's own roles on it.
    for scope in [d.url.clone(), "https://graph.microsoft.com/".into()] {
        let mut same = d.admin.clone();
        same.token = ask(scope).await.expect(200).token();
        same.get("/applications").await.expect(200);
    }
}
