//! `/users/delta`: who the manager was, and what isn't told.

use crate::common;
use crate::common::deployment::{Caller, DOMAIN, Deployment, NOBODY};
use serde_json::{Value, json};

async fn user(caller: &Caller, alias: &str) -> String {
    let body = json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"),
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    });
    let user = caller.post("/users", body).await.expect(201);
    user.json["id"].as_str().unwrap().to_owned()
}

/// One page, which is all: what changed, and the link for the next round.
async fn round(caller: &Caller, target: &str) -> (Vec<Value>, String) {
    let page = caller.get(target).await.expect(200).json;
    let link = page["@odata.deltaLink"].as_str().unwrap().to_owned();
    (page["value"].as_array().unwrap().clone(), link)
}

#[tokio::test]
async fn a_manager_comes_changes_and_goes() {
    let d = Deployment::start().await;
    let (ann, bob, cyd) = (
        user(&d.admin, "ann").await,
        user(&d.admin, "bob").await,
        user(&d.admin, "cyd").await,
    );
    let manager = format!("/users/{ann}/manager/$ref");
    let set = async |id: &str| {
        let body = json!({ "@odata.id": format!("{}/v1.0/users/{id}", d.url) });
        d.admin.put(&manager, body).await.expect(204);
    };
    let is = |id: &str| json!({ "@odata.type": "#microsoft.graph.user", "id": id });
    let was = |id: &str| json!({ "@odata.type": "#microsoft.graph.user", "id": id, "@removed": { "reason": "deleted" } });
    let told = |managers: Vec<Value>| vec![json!({ "id": ann, "manager@delta": managers })];

    let (_, link) = round(&d.admin, "/users/delta?$select=manager").await;
    set(&bob).await;
    let (changes, with_bob) = round(&d.admin, &link).await;
    assert_eq!(changes, told(vec![is(&bob)]));
    set(&cyd).await;
    let (changes, with_cyd) = round(&d.admin, &with_bob).await;
    assert_eq!(changes, told(vec![is(&cyd), was(&bob)]));
    d.admin.delete(&manager).await.expect(204);
    let (changes, with_nobody) = round(&d.admin, &with_cyd).await;
    assert_eq!(changes, told(vec![was(&cyd)]));
    // Back to what it was: no one is gone.
    set(&bob).await;
    let (changes, _) = round(&d.admin, &with_bob).await;
    assert_eq!(changes, told(vec![is(&bob), was(&cyd)]));
    let (changes, _) = round(&d.admin, &with_nobody).await;
    assert_eq!(changes, told(vec![is(&bob)]));
}

#[tokio::test]
async fn what_was_never_set_is_not_told() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let (all, link) = round(&d.admin, "/users/delta").await;
    let shown = all.iter().find(|user| user["id"] == *ann).unwrap();
    for name in ["birthday", "hireDate", "mail", "proxyAddresses"] {
        assert!(shown.get(name).is_none(), "{name}");
    }
    let mail = json!({ "mail": "ann@home.example" });
    d.admin
        .patch(&format!("/users/{ann}"), mail)
        .await
        .expect(204);
    let minimal = d
        .admin
        .call("GET", &link)
        .header("Prefer", "return=minimal");
    let minimal = common::deployment::Answer::read(minimal.send().await.unwrap()).await;
    assert_eq!(
        minimal.expect(200).json["value"],
        json!([{ "id": ann, "mail": "ann@home.example", "proxyAddresses": ["SMTP:ann@home.example"] }])
    );
    // What is taken away is told with null, with or without what didn't change.
    let (_, link) = round(&d.admin, &link).await;
    let none = json!({ "mail": null });
    d.admin
        .patch(&format!("/users/{ann}"), none)
        .await
        .expect(204);
    let (all, _) = round(&d.admin, &link).await;
    assert_eq!(all[0].get("mail"), Some(&json!(null)));
    assert_eq!(all[0]["displayName"], "ann");
    assert!(all[0].get("birthday").is_none());
}

#[tokio::test]
async fn a_filter_names_fifty_ids_at_most() {
    let d = Deployment::start().await;
    let ids = |number| vec![format!("id eq '{NOBODY}'"); number].join(" or ");
    let path = |number| format!("/users/delta?$filter={}", ids(number));
    d.admin.get(&path(50)).await.expect(200);
    let refused = d.admin.get(&path(51)).await;
    let refused = refused.refused(400, "Request_BadRequest");
    assert!(refused.message().contains("limits.delta_filter_ids"));
}
