//! Signing out.

use crate::common::signing_in::{Browser, NAME, PASSWORD, World};

async fn signed_in(world: &World) -> (Browser, String, String) {
    let mut browser = world.browser();
    let code = browser
        .sign_in(&world.authorize(&[]), NAME)
        .await
        .answer("code");
    let given = world.redeem(&code, &[]).await.expect(200);
    let text = |name: &str| given.json[name].as_str().unwrap().to_owned();
    (browser, text("id_token"), text("refresh_token"))
}

async fn is_signed_in(world: &World, browser: &mut Browser) -> bool {
    let asked = browser.get(&world.authorize(&[("prompt", "none")])).await;
    asked.find_answer("code").is_some()
}

#[tokio::test]
async fn a_client_that_shows_its_id_token_signs_out_at_once() {
    let world = World::start().await;
    let (mut browser, hint, refresh) = signed_in(&world).await;
    let out = world.path(&format!(
        "/oauth2/v2.0/logout?id_token_hint={hint}&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=x"
    ));
    let page = browser.get(&out).await;
    // The client hears of it in the browser, for this session and no other.
    page.is_page(200, "https://app.example/out?iss=");
    page.is_page(200, "href=\"https://app.example/cb?state=x\"");
    // It goes on by itself once the client has had time to hear of it.
    let onward = "3;url=https://app.example/cb?state=x";
    assert_eq!(page.header("refresh"), onward);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-src https://app.example"), "{policy}");
    assert!(!is_signed_in(&world, &mut browser).await);
    // A program on the machine keeps what it was given for its time offline.
    world.refresh(&refresh).await.expect(200);
    // Long after, an old token still leads to the same place.
    world.clock.advance_seconds(30 * 24 * 3_600);
    let again = browser.get(&out).await;
    assert_eq!(again.header("location"), "https://app.example/cb?state=x");
}

#[tokio::test]
async fn a_code_that_was_waiting_gives_nothing_any_more() {
    let world = World::start().await;
    let (mut browser, hint, _) = signed_in(&world).await;
    let silent = world.authorize(&[("prompt", "none")]);
    let waiting = browser.get(&silent).await.answer("code");
    let out = world.path(&format!("/oauth2/v2.0/logout?id_token_hint={hint}"));
    browser.get(&out).await.is_page(200, "You have signed out");
    let answer = world.redeem(&waiting, &[]).await.expect(400);
    assert_eq!(answer.json["error"], "invalid_grant");
    assert_eq!(answer.json["error_codes"][0], 50_173);
}

#[tokio::test]
async fn without_one_the_person_is_asked() {
    let world = World::start().await;
    let (mut browser, _, _) = signed_in(&world).await;
    let out = world.path("/oauth2/v2.0/logout");
    let page = browser.get(&out).await;
    page.is_page(200, "Which account do you want to sign out?");
    // Another site can lead a browser here, but can't press the button.
    assert!(is_signed_in(&world, &mut browser).await);
    let forged = browser
        .post(
            &world.path("/signin"),
            &[("step", "sign-out"), ("flow", "x")],
        )
        .await;
    forged.is_page(400, "AADSTS50089");
    assert!(is_signed_in(&world, &mut browser).await);
    let end = browser.answer(&page, &[("step", "sign-out")]).await;
    end.is_page(200, "You have signed out");
    assert!(!browser.cookies.keys().any(|name| name.contains("session")));
    assert!(!is_signed_in(&world, &mut browser).await);
    // Where nobody is signed in, there is nothing to ask; `common` finds the tenant.
    browser.get(&out).await.is_page(200, "You have signed out");
    let (mut browser, _, _) = signed_in(&world).await;
    let common = browser.get("/common/oauth2/v2.0/logout").await;
    common.is_page(200, "Which account");
}

