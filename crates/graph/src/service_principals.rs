//! `/servicePrincipals`: who acts for an application in the tenant.
//!
//! `Application.ReadWrite.OwnedBy` reads all of them, as in Graph, makes them for applications that
//! the client has created itself, and changes those that it has created itself.

use directory::applications;
use directory::groups::LinkKind;
use directory::key_credentials::Owner;
use directory::owners::Owned;
use directory::service_principals::{self, ServicePrincipal};
use identity::revocation;
use serde_json::{Map, Value};
use store::ReadTx;
use types::kind;

use crate::app_key::{self, AppKey, Reach};
use crate::credentials;
use crate::errors::Refusal;
use crate::expand::{Look, Relation};
use crate::listing::{self, Sorting, Source};
use crate::member_of;
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
const WRITE: &[&str] = &[
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
];

static SOURCE: Source<ServicePrincipal> = Source {
    set: "servicePrincipals",
    entity: service_principals::entity,
    list: service_principals::list,
    count: service_principals::count,
    place: service_principals::place,
    project: service_principals::project,
};

/// What can be expanded.
static EXPANDED: [Relation<ServicePrincipal>; 3] = [
    Relation::many("owners", |tx, found, limit| {
        directory::owners::owners(tx, Owned::ServicePrincipal(found.id), None, limit)
    }),
    Relation::memberships("memberOf", |tx, found, limit| {
        member_of::first(tx, found.id.uuid(), false, limit)
    }),
    Relation::memberships("transitiveMemberOf", |tx, found, limit| {
        member_of::first(tx, found.id.uuid(), true, limit)
    }),
];

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("servicePrincipals", Versions::Both);
    area.get("/servicePrincipals", LIST, "List service principals", list)
        .query(Allowed::LIST.and(Allowed::SEARCH).and(Allowed::EXPAND));
    area.get(
        "/servicePrincipals/$count",
        LIST,
        "Count service principals",
        count,
    )
    .query(Allowed::FILTER.and(Allowed::SEARCH));
    area.post(
        "/servicePrincipals",
        WRITE,
        "Create the service principal of an application",
        create,
    );
    area.get(
        "/servicePrincipals/{id}",
        READ,
        "Get a service principal",
        get,
    )
    .query(Allowed::SELECT.and(Allowed::EXPAND));
    area.patch(
        "/servicePrincipals/{id}",
        WRITE,
        "Update a service principal",
        update,
    );
    area.delete(
        "/servicePrincipals/{id}",
        WRITE,
        "Delete a service principal, for 30 days restorably",
        delete,
    );
    area.get(
        "/servicePrincipals(appId='{appId}')",
        READ,
        "Get a service principal by its client id",
        get,
    )
    .query(Allowed::SELECT.and(Allowed::EXPAND));
    area.patch(
        "/servicePrincipals(appId='{appId}')",
        WRITE,
        "Update a service principal by its client id",
        update,
    );
    area.delete(
        "/servicePrincipals(appId='{appId}')",
        WRITE,
        "Delete a service principal by its client id",
        delete,
    );
}

type Key = AppKey<kind::ServicePrincipal>;

/// The service principal that a path names.
pub(crate) fn find(tx: &ReadTx<'_>, key: Key) -> types::Result<ServicePrincipal> {
    match key {
        AppKey::Id(id) => service_principals::get(tx, id),
        AppKey::AppId(app_id) => service_principals::get_by_app_id(tx, app_id),
    }
}

/// One that the caller may change.
fn find_own(tx: &ReadTx<'_>, key: Key, reach: Reach) -> types::Result<ServicePrincipal> {
    let found = find(tx, key)?;
    reach.check(
        tx,
        Owned::ServicePrincipal(found.id),
        found.created_by_app_id(),
    )?;
    Ok(found)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let look = Look::of(&call, &SOURCE, &EXPANDED, LinkKind::ServicePrincipal)?;
    let show = move |tx: &ReadTx<'_>, found: &ServicePrincipal, select: Option<&[String]>| {
        look.show(tx, found, select)
    };
    listing::list_shown(&call, &SOURCE, Sorting::Advanced, show).await
}

