//! What a body says of a user: its properties, its password, its manager; and which of them a
//! caller may change.
//!
//! Passwords are hashed before the transaction begins: that takes a processor's time, for which no
//! writer waits.

use std::sync::Arc;

use directory::rights::{self, Rights};
use directory::users::{self, NewUser, PasswordChange, User};
use directory::{roles, service_principals};
use identity::revocation;
use serde_json::{Map, Value};
use store::{ReadTx, Tx};
use types::{Error, Id, kind};
use uuid::Uuid;

use crate::delegated;
use crate::errors::Refusal;
use crate::references::{Bound, Reference};
use crate::request::Call;

const ALL: [&str; 2] = ["Directory.ReadWrite.All", "User.ReadWrite.All"];
/// Permissions that open some properties only.
const PARTS: [(&str, &[&str]); 4] = [
    ("User-Mail.ReadWrite.All", &["otherMails"]),
    ("User-PasswordProfile.ReadWrite.All", &["passwordProfile"]),
    (
        "User-Phone.ReadWrite.All",
        &["businessPhones", "mobilePhone"],
    ),
    (
        "User.EnableDisableAccount.All",
        &["accountEnabled", "blockedHere"],
    ),
];
/// The permission of a user who is signed in for what is theirs.
const OWN: &str = "User.ReadWrite";
/// The permission for users of other tenants.
const EXTERNAL: &str = "User.ReadWrite.CrossCloud";
const PASSWORD_PROFILE: &str = "passwordProfile";

/// A body, read.
pub(super) struct Body {
    properties: Map<String, Value>,
    password: PasswordProfile,
    manager: Option<Reference>,
}

/// A `passwordProfile`.
#[derive(Default)]
struct PasswordProfile {
    password: Option<String>,
    /// What it says of the next sign-in, if it does.
    change: Option<PasswordChange>,
}

impl PasswordProfile {
    const fn is_given(&self) -> bool {
        self.password.is_some() || self.change.is_some()
    }
}

impl Body {
    pub(super) fn read(call: &Call) -> Result<Self, Refusal> {
        let mut properties = call.object("user")?;
        let manager = Bound::take(call, &mut properties, &["manager"])?;
        if manager.to("manager").len() > 1 {
            return Err(Refusal::bad_request("A user has one manager at most.")
                .with_target("manager@odata.bind"));
        }
        let password = properties
            .shift_remove(PASSWORD_PROFILE)
            .map(read_password)
            .transpose()?
            .unwrap_or_default();
        Ok(Self {
            properties,
            password,
            manager: manager.to("manager").first().cloned(),
        })
    }

    /// The names of what it sets.
    fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.properties.keys().map(String::as_str);
        let password = self.password.is_given().then_some(PASSWORD_PROFILE);
        let manager = self.manager.as_ref().map(|_| "manager");
        own.chain(password).chain(manager)
    }

    /// A user to be made.
    pub(super) async fn into_new(self, call: &Call) -> Result<New, Refusal> {
        let password = self.password.password.ok_or_else(|| {
            Error::invalid(
                PASSWORD_PROFILE,
                "A password must be specified to create a new user: passwordProfile.password.",
            )
        })?;
        let names = names(&self.properties);
        Ok(New {
            user: NewUser {
                properties: self.properties,
                password_hash: Some(hash_password(call, names, &password).await?),
                password_change: self.password.change.unwrap_or_default(),
                ..NewUser::default()
            },
            manager: self.manager,
        })
    }

    /// A change of a user.
    pub(super) async fn into_change(self, call: &Call) -> Result<Change, Refusal> {
        let password_hash = match &self.password.password {
            Some(password) => {
                let key = call.key("id").to_owned();
                let mut all = names(&self.properties);
                all.extend(call.read(move |tx| own_names(tx, &key)).await?);
                Some(hash_password(call, all, password).await?)
            }
            None => None,
        };
        Ok(Change {
            properties: self.properties,
            password_hash,
            next_sign_in: self.password.change,
            manager: self.manager,
        })
    }
}

