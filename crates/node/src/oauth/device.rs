//! Signing in for a device: the code that it shows, what its client asks for, the decision.
//!
//! Source: RFC 8628 §3.3 and §5; Microsoft identity platform, "device authorization grant flow".

use audit::sign_ins::{self, Kind};
use directory::{tenant, users};
use identity::oauth::code::SignedIn;
use identity::oauth::device::{self, Waiting};
use identity::oauth::{DeviceRequest, OAuthError, Platform, Trail};
use identity::session::{self, Flow};
use serde_json::{Value, json};
use store::ReadTx;
use types::{Actor, Id, Result, TenantId, kind, parse_uuid};

use super::log::{self, Peer, Why};
use super::next::{self, Account, Need};
use super::sign_in::{Errand, Pending};
use super::{Browser, ConsentView, Outcome, Problem, Screen, Step, client, consent};
use crate::Node;
use crate::published::{Needs, Published};

/// What comes next for somebody who signs in for a device.
pub(super) fn next(
    tx: &ReadTx<'_>,
    published: &Published,
    flow: &Pending,
    account: Account,
) -> Result<Need> {
    let code = match &flow.errand {
        Errand::Device { code } => code.as_deref(),
        _ => None,
    };
    let ask = |problem| {
        let account = account.view();
        Need::Show(Box::new(Screen::DeviceCode { account, problem }))
    };
    let Some(code) = code else {
        return Ok(ask(None));
    };
    let Some(waiting) = device::find(tx, code)? else {
        return Ok(ask(Some(Problem::WrongUserCode)));
    };
    let client = match client::find(tx, published, waiting.client_id)? {
        Ok(client) => client,
        Err(refusal) => return Ok(Need::Refuse(refusal, None)),
    };
    if !next::may_enter(tx, &client, account.user())? {
        let refusal = OAuthError::NotAssigned {
            client: client.principal.display_name().to_owned(),
        };
        return Ok(Need::Refuse(refusal, Some(account.user().id)));
    }
    let wanted = match consent::resolve(tx, &client, &waiting.scope)? {
        Ok(wanted) => wanted,
        Err(refusal) => return Ok(Need::Refuse(refusal, None)),
    };
    let view = client.view(None);
    let screen = next::consent_screen(tx, &client, &wanted, &account, view.clone(), false)?;
    Ok(Need::Show(Box::new(match screen {
        Some(Screen::Consent(consent)) => Screen::Device(consent),
        Some(other) => other,
        // It was allowed before; but whether it is this device, only the person knows.
        None => Screen::Device(ConsentView {
            account: account.view(),
            client: view,
            scopes: Vec::new(),
            can_allow_all: false,
        }),
    })))
}

