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

use border::{Handler, Received};
use credentials::{Demand, Policy, Proven, Standing};
use directory::invitations;
use directory::users::User;
use identity::oauth::{Form, OAuthError, Trail, encode};
use identity::session::{self, Away, Flow, Methods};
use identity::visit::{self, Pass};
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::{Actor, Error, Id, Result, TenantId, Timestamp, kind, parse_uuid};
use uuid::Uuid;

use super::next::Ready;
use super::proof::Proof;
use super::sign_in::{Errand, Pending, app_of};
use super::{Browser, ClientView, Outcome, Screen, Step, generation};
use crate::Node;

/// Asks the home about a pass, and whether somebody may still come.
const PASS: &str = "signin.pass";
const MAY: &str = "signin.may";
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

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PassBody {
    pass: String,
    nonce: String,
    application: Uuid,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MayBody {
    user_id: Id<kind::User>,
    application: Uuid,
}

/// What the home says of somebody who visits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Word {
    user_id: Id<kind::User>,
    user_principal_name: String,
    /// The user's groups at home, which the other side's rules may name.
    groups: Vec<Id<kind::Group>>,
    /// Whether the account is enabled and the home lets the person go.
    is_enabled: bool,
    is_allowed: bool,
    /// Whether the home leaves out the question for consent.
    redeems: bool,
    /// Of a pass: how the person has proved who they are, and when.
    methods: Methods,
    authenticated_at: Option<Timestamp>,
}

fn word(tx: &ReadTx<'_>, resource: TenantId, user: &User, application: Uuid) -> Result<Word> {
    let groups = directory::groups::groups_of(tx, user.id)?;
    let subject = access::Subject {
        user: user.id,
        groups: &groups,
    };
    let channel = access::Channel::Collaboration;
    let trace = access::outbound_sign_in(tx, resource, channel, &subject, named(application))?;
    let redeems = access::consent_suppressed(tx, resource, access::Direction::Outbound)?.allowed;
    Ok(Word {
        user_id: user.id,
        user_principal_name: user.user_principal_name().to_owned(),
        is_enabled: user.account_enabled,
        // Who is from elsewhere signs in there from his own home.
        is_allowed: trace.allowed && user.home.is_none(),
        groups,
        redeems,
        methods: Methods::default(),
        authenticated_at: None,
    })
}

fn of_pass(tx: &ReadTx<'_>, from: TenantId, body: &PassBody) -> Result<Option<Word>> {
    let Some(pass) = visit::find(tx, &body.pass, from, &body.nonce)? else {
        return Ok(None);
    };
    let Some(user) = found(tx, pass.user)? else {
        return Ok(None);
    };
    if generation(tx, user.id)? != pass.generation {
        return Ok(None);
    }
    let mut word = word(tx, from, &user, body.application)?;
    word.methods = pass.methods;
    word.authenticated_at = Some(pass.authenticated_at);
    Ok(Some(word))
}

/// The application that rules are asked about; a device's isn't known at first.
fn named(application: Uuid) -> Option<Uuid> {
    (!application.is_nil()).then_some(application)
}

