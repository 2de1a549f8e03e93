//! What the pages of one's own account show, read in one snapshot.

use credentials::{Kind, Policy, Standing, methods, passkey, recovery, totp};
use directory::oauth2_permission_grants::{self as grants, Of};
use directory::{delegation, invitations, service_principals, users};
use identity::session;
use serde::{Deserialize, Serialize};
use store::ReadTx;
use types::{Result, TenantId, Timestamp};
use uuid::Uuid;

use super::super::next::{Ready, known_name};
use super::super::{AccountView, Problem, ScopeView, consent};
use super::{Act, apps, is_visitor};
use crate::Node;

/// Consents that are shown.
const CONSENTS_MAX: usize = 200;

/// Somebody's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnView {
    /// Whose.
    pub account: AccountView,
    /// The browsers where they are signed in, this one first.
    pub sessions: Vec<OwnSession>,
    /// How they prove who they are; nothing for visitors who do so at home alone.
    pub methods: Option<OwnMethods>,
    /// The organizations that they are in, beside this one.
    pub organizations: Vec<OwnOrganization>,
    /// Of a visitor: the home's name, and the way to the account there.
    pub home: Option<OwnApp>,
    /// The applications that they may open here.
    pub apps: Vec<OwnApp>,
    /// What they have allowed apps.
    pub consents: Vec<OwnConsent>,
    /// Whether they could allow it again.
    pub may_consent: bool,
    /// What couldn't be done.
    pub problem: Option<Problem>,
    /// Whether something was done.
    pub is_done: bool,
}

/// How somebody signs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnMethods {
    /// Whether by a password.
    pub has_password: bool,
    /// What was set up.
    pub registered: Vec<OwnMethod>,
    /// Whether an authenticator app can be set up.
    pub can_add_app: bool,
    /// Whether a passkey can be made.
    pub can_add_passkey: bool,
    /// How many recovery codes are left; none at all where there is nothing to recover.
    pub codes: Option<u64>,
}

/// A method that was set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnMethod {
    /// Which.
    pub id: Uuid,
    /// Of which kind.
    pub kind: Kind,
    /// What it is called, if it has a name.
    pub name: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was used last.
    pub used_at: Option<Timestamp>,
}

/// A browser where somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSession {
    /// Which session.
    pub id: Uuid,
    /// What the browser says it is.
    pub user_agent: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was used last.
    pub used_at: Timestamp,
    /// Whether it is the browser that asks.
    pub is_current: bool,
}

/// Through whom somebody is in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// The home shares its people with it.
    Sharing,
    /// Somebody there has invited the person.
    Invitation,
}

/// An organization that somebody is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnOrganization {
    /// Which.
    pub tenant: TenantId,
    /// What it calls itself.
    pub name: String,
    /// Whether as a guest.
    pub is_guest: bool,
    /// Through whom.
    pub through: Through,
    /// Since when.
    pub since: Option<String>,
    /// The applications that they may open there.
    pub apps: Vec<OwnApp>,
}

/// A name, and the way there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnApp {
    /// The name.
    pub name: String,
    /// The way.
    pub href: String,
}

/// What somebody has allowed an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnConsent {
    /// The grant's id.
    pub id: String,
    /// The app's name.
    pub client: String,
    /// What it may do.
    pub scopes: Vec<ScopeView>,
}

/// What somebody is asked before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// To take a method away: of which kind, and its name.
    Remove(Kind, Option<String>),
    /// How a passkey is to be called; how it is now.
    Rename(String),
    /// To make the recovery codes void.
    NewCodes,
    /// To sign out everywhere.
    SignOutEverywhere,
    /// To leave an organization.
    Leave(String),
}

fn methods_of(tx: &ReadTx<'_>, ready: &Ready, has_passkeys: bool) -> Result<OwnMethods> {
    let user = &ready.user;
    let standing = Standing::of(tx, &*Policy::get(tx)?, user)?;
    let mut registered = Vec::new();
    for method in methods::list(tx, user.id)? {
        let name = match method.kind {
            Kind::Passkey => Some(passkey::show(&method)?.name),
            Kind::Totp => totp::name(&method),
            _ => continue,
        };
        registered.push(OwnMethod {
            id: method.id,
            kind: method.kind,
            name,
            created_at: method.created_at,
            used_at: method.used_at,
        });
    }
    let codes = if registered.is_empty() {
        None
    } else {
        Some(recovery::count(tx, user.id)?)
    };
    let can_add = |kind| standing.registrable.contains(&kind);
    Ok(OwnMethods {
        has_password: users::password_hash(tx, user.id)?.is_some(),
        registered,
        can_add_app: can_add(Kind::Totp),
        can_add_passkey: has_passkeys && can_add(Kind::Passkey),
        codes,
    })
}

