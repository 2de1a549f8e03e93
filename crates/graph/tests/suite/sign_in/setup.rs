//! The first tenant, set up in the browser.

use authenticator::SoftAuthenticator;
use reqwest::{Client, Response};
use serde_json::Value;

use crate::common::deployment::Deployment;
use crate::common::signing_in::{self, Browser, Seen, between};

const PASSWORD: &str = "Correct-Horse-7-Staple";

async fn post(url: &str, fields: &[(&str, &str)]) -> Response {
    let client = Client::builder().no_proxy().build().unwrap();
    let call = client
        .post(format!("{url}/setup"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(signing_in::form(fields));
    call.send().await.unwrap()
}

fn form<'a>(code: &'a str, domain: &'a str, password: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("code", code),
        ("organization", "Contoso <b>"),
        ("domain", domain),
        ("admin", "root"),
        ("new", password),
        ("again", password),
    ]
}

#[tokio::test]
async fn the_first_tenant_is_set_up_with_the_terminals_code_and_once() {
    let (url, node, _directory) = Deployment::empty().await;
    let asked = reqwest::get(format!("{url}/setup")).await.unwrap();
    assert_eq!(asked.status(), 404, "nothing is offered by itself");
    let code = node.offer_setup().unwrap().unwrap();
    let asked = reqwest::get(format!("{url}/setup")).await.unwrap();
    assert_eq!(asked.status(), 200);
    let policy = asked.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    let asked = asked.text().await.unwrap();
    assert!(asked.contains("autocomplete=\"new-password\""));
    assert!(!asked.contains(code.expose()), "the page doesn't tell it");

    let domain = "contoso.example";
    let typed = code.expose().replace('-', " ").to_lowercase();
    for (fields, why) in [
        (
            form("AAAA-AAAA", domain, PASSWORD),
            "that the terminal shows",
        ),
        (form(&typed, "not a domain", PASSWORD), "a domain"),
        (form(&typed, domain, "password"), "too easy to guess"),
        (form(&typed, domain, "Contoso-123"), "too easy to guess"),
    ] {
        let again = post(&url, &fields).await;
        assert_eq!(again.status(), 200);
        let text = again.text().await.unwrap();
        assert!(text.contains(why), "{why}: {text}");
        assert!(text.contains("Contoso &lt;b&gt;"), "what was entered stays");
        let password = format!("value=\"{}\"", fields[4].1);
        assert!(!text.contains(&password), "but for the password");
    }
    assert!(node.awaits_setup());
    let done = post(&url, &form(&typed, domain, PASSWORD)).await;
    assert_eq!(done.status(), 200);
    let done = done.text().await.unwrap();
    assert!(done.contains("root@contoso.example"), "{done}");

    assert_eq!(
        post(&url, &form(&typed, "other.example", PASSWORD))
            .await
            .status(),
        404
    );
    assert!(node.offer_setup().unwrap().is_none());
    assert_eq!(node.store().tenants().len(), 1);
}

#[tokio::test]
async fn codes_cant_be_guessed() {
    let (url, node, _directory) = Deployment::empty().await;
    let code = node.offer_setup().unwrap().unwrap();
    for _ in 0..10 {
        let wrong = post(&url, &form("AAAA-AAAA", "contoso.example", PASSWORD)).await;
        assert!(
            wrong
                .text()
                .await
                .unwrap()
                .contains("that the terminal shows")
        );
    }
    let late = post(&url, &form(code.expose(), "contoso.example", PASSWORD)).await;
    assert!(late.text().await.unwrap().contains("Start the server anew"));
    assert!(node.store().tenants().is_empty());
}

/// What the page asks an authenticator for.
fn options(page: &Seen) -> Value {
    serde_json::from_str(&page.attribute("data-passkey")).unwrap()
}

#[tokio::test]
async fn the_first_administrator_may_have_a_passkey_instead_of_a_password() {
    let (url, node, _directory) = Deployment::empty_and_named().await;
    let code = node.offer_setup().unwrap().unwrap();
    let code = code.expose();
    let origin = url.replace("127.0.0.1", "localhost");
    let mut browser = Browser::new(&url);
    let page = browser.get("/setup").await;
    page.is_page(200, "Use a passkey instead");

    let by = |by: &'static str, code, domain| {
        let mut fields = form(code, domain, "").to_vec();
        fields.push(("by", by));
        fields
    };
    let ask = by("passkey", code, "contoso.example");
    for (fields, why) in [
        (
            by("passkey", "AAAA-AAAA", "contoso.example"),
            "that the terminal shows",
        ),
        (by("passkey", code, "not a domain"), "a domain"),
        (by("made", code, "contoso.example"), "be made. Try again."),
    ] {
        browser.post("/setup", &fields).await.is_page(200, why);
    }
    let asked = browser.post("/setup", &ask).await;
    asked.is_page(200, "root@contoso.example");
    let mut key = SoftAuthenticator::new();
    let late = key.create(&origin, &options(&asked)).unwrap().to_string();
    // Of two windows the one that was opened last counts.
    let asked = browser.post("/setup", &ask).await;
    let answered = |answer| {
        let mut fields = by("made", code, "contoso.example");
        fields.push(("answer", answer));
        fields
    };
    let again = browser.post("/setup", &answered(&late)).await;
    again.is_page(200, "be made. Try again.");
    let made = key.create(&origin, &options(&asked)).unwrap().to_string();
    let stale = browser.post("/setup", &answered(&made)).await;
    stale.is_page(200, "be made. Try again.");
    assert!(node.awaits_setup());
    let made = key.create(&origin, &options(&stale)).unwrap().to_string();
    let done = browser.post("/setup", &answered(&made)).await;
    done.is_page(200, "Sign in as root@contoso.example with the passkey.");
    browser
        .post("/setup", &answered(&made))
        .await
        .is_page(404, "");

    // It is the administrator's only way in, and can't be taken away by a slip.
    let tenant = node.store().tenants()[0].tenant_id;
    let page = browser.get(&format!("/{tenant}/account")).await;
    let answer = key.get(&origin, &options(&page)).unwrap().to_string();
    let fields = [("step", "passkey"), ("answer", answer.as_str())];
    let page = browser.answer(&page, &fields).await;
    page.is_page(200, "How you sign in");
    let before = page.text.split("value=\"remove-passkey\"").next().unwrap();
    let at = before.rfind("name=\"id\" value=\"").unwrap();
    let id = between(&before[at..], "value=\"", "\"");
    let fields = [("step", "own"), ("act", "remove-passkey"), ("id", id)];
    let page = browser.answer(&page, &fields).await;
    let page = browser.answer(&page, &[("step", "own-do")]).await;
    page.is_page(200, "Only an administrator can do this for you.");
}

#[tokio::test]
async fn where_passkeys_cant_be_the_page_says_what_they_need() {
    let (url, node, _directory) = Deployment::empty().await;
    let code = node.offer_setup().unwrap().unwrap();
    let page = reqwest::get(format!("{url}/setup")).await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("--public-url http://localhost:"), "{page}");
    let mut fields = form(code.expose(), "contoso.example", "").to_vec();
    fields.push(("by", "passkey"));
    let refused = post(&url, &fields).await.text().await.unwrap();
    assert!(refused.contains("couldn&#39;t be made") || refused.contains("couldn't be made"));
    assert!(node.awaits_setup());
}
