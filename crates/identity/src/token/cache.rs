//! Verified tokens, kept until they expire or are revoked.
//!
//! The way of a known token is one hash and one look-up:
//!
//! - The key is the whole token, compared in full. Only its last 64 characters are hashed, which
//!   are part of the signature and so differ between any two tokens. SHA-256 over a token of
//!   1.5 KB costs more than all else together; what it would add is nothing, since the map compares
//!   the text anyway. Nobody can fill the map with tokens of one hash: only verified ones get in.
//! - A revocation doesn't search. Each entry holds its tenant's flag and, if it is an application's
//!   token, its service principal's, which a revocation raises; tokens that are verified later get
//!   fresh flags.
//! - A user's token is held against the head of the tenant's feed instead. Users are disabled,
//!   deleted and revoked from many sides (an admin, their home tenant, a departure), and what they
//!   may do changes with every role and group; all of that is in the feed. Once it has moved, the
//!   user's standing is read again, which needs no signature to be checked.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::watch;
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

/// What an entry is held against. Taken before the subject's standing is read, so that a change in
/// between is noticed.
pub(crate) enum Guard {
    Application { tenant: Flag, principal: Flag },
    User { tenant: Flag, head: Head },
}

/// The head of a feed, and where it was when somebody's standing was read last.
pub(crate) struct Head {
    now: Arc<watch::Receiver<u64>>,
    seen: AtomicU64,
}

impl Head {
    /// Where it is now.
    pub(crate) fn position(&self) -> u64 {
        *self.now.borrow()
    }
}

impl Guard {
    /// Whether nothing was revoked that the entry hangs on.
    fn holds(&self) -> bool {
        match self {
            Self::Application { tenant, principal } => {
                !tenant.load(Ordering::Acquire) && !principal.load(Ordering::Acquire)
            }
            Self::User { tenant, .. } => !tenant.load(Ordering::Acquire),
        }
    }

    /// Whether the standing that was read last is still the newest.
    fn is_fresh(&self) -> bool {
        match self {
            Self::Application { .. } => true,
            Self::User { head, .. } => head.seen.load(Ordering::Acquire) == head.position(),
        }
    }
}

struct Entry {
    token: Verified<AccessToken>,
    generation: u64,
    guard: Guard,
}

/// A user's token whose signature is known to be good, and whose user has to be looked at again.
pub(crate) struct Unsure(Arc<Entry>);

impl Unsure {
    pub(crate) fn token(&self) -> &Verified<AccessToken> {
        &self.0.token
    }
    pub(crate) fn generation(&self) -> u64 {
        self.0.generation
    }
    /// Where the feed is now; to be taken before the standing is read.
    pub(crate) fn position(&self) -> Option<u64> {
        match &self.0.guard {
            Guard::Application { .. } => None,
            Guard::User { head, .. } => Some(head.position()),
        }
    }
    /// The user stood well when the feed was there.
    pub(crate) fn stood_at(&self, position: u64) {
        if let Guard::User { head, .. } = &self.0.guard {
            head.seen.fetch_max(position, Ordering::AcqRel);
        }
    }
}

/// What is known of a token.
pub(crate) enum Known {
    Good(Verified<AccessToken>),
    Unsure(Unsure),
    Nothing,
}

#[derive(Default)]
struct TenantFlags {
    own: Flag,
    principals: HashMap<Id<ServicePrincipal>, Flag>,
    head: Option<Arc<watch::Receiver<u64>>>,
}

#[derive(Default)]
struct AllFlags {
    tenants: HashMap<TenantId, TenantFlags>,
    since_sweep: usize,
}

impl AllFlags {
    fn of(&mut self, tenant: TenantId) -> &mut TenantFlags {
        self.since_sweep += 1;
        if self.since_sweep > FLAGS_BETWEEN_SWEEPS {
            self.since_sweep = 0;
            self.tenants.retain(|_, tenant| {
                tenant.principals.retain(|_, flag| is_held(flag));
                !tenant.principals.is_empty() || is_held(&tenant.own)
            });
        }
        self.tenants.entry(tenant).or_default()
    }
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

    /// What is known of the token.
    pub(crate) fn get(&self, text: &str, now: Timestamp) -> Known {
        let Some(entry) = self.entries.get(text) else {
            return Known::Nothing;
        };
        if now >= entry.token.expires_at || !entry.guard.holds() {
            self.entries.invalidate(text);
            return Known::Nothing;
        }
        if entry.guard.is_fresh() {
            Known::Good(entry.token.clone())
        } else {
            Known::Unsure(Unsure(entry))
        }
    }

    /// Keeps a token under a guard that was taken before it was checked.
    pub(crate) fn keep(
        &self,
        text: &str,
        token: Verified<AccessToken>,
        generation: u64,
        guard: Guard,
    ) {
        if guard.holds() {
            let entry = Entry {
                token,
                generation,
                guard,
            };
            self.entries.insert(text.into(), Arc::new(entry));
        }
    }

    /// Drops a token that turned out to be worth nothing.
    pub(crate) fn drop_token(&self, text: &str) {
        self.entries.invalidate(text);
    }

    fn flags_held(&self) -> MutexGuard<'_, AllFlags> {
        // A panic while it is held can't leave it half changed.
        self.flags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a token of this service principal is held against. Its signature has been checked, so
    /// that nobody can fill the table with names of his own making.
    pub(crate) fn guard_application(
        &self,
        tenant: TenantId,
        principal: Id<ServicePrincipal>,
    ) -> Guard {
        let mut all = self.flags_held();
        let flags = all.of(tenant);
        Guard::Application {
            tenant: Arc::clone(&flags.own),
            principal: Arc::clone(flags.principals.entry(principal).or_default()),
        }
    }

    /// What a user's token is held against, likewise.
    pub(crate) fn guard_user(
        &self,
        tenant: TenantId,
        follow: impl FnOnce() -> watch::Receiver<u64>,
    ) -> Guard {
        let mut all = self.flags_held();
        let flags = all.of(tenant);
        let now = Arc::clone(flags.head.get_or_insert_with(|| Arc::new(follow())));
        let seen = AtomicU64::new(*now.borrow());
        Guard::User {
            tenant: Arc::clone(&flags.own),
            head: Head { now, seen },
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