fn consents_of(tx: &ReadTx<'_>, ready: &Ready) -> Result<Vec<OwnConsent>> {
    let found = grants::list(tx, Of::Principal(ready.user.id), None, CONSENTS_MAX)?;
    let mut consents = Vec::new();
    for grant in found {
        let named = |id| types::found(service_principals::get(tx, id));
        let (Some(client), Some(resource)) = (named(grant.client)?, named(grant.resource)?) else {
            continue;
        };
        let words: Vec<&str> = grant.scope.split_whitespace().collect();
        let scopes = delegation::scopes(&resource)?;
        let scopes = scopes.iter().filter(|it| words.contains(&&*it.value));
        consents.push(OwnConsent {
            id: grant.id(),
            client: client.display_name().to_owned(),
            scopes: consent::views(scopes),
        });
    }
    Ok(consents)
}

fn view(tx: &ReadTx<'_>, ready: &Ready, has_passkeys: bool) -> Result<(OwnView, Option<TenantId>)> {
    let user = &ready.user;
    let mut sessions: Vec<OwnSession> = session::of_user(tx, user.id)?
        .into_iter()
        .filter(|it| it.generation == ready.session.generation)
        .map(|it| OwnSession {
            id: it.id,
            user_agent: it.user_agent,
            created_at: it.created_at,
            used_at: it.used_at,
            is_current: it.id == ready.session.id,
        })
        .collect();
    sessions.sort_by_key(|it| (!it.is_current, std::cmp::Reverse(it.used_at)));
    // A visitor may have a second factor here, where the home's doesn't count.
    let proves_here = invitations::signs_in_here(tx, user)?;
    let methods = methods_of(tx, ready, has_passkeys && proves_here)?;
    let methods = (proves_here || !methods.registered.is_empty()).then_some(methods);
    let view = OwnView {
        account: AccountView {
            session: ready.session.id,
            name: known_name(user),
            display_name: user.display_name().to_owned(),
        },
        sessions,
        methods,
        organizations: Vec::new(),
        home: None,
        apps: apps::open_to(tx, user)?,
        consents: consents_of(tx, ready)?,
        may_consent: consent::may_people_consent(tx)? || consent::is_consenting_admin(tx, user.id)?,
        problem: None,
        is_done: false,
    };
    let home = invitations::home_of(tx, user)?.map(|(home, _)| home);
    Ok((view, home))
}

impl Node {
    pub(super) async fn own_view(
        &self,
        tenant: TenantId,
        ready: &Ready,
        (problem, is_done): (Option<Problem>, bool),
    ) -> Result<OwnView> {
        let has_passkeys = self.relying_party().is_some();
        let asked = ready.clone();
        let island = self.store().island(tenant)?;
        let (mut shown, home) = island
            .read(move |tx| view(tx, &asked, has_passkeys))
            .await?;
        shown.problem = problem;
        shown.is_done = is_done;
        match home {
            Some(home) => {
                shown.home = Some(OwnApp {
                    name: self.tenant_name(home).await?,
                    href: format!("/{home}/account"),
                });
            }
            None => shown.organizations = self.organizations_of(tenant, ready).await?,
        }
        Ok(shown)
    }

    /// What is asked before an act is done; `None` if there is nothing to do it with.
    pub(super) async fn own_confirmation(
        &self,
        tenant: TenantId,
        ready: &Ready,
        act: Act,
    ) -> Result<Option<Confirmation>> {
        let ready = ready.clone();
        let island = self.store().island(tenant)?;
        island
            .read(move |tx| {
                let method = |kind, id| types::found(methods::get(tx, ready.user.id, kind, id));
                Ok(match act {
                    Act::RemoveApp(id) => method(Kind::Totp, id)?
                        .map(|it| Confirmation::Remove(Kind::Totp, totp::name(&it))),
                    Act::RemovePasskey(id) => match method(Kind::Passkey, id)? {
                        Some(it) => {
                            let name = passkey::show(&it)?.name;
                            Some(Confirmation::Remove(Kind::Passkey, Some(name)))
                        }
                        None => None,
                    },
                    Act::RenamePasskey(id) => match method(Kind::Passkey, id)? {
                        Some(it) => Some(Confirmation::Rename(passkey::show(&it)?.name)),
                        None => None,
                    },
                    Act::NewCodes => Some(Confirmation::NewCodes),
                    Act::SignOutEverywhere => Some(Confirmation::SignOutEverywhere),
                    Act::Leave if is_visitor(tx, &ready.user)? => {
                        let name = directory::tenant::get(tx)?.display_name().to_owned();
                        Some(Confirmation::Leave(name))
                    }
                    Act::Leave | Act::ChangePassword | Act::AddApp | Act::AddPasskey => None,
                })
            })
            .await
    }
}
