//! Who is in the target: all, chosen users and groups, rules, different ones for different tenants.

use crate::common::{World, sharing};
use serde_json::json;
use store::Clock;

#[tokio::test(flavor = "multi_thread")]
async fn the_initial_cycle_brings_everybody_and_nobody_else() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let before = w.settled(home, there).await;
    assert_eq!(
        (before.in_scope, before.synced),
        (0, 0),
        "nothing is shared by itself"
    );
    for number in 0..30 {
        w.user(home, &format!("u{number}")).await;
    }
    let guest = w
        .user_with(home, "guest", json!({"userType": "Guest"}))
        .await;
    let off = w
        .user_with(home, "off", json!({"accountEnabled": false}))
        .await;
    let gone = w.user(home, "gone").await;
    w.delete(home, gone).await;
    assert!(w.settled(home, there).await.last_applied.is_none());

    w.share(home, None, json!({"scope": "all"})).await;
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced, status.failed), (30, 30, 0));
    assert!(!status.own_entry);
    assert!(status.last_applied.is_some());
    w.check(home, there).await;
    for absent in [guest, off, gone] {
        assert!(w.found(there, home, absent).await.is_none());
    }
    // One direction only.
    assert_eq!(w.status(there, home).await.in_scope, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_batches_bring_everybody_once() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    for part in 0..5 {
        let new: Vec<_> = (0..700)
            .map(|n| w.new_user(home, &format!("u{part}x{n}"), json!({})))
            .collect();
        w.write(home, |tx| {
            for new in new {
                directory::users::create(tx, new)?;
            }
            Ok(())
        })
        .await;
    }
    w.share(home, None, json!({"scope": "all"})).await;
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced), (3_500, 3_500));
    w.check(home, there).await;
    w.share_and_allow(home, None, json!({"scope": "none"}))
        .await;
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced), (0, 0));
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_is_never_none_before_the_scan_is_settled() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let new: Vec<_> = (0..2_500)
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
    let mut seen = 0;
    loop {
        let status = w.status(home, there).await;
        seen += 1;
        if status.pending_changes == 0 {
            assert_eq!(
                (status.in_scope, status.synced),
                (2_500, 2_500),
                "look {seen}"
            );
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_users_and_groups_are_followed() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let [ann, bob, cyd, dan] = [
        w.user(home, "ann").await,
        w.user(home, "bob").await,
        w.user(home, "cyd").await,
        w.user(home, "dan").await,
    ];
    let outer = w.group(home, "outer").await;
    let inner = w.group(home, "inner").await;
    w.add_member(home, outer, bob.uuid()).await;
    w.add_member(home, inner, cyd.uuid()).await;
    w.share(
        home,
        None,
        json!({"scope": "selected", "users": [ann], "groups": [outer]}),
    )
    .await;
    let status = w.settled(home, there).await;
    assert_eq!(status.in_scope, 2);
    w.check(home, there).await;

    // A group in the group, and out again.
    w.add_member(home, outer, inner.uuid()).await;
    w.settled(home, there).await;
    assert!(w.is_there(there, home, cyd).await);
    w.add_member(home, inner, dan.uuid()).await;
    w.settled(home, there).await;
    assert!(w.is_there(there, home, dan).await);
    w.remove_member(home, outer, inner.uuid()).await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert!(!w.is_there(there, home, cyd).await);

    // Circles end.
    w.add_member(home, outer, inner.uuid()).await;
    w.add_member(home, inner, outer.uuid()).await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert!(w.is_there(there, home, dan).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_goes_takes_its_people_with_it_and_brings_them_back() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let ann = w.user(home, "ann").await;
    let bob = w.user(home, "bob").await;
    let outer = w.group(home, "outer").await;
    let inner = w.group(home, "inner").await;
    w.add_member(home, outer, inner.uuid()).await;
    w.add_member(home, outer, ann.uuid()).await;
    w.add_member(home, inner, bob.uuid()).await;
    w.share(home, None, json!({"scope": "selected", "groups": [outer]}))
        .await;
    assert_eq!(w.settled(home, there).await.synced, 2);
    let id = w.there(there, home, bob).await.id;

    // One that is in it.
    w.write(home, move |tx| directory::groups::delete(tx, inner))
        .await;
    assert_eq!(w.settled(home, there).await.synced, 1);
    w.check(home, there).await;
    w.write(home, move |tx| directory::groups::restore(tx, inner))
        .await;
    assert_eq!(w.settled(home, there).await.synced, 2);
    assert_eq!(w.there(there, home, bob).await.id, id);

    // The listed one itself, for good, in one go.
    w.write(home, move |tx| {
        directory::groups::delete(tx, outer)?;
        directory::groups::purge(tx, outer)
    })
    .await;
    assert_eq!(w.settled(home, there).await.synced, 0);
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_more_than_a_batch_is_followed() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let inner = w.group(home, "inner").await;
    let outer = w.group(home, "outer").await;
    let new: Vec<_> = (0..1_200)
        .map(|n| w.new_user(home, &format!("u{n}"), json!({})))
        .collect();
    w.write(home, move |tx| {
        for new in new {
            let user = directory::users::create(tx, new)?;
            directory::groups::add_member(tx, inner, user.id.uuid())?;
        }
        Ok(())
    })
    .await;
    w.share(home, None, json!({"scope": "selected", "groups": [outer]}))
        .await;
    assert_eq!(w.settled(home, there).await.synced, 0);
    w.add_member(home, outer, inner.uuid()).await;
    assert_eq!(w.settled(home, there).await.synced, 1_200);
    w.check(home, there).await;
    w.remove_member(home, outer, inner.uuid()).await;
    let status = w.has_state(home, there, "quarantined").await;
    assert_eq!(status.synced, 1_200);
    // What is allowed is what waits: the second batch joins the first.
    w.until("all of them wait", async || {
        w.waiting(home, there).await.len() == 1_200
    })
    .await;
    w.allow_deletions(home, there).await;
    assert_eq!(w.settled(home, there).await.synced, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_followed() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let cook = json!({"department": "Kitchen"});
    let ann = w.user_with(home, "ann", cook.clone()).await;
    let bob = w.user(home, "bob").await;
    let rule = json!({"scope": "selected", "users": [], "rule": "department eq 'Kitchen'"});
    w.share(home, None, rule).await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert!(w.is_there(there, home, ann).await);
    w.patch(home, bob, cook).await;
    w.patch(home, ann, json!({"department": "Office"})).await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert!(w.is_there(there, home, bob).await && !w.is_there(there, home, ann).await);
    let other = json!({"scope": "selected", "rule": "department eq 'Office'"});
    w.share(home, None, other).await;
    w.settled(home, there).await;
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sharing_ends_at_its_time() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    w.user(home, "ann").await;
    let until = w.clock.now().plus_seconds(3_600);
    w.share(home, None, json!({"scope": "all", "untilDateTime": until}))
        .await;
    assert_eq!(w.settled(home, there).await.synced, 1);
    w.clock.advance_seconds(3_601);
    w.until("it is over", async || {
        w.status(home, there).await.synced == 0
    })
    .await;
    w.settled(home, there).await;
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn different_people_for_different_tenants() {
    let w = World::together(3).await;
    let [home, second, third] = [w.tenants[0], w.tenants[1], w.tenants[2]];
    let ann = w.user(home, "ann").await;
    let bob = w.user(home, "bob").await;
    w.share(home, None, json!({"scope": "selected", "users": [ann]}))
        .await;
    w.share(
        home,
        Some(third),
        json!({"scope": "selected", "users": [bob]}),
    )
    .await;
    w.all_settled().await;
    for target in [second, third] {
        w.check(home, target).await;
    }
    assert!(w.is_there(second, home, ann).await && !w.is_there(second, home, bob).await);
    assert!(w.is_there(third, home, bob).await && !w.is_there(third, home, ann).await);
    assert!(w.status(home, third).await.own_entry);

    // A change of the default doesn't touch who has an entry of its own.
    w.share(home, None, json!({"scope": "all"})).await;
    w.all_settled().await;
    assert!(!w.is_there(third, home, ann).await);
    // Without it the default holds again.
    w.write(home, move |tx| sync::sharing::delete(tx, third))
        .await;
    w.all_settled().await;
    assert!(w.is_there(third, home, ann).await);
    w.share(home, None, json!({"scope": "selected", "users": [bob]}))
        .await;
    w.share(
        home,
        Some(third),
        json!({"scope": "selected", "users": [ann]}),
    )
    .await;
    w.write(home, move |tx| sync::sharing::delete(tx, third))
        .await;
    w.all_settled().await;
    for target in [second, third] {
        w.check(home, target).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_entry_takes_the_defaults_people_away_even_unseen() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let ann = w.user(home, "ann").await;
    let bob = w.user(home, "bob").await;
    w.share(home, None, json!({"scope": "selected", "users": [ann]}))
        .await;
    w.settled(home, there).await;
    // Several changes before the pair looks again; the last scope is of the first one's kind.
    let (all, bob_only) = (
        sharing(json!({"scope": "all"})),
        sharing(json!({"scope": "selected", "users": [bob]})),
    );
    w.write(home, move |tx| {
        sync::sharing::put(tx, Some(there), &all)?;
        sync::sharing::put(tx, Some(there), &bob_only)
    })
    .await;
    w.settled(home, there).await;
    w.check(home, there).await;
    assert!(!w.is_there(there, home, ann).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_whom_it_would_add_and_remove() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let ann = w.user(home, "ann").await;
    let bob = w.user(home, "bob").await;
    w.user_with(home, "off", json!({"accountEnabled": false}))
        .await;
    w.share(home, None, json!({"scope": "selected", "users": [ann]}))
        .await;
    let before = w.settled(home, there).await.synced;
    let group = w.group(home, "cooks").await;
    w.add_member(home, group, bob.uuid()).await;
    let preview = async |target, what| {
        let what = sharing(what);
        w.read(home, move |tx| sync::sharing::preview(tx, target, &what))
            .await
    };
    let said = preview(None, json!({"scope": "selected", "groups": [group]})).await;
    assert_eq!(said["inScope"], 1);
    assert_eq!(said["added"]["users"][0]["id"], json!(bob));
    assert_eq!(said["removed"]["users"][0]["id"], json!(ann));
    let all = preview(Some(there), json!({"scope": "all"})).await;
    assert_eq!(all["inScope"], 2);
    assert_eq!(all["added"]["count"], 1);
    assert_eq!(all["removed"]["count"], 0);
    assert_eq!(w.settled(home, there).await.synced, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_joins_later_gets_the_default() {
    let w = World::apart(3).await;
    let [home, second, third] = [w.tenants[0], w.tenants[1], w.tenants[2]];
    for tenant in &w.tenants {
        w.consent(*tenant).await;
    }
    let ann = w.user(home, "ann").await;
    w.write(home, |tx| {
        organization::create(tx, "Round table", None, "Tenant 0")
    })
    .await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.join(1).await;
    assert_eq!(w.settled(home, second).await.synced, 1);
    // What is shared with one can be said before it is there.
    w.add(2).await;
    w.share(home, Some(third), json!({"scope": "none"})).await;
    assert!(
        w.statuses(home)
            .await
            .iter()
            .all(|pair| pair.tenant_id != third)
    );
    w.write(third, move |tx| {
        organization::request_join(tx, home, 1, 1_000_000)
    })
    .await;
    w.until("it has joined", async || w.members(home).await.len() == 2)
        .await;
    assert_eq!(w.settled(home, third).await.synced, 0);
    w.write(home, move |tx| sync::sharing::delete(tx, third))
        .await;
    w.settled(home, third).await;
    assert!(w.is_there(third, home, ann).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_passed_on() {
    let w = World::together(3).await;
    for &tenant in &w.tenants {
        w.user(tenant, "one").await;
        w.share(tenant, None, json!({"scope": "all"})).await;
    }
    w.all_settled().await;
    for &source in &w.tenants {
        for &target in &w.tenants {
            if source != target {
                assert_eq!(w.status(source, target).await.synced, 1);
                w.check(source, target).await;
            }
        }
        let all = w.read(source, directory::users::count_all).await;
        assert_eq!(all, 3, "the own one and one of each other tenant");
    }
    // Not even when it is listed by hand.
    let [home, second, third] = [w.tenants[0], w.tenants[1], w.tenants[2]];
    let theirs = w
        .read(home, move |tx| {
            Ok(directory::synced::list(tx, third, None, 10)?.remove(0).id)
        })
        .await;
    w.share(
        home,
        Some(second),
        json!({"scope": "selected", "users": [theirs]}),
    )
    .await;
    assert_eq!(w.settled(home, second).await.synced, 0);
    w.check(home, second).await;
}
