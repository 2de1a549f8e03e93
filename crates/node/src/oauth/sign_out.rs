//! Signing out: the browser's sessions end, and the clients that know of them are told.
//!
//! A client that shows an ID token of the session, or names the account (`logout_hint`), may end it
//! without a question; else the person is asked, since any site can lead a browser here. Where it goes
//! on to is an address that the client has registered.
//!
//! Source: OpenID Connect RP-Initiated Logout 1.0, Front-Channel Logout 1.0 §3, Back-Channel Logout 1.0; Microsoft identity
//! platform, "Send a sign-out request".

use directory::applications::{self, Application};
use identity::Secret;
use identity::oauth::{Form, OAuthError, can_be_framed, encode, refresh};
use identity::session::{self, Flow};
use identity::token::{IdTokenHint, id_token_hint};
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::{Actor, Error, Result, TenantId, parse_uuid};
use uuid::Uuid;

use super::back_channel::Told;
use super::sign_in::{Errand, Pending};
use super::{Browser, Outcome, Screen, Step, client, next};
use crate::Node;

/// The longest address or `state`.
const VALUE_MAX: usize = 4_096;
/// Clients that are told in the browser, at most.
const FRAMES_MAX: usize = 50;

/// What a client says when it signs somebody out.
#[derive(Debug, Clone, Default)]
pub struct SignOutRequest {
    id_token_hint: Option<Secret>,
    client_id: Option<Uuid>,
    back: Option<String>,
    state: Option<String>,
    /// Whom it is about.
    logout_hint: Option<String>,
}

impl SignOutRequest {
    /// Reads a request.
    pub fn parse(form: &Form) -> Result<Self, OAuthError> {
        let text = |name: &'static str| match form.get(name) {
            Some(value) if value.len() > VALUE_MAX => {
                Err(OAuthError::Malformed("a parameter is too long"))
            }
            value => Ok(value.map(str::to_owned)),
        };
        Ok(Self {
            id_token_hint: form.get("id_token_hint").map(Secret::new),
            client_id: form.get("client_id").and_then(parse_uuid),
            back: text("post_logout_redirect_uri")?,
            state: text("state")?,
            logout_hint: text("logout_hint")?,
        })
    }
}

/// A sign-out that waits for the person's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SigningOut {
    #[serde(default)]
    pub(super) client_id: Option<Uuid>,
    #[serde(default)]
    pub(super) back: Option<String>,
    #[serde(default)]
    pub(super) state: Option<String>,
}

/// What is left to do once sessions have ended.
struct Ended {
    frames: Vec<String>,
    told: Vec<Told>,
    back: Option<String>,
    is_last: bool,
}

impl Node {
    /// A request to sign out.
    pub async fn sign_out(
        &self,
        tenant: TenantId,
        request: SignOutRequest,
        browser: Browser,
    ) -> Result<Outcome> {
        let now = self.store().clock().now();
        let hint = match &request.id_token_hint {
            None => None,
            Some(token) => match self.read_hint(tenant, token).await? {
                Some(hint) => Some(hint),
                None => return Ok(Outcome::problem(OAuthError::IdTokenHint)),
            },
        };
        if let Some(hint) = hint
            && request.client_id.is_some_and(|id| id != hint.app_id)
        {
            return Ok(Outcome::problem(OAuthError::IdTokenHint));
        }
        let out = SigningOut {
            client_id: request.client_id.or(hint.map(|hint| hint.app_id)),
            back: request.back,
            state: request.state,
        };
        let cookie = browser.cookie.clone();
        let island = self.store().island(tenant)?;
        let logout_hint = request.logout_hint;
        let (out, is_registered, accounts, named) = island
            .read(move |tx| {
                let accounts = next::accounts(tx, cookie.as_ref())?;
                let views = next::views(&accounts);
                let sessions: Vec<Uuid> = views.iter().map(|it| it.session).collect();
                let is_registered = may_go_back(tx, &out, &sessions)?;
                let is_named = |it: &&next::Account| {
                    let hint = logout_hint.as_deref();
                    hint.is_some_and(|hint| next::is_called(it.user(), hint))
                };
                let named = accounts.iter().find(is_named).map(|it| it.view().session);
                Ok((out, is_registered, views, named))
            })
            .await?;
        if !is_registered {
            return Ok(Outcome::problem(OAuthError::PostLogoutRedirectUri));
        }
        let known = hint.and_then(|hint| {
            let mut sessions = accounts.iter().map(|it| it.session);
            sessions.find(|session| *session == hint.session)
        });
        let known = known.or(named);
        if accounts.is_empty() || known.is_some() {
            return self
                .end_sessions(tenant, known.into_iter().collect(), out, browser)
                .await;
        }
        let flow = Flow::new(Errand::SignOut(Box::new(out)), now);
        self.page(
            tenant,
            &flow,
            Screen::SignOut { accounts },
            browser,
            Vec::new(),
        )
    }

