//! The audit entries of what administrators do here, in Entra's words, each in the transaction of
//! the write that it tells of.
//!
//! What synchronization writes is told by the crate `sync`; what goes with an object, or follows it,
//! has no entry of its own.
//!
//! Source: "Microsoft Entra audit log categories and activities".

use audit::{Entry, Target, record};
use serde_json::{Value, json};
use store::{ReadTx, Tx};
use types::{Id, Result};
use uuid::Uuid;

use crate::administrative_units::AdministrativeUnit;
use crate::app_roles::Assignment;
use crate::applications::Application;
use crate::domains::Domain;
use crate::groups::{self, Group, LinkKind};
use crate::key_credentials::KeyCredential;
use crate::oauth2_permission_grants::Grant;
use crate::password_credentials::Password;
use crate::photos::{Owner, Photo};
use crate::roles::{CustomRole, Given, Role, Scope};
use crate::service_principals::{self, ServicePrincipal};
use crate::tenant::Organization;
use crate::users::{self, User};

const USERS: &str = "UserManagement";
const GROUPS: &str = "GroupManagement";
const APPLICATIONS: &str = "ApplicationManagement";
const DIRECTORY: &str = "DirectoryManagement";
const ROLES: &str = "RoleManagement";
const UNITS: &str = "AdministrativeUnit";

/// An object that entries tell of.
pub(crate) trait Audited {
    /// The area, as Entra names it.
    const CATEGORY: &'static str;
    /// The object, by its id and its name.
    fn target(&self) -> Target;
    /// What a property of it says; never a secret or a hash.
    fn audited_value(&self, property: &str) -> Option<Value>;
}

/// Records what was done to an object as a whole.
pub(crate) fn act(tx: &mut Tx<'_>, activity: &str, object: &impl Audited) -> Result<()> {
    change(tx, activity, object, object, &[])
}

/// Records a change, with the properties that changed.
pub(crate) fn change<T: Audited>(
    tx: &mut Tx<'_>,
    activity: &str,
    old: &T,
    new: &T,
    changed: &[&str],
) -> Result<()> {
    let value = |object: &T, name| object.audited_value(name).unwrap_or(Value::Null);
    let mut target = new.target();
    for name in changed {
        target = target.modified(*name, value(old, name), value(new, name));
    }
    let entry = Entry::success(T::CATEGORY, activity).target(target);
    record(tx, entry).map(drop)
}

/// Records that a group has another member or owner now, or that it has one less.
pub(crate) fn link(
    tx: &mut Tx<'_>,
    activity: &str,
    group: &Group,
    other: Uuid,
    added: bool,
) -> Result<()> {
    let mut target = found(tx, other)?;
    for (name, value) in [
        ("Group.ObjectID", json!(group.id)),
        ("Group.DisplayName", group.display_name().into()),
    ] {
        target = came_or_went(target, name, value, added);
    }
    let entry = Entry::success(GROUPS, activity).target(target);
    record(tx, entry.target(group.target())).map(drop)
}

/// Records that an administrative unit has another member now, or one less.
pub(crate) fn unit_member(
    tx: &mut Tx<'_>,
    activity: &str,
    unit: &AdministrativeUnit,
    member: Uuid,
    came: bool,
) -> Result<()> {
    let mut target = found(tx, member)?;
    for (name, value) in [
        ("AdministrativeUnit.ObjectID", json!(unit.id)),
        ("AdministrativeUnit.DisplayName", unit.display_name().into()),
    ] {
        target = came_or_went(target, name, value, came);
    }
    let entry = Entry::success(UNITS, activity).target(target);
    record(tx, entry.target(unit.target())).map(drop)
}

/// Records that an application or a service principal has another owner now, or one less.
pub(crate) fn owner<T: Audited>(
    tx: &mut Tx<'_>,
    activity: &str,
    object: &T,
    owner: Uuid,
    came: bool,
) -> Result<()> {
    let target = came_or_went(object.target(), "Owner.ObjectID", json!(owner), came);
    let entry = Entry::success(T::CATEGORY, activity).target(target);
    let owner = found(tx, owner)?;
    record(tx, entry.target(owner)).map(drop)
}