async fn count(call: Call) -> Result<Reply, Refusal> {
    listing::count(&call, &SOURCE).await
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (key, select) = (Key::of(&call)?, listing::select(&call)?);
    let look = Look::of(&call, &SOURCE, &EXPANDED, LinkKind::ServicePrincipal)?;
    let shown = call
        .read(move |tx| look.show(tx, &find(tx, key)?, select.as_deref()))
        .await?;
    Reply::entity(&call, "servicePrincipals", &shown)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let body = call.object("servicePrincipal")?;
    make(call, body).await
}

/// Makes the service principal that a body describes.
async fn make(call: Call, mut body: Map<String, Value>) -> Result<Reply, Refusal> {
    let reach = Reach::of(&call, WRITE);
    let bound = Bound::take(&call, &mut body, &["owners"])?;
    let creator = call.caller.user();
    let app_id = body.get("appId").and_then(Value::as_str);
    let app_id = app_id.and_then(types::parse_uuid);
    let elsewhere = match app_id {
        Some(app_id) => {
            let node = &call.platform().node;
            node.application_elsewhere(call.caller.tenant, app_id)
                .await?
        }
        None => None,
    };
    let (id, shown) = call
        .write(move |tx| {
            let own = match app_id {
                Some(app_id) => applications::find_by_app_id(tx, app_id)?,
                None => None,
            };
            let other = elsewhere.as_ref().map(|it| &*it.application);
            if let Some(application) = own.as_ref().or(other) {
                let owned = Owned::Application(application.id);
                reach.check(tx, owned, application.created_by_app_id())?;
            }
            let made = service_principals::create_of(tx, &body, elsewhere.as_ref())?;
            owners::bind(tx, Owned::ServicePrincipal(made.id), &bound)?;
            owners::of_creator(tx, Owned::ServicePrincipal(made.id), &bound, creator)?;
            Ok((made.id, service_principals::project(&made, None)?))
        })
        .await?;
    let location = format!("/servicePrincipals/{id}");
    Reply::created(&call, "servicePrincipals", &shown, &location)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let (key, reach) = (Key::of(&call)?, Reach::of(&call, WRITE));
    let mut patch = call.object("servicePrincipal")?;
    if let AppKey::AppId(app_id) = key
        && app_key::creates_missing(&call)
    {
        let find = move |tx: &ReadTx<'_>| types::found(find(tx, key));
        if call.read_few(find).await?.is_none() {
            call.caller.check_right("servicePrincipals/create")?;
            app_key::name_in_body(&mut patch, "appId", &app_id.to_string())?;
            return make(call, patch).await;
        }
    }
    let keys = credentials::keys::take(&mut patch)?;
    if keys.is_some() {
        let find = move |tx: &ReadTx<'_>| Ok(Owned::ServicePrincipal(find(tx, key)?.id));
        app_key::check_credentials(&call, "servicePrincipals/credentials/update", find).await?;
    }
    reconsidering(&call, move |tx| {
        let before = find_own(tx, key, reach)?;
        service_principals::update(tx, before.id, &patch)?;
        let has_lost_keys = match keys {
            Some(keys) => {
                let owner = Owner::ServicePrincipal(before.id);
                directory::key_credentials::replace(tx, owner, &keys)?
            }
            None => false,
        };
        let after = service_principals::get(tx, before.id)?;
        let is_shut_out = before.account_enabled && !after.account_enabled;
        if is_shut_out {
            revocation::revoke(tx, before.id)?;
        }
        let is_concerned = is_shut_out || has_lost_keys;
        Ok(is_concerned.then_some(before.id).into_iter().collect())
    })
    .await?;
    Ok(Reply::no_content())
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    let (key, reach) = (Key::of(&call)?, Reach::of(&call, WRITE));
    revoking(&call, move |tx| {
        let found = find_own(tx, key, reach)?;
        sync::jobs::delete_all(tx, found.id)?;
        service_principals::delete(tx, found.id)?;
        Ok(vec![found.id])
    })
    .await?;
    Ok(Reply::no_content())
}
