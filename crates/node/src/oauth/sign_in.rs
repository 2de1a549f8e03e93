//! A person's way from an errand to its end: what was entered on a page is taken, and the next one is
//! sent.
//!
//! Each page is decided anew from the errand and the browser's sessions, so that going back, a
//! second window or a restart of the server make no state that isn't foreseen.
//!
//! Source: OpenID Connect Core §3.1.2; Microsoft identity platform, "OAuth 2.0 authorization code
//! flow".

use credentials::{Kind, Policy};
use directory::invitations;
use directory::users::{self, User};
use identity::Secret;
use identity::oauth::{
    AuthorizationRequest, ClientRules, Form, OAuthError, ReturnAddress, ScopeRequest, Trail, device,
};
use identity::session::{self, Flow};
use identity::token::IdTokenHint;
use serde::{Deserialize, Serialize};
use store::ReadTx;
use types::{Actor, Error, Id, Result, TenantId};
use uuid::Uuid;

use super::log::{Peer, Unlogged};
use super::next::{
    Asking, Need, Ready, accounts, advance, advance_for, known_name, password_screen,
};
use super::proof::Proof;
use super::prove::Taken;
use super::visit::Verdict;
use super::{Browser, Outcome, Problem, Screen, Step, client, consent};
use crate::Node;
use crate::published::{Needs, Offer, Published};

/// Tenants in which a client is looked for that hasn't said which it is of.
const CLIENT_TENANTS_MAX: usize = 200;
/// The longest name that is looked at.
pub(super) const NAME_MAX: usize = 320;

/// What somebody signs in for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Errand {
    /// A client's authorization request.
    Authorize(Box<AuthorizationRequest>),
    /// A device, once its code is known.
    Device {
        /// What was entered.
        #[serde(default)]
        code: Option<String>,
    },
    /// Nothing: the person wants to sign out.
    SignOut(Box<super::sign_out::SigningOut>),
    /// A client's request for an administrator's consent.
    AdminConsent(Box<super::admin_consent::AdminConsent>),
    /// One's own account.
    Account(super::account::Own),
    /// Another tenant, where this one's people are visitors.
    Visit(Box<super::visit::Visit>),
    /// An invitation's link.
    Invitation(Box<super::invitation::Invited>),
}

pub(super) type Pending = Flow<Errand, Proof>;

/// What a person has entered on a page.
#[derive(Debug)]
pub enum Input {
    /// A name.
    Name(String),
    /// A password.
    Password {
        /// The password.
        password: Secret,
        /// Whether to stay signed in.
        keep: bool,
    },
    /// A temporary access pass.
    AccessPass(Secret),
    /// A passkey's answer, in JSON.
    Passkey {
        /// The answer.
        answer: String,
        /// Whether to stay signed in.
        keep: bool,
    },
    /// A code of an authenticator app, or a recovery code.
    Code(Kind, String),
    /// Another way than the one that was asked for, or what to register.
    Choose(Kind),
    /// The first code of an authenticator app.
    RegisterApp(String),
    /// A passkey that the browser has made, in JSON.
    RegisterPasskey(String),
    /// The recovery codes are written down.
    CodesKept,
    /// Another password, twice.
    NewPassword {
        /// Once.
        new: Secret,
        /// And again.
        again: Secret,
    },
    /// An account of those that are signed in; none for another one.
    Account(Option<Uuid>),
    /// Back to the accounts that are signed in.
    Accounts,
    /// Whether to allow what the client asks for.
    Consent {
        /// Whether.
        accept: bool,
        /// For everybody.
        for_all: bool,
    },
    /// The code that a device shows.
    DeviceCode(String),
    /// Which account to sign out; none for all.
    SignOut(Option<Uuid>),
    /// Something with one's own account.
    Own(super::account::OwnInput),
    /// Whether to come here as somebody of another tenant.
    Redeem {
        /// Whether.
        accept: bool,
    },
}

/// The domain of whom a client's request is for. Kinds of accounts are named there, too
/// (`organizations`, `consumers`); these say nothing here.
pub fn domain_hint(form: &Form) -> Option<&str> {
    let hint = form.get("domain_hint").map(str::trim);
    hint.filter(|hint| hint.contains('.'))
}

/// How far a client's request has come.
pub(super) enum Begun {
    /// It ends here, where the person reads why.
    Stopped(OAuthError),
    /// It ends at the client.
    Refused(ReturnAddress, OAuthError),
    /// The person goes on.
    Pending(Box<Pending>, Need),
}

