//! The multi-tenant organization: members, roles, states, join requests and their transitions
//! (Graph `multiTenantOrganization`).
//!
//! Every member tenant holds the organization as its own island's data. One active owner, the
//! *seat*, puts all changes in order: it applies them and sends the new state to the other members;
//! another owner's change is a request to the seat. So two owners can't leave at once and leave
//! nobody behind, and each member sees the same sequence of states, numbered by `version`. The
//! creator is the first seat; a seat that leaves or stops being an owner hands over to another
//! active owner in the same change. Nobody outside this module sees which tenant is the seat.
//!
//! Rules (Graph, `[iso]` marks ours):
//! - A tenant is active in one organization at most and may be pending in many.
//! - The id that a tenant shows is its own; the shared id that links the members is never shown.
//! - Pending gives no rights. Only the seat's acceptance of a join request makes a member active.
//! - A tenant believes an invitation only from the tenant that has added it, and owners of its
//!   organization for what becomes of it.
//! - When a tenant becomes active, each side applies its own templates to its own policy
//!   ([`access`]), audited; nobody touches another's policy.
//! - At least one active owner remains, unless the last active tenant leaves: that dissolves it.

mod audited;
mod changes;
mod invitations;
mod join;
mod messages;
mod model;
mod replica;

pub use changes::{add, create, leave, remove, set_role, update};
pub use invitations::{
    INVITER_QUERY, Inviter, decline, expires_at, invitation, invitations, trim_invitations,
};
pub use join::{JoinRequest, Preview, join_request, preview_join, request_join, reset_join};
pub use messages::Messages;
pub use model::{Invitation, Member, Organization, Role, State};
pub use replica::{active_members, get, is_active_with, member, members};

/// Tenants that may be pending in one organization.
pub const PENDING_TENANTS_MAX: usize = 1_000;
/// Invitations that may wait at one tenant's door.
pub const INVITATIONS_MAX: usize = 1_000;
/// Days that an invitation is good for, unless the configuration says otherwise.
pub const INVITATION_DAYS: u64 = 30;
