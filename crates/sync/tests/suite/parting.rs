//! Tenants that part, in the middle of a synchronization too, and come together again.

use crate::common;
use crate::common::World;
use directory::users;
use serde_json::json;

async fn with_users(count: usize) -> World {
    let w = World::together(2).await;
    let home = w.tenants[0];
    let new: Vec<_> = (0..count)
        .map(|n| w.new_user(home, &format!("u{n}"), json!({})))
        .collect();
    w.write(home, |tx| {
        for new in new {
            users::create(tx, new)?;
        }
        Ok(())
    })
    .await;
    w
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_takes_nobody_away_and_nothing_comes_after_it() {
    let w = with_users(3).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    w.leave(1).await;
    assert!(w.statuses(home).await.is_empty());
    let late = w.user(home, "late").await;
    w.share(home, None, json!({"scope": "none"})).await;
    w.until("the links are forgotten", async || {
        let sql = "SELECT count(*) FROM sync_links WHERE tenant_id = ?1";
        w.read(home, |tx| tx.count(sql, store::params![&tx.tenant()]))
            .await
            == 0
    })
    .await;
    assert!(w.found(there, home, late).await.is_none());
    let kept = w
        .read(there, move |tx| directory::synced::count(tx, home))
        .await;
    assert_eq!(kept, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_finds_the_same_people_and_none_that_are_gone() {
    let w = with_users(3).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let [ann, bob, cyd] = [
        w.user(home, "ann").await,
        w.user(home, "bob").await,
        w.user(home, "cyd").await,
    ];
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    let id = w.there(there, home, ann).await.id;
    w.leave(1).await;
    // While they are apart, both sides go on.
    w.patch(home, ann, json!({"jobTitle": "Chef"})).await;
    w.delete(home, bob).await;
    w.write(home, move |tx| {
        users::delete(tx, cyd)?;
        users::purge(tx, cyd)
    })
    .await;
    let first = w
        .read(home, |tx| Ok(users::find(tx, "u0@t0.example")?.id))
        .await;
    let theirs = w.there(there, home, first).await.id;
    w.write(there, move |tx| {
        users::delete(tx, theirs)?;
        users::purge(tx, theirs)
    })
    .await;
    w.join(1).await;
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced), (4, 4));
    w.check(home, there).await;
    assert_eq!(w.there(there, home, ann).await.id, id);
    assert!(!w.is_there(there, home, bob).await);
    assert!(w.found(there, home, cyd).await.is_none());
    assert!(w.is_there(there, home, first).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_in_the_middle_and_coming_back() {
    let w = with_users(3_500).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let count = async || {
        w.read(there, move |tx| directory::synced::count(tx, home))
            .await
    };
    w.share(home, None, json!({"scope": "all"})).await;
    w.until("some are there", async || count().await > 0).await;
    w.leave(1).await;
    let left = count().await;
    assert!(left > 0);
    w.user(home, "late").await;
    w.until("the pair is over", async || {
        w.engine.positions(home).is_empty()
    })
    .await;
    assert_eq!(count().await, left, "nobody came after the leave");
    // Everybody goes at home before they are together again.
    w.write(home, |tx| {
        let all: Vec<_> = users::scan(tx, None, 10_000)?;
        for user in all.iter().take(2_000) {
            users::delete(tx, user.id)?;
        }
        Ok(())
    })
    .await;
    w.join(1).await;
    w.until("those who are gone may go", async || {
        let status = w.status(home, there).await;
        if status.state == "quarantined" {
            w.allow_deletions(home, there).await;
        }
        common::is_settled(&status)
    })
    .await;
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced), (1_501, 1_501));
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coming_and_going_many_times() {
    let w = with_users(50).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    w.share(home, None, json!({"scope": "all"})).await;
    for round in 0..5 {
        let user = w.user(home, &format!("r{round}")).await;
        w.leave(1).await;
        w.delete(home, user).await;
        w.join(1).await;
    }
    assert_eq!(w.settled(home, there).await.synced, 50);
    w.check(home, there).await;
}
