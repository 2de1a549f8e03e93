//! `/servicePrincipals/{id}/appRoleAssignments`, the roles that a service principal has, the same of
//! users and groups, and `…/appRoleAssignedTo`, who has its roles. The same assignments, seen from
//! both ends.
//!
//! Graph asks whoever assigns for `AppRoleAssignment.ReadWrite.All` *and* a permission to read
//! applications; its data flattens the two into one list. Only the first opens the route here: with
//! the second alone anybody who may read could give himself everything.
//!
//! Source: "Grant an appRoleAssignment to a service principal", "List appRoleAssignedTo"
//! (Microsoft Graph).

use directory::app_roles::{self, Assignment};
use directory::groups::{self, LinkKind};
use directory::{service_principals, users};
use query::Filter;
use serde_json::{Map, Value};
use store::{ReadTx, Tx};
use types::{Error, Id, kind};
use uuid::Uuid;

use crate::app_key::AppKey;
use crate::delegated;
use crate::errors::Refusal;
use crate::listing;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::revocation::revoking;
use crate::route::{Routes, Versions};
use crate::service_principals::find;

const READ: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const READ_OF_PEOPLE: &[&str] = &["AppRoleAssignment.ReadWrite.All", "Directory.Read.All"];
const ASSIGN: &[&str] = &["AppRoleAssignment.ReadWrite.All"];
/// Of users and groups, only this takes back what it gives.
const REMOVE_OF_PEOPLE: &[&str] = ASSIGN;
const REMOVE: &[&str] = &[
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.All",
];
/// What a user who is signed in needs to give permissions of Graph itself, which are more than any
/// role's.
const GIVE_GRAPH: &str = "servicePrincipals/managePermissionGrantsForAll.microsoft-company-admin";
const PAGE: Allowed = Allowed::SELECT
    .and(Allowed::FILTER)
    .and(Allowed::TOP)
    .and(Allowed::SKIP_TOKEN)
    .and(Allowed::COUNT);
/// Assignments that are looked at together for a filter.
const SIFTED_AT_ONCE: usize = 500;

/// From which end the path looks at an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// `appRoleAssignments` of a service principal: the path names who has the role.
    Principal,
    /// The same of a user.
    User,
    /// The same of a group.
    Group,
    /// `appRoleAssignedTo`: the path names whose role it is.
    Resource,
}

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("appRoleAssignments", Versions::Both);
    macro_rules! end {
        ($end:expr, $list:literal, $one:literal, $which:literal) => {
            end!($end, $list, $one, $which, READ, REMOVE)
        };
        ($end:expr, $list:literal, $one:literal, $which:literal, $read:ident, $remove:ident) => {
            area.get($list, $read, concat!("List ", $which), |call| {
                list(call, $end)
            })
            .query(PAGE);
            area.post($list, ASSIGN, "Assign an app role", |call| {
                assign(call, $end)
            });
            area.get($one, $read, "Get an app role assignment", |call| {
                get(call, $end)
            })
            .query(Allowed::SELECT);
            area.delete($one, $remove, "Take an app role back", |call| {
                remove(call, $end)
            });
        };
    }
    end!(
        End::Principal,
        "/servicePrincipals/{id}/appRoleAssignments",
        "/servicePrincipals/{id}/appRoleAssignments/{assignmentId}",
        "the app roles that a service principal has"
    );
    end!(
        End::Resource,
        "/servicePrincipals/{id}/appRoleAssignedTo",
        "/servicePrincipals/{id}/appRoleAssignedTo/{assignmentId}",
        "who has app roles of a service principal"
    );
    end!(
        End::Principal,
        "/servicePrincipals(appId='{appId}')/appRoleAssignments",
        "/servicePrincipals(appId='{appId}')/appRoleAssignments/{assignmentId}",
        "the app roles that a client has"
    );
    end!(
        End::Resource,
        "/servicePrincipals(appId='{appId}')/appRoleAssignedTo",
        "/servicePrincipals(appId='{appId}')/appRoleAssignedTo/{assignmentId}",
        "who has app roles of a client"
    );
    end!(
        End::User,
        "/users/{id}/appRoleAssignments",
        "/users/{id}/appRoleAssignments/{assignmentId}",
        "the app roles that a user has",
        READ_OF_PEOPLE,
        REMOVE_OF_PEOPLE
    );
    end!(
        End::Group,
        "/groups/{id}/appRoleAssignments",
        "/groups/{id}/appRoleAssignments/{assignmentId}",
        "the app roles that a group has",
        READ_OF_PEOPLE,
        REMOVE_OF_PEOPLE
    );
}

