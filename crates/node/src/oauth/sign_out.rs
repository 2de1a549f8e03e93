//! Signing out: the browser's sessions end, and the clients that know of them are told.
//!
//! A client that shows an ID token of the session, or names the account (`logout_hint`), may end it
//! without a question; else the person is asked, since any site can lead a browser here. Where it goes
//! on to is an address that the client has registered.
//!
//! Source: OpenID Connect RP-Initiated Logout 1.0, Front-Channel Logout 1.0 §3, Back-Channel Logout 1.0; Microsoft identity
//! platform, "Send a sign-out request".

use directory::applications;
use directory::invitations;
use directory::users::{self, User};
use identity::Secret;
use identity::oauth::{Form, OAuthError, can_be_framed, encode, refresh};
use identity::session::{self, Flow, SetCookie};
use identity::token::{IdTokenHint, id_token_hint};
use identity::visit::live;
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::{Actor, Error, Id, Result, TenantId, kind, parse_uuid};
use uuid::Uuid;

use super::back_channel::{ToTell, Told};
use super::sign_in::{Errand, Pending, whose};
use super::{AccountView, Browser, Outcome, Screen, SignedOutOf, Step, client, next};
use crate::Node;
use crate::published::{Needs, Published};

/// The longest address or `state`.
const VALUE_MAX: usize = 4_096;
/// Clients that are told in the browser, at most.
const FRAMES_MAX: usize = 50;
/// Other tenants whose sessions of the browser are looked at, those at home first.
const TENANTS_MAX: usize = 50;

/// What a client says when it signs somebody out.
#[derive(Debug, Clone, Default)]
pub struct SignOutRequest {
    id_token_hint: Option<Secret>,
    client_id: Option<Uuid>,
    back: Option<String>,
    state: Option<String>,
    /// Whom it is about.
    logout_hint: Option<String>,
    ui_locales: Option<String>,
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
            ui_locales: text("ui_locales")?,
        })
    }
}

/// A sign-out that waits for the person's word.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SigningOut {
    #[serde(default)]
    pub(super) client_id: Option<Uuid>,
    #[serde(default)]
    pub(super) back: Option<String>,
    #[serde(default)]
    pub(super) state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ui_locales: Option<String>,
}

/// Somebody as their home knows them: the tenant, and the user there.
type Person = (TenantId, Id<kind::User>);

/// What has ended, and what is left to do about it.
#[derive(Default)]
struct Ended {
    frames: Vec<String>,
    of: Vec<SignedOutOf>,
    cookies: Vec<SetCookie>,
}

