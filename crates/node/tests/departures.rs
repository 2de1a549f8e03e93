//! A departure that a process has begun is carried on by the next one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use departures::Treatment;
use node::Node;
use node::command::Command;
use node::config::Config;
use serde_json::Value;
use sync::sharing::{Scope, Sharing};
use types::{Actor, TenantId};

async fn execute(node: &Node, command: Command) -> Value {
    node.execute(command, &|_| {}).await.unwrap()
}

async fn tenant(node: &Node, domain: &str) -> TenantId {
    let made = Command::TenantCreate {
        name: domain.into(),
        domain: domain.into(),
        admin_upn: None,
        admin_password: None,
    };
    let made = execute(node, made).await;
    made["tenantId"].as_str().unwrap().parse().unwrap()
}

async fn count(node: &Node, here: TenantId, home: TenantId) -> u64 {
    let island = node.store().island(here).unwrap();
    let count = island.read(move |tx| directory::synced::count(tx, home));
    count.await.unwrap()
}

/// Waits, change by change, until there are so many.
async fn until(node: &Node, here: TenantId, home: TenantId, wanted: u64) {
    let island = node.store().island(home).unwrap();
    for _ in 0..200_000 {
        if count(node, here, home).await == wanted {
            return;
        }
        island.write(Actor::System, |_| Ok(())).await.unwrap();
    }
    panic!("{} instead of {wanted}", count(node, here, home).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let node = Node::open(Config::at(data.clone())).unwrap();
    node.start();
    let contoso = tenant(&node, "contoso.example").await;
    let fabrikam = tenant(&node, "fabrikam.example").await;
    let create = Command::OrganizationCreate {
        tenant: contoso.to_string(),
        name: "Round table".into(),
        add: vec![fabrikam.to_string()],
        accept_users: true,
        skip_consent: true,
    };
    execute(&node, create).await;
    let join = Command::OrganizationJoin {
        tenant: fabrikam.to_string(),
        invited_by: contoso.to_string(),
        accept_users: true,
        skip_consent: true,
    };
    execute(&node, join).await;
    for tenant in [contoso, fabrikam] {
        let island = node.store().island(tenant).unwrap();
        let all = Sharing {
            scope: Scope::All,
            ..Sharing::nobody()
        };
        let shared = island.write(Actor::Operator, move |tx| {
            sync::sharing::put(tx, None, &all)
        });
        shared.await.unwrap();
    }
    until(&node, contoso, fabrikam, 1).await;
    until(&node, fabrikam, contoso, 1).await;
    let island = node.store().island(fabrikam).unwrap();
    // What came is also known to have come.
    for round in 0.. {
        if node.share_status(fabrikam).await.unwrap()[0].synced == 1 {
            break;
        }
        assert!(round < 20_000, "it isn't settled");
        island.write(Actor::System, |_| Ok(())).await.unwrap();
    }
    let begun = island.write(Actor::Operator, move |tx| {
        departures::start(tx, fabrikam, Treatment::SoftDelete)
    });
    let id = begun.await.unwrap();
    drop(island);
    node.stop().await;
    drop(node);

    let node = Node::open(Config::at(data)).unwrap();
    node.start();
    until(&node, contoso, fabrikam, 0).await;
    until(&node, fabrikam, contoso, 0).await;
    let island = node.store().island(fabrikam).unwrap();
    for _ in 0..20_000 {
        let shown = island
            .read(move |tx| departures::get(tx, id, 30))
            .await
            .unwrap();
        if shown["state"] == "done" {
            assert_eq!(shown["tenants"][0]["usersOfOurs"]["treated"], 1, "{shown}");
            assert_eq!(
                shown["tenants"][0]["usersFromThem"]["treated"], 1,
                "{shown}"
            );
            let report = execute(&node, Command::Doctor).await;
            assert_eq!(report["ok"], true, "{report}");
            node.stop().await;
            return;
        }
        island.write(Actor::System, |_| Ok(())).await.unwrap();
    }
    panic!("it isn't over");
}
