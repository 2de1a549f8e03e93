//! The guard against accidental deletions: what is too much, what goes on meanwhile, and how it ends.

use crate::common::{UserId, World, object};
use directory::users;
use serde_json::json;
use types::TenantId;

async fn with_users(count: usize) -> (World, TenantId, TenantId, Vec<UserId>) {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let new: Vec<_> = (0..count)
        .map(|n| w.new_user(home, &format!("u{n}"), json!({"department": "Kitchen"})))
        .collect();
    let ids = w
        .write(home, |tx| {
            let made = new.into_iter().map(|new| Ok(users::create(tx, new)?.id));
            made.collect::<types::Result<Vec<_>>>()
        })
        .await;
    w.share(home, None, json!({"scope": "all"})).await;
    assert_eq!(w.settled(home, there).await.synced, count as u64);
    (w, home, there, ids)
}

async fn delete(w: &World, home: TenantId, ids: &[UserId]) {
    let ids = ids.to_vec();
    w.write(home, move |tx| {
        ids.iter().try_for_each(|id| users::delete(tx, *id))
    })
    .await;
}

/// Waits until the pair has looked at everything, in quarantine.
async fn stopped(w: &World, home: TenantId, there: TenantId) -> sync::status::PairStatus {
    w.until("the pair has stopped deleting", async || {
        let status = w.status(home, there).await;
        status.state == "quarantined" && status.pending_changes == 0
    })
    .await;
    w.status(home, there).await
}

