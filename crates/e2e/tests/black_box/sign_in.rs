//! People sign in with Microsoft's own libraries (`clients/*/sign[-_]in.*`) and with those of others
//! (`openid-client`, `oauth4webapi`, Authlib), and what they were given outlives the server exactly as
//! it was acknowledged.

use std::time::Duration;

use e2e::{Browser, Deployment, Options, Tenant, clients, eventually};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(5);

/// A person and a client with redirect URIs of each kind, and what a script has to know of them.
async fn told(d: &Deployment) -> Value {
    let tenant = d.tenant("Contoso").await;
    let certificate = clients::certificate();
    let body = json!({
        "displayName": "Wiki",
        "web": {
            "redirectUris": ["https://app.example/cb"],
            "implicitGrantSettings": { "enableIdTokenIssuance": true },
        },
        "spa": { "redirectUris": ["https://spa.example/cb"] },
        "publicClient": { "redirectUris": ["http://localhost", "http://localhost/cb"] },
        "keyCredentials": [{
            "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "client",
            "key": certificate["der"],
        }],
    });
    let application = tenant.post("/v1.0/applications", body).await.expect(201);
    let body = json!({ "appId": application["appId"] });
    tenant
        .post("/v1.0/servicePrincipals", body)
        .await
        .expect(201);
    let id = application["id"].as_str().unwrap();
    let secret = tenant
        .post(&format!("/v1.0/applications/{id}/addPassword"), json!({}))
        .await
        .expect(200);
    let profile = json!({
        "password": "Correct-horse-7-battery", "forceChangePasswordNextSignIn": false,
    });
    let user = tenant
        .user_with("ann", json!({ "passwordProfile": profile }))
        .await;
    json!({
        "url": d.url(), "tenant": tenant.id, "domain": tenant.domain,
        "user": user["userPrincipalName"], "password": profile["password"],
        "clientId": application["appId"], "clientSecret": secret["secretText"],
        "certificate": certificate, "adminToken": tenant.token(),
    })
}

/// Has a script of Python's do everything.
async fn python(script: &str) {
    let d = Deployment::start_with(Options::arguments(&["--tls-self-signed"]));
    let told = told(&d).await.to_string();
    let mut python = clients::python();
    python.arg(clients::source(script));
    // What `requests` asks with takes this before what it is told.
    python.env("REQUESTS_CA_BUNDLE", d.ca().unwrap());
    let ran = clients::run(&mut python, told, PATIENCE);
    assert!(ran.is_well && ran.text.contains("done"), "{}", ran.text);
    d.finish().await;
}