    pub(super) async fn read_hint(
        &self,
        tenant: TenantId,
        token: &Secret,
    ) -> Result<Option<IdTokenHint>> {
        let now = self.store().clock().now();
        let keys = self.0.ring.get(tenant, now).await?;
        let keys = keys.ok_or_else(|| Error::not_found("tenant", tenant))?;
        Ok(id_token_hint(self.public_url(), tenant, &keys, token.expose(), now).ok())
    }

    /// The person's word: one of the accounts that are signed in, or all.
    pub(super) async fn sign_out_chosen(
        &self,
        tenant: TenantId,
        flow: Pending,
        chosen: Option<Uuid>,
        browser: Browser,
    ) -> Result<Outcome> {
        let Errand::SignOut(out) = flow.errand else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        let cookie = browser.cookie.clone();
        let island = self.store().island(tenant)?;
        let mut sessions: Vec<Uuid> = island
            .read(move |tx| {
                let accounts = next::accounts(tx, cookie.as_ref())?;
                let views = next::views(&accounts);
                Ok(views.iter().map(|it| it.session).collect())
            })
            .await?;
        sessions.retain(|session| chosen.is_none_or(|chosen| chosen == *session));
        self.end_sessions(tenant, sessions, *out, browser).await
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        sessions: Vec<Uuid>,
        out: SigningOut,
        browser: Browser,
    ) -> Result<Outcome> {
        let (public_url, cookie) = (self.public_url().clone(), browser.cookie.clone());
        let island = self.store().island(tenant)?;
        let ended = island
            .write(Actor::System, move |tx| {
                let issuer = public_url.issuer(tx.tenant());
                let (mut frames, mut told) = (Vec::new(), Vec::new());
                for session in &sessions {
                    end(tx, *session, &issuer, &mut frames, &mut told)?;
                }
                let is_last = next::accounts(tx, cookie.as_ref())?.is_empty();
                let back = out
                    .back
                    .as_ref()
                    .map(|uri| with_state(uri, out.state.as_deref()));
                Ok(Ended {
                    frames,
                    told,
                    back,
                    is_last,
                })
            })
            .await?;
        self.tell_clients(tenant, ended.told);
        let step = match (ended.back, ended.frames) {
            (Some(back), frames) if frames.is_empty() => Step::Moved(back),
            (back, frames) => Step::End(Screen::SignedOut { frames, back }),
        };
        let mut outcome = Outcome::from(step);
        if ended.is_last && browser.cookie.is_some() {
            let cookies = self.0.sign_in.cookies;
            outcome.cookies.push(cookies.drop_session(tenant));
        }
        Ok(outcome)
    }
}

/// Ends a session, and collects the clients that are to hear of it: addresses for the browser, and
/// servers.
pub(super) fn end(
    tx: &mut Tx<'_>,
    session: Uuid,
    issuer: &str,
    frames: &mut Vec<String>,
    told: &mut Vec<Told>,
) -> Result<()> {
    let user = session::get(tx, session)?.map(|session| session.user);
    for app_id in session::clients(tx, session)? {
        let application = applications::describe(tx, app_id)?;
        let server = application
            .as_ref()
            .and_then(Application::back_channel_logout_url);
        told.extend(server.zip(user).map(|(url, user)| Told {
            url,
            app_id,
            session,
            user,
        }));
        let url = application.and_then(|application| application.logout_url());
        if let Some(mut frame) = url.filter(|url| can_be_framed(url) && frames.len() < FRAMES_MAX) {
            // Front-Channel Logout §3: so that the client ends this session and no other.
            frame.push(if frame.contains('?') { '&' } else { '?' });
            frame.push_str("iss=");
            encode(issuer, &mut frame);
            frame.push_str("&sid=");
            frame.push_str(&session.to_string());
            frames.push(frame);
        }
    }
    refresh::revoke_browsers(tx, session)?;
    session::end(tx, session)
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let mut uri = uri.to_owned();
    if let Some(state) = state {
        uri.push(if uri.contains('?') { '&' } else { '?' });
        uri.push_str("state=");
        encode(state, &mut uri);
    }
    uri
}

/// Whether the address to go on to is registered: by the client that asks, or by one that knows of
/// the browser's sessions.
fn may_go_back(tx: &ReadTx<'_>, out: &SigningOut, sessions: &[Uuid]) -> Result<bool> {
    let Some(uri) = &out.back else {
        return Ok(true);
    };
    let mut clients = Vec::from_iter(out.client_id);
    if clients.is_empty() {
        for session in sessions {
            clients.extend(session::clients(tx, *session)?);
        }
    }
    for client in clients {
        if client::find(tx, client)?.is_ok_and(|client| client.redirect_uris().has(uri)) {
            return Ok(true);
        }
    }
    Ok(false)
}
