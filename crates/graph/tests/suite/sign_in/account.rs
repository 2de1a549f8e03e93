//! One's own account.

use authenticator::SoftAuthenticator;
use serde_json::{Value, json};

use super::visits::{BOB, Two};
use crate::common::signing_in::{Browser, NAME, PASSWORD, Seen, World, between};

const OTHER: &str = "Another-Horse-8-Staple";

impl World {
    fn account(&self) -> String {
        self.path("/account")
    }

    /// Ann's account in a browser where she has just signed in.
    async fn own(&self, browser: &mut Browser) -> Seen {
        let page = browser.sign_in(&self.account(), NAME).await;
        page.is_page(200, "My account");
        page
    }
}

async fn own(browser: &mut Browser, page: &Seen, act: &str) -> Seen {
    browser.answer(page, &[("step", "own"), ("act", act)]).await
}

/// The hidden id beside the button of an act.
fn id_of(page: &Seen, act: &str) -> String {
    let button = format!("value=\"{act}\"");
    let before = page.text.split(&button).next().unwrap();
    let at = before.rfind("name=\"id\" value=\"").unwrap();
    between(&before[at..], "value=\"", "\"").to_owned()
}

async fn with_id(browser: &mut Browser, page: &Seen, act: &str) -> Seen {
    let id = id_of(page, act);
    let fields = [("step", "own"), ("act", act), ("id", &id)];
    browser.answer(page, &fields).await
}

async fn password(browser: &mut Browser, page: &Seen, password: &str) -> Seen {
    let fields = [("step", "password"), ("password", password)];
    browser.answer(page, &fields).await
}

#[tokio::test]
async fn sessions_are_shown_and_ended() {
    let world = World::start().await;
    world.consent().await;
    let (mut here, mut there) = (world.browser(), world.browser());
    here.get(&world.account()).await.is_page(200, "id=\"name\"");
    world.own(&mut there).await;
    let page = world.own(&mut here).await;
    assert_eq!(
        page.text.matches("value=\"end\"").count(),
        2,
        "{}",
        page.text
    );
    assert_eq!(page.text.matches("this browser").count(), 1);
    let page = own(&mut here, &page, "end-others").await;
    page.is_page(200, "Done.");
    assert_eq!(page.text.matches("value=\"end\"").count(), 1);
    there
        .get(&world.account())
        .await
        .is_page(200, "id=\"name\"");

    // Everywhere: what clients have, too.
    let end = here.get(&world.authorize(&[])).await;
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    let page = here.get(&world.account()).await;
    let page = own(&mut here, &page, "everywhere").await;
    page.is_page(200, "Sign out everywhere");
    let end = here.answer(&page, &[("step", "own-do")]).await;
    end.is_page(200, "You have signed out");
    let token = given.json["access_token"].as_str().unwrap().to_owned();
    world.d.with_token(token).get("/me").await.expect(401);
    here.get(&world.account()).await.is_page(200, "id=\"name\"");

    // A form of nobody's does nothing.
    let forged = [("step", "own"), ("act", "end-others"), ("flow", "x")];
    let forged = here.post(&world.path("/signin"), &forged).await;
    assert_eq!(forged.status, 400);
}

#[tokio::test]
async fn a_password_is_changed_by_who_has_just_shown_the_old_one() {
    let world = World::start().await;
    let (mut here, mut there) = (world.browser(), world.browser());
    world.own(&mut there).await;
    let page = world.own(&mut here).await;
    world.clock.advance_seconds(601);
    let page = own(&mut here, &page, "password").await;
    page.is_page(200, "id=\"password\"");
    let page = password(&mut here, &page, PASSWORD).await;
    page.is_page(200, "Choose a new password");
    let fields = |new, again| [("step", "new-password"), ("new", new), ("again", again)];
    let page = here.answer(&page, &fields(OTHER, PASSWORD)).await;
    page.is_page(200, "The two passwords differ.");
    let page = here.answer(&page, &fields(PASSWORD, PASSWORD)).await;
    page.is_page(200, "the password that you have");
    let page = here.answer(&page, &fields(OTHER, OTHER)).await;
    page.is_page(200, "Done.");
    here.get(&world.account()).await.is_page(200, "My account");
    there
        .get(&world.account())
        .await
        .is_page(200, "id=\"name\"");
    let page = there.get(&world.account()).await;
    let page = there
        .answer(&page, &[("step", "name"), ("name", NAME)])
        .await;
    let page = password(&mut there, &page, PASSWORD).await;
    page.is_page(200, "The name or the password is wrong.");
    let page = password(&mut there, &page, OTHER).await;
    page.is_page(200, "My account");
}

