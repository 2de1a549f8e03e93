//! Signing people in, and letting clients act in their names: what the directory knows, put before
//! what [`identity::oauth`] and [`identity::session`] decide.
//!
//! - [`sign_in`] leads a person from an errand (a client's authorization request, a device's code)
//!   over the pages that it needs to its end.
//! - [`redeem`] is the token endpoint for what clients have from people.
//!
//! Nothing here knows of HTTP or of how a page looks: an edge hands in what was entered and gets the
//! [`Screen`] to show.

mod account;
mod admin_consent;
mod back_channel;
mod client;
mod consent;
mod device;
mod face;
mod finish;
mod groups;
mod invitation;
mod issue;
mod log;
mod next;
mod optional;
mod proof;
mod prove;
mod redeem;
mod repeats;
mod screen;
mod show;
mod sign_in;
mod sign_out;
mod user_info;
mod visit;
mod watch;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use identity::oauth::code::Codes;
use identity::oauth::refresh::RefreshTokens;
use identity::oauth::{Answer, OAuthError, device as devices, refresh};
use identity::session::{self, Cookies, Flows, SetCookie};
use identity::{PublicUrl, Sealer, Secret, revocation};
use moka::sync::Cache;
use store::{ReadTx, Tx};
use types::{Id, Result, TenantId, kind};
use uuid::Uuid;

use crate::Node;
use crate::tenant_tasks::TenantTasks;

pub use crate::published::Published;
pub use account::{
    Act, Confirmation, OwnApp, OwnConsent, OwnInput, OwnMethod, OwnMethods, OwnOrganization,
    OwnSession, OwnView, Through,
};
pub use back_channel::ToTell;
pub use face::{Face, Link, Picture};
pub use issue::UserTokens;
pub use log::Peer;
pub use redeem::UserTokenResponse;
pub use screen::{
    AccountView, ClientView, ConsentView, PasskeyView, Problem, ScopeView, Screen, SignedOutOf,
};
pub use sign_in::{Input, domain_hint};
pub use sign_out::{SignOutRequest, end_sessions_of};
pub(crate) use visit::Messages as VisitMessages;

/// Codes of devices that one person may enter in vain within [`ATTEMPTS_SECONDS`].
const ATTEMPTS_MAX: u32 = 10;
const ATTEMPTS_SECONDS: u64 = 900;
/// People whose attempts are counted at once.
const ATTEMPTS_PEOPLE: u64 = 100_000;

/// Clients of which it is known at once which tenant they are of.
const CLIENTS_KNOWN: u64 = 10_000;

/// What the browser has sent along.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    /// What binds pages to it.
    pub binding: Option<Secret>,
    /// What leads to its sessions in the tenant.
    pub cookie: Option<Secret>,
    /// What leads to its sessions in other tenants.
    pub elsewhere: Vec<(TenantId, Secret)>,
    /// What says who has signed in there before.
    pub device: Option<Secret>,
    /// Where it is.
    pub address: Option<IpAddr>,
    /// What it says it is.
    pub user_agent: Option<String>,
}

/// What comes next for the person.
#[derive(Debug)]
pub struct Outcome {
    /// What.
    pub step: Step,
    /// What the browser is to keep.
    pub cookies: Vec<SetCookie>,
    /// The languages that the client says the person reads.
    pub ui_locales: Option<String>,
}

/// One step of a sign-in.
#[derive(Debug)]
pub enum Step {
    /// A page to be answered; its form carries the flow.
    Page {
        /// What it shows.
        screen: Screen,
        /// What it carries.
        flow: String,
        /// Where its errand ends, if that is a client.
        redirect_uri: Option<String>,
    },
    /// A page that ends it.
    End(Screen),
    /// An answer to the client.
    Answer(Answer),
    /// Another address of ours.
    Moved(String),
}

impl From<Step> for Outcome {
    fn from(step: Step) -> Self {
        Self {
            step,
            cookies: Vec::new(),
            ui_locales: None,
        }
    }
}

impl Outcome {
    /// What is wrong, for the person to read.
    fn problem(error: OAuthError) -> Self {
        Step::End(Screen::Error { error, back: None }).into()
    }
}

/// What signing people in needs of a deployment.
pub(crate) struct SignIn {
    pub(crate) cookies: Cookies,
    pub(crate) flows: Flows,
    codes: Codes,
    pub(crate) refresh: RefreshTokens,
    repeats: repeats::Repeats,
    /// The tenants whose visits are watched over.
    watches: TenantTasks,
    back_channel: back_channel::BackChannel,
    attempts: Cache<(TenantId, Id<kind::User>), Arc<AtomicU32>>,
    /// Of clients that don't say which tenant they are of: that one, as of within a minute.
    client_tenants: Cache<Uuid, Option<TenantId>>,
    /// Of whom the log says within the last minute that they were held up.
    held_up: Cache<(TenantId, [u8; 32]), ()>,
}

impl SignIn {
    pub(crate) fn new(public_url: &PublicUrl, sealer: &Sealer, egress: egress::Client) -> Self {
        Self {
            cookies: Cookies::new(public_url),
            flows: Flows::new(sealer.clone()),
            codes: Codes::new(sealer.clone()),
            refresh: RefreshTokens::new(sealer.clone()),
            repeats: repeats::Repeats::default(),
            watches: TenantTasks::default(),
            back_channel: back_channel::BackChannel::new(egress),
            attempts: Cache::builder()
                .max_capacity(ATTEMPTS_PEOPLE)
                .time_to_live(Duration::from_secs(ATTEMPTS_SECONDS))
                .build(),
            client_tenants: Cache::builder()
                .max_capacity(CLIENTS_KNOWN)
                .time_to_live(Duration::from_mins(1))
                .build(),
            held_up: Cache::builder()
                .max_capacity(ATTEMPTS_PEOPLE)
                .time_to_live(Duration::from_mins(1))
                .build(),
        }
    }

    /// Whether a person may try one more code of a device.
    fn may_try(&self, tenant: TenantId, user: Id<kind::User>) -> bool {
        let tried = self.attempts.get(&(tenant, user));
        tried.is_none_or(|tried| tried.load(Ordering::Relaxed) < ATTEMPTS_MAX)
    }

    /// Notes that a code was wrong.
    fn note_attempt(&self, tenant: TenantId, user: Id<kind::User>) {
        self.attempts
            .get_with((tenant, user), Arc::default)
            .fetch_add(1, Ordering::Relaxed);
    }
}

impl Node {
    /// What a tenant calls itself.
    pub async fn tenant_name(&self, tenant: TenantId) -> Result<String> {
        let island = self.store().island(tenant)?;
        island
            .read_few(|tx| Ok(directory::tenant::get(tx)?.display_name().to_owned()))
            .await
    }
}

/// The generation that a user's sessions and tokens have to be of.
fn generation(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<u64> {
    revocation::generation(tx, user)
}

/// Drops what is over of sessions, grants and devices, so many of each at most; answers
/// whether there may be more.
pub(crate) fn sweep(tx: &mut Tx<'_>, limit: usize) -> Result<bool> {
    let swept = [
        session::sweep(tx, limit)?,
        refresh::sweep(tx, limit)?,
        devices::sweep(tx, limit)?,
        identity::visit::sweep(tx, limit)?,
    ];
    Ok(swept.iter().any(|count| *count >= limit))
}
