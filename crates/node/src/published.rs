//! Applications of other tenants, as those publish them.
//!
//! A tenant's service principal remembers the tenant that its application is registered in; where there
//! is none yet, the registry says where to ask. What the application is at the moment, whether it is
//! for several tenants still, and how what a client proves itself with stands, its tenant answers through the
//! border, each time: nothing of it is kept here, so that a change there counts at once. Secrets and
//! certificates stay there; of a secret its hash is asked about.
//!
//! Source: "Application and service principal objects in Microsoft Entra ID".

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use border::{Handler, Transport};
use directory::applications::{self, Application, Elsewhere};
use directory::first_party::FirstParty;
use directory::key_credentials::{self, FoundKey};
use directory::password_credentials::{self, FoundPassword};
use directory::permissions::GRAPH_APP_ID;
use directory::service_principals::{self, ServicePrincipal};
use identity::oauth::{Proof, Resource, Thumbprint, secret_hash};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Island, ReadTx, Store};
use types::{Actor, Error, Result, TenantId};
use uuid::Uuid;

use crate::Node;

/// Asks a tenant about an application of its own.
const DEFINITION: &str = "applications.definition";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    app_id: Uuid,
    /// The hash of a secret that the client has shown.
    secret: Option<Vec<u8>>,
    /// The certificate that the client names.
    certificate: Option<Named>,
    /// The secret or certificate by which a token was issued.
    key_id: Option<Uuid>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Named {
    Sha1(Vec<u8>),
    Sha256(Vec<u8>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    published: Map<String, Value>,
    secret: Option<Secret>,
    certificates: Vec<Certificate>,
    has_key: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Secret {
    key_id: Uuid,
    is_valid: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    key_id: Uuid,
    public_key: Vec<u8>,
    is_valid: bool,
}

impl Question {
    fn of(app_id: Uuid, proof: Option<&Proof>) -> Self {
        let mut question = Self {
            app_id,
            ..Self::default()
        };
        match proof {
            Some(Proof::Secret { secret, .. }) => {
                question.secret = Some(secret_hash(secret.expose()).to_vec());
            }
            Some(Proof::Assertion(assertion)) => {
                question.certificate = match assertion.thumbprint() {
                    Some(Thumbprint::Sha1(digest)) => Some(Named::Sha1(digest.clone())),
                    Some(Thumbprint::Sha256(digest)) => Some(Named::Sha256(digest.clone())),
                    None => None,
                };
            }
            None => {}
        }
        question
    }

    /// The answer; nothing where there is no such application, or it isn't for other tenants: they
    /// aren't told which.
    fn answer(&self, tx: &ReadTx<'_>) -> Result<Option<Answer>> {
        let Some(application) = applications::describe(tx, self.app_id)? else {
            return Ok(None);
        };
        let Some(published) = application.published(tx)? else {
            return Ok(None);
        };
        let owner = application.id.uuid();
        let secret = match &self.secret {
            Some(hash) => password_credentials::find(tx, owner, hash)?,
            None => None,
        };
        let certificates = match &self.certificate {
            Some(Named::Sha1(digest)) => {
                key_credentials::find(tx, owner, key_credentials::Thumbprint::Sha1(digest))?
            }
            Some(Named::Sha256(digest)) => {
                key_credentials::find(tx, owner, key_credentials::Thumbprint::Sha256(digest))?
            }
            None => Vec::new(),
        };
        let has_key = match self.key_id {
            Some(key_id) => {
                password_credentials::has(tx, owner, key_id)?
                    || key_credentials::has(tx, owner, key_id)?
            }
            None => false,
        };
        Ok(Some(Answer {
            published,
            secret: secret.map(|found| Secret {
                key_id: found.key_id,
                is_valid: found.is_valid,
            }),
            certificates: certificates
                .into_iter()
                .map(|found| Certificate {
                    key_id: found.key_id,
                    public_key: found.public_key,
                    is_valid: found.is_valid,
                })
                .collect(),
            has_key,
        }))
    }
}

/// The end of the border that answers for this tenant's applications.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Messages;

impl Handler for Messages {
    fn answer(&self, tx: &ReadTx<'_>, _from: TenantId, kind: &str, body: &str) -> Result<String> {
        if kind != DEFINITION {
            return Err(Error::bad_request(format!("'{kind}' isn't a query.")));
        }
        let question: Question =
            serde_json::from_str(body).map_err(|error| Error::bad_request(error.to_string()))?;
        serde_json::to_string(&question.answer(tx)?).map_err(Error::internal)
    }
}

/// An application of another tenant, and how what was asked about stands.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) elsewhere: Elsewhere,
    /// The secret that was shown.
    pub(crate) secret: Option<FoundPassword>,
    /// The certificates of the name that was given.
    pub(crate) certificates: Vec<FoundKey>,
    /// Whether it has the key that was asked about.
    has_key: bool,
}

/// The applications of other tenants that a request is about.
#[derive(Debug, Clone, Default)]
pub struct Published(BTreeMap<Uuid, Arc<Definition>>);

impl Published {
    /// The one of a client id, if its tenant offers it.
    pub(crate) fn get(&self, app_id: Uuid) -> Option<&Arc<Definition>> {
        self.0.get(&app_id)
    }

    /// The application that a service principal stands for, wherever it is registered; none for our own
    /// apps and Graph, and where the other tenant doesn't offer it.
    pub(crate) fn application(
        &self,
        tx: &ReadTx<'_>,
        principal: &ServicePrincipal,
    ) -> Result<Option<Arc<Application>>> {
        match home_elsewhere(tx, principal) {
            Some(home) => {
                let definition = self.get(principal.app_id);
                let definition = definition.filter(|it| it.elsewhere.home == home);
                Ok(definition.map(|it| Arc::clone(&it.elsewhere.application)))
            }
            None if is_everywhere(principal.app_id) => Ok(None),
            None => applications::describe(tx, principal.app_id),
        }
    }

    /// Whether a service principal's application is of this tenant, or of one that offers it.
    pub(crate) fn offers(&self, tx: &ReadTx<'_>, principal: &ServicePrincipal) -> bool {
        home_elsewhere(tx, principal).is_none_or(|home| {
            let definition = self.get(principal.app_id);
            definition.is_some_and(|it| it.elsewhere.home == home)
        })
    }
}

/// The tenant of a service principal's application, if that is another one.
pub(crate) fn home_elsewhere(tx: &ReadTx<'_>, principal: &ServicePrincipal) -> Option<TenantId> {
    principal.home().filter(|home| *home != tx.tenant())
}

/// Whether it is Graph or one of our own apps, which are every tenant's.
fn is_everywhere(app_id: Uuid) -> bool {
    app_id == GRAPH_APP_ID || FirstParty::find(app_id).is_some()
}

/// What a request is about.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    pub(crate) clients: Vec<Uuid>,
    pub(crate) apis: Vec<Resource>,
}

