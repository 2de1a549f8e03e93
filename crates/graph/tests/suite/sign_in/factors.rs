//! More than a password: passkeys, codes, passes, and what is asked for while signing in.

use authenticator::SoftAuthenticator;
use serde_json::{Value, json};

use crate::common::signing_in::{Browser, NAME, PASSWORD, Seen, World, claims};

const WRONG: &str = "The name or the password is wrong.";
const TOO_MANY: &str = "Too many attempts.";

/// What a page asks of passkeys.
fn options(page: &Seen) -> Value {
    let options = page.attribute("data-passkey");
    serde_json::from_str(&options).unwrap()
}

fn origin(world: &World) -> String {
    world.d.url.replace("127.0.0.1", "localhost")
}

async fn passkey(world: &World) -> SoftAuthenticator {
    let path = format!("/users/{}/authentication/fido2Methods", world.user);
    let options = world
        .d
        .admin
        .get(&format!("{path}/creationOptions()"))
        .await;
    let mut key = SoftAuthenticator::new();
    let answer = key
        .create(&origin(world), &options.expect(200).json)
        .unwrap();
    let body = json!({ "displayName": "Key", "publicKeyCredential": answer });
    world.d.admin.post(&path, body).await.expect(201);
    key
}

async fn demand(world: &World, who: &str) {
    let body = json!({ "multifactorAuthentication": who });
    let ours = "/beta/isopolity/signInPolicy";
    world.d.admin.patch(ours, body).await.expect(204);
}

/// The page behind the right password, or another.
async fn password(world: &World, browser: &mut Browser, password: &str) -> Seen {
    let page = browser.get(&world.authorize(&[("login_hint", NAME)])).await;
    let fields = [("step", "password"), ("password", password)];
    browser.answer(&page, &fields).await
}

/// How a person has proven who it is, by the ID token at the end.
async fn amr(world: &World, end: &Seen) -> Value {
    let token = world.redeem(&end.answer("code"), &[]).await.expect(200);
    claims(token.json["id_token"].as_str().unwrap())["amr"].clone()
}

