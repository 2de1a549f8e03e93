//! People of another tenant, who sign in at home.

use serde_json::json;

use crate::common::deployment::Caller;
use crate::common::signing_in::{Browser, PASSWORD, Seen, World, claims};

pub(super) const BOB: &str = "bob@fabrikam.example";

/// Fabrikam, where Bob is: its id, its administrator, and Bob's id.
pub(super) async fn fabrikam(world: &World) -> (String, Caller, String) {
    let (fabrikam, admin) = world.d.other("Fabrikam", "fabrikam.example").await;
    let made = admin
        .post(
            "/users",
            json!({
                "accountEnabled": true, "displayName": "Bob", "mailNickname": "bob",
                "userPrincipalName": BOB,
                "passwordProfile": { "password": PASSWORD, "forceChangePasswordNextSignIn": false },
            }),
        )
        .await
        .expect(201);
    let bob = made.json["id"].as_str().unwrap().to_owned();
    (fabrikam, admin, bob)
}

/// Contoso, which is visited, and Fabrikam, where Bob is at home.
pub(super) struct Two {
    pub(super) world: World,
    pub(super) home: String,
    pub(super) admin: Caller,
    pub(super) bob: String,
    pub(super) guest: String,
}

impl Two {
    pub(super) async fn start() -> Self {
        let world = World::start().await;
        let (home, admin, bob) = fabrikam(&world).await;
        let invited = world
            .d
            .admin
            .post(
                "/invitations",
                json!({ "invitedUserEmailAddress": BOB, "inviteRedirectUrl": "https://app.example" }),
            )
            .await
            .expect(201);
        let guest = invited.json["invitedUser"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            world,
            home,
            admin,
            bob,
            guest,
        }
    }

    /// Bob signs in as far as what Contoso shows him when he is back.
    pub(super) async fn come(&self, browser: &mut Browser) -> Seen {
        let page = browser.get(&self.world.authorize(&[])).await;
        let away = browser
            .answer(&page, &[("step", "name"), ("name", BOB)])
            .await;
        assert_eq!(away.status, 303, "{}", away.text);
        let location = away.header("location").to_owned();
        assert!(
            location.starts_with(&format!("/{}/b2b/signin?", self.home)),
            "{location}"
        );
        let mut page = browser.get(&location).await;
        if page.status == 200 {
            page.is_page(200, "to go on to Contoso");
            page = browser
                .answer(&page, &[("step", "password"), ("password", PASSWORD)])
                .await;
        }
        let back = page.header("location").to_owned();
        assert!(
            back.starts_with(&format!("/{}/b2b/return?", self.world.d.tenant)),
            "{back}"
        );
        browser.get(&back).await
    }

    pub(super) async fn come_in(&self, browser: &mut Browser) -> String {
        let page = self.come(browser).await;
        page.is_page(200, "Visit Contoso?");
        let page = browser
            .answer(&page, &[("step", "redeem"), ("decision", "accept")])
            .await;
        page.is_page(200, "Sign you in and read your profile");
        browser.allow(&page).await.answer("code")
    }

    /// Fabrikam's outbound, or Contoso's inbound, rule for the other's people.
    pub(super) async fn block(&self, is_outbound: bool) {
        let (caller, partner, part) = if is_outbound {
            (
                &self.admin,
                &self.world.d.tenant,
                "b2bCollaborationOutbound",
            )
        } else {
            (&self.world.d.admin, &self.home, "b2bCollaborationInbound")
        };
        let targets = |target: &str, kind: &str| json!({ "accessType": "blocked", "targets": [{ "target": target, "targetType": kind }] });
        caller
            .post(
                "/policies/crossTenantAccessPolicy/partners",
                json!({ "tenantId": partner, part: {
                    "usersAndGroups": targets("AllUsers", "user"),
                    "applications": targets("AllApplications", "application"),
                }}),
            )
            .await
            .expect(201);
    }
}

