//! The audit entries of this crate, in Entra's words; no secret is in any of them.
//!
//! Source: "Microsoft Entra audit log categories and activities", authentication methods.

use audit::{Entry, Target, record};
use directory::users::{self, User};
use serde_json::{Value, json};
use store::Tx;
use types::{Actor, Id, Result, kind};

use crate::methods::Kind;
use crate::policy::{Policy, graph};

const SERVICE: &str = "Authentication Methods";

fn target(user: &User) -> Target {
    Target::new(user.id, user.display_name(), "User").named(user.user_principal_name())
}

pub(crate) const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Password => "Password",
        Kind::Passkey => "Passkey",
        Kind::Totp => "Authenticator app code",
        Kind::RecoveryCode => "Recovery codes",
        Kind::TemporaryAccessPass => "Temporary Access Pass",
    }
}

/// What was done to a user's methods.
pub(crate) fn method(tx: &mut Tx<'_>, user: Id<kind::User>, kind: Kind, verb: Verb) -> Result<()> {
    let is_own = matches!(tx.actor(), Actor::User { id, .. } if *id == user.uuid());
    let user = users::get(tx, user)?;
    let activity = match (verb, is_own) {
        (Verb::Registered, true) => "User registered security info",
        (Verb::Registered, false) => "Admin registered security info",
        (Verb::Deleted, true) => "User deleted security info",
        (Verb::Deleted, false) => "Admin deleted security info",
        (Verb::Changed, true) => "User updated security info",
        (Verb::Changed, false) => "Admin updated security info",
    };
    let mut entry = Entry::success("UserManagement", activity)
        .target(target(&user))
        .detail("Method", name(kind))
        .logged_by(SERVICE);
    entry.operation_type = match verb {
        Verb::Registered => "Add",
        Verb::Deleted => "Delete",
        Verb::Changed => "Update",
    }
    .into();
    record(tx, entry).map(drop)
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// It is new.
    Registered,
    /// It is gone.
    Deleted,
    /// Something else is known of it.
    Changed,
}

/// That a code or key was used in a way that only a thief could.
pub(crate) fn misuse(
    tx: &mut Tx<'_>,
    user: Id<kind::User>,
    kind: Kind,
    reason: &str,
) -> Result<()> {
    let user = users::get(tx, user)?;
    let entry = Entry::failure("UserManagement", "Use security info", reason)
        .target(target(&user))
        .detail("Method", name(kind))
        .logged_by(SERVICE);
    record(tx, entry).map(drop)
}

/// What was changed in the policy, method by method.
pub(crate) fn policy(tx: &mut Tx<'_>, old: &Policy, new: &Policy) -> Result<()> {
    let tenant = tx.tenant();
    let mut target = Target::new(tenant, "Authentication Methods Policy", "Policy");
    let mut note = |name: &str, old: Value, new: Value| {
        if old != new {
            target =
                std::mem::replace(&mut target, Target::new("", "", "")).modified(name, old, new);
        }
    };
    note(
        "multifactorAuthentication",
        json!(old.multifactor),
        json!(new.multifactor),
    );
    note("sessions", json!(old.sessions), json!(new.sessions));
    for configuration in graph::Configuration::ALL {
        note(
            configuration.id(),
            configuration.show(old),
            configuration.show(new),
        );
    }
    let entry = Entry::success("Policy", "Authentication Methods Policy Update").target(target);
    record(tx, entry.logged_by(SERVICE)).map(drop)
}
