//! Signing in as clients and people do it: with a client's requests, and with browsers.

mod account;
mod admin_consent;
mod back_channel;
mod claims;
mod code;
mod device;
mod factors;
mod first_party;
mod groups;
mod hints;
mod invitations;
mod log;
mod musts;
mod pages;
mod refresh;
mod setup;
mod several_tenants;
mod sign_out;
mod sign_out_abroad;
mod turned_out;
mod user_info;
mod visits;
