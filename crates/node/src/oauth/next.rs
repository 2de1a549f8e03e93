//! Which page comes next, given the errand, who is signed in and what was allowed: decided anew each
//! time from one snapshot.
//!
//! Source: OpenID Connect Core §3.1.2.1, §3.1.2.3 and §3.1.2.4.

use std::sync::Arc;

use credentials::{Demand, Policy, Standing};
use directory::users::{self, User};
use identity::Secret;
use identity::oauth::{AuthorizationRequest, OAuthError};
use identity::session::{self, Methods, Session};
use store::{ReadTx, Tx};
use types::{Id, Result, Timestamp, fold, kind};

use super::client::{self, Client};
use super::consent::{self, Wanted};
use super::log::Unlogged;
use super::sign_in::{Errand, Pending};
use super::{AccountView, ClientView, ConsentView, PasskeyView, Screen, device, generation};
use crate::published::Published;

/// What has to happen next.
pub(super) enum Need {
    /// A page.
    Show(Box<Screen>),
    /// An error, for the client where there is one that may have it; and who it is, as far as known.
    Refuse(OAuthError, Option<Id<kind::User>>),
    /// Nothing more of the person.
    Go(Box<Ready>),
}

/// Somebody who has done all that was to be done.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) session: Session,
    pub(super) user: Arc<User>,
    /// Of somebody from another tenant: the name there, once that was asked.
    pub(super) home_name: Option<String>,
}

impl Ready {
    /// Notes that the session was used for an errand: in the log, unless it is there, and for how long
    /// it lasts.
    pub(super) fn note_use(
        &self,
        tx: &mut Tx<'_>,
        errand: &Errand,
        unlogged: Option<&Unlogged>,
    ) -> Result<()> {
        if let Some(unlogged) = unlogged {
            unlogged.record(tx, errand, &self.user, &self.session)?;
        }
        if session::is_stale(&self.session, tx.now()) {
            let lifetimes = Policy::get(tx)?.sessions.lifetimes();
            session::touch(tx, &self.session, lifetimes)?;
        }
        Ok(())
    }
}

/// Somebody who is signed in.
pub(super) struct Account {
    session: Session,
    user: Arc<User>,
}

impl Account {
    pub(super) fn user(&self) -> &User {
        &self.user
    }

    pub(super) fn view(&self) -> AccountView {
        AccountView {
            session: self.session.id,
            name: known_name(&self.user),
            display_name: self.user.display_name().to_owned(),
        }
    }
}

/// The name that a person knows: who is from elsewhere knows the one of home, not the one that the
/// account has here.
pub(super) fn known_name(user: &User) -> String {
    match user.property("mail").as_str() {
        Some(mail) if user.is_external() => mail.to_owned(),
        _ => user.user_principal_name().to_owned(),
    }
}

/// Whether a person is called this, here or at home.
pub(super) fn is_called(user: &User, name: &str) -> bool {
    let name = fold(name);
    fold(user.user_principal_name()) == name || is_called_at_home(user, &name)
}

/// Whether somebody from elsewhere has this folded name there.
fn is_called_at_home(user: &User, name: &str) -> bool {
    let own = user.user_principal_name();
    let local = own.split_once("#EXT#").map(|(local, _)| fold(local));
    user.is_external()
        && (fold(&known_name(user)) == *name
            || local.is_some_and(|it| it == name.replace('@', "_")))
}

/// The accounts that a browser is signed in with, as they stand now.
pub(super) fn accounts(tx: &ReadTx<'_>, cookie: Option<&Secret>) -> Result<Vec<Account>> {
    let Some(cookie) = cookie else {
        return Ok(Vec::new());
    };
    let mut accounts = Vec::new();
    for session in session::of_browser(tx, cookie)? {
        let Some(user) = users::look_up(tx, session.user)? else {
            continue;
        };
        if user.account_enabled && generation(tx, user.id)? == session.generation {
            accounts.push(Account { session, user });
        }
    }
    Ok(accounts)
}

/// As pages show them.
pub(super) fn views(accounts: &[Account]) -> Vec<AccountView> {
    accounts.iter().map(Account::view).collect()
}