/// Which object the path names.
enum Key {
    ServicePrincipal(AppKey<kind::ServicePrincipal>),
    User(String),
    Group(Id<kind::Group>),
}

impl Key {
    fn find(&self, tx: &ReadTx<'_>) -> types::Result<Uuid> {
        Ok(match self {
            Self::ServicePrincipal(key) => find(tx, *key)?.id.uuid(),
            Self::User(key) => users::find(tx, key)?.id.uuid(),
            Self::Group(id) => groups::get(tx, *id)?.id.uuid(),
        })
    }
}

impl End {
    const fn name(self) -> &'static str {
        match self {
            Self::Principal | Self::User | Self::Group => "appRoleAssignments",
            Self::Resource => "appRoleAssignedTo",
        }
    }

    /// The property that says what the path says.
    const fn property(self) -> &'static str {
        match self {
            Self::Principal | Self::User | Self::Group => "principalId",
            Self::Resource => "resourceId",
        }
    }

    /// The set that the path begins with.
    const fn whose(self) -> &'static str {
        match self {
            Self::Principal | Self::Resource => "servicePrincipals",
            Self::User => "users",
            Self::Group => "groups",
        }
    }

    /// `servicePrincipals('…')/appRoleAssignments`, as contexts spell it.
    fn set(self, of: Uuid) -> String {
        format!("{}('{of}')/{}", self.whose(), self.name())
    }

    fn key(self, call: &Call) -> Result<Key, Refusal> {
        Ok(match self {
            Self::Principal | Self::Resource => Key::ServicePrincipal(AppKey::of(call)?),
            Self::User => Key::User(call.key("id").to_owned()),
            Self::Group => Key::Group(call.id("id")?),
        })
    }

    fn list(
        self,
        tx: &ReadTx<'_>,
        of: Uuid,
        after: Option<Uuid>,
        limit: usize,
    ) -> types::Result<Vec<Assignment>> {
        match self {
            Self::Principal | Self::Group => app_roles::assignments_of(tx, of, after, limit),
            // What the groups have that a user is in directly is told with the user's own.
            Self::User => {
                let mut found = app_roles::assignments_of(tx, of, after, limit)?;
                for group in groups::member_of(tx, of)? {
                    found.extend(app_roles::assignments_of(tx, group.uuid(), after, limit)?);
                }
                found.sort_by_key(|assignment| assignment.id);
                found.truncate(limit);
                Ok(found)
            }
            Self::Resource => app_roles::assigned_to(tx, Id::new(of), after, limit),
        }
    }

    /// An assignment that this object has at this end.
    fn find(self, tx: &ReadTx<'_>, of: Uuid, id: &str) -> types::Result<Assignment> {
        let unknown = || Error::not_found("appRoleAssignment", id);
        let found = match types::parse_uuid(id) {
            Some(uuid) => app_roles::get(tx, uuid).map_err(|error| match error {
                Error::NotFound { .. } => unknown(),
                other => other,
            })?,
            None => return Err(unknown()),
        };
        let own = match self {
            Self::Principal | Self::User | Self::Group => found.principal,
            Self::Resource => found.resource.uuid(),
        };
        if own == of { Ok(found) } else { Err(unknown()) }
    }
}

/// Which assignments a page is to have.
struct Sought {
    end: End,
    filter: Option<Filter>,
    after: Option<Uuid>,
    limit: usize,
    /// How many there are is asked as well, so that all are looked at.
    counted: bool,
}

impl Sought {
    /// Those of a page, and how many there are if that was asked.
    fn through(&self, tx: &ReadTx<'_>, of: Uuid) -> types::Result<(Vec<Assignment>, Option<u64>)> {
        let (mut found, mut count, mut after) = (Vec::new(), 0, self.after);
        let at_once = match self.filter {
            Some(_) => self.limit.max(SIFTED_AT_ONCE),
            None => self.limit,
        };
        loop {
            let some = self.end.list(tx, of, after, at_once)?;
            for assignment in &some {
                if !self.passes(tx, assignment)? {
                    continue;
                }
                count += 1;
                if found.len() < self.limit {
                    found.push(*assignment);
                }
                if found.len() == self.limit && !self.counted {
                    return Ok((found, None));
                }
            }
            match some.last() {
                Some(last) if some.len() == at_once => after = Some(last.id),
                _ => return Ok((found, self.counted.then_some(count))),
            }
        }
    }

