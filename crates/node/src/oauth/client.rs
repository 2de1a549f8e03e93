//! A tenant's clients: found by their ids, and how they prove who they are. One may be the application of
//! another tenant that offers it to this one ([`crate::published`]), installed here or not yet.

use std::sync::Arc;

use directory::applications::{self, Application};
use directory::first_party::FirstParty;
use directory::service_principals::{self, ServicePrincipal};
use directory::tenant;
use identity::oauth::{Addressed, Form, OAuthError, Platform, Proof, ProofStanding, RedirectUris};
use identity::token::ClientStrength;
use store::{ReadTx, Tx};
use types::Result;
use uuid::Uuid;

use super::ClientView;
use crate::published::{Definition, Published, home_elsewhere};
use crate::tokens::proof_standing;

/// A client.
pub(super) struct Client {
    pub(super) application: Arc<Application>,
    pub(super) principal: Arc<ServicePrincipal>,
    web: Vec<String>,
    spa: Vec<String>,
    native: Vec<String>,
    is_first_party: bool,
    /// What its tenant says of it, if that is another one.
    elsewhere: Option<Arc<Definition>>,
    /// The applications of other tenants that its request is about.
    pub(super) published: Published,
}

/// What stands for the client of an id here, and what it is.
fn look_up(
    tx: &ReadTx<'_>,
    published: &Published,
    app_id: Uuid,
) -> Result<Option<(Arc<ServicePrincipal>, Arc<Application>)>> {
    let principal = service_principals::find_by_app_id(tx, app_id)?;
    if let Some(own) = FirstParty::find(app_id) {
        let application = Arc::new(own.application(tx)?);
        return Ok(principal.map(|principal| (principal, application)));
    }
    let principal = match (principal, published.get(app_id)) {
        (Some(principal), _) => principal,
        // One of this tenant that has no service principal can't sign in.
        (None, Some(definition)) if applications::describe(tx, app_id)?.is_none() => {
            Arc::new(ServicePrincipal::prospective(tx, &definition.elsewhere))
        }
        (None, _) => return Ok(None),
    };
    let application = published.application(tx, &principal)?;
    Ok(application.map(|application| (principal, application)))
}

/// The client of an id, which may sign in.
pub(super) fn find(
    tx: &ReadTx<'_>,
    published: &Published,
    app_id: Uuid,
) -> Result<Result<Client, OAuthError>> {
    let own = FirstParty::find(app_id);
    let Some((principal, application)) = look_up(tx, published, app_id)? else {
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
        elsewhere: home_elsewhere(tx, &principal).and_then(|_| published.get(app_id).cloned()),
        published: published.clone(),
        application,
        principal,
    }))
}

/// The client that a request names, the address that its answer goes to, and what kind of address of
/// the client's that is. Whatever is wrong with these is told to the person, not to the address.
pub(super) fn addressed(
    tx: &ReadTx<'_>,
    published: &Published,
    form: &Form,
) -> Result<Result<(Addressed, Client, Platform), OAuthError>> {
    let addressed = match Addressed::parse(form) {
        Ok(addressed) => addressed,
        Err(OAuthError::UnknownClient { client_id, .. }) => {
            return Ok(Err(unknown(tx, &client_id)?));
        }
        Err(error) => return Ok(Err(error)),
    };
    let client = match find(tx, published, addressed.client_id)? {
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

    /// Whether it isn't in this tenant yet: a first consent makes its service principal.
    pub(super) fn is_prospective(&self) -> bool {
        self.principal.is_prospective()
    }

    /// Makes the service principal of another tenant's application, if it isn't there yet: somebody who
    /// may has allowed it something.
    pub(super) fn install(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        if self.is_prospective()
            && let Some(definition) = &self.elsewhere
        {
            self.principal = service_principals::take_over(tx, &definition.elsewhere)?;
        }
        Ok(())
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
        let standing = proof_standing(tx, &self.principal, self.elsewhere.as_deref(), proof)?;
        Ok(match (proof, standing) {
            (Proof::Secret { .. }, ProofStanding::Valid(_)) => Ok(ClientStrength::Secret),
            (Proof::Assertion(_), ProofStanding::Valid(_)) => Ok(ClientStrength::Certificate),
            _ => Err(standing.refusal(&self.app_id().to_string(), proof)),
        })
    }
}
