//! Signing in as clients and people do it: with a client's requests, and with browsers.

mod code;
mod device;
mod pages;
mod refresh;
mod sign_out;
mod user_info;
