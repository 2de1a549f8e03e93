//! The decision on a token request, and its answer.

use serde::Serialize;
use types::{Id, TenantId, Timestamp, kind::ServicePrincipal};
use uuid::Uuid;

use super::{OAuthError, Proof, Resource, TokenRequest};
use crate::token::{AppToken, GRAPH_AUDIENCE, LIFETIME_SECONDS};
use crate::{PublicUrl, Secret};

/// How the secret that was presented stands, or the certificate that an assertion names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofStanding {
    /// The client has no such secret or certificate.
    Unknown,
    /// It had.
    Expired,
    /// It has the certificate, but another key has signed.
    Forged,
    /// It has, under this key id.
    Valid(Uuid),
}

impl ProofStanding {
    /// Why a proof that doesn't stand is refused.
    pub fn refusal(self, client_id: &str, proof: &Proof) -> OAuthError {
        let client_id = client_id.to_owned();
        match (self, proof) {
            (Self::Expired, Proof::Secret { is_basic, .. }) => OAuthError::ExpiredSecret {
                client_id,
                is_basic: *is_basic,
            },
            (_, Proof::Secret { is_basic, .. }) => OAuthError::WrongSecret {
                client_id,
                is_basic: *is_basic,
            },
            (standing, Proof::Assertion(_)) => OAuthError::AssertionKey(match standing {
                Self::Expired => "The key used is expired.",
                Self::Forged => {
                    "The key was found, but use of the key to verify the signature failed."
                }
                _ => "The key was not found.",
            }),
        }
    }
}

/// What the tenant's directory knows of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRecord {
    /// Its client id.
    pub app_id: Uuid,
    /// Its name.
    pub display_name: String,
    /// Its service principal in the tenant.
    pub service_principal: Id<ServicePrincipal>,
    /// Whether that may sign in.
    pub is_enabled: bool,
    /// How what it proves itself with stands.
    pub proof: ProofStanding,
    /// [`crate::revocation::generation`] of the service principal, of the same snapshot.
    pub generation: u64,
}

/// What the tenant's directory knows of the resource, as far as it concerns the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRecord {
    /// The audience of its tokens: its client id. Not looked at for Graph.
    pub audience: String,
    /// The client's roles on it.
    pub roles: Vec<String>,
}

/// A request that is granted: what to sign.
pub type Grant = AppToken;

/// Decides on a request. `tenant_name` is what the tenant calls itself; `client` and `resource`
/// are absent if the tenant has none of that name.
pub fn decide(
    request: &TokenRequest,
    public_url: &PublicUrl,
    tenant: TenantId,
    tenant_created_at: Option<Timestamp>,
    tenant_name: &str,
    client: Option<ClientRecord>,
    resource: Option<ResourceRecord>,
) -> Result<Grant, OAuthError> {
    let client_id = || request.client_id.clone();
    let Some(client) = client else {
        return Err(OAuthError::UnknownClient {
            client_id: client_id(),
            tenant: tenant_name.to_owned(),
        });
    };
    let ProofStanding::Valid(key_id) = client.proof else {
        return Err(client.proof.refusal(&request.client_id, &request.proof));
    };
    if !client.is_enabled {
        return Err(OAuthError::DisabledClient {
            client_id: client_id(),
        });
    }
    let (audience, roles) = match (&request.resource, resource) {
        (Resource::Graph, resource) => (
            GRAPH_AUDIENCE.to_owned(),
            resource.map(|resource| resource.roles).unwrap_or_default(),
        ),
        // An application that took a name of the Graph API gets no tokens that open it.
        (Resource::Application(_), Some(resource))
            if !Resource::is_graph(&resource.audience, public_url) =>
        {
            (resource.audience, resource.roles)
        }
        (Resource::Application(name), _) => {
            return Err(OAuthError::UnknownResource {
                resource: name.clone(),
                tenant: tenant_name.to_owned(),
            });
        }
    };
    Ok(AppToken {
        tenant,
        tenant_created_at,
        audience,
        app_id: client.app_id,
        app_display_name: client.display_name,
        service_principal: client.service_principal,
        roles,
        generation: client.generation,
        key_id: Some(key_id),
        by_certificate: matches!(request.proof, Proof::Assertion(_)),
    })
}

/// The answer that carries a token (RFC 6749 §5.1). The edge sends it with `Cache-Control:
/// no-store`.
#[derive(Serialize)]
pub struct TokenResponse<'a> {
    token_type: &'static str,
    expires_in: i64,
    ext_expires_in: i64,
    access_token: &'a str,
}

impl std::fmt::Debug for TokenResponse<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenResponse")
    }
}

impl<'a> TokenResponse<'a> {
    /// For a token that was just issued.
    pub fn new(token: &'a Secret) -> Self {
        Self {
            token_type: "Bearer",
            expires_in: LIFETIME_SECONDS,
            ext_expires_in: LIFETIME_SECONDS,
            access_token: token.expose(),
        }
    }
}
