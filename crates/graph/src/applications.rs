//! `/applications`: registrations of clients and resources, and their secrets.
//!
//! `Application.ReadWrite.OwnedBy` reads all applications, as in Graph, and changes those that the
//! client has created itself.

use directory::applications::{self, Application, NewPassword};
use directory::key_credentials::Owner;
use directory::owners::Owned;
use directory::{app_roles, service_principals};
use identity::oauth::{NewClientSecret, new_client_secret};
use identity::revocation;
use serde_json::{Map, Value};
use store::{ReadTx, Tx};
use types::{Error, Id, kind};
use uuid::Uuid;

use crate::app_key::{AppKey, Reach};
use crate::delegated;
use crate::errors::Refusal;
use crate::key_credentials;
use crate::listing::{self, Source};
use crate::owners;
use crate::query_options::Allowed;
use crate::references::Bound;
use crate::reply::Reply;
use crate::request::Call;
use crate::revocation::{reconsidering, revoking};
use crate::route::{Routes, Versions};

const LIST: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.Read.All",
];
const READ: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const CREATE: &[&str] = &[
    "AppRegistration.Create",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
];
const WRITE: &[&str] = &["Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"];
const SECRETS: &[&str] = &[
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
];

static SOURCE: Source<Application> = Source {
    set: "applications",
    list: applications::list,
    count: applications::count,
    place: applications::place,
    project: applications::project,
};

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("applications", Versions::Both);
    area.get("/applications", LIST, "List applications", list)
        .query(Allowed::LIST.and(Allowed::SEARCH));
    area.get("/applications/$count", LIST, "Count applications", count)
        .query(Allowed::FILTER.and(Allowed::SEARCH));
    area.post("/applications", CREATE, "Create an application", create);
    area.get("/applications/{id}", READ, "Get an application", get)
        .query(Allowed::SELECT);
    area.patch("/applications/{id}", WRITE, "Update an application", update);
    area.delete(
        "/applications/{id}",
        WRITE,
        "Delete an application and its service principal, for 30 days restorably",
        delete,
    );
    area.post(
        "/applications/{id}/addPassword",
        SECRETS,
        "Make a secret, which is shown this once",
        add_password,
    );
    area.post(
        "/applications/{id}/removePassword",
        SECRETS,
        "Remove a secret",
        remove_password,
    );
    area.get(
        "/applications(appId='{appId}')",
        READ,
        "Get an application by its client id",
        get,
    )
    .query(Allowed::SELECT);
    area.patch(
        "/applications(appId='{appId}')",
        WRITE,
        "Update an application by its client id",
        update,
    );
    area.delete(
        "/applications(appId='{appId}')",
        WRITE,
        "Delete an application by its client id",
        delete,
    );
    area.post(
        "/applications(appId='{appId}')/addPassword",
        SECRETS,
        "Make a secret for a client id, which is shown this once",
        add_password,
    );
    area.post(
        "/applications(appId='{appId}')/removePassword",
        SECRETS,
        "Remove a secret of a client id",
        remove_password,
    );
}

type Key = AppKey<kind::Application>;

/// The application that a path names.
pub(crate) fn find(tx: &ReadTx<'_>, key: Key) -> types::Result<Application> {
    match key {
        AppKey::Id(id) => applications::get(tx, id),
        AppKey::AppId(app_id) => applications::get_by_app_id(tx, app_id),
    }
}

/// An application that the caller may change.
fn find_own(tx: &ReadTx<'_>, key: Key, reach: Reach) -> types::Result<Application> {
    let found = find(tx, key)?;
    reach.check(tx, Owned::Application(found.id), found.created_by_app_id())?;
    Ok(found)
}

/// Who acts for an application here, if anybody does.
fn principal(
    tx: &ReadTx<'_>,
    application: &Application,
) -> types::Result<Option<Id<kind::ServicePrincipal>>> {
    let found = service_principals::find_by_app_id(tx, application.app_id)?;
    Ok(found.map(|principal| principal.id))
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    listing::list(&call, &SOURCE).await
}

