//! App role assignments: which roles of a resource somebody has. An application's permissions on
//! Graph are its service principal's roles on the Graph resource.
//!
//! Source: `servicePrincipal: appRoleAssignedTo`, the `appRoleAssignment` resource (Microsoft Graph).

use query::{Entity, Operator, Operators, Property, PropertyKind};
use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, Timestamp, kind};
use uuid::Uuid;

use crate::groups::{self, LinkKind};
use crate::schema::{Purpose, Shape, Type, read, write};
use crate::{audited, service_principals, users};

const INSERT: &str = "INSERT INTO app_role_assignments (tenant_id, id, principal_id, \
    principal_kind, resource_id, app_role_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const GET: &str = "SELECT id, principal_id, principal_kind, resource_id, app_role_id, created_at \
    FROM app_role_assignments WHERE tenant_id = ?1 AND id = ?2";
const FIND: &str = "SELECT count(*) FROM app_role_assignments WHERE tenant_id = ?1 \
    AND principal_id = ?2 AND resource_id = ?3 AND app_role_id = ?4";
const OF_PRINCIPAL: &str = "SELECT id, principal_id, principal_kind, resource_id, app_role_id, \
    created_at FROM app_role_assignments WHERE tenant_id = ?1 AND principal_id = ?2 AND id > ?3 \
    ORDER BY id LIMIT ?4";
const ON_RESOURCE: &str = "SELECT id, principal_id, principal_kind, resource_id, app_role_id, \
    created_at FROM app_role_assignments WHERE tenant_id = ?1 AND resource_id = ?2 AND id > ?3 \
    ORDER BY id LIMIT ?4";
const ROLE_IDS: &str = "SELECT app_role_id FROM app_role_assignments WHERE tenant_id = ?1 \
    AND principal_id = ?2 AND resource_id = ?3 ORDER BY app_role_id";
const HOLDERS: &str = "SELECT principal_id FROM app_role_assignments WHERE tenant_id = ?1 \
    AND resource_id = ?2 AND app_role_id = ?3 AND principal_kind = ?4 ORDER BY principal_id";
const IS_ASSIGNED: &str = "SELECT 1 FROM app_role_assignments WHERE tenant_id = ?1 \
    AND principal_id = ?2 AND resource_id = ?3 LIMIT 1";
const HAS_KIND: &str = "SELECT 1 FROM app_role_assignments WHERE tenant_id = ?1 \
    AND resource_id = ?2 AND principal_kind = ?3 LIMIT 1";
const DELETE: &str = "DELETE FROM app_role_assignments WHERE tenant_id = ?1 AND id = ?2";

static APP_ROLE_ASSIGNMENT: Type = Type {
    name: "appRoleAssignment",
    properties: &[
        read("id", Shape::Made).shown(),
        read("deletedDateTime", Shape::Made).shown(),
        write("appRoleId", Shape::Guid).fixed().shown(),
        read("createdDateTime", Shape::DateTime).shown(),
        read("principalDisplayName", Shape::Made).shown(),
        write("principalId", Shape::Guid).fixed().shown(),
        read("principalType", Shape::Made).shown(),
        read("resourceDisplayName", Shape::Made).shown(),
        write("resourceId", Shape::Guid).fixed().shown(),
    ],
};

/// What assignments can be filtered by. Each is looked at as it is shown, since the names are those
/// of its ends.
static ENTITY: Entity = Entity {
    name: APP_ROLE_ASSIGNMENT.name,
    properties: &[
        shown("appRoleId", PropertyKind::Guid, Operators::EXACT),
        shown(
            "createdDateTime",
            PropertyKind::DateTime,
            Operators::ORDERED,
        ),
        shown("id", PropertyKind::Guid, Operators::EXACT),
        shown("principalDisplayName", PropertyKind::Text, NAME),
        shown("principalId", PropertyKind::Guid, Operators::EXACT),
        shown("principalType", PropertyKind::Text, Operators::EXACT),
        shown("resourceDisplayName", PropertyKind::Text, NAME),
        shown("resourceId", PropertyKind::Guid, Operators::EXACT),
    ],
};
const NAME: Operators = Operators::EXACT.by_default(&[Operator::StartsWith]);

const fn shown(name: &'static str, kind: PropertyKind, operators: Operators) -> Property {
    Property::new(name, kind, name, operators)
}

/// What assignments can be filtered by.
pub fn entity() -> &'static Entity {
    &ENTITY
}

/// An assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: Uuid,
    /// Who has the role.
    pub principal: Uuid,
    /// What that is.
    pub principal_kind: LinkKind,
    /// Whose role.
    pub resource: Id<kind::ServicePrincipal>,
    /// Which role; all zeros for access without a role.
    pub role: Uuid,
    /// Since when.
    pub created_at: Timestamp,
}

