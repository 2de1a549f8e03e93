//! Refresh tokens: rotation, reuse, their ends.

use serde_json::json;

use crate::common::deployment::Answer;
use crate::common::signing_in::{NAME, SPA, VERIFIER, World, claims, form};

#[track_caller]
fn refused(answer: &Answer, code: u32) {
    assert_eq!(
        (&answer.json["error"], &answer.json["error_codes"]),
        (&json!("invalid_grant"), &json!([code])),
        "{}",
        answer.text
    );
}

fn next(answer: &Answer) -> String {
    answer.json["refresh_token"].as_str().unwrap().to_owned()
}

async fn first(world: &World) -> String {
    let code = world.code().await;
    next(&world.redeem(&code, &[]).await.expect(200))
}

#[tokio::test]
async fn each_is_good_once_and_a_second_use_ends_the_family() {
    let world = World::start().await;
    let one = first(&world).await;
    let two = next(&world.refresh(&one).await.expect(200));
    let three = next(&world.refresh(&two).await.expect(200));
    assert_ne!(two, three);
    // Who brings the first again has stolen it, or was stolen from.
    refused(&world.refresh(&one).await, 50_173);
    refused(&world.refresh(&three).await, 50_173);
    let body = world.refresh(&three).await.json;
    assert_eq!(body["suberror"], "bad_token");
    // Another sign-in is another family.
    let other = first(&world).await;
    world.refresh(&other).await.expect(200);
}

#[tokio::test]
async fn a_token_is_its_clients_and_nobody_can_make_one() {
    let world = World::start().await;
    let one = first(&world).await;
    let (other, _) = world
        .d
        .admin
        .application(json!({ "displayName": "Other", "isFallbackPublicClient": true }))
        .await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", other["appId"].as_str().unwrap()),
        ("refresh_token", &one),
    ];
    refused(&world.token(&fields).await, 70_000);
    for forged in [
        one.replacen(&one[50..51], if &one[50..51] == "a" { "b" } else { "a" }, 1),
        one[..60].to_owned(),
        "x".repeat(9_000),
    ] {
        refused(&world.refresh(&forged).await, 70_000);
    }
    world.refresh(&one).await.expect(200);
}

#[tokio::test]
async fn scopes_are_those_that_were_consented_to() {
    let world = World::start().await;
    let one = first(&world).await;
    let ask = async |token: &str, scope: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", &*world.client_id),
            ("refresh_token", token),
            ("scope", scope),
        ];
        world.token(&fields).await
    };
    let less = ask(&one, "https://graph.microsoft.com/User.Read")
        .await
        .expect(200);
    assert_eq!(less.json["scope"], "User.Read");
    assert_eq!(claims(&less.token())["scp"], "User.Read");
    assert!(less.json.get("id_token").is_none());
    let more = ask(&next(&less), "User.ReadWrite").await;
    refused(&more, 65_001);
    assert_eq!(more.json["suberror"], "consent_required");
    // What was refused has used nothing up.
    let all = ask(&next(&less), "https://graph.microsoft.com/.default")
        .await
        .expect(200);
    assert!(all.json["scope"].as_str().unwrap().contains("User.Read"));
}

