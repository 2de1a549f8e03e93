//! The links of invitations: of somebody from another tenant, and of somebody from none.

use serde_json::{Value, json};

use super::visits::{BOB, Two};
use crate::common::signing_in::{Browser, PASSWORD, Seen, World};

const ANN: &str = "ann.o@outside.example";
const NEW: &str = "Another-Horse-8-Staple";
const GOAL: &str = "https://app.example/start?a=b";

/// Invites an address; the answer, and the link.
async fn invite(world: &World, address: &str, reset: Option<&str>) -> (Value, String) {
    let mut body = json!({ "invitedUserEmailAddress": address, "inviteRedirectUrl": GOAL });
    if let Some(user) = reset {
        body["resetRedemption"] = json!(true);
        body["invitedUser"] = json!({ "id": user });
    }
    let made = world.d.admin.post("/invitations", body).await.expect(201);
    let link = made.json["inviteRedeemUrl"].as_str().unwrap().to_owned();
    (made.json, link)
}

async fn state(world: &World, user: &str) -> Value {
    let path = format!("/users/{user}?$select=externalUserState");
    world.d.admin.get(&path).await.expect(200).json["externalUserState"].clone()
}

/// Follows a link to the page that asks for a new password.
async fn accept(browser: &mut Browser, link: &str) -> Seen {
    let page = browser.get(link).await;
    page.is_page(200, "Visit Contoso?");
    let fields = [("step", "redeem"), ("decision", "accept")];
    browser.answer(&page, &fields).await
}

async fn choose(browser: &mut Browser, page: &Seen, password: &str) -> Seen {
    let fields = [
        ("step", "new-password"),
        ("new", password),
        ("again", password),
    ];
    browser.answer(page, &fields).await
}

async fn sign_in(world: &World, name: &str, password: &str) -> Seen {
    let mut browser = world.browser();
    let page = browser.get(&world.authorize(&[])).await;
    let page = browser
        .answer(&page, &[("step", "name"), ("name", name)])
        .await;
    page.is_page(200, "id=\"password\"");
    browser
        .answer(&page, &[("step", "password"), ("password", password)])
        .await
}

#[tokio::test]
async fn a_link_leads_over_the_home_to_where_the_inviter_has_said() {
    let two = Two::start().await;
    let (made, link) = invite(&two.world, BOB, None).await;
    assert_eq!(made["invitedUser"]["id"], two.guest.as_str());
    let mut browser = two.world.browser();
    let away = browser.get(&link).await;
    let location = away.header("location").to_owned();
    assert!(
        location.starts_with(&format!("/{}/b2b/signin?", two.home)),
        "{location}"
    );
    let page = browser.get(&location).await;
    let back = browser
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await;
    let page = browser.get(back.header("location")).await;
    page.is_page(200, "Visit Contoso?");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https:"), "{policy}");
    let end = browser
        .answer(&page, &[("step", "redeem"), ("decision", "accept")])
        .await;
    assert_eq!((end.status, end.header("location")), (303, GOAL));
    assert_eq!(state(&two.world, &two.guest).await, "Accepted");
    // The session is one like any other, also for the link.
    let end = browser.get(&link).await;
    assert_eq!((end.status, end.header("location")), (302, GOAL));
    let log = "/auditLogs/signIns?$top=1";
    let log = two.world.d.admin.get(log).await.expect(200).json;
    let entry = &log["value"][0];
    assert_eq!(entry["appDisplayName"], "Invitation redemption", "{entry}");
    assert_eq!(entry["status"]["errorCode"], 0);

    // Somebody else of that home isn't who was invited.
    let eve = json!({
        "accountEnabled": true, "displayName": "Eve", "mailNickname": "eve",
        "userPrincipalName": "eve@fabrikam.example",
        "passwordProfile": { "password": PASSWORD, "forceChangePasswordNextSignIn": false },
    });
    two.admin.post("/users", eve).await.expect(201);
    let mut browser = two.world.browser();
    let away = browser.get(&link).await;
    let page = browser.get(away.header("location")).await;
    let page = browser
        .answer(&page, &[("step", "name"), ("name", "eve@fabrikam.example")])
        .await;
    let back = browser
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await;
    let page = browser.get(back.header("location")).await;
    page.is_page(400, "isn't known at Contoso");
}

