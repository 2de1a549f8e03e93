//! Owners of applications and of service principals, and what somebody owns.
//!
//! Who owns a group is with the groups. A client that has `Application.ReadWrite.OwnedBy` alone
//! changes the owners of what it owns itself.
//!
//! Source: "application: List owners", "servicePrincipal: List owners", "user: List ownedObjects"
//! (Microsoft Graph).

use directory::owners::{self, Owned, Possession};
use directory::{applications, service_principals, users};
use store::{ReadTx, Tx};
use types::{Error, Id};
use uuid::Uuid;

use crate::app_key::{AppKey, Reach};
use crate::directory_objects::{self, Lens, Link, Part, RELATED, Related, with_type};
use crate::errors::Refusal;
use crate::listing::{self, Shown};
use crate::query_options::Allowed;
use crate::references::{Bound, Reference};
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

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
const OF_USER: &[&str] = &[
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
/// What a list of possessions knows.
const POSSESSIONS: Allowed = Allowed::SELECT
    .and(Allowed::TOP)
    .and(Allowed::SKIP_TOKEN)
    .and(Allowed::COUNT);

/// Which of the two kinds a route is for.
#[derive(Debug, Clone, Copy)]
enum Of {
    Application,
    ServicePrincipal,
}

/// The paths of one kind, by either key.
const PATHS: [(Of, &str, &str, &str); 4] = [
    (
        Of::Application,
        "/applications/{id}/owners",
        "/applications/{id}/owners/$ref",
        "/applications/{id}/owners/{ownerId}/$ref",
    ),
    (
        Of::Application,
        "/applications(appId='{appId}')/owners",
        "/applications(appId='{appId}')/owners/$ref",
        "/applications(appId='{appId}')/owners/{ownerId}/$ref",
    ),
    (
        Of::ServicePrincipal,
        "/servicePrincipals/{id}/owners",
        "/servicePrincipals/{id}/owners/$ref",
        "/servicePrincipals/{id}/owners/{ownerId}/$ref",
    ),
    (
        Of::ServicePrincipal,
        "/servicePrincipals(appId='{appId}')/owners",
        "/servicePrincipals(appId='{appId}')/owners/$ref",
        "/servicePrincipals(appId='{appId}')/owners/{ownerId}/$ref",
    ),
];

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("owners", Versions::Both);
    for (of, path, reference, member) in PATHS {
        area.get(path, READ, "List who owns it", move |call| list(call, of))
            .query(RELATED);
        area.post(reference, WRITE, "Add an owner", move |call| add(call, of));
        area.delete(
            member,
            WRITE,
            "Take an owner's ownership away",
            move |call| remove(call, of),
        );
    }
    for (path, cast) in [
        ("/users/{id}/ownedObjects", None),
        (
            "/users/{id}/ownedObjects/microsoft.graph.group",
            Some(Possession::Group),
        ),
        (
            "/users/{id}/ownedObjects/microsoft.graph.application",
            Some(Possession::Application),
        ),
        (
            "/users/{id}/ownedObjects/microsoft.graph.servicePrincipal",
            Some(Possession::ServicePrincipal),
        ),
    ] {
        area.get(path, OF_USER, "List what a user owns", move |call| {
            owned_by_user(call, cast)
        })
        .query(POSSESSIONS);
    }
    for (path, cast) in [
        ("/servicePrincipals/{id}/ownedObjects", None),
        (
            "/servicePrincipals/{id}/ownedObjects/microsoft.graph.group",
            Some(Possession::Group),
        ),
        (
            "/servicePrincipals/{id}/ownedObjects/microsoft.graph.application",
            Some(Possession::Application),
        ),
        (
            "/servicePrincipals/{id}/ownedObjects/microsoft.graph.servicePrincipal",
            Some(Possession::ServicePrincipal),
        ),
    ] {
        area.get(
            path,
            READ,
            "List what a service principal owns",
            move |call| owned_by_principal(call, cast),
        )
        .query(POSSESSIONS);
    }
}

/// Makes those that a body binds owners of what it makes.
pub(crate) fn bind(tx: &mut Tx<'_>, of: Owned, bound: &Bound) -> types::Result<()> {
    for owner in bound.to("owners") {
        let owner = owner.resolve(tx)?;
        owners::add(tx, of, owner)?;
    }
    Ok(())
}

/// Whoever makes an object and names no owners is its owner.
pub(crate) fn of_creator(
    tx: &mut Tx<'_>,
    of: Owned,
    bound: &Bound,
    creator: Option<types::Id<types::kind::User>>,
) -> types::Result<()> {
    match creator.filter(|_| bound.to("owners").is_empty()) {
        Some(creator) => owners::add(tx, of, creator.uuid()),
        None => Ok(()),
    }
}

/// The object that a path names.
#[derive(Clone, Copy)]
enum Target {
    Application(AppKey<types::kind::Application>),
    ServicePrincipal(AppKey<types::kind::ServicePrincipal>),
}

impl Target {
    fn of(call: &Call, of: Of) -> Result<Self, Refusal> {
        Ok(match of {
            Of::Application => Self::Application(AppKey::of(call)?),
            Of::ServicePrincipal => Self::ServicePrincipal(AppKey::of(call)?),
        })
    }

