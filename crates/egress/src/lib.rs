//! Calls out to addresses that somebody else has named: webhooks, key sets of others; and questions
//! to the DNS about names that somebody claims ([`dns`]).
//!
//! Whoever names an address may want to use this server's place in the network. So:
//!
//! - A URL is read strictly ([`Target`]): `https`, a host that is a DNS name or an address in its
//!   usual spelling, no user, no fragment, no port of another protocol. `http` goes to loopback
//!   addresses only.
//! - Names are resolved here, for each call anew, every address is looked at ([`address`]), and the
//!   connection goes to one that was let pass: nothing resolves the name a second time.
//! - What isn't public is let pass only if the operator has listed it (`--allow-egress`).
//! - No redirect is followed, no proxy asked, no connection kept; head, body and time of an answer
//!   are bounded.
//!
//! Source: RFC 6890 and the registries of special-purpose addresses, RFC 6052 (NAT64), RFC 9110.

pub mod address;
mod cidr;
mod client;
pub mod dns;
mod target;

pub use cidr::Cidr;
pub use client::{Answer, Call, Client, Failure, Resolve, Resolved};
pub use target::{Scheme, Target, URL_BYTES_MAX};
