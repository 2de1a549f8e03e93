//! A tenant's clients: found by their ids, and how they prove who they are.

use directory::applications::{self, Application};
use directory::first_party::FirstParty;
use directory::service_principals::{self, ServicePrincipal};
use directory::tenant;
use identity::oauth::{Addressed, Form, OAuthError, Platform, Proof, ProofStanding, RedirectUris};
use identity::token::ClientStrength;
use store::ReadTx;
use types::Result;
use uuid::Uuid;

use super::ClientView;
use crate::tokens::proof_standing;

/// A client.
pub(super) struct Client {
    pub(super) application: Application,
    pub(super) principal: ServicePrincipal,
    web: Vec<String>,
    spa: Vec<String>,
    native: Vec<String>,
    is_first_party: bool,
}

/// The client of an id, which may sign in.
pub(super) fn find(tx: &ReadTx<'_>, app_id: Uuid) -> Result<Result<Client, OAuthError>> {
    let principal = service_principals::find_by_app_id(tx, app_id)?;
    let own = FirstParty::find(app_id);
    let application = match own {
        Some(own) => Some(own.application(tx)?),
        None => applications::describe(tx, app_id)?,
    };
    let (Some(principal), Some(application)) = (principal, application) else {
        return Ok(Err(unknown(tx, &app_id.to_string())?));
    };
    if !principal.account_enabled {
        return Ok(Err(OAuthError::DisabledClient {
            client_id: app_id.to_string(),
        }));
    }
    Ok(Ok(Client {
        web: application.redirect_uris_of("web"),
        spa: match own {
            Some(_) => principal.reply_urls(),
            None => application.redirect_uris_of("spa"),
        },
        is_first_party: own.is_some(),
        native: application.redirect_uris_of("publicClient"),
        application,
        principal,
    }))
}

/// The client that a request names, the address that its answer goes to, and what kind of address of
/// the client's that is. Whatever is wrong with these is told to the person, not to the address.
pub(super) fn addressed(
    tx: &ReadTx<'_>,
    form: &Form,
) -> Result<Result<(Addressed, Client, Platform), OAuthError>> {
    let addressed = match Addressed::parse(form) {
        Ok(addressed) => addressed,
        Err(OAuthError::UnknownClient { client_id, .. }) => {
            return Ok(Err(unknown(tx, &client_id)?));
        }
        Err(error) => return Ok(Err(error)),
    };
    let client = match find(tx, addressed.client_id)? {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    let platform = client.redirect_uris().platform(&addressed.redirect_uri);
    Ok(match platform {
        Some(platform) => Ok((addressed, client, platform)),
        None => Err(OAuthError::RedirectUri {
            client_id: addressed.client_id.to_string(),
            redirect_uri: addressed.redirect_uri,
        }),
    })
}

/// That there is no such client.
pub(super) fn unknown(tx: &ReadTx<'_>, client_id: &str) -> Result<OAuthError> {
    Ok(OAuthError::UnknownClient {
        client_id: client_id.to_owned(),
        tenant: tenant::get(tx)?.display_name().to_owned(),
    })
}

impl Client {
    pub(super) fn app_id(&self) -> Uuid {
        self.principal.app_id
    }

    /// Whether it is one of our own, which needs nobody's consent.
    pub(super) const fn is_first_party(&self) -> bool {
        self.is_first_party
    }

    pub(super) fn redirect_uris(&self) -> RedirectUris<'_> {
        RedirectUris {
            web: &self.web,
            spa: &self.spa,
            native: &self.native,
        }
    }

    /// As people see it, when its answer goes to this address.
    pub(super) fn view(&self, redirect_uri: Option<&str>) -> ClientView {
        ClientView {
            name: self.principal.display_name().to_owned(),
            publisher: self.application.publisher_domain(),
            redirect_uri: redirect_uri.map(str::to_owned),
        }
    }

    /// Checks what a client proves itself with: a server has to, others can't. Answers how strong
    /// that is, for the tokens to say.
    pub(super) fn authenticate(
        &self,
        tx: &ReadTx<'_>,
        platform: Platform,
        proof: Option<&Proof>,
    ) -> Result<Result<ClientStrength, OAuthError>> {
        let Some(proof) = proof else {
            return Ok(match platform {
                Platform::Web => Err(OAuthError::MissingSecret),
                Platform::Spa | Platform::Native => Ok(ClientStrength::Public),
            });
        };
        if platform.is_public() {
            return Ok(Err(OAuthError::PublicClientProof));
        }
        let standing = proof_standing(tx, &self.principal, proof)?;
        Ok(match (proof, standing) {
            (Proof::Secret { .. }, ProofStanding::Valid(_)) => Ok(ClientStrength::Secret),
            (Proof::Assertion(_), ProofStanding::Valid(_)) => Ok(ClientStrength::Certificate),
            _ => Err(standing.refusal(&self.app_id().to_string(), proof)),
        })
    }
}
