//! The store from outside: one binary, so that its files are linked once and run side by side.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::redundant_closure_for_method_calls,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod feed_order;
mod groups;
mod islands;
mod later;
mod transfer;
mod work;