/// What a request to sign out finds.
struct Found {
    out: SigningOut,
    is_registered: bool,
    accounts: Vec<AccountView>,
    /// The session of the account that was named.
    named: Option<Uuid>,
    /// Whom the ID token is about, if it is somebody still.
    hinted: Option<Person>,
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
            ui_locales: request.ui_locales,
        };
        let cookie = browser.cookie.clone();
        let island = self.store().island(tenant)?;
        let logout_hint = request.logout_hint;
        let (client_id, known_by) = (out.client_id, cookie.clone());
        let needs = move |tx: &ReadTx<'_>| {
            let accounts = next::accounts(tx, known_by.as_ref())?;
            let sessions = next::views(&accounts).into_iter().map(|it| it.session);
            let mut needs = clients_of(tx, sessions)?;
            needs.clients.extend(client_id);
            Ok(needs)
        };
        let published = self.publications().look(tenant, None, needs).await?;
        let found = island
            .read(move |tx| {
                let accounts = next::accounts(tx, cookie.as_ref())?;
                let views = next::views(&accounts);
                let sessions: Vec<Uuid> = views.iter().map(|it| it.session).collect();
                let is_registered = may_go_back(tx, &published, &out, &sessions)?;
                let is_named = |it: &&next::Account| {
                    let hint = logout_hint.as_deref();
                    hint.is_some_and(|hint| next::is_called(it.user(), hint))
                };
                let named = accounts.iter().find(is_named).map(|it| it.view().session);
                let hinted = hint.as_ref().map(|hint| whose(tx, hint)).transpose()?;
                let hinted = hinted.flatten().map(|user| person(tx, &user));
                Ok(Found {
                    out,
                    is_registered,
                    accounts: views,
                    named,
                    hinted: hinted.transpose()?,
                })
            })
            .await?;
        if !found.is_registered {
            return Ok(Outcome::problem(OAuthError::PostLogoutRedirectUri));
        }
        let Found { out, accounts, .. } = found;
        let known = hint.and_then(|hint| {
            let mut sessions = accounts.iter().map(|it| it.session);
            sessions.find(|session| *session == hint.session)
        });
        let known = known.or(found.named);
        if accounts.is_empty() || known.is_some() {
            // Whose session is over here may have one at home still.
            let hinted = found.hinted.filter(|_| accounts.is_empty());
            let sessions = known.into_iter().collect();
            return self
                .end_sessions(tenant, (sessions, hinted), out, &browser)
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
        self.end_sessions(tenant, (sessions, None), *out, &browser)
            .await
    }

    /// Ends sessions of the browser here, and those of the same people elsewhere; `also`: of somebody who
    /// has none here.
    pub(super) async fn end_sessions(
        &self,
        tenant: TenantId,
        (sessions, also): (Vec<Uuid>, Option<Person>),
        out: SigningOut,
        browser: &Browser,
    ) -> Result<Outcome> {
        let asked = sessions.clone();
        let island = self.store().island(tenant)?;
        let mut people = island.read(move |tx| people(tx, &asked)).await?;
        people.extend(also);
        // Elsewhere first: if that fails, the session here is there still, and with it the way to try
        // again.
        let mut ended = self.end_elsewhere(people, browser).await?;
        self.end_at(tenant, browser.cookie.clone(), sessions, &mut ended)
            .await?;
        let back = out.back.as_ref();
        let back = back.map(|uri| with_state(uri, out.state.as_deref()));
        let step = match (back, ended.frames) {
            (Some(back), frames) if frames.is_empty() => Step::Moved(back),
            (back, frames) => Step::End(Screen::SignedOut {
                of: ended.of,
                frames,
                back,
            }),
        };
        let mut outcome = Outcome::from(step);
        outcome.cookies = ended.cookies;
        outcome.ui_locales = out.ui_locales;
        Ok(outcome)
    }

    /// Ends what the browser has of these people at other tenants.
    async fn end_elsewhere(&self, people: Vec<Person>, browser: &Browser) -> Result<Ended> {
        let mut ended = Ended::default();
        if people.is_empty() {
            return Ok(ended);
        }
        let mut elsewhere = browser.elsewhere.clone();
        elsewhere.sort_by_key(|(tenant, _)| !people.iter().any(|(home, _)| home == tenant));
        for (tenant, cookie) in elsewhere.into_iter().take(TENANTS_MAX) {
            // A cookie may be of a tenant that isn't here any more.
            let Ok(island) = self.store().island(tenant) else {
                continue;
            };
            let (asked, shown) = (people.clone(), cookie.clone());
            let sessions = island
                .read(move |tx| {
                    let mut sessions = Vec::new();
                    for account in next::accounts(tx, Some(&shown))? {
                        if asked.contains(&person(tx, account.user())?) {
                            sessions.push(account.view().session);
                        }
                    }
                    Ok(sessions)
                })
                .await?;
            if !sessions.is_empty() {
                self.end_at(tenant, Some(cookie), sessions, &mut ended)
                    .await?;
            }
        }
        Ok(ended)
    }

    /// Ends sessions of the browser at one tenant, and tells its clients.
    async fn end_at(
        &self,
        tenant: TenantId,
        cookie: Option<Secret>,
        sessions: Vec<Uuid>,
        ended: &mut Ended,
    ) -> Result<()> {
        let issuer = self.public_url().issuer(tenant);
        let had_cookie = cookie.is_some();
        let mut frames = std::mem::take(&mut ended.frames);
        let ending = sessions.clone();
        let needs = move |tx: &ReadTx<'_>| clients_of(tx, ending);
        let published = self.publications().look(tenant, None, needs).await?;
        let island = self.store().island(tenant)?;
        let (frames, told, of, is_last) = island
            .write(Actor::System, move |tx| {
                let (mut told, mut names) = (Vec::new(), Vec::new());
                for session in &sessions {
                    let user = session::get(tx, *session)?.map(|session| session.user);
                    let user = user.map(|user| types::found(users::get(tx, user)));
                    let user = user.transpose()?.flatten();
                    names.extend(user.as_ref().map(next::known_name));
                    let to = (&mut frames, &mut told);
                    end(tx, &published, *session, &issuer, to)?;
                }
                let of = SignedOutOf {
                    tenant: directory::tenant::get(tx)?.display_name().to_owned(),
                    names,
                };
                let is_last = next::accounts(tx, cookie.as_ref())?.is_empty();
                Ok((frames, told, of, is_last))
            })
            .await?;
        self.tell_clients(tenant, told);
        ended.frames = frames;
        if !of.names.is_empty() {
            ended.of.push(of);
        }
        if is_last && had_cookie {
            let cookies = self.0.sign_in.cookies;
            ended.cookies.push(cookies.drop_session(tenant));
        }
        Ok(())
    }
}