async fn count(call: Call) -> Result<Reply, Refusal> {
    listing::count(&call, &SOURCE).await
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (key, select) = (Key::of(&call)?, listing::select(&call)?);
    let shown = call
        .read(move |tx| applications::project(&find(tx, key)?, select.as_deref()))
        .await?;
    Reply::entity(&call, "applications", &shown)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let mut body = call.object("application")?;
    let bound = Bound::take(&call, &mut body, &["owners"])?;
    let keys = key_credentials::take(&mut body)?;
    let passwords = take_passwords(&mut body)?;
    let creator = call.caller.user();
    let (id, shown) = call
        .write(move |tx| {
            let mut made = applications::create(tx, &body)?;
            owners::bind(tx, Owned::Application(made.id), &bound)?;
            owners::of_creator(tx, Owned::Application(made.id), &bound, creator)?;
            let secrets = add_passwords(tx, made.id, &passwords)?;
            if !passwords.is_empty() {
                made = applications::get(tx, made.id)?;
            }
            if let Some(keys) = keys.filter(|keys| !keys.is_empty()) {
                let owner = Owner::Application(made.id);
                directory::key_credentials::replace(tx, owner, &keys)?;
                made = applications::get(tx, made.id)?;
            }
            let mut shown = applications::project(&made, None)?;
            show_secrets(&mut shown, &secrets);
            Ok((made.id, shown))
        })
        .await?;
    Reply::created(
        &call,
        "applications",
        &shown,
        &format!("/applications/{id}"),
    )
}

/// A secret that is to be made with its application.
struct Wanted {
    body: applications::PasswordBody,
    made: NewClientSecret,
}

/// Takes the secrets out of the body of a new application, and makes them.
fn take_passwords(body: &mut Map<String, Value>) -> Result<Vec<Wanted>, Refusal> {
    let wrong = || {
        Error::invalid(
            "passwordCredentials",
            "'passwordCredentials' has to be a list of objects.",
        )
    };
    let list = match body.shift_remove("passwordCredentials") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong().into()),
    };
    let mut wanted = Vec::new();
    // More than an application may have needn't be made.
    for credential in list.iter().take(applications::SECRETS_MAX + 1) {
        let mut credential = credential.as_object().ok_or_else(wrong)?.clone();
        credential.retain(|name, value| !name.starts_with("@odata.") && !value.is_null());
        wanted.push(Wanted {
            body: applications::parse_password(&credential)?,
            made: new_client_secret(identity::random()?),
        });
    }
    Ok(wanted)
}

/// Adds the secrets of a new application; answers each by its id.
fn add_passwords(
    tx: &mut Tx<'_>,
    application: Id<kind::Application>,
    wanted: &[Wanted],
) -> types::Result<Vec<(Uuid, String)>> {
    let mut secrets = Vec::new();
    for Wanted { body, made } in wanted {
        let new = NewPassword {
            display_name: body.display_name.as_deref(),
            start: body.start,
            end: body.end,
            secret_hash: &made.hash,
            hint: &made.hint,
        };
        let added = applications::add_password(tx, application, &new)?;
        secrets.push((added.key_id, made.secret.expose().to_owned()));
    }
    Ok(secrets)
}

/// Shows new secrets, this once.
fn show_secrets(shown: &mut Map<String, Value>, secrets: &[(Uuid, String)]) {
    let list = shown.get_mut("passwordCredentials");
    for credential in list.and_then(Value::as_array_mut).into_iter().flatten() {
        let id = credential["keyId"].as_str().and_then(types::parse_uuid);
        if let Some((_, secret)) = secrets.iter().find(|(key, _)| Some(*key) == id) {
            credential["secretText"] = secret.as_str().into();
        }
    }
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let (key, reach) = (Key::of(&call)?, Reach::of(&call, WRITE));
    let mut patch = call.object("application")?;
    let keys = key_credentials::take(&mut patch)?;
    if keys.is_some() {
        check_credentials(&call).await?;
    }
    reconsidering(&call, move |tx| {
        let before = find_own(tx, key, reach)?;
        applications::update(tx, before.id, &patch)?;
        let mut concerned = who_lost_roles(tx, &before)?;
        for principal in &concerned {
            revocation::revoke(tx, *principal)?;
        }
        if let Some(keys) = keys {
            let owner = Owner::Application(before.id);
            if directory::key_credentials::replace(tx, owner, &keys)? {
                concerned.extend(principal(tx, &before)?);
            }
        }
        Ok(concerned)
    })
    .await?;
    Ok(Reply::no_content())
}