    fn passes(&self, tx: &ReadTx<'_>, assignment: &Assignment) -> types::Result<bool> {
        let Some(filter) = &self.filter else {
            return Ok(true);
        };
        let shown = app_roles::project(tx, assignment, None)?;
        query::evaluate(filter, app_roles::entity(), &shown.into())
    }
}

async fn list(call: Call, end: End) -> Result<Reply, Refusal> {
    let (key, select) = (end.key(&call)?, listing::select(&call)?);
    let size = listing::page_size(&call)?;
    let after: Option<Uuid> = call.skip_token(end.name())?;
    let filter = listing::filter(&call)?;
    if let Some(filter) = &filter {
        query::evaluate(filter, app_roles::entity(), &Value::Null)?;
    }
    let sought = Sought {
        end,
        filter,
        counted: call.options.is_advanced() && after.is_none(),
        after,
        limit: size + 1,
    };
    let (of, items, count, next) = call
        .read(move |tx| {
            let of = key.find(tx)?;
            let (mut found, count) = sought.through(tx, of)?;
            let next = listing::cut(&mut found, size).map(|last| last.id);
            let items = found
                .iter()
                .map(|assignment| app_roles::project(tx, assignment, select.as_deref()))
                .collect::<types::Result<Vec<_>>>()?;
            Ok((of, items, count, next))
        })
        .await?;
    let page = Page {
        count,
        next_link: next
            .map(|place| call.next_link(end.name(), &place))
            .transpose()?,
        ..Page::all(items)
    };
    Reply::collection(&call, &end.set(of), &page)
}

async fn get(call: Call, end: End) -> Result<Reply, Refusal> {
    let (key, select) = (end.key(&call)?, listing::select(&call)?);
    let id = call.key("assignmentId").to_owned();
    let (of, shown) = call
        .read(move |tx| {
            let of = key.find(tx)?;
            let found = end.find(tx, of, &id)?;
            Ok((of, app_roles::project(tx, &found, select.as_deref())?))
        })
        .await?;
    Reply::entity(&call, &end.set(of), &shown)
}

async fn assign(call: Call, end: End) -> Result<Reply, Refusal> {
    let key = end.key(&call)?;
    let body = call.object("appRoleAssignment")?;
    let may_give_graph = call.caller.has_right(GIVE_GRAPH);
    let (of, id, shown) = call
        .write(move |tx| {
            let of = key.find(tx)?;
            let made = make(tx, of, end, &body)?;
            if !may_give_graph && service_principals::graph(tx)?.id == made.resource {
                return Err(Error::forbidden(delegated::no_right(GIVE_GRAPH).message()));
            }
            Ok((of, made.id, app_roles::project(tx, &made, None)?))
        })
        .await?;
    let location = format!("/{}/{of}/{}/{id}", end.whose(), end.name());
    Reply::created(&call, &end.set(of), &shown, &location)
}

fn make(
    tx: &mut Tx<'_>,
    of: Uuid,
    end: End,
    body: &Map<String, Value>,
) -> types::Result<Assignment> {
    let (principal, resource, role) = app_roles::parse(body)?;
    let named = match end {
        End::Principal | End::User | End::Group => principal,
        End::Resource => resource.uuid(),
    };
    if named != of {
        let property = end.property();
        return Err(Error::invalid(
            property,
            format!(
                "The property '{property}' has to be the id of the object that the address names."
            ),
        ));
    }
    app_roles::assign_app_role(tx, principal, resource, role)
}

async fn remove(call: Call, end: End) -> Result<Reply, Refusal> {
    let key = end.key(&call)?;
    let id = call.key("assignmentId").to_owned();
    revoking(&call, move |tx| {
        let of = key.find(tx)?;
        let found = end.find(tx, of, &id)?;
        app_roles::remove(tx, found.id)?;
        Ok(match found.principal_kind {
            LinkKind::ServicePrincipal => vec![Id::new(found.principal)],
            LinkKind::User
            | LinkKind::Group
            | LinkKind::DirectoryRole
            | LinkKind::AdministrativeUnit => Vec::new(),
        })
    })
    .await?;
    Ok(Reply::no_content())
}
