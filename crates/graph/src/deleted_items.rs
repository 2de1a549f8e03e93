//! `/directory/deletedItems`: what was deleted and can be restored, for 30 days.
//!
//! A list needs the kind in the path, as in Graph. One object is found by its id whatever its kind,
//! so the route opens to the permissions of all kinds, and the handler asks for that of the kind
//! that it finds.
//!
//! Source: `directory: deletedItems`, `directoryObject: restore` (Microsoft Graph).

use std::sync::Arc;

use directory::rights::{self, Rights};
use directory::{administrative_units, applications, groups, service_principals, users};
use serde_json::{Map, Value};
use store::{ReadTx, Tx};
use types::{Error, Id};
use uuid::Uuid;

use crate::directory_objects::id_of;
use crate::errors::Refusal;
use crate::listing::{self, Source};
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

/// The kinds of objects that can be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Group,
    Application,
    ServicePrincipal,
    AdministrativeUnit,
}

const KINDS: [Kind; 5] = [
    Kind::User,
    Kind::Group,
    Kind::Application,
    Kind::ServicePrincipal,
    Kind::AdministrativeUnit,
];

/// What restoring takes as a parameter.
const RECONCILE: &str = "autoReconcileProxyConflict";
/// Groups of one owner that are looked at together.
const OWNED_AT_ONCE: usize = 500;
const READ_USERS: &[&str] = &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All"];
const READ_GROUPS: &[&str] = &[
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
];
const READ_APPLICATIONS: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
];
const READ_UNITS: &[&str] = crate::administrative_units::READ;
const READ: &[&str] = &[
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
];
const RESTORE: &[&str] = &[
    "AdministrativeUnit.ReadWrite.All",
    "User.DeleteRestore.All",
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "Application.ReadWrite.All",
];

impl Kind {
    fn readers(self) -> &'static [&'static str] {
        match self {
            Self::User => READ_USERS,
            Self::Group => READ_GROUPS,
            Self::Application | Self::ServicePrincipal => READ_APPLICATIONS,
            Self::AdministrativeUnit => READ_UNITS,
        }
    }

    fn restorers(self) -> &'static [&'static str] {
        match self {
            Self::User => &["User.DeleteRestore.All", "User.ReadWrite.All"],
            Self::Group => &["Group.ReadWrite.All"],
            Self::Application | Self::ServicePrincipal => &["Application.ReadWrite.All"],
            Self::AdministrativeUnit => &["AdministrativeUnit.ReadWrite.All"],
        }
    }

    /// What a user who is signed in needs one of, to do this.
    fn actions(self, deed: Deed) -> &'static [&'static str] {
        match (self, deed) {
            (Self::User, Deed::Read) => &["deletedItems.users/restore", "users/allProperties/read"],
            (Self::User, Deed::Restore) => &["deletedItems.users/restore"],
            (Self::User, Deed::Purge) => &["users/delete"],
            (Self::Group, Deed::Read) => {
                &["deletedItems.groups/restore", "groups/allProperties/read"]
            }
            (Self::Group, Deed::Restore) => &["deletedItems.groups/restore"],
            (Self::Group, Deed::Purge) => &["deletedItems.groups/delete"],
            (Self::AdministrativeUnit, Deed::Read) => &["administrativeUnits/allProperties/read"],
            (Self::AdministrativeUnit, Deed::Restore | Deed::Purge) => {
                &["administrativeUnits/allProperties/allTasks"]
            }
            (_, Deed::Read) => &[
                "deletedItems.applications/restore",
                "applications/allProperties/read",
            ],
            (_, Deed::Restore) => &["deletedItems.applications/restore"],
            (_, Deed::Purge) => &["deletedItems.applications/delete"],
        }
    }

    fn type_name(self) -> &'static str {
        match self {
            Self::User => "#microsoft.graph.user",
            Self::Group => "#microsoft.graph.group",
            Self::Application => "#microsoft.graph.application",
            Self::ServicePrincipal => "#microsoft.graph.servicePrincipal",
            Self::AdministrativeUnit => "#microsoft.graph.administrativeUnit",
        }
    }

    /// A deleted object of this kind, as it is shown.
    fn deleted(
        self,
        tx: &ReadTx<'_>,
        id: Uuid,
        select: Option<&[String]>,
    ) -> types::Result<Map<String, Value>> {
        match self {
            Self::User => users::project(&users::get_deleted(tx, Id::new(id))?, select),
            Self::Group => groups::project(&groups::get_deleted(tx, Id::new(id))?, select),
            Self::Application => {
                applications::project(&applications::get_deleted(tx, Id::new(id))?, select)
            }
            Self::ServicePrincipal => service_principals::project(
                &service_principals::get_deleted(tx, Id::new(id))?,
                select,
            ),
            Self::AdministrativeUnit => administrative_units::project(
                &administrative_units::get_deleted(tx, Id::new(id))?,
                select,
            ),
        }
    }

    fn restore(
        self,
        tx: &mut Tx<'_>,
        id: Uuid,
        reconcile: bool,
    ) -> types::Result<Map<String, Value>> {
        match self {
            Self::User => {
                let user = if reconcile {
                    users::restore_without_mail(tx, Id::new(id))?
                } else {
                    users::restore(tx, Id::new(id))?
                };
                sync::look_again(tx, &user)?;
                users::project(&user, None)
            }
            Self::Group => groups::project(&groups::restore(tx, Id::new(id))?, None),
            Self::Application => {
                applications::project(&applications::restore(tx, Id::new(id))?, None)
            }
            Self::ServicePrincipal => {
                service_principals::project(&service_principals::restore(tx, Id::new(id))?, None)
            }
            Self::AdministrativeUnit => administrative_units::project(
                &administrative_units::restore(tx, Id::new(id))?,
                None,
            ),
        }
    }

    fn purge(self, tx: &mut Tx<'_>, id: Uuid) -> types::Result<()> {
        match self {
            Self::User => {
                let user = users::get_deleted(tx, Id::new(id))?;
                users::purge(tx, user.id)?;
                sync::look_again(tx, &user)
            }
            Self::Group => groups::purge(tx, Id::new(id)),
            Self::Application => applications::purge(tx, Id::new(id)),
            Self::ServicePrincipal => service_principals::purge(tx, Id::new(id)),
            Self::AdministrativeUnit => administrative_units::purge(tx, Id::new(id)),
        }
    }
}