fn assignment(row: &Row<'_>) -> Result<Assignment> {
    Ok(Assignment {
        id: row.uuid(0)?,
        principal: row.uuid(1)?,
        principal_kind: LinkKind::from_code(row.int(2)?)?,
        resource: row.id(3)?,
        role: row.uuid(4)?,
        created_at: row.timestamp(5)?,
    })
}

/// Shows an assignment, with the names of both ends as they are now.
pub fn project(
    tx: &ReadTx<'_>,
    assignment: &Assignment,
    select: Option<&[String]>,
) -> Result<Map<String, Value>> {
    let principal = name_of(tx, assignment.principal_kind, assignment.principal)?;
    let resource = name_of(tx, LinkKind::ServicePrincipal, assignment.resource.uuid())?;
    APP_ROLE_ASSIGNMENT.project(select, |name| {
        Some(match name {
            "id" => json!(assignment.id),
            "appRoleId" => json!(assignment.role),
            "createdDateTime" => json!(assignment.created_at),
            "principalDisplayName" => json!(principal),
            "principalId" => json!(assignment.principal),
            "principalType" => match assignment.principal_kind {
                LinkKind::User => "User",
                LinkKind::Group => "Group",
                LinkKind::ServicePrincipal
                | LinkKind::DirectoryRole
                | LinkKind::AdministrativeUnit => "ServicePrincipal",
            }
            .into(),
            "resourceDisplayName" => json!(resource),
            "resourceId" => json!(assignment.resource),
            _ => return None,
        })
    })
}

/// The name for people of a user, a group or a service principal that isn't deleted.
pub fn name_of(tx: &ReadTx<'_>, kind: LinkKind, id: Uuid) -> Result<Option<String>> {
    let found = match kind {
        LinkKind::User => users::get(tx, Id::new(id)).map(|user| user.display_name().to_owned()),
        LinkKind::Group => {
            groups::get(tx, Id::new(id)).map(|group| group.display_name().to_owned())
        }
        LinkKind::ServicePrincipal => {
            service_principals::get(tx, Id::new(id)).map(|it| it.display_name().to_owned())
        }
        // Nobody assigns anything to a role.
        LinkKind::DirectoryRole | LinkKind::AdministrativeUnit => return Ok(None),
    };
    types::found(found)
}

/// Reads a body: principal, resource, role.
pub fn parse(body: &Map<String, Value>) -> Result<(Uuid, Id<kind::ServicePrincipal>, Uuid)> {
    let mut checked = Map::new();
    APP_ROLE_ASSIGNMENT.apply(&mut checked, body, Purpose::Create)?;
    let guid = |name: &str| {
        checked
            .get(name)
            .and_then(Value::as_str)
            .and_then(types::parse_uuid)
            .ok_or_else(|| {
                Error::invalid(
                    name,
                    format!(
                        "A value is required for property '{name}' of resource 'AppRoleAssignment'."
                    ),
                )
            })
    };
    Ok((
        guid("principalId")?,
        Id::new(guid("resourceId")?),
        guid("appRoleId")?,
    ))
}

/// Gives a service principal, a user or a group a role of a resource.
pub fn assign_app_role(
    tx: &mut Tx<'_>,
    principal: Uuid,
    resource: Id<kind::ServicePrincipal>,
    role: Uuid,
) -> Result<Assignment> {
    let resource_object = service_principals::get(tx, resource)?;
    let Some(principal_kind) = groups::kind_of(tx, principal)? else {
        return Err(Error::not_found("directoryObject", principal));
    };
    let is_default = role.is_nil() && !resource_object.has_roles();
    if !is_default && !resource_object.has_role(role) {
        return Err(Error::invalid(
            "appRoleId",
            format!("Permission being assigned was not found on application '{resource}'."),
        ));
    }
    let (tenant, now) = (tx.tenant(), tx.now());
    if tx.count(FIND, params![&tenant, &principal, &resource, &role])? > 0 {
        return Err(Error::invalid(
            "appRoleId",
            "Permission being assigned already exists on the object.",
        ));
    }
    let made = Assignment {
        id: tx.new_uuid(),
        principal,
        principal_kind,
        resource,
        role,
        created_at: now,
    };
    tx.record(Change::relation(
        "appRoleAssignment",
        made.id,
        principal,
        Op::Created,
    ))?
    .execute(
        INSERT,
        params![
            &tenant,
            &made.id,
            &principal,
            principal_kind.code(),
            &resource,
            &role,
            now
        ],
    )?;
    audited::role(tx, &made, true)?;
    Ok(made)
}

/// An assignment.
pub fn get(tx: &ReadTx<'_>, id: Uuid) -> Result<Assignment> {
    tx.query_one(GET, params![&tx.tenant(), &id], assignment)?
        .ok_or_else(|| Error::not_found("appRoleAssignment", id))
}

