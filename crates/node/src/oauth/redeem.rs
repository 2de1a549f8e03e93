//! The token endpoint for what clients have from people: codes, refresh tokens, devices' codes.
//!
//! All is decided and written down in one transaction, and only then signed: whoever comes second
//! with the same gets nothing, whichever server he asks.
//!
//! Source: RFC 6749 §§4.1.3, 5 and 6; RFC 8628 §3.4; RFC 9700 §§2.1.1, 4.5 and 4.14; Microsoft
//! identity platform, "OAuth 2.0 authorization code flow".

use std::sync::Arc;

use audit::sign_ins::{Kind, Named, SignIn};
use credentials::{Demand, Policy, Standing};
use directory::users::User;
use identity::keys::SigningKey;
use identity::oauth::code::{self, CodeProof, SignedIn};
use identity::oauth::device::{self, Polled};
use identity::oauth::refresh::{self, RefreshTokens, TokenGrant};
use identity::oauth::{
    ClaimsRequest, OAuthError, Platform, Resource, ScopeRequest, UserGrant, UserTokenRequest,
};
use identity::session;
use identity::token::{Issuer, LIFETIME_SECONDS};
use identity::{PublicUrl, Secret};
use serde::Serialize;
use store::{Island, ReadTx, Tx};
use tokio::sync::oneshot;
use types::{Actor, Error, Result, TenantId, parse_uuid};
use uuid::Uuid;

use super::client::{self, Client};
use super::groups::Way;
use super::issue::{self, ToSign, UserTokens};
use super::log::{self, Peer, Why};
use super::next::Lack;
use super::repeats::{Repeatable, Repeats};
use super::{consent, next, proof};
use crate::Node;
use crate::published::{Elsewheres, Needs, Published};
use crate::signing::TenantSigner;

/// The answer that carries tokens (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
#[derive(Serialize)]
pub struct UserTokenResponse<'a> {
    token_type: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    expires_in: i64,
    ext_expires_in: i64,
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_info: Option<&'a str>,
}

impl std::fmt::Debug for UserTokenResponse<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserTokenResponse")
    }
}

impl<'a> UserTokenResponse<'a> {
    /// For tokens that were just issued.
    pub fn new(tokens: &'a UserTokens) -> Self {
        Self {
            token_type: "Bearer",
            scope: &tokens.scope,
            expires_in: LIFETIME_SECONDS,
            ext_expires_in: LIFETIME_SECONDS,
            access_token: tokens.access_token.expose(),
            refresh_token: tokens.refresh_token.as_ref().map(Secret::expose),
            id_token: tokens.id_token.as_ref().map(Secret::expose),
            client_info: tokens.client_info.as_deref(),
        }
    }
}

/// What was decided: what to sign, and what goes with it.
struct Decided {
    to_sign: ToSign,
    refresh_token: Option<Secret>,
    scope: String,
    client_info: Option<String>,
    /// What the log of sign-ins has to say of it.
    entry: Option<Entry>,
}

/// An entry of the log of sign-ins.
struct Entry {
    sign_in: Repeatable,
    /// Whether it was written; otherwise it is counted.
    is_written: bool,
}

type Decision = std::result::Result<Decided, OAuthError>;

/// Returns a refusal from a function of the store: what was written before it stays.
macro_rules! granted {
    ($decision:expr) => {
        match $decision {
            Ok(granted) => granted,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}

/// What tokens are to be about.
struct About<'a> {
    scope: &'a ScopeRequest,
    by: &'a SignedIn,
    claims: &'a ClaimsRequest,
    nonce: Option<&'a str>,
}

/// What tokens say, and of whom and what.
struct Described {
    to_sign: ToSign,
    /// The answer's `scope`.
    scope: String,
    user: Arc<User>,
    /// The API.
    resource: Named,
}

/// A redemption in one transaction.
struct Redemption<'a> {
    client: Client,
    request: &'a UserTokenRequest,
    origin: Option<&'a str>,
    refresh: &'a RefreshTokens,
    public_url: &'a PublicUrl,
    peer: &'a Peer,
    repeats: &'a Repeats,
    /// Of somebody from another tenant: the name there, if that was asked.
    home_name: Option<String>,
    /// What was found that the client has: whose, and for what.
    found: Option<(SignedIn, ScopeRequest)>,
}

