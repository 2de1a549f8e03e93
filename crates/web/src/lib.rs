//! The web apps in the binary: their pages and what these load.
//!
//! - Vite builds them into `web/dist` (`scripts/web.sh`). This crate compiles without that, too, and
//!   then answers with a page that says how to build them.
//! - What is below `/assets` has the hash of its content in its name and is kept for ever; a page is
//!   asked for anew each time, by its entity tag.
//! - Everything is sent as it was compressed when it was built, to those who take that.
//! - Pages load scripts and styles from here alone and can't be framed: see [`POLICY`].

mod files;
mod site;

use bytes::Bytes;
use http::Response;
use http::request::Parts;

pub use files::{Embedded, File, Files};
pub use site::{POLICY, answer_from};

/// The answer to a request for a page or what it loads; none for any other address.
pub fn answer(request: &Parts) -> Option<Response<Bytes>> {
    answer_from(&Embedded, request)
}
