//! How users prove who they are, and what a tenant asks of them.
//!
//! - [`standing`] reads what a user has and what the policy demands; [`step`] decides from it, and
//!   from what was proven, what comes next. Both are alike for users and for names that nobody has.
//! - Each way of proving it is a module: [`password`], [`passkey`], [`totp`], [`recovery`],
//!   [`access_pass`]. Nothing that proves something works twice, unless it is meant to.
//! - [`concern`] tells beforehand whom another demand of the policy would reach.
//! - [`throttle`] bounds guessing; it neither tells who exists nor lets a stranger lock people out.
//! - Secrets are kept as hashes, or sealed where they have to be used again. What costs processor
//!   time (hashing a password, checking a passkey's signature) is done between transactions.
//!
//! Source: NIST SP 800-63B; OWASP Authentication and Multifactor Authentication Cheat Sheets; Web
//! Authentication Level 3; RFC 6238 (TOTP); the authentication methods of Microsoft Graph.

pub mod access_pass;
mod audited;
pub mod concern;
pub mod device;
pub mod methods;
pub mod passkey;
pub mod password;
pub mod policy;
pub mod recovery;
pub mod standing;
pub mod step;
mod sweep;
pub mod throttle;
pub mod totp;

pub use methods::{Kind, Method};
pub use policy::Policy;
pub use standing::Standing;
pub use step::{Demand, Proven, Step};
pub use sweep::sweep;
