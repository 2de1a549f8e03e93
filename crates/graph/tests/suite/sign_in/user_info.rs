//! UserInfo, and what discovery says of all this.

use serde_json::json;

use crate::common::deployment::Answer;
use crate::common::signing_in::{NAME, World, claims};

async fn ask(world: &World, token: Option<&str>) -> Answer {
    let call = world.d.call("GET", "/oidc/userinfo");
    let call = match token {
        Some(token) => call.bearer_auth(token),
        None => call,
    };
    Answer::read(call.send().await.unwrap()).await
}

#[tokio::test]
async fn it_tells_what_the_scopes_allow_of_the_id_tokens_subject() {
    let world = World::start().await;
    let given = world.redeem(&world.code().await, &[]).await.expect(200);
    let id = claims(given.json["id_token"].as_str().unwrap());
    let told = ask(&world, Some(&given.token())).await.expect(200);
    assert_eq!(
        told.json,
        json!({ "sub": id["sub"], "name": "ann <b>Doe</b>", "given_name": "ann",
            "preferred_username": NAME, "email": NAME })
    );
    assert_eq!(told.header("cache-control"), "no-store");
    let mut browser = world.browser();
    let ask_less = world.authorize(&[("scope", "openid")]);
    let code = browser.sign_in(&ask_less, NAME).await.answer("code");
    let given = world.redeem(&code, &[]).await.expect(200);
    let told = ask(&world, Some(&given.token())).await.expect(200);
    assert_eq!(told.json, json!({ "sub": id["sub"] }));
}

#[tokio::test]
async fn only_a_persons_token_opens_it() {
    let world = World::start().await;
    let none = ask(&world, None).await;
    assert_eq!(
        (none.status, none.header("www-authenticate")),
        (401, "Bearer")
    );
    for token in ["garbage", &world.d.admin.token] {
        let answer = ask(&world, Some(token)).await;
        assert!([401, 403].contains(&answer.status), "{}", answer.text);
        assert!(
            answer
                .header("www-authenticate")
                .starts_with("Bearer error=")
        );
    }
    let given = world.redeem(&world.code().await, &[]).await.expect(200);
    let path = format!("/users/{}", world.user);
    let off = json!({ "accountEnabled": false });
    world.d.admin.patch(&path, off).await.expect(204);
    let gone = ask(&world, Some(&given.token())).await;
    assert_eq!(
        (gone.status, &gone.json["error"]),
        (401, &json!("invalid_token"))
    );
}

#[tokio::test]
async fn discovery_says_where_everything_is() {
    let world = World::start().await;
    let path = world.path("/v2.0/.well-known/openid-configuration");
    let said = world.d.get(&path).await.expect(200);
    assert_eq!(said.header("access-control-allow-origin"), "*");
    let own = format!("{}{}", world.d.url, world.path("/oauth2/v2.0"));
    for (name, value) in [
        ("authorization_endpoint", format!("{own}/authorize")),
        ("token_endpoint", format!("{own}/token")),
        ("device_authorization_endpoint", format!("{own}/devicecode")),
        ("end_session_endpoint", format!("{own}/logout")),
        (
            "userinfo_endpoint",
            format!("{}/oidc/userinfo", world.d.url),
        ),
    ] {
        assert_eq!(said.json[name], value, "{name}");
    }
    assert_eq!(
        said.json["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(
        said.json["code_challenge_methods_supported"],
        json!(["S256"])
    );
}
