//! What roles are: the built-in ones, and those that a tenant has defined for itself.
//!
//! - The id of a definition is its template's, as in Graph; a tenant may choose it, to have the same
//!   in several tenants.
//! - What a tenant's role allows is a list of resource actions of the directory, those that the
//!   built-in roles are made of ([`crate::rights`]). One whose resource the directory has, but not the
//!   action, is kept and opens nothing. None gives roles or permissions: definitions are changed with
//!   less than assignments are, and whoever could change one might let himself do everything.
//! - A role that isn't enabled can't be given any more; who has it keeps it.
//! - With a role its assignments go.
//!
//! Source: the `unifiedRoleDefinition` resource of Microsoft Graph; "Create a custom role in
//! Microsoft Entra ID".

use query::{Entity, Operators, Property, PropertyKind};
use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Result};
use uuid::Uuid;

use super::built_in::{self, BuiltIn};
use super::{assignments, conflict};
use crate::schema::{Purpose, Shape, Type, read, write};
use crate::{audited, rights};

const LIST: &str = "SELECT id, doc FROM role_definitions WHERE tenant_id = ?1 ORDER BY id";
const GET: &str = "SELECT id, doc FROM role_definitions WHERE tenant_id = ?1 AND id = ?2";
const INSERT: &str = "INSERT INTO role_definitions (tenant_id, id, doc) VALUES (?1, ?2, ?3)";
const UPDATE: &str = "UPDATE role_definitions SET doc = ?3 WHERE tenant_id = ?1 AND id = ?2";
const DELETE: &str = "DELETE FROM role_definitions WHERE tenant_id = ?1 AND id = ?2";

/// Roles that a tenant defines, at most, as in Entra.
pub const CUSTOM_MAX: usize = 100;
/// Actions that one role allows, at most.
const ACTIONS_MAX: usize = 500;
/// What the CSDL has and Graph doesn't support yet.
const EXCLUDED: &str = "excludedResourceActions";
const PERMISSIONS: &str = "rolePermissions";
const SCOPES: &str = "resourceScopes";

static PERMISSION: Type = Type {
    name: "unifiedRolePermission",
    properties: &[
        write("allowedResourceActions", Shape::TextList(ACTIONS_MAX, 256)),
        write(
            "condition",
            Shape::Choice(&["$ResourceIsSelf", "$SubjectIsOwner"]),
        ),
    ],
};
static DEFINITION: Type = Type {
    name: "unifiedRoleDefinition",
    properties: &[
        read("id", Shape::Made).shown(),
        write("description", Shape::Text(1_024)).shown(),
        write("displayName", Shape::Name(256)).shown(),
        read("isBuiltIn", Shape::Bool).shown(),
        write("isEnabled", Shape::Bool).shown(),
        read("isPrivileged", Shape::Bool),
        write(SCOPES, Shape::TextList(1, 256)).shown(),
        write(PERMISSIONS, Shape::ObjectList(&PERMISSION, 100)).shown(),
        write("templateId", Shape::Guid).fixed().shown(),
        write("version", Shape::Text(64)).shown(),
    ],
};

/// How definitions are filtered.
static ENTITY: Entity = Entity {
    name: "unifiedRoleDefinition",
    properties: &[
        text("id", Operators::EXACT),
        text("description", Operators::TEXT),
        text("displayName", Operators::TEXT),
        flag("isBuiltIn"),
        flag("isEnabled"),
        flag("isPrivileged"),
        text("templateId", Operators::EXACT),
        text("version", Operators::EXACT),
    ],
};

const fn text(name: &'static str, operators: Operators) -> Property {
    Property::new(name, PropertyKind::Text, name, operators)
}
const fn flag(name: &'static str) -> Property {
    Property::new(name, PropertyKind::Bool, name, Operators::EXACT)
}

/// A role that a tenant has defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    /// The id of its definition, which is that of its template, too.
    pub id: Uuid,
    document: Map<String, Value>,
}

impl CustomRole {
    /// The name for people.
    pub fn display_name(&self) -> &str {
        let name = self.document.get("displayName");
        name.and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it can be given to anybody.
    pub fn is_enabled(&self) -> bool {
        self.document.get("isEnabled") == Some(&Value::Bool(true))
    }

    /// What it allows, with the condition under which it does.
    pub(crate) fn actions(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        rights::actions(self.document.get(PERMISSIONS).unwrap_or(&Value::Null))
    }

    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "id" | "templateId" => json!(self.id),
            "isBuiltIn" | "isPrivileged" => false.into(),
            SCOPES => json!(["/"]),
            _ => self.document.get(name)?.clone(),
        })
    }
}

