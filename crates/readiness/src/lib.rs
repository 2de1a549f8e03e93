//! Readiness: for every ordered pair of an organization's active tenants, whether something works
//! between them, and what would mend it.
//!
//! - Each tenant answers for its own settings: its [`posture`] towards every other member is told
//!   to members who ask through the border, as far as it may be told (whether it allows, not its
//!   lists). A reader that knows a posture asks what has changed since; the answer is read from the
//!   feed, so that a reading costs what has changed and is never behind.
//! - The [`matrix`] is made of postures by the steps that refusals and `explain` have: one
//!   implementation of each rule.
//! - A [`Change`] is what would mend a step. A tenant carries out its own; for those of another
//!   tenant it sends a request ([`requests`]), which that tenant's admin accepts or declines.
//!   Nothing of another tenant is ever changed but by its own admin.

pub mod change;
pub mod matrix;
mod messages;
pub mod posture;
pub mod requests;

pub use change::Change;
pub use matrix::{Action, Matrix, State};
pub use messages::Messages;
pub use requests::Request;

/// Requests of one tenant that may wait at another's door.
pub const REQUESTS_MAX: u64 = 100;