#[tokio::test]
async fn a_guest_signs_in_at_home_and_gets_this_tenants_token() {
    let two = Two::start().await;
    let mut browser = two.world.browser();
    let code = two.come_in(&mut browser).await;
    let given = two.world.redeem(&code, &[]).await.expect(200);
    let access = claims(given.json["access_token"].as_str().unwrap());
    assert_eq!(
        (&access["tid"], &access["oid"]),
        (&json!(two.world.d.tenant), &json!(two.guest))
    );
    assert_ne!(two.guest, two.bob);
    let idp = access["idp"].as_str().unwrap();
    assert!(idp.contains(&two.home), "{access}");
    // Where the person is at home, and what they are called there.
    let info = given.json["client_info"].as_str().unwrap();
    let info = format!(".{info}");
    assert_eq!(
        claims(&info),
        json!({ "uid": two.bob, "utid": two.home }),
        "{info}"
    );
    let id = claims(given.json["id_token"].as_str().unwrap());
    assert_eq!(id["preferred_username"], BOB);
    assert_eq!(access["preferred_username"], BOB);
    let user_info = two.world.d.call("GET", "/oidc/userinfo");
    let user_info = user_info.bearer_auth(given.token()).send().await.unwrap();
    let user_info: serde_json::Value = user_info.json().await.unwrap();
    assert_eq!(user_info["preferred_username"], BOB);
    let renamed = "robert@fabrikam.example";
    let body = json!({ "userPrincipalName": renamed });
    let path = format!("/users/{}", two.bob);
    two.admin.patch(&path, body).await.expect(204);
    let refresh = given.json["refresh_token"].as_str().unwrap();
    let again = two.world.refresh(refresh).await.expect(200);
    let id = claims(again.json["id_token"].as_str().unwrap());
    assert_eq!(id["preferred_username"], renamed);
    two.admin
        .patch(&path, json!({ "userPrincipalName": BOB }))
        .await
        .expect(204);
    // The name of home leads to the session here.
    let silent = [("prompt", "none"), ("login_hint", BOB)];
    browser
        .get(&two.world.authorize(&silent))
        .await
        .answer("code");
    let silent = [("prompt", "none"), ("login_hint", "eve@fabrikam.example")];
    let refused = browser.get(&two.world.authorize(&silent)).await;
    assert_eq!(refused.answer("error"), "login_required");
    let guest = two
        .world
        .d
        .admin
        .get(&format!("/users/{}", two.guest))
        .await;
    let state = two
        .world
        .d
        .admin
        .get(&format!("/users/{}?$select=externalUserState", two.guest))
        .await
        .expect(200);
    assert_eq!(
        state.json["externalUserState"], "Accepted",
        "{}",
        guest.text
    );

    // From now on the session here suffices, and nobody asks again.
    let end = browser.get(&two.world.authorize(&[])).await;
    two.world.redeem(&end.answer("code"), &[]).await.expect(200);
    // So does the one at home, for somebody who has none here any more.
    browser
        .cookies
        .retain(|name, _| !name.contains(&two.world.d.tenant.replace('-', "")));
    let end = two.come(&mut browser).await;
    two.world.redeem(&end.answer("code"), &[]).await.expect(200);
}

#[tokio::test]
async fn a_domain_leads_home_without_a_name() {
    let two = Two::start().await;
    let ask = |domain: &str| two.world.authorize(&[("domain_hint", domain)]);
    let mut browser = two.world.browser();
    let away = browser.get(&ask("FABRIKAM.example")).await;
    let home = format!("/{}/b2b/signin?", two.home);
    assert!(away.header("location").starts_with(&home), "{}", away.text);
    let page = browser.get(away.header("location")).await;
    page.is_page(200, "to go on to Contoso");
    let page = browser
        .answer(&page, &[("step", "name"), ("name", BOB)])
        .await;
    let back = browser
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await;
    let page = browser.get(back.header("location")).await;
    page.is_page(200, BOB);
    // Whom it says nothing about is asked for a name here.
    for domain in [
        "contoso.example",
        "nowhere.example",
        "consumers",
        "organizations",
    ] {
        let page = two.world.browser().get(&ask(domain)).await;
        page.is_page(200, "id=\"name\"");
    }
    let silent = [("domain_hint", "fabrikam.example"), ("prompt", "none")];
    let silent = two.world.browser().get(&two.world.authorize(&silent)).await;
    assert_eq!(silent.answer("error"), "login_required");
    // A name says more, and so does a session that is there.
    let named = [
        ("domain_hint", "fabrikam.example"),
        ("login_hint", "ann@contoso.example"),
    ];
    let mut anns = two.world.browser();
    let page = anns.get(&two.world.authorize(&named)).await;
    page.is_page(200, "id=\"password\"");
    let page = anns
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await;
    anns.allow(&page).await.answer("code");
    anns.get(&ask("fabrikam.example")).await.answer("code");
}

#[tokio::test]
async fn who_declines_to_come_stays_out() {
    let two = Two::start().await;
    let mut browser = two.world.browser();
    let page = two.come(&mut browser).await;
    let end = browser
        .answer(&page, &[("step", "redeem"), ("decision", "decline")])
        .await;
    assert_eq!(end.answer("error"), "access_denied");
    let guest = two
        .world
        .d
        .admin
        .get(&format!("/users/{}?$select=externalUserState", two.guest))
        .await;
    assert_eq!(guest.json["externalUserState"], "PendingAcceptance");
}

