//! The first tenant, set up in the browser.

use reqwest::{Client, Response};

use crate::common::deployment::Deployment;
use crate::common::signing_in;

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