static USERS: Source<users::User> = Source {
    set: "directory/deletedItems/microsoft.graph.user",
    entity: users::entity,
    list: users::list_deleted,
    count: users::count_deleted,
    place: users::place,
    project: users::project,
};
static GROUPS: Source<groups::Group> = Source {
    set: "directory/deletedItems/microsoft.graph.group",
    entity: groups::entity,
    list: groups::list_deleted,
    count: groups::count_deleted,
    place: groups::place,
    project: groups::project,
};
static APPLICATIONS: Source<applications::Application> = Source {
    set: "directory/deletedItems/microsoft.graph.application",
    entity: applications::entity,
    list: applications::list_deleted,
    count: applications::count_deleted,
    place: applications::place,
    project: applications::project,
};
static SERVICE_PRINCIPALS: Source<service_principals::ServicePrincipal> = Source {
    set: "directory/deletedItems/microsoft.graph.servicePrincipal",
    entity: service_principals::entity,
    list: service_principals::list_deleted,
    count: service_principals::count_deleted,
    place: service_principals::place,
    project: service_principals::project,
};
static UNITS: Source<administrative_units::AdministrativeUnit> = Source {
    set: "directory/deletedItems/microsoft.graph.administrativeUnit",
    entity: administrative_units::entity,
    list: administrative_units::list_deleted,
    count: administrative_units::count_deleted,
    place: administrative_units::place,
    project: administrative_units::project,
};

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("directory/deletedItems", Versions::Both);
    area.get(
        "/directory/deletedItems/microsoft.graph.user",
        READ_USERS,
        "List deleted users",
        |call| async move { listing::list(&call, &USERS).await },
    )
    .query(Allowed::LIST);
    area.get(
        "/directory/deletedItems/microsoft.graph.user/$count",
        READ_USERS,
        "Count deleted users",
        |call| async move { listing::count(&call, &USERS).await },
    )
    .query(Allowed::FILTER);
    area.get(
        "/directory/deletedItems/microsoft.graph.group",
        READ_GROUPS,
        "List deleted groups",
        |call| async move { listing::list(&call, &GROUPS).await },
    )
    .query(Allowed::LIST);
    area.get(
        "/directory/deletedItems/microsoft.graph.group/$count",
        READ_GROUPS,
        "Count deleted groups",
        |call| async move { listing::count(&call, &GROUPS).await },
    )
    .query(Allowed::FILTER);
    area.get(
        "/directory/deletedItems/microsoft.graph.application",
        READ_APPLICATIONS,
        "List deleted applications",
        |call| async move { listing::list(&call, &APPLICATIONS).await },
    )
    .query(Allowed::LIST);
    area.get(
        "/directory/deletedItems/microsoft.graph.application/$count",
        READ_APPLICATIONS,
        "Count deleted applications",
        |call| async move { listing::count(&call, &APPLICATIONS).await },
    )
    .query(Allowed::FILTER);
    area.get(
        "/directory/deletedItems/microsoft.graph.servicePrincipal",
        READ_APPLICATIONS,
        "List deleted service principals",
        |call| async move { listing::list(&call, &SERVICE_PRINCIPALS).await },
    )
    .query(Allowed::LIST);
    area.get(
        "/directory/deletedItems/microsoft.graph.servicePrincipal/$count",
        READ_APPLICATIONS,
        "Count deleted service principals",
        |call| async move { listing::count(&call, &SERVICE_PRINCIPALS).await },
    )
    .query(Allowed::FILTER);
    area.get(
        "/directory/deletedItems/microsoft.graph.administrativeUnit",
        READ_UNITS,
        "List deleted administrative units",
        |call| async move { listing::list(&call, &UNITS).await },
    )
    .query(Allowed::LIST);
    area.get(
        "/directory/deletedItems/microsoft.graph.administrativeUnit/$count",
        READ_UNITS,
        "Count deleted administrative units",
        |call| async move { listing::count(&call, &UNITS).await },
    )
    .query(Allowed::FILTER);
    area.post(
        "/directory/deletedItems/getUserOwnedObjects",
        &["Group.Read.All", "Group.ReadWrite.All"],
        "List the deleted groups that a user owns",
        owned_by_user,
    )
    .query(Allowed::TOP.and(Allowed::SELECT));
    area.get(
        "/directory/deletedItems/{id}",
        READ,
        "Get a deleted object",
        get,
    )
    .query(Allowed::SELECT);
    area.delete(
        "/directory/deletedItems/{id}",
        RESTORE,
        "Delete a deleted object for good",
        purge,
    );
    area.post(
        "/directory/deletedItems/{id}/restore",
        RESTORE,
        "Restore a deleted object with its id",
        restore,
    );
}

