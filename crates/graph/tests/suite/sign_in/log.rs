//! The log of sign-ins.

use serde_json::{Value, json};

use super::visits::Two;
use crate::common::deployment::Caller;
use crate::common::signing_in::{NAME, PASSWORD, World, encode};

/// The rows that fit a filter, newest first, as `/beta` shows them.
async fn rows(admin: &Caller, filter: &str) -> Vec<Value> {
    let path = format!("/beta/auditLogs/signIns?$filter={}", encode(filter));
    let answer = admin.get(&path).await.expect(200);
    answer.json["value"].as_array().unwrap().clone()
}

const ALL: &str = "signInEventTypes/any(t: t eq 'interactiveUser')";

impl World {
    /// Tries to sign in with this password.
    async fn guess(&self, name: &str, password: &str) {
        let mut browser = self.browser();
        let page = browser.get(&self.authorize(&[])).await;
        let page = browser
            .answer(&page, &[("step", "name"), ("name", name)])
            .await;
        browser
            .answer(&page, &[("step", "password"), ("password", password)])
            .await;
    }
}

#[tokio::test]
async fn each_sign_in_is_a_row_that_says_who_to_what_and_how() {
    let world = World::start().await;
    world.consent().await;
    let code = world.code().await;
    let given = world.redeem(&code, &[]).await.expect(200);
    let admin = &world.d.admin;

    let listed = admin.get("/auditLogs/signIns").await.expect(200);
    let [row] = listed.json["value"].as_array().unwrap().as_slice() else {
        panic!("{}", listed.text)
    };
    assert_eq!(row["userId"], json!(world.user));
    assert_eq!(row["userPrincipalName"], NAME);
    assert_eq!(row["appId"], json!(world.client_id));
    assert_eq!(row["appDisplayName"], "Wiki");
    assert_eq!(row["resourceDisplayName"], "Microsoft Graph");
    assert_eq!(row["status"]["errorCode"], 0);
    assert_eq!(row["isInteractive"], true);
    assert_eq!(row["ipAddress"], "127.0.0.1");
    assert_eq!(row["homeTenantId"], json!(world.d.tenant));
    assert!(row.get("signInEventTypes").is_none(), "beta only: {row}");
    let id = row["id"].as_str().unwrap();
    let one = admin.get(&format!("/auditLogs/signIns/{id}")).await;
    assert_eq!(
        &one.expect(200).json["createdDateTime"],
        &row["createdDateTime"]
    );
    admin.get("/auditLogs/signIns/x").await.expect(404);

    // What a client renews is counted within the hour, and isn't in the list of interactive ones.
    let mut refresh = given.json["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        let next = world.refresh(&refresh).await.expect(200);
        next.json["refresh_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut refresh);
    }
    let renewed = rows(admin, "signInEventTypes/any(t: t eq 'nonInteractiveUser')").await;
    assert_eq!(renewed.len(), 1);
    assert_eq!(renewed[0]["signInCount"], 3);
    assert_eq!(renewed[0]["isInteractive"], false);
    assert_eq!(rows(admin, ALL).await.len(), 1);

    // Filters and pages.
    for (filter, count) in [
        (format!("userId eq '{}'", world.user), 1),
        (format!("userId eq '{}'", world.client_id), 0),
        ("startswith(userPrincipalName,'ANN')".to_owned(), 1),
        ("status/errorCode eq 0".to_owned(), 1),
        ("status/errorCode ne 0".to_owned(), 0),
        ("ipAddress eq '127.0.0.1'".to_owned(), 1),
        ("crossTenantAccessType ne 'none'".to_owned(), 0),
        (format!("appId eq '{}'", world.client_id), 1),
        ("createdDateTime le 2020-01-01T00:00:00Z".to_owned(), 0),
    ] {
        assert_eq!(rows(admin, &filter).await.len(), count, "{filter}");
    }
    let refused = "/auditLogs/signIns?$filter=userAgent%20eq%20'x'";
    admin.get(refused).await.expect(400);
    world.clock.advance_seconds(1);
    world.guess(NAME, PASSWORD).await;
    let first = admin.get("/auditLogs/signIns?$top=1").await.expect(200);
    let next = first.json["@odata.nextLink"].as_str().unwrap();
    let second = admin.get(next).await.expect(200);
    assert_eq!(second.json["value"][0]["id"], json!(id));
    assert!(second.json.get("@odata.nextLink").is_none());
}

#[tokio::test]
async fn who_is_let_in_without_a_question_is_a_row_once_there_are_tokens() {
    let world = World::start().await;
    world.consent().await;
    let admin = &world.d.admin;
    let silent = "signInEventTypes/any(t: t eq 'nonInteractiveUser')";
    let mut browser = world.browser();
    browser.sign_in(&world.authorize(&[]), NAME).await;
    world.clock.advance_seconds(1);
    let ask = world.authorize(&[("prompt", "none")]);
    let (unused, first) = (browser.get(&ask).await, browser.get(&ask).await);
    unused.answer("code");
    assert!(rows(admin, silent).await.is_empty());
    let first = first.answer("code");
    world.redeem(&first, &[]).await.expect(200);
    let second = browser.get(&ask).await.answer("code");
    world.redeem(&second, &[]).await.expect(200);
    let rows = rows(admin, silent).await;
    let [row] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    assert_eq!(row["signInCount"], 2);
    assert_eq!(row["userId"], json!(world.user));
    assert_eq!(row["appDisplayName"], "Wiki");
    assert_eq!(row["resourceDisplayName"], "Microsoft Graph");
    assert_eq!(row["status"]["errorCode"], 0);
    assert_eq!(row["ipAddress"], "127.0.0.1");
}

#[tokio::test]
async fn refusals_say_whose_and_why_and_no_name_that_may_be_a_password() {
    let world = World::start().await;
    let admin = &world.d.admin;
    for _ in 0..12 {
        world.guess(NAME, "wrong").await;
    }
    world.guess("hunter2@contoso.example", "wrong").await;
    let wrong = rows(admin, "status/errorCode eq 50126").await;
    let [wrong] = wrong.as_slice() else {
        panic!("{wrong:?}")
    };
    assert_eq!(wrong["userId"], json!(world.user));
    assert_eq!(wrong["signInCount"], 10);
    let held_up = rows(admin, "status/errorCode eq 50053").await;
    assert_eq!(held_up[0]["userId"], json!(world.user));
    let unknown = rows(admin, "status/errorCode eq 50034").await;
    assert_eq!(unknown.len(), 1);
    assert!(unknown[0]["userPrincipalName"].is_null());
    let all = admin.get("/beta/auditLogs/signIns").await.text;
    assert!(!all.contains("hunter2"), "{all}");

    // Who is disabled.
    let bill = world.person("bill").await;
    let off = json!({ "accountEnabled": false });
    admin
        .patch(&format!("/users/{bill}"), off)
        .await
        .expect(204);
    world.guess("bill@contoso.example", PASSWORD).await;
    let disabled = rows(admin, "status/errorCode eq 50057").await;
    assert_eq!(disabled[0]["userId"], json!(bill));

    // Who declines what the client asks for.
    let carl = world.person("carl").await;
    let mut browser = world.browser();
    let page = browser
        .sign_in_to_consent(&world, "carl@contoso.example")
        .await;
    assert_eq!(rows(admin, "status/errorCode eq 65001").await.len(), 1);
    browser
        .answer(&page, &[("step", "consent"), ("decision", "decline")])
        .await;
    assert_eq!(rows(admin, "status/errorCode eq 65004").await.len(), 1);

    // Who isn't assigned.
    let principal = world.principal["id"].as_str().unwrap();
    let required = json!({ "appRoleAssignmentRequired": true });
    let path = format!("/servicePrincipals/{principal}");
    admin.patch(&path, required).await.expect(204);
    let page = browser.get(&world.authorize(&[])).await;
    assert_eq!(page.status, 400, "{}", page.text);
    let refused = rows(admin, "status/errorCode eq 50105").await;
    assert_eq!(refused[0]["userId"], json!(carl));
    assert!(
        !refused[0]["status"]["failureReason"]
            .as_str()
            .unwrap()
            .is_empty()
    );
}

impl crate::common::signing_in::Browser {
    /// Signs somebody in as far as the page that asks for consent.
    async fn sign_in_to_consent(
        &mut self,
        world: &World,
        name: &str,
    ) -> crate::common::signing_in::Seen {
        let page = self.get(&world.authorize(&[])).await;
        let page = self
            .answer(&page, &[("step", "name"), ("name", name)])
            .await;
        let page = self
            .answer(&page, &[("step", "password"), ("password", PASSWORD)])
            .await;
        page.is_page(200, "Allow access?");
        page
    }
}

#[tokio::test]
async fn a_missing_factor_is_in_the_log_until_it_comes() {
    let world = World::start().await;
    world.consent().await;
    let admin = &world.d.admin;
    let demand = json!({ "multifactorAuthentication": "all" });
    admin
        .patch("/beta/isopolity/signInPolicy", demand)
        .await
        .expect(204);
    let mut browser = world.browser();
    let page = browser.get(&world.authorize(&[])).await;
    let page = browser
        .answer(&page, &[("step", "name"), ("name", NAME)])
        .await;
    let page = browser
        .answer(&page, &[("step", "password"), ("password", PASSWORD)])
        .await;
    assert_eq!(rows(admin, "status/errorCode eq 50079").await.len(), 1);
    let (_, _, end) = world.register_app(&mut browser, &page).await;
    end.answer("code");
    let [row] = &rows(admin, ALL).await[..] else {
        panic!("one row for one sign-in")
    };
    assert_eq!(row["status"]["errorCode"], 0);
    let requirement = &row["authenticationRequirement"];
    assert_eq!(requirement, "multiFactorAuthentication");
}

#[tokio::test]
async fn an_applications_own_sign_ins_are_counted_by_the_hour() {
    let world = World::start().await;
    let admin = &world.d.admin;
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &world.client_id),
        ("client_secret", &world.secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    for _ in 0..3 {
        world.token(&fields).await.expect(200);
    }
    let mut wrong = fields;
    wrong[2].1 = "wrong";
    world.token(&wrong).await.expect(401);
    let filter = format!(
        "signInEventTypes/any(t: t eq 'servicePrincipal') and appId eq '{}'",
        world.client_id
    );
    let of = rows(admin, &filter).await;
    assert_eq!(of.len(), 2, "{of:?}");
    let (bad, good): (Vec<&Value>, Vec<&Value>) =
        of.iter().partition(|row| row["status"]["errorCode"] != 0);
    assert_eq!(bad[0]["status"]["errorCode"], 7_000_215);
    assert_eq!(good[0]["servicePrincipalId"], world.principal["id"]);
    assert_eq!(good[0]["userId"], "");
}

#[tokio::test]
async fn both_tenants_logs_tell_of_a_visit_and_who_has_decided() {
    for is_outbound in [true, false] {
        let two = Two::start().await;
        let mut browser = two.world.browser();
        two.come_in(&mut browser).await;
        let b2b = "crossTenantAccessType eq 'b2bCollaboration'";
        let here = rows(
            &two.world.d.admin,
            &format!("{b2b} and status/errorCode eq 0"),
        )
        .await;
        let row = &here[0];
        assert_eq!(row["userId"], json!(two.guest));
        assert_eq!(row["homeTenantId"], json!(two.home));
        assert_eq!(row["resourceTenantId"], json!(two.world.d.tenant));
        assert_eq!(row["userType"], "guest");
        assert_eq!(row["crossTenantAccessDecision"]["allowed"], true);
        let there = rows(&two.admin, b2b).await;
        assert_eq!(there[0]["userId"], json!(two.bob));
        assert_eq!(there[0]["homeTenantId"], json!(two.home));
        assert_eq!(there[0]["resourceTenantId"], json!(two.world.d.tenant));
        assert_eq!(there[0]["userType"], "member");
        assert_eq!(there[0]["crossTenantAccessDecision"]["allowed"], true);

        two.block(is_outbound).await;
        let mut other = two.world.browser();
        assert_eq!(two.come(&mut other).await.status, 400);
        let code = if is_outbound { 500_212 } else { 500_213 };
        let decider = if is_outbound {
            &two.home
        } else {
            &two.world.d.tenant
        };
        let refused = rows(&two.world.d.admin, &format!("status/errorCode eq {code}")).await;
        let row = &refused[0];
        assert_eq!(row["userId"], json!(two.guest));
        let steps = row["crossTenantAccessDecision"]["steps"]
            .as_array()
            .unwrap();
        assert_eq!(steps.last().unwrap()["tenantId"], json!(decider), "{row:#}");
        let details = row["status"]["additionalDetails"].as_str().unwrap();
        assert!(details.contains(decider.as_str()), "{details}");
        let at_home = rows(&two.admin, "status/errorCode eq 500212").await;
        assert_eq!(at_home.len(), usize::from(is_outbound));
    }
}

#[tokio::test]
async fn only_readers_of_logs_see_them() {
    let world = World::start().await;
    world.guess(NAME, PASSWORD).await;
    let stranger = world.d.client(&["User.Read.All"]).await;
    stranger.get("/auditLogs/signIns").await.expect(403);
    let reader = world.d.client(&["AuditLog.Read.All"]).await;
    let found = reader.get("/auditLogs/signIns").await.expect(200);
    assert_eq!(found.json["value"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn when_somebody_was_last_here_is_told_by_name_only() {
    let world = World::start().await;
    let admin = &world.d.admin;
    let user = format!("/users/{}", world.user);
    let select = "?$select=displayName,signInActivity";
    // Of whom there is nothing to tell it is left out, and it isn't part of a user otherwise.
    let before = admin.get(&format!("{user}{select}")).await.expect(200).json;
    assert!(before.get("signInActivity").is_none(), "{before}");
    assert!(before.get("displayName").is_some());
    world.guess(NAME, "wrong").await;
    let activity = async || -> Value {
        let shown = admin.get(&format!("{user}{select}")).await;
        shown.expect(200).json["signInActivity"].clone()
    };
    let failed = activity().await;
    assert!(failed["lastSignInDateTime"].is_string(), "{failed}");
    assert!(failed["lastSuccessfulSignInDateTime"].is_null(), "{failed}");
    world.consent().await;
    let code = world.code().await;
    let tokens = world.redeem(&code, &[]).await.expect(200).json;
    let signed_in = activity().await;
    let id = signed_in["lastSignInRequestId"].as_str().unwrap();
    assert_eq!(
        signed_in["lastSuccessfulSignInRequestId"],
        signed_in["lastSignInRequestId"]
    );
    let logged = format!("/auditLogs/signIns/{id}");
    admin.get(&logged).await.expect(200);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    world.refresh(refresh).await.expect(200);
    let refreshed = activity().await;
    assert!(refreshed["lastNonInteractiveSignInDateTime"].is_string());
    let plain = admin.get(&user).await.expect(200);
    assert!(!plain.text.contains("signInActivity"), "{}", plain.text);

    // Who hasn't been here for long, or ever.
    let count = async |filter: &str| {
        let path = format!(
            "/users?$filter={}&$select=id,signInActivity",
            encode(filter)
        );
        let listed = admin.get(&path).await.expect(200);
        listed.json["value"].as_array().unwrap().len()
    };
    let (past, future) = ("2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    let last = "signInActivity/lastSignInDateTime";
    assert_eq!(count(&format!("{last} le {future}")).await, 1);
    assert_eq!(count(&format!("{last} le {past}")).await, 0);
    let successful = "signInActivity/lastSuccessfulSignInDateTime";
    assert_eq!(count(&format!("{successful} ge {past}")).await, 1);
    // It is part of the log, so it needs the log's permission, to filter as well.
    let reader = world.d.client(&["User.Read.All"]).await;
    let filter = encode(&format!("{last} le {future}"));
    for path in [
        format!("{user}{select}"),
        format!("/users{select}"),
        format!("/users?$filter={filter}"),
        format!("/users/$count?$filter={filter}"),
    ] {
        reader
            .get_advanced(&path)
            .await
            .refused(403, "Authorization_RequestDenied");
    }
    // A rule looks at people as they are, where it isn't.
    let rule = json!({"scope": "selected", "rule": format!("{last} le {future}")});
    admin
        .put("/beta/isopolity/userSharing/default", rule)
        .await
        .expect(400);
}
