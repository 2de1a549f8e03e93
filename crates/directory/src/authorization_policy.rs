//! The authorization policy: what members and guests may do without a directory role.
//!
//! Whether they may let applications act in their names is one of two: what needs no administrator
//! (`microsoft-user-default-legacy`), or nothing. Graph's `microsoft-user-default-low` is refused:
//! permissions aren't classified here, so that it would let nobody consent to anything.
//!
//! Source: the `authorizationPolicy` resource of Microsoft Graph, whose defaults are ours; "Manage app
//! consent policies" (Microsoft Entra).

use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Result};
use uuid::{Uuid, uuid};

use crate::audited;
use crate::schema::{Purpose, Shape, Type, read, set, write};

/// The templates that are nobody's to assign: what a member has, and which of these a guest has.
pub const MEMBER_ROLE: Uuid = uuid!("a0b1b346-4d3e-4e8b-98f8-753987be4970");
const GUEST_ROLE: Uuid = uuid!("10dae51f-b6af-4016-8d66-8c2a99b929b3");
const RESTRICTED_GUEST_ROLE: Uuid = uuid!("2af84b1e-32c8-42b7-82bc-daa82404023b");

const GET: &str = "SELECT doc FROM authorization_policy WHERE tenant_id = ?1";
const PUT: &str = "INSERT INTO authorization_policy (tenant_id, doc) VALUES (?1, ?2) \
    ON CONFLICT (tenant_id) DO UPDATE SET doc = excluded.doc";

const ID: &str = "authorizationPolicy";
const PERMISSIONS: &str = "defaultUserRolePermissions";
const CONSENTS: &str = "permissionGrantPoliciesAssigned";
const CONSENTS_MAX: usize = 32;
const CONSENT_LENGTH_MAX: usize = 256;
/// Everything that needs no administrator.
const CONSENT_LEGACY: &str = "ManagePermissionGrantsForSelf.microsoft-user-default-legacy";
/// What is classified as low.
const CONSENT_LOW: &str = "ManagePermissionGrantsForSelf.microsoft-user-default-low";
/// That people may consent to nothing. Documents have no empty lists, and this one isn't the default.
const NO_CONSENT: &str = "#noConsent";

static DEFAULT_PERMISSIONS: Type = Type {
    name: PERMISSIONS,
    properties: &[
        write("allowedToCreateApps", Shape::Bool),
        write("allowedToCreateSecurityGroups", Shape::Bool),
        write("allowedToReadOtherUsers", Shape::Bool),
        write(CONSENTS, Shape::TextList(CONSENTS_MAX, CONSENT_LENGTH_MAX)),
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
    /// Whether people may let applications do in their names what isn't reserved to administrators.
    pub may_consent: bool,
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
        may_consent: !document.contains_key(NO_CONSENT),
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
            CONSENTS: if policy.may_consent { vec![CONSENT_LEGACY] } else { Vec::new() },
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

/// Takes what people may consent to out of a patch; `None` if it doesn't say.
fn take_consents(patch: &mut Map<String, Value>) -> Result<Option<bool>> {
    let part = patch.get_mut(PERMISSIONS).and_then(Value::as_object_mut);
    let Some(value) = part.and_then(|part| part.shift_remove(CONSENTS)) else {
        return Ok(None);
    };
    let property = DEFAULT_PERMISSIONS.settable(CONSENTS, Purpose::Update)?;
    DEFAULT_PERMISSIONS.normal(property, &value)?;
    let listed: Vec<&str> = match &value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        // No list isn't an empty one: what is meant by it can't be told.
        _ => vec![""],
    };
    if listed.contains(&CONSENT_LOW) {
        return Err(Error::invalid(
            CONSENTS,
            "'ManagePermissionGrantsForSelf.microsoft-user-default-low' is for permissions that are \
             classified as low, and permissions can't be classified here.",
        ));
    }
    if listed.iter().any(|it| *it != CONSENT_LEGACY) {
        return Err(Error::invalid(
            CONSENTS,
            "Property 'permissionGrantPoliciesAssigned' takes \
             'ManagePermissionGrantsForSelf.microsoft-user-default-legacy' or, if people may consent to \
             nothing, an empty list.",
        ));
    }
    Ok(Some(!listed.is_empty()))
}

/// Changes the policy by a JSON patch object.
pub fn update(tx: &mut Tx<'_>, patch: &Map<String, Value>) -> Result<()> {
    let old = document(tx)?;
    let (mut new, mut patch) = (old.clone(), patch.clone());
    let is_reset = patch.get(PERMISSIONS).is_some_and(Value::is_null);
    let may_consent = take_consents(&mut patch)?.or(is_reset.then_some(true));
    let mut changed = POLICY.apply(&mut new, &patch, Purpose::Update)?;
    if let Some(may_consent) = may_consent {
        let mark = (!may_consent).then_some(Value::Bool(true));
        if set(&mut new, NO_CONSENT, mark) && !changed.contains(&PERMISSIONS) {
            changed.push(PERMISSIONS);
        }
    }
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
