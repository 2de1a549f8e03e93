//! Departures: leaving the organization well, or taking another tenant out of it.
//!
//! Graph's plain removal leaves everything as it is: users stay, settings stay open, and closing
//! them in the wrong order strands people. A departure does it in the right order by itself:
//!
//! 1. *withdraw* (with `softDelete`): nothing is shared with the others any more, so that the users
//!    from here are soft-deleted there while that is still let in;
//! 2. *leave*: the tenant leaves, or is removed by this one, an owner;
//! 3. *close* and *treat* (not with `keep`): users of the others aren't synced in any more, automatic
//!    redemption is off; their users who are here become guests or are soft-deleted.
//!
//! - A tenant treats the users in its own directory and withdraws its own; what others do with
//!   users of a tenant that has left stays theirs to say.
//! - Each step is durable and goes on after a crash. The others get the report of what concerns
//!   them, at the begin and at the end.
//! - It can be undone while the users are restorable: users, settings and sharing are as before, and
//!   a tenant that was removed is added again. A tenant that has left has to be added by an owner.

mod messages;
mod model;
mod records;
mod run;
mod undo;

pub use messages::Messages;
pub use model::{Departure, Report, Stage, Treatment};
pub use records::{get, list, running};
pub use run::{Progress, advance, preview, start};
pub use undo::undo;

/// Users that one transaction treats.
const AT_ONCE: usize = 200;
/// Names that a preview shows for each tenant; the rest is counted.
pub const NAMES_MAX: usize = 100;
/// Seconds that withdrawing may take; then the tenant leaves, and the report says how many stayed.
pub const WITHDRAW_SECONDS_MAX: i64 = 3_600;
/// Reports of one other tenant's departures that are kept.
pub const TOLD_MAX: u64 = 1_000;
