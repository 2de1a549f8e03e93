//! Dynamic membership groups: a rule decides on the members, soon after whatever changes.

use std::collections::BTreeSet;
use std::time::Duration;

use directory::users::{self, NewUser};
use serde_json::{Map, Value, json};
use types::{Actor, TenantId};

use crate::common::deployment::{Caller, DOMAIN, Deployment};

/// How often it is looked, and with a pause each time: half a minute in all.
const LOOKS: usize = 1_500;

fn user_body(alias: &str, department: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"), "department": department,
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    })
}

async fn user(caller: &Caller, alias: &str, department: &str) -> String {
    let made = caller.post("/users", user_body(alias, department)).await;
    made.expect(201).json["id"].as_str().unwrap().to_owned()
}

fn body(rule: &str) -> Value {
    json!({
        "displayName": "sales", "mailEnabled": false, "mailNickname": "sales",
        "securityEnabled": true, "groupTypes": ["DynamicMembership"], "membershipRule": rule,
        "membershipRuleProcessingState": "On",
    })
}

async fn group(caller: &Caller, rule: &str) -> String {
    let made = caller.post("/groups", body(rule)).await.expect(201);
    made.json["id"].as_str().unwrap().to_owned()
}

async fn members(caller: &Caller, group: &str) -> BTreeSet<String> {
    let target = format!("/groups/{group}/members?$select=displayName&$top=999");
    let page = caller.get(&target).await.expect(200).json;
    let list = page["value"].as_array().unwrap().iter();
    list.map(|user| user["displayName"].as_str().unwrap().to_owned())
        .collect()
}

async fn until(caller: &Caller, group: &str, names: &[&str]) {
    for _ in 0..LOOKS {
        if members(caller, group).await == names.iter().copied().map(str::to_owned).collect() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{names:?} never came: {:?}", members(caller, group).await);
}

async fn started() -> Deployment {
    let d = Deployment::start().await;
    d.node.start();
    d
}

#[tokio::test(flavor = "multi_thread")]
async fn members_follow_the_rule() {
    let d = started().await;
    let admin = &d.admin;
    let ann = user(admin, "ann", "Sales").await;
    let bob = user(admin, "bob", "IT").await;
    let sales = group(admin, "user.department -eq \"Sales\"").await;
    let path = format!("/groups/{sales}");
    until(admin, &sales, &["ann"]).await;

    // Somebody moves, somebody is new.
    let moves = |id: &str, department: &str| {
        let (target, patch) = (format!("/users/{id}"), json!({"department": department}));
        async move { admin.patch(&target, patch).await.expect(204) }
    };
    moves(&bob, "sales").await;
    moves(&ann, "IT").await;
    let eve = user(admin, "eve", "SALES").await;
    until(admin, &sales, &["bob", "eve"]).await;
    let log = "/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Add member to group'";
    let log = admin.get(log).await.expect(200).json;
    assert_eq!(log["value"].as_array().unwrap().len(), 3);
    assert!(log["value"][0]["initiatedBy"]["user"].is_null(), "{log}");

    // By hand nobody comes or goes.
    let reference =
        json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{ann}")});
    let references = format!("{path}/members/$ref");
    let refused = admin.post(&references, reference).await;
    refused.refused(400, "Request_BadRequest");
    let refused = admin.delete(&format!("{path}/members/{bob}/$ref")).await;
    refused.refused(400, "Request_BadRequest");

    // Deleted people leave, restored ones come back.
    admin.delete(&format!("/users/{eve}")).await.expect(204);
    until(admin, &sales, &["bob"]).await;
    let restore = format!("/directory/deletedItems/{eve}/restore");
    admin.post(&restore, json!({})).await.expect(200);
    until(admin, &sales, &["bob", "eve"]).await;

    // A rule that is none changes nothing, and is said to be none.
    let wrong = json!({"membershipRule": "user.department -eq Sales"});
    let answer = admin.patch(&path, wrong).await;
    assert_eq!(answer.status, 400);
    let said = answer.message();
    assert!(
        said.contains("'membershipRule'") && said.contains("at character 21"),
        "{said}"
    );
    answer.refused(400, "Request_BadRequest");
    let refused = admin.post("/groups", body("true")).await;
    refused.refused(400, "Request_BadRequest");

    // Another rule, and one that is paused.
    let rule =
        json!({"membershipRule": "user.department -eq \"IT\" -or user.displayName -match \"^e\""});
    admin.patch(&path, rule).await.expect(204);
    until(admin, &sales, &["ann", "eve"]).await;
    let paused = json!({"membershipRuleProcessingState": "Paused"});
    admin.patch(&path, paused).await.expect(204);
    moves(&bob, "IT").await;
    let other = group(admin, "user.department -eq \"IT\"").await;
    until(admin, &other, &["ann", "bob"]).await;
    assert_eq!(
        members(admin, &sales).await,
        BTreeSet::from(["ann".into(), "eve".into()])
    );
    let on = json!({"membershipRuleProcessingState": "On"});
    admin.patch(&path, on).await.expect(204);
    until(admin, &sales, &["ann", "bob", "eve"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_midst_loses_nobody() {
    const PEOPLE: usize = 900;
    let mut d = started().await;
    let tenant: TenantId = d.tenant.parse().unwrap();
    let island = d.node.store().island(tenant).unwrap();
    let made = island.write(Actor::Operator, |tx| {
        for number in 0..PEOPLE {
            let Value::Object(mut properties) = user_body(&format!("u{number}"), "Sales") else {
                continue;
            };
            properties.shift_remove("passwordProfile");
            let new = NewUser {
                properties: Map::clone(&properties),
                ..NewUser::default()
            };
            users::create(tx, new)?;
        }
        Ok(())
    });
    made.await.unwrap();
    drop(island);
    let sales = group(&d.admin, "user.department -eq \"Sales\"").await;
    let count = format!("/groups/{sales}/members/$count");
    for _ in 0..LOOKS {
        if d.admin.get_advanced(&count).await.expect(200).text != "0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    d.reopen().await;
    d.node.start();
    for _ in 0..LOOKS {
        let counted = d.admin.get_advanced(&count).await.expect(200);
        if counted.text == PEOPLE.to_string() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{}", d.admin.get_advanced(&count).await.text);
}