/// A role's definition.
#[derive(Debug, Clone)]
pub enum Definition {
    /// One that is the same in every tenant.
    BuiltIn(&'static BuiltIn),
    /// One of the tenant's own.
    Custom(CustomRole),
}

impl Definition {
    /// Its id.
    pub const fn id(&self) -> Uuid {
        match self {
            Self::BuiltIn(role) => role.id,
            Self::Custom(role) => role.id,
        }
    }

    /// The name for people.
    pub fn display_name(&self) -> &str {
        match self {
            Self::BuiltIn(role) => &role.display_name,
            Self::Custom(role) => role.display_name(),
        }
    }

    /// The roles whose permissions it has as well.
    pub fn inherits_from(&self) -> Vec<Uuid> {
        match self {
            Self::BuiltIn(role) => role.inherits_from().collect(),
            Self::Custom(_) => Vec::new(),
        }
    }

    fn value(&self, name: &str) -> Option<Value> {
        match self {
            Self::BuiltIn(role) => role.value(name),
            Self::Custom(role) => role.value(name),
        }
    }

    /// Shows it as a `unifiedRoleDefinition`.
    pub fn project(&self, select: Option<&[String]>) -> Result<Map<String, Value>> {
        DEFINITION.project(select, |name| self.value(name))
    }

    /// What filters read.
    pub fn filtered(&self) -> Value {
        let names = ENTITY.properties.iter().map(|property| property.name);
        let values = names.filter_map(|name| Some((name.to_owned(), self.value(name)?)));
        Value::Object(values.collect())
    }
}

/// What definitions can be filtered by.
pub fn definition_entity() -> &'static Entity {
    &ENTITY
}

/// Refuses names that aren't properties of definitions.
pub fn check_definition_select(select: &[String]) -> Result<()> {
    DEFINITION.selected(Some(select)).map(drop)
}

fn custom(row: &Row<'_>) -> Result<CustomRole> {
    Ok(CustomRole {
        id: row.uuid(0)?,
        document: serde_json::from_str(row.text(1)?).map_err(Error::internal)?,
    })
}

/// The tenant's own roles, by id.
pub fn custom_roles(tx: &ReadTx<'_>) -> Result<Vec<CustomRole>> {
    tx.query(LIST, params![&tx.tenant()], custom)
}

/// A role of the tenant's own.
pub(crate) fn find_custom(tx: &ReadTx<'_>, id: Uuid) -> Result<Option<CustomRole>> {
    tx.query_one(GET, params![&tx.tenant(), &id], custom)
}

/// Every definition that there is in the tenant, by id.
pub fn definitions(tx: &ReadTx<'_>) -> Result<Vec<Definition>> {
    let mut all: Vec<Definition> = built_in::all()?.iter().map(Definition::BuiltIn).collect();
    all.extend(custom_roles(tx)?.into_iter().map(Definition::Custom));
    all.sort_by_key(Definition::id);
    Ok(all)
}

/// The definition of an id, if there is one.
pub fn find_definition(tx: &ReadTx<'_>, id: Uuid) -> Result<Option<Definition>> {
    Ok(match built_in::by_id(id)? {
        Some(role) => Some(Definition::BuiltIn(role)),
        None => find_custom(tx, id)?.map(Definition::Custom),
    })
}

fn missing(id: Uuid) -> Error {
    Error::not_found("unifiedRoleDefinition", id)
}

/// The tenant's own role of an id; a built-in one is refused, since it is what it is.
fn own(tx: &ReadTx<'_>, id: Uuid) -> Result<CustomRole> {
    match find_definition(tx, id)?.ok_or_else(|| missing(id))? {
        Definition::Custom(role) => Ok(role),
        Definition::BuiltIn(role) => Err(Error::bad_request(format!(
            "'{}' is a built-in role, which can't be changed or deleted.",
            role.display_name
        ))),
    }
}

/// Defines a role.
pub fn create(tx: &mut Tx<'_>, properties: &Map<String, Value>) -> Result<CustomRole> {
    for name in ["displayName", "isEnabled", PERMISSIONS] {
        if properties.get(name).is_none_or(Value::is_null) {
            return Err(Error::invalid(
                name,
                format!("A value is required for property '{name}' of resource 'RoleDefinition'."),
            ));
        }
    }
    if custom_roles(tx)?.len() >= CUSTOM_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.custom_roles",
            message: format!(
                "A tenant has {CUSTOM_MAX} roles of its own at most (limits.custom_roles)."
            ),
        });
    }
    let mut document = Map::new();
    DEFINITION.apply(&mut document, &accepted(properties)?, Purpose::Create)?;
    let template = document.shift_remove("templateId");
    let id = match template.as_ref().and_then(Value::as_str) {
        Some(text) => types::parse_uuid(text).ok_or_else(|| missing(Uuid::nil()))?,
        None => tx.new_uuid(),
    };
    if find_definition(tx, id)?.is_some() {
        return Err(conflict("templateId"));
    }
    let made = CustomRole { id, document };
    settle(&made)?;
    store(tx, &made, Op::Created, &[])?;
    audited::act(tx, "Add role definition", &made)?;
    Ok(made)
}

