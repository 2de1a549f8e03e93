//! "My account": where somebody is signed in, how they prove who they are, the tenants that they are
//! in and through whom, what they have allowed apps to do.
//!
//! It is an errand like the others: its pages carry a sealed flow, so that no other site can send their
//! forms. What changes how somebody signs in asks for a proof within [`FRESH_SECONDS`], by more than one
//! factor if they have another.
//!
//! Source: OWASP Authentication Cheat Sheet, "Require re-authentication for sensitive features"; Microsoft,
//! "My Account portal" and "Leave an organization as an external user".

mod acts;
mod apps;
mod organizations;
mod view;

use credentials::totp;
use directory::invitations;
use directory::users::User;
use identity::oauth::Trail;
use identity::session::Flow;
use serde::{Deserialize, Serialize};
use store::ReadTx;
use types::{Actor, Error, Result, TenantId, Timestamp};
use uuid::{Uuid, uuid};

use super::next::{Need, Ready, accounts, advance, known_name};
use super::sign_in::{Errand, NAME_MAX, Pending};
use super::sign_out::SigningOut;
use super::{Browser, Input, Outcome, PasskeyView, Problem, Screen};
use crate::Node;
use crate::published::Published;

pub(super) use organizations::{MEMBERSHIP, answer};
pub use view::{
    Confirmation, OwnApp, OwnConsent, OwnMethod, OwnMethods, OwnOrganization, OwnSession, OwnView,
    Through,
};

/// Under which id what is done here stands in the logs.
pub(super) const APP_ID: Uuid = uuid!("6f0c1f0a-52d0-4f0e-9a3e-6b1f2a7c9d41");
/// Its name there.
pub(super) const APP_NAME: &str = "isopolity my account";
/// How long ago somebody may have proved who they are to change how they do.
const FRESH_SECONDS: i64 = 600;

/// What somebody is about to do with their account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Act {
    /// Choose another password.
    ChangePassword,
    /// Set up an authenticator app.
    AddApp,
    /// Make a passkey.
    AddPasskey,
    /// Have other recovery codes.
    NewCodes,
    /// Take an authenticator app away.
    RemoveApp(Uuid),
    /// Take a passkey away.
    RemovePasskey(Uuid),
    /// Call a passkey otherwise.
    RenamePasskey(Uuid),
    /// End all sessions, and what apps and devices have.
    SignOutEverywhere,
    /// Leave the tenant, as somebody from another one.
    Leave,
}

impl Act {
    /// Whether it changes how somebody proves who they are.
    pub(super) const fn is_sensitive(self) -> bool {
        match self {
            Self::ChangePassword
            | Self::AddApp
            | Self::AddPasskey
            | Self::NewCodes
            | Self::RemoveApp(_)
            | Self::RemovePasskey(_) => true,
            Self::RenamePasskey(_) | Self::SignOutEverywhere | Self::Leave => false,
        }
    }
}

/// Somebody at their account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Own {
    /// What they are about to do; nothing while they look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) act: Option<Act>,
    /// The authenticator app that is being set up, sealed for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enrolment: Option<String>,
}

impl Own {
    /// Whether it needs a fresh proof.
    pub(super) fn is_sensitive(&self) -> bool {
        self.act.is_some_and(Act::is_sensitive)
    }
    /// Whether a proof of then will do.
    pub(super) fn takes(&self, authenticated_at: Timestamp, now: Timestamp) -> bool {
        !self.is_sensitive() || now < authenticated_at.plus_seconds(FRESH_SECONDS)
    }
}

/// What was entered on a page of the account.
#[derive(Debug)]
pub enum OwnInput {
    /// Back to what there is.
    Overview,
    /// About to do this.
    Open(Act),
    /// Do it; the new name, where there is one to give.
    Do(Option<String>),
    /// End a session.
    EndSession(Uuid),
    /// End all other sessions.
    EndOthers,
    /// Take a consent back.
    TakeBack(String),
}

/// What becomes of an act.
enum Done {
    /// Back to what there is.
    Shown,
    /// A page by itself.
    Page(Box<Screen>),
    /// The end: nobody is signed in here any more.
    End(Box<Screen>),
    /// It can't be done like this.
    Bad(Problem),
}

fn own_of(flow: &mut Pending) -> Option<&mut Own> {
    match &mut flow.errand {
        Errand::Account(own) => Some(own),
        _ => None,
    }
}

/// Whether somebody is at home elsewhere.
fn is_visitor(tx: &ReadTx<'_>, user: &User) -> Result<bool> {
    Ok(user.is_external() || invitations::home_of(tx, user)?.is_some())
}

