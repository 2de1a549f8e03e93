//! Directory roles: what they are, which are active in the tenant, and who has them.
//!
//! - `directoryRoles` and `roleManagement/directory` are two views of the same assignments. The first
//!   shows those of built-in roles for the whole tenant. Assigning a role makes it active.
//! - Besides the built-in roles a tenant may define its own ([`mod@definitions`]).
//! - A role is given to users of any home, to service principals, and to groups that were made for
//!   it (`isAssignableToRole`).
//! - A tenant that has a Global Administrator among its users keeps one.
//! - The administrator that a tenant is made with is its first Global Administrator; in a tenant
//!   from before there were roles, [`appoint_first`] makes that true afterwards.
//!
//! Source: `directoryRole`, `unifiedRoleAssignment` and their operations (Microsoft Graph).

mod assignments;
pub mod built_in;
mod definitions;

use query::{Entity, Operators, Property, PropertyKind};
use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, Timestamp, kind};
use uuid::Uuid;

use crate::audited;
use crate::listing::Page;
use crate::schema::{Shape, Type, read};

pub(crate) use assignments::Given;
pub use assignments::{
    Assignment, NewAssignment, Of, Place, Scope, already_there, assign, assignment_entity,
    check_assignment_select, count_members, find, has, holders, is_member, list, members, parse,
    project_assignment, remove, roles_of, take_back, with_member,
};
pub(crate) use assignments::{drop_all, refuse_to_lose};
pub use built_in::{BuiltIn, GLOBAL_ADMINISTRATOR};
pub(crate) use definitions::find_custom;
pub use definitions::{
    CUSTOM_MAX, CustomRole, Definition, check_definition_select, create, custom_roles,
    definition_entity, definitions, delete, find_definition, update,
};

const ACTIVE: &str =
    "SELECT id, template_id, activated_at FROM directory_roles WHERE tenant_id = ?1 ORDER BY id";
const GET: &str = "SELECT id, template_id, activated_at FROM directory_roles \
    WHERE tenant_id = ?1 AND id = ?2";
const GET_BY_TEMPLATE: &str = "SELECT id, template_id, activated_at FROM directory_roles \
    WHERE tenant_id = ?1 AND template_id = ?2";
const INSERT: &str = "INSERT INTO directory_roles (tenant_id, id, template_id, activated_at) \
    VALUES (?1, ?2, ?3, ?4)";
/// The one whom the tenant was made with, in the same instant.
const FOUNDER: &str = "SELECT u.id FROM users AS u JOIN tenant_profile AS t \
    ON t.tenant_id = u.tenant_id WHERE u.tenant_id = ?1 AND u.created_at = t.created_at \
    AND u.home_tenant_id IS NULL AND u.deleted_at IS NULL ORDER BY u.id LIMIT 1";

static DIRECTORY_ROLE: Type = Type {
    name: "directoryRole",
    properties: &[
        read("id", Shape::Guid).shown(),
        read("deletedDateTime", Shape::Made).shown(),
        read("description", Shape::Made).shown(),
        read("displayName", Shape::Made).shown(),
        read("roleTemplateId", Shape::Made).shown(),
    ],
};

/// How active roles are filtered.
static ENTITY: Entity = Entity {
    name: "directoryRole",
    properties: &[
        text("id", Operators::EXACT),
        text("description", Operators::TEXT),
        text("displayName", Operators::TEXT),
        text("roleTemplateId", Operators::EXACT),
    ],
};

const fn text(name: &'static str, operators: Operators) -> Property {
    Property::new(name, PropertyKind::Text, name, operators)
}

/// A role that is active in the tenant.
#[derive(Debug, Clone, Copy)]
pub struct Role {
    /// Its object id in this tenant.
    pub id: Uuid,
    /// What it is everywhere.
    pub built_in: &'static BuiltIn,
    /// Since when it is active.
    pub activated_at: Timestamp,
}

/// A role as its row has it.
type Stored = (Uuid, Uuid, Timestamp);

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok((row.uuid(0)?, row.uuid(1)?, row.timestamp(2)?))
}

fn role((id, template, activated_at): Stored) -> Result<Role> {
    Ok(Role {
        id,
        built_in: built_in(template)?,
        activated_at,
    })
}

fn built_in(template: Uuid) -> Result<&'static BuiltIn> {
    built_in::by_id(template)?.ok_or_else(|| Error::not_found("directoryRoleTemplate", template))
}