/// Who somebody is, wherever they have come to.
fn person(tx: &ReadTx<'_>, user: &User) -> Result<Person> {
    let home = invitations::home_of(tx, user)?;
    Ok(home.unwrap_or((tx.tenant(), user.id)))
}

/// Whose sessions these are.
fn people(tx: &ReadTx<'_>, sessions: &[Uuid]) -> Result<Vec<Person>> {
    let mut people = Vec::new();
    for session in sessions {
        if let Some(session) = session::get(tx, *session)?
            && let Some(user) = types::found(users::get(tx, session.user))?
        {
            people.push(person(tx, &user)?);
        }
    }
    Ok(people)
}

impl Node {
    /// The applications of other tenants that know of people's sessions.
    pub async fn published_to(
        &self,
        tenant: TenantId,
        users: Vec<Id<kind::User>>,
    ) -> Result<Published> {
        let needs = move |tx: &ReadTx<'_>| {
            let mut sessions = Vec::new();
            for user in users {
                sessions.extend(session::of_user(tx, user)?);
            }
            clients_of(tx, sessions.into_iter().map(|session| session.id))
        };
        self.publications().look(tenant, None, needs).await
    }
}

/// The clients that know of sessions.
fn clients_of(tx: &ReadTx<'_>, sessions: impl IntoIterator<Item = Uuid>) -> Result<Needs> {
    let mut needs = Needs::default();
    for session in sessions {
        needs.clients.extend(session::clients(tx, session)?);
    }
    needs.clients.sort_unstable();
    needs.clients.dedup();
    Ok(needs)
}

/// Ends a session, and collects the clients that are to hear of it: addresses for the browser, and
/// servers.
fn end(
    tx: &mut Tx<'_>,
    published: &Published,
    session: Uuid,
    issuer: &str,
    (frames, told): (&mut Vec<String>, &mut Vec<Told>),
) -> Result<()> {
    let user = session::get(tx, session)?.map(|session| session.user);
    for app_id in session::clients(tx, session)? {
        let application = match published.get(app_id) {
            Some(definition) => Some(definition.elsewhere.application.clone()),
            None => applications::describe(tx, app_id)?,
        };
        let server = application
            .as_ref()
            .and_then(|application| application.back_channel_logout_url());
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
    if let Some(user) = user {
        refresh::revoke_browsers(tx, user, session)?;
        // What came from it elsewhere ends, too; who watches over it there is told by the change.
        if !live::visited(tx, user, 1)?.is_empty() {
            session::note_end(tx, session)?;
        }
    }
    session::end(tx, session)
}

/// Ends sessions that no page of this browser shows the end of; answers whom to tell.
pub(super) fn end_unseen(
    tx: &mut Tx<'_>,
    published: &Published,
    sessions: impl IntoIterator<Item = Uuid>,
    issuer: &str,
) -> Result<Vec<Told>> {
    let (mut frames, mut told) = (Vec::new(), Vec::new());
    for session in sessions {
        end(tx, published, session, issuer, (&mut frames, &mut told))?;
    }
    Ok(told)
}

/// Ends all sessions of somebody, at whichever browsers.
pub fn end_sessions_of(
    tx: &mut Tx<'_>,
    published: &Published,
    user: Id<kind::User>,
    issuer: &str,
) -> Result<ToTell> {
    let sessions = session::of_user(tx, user)?;
    let sessions = sessions.into_iter().map(|session| session.id);
    end_unseen(tx, published, sessions, issuer).map(ToTell)
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
fn may_go_back(
    tx: &ReadTx<'_>,
    published: &Published,
    out: &SigningOut,
    sessions: &[Uuid],
) -> Result<bool> {
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
        if client::find(tx, published, client)?.is_ok_and(|client| client.redirect_uris().has(uri))
        {
            return Ok(true);
        }
    }
    Ok(false)
}