fn read_password(profile: Value) -> Result<PasswordProfile, Error> {
    let wrong = |reason: &str| {
        Error::invalid(
            PASSWORD_PROFILE,
            format!(
                "Invalid value specified for property 'passwordProfile' of resource 'User': {reason}."
            ),
        )
    };
    let Value::Object(profile) = profile else {
        return Err(wrong("it has to be an object with a password"));
    };
    let mut read = PasswordProfile::default();
    let (mut at_next, mut with_multifactor) = (None, None);
    for (name, value) in profile {
        match (name.as_str(), value) {
            ("password", Value::String(text)) => read.password = Some(text),
            ("forceChangePasswordNextSignIn", Value::Bool(flag)) => at_next = Some(flag),
            ("forceChangePasswordNextSignInWithMfa", Value::Bool(flag)) => {
                with_multifactor = Some(flag);
            }
            (
                "password"
                | "forceChangePasswordNextSignIn"
                | "forceChangePasswordNextSignInWithMfa",
                Value::Null,
            )
            | ("@odata.type", Value::String(_)) => {}
            (name, _) => return Err(wrong(&format!("'{name}' can't be set like this"))),
        }
    }
    if at_next.is_some() || with_multifactor.is_some() {
        read.change = Some(PasswordChange::of_profile(
            at_next.unwrap_or(false),
            with_multifactor.unwrap_or(false),
        ));
    }
    if read.password.is_none() && read.change.is_none() {
        return Err(wrong("the password is missing"));
    }
    Ok(read)
}

/// The names that a body gives a user, of which no password is to be made.
fn names(properties: &Map<String, Value>) -> Vec<String> {
    ["displayName", "userPrincipalName"]
        .iter()
        .filter_map(|name| properties.get(*name)?.as_str().map(str::to_owned))
        .collect()
}

