//! Tokens and keys from outside: one binary, so that its files are linked once and run side by side.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod common;

mod discovery;
mod oauth;
mod passwords;
mod pool;
mod sealing;
mod sign_in;
mod tokens;
mod user_tokens;