impl Needs {
    pub(crate) fn of(client: Uuid, api: Option<&Resource>) -> Self {
        Self {
            clients: vec![client],
            apis: api.into_iter().cloned().collect(),
        }
    }
}

/// An application that is or may be another tenant's.
struct Wanted {
    app_id: Uuid,
    home: Option<TenantId>,
    principal: Option<Arc<ServicePrincipal>>,
    is_client: bool,
}

/// Which of the applications that a request is about are or may be other tenants'.
#[derive(Default)]
pub(crate) struct Elsewheres {
    wanted: Vec<Wanted>,
    /// The clients that are registered here.
    here: Vec<Uuid>,
}

impl Elsewheres {
    pub(crate) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }
}

fn elsewheres(tx: &ReadTx<'_>, needs: &Needs) -> Result<Elsewheres> {
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut here = Vec::new();
    let mut add = |app_id, principal: Option<Arc<ServicePrincipal>>, is_client| {
        let home = principal.as_ref().and_then(|it| it.home());
        let is_here = principal.is_some() && home.is_none_or(|home| home == tx.tenant());
        if !is_here && !wanted.iter().any(|it| it.app_id == app_id) {
            wanted.push(Wanted {
                app_id,
                home,
                principal,
                is_client,
            });
        }
    };
    for app_id in &needs.clients {
        if is_everywhere(*app_id) {
            continue;
        }
        let principal = service_principals::find_by_app_id(tx, *app_id)?;
        let is_here = match &principal {
            Some(principal) => principal.home() == Some(tx.tenant()),
            None => applications::describe(tx, *app_id)?.is_some(),
        };
        if is_here {
            here.push(*app_id);
        } else {
            add(*app_id, principal, true);
        }
    }
    for api in &needs.apis {
        if let Resource::Application(name) = api
            && let Some(principal) = service_principals::find_by_name(tx, name)?
        {
            add(principal.app_id, Some(principal), false);
        }
    }
    Ok(Elsewheres { wanted, here })
}