/// Sets an authenticator app up while signing in; answers its seed, the recovery codes, and the page
/// behind.
async fn set_up(world: &World, browser: &mut Browser) -> (String, Vec<String>, Seen) {
    let page = password(world, browser, PASSWORD).await;
    world.register_app(browser, &page).await
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_name_and_answers_once() {
    let world = World::named().await;
    world.consent().await;
    let mut key = passkey(&world).await;
    let mut browser = world.browser();
    let page = browser.get(&world.authorize(&[])).await;
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    assert!(page.text.contains("autocomplete=\"username webauthn\""));
    let answer = key
        .get(&origin(&world), &options(&page))
        .unwrap()
        .to_string();
    let fields = [("step", "passkey"), ("answer", answer.as_str())];
    let end = browser.answer(&page, &fields).await;
    assert_eq!(amr(&world, &end).await, json!(["fido", "mfa"]));
    let again = browser.answer(&page, &fields).await;
    again.is_page(200, "This passkey");
    // In another browser the page is worth nothing.
    let mut other = world.browser();
    let page = other.get(&world.authorize(&[])).await;
    world.clock.advance_seconds(1);
    let stolen = browser.get(&world.authorize(&[("prompt", "login")])).await;
    let answer = key
        .get(&origin(&world), &options(&stolen))
        .unwrap()
        .to_string();
    let fields = [("step", "passkey"), ("answer", answer.as_str())];
    other
        .answer(&page, &fields)
        .await
        .is_page(200, "This passkey");
    for nonsense in ["", "x", "{}", "[]", "{\"rawId\":\"AAAA\"}"] {
        let page = other.get(&world.authorize(&[])).await;
        let fields = [("step", "passkey"), ("answer", nonsense)];
        let refused = other.answer(&page, &fields).await;
        assert_eq!(refused.status, 200, "{nonsense}: {}", refused.text);
    }
}

#[tokio::test]
async fn who_has_to_show_more_sets_it_up_and_is_asked_for_it_from_then_on() {
    let world = World::start().await;
    world.consent().await;
    // A session of before isn't enough once more is demanded.
    let mut browser = world.browser();
    browser
        .sign_in(&world.authorize(&[]), NAME)
        .await
        .answer("code");
    demand(&world, "all").await;
    browser
        .get(&world.authorize(&[]))
        .await
        .is_page(200, "id=\"password\"");

    let (seed, codes, end) = set_up(&world, &mut browser).await;
    assert_eq!(amr(&world, &end).await, json!(["pwd", "otp", "mfa"]));
    // With the session that has both, nobody is asked again.
    browser.get(&world.authorize(&[])).await.answer("code");

    let mut other = world.browser();
    let page = password(&world, &mut other, PASSWORD).await;
    page.is_page(200, "Confirm that it is you");
    // Who has one can't set another up by the password alone, whatever the form says.
    for fields in [
        vec![("step", "choose"), ("kind", "passkey")],
        vec![("step", "register-app"), ("code", "000000")],
        vec![("step", "codes")],
        vec![
            ("step", "new-password"),
            ("new", "third-Horse-9-battery"),
            ("again", "third-Horse-9-battery"),
        ],
    ] {
        let still = other.answer(&page, &fields).await;
        still.is_page(200, "Confirm that it is you");
    }
    let used = world.app_code(&seed);
    let refused = other
        .answer(&page, &[("step", "code"), ("code", &used)])
        .await;
    refused.is_page(200, "The code is wrong, or was used before.");
    world.clock.advance_seconds(30);
    let fresh = world.app_code(&seed);
    let end = other
        .answer(&page, &[("step", "code"), ("code", &fresh)])
        .await;
    assert_eq!(amr(&world, &end).await, json!(["pwd", "otp", "mfa"]));

    // A recovery code does once.
    let mut third = world.browser();
    let page = password(&world, &mut third, PASSWORD).await;
    let page = third
        .answer(&page, &[("step", "choose"), ("kind", "recoveryCode")])
        .await;
    page.is_page(200, "Enter one of your recovery codes.");
    let fields = [("step", "recovery-code"), ("code", codes[3].as_str())];
    third.answer(&page, &fields).await.answer("code");
    let mut fourth = world.browser();
    let page = password(&world, &mut fourth, PASSWORD).await;
    let refused = fourth.answer(&page, &fields).await;
    refused.is_page(200, "The code is wrong, or was used before.");
}

#[tokio::test]
async fn a_passkey_is_set_up_while_signing_in() {
    let world = World::named().await;
    world.consent().await;
    demand(&world, "all").await;
    let mut browser = world.browser();
    let page = password(&world, &mut browser, PASSWORD).await;
    let page = browser
        .answer(&page, &[("step", "choose"), ("kind", "passkey")])
        .await;
    let mut key = SoftAuthenticator::new();
    let answer = key
        .create(&origin(&world), &options(&page))
        .unwrap()
        .to_string();
    let wrong = [("step", "register-passkey"), ("answer", "{}")];
    browser
        .answer(&page, &wrong)
        .await
        .is_page(200, "This passkey");
    let fields = [("step", "register-passkey"), ("answer", answer.as_str())];
    let page = browser.answer(&page, &fields).await;
    page.is_page(200, "Your recovery codes");
    let end = browser.answer(&page, &[("step", "codes")]).await;
    assert_eq!(amr(&world, &end).await, json!(["pwd", "fido", "mfa"]));
    // It is the other factor behind a password, too.
    let mut other = world.browser();
    let page = password(&world, &mut other, PASSWORD).await;
    page.is_page(200, "Confirm with your passkey.");
    let answer = key
        .get(&origin(&world), &options(&page))
        .unwrap()
        .to_string();
    let fields = [("step", "passkey"), ("answer", answer.as_str())];
    other.answer(&page, &fields).await.answer("code");
}

#[tokio::test]
async fn a_password_that_has_to_be_changed_is_changed_first() {
    let world = World::start().await;
    world.consent().await;
    let profile = json!({ "passwordProfile": { "forceChangePasswordNextSignIn": true } });
    let path = format!("/users/{}", world.user);
    world.d.admin.patch(&path, profile).await.expect(204);
    let mut browser = world.browser();
    let mut page = password(&world, &mut browser, PASSWORD).await;
    let new = "third-Horse-9-battery";
    for (one, other, says) in [
        (new, "another", "The two passwords differ."),
        (PASSWORD, PASSWORD, "This is the password that you have."),
        ("Password1!", "Password1!", "too easy to guess"),
    ] {
        let fields = [("step", "new-password"), ("new", one), ("again", other)];
        page = browser.answer(&page, &fields).await;
        page.is_page(200, says);
    }
    let fields = [("step", "new-password"), ("new", new), ("again", new)];
    let end = browser.answer(&page, &fields).await;
    assert_eq!(amr(&world, &end).await, json!(["pwd"]));
    let mut other = world.browser();
    let page = password(&world, &mut other, PASSWORD).await;
    page.is_page(200, WRONG);
    let fields = [("step", "password"), ("password", new)];
    other.answer(&page, &fields).await.answer("code");
}

#[tokio::test]
async fn a_temporary_access_pass_opens_its_account_once() {
    let world = World::start().await;
    world.consent().await;
    let path = format!(
        "/users/{}/authentication/temporaryAccessPassMethods",
        world.user
    );
    let once = json!({ "isUsableOnce": true });
    let made = world.d.admin.post(&path, once).await.expect(201).json;
    let pass = made["temporaryAccessPass"].as_str().unwrap();
    let enter = async |pass: &str| {
        let mut browser = world.browser();
        let page = browser.get(&world.authorize(&[("login_hint", NAME)])).await;
        let choose = [("step", "choose"), ("kind", "temporaryAccessPass")];
        let page = browser.answer(&page, &choose).await;
        page.is_page(200, "Temporary access pass");
        browser
            .answer(&page, &[("step", "access-pass"), ("pass", pass)])
            .await
    };
    enter("another1").await.is_page(200, WRONG);
    let end = enter(pass).await;
    assert_eq!(amr(&world, &end).await, json!(["otp", "mfa"]));
    enter(pass).await.is_page(200, WRONG);
}

#[tokio::test]
async fn guesses_are_held_up_alike_for_all_names_and_never_where_the_owner_was_before() {
    let world = World::start().await;
    world.consent().await;
    let mut home = world.browser();
    home.sign_in(&world.authorize(&[]), NAME)
        .await
        .answer("code");
    for name in [NAME, "nobody@contoso.example"] {
        let mut stranger = world.browser();
        let mut page = stranger
            .get(&world.authorize(&[("login_hint", name)]))
            .await;
        for _ in 0..10 {
            let fields = [("step", "password"), ("password", "wrong")];
            page = stranger.answer(&page, &fields).await;
            page.is_page(200, WRONG);
        }
        // By now the right one isn't looked at either.
        let fields = [("step", "password"), ("password", PASSWORD)];
        page = stranger.answer(&page, &fields).await;
        page.is_page(200, TOO_MANY);
    }
    world.clock.advance_seconds(1);
    let again = world.authorize(&[("prompt", "login"), ("login_hint", NAME)]);
    let page = home.get(&again).await;
    let fields = [("step", "password"), ("password", PASSWORD)];
    home.answer(&page, &fields).await.answer("code");
    world.clock.advance_seconds(30);
    let mut stranger = world.browser();
    password(&world, &mut stranger, PASSWORD)
        .await
        .answer("code");
}

#[tokio::test]
async fn a_session_lasts_as_long_as_the_tenant_says() {
    let world = World::start().await;
    world.consent().await;
    let body = json!({
        "sessionIdleMinutes": 30, "signInFrequencyDays": 1, "persistentSessionsAllowed": false,
    });
    let ours = "/beta/isopolity/signInPolicy";
    world.d.admin.patch(ours, body).await.expect(204);
    let mut browser = world.browser();
    let page = browser.get(&world.authorize(&[("login_hint", NAME)])).await;
    let fields = [("step", "password"), ("password", PASSWORD), ("keep", "1")];
    browser.answer(&page, &fields).await.answer("code");
    let mut sessions = browser
        .set_cookies
        .iter()
        .filter(|it| it.starts_with("session-"));
    assert!(
        !sessions.any(|it| it.contains("Max-Age")),
        "it isn't allowed to stay"
    );
    for _ in 0..71 {
        world.clock.advance_seconds(20 * 60);
        browser.get(&world.authorize(&[])).await.answer("code");
    }
    // Used all the while, but a day is over.
    world.clock.advance_seconds(20 * 60);
    browser
        .get(&world.authorize(&[]))
        .await
        .is_page(200, "id=\"");
    browser
        .sign_in(&world.authorize(&[]), NAME)
        .await
        .answer("code");
    world.clock.advance_seconds(31 * 60);
    browser
        .get(&world.authorize(&[]))
        .await
        .is_page(200, "id=\"");
}