impl Node {
    /// Somebody's own account; whose, if it is said: who is at home elsewhere is sent there without being
    /// asked for their name.
    pub async fn account(
        &self,
        tenant: TenantId,
        name: Option<String>,
        act: Option<Act>,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let own = Own {
            act,
            enrolment: None,
        };
        let mut flow = Flow::new(Errand::Account(own), self.store().clock().now());
        flow.name = name.filter(|name| name.contains('@') && name.len() <= NAME_MAX);
        self.go_on(tenant, flow, browser, trail).await
    }

    /// What was entered on a page of the account, or `None` if that isn't about the account itself but a
    /// proof that it asks for.
    pub(super) async fn enter_own(
        &self,
        tenant: TenantId,
        flow: &Pending,
        input: &mut Option<Input>,
        browser: &Browser,
        trail: &Trail,
    ) -> Result<Option<Outcome>> {
        let mut flow = flow.clone();
        let Some(own) = own_of(&mut flow) else {
            return Ok(None);
        };
        match input.as_ref() {
            Some(Input::Own(OwnInput::Overview) | Input::CodesKept) => *own = Own::default(),
            Some(Input::Own(OwnInput::Open(act))) => {
                *own = Own {
                    act: Some(*act),
                    enrolment: None,
                };
            }
            Some(
                Input::Own(_)
                | Input::RegisterApp(_)
                | Input::RegisterPasskey(_)
                | Input::NewPassword { .. }
                | Input::Choose(_),
            ) => {
                let (flow, need) = self.own_need(tenant, flow, browser).await?;
                let Need::Go(ready) = need else {
                    // Another way to prove who it is, or a proof that has to be given anew.
                    if matches!(input, Some(Input::Choose(_))) {
                        return Ok(None);
                    }
                    let outcome = self.proceed(tenant, flow, need, browser.clone(), *trail);
                    return outcome.await.map(Some);
                };
                let Some(input) = input.take() else {
                    return Ok(None);
                };
                let outcome = self.act(tenant, flow, *ready, input, browser.clone(), trail);
                return outcome.await.map(Some);
            }
            _ => return Ok(None),
        }
        let outcome = self.go_on(tenant, flow, browser.clone(), *trail);
        outcome.await.map(Some)
    }

    async fn own_need(
        &self,
        tenant: TenantId,
        flow: Pending,
        browser: &Browser,
    ) -> Result<(Pending, Need)> {
        let cookie = browser.cookie.clone();
        let island = self.store().island(tenant)?;
        island
            .read(move |tx| {
                let accounts = accounts(tx, cookie.as_ref())?;
                let need = advance(tx, &Published::default(), &flow, accounts)?;
                Ok((flow, need))
            })
            .await
    }

    /// Does what was entered, and shows what comes of it.
    async fn act(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        ready: Ready,
        input: Input,
        mut browser: Browser,
        trail: &Trail,
    ) -> Result<Outcome> {
        let Some(own) = own_of(&mut flow).cloned() else {
            return Err(Error::internal("this errand isn't an account's"));
        };
        let mut cookies = Vec::new();
        let everywhere =
            matches!(input, Input::Own(OwnInput::Do(_))) && own.act == Some(Act::SignOutEverywhere);
        if everywhere || is_own_session(&input, &ready) {
            // As by signing out: what this browser has of the person at other tenants ends, too.
            let sessions = (vec![ready.session.id], None);
            let out = SigningOut::default();
            let outcome = self.end_sessions(tenant, sessions, out, &browser).await?;
            if everywhere {
                let done = OwnInput::Do(None);
                self.do_own(tenant, &ready, own.act, done).await?;
            }
            return Ok(outcome);
        }
        let done = match input {
            Input::NewPassword { new, again } if own.act == Some(Act::ChangePassword) => {
                let changed = self.change_own_password(tenant, &ready, (new, again), &browser);
                match changed.await? {
                    Ok((cookie, set)) => {
                        browser.cookie = Some(cookie);
                        cookies.push(set);
                        Done::Shown
                    }
                    Err(problem) => Done::Bad(problem),
                }
            }
            Input::RegisterApp(code) if own.act == Some(Act::AddApp) => {
                let sealed = own.enrolment.clone().unwrap_or_default();
                self.add_own_app(tenant, &ready, sealed, code).await?
            }
            Input::RegisterPasskey(answer) if own.act == Some(Act::AddPasskey) => {
                self.add_own_passkey(tenant, &ready, &answer).await?
            }
            Input::Own(input) => self.do_own(tenant, &ready, own.act, input).await?,
            _ => Done::Shown,
        };
        let mut outcome = match done {
            Done::Bad(problem) => {
                self.show_own(tenant, flow, ready, browser, (Some(problem), false))
                    .await?
            }
            Done::Page(screen) => self.page(tenant, &flow, *screen, browser, Vec::new())?,
            Done::End(screen) => {
                let mut outcome = Outcome::from(super::Step::End(*screen));
                let cookie = browser.cookie.clone();
                let island = self.store().island(tenant)?;
                let is_last = island
                    .read(move |tx| Ok(accounts(tx, cookie.as_ref())?.is_empty()))
                    .await?;
                if is_last {
                    let kept = self.0.sign_in.cookies;
                    outcome.cookies.push(kept.drop_session(tenant));
                }
                outcome
            }
            Done::Shown => {
                if let Some(own) = own_of(&mut flow) {
                    *own = Own::default();
                }
                let (flow, need) = self.own_need(tenant, flow, &browser).await?;
                match need {
                    Need::Go(ready) => {
                        self.show_own(tenant, flow, *ready, browser, (None, true))
                            .await?
                    }
                    need => self.proceed(tenant, flow, need, browser, *trail).await?,
                }
            }
        };
        cookies.append(&mut outcome.cookies);
        outcome.cookies = cookies;
        Ok(outcome)
    }

