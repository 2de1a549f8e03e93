//! The HTTP face: routing, permissions, OData, errors, TLS. Microsoft Graph's conventions.
//!
//! A request goes one way ([`App::handle`]): the path is found in the route table, the token is
//! verified, the permission checked, the query and the body are read, the handler answers. What a
//! handler gets has passed all that; what it doesn't say in so many words, the framework does.
//!
//! # How to add a route
//!
//! One file per resource, named as the address: its handlers, and one function that registers
//! them. A route can't be registered without the permissions that open it (any one suffices), and
//! a handler can't be called without [`Call`], which holds the proof of the check.
//!
//! ```
//! use graph::{Allowed, Call, Page, Refusal, Reply, Routes, Versions};
//! use serde_json::json;
//!
//! const READ: &[&str] = &["User.Read.All", "Directory.Read.All"];
//! const WRITE: &[&str] = &["User.ReadWrite.All"];
//!
//! pub fn routes(routes: &mut Routes) {
//!     let mut users = routes.area("users", Versions::Both);
//!     users.get("/users", READ, "List users", list).query(Allowed::LIST);
//!     users.get("/users/{id}", READ, "Get a user", get).query(Allowed::SELECT);
//!     users.post("/users", WRITE, "Create a user", create);
//!     users.patch("/users/{id}", WRITE, "Update a user", update);
//! }
//!
//! async fn list(call: Call) -> Result<Reply, Refusal> {
//!     let size = call.options.page_size(100, 999)?;
//!     let filter = call.options.filter.clone();
//!     // The domain's function, on a snapshot of the caller's island: the only one in reach.
//!     let users = call
//!         .read(move |tx| {
//!             let _ = (tx.tenant(), filter, size);
//!             Ok(vec![json!({ "id": "1" })])
//!         })
//!         .await?;
//!     let page = Page {
//!         next_link: Some(call.link("$skiptoken", "signed position")),
//!         ..Page::all(users)
//!     };
//!     Reply::collection(&call, "users", &page)
//! }
//!
//! async fn get(call: Call) -> Result<Reply, Refusal> {
//!     let id = call.id::<types::kind::User>("id")?; // not a GUID: the same 404 as not there
//!     Reply::entity(&call, "users", &json!({ "id": id }))
//! }
//!
//! async fn create(call: Call) -> Result<Reply, Refusal> {
//!     let user = call.object("user")?; // JSON, strict; @odata.type checked and taken off
//!     let made = call
//!         .write(move |tx| Ok(json!({ "id": tx.new_uuid(), "displayName": user.get("displayName") })))
//!         .await?;
//!     let location = format!("/users/{}", made["id"].as_str().unwrap_or_default());
//!     Reply::created(&call, "users", &made, &location) // 201; 204 for Prefer: return=minimal
//! }
//!
//! async fn update(call: Call) -> Result<Reply, Refusal> {
//!     let id = call.id::<types::kind::User>("id")?;
//!     let changes = call.object("user")?; // absent, null and a value are three things
//!     call.write(move |tx| Ok(drop((tx.now(), id, changes)))).await?;
//!     Ok(Reply::no_content())
//! }
//! # let mut all = Routes::new();
//! # routes(&mut all);
//! # graph::Table::new(all).unwrap();
//! ```
//!
//! Then, in this order:
//!
//! 1. Call the function in [`all_routes`].
//! 2. Add a row for it in `delegated/table`: the scopes that open it to users' clients, and the
//!    actions of the directory roles of which the user needs one. Without, it is closed to users,
//!    and a test says so.
//! 3. `REWRITE_DOCS=1 cargo test -p graph --test suite permissions_document` writes
//!    `docs/permissions.md`; `/openapi.json` and the metrics need nothing.
//!
//! What to know besides:
//!
//! - Templates: `{id}` takes both `/users/x` and `/users('x')`; `delta()` is a function in all its
//!   spellings; `microsoft.graph.user` is a cast; `/applications(appId='{appId}')` an alternate
//!   key; `$count`, `$ref` are written as they are. A name is tried before a key.
//! - Domain errors pass by `?`; the table is in [`errors`]. [`Refusal::new`] is for what it can't
//!   express (501, or another code for the same status).
//! - Query options that a route doesn't list with `.query(…)` are refused.
//! - A POST with an `Idempotency-Key` runs once: nothing to do here, as long as the effect is made
//!   by one [`Call::write`].
//! - Routes for everybody go by [`Area::public`], whose handlers get a [`PublicCall`] without a
//!   caller and so without an island.

