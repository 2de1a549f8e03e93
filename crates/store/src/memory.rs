//! What modules have read of islands and keep from one transaction to the next: rows that are asked for
//! with every request and hardly ever change, such as an application's.
//!
//! Whatever the feed tells of has its newest `seq` as its version: [`crate::Tx::record`] hands out a new
//! one with each change. So what was read at a `seq` holds as long as that is the newest, in this process
//! and beside others. What is written by [`crate::Tx::bookkeeping`] has no version and mustn't be kept.

use std::any::{Any, TypeId};
use std::sync::Arc;

use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use types::TenantId;

/// Values of all islands, at most; each is a row or a few.
const KEPT_MAX: usize = 16_384;

/// Whose, of which type, and which of them.
#[derive(Hash, PartialEq, Eq)]
struct Key<B>(TenantId, TypeId, B);

type Owned = Key<Box<[u8]>>;

impl Equivalent<Owned> for Key<&[u8]> {
    fn equivalent(&self, key: &Owned) -> bool {
        (self.0, self.1, self.2) == (key.0, key.1, &*key.2)
    }
}

#[derive(Clone)]
struct Kept {
    seq: u64,
    value: Arc<dyn Any + Send + Sync>,
}

/// The memory of a store. It is asked several times by each request, so it is one that does no
/// housekeeping when it is read.
pub(crate) struct Memory(Cache<Owned, Kept>);

impl Default for Memory {
    fn default() -> Self {
        Self(Cache::new(KEPT_MAX))
    }
}

impl Memory {
    /// What was kept at this `seq`.
    pub(crate) fn get<T: Any + Send + Sync>(
        &self,
        tenant: TenantId,
        key: &[u8],
        seq: u64,
    ) -> Option<Arc<T>> {
        let kept = self.0.get(&Key(tenant, TypeId::of::<T>(), key))?;
        let value = (kept.seq == seq).then_some(kept.value)?;
        value.downcast().ok()
    }

    /// Keeps what was read at this `seq`.
    pub(crate) fn keep<T: Any + Send + Sync>(
        &self,
        tenant: TenantId,
        key: &[u8],
        seq: u64,
        value: Arc<T>,
    ) {
        let key = Key(tenant, TypeId::of::<T>(), key.into());
        self.0.insert(key, Kept { seq, value });
    }
}
