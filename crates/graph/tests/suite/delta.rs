//! `/groups/delta`, `/applications/delta`, `/servicePrincipals/delta`: everything, then what changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::deployment::{Answer, Caller, DOMAIN, Deployment, NOBODY};
use directory::groups;
use directory::users::{self, NewUser};
use serde_json::{Value, json};
use store::Island;
use types::{Actor, Id, TenantId};

async fn user(caller: &Caller, alias: &str) -> String {
    let mut body = profile(alias);
    body["passwordProfile"] = json!({ "password": "correct-Horse-7-battery" });
    made(caller, "/users", body).await
}

fn profile(alias: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"),
    })
}

async fn group(caller: &Caller, name: &str) -> String {
    let body = json!({
        "displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true,
    });
    made(caller, "/groups", body).await
}

async fn made(caller: &Caller, set: &str, body: Value) -> String {
    let made = caller.post(set, body).await.expect(201);
    made.json["id"].as_str().unwrap().to_owned()
}

async fn bind(d: &Deployment, group: &str, relation: &str, object: &str) {
    let body = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{object}", d.url) });
    let target = format!("/groups/{group}/{relation}/$ref");
    d.admin.post(&target, body).await.expect(204);
}

/// All pages of a round, with what was on each, and the link for the next.
async fn pages(caller: &Caller, target: &str, prefer: &str) -> (Vec<Vec<Value>>, String) {
    let (mut pages, mut target) = (Vec::new(), target.to_owned());
    loop {
        let call = caller.call("GET", &target).header("Prefer", prefer);
        let page = Answer::read(call.send().await.unwrap())
            .await
            .expect(200)
            .json;
        pages.push(page["value"].as_array().unwrap().clone());
        let link = |name: &str| page[name].as_str().map(str::to_owned);
        match (link("@odata.nextLink"), link("@odata.deltaLink")) {
            (Some(next), None) => target = next,
            (None, Some(delta)) => return (pages, delta),
            other => panic!("exactly one of the two links: {other:?}"),
        }
        assert!(pages.len() < 100, "the round doesn't end");
    }
}

/// A round's objects, all that was told of each in one.
async fn round(caller: &Caller, target: &str) -> (BTreeMap<String, Value>, String) {
    let (pages, link) = pages(caller, target, "odata.maxpagesize=50").await;
    let mut objects: BTreeMap<String, Value> = BTreeMap::new();
    for item in pages.into_iter().flatten() {
        let id = item["id"].as_str().unwrap().to_owned();
        let whole = objects.entry(id).or_insert_with(|| json!({}));
        for (name, value) in item.as_object().unwrap() {
            match (whole.get_mut(name), value) {
                (Some(Value::Array(all)), Value::Array(more)) if name.ends_with("@delta") => {
                    all.extend(more.iter().cloned());
                }
                _ => whole[name] = value.clone(),
            }
        }
    }
    (objects, link)
}

fn is(kind: &str, id: &str) -> Value {
    json!({ "@odata.type": format!("#microsoft.graph.{kind}"), "id": id })
}

fn was(kind: &str, id: &str) -> Value {
    let mut was = is(kind, id);
    was["@removed"] = json!({ "reason": "deleted" });
    was
}

fn island(d: &Deployment) -> Island {
    let tenant = TenantId::new(types::parse_uuid(&d.tenant).unwrap());
    d.node.store().island(tenant).unwrap()
}

