//! The authorization code with PKCE, from the client's request to its tokens.

use serde_json::json;

use crate::common::deployment::Answer;
use crate::common::signing_in::{
    Browser, CHALLENGE, NAME, NATIVE, PASSWORD, SPA, VERIFIER, WEB, World, claims, encode,
};

#[track_caller]
fn refused(answer: &Answer, code: u32, error: &str) {
    let body = &answer.json;
    assert_eq!(
        (&body["error_codes"], &body["error"]),
        (&json!([code]), &json!(error)),
        "{}",
        answer.text
    );
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_native_client_signs_somebody_in() {
    let world = World::start().await;
    let mut browser = world.browser();

    let page = browser.get(&world.authorize(&[])).await;
    page.is_page(200, "Wiki");
    let page = browser
        .answer(&page, &[("step", "name"), ("name", NAME)])
        .await;
    page.is_page(200, "autocomplete=\"current-password\"");
    let page = browser
        .answer(&page, &[("step", "password"), ("password", "wrong")])
        .await;
    page.is_page(200, "The name or the password is wrong.");
    let page = browser
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await;
    page.is_page(200, "Sign you in and read your profile");
    page.is_page(200, "Made by contoso.example");
    let end = browser.allow(&page).await;
    assert_eq!(end.status, 303);
    assert!(
        end.header("location")
            .starts_with("http://localhost:51234?code=")
    );
    assert_eq!(end.answer("state"), "s&t");
    let issuer = format!("{}/{}/v2.0", world.d.url, world.d.tenant);
    assert_eq!(end.answer("iss"), issuer);
    assert_eq!(end.header("referrer-policy"), "no-referrer");

    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    assert_eq!(given.header("cache-control"), "no-store");
    let tokens = &given.json;
    assert_eq!(tokens["token_type"], "Bearer");
    let access = claims(tokens["access_token"].as_str().unwrap());
    assert_eq!(
        (&access["oid"], &access["tid"], &access["idtyp"]),
        (&json!(world.user), &json!(world.d.tenant), &json!("user"))
    );
    let scopes = access["scp"].as_str().unwrap();
    assert!(scopes.split(' ').any(|it| it == "User.Read"), "{scopes}");
    let id = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(
        (
            &id["aud"],
            &id["iss"],
            &id["nonce"],
            &id["preferred_username"]
        ),
        (
            &json!(world.client_id),
            &json!(issuer),
            &json!("n-1"),
            &json!(NAME)
        )
    );
    assert!(tokens["client_info"].is_string());

    // Who has signed in and consented isn't asked again.
    let again = browser.get(&world.authorize(&[("prompt", "none")])).await;
    assert_eq!(again.status, 302);
    let again = world.redeem(&again.answer("code"), &[]).await.expect(200);
    let other = claims(again.json["id_token"].as_str().unwrap());
    assert_eq!(
        (&other["sub"], &other["sid"], &other["auth_time"]),
        (&id["sub"], &id["sid"], &id["auth_time"])
    );
}

#[tokio::test]
async fn a_code_is_good_once_and_a_second_use_takes_everything_back() {
    let world = World::start().await;
    let code = world.code().await;
    let given = world.redeem(&code, &[]).await.expect(200);
    let refresh = given.json["refresh_token"].as_str().unwrap().to_owned();
    let who = async || {
        let call = world.d.call("GET", "/oidc/userinfo");
        let call = call.bearer_auth(given.token()).send().await.unwrap();
        call.status().as_u16()
    };
    assert_eq!(who().await, 200);
    refused(&world.redeem(&code, &[]).await, 54_005, "invalid_grant");
    assert_eq!(who().await, 401);
    refused(&world.refresh(&refresh).await, 50_173, "invalid_grant");
    // It stands in the log, for somebody to look at.
    let log = world
        .d
        .admin
        .get("/auditLogs/directoryAudits")
        .await
        .expect(200);
    assert!(
        log.text
            .contains("an authorization code was redeemed again")
    );
}

#[tokio::test]
async fn a_code_is_its_clients_and_its_askers_alone() {
    let world = World::start().await;
    let (other, _) = world
        .d
        .admin
        .application(
            json!({ "displayName": "Other", "publicClient": { "redirectUris": [NATIVE] } }),
        )
        .await;
    let code = world.code().await;
    let other = other["appId"].as_str().unwrap();
    for (changes, number, error) in [
        (&[("client_id", other)][..], 70_000, "invalid_grant"),
        // An attacker who has put a code into his own request has another verifier (RFC 9700 §4.5).
        (&[("code_verifier", CHALLENGE)], 501_481, "invalid_grant"),
        (&[("code_verifier", "")], 900_144, "invalid_request"),
        (
            &[("redirect_uri", "http://localhost:51235")],
            500_112,
            "invalid_grant",
        ),
        (&[("redirect_uri", "")], 500_112, "invalid_grant"),
        (&[("code", &code[1..])], 70_000, "invalid_grant"),
        (
            &[("client_secret", &world.secret)],
            700_025,
            "invalid_client",
        ),
        (&[("scope", "User.ReadWrite")], 70_011, "invalid_scope"),
    ] {
        refused(&world.redeem(&code, changes).await, number, error);
    }
    // None of that has used it up.
    world
        .redeem(&code, &[("scope", "User.Read openid")])
        .await
        .expect(200);

    let late = world.code().await;
    world.clock.advance_seconds(601);
    refused(&world.redeem(&late, &[]).await, 70_008, "invalid_grant");
}

#[tokio::test]
async fn a_challenge_can_neither_be_left_out_nor_taken_out() {
    let world = World::start().await;
    world.consent().await;
    let mut browser = world.browser();
    browser.sign_in(&world.authorize(&[]), NAME).await;
    for (changes, number) in [
        (
            &[("code_challenge", ""), ("code_challenge_method", "")][..],
            9_002_325,
        ),
        (&[("code_challenge_method", "plain")], 90_023),
        (&[("code_challenge_method", "")], 90_023),
        (&[("code_challenge", "short")], 501_491),
    ] {
        let end = browser.get(&world.authorize(changes)).await;
        let said = end.answer("error_description");
        assert!(said.starts_with(&format!("AADSTS{number}:")), "{said}");
        assert_eq!(end.find_answer("code"), None);
    }
    // A server may do without; but then a verifier means that somebody has taken the challenge out.
    let bare = [
        ("redirect_uri", WEB),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
    ];
    let secret = world.secret.clone();
    let web = [("redirect_uri", WEB), ("client_secret", secret.as_str())];
    let code = browser.get(&world.authorize(&bare)).await.answer("code");
    refused(&world.redeem(&code, &web).await, 501_481, "invalid_grant");
    let without = [web[0], web[1], ("code_verifier", "")];
    world.redeem(&code, &without).await.expect(200);
}

#[tokio::test]
async fn a_server_has_to_prove_who_it_is() {
    let world = World::start().await;
    world.consent().await;
    let mut browser = world.browser();
    let ask = world.authorize(&[("redirect_uri", WEB)]);
    let code = browser.sign_in(&ask, NAME).await.answer("code");
    let web = ("redirect_uri", WEB);
    refused(
        &world.redeem(&code, &[web]).await,
        7_000_218,
        "invalid_client",
    );
    let wrong = world
        .redeem(&code, &[web, ("client_secret", "wrong")])
        .await;
    refused(&wrong, 7_000_215, "invalid_client");
    assert_eq!(wrong.status, 401);
    let given = world
        .redeem(&code, &[web, ("client_secret", &world.secret)])
        .await
        .expect(200);
    let access = claims(&given.token());
    assert_eq!(access["azpacr"], "1");
    let refresh = given.json["refresh_token"].as_str().unwrap();
    refused(&world.refresh(refresh).await, 7_000_218, "invalid_client");
}

#[tokio::test]
async fn a_script_has_to_come_from_its_own_site() {
    let world = World::start().await;
    world.consent().await;
    let mut browser = world.browser();
    let ask = world.authorize(&[("redirect_uri", SPA)]);
    browser.sign_in(&ask, NAME).await;
    let path = world.path("/oauth2/v2.0/token");
    let mut redeem = async |origin: Option<&str>| {
        let code = browser.get(&ask).await.answer("code");
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", &world.client_id),
            ("code", &code),
            ("redirect_uri", SPA),
            ("code_verifier", VERIFIER),
        ];
        let mut call = world
            .d
            .call("POST", &path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(crate::common::signing_in::form(&fields));
        if let Some(origin) = origin {
            call = call.header("origin", origin);
        }
        Answer::read(call.send().await.unwrap()).await
    };
    refused(&redeem(None).await, 9_002_327, "invalid_request");
    let evil = redeem(Some("https://evil.example")).await;
    refused(&evil, 9_002_327, "invalid_request");
    assert_eq!(evil.header("access-control-allow-origin"), "");
    let own = redeem(Some("https://spa.example")).await.expect(200);
    assert_eq!(
        own.header("access-control-allow-origin"),
        "https://spa.example"
    );
    assert_eq!(own.header("vary"), "Origin");
    // A browser asks first.
    let asked = world.d.call("OPTIONS", &path).send().await.unwrap();
    let asked = Answer::read(asked).await;
    assert_eq!(asked.header("access-control-allow-origin"), "*");
    assert!(
        asked
            .header("access-control-allow-methods")
            .contains("POST")
    );
    // Whatever headers its library sends, as long as they are names.
    let ask = async |headers: &str| {
        let call = world.d.call("OPTIONS", &path);
        let call = call.header("access-control-request-headers", headers);
        let asked = Answer::read(call.send().await.unwrap()).await;
        asked.header("access-control-allow-headers").to_owned()
    };
    let headers = "x-anchormailbox, x-client-sku";
    assert_eq!(ask(headers).await, headers);
    for nonsense in ["", "*", "a,,b", "a:b", &"a,".repeat(600)] {
        assert!(
            ask(nonsense).await.starts_with("authorization,"),
            "{nonsense}"
        );
    }
    // What isn't a script's isn't for scripts.
    let native = world.code().await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", world.client_id.as_str()),
        ("code", &native),
        ("redirect_uri", "http://localhost:51234"),
        ("code_verifier", VERIFIER),
    ];
    let call = world
        .d
        .call("POST", &path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "https://spa.example")
        .body(crate::common::signing_in::form(&fields));
    let crossed = Answer::read(call.send().await.unwrap()).await;
    refused(&crossed, 9_002_326, "invalid_request");
}

