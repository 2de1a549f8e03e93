//! `/groups`: making, reading, listing, changing and deleting.

mod related;

use directory::administrative_units;
use directory::groups::{self, Group, LinkKind};
use serde_json::{Map, Value};
use store::{ReadTx, Tx};
use types::{Error, Id, kind};

use crate::app_key;
use crate::errors::Refusal;
use crate::expand::Look;
use crate::listing::{self, Sorting, Source};
use crate::query_options::Allowed;
use crate::references::Bound;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

const LIST: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group-NestingSupport.ReadWrite.All",
    "Group-PreferredDataLocation.ReadWrite.All",
    "Group.ManageProtection.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
];
const READ: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group-NestingSupport.ReadWrite.All",
    "Group-PreferredDataLocation.ReadWrite.All",
    "Group-XTenantIdentitySync.Read.All",
    "Group.ManageProtection.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
];
const CREATE: &[&str] = &[
    "Directory.ReadWrite.All",
    "Group-PreferredDataLocation.ReadWrite.All",
    "Group.Create",
    "Group.ReadWrite.All",
];
const UPDATE: &[&str] = &[
    "Directory.ReadWrite.All",
    "Group-NestingSupport.ReadWrite.All",
    "Group-PreferredDataLocation.ReadWrite.All",
    "Group.ManageProtection.All",
    "Group.ReadWrite.All",
];
const DELETE: &[&str] = &["Group.ReadWrite.All"];
/// Those of [`UPDATE`] that open all properties; of the others, one opens one.
const UPDATE_ALL: [&str; 2] = ["Directory.ReadWrite.All", "Group.ReadWrite.All"];
const LOCATION: (&str, &str) = (
    "Group-PreferredDataLocation.ReadWrite.All",
    "preferredDataLocation",
);
const BOUND: [&str; 2] = ["owners", "members"];

static SOURCE: Source<Group> = Source {
    set: "groups",
    entity: groups::entity,
    list: groups::list,
    count: groups::count,
    place: groups::place,
    project: groups::project,
};

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("groups", Versions::Both);
    area.get("/groups", LIST, "List groups", list)
        .query(Allowed::LIST.and(Allowed::EXPAND).and(Allowed::SEARCH));
    area.get("/groups/$count", LIST, "Count groups", count)
        .query(Allowed::FILTER.and(Allowed::SEARCH));
    area.post("/groups", CREATE, "Create a group", create);
    area.get("/groups/{id}", READ, "Get a group", get)
        .query(Allowed::SELECT.and(Allowed::EXPAND));
    area.patch(
        "/groups/{id}",
        UPDATE,
        "Update a group, or add members to it",
        update,
    );
    area.delete(
        "/groups/{id}",
        DELETE,
        "Delete a group, for 30 days restorably",
        delete,
    );
    let named = "/groups(uniqueName='{uniqueName}')";
    area.get(named, READ, "Get a group by its unique name", get)
        .query(Allowed::SELECT.and(Allowed::EXPAND));
    area.patch(
        named,
        UPDATE,
        "Update a group by its unique name, or make it",
        update,
    );
    related::routes(&mut area);
}

/// The group that the path names.
#[derive(Debug, Clone)]
enum Key {
    Id(Id<kind::Group>),
    UniqueName(String),
}

impl Key {
    fn of(call: &Call) -> Result<Self, Refusal> {
        match call.find_key("uniqueName") {
            None => call.id("id").map(Self::Id),
            Some(name) => Ok(Self::UniqueName(name.to_owned())),
        }
    }

    fn find(&self, tx: &ReadTx<'_>) -> types::Result<Group> {
        match self {
            Self::Id(id) => groups::get(tx, *id),
            Self::UniqueName(name) => groups::get_by_unique_name(tx, name),
        }
    }
}

/// How a request looks at groups.
fn look(call: &Call) -> Result<Look<Group>, Refusal> {
    if let Some(select) = listing::select(call)? {
        groups::check_select(&select)?;
    }
    Look::of(call, &SOURCE, &related::EXPANDED, LinkKind::Group)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let look = look(&call)?;
    let show = move |tx: &ReadTx<'_>, group: &Group, select: Option<&[String]>| {
        look.show(tx, group, select)
    };
    listing::list_shown(&call, &SOURCE, Sorting::Plain, show).await
}

async fn count(call: Call) -> Result<Reply, Refusal> {
    listing::count(&call, &SOURCE).await
}

/// Who may decide on groups that can be assigned to roles.
#[derive(Debug, Clone, Copy)]
struct Guard {
    may: bool,
}

impl Guard {
    fn of(call: &Call) -> Self {
        Self {
            may: call.caller.may("RoleManagement.ReadWrite.Directory"),
        }
    }

    fn refusal() -> Error {
        Error::forbidden(
            "Insufficient privileges to complete the operation: a group that can be assigned to roles needs RoleManagement.ReadWrite.Directory.",
        )
    }