/// What is done with a deleted object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Read,
    Restore,
    Purge,
}

/// What a caller may do with deleted objects.
struct Reach {
    deed: Deed,
    kinds: Vec<Kind>,
    rights: Option<Arc<Rights>>,
}

impl Reach {
    fn of(call: &Call, deed: Deed) -> Self {
        let caller = &call.caller;
        let may = |kind: &Kind| {
            let permissions = match deed {
                Deed::Read => kind.readers(),
                Deed::Restore | Deed::Purge => kind.restorers(),
            };
            let actions = kind.actions(deed);
            permissions.iter().any(|own| caller.may(own))
                && actions.iter().any(|action| caller.has_right(action))
        };
        Self {
            deed,
            kinds: KINDS.into_iter().filter(may).collect(),
            rights: caller.rights.clone(),
        }
    }

    /// The kind of a deleted object, if the caller may do this to it.
    fn kind_of(&self, tx: &ReadTx<'_>, id: Uuid) -> types::Result<Kind> {
        let only_id = ["id".to_owned()];
        for kind in KINDS {
            match kind.deleted(tx, id, Some(&only_id)) {
                Ok(_) if self.kinds.contains(&kind) && self.reaches(tx, kind, id)? => {
                    return Ok(kind);
                }
                Ok(_) => {
                    return Err(Error::forbidden(
                        "Insufficient privileges to complete the operation.",
                    ));
                }
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::not_found("directoryObject", id))
    }

    /// Whether the roles of the user who is signed in reach those that hang on the object.
    fn reaches(&self, tx: &ReadTx<'_>, kind: Kind, id: Uuid) -> types::Result<bool> {
        let Some(rights) = self.rights.as_ref().filter(|_| self.deed != Deed::Read) else {
            return Ok(true);
        };
        Ok(match kind {
            Kind::User => rights.may_manage(&rights::all_roles_of(tx, Id::new(id))?),
            Kind::Group if groups::get_deleted(tx, Id::new(id))?.is_assignable_to_role() => rights
                .may(match self.deed {
                    Deed::Purge => "groupsAssignableToRoles/delete",
                    _ => "groupsAssignableToRoles/restore",
                }),
            _ => true,
        })
    }
}

fn typed(kind: Kind, shown: Map<String, Value>) -> Map<String, Value> {
    let mut all = Map::new();
    all.insert("@odata.type".into(), kind.type_name().into());
    all.extend(shown);
    all
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (id, select) = (id_of(&call, "id")?, listing::select(&call)?);
    let reach = Reach::of(&call, Deed::Read);
    let shown = call
        .read(move |tx| {
            let kind = reach.kind_of(tx, id)?;
            Ok(typed(kind, kind.deleted(tx, id, select.as_deref())?))
        })
        .await?;
    Reply::entity(&call, "directoryObjects", &shown)
}

/// What a user owns of the deleted groups. They are as many at most as a page has.
async fn owned_by_user(call: Call) -> Result<Reply, Refusal> {
    let (select, size) = (listing::select(&call)?, listing::page_size(&call)?);
    let parameters = call.parameters()?;
    if let Some(other) = parameters
        .keys()
        .find(|name| !["userId", "type"].contains(&name.as_str()))
    {
        return Err(unknown_parameter(other, "'userId' and 'type'"));
    }
    let text = |name| parameters.get(name).and_then(Value::as_str);
    if !text("type").is_some_and(|kind| kind.eq_ignore_ascii_case("Group")) {
        return Err(Refusal::bad_request(
            "'type' has to be 'Group': of nothing else deleted objects are told by their owner.",
        )
        .with_target("type"));
    }
    let user = text("userId").and_then(types::parse_uuid).ok_or_else(|| {
        Refusal::bad_request("'userId' has to be the id of a user.").with_target("userId")
    })?;
    let items = call
        .read(move |tx| {
            users::get(tx, Id::new(user))?;
            let (mut items, mut after) = (Vec::new(), Uuid::nil());
            loop {
                let owned = groups::with_owner(tx, user, after, OWNED_AT_ONCE)?;
                let Some(last) = owned.last().copied() else {
                    return Ok(items);
                };
                after = last;
                for id in owned {
                    if let Some(group) = types::found(groups::get_deleted(tx, Id::new(id)))? {
                        items.push(groups::project(&group, select.as_deref())?);
                    }
                    if items.len() == size {
                        return Ok(items);
                    }
                }
            }
        })
        .await?;
    Reply::collection(&call, "groups", &Page::all(items))
}

fn unknown_parameter(name: &str, known: &str) -> Refusal {
    Refusal::bad_request(format!(
        "The parameter '{name}' isn't supported here; what is taken is {known}."
    ))
    .with_target(name)
}

async fn purge(call: Call) -> Result<Reply, Refusal> {
    let id = id_of(&call, "id")?;
    let reach = Reach::of(&call, Deed::Purge);
    call.write(move |tx| reach.kind_of(tx, id)?.purge(tx, id))
        .await?;
    Ok(Reply::no_content())
}

/// Whether a mail that somebody else has by now is given up: `autoReconcileProxyConflict`.
fn reconciles(parameters: &Map<String, Value>) -> Result<bool, Refusal> {
    let mut reconciles = false;
    for (name, value) in parameters {
        match (name.as_str(), value) {
            (RECONCILE, Value::Bool(asked)) => reconciles = *asked,
            (RECONCILE, Value::Null) => {}
            (RECONCILE, _) => {
                return Err(Refusal::bad_request(format!(
                    "Invalid value specified for '{RECONCILE}': it has to be true or false."
                ))
                .with_target(RECONCILE));
            }
            (name, _) => {
                return Err(unknown_parameter(name, &format!("'{RECONCILE}'")));
            }
        }
    }
    Ok(reconciles)
}

async fn restore(call: Call) -> Result<Reply, Refusal> {
    let id = id_of(&call, "id")?;
    let reach = Reach::of(&call, Deed::Restore);
    let reconcile = reconciles(&call.parameters()?)?;
    let shown = call
        .write(move |tx| {
            let kind = reach.kind_of(tx, id)?;
            Ok(typed(kind, kind.restore(tx, id, reconcile)?))
        })
        .await?;
    Reply::entity(&call, "directoryObjects", &shown)
}
