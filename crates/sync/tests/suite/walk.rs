//! A walk through everything that admins, networks and machines do, in any order. Now and then all
//! is mended and left to settle: then each target has what its sources say, as a model works it out
//! that knows nothing of how it came about.
//!
//! `SYNC_WALK_SEED` walks one seed, `SYNC_WALK_SEEDS` so many.

use crate::common;
use std::collections::BTreeSet;

use crate::common::net::{Faults, pick};
use crate::common::{GroupId, UserId, World, model, object, sharing};
use directory::{groups, users};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use types::TenantId;

const TENANTS: usize = 3;
const CHECKPOINTS: usize = 4;
const STEPS: usize = 60;

struct Walk {
    world: World,
    rng: StdRng,
    seed: u64,
    users: Vec<Vec<UserId>>,
    groups: Vec<Vec<GroupId>>,
    /// Which of them have left.
    away: Vec<bool>,
    /// Synced users whom the admins have deleted.
    put_out: BTreeSet<UserId>,
    named: usize,
    steps: u64,
}

impl Walk {
    async fn new(seed: u64) -> Self {
        let world = World::together(TENANTS).await;
        let mut walk = Self {
            world,
            rng: StdRng::seed_from_u64(seed),
            seed,
            users: vec![Vec::new(); TENANTS],
            groups: vec![Vec::new(); TENANTS],
            away: vec![false; TENANTS],
            put_out: BTreeSet::new(),
            named: 0,
            steps: 0,
        };
        for number in 0..TENANTS {
            for _ in 0..6 {
                walk.create(number).await;
            }
            for name in ["one", "two", "three"] {
                let group = walk.world.group(walk.world.tenants[number], name).await;
                walk.groups[number].push(group);
            }
        }
        walk
    }