#[tokio::test]
async fn groups_come_with_their_members() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d.admin, "ann").await, user(&d.admin, "bob").await);
    let (staff, cooks) = (
        group(&d.admin, "staff").await,
        group(&d.admin, "cooks").await,
    );
    bind(&d, &staff, "members", &ann).await;
    let (all, link) = round(&d.admin, "/groups/delta").await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[&staff]["displayName"], "staff");
    assert_eq!(all[&staff]["members@delta"], json!([is("user", &ann)]));
    assert!(all[&cooks].get("members@delta").is_none());
    assert!(all[&cooks].get("description").is_none(), "never set");
    let (nothing, link) = round(&d.admin, &link).await;
    assert!(nothing.is_empty());

    bind(&d, &staff, "members", &bob).await;
    bind(&d, &staff, "members", &cooks).await;
    let member = format!("/groups/{staff}/members/{ann}/$ref");
    d.admin.delete(&member).await.expect(204);
    let (changes, link) = round(&d.admin, &link).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[&staff]["displayName"], "staff");
    let told = changes[&staff]["members@delta"].as_array().unwrap();
    for one in [was("user", &ann), is("user", &bob), is("group", &cooks)] {
        assert!(told.contains(&one), "{told:?}");
    }
    assert_eq!(told.len(), 3);

    // Whoever is deleted is no member, and is one again when restored.
    d.admin.delete(&format!("/users/{bob}")).await.expect(204);
    let (changes, link) = round(&d.admin, &link).await;
    assert_eq!(changes[&staff]["members@delta"], json!([was("user", &bob)]));
    let restore = async |id: &str| {
        let target = format!("/directory/deletedItems/{id}/restore");
        d.admin.post(&target, json!({})).await.expect(200);
    };
    restore(&bob).await;
    let (changes, link) = round(&d.admin, &link).await;
    assert_eq!(changes[&staff]["members@delta"], json!([is("user", &bob)]));
    d.admin.delete(&format!("/users/{bob}")).await.expect(204);
    d.admin
        .delete(&format!("/directory/deletedItems/{bob}"))
        .await
        .expect(204);
    let (changes, link) = round(&d.admin, &link).await;
    let told = changes[&staff]["members@delta"].as_array().unwrap();
    assert_eq!(told, &[was("directoryObject", &bob)]);

    // A group that was deleted comes back whole.
    d.admin
        .delete(&format!("/groups/{staff}"))
        .await
        .expect(204);
    let (changes, link) = round(&d.admin, &link).await;
    let removed = |reason: &str| json!({ "id": staff, "@removed": { "reason": reason } });
    assert_eq!(changes[&staff], removed("changed"));
    restore(&staff).await;
    let (changes, link) = round(&d.admin, &link).await;
    assert_eq!(changes[&staff]["displayName"], "staff");
    assert_eq!(
        changes[&staff]["members@delta"],
        json!([is("group", &cooks)])
    );
    d.admin
        .delete(&format!("/groups/{staff}"))
        .await
        .expect(204);
    d.admin
        .delete(&format!("/directory/deletedItems/{staff}"))
        .await
        .expect(204);
    let (changes, _) = round(&d.admin, &link).await;
    assert_eq!(changes[&staff], removed("deleted"));
}

#[tokio::test]
async fn what_is_selected_is_tracked() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let staff = group(&d.admin, "staff").await;
    let address = format!("/groups/{staff}");
    let (names, name_link) = round(&d.admin, "/groups/delta?$select=displayName").await;
    assert_eq!(
        names[&staff],
        json!({ "id": staff, "displayName": "staff" })
    );
    let (_, members_link) = round(&d.admin, "/groups/delta()?$select=Members").await;
    let (_, owners_link) = round(&d.admin, "/groups/delta?$select=owners,description").await;
    let (_, other_link) = round(&d.admin, &format!("/groups/delta?$filter=id eq '{NOBODY}'")).await;
    let (_, own_link) = round(&d.admin, &format!("/groups/delta?$filter=id eq '{staff}'")).await;

    bind(&d, &staff, "members", &ann).await;
    assert!(round(&d.admin, &name_link).await.0.is_empty());
    assert!(round(&d.admin, &owners_link).await.0.is_empty());
    assert!(round(&d.admin, &other_link).await.0.is_empty());
    assert_eq!(round(&d.admin, &own_link).await.0.len(), 1);
    let (changes, members_link) = round(&d.admin, &members_link).await;
    assert_eq!(
        changes[&staff],
        json!({ "id": staff, "members@delta": [is("user", &ann)] })
    );

    let body = json!({ "description": "All of us" });
    d.admin.patch(&address, body).await.expect(204);
    bind(&d, &staff, "owners", &ann).await;
    assert!(round(&d.admin, &members_link).await.0.is_empty());
    let (minimal, _) = pages(&d.admin, &name_link, "return=minimal").await;
    assert!(minimal.concat().is_empty());
    let (minimal, next) = pages(&d.admin, &owners_link, "return=minimal").await;
    let told =
        json!({ "id": staff, "description": "All of us", "owners@delta": [is("user", &ann)] });
    assert_eq!(minimal.concat(), [told]);
    d.admin
        .patch(&address, json!({ "description": null }))
        .await
        .expect(204);
    let (minimal, _) = pages(&d.admin, &next, "return=minimal").await;
    assert_eq!(
        minimal.concat(),
        [json!({ "id": staff, "description": null })]
    );

    for wrong in [
        "$select=nonsense",
        "$filter=displayName eq 'staff'",
        "$expand=members",
        "$top=1",
    ] {
        let refusal = d.admin.get(&format!("/groups/delta?{wrong}")).await;
        assert_eq!(refusal.status, 400, "{wrong}: {}", refusal.text);
    }
}

