//! The words that every module shares: typed ids, time, actors and the one error of the domain.
//!
//! Nothing here knows of HTTP, SQL or the system clock. A value of one of these types has been
//! checked when it was made, so code that holds one need not check again.

mod actor;
mod certificate;
mod error;
mod id;
mod names;
mod reason;
mod time;
pub mod trace;
pub mod user_agent;

pub use actor::Actor;
pub use certificate::Certificate;
pub use error::{Error, Result, found};
pub use id::{Id, Kind, TenantId, kind, of_security_identifier, parse_uuid, security_identifier};
pub use names::{DomainName, Upn, fold};
pub use reason::{REASON_CHARACTERS_MAX, check_reason};
pub use time::Timestamp;
