//! Admission: what this tenant asks of users who are synced into it, whatever their home sends.
//!
//! The rules are this tenant's own and are applied in its own transaction, user by user:
//!
//! | rule | on users who come | on those who are here |
//! |---|---|---|
//! | `maxUsers` | no more than so many of a tenant | they stay |
//! | `allowedMailDomains` | others are turned away | others are soft-deleted, and come back once they may |
//! | `attributes.deny` | the home's value isn't taken | it is cleared |
//! | `attributes.override` | this value instead of the home's | the same |
//! | `displayNameSuffix` | behind the home's name | the same |
//! | `maxUserType` | `guest`: they come as guests | members become guests, and members again without it |
//! | `holdFirst` | the first so many wait until an admin has decided about each; until then nobody follows them | they stay |
//!
//! A tenant's own rule wins over the default, rule by rule. When a rule changes, the tenants that
//! it is about are asked to send their users again, so that it takes effect on all of them. Whoever
//! is turned away is a failure at home, with the reason in words, and is listed here.

mod apply;
pub mod coming;
mod rules;
mod users;

pub(crate) use apply::{Verdict, admit};
pub use rules::{Rules, get, in_force, reset, set};
pub(crate) use users::find;
pub use users::{AdmissionUser, UserState, counts, decide, list};

/// Domains in `allowedMailDomains`.
pub const DOMAINS_MAX: usize = 100;
/// `holdFirst`.
pub const HOLD_MAX: u64 = 1_000;
/// Users of one tenant who were turned away that are listed; the home has all of them.
pub const TURNED_AWAY_MAX: u64 = 1_000;