async fn gone(w: &World, home: TenantId, there: TenantId) -> usize {
    w.read(there, move |tx| {
        let all = directory::synced::list(tx, home, None, 10_000)?;
        Ok(all.iter().filter(|user| user.deleted_at.is_some()).count())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_scope_deletes_nobody_and_everything_else_goes_on() {
    let (mut w, home, there, ids) = with_users(700).await;
    let wrong = json!({"scope": "selected", "rule": "department eq 'Kitschen'"});
    w.share(home, None, wrong).await;
    let status = stopped(&w, home, there).await;
    assert_eq!(
        (status.waiting, status.in_scope, status.synced),
        (700, 0, 700)
    );
    let trace = status.trace.unwrap();
    assert!(!trace.allowed);
    assert_eq!(trace.steps[0].setting, "userSharing/deletionGuard");
    assert_eq!(gone(&w, home, there).await, 0);
    let records = w.records(home, ids[0]).await;
    assert_eq!(records.last().unwrap().0, "stagedDelete");

    // It outlives a crash, and who comes into the scope comes.
    w = w.crash().await;
    let late = w
        .user_with(home, "late", json!({"department": "Kitschen"}))
        .await;
    w.patch(
        home,
        ids[0],
        json!({"department": "Kitschen", "city": "Ulm"}),
    )
    .await;
    w.until("others come and change", async || {
        w.is_there(there, home, late).await
            && w.there(there, home, ids[0]).await.property("city") == json!("Ulm")
    })
    .await;
    let status = stopped(&w, home, there).await;
    assert_eq!((status.waiting, status.in_scope), (699, 2));
    assert_eq!(w.waiting(home, there).await.len(), 699);
    assert_eq!(gone(&w, home, there).await, 0);

    // Taken back: nothing waits any more, and nobody was away.
    w.share(home, None, json!({"scope": "all"})).await;
    let status = w.settled(home, there).await;
    assert_eq!((status.waiting, status.synced), (0, 701));
    assert!(w.waiting(home, there).await.is_empty());
    w.check(home, there).await;

    // Meant so: all of them go, in several batches, and the count begins anew.
    w.share(home, None, json!({"scope": "none"})).await;
    stopped(&w, home, there).await;
    w.allow_deletions(home, there).await;
    assert_eq!(w.settled(home, there).await.synced, 0);
    assert_eq!(gone(&w, home, there).await, 701);
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_drip_is_caught_and_the_window_slides() {
    let (w, home, there, ids) = with_users(200).await;
    // A fifth of two hundred may go within a day, one by one.
    for id in &ids[..40] {
        delete(&w, home, &[*id]).await;
        w.settled(home, there).await;
    }
    delete(&w, home, &ids[40..41]).await;
    assert_eq!(stopped(&w, home, there).await.waiting, 1);
    let disabled = json!({"accountEnabled": false, "jobTitle": "Cook"});
    w.patch(home, ids[41], disabled).await;
    w.until("a disabling waits too", async || {
        w.status(home, there).await.waiting == 2
    })
    .await;
    let kept = w.there(there, home, ids[41]).await;
    assert!(kept.account_enabled && kept.property("jobTitle").is_null());
    let waiting = w.waiting(home, there).await;
    assert_eq!(waiting[0]["action"], "delete");
    assert_eq!(waiting[1]["action"], "disable");
    assert_eq!(waiting[1]["isDeletedAtHome"], false);
    // A deleted user who is restored at home doesn't wait any more.
    w.restore(home, ids[40]).await;
    w.until("one waits", async || {
        w.status(home, there).await.waiting == 1
    })
    .await;
    w.allow_deletions(home, there).await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert!(!w.there(there, home, ids[41]).await.account_enabled);

    // A day later so many may go again.
    delete(&w, home, &ids[50..80]).await;
    w.settled(home, there).await;
    w.clock.advance_seconds(25 * 3_600);
    delete(&w, home, &ids[80..105]).await;
    w.settled(home, there).await;
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handful_an_allowance_and_an_agreed_end_are_not_stopped() {
    // In a small tenant everybody may go.
    let (w, home, there, ids) = with_users(25).await;
    delete(&w, home, &ids).await;
    assert_eq!(w.settled(home, there).await.synced, 0);

    // With the admin's word at once; with an end that was set before.
    let (w, home, there, ids) = with_users(60).await;
    let one = json!({"scope": "selected", "users": [ids[0]]});
    w.share_and_allow(home, None, one).await;
    assert_eq!(w.settled(home, there).await.synced, 1);
    let until = store::Clock::now(&*w.clock).plus_seconds(60);
    w.share(home, None, json!({"scope": "all", "untilDateTime": until}))
        .await;
    assert_eq!(w.settled(home, there).await.synced, 60);
    w.clock.advance_seconds(61);
    assert_eq!(w.settled(home, there).await.synced, 0);
    // What was allowed doesn't count, and allows nothing that comes later.
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    delete(&w, home, &ids[..30]).await;
    assert_eq!(stopped(&w, home, there).await.waiting, 30);

    // Another threshold, and none.
    let settings = |body| w.write(home, move |tx| sync::guard::update(tx, &object(body)));
    settings(json!({"isEnabled": false})).await;
    assert_eq!(w.settled(home, there).await.synced, 30);
    settings(json!({"isEnabled": true, "maxDeletions": 2})).await;
    delete(&w, home, &ids[30..33]).await;
    stopped(&w, home, there).await;
    for wrong in [
        json!({"maxDeletions": -1}),
        json!({"maxPercent": 0}),
        json!({"maxPercent": "5"}),
        json!({"isEnabled": 1}),
        json!({"floor": 1}),
    ] {
        let body = object(wrong);
        let refused = w.try_write(home, move |tx| sync::guard::update(tx, &body));
        assert!(refused.await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_to_a_tenant_deletes_nobody_there_unasked() {
    let (w, home, there, _) = with_users(600).await;
    w.leave(1).await;
    w.share(home, None, json!({"scope": "none"})).await;
    w.join(1).await;
    assert_eq!(stopped(&w, home, there).await.waiting, 600);
    assert_eq!(gone(&w, home, there).await, 0);
    w.allow_deletions(home, there).await;
    assert_eq!(w.settled(home, there).await.synced, 0);
}
