//! `/applications`: registrations of clients and resources.
//!
//! `Application.ReadWrite.OwnedBy` reads all applications, as in Graph, and changes those that the
//! client has created itself.

use directory::applications::{self, Application};
use directory::key_credentials::Owner;
use directory::owners::Owned;
use directory::{app_roles, service_principals};
use http::StatusCode;
use identity::revocation;
use serde_json::{Map, Value};
use store::{ReadTx, Tx};
use types::{Id, kind};

use crate::app_key::{self, AppKey, Reach};
use crate::credentials;
use crate::errors::Refusal;
use crate::expand::{Look, Relation};
use crate::listing::{self, Sorting, Source};
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

static SOURCE: Source<Application> = Source {
    set: "applications",
    entity: applications::entity,
    list: applications::list,
    count: applications::count,
    place: applications::place,
    project: applications::project,
};

/// What can be expanded.
static EXPANDED: [Relation<Application>; 1] = [Relation::many("owners", |tx, found, limit| {
    directory::owners::owners(tx, Owned::Application(found.id), None, limit)
})];

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("applications", Versions::Both);
    area.get("/applications", LIST, "List applications", list)
        .query(Allowed::LIST.and(Allowed::SEARCH).and(Allowed::EXPAND));
    area.get("/applications/$count", LIST, "Count applications", count)
        .query(Allowed::FILTER.and(Allowed::SEARCH));
    area.post("/applications", CREATE, "Create an application", create);
    area.get("/applications/{id}", READ, "Get an application", get)
        .query(Allowed::SELECT.and(Allowed::EXPAND));
    area.patch("/applications/{id}", WRITE, "Update an application", update);
    area.delete(
        "/applications/{id}",
        WRITE,
        "Delete an application and its service principal, for 30 days restorably",
        delete,
    );
    area.get(
        "/applications(appId='{appId}')",
        READ,
        "Get an application by its client id",
        get,
    )
    .query(Allowed::SELECT.and(Allowed::EXPAND));
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
    let named = "/applications(uniqueName='{uniqueName}')";
    area.get(named, READ, "Get an application by its unique name", get)
        .query(Allowed::SELECT.and(Allowed::EXPAND));
    area.patch(
        named,
        WRITE,
        "Update an application by its unique name, or make it",
        update,
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

/// The key that a path has, by a unique name the id of the application that has it.
async fn key_of(call: &Call) -> Result<Key, Refusal> {
    let Some(name) = call.find_key("uniqueName").map(str::to_owned) else {
        return Key::of(call);
    };
    let find = move |tx: &ReadTx<'_>| applications::get_by_unique_name(tx, &name);
    Ok(AppKey::Id(call.read_few(find).await?.id))
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
    let look = Look::of(&call, &SOURCE, &EXPANDED, None)?;
    let show = move |tx: &ReadTx<'_>, found: &Application, select: Option<&[String]>| {
        look.show(tx, found, select)
    };
    listing::list_shown(&call, &SOURCE, Sorting::Advanced, show).await
}

async fn count(call: Call) -> Result<Reply, Refusal> {
    listing::count(&call, &SOURCE).await
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (key, select) = (key_of(&call).await?, listing::select(&call)?);
    let look = Look::of(&call, &SOURCE, &EXPANDED, None)?;
    let shown = call
        .read(move |tx| look.show(tx, &find(tx, key)?, select.as_deref()))
        .await?;
    Reply::entity(&call, "applications", &shown)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let body = call.object("application")?;
    make(call, body).await
}

/// Makes the application that a body describes.
async fn make(call: Call, mut body: Map<String, Value>) -> Result<Reply, Refusal> {
    let bound = Bound::take(&call, &mut body, &["owners"])?;
    let keys = credentials::keys::take(&mut body)?;
    let passwords = credentials::passwords::take(&mut body)?;
    let creator = call.caller.user();
    let node = call.platform().node.clone();
    let (id, shown) = call
        .write(move |tx| {
            let mut made = applications::create(tx, &body)?;
            node.list_application(tx, &made)?;
            owners::bind(tx, Owned::Application(made.id), &bound)?;
            owners::of_creator(tx, Owned::Application(made.id), &bound, creator)?;
            let secrets =
                credentials::passwords::add_all(tx, Owner::Application(made.id), &passwords)?;
            if !passwords.is_empty() {
                made = applications::get(tx, made.id)?;
            }
            if let Some(keys) = keys.filter(|keys| !keys.is_empty()) {
                let owner = Owner::Application(made.id);
                directory::key_credentials::replace(tx, owner, &keys)?;
                made = applications::get(tx, made.id)?;
            }
            let mut shown = applications::project(&made, None)?;
            credentials::passwords::show(&mut shown, &secrets);
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

fn is_missing(refusal: &Refusal) -> bool {
    refusal.status() == StatusCode::NOT_FOUND
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    const UNIQUE_NAME: &str = "uniqueName";
    let mut patch = call.object("application")?;
    let key = key_of(&call).await;
    if let Some(name) = call.find_key(UNIQUE_NAME) {
        app_key::name_in_body(&mut patch, UNIQUE_NAME, name)?;
        if app_key::creates_missing(&call) && key.as_ref().is_err_and(is_missing) {
            call.caller.check_right("applications/create")?;
            return make(call, patch).await;
        }
        patch.shift_remove(UNIQUE_NAME);
    }
    let (key, reach) = (key?, Reach::of(&call, WRITE));
    let keys = credentials::keys::take(&mut patch)?;
    if keys.is_some() {
        let find = move |tx: &ReadTx<'_>| Ok(Owned::Application(find(tx, key)?.id));
        app_key::check_credentials(&call, "applications/credentials/update", find).await?;
    }
    let node = call.platform().node.clone();
    reconsidering(&call, move |tx| {
        let before = find_own(tx, key, reach)?;
        applications::update(tx, before.id, &patch)?;
        node.list_application(tx, &applications::get(tx, before.id)?)?;
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