/// Has a script of Node's do everything.
async fn node(script: &str) {
    let d = Deployment::start_with(Options::arguments(&["--tls-self-signed"]));
    let told = told(&d).await.to_string();
    let mut node = clients::node(script);
    node.env("NODE_EXTRA_CA_CERTS", d.ca().unwrap());
    let ran = clients::run(&mut node, told, PATIENCE);
    assert!(ran.is_well && ran.text.contains("done"), "{}", ran.text);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msal_for_python_signs_people_in() {
    python("python/sign_in.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msal_for_node_signs_people_in() {
    node("javascript/sign-in.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_does_its_whole_flows() {
    node("javascript/openid-client.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth4webapi_does_its_whole_flows() {
    node("javascript/oauth4webapi.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_does_its_whole_flows() {
    python("python/authlib_flows.py").await;
}

/// RFC 7636 Appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn authorize(told: &Value, more: &str) -> String {
    format!(
        "/{}/oauth2/v2.0/authorize?client_id={}&response_type=code&redirect_uri=http%3A%2F%2Flocalhost\
         &scope=openid%20offline_access%20User.Read&code_challenge={CHALLENGE}\
         &code_challenge_method=S256{more}",
        told["tenant"].as_str().unwrap(),
        told["clientId"].as_str().unwrap(),
    )
}

/// What the token endpoint says to a grant: the refresh token, or the error; nothing if no answer
/// came.
async fn ask(
    d: &Deployment,
    told: &Value,
    grant: &[(&str, &str)],
) -> Option<Result<String, String>> {
    let mut fields = vec![
        ("client_id", told["clientId"].as_str().unwrap()),
        ("redirect_uri", "http://localhost"),
        ("code_verifier", VERIFIER),
    ];
    fields.extend(grant);
    let path = format!("/{}/oauth2/v2.0/token", told["tenant"].as_str().unwrap());
    let answer = d.anonymous().form(&path, &fields).attempt().await?;
    let text = |name: &str| answer.json[name].as_str().map(str::to_owned);
    match text("refresh_token") {
        Some(token) => Some(Ok(token)),
        None => Some(Err(text("error").unwrap())),
    }
}

async fn refresh(d: &Deployment, told: &Value, token: &str) -> Option<Result<String, String>> {
    let grant = [("grant_type", "refresh_token"), ("refresh_token", token)];
    ask(d, told, &grant).await
}

async fn redeem(d: &Deployment, told: &Value, code: &str) -> Option<Result<String, String>> {
    let grant = [("grant_type", "authorization_code"), ("code", code)];
    ask(d, told, &grant).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_outlives_the_server() {
    let d = Deployment::start();
    let told = told(&d).await;
    let (name, password) = (
        told["user"].as_str().unwrap(),
        told["password"].as_str().unwrap(),
    );
    let mut browser = Browser::new(d.url());
    let first = browser.sign_in(&authorize(&told, ""), name, password).await;
    let mut tokens = Vec::new();
    let first = redeem(&d, &told, &first.answer("code").unwrap())
        .await
        .unwrap();
    tokens.push(first.unwrap());
    let mut code = async || {
        let seen = browser.get(&authorize(&told, "&prompt=none")).await;
        seen.answer("code").unwrap()
    };
    for _ in 0..5 {
        let code = code().await;
        tokens.push(redeem(&d, &told, &code).await.unwrap().unwrap());
    }
    let (used, fresh) = (code().await, code().await);
    redeem(&d, &told, &used).await.unwrap().unwrap();
    // Some rest; others are in the middle of it when the server dies.
    let resting = tokens.split_off(3);
    let old = resting[0].clone();
    let moved = refresh(&d, &told, &resting[0]).await.unwrap().unwrap();
    let busy = until_the_end(&d, &told, tokens);
    let (last, ()) = tokio::join!(busy, async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        d.kill9();
    });
    d.start_server();

    for token in &resting[1..] {
        refresh(&d, &told, token).await.unwrap().unwrap();
    }
    for token in last {
        // The one that was under way was used or wasn't; nothing else has become of it.
        if let Err(error) = refresh(&d, &told, &token).await.unwrap() {
            assert_eq!(error, "invalid_grant");
        }
    }
    let moved = refresh(&d, &told, &moved).await.unwrap().unwrap();
    let refused = Some(Err("invalid_grant".to_owned()));
    assert_eq!(refresh(&d, &told, &old).await, refused);
    assert_eq!(refresh(&d, &told, &moved).await, refused);
    redeem(&d, &told, &fresh).await.unwrap().unwrap();
    assert_eq!(redeem(&d, &told, &used).await, refused);
    // And the browser is signed in still.
    let seen = browser.get(&authorize(&told, "&prompt=none")).await;
    assert!(seen.answer("code").is_some(), "{seen:?}");
    d.finish().await;
}

/// Refreshes each again and again until no answer comes; what was acknowledged last of each.
async fn until_the_end(d: &Deployment, told: &Value, tokens: Vec<String>) -> Vec<String> {
    let mut last = Vec::new();
    let mut running = tokio::task::JoinSet::new();
    for mut token in tokens {
        let (caller, told) = (d.anonymous(), told.clone());
        running.spawn(async move {
            loop {
                let path = format!("/{}/oauth2/v2.0/token", told["tenant"].as_str().unwrap());
                let fields = [
                    ("client_id", told["clientId"].as_str().unwrap()),
                    ("grant_type", "refresh_token"),
                    ("refresh_token", token.as_str()),
                ];
                let Some(answer) = caller.form(&path, &fields).attempt().await else {
                    return token;
                };
                answer.json["refresh_token"]
                    .as_str()
                    .unwrap_or_else(|| panic!("{}", answer.text))
                    .clone_into(&mut token);
            }
        });
    }
    while let Some(token) = running.join_next().await {
        last.push(token.unwrap());
    }
    last
}

/// Bob of another tenant, who visits with a browser; what the client is given.
async fn visit(d: &Deployment, told: &Value, home: &Tenant, name: &str) -> Value {
    let mut browser = Browser::new(d.url());
    let page = browser.get(&authorize(told, "")).await;
    let away = [("step", "name"), ("name", name)];
    let away = browser.fill(&page, &away).await;
    assert!(away.location.starts_with(&format!("/{}/b2b/", home.id)));
    let password = told["password"].as_str().unwrap();
    let back = browser.sign_in(&away.location, name, password).await;
    let page = browser.get(&back.location).await;
    let redeem = [("step", "redeem"), ("decision", "accept")];
    let page = browser.fill(&page, &redeem).await;
    let consent = [("step", "consent"), ("decision", "accept")];
    let code = browser.fill(&page, &consent).await.answer("code").unwrap();
    let path = format!("/{}/oauth2/v2.0/token", told["tenant"].as_str().unwrap());
    let fields = [
        ("client_id", told["clientId"].as_str().unwrap()),
        ("redirect_uri", "http://localhost"),
        ("code_verifier", VERIFIER),
        ("grant_type", "authorization_code"),
        ("code", &code),
    ];
    d.anonymous()
        .form(&path, &fields)
        .await
        .expect(200)
        .json
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_was_shut_as_the_server_died_is_shut_afterwards() {
    let d = Deployment::start();
    let told = told(&d).await;
    let home = d.tenant("Fabrikam").await;
    let profile = json!({
        "password": told["password"], "forceChangePasswordNextSignIn": false,
    });
    let bob = home.user_with("bob", json!({ "passwordProfile": profile }));
    let name = bob.await["userPrincipalName"].as_str().unwrap().to_owned();
    let contoso = d
        .anonymous()
        .with_token(told["adminToken"].as_str().unwrap());
    let body = json!({
        "invitedUserEmailAddress": name, "inviteRedirectUrl": "https://app.example",
    });
    contoso.post("/v1.0/invitations", body).await.expect(201);
    let given = visit(&d, &told, &home, &name).await;
    let bob = contoso.with_token(given["access_token"].as_str().unwrap());
    bob.get("/v1.0/me").await.expect(200);

    let shut = |target: &str, kind: &str| json!({ "accessType": "blocked", "targets": [{ "target": target, "targetType": kind }] });
    let rule = json!({ "tenantId": told["tenant"], "b2bCollaborationOutbound": {
        "usersAndGroups": shut("AllUsers", "user"),
        "applications": shut("AllApplications", "application"),
    }});
    let partners = "/v1.0/policies/crossTenantAccessPolicy/partners";
    home.post(partners, rule).await.expect(201);
    d.kill9();
    d.start_server();
    eventually("the visitor is turned out", async || {
        let answer = bob.get("/v1.0/me").await;
        (answer.status == 401).then_some(()).ok_or(answer.text)
    })
    .await;
    let refused = refresh(&d, &told, given["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refused, Some(Err("invalid_grant".to_owned())));
    d.finish().await;
}
