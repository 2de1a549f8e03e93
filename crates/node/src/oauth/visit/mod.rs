//! Signing in to one tenant at another one, the person's home (B2B).
//!
//! 1. Where a name belongs to another tenant, or an account is of one, the browser is sent there; what
//!    the person was about to do goes along, sealed for this browser.
//! 2. The home signs the person in by its own means, holds the visit against its outbound rules, and
//!    sends the browser back with a pass ([`identity::visit`]).
//! 3. The visited tenant asks the home about the pass through the border, finds its own user for the
//!    person, holds the visit against its inbound rules, asks for consent where not both sides leave
//!    that out, and begins a session of its own.
//!
//! Both sides' rules are held against again with each code and each refresh ([`Node::may_visit`]):
//! a session here outlives no permission there.
//!
//! Source: Microsoft Entra External ID, "Authentication and Conditional Access for B2B users" and
//! "B2B collaboration invitation redemption".

mod arrival;
mod word;

use credentials::Demand;
use directory::invitations;
use directory::users::User;
use identity::oauth::{Form, OAuthError, Trail, with_parameters};
use identity::session::{self, Away, Flow};
use identity::visit::{self, Pass, live};
use serde::{Deserialize, Serialize};
use store::ReadTx;
use types::trace::Trace;
use types::{Actor, Error, Id, Result, TenantId, Timestamp, kind, parse_uuid};
use uuid::Uuid;

use super::log::{Peer, Unlogged};
use super::next::Ready;
use super::sign_in::{Errand, Pending, app_of};
use super::{Browser, ClientView, Outcome, Screen, Step};
use crate::Node;

pub(super) use arrival::Arrival;
use arrival::Entered;
pub(crate) use word::Messages;
pub(super) use word::Verdict;
use word::{MAY, MayBody, PASS, PassBody, Word, admits, named, outbound};

/// The longest sealed text that goes along.
const STATE_MAX: usize = 12 * 1024;

/// Somebody of this tenant on the way to another one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Visit {
    resource: TenantId,
    /// The application there.
    application: Uuid,
    nonce: String,
    /// What the other tenant gets back as it was.
    state: String,
    /// Whether the person has to prove who they are anew.
    is_fresh: bool,
    /// Whether by more than one factor.
    #[serde(default)]
    is_multifactor: bool,
    /// The kind of address where the errand ends, for the page's policy.
    scheme: String,
    /// What the other tenant calls itself.
    name: String,
}

impl Visit {
    pub(super) fn client(&self) -> ClientView {
        ClientView {
            name: self.name.clone(),
            publisher: None,
            redirect_uri: Some(format!("{}:", self.scheme)),
        }
    }
    /// The application that the person goes to.
    pub(super) const fn application(&self) -> Uuid {
        self.application
    }
    /// The same, if it is known.
    pub(super) fn named(&self) -> Option<Uuid> {
        named(self.application)
    }
    /// The tenant that the person goes to.
    pub(super) const fn resource(&self) -> TenantId {
        self.resource
    }
    /// Whether this tenant lets the person go there.
    pub(super) fn outbound(&self, tx: &ReadTx<'_>, user: &User) -> Result<Trace> {
        let groups = directory::groups::groups_of(tx, user.id)?;
        outbound(tx, self.resource, (user.id, &groups), self.application)
    }
    /// What the other tenant demands.
    pub(super) const fn demand(&self) -> Demand {
        Demand {
            multifactor: self.is_multifactor,
        }
    }
    /// Whether a sign-in of then will do.
    pub(super) fn takes(&self, authenticated_at: Timestamp, began_at: Timestamp) -> bool {
        !self.is_fresh || authenticated_at >= began_at
    }
}

