//! What somebody does with their own account.

use credentials::passkey::{self, PASSKEY_NAME};
use credentials::{Kind, Policy, Standing, methods, password, recovery, totp};
use directory::oauth2_permission_grants as grants;
use directory::users::User;
use directory::{invitations, service_principals, users};
use identity::oauth::refresh;
use identity::session::{self, NewSession, SetCookie};
use identity::visit::live;
use identity::{Secret, revocation};
use serde_json::Value;
use store::Tx;
use types::{Error, Result, TenantId};
use uuid::Uuid;

use super::super::next::Ready;
use super::super::sign_out::end_unseen;
use super::super::{Browser, Problem, Screen};
use super::{Act, Done, OwnInput, actor, is_visitor};
use crate::Node;

/// The longest answer of an authenticator that is looked at.
const ANSWER_MAX: usize = 16 * 1024;

/// Somebody leaves a tenant that isn't their own; home looks what is left of them there.
fn leave(tx: &mut Tx<'_>, user: &User) -> Result<()> {
    users::delete(tx, user.id)?;
    sync::look_again(tx, user)
}

/// The recovery codes that go with the first factor beside the password.
fn first_codes(tx: &mut Tx<'_>, ready: &Ready) -> Result<Done> {
    if recovery::count(tx, ready.user.id)? > 0 {
        return Ok(Done::Shown);
    }
    codes(tx, ready)
}

fn codes(tx: &mut Tx<'_>, ready: &Ready) -> Result<Done> {
    Ok(Done::Page(Box::new(Screen::RecoveryCodes {
        name: ready.user.user_principal_name().to_owned(),
        codes: recovery::make(tx, ready.user.id)?,
    })))
}

/// Whether somebody may set up a method of this kind.
fn may_add(tx: &Tx<'_>, ready: &Ready, kind: Kind) -> Result<bool> {
    let user = users::get(tx, ready.user.id)?;
    let standing = Standing::of(tx, &*Policy::get(tx)?, &user)?;
    Ok(standing.registrable.contains(&kind))
}

fn sessions_of(tx: &Tx<'_>, ready: &Ready) -> Result<Vec<Uuid>> {
    let sessions = session::of_user(tx, ready.user.id)?;
    Ok(sessions.into_iter().map(|session| session.id).collect())
}

