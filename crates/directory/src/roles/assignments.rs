//! Who has which role.
//!
//! An assignment is known by its role and its principal, and its id says these two, as in Graph.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use query::{Entity, Operators, Property, PropertyKind};
use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, Timestamp};
use uuid::Uuid;

use super::{GLOBAL_ADMINISTRATOR, Role, built_in, conflict, ensure_active, get_by_template};
use crate::audited;
use crate::groups::{self, Link, LinkKind};
use crate::schema::{Purpose, Shape, Type, read, write};

/// What stands behind the id of an assignment for the whole tenant.
const TENANT_WIDE: &str = "-1";
const TENANT_SCOPE: &str = "/";
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
const ROLES_OF: &str = "SELECT template_id FROM role_assignments WHERE tenant_id = ?1 \
    AND principal_id = ?2 ORDER BY template_id";
const INSERT: &str = "INSERT INTO role_assignments (tenant_id, template_id, principal_id, \
    principal_kind, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
const DELETE: &str = "DELETE FROM role_assignments WHERE tenant_id = ?1 AND template_id = ?2 \
    AND principal_id = ?3";

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

/// An assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    /// Which role, by its template.
    pub template: Uuid,
    /// Who has it.
    pub principal: Uuid,
    /// What that is.
    pub principal_kind: LinkKind,
    /// Since when.
    pub created_at: Timestamp,
}

/// What a body asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewAssignment {
    /// Which role, by its template.
    pub template: Uuid,
    /// Who is to have it.
    pub principal: Uuid,
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
}

/// Where a page of assignments ended.
pub type Place = (Uuid, Uuid);

impl Assignment {
    /// Where a page that ends with this one ended.
    pub const fn place(&self) -> Place {
        (self.template, self.principal)
    }

    /// Its id: role and principal, and that it is for the whole tenant.
    pub fn id(&self) -> String {
        let bytes = [self.template.to_bytes_le(), self.principal.to_bytes_le()].concat();
        BASE64_URL_SAFE_NO_PAD.encode(bytes) + TENANT_WIDE
    }
}

fn parse_id(id: &str) -> Option<Place> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(id.strip_suffix(TENANT_WIDE)?)
        .ok()?;
    match bytes.as_chunks::<16>() {
        ([template, principal], []) => Some((
            Uuid::from_bytes_le(*template),
            Uuid::from_bytes_le(*principal),
        )),
        _ => None,
    }
}