/// What a client has, looked up.
enum Has {
    Code(Option<code::Found<Peer>>),
    Refresh(refresh::Found),
    /// A device's code, for an API if it is one that waits.
    Device(Option<Resource>),
}

impl Has {
    /// The API that it is for.
    fn resource(&self) -> Option<&Resource> {
        match self {
            Self::Code(Some(code::Found::Fresh(fresh))) => Some(&fresh.grant.scope.resource),
            Self::Refresh(refresh::Found::Good(current)) => Some(&current.grant.scope.resource),
            Self::Device(resource) => resource.as_ref(),
            Self::Code(_) | Self::Refresh(_) => None,
        }
    }
}

impl Redemption<'_> {
    /// Whether the client may bring what a client of this kind has: by its origin, and by what it
    /// proves itself with.
    fn admit(
        &self,
        tx: &Tx<'_>,
        platform: Platform,
    ) -> Result<Result<identity::token::ClientStrength, OAuthError>> {
        match (platform, self.origin) {
            (Platform::Spa, Some(origin)) if self.client.redirect_uris().has_spa_origin(origin) => {
            }
            (Platform::Spa, _) => return Ok(Err(OAuthError::SpaOrigin)),
            (_, Some(origin)) => return Ok(Err(OAuthError::CrossOrigin(origin.to_owned()))),
            (_, None) => {}
        }
        self.client
            .authenticate(tx, platform, self.request.proof.as_ref())
    }

    fn decide(&mut self, tx: &mut Tx<'_>, has: Has) -> Result<Decision> {
        match (&self.request.grant, has) {
            (
                UserGrant::Code {
                    redirect_uri,
                    code_verifier,
                    ..
                },
                Has::Code(found),
            ) => self.code(
                tx,
                found,
                CodeProof {
                    client_id: self.client.app_id(),
                    redirect_uri: redirect_uri.as_deref(),
                    code_verifier: code_verifier.as_ref().map(Secret::expose),
                },
            ),
            (UserGrant::Refresh(_), Has::Refresh(found)) => self.refresh(tx, found),
            (UserGrant::Device(code), Has::Device(_)) => self.device(tx, code.expose()),
            _ => Err(Error::internal("something else was looked up")),
        }
    }

    /// Records what isn't in the log of sign-ins yet: what is renewed, what a code was given for without
    /// a question, and what is refused.
    fn log(&mut self, tx: &mut Tx<'_>, decision: &mut Decision) -> Result<()> {
        match decision {
            // A device asks until it has its answer.
            Err(OAuthError::AuthorizationPending | OAuthError::SlowDown) => Ok(()),
            Err(refusal) => {
                let Some((by, scope)) = self.found.take() else {
                    return Ok(());
                };
                let mut sign_in = self.peer.sign_in(Kind::NonInteractiveUser);
                sign_in.is_browser = self.origin.is_some();
                sign_in.session = Some(by.session);
                log::of_client(tx, &mut sign_in, self.client.app_id(), &scope.resource)?;
                log::refused(tx, sign_in, by.user, Why::from(&*refusal), None)
            }
            Ok(decided) => {
                // Where it is one of many it's only counted, once all else is durable.
                if let Some(entry) = &mut decided.entry
                    && !self.repeats.has_begun(&entry.sign_in)
                {
                    entry.sign_in.write(tx)?;
                    entry.is_written = true;
                }
                Ok(())
            }
        }
    }

    /// A sign-in in which nobody was asked anything, from there.
    fn silent(
        &self,
        tx: &Tx<'_>,
        peer: &Peer,
        is_browser: bool,
        by: &SignedIn,
        described: &Described,
    ) -> Result<SignIn> {
        let mut sign_in = peer.sign_in(Kind::NonInteractiveUser);
        sign_in.is_browser = is_browser;
        sign_in.session = Some(by.session);
        sign_in.app = Some(log::named(&self.client.principal));
        sign_in.resource = Some(described.resource.clone());
        log::of_user(tx, &mut sign_in, &described.user)?;
        sign_in.methods.clone_from(&by.methods.0);
        Ok(sign_in)
    }

    fn code(
        &mut self,
        tx: &mut Tx<'_>,
        found: Option<code::Found<Peer>>,
        proof: CodeProof<'_>,
    ) -> Result<Decision> {
        let code::Fresh {
            id,
            grant,
            expires_at,
        } = match found {
            Some(code::Found::Fresh(fresh)) => *fresh,
            Some(code::Found::Redeemed(grant)) => {
                // Somebody has a code that isn't his: what it gave is nobody's any more.
                refresh::revoke(tx, grant)?;
                self.report(tx, "an authorization code was redeemed again")?;
                return Ok(Err(OAuthError::RedeemedCode));
            }
            None => return Ok(Err(OAuthError::UnknownGrant)),
        };
        self.found = Some((grant.by.clone(), grant.scope.clone()));
        let strength = granted!(self.admit(tx, grant.platform)?);
        granted!(grant.check(expires_at, tx.now(), proof));
        let scope = granted!(narrowed(&grant.scope, self.request.scope.as_ref()));
        let kept = TokenGrant {
            client_id: grant.client_id,
            platform: grant.platform,
            scope: grant.scope,
            by: grant.by,
            claims: grant.claims,
        };
        let about = About {
            scope: &scope,
            by: &kept.by,
            claims: self.request.claims.as_ref().unwrap_or(&kept.claims),
            nonce: grant.nonce.as_deref(),
        };
        let described = granted!(self.describe(tx, strength, &about)?);
        // Who has signed out meanwhile is signed in nowhere, and the client hears of every end.
        if !session::note_client(tx, kept.by.session, kept.client_id)? {
            return Ok(Err(OAuthError::RevokedGrant));
        }
        let is_browser = kept.platform != Platform::Native;
        let unlogged = grant.unlogged.as_ref();
        let unlogged = unlogged.map(|peer| self.silent(tx, peer, is_browser, &kept.by, &described));
        let unlogged = unlogged.transpose()?;
        let refresh_token = self.refresh.begin(tx, id, &kept)?;
        Ok(Ok(self.decided(tx, described, refresh_token, unlogged)))
    }

    fn refresh(&mut self, tx: &mut Tx<'_>, found: refresh::Found) -> Result<Decision> {
        let mut current = match found {
            refresh::Found::Good(current) => current,
            refresh::Found::Used { id, .. } => {
                refresh::revoke(tx, id)?;
                self.report(tx, "a refresh token was used again")?;
                return Ok(Err(OAuthError::RevokedGrant));
            }
            refresh::Found::Refused(refusal) => return Ok(Err(refusal)),
        };
        if let Some(name) = self.home_name.take() {
            current.grant.by.home_name = Some(name);
        }
        self.found = Some((current.grant.by.clone(), current.grant.scope.clone()));
        let strength = granted!(self.admit(tx, current.grant.platform)?);
        let asked = self.request.scope.as_ref();
        let scope = asked.unwrap_or(&current.grant.scope).clone();
        let about = About {
            scope: &scope,
            by: &current.grant.by,
            claims: self
                .request
                .claims
                .as_ref()
                .unwrap_or(&current.grant.claims),
            nonce: None,
        };
        let described = granted!(self.describe(tx, strength, &about)?);
        let (by, is_browser) = (&current.grant.by, self.origin.is_some());
        let renewal = self.silent(tx, self.peer, is_browser, by, &described)?;
        let next = self.refresh.rotate(tx, &current)?;
        Ok(Ok(self.decided(tx, described, Some(next), Some(renewal))))
    }

    fn device(&mut self, tx: &mut Tx<'_>, code: &str) -> Result<Decision> {
        let platform = self.client.device_platform();
        let strength = granted!(self.admit(tx, platform)?);
        let (scope, by) = match device::poll(tx, code, self.client.app_id())? {
            Polled::Allowed { scope, by } => (scope, by),
            Polled::Refused(refusal) => return Ok(Err(refusal)),
        };
        self.found = Some((by.clone(), scope.clone()));
        let kept = TokenGrant {
            client_id: self.client.app_id(),
            platform,
            scope,
            by,
            claims: self.request.claims.clone().unwrap_or_default(),
        };
        let about = About {
            scope: &kept.scope,
            by: &kept.by,
            claims: &kept.claims,
            nonce: None,
        };
        let described = granted!(self.describe(tx, strength, &about)?);
        let id = tx.new_uuid();
        let refresh_token = self.refresh.begin(tx, id, &kept)?;
        Ok(Ok(self.decided(tx, described, refresh_token, None)))
    }

    fn decided(
        &self,
        tx: &Tx<'_>,
        described: Described,
        refresh_token: Option<Secret>,
        sign_in: Option<SignIn>,
    ) -> Decided {
        let Described { to_sign, scope, .. } = described;
        let access = &to_sign.access;
        let (tenant, user) = access.home.unwrap_or((tx.tenant(), access.user));
        let wants_info = self.request.client_info;
        Decided {
            client_info: wants_info.then(|| issue::client_info(tenant, user)),
            to_sign,
            refresh_token,
            scope,
            entry: sign_in.map(|sign_in| Entry {
                sign_in: Repeatable::new(tx.tenant(), sign_in, tx.now()),
                is_written: false,
            }),
        }
    }

    /// What tokens are to say, if the person and the consent still stand.
    fn describe(
        &self,
        tx: &Tx<'_>,
        strength: identity::token::ClientStrength,
        about: &About<'_>,
    ) -> Result<Result<Described, OAuthError>> {
        let client = &self.client;
        let About { scope, by, .. } = *about;
        let user = granted!(proof::standing_user(tx, by)?);
        if !next::may_enter(tx, client, &user)? {
            return Ok(Err(OAuthError::NotAssigned {
                client: client.principal.display_name().to_owned(),
            }));
        }
        let demand = |_: &Standing| Demand {
            multifactor: about.claims.is_multifactor,
        };
        let shown = (&by.methods, by.at());
        match next::lacks(tx, &*Policy::get(tx)?, &user, shown, demand)? {
            Some(Lack::Age) => return Ok(Err(OAuthError::SignInTooOld)),
            Some(Lack::Factor) => return Ok(Err(OAuthError::MultifactorRequired)),
            None => {}
        }
        let wanted = granted!(consent::resolve(tx, client, scope)?);
        let standing = consent::standing(tx, client, &wanted, user.id)?;
        if !standing.missing.is_empty() || client.is_prospective() {
            return Ok(Err(OAuthError::ConsentRequired {
                client_id: client.app_id().to_string(),
                client: client.principal.display_name().to_owned(),
            }));
        }
        let of = issue::Of {
            client,
            user: &user,
            by,
            claims: about.claims,
            way: Way::Direct(self.public_url.as_str()),
        };
        let access = issue::access_token(tx, &of, strength, &wanted, &standing)?;
        let id = scope
            .has("openid")
            .then(|| issue::id_token(tx, &of, &standing.openid, about.nonce))
            .transpose()?;
        let prefix = match &scope.resource {
            Resource::Graph => String::new(),
            Resource::Application(name) => format!("{name}/"),
        };
        let own = standing
            .scopes
            .iter()
            .map(|scope| format!("{prefix}{scope}"));
        let words: Vec<String> = own.chain(standing.openid.iter().cloned()).collect();
        Ok(Ok(Described {
            to_sign: ToSign { access, id },
            scope: words.join(" "),
            resource: log::named(&wanted.resource),
            user,
        }))
    }

    /// Writes into the audit log what somebody should look at.
    fn report(&self, tx: &mut Tx<'_>, reason: &str) -> Result<()> {
        let client = &self.client.principal;
        let target = audit::Target::new(client.id, client.display_name(), "ServicePrincipal");
        let entry = audit::Entry::failure("Authentication", "Revoke replayed grant", reason);
        audit::record(tx, entry.target(target)).map(drop)
    }
}