/// Records that somebody has a role of a resource now, or has lost it.
pub(crate) fn role(tx: &mut Tx<'_>, assignment: &Assignment, added: bool) -> Result<()> {
    let (category, activity) = match (assignment.principal_kind, added) {
        (LinkKind::User, true) => (USERS, "Add app role assignment grant to user"),
        (LinkKind::User, false) => (USERS, "Remove app role assignment from user"),
        (LinkKind::Group, true) => (GROUPS, "Add app role assignment to group"),
        (LinkKind::Group, false) => (GROUPS, "Remove app role assignment from group"),
        (_, true) => (APPLICATIONS, "Add app role assignment to service principal"),
        (_, false) => (
            APPLICATIONS,
            "Remove app role assignment from service principal",
        ),
    };
    let id = assignment.resource;
    let (mut resource, value) = match service_principals::load(tx, id)? {
        Some(resource) => (resource.target(), resource.role_value(assignment.role)),
        None => (Target::new(id, "", "ServicePrincipal"), None),
    };
    for (name, value) in [
        ("AppRole.Id", json!(assignment.role)),
        ("AppRole.Value", json!(value)),
    ] {
        resource = came_or_went(resource, name, value, added);
    }
    let principal = found(tx, assignment.principal)?;
    let entry = Entry::success(category, activity).target(resource);
    record(tx, entry.target(principal)).map(drop)
}

/// Records that somebody answers for a user now, or doesn't any more.
pub(crate) fn sponsor(tx: &mut Tx<'_>, user: &User, sponsor: Uuid, added: bool) -> Result<()> {
    let activity = if added {
        "Add sponsor to user"
    } else {
        "Remove sponsor from user"
    };
    let target = came_or_went(user.target(), "Sponsor", json!(sponsor), added);
    let entry = Entry::success(USERS, activity).target(target);
    let sponsor = found(tx, sponsor)?;
    record(tx, entry.target(sponsor)).map(drop)
}

/// Records that an object has another photo now, or none.
pub(crate) fn photo(tx: &mut Tx<'_>, owner: Owner, photo: Option<&Photo>) -> Result<()> {
    let (category, activity) = match owner.kind {
        LinkKind::Group => (GROUPS, "Update group"),
        _ => (USERS, "Update user"),
    };
    let shown = photo.map(|photo| format!("{} {}", photo.content_type, photo.id()));
    let target = found(tx, owner.id)?.modified("Photo", Value::Null, json!(shown));
    record(tx, Entry::success(category, activity).target(target)).map(drop)
}

fn role_target(role: &Role) -> Target {
    Target::new(role.id, &role.built_in.display_name, "Role")
}

/// Records that a directory role is active now.
pub(crate) fn role_activated(tx: &mut Tx<'_>, role: &Role) -> Result<()> {
    let entry = Entry::success(ROLES, "Add role from template").target(role_target(role));
    record(tx, entry).map(drop)
}

/// Records that somebody has a role of the directory now, or has lost it.
pub(crate) fn role_assigned(
    tx: &mut Tx<'_>,
    role: &Given,
    principal: Uuid,
    scope: Scope,
    added: bool,
) -> Result<()> {
    let activity = match (scope, added) {
        (Scope::Tenant, true) => "Add member to role",
        (Scope::Tenant, false) => "Remove member from role",
        (_, true) => "Add scoped member to role",
        (_, false) => "Remove scoped member from role",
    };
    let mut target = found(tx, principal)?;
    for (name, value) in [
        ("Role.ObjectID", json!(role.object_id())),
        ("Role.DisplayName", role.display_name().into()),
        ("Role.TemplateId", json!(role.template())),
    ] {
        target = came_or_went(target, name, value, added);
    }
    if scope != Scope::Tenant {
        target = came_or_went(target, "Role.Scope", scope.to_string().into(), added);
    }
    let role = match role {
        Given::BuiltIn(role) => role_target(role),
        Given::Custom(role) => role.target(),
    };
    let entry = Entry::success(ROLES, activity).target(target);
    record(tx, entry.target(role)).map(drop)
}