fn begin(
    tx: &ReadTx<'_>,
    published: &Published,
    form: &Form,
    public_url: &identity::PublicUrl,
    cookie: Option<&Secret>,
    hint: Option<Hint>,
) -> Result<Begun> {
    let (addressed, client, platform) = match client::addressed(tx, published, form)? {
        Ok(found) => found,
        Err(error) => return Ok(Begun::Stopped(error)),
    };
    let rules = ClientRules {
        platform,
        allows_id_token: client.application.allows_id_tokens(),
    };
    let mut request = match AuthorizationRequest::parse(form, &addressed, rules, public_url) {
        Ok(request) => request,
        Err(refused) => {
            let (to, error) = *refused;
            return Ok(Begun::Refused(to, error));
        }
    };
    if let Some(hint) = hint {
        let Hint::Valid(hint) = hint.of(addressed.client_id) else {
            return Ok(Begun::Refused(request.to, OAuthError::IdTokenHint));
        };
        let Some(user) = whose(tx, &hint)? else {
            return Ok(Begun::Refused(request.to, OAuthError::LoginRequired));
        };
        request.login_hint = Some(known_name(&user));
        request.user = Some(user.id);
    }
    // Before anybody is asked for a password: what can't be given isn't worth one.
    let wanted = match consent::resolve(tx, &client, &request.scope)? {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Begun::Refused(request.to, error)),
    };
    let flow = Flow::new(Errand::Authorize(Box::new(request)), tx.now());
    let asking = Asking {
        client,
        wanted: Some(wanted),
    };
    let need = advance_for(tx, published, &flow, Some(asking), accounts(tx, cookie)?)?;
    Ok(Begun::Pending(Box::new(flow), need))
}

/// An ID token that a client has shown to say whom it means.
enum Hint {
    Valid(IdTokenHint),
    Invalid,
}

impl Hint {
    /// As it counts for a client: it has to be one of its own.
    fn of(self, client_id: Uuid) -> Self {
        match self {
            Self::Valid(hint) if hint.app_id == client_id => Self::Valid(hint),
            _ => Self::Invalid,
        }
    }
}

/// Whom a hint is about, as far as they are there: a client that wasn't told the object's id means
/// the user of the session.
pub(super) fn whose(tx: &ReadTx<'_>, hint: &IdTokenHint) -> Result<Option<User>> {
    let user = match hint.user {
        Some(user) => Some(Id::new(user)),
        None => session::get(tx, hint.session)?.map(|session| session.user),
    };
    match user {
        Some(user) => types::found(users::get(tx, user)),
        None => Ok(None),
    }
}

impl Node {
    /// A client's authorization request.
    pub async fn authorize(
        &self,
        tenant: TenantId,
        form: Form,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let island = self.store().island(tenant)?;
        self.make_ready(&island, &form).await?;
        let hint = match form.get("id_token_hint") {
            None => None,
            Some(token) => {
                let read = self.read_hint(tenant, &Secret::new(token)).await?;
                Some(read.map_or(Hint::Invalid, Hint::Valid))
            }
        };
        let (public_url, cookie) = (self.public_url().clone(), browser.cookie.clone());
        let domain = domain_hint(&form).map(str::to_owned);
        let published = self.published_named(tenant, &form).await?;
        let begun = island
            .read_few(move |tx| begin(tx, &published, &form, &public_url, cookie.as_ref(), hint))
            .await?;
        // Who is asked for a name and is said to be of another tenant gives it there.
        if let Begun::Pending(flow, Need::Show(screen)) = &begun
            && matches!(**screen, Screen::Name { .. })
            && let Some(domain) = domain
            && let Some(home) = self.store().look_for_domain(&domain).await?
            && home != tenant
        {
            return self.send_home(tenant, flow.as_ref().clone(), (home, None), browser);
        }
        self.begun(tenant, begun, browser, trail).await
    }

    /// Answers a client's request as far as it has come.
    pub(super) async fn begun(
        &self,
        tenant: TenantId,
        begun: Begun,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        match begun {
            Begun::Stopped(error) => Ok(Outcome::problem(error)),
            Begun::Refused(to, error) => {
                let answer = to.refuse(self.public_url(), tenant, &error, &trail);
                Ok(Step::Answer(answer).into())
            }
            Begun::Pending(flow, need) => self.proceed(tenant, *flow, need, browser, trail).await,
        }
    }

