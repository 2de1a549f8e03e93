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
use identity::{Loader, Sealer, Secret, Since, Standing, revocation};
use serde_json::Value;
use store::{ReadTx, Store};
use tokio::sync::watch;
use types::kind::{ServicePrincipal as Principal, User};
use types::{Actor, Error, Id, Result, TenantId};
use uuid::Uuid;

use crate::Node;
use crate::oauth::Peer;
use crate::standings::{Standings, UserStanding};

/// Reads what verifying a token needs from the island that the token names.
pub struct TenantKeysLoader {
    store: Store,
    sealer: Sealer,
    standings: Arc<Standings>,
}

impl TenantKeysLoader {
    pub(crate) const fn new(store: Store, sealer: Sealer, standings: Arc<Standings>) -> Self {
        Self {
            store,
            sealer,
            standings,
        }
    }
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
        island
            .read(move |tx| {
                let found = match service_principals::get(tx, principal) {
                    Ok(found) if found.account_enabled => found,
                    Ok(_) | Err(Error::NotFound { .. }) => return Ok(None),
                    Err(error) => return Err(error),
                };
                if let Some(key_id) = secret
                    && !has_credential(tx, &found, key_id)?
                {
                    return Ok(None);
                }
                let generation = revocation::generation(tx, principal)?;
                Ok(Some(Standing { generation }))
            })
            .await
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
            .read_few(move |tx| refresh::revoked_at(tx, since.session, since.app_id))
            .await?;
        // A token tells its time in seconds.
        if taken_back.is_some_and(|at| since.issued_at.seconds() <= at.seconds()) {
            return Ok(None);
        }
        Ok(Some(Standing {
            generation: standing.generation,
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
    secret_hash: &[u8],
) -> Result<ProofStanding> {
    let mut standing = ProofStanding::Unknown;
    for owner in owners(tx, principal)? {
        match password_credentials::find(tx, owner, secret_hash)? {
            None => {}
            Some(found) if found.is_valid => return Ok(ProofStanding::Valid(found.key_id)),
            Some(_) => standing = ProofStanding::Expired,
        }
    }
    Ok(standing)
}

/// How the certificate stands that an assertion names, and whether its key has signed.
fn certificate(
    tx: &ReadTx<'_>,
    principal: &ServicePrincipal,
    assertion: &Assertion,
) -> Result<ProofStanding> {
    let thumbprint = match assertion.thumbprint() {
        Some(Thumbprint::Sha1(digest)) => key_credentials::Thumbprint::Sha1(digest),
        Some(Thumbprint::Sha256(digest)) => key_credentials::Thumbprint::Sha256(digest),
        None => return Ok(ProofStanding::Unknown),
    };
    let mut standing = ProofStanding::Unknown;
    for owner in owners(tx, principal)? {
        for key in key_credentials::find(tx, owner, thumbprint)? {
            if !assertion.is_signed_by(&key.public_key) {
                standing = ProofStanding::Forged;
            } else if key.is_valid {
                return Ok(ProofStanding::Valid(key.key_id));
            } else {
                standing = ProofStanding::Expired;
            }
        }
    }
    Ok(standing)
}

/// How what a client proves itself with stands.
pub(crate) fn proof_standing(
    tx: &ReadTx<'_>,
    principal: &ServicePrincipal,
    proof: &Proof,
) -> Result<ProofStanding> {
    match proof {
        Proof::Assertion(assertion) => certificate(tx, principal, assertion),
        Proof::Secret { secret: shown, .. } => secret(tx, principal, &secret_hash(shown.expose())),
    }
}

/// The client as one snapshot knows it.
fn client(tx: &ReadTx<'_>, request: &TokenRequest) -> Result<Option<ClientRecord>> {
    let Some(app_id) = request.app_id() else {
        return Ok(None);
    };
    let Some(principal) = service_principals::find_by_app_id(tx, app_id)? else {
        return Ok(None);
    };
    let proof = proof_standing(tx, &principal, &request.proof)?;
    Ok(Some(ClientRecord {
        app_id,
        display_name: principal.display_name().to_owned(),
        service_principal: principal.id,
        is_enabled: principal.account_enabled,
        proof,
        generation: revocation::generation(tx, principal.id)?,
    }))
}

fn resource(
    tx: &ReadTx<'_>,
    request: &TokenRequest,
    client: &ClientRecord,
) -> Result<Option<(ResourceRecord, Named)>> {
    let found: Option<ServicePrincipal> = match &request.resource {
        Resource::Graph => service_principals::find_by_app_id(tx, permissions::GRAPH_APP_ID)?,
        Resource::Application(name) => service_principals::find_by_name(tx, name)?,
    };
    let Some(principal) = found.filter(|found| found.account_enabled) else {
        return Ok(None);
    };
    let record = ResourceRecord {
        audience: principal.app_id.to_string(),
        roles: app_roles::roles_on(tx, client.service_principal, &principal)?,
    };
    let named = Named {
        id: principal.app_id,
        display_name: Some(principal.display_name().to_owned()),
    };
    Ok(Some((record, named)))
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
        let public_url = self.public_url().clone();
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
        let mut sign_in = peer.sign_in(Kind::ServicePrincipal);
        // Graph is found by its key, other APIs by their names among all.
        let is_few = matches!(request.resource, Resource::Graph);
        let look = move |tx: &ReadTx<'_>| {
            let organization = tenant::get(tx)?;
            let client = client(tx, &request)?;
            let resource = match &client {
                Some(client) => resource(tx, &request, client)?,
                None => None,
            };
            if let Some(client) = &client {
                note_client(&mut sign_in, client);
            }
            let is_known = client.is_some();
            let (resource, named) = resource.unzip();
            sign_in.resource = named;
            let decided = decide(
                &request,
                &public_url,
                tenant,
                Some(organization.created_at),
                organization.display_name(),
                client,
                resource,
            );
            if let Err(refusal) = &decided {
                sign_in.error_code = refusal.code();
                sign_in.failure_reason = Some(refusal.sentence());
            }
            Ok((decided, is_known.then_some(sign_in)))
        };
        let (decided, sign_in) = if is_few {
            island.read_few(look).await?
        } else {
            island.read(look).await?
        };
        // Before the answer; a second one with the same assertion is as much of a try as the first.
        if let Some(sign_in) = sign_in {
            self.log_application(tenant, sign_in).await?;
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