/// What of a code's scopes a client asks a token for: all, or some of them.
fn narrowed(
    granted: &ScopeRequest,
    asked: Option<&ScopeRequest>,
) -> std::result::Result<ScopeRequest, OAuthError> {
    let Some(asked) = asked else {
        return Ok(granted.clone());
    };
    let is_known = |scope: &String| {
        let same = |own: &String| own.eq_ignore_ascii_case(scope);
        granted.scopes.iter().any(same)
    };
    let is_within = asked.is_openid_only()
        || (asked.resource == granted.resource
            && (asked.is_default == granted.is_default)
            && asked.scopes.iter().all(is_known));
    if !is_within {
        return Err(OAuthError::InvalidUserScope(asked.scopes.join(" ")));
    }
    let mut scope = if asked.is_openid_only() {
        granted.clone()
    } else {
        asked.clone()
    };
    // What the client is told of the person was asked for, and answered, before.
    scope.openid.clone_from(&granted.openid);
    Ok(scope)
}

impl Node {
    /// Decides on a request in a person's name and signs the tokens. The inner error is the client's
    /// to read. `origin`: of the page whose script asks, if one does.
    pub async fn grant_user(
        &self,
        tenant: TenantId,
        request: UserTokenRequest,
        origin: Option<String>,
        peer: Peer,
    ) -> Result<Result<UserTokens, OAuthError>> {
        // What the client has from the person is good once, so that what it proves itself with needn't
        // be: Microsoft's libraries bring one assertion for some minutes, for everybody's codes.
        if let Some(proof) = &request.proof
            && let Err(refusal) = self.check_proof(tenant, &request.client_id, proof)
        {
            return Ok(Err(refusal));
        }
        let island = self.store().island(tenant)?;
        let mut home_name = None;
        // A refresh comes long after the sign-in: both sides' rules may have changed since.
        if let (UserGrant::Refresh(token), Some(app_id)) =
            (&request.grant, parse_uuid(&request.client_id))
        {
            let refresh = self.0.sign_in.refresh.clone();
            let token = token.expose().to_owned();
            let found = island.read(move |tx| refresh.find(tx, &token, app_id));
            if let refresh::Found::Good(current) = found.await? {
                let TokenGrant { by, scope, .. } = current.grant;
                let verdict = self.may_visit(tenant, by.user, app_id).await?;
                home_name = verdict.name;
                if let Err(refusal) = verdict.outcome {
                    let why = Why::from(&refusal);
                    let record = move |tx: &mut Tx<'_>| {
                        let mut sign_in = peer.sign_in(Kind::NonInteractiveUser);
                        log::of_client(tx, &mut sign_in, app_id, &scope.resource)?;
                        log::refused(tx, sign_in, by.user, why, verdict.decision)
                    };
                    island.write(Actor::System, record).await?;
                    return Ok(Err(refusal));
                }
            }
        }
        let redeem = Arc::new(Redeem {
            node: self.clone(),
            request,
            origin,
            peer,
            home_name,
        });
        // What other tenants have to say is asked for only where it matters, and then nothing has
        // been done yet.
        match self.redeem(&island, &redeem, None).await? {
            Redeemed::Done(answer) => Ok(answer),
            Redeemed::AsksElsewhere(found) => {
                let proof = redeem.request.proof.as_ref();
                let published = self.publications().ask_for(&island, proof, found).await?;
                match self.redeem(&island, &redeem, Some(published)).await? {
                    Redeemed::Done(answer) => Ok(answer),
                    Redeemed::AsksElsewhere(_) => Err(Error::internal("a request asks twice")),
                }
            }
        }
    }

    /// Decides and signs. A decision goes from the store's writer to those who sign without the way
    /// back to this task. `published`: what other tenants have to say, if that was asked.
    async fn redeem(
        &self,
        island: &Island,
        redeem: &Arc<Redeem>,
        published: Option<Published>,
    ) -> Result<Redeemed> {
        let signer = self.0.signer.of(island.tenant()).await?;
        let (deciding, node) = (Arc::clone(redeem), self.clone());
        let decide = move |tx: &mut Tx<'_>| {
            let has = deciding.look(tx)?;
            if let Some(published) = &published {
                return deciding.decide(tx, has, published).map(Ok);
            }
            let needs = deciding.needs(&has);
            let found = deciding.node.publications().elsewheres(tx, &needs)?;
            if !found.is_empty() {
                return Ok(Err(found));
            }
            deciding.decide(tx, has, &Published::default()).map(Ok)
        };
        let sign = move |decided: Result<Result<Decision, _>>, answer: oneshot::Sender<_>| {
            let outcome = match decided {
                Ok(Ok(Ok(decided))) => return node.sign_decided(decided, signer, answer),
                Ok(Ok(Err(refusal))) => Ok(Redeemed::Done(Err(refusal))),
                Ok(Err(found)) => Ok(Redeemed::AsksElsewhere(found)),
                Err(error) => Err(error),
            };
            let _ = answer.send(outcome);
        };
        island
            .write_repeatable_then(Actor::System, decide, sign)
            .await
    }

    /// Has the tokens signed that were decided on.
    fn sign_decided(
        &self,
        decided: Decided,
        signer: TenantSigner,
        answer: oneshot::Sender<Result<Redeemed>>,
    ) {
        let Decided {
            to_sign,
            refresh_token,
            scope,
            client_info,
            entry,
        } = decided;
        match entry {
            Some(entry) if entry.is_written => self.0.sign_in.repeats.begin(entry.sign_in),
            Some(entry) => self.0.sign_in.repeats.count(entry.sign_in),
            None => {}
        }
        let sign = move |issuer: &Issuer, key: &SigningKey, now| {
            let (access_token, id_token) = to_sign.sign(issuer, key, now)?;
            Ok(Redeemed::Done(Ok(UserTokens {
                access_token,
                id_token,
                refresh_token,
                scope,
                client_info,
            })))
        };
        signer.sign(sign, answer);
    }

    /// Whether scripts of an origin belong to a client.
    pub async fn is_spa_origin(
        &self,
        tenant: TenantId,
        client_id: &str,
        origin: String,
    ) -> Result<bool> {
        let Some(app_id) = parse_uuid(client_id) else {
            return Ok(false);
        };
        let needs = Needs::of(app_id, None);
        let published = self.publications().look_for(tenant, None, needs);
        let published = published.await?;
        let island = self.store().island(tenant)?;
        island
            .read(move |tx| {
                let client = client::find(tx, &published, app_id)?;
                Ok(client.is_ok_and(|client| client.redirect_uris().has_spa_origin(&origin)))
            })
            .await
    }
}

