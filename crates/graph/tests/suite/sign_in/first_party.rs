//! The admin centre signs people in as any public client does, without being set up.

use serde_json::json;

use crate::common::signing_in::{CHALLENGE, NAME, VERIFIER, World, claims, form};

const ADMIN_CENTRE: &str = "19af044d-e893-47ae-ab69-56c921fea6e9";

#[tokio::test]
async fn the_admin_centre_signs_people_in_without_asking_for_consent() {
    let world = World::start().await;
    let redirect_uri = format!("{}/admin/signed-in", world.d.url);
    let fields = [
        ("client_id", ADMIN_CENTRE),
        ("response_type", "code"),
        ("redirect_uri", redirect_uri.as_str()),
        (
            "scope",
            "openid profile offline_access https://graph.microsoft.com/.default",
        ),
        ("response_mode", "fragment"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("nonce", "n"),
    ];
    let path = world.path(&format!("/oauth2/v2.0/authorize?{}", form(&fields)));
    let mut browser = world.browser();
    for _ in 0..2 {
        let end = browser.sign_in(&path, NAME).await;
        let (_, fragment) = end.header("location").split_once('#').unwrap();
        let (_, code) = fragment.split_once("code=").unwrap();
        let code = code.split('&').next().unwrap();
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", ADMIN_CENTRE),
            ("code", code),
            ("redirect_uri", redirect_uri.as_str()),
            ("code_verifier", VERIFIER),
        ];
        let given = world
            .d
            .call("POST", &world.path("/oauth2/v2.0/token"))
            .header("origin", &world.d.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&fields))
            .send()
            .await
            .unwrap();
        assert_eq!(given.status(), 200, "{}", given.text().await.unwrap());
        let given: serde_json::Value = given.json().await.unwrap();
        let access = claims(given["access_token"].as_str().unwrap());
        assert_eq!(
            access["appid"].as_str().or(access["azp"].as_str()),
            Some(ADMIN_CENTRE)
        );
        let scopes: Vec<&str> = access["scp"].as_str().unwrap().split(' ').collect();
        assert!(
            scopes.contains(&"MultiTenantOrganization.ReadWrite.All")
                && scopes.contains(&"User.ReadWrite.All"),
            "{scopes:?}"
        );
    }
    // One service principal, however often; nobody else's address gets its answers.
    let listed = world
        .d
        .admin
        .get(&format!(
            "/servicePrincipals?$filter=appId%20eq%20'{ADMIN_CENTRE}'"
        ))
        .await
        .expect(200);
    let listed = listed.json["value"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["replyUrls"][0], json!(redirect_uri));
    let evil = path.replace("%2Fadmin%2Fsigned-in", "%2Fevil");
    assert_ne!(evil, path);
    assert_eq!(browser.get(&evil).await.status, 400);
}