#[tokio::test]
async fn an_answer_goes_where_the_client_has_registered_and_nowhere_else() {
    let world = World::start().await;
    let mut browser = world.browser();
    for elsewhere in [
        "https://evil.example/cb",
        "https://app.example/cb/",
        "https://app.example/cb?next=https://evil.example",
        "https://app.example/cb%2f..",
        "https://app.example.evil.example/cb",
        "https://app.example@evil.example/cb",
        "http://localhost:51234@evil.example",
        "http://app.example/cb",
        "javascript:alert(1)",
        "//evil.example",
    ] {
        let ask = world.authorize(&[("redirect_uri", elsewhere)]);
        let page = browser.get(&ask).await;
        page.is_page(400, "AADSTS50011");
        assert_eq!(page.header("location"), "");
        assert!(!page.text.contains("href=\"http"), "{}", page.text);
    }
    let nobody = world.authorize(&[("client_id", crate::common::deployment::NOBODY)]);
    browser.get(&nobody).await.is_page(400, "AADSTS700016");
    let nameless = world.authorize(&[("client_id", "x\"><script>")]);
    let page = browser.get(&nameless).await;
    page.is_page(400, "AADSTS700016");
    assert!(!page.text.contains("<script>"));
    for missing in ["client_id", "redirect_uri"] {
        let page = browser.get(&world.authorize(&[(missing, "")])).await;
        page.is_page(400, "AADSTS900144");
    }
    let twice = format!("{}&client_id={}", world.authorize(&[]), world.client_id);
    browser.get(&twice).await.is_page(400, "AADSTS9000411");
}