#[tokio::test]
async fn they_end_with_the_account_the_consent_and_the_time() {
    let world = World::start().await;
    let (one, two, three) = (
        first(&world).await,
        first(&world).await,
        first(&world).await,
    );
    let user = format!("/users/{}", world.user);
    let enabled = |is: bool| world.d.admin.patch(&user, json!({ "accountEnabled": is }));
    enabled(false).await.expect(204);
    refused(&world.refresh(&one).await, 50_057);
    enabled(true).await.expect(204);

    // 90 days from each use.
    world.clock.advance_seconds(89 * 24 * 3_600);
    let later = next(&world.refresh(&two).await.expect(200));
    world.clock.advance_seconds(89 * 24 * 3_600);
    let later = next(&world.refresh(&later).await.expect(200));
    refused(&world.refresh(&three).await, 700_082);

    let mut admin = world.d.admin.clone();
    admin.token = world.d.token_of(&admin).await.token();
    let grants = admin.get("/oauth2PermissionGrants").await.expect(200).json;
    let grant = grants["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|grant| grant["principalId"] == world.user.as_str())
        .unwrap();
    let path = format!("/oauth2PermissionGrants/{}", grant["id"].as_str().unwrap());
    admin.delete(&path).await.expect(204);
    refused(&world.refresh(&later).await, 65_001);

    admin.delete(&user).await.expect(204);
    refused(&world.refresh(&later).await, 50_173);
}

#[tokio::test]
async fn a_script_has_them_for_a_day_in_all() {
    let world = World::start().await;
    world.consent().await;
    let mut browser = world.browser();
    let ask = world.authorize(&[("redirect_uri", SPA)]);
    let code = browser.sign_in(&ask, NAME).await.answer("code");
    let call = async |fields: &[(&str, &str)]| {
        let call = world
            .d
            .call("POST", &world.path("/oauth2/v2.0/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "https://spa.example")
            .body(form(fields));
        Answer::read(call.send().await.unwrap()).await
    };
    let given = call(&[
        ("grant_type", "authorization_code"),
        ("client_id", &world.client_id),
        ("code", &code),
        ("redirect_uri", SPA),
        ("code_verifier", VERIFIER),
    ])
    .await;
    let mut token = next(&given.expect(200));
    let refresh = async |token: &str| {
        call(&[
            ("grant_type", "refresh_token"),
            ("client_id", &world.client_id),
            ("refresh_token", token),
        ])
        .await
    };
    for _ in 0..2 {
        world.clock.advance_seconds(11 * 3_600);
        token = next(&refresh(&token).await.expect(200));
    }
    world.clock.advance_seconds(3 * 3_600);
    refused(&refresh(&token).await, 700_084);
}

#[tokio::test]
async fn none_is_given_that_was_not_asked_for() {
    let world = World::start().await;
    let mut browser = world.browser();
    let ask = world.authorize(&[("scope", "openid User.Read")]);
    let code = browser.sign_in(&ask, NAME).await.answer("code");
    let given = world.redeem(&code, &[]).await.expect(200);
    assert!(given.json.get("refresh_token").is_none());
    let id = claims(given.json["id_token"].as_str().unwrap());
    assert!(id.get("preferred_username").is_none(), "{id}");
}

#[tokio::test]
async fn an_id_token_that_is_refreshed_is_of_the_same_sign_in() {
    let world = World::start().await;
    let code = world.code().await;
    let given = world.redeem(&code, &[]).await.expect(200);
    let first = claims(given.json["id_token"].as_str().unwrap());
    world.clock.advance_seconds(3_600);
    let again = world.refresh(&next(&given)).await.expect(200);
    let second = claims(again.json["id_token"].as_str().unwrap());
    for name in ["iss", "sub", "aud", "sid", "auth_time"] {
        assert_eq!(first[name], second[name], "{name}");
    }
    assert!(second["iat"].as_i64() > first["iat"].as_i64());
    assert!(second.get("nonce").is_none(), "{second}");
}

#[tokio::test]
async fn what_the_tenant_demands_of_sign_ins_holds_for_what_they_gave() {
    let world = World::start().await;
    let policy = "/beta/isopolity/signInPolicy";
    let one = first(&world).await;
    let code = world.code().await;
    let two = next(&world.refresh(&one).await.expect(200));
    let body = json!({ "multifactorAuthentication": "all" });
    world.d.admin.patch(policy, body).await.expect(204);
    let answer = world.refresh(&two).await;
    refused(&answer, 50_076);
    assert_eq!(answer.json["suberror"], "basic_action");
    refused(&world.redeem(&code, &[]).await, 50_076);
    // Nothing was used up: without the demand it goes on.
    let body = json!({ "multifactorAuthentication": "nobody", "signInFrequencyDays": 1 });
    world.d.admin.patch(policy, body).await.expect(204);
    let two = next(&world.refresh(&two).await.expect(200));
    world.clock.advance_seconds(23 * 3_600);
    let two = next(&world.refresh(&two).await.expect(200));
    world.clock.advance_seconds(3_600);
    let answer = world
        .d
        .with_token(world.d.token_of(&world.d.admin).await.token());
    let late = world.refresh(&two).await;
    refused(&late, 70_043);
    assert_eq!(late.json["suberror"], "bad_token");
    answer
        .patch(policy, json!({ "signInFrequencyDays": null }))
        .await
        .expect(204);
    world.refresh(&two).await.expect(200);
}
