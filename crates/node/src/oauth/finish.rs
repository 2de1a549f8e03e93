//! The end of a client's errand: the consent that was given, the code, the answer.

use directory::invitations;
use identity::oauth::code::{CodeGrant, SignedIn};
use identity::oauth::{AuthorizationRequest, OAuthError, Trail};
use identity::session;
use types::{Actor, Result, TenantId};

use super::log::{Peer, Unlogged};
use super::next::{self, Need, Ready};
use super::sign_in::{self, Errand, Pending};
use super::{Browser, Outcome, Screen, Step, client, consent, issue};
use crate::Node;

pub(super) fn signed_in(ready: &Ready) -> SignedIn {
    SignedIn {
        user: ready.user.id,
        session: ready.session.id,
        generation: ready.session.generation,
        methods: ready.session.methods.clone(),
        authenticated_at: ready.session.authenticated_at.seconds(),
        home_name: ready.home_name.clone(),
    }
}

impl Node {
    /// Answers a client's request: nothing is in its way any more. A code says itself what it stands
    /// for, and what its redemption has to write down; so mostly nothing is written here.
    pub(super) async fn finish(
        &self,
        tenant: TenantId,
        request: AuthorizationRequest,
        ready: Ready,
        unlogged: Option<Unlogged>,
    ) -> Result<Outcome> {
        let by = signed_in(&ready);
        let response = request.response_type;
        // With an ID token the client has learned of the person right now.
        let is_by_code = !response.has_id_token();
        let by_code = unlogged.as_ref().filter(|_| is_by_code);
        let by_code = by_code.and_then(Unlogged::by_code);
        let unlogged = unlogged.filter(|_| by_code.is_none());
        let now = self.store().clock().now();
        let is_stale = session::is_stale(&ready.session, now);
        let home = match (request.client_info, invitations::is_own(&ready.user)) {
            (true, false) => {
                let user = ready.user.clone();
                let island = self.store().island(tenant)?;
                island
                    .read_few(move |tx| invitations::home_of(tx, &user))
                    .await?
            }
            _ => None,
        };
        if !is_by_code || is_stale || unlogged.is_some() {
            self.note_use(tenant, &request, ready, unlogged, is_by_code)
                .await?;
        }
        let grant = response.has_code().then(|| CodeGrant {
            client_id: request.to.client_id,
            platform: request.to.platform,
            redirect_uri: request.to.redirect_uri.clone(),
            code_challenge: request.code_challenge.clone(),
            nonce: request.nonce.clone(),
            scope: request.scope.clone(),
            by: by.clone(),
            claims: request.claims.clone(),
            unlogged: by_code,
        });
        let codes = &self.0.sign_in.codes;
        let code = grant.map(|grant| codes.issue(tenant, now, &grant));
        let code = code.transpose()?;
        let mut parameters = Vec::new();
        if let Some(code) = &code {
            parameters.push(("code", code.expose().to_owned()));
        }
        if response.has_id_token() {
            let id_token = self
                .front_channel_id_token(tenant, &request, &by, code.as_ref())
                .await?;
            parameters.push(("id_token", id_token.expose().to_owned()));
        }
        if request.client_info {
            let (tenant, user) = home.unwrap_or((tenant, by.user));
            parameters.push(("client_info", issue::client_info(tenant, user)));
        }
        parameters.push(("session_state", by.session.to_string()));
        let answer = request.to.answer(self.public_url(), tenant, parameters);
        Ok(Step::Answer(answer).into())
    }

    /// Writes down that a session was used for a client, where no code does that later.
    async fn note_use(
        &self,
        tenant: TenantId,
        request: &AuthorizationRequest,
        ready: Ready,
        unlogged: Option<Unlogged>,
        is_by_code: bool,
    ) -> Result<()> {
        let app_id = request.to.client_id;
        let actor = Actor::User {
            id: ready.user.id.uuid(),
            app_id,
        };
        let errand = Errand::Authorize(Box::new(request.clone()));
        let island = self.store().island(tenant)?;
        island
            .write_repeatable(actor, move |tx| {
                if !is_by_code {
                    session::note_client(tx, ready.session.id, app_id)?;
                }
                ready.note_use(tx, &errand, unlogged.as_ref())
            })
            .await
    }

    /// Takes a person's decision on what a client asks for; an outcome if that ends the errand.
    pub(super) async fn decide(
        &self,
        tenant: TenantId,
        flow: &mut Pending,
        accept: bool,
        for_all: bool,
        browser: &Browser,
        trail: &Trail,
    ) -> Result<Option<Outcome>> {
        let request = match &flow.errand {
            Errand::Authorize(request) => request.clone(),
            Errand::Device { code } => {
                let code = code.clone().unwrap_or_default();
                return self
                    .decide_device(tenant, flow, code, accept, for_all, (browser, trail))
                    .await
                    .map(Some);
            }
            Errand::AdminConsent(asked) => {
                let asked = asked.as_ref().clone();
                return self
                    .decide_for_all(tenant, flow, asked, accept, (browser, trail))
                    .await;
            }
            Errand::SignOut(_) | Errand::Visit(_) | Errand::Account(_) | Errand::Invitation(_) => {
                return Ok(None);
            }
        };
        let (asked, cookie) = (flow.clone(), browser.cookie.clone());
        let app_id = sign_in::app_of(flow);
        let published = self.published_of(tenant, flow).await?;
        let island = self.store().island(tenant)?;
        // Who decides is who was asked: the account that the errand is about now.
        let screen = island
            .read({
                let (cookie, known) = (cookie.clone(), published.clone());
                move |tx| next::advance(tx, &known, &asked, next::accounts(tx, cookie.as_ref())?)
            })
            .await?;
        if !accept {
            // Who couldn't have allowed it has declined nothing.
            let error = match &screen {
                Need::Show(screen) if matches!(**screen, Screen::Approval(_)) => {
                    OAuthError::ApprovalNeeded
                }
                _ => OAuthError::ConsentDeclined,
            };
            let peer = Peer::of(browser, trail);
            self.log_refusal(tenant, flow, peer, None, (&error, None))
                .await?;
            return Ok(Some(self.refuse(tenant, flow, error, trail)));
        }
        let Need::Show(screen) = screen else {
            return Ok(None);
        };
        let Screen::Consent(asked) = *screen else {
            return Ok(None);
        };
        let for_all = for_all && asked.can_allow_all;
        let session = asked.account.session;
        let user = island
            .read(move |tx| Ok(session::get(tx, session)?.map(|session| session.user)))
            .await?;
        let Some(user) = user else {
            return Ok(None);
        };
        let actor = Actor::User {
            id: user.uuid(),
            app_id,
        };
        island
            .write(actor, move |tx| {
                let Ok(client) = client::find(tx, &published, request.to.client_id)? else {
                    return Ok(());
                };
                let principal = (!for_all).then_some(user);
                consent::allow(tx, client, &request.scope, principal)
            })
            .await?;
        flow.session = Some(session);
        flow.is_consented = true;
        Ok(None)
    }
}