fn found(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Option<User>> {
    match directory::users::get(tx, user) {
        Ok(user) => Ok(Some(user)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The end of the border that answers for this tenant's people who visit others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Messages;

impl Handler for Messages {
    fn receive(&self, _: &mut Tx<'_>, _: TenantId, kind: &str, _: &str) -> Result<Received> {
        Err(Error::bad_request(format!("'{kind}' isn't known here.")))
    }

    fn answer(&self, tx: &ReadTx<'_>, from: TenantId, kind: &str, body: &str) -> Result<String> {
        let malformed = |error: serde_json::Error| Error::bad_request(error.to_string());
        let word = match kind {
            PASS => of_pass(tx, from, &serde_json::from_str(body).map_err(malformed)?)?,
            MAY => {
                let body: MayBody = serde_json::from_str(body).map_err(malformed)?;
                match found(tx, body.user_id)? {
                    Some(user) => Some(self::word(tx, from, &user, body.application)?),
                    None => None,
                }
            }
            _ => return Err(Error::bad_request(format!("'{kind}' isn't a query."))),
        };
        serde_json::to_string(&word).map_err(Error::internal)
    }
}

/// Whether this tenant lets somebody in whom the home lets go.
fn admits(
    tx: &ReadTx<'_>,
    home: TenantId,
    word: &Word,
    application: Uuid,
) -> Result<Result<(), OAuthError>> {
    if !word.is_enabled {
        return Ok(Err(OAuthError::DisabledUser));
    }
    if !word.is_allowed {
        return Ok(Err(OAuthError::BlockedByHome));
    }
    let subject = access::Subject {
        user: word.user_id,
        groups: &word.groups,
    };
    let channel = access::Channel::Collaboration;
    let trace = access::inbound_sign_in(tx, home, channel, &subject, named(application))?;
    Ok(if trace.allowed {
        Ok(())
    } else {
        Err(OAuthError::BlockedHere)
    })
}

/// How a sign-in at home counts here.
fn counted(tx: &ReadTx<'_>, home: TenantId, methods: &Methods) -> Result<Methods> {
    let trust = access::inbound_trust(tx, home)?;
    let counts = |method: &&String| trust.mfa || method.as_str() != "mfa";
    Ok(Methods(methods.0.iter().filter(counts).cloned().collect()))
}

/// A path of ours with parameters.
fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut location = path.to_owned();
    for (index, (name, value)) in parameters.iter().enumerate() {
        location.push(if index == 0 { '?' } else { '&' });
        encode(name, &mut location);
        location.push('=');
        encode(value, &mut location);
    }
    location
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
            let user = match directory::users::find(tx, &name) {
                Ok(user) => user,
                Err(Error::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
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
        let location = address(&format!("/{home}/b2b/signin"), &parameters);
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
    ) -> Result<Outcome> {
        let pass = Pass {
            resource: visit.resource,
            nonce: visit.nonce.clone(),
            user: ready.user.id,
            generation: ready.session.generation,
            methods: ready.session.methods.clone(),
            authenticated_at: ready.session.authenticated_at,
        };
        let actor = Actor::User {
            id: ready.user.id.uuid(),
            app_id: visit.application,
        };
        let island = self.store().island(home)?;
        let pass = island
            .write(actor, move |tx| {
                if session::is_stale(&ready.session, tx.now()) {
                    let policy = Policy::get(tx)?;
                    session::touch(tx, &ready.session, policy.sessions.lifetimes())?;
                }
                visit::issue(tx, &pass)
            })
            .await?;
        let from = home.to_string();
        let location = address(
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
                let organization = self.tenant_name(tenant).await?;
                let screen = Screen::Redeem { name, organization };
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
    ) -> Result<Result<(), OAuthError>> {
        let island = self.store().island(tenant)?;
        let home = island
            .read(move |tx| match found(tx, user)? {
                Some(user) => invitations::home_of(tx, &user),
                None => Ok(None),
            })
            .await?;
        let Some((home, user_id)) = home else {
            return Ok(Ok(()));
        };
        let body = MayBody {
            user_id,
            application,
        };
        let body = serde_json::to_string(&body).map_err(Error::internal)?;
        let answer = self.transport().ask(tenant, home, MAY, body).await?;
        let word: Option<Word> = serde_json::from_str(&answer).map_err(Error::internal)?;
        let Some(word) = word else {
            return Ok(Err(OAuthError::NotHere));
        };
        island
            .read(move |tx| admits(tx, home, &word, application))
            .await
    }
}

/// Somebody at the door.
struct Arrival {
    home: TenantId,
    word: Word,
    pass: String,
    application: Uuid,
    is_accepted: bool,
    /// Whether the home was asked for more than one factor.
    is_second: bool,
}

/// What becomes of them.
enum Entered {
    In(Proof),
    /// They have to go back and show another factor, which this tenant trusts their home with.
    NeedsMore(String),
    /// They have to say whether they want to: their name.
    Asks(String),
    Refused(OAuthError),
}

impl Arrival {
    fn enter(&self, tx: &mut Tx<'_>) -> Result<Entered> {
        let Self { home, word, .. } = self;
        let name = &word.user_principal_name;
        let Some(user) = invitations::visitor(tx, (*home, word.user_id), name)? else {
            return Ok(Entered::Refused(OAuthError::NotHere));
        };
        if !user.account_enabled {
            return Ok(Entered::Refused(OAuthError::DisabledUser));
        }
        if let Err(refusal) = admits(tx, *home, word, self.application)? {
            return Ok(Entered::Refused(refusal));
        }
        let proven = Proven::at_home(counted(tx, *home, &word.methods)?.0);
        if !self.is_second && !proven.is_multifactor() && access::inbound_trust(tx, *home)?.mfa {
            let standing = Standing::of(tx, &Policy::get(tx)?, &user)?;
            if standing.needs_multifactor {
                return Ok(Entered::NeedsMore(name.clone()));
            }
        }
        if invitations::is_pending(&user) {
            let redeems = word.redeems
                && access::consent_suppressed(tx, *home, access::Direction::Inbound)?.allowed;
            if !redeems && !self.is_accepted {
                return Ok(Entered::Asks(name.clone()));
            }
        }
        if !visit::arrive(tx, &self.pass)? {
            return Ok(Entered::Refused(OAuthError::PageExpired));
        }
        if invitations::is_pending(&user) {
            invitations::redeem(tx, user.id, (*home, word.user_id))?;
        }
        Ok(Entered::In(Proof {
            user: user.id,
            generation: generation(tx, user.id)?,
            proven,
            at: tx.now(),
            keep: false,
            enrolment: None,
        }))
    }
}
