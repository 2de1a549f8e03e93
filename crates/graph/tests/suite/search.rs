//! `$search`: words of names and descriptions, beginnings of other texts.

use crate::common::deployment::{Caller, DOMAIN, Deployment};
use directory::search::{self, Progress};
use serde_json::{Value, json};
use types::{Actor, TenantId};

async fn user(caller: &Caller, alias: &str, name: &str) -> String {
    let body = json!({
        "accountEnabled": true, "displayName": name, "mailNickname": alias, "surname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"), "jobTitle": "Cook",
        "otherMails": [format!("{alias}@home.example")],
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    });
    let user = caller.post("/users", body).await.expect(201);
    user.json["id"].as_str().unwrap().to_owned()
}

async fn group(caller: &Caller, nickname: &str, name: &str, description: &str) -> String {
    let body = json!({
        "displayName": name, "description": description, "mailNickname": nickname,
        "mailEnabled": true, "securityEnabled": false, "groupTypes": ["Unified"],
    });
    let group = caller.post("/groups", body).await.expect(201);
    group.json["id"].as_str().unwrap().to_owned()
}

fn query(search: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    search.bytes().map(encode).collect()
}

/// The names of what is found, sorted.
async fn found(caller: &Caller, set: &str, search: &str) -> Vec<String> {
    let target = format!("/{set}?$select=displayName&$search={}", query(search));
    let page = caller.get_advanced(&target).await.expect(200).json;
    names(&page)
}

