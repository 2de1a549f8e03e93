//! The black-box suite from outside: one binary, so that its files are linked once and run side by side.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod applications;
mod audit;
mod clients;
mod crash;
mod cross_tenant_access;
mod database_tls;
mod demo;
mod directory_deleted_items;
mod every_route;
mod explain;
mod foreign_ids;
mod groups;
mod groups_delta;
mod import;
mod many_servers;
mod migrate;
mod multi_tenant_organization;
mod multi_tenant_organization_members;
mod multi_tenant_organization_templates;
mod openapi;
mod organization_and_domains;
mod organization_races;
mod permissions_data;
mod serve_and_cli;
mod sign_in;
mod subscriptions;
mod synchronization;
mod synchronization_jobs;
mod tokens;
mod user_sharing;
mod users;
mod users_delta;
mod users_manager;
mod users_query;
