//! Signing out, as clients' servers hear of it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::common::receiver::{Mood, Receiver};
use crate::common::signing_in::{NAME, World, claims};

#[tokio::test]
async fn a_server_hears_that_a_session_has_ended() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let id = world.application["id"].as_str().unwrap();
    let url = format!("{}/back", receiver.url);
    let path = format!("/applications/{id}");
    let told = json!({ "backChannelLogoutUrl": url });
    world.d.admin.patch(&path, told).await.expect(204);
    let mut browser = world.browser();
    let end = browser.sign_in(&world.authorize(&[]), NAME).await;
    let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
    let hint = given.json["id_token"].as_str().unwrap();
    // The first time it can't take it.
    receiver.set_mood(Mood::Answers("503 Service Unavailable"));
    let out = world.path(&format!("/oauth2/v2.0/logout?id_token_hint={hint}"));
    browser.get(&out).await.is_page(200, "You have signed out");
    for _ in 0..200 {
        if receiver.tries() > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    receiver.set_mood(Mood::Takes);
    let mut received = Vec::new();
    for _ in 0..400 {
        received = receiver.received();
        if !received.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(received[0].path, "/back");
    let body = received[0].body.as_str().unwrap();
    let token = body.strip_prefix("logout_token=").unwrap();
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("logout+jwt"), &json!("RS256"))
    );
    let (told, id) = (claims(token), claims(hint));
    for name in ["iss", "aud", "sub", "sid"] {
        assert_eq!(told[name], id[name], "{name}");
    }
    let event = &told["events"]["http://schemas.openid.net/event/backchannel-logout"];
    assert!(event.is_object(), "{told}");
    assert!(
        told.get("nonce").is_none() && told["jti"].is_string(),
        "{told}"
    );
    assert!(told["exp"].as_i64() > told["iat"].as_i64());
    // It is none that opens or proves anything here.
    let opens = world.d.call("GET", "/oidc/userinfo").bearer_auth(token);
    assert_eq!(opens.send().await.unwrap().status().as_u16(), 401);
    let again = world.path(&format!("/oauth2/v2.0/logout?id_token_hint={token}"));
    browser.get(&again).await.is_page(400, "AADSTS50027");
}

#[tokio::test]
async fn a_server_hears_that_an_administrator_has_ended_all_sessions() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let id = world.application["id"].as_str().unwrap();
    let path = format!("/applications/{id}");
    let told = json!({ "backChannelLogoutUrl": format!("{}/back", receiver.url) });
    world.d.admin.patch(&path, told).await.expect(204);
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let end = world.browser().sign_in(&world.authorize(&[]), NAME).await;
        let given = world.redeem(&end.answer("code"), &[]).await.expect(200);
        let id = claims(given.json["id_token"].as_str().unwrap());
        sessions.push(id["sid"].as_str().unwrap().to_owned());
    }
    let revoke = format!("/users/{}/revokeSignInSessions", world.user);
    world.d.admin.post(&revoke, json!({})).await.expect(200);
    let mut received = Vec::new();
    for _ in 0..200 {
        received = receiver.received();
        if received.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut told: Vec<String> = received
        .iter()
        .map(|call| {
            let token = call.body.as_str().unwrap().strip_prefix("logout_token=");
            claims(token.unwrap())["sid"].as_str().unwrap().to_owned()
        })
        .collect();
    told.sort_unstable();
    sessions.sort_unstable();
    assert_eq!(told, sessions);
}
