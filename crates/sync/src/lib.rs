//! User synchronization: people of this tenant as B2B collaboration members in the others.
//!
//! One direction of one pair of tenants is a *pair*. Its source pushes; its target only says
//! whether it may ([`access::inbound_sync`]). A pair does one thing, whatever the occasion: it
//! takes user ids and *reconciles* each: what should the target have of this user, what has it by
//! its last answer, and what is to be sent ([`plan`]). The ids come from a scan of all users (the
//! first cycle, or after a change of the scope) or from the feed (ever after), so the cost grows
//! with what changed.
//!
//! ```text
//! feed / scan → plan (read) → envelope → target: receive (one commit) → reply → settle (one commit)
//! ```
//!
//! - Items carry state, not differences, and the target matches by (home tenant, home object id):
//!   applying one twice changes nothing. The stream's numbers keep an old batch from overtaking a
//!   newer one; after a crash the source goes on from the position it settled last.
//! - A user that fails is recorded, retried with back-off and shown; the others go on.
//! - What automation sees of a pair is a job ([`jobs`]): it brings users into the scope beside what is
//!   shared, and needs no organization.
//! - Only internal members are sent: no guests, no external users, so nothing is passed on.

pub mod admission;
mod adoption;
mod again;
mod audited;
mod concern;
pub mod engine;
pub mod explain;
pub mod groups;
pub mod guard;
pub mod jobs;
mod links;
mod look;
pub mod mapping;
pub mod outlook;
mod pair;
pub mod plan;
mod preview;
pub mod provisioning;
mod receive;
mod runner;
pub mod schema;
mod settle;
pub mod sharing;
pub mod status;
pub mod wire;

pub use again::look_again;
pub use engine::Engine;
pub use pair::{Phase, Position};
pub use receive::Messages;

/// Users in one envelope: about 20 ms of the target's writer.
pub const BATCH_USERS_MAX: usize = 1_000;
/// Large batches under way at once in a deployment, which bounds their memory.
pub const BATCHES_IN_FLIGHT_MAX: usize = 8;
/// Users or groups listed in one sharing entry.
pub const SHARING_LIST_MAX: usize = 10_000;
