//! Tokens: what the directory knows, put before what `identity` decides.

use std::sync::Arc;

use audit::sign_ins::{Kind, Named, Principal as SignedPrincipal, SignIn};
use directory::service_principals::ServicePrincipal;
use directory::{
    app_roles, applications, key_credentials, password_credentials, permissions,
    service_principals, tenant,
};
use identity::discovery::tenant_of_audience;
use identity::keys::{self, TenantKeys};
use identity::oauth::{
    Assertion, ClientRecord, OAuthError, Proof, ProofStanding, Resource, ResourceRecord,
    Thumbprint, TokenRequest, TokenResponse, decide, refresh, secret_hash,
};
use identity::token::AppToken;
use identity::{Loader, PublicUrl, Sealer, Secret, Since, Standing, revocation};
use serde_json::Value;
use store::{ReadTx, Store};
use tokio::sync::watch;
use types::kind::{ServicePrincipal as Principal, User};
use types::{Actor, Error, Id, Result, TenantId};
use uuid::Uuid;

use crate::Node;
use crate::oauth::Peer;
use crate::published::{Definition, Needs, Offer, Publications, Published, home_elsewhere};
use crate::standings::{Standings, UserStanding};

/// Reads what verifying a token needs from the island that the token names.
pub struct TenantKeysLoader {
    store: Store,
    sealer: Sealer,
    standings: Arc<Standings>,
    publications: Publications,
}

impl TenantKeysLoader {
    pub(crate) const fn new(
        store: Store,
        sealer: Sealer,
        standings: Arc<Standings>,
        publications: Publications,
    ) -> Self {
        Self {
            store,
            sealer,
            standings,
            publications,
        }
    }
}

/// How a service principal stands as far as its own tenant knows.
struct Own {
    app_id: Uuid,
    generation: u64,
    /// Whether the secret or certificate is one of those that are kept here.
    has_key: bool,
    /// The tenant of its application, if that is another one.
    home: Option<TenantId>,
}

impl Loader for TenantKeysLoader {
    async fn keys(&self, tenant: TenantId) -> Result<Option<TenantKeys>> {
        if self.store.look_for_tenant(tenant).await?.is_none() {
            return Ok(None);
        }
        let sealer = self.sealer.clone();
        let island = self.store.island(tenant)?;
        island
            .read(move |tx| keys::load(tx, &sealer))
            .await
            .map(Some)
    }

    async fn standing(
        &self,
        tenant: TenantId,
        principal: Id<Principal>,
        secret: Option<Uuid>,
    ) -> Result<Option<Standing>> {
        let island = self.store.island(tenant)?;
        let own = island
            .read(move |tx| {
                let found = match service_principals::get(tx, principal) {
                    Ok(found) if found.account_enabled => found,
                    Ok(_) | Err(Error::NotFound { .. }) => return Ok(None),
                    Err(error) => return Err(error),
                };
                Ok(Some(Own {
                    app_id: found.app_id,
                    generation: revocation::generation(tx, principal)?,
                    has_key: match secret {
                        Some(key_id) => has_credential(tx, &found, key_id)?,
                        None => true,
                    },
                    home: home_elsewhere(tx, &found),
                }))
            })
            .await?;
        let Some(mut own) = own else {
            return Ok(None);
        };
        if let Some(home) = own.home {
            let asked = secret.filter(|_| !own.has_key);
            let offer = self
                .publications
                .is_offered(tenant, home, own.app_id, asked);
            match offer.await? {
                Offer::None => return Ok(None),
                Offer::WithKey => own.has_key = true,
                Offer::WithoutKey => {}
            }
        }
        Ok(own.has_key.then_some(Standing {
            generation: own.generation,
            hangs_elsewhere: own.home.is_some(),
        }))
    }

    async fn user_standing(
        &self,
        tenant: TenantId,
        user: Id<User>,
        since: Since,
    ) -> Result<Option<Standing>> {
        let standing = self.standings.get(tenant, user, since.app_id).await?;
        let Some(standing) = standing else {
            return Ok(None);
        };
        let island = self.store.island(tenant)?;
        let taken_back = island
            .read_few(move |tx| refresh::revoked_at(tx, user, since.session, since.app_id))
            .await?;
        // A token tells its time in seconds.
        if taken_back.is_some_and(|at| since.issued_at.seconds() <= at.seconds()) {
            return Ok(None);
        }
        Ok(Some(Standing {
            generation: standing.generation,
            hangs_elsewhere: standing.hangs_elsewhere,
        }))
    }

    fn head(&self, tenant: TenantId) -> watch::Receiver<u64> {
        self.store.watch(tenant)
    }
}

