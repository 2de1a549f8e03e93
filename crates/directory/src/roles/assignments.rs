//! Who has which role, for the whole tenant or for a part of it.
//!
//! - An assignment is known by its role, its principal and its scope, and its id says these, as in
//!   Graph.
//! - A scope is the tenant, an administrative unit, or one object: an application, a service
//!   principal, a group. Which of the built-in roles can be given for which is as in Entra; the
//!   tenant's own can be given for all of them.
//! - Those for a part of the tenant have a table of their own. A list goes through both in one order.
//! - What is given for something deleted opens nothing and isn't shown until that is restored.
//!
//! Source: `unifiedRoleAssignment` (Microsoft Graph); "Assign Microsoft Entra roles at different
//! scopes", "Roles that can be assigned with administrative unit scope" (Microsoft Entra).

use std::collections::HashSet;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use query::{Entity, Operators, Property, PropertyKind};
use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, Timestamp, kind};
use uuid::{Uuid, uuid};

use super::definitions::{self, CustomRole, Definition};
use super::{GLOBAL_ADMINISTRATOR, Role, active_of, conflict, ensure_active};
use crate::groups::{self, Link, LinkKind};
use crate::schema::{Purpose, Shape, Type, read, write};
use crate::{administrative_units, applications, audited, users};

/// What stands behind the id of an assignment.
const ID_END: &str = "-1";
const UNITS: &str = "/administrativeUnits/";
/// Groups and users that are looked at for another Global Administrator.
const LOOK_MAX: usize = 1_000;

macro_rules! principal_is_there {
    () => {
        "((a.principal_kind = 1 AND EXISTS (SELECT 1 FROM users AS u WHERE u.tenant_id = ?1 \
         AND u.id = a.principal_id AND u.deleted_at IS NULL)) \
         OR (a.principal_kind = 2 AND EXISTS (SELECT 1 FROM groups AS g WHERE g.tenant_id = ?1 \
         AND g.id = a.principal_id AND g.deleted_at IS NULL)) \
         OR (a.principal_kind = 3 AND EXISTS (SELECT 1 FROM service_principals AS s \
         WHERE s.tenant_id = ?1 AND s.id = a.principal_id AND s.deleted_at IS NULL)))"
    };
}
macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT a.template_id, a.principal_id, a.principal_kind, a.created_at \
             FROM role_assignments AS a WHERE a.tenant_id = ?1 AND ",
            $where,
            " AND ",
            principal_is_there!()
        )
    };
}
macro_rules! scope_is_there {
    () => {
        "((a.scope_kind = 1 AND EXISTS (SELECT 1 FROM administrative_units AS n \
         WHERE n.tenant_id = ?1 AND n.id = a.scope_id AND n.deleted_at IS NULL)) \
         OR (a.scope_kind = 2 AND EXISTS (SELECT 1 FROM applications AS p \
         WHERE p.tenant_id = ?1 AND p.id = a.scope_id AND p.deleted_at IS NULL)) \
         OR (a.scope_kind = 3 AND EXISTS (SELECT 1 FROM service_principals AS q \
         WHERE q.tenant_id = ?1 AND q.id = a.scope_id AND q.deleted_at IS NULL)) \
         OR (a.scope_kind = 4 AND EXISTS (SELECT 1 FROM groups AS r \
         WHERE r.tenant_id = ?1 AND r.id = a.scope_id AND r.deleted_at IS NULL)))"
    };
}
macro_rules! select_scoped {
    ($where:literal) => {
        concat!(
            "SELECT a.template_id, a.principal_id, a.principal_kind, a.created_at, a.scope_id, \
             a.scope_kind FROM scoped_role_assignments AS a WHERE a.tenant_id = ?1 AND ",
            $where,
            " AND ",
            principal_is_there!(),
            " AND ",
            scope_is_there!()
        )
    };
}

const GET: &str = select!("a.template_id = ?2 AND a.principal_id = ?3");
const LIST: &str = concat!(
    select!("(a.template_id, a.principal_id) > (?2, ?3)"),
    " ORDER BY a.template_id, a.principal_id LIMIT ?4"
);
const OF_PRINCIPAL: &str = concat!(
    select!("a.principal_id = ?5 AND (a.template_id, a.principal_id) > (?2, ?3)"),
    " ORDER BY a.template_id, a.principal_id LIMIT ?4"
);
const OF_ROLE: &str = concat!(
    select!("a.template_id = ?5 AND (a.template_id, a.principal_id) > (?2, ?3)"),
    " ORDER BY a.template_id, a.principal_id LIMIT ?4"
);
const SCOPED_GET: &str =
    select_scoped!("a.template_id = ?2 AND a.principal_id = ?3 AND a.scope_id = ?4");