/// What comes next.
pub(super) fn advance(
    tx: &ReadTx<'_>,
    published: &Published,
    flow: &Pending,
    accounts: Vec<Account>,
) -> Result<Need> {
    let asking = match &flow.errand {
        Errand::Authorize(request) => match client::find(tx, published, request.to.client_id)? {
            Ok(client) => Some(Asking {
                client,
                wanted: None,
            }),
            Err(refusal) => return Ok(Need::Refuse(refusal, None)),
        },
        _ => None,
    };
    advance_for(tx, published, flow, asking, accounts)
}

/// The client that has sent the person.
pub(super) struct Asking {
    pub(super) client: Client,
    /// What it asks for, if that was found already.
    pub(super) wanted: Option<Wanted>,
}

/// What comes next; `asking` if a client has sent the person.
pub(super) fn advance_for(
    tx: &ReadTx<'_>,
    published: &Published,
    flow: &Pending,
    asking: Option<Asking>,
    accounts: Vec<Account>,
) -> Result<Need> {
    let request = match &flow.errand {
        Errand::Authorize(request) => Some(request.as_ref()),
        _ => None,
    };
    let view = match &flow.errand {
        Errand::Visit(visit) => Some(visit.client()),
        Errand::AdminConsent(asked) => client::find(tx, published, asked.to.client_id)?
            .ok()
            .map(|client| client.view(Some(&asked.to.redirect_uri))),
        _ => asking
            .as_ref()
            .zip(request)
            .map(|(asking, request)| asking.client.view(Some(&request.to.redirect_uri))),
    };
    let policy = Policy::get(tx)?;
    let mut lacks_factor = None;
    let picked = match pick(flow, request, accounts, view.clone(), &policy, tx.now()) {
        Ok(account) => match lacks_here(tx, flow, &policy, &account)? {
            None => Ok(account),
            Some(lack) => {
                lacks_factor = matches!(lack, Lack::Factor).then_some(account.user.id);
                let name = account.user.user_principal_name().to_owned();
                Err(Box::new(password_screen(view, name, &policy)))
            }
        },
        asked => asked,
    };
    let need = match picked {
        Ok(account) => match (&flow.errand, request, asking) {
            (_, Some(request), Some(asking)) => consented(tx, flow, request, asking, account)?,
            (Errand::AdminConsent(asked), ..) => asked.next(tx, published, &account)?,
            // Somebody who is from elsewhere goes on from there, not from here.
            (Errand::Visit(_), ..) if account.user.is_external() => {
                Need::Refuse(OAuthError::NotHere, Some(account.user.id))
            }
            // A link is for nobody else.
            (Errand::Invitation(invited), ..) if account.user.id != invited.user() => {
                Need::Refuse(OAuthError::NotHere, Some(account.user.id))
            }
            (Errand::Visit(_) | Errand::Account(_) | Errand::Invitation(_), ..) => {
                Need::Go(Box::new(Ready {
                    session: account.session,
                    user: account.user,
                    home_name: None,
                }))
            }
            _ => device::next(tx, published, flow, account)?,
        },
        Err(screen) => Need::Show(screen),
    };
    Ok(match (need, request) {
        (Need::Show(_), Some(request)) if request.prompt.none && lacks_factor.is_some() => {
            Need::Refuse(OAuthError::MultifactorRequired, lacks_factor)
        }
        (Need::Show(screen), Some(request)) if request.prompt.none => {
            let user = match screen.as_ref() {
                Screen::Consent(asked) | Screen::Approval(asked) => {
                    session::get(tx, asked.account.session)?.map(|session| session.user)
                }
                _ => None,
            };
            Need::Refuse(silent_refusal(&screen, request), user)
        }
        (need, _) => need,
    })
}

/// What a client is told that lets nobody be asked.
fn silent_refusal(screen: &Screen, request: &AuthorizationRequest) -> OAuthError {
    match screen {
        Screen::Accounts { .. } => OAuthError::AccountSelection,
        Screen::Consent(consent) | Screen::Approval(consent) => OAuthError::ConsentRequired {
            client_id: request.to.client_id.to_string(),
            client: consent.client.name.clone(),
        },
        _ => OAuthError::LoginRequired,
    }
}

/// Asks for a password, and offers what the tenant has besides.
pub(super) fn password_screen(client: Option<ClientView>, name: String, policy: &Policy) -> Screen {
    Screen::Password {
        client,
        name,
        problem: None,
        passkey: policy.passkeys.is_enabled.then(PasskeyView::default),
        has_access_passes: policy.access_passes.is_enabled,
    }
}

