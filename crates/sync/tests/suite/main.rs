//! Synchronization from outside: one binary, so that its files are linked once and run side by side.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod common;

mod conflicts;
mod faults;
mod following;
mod groups;
mod guard;
mod holding;
mod parting;
mod schema;
mod scope;
mod walk;