const SCOPED_LIST: &str = concat!(
    select_scoped!("(a.template_id, a.principal_id, a.scope_id) > (?2, ?3, ?4)"),
    " ORDER BY a.template_id, a.principal_id, a.scope_id LIMIT ?5"
);
const SCOPED_OF_PRINCIPAL: &str = concat!(
    select_scoped!(
        "a.principal_id = ?6 AND (a.template_id, a.principal_id, a.scope_id) > (?2, ?3, ?4)"
    ),
    " ORDER BY a.template_id, a.principal_id, a.scope_id LIMIT ?5"
);
const SCOPED_OF_ROLE: &str = concat!(
    select_scoped!(
        "a.template_id = ?6 AND (a.template_id, a.principal_id, a.scope_id) > (?2, ?3, ?4)"
    ),
    " ORDER BY a.template_id, a.principal_id, a.scope_id LIMIT ?5"
);
const OF_SCOPE: &str = concat!(
    select_scoped!(
        "a.scope_id = ?6 AND (a.template_id, a.principal_id, a.scope_id) > (?2, ?3, ?4)"
    ),
    " ORDER BY a.template_id, a.principal_id, a.scope_id LIMIT ?5"
);
const MEMBERS: &str = concat!(
    select!("a.template_id = ?2 AND a.principal_id > ?3"),
    " ORDER BY a.principal_id LIMIT ?4"
);
const MEMBERS_OF_KIND: &str = concat!(
    select!("a.template_id = ?2 AND a.principal_id > ?3 AND a.principal_kind = ?5"),
    " ORDER BY a.principal_id LIMIT ?4"
);
const COUNT: &str = concat!(
    "SELECT count(*) FROM role_assignments AS a WHERE a.tenant_id = ?1 AND a.template_id = ?2 AND ",
    principal_is_there!()
);
const COUNT_OF_KIND: &str = concat!(
    "SELECT count(*) FROM role_assignments AS a WHERE a.tenant_id = ?1 AND a.template_id = ?2 \
     AND a.principal_kind = ?3 AND ",
    principal_is_there!()
);
/// Whatever is deleted.
const HAS: &str = "SELECT count(*) FROM role_assignments WHERE tenant_id = ?1 AND template_id = ?2 \
    AND principal_id = ?3";
const HAS_SCOPED: &str = "SELECT count(*) FROM scoped_role_assignments WHERE tenant_id = ?1 \
    AND template_id = ?2 AND principal_id = ?3 AND scope_id = ?4";
const ROLES_OF: &str = "SELECT template_id FROM role_assignments WHERE tenant_id = ?1 \
    AND principal_id = ?2 ORDER BY template_id";
const HOLDERS: &str = "SELECT DISTINCT principal_id FROM role_assignments WHERE tenant_id = ?1 \
    ORDER BY principal_id";
/// Whatever is deleted: those of a principal, for a scope, of a role.
const ROWS_OF_PRINCIPAL: &str = "SELECT template_id, principal_id FROM role_assignments \
    WHERE tenant_id = ?1 AND principal_id = ?2";
const ROWS_OF_ROLE: &str = "SELECT template_id, principal_id FROM role_assignments \
    WHERE tenant_id = ?1 AND template_id = ?2";
const SCOPED_ROWS: &str = "SELECT template_id, principal_id, scope_id \
    FROM scoped_role_assignments WHERE tenant_id = ?1 AND (principal_id = ?2 OR scope_id = ?2)";
const SCOPED_ROWS_OF_ROLE: &str = "SELECT template_id, principal_id, scope_id \
    FROM scoped_role_assignments WHERE tenant_id = ?1 AND template_id = ?2";
const INSERT: &str = "INSERT INTO role_assignments (tenant_id, template_id, principal_id, \
    principal_kind, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