impl Node {
    /// The other tenant that somebody of this name signs in at, and the name there.
    pub(super) async fn home_of_name(
        &self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<(TenantId, Option<String>)>> {
        let Some((_, domain)) = name.rsplit_once('@') else {
            return Ok(None);
        };
        match self.store().look_for_domain(domain.trim()).await? {
            Some(home) if home != tenant => return Ok(Some((home, Some(name.to_owned())))),
            Some(_) => {}
            None => return Ok(None),
        }
        // An account here of somebody from elsewhere.
        let name = name.to_owned();
        let island = self.store().island(tenant)?;
        let home = island.read(move |tx| {
            let Some(user) = types::found(directory::users::find(tx, &name))? else {
                return Ok(None);
            };
            let mail = user.property("mail").as_str().map(str::to_owned);
            let home = invitations::home_of(tx, &user)?;
            Ok(home.map(|(home, _)| (home, mail)))
        });
        let Some((home, mail)) = home.await? else {
            return Ok(None);
        };
        if self.store().island(home).is_err() {
            return Ok(None);
        }
        let domain = mail.as_deref().and_then(|mail| mail.rsplit_once('@'));
        let hint = match domain {
            Some((_, domain)) if self.store().look_for_domain(domain).await? == Some(home) => mail,
            _ => None,
        };
        Ok(Some((home, hint)))
    }

    /// Sends the browser to the home tenant.
    pub(super) fn send_home(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        (home, hint): (TenantId, Option<String>),
        browser: Browser,
    ) -> Result<Outcome> {
        let nonce = session::new_binding()?.expose().to_owned();
        // Who is back without a second factor where one is demanded goes once more, for that.
        let is_second = flow.away.take().is_some_and(|away| away.is_second);
        flow.proof = None;
        flow.away = Some(Away {
            home,
            nonce: nonce.clone(),
            pass: None,
            is_second,
        });
        flow.session = None;
        let (application, is_fresh, scheme) = match &flow.errand {
            Errand::Authorize(request) => (
                request.to.client_id,
                request.prompt.login || request.max_age.is_some(),
                request.to.redirect_uri.split(':').next().unwrap_or("https"),
            ),
            Errand::AdminConsent(asked) => (
                asked.to.client_id,
                false,
                asked.to.redirect_uri.split(':').next().unwrap_or("https"),
            ),
            Errand::Account(own) => (Uuid::nil(), own.is_sensitive(), "https"),
            Errand::Invitation(invited) => (Uuid::nil(), false, invited.scheme()),
            Errand::Device { .. } | Errand::SignOut(_) | Errand::Visit(_) => {
                (Uuid::nil(), false, "https")
            }
        };
        let (application, scheme) = (application.to_string(), scheme.to_owned());
        let mut cookies = Vec::new();
        let flow = self.seal(tenant, &flow, browser, &mut cookies)?;
        let resource = tenant.to_string();
        let mut parameters = vec![
            ("resource", resource.as_str()),
            ("application", application.as_str()),
            ("nonce", nonce.as_str()),
            ("scheme", scheme.as_str()),
        ];
        if is_fresh {
            parameters.push(("fresh", "1"));
        }
        if is_second {
            parameters.push(("multifactor", "1"));
        }
        if let Some(hint) = &hint {
            parameters.push(("login_hint", hint));
        }
        parameters.push(("state", flow.as_str()));
        let location = with_parameters(&format!("/{home}/b2b/signin"), &parameters);
        let mut outcome: Outcome = Step::Moved(location).into();
        outcome.cookies = cookies;
        Ok(outcome)
    }

    /// At home: somebody wants to go to another tenant.
    pub async fn visit(
        &self,
        home: TenantId,
        form: &Form,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let malformed = || Outcome::problem(OAuthError::Malformed("the visit can't be read"));
        let uuid = |name| form.get(name).and_then(parse_uuid);
        let (Some(resource), Some(application), Some(nonce), Some(state)) = (
            uuid("resource").map(TenantId::new),
            uuid("application"),
            form.get("nonce"),
            form.get("state"),
        ) else {
            return Ok(malformed());
        };
        let scheme = form.get("scheme").unwrap_or("https");
        let is_scheme = scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let is_short = state.len() <= STATE_MAX && nonce.len() <= 128 && scheme.len() <= 64;
        if !is_scheme || !is_short || resource == home {
            return Ok(malformed());
        }
        // A tenant that isn't here is nobody to go to.
        if self.store().island(resource).is_err() {
            return Ok(malformed());
        }
        let mut flow = Flow::new(
            Errand::Visit(Box::new(Visit {
                resource,
                application,
                nonce: nonce.to_owned(),
                state: state.to_owned(),
                is_fresh: form.get("fresh").is_some(),
                is_multifactor: form.get("multifactor").is_some(),
                scheme: scheme.to_owned(),
                name: self.tenant_name(resource).await?,
            })),
            self.store().clock().now(),
        );
        flow.name = form.get("login_hint").map(str::to_owned);
        self.go_on(home, flow, browser, trail).await
    }

    /// At home: the person is signed in; on to the other tenant with a pass.
    pub(super) async fn send_visitor(
        &self,
        home: TenantId,
        visit: Visit,
        ready: Ready,
        unlogged: Option<Unlogged>,
    ) -> Result<Outcome> {
        let pass = Pass {
            resource: visit.resource,
            nonce: visit.nonce.clone(),
            user: ready.user.id,
            session: Some(ready.session.id),
            generation: ready.session.generation,
            methods: ready.session.methods.clone(),
            authenticated_at: ready.session.authenticated_at,
        };
        let actor = Actor::User {
            id: ready.user.id.uuid(),
            app_id: visit.application,
        };
        let island = self.store().island(home)?;
        let errand = Errand::Visit(Box::new(visit.clone()));
        let pass = island
            .write(actor, move |tx| {
                ready.note_use(tx, &errand, unlogged.as_ref())?;
                live::go(tx, pass.user, pass.resource)?;
                visit::issue(tx, &pass)
            })
            .await?;
        let from = home.to_string();
        let location = with_parameters(
            &format!("/{}/b2b/return", visit.resource),
            &[
                ("home", from.as_str()),
                ("pass", pass.expose()),
                ("state", visit.state.as_str()),
            ],
        );
        Ok(Step::Moved(location).into())
    }

    /// Somebody comes back from home.
    pub async fn arrive(
        &self,
        tenant: TenantId,
        form: &Form,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let now = self.store().clock().now();
        let state = form.get("state").unwrap_or_default();
        let opened = browser
            .binding
            .as_ref()
            .and_then(|binding| self.0.sign_in.flows.open(tenant, binding, state, now));
        let Some(mut flow): Option<Pending> = opened else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        let (Some(away), Some(pass)) = (&mut flow.away, form.get("pass")) else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        away.pass = Some(pass.to_owned());
        self.let_in(tenant, flow, false, browser, trail).await
    }

    /// Lets somebody in who was signed in at home, or asks first whether they want to.
    pub(super) async fn let_in(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        is_accepted: bool,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let Some((home, nonce, pass)) = flow.away.as_ref().and_then(|away| {
            let pass = away.pass.clone()?;
            Some((away.home, away.nonce.clone(), pass))
        }) else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        let application = app_of(&flow);
        let body = PassBody {
            pass: pass.clone(),
            nonce,
            application,
        };
        let body = serde_json::to_string(&body).map_err(Error::internal)?;
        let answer = self.transport().ask(tenant, home, PASS, body).await?;
        let word: Option<Word> = serde_json::from_str(&answer).map_err(Error::internal)?;
        let Some(word) = word else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        let arrival = Arrival {
            home,
            word,
            pass,
            application,
            is_accepted,
            is_second: flow.away.as_ref().is_some_and(|away| away.is_second),
            errand: flow.errand.clone(),
            peer: Peer::of(&browser, &trail),
        };
        let island = self.store().island(tenant)?;
        let entered = island
            .write(Actor::System, move |tx| arrival.enter(tx))
            .await?;
        match entered {
            Entered::In(proof) => {
                flow.proof = Some(proof);
                flow.name = None;
                flow.away = None;
                self.go_on_proving(tenant, flow, browser, trail, None, None)
                    .await
            }
            Entered::NeedsMore(name) => {
                if let Some(away) = &mut flow.away {
                    away.is_second = true;
                }
                self.send_home(tenant, flow, (home, Some(name)), browser)
            }
            Entered::Asks(name) => {
                let screen = Screen::Redeem {
                    name,
                    tenant: self.tenant_name(tenant).await?,
                };
                self.page(tenant, &flow, screen, browser, Vec::new())
            }
            Entered::Refused(error) => {
                let back = super::sign_in::back_of(&flow);
                Ok(Step::End(Screen::Error { error, back }).into())
            }
        }
    }

    /// Whether somebody of another tenant may still use an application here, by both sides' rules.
    /// `None`: the user is this tenant's own.
    pub(super) async fn may_visit(
        &self,
        tenant: TenantId,
        user: Id<kind::User>,
        application: Uuid,
    ) -> Result<Verdict> {
        let island = self.store().island(tenant)?;
        let home = island
            .read_few(
                move |tx| match types::found(directory::users::get(tx, user))? {
                    Some(user) => invitations::home_of(tx, &user),
                    None => Ok(None),
                },
            )
            .await?;
        let Some((home, user_id)) = home else {
            return Ok(Verdict::OWN);
        };
        let body = MayBody {
            user_id,
            application,
        };
        let body = serde_json::to_string(&body).map_err(Error::internal)?;
        let answer = self.transport().ask(tenant, home, MAY, body).await?;
        let word: Option<Word> = serde_json::from_str(&answer).map_err(Error::internal)?;
        let Some(word) = word else {
            return Ok(Verdict::of(Err(OAuthError::NotHere)));
        };
        island
            .read(move |tx| {
                let mut verdict = admits(tx, home, &word, application)?;
                // The watch ends what counts a factor that isn't trusted any more; nothing comes of it
                // until then.
                if verdict.outcome.is_ok()
                    && live::counts_home_factor(tx, user)?
                    && !access::inbound_trust(tx, home)?.mfa
                {
                    verdict.outcome = Err(OAuthError::MultifactorRequired);
                }
                Ok(verdict)
            })
            .await
    }
}
