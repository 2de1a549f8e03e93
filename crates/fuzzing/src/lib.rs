//! What the fuzz targets do with the bytes that they are given: one plain function for each. They
//! panic if something is wrong, which is what a fuzzer looks for.
//!
//! `make fuzz` drives them by `cargo fuzz` (see `fuzz/`); the suite replays the corpora in
//! `fuzz/corpus` and some changes of each on the stable toolchain. For tests only.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a target says by panicking that it has found something"
)]

mod formats;
mod server;
mod texts;

pub use formats::{assertion, attestation, certificate, csv, ldif};
pub use server::{batch, body, cursor, path, query};
pub use texts::{expression, filter, membership_rule};

/// What a target does.
pub type Target = fn(&[u8]);

/// The targets by their names, which are those of their corpora.
pub const TARGETS: [(&str, Target); 13] = [
    ("assertion", assertion),
    ("attestation", attestation),
    ("batch", batch),
    ("body", body),
    ("certificate", certificate),
    ("csv", csv),
    ("cursor", cursor),
    ("expression", expression),
    ("filter", filter),
    ("ldif", ldif),
    ("membership_rule", membership_rule),
    ("path", path),
    ("query", query),
];
