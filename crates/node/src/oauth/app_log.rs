//! Sign-ins of applications for themselves, on their way into the log.
//!
//! A token of its own is granted to an application without anything being written. So the first of an
//! application, from one place for one API in one hour, is written before it is answered, and those after
//! it are counted here and added within [`EVERY`]. What isn't added when a server is killed is missing in
//! the count only.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use audit::sign_ins::{self, SignIn};
use types::{Actor, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::Node;

/// How often what was counted is added.
const EVERY: Duration = Duration::from_secs(10);
/// How many are counted at once; those beyond are written one by one.
const KEPT_MAX: usize = 10_000;

struct Counted {
    sign_in: SignIn,
    times: u64,
    since: Timestamp,
}

/// What was counted and isn't added yet.
#[derive(Default)]
pub(crate) struct AppSignIns(Mutex<HashMap<(TenantId, Uuid), Counted>>);

impl AppSignIns {
    /// Counts one; gives it back if it has to be written now.
    fn count(&self, tenant: TenantId, sign_in: SignIn, now: Timestamp) -> Option<SignIn> {
        let key = (tenant, sign_in.alike(now));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = kept.get_mut(&key) {
            counted.times += 1;
            return None;
        }
        if kept.len() < KEPT_MAX {
            let counted = Counted {
                sign_in: sign_in.clone(),
                times: 0,
                since: now,
            };
            kept.insert(key, counted);
        }
        Some(sign_in)
    }

    /// Takes what was counted. What is of an hour that is over is forgotten.
    fn take(&self, now: Timestamp) -> Vec<(TenantId, SignIn, u64)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        kept.retain(|(tenant, _), counted| {
            if counted.times > 0 {
                taken.push((*tenant, counted.sign_in.clone(), counted.times));
                counted.times = 0;
            }
            sign_ins::is_same_hour(counted.since, now)
        });
        taken
    }
}

impl Node {
    /// Records a sign-in of an application.
    pub(crate) async fn log_application(&self, tenant: TenantId, sign_in: SignIn) -> Result<()> {
        let now = self.store().clock().now();
        let Some(sign_in) = self.0.sign_in.applications.count(tenant, sign_in, now) else {
            return Ok(());
        };
        let island = self.store().island(tenant)?;
        island
            .write(Actor::System, move |tx| sign_ins::record(tx, sign_in))
            .await
    }

    /// Adds what was counted, now and then.
    pub(crate) async fn keep_application_log(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.flush_application_log().await;
        }
    }

    /// Adds what was counted.
    pub(crate) async fn flush_application_log(&self) {
        let taken = self.0.sign_in.applications.take(self.store().clock().now());
        for (tenant, sign_in, times) in taken {
            let Ok(island) = self.store().island(tenant) else {
                continue;
            };
            let added = island
                .write(Actor::System, move |tx| {
                    sign_ins::record_many(tx, sign_in, times)
                })
                .await;
            if let Err(error) = added {
                tracing::warn!(%tenant, %error, "sign-ins of applications couldn't be counted");
            }
        }
    }
}
