//! What clients say of whom they mean, and what they are told where nobody may be asked.

use serde_json::json;

use crate::common::signing_in::{Browser, NAME, PASSWORD, Seen, World, claims};

const EVE: &str = "eve@contoso.example";

/// Signs in at a browser where others may be already; answers the ID token.
async fn sign_in(world: &World, browser: &mut Browser, name: &str) -> String {
    let ask = world.authorize(&[("login_hint", name)]);
    let page = browser.get(&ask).await;
    let fields = [("step", "password"), ("password", PASSWORD)];
    let code = browser.answer(&page, &fields).await.answer("code");
    let given = world.redeem(&code, &[]).await.expect(200);
    given.json["id_token"].as_str().unwrap().to_owned()
}

/// Whose code an answer has.
async fn whose(world: &World, end: &Seen) -> String {
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    let id = claims(given.json["id_token"].as_str().unwrap());
    id["preferred_username"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_or_a_session_selects_who_is_meant() {
    let world = World::start().await;
    world.person("eve").await;
    world.consent().await;
    let mut browser = world.browser();
    let ann = sign_in(&world, &mut browser, NAME).await;
    let eve = sign_in(&world, &mut browser, EVE).await;
    let sid = |token: &str| claims(token)["sid"].as_str().unwrap().to_owned();
    for (token, name) in [(&ann, NAME), (&eve, EVE)] {
        for hint in [("id_token_hint", &**token), ("sid", &*sid(token))] {
            let ask = world.authorize(&[("prompt", "none"), hint]);
            let end = browser.get(&ask).await;
            assert_eq!(whose(&world, &end).await, name, "{hint:?}");
        }
    }
    // Who isn't signed in there is asked for, or the client told so.
    let mut other = world.browser();
    sign_in(&world, &mut other, NAME).await;
    for hint in [
        ("id_token_hint", &*eve),
        ("sid", &*sid(&eve)),
        ("sid", "nothing"),
    ] {
        let ask = world.authorize(&[("prompt", "none"), hint]);
        assert_eq!(other.get(&ask).await.answer("error"), "login_required");
    }
    let ask = world.authorize(&[("id_token_hint", &eve)]);
    let page = other.get(&ask).await;
    page.is_page(200, EVE);
    // Whoever signs in instead isn't whom the client means.
    let name = [("step", "name"), ("name", NAME)];
    let end = other.answer(&page, &name).await;
    assert_eq!(end.answer("error"), "login_required");
    let page = other.get(&ask).await;
    let fields = [("step", "password"), ("password", PASSWORD)];
    let end = other.answer(&page, &fields).await;
    assert_eq!(whose(&world, &end).await, EVE);
}

#[tokio::test]
async fn what_is_no_token_of_the_client_is_refused() {
    let world = World::start().await;
    world.consent().await;
    let mut browser = world.browser();
    let ann = sign_in(&world, &mut browser, NAME).await;
    let forged = ann.replace('e', "f");
    for hint in ["garbage", &forged, &world.d.admin.token] {
        for prompt in ["none", ""] {
            let ask = world.authorize(&[("prompt", prompt), ("id_token_hint", hint)]);
            let end = browser.get(&ask).await;
            assert_eq!(end.answer("error"), "invalid_request", "{hint}");
            assert!(end.answer("error_description").starts_with("AADSTS50027"));
        }
    }
    let (other, principal) = world
        .d
        .admin
        .application(json!({
            "displayName": "Other", "publicClient": { "redirectUris": ["http://localhost"] },
        }))
        .await;
    assert!(principal["id"].is_string());
    let client = other["appId"].as_str().unwrap();
    let ask = world.authorize(&[("client_id", client), ("id_token_hint", &ann)]);
    assert_eq!(browser.get(&ask).await.answer("error"), "invalid_request");
}

/// What a request ends with, its way from tenant to tenant followed.
async fn end(browser: &mut Browser, ask: &str) -> Seen {
    let mut seen = browser.get(ask).await;
    for _ in 0..3 {
        let location = seen.header("location").to_owned();
        if !location.starts_with('/') {
            break;
        }
        seen = browser.get(&location).await;
    }
    seen
}

#[tokio::test]
async fn where_nobody_may_be_asked_no_page_is_shown() {
    let world = World::start().await;
    world.consent().await;
    let (home, admin) = world.d.other("Fabrikam", "fabrikam.example").await;
    let body = json!({
        "accountEnabled": true, "displayName": "Bob", "mailNickname": "bob",
        "userPrincipalName": "bob@fabrikam.example",
        "passwordProfile": { "password": PASSWORD, "forceChangePasswordNextSignIn": false },
    });
    admin.post("/users", body).await.expect(201);
    let under = |authority: &str, more: &[(&str, &str)]| {
        let mut changes = vec![("prompt", "none")];
        changes.extend(more);
        let ask = world.authorize(&changes);
        ask.replacen(&world.d.tenant, authority, 1)
    };
    let mut nobody = world.browser();
    let mut bobs = world.browser();
    let account = format!("/{home}/account");
    let page = bobs.get(&account).await;
    let name = [("step", "name"), ("name", "bob@fabrikam.example")];
    let page = bobs.answer(&page, &name).await;
    let fields = [("step", "password"), ("password", PASSWORD)];
    bobs.answer(&page, &fields).await;
    for authority in ["common", "organizations"] {
        for more in [
            vec![],
            vec![("login_hint", "x@nowhere.example")],
            vec![("login_hint", "bob@fabrikam.example")],
            vec![("login_hint", NAME)],
            vec![("domain_hint", "organizations")],
            vec![("domain_hint", "nowhere.example")],
        ] {
            let ask = under(authority, &more);
            for browser in [&mut nobody, &mut bobs] {
                let end = end(browser, &ask).await;
                assert_eq!(end.answer("error"), "login_required", "{more:?}");
                assert_eq!(end.answer("state"), "s&t");
            }
        }
        // What can't be told to a client is told to the person.
        let wrong = [("redirect_uri", "https://evil.example/")];
        let page = end(&mut nobody, &under(authority, &wrong)).await;
        page.is_page(400, "AADSTS50011");
        let client = crate::common::deployment::NOBODY;
        let page = end(&mut nobody, &under(authority, &[("client_id", client)])).await;
        page.is_page(400, "AADSTS50059");
    }
    let mut anns = world.browser();
    sign_in(&world, &mut anns, NAME).await;
    for more in [
        vec![],
        vec![("login_hint", NAME)],
        vec![("domain_hint", "organizations")],
    ] {
        end(&mut anns, &under("common", &more)).await.answer("code");
    }
    // Several of them, and no word which.
    world.person("eve").await;
    sign_in(&world, &mut anns, EVE).await;
    let several = end(&mut anns, &under("common", &[])).await;
    assert_eq!(several.answer("error"), "interaction_required");
    // Of several tenants, for a client that is in each.
    let centre = directory::first_party::ADMIN_CENTRE.app_id.to_string();
    let redirect = format!("{}/admin/signed-in", world.d.url);
    let ask = under(
        "common",
        &[
            ("client_id", &centre),
            ("redirect_uri", &redirect),
            ("scope", "openid"),
        ],
    );
    let page = anns.get(&account).await;
    let page = anns.answer(&page, &name).await;
    anns.answer(&page, &fields).await;
    let several = end(&mut anns, &ask).await;
    assert_eq!(several.answer("error"), "interaction_required");
    assert_eq!(
        end(&mut nobody, &ask).await.answer("error"),
        "login_required"
    );
}