/// How a redemption went.
enum Redeemed {
    /// As far as it goes.
    Done(Result<UserTokens, OAuthError>),
    /// Nothing was done yet: other tenants have to say something first.
    AsksElsewhere(Elsewheres),
}

/// A redemption with all that it needs from outside.
struct Redeem {
    node: Node,
    request: UserTokenRequest,
    origin: Option<String>,
    peer: Peer,
    home_name: Option<String>,
}

impl Redeem {
    fn app_id(&self) -> Option<Uuid> {
        parse_uuid(&self.request.client_id)
    }

    /// Looks up what the client has.
    fn look(&self, tx: &ReadTx<'_>) -> Result<Has> {
        Ok(match &self.request.grant {
            UserGrant::Code { code, .. } => {
                Has::Code(self.node.0.sign_in.codes.find(tx, code.expose())?)
            }
            UserGrant::Refresh(token) => Has::Refresh(match self.app_id() {
                Some(app_id) => {
                    let refresh = &self.node.0.sign_in.refresh;
                    refresh.find(tx, token.expose(), app_id)?
                }
                None => refresh::Found::Refused(OAuthError::UnknownGrant),
            }),
            UserGrant::Device(code) => {
                Has::Device(device::asked(tx, code.expose())?.map(|scope| scope.resource))
            }
        })
    }

    /// What it is about: its client, and the API that what the client has is for.
    fn needs(&self, has: &Has) -> Needs {
        let asked = self.request.scope.as_ref().map(|scope| &scope.resource);
        self.app_id().map_or_else(Needs::default, |app_id| Needs {
            clients: vec![app_id],
            apis: has.resource().into_iter().chain(asked).cloned().collect(),
        })
    }

    fn decide(&self, tx: &mut Tx<'_>, has: Has, published: &Published) -> Result<Decision> {
        let Some(app_id) = self.app_id() else {
            return Ok(Err(client::unknown(tx, &self.request.client_id)?));
        };
        let client = granted!(client::find(tx, published, app_id)?);
        let mut redemption = Redemption {
            client,
            request: &self.request,
            origin: self.origin.as_deref(),
            refresh: &self.node.0.sign_in.refresh,
            public_url: self.node.public_url(),
            peer: &self.peer,
            repeats: &self.node.0.sign_in.repeats,
            home_name: self.home_name.clone(),
            found: None,
        };
        let mut decision = redemption.decide(tx, has)?;
        redemption.log(tx, &mut decision)?;
        Ok(decision)
    }
}
