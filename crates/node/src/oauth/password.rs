//! Who somebody is: the password step, the one place that knows how somebody proves it, and whether
//! what they proved still stands.
//!
//! A name that nobody has takes as long as one that somebody has, and gets the same answer.
//!
//! Source: OWASP Authentication Cheat Sheet, "Authentication responses".

use directory::users::{self, User};
use identity::Secret;
use identity::oauth::OAuthError;
use identity::oauth::code::SignedIn;
use identity::session::Methods;
use store::ReadTx;
use types::{Error, Id, Result, TenantId, kind};

use super::generation;
use crate::Node;

/// The hash of a password that nobody has.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCE$\
    c29tZXRoaW5nIHRoYXQgbm8gcGFzc3dvcmQgaGFzaGVzIHQ";
/// The longest password that is looked at, in bytes.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// Somebody who has proved who they are.
pub(super) struct Proved {
    pub(super) user: Id<kind::User>,
    pub(super) generation: u64,
    pub(super) methods: Methods,
}

struct Known {
    user: Id<kind::User>,
    hash: Option<String>,
    generation: u64,
    is_enabled: bool,
}

fn find(tx: &ReadTx<'_>, name: &str) -> Result<Option<Known>> {
    // An object id finds a user too, but isn't a name.
    if !name.contains('@') {
        return Ok(None);
    }
    let user = match users::find(tx, name) {
        Ok(user) => user,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(Known {
        user: user.id,
        hash: users::password_hash(tx, user.id)?,
        generation: generation(tx, user.id)?,
        is_enabled: user.account_enabled,
    }))
}

/// The person behind a sign-in, if they may go on: they are there, enabled, and nobody has taken
/// their sign-ins back.
pub(super) fn standing_user(tx: &ReadTx<'_>, by: &SignedIn) -> Result<Result<User, OAuthError>> {
    let user = match users::get(tx, by.user) {
        Ok(user) => user,
        Err(Error::NotFound { .. }) => return Ok(Err(OAuthError::RevokedGrant)),
        Err(error) => return Err(error),
    };
    if !user.account_enabled {
        return Ok(Err(OAuthError::DisabledUser));
    }
    if generation(tx, user.id)? != by.generation {
        return Ok(Err(OAuthError::RevokedGrant));
    }
    Ok(Ok(user))
}

impl Node {
    /// Checks name and password.
    pub(super) async fn check_password(
        &self,
        tenant: TenantId,
        name: String,
        password: Secret,
    ) -> Result<Result<Proved, OAuthError>> {
        let island = self.store().island(tenant)?;
        let known = island.read(move |tx| find(tx, &name)).await?;
        let is_short = password.expose().len() <= PASSWORD_BYTES_MAX;
        let password = if is_short { password } else { Secret::new("") };
        let hash = known.as_ref().and_then(|known| known.hash.clone());
        let has_password = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
        let is_right = self.0.passwords.verify(password, hash).await? && has_password && is_short;
        Ok(match known {
            Some(known) if is_right && known.is_enabled => Ok(Proved {
                user: known.user,
                generation: known.generation,
                methods: Methods(vec!["pwd".into()]),
            }),
            // Only who knows the password learns that the account is disabled.
            Some(_) if is_right => Err(OAuthError::DisabledUser),
            _ => Err(OAuthError::WrongCredentials),
        })
    }
}
