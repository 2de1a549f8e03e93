//! Rows of the table of conflicts in docs/synchronization.md that no other file has a test for.

use crate::common::World;
use directory::users;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn two_sources_with_the_same_person_make_two_users() {
    let w = World::together(3).await;
    let [first, second, target] = [w.tenants[0], w.tenants[1], w.tenants[2]];
    // The same name, the same mail, the same number: what a person has at two employers.
    let person = json!({"mail": "ann@t0.example", "employeeId": "7", "displayName": "Ann Lee"});
    let ann = w.user_with(first, "ann", person.clone()).await;
    let mut elsewhere = person;
    elsewhere["mail"] = json!("ann@t1.example");
    elsewhere["otherMails"] = json!(["ann@t0.example"]);
    let other = w.user_with(second, "ann", elsewhere).await;
    for source in [first, second] {
        w.share(source, None, json!({"scope": "all"})).await;
        w.settled(source, target).await;
    }
    let (one, two) = (
        w.there(target, first, ann).await,
        w.there(target, second, other).await,
    );
    assert_ne!(one.id, two.id);
    assert_ne!(one.user_principal_name(), two.user_principal_name());
    // Each keeps its own: what one source changes or deletes doesn't touch the other's.
    w.patch(first, ann, json!({"jobTitle": "Cook"})).await;
    w.delete(second, other).await;
    w.settled(first, target).await;
    w.settled(second, target).await;
    w.check(first, target).await;
    w.check(second, target).await;
    assert_eq!(
        w.there(target, first, ann).await.property("jobTitle"),
        "Cook"
    );
    assert!(!w.is_there(target, second, other).await);
    // Disabled first and then not shared any more: gone all the same.
    w.patch(first, ann, json!({"accountEnabled": false})).await;
    w.settled(first, target).await;
    assert!(!w.there(target, first, ann).await.account_enabled);
    w.share(first, None, json!({"scope": "none"})).await;
    w.settled(first, target).await;
    assert!(!w.is_there(target, first, ann).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_target_restores_stays_until_home_speaks_again() {
    let w = World::together(2).await;
    let (home, target) = (w.tenants[0], w.tenants[1]);
    let [ann, bob] = [w.user(home, "ann").await, w.user(home, "bob").await];
    let both = json!({"scope": "selected", "users": [ann, bob]});
    w.share(home, None, both.clone()).await;
    w.settled(home, target).await;
    let copies = [
        w.there(target, home, ann).await.id,
        w.there(target, home, bob).await.id,
    ];
    w.share(home, None, json!({"scope": "none"})).await;
    w.settled(home, target).await;
    for copy in copies {
        w.restore(target, copy).await;
    }
    // Home doesn't share them, and takes nothing back that the admin there has brought back …
    w.patch(home, ann, json!({"jobTitle": "Cook"})).await;
    w.settled(home, target).await;
    assert!(w.is_there(target, home, ann).await);
    assert!(
        w.there(target, home, ann)
            .await
            .property("jobTitle")
            .is_null()
    );
    // … but for good, if they are gone for good there; or goes on, if they are shared again.
    w.write(home, move |tx| {
        users::delete(tx, bob)?;
        users::purge(tx, bob)
    })
    .await;
    w.settled(home, target).await;
    assert!(w.found(target, home, bob).await.is_none());
    w.share(home, None, json!({"scope": "selected", "users": [ann]}))
        .await;
    w.settled(home, target).await;
    let back = w.there(target, home, ann).await;
    assert_eq!(
        (back.id, back.property("jobTitle")),
        (copies[0], json!("Cook"))
    );
    w.check(home, target).await;
}
