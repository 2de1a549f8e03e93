//! Verified tokens, kept until they expire or are revoked.
//!
//! The way of a known token is one hash and one look-up:
//!
//! - The key is the whole token, compared in full. Only its last 64 characters are hashed, which
//!   are part of the signature and so differ between any two tokens. SHA-256 over a token of
//!   1.5 KB costs more than all else together; what it would add is nothing, since the map compares
//!   the text anyway. Nobody can fill the map with tokens of one hash: only verified ones get in.
//! - A revocation doesn't search. Each entry holds two flags, its tenant's and its service
//!   principal's, which a revocation raises; tokens that are verified later get fresh flags.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use types::{Id, TenantId, Timestamp, kind::ServicePrincipal};

use super::{AccessToken, Verified};

/// How much of a token's end is hashed, in bytes.
const HASHED_BYTES: usize = 64;
/// After how many new flags those that nobody holds any more are dropped.
const FLAGS_BETWEEN_SWEEPS: usize = 4096;

/// Hashes the end of what is written, keyed with the process's randomness.
#[derive(Clone, Default)]
struct Tail(RandomState);

struct TailHasher(<RandomState as BuildHasher>::Hasher);

impl BuildHasher for Tail {
    type Hasher = TailHasher;
    fn build_hasher(&self) -> TailHasher {
        TailHasher(self.0.build_hasher())
    }
}

impl Hasher for TailHasher {
    fn write(&mut self, bytes: &[u8]) {
        let start = bytes.len().saturating_sub(HASHED_BYTES);
        self.0.write(bytes.get(start..).unwrap_or(bytes));
    }
    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// Raised once what it stands for has been revoked.
type Flag = Arc<AtomicBool>;

/// The flags that an entry is under. Taken before the service principal's standing is read, so
/// that a revocation in between finds them.
pub(crate) struct Flags {
    tenant: Flag,
    principal: Flag,
}

impl Flags {
    fn are_down(&self) -> bool {
        !self.tenant.load(Ordering::Acquire) && !self.principal.load(Ordering::Acquire)
    }
}

struct Entry {
    token: Verified<AccessToken>,
    flags: Flags,
}

#[derive(Default)]
struct TenantFlags {
    own: Flag,
    principals: HashMap<Id<ServicePrincipal>, Flag>,
}

#[derive(Default)]
struct AllFlags {
    tenants: HashMap<TenantId, TenantFlags>,
    since_sweep: usize,
}

pub(crate) struct TokenCache {
    entries: Cache<Box<str>, Arc<Entry>, Tail>,
    flags: Mutex<AllFlags>,
}

fn is_held(flag: &Flag) -> bool {
    Arc::strong_count(flag) > 1
}

impl TokenCache {
    /// A cache of at most so many bytes of tokens; the one that was used longest ago goes first.
    pub(crate) fn new(bytes_max: u64) -> Self {
        let entries = Cache::<Box<str>, Arc<Entry>>::builder()
            .max_capacity(bytes_max)
            // The text and about as much for the claims and the map's own.
            .weigher(|token, _| u32::try_from(token.len() * 2).unwrap_or(u32::MAX))
            .eviction_policy(EvictionPolicy::lru())
            .build_with_hasher(Tail::default());
        Self {
            entries,
            flags: Mutex::default(),
        }
    }

    /// The token, if it is known and still good.
    pub(crate) fn get(&self, text: &str, now: Timestamp) -> Option<Verified<AccessToken>> {
        let entry = self.entries.get(text)?;
        if now < entry.token.expires_at && entry.flags.are_down() {
            return Some(entry.token.clone());
        }
        self.entries.invalidate(text);
        None
    }

    /// Keeps a token under flags that were taken before it was checked.
    pub(crate) fn keep(&self, text: &str, token: Verified<AccessToken>, flags: Flags) {
        if flags.are_down() {
            self.entries
                .insert(text.into(), Arc::new(Entry { token, flags }));
        }
    }

    fn flags_held(&self) -> MutexGuard<'_, AllFlags> {
        // A panic while it is held can't leave it half changed.
        self.flags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The flags for a token of this service principal. Its signature has been checked, so that
    /// nobody can fill the table with names of his own making.
    pub(crate) fn flags(&self, tenant: TenantId, principal: Id<ServicePrincipal>) -> Flags {
        let mut all = self.flags_held();
        all.since_sweep += 1;
        if all.since_sweep > FLAGS_BETWEEN_SWEEPS {
            all.since_sweep = 0;
            all.tenants.retain(|_, tenant| {
                tenant.principals.retain(|_, flag| is_held(flag));
                !tenant.principals.is_empty() || is_held(&tenant.own)
            });
        }
        let flags = all.tenants.entry(tenant).or_default();
        Flags {
            tenant: Arc::clone(&flags.own),
            principal: Arc::clone(flags.principals.entry(principal).or_default()),
        }
    }

    /// Drops what is known of a service principal's tokens.
    pub(crate) fn forget_principal(&self, tenant: TenantId, principal: Id<ServicePrincipal>) {
        let mut all = self.flags_held();
        let flag = all
            .tenants
            .get_mut(&tenant)
            .and_then(|flags| flags.principals.remove(&principal));
        if let Some(flag) = flag {
            flag.store(true, Ordering::Release);
        }
    }

    /// Drops what is known of a tenant's tokens.
    pub(crate) fn forget_tenant(&self, tenant: TenantId) {
        if let Some(flags) = self.flags_held().tenants.remove(&tenant) {
            flags.own.store(true, Ordering::Release);
        }
    }
}