#[tokio::test]
async fn an_app_is_set_up_and_only_taken_away_by_who_shows_it() {
    let world = World::start().await;
    let mut browser = world.browser();
    let page = world.own(&mut browser).await;
    assert!(!page.text.contains("Recovery codes left"), "{}", page.text);
    let page = own(&mut browser, &page, "app").await;
    page.is_page(200, "<svg");
    let seed = between(&page.text, "<code dir=\"ltr\">", "</code>").to_owned();
    let wrong = [("step", "register-app"), ("code", "000000")];
    let page = browser.answer(&page, &wrong).await;
    page.is_page(200, "The code is wrong");
    let code = world.app_code(&seed);
    let page = browser
        .answer(&page, &[("step", "register-app"), ("code", &code)])
        .await;
    page.is_page(200, "Your recovery codes");
    let page = browser.answer(&page, &[("step", "codes")]).await;
    // A password alone isn't enough any more, not even to look.
    page.is_page(200, "id=\"password\"");
    world.clock.advance_seconds(60);
    let page = password(&mut browser, &page, PASSWORD).await;
    let code = world.app_code(&seed);
    let page = browser
        .answer(&page, &[("step", "code"), ("code", &code)])
        .await;
    page.is_page(200, "Recovery codes left: 10");

    let page = own(&mut browser, &page, "codes").await;
    page.is_page(200, "stop working");
    let page = browser.answer(&page, &[("step", "own-do")]).await;
    page.is_page(200, "Your recovery codes");
    let page = browser.answer(&page, &[("step", "codes")]).await;
    page.is_page(200, "Recovery codes left: 10");

    world.clock.advance_seconds(601);
    let page = with_id(&mut browser, &page, "remove-app").await;
    page.is_page(200, "id=\"password\"");
    let page = password(&mut browser, &page, PASSWORD).await;
    let code = world.app_code(&seed);
    let page = browser
        .answer(&page, &[("step", "code"), ("code", &code)])
        .await;
    page.is_page(200, "You can't sign in with it any more");
    let page = browser.answer(&page, &[("step", "own-do")]).await;
    page.is_page(200, "Done.");
    assert!(!page.text.contains("remove-app") && !page.text.contains("Recovery codes left"));
}

#[tokio::test]
async fn passkeys_are_made_named_and_taken_away() {
    let world = World::named().await;
    let mut browser = world.browser();
    let page = world.own(&mut browser).await;
    let page = own(&mut browser, &page, "passkey").await;
    let options: Value = serde_json::from_str(&page.attribute("data-passkey")).unwrap();
    let mut key = SoftAuthenticator::new();
    let origin = world.d.url.replace("127.0.0.1", "localhost");
    let answer = key.create(&origin, &options).unwrap().to_string();
    let page = browser
        .answer(&page, &[("step", "register-passkey"), ("answer", &answer)])
        .await;
    page.is_page(200, "Your recovery codes");
    let page = browser.answer(&page, &[("step", "codes")]).await;
    page.is_page(200, "Passkey");
    let page = with_id(&mut browser, &page, "rename").await;
    let page = browser
        .answer(&page, &[("step", "own-do"), ("name", "<Key> & co")])
        .await;
    page.is_page(200, "&lt;Key&gt; &amp; co");
    let page = with_id(&mut browser, &page, "remove-passkey").await;
    // It is a factor that Ann has and hasn't shown yet.
    page.is_page(200, "id=\"password\"");
}

#[tokio::test]
async fn a_consent_that_is_taken_back_takes_what_the_app_has_with_it() {
    let world = World::start().await;
    let mut browser = world.browser();
    let end = browser.sign_in(&world.authorize(&[]), NAME).await;
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    let page = browser.get(&world.account()).await;
    page.is_page(200, "Wiki");
    let only_admins = "only an administrator can allow it again";
    assert!(!page.text.contains(only_admins), "{}", page.text);
    let none = json!({ "defaultUserRolePermissions": { "permissionGrantPoliciesAssigned": [] } });
    let policy = "/policies/authorizationPolicy";
    world.d.admin.patch(policy, none).await.expect(204);
    let page = browser.get(&world.account()).await;
    page.is_page(200, only_admins);
    let page = with_id(&mut browser, &page, "take-back").await;
    page.is_page(200, "Done.");
    assert!(!page.text.contains("Wiki"), "{}", page.text);
    let token = given.json["access_token"].as_str().unwrap().to_owned();
    world.d.with_token(token).get("/me").await.expect(401);
    let refresh = given.json["refresh_token"].as_str().unwrap();
    world.refresh(refresh).await.expect(400);
}

