//! `/servicePrincipals/{id}/synchronization` and the same of an application: templates, secrets,
//! jobs and their schemas.
//!
//! A job is what automation sees of a pair; what it brings into the pair's scope is told in
//! [`sync::jobs`]. `Application.ReadWrite.OwnedBy` reaches what the client has created itself.
//!
//! Source: Microsoft Graph, "Microsoft Entra synchronization API overview".

mod actions;
mod jobs;
mod on_demand;
mod schema;
mod secrets;
mod templates;

use directory::permissions;
use directory::service_principals::{self, ServicePrincipal};
use serde_json::{Value, json};
use store::ReadTx;
use types::{Error, kind};

use crate::app_key::{AppKey, Reach};
use crate::errors::Refusal;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &[
    "Application.ReadWrite.OwnedBy",
    "Synchronization.Read.All",
    "Synchronization.ReadWrite.All",
];
const WRITE: &[&str] = &[
    "Application.ReadWrite.OwnedBy",
    "Synchronization.ReadWrite.All",
];
const UPDATE: &[&str] = &["Synchronization.ReadWrite.All"];

pub(crate) use schema::read as read_schema;

/// Whose synchronization a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// `/servicePrincipals/{id}`.
    Principal,
    /// `/applications/{id}`: its service principal's.
    Application,
}

/// Who owns what a request is about, and whether the caller reaches it.
#[derive(Clone, Copy)]
struct Owner {
    key: OwnerKey,
    reach: Reach,
}

#[derive(Clone, Copy)]
enum OwnerKey {
    Principal(AppKey<kind::ServicePrincipal>),
    Application(AppKey<kind::Application>),
}

impl Owner {
    fn of(call: &Call, at: At, permissions: &[&str]) -> Result<Self, Refusal> {
        let key = match at {
            At::Principal => OwnerKey::Principal(AppKey::of(call)?),
            At::Application => OwnerKey::Application(AppKey::of(call)?),
        };
        Ok(Self {
            key,
            reach: Reach::of(call, permissions),
        })
    }

    /// The service principal.
    fn find(self, tx: &ReadTx<'_>) -> types::Result<ServicePrincipal> {
        let found = match self.key {
            OwnerKey::Principal(key) => crate::service_principals::find(tx, key)?,
            OwnerKey::Application(key) => {
                let application = crate::applications::find(tx, key)?;
                service_principals::get_by_app_id(tx, application.app_id)?
            }
        };
        self.reach.check(
            tx,
            directory::owners::Owned::ServicePrincipal(found.id),
            found.created_by_app_id(),
        )?;
        if found.app_id == permissions::GRAPH_APP_ID {
            return Err(Error::bad_request(
                "The service principal of Microsoft Graph has no synchronization.",
            ));
        }
        Ok(found)
    }
}