#[tokio::test]
async fn relations_are_told_to_those_who_may_see_them() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let staff = group(&d.admin, "staff").await;
    bind(&d, &staff, "members", &ann).await;
    let basic = d.client(&["Group.ReadBasic.All"]).await;
    let (all, _) = round(&basic, "/groups/delta").await;
    assert_eq!(all[&staff]["members@delta"], json!([is("user", &ann)]));
    basic
        .get("/groups/delta?$select=owners")
        .await
        .refused(403, "Authorization_RequestDenied");
    let nesting = d.client(&["Group-NestingSupport.ReadWrite.All"]).await;
    let (all, _) = round(&nesting, "/groups/delta").await;
    assert!(all[&staff].get("members@delta").is_none());
    // A link doesn't carry what its maker may see.
    let (_, link) = round(&d.admin, "/groups/delta?$select=owners").await;
    basic
        .get(&link)
        .await
        .refused(403, "Authorization_RequestDenied");
    let users = d.client(&["User.Read.All"]).await;
    for set in ["groups", "applications", "servicePrincipals"] {
        let refusal = users.get(&format!("/{set}/delta")).await;
        refusal.refused(403, "Authorization_RequestDenied");
    }
}

#[tokio::test]
async fn large_relations_come_in_parts() {
    let d = Deployment::start().await;
    let staff = group(&d.admin, "staff").await;
    let (_, before) = round(&d.admin, "/groups/delta").await;
    let id = Id::new(types::parse_uuid(&staff).unwrap());
    let expected: BTreeSet<String> = island(&d)
        .write(Actor::System, move |tx| {
            let mut ids = BTreeSet::new();
            for number in 0..1_203 {
                let new = NewUser {
                    properties: profile(&format!("u{number}")).as_object().cloned().unwrap(),
                    ..NewUser::default()
                };
                let user = users::create(tx, new)?;
                groups::add_member(tx, id, user.id.uuid())?;
                ids.insert(user.id.to_string());
            }
            Ok(ids)
        })
        .await
        .unwrap();
    group(&d.admin, "others").await;
    let members = |pages: &[Vec<Value>]| {
        let mut all = BTreeSet::new();
        for page in pages {
            let told = page
                .iter()
                .filter_map(|item| item["members@delta"].as_array());
            let told: Vec<&Value> = told.flatten().collect();
            assert!(told.len() <= 1_000);
            all.extend(
                told.iter()
                    .map(|one| one["id"].as_str().unwrap().to_owned()),
            );
        }
        all
    };
    let (all, link) = pages(&d.admin, "/groups/delta", "").await;
    assert_eq!(members(&all), expected);
    assert!(
        all.concat()
            .iter()
            .any(|item| item["displayName"] == "others")
    );
    let (followed, _) = pages(&d.admin, &before, "").await;
    assert_eq!(members(&followed), expected);
    d.admin
        .delete(&format!("/groups/{staff}"))
        .await
        .expect(204);
    let (_, link) = pages(&d.admin, &link, "").await;
    let restore = format!("/directory/deletedItems/{staff}/restore");
    d.admin.post(&restore, json!({})).await.expect(200);
    let (again, link) = pages(&d.admin, &link, "").await;
    assert_eq!(members(&again), expected);
    assert!(pages(&d.admin, &link, "").await.0.concat().is_empty());

    // One who is in more groups than fit on a page.
    let ann = user(&d.admin, "ann").await;
    let mut teams = BTreeSet::new();
    for number in 0..5 {
        let team = group(&d.admin, &format!("team{number}")).await;
        bind(&d, &team, "members", &ann).await;
        teams.insert(team);
    }
    let (_, link) = pages(&d.admin, &link, "").await;
    d.admin.delete(&format!("/users/{ann}")).await.expect(204);
    let (parts, link) = pages(&d.admin, &link, "odata.maxpagesize=2").await;
    assert!(parts.iter().all(|page| page.len() <= 2), "{parts:?}");
    let told = parts.concat();
    let ids: BTreeSet<String> = told
        .iter()
        .map(|it| it["id"].as_str().unwrap().into())
        .collect();
    assert_eq!(ids, teams);
    for team in &told {
        assert_eq!(team["members@delta"], json!([was("user", &ann)]));
    }
    assert!(pages(&d.admin, &link, "").await.0.concat().is_empty());
}

