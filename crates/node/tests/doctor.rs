//! `doctor` names what is wrong, and nothing is made in place of what was lost.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};

use node::Node;
use node::command::Command;
use node::config::Config;
use serde_json::Value;
use store::params;
use types::{Actor, TenantId};

/// A data directory that isn't there yet, for the one that the node makes is its owner's alone.
fn data(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("data")
}

fn open(data: &Path) -> types::Result<Node> {
    Node::open(Config::at(data.to_owned()))
}

async fn tenant(node: &Node, domain: &str) -> TenantId {
    let made = node.execute(
        Command::TenantCreate {
            name: domain.into(),
            domain: domain.into(),
            admin_upn: None,
            admin_password: None,
        },
        &|_| {},
    );
    let made = made.await.unwrap();
    made["tenantId"].as_str().unwrap().parse().unwrap()
}

/// The checks that found something, by name.
async fn found(node: &Node) -> Vec<String> {
    let report = node.execute(Command::Doctor, &|_| {}).await.unwrap();
    let checks = report["checks"].as_array().unwrap().iter();
    let wrong: Vec<String> = checks
        .filter(|check| check["ok"] == false)
        .map(|check| check["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(report["ok"], Value::Bool(wrong.is_empty()));
    wrong
}

async fn run(node: &Node, tenant: TenantId, sql: &'static str) {
    let island = node.store().island(tenant).unwrap();
    let done = island.write(Actor::System, move |tx| {
        let tenant = tx.tenant();
        tx.bookkeeping().execute(sql, params![&tenant])
    });
    assert!(done.await.unwrap() > 0, "{sql}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tampered_with_is_found() {
    for (what, sql) in [
        ("feed", "DELETE FROM feed WHERE tenant_id = ?1 AND seq = 2"),
        (
            "audit chain",
            "UPDATE audit_log SET activity = 'nothing' WHERE tenant_id = ?1 AND seq = 2",
        ),
        (
            "references",
            "DELETE FROM service_principals WHERE tenant_id = ?1",
        ),
        (
            "references",
            "DELETE FROM applications WHERE tenant_id = ?1",
        ),
        (
            "references",
            "INSERT INTO group_members SELECT tenant_id, id, id, 2 FROM users WHERE tenant_id = ?1",
        ),
        (
            "references",
            "INSERT INTO group_owners SELECT tenant_id, id, id, 1 FROM users WHERE tenant_id = ?1",
        ),
        ("keys", "DELETE FROM signing_keys WHERE tenant_id = ?1"),
        (
            "keys",
            "UPDATE signing_keys SET private_key = n WHERE tenant_id = ?1",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let node = open(&data(&directory)).unwrap();
        let contoso = tenant(&node, "contoso.example").await;
        tenant(&node, "fabrikam.example").await;
        assert_eq!(found(&node).await, <[&str; 0]>::default());
        run(&node, contoso, sql).await;
        assert_eq!(
            found(&node).await,
            [format!("{what} of {contoso}")],
            "{sql}"
        );
        node.stop().await;
    }
}

/// A pair in this stage, which counts so many as synchronized and as failed, and a link in this
/// state to somebody with whom so much was tried in vain, and who is due.
async fn pair(node: &Node, tenant: TenantId, (stage, counts): (i64, [i64; 2]), link: [i64; 2]) {
    let island = node.store().island(tenant).unwrap();
    let done = island.write(Actor::System, move |tx| {
        let (tenant, id) = (tx.tenant(), tx.new_uuid());
        let [synced, failed] = counts;
        let [state, attempts] = link;
        let mut books = tx.bookkeeping();
        books.execute(
            "INSERT INTO sync_pairs (tenant_id, target_tenant_id, job_id, cycle_id, stage, epoch, \
             stream_seq, feed_seq, phase, scan_left, in_scope, scope_key, paused, synced, failed, \
             created_at) VALUES (?1, ?2, ?2, ?2, ?3, 0, 0, 0, 0, 0, 0, '', 0, ?4, ?5, 0)",
            params![&tenant, &id, stage, synced, failed],
        )?;
        books.execute(
            "INSERT INTO sync_links (tenant_id, target_tenant_id, user_id, state, attempts, \
             next_attempt_at) VALUES (?1, ?2, ?2, ?3, ?4, 0)",
            params![&tenant, &id, state, attempts],
        )
    });
    done.await.unwrap();
}

/// Only what is wrong is called so, whatever a pair is in the midst of.
#[tokio::test(flavor = "multi_thread")]
async fn counters_of_pairs_are_held_against_their_links() {
    // On what has ended nobody works, who might mend it before it is looked at.
    let (ending, ended) = (2, 3);
    let (nothing, synced) = (0, 1);
    for (of_pair, link, is_right) in [
        // Somebody is to be looked at once more, for the target has another user than was thought.
        ((ended, [1, 0]), [synced, 0], true),
        ((ended, [0, 0]), [nothing, 0], true),
        // The target has the user as it was before the change that fails.
        ((ended, [0, 1]), [synced, 3], true),
        ((ended, [0, 1]), [nothing, 3], true),
        // The tenants have parted and the links aren't forgotten yet.
        ((ending, [0, 0]), [synced, 0], true),
        ((ended, [0, 0]), [synced, 0], false),
        ((ended, [1, 1]), [synced, 3], false),
        ((ended, [0, 1]), [nothing, 0], false),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let node = open(&data(&directory)).unwrap();
        let contoso = tenant(&node, "contoso.example").await;
        pair(&node, contoso, of_pair, link).await;
        let wrong = found(&node).await;
        assert_eq!(wrong.is_empty(), is_right, "{of_pair:?} {link:?} {wrong:?}");
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_named_and_the_others_are_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let node = open(&data(&directory)).unwrap();
    let damaged = tenant(&node, "damaged.example").await;
    let lost = tenant(&node, "lost.example").await;
    let whole = tenant(&node, "whole.example").await;
    node.stop().await;
    drop(node);
    let file = |tenant: TenantId| data(&directory).join(format!("tenants/{tenant}.db"));
    std::fs::write(file(damaged), b"nonsense".repeat(1_000)).unwrap();
    // What the log still holds would heal it.
    let _ = std::fs::remove_file(file(damaged).with_extension("db-wal"));
    std::fs::remove_file(file(lost)).unwrap();

    let node = open(&data(&directory)).unwrap();
    let mut wrong = found(&node).await;
    wrong.sort();
    let mut expected = [damaged, lost].map(|tenant| format!("files of {tenant}"));
    expected.sort();
    assert_eq!(wrong, expected, "{damaged} {lost}");
    assert!(node.jwks(whole).await.is_ok());
    assert!(!file(lost).exists());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_deployment_key_is_not_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let node = open(&data(&directory)).unwrap();
    tenant(&node, "contoso.example").await;
    node.stop().await;
    drop(node);
    let key = data(&directory).join("deployment.key");
    let bytes = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let refused = open(&data(&directory)).err().unwrap().to_string();
    assert!(refused.contains("deployment.key"), "{refused}");
    assert!(!key.exists());

    std::fs::write(&key, bytes).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, mode).unwrap();
    let node = open(&data(&directory)).unwrap();
    assert_eq!(found(&node).await, <[&str; 0]>::default());
    node.stop().await;
}