#[tokio::test]
async fn a_visitor_sees_through_whom_they_are_where_and_leaves() {
    let two = Two::start().await;
    let mut browser = two.world.browser();
    two.come_in(&mut browser).await;
    let id = two.world.principal["id"].as_str().unwrap();
    let wiki = format!("/servicePrincipals/{id}");
    let at_home = format!("/{}/account", two.home);
    // What may be opened there is shown at home; nothing that is no address, or not for them.
    for (change, is_shown) in [
        (json!({"homepage": "javascript:alert(1)"}), false),
        (json!({"homepage": "https://wiki.example/"}), true),
        (json!({"appRoleAssignmentRequired": true}), false),
    ] {
        two.world.d.admin.patch(&wiki, change).await.expect(204);
        let page = browser.get(&at_home).await;
        page.is_page(200, "Your applications");
        assert!(!page.text.contains("javascript:"), "{}", page.text);
        let shown = page.text.contains("https://wiki.example/");
        assert_eq!(shown, is_shown, "{}", page.text);
    }
    let page = browser.get(&at_home).await;
    page.is_page(200, "Where else you have an account");
    page.is_page(200, "Contoso");
    assert!(page.text.contains("by invitation"), "{}", page.text);
    // Nobody who goes there from home is asked who they are: that is known, and signed in.
    let there = format!("/{}/account", two.world.d.tenant);
    let hint = "login_hint=bob%40fabrikam.example";
    let (open, leave) = (format!("{there}?{hint}"), format!("{there}?act=leave"));
    for href in [&open, &format!("{leave}&amp;{hint}")] {
        assert!(page.text.contains(href), "{}", page.text);
    }
    let mut another = two.world.browser();
    let home = another.get(&at_home).await;
    let named = another
        .answer(&home, &[("step", "name"), ("name", BOB)])
        .await;
    password(&mut another, &named, PASSWORD).await;
    let mut seen = another.get(&open).await;
    for _ in 0..3 {
        if [302, 303].contains(&seen.status) {
            let location = seen.header("location").to_owned();
            seen = another.get(&location).await;
        }
    }
    seen.is_page(200, "My account");
    seen.is_page(200, "Contoso");

    // At home nobody can leave.
    let page = browser
        .answer(&page, &[("step", "own"), ("act", "leave")])
        .await;
    page.is_page(200, "Where else you have an account");

    let page = browser.get(&leave).await;
    page.is_page(200, "Leave Contoso?");
    let still = two
        .world
        .d
        .admin
        .get(&format!("/users/{}", two.guest))
        .await;
    still.expect(200);
    let end = browser.answer(&page, &[("step", "own-do")]).await;
    end.is_page(200, "You have left Contoso.");
    let gone = two
        .world
        .d
        .admin
        .get(&format!("/users/{}", two.guest))
        .await;
    gone.expect(404);
    let audits = "/auditLogs/directoryAudits?$filter=activityDisplayName%20eq%20'Delete%20user'";
    let audits = two.world.d.admin.get(audits).await.expect(200);
    let by = &audits.json["value"][0]["initiatedBy"]["user"]["id"];
    assert_eq!(by, &json!(two.guest));
    let page = browser.get(&format!("/{}/account", two.home)).await;
    assert!(!page.text.contains("Contoso"), "{}", page.text);
}

#[tokio::test]
async fn the_pages_speak_all_languages() {
    let world = World::start().await;
    for (language, title) in [
        ("de", "Mein Konto"),
        ("fr", "Mon compte"),
        ("es", "Mi cuenta"),
        ("ja", "マイ アカウント"),
        ("ar", "حسابي"),
    ] {
        let mut browser = world.browser();
        browser.language = language;
        let page = browser.get(&world.account()).await;
        let page = browser
            .answer(&page, &[("step", "name"), ("name", NAME)])
            .await;
        let page = password(&mut browser, &page, PASSWORD).await;
        page.is_page(200, title);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("form-action 'self'"), "{policy}");
    }
}
