//! Visitors who may not stay any more: what they have here ends by itself, soon after either tenant has
//! changed its mind.

use std::time::Duration;

use serde_json::{Value, json};

use super::visits::Two;
use crate::common::receiver::{Mood, Receiver};
use crate::common::signing_in::{Browser, PASSWORD};

/// Bob, inside.
struct Inside {
    two: Two,
    browser: Browser,
    given: Value,
}

impl Inside {
    async fn start() -> Self {
        Self::of(Two::start().await).await
    }

    async fn of(two: Two) -> Self {
        let mut browser = two.world.browser();
        let code = two.come_in(&mut browser).await;
        let given = two.world.redeem(&code, &[]).await.expect(200).json;
        let inside = Self {
            two,
            browser,
            given,
        };
        assert_eq!(inside.me().await, 200);
        inside
    }

    fn watch(&self) {
        self.two.world.d.node.start();
    }

    async fn me(&self) -> u16 {
        let token = self.given["access_token"].as_str().unwrap().to_owned();
        let me = self.two.world.d.with_token(token).get("/me").await;
        me.status
    }

    /// Waits until nothing that was given is good any more.
    async fn is_turned_out(&mut self) {
        for _ in 0..200 {
            if self.me().await == 401 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert_eq!(self.me().await, 401);
        let refresh = self.given["refresh_token"].as_str().unwrap().to_owned();
        let refused = self.two.world.refresh(&refresh).await.expect(400);
        assert_eq!(refused.json["error"], "invalid_grant");
        let page = self.browser.get(&self.two.world.authorize(&[])).await;
        page.is_page(200, "id=\"name\"");
    }
}

#[tokio::test]
async fn rules_of_either_side_end_what_visitors_have() {
    for is_outbound in [true, false] {
        let mut inside = Inside::start().await;
        inside.watch();
        inside.two.block(is_outbound).await;
        inside.is_turned_out().await;
        // Nor does it come back with the permission.
        let (caller, partner) = if is_outbound {
            (&inside.two.admin, &inside.two.world.d.tenant)
        } else {
            (&inside.two.world.d.admin, &inside.two.home)
        };
        let entry = format!("/policies/crossTenantAccessPolicy/partners/{partner}");
        caller.delete(&entry).await.expect(204);
        let refresh = inside.given["refresh_token"].as_str().unwrap();
        let refused = inside.two.world.refresh(refresh).await.expect(400);
        assert_eq!(refused.json["error_codes"], json!([50_173]));
        let audits = "/auditLogs/directoryAudits?$filter=activityDisplayName%20eq%20'End%20visit'";
        let audits = inside.two.world.d.admin.get(audits).await.expect(200);
        let entry = &audits.json["value"][0];
        assert_eq!(entry["targetResources"][0]["id"], json!(inside.two.guest));
        // Who may come again can.
        let mut browser = inside.two.world.browser();
        let end = inside.two.come(&mut browser).await;
        end.answer("code");
    }
}

#[tokio::test]
async fn what_happens_to_the_account_at_home_counts_here() {
    for change in ["disable", "delete", "revoke"] {
        let mut inside = Inside::start().await;
        inside.watch();
        let (admin, path) = (&inside.two.admin, format!("/users/{}", inside.two.bob));
        match change {
            "disable" => admin.patch(&path, json!({ "accountEnabled": false })).await,
            "delete" => admin.delete(&path).await,
            _ => {
                admin
                    .post(&format!("{path}/revokeSignInSessions"), json!({}))
                    .await
            }
        };
        inside.is_turned_out().await;
    }
}

#[tokio::test]
async fn who_leaves_a_group_that_a_rule_names_goes() {
    let two = Two::start().await;
    let group = json!({
        "displayName": "Travellers", "mailEnabled": false, "mailNickname": "travellers",
        "securityEnabled": true,
    });
    let group = two.admin.post("/groups", group).await.expect(201).json;
    let id = group["id"].as_str().unwrap();
    let member =
        json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/users/{}", two.bob) });
    let members = format!("/groups/{id}/members");
    let add = two.admin.post(&format!("{members}/$ref"), member).await;
    add.expect(204);
    let targets = |target: &str, kind: &str| json!({ "accessType": "allowed", "targets": [{ "target": target, "targetType": kind }] });
    let rule = json!({ "tenantId": two.world.d.tenant, "b2bCollaborationOutbound": {
        "usersAndGroups": targets(id, "group"),
        "applications": targets("AllApplications", "application"),
    }});
    let partners = "/policies/crossTenantAccessPolicy/partners";
    two.admin.post(partners, rule).await.expect(201);
    let mut inside = Inside::of(two).await;
    inside.watch();
    // What others do is no reason to look, and none to go.
    let profile = json!({ "jobTitle": "Traveller" });
    let path = format!("/users/{}", inside.two.bob);
    inside.two.admin.patch(&path, profile).await.expect(204);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(inside.me().await, 200);
    let leave = format!("{members}/{}/$ref", inside.two.bob);
    inside.two.admin.delete(&leave).await.expect(204);
    inside.is_turned_out().await;
}

#[tokio::test]
async fn what_changes_while_nobody_watches_is_noticed_afterwards() {
    let mut inside = Inside::start().await;
    inside.two.world.d.reopen().await;
    inside.two.block(false).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(inside.me().await, 200, "nobody watches yet");
    inside.browser = inside.browser.moved(&inside.two.world.d.url);
    inside.watch();
    inside.is_turned_out().await;
}

#[tokio::test]
async fn an_application_that_is_taken_away_loses_what_it_has_and_others_keep_theirs() {
    let inside = Inside::start().await;
    inside.watch();
    // Another client, which Bob uses too.
    let world = &inside.two.world;
    let (other, _) = world
        .d
        .admin
        .application(json!({
            "displayName": "Notes", "publicClient": { "redirectUris": ["http://localhost"] },
        }))
        .await;
    let other = other["appId"].as_str().unwrap().to_owned();
    let mut browser = inside.browser;
    let page = browser
        .get(&world.authorize(&[("client_id", &other)]))
        .await;
    let code = browser.allow(&page).await.answer("code");
    let notes = world
        .redeem(&code, &[("client_id", &other)])
        .await
        .expect(200);
    let notes = world
        .d
        .with_token(notes.json["access_token"].as_str().unwrap().to_owned());
    notes.get("/me").await.expect(200);

    let rule = json!({ "tenantId": inside.two.home, "b2bCollaborationInbound": {
        "usersAndGroups": { "accessType": "allowed",
            "targets": [{ "target": "AllUsers", "targetType": "user" }] },
        "applications": { "accessType": "blocked",
            "targets": [{ "target": world.client_id, "targetType": "application" }] },
    }});
    let partners = "/policies/crossTenantAccessPolicy/partners";
    world.d.admin.post(partners, rule).await.expect(201);
    let wiki = inside.given["access_token"].as_str().unwrap().to_owned();
    let wiki = world.d.with_token(wiki);
    for _ in 0..200 {
        if wiki.get("/me").await.status == 401 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    wiki.get("/me").await.expect(401);
    notes.get("/me").await.expect(200);
}

#[tokio::test]
async fn servers_of_clients_hear_that_a_visit_is_over() {
    let inside = Inside::start().await;
    let receiver = Receiver::start().await;
    receiver.set_mood(Mood::Takes);
    let world = &inside.two.world;
    let path = format!(
        "/applications/{}",
        world.application["id"].as_str().unwrap()
    );
    let told = json!({ "backChannelLogoutUrl": format!("{}/back", receiver.url) });
    world.d.admin.patch(&path, told).await.expect(204);
    inside.watch();
    inside.two.block(true).await;
    for _ in 0..200 {
        if !receiver.received().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(receiver.received()[0].path, "/back");
}

/// Bob, who has to show another factor: at home if that is trusted, else here.
async fn with_another_factor(trusts_home: bool) -> Inside {
    let two = Two::start().await;
    two.demand(trusts_home).await;
    let mut browser = two.world.browser();
    let mut page = two.come(&mut browser).await;
    if trusts_home {
        page = browser.get(page.header("location")).await;
        let fields = [("step", "password"), ("password", PASSWORD)];
        page = browser.answer(&page, &fields).await;
        let (.., back) = two.world.register_app(&mut browser, &page).await;
        page = browser.get(back.header("location")).await;
    }
    let fields = [("step", "redeem"), ("decision", "accept")];
    page = browser.answer(&page, &fields).await;
    if !trusts_home {
        (.., page) = two.world.register_app(&mut browser, &page).await;
    }
    let code = browser.allow(&page).await.answer("code");
    let given = two.world.redeem(&code, &[]).await.expect(200).json;
    Inside {
        two,
        browser,
        given,
    }
}

#[tokio::test]
async fn what_counts_the_homes_factor_ends_with_the_trust_in_it() {
    let mut inside = with_another_factor(true).await;
    // A tenant is watched from its making on; one that is opened again, when the node is started.
    inside.two.world.d.reopen().await;
    inside.browser = inside.browser.moved(&inside.two.world.d.url);
    let (admin, home) = (&inside.two.world.d.admin, &inside.two.home);
    let entry = format!("/policies/crossTenantAccessPolicy/partners/{home}");
    let trust = |accepted: bool| json!({ "inboundTrust": { "isMfaAccepted": accepted } });
    admin.patch(&entry, trust(false)).await.expect(204);
    // Before anybody watches again, too, nothing more comes of it.
    let refresh = inside.given["refresh_token"].as_str().unwrap();
    let refused = inside.two.world.refresh(refresh).await.expect(400);
    assert_eq!(refused.json["error_codes"], json!([50_076]));
    inside.watch();
    inside.is_turned_out().await;
    let audits = "/auditLogs/directoryAudits?$filter=activityDisplayName%20eq%20'End%20visit'";
    let audits = inside.two.world.d.admin.get(audits).await.expect(200);
    assert!(
        audits.text.contains("multifactor authentication"),
        "{}",
        audits.text
    );
}

#[tokio::test]
async fn a_factor_of_this_tenant_needs_no_trust() {
    let inside = with_another_factor(false).await;
    inside.watch();
    let (admin, home) = (&inside.two.world.d.admin, &inside.two.home);
    let body = json!({ "tenantId": home, "inboundTrust": { "isMfaAccepted": false } });
    let partners = "/policies/crossTenantAccessPolicy/partners";
    admin.post(partners, body).await.expect(201);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(inside.me().await, 200);
    let refresh = inside.given["refresh_token"].as_str().unwrap();
    inside.two.world.refresh(refresh).await.expect(200);
}
