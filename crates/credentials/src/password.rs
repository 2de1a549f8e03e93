//! Passwords: whose it is, what a new one must not be, and changing it.
//!
//! A name that nobody has takes as long to check as one that somebody has: it is compared with
//! [`NOBODYS`].
//!
//! Source: OWASP Authentication Cheat Sheet, "Authentication and error messages".

use directory::invitations;
use directory::users::{self, PasswordChange, User};
use identity::password::check_for;
use identity::{Secret, revocation};
use store::{ReadTx, Tx};
use types::{Error, Id, Result, kind};

/// The hash of a password that nobody has, with the parameters of all others.
pub const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCE$\
    c29tZXRoaW5nIHRoYXQgbm8gcGFzc3dvcmQgaGFzaGVzIHQ";
/// The longest password that is looked at, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// What a password is compared with.
#[derive(Debug, Clone)]
pub struct Challenge {
    user: Option<Id<kind::User>>,
    hash: String,
    is_real: bool,
}

impl Challenge {
    pub(crate) fn new(user: Option<Id<kind::User>>, hash: Option<String>) -> Self {
        Self {
            user,
            is_real: hash.is_some(),
            hash: hash.unwrap_or_else(|| NOBODYS.to_owned()),
        }
    }

    /// The hash to compare with.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Who it is, given whether the comparison said yes.
    pub fn conclude(&self, matched: bool) -> Option<Id<kind::User>> {
        self.user.filter(|_| self.is_real && matched)
    }
}

/// The user that signs in here by a name, whether or not the account is enabled.
pub fn find(tx: &ReadTx<'_>, name: &str) -> Result<Option<User>> {
    // An object id finds a user too, but isn't a name.
    if !name.contains('@') {
        return Ok(None);
    }
    match users::find(tx, name) {
        Ok(user) if invitations::signs_in_here(tx, &user)? => Ok(Some(user)),
        Ok(_) => Ok(None),
        Err(Error::NotFound { .. }) => invitations::from_outside(tx, name),
        Err(error) => Err(error),
    }
}

/// What the password of a name is compared with.
pub fn challenge(tx: &ReadTx<'_>, name: &str) -> Result<Challenge> {
    let user = find(tx, name)?.map(|user| user.id);
    let hash = match user {
        Some(user) => users::password_hash(tx, user)?,
        None => None,
    };
    Ok(Challenge::new(user, hash))
}

/// What the password of a user is compared with, who is known already.
pub fn challenge_of(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Challenge> {
    let hash = users::password_hash(tx, user)?;
    Ok(Challenge::new(Some(user), hash))
}

/// Checks a password that a user is to have, beyond the rules for all: it isn't made of the user's
/// or the tenant's name.
pub fn check(tx: &ReadTx<'_>, user: &User, password: &Secret) -> Result<()> {
    let tenant = directory::tenant::get(tx)?;
    check_for(
        password,
        &[
            user.display_name(),
            user.user_principal_name(),
            tenant.display_name(),
        ],
    )
}

/// Sets the hash of a password that the user has chosen. Whoever knew the old one is out, the user's
/// other sessions too.
pub fn change(tx: &mut Tx<'_>, user: Id<kind::User>, hash: &str) -> Result<()> {
    reset(tx, user, hash, PasswordChange::None)
}

/// Sets the hash of a password that somebody else has chosen. The user's sessions are over.
pub fn reset(
    tx: &mut Tx<'_>,
    user: Id<kind::User>,
    hash: &str,
    change: PasswordChange,
) -> Result<()> {
    users::set_password(tx, user, Some(hash), change)?;
    revocation::revoke(tx, user)
}