/// Changes a role of the tenant's own by a JSON patch object.
pub fn update(tx: &mut Tx<'_>, id: Uuid, patch: &Map<String, Value>) -> Result<()> {
    let old = own(tx, id)?;
    let mut role = old.clone();
    let changed = DEFINITION.apply(&mut role.document, &accepted(patch)?, Purpose::Update)?;
    if changed.is_empty() {
        return Ok(());
    }
    settle(&role)?;
    store(tx, &role, Op::Updated, &changed)?;
    audited::change(tx, "Update role definition", &old, &role, &changed)
}

/// Deletes a role of the tenant's own, and takes it from whoever has it.
pub fn delete(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let role = own(tx, id)?;
    assignments::drop_role(tx, &role)?;
    let tenant = tx.tenant();
    tx.record(Change::new("roleDefinition", id, Op::Deleted, &[]))?
        .execute(DELETE, params![&tenant, &id])?;
    audited::act(tx, "Delete role definition", &role)
}

fn wrong(name: &str, reason: &str) -> Error {
    Error::invalid(
        name,
        format!(
            "Invalid value specified for property '{name}' of resource 'RoleDefinition': {reason}."
        ),
    )
}

/// A body without what stands in it and says nothing.
fn accepted(body: &Map<String, Value>) -> Result<Map<String, Value>> {
    let mut body = body.clone();
    let permissions = body.get_mut(PERMISSIONS).and_then(Value::as_array_mut);
    for permission in permissions.into_iter().flatten() {
        let Some(permission) = permission.as_object_mut() else {
            continue;
        };
        match permission.shift_remove(EXCLUDED) {
            None | Some(Value::Null) => {}
            Some(Value::Array(actions)) if actions.is_empty() => {}
            Some(_) => {
                return Err(wrong(
                    EXCLUDED,
                    "actions can't be excluded, only left out of 'allowedResourceActions'",
                ));
            }
        }
    }
    // As Terraform's provider writes what it lets the directory choose.
    if body.get("templateId").is_some_and(|id| id == "") {
        body.shift_remove("templateId");
    }
    // The one scope that there is needs no place.
    match body.shift_remove(SCOPES) {
        None | Some(Value::Null) => {}
        Some(Value::Array(scopes)) if scopes.iter().all(|scope| scope == "/") => {}
        Some(_) => {
            return Err(wrong(
                SCOPES,
                "'/' is what there is; an assignment has a scope",
            ));
        }
    }
    Ok(body)
}

/// Checks what the table of properties can't.
fn settle(role: &CustomRole) -> Result<()> {
    if !role.document.contains_key("isEnabled") {
        return Err(wrong("isEnabled", "it is required"));
    }
    let permissions = role.document.get(PERMISSIONS).and_then(Value::as_array);
    let permissions = permissions.map(Vec::as_slice).unwrap_or_default();
    if permissions.is_empty() {
        return Err(wrong(PERMISSIONS, "a role has to allow something"));
    }
    let mut count = 0;
    for permission in permissions {
        let actions = permission["allowedResourceActions"].as_array();
        let actions = actions.map(Vec::as_slice).unwrap_or_default();
        if actions.is_empty() {
            return Err(wrong(PERMISSIONS, "'allowedResourceActions' is missing"));
        }
        count += actions.len();
        for action in actions.iter().filter_map(Value::as_str) {
            if !rights::is_of_directory(action) {
                return Err(wrong(
                    PERMISSIONS,
                    &format!(
                        "'{action}' isn't an action of the directory, such as 'microsoft.directory/users/basic/update'"
                    ),
                ));
            }
            if rights::gives_roles(action) {
                return Err(wrong(
                    PERMISSIONS,
                    &format!("'{action}' gives roles, which only built-in roles allow"),
                ));
            }
        }
    }
    if count > ACTIONS_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.role_actions",
            message: format!("A role allows {ACTIONS_MAX} actions at most (limits.role_actions)."),
        });
    }
    Ok(())
}

fn store(tx: &mut Tx<'_>, role: &CustomRole, op: Op, changed: &[&str]) -> Result<()> {
    let tenant = tx.tenant();
    let doc = serde_json::to_string(&role.document).map_err(Error::internal)?;
    let sql = if op == Op::Created { INSERT } else { UPDATE };
    tx.record(Change::new("roleDefinition", role.id, op, changed))?
        .execute(sql, params![&tenant, &role.id, &doc])?;
    Ok(())
}