#[tokio::test]
async fn applications_and_service_principals() {
    let d = Deployment::start().await;
    let (app, principal) = d.admin.application(json!({ "displayName": "Robot" })).await;
    let (app, principal) = (
        app["id"].as_str().unwrap(),
        principal["id"].as_str().unwrap(),
    );
    let (apps, apps_link) = round(&d.admin, "/applications/delta").await;
    assert_eq!(apps[app]["displayName"], "Robot");
    let (all, link) = round(&d.admin, "/servicePrincipals/microsoft.graph.delta()").await;
    assert_eq!(all[principal]["displayName"], "Robot");
    let (_, latest) = round(&d.admin, "/applications/delta?$deltatoken=latest").await;
    let (names, names_link) = round(&d.admin, "/applications/delta?$select=displayName").await;
    assert_eq!(names[app], json!({ "id": app, "displayName": "Robot" }));

    let secret = json!({ "passwordCredential": { "displayName": "s" } });
    let target = format!("/applications/{app}/addPassword");
    d.admin.post(&target, secret).await.expect(200);
    assert!(round(&d.admin, &names_link).await.0.is_empty());
    let (changes, apps_link) = round(&d.admin, &apps_link).await;
    let secrets = changes[app]["passwordCredentials"].as_array().unwrap();
    assert_eq!((changes.len(), secrets.len()), (1, 1));
    assert!(secrets[0]["secretText"].is_null());
    let rename = json!({ "displayName": "Android" });
    d.admin
        .patch(&format!("/applications/{app}"), rename)
        .await
        .expect(204);
    let (changes, _) = round(&d.admin, &latest).await;
    assert_eq!(changes[app]["displayName"], "Android");
    let (changes, link) = round(&d.admin, &link).await;
    assert_eq!(changes[principal]["displayName"], "Android");

    d.admin
        .delete(&format!("/applications/{app}"))
        .await
        .expect(204);
    let (changes, apps_link) = round(&d.admin, &apps_link).await;
    assert_eq!(changes[app]["@removed"]["reason"], "changed");
    let (changes, _) = round(&d.admin, &link).await;
    assert_eq!(changes[principal]["@removed"]["reason"], "changed");
    d.admin
        .delete(&format!("/directory/deletedItems/{app}"))
        .await
        .expect(204);
    let (changes, _) = round(&d.admin, &apps_link).await;
    assert_eq!(changes[app]["@removed"]["reason"], "deleted");
}

#[tokio::test]
async fn links_are_one_tenant_s_and_one_type_s_and_grow_old() {
    let d = Deployment::start().await;
    let staff = group(&d.admin, "staff").await;
    let (_, theirs) = d.other("Fabrikam", "fabrikam.example").await;
    let (_, link) = round(&d.admin, "/groups/delta?$select=displayName").await;
    theirs.get(&link).await.refused(400, "Request_BadRequest");
    for other in ["users", "applications", "servicePrincipals"] {
        let swapped = link.replace("/groups/", &format!("/{other}/"));
        let refusal = d.admin.get(&swapped).await;
        assert_eq!(refusal.status, 400, "{}", refusal.text);
    }
    let selecting = format!("{link}&$select=id");
    d.admin
        .get(&selecting)
        .await
        .refused(400, "Request_BadRequest");
    let (theirs, _) = round(&theirs, "/groups/delta").await;
    assert!(!theirs.contains_key(&staff));

    // Older than the changes that are kept.
    group(&d.admin, "late").await;
    island(&d)
        .write(Actor::System, |tx| {
            let head = tx.head()?;
            tx.trim_feed(head)
        })
        .await
        .unwrap();
    let gone = d.admin.get(&link).await.refused(410, "syncStateNotFound");
    let start = gone.header("location").to_owned();
    assert!(
        start.ends_with("/v1.0/groups/delta?$deltatoken="),
        "{start}"
    );
    assert_eq!(round(&d.admin, &start).await.0.len(), 2);
}