/// Records that a client may do more or less on a resource in somebody's name.
pub(crate) fn grant(
    tx: &mut Tx<'_>,
    activity: &str,
    grant: &Grant,
    old: Option<&str>,
    new: Option<&str>,
) -> Result<()> {
    let resource = found(tx, grant.resource.uuid())?;
    let resource = resource.modified("DelegatedPermissionGrant.Scope", json!(old), json!(new));
    let client = found(tx, grant.client.uuid())?;
    let mut entry = Entry::success(APPLICATIONS, activity)
        .target(resource)
        .target(client);
    if let Some(principal) = grant.principal {
        entry = entry.target(found(tx, principal.uuid())?);
    }
    record(tx, entry).map(drop)
}

fn came_or_went(target: Target, name: &str, value: Value, came: bool) -> Target {
    let (old, new) = if came {
        (Value::Null, value)
    } else {
        (value, Value::Null)
    };
    target.modified(name, old, new)
}

/// An object of which only the id is known, deleted or not.
fn found(tx: &ReadTx<'_>, id: Uuid) -> Result<Target> {
    if let Some(user) = users::load(tx, Id::new(id))? {
        return Ok(user.target());
    }
    if let Some(group) = groups::load(tx, Id::new(id))? {
        return Ok(group.target());
    }
    let principal = service_principals::load(tx, Id::new(id))?;
    Ok(principal.map_or_else(|| Target::new(id, "", "Other"), |it| it.target()))
}

impl Audited for User {
    const CATEGORY: &'static str = USERS;
    fn target(&self) -> Target {
        Target::new(self.id, self.display_name(), "User").named(self.user_principal_name())
    }
    fn audited_value(&self, property: &str) -> Option<Value> {
        match property {
            "Manager" => Some(json!(self.manager_ref?)),
            _ => self.value(property),
        }
    }
}

impl Audited for Group {
    const CATEGORY: &'static str = GROUPS;
    fn target(&self) -> Target {
        Target::new(self.id, self.display_name(), "Group")
    }
    fn audited_value(&self, property: &str) -> Option<Value> {
        self.value(property)
    }
}

fn key_descriptions(passwords: &[Password], keys: &[KeyCredential]) -> Value {
    let passwords = passwords.iter().map(Password::description);
    let keys = keys.iter().map(KeyCredential::description);
    passwords.chain(keys).collect()
}

impl Audited for Application {
    const CATEGORY: &'static str = APPLICATIONS;
    fn target(&self) -> Target {
        Target::new(self.id, self.display_name(), "Application")
    }
    fn audited_value(&self, property: &str) -> Option<Value> {
        match property {
            "KeyDescription" => Some(key_descriptions(&self.passwords, &self.keys)),
            _ => self.value(property),
        }
    }
}

impl Audited for ServicePrincipal {
    const CATEGORY: &'static str = APPLICATIONS;
    fn target(&self) -> Target {
        Target::new(self.id, self.display_name(), "ServicePrincipal")
    }
    fn audited_value(&self, property: &str) -> Option<Value> {
        match property {
            "KeyDescription" => Some(key_descriptions(&self.passwords, &self.keys)),
            _ => self.value(property),
        }
    }
}

impl Audited for AdministrativeUnit {
    const CATEGORY: &'static str = UNITS;
    fn target(&self) -> Target {
        Target::new(self.id, self.display_name(), "AdministrativeUnit")
    }
    fn audited_value(&self, property: &str) -> Option<Value> {
        self.value(property)
    }
}

impl Audited for CustomRole {
    const CATEGORY: &'static str = ROLES;
    fn target(&self) -> Target {
        Target::new(self.id, self.display_name(), "Role")
    }
    fn audited_value(&self, property: &str) -> Option<Value> {
        self.value(property)
    }
}

impl Audited for Domain {
    const CATEGORY: &'static str = DIRECTORY;
    fn target(&self) -> Target {
        Target::new(&self.name, &self.name, "Domain")
    }
    fn audited_value(&self, property: &str) -> Option<Value> {
        self.value(property)
    }
}

impl Audited for Organization {
    const CATEGORY: &'static str = DIRECTORY;
    fn target(&self) -> Target {
        Target::new(self.id, self.display_name(), "Tenant")
    }
    fn audited_value(&self, property: &str) -> Option<Value> {
        self.document.get(property).cloned()
    }
}
