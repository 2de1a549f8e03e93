//! The directory from outside: one binary, so that its files are linked once and run side by side.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::redundant_closure_for_method_calls,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod common;

mod applications;
mod audited;
mod deletion;
mod domains;
mod graph_types;
mod groups;
mod listing;
mod membership_rules;
mod synced;
mod users;