/// Clients that are remembered, at most.
const KNOWN_MAX: usize = 10_000;

/// Clients that are registered in the tenant where they were looked for. An id is never another
/// tenant's application's, so that this stays true of what is deleted, too.
#[derive(Clone, Default)]
struct Known(Arc<RwLock<HashSet<(TenantId, Uuid)>>>);

impl Known {
    /// Whether a request is about nothing of other tenants for certain, without a look.
    fn covers(&self, tenant: TenantId, needs: &Needs) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        needs.apis.iter().all(|api| *api == Resource::Graph)
            && needs
                .clients
                .iter()
                .all(|id| is_everywhere(*id) || known.contains(&(tenant, *id)))
    }

    fn add(&self, tenant: TenantId, clients: &[Uuid]) {
        if clients.is_empty() {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.extend(clients.iter().map(|id| (tenant, *id)));
    }
}

/// Asks tenants about each other's applications.
#[derive(Clone)]
pub(crate) struct Publications {
    store: Store,
    transport: Arc<dyn Transport>,
    known: Known,
}

impl Publications {
    pub(crate) fn new(store: Store, transport: Arc<dyn Transport>) -> Self {
        Self {
            store,
            transport,
            known: Known::default(),
        }
    }

    async fn ask(
        &self,
        from: TenantId,
        home: TenantId,
        question: &Question,
    ) -> Result<Option<Definition>> {
        let body = serde_json::to_string(question).map_err(Error::internal)?;
        let answer = match self.transport.ask(from, home, DEFINITION, body).await {
            Ok(answer) => answer,
            // The tenant isn't here any more.
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let answer: Option<Answer> = serde_json::from_str(&answer).map_err(Error::internal)?;
        let now = self.store.clock().now();
        Ok(answer.map(|answer| Definition {
            elsewhere: Elsewhere {
                home,
                application: Arc::new(Application::of_elsewhere(
                    question.app_id,
                    answer.published,
                    now,
                )),
            },
            secret: answer.secret.map(|found| FoundPassword {
                key_id: found.key_id,
                is_valid: found.is_valid,
            }),
            certificates: answer
                .certificates
                .into_iter()
                .map(|found| FoundKey {
                    key_id: found.key_id,
                    public_key: found.public_key,
                    is_valid: found.is_valid,
                })
                .collect(),
            has_key: answer.has_key,
        }))
    }

    /// The applications of other tenants among those that a request of this tenant is about; for its
    /// clients, how what was shown stands. Service principals here are brought up to date with them.
    pub(crate) async fn look(
        &self,
        tenant: TenantId,
        proof: Option<&Proof>,
        needs: impl FnOnce(&ReadTx<'_>) -> Result<Needs> + Send + 'static,
    ) -> Result<Published> {
        let island = self.store.island(tenant)?;
        let known = self.clone();
        let found = island
            .read(move |tx| known.elsewheres(tx, &needs(tx)?))
            .await?;
        self.ask_for(&island, proof, found).await
    }

    /// The same for what is known without a look at the tenant; the client is mostly one of its own,
    /// for Graph, and is remembered as that.
    pub(crate) async fn look_for(
        &self,
        tenant: TenantId,
        proof: Option<&Proof>,
        needs: Needs,
    ) -> Result<Published> {
        if self.known.covers(tenant, &needs) {
            return Ok(Published::default());
        }
        self.look(tenant, proof, move |_| Ok(needs)).await
    }

    /// Which of what a request is about are or may be other tenants', in a transaction of the caller's.
    pub(crate) fn elsewheres(&self, tx: &ReadTx<'_>, needs: &Needs) -> Result<Elsewheres> {
        if self.known.covers(tx.tenant(), needs) {
            return Ok(Elsewheres::default());
        }
        let found = elsewheres(tx, needs)?;
        self.known.add(tx.tenant(), &found.here);
        Ok(found)
    }

    /// Asks about what was found to be or maybe to be other tenants'.
    pub(crate) async fn ask_for(
        &self,
        island: &Island,
        proof: Option<&Proof>,
        found: Elsewheres,
    ) -> Result<Published> {
        if found.wanted.is_empty() {
            return Ok(Published::default());
        }
        Box::pin(self.ask_others(island, proof, found.wanted)).await
    }

    async fn ask_others(
        &self,
        island: &Island,
        proof: Option<&Proof>,
        wanted: Vec<Wanted>,
    ) -> Result<Published> {
        let tenant = island.tenant();
        let mut published = Published::default();
        for Wanted {
            app_id,
            home,
            principal,
            is_client,
        } in wanted
        {
            let home = match home {
                Some(home) => Some(home),
                None => self.store.look_for_application(app_id).await?,
            };
            let Some(home) = home.filter(|home| *home != tenant) else {
                continue;
            };
            // What a client has shown is nothing that an API's tenant needs to know.
            let question = Question::of(app_id, proof.filter(|_| is_client));
            let Some(definition) = self.ask(tenant, home, &question).await? else {
                continue;
            };
            if principal.is_some_and(|it| it.is_behind(&definition.elsewhere.application)) {
                let elsewhere = definition.elsewhere.clone();
                island
                    .write(Actor::System, move |tx| {
                        service_principals::catch_up(tx, &elsewhere)
                    })
                    .await?;
            }
            published.0.insert(app_id, Arc::new(definition));
        }
        Ok(published)
    }

    /// Whether another tenant still offers an application; and has this key, if one is asked about.
    pub(crate) async fn is_offered(
        &self,
        tenant: TenantId,
        home: TenantId,
        app_id: Uuid,
        key_id: Option<Uuid>,
    ) -> Result<Offer> {
        let question = Question {
            app_id,
            key_id,
            ..Question::default()
        };
        Ok(match self.ask(tenant, home, &question).await? {
            None => Offer::None,
            Some(definition) if definition.has_key => Offer::WithKey,
            Some(_) => Offer::WithoutKey,
        })
    }

    /// The application of a client id that some other tenant offers to this one.
    pub(crate) async fn find(&self, tenant: TenantId, app_id: Uuid) -> Result<Option<Elsewhere>> {
        match self.store.look_for_application(app_id).await? {
            Some(home) if home != tenant => {
                let found = self.ask(tenant, home, &Question::of(app_id, None)).await?;
                Ok(found.map(|found| found.elsewhere))
            }
            _ => Ok(None),
        }
    }
}

/// What another tenant says of an application of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// There is none, or it is for its own people only.
    None,
    /// It doesn't have the key, or none was asked about.
    WithoutKey,
    /// It has the key.
    WithKey,
}

impl Node {
    pub(crate) fn publications(&self) -> &Publications {
        &self.0.publications
    }

    /// The application of a client id that another tenant offers to this one.
    pub async fn application_elsewhere(
        &self,
        tenant: TenantId,
        app_id: Uuid,
    ) -> Result<Option<Elsewhere>> {
        self.publications().find(tenant, app_id).await
    }

    /// Lists an application that is for several tenants, so that others find it. To be called in the
    /// transaction that writes it: an entry in vain does no harm, one that is missing would.
    pub fn list_application(&self, tx: &ReadTx<'_>, application: &Application) -> Result<()> {
        if application.is_for_several_tenants() {
            self.store()
                .list_application(tx.tenant(), application.app_id)?;
        }
        Ok(())
    }

    /// Lists those that were there before there was a list, once.
    pub(crate) async fn list_applications(&self) -> Result<()> {
        let store = self.store();
        if store.has_listed_applications().await? {
            return Ok(());
        }
        for tenant in store.tenants() {
            let tenant = tenant.tenant_id;
            let island = store.island(tenant)?;
            let found = island.read(applications::for_several_tenants).await?;
            if !found.is_empty() {
                store.list_applications(tenant, found).await?;
            }
        }
        store.note_applications_listed().await
    }
}