    fn tenant(&mut self) -> usize {
        self.rng.random_range(0..TENANTS)
    }
    fn other(&mut self, than: usize) -> usize {
        (than + self.rng.random_range(1..TENANTS)) % TENANTS
    }
    fn id(&self, number: usize) -> TenantId {
        self.world.tenants[number]
    }
    fn name(&mut self) -> String {
        self.named += 1;
        format!("n{}", self.named)
    }
    fn word(&mut self, of: &[&'static str]) -> &'static str {
        pick(&mut self.rng, of).unwrap()
    }
    fn some_user(&mut self, of: usize) -> UserId {
        *pick(&mut self.rng, &self.users[of]).unwrap()
    }
    fn some_group(&mut self, of: usize) -> GroupId {
        *pick(&mut self.rng, &self.groups[of]).unwrap()
    }

    async fn create(&mut self, of: usize) {
        let alias = self.name();
        let department = self.word(&["Kitchen", "Office"]);
        let enabled = self.rng.random_range(0..8) > 0;
        let more = json!({"department": department, "accountEnabled": enabled});
        let user = self.world.user_with(self.id(of), &alias, more).await;
        self.users[of].push(user);
    }

    fn patch(&mut self, of: usize) -> Value {
        let name = self.name();
        match self.rng.random_range(0..9) {
            0 => json!({"jobTitle": self.word(&["Cook", "Chef", "Waiter"])}),
            1 => json!({"jobTitle": null, "city": null, "businessPhones": []}),
            2 => json!({"city": name, "businessPhones": ["1"], "displayName": name}),
            3 => json!({"department": self.word(&["Kitchen", "Office"])}),
            4 => json!({"userPrincipalName": format!("{name}@{}", common::domain(of))}),
            5 => json!({"mail": format!("{name}@{}", common::domain(of))}),
            6 => json!({"accountEnabled": self.rng.random_range(0..3) > 0}),
            7 => json!({"userType": self.word(&["Guest", "Member"])}),
            _ => json!({"mobilePhone": name, "mail": null}),
        }
    }

    fn entry(&mut self, of: usize) -> Value {
        match self.rng.random_range(0..6) {
            0 => json!({"scope": "none"}),
            1 | 2 => json!({"scope": "all"}),
            3 => json!({"scope": "selected", "rule": "department eq 'Kitchen'"}),
            4 => {
                let (a, b) = (self.some_user(of), self.some_group(of));
                json!({"scope": "selected", "users": [a], "groups": [b]})
            }
            _ => {
                let (a, b) = (self.some_user(of), self.some_user(of));
                json!({
                    "scope": "selected", "users": [a, b], "rule": "department eq 'Office'",
                })
            }
        }
    }

    /// A command that may be refused, for what it does may not fit what is there.
    async fn attempt(
        &self,
        of: usize,
        command: impl FnOnce(&mut store::Tx<'_>) -> types::Result<()> + Send + 'static,
    ) {
        let _ = self.world.try_write(self.id(of), command).await;
    }

    async fn step(&mut self) {
        let of = self.tenant();
        let other = self.other(of);
        let (here, there) = (self.id(of), self.id(other));
        let user = self.some_user(of);
        let step = self.rng.random_range(0..33);
        self.steps += 1;
        println!("{}: {step} in {of}, about {other} or {user}", self.steps);
        match step {
            0 | 1 => self.create(of).await,
            2..=6 => {
                let patch = object(self.patch(of));
                self.attempt(of, move |tx| users::update(tx, user, &patch).map(drop))
                    .await;
            }
            7 => self.attempt(of, move |tx| users::delete(tx, user)).await,
            8 => {
                self.attempt(of, move |tx| users::restore(tx, user).map(drop))
                    .await;
            }
            9 => self.attempt(of, move |tx| users::purge(tx, user)).await,
            10 => {
                let manager = self.some_user(of);
                self.attempt(of, move |tx| users::set_manager(tx, user, manager))
                    .await;
            }
            11 => {
                self.attempt(of, move |tx| users::remove_manager(tx, user))
                    .await;
            }
            12..=14 => {
                let group = self.some_group(of);
                let nested = self.some_group(of).uuid();
                let member = if step == 14 { nested } else { user.uuid() };
                self.attempt(of, move |tx| {
                    groups::add_member(tx, group, member).map(drop)
                })
                .await;
            }
            15 => {
                let group = self.some_group(of);
                self.attempt(of, move |tx| {
                    let Some(link) = groups::members(tx, group, None, 1)?.pop() else {
                        return Ok(());
                    };
                    groups::remove_member(tx, group, link.id).map(drop)
                })
                .await;
            }
            16 => {
                let group = self.some_group(of);
                let purge = self.rng.random_range(0..6) == 0;
                self.attempt(of, move |tx| {
                    groups::delete(tx, group)?;
                    if purge {
                        groups::purge(tx, group)?;
                    }
                    Ok(())
                })
                .await;
                if purge {
                    let name = self.name();
                    let new = self.world.group(here, &name).await;
                    self.groups[of].retain(|known| *known != group);
                    self.groups[of].push(new);
                }
            }
            17 => {
                let group = self.some_group(of);
                self.attempt(of, move |tx| groups::restore(tx, group).map(drop))
                    .await;
            }
            18 | 19 => {
                let entry = sharing(self.entry(of));
                self.attempt(of, move |tx| sync::sharing::put(tx, None, &entry))
                    .await;
            }
            20 => {
                let entry = sharing(self.entry(of));
                self.attempt(of, move |tx| sync::sharing::put(tx, Some(there), &entry))
                    .await;
            }
            21 => {
                self.attempt(of, move |tx| sync::sharing::delete(tx, there))
                    .await;
            }
            22 => {
                let paused = self.rng.random_range(0..2) == 0;
                self.attempt(of, move |tx| sync::status::set_paused(tx, there, paused))
                    .await;
            }
            23 => {
                let open = self.rng.random_range(0..2) == 0;
                let part = self.rng.random_range(0..3);
                self.attempt(of, move |tx| set_policy(tx, there, part, open))
                    .await;
            }
            24 | 25 => {
                // The admin of the target deals with one who was synced.
                let (number, act) = (self.rng.random_range(0..8), self.rng.random_range(0..3));
                let put_out = self.world.try_write(here, move |tx| {
                    let synced = directory::synced::list(tx, there, None, 100)?;
                    let Some(user) = synced.get(number) else {
                        return Ok(None);
                    };
                    if act == 0 {
                        users::delete(tx, user.id)?;
                        return Ok(Some(user.id));
                    }
                    let patch = object(json!({"accountEnabled": act == 1}));
                    users::update(tx, user.id, &patch)?;
                    Ok(None)
                });
                self.put_out.extend(put_out.await.ok().flatten());
            }
            26 => self.come_or_go(of).await,
            28 => {
                // One who goes may be one too many.
                let body = object(json!({"maxDeletions": self.rng.random_range(0..6)}));
                self.attempt(of, move |tx| sync::guard::update(tx, &body))
                    .await;
            }
            29 => {
                self.attempt(of, move |tx| sync::guard::allow(tx, there))
                    .await;
            }
            27 => {
                let percent = [0, 0, 10, 30][self.rng.random_range(0..4)];
                let faults = Faults {
                    lost: percent,
                    answer_lost: percent,
                    twice: percent,
                };
                self.world.net.set_faults(faults, self.seed + self.steps);
            }
            _ => {
                self.world
                    .clock
                    .advance_seconds(self.rng.random_range(1..20));
                for _ in 0..self.rng.random_range(1..30) {
                    self.world.statuses(here).await;
                }
            }
        }
    }

    async fn come_or_go(&mut self, number: usize) {
        if number == 0 {
            return;
        }
        if self.away[number] {
            self.world.join(number).await;
        } else {
            self.world.leave(number).await;
        }
        self.away[number] = !self.away[number];
    }

    /// Takes away what holds anything up, lets it settle, and compares.
    async fn checkpoint(&mut self) {
        self.world.net.set_faults(Faults::default(), 0);
        for number in 1..TENANTS {
            if self.away[number] {
                self.come_or_go(number).await;
            }
        }
        for of in 0..TENANTS {
            for other in (0..TENANTS).filter(|other| *other != of) {
                let there = self.id(other);
                self.attempt(of, move |tx| {
                    sync::status::set_paused(tx, there, false)?;
                    (0..3).try_for_each(|part| set_policy(tx, there, part, true))
                })
                .await;
                // Whom an admin has deleted comes back, where the source still shares them.
                let expected = model::expected(&self.world, there, self.id(of)).await;
                let put_out = self.put_out.clone();
                let back = self.world.write(self.id(of), move |tx| {
                    let mut back = Vec::new();
                    for user in directory::synced::list(tx, there, None, 1_000)? {
                        let shared = user.home.is_some_and(|(_, id)| expected.contains_key(&id));
                        if shared && user.deleted_at.is_some() && put_out.contains(&user.id) {
                            users::restore(tx, user.id)?;
                            back.push(user.id);
                        }
                    }
                    Ok(back)
                });
                for user in back.await {
                    self.put_out.remove(&user);
                }
            }
        }
        self.world.clock.advance_seconds(1_000_000);
        let world = &self.world;
        world
            .until("everything is settled and nobody fails", async || {
                for &source in &world.tenants {
                    for pair in world.statuses(source).await {
                        if pair.state == "quarantined" {
                            world.allow_deletions(source, pair.tenant_id).await;
                        }
                        if pair.failed > 0 {
                            // What failed before it was mended is tried again in its time.
                            world.clock.advance_seconds(1);
                        }
                        if !common::is_settled(&pair) || pair.failed > 0 {
                            return false;
                        }
                    }
                }
                true
            })
            .await;
        for &source in &world.tenants {
            for &target in &world.tenants {
                if source == target {
                    continue;
                }
                world.check(source, target).await;
                let there = model::actual(world, source, target).await.len();
                let status = world.status(source, target).await;
                assert_eq!(status.synced, there as u64, "{status:?}");
            }
        }
    }
}

fn set_policy(
    tx: &mut store::Tx<'_>,
    partner: TenantId,
    part: usize,
    open: bool,
) -> types::Result<()> {
    let redemption =
        |direction: &str| object(json!({"automaticUserConsentSettings": {direction: open}}));
    match part {
        0 => {
            let body = object(json!({"userSyncInbound": {"isSyncAllowed": open}}));
            access::update_identity_sync(tx, partner, &body)
        }
        1 => access::update_partner(tx, partner, &redemption("inboundAllowed")),
        _ => access::update_partner(tx, partner, &redemption("outboundAllowed")),
    }
}

async fn walk(seed: u64) {
    println!("seed {seed}");
    let mut walk = Walk::new(seed).await;
    for _ in 0..CHECKPOINTS {
        for _ in 0..STEPS {
            if walk.rng.random_range(0..25) == 0 {
                println!("crash");
                walk.world = walk.world.crash().await;
            }
            walk.step().await;
        }
        walk.checkpoint().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_targets_end_as_their_sources_say() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    if let Some(seed) = number("SYNC_WALK_SEED") {
        return walk(seed).await;
    }
    for seed in 0..number("SYNC_WALK_SEEDS").unwrap_or(6) {
        walk(seed).await;
    }
}
