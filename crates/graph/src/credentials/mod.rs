//! What applications and service principals prove themselves by: certificates ([`keys`]) and secrets
//! ([`passwords`]), in their bodies and by actions.

use directory::key_credentials::Owner;
use directory::owners::Owned;
use directory::service_principals;
use serde_json::{Map, Value};
use store::ReadTx;
use types::{Error, Id, kind};
use uuid::Uuid;

use crate::app_key::{AppKey, Reach};
use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

/// The paths of an action, and whose credentials it changes there.
macro_rules! paths {
    ($action:literal) => {
        [
            (concat!("/applications/{id}/", $action), Of::Application),
            (
                concat!("/applications(appId='{appId}')/", $action),
                Of::Application,
            ),
            (
                concat!("/servicePrincipals/{id}/", $action),
                Of::ServicePrincipal,
            ),
            (
                concat!("/servicePrincipals(appId='{appId}')/", $action),
                Of::ServicePrincipal,
            ),
        ]
    };
}

pub(crate) mod keys;
pub(crate) mod passwords;

/// What lets a client change credentials.
const CHANGE: &[&str] = &[
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
];

/// Registers the actions.
pub(crate) fn routes(routes: &mut Routes) {
    keys::routes(routes);
    passwords::routes(routes);
}

/// Whose credentials a route is about.
#[derive(Debug, Clone, Copy)]
enum Of {
    Application,
    ServicePrincipal,
}

/// Registers an action at all of its paths.
fn action<A, F>(routes: &mut Routes, paths: [(&'static str, Of); 4], summary: &'static str, act: A)
where
    A: Fn(Call, Of) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Result<Reply, Refusal>> + Send + 'static,
{
    for (path, of) in paths {
        let area = match of {
            Of::Application => "applications",
            Of::ServicePrincipal => "servicePrincipals",
        };
        routes
            .area(area, Versions::Both)
            .post(path, CHANGE, summary, move |call| act(call, of));
    }
}

/// The object that a path names.
#[derive(Clone, Copy)]
enum Target {
    Application(AppKey<kind::Application>),
    ServicePrincipal(AppKey<kind::ServicePrincipal>),
}

/// The object, found.
struct Found {
    /// Whose the credentials are.
    owner: Owner,
    /// Whose tokens hang on it.
    principal: Option<Id<kind::ServicePrincipal>>,
}

impl Target {
    fn of(call: &Call, of: Of) -> Result<Self, Refusal> {
        Ok(match of {
            Of::Application => Self::Application(AppKey::of(call)?),
            Of::ServicePrincipal => Self::ServicePrincipal(AppKey::of(call)?),
        })
    }

    /// Finds it, if the caller may change it.
    fn find(self, tx: &ReadTx<'_>, reach: Reach) -> types::Result<Found> {
        match self {
            Self::Application(key) => {
                let found = crate::applications::find(tx, key)?;
                reach.check(tx, Owned::Application(found.id), found.created_by_app_id())?;
                let principal = service_principals::find_by_app_id(tx, found.app_id)?;
                Ok(Found {
                    owner: Owner::Application(found.id),
                    principal: principal.map(|principal| principal.id),
                })
            }
            Self::ServicePrincipal(key) => {
                let found = crate::service_principals::find(tx, key)?;
                reach.check(
                    tx,
                    Owned::ServicePrincipal(found.id),
                    found.created_by_app_id(),
                )?;
                Ok(Found {
                    owner: Owner::ServicePrincipal(found.id),
                    principal: Some(found.id),
                })
            }
        }
    }
}

/// The parameters of an action, of which only these may be there.
fn parameters(call: &Call, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let parameters = call.parameters()?;
    match parameters.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(parameters),
        Some(other) => Err(Error::invalid(
            other.as_str(),
            format!("The parameter '{other}' in the request payload is not a valid parameter for the operation."),
        )
        .into()),
    }
}

/// The id of the credential that an action is to remove.
fn key_id(parameters: &Map<String, Value>, what: &str) -> Result<Uuid, Error> {
    let id = parameters.get("keyId").and_then(Value::as_str);
    id.and_then(types::parse_uuid).ok_or_else(|| {
        Error::invalid(
            "keyId",
            format!(
                "The parameter 'keyId' is required: the GUID of the {what} that is to be removed."
            ),
        )
    })
}
