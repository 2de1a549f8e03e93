//! Signing in for a device that has no browser.

use serde_json::json;

use crate::common::deployment::Answer;
use crate::common::signing_in::{NAME, World, claims, form};

struct Device<'w> {
    world: &'w World,
    code: String,
    user_code: String,
    page: String,
}

async fn begin(world: &World) -> Device<'_> {
    let fields = [
        ("client_id", world.client_id.as_str()),
        ("scope", "openid profile offline_access User.Read"),
    ];
    let call = world
        .d
        .call("POST", &world.path("/oauth2/v2.0/devicecode"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&fields));
    let begun = Answer::read(call.send().await.unwrap()).await.expect(200);
    let text = |name: &str| begun.json[name].as_str().unwrap().to_owned();
    assert_eq!(
        (&begun.json["expires_in"], &begun.json["interval"]),
        (&json!(900), &json!(5))
    );
    assert!(text("message").contains(&text("user_code")));
    Device {
        world,
        code: text("device_code"),
        user_code: text("user_code"),
        page: text("verification_uri"),
    }
}

impl Device<'_> {
    async fn poll(&self) -> Answer {
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        self.world
            .token(&[
                ("grant_type", grant),
                ("client_id", &self.world.client_id),
                ("device_code", &self.code),
            ])
            .await
    }

    async fn is_refused(&self, error: &str) {
        let answer = self.poll().await;
        assert_eq!((answer.status, &answer.json["error"]), (400, &json!(error)));
    }
}

#[tokio::test]
async fn somebody_signs_in_for_a_device() {
    let world = World::start().await;
    let device = begin(&world).await;
    device.is_refused("authorization_pending").await;
    let mut browser = world.browser();
    let page = browser.sign_in(&device.page, NAME).await;
    page.is_page(200, "Enter the code that the device shows.");
    let wrong = browser
        .answer(&page, &[("step", "device"), ("code", "BBBB-BBBB")])
        .await;
    wrong.is_page(200, "No device shows this code now.");
    // People write it as they like.
    let typed = device.user_code.to_lowercase().replace('-', " ");
    let page = browser
        .answer(&wrong, &[("step", "device"), ("code", &typed)])
        .await;
    page.is_page(200, "Sign in to Wiki on the other device?");
    page.is_page(200, "Go on only if you have started this yourself");
    page.is_page(200, "Sign you in and read your profile");
    browser
        .allow(&page)
        .await
        .is_page(200, "You have signed in");

    world.clock.advance_seconds(5);
    let given = device.poll().await.expect(200);
    assert_eq!(claims(&given.token())["oid"], world.user.as_str());
    let refresh = given.json["refresh_token"].as_str().unwrap();
    world.refresh(refresh).await.expect(200);
    // It is good once.
    device.is_refused("invalid_grant").await;
    // Signing out at the browser leaves the device signed in: it is elsewhere.
    let id = claims(given.json["id_token"].as_str().unwrap());
    let scope = ("scope", "openid profile offline_access User.Read");
    let own = world.authorize(&[("prompt", "none"), scope]);
    let own = browser.get(&own).await;
    let own = world.redeem(&own.answer("code"), &[]).await.expect(200);
    assert_ne!(
        claims(own.json["id_token"].as_str().unwrap())["sid"],
        id["sid"]
    );
}

#[tokio::test]
async fn who_asks_too_often_has_to_slow_down() {
    let world = World::start().await;
    let device = begin(&world).await;
    device.is_refused("authorization_pending").await;
    device.is_refused("slow_down").await;
    world.clock.advance_seconds(6);
    device.is_refused("slow_down").await;
    world.clock.advance_seconds(15);
    device.is_refused("authorization_pending").await;
    world.clock.advance_seconds(900);
    device.is_refused("expired_token").await;
}

#[tokio::test]
async fn a_device_can_be_refused() {
    let world = World::start().await;
    let device = begin(&world).await;
    let mut browser = world.browser();
    let page = browser.sign_in(&device.page, NAME).await;
    let page = browser
        .answer(&page, &[("step", "device"), ("code", &device.user_code)])
        .await;
    let end = browser
        .answer(&page, &[("step", "consent"), ("decision", "decline")])
        .await;
    end.is_page(200, "The other device was refused.");
    device.is_refused("access_denied").await;
}

#[tokio::test]
async fn a_device_waits_for_an_administrator_where_people_may_not_consent() {
    let world = World::start().await;
    let none = json!({ "defaultUserRolePermissions": { "permissionGrantPoliciesAssigned": [] } });
    let policy = "/policies/authorizationPolicy";
    world.d.admin.patch(policy, none).await.expect(204);
    let device = begin(&world).await;
    let mut browser = world.browser();
    let entered = [("step", "device"), ("code", device.user_code.as_str())];
    let code = browser.sign_in(&device.page, NAME).await;
    let page = browser.answer(&code, &entered).await;
    page.is_page(200, "An administrator has to allow this");
    browser.allow(&page).await;
    device.is_refused("authorization_pending").await;
    world.consent().await;
    let page = browser.answer(&code, &entered).await;
    page.is_page(200, "Sign in to Wiki on the other device?");
    browser
        .allow(&page)
        .await
        .is_page(200, "You have signed in");
}

#[tokio::test]
async fn codes_cannot_be_tried_out() {
    let world = World::start().await;
    let device = begin(&world).await;
    let mut browser = world.browser();
    // Nobody tries one without signing in first.
    browser.get(&device.page).await.is_page(200, "id=\"name\"");
    let mut page = browser.sign_in(&device.page, NAME).await;
    for _ in 0..10 {
        page = browser
            .answer(&page, &[("step", "device"), ("code", "BCDF-GHJK")])
            .await;
    }
    page = browser
        .answer(&page, &[("step", "device"), ("code", &device.user_code)])
        .await;
    page.is_page(200, "Too many attempts.");
    device.is_refused("authorization_pending").await;
}

#[tokio::test]
async fn the_common_page_finds_the_tenants() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser
        .get("/devicelogin")
        .await
        .is_page(200, "name=\"login_hint\"");
    let moved = browser
        .get("/devicelogin?login_hint=ann%40contoso.example")
        .await;
    let there = moved.header("location").to_owned();
    assert_eq!(
        there,
        world.path("/devicelogin?login_hint=ann%40contoso.example")
    );
    browser.get(&there).await.is_page(200, "id=\"password\"");
    let fields = form(&[("client_id", &world.client_id), ("scope", "User.Read")]);
    for (name, code) in [("common", 50_059), ("nobody.example", 90_002)] {
        let call = world
            .d
            .call("POST", &format!("/{name}/oauth2/v2.0/devicecode"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(fields.clone());
        let answer = Answer::read(call.send().await.unwrap()).await;
        assert_eq!(answer.json["error_codes"], json!([code]));
    }
}
