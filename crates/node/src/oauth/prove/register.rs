//! Registering the first factor beside the password while signing in, and changing a password that
//! has to be changed.

use std::sync::Arc;

use credentials::passkey::{CHALLENGE_MINUTES, PASSKEY_NAME};
use credentials::{Kind, Policy, Standing, password, recovery, step, totp};
use directory::users::{self, User};
use identity::oauth::{OAuthError, Trail};
use identity::{Secret, revocation};
use serde_json::Value;
use store::Tx;
use types::{Actor, Error, Result, TenantId};

use super::ANSWER_MAX;
use crate::Node;
use crate::oauth::next::demand;
use crate::oauth::proof::Proof;
use crate::oauth::sign_in::{Errand, Pending, app_of};
use crate::oauth::{Browser, Outcome, PasskeyView, Problem, Screen};

/// Whether this may be registered now, as everything stands in this transaction.
fn may_register(
    tx: &Tx<'_>,
    proof: &Proof,
    errand: &Errand,
    kind: Kind,
) -> Result<Option<(Arc<Policy>, Arc<User>)>> {
    let Ok(user) = proof.user(tx)? else {
        return Ok(None);
    };
    let policy = Policy::get(tx)?;
    let standing = Standing::of(tx, &policy, &user)?;
    let demand = demand(errand, &standing);
    let next = step::next(&policy, &standing, &proof.proven, demand);
    let is_asked = matches!(next, step::Step::Register { options } if options.contains(&kind));
    Ok(is_asked.then_some((policy, user)))
}

/// What comes of a try to register something.
enum Registered {
    /// It is; these codes are new.
    Done(Vec<Secret>),
    Bad(Problem),
    /// It isn't the time for that.
    NotNow,
}

impl Node {
    /// The page that registers a method of a kind.
    pub(super) async fn begin_to_register(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        browser: Browser,
        user: Arc<User>,
        kind: Kind,
        problem: Option<Problem>,
    ) -> Result<Outcome> {
        let name = user.user_principal_name().to_owned();
        let screen = if kind == Kind::Passkey {
            let rp = self.require_relying_party()?.clone();
            let actor = Actor::User {
                id: user.id.uuid(),
                app_id: app_of(&flow),
            };
            let creation = self
                .store()
                .island(tenant)?
                .write(actor, move |tx| {
                    rp.begin_registration(tx, &user, CHALLENGE_MINUTES)
                })
                .await?;
            let passkey = PasskeyView {
                options: creation.options.to_string(),
            };
            Screen::RegisterPasskey {
                name,
                passkey,
                problem,
            }
        } else {
            let (now, issuer) = (self.store().clock().now(), self.tenant_name(tenant).await?);
            let sealer = self.sealer();
            let before = flow.proof.as_ref().and_then(|it| it.enrolment.clone());
            let known = match before {
                // A wrong code doesn't mean another seed: the app has this one by now.
                Some(sealed) => totp::resume(sealer, tenant, &user, &issuer, &sealed, now)?,
                None => None,
            };
            let enrolment = match known {
                Some(enrolment) => enrolment,
                None => totp::begin(sealer, tenant, &user, &issuer, identity::random()?, now)?,
            };
            if let Some(proof) = &mut flow.proof {
                proof.enrolment = Some(enrolment.sealed);
            }
            Screen::RegisterApp {
                name,
                seed: enrolment.seed,
                uri: enrolment.uri,
                problem,
            }
        };
        self.page(tenant, &flow, screen, browser, Vec::new())
    }

    /// Registers an authenticator app by its first code.
    pub(in crate::oauth) async fn register_app(
        &self,
        tenant: TenantId,
        flow: Pending,
        browser: Browser,
        trail: Trail,
        code: String,
    ) -> Result<Outcome> {
        let Some(proof) = flow.proof.clone() else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        let (sealer, errand) = (self.sealer().clone(), flow.errand.clone());
        let done = self
            .register(tenant, &flow, move |tx| {
                if may_register(tx, &proof, &errand, Kind::Totp)?.is_none() {
                    return Ok(Registered::NotNow);
                }
                let sealed = proof.enrolment.as_deref().unwrap_or_default();
                let made = totp::finish(tx, &sealer, proof.user, sealed, &code, None)?;
                match made {
                    None => Ok(Registered::Bad(Problem::WrongCode)),
                    Some(_) => new_codes(tx, &proof),
                }
            })
            .await?;
        self.registered(tenant, flow, browser, trail, Kind::Totp, done)
            .await
    }