/// What is demanded beyond what this tenant does, of somebody who stands like this.
pub(super) fn demand(errand: &Errand, standing: &Standing) -> Demand {
    match errand {
        Errand::Visit(visit) => visit.demand(),
        // Who has another factor shows it before changing how they sign in.
        Errand::Account(own) => Demand {
            multifactor: own.is_sensitive() && !standing.registered.is_empty(),
        },
        Errand::Authorize(request) => Demand {
            multifactor: request.claims.is_multifactor,
        },
        Errand::AdminConsent(_)
        | Errand::Device { .. }
        | Errand::SignOut(_)
        | Errand::Invitation(_) => Demand::default(),
    }
}

/// What a sign-in doesn't have.
pub(super) enum Lack {
    /// It was too long ago.
    Age,
    /// Another factor.
    Factor,
}

/// What a sign-in lacks of what is demanded by now: by the tenant, and by what it is for.
pub(super) fn lacks(
    tx: &ReadTx<'_>,
    policy: &Policy,
    user: &User,
    (methods, authenticated_at): (&Methods, Timestamp),
    demand: impl FnOnce(&Standing) -> Demand,
) -> Result<Option<Lack>> {
    let days = i64::from(policy.sessions.sign_in_days);
    let until = authenticated_at.plus_seconds(days * 24 * 3_600);
    if days > 0 && until <= tx.now() {
        return Ok(Some(Lack::Age));
    }
    if methods.0.iter().any(|name| name == "mfa") {
        return Ok(None);
    }
    let standing = Standing::of(tx, policy, user)?;
    let demands = standing.needs_multifactor || demand(&standing).multifactor;
    Ok(demands.then_some(Lack::Factor))
}

/// What a session lacks for an errand.
fn lacks_here(
    tx: &ReadTx<'_>,
    flow: &Pending,
    policy: &Policy,
    account: &Account,
) -> Result<Option<Lack>> {
    let session = &account.session;
    let shown = (&session.methods, session.authenticated_at);
    let demand = |standing: &Standing| demand(&flow.errand, standing);
    lacks(tx, policy, &account.user, shown, demand)
}

/// The account that it is about, or the page that finds out.
fn pick(
    flow: &Pending,
    request: Option<&AuthorizationRequest>,
    mut accounts: Vec<Account>,
    client: Option<ClientView>,
    policy: &Policy,
    now: Timestamp,
) -> Result<Account, Box<Screen>> {
    let ask_name = |name: Option<String>| {
        Box::new(Screen::Name {
            client: client.clone(),
            name,
            has_accounts: false,
            problem: None,
            passkey: policy.passkeys.is_enabled.then(PasskeyView::default),
        })
    };
    let ask_password = |name: String| Box::new(password_screen(client.clone(), name, policy));
    let ask_which = |accounts: &[Account]| {
        Box::new(Screen::Accounts {
            client: client.clone(),
            accounts: views(accounts),
        })
    };
    let position = |accounts: &[Account], name: &str| {
        let name = fold(name);
        let own = |it: &Account| fold(it.user.user_principal_name()) == name;
        let at_home = |it: &Account| is_called_at_home(&it.user, &name);
        let mut all = accounts.iter();
        all.position(own)
            .or_else(|| accounts.iter().position(at_home))
    };
    let hint = request
        .and_then(|request| request.login_hint.as_deref())
        .filter(|hint| hint.contains('@'));
    let by_session = request
        .and_then(|request| request.session)
        .and_then(|id| accounts.iter().position(|it| it.session.id == id));
    let selects = request.is_some_and(|request| request.prompt.select_account);
    let invited = match &flow.errand {
        Errand::Invitation(invited) => Some(invited.user()),
        _ => None,
    };
    let is_invited = |it: &Account| Some(it.user.id) == invited;
    let found = if let Some(found) = accounts.iter().position(is_invited) {
        found
    } else if let Some(session) = flow.session {
        let chosen = accounts.iter().position(|it| it.session.id == session);
        chosen.ok_or_else(|| ask_name(flow.name.clone()))?
    } else if let Some(name) = &flow.name {
        position(&accounts, name).ok_or_else(|| ask_password(name.clone()))?
    } else if selects && !accounts.is_empty() {
        return Err(ask_which(&accounts));
    } else if let Some(user) = request.and_then(|request| request.user) {
        let own = accounts.iter().position(|it| it.user.id == user);
        own.ok_or_else(|| match hint {
            Some(name) => ask_password(name.to_owned()),
            None => ask_name(None),
        })?
    } else if let Some(own) = by_session {
        own
    } else if request.is_some_and(|request| request.session.is_some() && request.prompt.none) {
        return Err(ask_name(None));
    } else if let Some(hint) = hint {
        position(&accounts, hint).ok_or_else(|| ask_password(hint.to_owned()))?
    } else {
        match accounts.len() {
            0 => return Err(ask_name(None)),
            1 => 0,
            _ => return Err(ask_which(&accounts)),
        }
    };
    let account = accounts.swap_remove(found);
    let authenticated_at = account.session.authenticated_at;
    let is_stale = match (&flow.errand, request) {
        (Errand::Visit(visit), _) => !visit.takes(authenticated_at, flow.began_at),
        (Errand::Account(own), _) => !own.takes(authenticated_at, now),
        (_, Some(request)) => request.wants_fresh_sign_in(authenticated_at, flow.began_at, now),
        _ => false,
    };
    if is_stale {
        return Err(ask_password(account.user.user_principal_name().to_owned()));
    }
    Ok(account)
}

