//! What a body says of a user: its properties, its password, its manager; and which of them a
//! caller may change.
//!
//! Passwords are hashed before the transaction begins: that takes a processor's time, for which no
//! writer waits.

use directory::users::{self, NewUser, User};
use serde_json::{Map, Value};
use store::Tx;
use types::{Error, Id, kind};

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
/// The permission for users of other tenants.
const EXTERNAL: &str = "User.ReadWrite.CrossCloud";
const PASSWORD_PROFILE: &str = "passwordProfile";

/// A body, read.
pub(super) struct Body {
    properties: Map<String, Value>,
    password: Option<String>,
    manager: Option<Reference>,
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
            .transpose()?;
        Ok(Self {
            properties,
            password,
            manager: manager.to("manager").first().cloned(),
        })
    }

    /// A user to be made.
    pub(super) async fn into_new(self, call: &Call) -> Result<New, Refusal> {
        let password = self.password.ok_or_else(|| {
            Error::invalid(
                PASSWORD_PROFILE,
                "A password must be specified to create a new user: passwordProfile.password.",
            )
        })?;
        Ok(New {
            user: NewUser {
                properties: self.properties,
                password_hash: Some(hash_password(call, &password).await?),
                source_key: None,
            },
            manager: self.manager,
        })
    }

    /// A change of a user.
    pub(super) async fn into_change(self, call: &Call) -> Result<Change, Refusal> {
        let password_hash = match &self.password {
            Some(password) => Some(hash_password(call, password).await?),
            None => None,
        };
        Ok(Change {
            properties: self.properties,
            password_hash,
            manager: self.manager,
        })
    }
}

fn read_password(profile: Value) -> Result<String, Error> {
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
    let mut password = None;
    for (name, value) in profile {
        match (name.as_str(), value) {
            ("password", Value::String(text)) => password = Some(text),
            (
                "forceChangePasswordNextSignIn" | "forceChangePasswordNextSignInWithMfa",
                Value::Bool(_) | Value::Null,
            )
            | ("@odata.type", Value::String(_)) => {}
            (name, _) => return Err(wrong(&format!("'{name}' can't be set like this"))),
        }
    }
    password.ok_or_else(|| wrong("the password is missing"))
}

/// Checks a password against the rules and hashes it.
async fn hash_password(call: &Call, password: &str) -> Result<String, Refusal> {
    Ok(call.platform().node.hash_password(password).await?)
}

/// [`Body::into_new`].
pub(super) struct New {
    user: NewUser,
    manager: Option<Reference>,
}

impl New {
    pub(super) fn create(self, tx: &mut Tx<'_>) -> types::Result<User> {
        let user = users::create(tx, self.user)?;
        set_manager(tx, user.id, self.manager.as_ref())?;
        Ok(user)
    }
}

/// [`Body::into_change`].
pub(super) struct Change {
    properties: Map<String, Value>,
    password_hash: Option<String>,
    manager: Option<Reference>,
}

impl Change {
    pub(super) fn apply(self, tx: &mut Tx<'_>, id: Id<kind::User>) -> types::Result<()> {
        // Whoever stays here when the home goes its own way has nobody else to be changed by.
        let is_left = match users::get(tx, id)?.home {
            Some((home, _)) => !organization::is_active_with(tx, home)?,
            None => false,
        };
        if is_left {
            users::update_kept(tx, id, &self.properties)?;
        } else {
            users::update(tx, id, &self.properties)?;
        }
        if let Some(hash) = &self.password_hash {
            users::set_password(tx, id, Some(hash))?;
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

/// What a caller may change.
pub(super) struct Reach {
    /// The properties; all without.
    properties: Option<Vec<&'static str>>,
    /// Whether users of other tenants are the only ones.
    external_only: bool,
}

impl Reach {
    /// What the caller's permissions let it change.
    pub(super) fn of(call: &Call) -> Self {
        if ALL.iter().any(|permission| call.caller.may(permission)) {
            return Self {
                properties: None,
                external_only: false,
            };
        }
        let parts = PARTS
            .iter()
            .filter(|(permission, _)| call.caller.may(permission))
            .flat_map(|(_, properties)| properties.iter().copied());
        let is_external = call.caller.may(EXTERNAL);
        Self {
            properties: (!is_external).then(|| parts.collect()),
            external_only: is_external,
        }
    }

    /// Whom the caller's permissions let it delete.
    pub(super) fn for_deletion(call: &Call) -> Self {
        let all = ["User.DeleteRestore.All", "User.ReadWrite.All"];
        Self {
            properties: None,
            external_only: !all.iter().any(|permission| call.caller.may(permission)),
        }
    }

    /// That the body changes nothing beyond that.
    pub(super) fn check_properties(&self, body: &Body) -> Result<(), Refusal> {
        let Some(allowed) = &self.properties else {
            return Ok(());
        };
        let own = body.properties.keys().map(String::as_str);
        let password = body.password.as_ref().map(|_| PASSWORD_PROFILE);
        let manager = body.manager.as_ref().map(|_| "manager");
        let mut names = own.chain(password).chain(manager);
        match names.find(|name| !allowed.contains(name)) {
            None => Ok(()),
            Some(name) => Err(Error::forbidden(format!(
                "Insufficient privileges to complete the operation: changing '{name}' needs User.ReadWrite.All."
            ))
            .into()),
        }
    }

    /// That the user is one of those.
    pub(super) fn check_user(&self, user: &User) -> types::Result<()> {
        if self.external_only && !user.is_external() {
            return Err(Error::forbidden(
                "Insufficient privileges to complete the operation: users of this tenant need User.ReadWrite.All.",
            ));
        }
        Ok(())
    }
}