impl Node {
    /// Lets a device wait for somebody to sign in for it.
    pub async fn begin_device(
        &self,
        tenant: TenantId,
        request: DeviceRequest,
    ) -> Result<Result<Value, OAuthError>> {
        let public_url = self.public_url().clone();
        let published = match parse_uuid(&request.client_id) {
            Some(app_id) => {
                let needs = Needs::of(app_id, Some(&request.scope.resource));
                self.publications()
                    .look(tenant, request.proof.as_ref(), move |_| Ok(needs))
                    .await?
            }
            None => Published::default(),
        };
        let island = self.store().island(tenant)?;
        island
            .write(Actor::System, move |tx| {
                let Some(app_id) = parse_uuid(&request.client_id) else {
                    return Ok(Err(client::unknown(tx, &request.client_id)?));
                };
                let client = match client::find(tx, &published, app_id)? {
                    Ok(client) => client,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let platform = client.device_platform();
                if let Err(refusal) = client.authenticate(tx, platform, request.proof.as_ref())? {
                    return Ok(Err(refusal));
                }
                if let Err(refusal) = consent::resolve(tx, &client, &request.scope)? {
                    return Ok(Err(refusal));
                }
                let begun = match device::begin(tx, app_id, request.scope)? {
                    Ok(begun) => begun,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let domain = tenant::default_domain(tx)?;
                let uri = format!("{public_url}/{domain}/devicelogin");
                Ok(Ok(json!({
                    "user_code": begun.user_code,
                    "device_code": begun.device_code.expose(),
                    "verification_uri": uri,
                    "expires_in": device::DEVICE_SECONDS,
                    "interval": device::INTERVAL_SECONDS,
                    "message": format!(
                        "To sign in, use a web browser to open the page {uri} and enter the code \
                         {} to authenticate.",
                        begun.user_code
                    ),
                })))
            })
            .await
    }

    /// The page where codes of devices are entered.
    pub async fn device_page(
        &self,
        tenant: TenantId,
        name: Option<String>,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let now = self.store().clock().now();
        let mut flow = Flow::new(Errand::Device { code: None }, now);
        flow.name = name;
        self.go_on(tenant, flow, browser, trail).await
    }

    /// The code that somebody has entered.
    pub(super) async fn enter_device_code(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        entered: String,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        flow.errand = Errand::Device { code: None };
        let (asked, cookie) = (flow.clone(), browser.cookie.clone());
        let code = entered.clone();
        let published = self.published_of(tenant, &asked).await?;
        let island = self.store().island(tenant)?;
        let (account, is_there) = island
            .read(move |tx| {
                let accounts = next::accounts(tx, cookie.as_ref())?;
                let account = match next::advance(tx, &published, &asked, accounts)? {
                    Need::Show(screen) => match *screen {
                        Screen::DeviceCode { account, .. } => Some(account),
                        _ => None,
                    },
                    Need::Refuse(..) | Need::Go(_) => None,
                };
                let account = match account {
                    Some(view) => session::get(tx, view.session)?.map(|it| (view, it.user)),
                    None => None,
                };
                Ok((account, device::find(tx, &code)?.is_some()))
            })
            .await?;
        let Some((account, user)) = account else {
            return self.go_on(tenant, flow, browser, trail).await;
        };
        let sign_in = &self.0.sign_in;
        let problem = if !sign_in.may_try(tenant, user) {
            Problem::TooManyAttempts
        } else if !is_there {
            sign_in.note_attempt(tenant, user);
            Problem::WrongUserCode
        } else {
            flow.errand = Errand::Device {
                code: Some(entered),
            };
            return self.go_on(tenant, flow, browser, trail).await;
        };
        let screen = Screen::DeviceCode {
            account,
            problem: Some(problem),
        };
        self.page(tenant, &flow, screen, browser, Vec::new())
    }

    /// Takes the decision on a device.
    pub(super) async fn decide_device(
        &self,
        tenant: TenantId,
        flow: &Pending,
        code: String,
        accept: bool,
        for_all: bool,
        (browser, trail): (&Browser, &Trail),
    ) -> Result<Outcome> {
        let (asked, cookie) = (flow.clone(), browser.cookie.clone());
        let (errand, peer) = (flow.errand.clone(), Peer::of(browser, trail));
        let published = self.published_of(tenant, flow).await?;
        let known = published.clone();
        let island = self.store().island(tenant)?;
        let found = island
            .read(move |tx| {
                let accounts = next::accounts(tx, cookie.as_ref())?;
                let Need::Show(screen) = next::advance(tx, &known, &asked, accounts)? else {
                    return Ok(None);
                };
                let view = match *screen {
                    Screen::Device(view) => view,
                    // Who can't allow it can refuse it still.
                    Screen::Approval(view) if !accept => view,
                    _ => return Ok(None),
                };
                let session = session::get(tx, view.account.session)?;
                let waiting = device::find(tx, &code)?;
                Ok(session
                    .zip(waiting)
                    .map(|(session, waiting)| (view, session, waiting)))
            })
            .await?;
        let Some((view, session, waiting)) = found else {
            return Ok(Outcome::problem(OAuthError::WrongUserCode));
        };
        let by = SignedIn {
            user: session.user,
            // Not the browser's: signing out there leaves the device signed in.
            session: uuid::Builder::from_random_bytes(identity::random()?).into_uuid(),
            generation: session.generation,
            methods: session.methods,
            authenticated_at: session.authenticated_at.seconds(),
            home_name: None,
        };
        let for_all = for_all && view.can_allow_all;
        let actor = Actor::User {
            id: by.user.uuid(),
            app_id: waiting.client_id,
        };
        let was_waiting = island
            .write(actor, move |tx| {
                // While the device still waits, which tells what it is about.
                let mut sign_in = log::of_errand(tx, &errand, &peer, Kind::InteractiveUser)?;
                sign_in.is_browser = false;
                if accept {
                    consent_to(tx, &published, &waiting, by.user, for_all)?;
                }
                let was_waiting = device::decide(tx, &waiting, accept.then_some(&by))?;
                if !was_waiting {
                    return Ok(false);
                }
                if accept {
                    log::of_user(tx, &mut sign_in, &users::get(tx, by.user)?)?;
                    sign_in.methods.clone_from(&by.methods.0);
                    sign_in.session = Some(by.session);
                    sign_ins::record(tx, sign_in)?;
                } else {
                    let why = Why::from(&OAuthError::DeviceRefused);
                    log::refused(tx, sign_in, by.user, why, None)?;
                }
                Ok(true)
            })
            .await?;
        Ok(if was_waiting {
            Step::End(Screen::DeviceDone {
                client: view.client,
                is_allowed: accept,
            })
            .into()
        } else {
            Outcome::problem(OAuthError::ExpiredDeviceCode)
        })
    }
}

fn consent_to(
    tx: &mut store::Tx<'_>,
    published: &Published,
    waiting: &Waiting,
    user: Id<kind::User>,
    for_all: bool,
) -> Result<()> {
    let Ok(client) = client::find(tx, published, waiting.client_id)? else {
        return Ok(());
    };
    let Ok(wanted) = consent::resolve(tx, &client, &waiting.scope)? else {
        return Ok(());
    };
    let standing = consent::standing(tx, &client, &wanted, user)?;
    if standing.missing.is_empty() && !client.is_prospective() {
        return Ok(());
    }
    consent::allow(tx, client, &waiting.scope, (!for_all).then_some(user))
}

impl client::Client {
    /// Of which kind a client is that has no redirect URI: one that may sign people in without
    /// proving itself, or one that has to.
    pub(super) fn device_platform(&self) -> Platform {
        if self.application.is_fallback_public_client() || !self.redirect_uris().native.is_empty() {
            Platform::Native
        } else {
            Platform::Web
        }
    }
}
