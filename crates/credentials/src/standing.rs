//! What a user can prove, and what is demanded of it: read from one snapshot.

use directory::users::{self, PasswordChange, User};
use directory::{groups, roles};
use store::ReadTx;
use types::{Id, Result, kind};

use crate::methods::{self, Kind};
use crate::policy::{Multifactor, Policy};
use crate::recovery;

/// What matters of a user for what comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether more than a password is demanded.
    pub needs_multifactor: bool,
    /// The other factors that the user has: passkeys, TOTP.
    pub registered: Vec<Kind>,
    /// Those of them that the policy lets the user sign in with.
    pub usable: Vec<Kind>,
    /// What the policy lets the user register.
    pub registrable: Vec<Kind>,
    /// Whether there are recovery codes left.
    pub has_recovery_codes: bool,
    /// Whether the password has to be changed.
    pub password_change: PasswordChange,
}

impl Standing {
    /// How a user stands.
    pub fn of(tx: &ReadTx<'_>, policy: &Policy, user: &User) -> Result<Self> {
        let groups = if policy.names_groups() {
            groups::transitive_groups(tx, user.id.uuid())?
        } else {
            Vec::new()
        };
        let registered = methods::registered(tx, user.id)?;
        let allowed = |kind: &Kind| policy.allows(*kind, &groups);
        let usable: Vec<Kind> = registered.iter().copied().filter(allowed).collect();
        let registrable = [Kind::Passkey, Kind::Totp]
            .into_iter()
            .filter(|kind| allowed(kind) && policy.lets_register(*kind))
            .collect();
        let demands = match policy.multifactor {
            Multifactor::All => true,
            Multifactor::Administrators => is_administrator(tx, user.id)?,
            Multifactor::Nobody => false,
        };
        Ok(Self {
            // Who has set codes up expects that a password by itself doesn't do any more. A passkey
            // by itself is a way around the password, and isn't at hand on every device.
            needs_multifactor: demands || usable.contains(&Kind::Totp),
            has_recovery_codes: !registered.is_empty() && recovery::count(tx, user.id)? > 0,
            registered,
            usable,
            registrable,
            password_change: users::password_change(user),
        })
    }
}

/// Whether a user has a directory role, directly or by a group.
pub fn is_administrator(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<bool> {
    let found = tx.remembered(user.bytes(), || {
        has_role(tx, user).map(|has_role| Some(Administrator(has_role)))
    })?;
    Ok(found.is_some_and(|found| found.0))
}

struct Administrator(bool);

fn has_role(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<bool> {
    if !roles::roles_of(tx, user.uuid())?.is_empty() {
        return Ok(true);
    }
    for group in groups::transitive_groups(tx, user.uuid())? {
        if !roles::roles_of(tx, group.uuid())?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