fn assignment(row: &Row<'_>) -> Result<Assignment> {
    Ok(Assignment {
        template: row.uuid(0)?,
        principal: row.uuid(1)?,
        principal_kind: LinkKind::from_code(row.int(2)?)?,
        created_at: row.timestamp(3)?,
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
            "directoryScopeId" => TENANT_SCOPE.into(),
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
    let new = NewAssignment {
        template: required("roleDefinitionId")?,
        principal: required("principalId")?,
    };
    for name in ["appScopeId", "condition"] {
        if checked.contains_key(name) {
            return Err(Error::invalid(
                name,
                format!("The property '{name}' isn't supported for roles of the directory."),
            ));
        }
    }
    match text("directoryScopeId") {
        Some(TENANT_SCOPE) => Ok(new),
        Some(scope) => Err(unknown_scope(scope)),
        None => Err(Error::invalid(
            "directoryScopeId",
            "A value is required for property 'directoryScopeId' of resource 'UnifiedRoleAssignment': '/' is the whole tenant.",
        )),
    }
}

/// A scope that would be an object's isn't there; anything else isn't a scope.
fn unknown_scope(scope: &str) -> Error {
    let object = scope
        .strip_prefix("/administrativeUnits/")
        .or_else(|| scope.strip_prefix('/'));
    match object.and_then(types::parse_uuid) {
        Some(id) => Error::not_found("directoryObject", id),
        None => Error::invalid(
            "directoryScopeId",
            "Invalid value specified for property 'directoryScopeId' of resource 'UnifiedRoleAssignment': '/' is the whole tenant.",
        ),
    }
}

/// Whether somebody is assigned to a role, deleted or not.
pub fn has(tx: &ReadTx<'_>, template: Uuid, principal: Uuid) -> Result<bool> {
    Ok(tx.count(HAS, params![&tx.tenant(), &template, &principal])? > 0)
}

/// That somebody has a role already, in the words of references.
pub fn already_there(property: &str) -> Error {
    groups::already_there(property)
}

/// Gives somebody a role.
pub fn assign(tx: &mut Tx<'_>, template: Uuid, principal: Uuid) -> Result<Assignment> {
    if !built_in(template)?.is_assignable {
        return Err(Error::invalid(
            "roleDefinitionId",
            "This role can't be assigned: the directory gives it by itself.",
        ));
    }
    let kind = groups::kind_of(tx, principal)?
        .ok_or_else(|| Error::not_found("directoryObject", principal))?;
    if kind == LinkKind::Group && !groups::get(tx, Id::new(principal))?.is_assignable_to_role() {
        return Err(Error::invalid(
            "principalId",
            "The group can't be assigned to a role: it has to be made with 'isAssignableToRole'.",
        ));
    }
    if has(tx, template, principal)? {
        return Err(conflict("principalId"));
    }
    let tenant = tx.tenant();
    let role = ensure_active(tx, template)?;
    let made = Assignment {
        template,
        principal,
        principal_kind: kind,
        created_at: tx.now(),
    };
    record(tx, &role, principal, Op::Created)?.execute(
        INSERT,
        params![&tenant, &template, &principal, kind.code(), made.created_at],
    )?;
    audited::role_assigned(tx, &role, principal, true)?;
    Ok(made)
}

fn record<'t, 'c>(
    tx: &'t mut Tx<'c>,
    role: &Role,
    principal: Uuid,
    op: Op,
) -> Result<store::Recorded<'t, 'c>> {
    tx.record(Change::relation("roleAssignment", role.id, principal, op))
}

/// Takes a role away.
pub fn remove(tx: &mut Tx<'_>, template: Uuid, principal: Uuid) -> Result<()> {
    let role = get_by_template(tx, template)?;
    let found = at(tx, template, principal)?;
    let found = found.ok_or_else(|| Error::not_found("directoryObject", principal))?;
    if template == GLOBAL_ADMINISTRATOR && found.principal_kind != LinkKind::ServicePrincipal {
        let administrates = |without| has_administrator(tx, without, None);
        if administrates(None)? && !administrates(Some(principal))? {
            return Err(last());
        }
    }
    let tenant = tx.tenant();
    record(tx, &role, principal, Op::Deleted)?
        .execute(DELETE, params![&tenant, &template, &principal])?;
    audited::role_assigned(tx, &role, principal, false)
}

fn last() -> Error {
    Error::bad_request(
        "The directory has to keep a Global Administrator: assign the role to another user first.",
    )
}

/// Refuses to let a user go who is the only Global Administrator.
pub(crate) fn refuse_to_lose(tx: &ReadTx<'_>, user: Uuid) -> Result<()> {
    if !has_administrator(tx, None, Some(user))? && has_administrator(tx, None, None)? {
        return Err(last());
    }
    Ok(())
}

/// Whether a user has the role of the Global Administrator, directly or through a group; without
/// one of the assignments, or without one of the users.
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
            LinkKind::User => true,
            LinkKind::Group => {
                let users = groups::transitive_users(tx, Id::new(id), 2)?;
                users.iter().any(|user| Some(user.uuid()) != without_user)
            }
            _ => false,
        };
        if has {
            return Ok(true);
        }
    }
    Ok(false)
}

fn at(tx: &ReadTx<'_>, template: Uuid, principal: Uuid) -> Result<Option<Assignment>> {
    tx.query_one(
        GET,
        params![&tx.tenant(), &template, &principal],
        assignment,
    )
}

/// The assignment of an id.
pub fn find(tx: &ReadTx<'_>, id: &str) -> Result<Assignment> {
    let found = match parse_id(id) {
        Some((template, principal)) => at(tx, template, principal)?,
        None => None,
    };
    found.ok_or_else(|| Error::not_found("unifiedRoleAssignment", id))
}

/// Assignments in the order of their role and principal, behind `after`.
pub fn list(
    tx: &ReadTx<'_>,
    of: Of,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<Assignment>> {
    let (template, principal) = after.unwrap_or_default();
    let tenant = tx.tenant();
    match of {
        Of::Tenant => tx.query(
            LIST,
            params![&tenant, &template, &principal, limit],
            assignment,
        ),
        Of::Principal(id) => tx.query(
            OF_PRINCIPAL,
            params![&tenant, &template, &principal, limit, &id],
            assignment,
        ),
        Of::Role(id) => tx.query(
            OF_ROLE,
            params![&tenant, &template, &principal, limit, &id],
            assignment,
        ),
    }
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

/// How many have a role, of one kind or of all.
pub fn count_members(tx: &ReadTx<'_>, template: Uuid, kind: Option<LinkKind>) -> Result<u64> {
    match kind {
        None => tx.count(COUNT, params![&tx.tenant(), &template]),
        Some(kind) => tx.count(COUNT_OF_KIND, params![&tx.tenant(), &template, kind.code()]),
    }
}

/// The roles that a principal is assigned itself.
pub fn roles_of(tx: &ReadTx<'_>, principal: Uuid) -> Result<Vec<Role>> {
    let templates: Vec<Uuid> = tx.query(ROLES_OF, params![&tx.tenant(), &principal], |row| {
        row.uuid(0)
    })?;
    templates
        .into_iter()
        .map(|template| get_by_template(tx, template))
        .collect()
}

/// Drops the assignments of an object that is gone for good.
pub(crate) fn drop_all(tx: &mut Tx<'_>, object: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    for role in roles_of(tx, object)? {
        record(tx, &role, object, Op::Deleted)?
            .execute(DELETE, params![&tenant, &role.built_in.id, &object])?;
    }
    Ok(())
}