    /// The applications of other tenants that a client's request names.
    pub(super) async fn published_named(&self, tenant: TenantId, form: &Form) -> Result<Published> {
        let Some(app_id) = form.get("client_id").and_then(types::parse_uuid) else {
            return Ok(Published::default());
        };
        let scope = form.get("scope");
        let scope = scope.and_then(|text| ScopeRequest::parse(text, self.public_url()).ok());
        let needs = Needs::of(app_id, scope.as_ref().map(|scope| &scope.resource));
        self.publications().look_for(tenant, None, needs).await
    }

    /// The applications of other tenants that somebody signs in for.
    pub(super) async fn published_of(&self, tenant: TenantId, flow: &Pending) -> Result<Published> {
        let needs = match &flow.errand {
            Errand::Authorize(request) => {
                Needs::of(request.to.client_id, Some(&request.scope.resource))
            }
            Errand::AdminConsent(asked) => {
                let scope = asked.scope.as_ref();
                Needs::of(asked.to.client_id, scope.map(|scope| &scope.resource))
            }
            Errand::Device { code: Some(code) } => {
                let code = code.clone();
                let needs = move |tx: &ReadTx<'_>| {
                    Ok(
                        device::find(tx, &code)?.map_or_else(Needs::default, |waiting| {
                            Needs::of(waiting.client_id, Some(&waiting.scope.resource))
                        }),
                    )
                };
                return Box::pin(self.publications().look(tenant, None, needs)).await;
            }
            _ => return Ok(Published::default()),
        };
        Box::pin(self.publications().look_for(tenant, None, needs)).await
    }

    /// The tenants that have the client of a request, as far as that can be found: those that are named
    /// are looked at first, and [`CLIENT_TENANTS_MAX`] in all. Our own apps are everywhere, and what a
    /// tenant offers to others is wherever somebody is.
    pub async fn tenants_of_client(
        &self,
        form: &Form,
        first: &[TenantId],
    ) -> Result<Vec<TenantId>> {
        let Some(app_id) = form.get("client_id").and_then(types::parse_uuid) else {
            return Ok(Vec::new());
        };
        let all = self.store().tenants().into_iter().map(|it| it.tenant_id);
        let mut tenants = first.to_vec();
        tenants.extend(all.filter(|tenant| !first.contains(tenant)));
        if directory::first_party::FirstParty::find(app_id).is_some() {
            return Ok(tenants);
        }
        if let Some(home) = self.offering(app_id).await? {
            let mut tenants = first.to_vec();
            if !first.contains(&home) {
                tenants.push(home);
            }
            return Ok(tenants);
        }
        let known = &self.0.sign_in.client_tenants;
        if let Some(known) = known.get(&app_id) {
            return Ok(known.into_iter().collect());
        }
        let mut found = None;
        for tenant in tenants.into_iter().take(CLIENT_TENANTS_MAX) {
            // It may have gone meanwhile.
            let Ok(island) = self.store().island(tenant) else {
                continue;
            };
            let published = Published::default();
            let client = island.read_few(move |tx| client::find(tx, &published, app_id));
            let client = client.await?;
            if client.is_ok() {
                found = Some(tenant);
                break;
            }
        }
        known.insert(app_id, found);
        Ok(found.into_iter().collect())
    }

    /// The tenant that offers a client to others, if one does.
    async fn offering(&self, app_id: Uuid) -> Result<Option<TenantId>> {
        let Some(home) = self.store().look_for_application(app_id).await? else {
            return Ok(None);
        };
        let nobody = TenantId::nil();
        let offer = self.publications().is_offered(nobody, home, app_id, None);
        Ok((offer.await? != Offer::None).then_some(home))
    }

    /// Whether somebody of a tenant may come to the client of a request by an address that is for the
    /// people of all tenants: not to one that another tenant has for its own people only.
    pub async fn check_audience(&self, tenant: TenantId, form: &Form) -> Result<(), OAuthError> {
        let first = [tenant];
        let Ok(tenants) = self.tenants_of_client(form, &first).await else {
            return Err(OAuthError::Unavailable);
        };
        match form.get("client_id") {
            Some(client_id) if !tenants.is_empty() && !tenants.contains(&tenant) => {
                Err(OAuthError::SingleTenant {
                    client_id: client_id.to_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Tells a client why nobody can be signed in for it without a question, at its own address.
    pub async fn refuse_silently(
        &self,
        tenant: TenantId,
        form: Form,
        error: OAuthError,
        trail: Trail,
    ) -> Result<Outcome> {
        let island = self.store().island(tenant)?;
        self.make_ready(&island, &form).await?;
        let public_url = self.public_url().clone();
        let published = self.published_named(tenant, &form).await?;
        let begun = island.read(move |tx| {
            Ok(
                match begin(tx, &published, &form, &public_url, None, None)? {
                    Begun::Pending(flow, need) => match flow.errand {
                        Errand::Authorize(request) => Begun::Refused(request.to, error),
                        _ => Begun::Pending(flow, need),
                    },
                    begun => begun,
                },
            )
        });
        self.begun(tenant, begun.await?, Browser::default(), trail)
            .await
    }

    /// Makes the service principal of one of our own apps, if it is one that asks.
    async fn make_ready(&self, island: &store::Island, form: &Form) -> Result<()> {
        let app_id = form.get("client_id").and_then(types::parse_uuid);
        let Some(own) = app_id.and_then(directory::first_party::FirstParty::find) else {
            return Ok(());
        };
        let uris = own.redirect_uris(self.public_url().as_str());
        let known = uris.clone();
        if !island.read(move |tx| own.is_ready(tx, &known)).await? {
            island
                .write(Actor::System, move |tx| own.ensure(tx, &uris))
                .await?;
        }
        Ok(())
    }

    /// What was entered on a page.
    pub async fn enter(
        &self,
        tenant: TenantId,
        flow: &str,
        input: Input,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let now = self.store().clock().now();
        let opened = browser
            .binding
            .as_ref()
            .and_then(|binding| self.0.sign_in.flows.open(tenant, binding, flow, now));
        let Some(mut flow): Option<Pending> = opened else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        let mut input = Some(input);
        if flow.proof.is_none()
            && let Some(outcome) = self
                .enter_own(tenant, &flow, &mut input, &browser, &trail)
                .await?
        {
            return Ok(outcome);
        }
        let Some(input) = input else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        match input {
            // Of another errand.
            Input::Own(_) => return Ok(Outcome::problem(OAuthError::PageExpired)),
            Input::Name(name) => {
                let name = name.trim();
                if name.is_empty() || name.len() > NAME_MAX {
                    return self.show_name(tenant, flow, browser, None).await;
                }
                flow.name = Some(name.to_owned());
                flow.session = None;
            }
            Input::Account(Some(session)) => flow.session = Some(session),
            Input::Accounts => {
                flow.name = None;
                flow.session = None;
            }
            Input::Account(None) => {
                flow.name = None;
                flow.session = None;
                return self.show_name(tenant, flow, browser, None).await;
            }
            Input::Password { password, keep } => {
                let entered = (Kind::Password, password);
                return self
                    .enter_secret(tenant, flow, browser, trail, entered, keep)
                    .await;
            }
            Input::AccessPass(pass) => {
                let entered = (Kind::TemporaryAccessPass, pass);
                return self
                    .enter_secret(tenant, flow, browser, trail, entered, false)
                    .await;
            }
            Input::Passkey { answer, keep } => {
                let taken = self
                    .take_passkey(tenant, &mut flow, (&browser, &trail), &answer, keep)
                    .await?;
                return self
                    .taken(tenant, flow, browser, trail, Kind::Passkey, taken)
                    .await;
            }
            Input::Code(kind, code) => {
                let taken = self
                    .take_code(tenant, &mut flow, (&browser, &trail), kind, code)
                    .await?;
                return self.taken(tenant, flow, browser, trail, kind, taken).await;
            }
            Input::Choose(kind) => {
                if flow.proof.is_none() {
                    return self.ask_secret(tenant, flow, browser, kind, None).await;
                }
                return self
                    .go_on_proving(tenant, flow, browser, trail, Some(kind), None)
                    .await;
            }
            Input::RegisterApp(code) => {
                return self.register_app(tenant, flow, browser, trail, code).await;
            }
            Input::RegisterPasskey(answer) => {
                return self
                    .register_passkey(tenant, flow, browser, trail, answer)
                    .await;
            }
            Input::CodesKept => {
                return self
                    .go_on_proving(tenant, flow, browser, trail, None, None)
                    .await;
            }
            Input::NewPassword { new, again } => {
                return self
                    .take_new_password(tenant, flow, browser, trail, new, again)
                    .await;
            }
            Input::Consent { accept, for_all } => {
                if let Some(outcome) = self
                    .decide(tenant, &mut flow, accept, for_all, &browser, &trail)
                    .await?
                {
                    return Ok(outcome);
                }
            }
            Input::DeviceCode(entered) => {
                if matches!(flow.errand, Errand::Device { .. }) {
                    let entered = entered.chars().take(NAME_MAX).collect();
                    return self
                        .enter_device_code(tenant, flow, entered, browser, trail)
                        .await;
                }
            }
            Input::SignOut(chosen) => {
                return self.sign_out_chosen(tenant, flow, chosen, browser).await;
            }
            Input::Redeem { accept: true }
                if flow.away.is_none() && matches!(flow.errand, Errand::Invitation(_)) =>
            {
                return self.accept_invitation(tenant, flow, browser, trail).await;
            }
            Input::Redeem { accept: true } => {
                return self.let_in(tenant, flow, true, browser, trail).await;
            }
            Input::Redeem { accept: false } => {
                return Ok(self.refuse(tenant, &flow, OAuthError::ConsentDeclined, &trail));
            }
        }
        if matches!(flow.errand, Errand::SignOut(_)) {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        }
        self.go_on(tenant, flow, browser, trail).await
    }

    /// Takes a password or a temporary access pass.
    async fn enter_secret(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        browser: Browser,
        trail: Trail,
        entered: (Kind, Secret),
        keep: bool,
    ) -> Result<Outcome> {
        let kind = entered.0;
        let Some(name) = self.name_of(tenant, &flow, &browser).await? else {
            return self.show_name(tenant, flow, browser, None).await;
        };
        flow.proof = None;
        let taken = self
            .take_secret(tenant, &mut flow, (&browser, &trail), name, entered, keep)
            .await?;
        self.taken(tenant, flow, browser, trail, kind, taken).await
    }

    /// Goes on after something was taken, or says what was wrong with it.
    async fn taken(
        &self,
        tenant: TenantId,
        flow: Pending,
        browser: Browser,
        trail: Trail,
        kind: Kind,
        taken: Taken,
    ) -> Result<Outcome> {
        match taken {
            Taken::Refused(error) => {
                let back = back_of(&flow);
                Ok(Step::End(Screen::Error { error, back }).into())
            }
            Taken::Bad(problem) if flow.proof.is_none() => {
                self.ask_secret(tenant, flow, browser, kind, Some(problem))
                    .await
            }
            Taken::Bad(problem) => {
                self.go_on_proving(tenant, flow, browser, trail, Some(kind), Some(problem))
                    .await
            }
            Taken::Good => {
                self.go_on_proving(tenant, flow, browser, trail, None, None)
                    .await
            }
        }
    }

    /// Asks again for what says who it is.
    async fn ask_secret(
        &self,
        tenant: TenantId,
        flow: Pending,
        browser: Browser,
        kind: Kind,
        wrong: Option<Problem>,
    ) -> Result<Outcome> {
        let Some(name) = self.name_of(tenant, &flow, &browser).await? else {
            return self.show_name(tenant, flow, browser, wrong).await;
        };
        let client = self.client_view(tenant, &flow).await?;
        let policy = self.store().island(tenant)?.read(Policy::get).await?;
        let screen = if kind == Kind::TemporaryAccessPass && policy.access_passes.is_enabled {
            Screen::AccessPass {
                client,
                name,
                problem: wrong,
            }
        } else {
            let mut screen = password_screen(client, name, &policy);
            if let Screen::Password { problem, .. } = &mut screen {
                *problem = wrong;
            }
            screen
        };
        self.page(tenant, &flow, screen, browser, Vec::new())
    }

    /// What comes next, as the directory stands now.
    pub(super) async fn go_on(
        &self,
        tenant: TenantId,
        flow: Pending,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let island = self.store().island(tenant)?;
        let cookie = browser.cookie.clone();
        let published = self.published_of(tenant, &flow).await?;
        let (flow, need) = island
            .read(move |tx| {
                let accounts = accounts(tx, cookie.as_ref())?;
                let need = advance(tx, &published, &flow, accounts)?;
                Ok((flow, need))
            })
            .await?;
        self.proceed(tenant, flow, need, browser, trail).await
    }

    pub(super) async fn proceed(
        &self,
        tenant: TenantId,
        flow: Pending,
        need: Need,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        match need {
            Need::Show(screen) => {
                let mut flow = flow;
                if let Screen::Password { name, .. } = screen.as_ref()
                    && let Some(home) = self.home_of_name(tenant, name).await?
                {
                    // Who visits another tenant has been sent from there, and no farther.
                    return match flow.errand {
                        Errand::Visit(_) => Ok(Outcome::problem(OAuthError::NotHere)),
                        _ => self.send_home(tenant, flow, home, browser),
                    };
                }
                if let Screen::Consent(asked)
                | Screen::Device(asked)
                | Screen::AdminConsent(asked) = screen.as_ref()
                {
                    // Who decides is who was asked, whoever else signs in meanwhile.
                    flow.session = Some(asked.account.session);
                }
                self.page(tenant, &flow, *screen, browser, Vec::new())
            }
            Need::Refuse(error, user) => {
                let peer = Peer::of(&browser, &trail);
                self.log_refusal(tenant, &flow, peer, user, (&error, None))
                    .await?;
                Ok(self.refuse(tenant, &flow, error, &trail))
            }
            Need::Go(ready) => self.conclude(tenant, flow, *ready, &browser, &trail).await,
        }
    }

    /// The errand's end: nothing is in its way any more on this tenant's side.
    async fn conclude(
        &self,
        tenant: TenantId,
        flow: Pending,
        mut ready: Ready,
        browser: &Browser,
        trail: &Trail,
    ) -> Result<Outcome> {
        let peer = Peer::of(browser, trail);
        let unlogged = |ready: &Ready, decision| {
            Unlogged::of(&flow, Peer::of(browser, trail), &ready.session, decision)
        };
        match &flow.errand {
            Errand::Authorize(request) => {
                let (user, app_id) = (ready.user.id, request.to.client_id);
                let verdict = if invitations::is_own(&ready.user) {
                    Verdict::OWN
                } else {
                    self.may_visit(tenant, user, app_id).await?
                };
                if let Err(error) = verdict.outcome {
                    let why = (&error, verdict.decision);
                    self.log_refusal(tenant, &flow, peer, Some(user), why)
                        .await?;
                    return Ok(self.refuse(tenant, &flow, error, trail));
                }
                let unlogged = unlogged(&ready, verdict.decision);
                ready.home_name = verdict.name;
                self.finish(tenant, request.as_ref().clone(), ready, unlogged)
                    .await
            }
            Errand::Visit(visit) => {
                let unlogged = unlogged(&ready, None);
                self.send_visitor(tenant, visit.as_ref().clone(), ready, unlogged)
                    .await
            }
            Errand::Invitation(invited) => {
                let unlogged = unlogged(&ready, None);
                self.go_where_invited(tenant, invited.as_ref().clone(), ready, unlogged)
                    .await
            }
            Errand::Account(_) => {
                self.show_own(tenant, flow, ready, browser.clone(), (None, false))
                    .await
            }
            // These end with pages of their own.
            Errand::Device { .. } | Errand::SignOut(_) | Errand::AdminConsent(_) => {
                Err(Error::internal("this errand has no answer"))
            }
        }
    }

    /// An error, for the client where there is one that can do something with it.
    pub(super) fn refuse(
        &self,
        tenant: TenantId,
        flow: &Pending,
        error: OAuthError,
        trail: &Trail,
    ) -> Outcome {
        match &flow.errand {
            // A person has to read why they can't get in, unless nobody may be asked.
            Errand::Authorize(request) if request.prompt.none || !error.is_for_the_person() => {
                let answer = request.to.refuse(self.public_url(), tenant, &error, trail);
                Step::Answer(answer).into()
            }
            Errand::AdminConsent(asked) if !error.is_for_the_person() => {
                let answer = asked.to.refuse(self.public_url(), tenant, &error, trail);
                Step::Answer(answer).into()
            }
            _ => {
                let back = back_of(flow);
                Step::End(Screen::Error { error, back }).into()
            }
        }
    }
}

/// The client that somebody signs in for.
pub(super) fn app_of(flow: &Pending) -> Uuid {
    match &flow.errand {
        Errand::Authorize(request) => request.to.client_id,
        Errand::AdminConsent(asked) => asked.to.client_id,
        Errand::Visit(visit) => visit.application(),
        Errand::Account(_) => super::account::APP_ID,
        Errand::Device { .. } | Errand::SignOut(_) | Errand::Invitation(_) => Uuid::nil(),
    }
}

/// The client's site, as a way back from a page that ends here.
pub(super) fn back_of(flow: &Pending) -> Option<String> {
    let Errand::Authorize(request) = &flow.errand else {
        return None;
    };
    let uri = &request.to.redirect_uri;
    let origin = identity::oauth::origin_of(uri)?;
    uri.starts_with("http").then(|| format!("{origin}/"))
}
