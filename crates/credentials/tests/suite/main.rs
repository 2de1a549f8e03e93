//! What users and tenants rely on when somebody proves who they are, through the crate's interface
//! and on a real store.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

mod access_pass;
mod passkeys;
mod passwords;
mod policy;
mod recovery;
mod steps;
mod sweep;
mod throttle;
mod totp;