/// The names that a user has. Whoever isn't there has none; the change says so.
fn own_names(tx: &ReadTx<'_>, key: &str) -> types::Result<Vec<String>> {
    match users::find(tx, key) {
        Ok(user) => Ok(vec![
            user.display_name().to_owned(),
            user.user_principal_name().to_owned(),
        ]),
        Err(Error::NotFound { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Checks a password against the rules and hashes it.
async fn hash_password(
    call: &Call,
    mut names: Vec<String>,
    password: &str,
) -> Result<String, Refusal> {
    let node = &call.platform().node;
    names.push(node.tenant_name(call.caller.tenant).await?);
    Ok(node.hash_password(password, &names).await?)
}

/// [`Body::into_new`].
pub(super) struct New {
    user: NewUser,
    manager: Option<Reference>,
}

impl New {
    pub(super) fn create(&self, tx: &mut Tx<'_>) -> types::Result<User> {
        let user = users::create(tx, self.user.clone())?;
        set_manager(tx, user.id, self.manager.as_ref())?;
        Ok(user)
    }
}

/// [`Body::into_change`].
pub(super) struct Change {
    properties: Map<String, Value>,
    password_hash: Option<String>,
    next_sign_in: Option<PasswordChange>,
    manager: Option<Reference>,
}

impl Change {
    pub(super) fn apply(&self, tx: &mut Tx<'_>, user: User) -> types::Result<()> {
        let id = user.id;
        // Whoever stays here when the home goes its own way has nobody else to be changed by.
        let is_left = match user.home {
            Some((home, _)) => !organization::is_active_with(tx, home)?,
            None => false,
        };
        if is_left {
            users::update_kept_of(tx, user, &self.properties)?;
        } else {
            users::update_of(tx, user, &self.properties)?;
        }
        match (&self.password_hash, self.next_sign_in) {
            (Some(hash), change) => {
                users::set_password(tx, id, Some(hash), change.unwrap_or_default())?;
                // Whoever knew the old one is out.
                revocation::revoke(tx, id)?;
            }
            (None, Some(change)) => users::require_password_change(tx, id, change)?,
            (None, None) => {}
        }
        set_manager(tx, id, self.manager.as_ref())
    }
}

fn set_manager(
    tx: &mut Tx<'_>,
    id: Id<kind::User>,
    manager: Option<&Reference>,
) -> types::Result<()> {
    match manager {
        Some(manager) => {
            let manager = Id::new(manager.resolve(tx)?);
            users::set_manager(tx, id, manager)
        }
        None => Ok(()),
    }
}

/// What a user who is signed in may change of a property, by these actions: one is enough.
fn actions(name: &str, value: Option<&Value>) -> &'static [&'static str] {
    match name {
        "aboutMe" | "birthday" | "interests" | "mySite" | "pastProjects" | "preferredName"
        | "responsibilities" | "schools" | "skills" => {
            &["users/basicProfile/update", "users/basic/update"]
        }
        "mobilePhone" => &["users/mobile/update", "users/basic/update"],
        "accountEnabled" | "blockedHere" => {
            if value == Some(&Value::Bool(name == "accountEnabled")) {
                &["users/enable"]
            } else {
                &["users/disable"]
            }
        }
        PASSWORD_PROFILE => &["users/password/update"],
        "userPrincipalName" => &["users/userPrincipalName/update"],
        "usageLocation" => &["users/usageLocation/update"],
        "manager" => &["users/manager/update"],
        _ => &["users/basic/update"],
    }
}

/// What could take somebody's account, or shut somebody out of it.
const SENSITIVE: [&str; 8] = [
    "accountEnabled",
    "blockedHere",
    "businessPhones",
    "mobilePhone",
    "onPremisesImmutableId",
    "otherMails",
    PASSWORD_PROFILE,
    "userPrincipalName",
];

const ABOVE_APPLICATION: &str = "Insufficient privileges to complete the operation: what could take the account of somebody with directory roles is changed by applications with RoleManagement.ReadWrite.Directory, or with a role that reaches these.";

/// Whom a caller may change.
pub(super) struct Reach {
    /// Whether users of other tenants are the only ones.
    external_only: bool,
    /// Whose directory roles count, where what is changed could take somebody's account.
    manager: Option<Manager>,
}

/// Whose directory roles have to reach a user ("Who can perform sensitive actions" in Microsoft
/// Graph's documentation of users).
enum Manager {
    /// Those of the user who is signed in.
    User(Arc<Rights>),
    /// Those of the application's service principal.
    Application(Uuid),
}

impl Manager {
    fn may_manage(&self, tx: &ReadTx<'_>, roles: &[Uuid]) -> types::Result<bool> {
        match self {
            Self::User(rights) => Ok(rights.may_manage(roles)),
            Self::Application(_) if roles.is_empty() => Ok(true),
            Self::Application(app_id) => {
                let principal = service_principals::get_by_app_id(tx, *app_id)?;
                let own = roles::roles_of(tx, principal.id.uuid())?;
                let own: Vec<Uuid> = own.iter().map(|role| role.built_in.id).collect();
                Ok(rights::manage(&own, roles))
            }
        }
    }
}

impl Reach {
    /// Refuses what the caller may not change; answers whom it may.
    pub(super) fn of(call: &Call, body: &Body) -> Result<Self, Refusal> {
        let caller = &call.caller;
        let is_own = call.is_about_caller();
        let is_open =
            ALL.iter().any(|permission| caller.may(permission)) || (is_own && caller.may(OWN));
        let external_only = !is_open && caller.may(EXTERNAL);
        if !is_open && !external_only {
            let parts = PARTS
                .iter()
                .filter(|(permission, _)| caller.may(permission));
            let allowed: Vec<&str> = parts.flat_map(|(_, names)| names.iter().copied()).collect();
            if let Some(name) = body.names().find(|name| !allowed.contains(name)) {
                return Err(Error::forbidden(format!(
                    "Insufficient privileges to complete the operation: changing '{name}' needs User.ReadWrite.All."
                ))
                .into());
            }
        }
        let is_sensitive = !is_own && body.names().any(|name| SENSITIVE.contains(&name));
        let Some(rights) = &caller.rights else {
            // Who may give itself every role could do the same by that.
            let needs_roles = is_sensitive && !caller.may("RoleManagement.ReadWrite.Directory");
            return Ok(Self {
                external_only,
                manager: needs_roles.then_some(Manager::Application(caller.app_id)),
            });
        };
        for name in body.names() {
            let actions = actions(name, body.properties.get(name));
            let reach = rights.reach_of_any(actions);
            if !(reach.always || (reach.own && is_own)) {
                return Err(delegated::no_right(
                    actions.last().copied().unwrap_or_default(),
                ));
            }
        }
        Ok(Self {
            external_only,
            manager: is_sensitive.then(|| Manager::User(Arc::clone(rights))),
        })
    }

    /// Whom the caller's permissions let it delete. What a user's roles say was decided before.
    pub(super) fn for_deletion(call: &Call) -> Self {
        let all = ["User.DeleteRestore.All", "User.ReadWrite.All"];
        Self {
            external_only: !all.iter().any(|permission| call.caller.may(permission)),
            manager: None,
        }
    }

    /// That the user is one of those.
    pub(super) fn check_user(&self, tx: &ReadTx<'_>, user: &User) -> types::Result<()> {
        if self.external_only && !user.is_external() {
            return Err(Error::forbidden(
                "Insufficient privileges to complete the operation: users of this tenant need User.ReadWrite.All.",
            ));
        }
        match &self.manager {
            Some(manager) if !manager.may_manage(tx, &rights::all_roles_of(tx, user.id)?)? => {
                Err(Error::forbidden(match manager {
                    Manager::User(_) => delegated::above().message().to_owned(),
                    Manager::Application(_) => ABOVE_APPLICATION.to_owned(),
                }))
            }
            _ => Ok(()),
        }
    }
}