    /// The object, and the client that has made it.
    fn find(self, tx: &ReadTx<'_>) -> types::Result<(Owned, Option<Uuid>)> {
        Ok(match self {
            Self::Application(key) => {
                let found = crate::applications::find(tx, key)?;
                (Owned::Application(found.id), found.created_by_app_id())
            }
            Self::ServicePrincipal(key) => {
                let found = crate::service_principals::find(tx, key)?;
                (Owned::ServicePrincipal(found.id), found.created_by_app_id())
            }
        })
    }

    /// The object, if the caller may change it.
    fn find_own(self, tx: &ReadTx<'_>, reach: Reach) -> types::Result<Owned> {
        let (found, created_by) = self.find(tx)?;
        reach.check(tx, found, created_by)?;
        Ok(found)
    }
}

impl Related for Target {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>> {
        let (of, _) = self.find(tx)?;
        owners::owners(tx, of, part.after, part.limit)
    }

    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        let (of, _) = self.find(tx)?;
        Ok(owners::owners(tx, of, None, owners::OWNERS_MAX)?.len() as u64)
    }
}

async fn list(call: Call, of: Of) -> Result<Reply, Refusal> {
    let target = Target::of(&call, of)?;
    directory_objects::list(&call, "owners", None, target).await
}

async fn add(call: Call, of: Of) -> Result<Reply, Refusal> {
    let (target, reach) = (Target::of(&call, of)?, Reach::of(&call, WRITE));
    let owner = Reference::of_body(&call)?;
    call.write(move |tx| {
        let of = target.find_own(tx, reach)?;
        let owner = owner.resolve(tx)?;
        owners::add(tx, of, owner)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn remove(call: Call, of: Of) -> Result<Reply, Refusal> {
    let (target, reach) = (Target::of(&call, of)?, Reach::of(&call, WRITE));
    let text = call.key("ownerId").to_owned();
    call.write(move |tx| {
        let of = target.find_own(tx, reach)?;
        let owner =
            types::parse_uuid(&text).ok_or_else(|| Error::not_found("directoryObject", &text))?;
        owners::remove(tx, of, owner)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn owned_by_user(call: Call, cast: Option<Possession>) -> Result<Reply, Refusal> {
    let key = call.key("id").to_owned();
    possessions(&call, cast, move |tx| Ok(users::find(tx, &key)?.id.uuid())).await
}

async fn owned_by_principal(call: Call, cast: Option<Possession>) -> Result<Reply, Refusal> {
    let id = call.id::<types::kind::ServicePrincipal>("id")?;
    possessions(&call, cast, move |tx| {
        Ok(service_principals::get(tx, id)?.id.uuid())
    })
    .await
}

/// A page of what somebody owns.
async fn possessions(
    call: &Call,
    cast: Option<Possession>,
    owner: impl FnOnce(&ReadTx<'_>) -> types::Result<Uuid> + Send + 'static,
) -> Result<Reply, Refusal> {
    const NAME: &str = "ownedObjects";
    let (lens, size) = (Lens::of(call)?, listing::page_size(call)?);
    let after: Option<Uuid> = call.skip_token(NAME)?;
    let counted = call.options.is_advanced() && after.is_none();
    let (items, count, next) = call
        .read(move |tx| {
            let owner = owner(tx)?;
            let mut all = owners::possessions(tx, owner)?;
            all.retain(|(_, what)| cast.is_none_or(|cast| cast == *what));
            let count = counted.then_some(all.len() as u64);
            all.retain(|(id, _)| after.is_none_or(|after| *id > after));
            all.truncate(size + 1);
            let next = listing::cut(&mut all, size).map(|(last, _)| *last);
            let mut items = Vec::with_capacity(all.len());
            for (id, what) in all {
                items.extend(show(tx, &lens, id, what, cast.is_none())?);
            }
            Ok((items, count, next))
        })
        .await?;
    let page = Page {
        count,
        next_link: next.map(|id| call.next_link(NAME, &id)).transpose()?,
        ..Page::all(items)
    };
    let set = match cast {
        None => "directoryObjects",
        Some(Possession::Group) => "groups",
        Some(Possession::Application) => "applications",
        Some(Possession::ServicePrincipal) => "servicePrincipals",
    };
    Reply::collection(call, set, &page)
}

fn show(
    tx: &ReadTx<'_>,
    lens: &Lens,
    id: Uuid,
    what: Possession,
    says_type: bool,
) -> types::Result<Option<Shown>> {
    use directory::groups::LinkKind;
    let kind = match what {
        Possession::Group => LinkKind::Group,
        Possession::ServicePrincipal => LinkKind::ServicePrincipal,
        Possession::Application => {
            let select = lens.selected(applications::check_select);
            let found = applications::get(tx, Id::new(id))?;
            let shown = applications::project(&found, select.as_deref())?;
            let shown = if says_type {
                with_type(what.type_name(), shown)
            } else {
                shown
            };
            return Ok(Some(shown));
        }
    };
    let shown = lens.show(tx, Link { id, kind })?;
    Ok(shown.map(|mut shown| {
        if !says_type {
            shown.shift_remove("@odata.type");
        }
        shown
    }))
}