    /// Refuses to change a group by whose members roles are had.
    fn check(self, tx: &ReadTx<'_>, group: Id<kind::Group>) -> types::Result<()> {
        if self.may || !groups::get(tx, group)?.is_assignable_to_role() {
            return Ok(());
        }
        Err(Self::refusal())
    }
}

/// Makes what a body binds to a group its owners and members.
fn bind(tx: &mut Tx<'_>, group: Id<kind::Group>, bound: &Bound) -> types::Result<()> {
    for owner in bound.to("owners") {
        let owner = owner.resolve(tx)?;
        groups::add_owner(tx, group, owner)?;
    }
    for member in bound.to("members") {
        let member = member.resolve(tx)?;
        groups::add_member(tx, group, member)?;
    }
    Ok(())
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let body = call.object("group")?;
    let (id, shown) = make(&call, body, None).await?;
    Reply::created(&call, "groups", &shown, &format!("/groups/{id}"))
}

/// Makes the group that the body describes, in an administrative unit or in none; answers its id and
/// how it is shown.
pub(crate) async fn make(
    call: &Call,
    mut body: Map<String, Value>,
    unit: Option<Id<kind::AdministrativeUnit>>,
) -> Result<(Id<kind::Group>, Map<String, Value>), Refusal> {
    let bound = Bound::take(call, &mut body, &BOUND)?;
    if body.get("isAssignableToRole") == Some(&Value::Bool(true)) {
        if !Guard::of(call).may {
            return Err(Guard::refusal().into());
        }
        call.caller.check_right("groupsAssignableToRoles/create")?;
    }
    let creator = call.caller.user();
    call.write(move |tx| {
        if let Some(unit) = unit {
            administrative_units::get(tx, unit)?;
        }
        let group = groups::create(tx, &body)?;
        bind(tx, group.id, &bound)?;
        // Whoever makes a group and names no owners is its owner.
        if let Some(creator) = creator.filter(|_| bound.to("owners").is_empty()) {
            groups::add_owner(tx, group.id, creator.uuid())?;
        }
        if let Some(unit) = unit {
            administrative_units::add_member(tx, unit, group.id.uuid())?;
        }
        Ok((group.id, groups::project(&group, None)?))
    })
    .await
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (look, select) = (look(&call)?, listing::select(&call)?);
    let key = Key::of(&call)?;
    let group = call
        .read(move |tx| look.show(tx, &key.find(tx)?, select.as_deref()))
        .await?;
    Reply::entity(&call, "groups", &group)
}

/// That the caller's permissions open what a body changes.
fn check_reach(call: &Call, body: &Map<String, Value>) -> Result<(), Refusal> {
    let may = |permission: &str| call.caller.may(permission);
    if UPDATE_ALL.iter().any(|permission| may(permission)) {
        return Ok(());
    }
    let (permission, property) = LOCATION;
    let closed = body
        .keys()
        .find(|name| !(may(permission) && *name == property));
    match closed {
        None => Ok(()),
        Some(name) => Err(Error::forbidden(format!(
            "Insufficient privileges to complete the operation: changing '{name}' needs Group.ReadWrite.All."
        ))
        .into()),
    }
}

/// Whether an upsert makes the group.
async fn is_to_be_made(call: &Call, key: &Key) -> Result<bool, Refusal> {
    if !app_key::creates_missing(call) || !matches!(key, Key::UniqueName(_)) {
        return Ok(false);
    }
    let key = key.clone();
    let found = call.read_few(move |tx| types::found(key.find(tx))).await?;
    Ok(found.is_none())
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let key = Key::of(&call)?;
    let mut body = call.object("group")?;
    if let Key::UniqueName(name) = &key {
        app_key::name_in_body(&mut body, "uniqueName", name)?;
    }
    if is_to_be_made(&call, &key).await? {
        if !CREATE.iter().any(|permission| call.caller.may(permission)) {
            return Err(Refusal::denied());
        }
        call.caller.check_right("groups/create")?;
        let (id, shown) = make(&call, body, None).await?;
        return Reply::created(&call, "groups", &shown, &format!("/groups/{id}"));
    }
    if matches!(key, Key::UniqueName(_)) {
        body.shift_remove("uniqueName");
    }
    check_reach(&call, &body)?;
    let bound = Bound::take(&call, &mut body, &BOUND)?;
    let guard = Guard::of(&call);
    call.write(move |tx| {
        let id = key.find(tx)?.id;
        guard.check(tx, id)?;
        groups::update(tx, id, &body)?;
        bind(tx, id, &bound)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    let id = call.id("id")?;
    let guard = Guard::of(&call);
    call.write(move |tx| {
        guard.check(tx, id)?;
        groups::delete(tx, id)
    })
    .await?;
    Ok(Reply::no_content())
}
