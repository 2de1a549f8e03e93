//! Sign-ins that are repeated, on their way into the log: those of applications for themselves, tokens
//! that are renewed, people who are let in without a question.
//!
//! The first of those that are counted together (one client, for one person or itself, from one place,
//! for one API, in one hour) is written before it is answered; those after it are counted here, and added
//! within [`EVERY`] and before the tenant's log is read. What isn't added when a server is killed is
//! missing in the count only.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use audit::sign_ins::{self, SignIn};
use store::Tx;
use types::{Actor, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::Node;

/// How often what was counted is added.
const EVERY: Duration = Duration::from_secs(10);
/// How many are counted at once; those beyond are written one by one.
const KEPT_MAX: usize = 10_000;

/// Whose, and what those are counted by that are counted together.
type Key = (TenantId, Uuid);

/// A sign-in that may be one of many.
#[derive(Clone)]
pub(super) struct Repeatable {
    key: Key,
    sign_in: SignIn,
    at: Timestamp,
}

impl Repeatable {
    /// A sign-in in a tenant, at this time.
    pub(super) fn new(tenant: TenantId, sign_in: SignIn, at: Timestamp) -> Self {
        let key = (tenant, sign_in.alike(at));
        Self { key, sign_in, at }
    }

    /// Writes it into the log.
    pub(super) fn write(&self, tx: &mut Tx<'_>) -> Result<()> {
        sign_ins::record(tx, self.sign_in.clone())
    }
}

struct Counted {
    sign_in: SignIn,
    times: u64,
    since: Timestamp,
}

/// What is in the log, and how many times more it was since.
#[derive(Default)]
pub(super) struct Repeats(Mutex<HashMap<Key, Counted>>);

impl Repeats {
    fn kept(&self) -> MutexGuard<'_, HashMap<Key, Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one that is counted together with this one is in the log.
    pub(super) fn has_begun(&self, sign_in: &Repeatable) -> bool {
        self.kept().contains_key(&sign_in.key)
    }

    /// Notes that one was written; those after it are counted.
    pub(super) fn begin(&self, sign_in: Repeatable) {
        let mut kept = self.kept();
        if kept.len() < KEPT_MAX {
            add(&mut kept, sign_in, 0);
        }
    }

    /// Counts one more, after one that is in the log.
    pub(super) fn count(&self, sign_in: Repeatable) {
        add(&mut self.kept(), sign_in, 1);
    }

    /// Takes what was counted, in one tenant or in all. What is of an hour that is over is forgotten.
    fn take(&self, tenant: Option<TenantId>, now: Timestamp) -> Vec<(TenantId, SignIn, u64)> {
        let mut taken = Vec::new();
        self.kept().retain(|(of, _), counted| {
            if tenant.is_some_and(|tenant| tenant != *of) {
                return true;
            }
            if counted.times > 0 {
                taken.push((*of, counted.sign_in.clone(), counted.times));
                counted.times = 0;
            }
            sign_ins::is_same_hour(counted.since, now)
        });
        taken
    }
}

fn add(kept: &mut HashMap<Key, Counted>, sign_in: Repeatable, times: u64) {
    let Repeatable { key, sign_in, at } = sign_in;
    let counted = kept.entry(key).or_insert(Counted {
        sign_in,
        times: 0,
        since: at,
    });
    counted.times += times;
}

impl Node {
    /// Records a sign-in that may be one of many: writes it, or counts it.
    pub(crate) async fn log_repeatable(&self, tenant: TenantId, sign_in: SignIn) -> Result<()> {
        let (repeats, now) = (&self.0.sign_in.repeats, self.store().clock().now());
        let sign_in = Repeatable::new(tenant, sign_in, now);
        if repeats.has_begun(&sign_in) {
            repeats.count(sign_in);
            return Ok(());
        }
        let (island, written) = (self.store().island(tenant)?, sign_in.clone());
        island
            .write(Actor::System, move |tx| written.write(tx))
            .await?;
        repeats.begin(sign_in);
        Ok(())
    }

    /// Adds what was counted, now and then.
    pub(crate) async fn keep_log_of_repeats(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.add_repeats(None).await;
        }
    }

    /// Adds what was counted, in one tenant or in all, so that whoever reads the log sees it.
    pub async fn add_repeats(&self, tenant: Option<TenantId>) {
        let (repeats, now) = (&self.0.sign_in.repeats, self.store().clock().now());
        for (tenant, sign_in, times) in repeats.take(tenant, now) {
            let Ok(island) = self.store().island(tenant) else {
                continue;
            };
            let added = sign_in.clone();
            let added = island
                .write(Actor::System, move |tx| {
                    sign_ins::record_many(tx, added, times)
                })
                .await;
            if let Err(error) = added {
                tracing::warn!(%tenant, %error, "repeated sign-ins couldn't be added to the log yet");
                let sign_in = Repeatable::new(tenant, sign_in, now);
                add(&mut repeats.kept(), sign_in, times);
            }
        }
    }
}