const INSERT_SCOPED: &str = "INSERT INTO scoped_role_assignments (tenant_id, template_id, \
    principal_id, principal_kind, created_at, scope_id, scope_kind) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const DELETE: &str = "DELETE FROM role_assignments WHERE tenant_id = ?1 AND template_id = ?2 \
    AND principal_id = ?3";
const DELETE_SCOPED: &str = "DELETE FROM scoped_role_assignments WHERE tenant_id = ?1 \
    AND template_id = ?2 AND principal_id = ?3 AND scope_id = ?4";

/// The built-in roles that can be given for an administrative unit.
const FOR_UNITS: [Uuid; 12] = [
    uuid!("3d762c5a-1b6c-493f-843e-55a3b42923d4"), // Teams Devices Administrator
    uuid!("4d6ac14f-3453-41d0-bef9-a3e0c569773a"), // License Administrator
    uuid!("644ef478-e28f-4e28-b9dc-3fdde9aa0b1f"), // Printer Administrator
    uuid!("69091246-20e8-4a56-aa4d-066075b2a7a8"), // Teams Administrator
    uuid!("729827e3-9c14-49f7-bb1b-9608f156bbb8"), // Helpdesk Administrator
    uuid!("7698a772-787b-4ac8-901f-60d6b08affd2"), // Cloud Device Administrator
    uuid!("7be44c8a-adaf-4e2a-84d6-ab2649e08a13"), // Privileged Authentication Administrator
    uuid!("966707d0-3269-4727-9be2-8c3a10f19b9d"), // Password Administrator
    uuid!("c4e39bd9-1100-46d3-8c65-fb160da0071f"), // Authentication Administrator
    uuid!("f28a1f50-f6e7-4571-818b-6a12f2af6b6c"), // SharePoint Administrator
    GROUPS_ADMINISTRATOR,
    uuid!("fe930be7-5e62-47db-91af-98c3a49a38b1"), // User Administrator
];
/// The built-in roles that can be given for an application or a service principal.
const FOR_APPLICATIONS: [Uuid; 2] = [
    uuid!("158c047a-c907-4556-b7ef-446551a6b5f7"), // Cloud Application Administrator
    uuid!("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"), // Application Administrator
];
const GROUPS_ADMINISTRATOR: Uuid = uuid!("fdd7a751-b60b-444a-984c-02652fe8fa1c");

static ASSIGNMENT: Type = Type {
    name: "unifiedRoleAssignment",
    properties: &[
        read("id", Shape::Made).shown(),
        write("principalId", Shape::Guid).fixed().shown(),
        write("roleDefinitionId", Shape::Guid).fixed().shown(),
        write("directoryScopeId", Shape::Text(256)).fixed().shown(),
        write("appScopeId", Shape::Text(256)).fixed(),
        write("condition", Shape::Text(1_024)).fixed(),
        read("principalOrganizationId", Shape::Made),
    ],
};

/// How assignments are filtered.
static ENTITY: Entity = Entity {
    name: "unifiedRoleAssignment",
    properties: &[
        text("id"),
        text("principalId"),
        text("roleDefinitionId"),
        text("directoryScopeId"),
    ],
};

const fn text(name: &'static str) -> Property {
    Property::new(name, PropertyKind::Text, name, Operators::EXACT)
}

/// What a role is given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Tenant,
    /// The members of an administrative unit.
    AdministrativeUnit(Uuid),
    /// An application registration.
    Application(Uuid),
    /// A service principal.
    ServicePrincipal(Uuid),
    /// A group.
    Group(Uuid),
}

