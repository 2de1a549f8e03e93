//! The directory of one tenant: its organization object, domains, users, groups, applications and
//! service principals.
//!
//! Domain code only: functions over a transaction, which bring their time and randomness from it
//! and know nothing of HTTP. Every write is in the feed, with the names of the properties that
//! changed; what an administrator does is in the audit log, too. Objects are documents in Graph's
//! words; what is looked up, filtered or sorted is a folded column beside the document.
//!
//! Feed kinds: `user`, `group`, `groupMember`, `groupOwner`, `application`, `applicationOwner`,
//! `servicePrincipal`, `servicePrincipalOwner`, `appRoleAssignment`, `oauth2PermissionGrant`,
//! `directoryRole`, `roleDefinition`, `roleAssignment`, `scopedRoleAssignment`, `administrativeUnit`,
//! `administrativeUnitMember`, `userSponsor`, `domain`, `organization`. Of a relation the object is
//! the group, the role, the unit, the user (or the assignment), the related one the member, the
//! owner, the sponsor or the principal; of a grant the object is the client, the related one the
//! resource.
//!
//! Source: the resources of Microsoft Graph v1.0 of the same names.

pub mod administrative_units;
pub mod app_roles;
pub mod application_templates;
pub mod applications;
mod audited;
pub mod authorization_policy;
pub mod branding;
pub mod delegation;
mod document;
pub mod domain_references;
pub mod domains;
mod filters;
pub mod first_party;
pub mod groups;
pub mod invitations;
pub mod key_credentials;
pub mod listing;
pub mod oauth2_permission_grants;
pub mod owners;
pub mod password_credentials;
pub mod permissions;
pub mod photos;
mod references;
pub mod rights;
pub mod roles;
mod schema;
pub mod search;
pub mod service_principals;
pub mod synced;
pub mod synced_groups;
pub mod synced_mapping;
pub mod tenant;
mod unique_names;
pub mod users;

pub use document::ObjectText;
pub use listing::{Order, OrderBy, Page, Place};
