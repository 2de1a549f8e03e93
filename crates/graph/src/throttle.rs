//! Throttling: so many requests in [`WINDOW`] for each application in a tenant, and for all
//! applications of a tenant together.
//!
//! A key has one number, the instant at which it will have paid for all that it was let do, each
//! request costing its share of the window (the generic cell rate algorithm). So a quiet client may
//! do a window's worth at once, and a busy one as much as flows back; a key that owes nothing needs
//! no place in the table. Each part of a `$batch` counts, the batch itself doesn't.
//!
//! Source: "Microsoft Graph throttling guidance"; RFC 6585 §4.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use types::TenantId;
use uuid::Uuid;

use crate::errors::Refusal;

/// The time within which the limits count.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);
/// Parts of the table, each with a lock of its own.
const SHARDS: usize = 16;
/// Keys in one part.
const SHARD_KEYS_MAX: usize = 4_096;

/// A tenant, and one of its applications or, by no id, all of them.
type Key = (TenantId, Uuid);

/// Who was let do how much.
pub(crate) struct Throttle {
    begun: Instant,
    shards: [Mutex<HashMap<Key, u64>>; SHARDS],
    application: Rate,
    tenant: Rate,
}

/// So many requests in [`WINDOW`].
#[derive(Clone, Copy)]
struct Rate {
    limit: &'static str,
    requests: usize,
    /// What one costs, in nanoseconds.
    cost: u64,
}

impl Rate {
    fn new(limit: &'static str, requests: usize) -> Self {
        let requests_max = u64::try_from(requests.max(1)).unwrap_or(u64::MAX);
        Self {
            limit,
            requests,
            cost: (nanoseconds(WINDOW) / requests_max).max(1),
        }
    }
}

impl Rate {
    /// One server's share of it.
    fn among(self, servers: usize) -> Self {
        let servers = u64::try_from(servers).unwrap_or(u64::MAX);
        Self {
            cost: self.cost.saturating_mul(servers).min(nanoseconds(WINDOW)),
            ..self
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Throttle {
    /// With so many requests for each application in a tenant, and for each tenant.
    pub(crate) fn new(application: usize, tenant: usize) -> Self {
        Self {
            begun: Instant::now(),
            shards: std::array::from_fn(|_| Mutex::default()),
            application: Rate::new("limits.application_requests", application),
            tenant: Rate::new("limits.tenant_requests", tenant),
        }
    }

    /// With so many requests of one kind for each tenant, by the limit of this name.
    pub(crate) fn of_tenant(limit: &'static str, requests: usize) -> Self {
        Self {
            tenant: Rate::new(limit, requests),
            ..Self::new(usize::MAX, requests)
        }
    }

    /// Lets a request that came at an instant pass, or says when to come again. Each of several
    /// servers lets its share of the limit pass, so that all of them together don't let more.
    pub(crate) fn admit(
        &self,
        tenant: TenantId,
        application: Uuid,
        servers: usize,
        came: Instant,
    ) -> Result<(), Refusal> {
        let now = came.saturating_duration_since(self.begun);
        self.admit_at(tenant, application, servers, now)
    }

    fn admit_at(
        &self,
        tenant: TenantId,
        application: Uuid,
        servers: usize,
        now: Duration,
    ) -> Result<(), Refusal> {
        // A tenant's keys lie together: the end of its id is random, or grows with each tenant.
        let shard = usize::try_from(tenant.uuid().as_u128() % SHARDS as u128).unwrap_or_default();
        let Some(shard) = self.shards.get(shard) else {
            return Ok(());
        };
        let mut keys = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let (of_one, of_all) = (self.application.among(servers), self.tenant.among(servers));
        charge(&mut keys, (tenant, application), of_one, now)?;
        charge(&mut keys, (tenant, Uuid::nil()), of_all, now)
    }
}

fn charge(
    keys: &mut HashMap<Key, u64>,
    key: Key,
    rate: Rate,
    now: Duration,
) -> Result<(), Refusal> {
    let now = nanoseconds(now);
    let after = |before: u64| {
        let paid = before.max(now).saturating_add(rate.cost);
        let too_early = paid.saturating_sub(now).saturating_sub(nanoseconds(WINDOW));
        if too_early > 0 {
            return Err(refused(rate, Duration::from_nanos(too_early)));
        }
        Ok(paid)
    };
    if keys.len() >= SHARD_KEYS_MAX && !keys.contains_key(&key) {
        make_room(keys, now);
    }
    match keys.entry(key) {
        Entry::Occupied(mut known) => {
            let paid = after(*known.get())?;
            known.insert(paid);
        }
        Entry::Vacant(place) => {
            place.insert(after(0)?);
        }
    }
    Ok(())
}

/// Forgets those that owe nothing; if all do, the half that owes least.
fn make_room(keys: &mut HashMap<Key, u64>, now: u64) {
    keys.retain(|_, paid| *paid > now);
    if keys.len() >= SHARD_KEYS_MAX {
        let mut owed: Vec<u64> = keys.values().copied().collect();
        let middle = owed.len() / 2;
        let (_, middle, _) = owed.select_nth_unstable(middle);
        keys.retain(|_, paid| paid > middle);
    }
}

fn refused(rate: Rate, wait: Duration) -> Refusal {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Refusal::throttled(
        &format!(
            "Too many requests: {} are let through within {} seconds (limit: {}).",
            rate.requests,
            WINDOW.as_secs(),
            rate.limit
        ),
        seconds,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId::new(Uuid::from_u128(number))
    }

    #[test]
    fn a_window_s_worth_at_once_and_then_what_flows_back() {
        let throttle = Throttle::new(10, 1_000);
        let app = Uuid::from_u128(1);
        let at = |milliseconds: u64| {
            let now = Duration::from_millis(60_000 + milliseconds);
            throttle.admit_at(tenant(1), app, 1, now)
        };
        for _ in 0..10 {
            at(0).unwrap();
        }
        let refusal = at(0).unwrap_err();
        assert_eq!(refusal.status().as_u16(), 429);
        assert!(refusal.message().contains("limits.application_requests"));
        let header = refusal
            .headers()
            .iter()
            .find(|(name, _)| name == "retry-after");
        assert_eq!(header.unwrap().1, "1");
        assert!(at(999).is_err());
        at(1_000).unwrap();
        assert!(at(1_000).is_err());
        for _ in 0..10 {
            at(11_000).unwrap();
        }
        assert!(at(11_000).is_err());
    }

    #[test]
    fn applications_and_tenants_count_by_themselves() {
        let throttle = Throttle::new(2, 3);
        let now = Duration::from_secs(1);
        let admit = |number, app| throttle.admit_at(tenant(number), Uuid::from_u128(app), 1, now);
        admit(1, 1).unwrap();
        admit(1, 1).unwrap();
        assert!(admit(1, 1).is_err());
        admit(1, 2).unwrap();
        let refusal = admit(1, 2).unwrap_err();
        assert!(refusal.message().contains("limits.tenant_requests"));
        admit(2, 1).unwrap();
    }

    #[test]
    fn the_table_is_bounded() {
        let throttle = Throttle::new(10, 10);
        let places = |throttle: &Throttle| -> usize {
            let shards = throttle.shards.iter();
            shards.map(|shard| shard.lock().unwrap().len()).sum()
        };
        for number in 0..100_000_u128 {
            let now = Duration::from_secs(1);
            throttle
                .admit_at(tenant(number), Uuid::from_u128(1), 1, now)
                .unwrap();
        }
        assert!(places(&throttle) <= SHARDS * SHARD_KEYS_MAX);
    }
}