/// Takes an assignment back.
pub fn remove(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let found = get(tx, id)?;
    let tenant = tx.tenant();
    tx.record(Change::relation(
        "appRoleAssignment",
        id,
        found.principal,
        Op::Deleted,
    ))?
    .execute(DELETE, params![&tenant, &id])?;
    audited::role(tx, &found, false)
}

/// The roles that somebody has, by id behind `after`.
pub fn assignments_of(
    tx: &ReadTx<'_>,
    principal: Uuid,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Assignment>> {
    let after = after.unwrap_or_default();
    tx.query(
        OF_PRINCIPAL,
        params![&tx.tenant(), &principal, &after, limit],
        assignment,
    )
}

/// Who has roles of a resource, by id behind `after`.
pub fn assigned_to(
    tx: &ReadTx<'_>,
    resource: Id<kind::ServicePrincipal>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Assignment>> {
    let after = after.unwrap_or_default();
    tx.query(
        ON_RESOURCE,
        params![&tx.tenant(), &resource, &after, limit],
        assignment,
    )
}

/// Whether somebody has any role of a resource himself, groups apart.
pub fn is_assigned(
    tx: &ReadTx<'_>,
    principal: Uuid,
    resource: Id<kind::ServicePrincipal>,
) -> Result<bool> {
    let found = tx.query_one(
        IS_ASSIGNED,
        params![&tx.tenant(), &principal, &resource],
        |row| row.int(0),
    )?;
    Ok(found.is_some())
}

/// Whether any group has a role of a resource.
pub fn has_groups(tx: &ReadTx<'_>, resource: Id<kind::ServicePrincipal>) -> Result<bool> {
    let kind = LinkKind::Group.code();
    let found = tx.query_one(HAS_KIND, params![&tx.tenant(), &resource, kind], |row| {
        row.int(0)
    })?;
    Ok(found.is_some())
}

/// The service principals that have a role of a resource.
pub fn holders(
    tx: &ReadTx<'_>,
    resource: Id<kind::ServicePrincipal>,
    role: Uuid,
) -> Result<Vec<Id<kind::ServicePrincipal>>> {
    let kind = LinkKind::ServicePrincipal.code();
    tx.query(
        HOLDERS,
        params![&tx.tenant(), &resource, &role, kind],
        |row| row.id(0),
    )
}

/// The values of the roles that a service principal has on a resource, sorted.
pub fn roles_on(
    tx: &ReadTx<'_>,
    principal: Id<kind::ServicePrincipal>,
    resource: &service_principals::ServicePrincipal,
) -> Result<Vec<String>> {
    let ids: Vec<Uuid> = tx.query(
        ROLE_IDS,
        params![&tx.tenant(), &principal, &resource.id],
        |row| row.uuid(0),
    )?;
    let mut values: Vec<String> = ids
        .into_iter()
        .filter_map(|id| resource.role_value(id))
        .collect();
    values.sort();
    Ok(values)
}

/// The values of the roles that a person has on a resource, himself or by a group that he is a
/// direct member of, sorted; `None` if he isn't assigned to it at all.
pub fn user_roles_on(
    tx: &ReadTx<'_>,
    user: Id<kind::User>,
    resource: &service_principals::ServicePrincipal,
) -> Result<Option<Vec<String>>> {
    let key = [*user.bytes(), *resource.id.bytes()].concat();
    let found = tx.remembered(&key, || {
        user_role_ids(tx, user, resource.id).map(|ids| Some(RoleIds(ids)))
    })?;
    let Some(found) = found.filter(|found| !found.0.is_empty()) else {
        return Ok(None);
    };
    let ids = found.0.iter();
    let mut values: Vec<String> = ids.filter_map(|id| resource.role_value(*id)).collect();
    values.sort();
    values.dedup();
    Ok(Some(values))
}

/// The roles that somebody has on a resource.
struct RoleIds(Vec<Uuid>);

fn user_role_ids(
    tx: &ReadTx<'_>,
    user: Id<kind::User>,
    resource: Id<kind::ServicePrincipal>,
) -> Result<Vec<Uuid>> {
    let mut holders = vec![user.uuid()];
    if has_groups(tx, resource)? {
        let groups = groups::member_of(tx, user.uuid())?;
        holders.extend(groups.into_iter().map(Id::uuid));
    }
    let (tenant, mut ids) = (tx.tenant(), Vec::new());
    for holder in holders {
        let params = params![&tenant, &holder, &resource];
        ids.extend(tx.query(ROLE_IDS, params, |row| row.uuid(0))?);
    }
    Ok(ids)
}

/// The permissions that a service principal has on Graph, sorted.
pub fn roles_of(tx: &ReadTx<'_>, principal: Id<kind::ServicePrincipal>) -> Result<Vec<String>> {
    let graph = service_principals::graph(tx)?;
    roles_on(tx, principal, &graph)
}