impl Scope {
    /// The object that it is; nil for the tenant.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Tenant => Uuid::nil(),
            Self::AdministrativeUnit(id)
            | Self::Application(id)
            | Self::ServicePrincipal(id)
            | Self::Group(id) => id,
        }
    }

    const fn code(self) -> i64 {
        match self {
            Self::Tenant => 0,
            Self::AdministrativeUnit(_) => 1,
            Self::Application(_) => 2,
            Self::ServicePrincipal(_) => 3,
            Self::Group(_) => 4,
        }
    }

    fn of_code(code: i64, id: Uuid) -> Result<Self> {
        Ok(match code {
            1 => Self::AdministrativeUnit(id),
            2 => Self::Application(id),
            3 => Self::ServicePrincipal(id),
            4 => Self::Group(id),
            other => return Err(Error::internal(format!("unknown kind of scope {other}"))),
        })
    }

    /// Reads a `directoryScopeId`: `/`, `/administrativeUnits/{id}`, `/{id}`.
    fn find(tx: &ReadTx<'_>, text: &str) -> Result<Self> {
        if text == "/" {
            return Ok(Self::Tenant);
        }
        let (is_unit, id) = match text.strip_prefix(UNITS) {
            Some(id) => (true, id),
            None => (false, text.strip_prefix('/').unwrap_or_default()),
        };
        let id = types::parse_uuid(id).ok_or_else(|| {
            Error::invalid(
                "directoryScopeId",
                "Invalid value specified for property 'directoryScopeId' of resource 'UnifiedRoleAssignment': '/' is the whole tenant, '/administrativeUnits/{id}' a unit, '/{id}' an application, a service principal or a group.",
            )
        })?;
        if administrative_units::exists(tx, Id::new(id))? {
            return Ok(Self::AdministrativeUnit(id));
        }
        let missing = || Error::not_found("directoryObject", id);
        if is_unit {
            return Err(missing());
        }
        if applications::exists(tx, Id::new(id))? {
            return Ok(Self::Application(id));
        }
        match groups::kind_of(tx, id)? {
            Some(LinkKind::ServicePrincipal) => Ok(Self::ServicePrincipal(id)),
            Some(LinkKind::Group) => Ok(Self::Group(id)),
            Some(_) => Err(Error::invalid(
                "directoryScopeId",
                "A role is given for the tenant, an administrative unit, an application, a service principal or a group.",
            )),
            None => Err(missing()),
        }
    }

    /// Whether a built-in role can be given for it.
    fn takes(self, template: Uuid) -> bool {
        match self {
            Self::Tenant => true,
            Self::AdministrativeUnit(_) => FOR_UNITS.contains(&template),
            Self::Application(_) | Self::ServicePrincipal(_) => {
                FOR_APPLICATIONS.contains(&template)
            }
            Self::Group(_) => template == GROUPS_ADMINISTRATOR,
        }
    }
}

/// As a `directoryScopeId` has it.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str("/"),
            Self::AdministrativeUnit(id) => write!(f, "{UNITS}{id}"),
            Self::Application(id) | Self::ServicePrincipal(id) | Self::Group(id) => {
                write!(f, "/{id}")
            }
        }
    }
}

/// An assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    /// Which role, by its template.
    pub template: Uuid,
    /// Who has it.
    pub principal: Uuid,
    /// What that is.
    pub principal_kind: LinkKind,
    /// What for.
    pub scope: Scope,
    /// Since when.
    pub created_at: Timestamp,
}

/// What a body asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssignment {
    /// Which role, by its template.
    pub template: Uuid,
    /// Who is to have it.
    pub principal: Uuid,
    /// What for, as it is written.
    scope: String,
}

impl NewAssignment {
    /// What the role is to be given for.
    pub fn scope(&self, tx: &ReadTx<'_>) -> Result<Scope> {
        Scope::find(tx, &self.scope)
    }
}

/// A role that somebody has or is to have.
#[derive(Debug, Clone)]
pub(crate) enum Given {
    BuiltIn(Role),
    Custom(CustomRole),
}

impl Given {
    /// The id of its object in the tenant.
    pub(crate) const fn object_id(&self) -> Uuid {
        match self {
            Self::BuiltIn(role) => role.id,
            Self::Custom(role) => role.id,
        }
    }

    /// The id of its template.
    pub(crate) const fn template(&self) -> Uuid {
        match self {
            Self::BuiltIn(role) => role.built_in.id,
            Self::Custom(role) => role.id,
        }
    }

    pub(crate) fn display_name(&self) -> &str {
        match self {
            Self::BuiltIn(role) => &role.built_in.display_name,
            Self::Custom(role) => role.display_name(),
        }
    }

    /// One that somebody may have.
    fn find(tx: &ReadTx<'_>, template: Uuid) -> Result<Option<Self>> {
        Ok(match active_of(tx, template)? {
            Some(role) => Some(Self::BuiltIn(role)),
            None => definitions::find_custom(tx, template)?.map(Self::Custom),
        })
    }
}

/// Which assignments.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    /// All of the tenant.
    Tenant,
    /// Those of a principal.
    Principal(Uuid),
    /// Those of a role, by its template.
    Role(Uuid),
    /// Those for a part of the tenant.
    Scope(Uuid),
}

