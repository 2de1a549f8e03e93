//! What tokens say beyond the usual: optional claims of applications, and what a client asks for with a
//! request.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::common::deployment::Answer;
use crate::common::signing_in::{NAME, PASSWORD, World, between, claims};

const STEP_UP: &str =
    r#"{"access_token":{"acrs":{"essential":true,"value":"c1"},"xms_cc":{"values":["cp1"]}}}"#;

fn tokens(given: &Answer) -> (Value, Value) {
    let of = |name: &str| claims(given.json[name].as_str().unwrap());
    (of("id_token"), of("access_token"))
}

/// Ann's properties that claims are made of.
async fn describe(world: &World) {
    let path = format!("/users/{}", world.user);
    let profile = json!({
        "givenName": "Ann", "surname": "Lee", "country": "de", "preferredLanguage": "de-DE",
        "mail": NAME, "otherMails": ["ann@elsewhere.example"],
    });
    world.d.admin.patch(&path, profile).await.expect(204);
    let tenant = format!("/organization/{}", world.d.tenant);
    let body = json!({ "preferredLanguage": "en" });
    world.d.admin.patch(&tenant, body).await.expect(204);
}

#[tokio::test]
async fn an_id_token_says_what_its_client_asks_for() {
    let world = World::start().await;
    describe(&world).await;
    world.consent().await;
    let path = format!(
        "/applications/{}",
        world.application["id"].as_str().unwrap()
    );
    let asked = |names: &[&str]| {
        let claims: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "optionalClaims": { "idToken": claims } })
    };
    // A claim of the usual ones can't be bent by a name, and one that nobody knows is left out.
    let names = [
        "family_name",
        "given_name",
        "upn",
        "email",
        "ctry",
        "login_hint",
        "xms_pl",
        "xms_tpl",
        "verified_primary_email",
        "verified_secondary_email",
        "xms_edov",
        "sid",
        "tid",
        "scp",
        "pwd_exp",
        "anything",
    ];
    world.d.admin.patch(&path, asked(&names)).await.expect(204);
    let mut browser = world.browser();
    let end = browser.sign_in(&world.authorize(&[]), NAME).await;
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    let (id, access) = tokens(&given);
    for (name, value) in [
        ("family_name", json!("Lee")),
        ("given_name", json!("Ann")),
        ("upn", json!(NAME)),
        ("email", json!(NAME)),
        ("ctry", json!("DE")),
        ("login_hint", json!(NAME)),
        ("xms_pl", json!("de-DE")),
        ("xms_tpl", json!("en")),
        ("verified_primary_email", json!([NAME])),
        ("xms_edov", json!(true)),
        ("tid", json!(world.d.tenant)),
    ] {
        assert_eq!(id[name], value, "{name}");
    }
    for name in [
        "verified_secondary_email",
        "scp",
        "pwd_exp",
        "anything",
        "tenant_ctry",
    ] {
        assert_eq!(id[name], Value::Null, "{name}");
    }
    // An access token is the API's, which has asked for nothing.
    assert_eq!(access["upn"], Value::Null);

    // Without the scope the person's names aren't told, whatever the application would like.
    let ask = world.authorize(&[("scope", "openid User.Read"), ("prompt", "none")]);
    let end = browser.get(&ask).await;
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    let (id, _) = tokens(&given);
    for name in ["family_name", "given_name", "upn", "login_hint"] {
        assert_eq!(id[name], Value::Null, "{name}");
    }
    assert_eq!(id["ctry"], "DE");
}

#[tokio::test]
async fn an_access_token_says_what_its_api_asks_for() {
    let world = World::start().await;
    describe(&world).await;
    let scope = "9d4e2c0a-0000-4000-8000-000000000001";
    let names = ["upn", "email", "xms_cc", "iso_gen", "roles"];
    let asked: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    let api = json!({
        "displayName": "Payroll", "identifierUris": ["api://payroll"],
        "api": { "oauth2PermissionScopes": [{
            "id": scope, "value": "pay.read", "type": "User", "isEnabled": true,
        }], "preAuthorizedApplications": [
            { "appId": world.client_id, "delegatedPermissionIds": [scope] }
        ]},
        "optionalClaims": { "accessToken": asked },
    });
    world.d.admin.application(api).await;
    let mut browser = world.browser();
    let ask = world.authorize(&[
        ("scope", "openid profile api://payroll/pay.read"),
        (
            "claims",
            r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#,
        ),
    ]);
    let page = browser.sign_in(&ask, NAME).await;
    let end = if page.status == 200 {
        browser.allow(&page).await
    } else {
        page
    };
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    let (id, access) = tokens(&given);
    assert_eq!(access["upn"], NAME);
    assert_eq!(access["email"], NAME);
    assert_eq!(access["xms_cc"], json!(["cp1"]));
    assert_eq!(access["iso_gen"], 0, "{access}");
    assert_eq!(access["roles"], Value::Null);
    assert_eq!(id["upn"], Value::Null);
}