/// Shows a role.
pub fn project(role: &Role, select: Option<&[String]>) -> Result<Map<String, Value>> {
    DIRECTORY_ROLE.project(select, |name| {
        Some(match name {
            "id" => json!(role.id),
            "description" => role.built_in.description().into(),
            "displayName" => role.built_in.display_name.as_str().into(),
            "roleTemplateId" => json!(role.built_in.id),
            _ => return None,
        })
    })
}

/// Refuses names that aren't properties of roles.
pub fn check_select(select: &[String]) -> Result<()> {
    DIRECTORY_ROLE.selected(Some(select)).map(drop)
}

/// What active roles can be filtered by.
pub fn entity() -> &'static Entity {
    &ENTITY
}

/// The active roles, by id.
pub fn active(tx: &ReadTx<'_>) -> Result<Vec<Role>> {
    let found = tx.query(ACTIVE, params![&tx.tenant()], stored)?;
    found.into_iter().map(role).collect()
}

/// A page of the active roles, by id.
pub fn list_active(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<Role>> {
    let after = page.after.map_or_else(Uuid::nil, |place| place.id);
    let mut roles = active(tx)?;
    roles.retain(|role| role.id > after);
    roles.truncate(page.limit);
    Ok(roles)
}

/// The names of the properties of active roles.
pub fn property_names() -> Vec<String> {
    let names = DIRECTORY_ROLE.properties.iter();
    names.map(|it| it.name.to_owned()).collect()
}

/// An active role by its object id.
pub fn get(tx: &ReadTx<'_>, id: Uuid) -> Result<Role> {
    let found = tx.query_one(GET, params![&tx.tenant(), &id], stored)?;
    role(found.ok_or_else(|| Error::not_found("directoryRole", id))?)
}

/// An active role by its template.
pub fn get_by_template(tx: &ReadTx<'_>, template: Uuid) -> Result<Role> {
    active_of(tx, template)?.ok_or_else(|| Error::not_found("directoryRole", template))
}

fn active_of(tx: &ReadTx<'_>, template: Uuid) -> Result<Option<Role>> {
    let found = tx.query_one(GET_BY_TEMPLATE, params![&tx.tenant(), &template], stored)?;
    found.map(role).transpose()
}

/// That a role is active already, or somebody assigned to it.
pub fn conflict(property: &str) -> Error {
    Error::invalid(
        property,
        "A conflicting object with one or more of the specified property values is present in the directory.",
    )
}

/// Makes a role active.
pub fn activate(tx: &mut Tx<'_>, template: Uuid) -> Result<Role> {
    if active_of(tx, template)?.is_some() {
        return Err(conflict("roleTemplateId"));
    }
    let role = ensure_active(tx, template)?;
    audited::role_activated(tx, &role)?;
    Ok(role)
}

/// A role that is active, from now on if it wasn't.
fn ensure_active(tx: &mut Tx<'_>, template: Uuid) -> Result<Role> {
    if let Some(role) = active_of(tx, template)? {
        return Ok(role);
    }
    let role = Role {
        id: tx.new_uuid(),
        built_in: built_in(template)?,
        activated_at: tx.now(),
    };
    let tenant = tx.tenant();
    tx.record(Change::new("directoryRole", role.id, Op::Created, &[]))?
        .execute(
            INSERT,
            params![&tenant, &role.id, &template, role.activated_at],
        )?;
    Ok(role)
}

/// Whether the tenant's first administrator has been appointed.
pub fn is_settled(tx: &ReadTx<'_>) -> Result<bool> {
    Ok(active_of(tx, GLOBAL_ADMINISTRATOR)?.is_some())
}

/// Makes the administrator that the tenant was made with, if that user is still there, its first
/// Global Administrator. Done once in a tenant's life.
pub fn appoint_first(tx: &mut Tx<'_>) -> Result<()> {
    if is_settled(tx)? {
        return Ok(());
    }
    ensure_active(tx, GLOBAL_ADMINISTRATOR)?;
    let founder: Option<Id<kind::User>> =
        tx.query_one(FOUNDER, params![&tx.tenant()], |row| row.id(0))?;
    match founder {
        Some(user) => assign(tx, GLOBAL_ADMINISTRATOR, user.uuid(), Scope::Tenant).map(drop),
        None => Ok(()),
    }
}