/// Where a page of assignments ended: behind this role, principal and scope.
pub type Place = (Uuid, Uuid, Uuid);

impl Assignment {
    /// Where a page that ends with this one ended.
    pub const fn place(&self) -> Place {
        (self.template, self.principal, self.scope.id())
    }

    /// Its id: role, principal and scope.
    pub fn id(&self) -> String {
        let (template, principal, scope) = self.place();
        let mut bytes = [template.to_bytes_le(), principal.to_bytes_le()].concat();
        if !scope.is_nil() {
            bytes.extend(scope.to_bytes_le());
        }
        BASE64_URL_SAFE_NO_PAD.encode(bytes) + ID_END
    }
}

fn parse_id(id: &str) -> Option<Place> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(id.strip_suffix(ID_END)?)
        .ok()?;
    let read = |bytes: &[u8; 16]| Uuid::from_bytes_le(*bytes);
    match bytes.as_chunks::<16>() {
        ([template, principal], []) => Some((read(template), read(principal), Uuid::nil())),
        ([template, principal, scope], []) => Some((read(template), read(principal), read(scope))),
        _ => None,
    }
}

fn assignment(row: &Row<'_>) -> Result<Assignment> {
    Ok(Assignment {
        template: row.uuid(0)?,
        principal: row.uuid(1)?,
        principal_kind: LinkKind::from_code(row.int(2)?)?,
        scope: Scope::Tenant,
        created_at: row.timestamp(3)?,
    })
}

fn scoped(row: &Row<'_>) -> Result<Assignment> {
    Ok(Assignment {
        scope: Scope::of_code(row.int(5)?, row.uuid(4)?)?,
        ..assignment(row)?
    })
}

/// Shows an assignment.
pub fn project_assignment(
    tx: &ReadTx<'_>,
    assignment: &Assignment,
    select: Option<&[String]>,
) -> Result<Map<String, Value>> {
    ASSIGNMENT.project(select, |name| {
        Some(match name {
            "id" => assignment.id().into(),
            "principalId" => json!(assignment.principal),
            "roleDefinitionId" => json!(assignment.template),
            "directoryScopeId" => assignment.scope.to_string().into(),
            "principalOrganizationId" => json!(tx.tenant()),
            _ => return None,
        })
    })
}

/// Refuses names that aren't properties of assignments.
pub fn check_assignment_select(select: &[String]) -> Result<()> {
    ASSIGNMENT.selected(Some(select)).map(drop)
}

/// What assignments can be filtered by.
pub fn assignment_entity() -> &'static Entity {
    &ENTITY
}

/// Reads a body.
pub fn parse(body: &Map<String, Value>) -> Result<NewAssignment> {
    let mut checked = Map::new();
    ASSIGNMENT.apply(&mut checked, body, Purpose::Create)?;
    let text = |name: &str| checked.get(name).and_then(Value::as_str);
    let required = |name: &str| {
        let guid = text(name).and_then(types::parse_uuid);
        guid.ok_or_else(|| {
            Error::invalid(
                name,
                format!(
                    "A value is required for property '{name}' of resource 'UnifiedRoleAssignment'."
                ),
            )
        })
    };
    let (template, principal) = (required("roleDefinitionId")?, required("principalId")?);
    for name in ["appScopeId", "condition"] {
        if checked.contains_key(name) {
            return Err(Error::invalid(
                name,
                format!("The property '{name}' isn't supported for roles of the directory."),
            ));
        }
    }
    let scope = text("directoryScopeId").ok_or_else(|| {
        Error::invalid(
            "directoryScopeId",
            "A value is required for property 'directoryScopeId' of resource 'UnifiedRoleAssignment': '/' is the whole tenant.",
        )
    })?;
    Ok(NewAssignment {
        template,
        principal,
        scope: scope.to_owned(),
    })
}

/// Whether somebody is assigned to a role for this scope, deleted or not.
pub fn has(tx: &ReadTx<'_>, template: Uuid, principal: Uuid, scope: Scope) -> Result<bool> {
    let (tenant, id) = (tx.tenant(), scope.id());
    let found = match scope {
        Scope::Tenant => tx.count(HAS, params![&tenant, &template, &principal])?,
        _ => tx.count(HAS_SCOPED, params![&tenant, &template, &principal, &id])?,
    };
    Ok(found > 0)
}

