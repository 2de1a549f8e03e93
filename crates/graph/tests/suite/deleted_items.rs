//! `/directory/deletedItems`: order, counts, and what restoring gives up.

use crate::common::deployment::{Caller, DOMAIN, Deployment};
use serde_json::{Value, json};

const USERS: &str = "/directory/deletedItems/microsoft.graph.user";

async fn user(caller: &Caller, alias: &str, mail: &str) -> String {
    let body = json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias, "mail": mail,
        "userPrincipalName": format!("{alias}@{DOMAIN}"),
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    });
    let user = caller.post("/users", body).await.expect(201);
    user.json["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_order_is_that_of_deletion() {
    let d = Deployment::start().await;
    let mut ids = Vec::new();
    for alias in ["ann", "bob", "cyd"] {
        ids.push(user(&d.admin, alias, &format!("{alias}@home.example")).await);
    }
    for id in [&ids[1], &ids[2], &ids[0]] {
        d.admin.delete(&format!("/users/{id}")).await.expect(204);
    }
    let order = "$orderby=deletedDateTime desc&$top=2";
    d.admin
        .get(&format!("{USERS}?{order}"))
        .await
        .refused(400, "Request_UnsupportedQuery");
    let mut target = format!("{USERS}?{order}&$count=true");
    let mut found = Vec::new();
    loop {
        let page = d.admin.get_advanced(&target).await.expect(200).json;
        for item in page["value"].as_array().unwrap() {
            found.push(item["id"].as_str().unwrap().to_owned());
        }
        match page["@odata.nextLink"].as_str() {
            Some(next) => next.clone_into(&mut target),
            None => break,
        }
    }
    assert_eq!(found, [&*ids[0], &*ids[2], &*ids[1]]);

    let count = format!("{USERS}/$count");
    d.admin.get(&count).await.refused(400, "Request_BadRequest");
    let counted = d.admin.get_advanced(&count).await.expect(200);
    assert_eq!(counted.text, "3");
    let filtered = format!("{count}?$filter=displayName eq 'bob'");
    assert_eq!(d.admin.get_advanced(&filtered).await.expect(200).text, "1");
    let groups = "/directory/deletedItems/microsoft.graph.group/$count";
    assert_eq!(d.admin.get_advanced(groups).await.expect(200).text, "0");
}

#[tokio::test]
async fn a_mail_that_another_has_stands_in_the_way_or_is_given_up() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann", "we@home.example").await;
    d.admin.delete(&format!("/users/{ann}")).await.expect(204);
    user(&d.admin, "bob", "we@home.example").await;
    let restore = format!("/directory/deletedItems/{ann}/restore");
    for (body, target) in [
        (json!({}), Value::Null),
        (json!({ "autoReconcileProxyConflict": false }), Value::Null),
        (
            json!({ "autoReconcileProxyConflict": "yes" }),
            json!("autoReconcileProxyConflict"),
        ),
        (json!({ "nonsense": true }), json!("nonsense")),
    ] {
        let refused = d.admin.post(&restore, body).await;
        let refused = refused.refused(400, "Request_BadRequest");
        assert_eq!(refused.json["error"]["target"], target);
    }
    let body = json!({ "autoReconcileProxyConflict": true });
    let back = d.admin.post(&restore, body).await.expect(200).json;
    assert_eq!(back["id"], *ann);
    assert_eq!(back["mail"], Value::Null);
}

#[tokio::test]
async fn deleted_groups_are_told_by_their_owner() {
    let d = Deployment::start().await;
    let (ann, bob) = (
        user(&d.admin, "ann", "ann@home.example").await,
        user(&d.admin, "bob", "bob@home.example").await,
    );
    let mut groups = Vec::new();
    for (name, owner) in [
        ("one", &ann),
        ("two", &bob),
        ("three", &ann),
        ("kept", &ann),
    ] {
        let body = json!({ "displayName": name, "mailEnabled": false, "mailNickname": name,
            "securityEnabled": true,
            "owners@odata.bind": [format!("https://graph.microsoft.com/v1.0/users/{owner}")] });
        let made = d.admin.post("/groups", body).await.expect(201).json;
        groups.push(made["id"].as_str().unwrap().to_owned());
    }
    for group in &groups[..3] {
        d.admin
            .delete(&format!("/groups/{group}"))
            .await
            .expect(204);
    }
    let path = "/directory/deletedItems/getUserOwnedObjects";
    let asked = json!({ "userId": ann, "type": "Group" });
    let found = d.admin.post(path, asked.clone()).await.expect(200).json;
    let names: Vec<&Value> = found["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["displayName"])
        .collect();
    assert_eq!(names, ["one", "three"]);
    for bad in [
        json!({ "userId": ann }),
        json!({ "userId": ann, "type": "User" }),
        json!({ "userId": "x", "type": "Group" }),
        json!({ "userId": ann, "type": "Group", "more": 1 }),
    ] {
        d.admin
            .post(path, bad)
            .await
            .refused(400, "Request_BadRequest");
    }
    let nobody = json!({ "userId": groups[0], "type": "Group" });
    d.admin
        .post(path, nobody)
        .await
        .refused(404, "Request_ResourceNotFound");
    let (_, other) = d.other("Fabrikam", "fabrikam.example").await;
    other
        .post(path, asked)
        .await
        .refused(404, "Request_ResourceNotFound");
}