#[tokio::test]
async fn what_is_wrong_is_told_to_the_client_with_its_state() {
    let world = World::start().await;
    let mut browser = world.browser();
    for (changes, error) in [
        (
            &[("response_type", "token")][..],
            "unsupported_response_type",
        ),
        (
            &[("response_type", "id_token")],
            "unsupported_response_type",
        ),
        (&[("response_type", "")], "invalid_request"),
        (&[("response_mode", "web_message")], "invalid_request"),
        (&[("scope", "")], "invalid_request"),
        (&[("scope", "Nonsense.Read")], "invalid_scope"),
        (&[("scope", "User.Read api://other/x")], "invalid_scope"),
        (&[("scope", "api://other/x")], "invalid_target"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "nonsense")], "invalid_request"),
        (&[("prompt", "none")], "login_required"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("request", "x.y.z")], "request_not_supported"),
        (
            &[("request_uri", "https://x.example")],
            "request_uri_not_supported",
        ),
        (&[("registration", "{}")], "registration_not_supported"),
        (&[("claims", "x")], "invalid_request"),
    ] {
        let end = browser.get(&world.authorize(changes)).await;
        assert_eq!(end.answer("error"), error, "{changes:?}");
        assert_eq!(end.answer("state"), "s&t");
        assert!(end.answer("iss").starts_with(&world.d.url));
        assert_eq!(end.find_answer("code"), None);
    }
}