#[tokio::test]
async fn each_side_can_shut_the_door_at_any_time() {
    for (is_outbound, code, words) in [
        (true, 500_212, "doesn&#39;t let you go"),
        (
            false,
            500_213,
            "doesn&#39;t let people of your company or school in",
        ),
    ] {
        let two = Two::start().await;
        let mut browser = two.world.browser();
        let given = two.come_in(&mut browser).await;
        let given = two.world.redeem(&given, &[]).await.expect(200);
        let refresh = given.json["refresh_token"].as_str().unwrap().to_owned();
        two.block(is_outbound).await;

        let refused = two.world.refresh(&refresh).await;
        assert_eq!(
            refused.json["error_codes"],
            json!([code]),
            "{}",
            refused.text
        );
        // Nor does a new sign-in lead in.
        let mut other = two.world.browser();
        let page = two.come(&mut other).await;
        let text = page.text.replace('\'', "&#39;");
        assert!(page.status == 400 && text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn a_pass_is_for_one_browser_one_tenant_and_once() {
    let two = Two::start().await;
    let mut browser = two.world.browser();
    let page = browser.get(&two.world.authorize(&[])).await;
    let away = browser
        .answer(&page, &[("step", "name"), ("name", BOB)])
        .await;
    let page = browser.get(away.header("location")).await;
    let back = browser
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await;
    let back = back.header("location").to_owned();

    // Another browser has no page that waits for it.
    let stolen = two.world.browser().get(&back).await;
    assert_eq!(stolen.status, 400, "{}", stolen.text);
    // A pass under another sign-in of the same browser has another nonce.
    let page = browser.get(&two.world.authorize(&[])).await;
    let again = browser
        .answer(&page, &[("step", "name"), ("name", BOB)])
        .await;
    let (_, state) = again.header("location").rsplit_once("state=").unwrap();
    let (start, _) = back.rsplit_once("state=").unwrap();
    let mixed = browser.get(&format!("{start}state={state}")).await;
    assert_eq!(mixed.status, 400, "{}", mixed.text);
    // No other tenant is told of it.
    let (third, _) = two.world.d.other("Tailspin", "tailspin.example").await;
    let elsewhere = back.replacen(&two.world.d.tenant, &third, 1);
    assert_eq!(browser.get(&elsewhere).await.status, 400);

    let page = browser.get(&back).await;
    page.is_page(200, "Visit Contoso?");
    let end = browser
        .answer(&page, &[("step", "redeem"), ("decision", "accept")])
        .await;
    end.is_page(200, "Allow access?");
    let replayed = browser.get(&back).await;
    assert_eq!(replayed.status, 400, "{}", replayed.text);
}

#[tokio::test]
async fn who_has_no_account_here_is_told_so() {
    let two = Two::start().await;
    two.world
        .d
        .admin
        .delete(&format!("/users/{}", two.guest))
        .await
        .expect(204);
    let mut browser = two.world.browser();
    let page = two.come(&mut browser).await;
    page.is_page(400, "isn't known at Contoso");
}

impl Two {
    /// Contoso wants more than one factor of everybody, and trusts Fabrikam's or not.
    pub(super) async fn demand(&self, trusts_home: bool) {
        let admin = &self.world.d.admin;
        let body = json!({ "multifactorAuthentication": "all" });
        admin
            .patch("/beta/isopolity/signInPolicy", body)
            .await
            .expect(204);
        if trusts_home {
            let body = json!({ "tenantId": self.home, "inboundTrust": { "isMfaAccepted": true } });
            let partners = "/policies/crossTenantAccessPolicy/partners";
            admin.post(partners, body).await.expect(201);
        }
    }

    /// The methods of the sign-in, by the token at the end.
    async fn amr(&self, browser: &mut Browser, page: &Seen) -> serde_json::Value {
        page.is_page(200, "Sign you in and read your profile");
        let code = browser.allow(page).await.answer("code");
        let given = self.world.redeem(&code, &[]).await.expect(200);
        claims(given.json["id_token"].as_str().unwrap())["amr"].clone()
    }
}

#[tokio::test]
async fn another_factor_is_asked_for_at_home_where_that_is_trusted() {
    let two = Two::start().await;
    two.demand(true).await;
    let mut browser = two.world.browser();
    let back = two.come(&mut browser).await;
    let location = back.header("location").to_owned();
    let home = format!("/{}/b2b/signin?", two.home);
    assert!(location.starts_with(&home), "{location}");
    let page = browser.get(&location).await;
    page.is_page(200, "to go on to Contoso");
    let page = browser
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await;
    let (.., back) = two.world.register_app(&mut browser, &page).await;
    let page = browser.get(back.header("location")).await;
    page.is_page(200, "Visit Contoso?");
    let page = browser
        .answer(&page, &[("step", "redeem"), ("decision", "accept")])
        .await;
    let amr = two.amr(&mut browser, &page).await;
    assert_eq!(amr, json!(["pwd", "otp", "mfa"]));
}

#[tokio::test]
async fn another_factor_is_asked_for_here_where_the_homes_isnt_trusted() {
    let two = Two::start().await;
    two.demand(false).await;
    let mut browser = two.world.browser();
    let page = two.come(&mut browser).await;
    page.is_page(200, "Visit Contoso?");
    let page = browser
        .answer(&page, &[("step", "redeem"), ("decision", "accept")])
        .await;
    let (seed, _, page) = two.world.register_app(&mut browser, &page).await;
    let amr = two.amr(&mut browser, &page).await;
    assert_eq!(amr, json!(["pwd", "otp", "mfa"]));

    // In another browser the app that was set up here is asked for.
    two.world.clock.advance_seconds(60);
    let mut other = two.world.browser();
    let page = two.come(&mut other).await;
    page.is_page(200, "code");
    let code = two.world.app_code(&seed);
    let end = other
        .answer(&page, &[("step", "code"), ("code", &code)])
        .await;
    end.answer("code");
}
