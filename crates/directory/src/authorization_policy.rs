//! The authorization policy: what members and guests may do without a directory role.
//!
//! Source: the `authorizationPolicy` resource of Microsoft Graph, whose defaults are ours.

use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Result};
use uuid::{Uuid, uuid};

use crate::audited;
use crate::schema::{Purpose, Shape, Type, read, write};

/// The templates that are nobody's to assign: what a member has, and which of these a guest has.
pub const MEMBER_ROLE: Uuid = uuid!("a0b1b346-4d3e-4e8b-98f8-753987be4970");
const GUEST_ROLE: Uuid = uuid!("10dae51f-b6af-4016-8d66-8c2a99b929b3");
const RESTRICTED_GUEST_ROLE: Uuid = uuid!("2af84b1e-32c8-42b7-82bc-daa82404023b");

const GET: &str = "SELECT doc FROM authorization_policy WHERE tenant_id = ?1";
const PUT: &str = "INSERT INTO authorization_policy (tenant_id, doc) VALUES (?1, ?2) \
    ON CONFLICT (tenant_id) DO UPDATE SET doc = excluded.doc";

const ID: &str = "authorizationPolicy";
const PERMISSIONS: &str = "defaultUserRolePermissions";

static DEFAULT_PERMISSIONS: Type = Type {
    name: PERMISSIONS,
    properties: &[
        write("allowedToCreateApps", Shape::Bool),
        write("allowedToCreateSecurityGroups", Shape::Bool),
        write("allowedToReadOtherUsers", Shape::Bool),
    ],
};

static POLICY: Type = Type {
    name: ID,
    properties: &[
        read("id", Shape::Made).shown(),
        read("deletedDateTime", Shape::Made).shown(),
        read("displayName", Shape::Made).shown(),
        read("description", Shape::Made).shown(),
        write(
            "allowInvitesFrom",
            Shape::Choice(&[
                "none",
                "adminsAndGuestInviters",
                "adminsGuestInvitersAndAllMembers",
                "everyone",
            ]),
        )
        .shown(),
        write("guestUserRoleId", Shape::Guid).shown(),
        write(PERMISSIONS, Shape::Object(&DEFAULT_PERMISSIONS)).shown(),
    ],
};

/// Who may invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InvitesFrom {
    /// Nobody, whatever their role.
    None,
    /// Whose role says so.
    AdminsAndGuestInviters,
    /// Members, too.
    AllMembers,
    /// Guests, too.
    Everyone,
}

/// The policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthorizationPolicy {
    /// Who may invite.
    pub invites_from: InvitesFrom,
    /// The template of what guests may do.
    pub guest_role: Uuid,
    /// Whether members may register applications.
    pub may_create_apps: bool,
    /// Whether members may make groups.
    pub may_create_groups: bool,
    /// Whether members may read other users.
    pub may_read_others: bool,
}

fn in_force(document: &Map<String, Value>) -> AuthorizationPolicy {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let allowed = |name: &str| {
        let value = document.get(PERMISSIONS).and_then(|all| all.get(name));
        value.and_then(Value::as_bool).unwrap_or(true)
    };
    AuthorizationPolicy {
        invites_from: match text("allowInvitesFrom") {
            Some("none") => InvitesFrom::None,
            Some("adminsAndGuestInviters") => InvitesFrom::AdminsAndGuestInviters,
            Some("adminsGuestInvitersAndAllMembers") => InvitesFrom::AllMembers,
            _ => InvitesFrom::Everyone,
        },
        guest_role: text("guestUserRoleId")
            .and_then(types::parse_uuid)
            .unwrap_or(GUEST_ROLE),
        may_create_apps: allowed("allowedToCreateApps"),
        may_create_groups: allowed("allowedToCreateSecurityGroups"),
        may_read_others: allowed("allowedToReadOtherUsers"),
    }
}

fn document(tx: &ReadTx<'_>) -> Result<Map<String, Value>> {
    let found = tx.query_one(GET, params![&tx.tenant()], |row| {
        serde_json::from_str(row.text(0)?).map_err(Error::internal)
    })?;
    Ok(found.unwrap_or_default())
}

/// The policy in force.
pub fn get(tx: &ReadTx<'_>) -> Result<AuthorizationPolicy> {
    Ok(in_force(&document(tx)?))
}

fn value(document: &Map<String, Value>, name: &str) -> Option<Value> {
    let policy = in_force(document);
    Some(match name {
        "id" => ID.into(),
        "displayName" => "Authorization Policy".into(),
        "description" => "Used to manage authorization related settings across the company.".into(),
        "allowInvitesFrom" => match policy.invites_from {
            InvitesFrom::None => "none",
            InvitesFrom::AdminsAndGuestInviters => "adminsAndGuestInviters",
            InvitesFrom::AllMembers => "adminsGuestInvitersAndAllMembers",
            InvitesFrom::Everyone => "everyone",
        }
        .into(),
        "guestUserRoleId" => json!(policy.guest_role),
        PERMISSIONS => json!({
            "allowedToCreateApps": policy.may_create_apps,
            "allowedToCreateSecurityGroups": policy.may_create_groups,
            "allowedToReadOtherUsers": policy.may_read_others,
        }),
        _ => return None,
    })
}

/// Shows the policy.
pub fn show(tx: &ReadTx<'_>, select: Option<&[String]>) -> Result<Map<String, Value>> {
    let document = document(tx)?;
    POLICY.project(select, |name| value(&document, name))
}

struct Shown<'d>(types::TenantId, &'d Map<String, Value>);

impl audited::Audited for Shown<'_> {
    const CATEGORY: &'static str = "AuthorizationPolicy";
    fn target(&self) -> audit::Target {
        audit::Target::new(self.0, "Authorization Policy", "Policy")
    }
    fn audited_value(&self, property: &str) -> Option<Value> {
        value(self.1, property)
    }
}

/// Changes the policy by a JSON patch object.
pub fn update(tx: &mut Tx<'_>, patch: &Map<String, Value>) -> Result<()> {
    let old = document(tx)?;
    let mut new = old.clone();
    let changed = POLICY.apply(&mut new, patch, Purpose::Update)?;
    if changed.is_empty() {
        return Ok(());
    }
    let roles = [MEMBER_ROLE, GUEST_ROLE, RESTRICTED_GUEST_ROLE];
    if !roles.contains(&in_force(&new).guest_role) {
        return Err(Error::invalid(
            "guestUserRoleId",
            "Property 'guestUserRoleId' takes the templates of User, Guest User and Restricted Guest User.",
        ));
    }
    let tenant = tx.tenant();
    let doc = serde_json::to_string(&new).map_err(Error::internal)?;
    tx.record(Change::new(ID, tenant.uuid(), Op::Updated, &changed))?
        .execute(PUT, params![&tenant, &doc])?;
    let (old, new) = (Shown(tenant, &old), Shown(tenant, &new));
    audited::change(tx, "Update authorization policy", &old, &new, &changed)
}