mod administrative_units;
mod admission;
mod app;
mod app_key;
mod app_role_assignments;
mod application_templates;
mod applications;
mod audit_logs;
mod authentication_methods;
mod authorization_policy;
mod batch;
mod body;
mod caller;
mod connections;
mod credentials;
mod cross_tenant_access_policy;
mod delegated;
mod deleted_items;
mod delta;
mod departures;
mod directory_objects;
mod directory_roles;
mod domains;
pub mod errors;
mod expand;
mod explain;
mod fields;
mod front_door;
mod groups;
mod hidden_members;
mod idempotency;
mod images;
mod invitations;
mod listing;
mod member_actions;
mod member_of;
mod metrics;
mod multi_tenant_organization;
mod oauth;
mod oauth2_permission_grants;
mod openapi;
mod organization;
mod owners;
mod path;
pub mod permissions;
mod photos;
mod platform;
mod projection;
mod public;
mod query_options;
mod readiness;
mod references;
mod reply;
mod request;
mod respond;
mod revocation;
mod role_management;
mod route;
pub mod server;
mod service_principals;
mod sieve;
mod sight;
mod stall;
mod subscriptions;
mod synchronization;
mod tenant_information;
mod throttle;
mod tls;
mod unread;
mod user_sharing;
mod users;

pub use app::{App, Pages};
pub use body::DEPTH_MAX;
pub use caller::{Authorized, BoxFuture, Caller, TokenRefusal, TokenVerifier};
pub use errors::Refusal;
pub use idempotency::Idempotency;
pub use platform::{Limits, Platform, RefusalLog, Refused};
pub use query_options::{Allowed, QueryOptions};
pub use reply::{Page, Reply};
pub use request::{Call, PublicCall, Request};
pub use route::{Access, Area, Route, Routes, Table, Version, Versions};
pub use server::serve;
pub use tls::Tls;

/// Every route of a deployment.
pub fn all_routes() -> Routes {
    let mut routes = Routes::new();
    public::routes(&mut routes);
    oauth::routes(&mut routes);
    organization::routes(&mut routes);
    domains::routes(&mut routes);
    users::routes(&mut routes);
    delta::routes(&mut routes);
    invitations::routes(&mut routes);
    groups::routes(&mut routes);
    photos::routes(&mut routes);
    authentication_methods::routes(&mut routes);
    directory_roles::routes(&mut routes);
    administrative_units::routes(&mut routes);
    role_management::routes(&mut routes);
    deleted_items::routes(&mut routes);
    applications::routes(&mut routes);
    application_templates::routes(&mut routes);
    service_principals::routes(&mut routes);
    synchronization::routes(&mut routes);
    credentials::routes(&mut routes);
    app_role_assignments::routes(&mut routes);
    oauth2_permission_grants::routes(&mut routes);
    subscriptions::routes(&mut routes);
    member_actions::routes(&mut routes);
    member_of::routes(&mut routes);
    owners::routes(&mut routes);
    audit_logs::routes(&mut routes);
    user_sharing::routes(&mut routes);
    explain::routes(&mut routes);
    admission::routes(&mut routes);
    readiness::routes(&mut routes);
    departures::routes(&mut routes);
    authorization_policy::routes(&mut routes);
    cross_tenant_access_policy::routes(&mut routes);
    multi_tenant_organization::routes(&mut routes);
    tenant_information::routes(&mut routes);
    directory_objects::routes(&mut routes);
    batch::routes(&mut routes);
    routes
}