#[tokio::test]
async fn an_answer_comes_in_the_mode_that_was_asked_for() {
    let world = World::start().await;
    world.consent().await;
    let mut browser = world.browser();
    browser.sign_in(&world.authorize(&[]), NAME).await;
    let fragment = browser
        .get(&world.authorize(&[("response_mode", "fragment")]))
        .await;
    assert!(
        fragment
            .header("location")
            .starts_with("http://localhost:51234#code=")
    );
    let own = world.authorize(&[("redirect_uri", "wiki://auth")]);
    let own = browser.get(&own).await;
    assert!(own.header("location").starts_with("wiki://auth?code="));
    let posted = browser
        .get(&world.authorize(&[("response_mode", "form_post"), ("state", "\"><script>")]))
        .await;
    posted.is_page(200, "method=\"post\"");
    assert_eq!(posted.attribute("action"), "http://localhost:51234");
    assert_eq!(posted.field("state"), "\"><script>");
    let policy = posted.header("content-security-policy");
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    world.redeem(&posted.field("code"), &[]).await.expect(200);
    // A client may send its request in a form, from its own site.
    let ask = world.authorize(&[]);
    let (path, _) = ask.split_once('?').unwrap();
    let mut stranger = Browser::new(&world.d.url);
    let call: Vec<(&str, &str)> = vec![("client_id", &world.client_id), ("state", "a b")];
    let moved = stranger.post(path, &call).await;
    assert_eq!(moved.status, 303);
    assert!(
        moved.header("location").ends_with("&state=a%20b"),
        "{}",
        moved.header("location")
    );
}

#[tokio::test]
async fn an_id_token_comes_through_the_browser_only_where_that_is_switched_on() {
    let world = World::start().await;
    world.consent().await;
    let id = world.application["id"].as_str().unwrap();
    let on = json!({ "web": { "redirectUris": [WEB],
        "implicitGrantSettings": { "enableIdTokenIssuance": true } } });
    world
        .d
        .admin
        .patch(&format!("/applications/{id}"), on)
        .await
        .expect(204);
    let mut browser = world.browser();
    browser.sign_in(&world.authorize(&[]), NAME).await;
    let hybrid = [("redirect_uri", WEB), ("response_type", "code id_token")];
    let end = browser.get(&world.authorize(&hybrid)).await;
    assert!(end.header("location").starts_with(&format!("{WEB}#code=")));
    let claims = claims(&end.answer("id_token"));
    assert_eq!(claims["nonce"], "n-1");
    assert!(claims["c_hash"].is_string(), "{claims}");
    for (change, error) in [
        (("response_mode", "query"), "invalid_request"),
        (("nonce", ""), "invalid_request"),
        (("scope", "User.Read"), "invalid_scope"),
        (("response_type", "code token"), "unsupported_response_type"),
    ] {
        let end = browser
            .get(&world.authorize(&[hybrid[0], hybrid[1], change]))
            .await;
        assert_eq!(end.answer("error"), error, "{change:?}");
        assert!(end.header("location").starts_with(&format!("{WEB}#error=")));
    }
}