fn names(page: &Value) -> Vec<String> {
    let items = page["value"].as_array().unwrap().iter();
    let mut names: Vec<String> = items
        .map(|item| item["displayName"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn users_are_found_by_words_and_beginnings() {
    let d = Deployment::start().await;
    user(&d.admin, "wade", "Wade Guthrie").await;
    user(&d.admin, "guthe", "Anna-Lena O'Guth").await;
    user(&d.admin, "li", "李四(David Li)").await;
    let (_, theirs) = d.other("Fabrikam", "fabrikam.example").await;
    let all = ["Anna-Lena O'Guth", "Wade Guthrie", "李四(David Li)"];
    for (search, expected) in [
        (r#""displayName:guth""#, &all[..2]),
        (r#""displayName:GUTHRIE wade""#, &all[1..2]),
        (r#""DisplayName: wad guth ""#, &all[1..2]),
        (r#""displayName:uthrie""#, &[]),
        (r#""displayName:lena anna""#, &all[..1]),
        (r#""displayName:annalena""#, &all[..1]),
        (r#""displayName:lena-""#, &all[..1]),
        (r#""displayName:wade-""#, &[]),
        (r#""displayName:李四(David Li)""#, &all[2..]),
        (r#""displayName:(李四""#, &all[2..]),
        (r#""displayName:Li 李""#, &all[2..]),
        (r#""surname:wad""#, &all[1..2]),
        (r#""surname:ade""#, &[]),
        (r#""userPrincipalName:li@""#, &all[2..]),
        (r#""otherMails:guthe@home""#, &all[..1]),
        (r#""displayName:wade" OR "surname:li""#, &all[1..]),
        (r#""displayName:guth" AND "surname:guth""#, &all[..1]),
        (
            r#"("displayName:wade" OR "displayName:lena") AND "surname:g""#,
            &all[..1],
        ),
        (r#""displayName:wade" "surname:li""#, &[]),
        // Nothing that is written is read as anything else.
        (r#""displayName:%""#, &[]),
        (r#""surname:wad_""#, &[]),
        (r#""displayName:' OR 1=1 --""#, &[]),
        (r#""displayName:\"wade""#, &[]),
    ] {
        assert_eq!(found(&d.admin, "users", search).await, expected, "{search}");
    }
    assert!(
        found(&theirs, "users", r#""displayName:guth""#)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn what_changes_is_found_as_it_is() {
    let d = Deployment::start().await;
    let id = user(&d.admin, "ann", "Ann Lee").await;
    let address = format!("/users/{id}");
    let search = async |name: &str| {
        let found = found(&d.admin, "users", &format!("\"displayName:{name}\"")).await;
        found.len()
    };
    assert_eq!((search("lee").await, search("kim").await), (1, 0));
    d.admin
        .patch(&address, json!({ "displayName": "Ann Kim" }))
        .await
        .expect(204);
    assert_eq!(
        (
            search("lee").await,
            search("kim").await,
            search("ann").await
        ),
        (0, 1, 1)
    );
    d.admin.delete(&address).await.expect(204);
    assert_eq!(search("kim").await, 0);
    let restore = format!("/directory/deletedItems/{id}/restore");
    d.admin.post(&restore, json!({})).await.expect(200);
    assert_eq!(search("kim").await, 1);
    d.admin.delete(&address).await.expect(204);
    d.admin
        .delete(&format!("/directory/deletedItems/{id}"))
        .await
        .expect(204);
    assert_eq!(search("kim").await, 0);
}

#[tokio::test]
async fn groups_applications_and_service_principals_are_found() {
    let d = Deployment::start().await;
    group(&d.admin, "onevideo", "OneVideo", "All about films").await;
    group(&d.admin, "drive", "OneDrive", "One video each day").await;
    let app = json!({ "displayName": "Payroll Robot", "description": "Pays wages" });
    d.admin.application(app).await;
    for (set, search, expected) in [
        ("groups", r#""displayName:OneVideo""#, &["OneVideo"][..]),
        ("groups", r#""displayName:onevideo""#, &["OneVideo"]),
        ("groups", r#""displayName:video""#, &["OneVideo"]),
        (
            "groups",
            r#""displayName:OneVideo" OR "mail:driv""#,
            &["OneDrive", "OneVideo"],
        ),
        (
            "groups",
            r#""description:One" AND ("displayName:Video" OR "displayName:Drive")"#,
            &["OneDrive"],
        ),
        ("applications", r#""displayName:robot""#, &["Payroll Robot"]),
        ("applications", r#""description:wage""#, &["Payroll Robot"]),
        ("applications", r#""displayName:onevideo""#, &[]),
        (
            "servicePrincipals",
            r#""displayName:rob pay""#,
            &["Payroll Robot"],
        ),
    ] {
        assert_eq!(found(&d.admin, set, search).await, expected, "{search}");
    }
}

#[tokio::test]
async fn a_search_goes_with_the_other_options() {
    let d = Deployment::start().await;
    for n in 0..7 {
        user(&d.admin, &format!("ann{n}"), &format!("Ann {}", 9 - n)).await;
    }
    user(&d.admin, "bob", "Bob").await;
    let search = query(r#""displayName:ann""#);
    let target = format!(
        "/users?$search={search}&$count=true&$orderby=displayName&$top=3&$select=displayName"
    );
    let mut page = d.admin.get_advanced(&target).await.expect(200).json;
    assert_eq!(page["@odata.count"], 7);
    let mut seen = names(&page);
    while let Some(link) = page["@odata.nextLink"].as_str() {
        page = d.admin.get_advanced(link).await.expect(200).json;
        assert!(page.get("@odata.count").is_none());
        seen.extend(names(&page));
    }
    assert_eq!(
        seen,
        [
            "Ann 3", "Ann 4", "Ann 5", "Ann 6", "Ann 7", "Ann 8", "Ann 9"
        ]
    );
    let narrowed = format!("/users?$search={search}&$filter=surname eq 'ann2' or surname eq 'bob'");
    let page = d.admin.get_advanced(&narrowed).await.expect(200).json;
    assert_eq!(names(&page), ["Ann 7"]);
    assert!(page.get("@odata.count").is_none());
    let count = d
        .admin
        .get_advanced(&format!("/users/$count?$search={search}"))
        .await;
    assert_eq!(count.expect(200).text, "7");
}

#[tokio::test]
async fn a_search_that_cannot_be_is_refused() {
    let d = Deployment::start().await;
    let id = user(&d.admin, "ann", "Ann").await;
    let ann = query(r#""displayName:ann""#);
    d.admin
        .get(&format!("/users?$search={ann}"))
        .await
        .refused(400, "Request_UnsupportedQuery");
    for (search, code) in [
        ("ann", "Request_BadRequest"),
        (r#""ann""#, "Request_BadRequest"),
        (r#""displayName:ann"#, "Request_BadRequest"),
        (r#""displayName:""#, "Request_BadRequest"),
        (r#""displayName:ann" or "surname:a""#, "Request_BadRequest"),
        (r#""nothing:ann""#, "Request_BadRequest"),
        (r#""description:ann""#, "Request_BadRequest"),
        (r#""accountEnabled:true""#, "Request_UnsupportedQuery"),
        (r#""aboutMe:x""#, "Request_UnsupportedQuery"),
        (r#""identities/issuer:x""#, "Request_BadRequest"),
        ("", "Request_BadRequest"),
    ] {
        let target = format!("/users?$search={}", query(search));
        let refusal = d.admin.get_advanced(&target).await;
        let got = refusal.json["error"]["code"].as_str().unwrap().to_owned();
        assert_eq!(
            (refusal.status, &*got),
            (400, code),
            "{search}: {}",
            refusal.text
        );
    }
    for target in [
        format!("/users/delta?$search={ann}"),
        format!("/directory/deletedItems/microsoft.graph.user?$search={ann}"),
        format!("/users/{id}?$search={ann}"),
    ] {
        d.admin
            .get_advanced(&target)
            .await
            .refused(400, "Request_BadRequest");
    }
    // Who doesn't see a property can't search by it.
    let basic = d.client(&["User.ReadBasic.All"]).await;
    assert_eq!(
        found(&basic, "users", r#""displayName:ann""#).await,
        ["Ann"]
    );
    let target = format!(
        "/users?$search={}",
        query(r#""displayName:ann" OR "jobTitle:c""#)
    );
    basic
        .get_advanced(&target)
        .await
        .refused(403, "Authorization_RequestDenied");
}

#[tokio::test]
async fn what_was_there_before_the_index_is_found() {
    let d = Deployment::start().await;
    for n in 0..12 {
        group(&d.admin, &format!("g{n}"), &format!("Team {n}"), "x").await;
    }
    let tenant = TenantId::new(types::parse_uuid(&d.tenant).unwrap());
    let island = d.node.store().island(tenant).unwrap();
    // An index that has never looked at anything, as after the migration.
    assert_eq!(
        island.read(search::progress).await.unwrap(),
        Progress::Building
    );
    let mut steps = 0;
    while island.write(Actor::System, search::catch_up).await.unwrap() != Progress::Current {
        steps += 1;
        assert!(steps < 20);
    }
    let head = async || {
        let head = island.read(|tx| {
            let head = tx.head()?;
            Ok(head)
        });
        head.await.unwrap()
    };
    let before = head().await;
    assert_eq!(
        found(&d.admin, "groups", r#""displayName:team 1""#)
            .await
            .len(),
        3
    );
    // Indexing is nothing that a reader of the feed sees.
    assert_eq!(head().await, before);
    // Away for longer than changes are kept.
    group(&d.admin, "late", "Team Late", "x").await;
    island
        .write(Actor::System, |tx| {
            let head = tx.head()?;
            tx.trim_feed(head)
        })
        .await
        .unwrap();
    assert_eq!(
        found(&d.admin, "groups", r#""displayName:late""#).await,
        ["Team Late"]
    );
}
