//! Sending a page: what it carries, sealed for the browser, and what it has to know of the client and of
//! who it is about.

use credentials::Policy;
use identity::Secret;
use identity::session;
use types::{Result, TenantId};

use super::next::{Need, accounts, advance};
use super::sign_in::{Errand, Pending};
use super::{
    AccountView, Browser, ClientView, Outcome, PasskeyView, Problem, Screen, Step, client,
};
use crate::Node;

/// Tenants of a browser's sessions that are looked at.
const TENANTS_MAX: usize = 20;

impl Node {
    pub(super) async fn show_name(
        &self,
        tenant: TenantId,
        flow: Pending,
        browser: Browser,
        problem: Option<Problem>,
    ) -> Result<Outcome> {
        let policy = self.store().island(tenant)?.read(Policy::get).await?;
        let screen = Screen::Name {
            client: self.client_view(tenant, &flow).await?,
            name: flow.name.clone(),
            has_accounts: browser.cookie.is_some(),
            problem,
            passkey: policy.passkeys.is_enabled.then(PasskeyView::default),
        };
        self.page(tenant, &flow, screen, browser, Vec::new())
    }

    /// A page whose form carries the flow, sealed for this browser.
    pub(super) fn page(
        &self,
        tenant: TenantId,
        flow: &Pending,
        mut screen: Screen,
        browser: Browser,
        mut cookies: Vec<session::SetCookie>,
    ) -> Result<Outcome> {
        let sign_in = &self.0.sign_in;
        let binding = bound(sign_in, browser, &mut cookies)?;
        let mut flow = flow.clone();
        flow.challenge = None;
        if let Some(passkey) = screen.passkey_mut()
            && passkey.is_some()
        {
            let now = self.store().clock().now();
            let request = match self.relying_party() {
                Some(rp) => Some(rp.begin_sign_in(tenant, &binding, now)?),
                None => None,
            };
            *passkey = request.map(|request| {
                flow.challenge = Some(request.state);
                PasskeyView {
                    options: request.options.to_string(),
                }
            });
        }
        let text = sign_in.flows.seal(tenant, &binding, &flow)?;
        let ui_locales = match &flow.errand {
            Errand::Authorize(request) => request.ui_locales.clone(),
            Errand::SignOut(out) => out.ui_locales.clone(),
            _ => None,
        };
        let redirect_uri = match &flow.errand {
            Errand::Authorize(request) => Some(request.to.redirect_uri.clone()),
            Errand::AdminConsent(asked) => Some(asked.to.redirect_uri.clone()),
            Errand::Visit(visit) => visit.client().redirect_uri,
            Errand::Invitation(invited) => Some(invited.redirect_uri().to_owned()),
            Errand::Device { .. } | Errand::SignOut(_) | Errand::Account(_) => None,
        };
        Ok(Outcome {
            step: Step::Page {
                screen,
                flow: text,
                redirect_uri,
            },
            cookies,
            ui_locales,
        })
    }

    /// The flow sealed for this browser, which is given what binds it if it has nothing yet.
    pub(super) fn seal(
        &self,
        tenant: TenantId,
        flow: &Pending,
        browser: Browser,
        cookies: &mut Vec<session::SetCookie>,
    ) -> Result<String> {
        let sign_in = &self.0.sign_in;
        let binding = bound(sign_in, browser, cookies)?;
        sign_in.flows.seal(tenant, &binding, flow)
    }

    /// Whose password is asked for: the name that was entered or hinted at, or that of the account
    /// that has to sign in again.
    pub(super) async fn name_of(
        &self,
        tenant: TenantId,
        flow: &Pending,
        browser: &Browser,
    ) -> Result<Option<String>> {
        let published = self.published_of(tenant, flow).await?;
        let (flow, cookie) = (flow.clone(), browser.cookie.clone());
        let island = self.store().island(tenant)?;
        let need = island
            .read(move |tx| {
                let accounts = accounts(tx, cookie.as_ref())?;
                advance(tx, &published, &flow, accounts)
            })
            .await?;
        Ok(match need {
            Need::Show(screen) => match *screen {
                Screen::Password { name, .. } => Some(name),
                _ => None,
            },
            Need::Refuse(..) | Need::Go(_) => None,
        })
    }

    /// The accounts that a browser is signed in with, by its session at each tenant: those that are at home
    /// there, since who visits signs in elsewhere.
    pub async fn accounts_at_home(
        &self,
        sessions: Vec<(TenantId, Secret)>,
    ) -> Result<Vec<(TenantId, AccountView)>> {
        let mut views = Vec::new();
        for (tenant, cookie) in sessions.into_iter().take(TENANTS_MAX) {
            // A cookie may be of a tenant that isn't here any more.
            let Ok(island) = self.store().island(tenant) else {
                continue;
            };
            let known = island.read(move |tx| accounts(tx, Some(&cookie))).await?;
            let own = known.iter().filter(|it| !it.user().is_external());
            views.extend(own.map(|account| (tenant, account.view())));
        }
        Ok(views)
    }

    pub(super) async fn client_view(
        &self,
        tenant: TenantId,
        flow: &Pending,
    ) -> Result<Option<ClientView>> {
        let to = match &flow.errand {
            Errand::Authorize(request) => &request.to,
            Errand::AdminConsent(asked) => &asked.to,
            Errand::Visit(visit) => return Ok(Some(visit.client())),
            Errand::Device { .. }
            | Errand::SignOut(_)
            | Errand::Account(_)
            | Errand::Invitation(_) => return Ok(None),
        };
        let (client_id, to) = (to.client_id, to.redirect_uri.clone());
        let published = self.published_of(tenant, flow).await?;
        let island = self.store().island(tenant)?;
        let found = island
            .read(move |tx| client::find(tx, &published, client_id))
            .await?;
        Ok(found.ok().map(|client| client.view(Some(&to))))
    }
}

/// What binds pages to the browser; it is given one if it has none yet.
fn bound(
    sign_in: &super::SignIn,
    browser: Browser,
    cookies: &mut Vec<session::SetCookie>,
) -> Result<Secret> {
    if let Some(binding) = browser.binding {
        return Ok(binding);
    }
    let binding = session::new_binding()?;
    cookies.push(sign_in.cookies.set_browser(&binding));
    Ok(binding)
}
