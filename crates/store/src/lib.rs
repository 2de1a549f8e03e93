//! The store: islands, transactions, the feed, cursors and migrations.
//!
//! Every tenant is an *island*: its own partition of data with one ordered feed of changes. The
//! rules that hold here:
//!
//! - An [`Island`] handle is the only way to a tenant's data; each statement binds the tenant id.
//! - Domain code is a synchronous closure over a [`Tx`] (or a [`ReadTx`], which can't write). A
//!   transaction has one instant ([`ReadTx::now`]) and one source of randomness for its length.
//! - What a reader of the feed could miss can't be written: [`Tx::record`] appends the change and
//!   hands out the right to execute statements. Rows that no reader observes (positions, counters)
//!   go through [`Tx::bookkeeping`], by name.
//! - One writer per island commits in groups: many commands, one `fsync`. What was answered is on
//!   the disk; what failed left nothing behind.
//! - Reads are snapshots and never wait for the writer. No call blocks an async runtime.
//!
//! SQL is the subset that SQLite and PostgreSQL share (`?1, ?2 …`; see `docs/store.md`); the
//! engine stands behind the [`engine`] seam and no engine's type leaves this crate.

mod carried;
mod checkpoints;
mod clock;
mod database;
pub mod engine;
mod feed;
mod files;
mod island;
mod lock;
mod memory;
mod migrate;
mod options;
mod postgres;
mod readers;
mod registry;
mod sqlite;
mod transfer;
mod tx;
mod value;
mod work;
mod writer;

pub use carried::{Carried, Rows};
pub use clock::{Clock, ManualClock, SystemClock};
pub use engine::Among;
pub use feed::{Change, ChangeRow, Op};
pub use island::{Island, Store};
pub use lock::DataLock;
pub use options::Options;
pub use registry::{NewTenant, Tenant};
pub use transfer::{MovedTenant, transfer};
pub use tx::{Bookkeeping, ReadTx, Recorded, Tx};
pub use value::{Param, Row};
pub use work::{Fence, WorkChanges};
