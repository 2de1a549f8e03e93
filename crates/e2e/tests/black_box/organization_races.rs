//! Joins, leaves and changes of role raced against each other by the hundred: in the end each tenant
//! is in one organization at most, its members agree who they are, and it has an owner.

use std::{collections::BTreeMap, time::Duration};

use e2e::{
    Answer, Caller, Deployment, ORGANIZATION, Tenant, eventually_within, holds,
    organization::{join_request, open_to_partners},
};
use serde_json::{Value, json};

const TENANTS: usize = 5;
/// Commands of each of a tenant's callers, of which there are [`CALLERS`].
const COMMANDS: usize = 12;
const CALLERS: usize = 4;
/// How long everything under way may take to come to rest.
const PATIENCE: Duration = Duration::from_mins(1);

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

fn member(id: &str) -> String {
    format!("{ORGANIZATION}/tenants/{id}")
}

async fn command(by: &Caller, own: &str, ids: &[String], dice: &mut Dice) -> Answer {
    let other = &ids[dice.below(ids.len())];
    match dice.below(10) {
        0 => {
            by.put(ORGANIZATION, json!({ "displayName": "Round table" }))
                .await
        }
        1..=3 => {
            let member = json!({ "tenantId": other, "displayName": "x" });
            by.post(&format!("{ORGANIZATION}/tenants"), member).await
        }
        4..=6 => {
            let body = json!({ "addedByTenantId": other });
            by.patch(&join_request(), body).await
        }
        7 => by.delete(&member(own)).await,
        8 => by.delete(&member(other)).await,
        _ => {
            let role = ["owner", "member"][dice.below(2)];
            by.patch(&member(other), json!({ "role": role })).await
        }
    }
}

/// The active members as one of them sees them: tenant → role. `None` without an organization.
async fn members(tenant: &Tenant) -> Option<BTreeMap<String, Value>> {
    let organization = tenant.get(ORGANIZATION).await.expect(200);
    if organization["state"] != "active" {
        return None;
    }
    let list = tenant.get(&format!("{ORGANIZATION}/tenants")).await;
    let list = list.json["value"].as_array().cloned().unwrap_or_default();
    let active = list.into_iter().filter(|it| it["state"] == "active");
    let named = |it: Value| {
        (
            it["tenantId"].as_str().unwrap().to_owned(),
            it["role"].clone(),
        )
    };
    Some(active.map(named).collect())
}

/// What is wrong with how the tenants see their organizations.
async fn objection(tenants: &[Tenant]) -> Result<(), String> {
    let mut seen = BTreeMap::new();
    for tenant in tenants {
        if let Some(members) = members(tenant).await {
            holds(
                members.contains_key(&tenant.id),
                format!("{} isn't in its own organization: {members:?}", tenant.name),
            )?;
            holds(
                members.values().any(|role| role == "owner"),
                format!("{}'s organization has no owner: {members:?}", tenant.name),
            )?;
            seen.insert(tenant.id.clone(), members);
        }
    }
    // Whoever is a member to one sees the same members: so nobody is in two.
    for (tenant, own) in &seen {
        for other in own.keys() {
            let theirs = seen.get(other);
            holds(
                theirs == Some(own),
                format!("{tenant} sees {own:?}, {other} sees {theirs:?}"),
            )?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn races_end_with_one_organization_each_and_an_owner() {
    let d = Deployment::start();
    let mut tenants = Vec::new();
    for number in 0..TENANTS {
        let tenant = d.tenant(&format!("Tenant {number}")).await;
        open_to_partners(&tenant).await;
        tenants.push(tenant);
    }
    let ids: Vec<String> = tenants.iter().map(|tenant| tenant.id.clone()).collect();
    // One founds, so that there is something to join from the start.
    let founded = json!({ "displayName": "Round table" });
    tenants[0].put(ORGANIZATION, founded).await.expect(201);
    let mut running = tokio::task::JoinSet::new();
    for (number, tenant) in tenants.iter().enumerate() {
        for caller in 0..CALLERS {
            let (by, own, ids) = ((**tenant).clone(), tenant.id.clone(), ids.clone());
            running.spawn(async move {
                let mut dice = Dice((number * CALLERS + caller + 1) as u64);
                let mut done = 0;
                for _ in 0..COMMANDS {
                    let answer = command(&by, &own, &ids, &mut dice).await;
                    done += usize::from(answer.status < 300);
                }
                done
            });
        }
    }
    let done: usize = running.join_all().await.into_iter().sum();
    assert!(
        done > TENANTS * CALLERS,
        "only {done} commands had an effect"
    );
    eventually_within(PATIENCE, "the tenants agree", async || {
        objection(&tenants).await
    })
    .await;
    d.finish().await;
}
