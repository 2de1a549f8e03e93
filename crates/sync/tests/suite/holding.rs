//! What holds a pair up: either side's settings, the admin's pause. Each says so, with the reason,
//! and once it is gone nothing is missing.

use crate::common::World;
use serde_json::{Value, json};
use types::TenantId;

fn redemption(direction: &str, allowed: bool) -> Value {
    json!({"automaticUserConsentSettings": {direction: allowed}})
}

/// The setting that decided, and whose it is.
async fn reason(w: &World, home: TenantId, there: TenantId) -> (TenantId, String) {
    let status = w.has_state(home, there, "blocked").await;
    let trace = status.trace.unwrap();
    let step = trace.refusal().unwrap();
    assert!(step.mend.is_some(), "{step:?}");
    (step.tenant_id, step.setting.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_setting_blocks_with_its_reason_and_unblocks() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let ann = w.user(home, "ann").await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    let mut number = 0;
    for closed in ["inbound sync", "inbound redemption", "outbound redemption"] {
        let set = async |open: bool| match closed {
            "inbound sync" => w.let_in(there, home, open).await,
            "inbound redemption" => {
                w.partner(there, home, redemption("inboundAllowed", open))
                    .await;
            }
            _ => {
                w.partner(home, there, redemption("outboundAllowed", open))
                    .await;
            }
        };
        set(false).await;
        number += 1;
        let late = w.user(home, &format!("late{number}")).await;
        w.patch(home, ann, json!({"jobTitle": closed})).await;
        let (whose, setting) = reason(&w, home, there).await;
        let (side, word) = match closed {
            "inbound sync" => (there, "isSyncAllowed"),
            "inbound redemption" => (there, "inboundAllowed"),
            _ => (home, "outboundAllowed"),
        };
        assert_eq!(whose, side, "{closed}");
        assert!(setting.contains(word), "{setting}");
        // Who is there stays as it was; nobody comes.
        let user = w.there(there, home, ann).await;
        assert_ne!(user.property("jobTitle"), json!(closed));
        assert!(w.found(there, home, late).await.is_none());
        assert!(w.status(home, there).await.pending_changes > 0);

        set(true).await;
        w.settled(home, there).await;
        w.check(home, there).await;
        assert!(w.is_there(there, home, late).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_was_never_open_shows_how_many_it_is_about() {
    let w = World::apart(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    w.consent(home).await;
    w.write(home, |tx| {
        organization::create(tx, "Round table", None, "Tenant 0")
    })
    .await;
    w.join(1).await;
    for number in 0..5 {
        w.user(home, &format!("u{number}")).await;
    }
    w.share(home, None, json!({"scope": "all"})).await;
    let (whose, setting) = reason(&w, home, there).await;
    assert_eq!(whose, there);
    assert!(setting.contains("isSyncAllowed"));
    w.until("they are counted", async || {
        w.status(home, there).await.in_scope == 5
    })
    .await;
    assert!(w.status(home, there).await.pending_changes > 0);

    // One reason after the other.
    w.let_in(there, home, true).await;
    w.until("the next reason", async || {
        reason(&w, home, there).await.1.contains("inboundAllowed")
    })
    .await;
    w.partner(there, home, redemption("inboundAllowed", true))
        .await;
    assert_eq!(w.settled(home, there).await.synced, 5);
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_shares_nobody_is_not_held_up() {
    let w = World::apart(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    w.consent(home).await;
    w.write(home, |tx| {
        organization::create(tx, "Round table", None, "Tenant 0")
    })
    .await;
    w.join(1).await;
    w.user(home, "ann").await;
    let status = w.settled(home, there).await;
    assert_eq!(status.state, "active");
    assert!(status.trace.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_pair_stands_still_and_catches_up() {
    let w = World::together(3).await;
    let [home, second, third] = [w.tenants[0], w.tenants[1], w.tenants[2]];
    let ann = w.user(home, "ann").await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.all_settled().await;
    w.pause(home, second, true).await;
    assert_eq!(w.status(home, second).await.state, "paused");
    let bob = w.user(home, "bob").await;
    w.delete(home, ann).await;
    // The other pair isn't paused.
    w.settled(home, third).await;
    w.check(home, third).await;
    assert!(w.is_there(second, home, ann).await && !w.is_there(second, home, bob).await);

    // A change of the scope meanwhile is counted, and carried out afterwards.
    let cyd = w.user(home, "cyd").await;
    w.share(home, None, json!({"scope": "selected", "users": [cyd]}))
        .await;
    w.settled(home, third).await;
    w.until("they are counted", async || {
        w.status(home, second).await.in_scope == 1
    })
    .await;
    assert!(w.status(home, second).await.pending_changes > 0);
    assert!(w.is_there(second, home, ann).await);
    w.pause(home, second, false).await;
    w.settled(home, second).await;
    w.check(home, second).await;

    // Twice is once.
    let audited = async || {
        w.read(home, |tx| {
            Ok(audit::list(tx, &audit::Filter::default(), None, 1_000)?.len())
        })
        .await
    };
    let before = audited().await;
    w.pause(home, second, false).await;
    assert_eq!(audited().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_outlives_a_leave() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    w.user(home, "ann").await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    w.pause(home, there, true).await;
    w.leave(1).await;
    w.join(1).await;
    let bob = w.user(home, "bob").await;
    assert_eq!(w.status(home, there).await.state, "paused");
    w.pause(home, there, false).await;
    w.settled(home, there).await;
    assert!(w.is_there(there, home, bob).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_closes_in_the_middle_wins() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let new: Vec<_> = (0..3_000)
        .map(|n| w.new_user(home, &format!("u{n}"), json!({})))
        .collect();
    w.write(home, |tx| {
        for new in new {
            directory::users::create(tx, new)?;
        }
        Ok(())
    })
    .await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.until("some are there", async || {
        w.read(there, move |tx| directory::synced::count(tx, home))
            .await
            > 0
    })
    .await;
    w.let_in(there, home, false).await;
    let closed_at = w
        .read(there, move |tx| directory::synced::count(tx, home))
        .await;
    if closed_at < 3_000 {
        w.has_state(home, there, "blocked").await;
        let later = w
            .read(there, move |tx| directory::synced::count(tx, home))
            .await;
        assert_eq!(later, closed_at, "nobody came through a closed door");
    }
    w.let_in(there, home, true).await;
    assert_eq!(w.settled(home, there).await.synced, 3_000);
    w.check(home, there).await;
}
