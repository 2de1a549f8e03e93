//! How users prove who they are, where it needs more than one transaction: hashes are made between
//! two of them, and the deployment is what passkeys are bound to.

use credentials::access_pass::{self, Pass, Wanted};
use credentials::passkey::RelyingParty;
use credentials::throttle::{self, Attempt, Guess};
use credentials::{Policy, password};
use directory::users::{self, PasswordChange, User};
use identity::Secret;
use store::ReadTx;
use types::{Actor, Error, Id, Result, TenantId, kind};
use uuid::Uuid;

use crate::Node;
use crate::tenants::made_password;

/// Where attempts come from that the API makes: one place, so that a stolen token guesses no faster
/// from many.
const API: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

/// A password that somebody else has set.
#[derive(Debug)]
pub struct ResetPassword {
    /// The entry in the audit log that tells of it.
    pub audit_id: Option<Uuid>,
    /// The password, if we made it.
    pub made: Option<Secret>,
}

impl Node {
    /// What passkeys are bound to.
    pub fn relying_party(&self) -> Option<&RelyingParty> {
        self.0.relying_party.as_ref()
    }

    /// [`Node::relying_party`], or why there is none.
    pub fn require_relying_party(&self) -> Result<&RelyingParty> {
        self.relying_party().ok_or_else(|| {
            Error::conflict(
                "Passkeys are bound to a host name, and the public URL has none. Set public_url to \
                 an address with a name.",
            )
        })
    }

    /// Hashes a password that a user is to have, whom `find` finds.
    async fn hash_for(
        &self,
        tenant: TenantId,
        password: Secret,
        find: impl FnOnce(&ReadTx<'_>) -> Result<User> + Send + 'static,
    ) -> Result<(Id<kind::User>, String)> {
        let checked = password.clone();
        let island = self.store().island(tenant)?;
        let user = island
            .read(move |tx| {
                let user = find(tx)?;
                password::check(tx, &user, &checked)?;
                Ok(user.id)
            })
            .await?;
        Ok((user, self.hash_secret(password).await?))
    }

    pub(crate) async fn hash_secret(&self, password: Secret) -> Result<String> {
        self.0.passwords.hash(password, identity::random()?).await
    }

    /// Sets a password that the caller has chosen for somebody else, or one of ours.
    pub async fn reset_password(
        &self,
        tenant: TenantId,
        actor: Actor,
        key: String,
        password: Option<Secret>,
        change: PasswordChange,
    ) -> Result<ResetPassword> {
        let made = match &password {
            Some(_) => None,
            None => Some(Secret::new(made_password()?)),
        };
        let password = password.or_else(|| made.clone()).unwrap_or(Secret::new(""));
        let (user, hash) = self
            .hash_for(tenant, password, move |tx| users::find(tx, &key))
            .await?;
        let island = self.store().island(tenant)?;
        let audit_id = island
            .write(actor, move |tx| {
                password::reset(tx, user, &hash, change)?;
                audit::newest(tx)
            })
            .await?;
        Ok(ResetPassword { audit_id, made })
    }

    /// Changes a password by one who knows it.
    pub async fn change_password(
        &self,
        tenant: TenantId,
        actor: Actor,
        user: Id<kind::User>,
        current: Secret,
        new: Secret,
    ) -> Result<()> {
        let island = self.store().island(tenant)?;
        let (attempt, challenge, wait) = island
            .read(move |tx| {
                let name = users::get(tx, user)?.user_principal_name().to_owned();
                let attempt = Attempt::new(&name, API, None);
                let wait = throttle::check(tx, &attempt, Guess::Code)?;
                Ok((attempt, password::challenge_of(tx, user)?, wait))
            })
            .await?;
        if let Some(seconds) = wait {
            return Err(Error::unavailable(
                "The password was wrong too often. Try again later.",
                seconds,
            ));
        }
        let is_same = current == new;
        let matched = self.verify_password(current, &challenge).await?;
        if challenge.conclude(matched).is_none() {
            let failed = attempt.clone();
            island
                .write(actor, move |tx| throttle::failed(tx, &failed, Guess::Code))
                .await?;
            return Err(Error::invalid(
                "currentPassword",
                "The specified password does not match the old password.",
            ));
        }
        if is_same {
            return Err(Error::invalid(
                "newPassword",
                "The new password has to be another than the one before.",
            ));
        }
        let (user, hash) = self
            .hash_for(tenant, new, move |tx| users::get(tx, user))
            .await?;
        island
            .write(actor, move |tx| {
                throttle::passed(tx, &attempt, Guess::Code)?;
                password::change(tx, user, &hash)
            })
            .await
    }

    /// Compares a password with what it has to be. One that is too long for any takes as long.
    pub(crate) async fn verify_password(
        &self,
        password: Secret,
        challenge: &password::Challenge,
    ) -> Result<bool> {
        let fits = password.expose().len() <= password::PASSWORD_BYTES_MAX;
        let password = if fits { password } else { Secret::new("") };
        let hash = challenge.hash().to_owned();
        Ok(self.0.passwords.verify(password, hash).await? && fits)
    }

    /// Gives a user a temporary access pass; answers its text, which is shown once.
    pub async fn give_access_pass(
        &self,
        tenant: TenantId,
        actor: Actor,
        key: String,
        wanted: Wanted,
    ) -> Result<(Pass, Secret)> {
        let island = self.store().island(tenant)?;
        let length = island
            .read(|tx| Ok(Policy::get(tx)?.access_passes.length))
            .await?;
        let text = loop {
            if let Some(text) = access_pass::text(length, identity::random()?) {
                break text;
            }
        };
        let hash = self.hash_secret(text.clone()).await?;
        let pass = island
            .write(actor, move |tx| {
                let (policy, user) = (Policy::get(tx)?, users::find(tx, &key)?);
                access_pass::create(tx, &policy, &user, wanted, &hash)
            })
            .await?;
        Ok((pass, text))
    }
}