/// Takes a method away; the recovery codes go with the last one.
fn remove(tx: &mut Tx<'_>, ready: &Ready, kind: Kind, id: Uuid) -> Result<Done> {
    let user = ready.user.id;
    if kind == Kind::Passkey
        && users::password_hash(tx, user)?.is_none()
        && methods::list_of(tx, user, kind)?
            .iter()
            .all(|it| it.id == id)
    {
        // It is the only way in.
        return Ok(Done::Bad(Problem::Refused));
    }
    let removed = match kind {
        Kind::Passkey => passkey::delete(tx, user, id),
        _ => totp::delete(tx, user, id),
    };
    match removed {
        // In another window, meanwhile.
        Ok(()) | Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let is_last = methods::list(tx, user)?
        .iter()
        .all(|method| !method.kind.is_factor());
    if is_last {
        recovery::drop_all(tx, user)?;
    }
    Ok(Done::Shown)
}

/// Takes a consent of the person's own back, and what the app has by it.
fn take_back(tx: &mut Tx<'_>, ready: &Ready, id: &str) -> Result<Done> {
    let grant = match grants::get(tx, id) {
        Ok(grant) if grant.principal == Some(ready.user.id) => grant,
        Ok(_) | Err(Error::NotFound { .. }) => return Ok(Done::Shown),
        Err(error) => return Err(error),
    };
    grants::remove(tx, id)?;
    if let Ok(client) = service_principals::get(tx, grant.client) {
        refresh::revoke_client(tx, ready.user.id, client.app_id)?;
    }
    Ok(Done::Shown)
}

impl Node {
    /// Takes another password; answers the browser's new cookie, since all sessions of before end.
    pub(super) async fn change_own_password(
        &self,
        tenant: TenantId,
        ready: &Ready,
        (new, again): (Secret, Secret),
        browser: &Browser,
    ) -> Result<Result<(Secret, SetCookie), Problem>> {
        if new != again {
            return Ok(Err(Problem::PasswordsDiffer));
        }
        let island = self.store().island(tenant)?;
        let (asked, checked) = (ready.clone(), new.clone());
        let checked = island
            .read(move |tx| {
                let user = users::get(tx, asked.user.id)?;
                let proves_here = invitations::signs_in_here(tx, &user)?;
                if !proves_here || users::password_hash(tx, user.id)?.is_none() {
                    return Ok(Err(Problem::Refused));
                }
                if password::check(tx, &user, &checked).is_err() {
                    return Ok(Err(Problem::WeakPassword));
                }
                password::challenge_of(tx, user.id).map(Ok)
            })
            .await?;
        let challenge = match checked {
            Ok(challenge) => challenge,
            Err(problem) => return Ok(Err(problem)),
        };
        if self.verify_password(new.clone(), &challenge).await? {
            return Ok(Err(Problem::SamePassword));
        }
        let hash = self.hash_secret(new).await?;
        let (old, asked) = (browser.cookie.clone(), ready.clone());
        let issuer = self.public_url().issuer(tenant);
        let published = self.published_to(tenant, vec![ready.user.id]).await?;
        let (session, cookie, told) = island
            .write(actor(ready), move |tx| {
                let others: Vec<Uuid> = sessions_of(tx, &asked)?
                    .into_iter()
                    .filter(|id| *id != asked.session.id)
                    .collect();
                let told = end_unseen(tx, &published, others, &issuer)?;
                password::change(tx, asked.user.id, &hash)?;
                let new = NewSession {
                    user: asked.user.id,
                    generation: revocation::generation(tx, asked.user.id)?,
                    methods: asked.session.methods.clone(),
                    is_persistent: asked.session.is_persistent,
                    lifetimes: Policy::get(tx)?.sessions.lifetimes(),
                    user_agent: asked.session.user_agent.clone(),
                    home_session: None,
                };
                let (session, cookie) = session::start(tx, &new, old.as_ref())?;
                Ok((session, cookie, told))
            })
            .await?;
        self.tell_clients(tenant, told);
        let kept = self.0.sign_in.cookies;
        let set = kept.set_session(tenant, &cookie, session.is_persistent);
        Ok(Ok((cookie, set)))
    }

    /// Sets up an authenticator app by its first code.
    pub(super) async fn add_own_app(
        &self,
        tenant: TenantId,
        ready: &Ready,
        sealed: String,
        code: String,
    ) -> Result<Done> {
        let (sealer, asked) = (self.sealer().clone(), ready.clone());
        let island = self.store().island(tenant)?;
        island
            .write(actor(ready), move |tx| {
                if !may_add(tx, &asked, Kind::Totp)? {
                    return Ok(Done::Bad(Problem::Refused));
                }
                match totp::finish(tx, &sealer, asked.user.id, &sealed, &code, None)? {
                    None => Ok(Done::Bad(Problem::WrongCode)),
                    Some(_) => first_codes(tx, &asked),
                }
            })
            .await
    }

    /// Registers the passkey that the browser has made.
    pub(super) async fn add_own_passkey(
        &self,
        tenant: TenantId,
        ready: &Ready,
        answer: &str,
    ) -> Result<Done> {
        let rp = self.require_relying_party()?.clone();
        let answer: Value = if answer.len() <= ANSWER_MAX {
            serde_json::from_str(answer).unwrap_or_default()
        } else {
            Value::Null
        };
        let asked = ready.clone();
        let island = self.store().island(tenant)?;
        island
            .write(actor(ready), move |tx| {
                if !may_add(tx, &asked, Kind::Passkey)? {
                    return Ok(Done::Bad(Problem::Refused));
                }
                let (policy, user) = (Policy::get(tx)?, users::get(tx, asked.user.id)?);
                let made = tx.attempt(|tx| {
                    rp.finish_registration(tx, &policy, &user, &answer, PASSKEY_NAME)
                });
                match made {
                    Ok(_) => first_codes(tx, &asked),
                    Err(Error::Invalid { .. }) => Ok(Done::Bad(Problem::WrongPasskey)),
                    Err(error) => Err(error),
                }
            })
            .await
    }

    /// Does what a button says.
    pub(super) async fn do_own(
        &self,
        tenant: TenantId,
        ready: &Ready,
        act: Option<Act>,
        input: OwnInput,
    ) -> Result<Done> {
        let issuer = self.public_url().issuer(tenant);
        let published = self.published_to(tenant, vec![ready.user.id]).await?;
        let asked = ready.clone();
        let island = self.store().island(tenant)?;
        let (done, told) = island
            .write(actor(ready), move |tx| {
                let mut told = Vec::new();
                let done = match (input, act) {
                    (OwnInput::EndSession(id), _) => {
                        let own = sessions_of(tx, &asked)?;
                        let own: Vec<Uuid> = own.into_iter().filter(|it| *it == id).collect();
                        told = end_unseen(tx, &published, own, &issuer)?;
                        Done::Shown
                    }
                    (OwnInput::EndOthers, _) => {
                        let mut others = sessions_of(tx, &asked)?;
                        others.retain(|id| *id != asked.session.id);
                        told = end_unseen(tx, &published, others, &issuer)?;
                        Done::Shown
                    }
                    (OwnInput::TakeBack(id), _) => take_back(tx, &asked, &id)?,
                    (OwnInput::Do(_), Some(Act::RemoveApp(id))) => {
                        remove(tx, &asked, Kind::Totp, id)?
                    }
                    (OwnInput::Do(_), Some(Act::RemovePasskey(id))) => {
                        remove(tx, &asked, Kind::Passkey, id)?
                    }
                    (OwnInput::Do(name), Some(Act::RenamePasskey(id))) => {
                        let name = name.unwrap_or_default();
                        match passkey::rename(tx, asked.user.id, id, &name) {
                            Ok(()) | Err(Error::NotFound { .. }) => Done::Shown,
                            Err(Error::Invalid { .. }) => Done::Bad(Problem::BadName),
                            Err(error) => return Err(error),
                        }
                    }
                    (OwnInput::Do(_), Some(Act::NewCodes)) => {
                        let registered = methods::list(tx, asked.user.id)?;
                        if registered.iter().any(|method| method.kind.is_factor()) {
                            codes(tx, &asked)?
                        } else {
                            Done::Shown
                        }
                    }
                    (OwnInput::Do(_), Some(Act::SignOutEverywhere)) => {
                        let all = sessions_of(tx, &asked)?;
                        told = end_unseen(tx, &published, all, &issuer)?;
                        users::end_sessions(tx, asked.user.id)?;
                        revocation::revoke(tx, asked.user.id)?;
                        Done::Shown
                    }
                    (OwnInput::Do(_), Some(Act::Leave)) => {
                        let user = users::get(tx, asked.user.id)?;
                        if is_visitor(tx, &user)? {
                            match tx.attempt(|tx| leave(tx, &user)) {
                                Ok(()) => {
                                    let all = sessions_of(tx, &asked)?;
                                    told = end_unseen(tx, &published, all, &issuer)?;
                                    revocation::revoke(tx, user.id)?;
                                    live::forget(tx, user.id)?;
                                    let tenant = directory::tenant::get(tx)?;
                                    let tenant = tenant.display_name().to_owned();
                                    Done::End(Box::new(Screen::OwnLeft { tenant }))
                                }
                                // The last Global Administrator, for one.
                                Err(error) if !error.is_transient() => Done::Bad(Problem::Refused),
                                Err(error) => return Err(error),
                            }
                        } else {
                            Done::Shown
                        }
                    }
                    _ => Done::Shown,
                };
                Ok((done, told))
            })
            .await?;
        self.tell_clients(tenant, told);
        Ok(done)
    }
}