#[tokio::test]
async fn under_organizations_the_tenant_is_that_of_the_names_domain() {
    let world = World::start().await;
    let mut browser = world.browser();
    let ask = world.authorize(&[]);
    let (_, query) = ask.split_once('?').unwrap();
    for authority in ["organizations", "common"] {
        let any = format!("/{authority}/oauth2/v2.0/authorize?{query}");
        let page = browser.get(&any).await;
        page.is_page(200, "name=\"login_hint\"");
        assert_eq!(page.field("state"), "s&t");
        let unknown = browser
            .get(&format!("{any}&login_hint=x%40nobody.example"))
            .await;
        unknown.is_page(200, "No company or school here has the domain");
        let moved = browser
            .get(&format!("{any}&login_hint={}", encode(NAME)))
            .await;
        let home = world.path("/oauth2/v2.0/authorize?");
        assert!(moved.header("location").starts_with(&home));
        let there = moved.header("location").to_owned();
        let code = browser.sign_in(&there, NAME).await.answer("code");
        // The code says whose it is.
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", world.client_id.as_str()),
            ("code", &code),
            ("redirect_uri", "http://localhost:51234"),
            ("code_verifier", VERIFIER),
        ];
        let given = world
            .d
            .post_form(authority, crate::common::signing_in::form(&fields))
            .await
            .expect(200);
        let refresh = given.json["refresh_token"].as_str().unwrap();
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", world.client_id.as_str()),
            ("refresh_token", refresh),
        ];
        let form = crate::common::signing_in::form(&fields);
        world.d.post_form(authority, form).await.expect(200);
    }
}

#[tokio::test]
async fn under_organizations_the_accounts_of_all_tenants_are_there_to_choose_from() {
    let two = super::visits::Two::start().await;
    let world = &two.world;
    world.consent().await;
    let (_, query) = world
        .authorize(&[("prompt", "select_account")])
        .split_once('?')
        .map(|(path, query)| (path.to_owned(), query.to_owned()))
        .unwrap();
    let any = format!("/organizations/oauth2/v2.0/authorize?{query}");
    let silent = any.replace("prompt=select_account", "prompt=none");
    let mut browser = world.browser();
    let moved = browser.get(&silent).await;
    let nobody = browser.get(moved.header("location")).await;
    assert_eq!(nobody.answer("error"), "login_required");
    browser.sign_in(&world.authorize(&[]), NAME).await;
    let page = browser.get(&any).await;
    page.is_page(200, "Choose an account");
    page.is_page(200, NAME);
    // Nobody has to be asked who is the only one.
    let moved = browser.get(&silent).await;
    let end = browser.get(moved.header("location")).await;
    world.redeem(&end.answer("code"), &[]).await.expect(200);

    // Bob of Fabrikam visits Contoso: he is one account, at home.
    let mut browser = world.browser();
    let page = two.come(&mut browser).await;
    let fields = [("step", "redeem"), ("decision", "accept")];
    browser.answer(&page, &fields).await.answer("code");
    let page = browser.get(&world.authorize(&[("login_hint", NAME)])).await;
    let fields = [("step", "password"), ("password", PASSWORD)];
    browser.answer(&page, &fields).await.answer("code");
    let page = browser.get(&any).await;
    for name in [NAME, "bob@fabrikam.example"] {
        assert_eq!(page.text.matches(&format!("value=\"{name}\"")).count(), 1);
    }
    assert!(!page.text.contains("#EXT#"), "{}", page.text);
    let moved = browser.get(&silent).await;
    let which = browser.get(moved.header("location")).await;
    assert_eq!(which.answer("error"), "interaction_required");
    let chosen = format!(
        "{}&login_hint={}",
        any.replace("&prompt=select_account", ""),
        encode(NAME)
    );
    let moved = browser.get(&chosen).await;
    let end = browser.get(moved.header("location")).await;
    world.redeem(&end.answer("code"), &[]).await.expect(200);
}

#[tokio::test]
async fn another_tenants_code_is_worth_nothing() {
    let world = World::start().await;
    let (other, _) = world.d.other("Fabrikam", "fabrikam.example").await;
    let code = world.code().await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", world.client_id.as_str()),
        ("code", &code),
        ("redirect_uri", "http://localhost:51234"),
        ("code_verifier", VERIFIER),
    ];
    let form = crate::common::signing_in::form(&fields);
    let answer = world.d.post_form(&other, form).await;
    refused(&answer, 700_016, "unauthorized_client");
    // Nor is a cookie of one tenant anything in another.
    let mut browser = world.browser();
    browser.sign_in(&world.authorize(&[]), NAME).await;
    let session = browser
        .cookies
        .keys()
        .find(|name| name.contains("session"))
        .unwrap();
    let renamed = session.replace(&world.d.tenant.replace('-', ""), &other.replace('-', ""));
    let value = browser.cookies[session].clone();
    browser.cookies.insert(renamed, value);
    browser
        .get(&format!("/{other}/devicelogin"))
        .await
        .is_page(200, "id=\"name\"");
}
