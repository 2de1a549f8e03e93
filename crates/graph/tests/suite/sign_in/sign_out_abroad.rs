//! Signing out, of somebody who has been at several tenants with one browser.

use serde_json::json;

use super::visits::{BOB, Two};
use crate::common::receiver::Receiver;
use crate::common::signing_in::{Browser, CHALLENGE, PASSWORD, VERIFIER, claims, form};

/// The first session that My account offers to end, in a page or a part of it.
fn session_in(page: &str) -> String {
    let (_, id) = page.split_once("name=\"id\" value=\"").unwrap();
    id.split('"').next().unwrap().to_owned()
}

/// A browser in which Bob has come from Fabrikam to Contoso, with the ID token that he has there.
struct Abroad {
    two: Two,
    browser: Browser,
    hint: String,
    /// Fabrikam's own client, which knows of the session at home.
    client: String,
}

impl Abroad {
    async fn start(receiver: &Receiver) -> Self {
        let two = Two::start().await;
        let mut browser = two.world.browser();
        let code = two.come_in(&mut browser).await;
        let given = two.world.redeem(&code, &[]).await.expect(200);
        let hint = given.json["id_token"].as_str().unwrap().to_owned();
        let (application, _) = two
            .admin
            .application(json!({
                "displayName": "Notes", "publicClient": { "redirectUris": ["http://localhost"] },
                "web": { "redirectUris": ["https://notes.example/cb"], "logoutUrl": "https://notes.example/out" },
            }))
            .await;
        let id = application["id"].as_str().unwrap();
        let told = json!({ "backChannelLogoutUrl": format!("{}/back", receiver.url) });
        let path = format!("/applications/{id}");
        two.admin.patch(&path, told).await.expect(204);
        let client = application["appId"].as_str().unwrap().to_owned();
        let mut abroad = Self {
            two,
            browser,
            hint,
            client,
        };
        let ask = abroad.at_home(&[]);
        let page = abroad.browser.get(&ask).await;
        let code = abroad.browser.allow(&page).await.answer("code");
        let fields = form(&[
            ("grant_type", "authorization_code"),
            ("client_id", &abroad.client),
            ("code", &code),
            ("redirect_uri", "http://localhost:51234"),
            ("code_verifier", VERIFIER),
        ]);
        let deployment = &abroad.two.world.d;
        let given = deployment.post_form(&abroad.two.home, fields).await;
        given.expect(200);
        abroad
    }