/// `servicePrincipals('…')/synchronization/jobs`, as contexts spell it.
fn set(principal: &ServicePrincipal, below: &str) -> String {
    format!(
        "servicePrincipals('{}')/synchronization/{below}",
        principal.id
    )
}

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("synchronization", Versions::Both);
    macro_rules! schema {
        ($at:expr, concat!($($path:literal),*)) => {
            area.get(
                concat!($($path),*),
                READ,
                "Get a synchronization schema",
                |call| schema::get(call, $at),
            );
            area.get(
                concat!($($path,)* "/functions()"),
                WRITE,
                "List the functions of expressions",
                |call| schema::functions(call, $at),
            );
            area.get(
                concat!($($path,)* "/filterOperators()"),
                WRITE,
                "List the operators of scoping filters",
                |call| schema::filter_operators(call, $at),
            );
            area.post(
                concat!($($path,)* "/parseExpression"),
                WRITE,
                "Read an expression, and evaluate it for a test object",
                |call| schema::parse(call, $at),
            );
            area.get(
                concat!($($path,)* "/directories"),
                READ,
                "List the directories that a schema speaks of",
                |call| schema::directories(call, $at),
            );
            area.get(
                concat!($($path,)* "/directories/{directoryId}"),
                READ,
                "Get a directory that a schema speaks of",
                |call| schema::get_directory(call, $at),
            );
            area.post(
                concat!($($path,)* "/directories/{directoryId}/discover"),
                schema::DISCOVER,
                "Find out what a directory's objects have",
                |call| schema::discover(call, $at),
            );
        };
    }
    macro_rules! at {
        ($at:expr, $root:literal) => {
            area.get(
                concat!($root, "/synchronization"),
                READ,
                "Get what there is of synchronization",
                |call| get(call, $at),
            );
            area.get(
                concat!($root, "/synchronization/templates"),
                READ,
                "List what synchronization jobs can be made from",
                |call| templates::list(call, $at),
            );
            area.get(
                concat!($root, "/synchronization/templates/{templateId}"),
                READ,
                "Get a synchronization template",
                |call| templates::get(call, $at),
            );
            area.get(
                concat!($root, "/synchronization/secrets"),
                READ,
                "List which synchronization secrets there are, without their values",
                |call| secrets::list(call, $at),
            );
            area.put(
                concat!($root, "/synchronization/secrets"),
                WRITE,
                "Save synchronization secrets",
                |call| secrets::put(call, $at),
            );
            area.get(
                concat!($root, "/synchronization/jobs"),
                READ,
                "List synchronization jobs",
                |call| jobs::list(call, $at),
            )
            .query(Allowed::SELECT);
            area.post(
                concat!($root, "/synchronization/jobs"),
                WRITE,
                "Create a synchronization job from a template",
                |call| jobs::create(call, $at),
            );
            area.post(
                concat!($root, "/synchronization/jobs/validateCredentials"),
                WRITE,
                "Say whether both tenants let users be synchronized",
                |call| actions::validate_credentials(call, $at),
            );
            area.get(
                concat!($root, "/synchronization/jobs/{jobId}"),
                READ,
                "Get a synchronization job and how it stands",
                |call| jobs::get(call, $at),
            )
            .query(Allowed::SELECT);
            area.patch(
                concat!($root, "/synchronization/jobs/{jobId}"),
                UPDATE,
                "Change the settings of a synchronization job",
                |call| jobs::update(call, $at),
            );
            area.delete(
                concat!($root, "/synchronization/jobs/{jobId}"),
                WRITE,
                "Delete a synchronization job; what its target has stays there",
                |call| jobs::delete(call, $at),
            );
            area.post(
                concat!($root, "/synchronization/jobs/{jobId}/start"),
                WRITE,
                "Start a synchronization job",
                |call| actions::start(call, $at),
            );
            area.post(
                concat!($root, "/synchronization/jobs/{jobId}/pause"),
                WRITE,
                "Pause a synchronization job",
                |call| actions::pause(call, $at),
            );
            area.post(
                concat!($root, "/synchronization/jobs/{jobId}/restart"),
                WRITE,
                "Start a synchronization job anew",
                |call| actions::restart(call, $at),
            );
            area.post(
                concat!($root, "/synchronization/jobs/{jobId}/validateCredentials"),
                WRITE,
                "Say whether both tenants let a job's users be synchronized",
                |call| actions::validate_credentials(call, $at),
            );
            area.post(
                concat!($root, "/synchronization/jobs/{jobId}/provisionOnDemand"),
                WRITE,
                "Provision users at once, with an account of each step",
                |call| on_demand::provision(call, $at),
            );
            area.put(
                concat!($root, "/synchronization/jobs/{jobId}/schema"),
                WRITE,
                "Replace the schema of a synchronization job",
                |call| schema::replace(call, $at),
            );
            area.patch(
                concat!($root, "/synchronization/jobs/{jobId}/schema"),
                WRITE,
                "Change parts of the schema of a synchronization job",
                |call| schema::update(call, $at),
            );
            area.delete(
                concat!($root, "/synchronization/jobs/{jobId}/schema"),
                WRITE,
                "Go back to the template's schema",
                |call| schema::delete(call, $at),
            );
            schema!($at, concat!($root, "/synchronization/jobs/{jobId}/schema"));
            schema!(
                $at,
                concat!($root, "/synchronization/templates/{templateId}/schema")
            );
        };
    }
    at!(At::Principal, "/servicePrincipals/{id}");
    at!(At::Application, "/applications/{id}");
}

async fn get(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, READ)?;
    let (principal, names) = call
        .read(move |tx| {
            let principal = owner.find(tx)?;
            let names = sync::jobs::secrets::names(tx, principal.id)?;
            Ok((principal, names))
        })
        .await?;
    let secrets: Vec<Value> = names.iter().map(|name| secrets::hidden(name)).collect();
    let context = format!(
        "servicePrincipals('{}')/synchronization/$entity",
        principal.id
    );
    let shown = json!({"id": principal.id, "secrets": secrets});
    Reply::object(&call, &context, &shown)
}
