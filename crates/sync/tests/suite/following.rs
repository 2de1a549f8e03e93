//! How users in the target follow their homes: changes, names, managers, deletions, blocks.

use crate::common::{UserId, World};
use directory::users;
use serde_json::{Value, json};
use types::TenantId;

/// Two tenants, everybody shared, and one user who has arrived.
async fn shared() -> (World, TenantId, TenantId, UserId) {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let ann = w
        .user_with(
            home,
            "ann",
            json!({
                "givenName": "Ann", "surname": "Λee", "jobTitle": "Cook", "department": "Kitchen",
                "employeeId": "4711", "officeLocation": "2/14", "streetAddress": "Main St 1",
                "city": "Χανιά", "state": "Crete", "postalCode": "73100", "country": "Greece",
                "businessPhones": ["+30 1"], "preferredLanguage": "el-GR",
                "mail": "ann.lee@t0.example", "mobilePhone": "+30 2", "companyName": "T0",
            }),
        )
        .await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    (w, home, there, ann)
}

fn property(user: &users::User, name: &str) -> Value {
    user.property(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_a_synced_user() {
    let (w, home, there, ann) = shared().await;
    w.check(home, there).await;
    let user = w.there(there, home, ann).await;
    assert_eq!(user.user_principal_name(), "ann_t0.example#EXT#@t1.example");
    for (name, value) in [
        ("userType", json!("Member")),
        ("creationType", json!("Invitation")),
        ("externalUserState", json!("Accepted")),
        ("showInAddressList", json!(true)),
        ("mobilePhone", Value::Null),
        ("companyName", Value::Null),
    ] {
        assert_eq!(property(&user, name), value, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_clearings_and_renames_follow_and_the_id_stays() {
    let (w, home, there, ann) = shared().await;
    let id = w.there(there, home, ann).await.id;
    for patch in [
        json!({"jobTitle": "Chef", "city": "Athens"}),
        json!({"city": null, "businessPhones": [], "mail": null}),
        json!({"userPrincipalName": "anna@t0.example", "mailNickname": "anna"}),
        json!({"accountEnabled": false}),
        json!({"accountEnabled": true, "displayName": "Anna"}),
    ] {
        w.patch(home, ann, patch.clone()).await;
        w.settled(home, there).await;
        w.check(home, there).await;
        assert_eq!(w.there(there, home, ann).await.id, id, "{patch}");
    }
    assert_eq!(
        property(&w.there(there, home, ann).await, "city"),
        Value::Null
    );

    // What isn't mapped doesn't even cross the border.
    let before = w.records(home, ann).await.len();
    w.patch(home, ann, json!({"mobilePhone": "1"})).await;
    w.settled(home, there).await;
    assert_eq!(w.records(home, ann).await.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_soft_and_a_return_brings_the_same_object() {
    let (w, home, there, ann) = shared().await;
    let id = w.there(there, home, ann).await.id;
    w.delete(home, ann).await;
    w.settled(home, there).await;
    let deleted = w.found(there, home, ann).await.unwrap();
    assert!(deleted.deleted_at.is_some() && deleted.id == id);
    w.restore(home, ann).await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert_eq!(w.there(there, home, ann).await.id, id);

    // Out of scope and back.
    let bob = w.user(home, "bob").await;
    w.share(home, None, json!({"scope": "selected", "users": [bob]}))
        .await;
    w.settled(home, there).await;
    assert!(!w.is_there(there, home, ann).await);
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    assert_eq!(w.there(there, home, ann).await.id, id);

    // Disabled first and then gone is gone all the same; and gone for good is gone for good.
    w.patch(home, ann, json!({"accountEnabled": false})).await;
    w.settled(home, there).await;
    w.check(home, there).await;
    w.delete(home, ann).await;
    w.settled(home, there).await;
    assert!(!w.is_there(there, home, ann).await);
    w.write(home, move |tx| users::purge(tx, ann)).await;
    w.settled(home, there).await;
    assert!(w.found(there, home, ann).await.is_none());
    // Both at once, before anybody has looked.
    w.write(home, move |tx| {
        users::delete(tx, bob)?;
        users::purge(tx, bob)
    })
    .await;
    let status = w.settled(home, there).await;
    assert!(w.found(there, home, bob).await.is_none());
    assert_eq!((status.in_scope, status.synced), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_becomes_a_guest_at_home_isn_t_shared_any_more() {
    let (w, home, there, ann) = shared().await;
    w.patch(home, ann, json!({"userType": "Guest"})).await;
    w.settled(home, there).await;
    assert!(!w.is_there(there, home, ann).await);
    w.patch(home, ann, json!({"userType": "Member"})).await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert!(w.is_there(there, home, ann).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_are_linked_in_whatever_order_they_come() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let ann = w.user(home, "ann").await;
    let boss = w.user(home, "boss").await;
    w.write(home, move |tx| users::set_manager(tx, ann, boss))
        .await;
    let manager = async || {
        let user = w.there(there, home, ann).await.id;
        w.read(there, move |tx| users::manager_of(tx, user)).await
    };
    w.share(home, None, json!({"scope": "selected", "users": [ann]}))
        .await;
    w.settled(home, there).await;
    assert_eq!(manager().await, None);
    for boss_comes in [true, false, true] {
        let users = if boss_comes {
            vec![ann, boss]
        } else {
            vec![ann]
        };
        w.share(home, None, json!({"scope": "selected", "users": users}))
            .await;
        w.settled(home, there).await;
        w.check(home, there).await;
        assert_eq!(manager().await.is_some(), boss_comes);
    }
    w.write(home, move |tx| users::remove_manager(tx, ann))
        .await;
    w.settled(home, there).await;
    assert_eq!(manager().await, None);
    w.write(home, move |tx| users::set_manager(tx, ann, boss))
        .await;
    w.settled(home, there).await;
    w.check(home, there).await;
    // A manager who is gone for good is nobody's.
    w.write(home, move |tx| {
        users::delete(tx, boss)?;
        users::purge(tx, boss)
    })
    .await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert_eq!(manager().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_targets_own_block_wins() {
    let (w, home, there, ann) = shared().await;
    let id = w.there(there, home, ann).await.id;
    w.patch(there, id, json!({"accountEnabled": false})).await;
    for patch in [
        json!({"jobTitle": "Chef"}),
        json!({"accountEnabled": false}),
        json!({"accountEnabled": true, "jobTitle": "Cook"}),
    ] {
        w.patch(home, ann, patch).await;
        w.settled(home, there).await;
        w.check(home, there).await;
        assert!(!w.there(there, home, ann).await.account_enabled);
    }
    // Not even a deletion and a return lift it.
    w.delete(home, ann).await;
    w.settled(home, there).await;
    w.restore(home, ann).await;
    w.settled(home, there).await;
    assert!(!w.there(there, home, ann).await.account_enabled);
    w.patch(there, id, json!({"accountEnabled": true})).await;
    assert!(w.there(there, home, ann).await.account_enabled);

    // Blocked here while disabled at home: the block's end doesn't enable the user.
    w.patch(there, id, json!({"accountEnabled": false})).await;
    w.patch(home, ann, json!({"accountEnabled": false})).await;
    w.settled(home, there).await;
    w.patch(there, id, json!({"accountEnabled": true})).await;
    assert!(!w.there(there, home, ann).await.account_enabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_target_deletes_fails_with_the_reason_while_others_go_on() {
    let (w, home, there, ann) = shared().await;
    let id = w.there(there, home, ann).await.id;
    w.delete(there, id).await;
    w.patch(home, ann, json!({"jobTitle": "Chef"})).await;
    let bob = w.user(home, "bob").await;
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced, status.failed), (2, 1, 1));
    assert!(w.is_there(there, home, bob).await);
    let failures = async || {
        w.read(home, move |tx| sync::status::failures(tx, there, None, 10))
            .await
    };
    let failure = failures().await.remove(0);
    assert_eq!(failure["userId"], json!(ann));
    assert_eq!(failure["userPrincipalName"], "ann@t0.example");
    assert_eq!(failure["attempts"], 1);
    assert!(
        failure["reason"]
            .as_str()
            .unwrap()
            .contains("administrator")
    );
    let explained = w
        .read(home, move |tx| sync::explain::home(tx, there, Some(ann)))
        .await;
    assert_eq!(explained.refusal().unwrap().setting, "provisioning");

    // It is tried again at its time, later each time, and not before.
    let mut waits = Vec::new();
    for attempt in 2..6 {
        let failure = failures().await.remove(0);
        let time =
            |name: &str| -> types::Timestamp { failure[name].as_str().unwrap().parse().unwrap() };
        let wait = time("nextAttemptDateTime").0 - store::Clock::now(&*w.clock).0;
        waits.push(wait / 1_000_000);
        assert_eq!(
            failure["failedSinceDateTime"],
            failures().await[0]["failedSinceDateTime"]
        );
        w.user(home, &format!("other{attempt}")).await;
        w.settled(home, there).await;
        assert_eq!(failures().await[0]["attempts"], attempt - 1);
        w.clock.advance_seconds(wait / 1_000_000);
        w.until("another attempt", async || {
            failures().await[0]["attempts"] == attempt
        })
        .await;
        w.settled(home, there).await;
    }
    assert_eq!(waits, [1, 5, 30, 120]);

    // Mended, it comes by itself.
    w.write(there, move |tx| users::restore(tx, id).map(drop))
        .await;
    w.clock.advance_seconds(100_000);
    w.until("it is mended", async || {
        w.status(home, there).await.failed == 0
    })
    .await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert!(failures().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_fails_and_leaves_the_scope_fails_no_more() {
    let (w, home, there, ann) = shared().await;
    let id = w.there(there, home, ann).await.id;
    w.delete(there, id).await;
    w.patch(home, ann, json!({"jobTitle": "Chef"})).await;
    assert_eq!(w.settled(home, there).await.failed, 1);
    w.delete(home, ann).await;
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced, status.failed), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internal_account_is_never_taken_for_somebody() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let mail = json!({"mail": "ann@t0.example"});
    let own = w
        .user_with(there, "ann", json!({"otherMails": ["ann@t0.example"]}))
        .await;
    let ann = w.user_with(home, "ann", mail).await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert_ne!(w.there(there, home, ann).await.id, own);
    let own = w.read(there, move |tx| users::get(tx, own)).await;
    assert_eq!(own.user_principal_name(), "ann@t1.example");
    assert!(own.home.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_was_done_has_its_record() {
    let (w, home, there, ann) = shared().await;
    let id = w.there(there, home, ann).await.id;
    w.patch(home, ann, json!({"jobTitle": "Chef"})).await;
    w.settled(home, there).await;
    w.patch(home, ann, json!({"accountEnabled": false})).await;
    w.settled(home, there).await;
    w.delete(home, ann).await;
    w.settled(home, there).await;
    w.restore(home, ann).await;
    w.settled(home, there).await;
    let done: Vec<(String, String)> = w.records(home, ann).await;
    let actions: Vec<&str> = done.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["create", "update", "disable", "delete", "update"]);
    assert!(done.iter().all(|(_, status)| status == "success"));

    let records = w
        .read(home, move |tx| {
            let all =
                sync::provisioning::list(tx, &sync::provisioning::Filter::default(), None, 10)?;
            Ok(all
                .iter()
                .map(|record| record.to_graph(home, &std::collections::BTreeMap::new()))
                .collect::<Vec<_>>())
        })
        .await;
    for record in &records {
        assert_eq!(record["targetIdentity"]["id"], json!(id));
        assert_eq!(record["tenantId"], json!(home));
        assert_eq!(record["targetSystem"]["id"], json!(there));
        assert_eq!(record["jobId"], records[0]["jobId"]);
    }
    let update = records
        .iter()
        .find(|record| record["modifiedProperties"].to_string().contains("Chef"))
        .unwrap();
    assert_eq!(
        update["modifiedProperties"],
        json!([{"displayName": "jobTitle", "oldValue": "Cook", "newValue": "Chef"}])
    );
    // The target's feed has each as an act of the home tenant's.
    let changes = w.read(there, |tx| tx.changes(0, 10_000)).await;
    let of_ann: Vec<_> = changes
        .iter()
        .filter(|change| change.object == id.uuid())
        .collect();
    assert_eq!(of_ann.len(), 5);
    assert!(
        of_ann
            .iter()
            .all(|change| change.actor.contains(&home.to_string()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hostile_batches_say_beyond_the_mapping_is_not_taken() {
    let (w, home, there, ann) = shared().await;
    let id = w.there(there, home, ann).await.id;
    let boss = w.user(there, "boss").await;
    // A home that speaks for itself, but of more than it may.
    let item = json!({
        "id": ann,
        "user": {
            "userPrincipalName": "ann@t0.example", "accountEnabled": true,
            "properties": {
                "displayName": "Ann", "userType": "Guest", "blockedHere": false,
                "userPrincipalName": "admin@t1.example", "mobilePhone": "1",
            },
        },
    });
    let wrong = json!({"id": boss, "user": {
        "userPrincipalName": "no name", "accountEnabled": true, "properties": {"displayName": "x"},
    }});
    let own = json!({"id": boss, "purged": true});
    let envelope = border::Envelope {
        from: home,
        to: there,
        stream: "other".into(),
        seq: 1,
        kind: sync::wire::USERS.into(),
        body: json!({"items": [item, wrong, own]}).to_string(),
        fence: store::Fence::open(),
    };
    let receipt = border::Transport::deliver(&*w.net, envelope).await.unwrap();
    let border::Receipt::Applied { reply } = receipt else {
        panic!("{receipt:?}");
    };
    let reply: Value = serde_json::from_str(&reply).unwrap();
    assert_eq!(reply["results"][1]["outcome"], "failed");
    assert_eq!(reply["results"][2]["outcome"], "removed");
    let user = w.there(there, home, ann).await;
    assert_eq!(user.id, id);
    assert_eq!(property(&user, "userType"), "Member");
    assert_eq!(property(&user, "mobilePhone"), Value::Null);
    assert_eq!(user.user_principal_name(), "ann_t0.example#EXT#@t1.example");
    assert!(w.read(there, move |tx| users::exists(tx, boss)).await);
}