    /// The page that somebody is at: of what they are about to do, or of all there is. `shown`: what was
    /// wrong, and whether something was done.
    pub(super) async fn show_own(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        ready: Ready,
        browser: Browser,
        (problem, is_done): (Option<Problem>, bool),
    ) -> Result<Outcome> {
        let act = own_of(&mut flow).and_then(|own| own.act);
        let name = known_name(&ready.user);
        let user = ready.user.id;
        let screen = match act {
            None => {
                let view = self.own_view(tenant, &ready, (problem, is_done)).await?;
                Screen::Own(Box::new(view))
            }
            Some(Act::ChangePassword) => Screen::NewPassword {
                name,
                problem,
                can_go_back: true,
            },
            Some(Act::AddApp) => {
                let (now, issuer) = (self.store().clock().now(), self.tenant_name(tenant).await?);
                let sealer = self.sealer();
                let own = own_of(&mut flow);
                let before = own.as_ref().and_then(|own| own.enrolment.clone());
                let known = match before {
                    Some(sealed) => {
                        totp::resume(sealer, tenant, &ready.user, &issuer, &sealed, now)?
                    }
                    None => None,
                };
                let enrolment = if let Some(enrolment) = known {
                    enrolment
                } else {
                    let seed = identity::random()?;
                    totp::begin(sealer, tenant, &ready.user, &issuer, seed, now)?
                };
                if let Some(own) = own {
                    own.enrolment = Some(enrolment.sealed);
                }
                Screen::RegisterApp {
                    name,
                    seed: enrolment.seed,
                    uri: enrolment.uri,
                    problem,
                }
            }
            Some(Act::AddPasskey) => {
                let rp = self.require_relying_party()?.clone();
                let minutes = credentials::passkey::CHALLENGE_MINUTES;
                let creation = self
                    .store()
                    .island(tenant)?
                    .write(actor(&ready), move |tx| {
                        let user = directory::users::get(tx, user)?;
                        rp.begin_registration(tx, &user, minutes)
                    })
                    .await?;
                Screen::RegisterPasskey {
                    name,
                    passkey: PasskeyView {
                        options: creation.options.to_string(),
                    },
                    problem,
                }
            }
            Some(act) => {
                if let Some(what) = self.own_confirmation(tenant, &ready, act).await? {
                    Screen::OwnConfirm {
                        name,
                        what,
                        problem,
                    }
                } else {
                    // It is gone meanwhile.
                    let view = self.own_view(tenant, &ready, (problem, is_done)).await?;
                    Screen::Own(Box::new(view))
                }
            }
        };
        self.page(tenant, &flow, screen, browser, Vec::new())
    }
}

/// Whether it is the session of this page that is to end.
fn is_own_session(input: &Input, ready: &Ready) -> bool {
    matches!(input, Input::Own(OwnInput::EndSession(id)) if *id == ready.session.id)
}

fn actor(ready: &Ready) -> Actor {
    Actor::User {
        id: ready.user.id.uuid(),
        app_id: APP_ID,
    }
}
