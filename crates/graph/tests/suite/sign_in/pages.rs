//! The pages: who is asked for what, and what a page lets nobody do.

use serde_json::json;

use crate::common::signing_in::{Browser, NAME, PASSWORD, WEB, World, claims};

/// The session's cookie.
fn session(browser: &Browser) -> String {
    let mut cookies = browser.cookies.iter();
    let (_, value) = cookies.find(|(name, _)| name.contains("session")).unwrap();
    value.clone()
}

#[tokio::test]
async fn a_page_can_be_framed_scripted_and_kept_by_nobody() {
    let world = World::start().await;
    let mut browser = world.browser();
    let page = browser.get(&world.authorize(&[])).await;
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "style-src 'sha256-",
        "form-action 'self'",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(!page.text.contains("<script"), "{}", page.text);
    let error = browser
        .get(&world.path("/oauth2/v2.0/authorize?a=%zz"))
        .await;
    error.is_page(400, "AADSTS90013");
    assert_eq!(error.header("x-frame-options"), "DENY");
}

#[tokio::test]
async fn a_tenant_puts_its_colour_logo_and_words_on_its_pages() {
    let world = World::start().await;
    let branding = format!("/organization/{}/branding", world.d.tenant);
    let patch = json!({
        "backgroundColor": "#0a7d4B",
        "signInPageText": "<b>Call</b> 555-0100",
        "usernameHintText": "you@contoso.example",
        "customTermsOfUseUrl": "https://contoso.example/terms",
    });
    world.d.admin.patch(&branding, patch).await.expect(204);
    let mut logo = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(120, 30)
        .write_to(&mut logo, image::ImageFormat::Png)
        .unwrap();
    let call = world.d.admin.call("PUT", &format!("{branding}/bannerLogo"));
    let set = call.header("content-type", "image/png");
    let set = set.body(logo.into_inner()).send().await.unwrap();
    assert_eq!(set.status(), 204);

    let page = world.browser().get(&world.authorize(&[])).await;
    let shown = [
        "<style>:root{--around:#0a7d4B}</style>".to_owned(),
        "&lt;b&gt;Call&lt;/b&gt; 555-0100".to_owned(),
        "placeholder=\"you@contoso.example\"".to_owned(),
        "<a href=\"https://contoso.example/terms\" rel=\"noreferrer\" target=\"_blank\">Terms of use</a>"
            .to_owned(),
        format!("<img src=\"/{}/branding/bannerLogo?v=", world.d.tenant),
        "alt=\"Contoso\"".to_owned(),
    ];
    for part in shown {
        assert!(page.text.contains(&part), "{part}: {}", page.text);
    }
    let policy = page.header("content-security-policy");
    // Its own style and the tenant's, by their hashes; images from here and nowhere else.
    let styles = policy
        .split(';')
        .find(|it| it.contains("style-src"))
        .unwrap();
    assert_eq!(styles.matches("'sha256-").count(), 2, "{policy}");
    assert!(policy.contains("; img-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn cookies_are_for_this_site_alone() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get(&world.authorize(&[])).await;
    let mut seen = browser.set_cookies.clone();
    browser.sign_in(&world.authorize(&[]), NAME).await;
    browser
        .sign_in(&world.authorize(&[("prompt", "login")]), NAME)
        .await;
    seen.append(&mut browser.set_cookies);
    assert!(!seen.is_empty());
    for cookie in seen {
        for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
        // Who has signed in at the browser is remembered; it opens nothing.
        let is_kept = cookie.starts_with("device-");
        assert_eq!(cookie.contains("Max-Age"), is_kept, "{cookie}");
    }
    // Who wants to stay signed in has one that outlives the browser.
    let mut browser = world.browser();
    let page = browser.get(&world.authorize(&[("login_hint", NAME)])).await;
    let fields = [("step", "password"), ("password", PASSWORD), ("keep", "1")];
    browser.answer(&page, &fields).await;
    assert!(
        browser
            .set_cookies
            .iter()
            .any(|it| it.contains("Max-Age=7776000"))
    );
}

#[tokio::test]
async fn nobody_is_signed_in_by_another_sites_form() {
    let world = World::start().await;
    // An attacker's page, filled in with his own account, sent by his victim's browser.
    let mut attacker = world.browser();
    let page = attacker
        .get(&world.authorize(&[("login_hint", NAME)]))
        .await;
    let (action, flow) = (page.attribute("action"), page.field("flow"));
    let fields = [
        ("step", "password"),
        ("password", PASSWORD),
        ("flow", &flow),
    ];
    let mut victim = world.browser();
    victim
        .post(&action, &fields)
        .await
        .is_page(400, "AADSTS50089");
    victim.get(&world.authorize(&[])).await;
    victim
        .post(&action, &fields)
        .await
        .is_page(400, "AADSTS50089");
    assert!(victim.cookies.keys().all(|name| !name.contains("session")));
    // A page of another tenant, one that was changed, one that is too old.
    let (other, _) = world.d.other("Fabrikam", "fabrikam.example").await;
    let elsewhere = attacker.post(&format!("/{other}/signin"), &fields).await;
    elsewhere.is_page(400, "AADSTS50089");
    let changed = flow.replace('a', "b");
    let fields = [
        ("step", "password"),
        ("password", PASSWORD),
        ("flow", &changed),
    ];
    attacker
        .post(&action, &fields)
        .await
        .is_page(400, "AADSTS50089");
    world.clock.advance_seconds(3_601);
    let fields = [
        ("step", "password"),
        ("password", PASSWORD),
        ("flow", &flow),
    ];
    attacker
        .post(&action, &fields)
        .await
        .is_page(400, "AADSTS50089");
}

#[tokio::test]
async fn a_session_is_a_new_one_after_each_sign_in() {
    let world = World::start().await;
    let mut browser = world.browser();
    // Whoever has planted a cookie gains nothing by it.
    let planted = format!("session-{}", world.d.tenant.replace('-', ""));
    browser.cookies.insert(planted.clone(), "planted".into());
    browser.sign_in(&world.authorize(&[]), NAME).await;
    let first = session(&browser);
    assert_ne!(first, "planted");
    world.clock.advance_seconds(10);
    browser
        .sign_in(&world.authorize(&[("prompt", "login")]), NAME)
        .await;
    let second = session(&browser);
    assert_ne!(first, second);
    let mut thief = world.browser();
    for stolen in ["planted", &first] {
        thief.cookies.insert(planted.clone(), stolen.to_owned());
        let asked = thief.get(&world.authorize(&[("prompt", "none")])).await;
        assert_eq!(asked.answer("error"), "login_required");
    }
}

#[tokio::test]
async fn who_does_not_exist_looks_like_who_does() {
    let world = World::start().await;
    let mut texts = Vec::new();
    for name in [NAME, "nobody@contoso.example", &world.user] {
        let mut browser = world.browser();
        let page = browser.get(&world.authorize(&[])).await;
        let page = browser
            .answer(&page, &[("step", "name"), ("name", name)])
            .await;
        page.is_page(200, "id=\"password\"");
        let page = browser
            .answer(&page, &[("step", "password"), ("password", "wrong")])
            .await;
        page.is_page(200, "The name or the password is wrong.");
        let flow = page.field("flow");
        texts.push(page.text.replace(&flow, "").replace(name, ""));
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    // That an account is disabled learns who knows its password.
    let path = format!("/users/{}", world.user);
    let off = json!({ "accountEnabled": false });
    world.d.admin.patch(&path, off).await.expect(204);
    let mut browser = world.browser();
    let page = browser.get(&world.authorize(&[("login_hint", NAME)])).await;
    let wrong = browser
        .answer(&page, &[("step", "password"), ("password", "wrong")])
        .await;
    wrong.is_page(200, "The name or the password is wrong.");
    let right = browser
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await;
    right.is_page(400, "AADSTS50057");
}

#[tokio::test]
async fn prompt_and_max_age_say_who_is_asked_again() {
    let world = World::start().await;
    world.consent().await;
    let mut browser = world.browser();
    browser.sign_in(&world.authorize(&[]), NAME).await;
    let auth_time = async |end: &crate::common::signing_in::Seen| {
        let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
        claims(given.json["id_token"].as_str().unwrap())["auth_time"]
            .as_i64()
            .unwrap()
    };
    world.clock.advance_seconds(100);
    let same = browser.get(&world.authorize(&[])).await;
    let first = auth_time(&same).await;
    let young = browser.get(&world.authorize(&[("max_age", "200")])).await;
    assert_eq!(auth_time(&young).await, first);
    for (name, value) in [("max_age", "50"), ("prompt", "login")] {
        let page = browser.get(&world.authorize(&[(name, value)])).await;
        page.is_page(200, "id=\"password\"");
        page.is_page(200, NAME);
        let end = browser
            .answer(&page, &[("step", "password"), ("password", PASSWORD)])
            .await;
        assert!(auth_time(&end).await >= first + 100);
        world.clock.advance_seconds(100);
    }
    let silent = [("max_age", "50"), ("prompt", "none")];
    let silent = browser.get(&world.authorize(&silent)).await;
    assert_eq!(silent.answer("error"), "login_required");
    let page = browser
        .get(&world.authorize(&[("prompt", "consent")]))
        .await;
    page.is_page(200, "Allow access?");
    let no = browser
        .answer(&page, &[("step", "consent"), ("decision", "decline")])
        .await;
    assert_eq!(no.answer("error"), "access_denied");
    let page = browser
        .get(&world.authorize(&[("prompt", "select_account")]))
        .await;
    page.is_page(200, "Choose an account");
    let chosen = page.field("session");
    let end = browser
        .answer(&page, &[("step", "account"), ("session", &chosen)])
        .await;
    end.answer("code");
}

#[tokio::test]
async fn several_accounts_share_a_browser() {
    let world = World::start().await;
    world.consent().await;
    world.person("bob").await;
    let mut browser = world.browser();
    browser.sign_in(&world.authorize(&[]), NAME).await;
    let page = browser
        .get(&world.authorize(&[("prompt", "select_account")]))
        .await;
    let page = browser.answer(&page, &[("step", "account")]).await;
    let fields = [("step", "name"), ("name", "bob@contoso.example")];
    let page = browser.answer(&page, &fields).await;
    page.is_page(200, "bob@contoso.example");
    browser
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await
        .answer("code");
    let page = browser.get(&world.authorize(&[])).await;
    page.is_page(200, "Choose an account");
    page.is_page(200, "ann &lt;b&gt;Doe&lt;/b&gt;");
    let silent = browser.get(&world.authorize(&[("prompt", "none")])).await;
    assert_eq!(silent.answer("error"), "interaction_required");
    for name in [NAME, "bob@contoso.example"] {
        let hint = [("prompt", "none"), ("login_hint", name)];
        let end = browser.get(&world.authorize(&hint)).await;
        let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
        let id = claims(given.json["id_token"].as_str().unwrap());
        assert_eq!(id["preferred_username"], name);
    }
    let other = [("prompt", "none"), ("login_hint", "eve@contoso.example")];
    let other = browser.get(&world.authorize(&other)).await;
    assert_eq!(other.answer("error"), "login_required");
}

#[tokio::test]
async fn sessions_end_when_they_are_not_used() {
    let world = World::start().await;
    world.consent().await;
    let mut browser = world.browser();
    browser.sign_in(&world.authorize(&[]), NAME).await;
    for _ in 0..3 {
        world.clock.advance_seconds(20 * 3_600);
        browser
            .get(&world.authorize(&[("prompt", "none")]))
            .await
            .answer("code");
    }
    world.clock.advance_seconds(24 * 3_600);
    let over = browser.get(&world.authorize(&[("prompt", "none")])).await;
    assert_eq!(over.answer("error"), "login_required");
}

#[tokio::test]
async fn what_is_reserved_to_administrators_only_they_allow() {
    let world = World::start().await;
    world.person("bob").await;
    let ask = world.authorize(&[("scope", "openid Directory.Read.All")]);
    let mut browser = world.browser();
    let page = browser.sign_in(&ask, NAME).await;
    page.is_page(200, "An administrator has to allow this");
    // There is no button for it, and no way around that.
    let forged = [("step", "consent"), ("decision", "accept"), ("all", "1")];
    let forged = browser.answer(&page, &forged).await;
    forged.is_page(200, "An administrator has to allow this");
    let back = browser
        .answer(&page, &[("step", "consent"), ("decision", "decline")])
        .await;
    assert_eq!(back.answer("error"), "access_denied");
    let silent = world.authorize(&[("scope", "openid Directory.Read.All"), ("prompt", "none")]);
    let silent = browser.get(&silent).await;
    assert_eq!(silent.answer("error"), "consent_required");

    let body =
        json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{}", world.d.url, world.user) });
    let role =
        "/directoryRoles(roleTemplateId='62e90394-69f5-4237-9190-012177145e10')/members/$ref";
    let activate = json!({ "roleTemplateId": "62e90394-69f5-4237-9190-012177145e10" });
    world.d.admin.post("/directoryRoles", activate).await;
    world.d.admin.post(role, body).await.expect(204);
    let page = browser.get(&ask).await;
    page.is_page(200, "Allow it for everybody at Contoso");
    page.is_page(200, "only by an administrator");
    let all = [("step", "consent"), ("decision", "accept"), ("all", "1")];
    browser.answer(&page, &all).await.answer("code");
    let mut other = world.browser();
    other
        .sign_in(&ask, "bob@contoso.example")
        .await
        .answer("code");
}

#[tokio::test]
async fn a_client_that_the_api_trusts_needs_no_consent() {
    let world = World::start().await;
    let scope = "9d4e2c0a-0000-4000-8000-000000000001";
    let (api, _) = world
        .d
        .admin
        .application(json!({
            "displayName": "Payroll", "identifierUris": ["api://payroll"],
            "api": {
                "oauth2PermissionScopes": [{
                    "id": scope, "value": "pay.read", "type": "User", "isEnabled": true,
                    "userConsentDisplayName": "See your <i>pay</i>",
                    "userConsentDescription": "Lets the app see what you earn.",
                }],
                "preAuthorizedApplications": [],
            },
        }))
        .await;
    let mut browser = world.browser();
    let ask = world.authorize(&[("scope", "openid api://payroll/pay.read")]);
    let page = browser.get(&ask).await;
    let page = browser
        .answer(&page, &[("step", "name"), ("name", NAME)])
        .await;
    let page = browser
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await;
    page.is_page(200, "See your &lt;i&gt;pay&lt;/i&gt;");
    let trusted = json!({ "api": {
        "oauth2PermissionScopes": api["api"]["oauth2PermissionScopes"],
        "preAuthorizedApplications": [
            { "appId": world.client_id, "delegatedPermissionIds": [scope] }
        ],
    }});
    let path = format!("/applications/{}", api["id"].as_str().unwrap());
    world.d.admin.patch(&path, trusted).await.expect(204);
    let end = browser.get(&ask).await;
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    assert_eq!(given.json["scope"], "api://payroll/pay.read openid");
    let access = claims(&given.token());
    assert_eq!(
        (&access["aud"], &access["scp"]),
        (&api["appId"], &json!("pay.read")),
        "by its client id, whatever it was called by"
    );
}

#[tokio::test]
async fn an_application_that_asks_for_assignment_lets_only_the_assigned_in() {
    let world = World::start().await;
    world.consent().await;
    let principal = world.principal["id"].as_str().unwrap();
    let path = format!("/servicePrincipals/{principal}");
    let required = json!({ "appRoleAssignmentRequired": true });
    world.d.admin.patch(&path, required).await.expect(204);
    let mut browser = world.browser();
    let ask = world.authorize(&[("redirect_uri", WEB)]);
    let page = browser.sign_in(&ask, NAME).await;
    page.is_page(400, "AADSTS50105");
    assert_eq!(page.attribute("href"), "https://app.example/");
    let silent = world.authorize(&[("prompt", "none")]);
    assert_eq!(browser.get(&silent).await.answer("error"), "access_denied");
    let body = json!({ "principalId": world.user, "resourceId": principal,
        "appRoleId": "00000000-0000-0000-0000-000000000000" });
    let path = format!("{path}/appRoleAssignedTo");
    world.d.admin.post(&path, body).await.expect(201);
    browser.get(&ask).await.answer("code");
}

#[tokio::test]
async fn pages_speak_the_persons_language() {
    let world = World::start().await;
    let mut browser = world.browser();
    for (language, direction, word) in [
        ("en", "ltr", "Sign in"),
        ("de", "ltr", "Anmelden"),
        ("fr", "ltr", "Se connecter"),
        ("es", "ltr", "Iniciar sesión"),
        ("ja", "ltr", "サインイン"),
        ("ar", "rtl", "تسجيل الدخول"),
    ] {
        browser.language = language;
        let page = browser.get(&world.authorize(&[])).await;
        page.is_page(200, &format!("lang=\"{language}\" dir=\"{direction}\""));
        page.is_page(200, word);
    }
    let asked = browser
        .get(&world.authorize(&[("ui_locales", "xx de-AT")]))
        .await;
    asked.is_page(200, "Anmelden");
    let fields = [("step", "name"), ("name", NAME)];
    browser
        .answer(&asked, &fields)
        .await
        .is_page(200, "Kennwort");
}

#[tokio::test]
async fn the_address_of_a_form_opened_by_itself_begins_anew() {
    let world = World::start().await;
    let mut browser = world.browser();
    let moved = browser.get(&world.path("/signin")).await;
    assert_eq!(moved.header("location"), world.path("/account"));
    browser
        .get("/common/signin")
        .await
        .is_page(400, "AADSTS50059");
}

#[tokio::test]
async fn an_answer_without_scopes_has_no_empty_list_of_them() {
    let world = World::start().await;
    world.consent().await;
    // The client itself as an API, of which there are none.
    let own = format!("{}/.default", world.client_id);
    let ask = world.authorize(&[("scope", &own)]);
    let end = world.browser().sign_in(&ask, NAME).await;
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    assert!(given.json.get("scope").is_none(), "{}", given.text);
    for scope in ["https://graph.microsoft.com", "api://wiki"] {
        let refused = world
            .browser()
            .get(&world.authorize(&[("scope", scope)]))
            .await;
        assert_eq!(refused.answer("error"), "invalid_scope");
        let words = refused.answer("error_description");
        assert!(words.contains(scope), "{words}");
    }
}