    /// A request of the home's client.
    fn at_home(&self, more: &[(&str, &str)]) -> String {
        let mut fields = vec![
            ("client_id", self.client.as_str()),
            ("response_type", "code"),
            ("redirect_uri", "http://localhost:51234"),
            ("scope", "openid"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        fields.extend(more);
        format!("/{}/oauth2/v2.0/authorize?{}", self.two.home, form(&fields))
    }

    /// Whether a browser is signed in at home and where Bob visits.
    async fn is_signed_in(&self, browser: &mut Browser) -> (bool, bool) {
        let silent = [("prompt", "none")];
        let home = browser.get(&self.at_home(&silent)).await;
        let abroad = browser.get(&self.two.world.authorize(&silent)).await;
        let is_in =
            |name| move |seen: &crate::common::signing_in::Seen| seen.find_answer(name).is_some();
        (is_in("code")(&home), is_in("code")(&abroad))
    }

    /// Bob at home with another browser.
    async fn elsewhere(&self) -> Browser {
        let mut browser = self.two.world.browser();
        let end = browser.sign_in(&self.at_home(&[]), BOB).await;
        end.answer("code");
        browser
    }
}

#[tokio::test]
async fn a_visitor_is_signed_out_at_home_too() {
    let receiver = Receiver::start().await;
    let abroad = Abroad::start(&receiver).await;
    let mut elsewhere = abroad.elsewhere().await;
    let mut browser = abroad.browser.moved(&abroad.two.world.d.url);
    assert_eq!(abroad.is_signed_in(&mut browser).await, (true, true));
    let out = abroad.two.world.path(&format!(
        "/oauth2/v2.0/logout?id_token_hint={}&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=x",
        abroad.hint
    ));
    let page = browser.get(&out).await;
    // It says of what, and the clients of both hear of it, each for its own session.
    page.is_page(200, "You have signed out of:");
    for tenant in ["Fabrikam", "Contoso"] {
        page.is_page(
            200,
            &format!("<li><bdi>{tenant}</bdi><small dir=\"ltr\">{BOB}</small></li>"),
        );
    }
    let frame = |url: &str, tenant: &str| {
        let issuer = format!("{}/{tenant}/v2.0", abroad.two.world.d.url);
        format!(
            "{url}?iss={}&amp;sid=",
            crate::common::signing_in::encode(&issuer)
        )
    };
    page.is_page(
        200,
        &frame("https://app.example/out", &abroad.two.world.d.tenant),
    );
    page.is_page(200, &frame("https://notes.example/out", &abroad.two.home));
    assert_eq!(
        page.header("refresh"),
        "3;url=https://app.example/cb?state=x"
    );
    let mut received = Vec::new();
    for _ in 0..200 {
        received = receiver.received();
        if !received.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let body = received[0].body.as_str().unwrap();
    let token = claims(body.strip_prefix("logout_token=").unwrap());
    assert_eq!(token["aud"], json!(abroad.client));
    // Nobody is let in any more without a question.
    assert!(!browser.cookies.keys().any(|name| name.contains("session")));
    assert_eq!(abroad.is_signed_in(&mut browser).await, (false, false));
    // Another browser is another sign-in.
    assert!(abroad.is_signed_in(&mut elsewhere).await.0);
}

#[tokio::test]
async fn signing_out_at_home_ends_the_visits_of_the_browser() {
    let abroad = Abroad::start(&Receiver::start().await).await;
    let mut browser = abroad.browser.moved(&abroad.two.world.d.url);
    // Somebody else of the home is signed in there as well.
    let eve = json!({
        "accountEnabled": true, "displayName": "Eve", "mailNickname": "eve",
        "userPrincipalName": "eve@fabrikam.example",
        "passwordProfile": { "password": PASSWORD, "forceChangePasswordNextSignIn": false },
    });
    abroad.two.admin.post("/users", eve).await.expect(201);
    let hint = [("login_hint", "eve@fabrikam.example")];
    let end = browser.sign_in(&abroad.at_home(&hint), "").await;
    end.answer("code");
    let page = browser
        .get(&format!("/{}/oauth2/v2.0/logout", abroad.two.home))
        .await;
    page.is_page(200, "everywhere in this browser");
    assert!(abroad.is_signed_in(&mut browser).await.1);
    let (before, _) = page.text.split_once("<bdi>Bob</bdi>").unwrap();
    let (_, session) = before.rsplit_once("value=\"").unwrap();
    let session = session.split('"').next().unwrap().to_owned();
    let fields = [("step", "sign-out"), ("session", session.as_str())];
    let end = browser.answer(&page, &fields).await;
    end.is_page(200, "<bdi>Contoso</bdi>");
    end.is_page(200, "https://app.example/out?iss=");
    assert!(!end.text.contains("eve@"), "{}", end.text);
    // Hers is the one that is left.
    assert_eq!(abroad.is_signed_in(&mut browser).await, (true, false));
}

#[tokio::test]
async fn ending_a_session_from_another_browser_ends_the_visits_that_came_from_it() {
    for act in ["end", "end-others"] {
        let abroad = Abroad::start(&Receiver::start().await).await;
        abroad.two.world.d.node.start();
        let mut lost = abroad.browser.moved(&abroad.two.world.d.url);
        let mut elsewhere = abroad.elsewhere().await;
        let visit = abroad.two.come(&mut elsewhere).await;
        visit.answer("code");
        assert_eq!(abroad.is_signed_in(&mut lost).await, (true, true));
        let page = elsewhere
            .get(&format!("/{}/account", abroad.two.home))
            .await;
        let mut sessions = page.text.split("<li>");
        let is_other = |it: &&str| it.contains("value=\"end\"") && !it.contains("<strong>");
        let other = sessions.find(is_other).unwrap();
        let id = session_in(other);
        let mut fields = vec![("step", "own"), ("act", act)];
        if act == "end" {
            fields.push(("id", &id));
        }
        elsewhere.answer(&page, &fields).await.is_page(200, BOB);
        let mut is_in = (true, true);
        for _ in 0..200 {
            is_in = abroad.is_signed_in(&mut lost).await;
            if !is_in.1 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        assert_eq!(is_in, (false, false), "{act}");
        // Where it was said, one is still there and abroad.
        assert_eq!(abroad.is_signed_in(&mut elsewhere).await, (true, true));
    }
}

#[tokio::test]
async fn common_signs_a_visitor_out_at_home() {
    let abroad = Abroad::start(&Receiver::start().await).await;
    let out = "/common/oauth2/v2.0/logout";
    let mut browser = abroad.browser.moved(&abroad.two.world.d.url);
    let page = browser.get(out).await;
    page.is_page(200, "Which account do you want to sign out?");
    page.is_page(200, "Fabrikam");
    let hint = format!("{out}?logout_hint={BOB}");
    let end = browser.get(&hint).await;
    end.is_page(200, "<bdi>Contoso</bdi>");
    assert_eq!(abroad.is_signed_in(&mut browser).await, (false, false));
}

#[tokio::test]
async fn another_site_signs_nobody_out_at_home() {
    let abroad = Abroad::start(&Receiver::start().await).await;
    let mut browser = abroad.browser.moved(&abroad.two.world.d.url);
    for more in ["", "?logout_hint=eve%40fabrikam.example"] {
        let out = abroad.two.world.path("/oauth2/v2.0/logout");
        let page = browser.get(&format!("{out}{more}")).await;
        page.is_page(200, "Which account do you want to sign out?");
    }
    assert_eq!(abroad.is_signed_in(&mut browser).await, (true, true));
    // Who has no session where they visited is known by the client's token still.
    let visited = abroad.two.world.d.tenant.replace('-', "");
    browser.cookies.retain(|name, _| !name.contains(&visited));
    let out = abroad.two.world.path("/oauth2/v2.0/logout");
    browser.get(&out).await.is_page(200, "You have signed out");
    assert!(abroad.is_signed_in(&mut browser).await.0);
    let out = format!("{out}?id_token_hint={}", abroad.hint);
    browser.get(&out).await.is_page(200, "<bdi>Fabrikam</bdi>");
    assert!(!abroad.is_signed_in(&mut browser).await.0);
}

#[tokio::test]
async fn my_account_signs_out_as_much() {
    for act in ["end", "everywhere"] {
        let abroad = Abroad::start(&Receiver::start().await).await;
        let mut browser = abroad.browser.moved(&abroad.two.world.d.url);
        let page = browser.get(&abroad.two.world.path("/account")).await;
        let end = if act == "end" {
            let id = session_in(&page.text);
            let fields = [("step", "own"), ("act", act), ("id", &id)];
            browser.answer(&page, &fields).await
        } else {
            let page = browser
                .answer(&page, &[("step", "own"), ("act", act)])
                .await;
            browser.answer(&page, &[("step", "own-do")]).await
        };
        end.is_page(200, "<bdi>Fabrikam</bdi>");
        end.is_page(200, "<bdi>Contoso</bdi>");
        assert_eq!(abroad.is_signed_in(&mut browser).await, (false, false));
    }
}