    /// Registers the passkey that a browser has made.
    pub(in crate::oauth) async fn register_passkey(
        &self,
        tenant: TenantId,
        flow: Pending,
        browser: Browser,
        trail: Trail,
        answer: String,
    ) -> Result<Outcome> {
        let Some(proof) = flow.proof.clone() else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        let (rp, errand) = (self.require_relying_party()?.clone(), flow.errand.clone());
        let answer: Value = if answer.len() <= ANSWER_MAX {
            serde_json::from_str(&answer).unwrap_or_default()
        } else {
            Value::Null
        };
        let done = self
            .register(tenant, &flow, move |tx| {
                let Some((policy, user)) = may_register(tx, &proof, &errand, Kind::Passkey)? else {
                    return Ok(Registered::NotNow);
                };
                let made = tx.attempt(|tx| {
                    rp.finish_registration(tx, &policy, &user, &answer, PASSKEY_NAME)
                });
                match made {
                    Ok(_) => new_codes(tx, &proof),
                    Err(Error::Invalid { .. }) => Ok(Registered::Bad(Problem::WrongPasskey)),
                    Err(error) => Err(error),
                }
            })
            .await?;
        self.registered(tenant, flow, browser, trail, Kind::Passkey, done)
            .await
    }

    async fn register(
        &self,
        tenant: TenantId,
        flow: &Pending,
        command: impl FnOnce(&mut Tx<'_>) -> Result<Registered> + Send + 'static,
    ) -> Result<Registered> {
        let user = flow.proof.as_ref().map(|proof| proof.user.uuid());
        let actor = Actor::User {
            id: user.unwrap_or_default(),
            app_id: app_of(flow),
        };
        self.store().island(tenant)?.write(actor, command).await
    }

    async fn registered(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        browser: Browser,
        trail: Trail,
        kind: Kind,
        done: Registered,
    ) -> Result<Outcome> {
        let codes = match done {
            Registered::NotNow => {
                return self
                    .go_on_proving(tenant, flow, browser, trail, None, None)
                    .await;
            }
            Registered::Bad(problem) => {
                return self
                    .go_on_proving(tenant, flow, browser, trail, Some(kind), Some(problem))
                    .await;
            }
            Registered::Done(codes) => codes,
        };
        let Some(proof) = &mut flow.proof else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        proof.proven.add(kind);
        proof.enrolment = None;
        if codes.is_empty() {
            return self
                .go_on_proving(tenant, flow, browser, trail, None, None)
                .await;
        }
        let user = proof.user;
        let island = self.store().island(tenant)?;
        let name = island
            .read_few(move |tx| Ok(users::get(tx, user)?.user_principal_name().to_owned()))
            .await?;
        let screen = Screen::RecoveryCodes { name, codes };
        self.page(tenant, &flow, screen, browser, Vec::new())
    }

    /// Takes the password that somebody has to choose.
    pub(in crate::oauth) async fn take_new_password(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        browser: Browser,
        trail: Trail,
        new: Secret,
        again: Secret,
    ) -> Result<Outcome> {
        let Some(proof) = flow.proof.clone() else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        let island = self.store().island(tenant)?;
        let (asked, checked, errand) = (proof.clone(), new.clone(), flow.errand.clone());
        let challenge = island
            .read(move |tx| {
                let Ok(user) = asked.user(tx)? else {
                    return Ok(None);
                };
                let policy = Policy::get(tx)?;
                let standing = Standing::of(tx, &policy, &user)?;
                let demand = demand(&errand, &standing);
                let next = step::next(&policy, &standing, &asked.proven, demand);
                if next != step::Step::ChangePassword {
                    return Ok(None);
                }
                let is_weak = password::check(tx, &user, &checked).is_err();
                Ok(Some((is_weak, password::challenge_of(tx, user.id)?)))
            })
            .await?;
        let problem = match challenge {
            None => None,
            Some(_) if new != again => Some(Problem::PasswordsDiffer),
            Some((true, _)) => Some(Problem::WeakPassword),
            Some((false, challenge)) => {
                let is_same = self.verify_password(new.clone(), &challenge).await?;
                if is_same {
                    Some(Problem::SamePassword)
                } else {
                    let hash = self.hash_secret(new).await?;
                    let actor = Actor::User {
                        id: proof.user.uuid(),
                        app_id: app_of(&flow),
                    };
                    let user = proof.user;
                    let generation = island
                        .write(actor, move |tx| {
                            password::change(tx, user, &hash)?;
                            revocation::generation(tx, user)
                        })
                        .await?;
                    // The sessions of before are over; this one is of after.
                    if let Some(proof) = &mut flow.proof {
                        proof.generation = generation;
                    }
                    None
                }
            }
        };
        self.go_on_proving(tenant, flow, browser, trail, None, problem)
            .await
    }
}

/// The recovery codes that go with somebody's first factor; none where there are some.
fn new_codes(tx: &mut Tx<'_>, proof: &Proof) -> Result<Registered> {
    if recovery::count(tx, proof.user)? > 0 {
        return Ok(Registered::Done(Vec::new()));
    }
    recovery::make(tx, proof.user).map(Registered::Done)
}