#[tokio::test]
async fn somebody_of_no_tenant_gets_a_password_and_signs_in_by_the_address() {
    let world = World::start().await;
    let (made, link) = invite(&world, ANN, None).await;
    let user = made["invitedUser"]["id"].as_str().unwrap().to_owned();
    let mut browser = world.browser();
    // Looking changes nothing, declining neither.
    let page = browser.get(&link).await;
    let end = browser
        .answer(&page, &[("step", "redeem"), ("decision", "decline")])
        .await;
    assert_eq!(end.status, 400, "{}", end.text);
    assert_eq!(state(&world, &user).await, "PendingAcceptance");
    sign_in(&world, ANN, NEW)
        .await
        .is_page(200, "id=\"password\"");

    let page = accept(&mut browser, &link).await;
    page.is_page(200, ANN);
    assert_eq!(state(&world, &user).await, "Accepted");
    let weak = choose(&mut browser, &page, "password").await;
    weak.is_page(200, "new-password");
    // Whoever breaks off here comes by the link again.
    let page = accept(&mut world.browser(), &link).await;
    page.is_page(200, ANN);
    let end = choose(&mut browser, &weak, NEW).await;
    assert_eq!((end.status, end.header("location")), (303, GOAL));

    // From now on the link is a way to sign in, and no way to another password.
    let page = world.browser().get(&link).await;
    page.is_page(200, "id=\"password\"");
    let page = sign_in(&world, "Ann.O@Outside.example", NEW).await;
    page.is_page(200, "Allow access?");
    let mut browser = world.browser();
    let page = browser.get(&world.path("/account")).await;
    let page = browser
        .answer(&page, &[("step", "name"), ("name", ANN)])
        .await;
    let page = browser
        .answer(&page, &[("step", "password"), ("password", NEW)])
        .await;
    page.is_page(200, ANN);
    assert!(page.text.contains("password"), "{}", page.text);

    // Nobody else's tenant takes the person for one of this one.
    let (other, _) = world.d.other("Fabrikam", "fabrikam.example").await;
    let visit = format!(
        "/{}/b2b/signin?resource={other}&application={}&nonce=n&state=s",
        world.d.tenant, world.client_id
    );
    let page = browser.get(&visit).await;
    page.is_page(400, "isn't known at Contoso");
}

#[tokio::test]
async fn a_link_is_replaced_by_the_next_and_worthless_elsewhere() {
    let world = World::start().await;
    let (made, old) = invite(&world, ANN, None).await;
    let user = made["invitedUser"]["id"].as_str().unwrap().to_owned();
    let (_, link) = invite(&world, ANN, None).await;
    let (other, admin) = world.d.other("Fabrikam", "fabrikam.example").await;
    let unknown = "This invitation link isn't valid any more";
    let elsewhere = link.replace(&world.d.tenant, &other);
    let foreign = link.replace(&user, &world.user);
    let nowhere = link.replace(&world.d.tenant, "00000000-0000-4000-8000-00000000dead");
    for wrong in [
        old.as_str(),
        &elsewhere,
        &foreign,
        &nowhere,
        &format!("{link}x").replace("&ver=2.0x", "x&ver=2.0"),
        "/redeem?tenant=x&user=y&ticket=z",
    ] {
        world.browser().get(wrong).await.is_page(400, unknown);
    }
    assert_eq!(world.browser().get("/redeem").await.status, 400);
    drop(admin);

    // The page of a link that was replaced meanwhile leads nowhere either.
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    let (_, link) = invite(&world, ANN, None).await;
    let fields = [("step", "redeem"), ("decision", "accept")];
    let refused = browser.answer(&page, &fields).await;
    refused.is_page(400, unknown);

    // Who has to redeem once more has lost what led in before.
    let mut browser = world.browser();
    let page = accept(&mut browser, &link).await;
    let end = choose(&mut browser, &page, NEW).await;
    assert_eq!(end.header("location"), GOAL);
    let (_, link) = invite(&world, "eva@outside.example", Some(&user)).await;
    assert_eq!(state(&world, &user).await, "PendingAcceptance");
    let page = browser.get(&world.path("/account")).await;
    page.is_page(200, "id=\"name\"");
    sign_in(&world, ANN, NEW)
        .await
        .is_page(200, "id=\"password\"");
    let page = accept(&mut browser, &link).await;
    page.is_page(200, "eva@outside.example");

    // Who is blocked or gone has no use of the link.
    let path = format!("/users/{user}");
    let block = json!({ "accountEnabled": false });
    world.d.admin.patch(&path, block).await.expect(204);
    let mut browser = world.browser();
    let page = browser.get(&link).await;
    let fields = [("step", "redeem"), ("decision", "accept")];
    let refused = browser.answer(&page, &fields).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    world.d.admin.delete(&path).await.expect(204);
    world.browser().get(&link).await.is_page(400, unknown);
}

#[tokio::test]
async fn nobody_synchronizes_who_came_by_an_invitation() {
    let two = Two::start().await;
    let (made, _) = invite(&two.world, ANN, None).await;
    // Of no tenant, and of one whose person hasn't come yet.
    for user in [
        made["invitedUser"]["id"].as_str().unwrap(),
        two.guest.as_str(),
    ] {
        let tenant = two.world.d.tenant.as_str();
        let question = json!({ "action": "sync", "from": { "tenantId": tenant, "userId": user },
            "to": { "tenantId": tenant } });
        let explained = two.world.d.admin.post("/beta/isopolity/explain", question);
        let explained = explained.await.expect(200).json;
        assert_eq!(explained["allowed"], false, "{explained}");
        assert_eq!(explained["steps"][0]["setting"], "user.userType");
    }
}
