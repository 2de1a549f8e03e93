//! The password of a user: its hash, and whether it has to be changed.
//!
//! Source: the `passwordProfile` resource type (Microsoft Graph).

use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Actor, Error, Id, Result, kind};

use super::{User, get, sql};
use crate::document::Document;
use crate::schema::set;
use crate::{audited, invitations};

/// Document key of ours: that the password has to be changed at the next sign-in.
const CHANGE: &str = "#passwordChange";

/// Whether a password has to be changed at the next sign-in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PasswordChange {
    /// It can be kept.
    #[default]
    None,
    /// It has to be changed.
    AtNextSignIn,
    /// It has to be changed by somebody who has shown another factor as well.
    AtNextSignInWithMultifactor,
}

impl PasswordChange {
    /// As a password profile says it.
    pub const fn of_profile(at_next: bool, with_multifactor: bool) -> Self {
        match (at_next, with_multifactor) {
            (_, true) => Self::AtNextSignInWithMultifactor,
            (true, false) => Self::AtNextSignIn,
            (false, false) => Self::None,
        }
    }

    const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::AtNextSignIn => Some("atNextSignIn"),
            Self::AtNextSignInWithMultifactor => Some("atNextSignInWithMultifactor"),
        }
    }

    fn of(document: &impl Document) -> Self {
        match document.text(CHANGE).as_deref() {
            Some("atNextSignIn") => Self::AtNextSignIn,
            Some("atNextSignInWithMultifactor") => Self::AtNextSignInWithMultifactor,
            _ => Self::None,
        }
    }

    pub(super) fn note(self, document: &mut Map<String, Value>) {
        set(document, CHANGE, self.as_str().map(Value::from));
    }
}

/// What is shown of a password.
pub(super) fn profile(document: &impl Document) -> Value {
    let change = PasswordChange::of(document);
    json!({
        "forceChangePasswordNextSignIn": change != PasswordChange::None,
        "forceChangePasswordNextSignInWithMfa":
            change == PasswordChange::AtNextSignInWithMultifactor,
        "password": null,
    })
}

/// The password's hash, if the user has a password.
pub fn password_hash(tx: &ReadTx<'_>, id: Id<kind::User>) -> Result<Option<String>> {
    let found = tx.query_one(sql::PASSWORD, params![&tx.tenant(), &id], |row| {
        row.opt_string(0)
    })?;
    found.ok_or_else(|| Error::not_found("user", id))
}

/// Whether the user has to change the password at the next sign-in.
pub fn password_change(user: &User) -> PasswordChange {
    PasswordChange::of(&user.document)
}

fn own(tx: &ReadTx<'_>, id: Id<kind::User>) -> Result<User> {
    let user = get(tx, id)?;
    if !invitations::signs_in_here(tx, &user)? {
        return Err(Error::invalid(
            "passwordProfile",
            "This user signs in at the home tenant and has no password here.",
        ));
    }
    Ok(user)
}

/// Sets the password's hash, and whether it has to be changed again; none takes the password away.
pub fn set_password(
    tx: &mut Tx<'_>,
    id: Id<kind::User>,
    hash: Option<&str>,
    change: PasswordChange,
) -> Result<()> {
    let mut user = own(tx, id)?;
    let now = json!(tx.now());
    set(&mut user.document, "lastPasswordChangeDateTime", Some(now));
    change.note(&mut user.document);
    let doc = serde_json::to_string(&user.document).map_err(Error::internal)?;
    let tenant = tx.tenant();
    let changed = ["passwordProfile", "lastPasswordChangeDateTime"];
    tx.record(Change::new("user", id.uuid(), Op::Updated, &changed))?
        .execute(sql::SET_PASSWORD, params![&tenant, &id, &doc, hash])?;
    let is_own = matches!(tx.actor(), Actor::User { id: actor, .. } if *actor == id.uuid());
    let activity = if is_own {
        "Change user password"
    } else {
        "Reset user password"
    };
    audited::act(tx, activity, &user)
}

/// Asks for another password at the next sign-in, or no longer.
pub fn require_password_change(
    tx: &mut Tx<'_>,
    id: Id<kind::User>,
    change: PasswordChange,
) -> Result<()> {
    let mut user = own(tx, id)?;
    if password_change(&user) == change {
        return Ok(());
    }
    let old = user.clone();
    change.note(&mut user.document);
    let doc = serde_json::to_string(&user.document).map_err(Error::internal)?;
    let tenant = tx.tenant();
    let changed = ["passwordProfile"];
    tx.record(Change::new("user", id.uuid(), Op::Updated, &changed))?
        .execute(sql::SET_DOC, params![&tenant, &id, &doc])?;
    audited::change(tx, "Set force change user password", &old, &user, &changed)
}