#[tokio::test]
async fn a_client_has_a_person_show_another_factor() {
    let world = World::start().await;
    world.consent().await;
    let mut browser = world.browser();
    let end = browser.sign_in(&world.authorize(&[]), NAME).await;
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    let refresh = given.json["refresh_token"].as_str().unwrap().to_owned();

    // Silently there is no way: by the browser, and by what the client has.
    let silent = world.authorize(&[("claims", STEP_UP), ("prompt", "none")]);
    let refused = browser.get(&silent).await;
    assert_eq!(refused.answer("error"), "interaction_required");
    assert!(
        refused
            .answer("error_description")
            .starts_with("AADSTS50076")
    );
    let ask = |refresh: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", world.client_id.as_str()),
            ("refresh_token", refresh),
            ("claims", STEP_UP),
        ];
        crate::common::signing_in::form(&fields)
    };
    let refused = world.d.post_form(&world.d.tenant, ask(&refresh)).await;
    let refused = refused.expect(400);
    assert_eq!(refused.json["error_codes"], json!([50_076]));
    assert_eq!(refused.json["suberror"], "basic_action");
    // Nothing is lost by the try.
    let renewed = world.refresh(&refresh).await.expect(200);
    assert_eq!(claims(&renewed.token())["acrs"], Value::Null);

    let page = browser.get(&world.authorize(&[("claims", STEP_UP)])).await;
    let fields = [("step", "password"), ("password", PASSWORD)];
    let page = browser.answer(&page, &fields).await;
    let (.., end) = world.register_app(&mut browser, &page).await;
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    let (id, access) = tokens(&given);
    for token in [&id, &access] {
        assert_eq!(token["acrs"], json!(["c1"]), "{token}");
        assert!(token["amr"].as_array().unwrap().contains(&json!("mfa")));
    }
    assert_eq!(access["xms_cc"], json!(["cp1"]));
    // What was asked for is kept with what the client has.
    let refresh = given.json["refresh_token"].as_str().unwrap();
    let renewed = world.refresh(refresh).await.expect(200);
    let access = claims(&renewed.token());
    assert_eq!(
        (&access["acrs"], &access["xms_cc"]),
        (&json!(["c1"]), &json!(["cp1"]))
    );
    let end = browser.get(&silent).await;
    world.redeem(&end.answer("code"), &[]).await.expect(200);

    // A context that isn't essential asks for nothing, and is named if it is met.
    let ask = world.authorize(&[("acr_values", "c2 urn:other"), ("prompt", "none")]);
    let end = browser.get(&ask).await;
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    assert_eq!(tokens(&given).0["acrs"], json!(["c2"]));
    let malformed = browser.get(&world.authorize(&[("claims", "[]")])).await;
    assert_eq!(malformed.answer("error"), "invalid_request");
}

#[tokio::test]
async fn a_client_that_takes_challenges_is_told_that_its_token_was_revoked() {
    let world = World::start().await;
    world.consent().await;
    let capable = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
    let mut tokens = Vec::new();
    for claims in [capable, ""] {
        let ask = world.authorize(&[("claims", claims)]);
        let end = world.browser().sign_in(&ask, NAME).await;
        let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
        tokens.push(given.token());
    }
    world.clock.advance_seconds(1);
    let path = format!("/users/{}/revokeSignInSessions", world.user);
    world.d.admin.post(&path, json!({})).await.expect(200);
    // The second time from what is known of the token.
    for _ in 0..2 {
        let mut challenges = Vec::new();
        for token in &tokens {
            let answer = world.d.with_token(token.clone()).get("/me").await;
            challenges.push(answer.header("www-authenticate").to_owned());
            answer.refused(401, "InvalidAuthenticationToken");
        }
        let [challenge, plain] = &*challenges else {
            panic!("two tokens");
        };
        assert!(
            challenge.contains("error=\"insufficient_claims\""),
            "{challenge}"
        );
        let asked = between(challenge, "claims=\"", "\"");
        let asked = BASE64_STANDARD.decode(asked).unwrap();
        let asked: Value = serde_json::from_slice(&asked).unwrap();
        let nbf = &asked["access_token"]["nbf"];
        assert_eq!(nbf["essential"], true);
        let now = store::Clock::now(&*world.clock).seconds().to_string();
        assert_eq!(nbf["value"], now);
        assert!(!plain.contains("insufficient_claims"), "{plain}");
    }
    // So is one that isn't one of ours: not at all.
    let forged = tokens.first().unwrap().replacen('.', ".e", 1);
    let answer = world.d.with_token(forged).get("/me").await;
    assert!(!answer.header("www-authenticate").contains("claims="));
}
