//! The audit log of a tenant: who did what to which object, when, and how it ended. Beside it
//! [`sign_ins`], the log of who got in.
//!
//! - An entry is written in the transaction of what it tells of, so neither exists without the
//!   other. What was refused is recorded in a transaction of its own.
//! - No secret gets in: [`mod@redact`] takes them out of every value that is recorded.
//! - The log isn't in the feed; its readers page by time, newest first.
//! - Entries form a chain of SHA-256 digests, so that an entry that was changed, taken out or put
//!   in by another hand than ours shows ([`verify`]). Whoever can write the whole file can compute
//!   a new chain: it finds damage and careless edits, it isn't a signature.
//!
//! Source: Microsoft Graph, directoryAudit resource type and its complex types.

mod by_target;
mod chain;
mod entry;
mod graph;
mod log;
mod page;
mod redact;
pub mod sign_ins;

pub use by_target::{behind, index};
pub use chain::verify;
pub use entry::{Entry, Outcome, Row, Target};
pub use graph::to_graph;
pub use log::{Filter, Position, get, list, newest, record, trim};
pub use redact::{is_secret, redact};
