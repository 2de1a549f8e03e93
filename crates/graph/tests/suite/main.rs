//! The HTTP face from outside: one binary, so that its files are linked once and run side by side.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod common;

mod access_matrix;
mod administrative_units;
mod admission;
mod applications;
mod authentication_methods;
mod batch;
mod branding;
mod certificates;
mod connections;
mod cross_tenant_access_policy;
mod delegated;
mod deleted_items;
mod delta;
mod departures;
mod directory_roles;
mod domains;
mod dynamic_groups;
mod groups;
mod invitations;
mod multi_tenant_organization;
mod notifications;
mod oauth;
mod oauth2_permission_grants;
mod permissions_document;
mod photos;
mod readiness;
mod requests;
mod search;
mod sharing;
mod sign_in;
mod subscriptions;
mod synchronization;
mod throttling;
mod users;
mod users_delta;
