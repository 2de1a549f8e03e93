//! Lost answers, things that come twice, tenants that are away, crashes at any point, backups that
//! were restored: in the end the target has what the source says.

use crate::common;
use crate::common::net::Faults;
use crate::common::{UserId, World};
use directory::users;
use serde_json::json;
use types::TenantId;

async fn with_users(count: usize) -> (World, TenantId, TenantId, Vec<UserId>) {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let new: Vec<_> = (0..count)
        .map(|n| w.new_user(home, &format!("u{n}"), json!({})))
        .collect();
    let ids = w
        .write(home, |tx| {
            new.into_iter()
                .map(|new| Ok(users::create(tx, new)?.id))
                .collect()
        })
        .await;
    (w, home, there, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_for_again() {
    let (w, home, there, ids) = with_users(1_500).await;
    w.net.lose_answers(2);
    w.share(home, None, json!({"scope": "all"})).await;
    assert_eq!(w.settled(home, there).await.synced, 1_500);
    assert_eq!(w.net.answers_to_lose(), 0);
    w.check(home, there).await;
    w.net.lose_answers(1);
    w.patch(home, ids[0], json!({"jobTitle": "Chef"})).await;
    w.settled(home, there).await;
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_network_delays_and_loses_nothing() {
    let (w, home, there, ids) = with_users(40).await;
    let faults = Faults {
        lost: 25,
        answer_lost: 25,
        twice: 25,
    };
    for seed in 0..4 {
        w.net.set_faults(faults, seed);
        w.share(home, None, json!({"scope": "all"})).await;
        for id in &ids[..20] {
            w.patch(home, *id, json!({"jobTitle": format!("Cook {seed}")}))
                .await;
        }
        w.settled(home, there).await;
        w.share_and_allow(
            home,
            None,
            json!({"scope": "selected", "users": &ids[..10]}),
        )
        .await;
        w.settled(home, there).await;
        w.net.set_faults(Faults::default(), 0);
        w.check(home, there).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_away_gets_everything_when_it_is_back() {
    let (w, home, there, ids) = with_users(10).await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    w.net.set_away(there, true);
    w.patch(home, ids[0], json!({"jobTitle": "Chef"})).await;
    w.delete(home, ids[1]).await;
    w.user(home, "late").await;
    w.until("it is noticed", async || {
        w.status(home, there).await.pending_changes > 0
    })
    .await;
    w.net.set_away(there, false);
    assert_eq!(w.settled(home, there).await.synced, 10);
    w.check(home, there).await;
}

/// The waits between attempts have grown long by then; a change cuts them short.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_long_trouble_is_noticed_at_once() {
    let (w, home, there, _) = with_users(1).await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    w.let_in(there, home, false).await;
    for number in 0..20 {
        w.user(home, &format!("late{number}")).await;
        w.has_state(home, there, "blocked").await;
        w.nudge().await;
    }
    w.net.set_away(there, true);
    for _ in 0..20 {
        w.nudge().await;
        w.status(home, there).await;
    }
    w.net.set_away(there, false);
    w.let_in(there, home, true).await;
    assert_eq!(w.settled(home, there).await.synced, 21);
    w.check(home, there).await;
}

/// The batch is applied, its answer is lost, the source is cut off, and before it is back the
/// users change again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_applied_before_a_crash_and_undone_after_it_is_undone_in_the_target() {
    let (mut w, home, there, ids) = with_users(3).await;
    let [gone, back, late] = [ids[0], ids[1], ids[2]];
    w.patch(home, back, json!({"jobTitle": "Cook"})).await;
    w.share(home, None, json!({"scope": "selected", "users": [back]}))
        .await;
    w.settled(home, there).await;

    w.net.lose_answers(usize::MAX);
    w.write(home, move |tx| {
        let chef = common::object(json!({"jobTitle": "Chef"}));
        users::update(tx, back, &chef)?;
        let wider = common::sharing(json!({"scope": "selected", "users": [gone, back, late]}));
        sync::sharing::put(tx, None, &wider)
    })
    .await;
    w.until("it has been applied", async || {
        w.is_there(there, home, gone).await
    })
    .await;
    w.net.set_away(there, true);
    w = w.crash().await;
    w.write(home, move |tx| {
        users::delete(tx, gone)?;
        users::purge(tx, gone)?;
        users::delete(tx, late)?;
        users::update(tx, back, &common::object(json!({"jobTitle": "Cook"}))).map(drop)
    })
    .await;
    w.net.lose_answers(0);
    w.net.set_away(there, false);
    assert_eq!(w.settled(home, there).await.synced, 1);
    w.check(home, there).await;
    assert!(w.found(there, home, gone).await.is_none());
    assert!(!w.is_there(there, home, late).await);
    let title = w.there(there, home, back).await.property("jobTitle");
    assert_eq!(title, "Cook");
}

#[tokio::test(flavor = "multi_thread")]
async fn crashes_in_the_middle_of_scans() {
    let (mut w, home, there, _) = with_users(2_500).await;
    w.share(home, None, json!({"scope": "all"})).await;
    for crash in 0..12_u64 {
        for _ in 0..crash * crash {
            w.status(home, there).await;
        }
        w = w.crash().await;
    }
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced), (2_500, 2_500));
    w.check(home, there).await;
    w.share_and_allow(home, None, json!({"scope": "none"}))
        .await;
    for crash in 0..12_u64 {
        for _ in 0..crash * crash {
            w.status(home, there).await;
        }
        w = w.crash().await;
    }
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced, status.failed), (0, 0, 0));
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_sends_nobody_again() {
    let (mut w, home, there, ids) = with_users(20).await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    for _ in 0..3 {
        w = w.crash().await;
        w.settled(home, there).await;
    }
    for id in ids {
        assert_eq!(w.records(home, id).await.len(), 1);
    }
}