/// Whether the client was allowed what it asks for, or who has to be asked.
fn consented(
    tx: &ReadTx<'_>,
    flow: &Pending,
    request: &AuthorizationRequest,
    Asking { client, wanted }: Asking,
    account: Account,
) -> Result<Need> {
    // Core §3.1.2.1: whoever else has signed in isn't whom the client means.
    if request.user.is_some_and(|user| user != account.user.id) {
        return Ok(Need::Refuse(
            OAuthError::LoginRequired,
            Some(account.user.id),
        ));
    }
    if !may_enter(tx, &client, &account.user)? {
        let refusal = OAuthError::NotAssigned {
            client: client.principal.display_name().to_owned(),
        };
        return Ok(Need::Refuse(refusal, Some(account.user.id)));
    }
    let wanted = match wanted {
        Some(wanted) => wanted,
        None => match consent::resolve(tx, &client, &request.scope)? {
            Ok(wanted) => wanted,
            Err(refusal) => return Ok(Need::Refuse(refusal, None)),
        },
    };
    let asks_again = request.prompt.consent && !flow.is_consented;
    let view = client.view(Some(&request.to.redirect_uri));
    match consent_screen(tx, &client, &wanted, &account, view, asks_again)? {
        Some(screen) => Ok(Need::Show(Box::new(screen))),
        None => Ok(Need::Go(Box::new(Ready {
            session: account.session,
            user: account.user,
            home_name: None,
        }))),
    }
}

/// The page that asks for what isn't allowed yet, or says who has to be asked; nothing if all is.
pub(super) fn consent_screen(
    tx: &ReadTx<'_>,
    client: &Client,
    wanted: &Wanted,
    account: &Account,
    view: ClientView,
    asks_again: bool,
) -> Result<Option<Screen>> {
    let standing = consent::standing(tx, client, wanted, account.user.id)?;
    // What isn't here yet is asked about whatever its API says: that brings it here.
    if standing.missing.is_empty() && !asks_again && !client.is_prospective() {
        return Ok(None);
    }
    let is_admin = consent::is_consenting_admin(tx, account.user.id)?;
    // Asked again for what was allowed, somebody who can't allow it can't do so again either.
    let is_beyond =
        standing.missing.iter().any(|scope| scope.needs_admin) || !consent::may_people_consent(tx)?;
    // All of it: who consents has to see what the client will be able to do.
    let mut scopes = consent::views(&wanted.scopes);
    scopes.extend(consent::views(&wanted.openid));
    let consent = ConsentView {
        account: account.view(),
        client: view,
        scopes,
        can_allow_all: is_admin,
    };
    Ok(Some(if is_beyond && !is_admin {
        Screen::Approval(consent)
    } else {
        Screen::Consent(consent)
    }))
}

/// Whether somebody may use an application at all.
pub(super) fn may_enter(tx: &ReadTx<'_>, client: &Client, user: &User) -> Result<bool> {
    if !directory::delegation::requires_assignment(&client.principal) {
        return Ok(true);
    }
    let roles = directory::app_roles::user_roles_on(tx, user.id, &client.principal)?;
    Ok(roles.is_some())
}