/// That somebody has a role already, in the words of references.
pub fn already_there(property: &str) -> Error {
    groups::already_there(property)
}

/// The role that is to be given, made active if it is a built-in one that wasn't.
fn to_give(tx: &mut Tx<'_>, template: Uuid, scope: Scope) -> Result<Given> {
    let refuse = |reason: &str| Err(Error::invalid("roleDefinitionId", reason));
    let definition = definitions::find_definition(tx, template)?;
    match definition.ok_or_else(|| Error::not_found("directoryRoleTemplate", template))? {
        Definition::BuiltIn(role) if !role.is_assignable => {
            refuse("This role can't be assigned: the directory gives it by itself.")
        }
        Definition::BuiltIn(_) if !scope.takes(template) => refuse(
            "This role can't be given for a part of the tenant of this kind, only for all of it.",
        ),
        Definition::BuiltIn(_) => Ok(Given::BuiltIn(ensure_active(tx, template)?)),
        Definition::Custom(role) if !role.is_enabled() => {
            refuse("This role can't be assigned: it isn't enabled.")
        }
        Definition::Custom(role) => Ok(Given::Custom(role)),
    }
}

/// Gives somebody a role.
pub fn assign(
    tx: &mut Tx<'_>,
    template: Uuid,
    principal: Uuid,
    scope: Scope,
) -> Result<Assignment> {
    let role = to_give(tx, template, scope)?;
    let kind = groups::kind_of(tx, principal)?
        .ok_or_else(|| Error::not_found("directoryObject", principal))?;
    if kind == LinkKind::Group && !groups::get(tx, Id::new(principal))?.is_assignable_to_role() {
        return Err(Error::invalid(
            "principalId",
            "The group can't be assigned to a role: it has to be made with 'isAssignableToRole'.",
        ));
    }
    if has(tx, template, principal, scope)? {
        return Err(conflict("principalId"));
    }
    let tenant = tx.tenant();
    let made = Assignment {
        template,
        principal,
        principal_kind: kind,
        scope,
        created_at: tx.now(),
    };
    let (id, at) = (scope.id(), made.created_at);
    let mut recorded = record(tx, &role, principal, id, Op::Created)?;
    match scope {
        Scope::Tenant => recorded.execute(
            INSERT,
            params![&tenant, &template, &principal, kind.code(), at],
        )?,
        _ => recorded.execute(
            INSERT_SCOPED,
            params![
                &tenant,
                &template,
                &principal,
                kind.code(),
                at,
                &id,
                scope.code()
            ],
        )?,
    };
    audited::role_assigned(tx, &role, principal, scope, true)?;
    Ok(made)
}

fn record<'t, 'c>(
    tx: &'t mut Tx<'c>,
    role: &Given,
    principal: Uuid,
    scope: Uuid,
    op: Op,
) -> Result<store::Recorded<'t, 'c>> {
    let kind = if scope.is_nil() {
        "roleAssignment"
    } else {
        "scopedRoleAssignment"
    };
    let role = role.object_id();
    tx.record(Change::relation(kind, role, principal, op))
}

/// Deletes the row of an assignment with its change in the feed.
fn delete(tx: &mut Tx<'_>, role: &Given, principal: Uuid, scope: Uuid) -> Result<()> {
    let (tenant, template) = (tx.tenant(), role.template());
    let mut recorded = record(tx, role, principal, scope, Op::Deleted)?;
    if scope.is_nil() {
        recorded.execute(DELETE, params![&tenant, &template, &principal])?;
    } else {
        recorded.execute(
            DELETE_SCOPED,
            params![&tenant, &template, &principal, &scope],
        )?;
    }
    Ok(())
}

/// Takes a role away that somebody has for the whole tenant.
pub fn remove(tx: &mut Tx<'_>, template: Uuid, principal: Uuid) -> Result<()> {
    let found = at(tx, (template, principal, Uuid::nil()))?;
    let found = found.ok_or_else(|| Error::not_found("directoryObject", principal))?;
    take_back(tx, &found)
}