/// Puts a tenant's file back to what it was.
async fn restored(w: World, tenant: TenantId, backup: std::path::PathBuf) -> World {
    w.crash_and(move |directory| {
        let file = directory.join("tenants").join(format!("{tenant}.db"));
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
        }
        std::fs::copy(backup, file).unwrap();
    })
    .await
}

async fn backed_up(w: &World, tenant: TenantId) -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.db");
    let (island, to) = (w.island(tenant), path.clone());
    tokio::task::spawn_blocking(move || island.copy_to(&to).unwrap())
        .await
        .unwrap();
    (directory, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_was_restored_from_a_backup_is_brought_up_to_date() {
    // Only a file can be put back alone.
    if !engines::are_files() {
        return;
    }
    let (mut w, home, there, ids) = with_users(10).await;
    w.share(home, None, json!({"scope": "selected", "users": &ids[..5]}))
        .await;
    w.settled(home, there).await;
    let (_directory, backup) = backed_up(&w, there).await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.patch(home, ids[0], json!({"jobTitle": "Chef"})).await;
    w.delete(home, ids[1]).await;
    w.settled(home, there).await;
    w = restored(w, there, backup).await;
    assert_eq!(w.settled(home, there).await.synced, 9);
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_restored_from_a_backup_is_followed() {
    // Only a file can be put back alone.
    if !engines::are_files() {
        return;
    }
    let (mut w, home, there, ids) = with_users(10).await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    let (_directory, backup) = backed_up(&w, home).await;
    let late = w.user(home, "late").await;
    for title in ["Chef", "Cook", "Baker", "Waiter"] {
        w.patch(home, ids[0], json!({"jobTitle": title})).await;
        w.settled(home, there).await;
    }
    w.delete(home, ids[1]).await;
    w.settled(home, there).await;
    w = restored(w, home, backup).await;
    assert_eq!(w.settled(home, there).await.synced, 10);
    w.check(home, there).await;
    assert!(w.found(there, home, late).await.is_none());
}