/// That a user who is signed in may change credentials, too: not all who may change an application
/// may become it.
async fn check_credentials(call: &Call) -> Result<(), Refusal> {
    const ACTION: &str = "applications/credentials/update";
    let Some(rights) = &call.caller.rights else {
        return Ok(());
    };
    let (key, reach, user) = (Key::of(call)?, rights.reach(ACTION), rights.user);
    let is_allowed = reach.always
        || (reach.owned
            && call
                .read_few(move |tx| {
                    let owned = Owned::Application(find(tx, key)?.id);
                    directory::owners::is_owner(tx, owned, user.uuid())
                })
                .await?);
    if is_allowed {
        Ok(())
    } else {
        Err(delegated::no_right(ACTION))
    }
}

/// Who had roles of an application whose value tokens can't carry any more.
fn who_lost_roles(
    tx: &Tx<'_>,
    before: &Application,
) -> types::Result<Vec<Id<kind::ServicePrincipal>>> {
    let after = applications::get(tx, before.id)?.enabled_roles();
    let mut lost = before.enabled_roles();
    lost.retain(|id, value| after.get(id) != Some(value));
    let mut holders = Vec::new();
    if let Some(resource) = principal(tx, before)? {
        for role in lost.keys() {
            holders.extend(app_roles::holders(tx, resource, *role)?);
        }
    }
    holders.sort_unstable();
    holders.dedup();
    Ok(holders)
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    let (key, reach) = (Key::of(&call)?, Reach::of(&call, WRITE));
    revoking(&call, move |tx| {
        let found = find_own(tx, key, reach)?;
        let principal = principal(tx, &found)?;
        if let Some(principal) = principal {
            sync::jobs::delete_all(tx, principal)?;
        }
        applications::delete(tx, found.id)?;
        Ok(principal.into_iter().collect())
    })
    .await?;
    Ok(Reply::no_content())
}

/// Refuses parameters that an action doesn't have.
fn only(parameters: &Map<String, Value>, known: &str, action: &str) -> Result<(), Refusal> {
    match parameters.keys().find(|name| *name != known) {
        None => Ok(()),
        Some(other) => Err(Error::invalid(
            other.as_str(),
            format!(
                "The parameter '{other}' in the request payload is not a valid parameter for the operation '{action}'."
            ),
        )
        .into()),
    }
}

async fn add_password(call: Call) -> Result<Reply, Refusal> {
    let (key, reach) = (Key::of(&call)?, Reach::of(&call, SECRETS));
    let parameters = call.parameters()?;
    only(&parameters, "passwordCredential", "addPassword")?;
    let wanted = match parameters.get("passwordCredential") {
        None | Some(Value::Null) => applications::PasswordBody::default(),
        Some(Value::Object(credential)) => {
            let mut credential = credential.clone();
            credential.retain(|name, _| !name.starts_with("@odata."));
            applications::parse_password(&credential)?
        }
        Some(_) => {
            return Err(Error::invalid(
                "passwordCredential",
                "The parameter 'passwordCredential' has to be an object.",
            )
            .into());
        }
    };
    let made = new_client_secret(identity::random()?);
    let (hash, hint) = (made.hash, made.hint);
    let added = call
        .write(move |tx| {
            let application = find_own(tx, key, reach)?;
            let new = NewPassword {
                display_name: wanted.display_name.as_deref(),
                start: wanted.start,
                end: wanted.end,
                secret_hash: &hash,
                hint: &hint,
            };
            applications::add_password(tx, application.id, &new)
        })
        .await?;
    let mut shown = added.to_json();
    shown["secretText"] = made.secret.expose().into();
    Reply::object(&call, "microsoft.graph.passwordCredential", &shown)
}

async fn remove_password(call: Call) -> Result<Reply, Refusal> {
    let (key, reach) = (Key::of(&call)?, Reach::of(&call, SECRETS));
    let parameters = call.parameters()?;
    only(&parameters, "keyId", "removePassword")?;
    let key_id: Uuid = parameters
        .get("keyId")
        .and_then(Value::as_str)
        .and_then(types::parse_uuid)
        .ok_or_else(|| {
            Error::invalid(
                "keyId",
                "The parameter 'keyId' is required: the GUID of the secret that is to be removed.",
            )
        })?;
    // The tokens that were granted for it end with it; those of other secrets live on.
    reconsidering(&call, move |tx| {
        let application = find_own(tx, key, reach)?;
        applications::remove_password(tx, application.id, key_id)?;
        Ok(principal(tx, &application)?.into_iter().collect())
    })
    .await?;
    Ok(Reply::no_content())
}