/// Takes an assignment back.
pub fn take_back(tx: &mut Tx<'_>, found: &Assignment) -> Result<()> {
    let (template, principal, scope) = found.place();
    if template == GLOBAL_ADMINISTRATOR && found.principal_kind != LinkKind::ServicePrincipal {
        let administrates = |without| has_administrator(tx, without, None);
        if administrates(None)? && !administrates(Some(principal))? {
            return Err(last());
        }
    }
    let role = Given::find(tx, template)?;
    let role = role.ok_or_else(|| Error::not_found("directoryRole", template))?;
    delete(tx, &role, principal, scope)?;
    audited::role_assigned(tx, &role, principal, found.scope, false)
}

fn last() -> Error {
    Error::bad_request(
        "The directory has to keep a Global Administrator: assign the role to another user first.",
    )
}

/// Refuses to let a user go, or to disable one, who is the only Global Administrator.
pub(crate) fn refuse_to_lose(tx: &ReadTx<'_>, user: Uuid) -> Result<()> {
    if !has_administrator(tx, None, Some(user))? && has_administrator(tx, None, None)? {
        return Err(last());
    }
    Ok(())
}

fn is_enabled(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<bool> {
    let found = types::found(users::get(tx, user))?;
    Ok(found.is_some_and(|user| user.account_enabled))
}

/// Whether a user who can sign in has the role of the Global Administrator, directly or through a
/// group; without one of the assignments, or without one of the users.
fn has_administrator(
    tx: &ReadTx<'_>,
    without: Option<Uuid>,
    without_user: Option<Uuid>,
) -> Result<bool> {
    for Link { id, kind } in members(tx, GLOBAL_ADMINISTRATOR, None, None, LOOK_MAX)? {
        if without == Some(id) || without_user == Some(id) {
            continue;
        }
        let has = match kind {
            LinkKind::User => is_enabled(tx, Id::new(id))?,
            LinkKind::Group => {
                let users = groups::transitive_users(tx, Id::new(id), LOOK_MAX)?;
                let mut others = users
                    .iter()
                    .filter(|user| Some(user.uuid()) != without_user);
                others.try_fold(false, |found, user| Ok(found || is_enabled(tx, *user)?))?
            }
            _ => false,
        };
        if has {
            return Ok(true);
        }
    }
    Ok(false)
}

fn at(tx: &ReadTx<'_>, (template, principal, scope): Place) -> Result<Option<Assignment>> {
    let tenant = tx.tenant();
    if scope.is_nil() {
        return tx.query_one(GET, params![&tenant, &template, &principal], assignment);
    }
    tx.query_one(
        SCOPED_GET,
        params![&tenant, &template, &principal, &scope],
        scoped,
    )
}

/// The assignment of an id.
pub fn find(tx: &ReadTx<'_>, id: &str) -> Result<Assignment> {
    let found = match parse_id(id) {
        Some(place) => at(tx, place)?,
        None => None,
    };
    found.ok_or_else(|| Error::not_found("unifiedRoleAssignment", id))
}

/// Assignments in the order of their role, principal and scope, behind `after`.
pub fn list(
    tx: &ReadTx<'_>,
    of: Of,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<Assignment>> {
    let (template, principal, scope) = after.unwrap_or_default();
    let tenant = tx.tenant();
    let (wide, narrow, id) = match of {
        Of::Tenant => (Some(LIST), SCOPED_LIST, None),
        Of::Principal(id) => (Some(OF_PRINCIPAL), SCOPED_OF_PRINCIPAL, Some(id)),
        Of::Role(id) => (Some(OF_ROLE), SCOPED_OF_ROLE, Some(id)),
        Of::Scope(id) => (None, OF_SCOPE, Some(id)),
    };
    let mut found = Vec::new();
    if let Some(sql) = wide {
        // The one for the tenant stands before those for its parts.
        let mut values = params![&tenant, &template, &principal, limit].to_vec();
        values.extend(id.as_ref().map(store::Param::from));
        found.extend(tx.query(sql, &values, assignment)?);
    }
    let mut values = params![&tenant, &template, &principal, &scope, limit].to_vec();
    values.extend(id.as_ref().map(store::Param::from));
    found.extend(tx.query(narrow, &values, scoped)?);
    found.sort_by_key(Assignment::place);
    found.truncate(limit);
    Ok(found)
}

/// Who has a role, by id behind `after`; those of one kind, or all.
pub fn members(
    tx: &ReadTx<'_>,
    template: Uuid,
    kind: Option<LinkKind>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Link>> {
    let (tenant, after) = (tx.tenant(), after.unwrap_or_default());
    let found = match kind {
        None => tx.query(
            MEMBERS,
            params![&tenant, &template, &after, limit],
            assignment,
        )?,
        Some(kind) => tx.query(
            MEMBERS_OF_KIND,
            params![&tenant, &template, &after, limit, kind.code()],
            assignment,
        )?,
    };
    let links = found.into_iter().map(|it| Link {
        id: it.principal,
        kind: it.principal_kind,
    });
    Ok(links.collect())
}

/// Whether a role is one that a principal has that isn't deleted.
pub fn is_member(tx: &ReadTx<'_>, template: Uuid, principal: Uuid) -> Result<bool> {
    Ok(at(tx, (template, principal, Uuid::nil()))?.is_some())
}

/// The active roles that a principal has, or would if it weren't deleted, by id behind one.
pub fn with_member(
    tx: &ReadTx<'_>,
    principal: Uuid,
    after: Uuid,
    limit: usize,
) -> Result<Vec<Uuid>> {
    let mut ids: Vec<Uuid> = roles_of(tx, principal)?
        .iter()
        .map(|role| role.id)
        .collect();
    ids.retain(|id| *id > after);
    ids.sort_unstable();
    ids.truncate(limit);
    Ok(ids)
}

/// How many have a role, of one kind or of all.
pub fn count_members(tx: &ReadTx<'_>, template: Uuid, kind: Option<LinkKind>) -> Result<u64> {
    match kind {
        None => tx.count(COUNT, params![&tx.tenant(), &template]),
        Some(kind) => tx.count(COUNT_OF_KIND, params![&tx.tenant(), &template, kind.code()]),
    }
}

/// The built-in roles that a principal is assigned itself, for the whole tenant.
pub fn roles_of(tx: &ReadTx<'_>, principal: Uuid) -> Result<Vec<Role>> {
    let templates: Vec<Uuid> = tx.query(ROLES_OF, params![&tx.tenant(), &principal], |row| {
        row.uuid(0)
    })?;
    let mut roles = Vec::with_capacity(templates.len());
    for template in templates {
        roles.extend(active_of(tx, template)?);
    }
    Ok(roles)
}

/// All users who have such a role, directly or by a group; also ids of what isn't a user.
pub fn holders(tx: &ReadTx<'_>) -> Result<HashSet<Id<kind::User>>> {
    let principals: Vec<Uuid> = tx.query(HOLDERS, params![&tx.tenant()], |row| row.uuid(0))?;
    let mut holders = HashSet::new();
    for principal in principals {
        if roles_of(tx, principal)?.is_empty() {
            continue;
        }
        holders.insert(Id::new(principal));
        if groups::exists(tx, Id::new(principal))? {
            holders.extend(groups::transitive_members(tx, Id::new(principal))?);
        }
    }
    Ok(holders)
}

fn pair(row: &Row<'_>) -> Result<Place> {
    Ok((row.uuid(0)?, row.uuid(1)?, Uuid::nil()))
}

fn triple(row: &Row<'_>) -> Result<Place> {
    Ok((row.uuid(0)?, row.uuid(1)?, row.uuid(2)?))
}

fn drop_places(tx: &mut Tx<'_>, places: Vec<Place>) -> Result<()> {
    for (template, principal, scope) in places {
        if let Some(role) = Given::find(tx, template)? {
            delete(tx, &role, principal, scope)?;
        }
    }
    Ok(())
}

/// Drops the assignments of an object that is gone for good, and those for it.
pub(crate) fn drop_all(tx: &mut Tx<'_>, object: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    let key = params![&tenant, &object].to_vec();
    let mut places = tx.query(ROWS_OF_PRINCIPAL, &key, pair)?;
    places.extend(tx.query(SCOPED_ROWS, &key, triple)?);
    drop_places(tx, places)
}

/// Takes a role of the tenant's own from everybody.
pub(super) fn drop_role(tx: &mut Tx<'_>, role: &CustomRole) -> Result<()> {
    let tenant = tx.tenant();
    let key = params![&tenant, &role.id].to_vec();
    let mut places = tx.query(ROWS_OF_ROLE, &key, pair)?;
    places.extend(tx.query(SCOPED_ROWS_OF_ROLE, &key, triple)?);
    drop_places(tx, places)
}