/// The objects whose credentials are a client's: its application, where it is of this tenant, and its
/// service principal.
fn owners(tx: &ReadTx<'_>, principal: &ServicePrincipal) -> Result<impl Iterator<Item = Uuid>> {
    let application = applications::describe(tx, principal.app_id)?;
    let owner = application.map(|application| application.id.uuid());
    Ok(owner.into_iter().chain([principal.id.uuid()]))
}

/// Whether a client has the secret or certificate with this key id still.
fn has_credential(tx: &ReadTx<'_>, principal: &ServicePrincipal, key_id: Uuid) -> Result<bool> {
    for owner in owners(tx, principal)? {
        if password_credentials::has(tx, owner, key_id)? || key_credentials::has(tx, owner, key_id)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How a secret stands that a client has shown.
fn secret(
    tx: &ReadTx<'_>,
    principal: &ServicePrincipal,
    elsewhere: Option<&Definition>,
    secret_hash: &[u8],
) -> Result<ProofStanding> {
    let mut all = Vec::from_iter(elsewhere.and_then(|it| it.secret));
    for owner in owners(tx, principal)? {
        all.extend(password_credentials::find(tx, owner, secret_hash)?);
    }
    Ok(match all.iter().find(|found| found.is_valid) {
        Some(found) => ProofStanding::Valid(found.key_id),
        None if all.is_empty() => ProofStanding::Unknown,
        None => ProofStanding::Expired,
    })
}

/// How the certificate stands that an assertion names, and whether its key has signed.
fn certificate(
    tx: &ReadTx<'_>,
    principal: &ServicePrincipal,
    elsewhere: Option<&Definition>,
    assertion: &Assertion,
) -> Result<ProofStanding> {
    let thumbprint = match assertion.thumbprint() {
        Some(Thumbprint::Sha1(digest)) => key_credentials::Thumbprint::Sha1(digest),
        Some(Thumbprint::Sha256(digest)) => key_credentials::Thumbprint::Sha256(digest),
        None => return Ok(ProofStanding::Unknown),
    };
    let mut all = elsewhere.map_or_else(Vec::new, |it| it.certificates.clone());
    for owner in owners(tx, principal)? {
        all.extend(key_credentials::find(tx, owner, thumbprint)?);
    }
    let mut standing = ProofStanding::Unknown;
    for key in all {
        if !assertion.is_signed_by(&key.public_key) {
            standing = ProofStanding::Forged;
        } else if key.is_valid {
            return Ok(ProofStanding::Valid(key.key_id));
        } else {
            standing = ProofStanding::Expired;
        }
    }
    Ok(standing)
}

/// How what a client proves itself with stands: by what is kept here, and by what its own tenant says
/// of it if that is another one.
pub(crate) fn proof_standing(
    tx: &ReadTx<'_>,
    principal: &ServicePrincipal,
    elsewhere: Option<&Definition>,
    proof: &Proof,
) -> Result<ProofStanding> {
    match proof {
        Proof::Assertion(assertion) => certificate(tx, principal, elsewhere, assertion),
        Proof::Secret { secret: shown, .. } => {
            let hash = secret_hash(shown.expose());
            secret(tx, principal, elsewhere, &hash)
        }
    }
}

/// What a request is about is another tenant's, which has to be asked first.
struct AsksElsewhere;

/// A service principal that stands for something now; `published` is what its own tenant says of it where
/// that is another one, once it was asked.
fn standing_for(
    tx: &ReadTx<'_>,
    found: Option<Arc<ServicePrincipal>>,
    published: Option<&Published>,
) -> Result<Option<Arc<ServicePrincipal>>, AsksElsewhere> {
    let is_elsewhere = |it: &Arc<ServicePrincipal>| home_elsewhere(tx, it).is_some();
    match published {
        None if found.as_ref().is_some_and(is_elsewhere) => Err(AsksElsewhere),
        None => Ok(found),
        Some(published) => Ok(found.filter(|found| published.offers(tx, found))),
    }
}

/// The client as one snapshot knows it.
fn client(
    tx: &ReadTx<'_>,
    request: &TokenRequest,
    published: Option<&Published>,
) -> Result<Result<Option<ClientRecord>, AsksElsewhere>> {
    let Some(app_id) = request.app_id() else {
        return Ok(Ok(None));
    };
    let found = service_principals::find_by_app_id(tx, app_id)?;
    let principal = match standing_for(tx, found, published) {
        Ok(Some(principal)) => principal,
        Ok(None) => return Ok(Ok(None)),
        Err(asks) => return Ok(Err(asks)),
    };
    let elsewhere = published.and_then(|published| published.get(app_id));
    let proof = proof_standing(tx, &principal, elsewhere.map(AsRef::as_ref), &request.proof)?;
    Ok(Ok(Some(ClientRecord {
        app_id,
        display_name: principal.display_name().to_owned(),
        service_principal: principal.id,
        is_enabled: principal.account_enabled,
        proof,
        generation: revocation::generation(tx, principal.id)?,
    })))
}

fn resource(
    tx: &ReadTx<'_>,
    request: &TokenRequest,
    client: &ClientRecord,
    published: Option<&Published>,
) -> Result<Result<Option<(ResourceRecord, Named)>, AsksElsewhere>> {
    let found = match &request.resource {
        Resource::Graph => service_principals::find_by_app_id(tx, permissions::GRAPH_APP_ID)?,
        Resource::Application(name) => service_principals::find_by_name(tx, name)?,
    };
    let enabled = found.filter(|found| found.account_enabled);
    let principal = match standing_for(tx, enabled, published) {
        Ok(Some(principal)) => principal,
        Ok(None) => return Ok(Ok(None)),
        Err(asks) => return Ok(Err(asks)),
    };
    let record = ResourceRecord {
        audience: principal.app_id.to_string(),
        roles: app_roles::roles_on(tx, client.service_principal, &principal)?,
    };
    let named = Named {
        id: principal.app_id,
        display_name: Some(principal.display_name().to_owned()),
    };
    Ok(Ok(Some((record, named))))
}

/// What was decided on a request, and how the log tells it; nothing of it for who isn't a client here.
type Decided = (Result<AppToken, OAuthError>, Option<SignIn>);

/// An application's request for a token.
struct Asked {
    tenant: TenantId,
    request: TokenRequest,
    public_url: PublicUrl,
    sign_in: SignIn,
}

impl Asked {
    /// Decides on it in one snapshot.
    fn decide(
        &self,
        tx: &ReadTx<'_>,
        published: Option<&Published>,
    ) -> Result<Result<Decided, AsksElsewhere>> {
        let request = &self.request;
        let organization = tenant::get(tx)?;
        let client = match client(tx, request, published)? {
            Ok(client) => client,
            Err(asks) => return Ok(Err(asks)),
        };
        let resource = match &client {
            Some(client) => match resource(tx, request, client, published)? {
                Ok(resource) => resource,
                Err(asks) => return Ok(Err(asks)),
            },
            None => None,
        };
        let mut sign_in = self.sign_in.clone();
        if let Some(client) = &client {
            note_client(&mut sign_in, client);
        }
        let is_known = client.is_some();
        let (resource, named) = resource.unzip();
        sign_in.resource = named;
        let decided = decide(
            request,
            &self.public_url,
            self.tenant,
            Some(organization.created_at),
            organization.display_name(),
            client,
            resource,
        );
        if let Err(refusal) = &decided {
            sign_in.error_code = refusal.code();
            sign_in.failure_reason = Some(refusal.sentence());
        }
        Ok(Ok((decided, is_known.then_some(sign_in))))
    }
}

/// Notes whose sign-in it is, and by which key.
fn note_client(sign_in: &mut SignIn, client: &ClientRecord) {
    sign_in.app = Some(Named {
        id: client.app_id,
        display_name: Some(client.display_name.clone()),
    });
    sign_in.principal = Some(SignedPrincipal {
        id: client.service_principal.uuid(),
        display_name: client.display_name.clone(),
        key_id: match client.proof {
            ProofStanding::Valid(key_id) => Some(key_id),
            _ => None,
        },
    });
}

impl Node {
    /// Decides on a token request and signs the token. The inner error is the client's to read.
    pub async fn grant(
        &self,
        tenant: TenantId,
        request: TokenRequest,
        peer: &Peer,
    ) -> Result<Result<Secret, OAuthError>> {
        let island = self.store().island(tenant)?;
        if let Err(refusal) = self.check_proof(tenant, &request.client_id, &request.proof) {
            return Ok(Err(refusal));
        }
        let spends = match &request.proof {
            Proof::Assertion(assertion) => {
                let digest = assertion.use_digest(request.resource.name());
                assertion.expires_at().map(|until| (digest, until))
            }
            Proof::Secret { .. } => None,
        };
        // Graph is found by its key, other APIs by their names among all.
        let is_few = matches!(request.resource, Resource::Graph);
        let asked = Arc::new(Asked {
            tenant,
            request,
            public_url: self.public_url().clone(),
            sign_in: peer.sign_in(Kind::ServicePrincipal),
        });
        let look = {
            let asked = Arc::clone(&asked);
            move |tx: &ReadTx<'_>| asked.decide(tx, None)
        };
        let looked = if is_few {
            island.read_few(look).await?
        } else {
            island.read(look).await?
        };
        let (decided, sign_in) = match looked {
            Ok(decided) => decided,
            Err(AsksElsewhere) => Box::pin(self.decide_with_others(tenant, asked)).await?,
        };
        // Before the answer; a second one with the same assertion is as much of a try as the first.
        if let Some(sign_in) = sign_in {
            self.log_repeatable(tenant, sign_in).await?;
        }
        let token = match decided {
            Ok(token) => token,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some((digest, until)) = spends {
            // Before anything is signed: whoever comes second with the same gets nothing.
            let app_id = token.app_id;
            let is_first = island
                .write(types::Actor::System, move |tx| {
                    key_credentials::spend_assertion(tx, app_id, &digest, until)
                })
                .await?;
            if !is_first {
                return Ok(Err(OAuthError::AssertionReplayed));
            }
        }
        self.sign(token).await.map(Ok)
    }

    /// Decides on a request that is about other tenants' applications, once those were asked.
    async fn decide_with_others(&self, tenant: TenantId, asked: Arc<Asked>) -> Result<Decided> {
        let request = &asked.request;
        let needs = Needs {
            clients: request.app_id().into_iter().collect(),
            apis: vec![request.resource.clone()],
        };
        let published = self
            .publications()
            .look(tenant, Some(&request.proof), move |_| Ok(needs))
            .await?;
        let island = self.store().island(tenant)?;
        let asked = Arc::clone(&asked);
        let decided = island.read(move |tx| asked.decide(tx, Some(&published)));
        decided.await?.map_err(|AsksElsewhere| {
            Error::internal("a request was decided before other tenants were asked")
        })
    }

    /// Checks what a client's assertion says of itself: of what doesn't depend on the directory.
    pub(crate) fn check_proof(
        &self,
        tenant: TenantId,
        client_id: &str,
        proof: &Proof,
    ) -> Result<(), OAuthError> {
        let Proof::Assertion(assertion) = proof else {
            return Ok(());
        };
        let is_own = |audience: &str| {
            tenant_of_audience(self.public_url(), audience)
                .and_then(|name| self.store().find_tenant(name).ok())
                == Some(tenant)
        };
        assertion.check(client_id, is_own, self.store().clock().now())
    }

    async fn sign(&self, token: AppToken) -> Result<Secret> {
        let tenant = token.tenant;
        let random = identity::random()?;
        let signing = self.0.signer.sign(tenant, move |issuer, key, now| {
            issuer.issue(&token, key, now, random)
        });
        signing.await
    }

    /// The tenant's public keys as a JSON web key set.
    pub async fn jwks(&self, tenant: TenantId) -> Result<Value> {
        let public_url = self.public_url().clone();
        let island = self.store().island(tenant)?;
        island.read(move |tx| keys::jwks(tx, &public_url)).await
    }

    /// How a signed-in user stands, if that is known already, for those who want to avoid a future.
    pub fn known_standing(
        &self,
        tenant: TenantId,
        user: Id<User>,
        app_id: Uuid,
    ) -> Option<Arc<UserStanding>> {
        self.0.standings.known(tenant, user, app_id)
    }

    /// How a signed-in user stands now; `None` if the user or the client is gone or disabled.
    pub async fn standing(
        &self,
        tenant: TenantId,
        user: Id<User>,
        app_id: Uuid,
    ) -> Result<Option<Arc<UserStanding>>> {
        self.0.standings.get(tenant, user, app_id).await
    }

    /// Makes a revocation in the store ([`revocation::revoke`]) take effect at once in this
    /// process. Call it after the commit.
    pub fn forget_principal(&self, tenant: TenantId, principal: Id<Principal>) {
        self.0.verifier.forget_principal(tenant, principal);
    }

    /// The token endpoint's answer for a client of this deployment.
    pub(crate) async fn operator_token(
        &self,
        tenant: &str,
        client_id: String,
        client_secret: String,
    ) -> Result<Value> {
        let tenant = self.store().find_tenant(tenant)?;
        let request = TokenRequest {
            client_id,
            proof: Proof::Secret {
                secret: Secret::new(client_secret),
                is_basic: false,
            },
            resource: Resource::Graph,
        };
        let token = self
            .grant(tenant, request, &Peer::default())
            .await?
            .map_err(|refusal| Error::forbidden(refusal.sentence()))?;
        serde_json::to_value(TokenResponse::new(&token)).map_err(Error::internal)
    }

    /// Gives a tenant another key to sign with, and answers its id.
    pub async fn rotate_keys(&self, tenant: TenantId, actor: Actor) -> Result<String> {
        let key = tokio::task::spawn_blocking(keys::generate)
            .await
            .map_err(Error::internal)??;
        let kid = key.kid().to_owned();
        let sealer = self.sealer().clone();
        let island = self.store().island(tenant)?;
        island
            .write(actor, move |tx| {
                keys::rotate(tx, &sealer, &key)?;
                let entry = audit::Entry::success("KeyManagement", "Rotate signing key")
                    .target(audit::Target::new(key.kid(), "", "Key"));
                audit::record(tx, entry).map(drop)
            })
            .await?;
        self.0.ring.forget(tenant);
        Ok(kid)
    }
}
