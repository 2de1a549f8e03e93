//! The harness of the black-box suite: a real `isopolity` process on a data directory of its own,
//! its command line, and callers that speak HTTP to it.
//!
//! Two rules hold in it. What always holds is checked on *every* answer ([`Answer`]), not in the
//! tests that happen to think of it; and no test waits for a time, it waits for an effect
//! ([`eventually`]).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    clippy::return_self_not_must_use,
    reason = "a test harness stops at the first surprise, and says which"
)]

mod browser;
mod caller;
mod cli;
pub mod clients;
mod deployment;
pub mod engine;
pub mod metadata;
pub mod organization;
pub mod postgres;
mod receiver;
pub mod routes;
mod server;
pub mod sharing;
mod wait;

pub use browser::{Browser, Seen};
pub use caller::{Answer, Call, Caller, encode};
pub use cli::{Cli, binary, run};
pub use deployment::{Deployment, Shared, Tenant, client};
pub use receiver::Receiver;
pub use server::Options;
pub use wait::{eventually, eventually_within, holds};

/// An id that no tenant and no object has.
pub const NOBODY: &str = "5f1e9a3c-7d2b-4e60-8a41-c0ffee000001";

/// The id that resets a failed join request.
pub const ZERO: &str = "00000000-0000-0000-0000-000000000000";

/// The organization's address.
pub const ORGANIZATION: &str = "/v1.0/tenantRelationships/multiTenantOrganization";

/// The cross-tenant access policy's address.
pub const POLICY: &str = "/v1.0/policies/crossTenantAccessPolicy";

/// User sharing's address.
pub const SHARING: &str = "/beta/isopolity/userSharing";
