//! Change notifications: an application subscribes to a resource and is told of its changes by POST.
//!
//! - The feed is read once per tenant (`scan`): what a subscription is to be told of is queued in
//!   the transaction that moves the position, so that nothing is lost and nothing forgotten.
//! - Each subscription has two lanes, its changes and its own lifecycle. A lane is delivered in order
//!   and one POST at a time; what was acknowledged leaves the queue in one transaction. A crash in
//!   between repeats a POST (`engine`).
//! - A lane that can't be delivered is tried for four hours, ever more rarely; then what is older is
//!   dropped and the application told that it missed something.
//! - Addresses are checked for each call anew ([`egress`]).
//!
//! Feed kind: `subscription`, for making, renewing and removing one.
//!
//! Source: the `subscription` and `changeNotification` resources of Microsoft Graph v1.0, "Receive
//! change notifications through webhooks", "Set up change notifications that include resource data",
//! "Reduce missing change notifications and removed subscriptions".

mod body;
mod content;
mod encryption;
mod engine;
mod handshake;
mod metrics;
mod model;
mod places;
mod queue;
mod records;
mod resource;
mod scan;
mod telling;

pub use engine::{Engine, Owns, Parts, Signer};
pub use handshake::{Unproven, prove};
pub use model::{Delegate, NewSubscription, Renewal, Subscriber, Subscription};
pub use records::{check_new, create, get, list, reauthorize, remove, renew};
pub use resource::{Resource, permissions_for};

/// Subscriptions of one application in one tenant.
pub const PER_APPLICATION_MAX: usize = 100;
/// Subscriptions in one tenant.
pub const PER_TENANT_MAX: usize = 1_000;
/// The longest life of a subscription, and the shortest: what ends sooner is made to end then.
const LIFE_MINUTES: (i64, i64) = (45, 41_760);
/// Notifications of one subscription that wait; with more they are dropped, and the application is
/// told that it missed some.
const PENDING_MAX: u64 = 10_000;
/// Notifications in one POST, and with encrypted resource data.
const BATCH: usize = 100;
const RICH_BATCH: usize = 20;
/// How long a POST may take, until its answer's head is there.
const POST_SECONDS: u64 = 10;
/// How long notifications that nobody takes are kept.
const KEPT_HOURS: i64 = 4;
/// POSTs under way at once: to one machine, of one tenant, in the deployment.
const POSTS_MAX: (usize, usize, usize) = (4, 16, 64);
/// Validations of URLs under way at once: of one tenant, in the deployment.
const VALIDATIONS_MAX: (usize, usize) = (8, 32);