#[tokio::test]
async fn it_goes_on_to_registered_addresses_only() {
    let world = World::start().await;
    let (mut browser, hint, _) = signed_in(&world).await;
    for (uri, is_known) in [
        ("https%3A%2F%2Fevil.example", false),
        ("https%3A%2F%2Fapp.example%2Fcb%2F", false),
        ("https%3A%2F%2Fapp.example%2Fcb", true),
        ("http%3A%2F%2Flocalhost", true),
    ] {
        let client = &world.client_id;
        let out = world.path(&format!(
            "/oauth2/v2.0/logout?client_id={client}&post_logout_redirect_uri={uri}"
        ));
        let page = browser.get(&out).await;
        if is_known {
            page.is_page(200, "Which account");
        } else {
            page.is_page(400, "AADSTS50011");
        }
        assert_eq!(page.header("location"), "");
    }
    assert!(is_signed_in(&world, &mut browser).await);
    let (other, _) = world.d.other("Fabrikam", "fabrikam.example").await;
    let nobody = crate::common::deployment::NOBODY;
    for wrong in [
        format!("/{other}/oauth2/v2.0/logout?id_token_hint={hint}"),
        world.path(&format!(
            "/oauth2/v2.0/logout?id_token_hint={}",
            hint.replace('e', "f")
        )),
        world.path(&format!(
            "/oauth2/v2.0/logout?id_token_hint={hint}&client_id={nobody}"
        )),
    ] {
        browser.get(&wrong).await.is_page(400, "AADSTS50027");
    }
    assert!(is_signed_in(&world, &mut browser).await);
}

#[tokio::test]
async fn a_client_that_names_the_account_signs_it_out() {
    let world = World::start().await;
    world.person("eve").await;
    world.consent().await;
    let (mut browser, _, _) = signed_in(&world).await;
    let ask = world.authorize(&[("prompt", "select_account")]);
    let page = browser.get(&ask).await;
    let page = browser.answer(&page, &[("step", "account")]).await;
    let name = [("step", "name"), ("name", "eve@contoso.example")];
    let page = browser.answer(&page, &name).await;
    let fields = [("step", "password"), ("password", PASSWORD)];
    browser.answer(&page, &fields).await.answer("code");

    let out = world.path("/oauth2/v2.0/logout?logout_hint=");
    let nobody = browser.get(&format!("{out}bob%40contoso.example")).await;
    nobody.is_page(200, "Which account do you want to sign out?");
    let page = browser.get(&format!("{out}EVE%40contoso.example")).await;
    page.is_page(200, "You have signed out");
    assert!(
        is_signed_in(&world, &mut browser).await,
        "the other is left"
    );
}

#[tokio::test]
async fn a_form_of_another_site_signs_out_as_an_address_does() {
    let world = World::start().await;
    let (mut browser, hint, _) = signed_in(&world).await;
    let fields = [
        ("id_token_hint", &*hint),
        ("state", "s&t"),
        ("ui_locales", "de"),
    ];
    // Such a form comes without the cookies.
    let out = world.path("/oauth2/v2.0/logout");
    let sent = world.browser().post(&out, &fields).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let page = browser.get(sent.header("location")).await;
    page.is_page(200, "Sie sind abgemeldet");
    assert!(!is_signed_in(&world, &mut browser).await);
    // One of this site doesn't have to go that way.
    let (mut browser, hint, _) = signed_in(&world).await;
    let page = browser.post(&out, &[("id_token_hint", &hint)]).await;
    page.is_page(200, "You have signed out");
    assert!(!is_signed_in(&world, &mut browser).await);
}

#[tokio::test]
async fn common_takes_the_tenant_from_the_token() {
    let world = World::start().await;
    world.d.other("Fabrikam", "fabrikam.example").await;
    let (_, hint, _) = signed_in(&world).await;
    let out = "/common/oauth2/v2.0/logout";
    let back = "post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fcb";
    let mut other = world.browser();
    let end = other
        .get(&format!("{out}?id_token_hint={hint}&{back}"))
        .await;
    assert_eq!(end.header("location"), "https://app.example/cb");
    for wrong in ["x", &hint.replace('e', "f")] {
        let end = other.get(&format!("{out}?id_token_hint={wrong}")).await;
        end.is_page(400, "AADSTS50027");
    }
    // Nobody is signed in, and no client says which address is its own.
    let end = other.get(&format!("{out}?{back}")).await;
    end.is_page(200, "You have signed out");
    assert!(!end.text.contains("app.example"), "{}", end.text);
}
