//! The store from outside: one binary, so that its files are linked once and run side by side.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::redundant_closure_for_method_calls,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

use std::sync::Arc;

use store::{Island, NewTenant, Store, SystemClock};
use types::{Actor, DomainName};

mod checkpoints;
mod feed_order;
mod groups;
mod islands;
mod later;
mod remembered;
mod transfer;
mod work;

/// A store with one tenant, and that tenant's island.
fn island(directory: &std::path::Path) -> (Store, Island) {
    let store = engines::open(engines::options(directory), Arc::new(SystemClock)).unwrap();
    let new = NewTenant {
        tenant_id: None,
        display_name: "A".into(),
        domain: DomainName::parse("a.example").unwrap(),
    };
    let (tenant, ()) = store
        .create_tenant(new, Actor::Operator, |_| Ok(()))
        .unwrap();
    let island = store.island(tenant.tenant_id).unwrap();
    (store, island)
}
