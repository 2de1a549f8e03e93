//! Taking what proves who somebody is, and asking [`credentials::step`] what comes next.
//!
//! A name that nobody has takes as long as one that somebody has, gets the same answer, and is
//! counted alike. What is guessed is counted before it is told whether it was right.
//!
//! Source: OWASP Authentication Cheat Sheet, "Authentication and error messages".

mod next;
mod register;

use std::net::{IpAddr, Ipv4Addr};

use audit::sign_ins::Kind as LogKind;
use credentials::device::Device;
use credentials::passkey::{self, Refused};
use credentials::throttle::{self, Attempt, Guess};
use credentials::{Kind, Policy, Proven, Standing, access_pass, password, recovery, step, totp};
use directory::users;
use identity::Secret;
use identity::oauth::{OAuthError, Trail};
use serde_json::Value;
use store::Tx;
use types::{Actor, Id, Result, TenantId, kind};

use super::log::{self, Peer, Why};
use super::next::demand;
use super::proof::Proof;
use super::sign_in::{Pending, app_of};
use super::{Browser, Problem, generation};
use crate::Node;

/// The longest answer of an authenticator that is looked at.
const ANSWER_MAX: usize = 16 * 1024;

/// What comes of something that was entered.
#[derive(Debug)]
pub(super) enum Taken {
    /// It was right; the flow says so.
    Good,
    /// It wasn't.
    Bad(Problem),
    /// It was, and yet the person can't get in.
    Refused(OAuthError),
}

impl From<OAuthError> for Taken {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error)
    }
}

/// The browser, as its cookie says.
pub(super) fn device(node: &Node, tenant: TenantId, browser: &Browser) -> Option<Device> {
    let now = node.store().clock().now();
    let cookie = browser.device.as_ref()?;
    Device::open(node.sealer(), tenant, cookie.expose(), now)
}

fn attempt(node: &Node, tenant: TenantId, browser: &Browser, name: &str) -> Attempt {
    let address = browser.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    Attempt::new(name, address, device(node, tenant, browser).as_ref())
}

/// What was proven first.
pub(super) fn proof(
    tx: &Tx<'_>,
    user: Id<kind::User>,
    by: Kind,
    keep: bool,
) -> Result<Result<Proof, OAuthError>> {
    let found = users::get(tx, user)?;
    // Only who knows the secret learns that the account is disabled.
    if !found.account_enabled {
        return Ok(Err(OAuthError::DisabledUser));
    }
    let mut proven = Proven::nothing();
    proven.add(by);
    Ok(Ok(Proof {
        user,
        generation: generation(tx, user)?,
        proven,
        at: tx.now(),
        keep,
        interrupted: None,
        decision: None,
        from: None,
        enrolment: None,
    }))
}

/// Records who was refused after having proved who they are.
fn log_disabled(tx: &mut Tx<'_>, flow: &Pending, peer: &Peer, user: Id<kind::User>) -> Result<()> {
    let sign_in = log::of_errand(tx, &flow.errand, peer, LogKind::InteractiveUser)?;
    let why = Why::from(&OAuthError::DisabledUser);
    log::refused(tx, sign_in, user, why, None)
}

/// Records what is missing still, if anything is; a later success takes it back.
fn log_missing(tx: &mut Tx<'_>, flow: &Pending, peer: &Peer, proof: &mut Proof) -> Result<()> {
    let (policy, user) = (Policy::get(tx)?, users::get(tx, proof.user)?);
    let standing = Standing::of(tx, &policy, &user)?;
    let next = step::next(
        &policy,
        &standing,
        &proof.proven,
        demand(&flow.errand, &standing),
    );
    let Some(why) = Why::missing(&next) else {
        return Ok(());
    };
    proof.interrupted = Some(why.code());
    let sign_in = log::of_errand(tx, &flow.errand, peer, LogKind::InteractiveUser)?;
    log::refused(tx, sign_in, proof.user, why, None)
}

impl Node {
    /// Records that somebody was held up, once a minute: nothing else is written for who has to wait.
    async fn log_held_up(
        &self,
        tenant: TenantId,
        flow: &Pending,
        peer: &Peer,
        name: String,
    ) -> Result<()> {
        let digest = identity::sha256(format!("{:?} {name}", peer.address).as_bytes());
        let noted = self.0.sign_in.held_up.entry((tenant, digest));
        if !noted.or_insert(()).is_fresh() {
            return Ok(());
        }
        let (errand, peer) = (flow.errand.clone(), peer.clone());
        let island = self.store().island(tenant)?;
        island
            .write(Actor::System, move |tx| {
                let sign_in = log::of_errand(tx, &errand, &peer, LogKind::InteractiveUser)?;
                let why = Why::from(&OAuthError::TooManyAttempts);
                log::refused_name(tx, sign_in, &name, why)
            })
            .await
    }

    /// Takes a name's password or temporary access pass.
    pub(super) async fn take_secret(
        &self,
        tenant: TenantId,
        flow: &mut Pending,
        (browser, trail): (&Browser, &Trail),
        name: String,
        entered: (Kind, Secret),
        keep: bool,
    ) -> Result<Taken> {
        let (by, secret) = entered;
        let island = self.store().island(tenant)?;
        let attempt = attempt(self, tenant, browser, &name);
        let asked = attempt.clone();
        let (errand, peer) = (flow.clone(), Peer::of(browser, trail));
        let (entered, name) = (name.clone(), name);
        let (challenge, wait) = island
            .read(move |tx| {
                let wait = throttle::check(tx, &asked, Guess::Secret)?;
                let challenge = if by == Kind::TemporaryAccessPass {
                    access_pass::challenge(tx, &*Policy::get(tx)?, &name)?
                } else {
                    password::challenge(tx, &name)?
                };
                Ok((challenge, wait))
            })
            .await?;
        if wait.is_some() {
            self.log_held_up(tenant, &errand, &peer, entered).await?;
            return Ok(Taken::Bad(Problem::TooManyAttempts));
        }
        let matched = self.verify_password(secret, &challenge).await?;
        let Some(user) = challenge.conclude(matched) else {
            island
                .write(Actor::System, move |tx| {
                    throttle::failed(tx, &attempt, Guess::Secret)?;
                    let sign_in =
                        log::of_errand(tx, &errand.errand, &peer, LogKind::InteractiveUser)?;
                    let why = Why::from(&OAuthError::WrongCredentials);
                    log::refused_name(tx, sign_in, &entered, why)
                })
                .await?;
            return Ok(Taken::Bad(Problem::WrongCredentials));
        };
        let actor = Actor::User {
            id: user.uuid(),
            app_id: app_of(flow),
        };
        let proof = island
            .write(actor, move |tx| {
                let is_good = by != Kind::TemporaryAccessPass
                    || access_pass::redeem(tx, &*Policy::get(tx)?, user, &challenge)?;
                if !is_good {
                    return Ok(None);
                }
                throttle::passed(tx, &attempt, Guess::Secret)?;
                let mut proof = proof(tx, user, by, keep)?;
                match &mut proof {
                    Ok(proof) => log_missing(tx, &errand, &peer, proof)?,
                    Err(_) => log_disabled(tx, &errand, &peer, user)?,
                }
                Ok(Some(proof))
            })
            .await?;
        Ok(match proof {
            None => Taken::Bad(Problem::WrongCredentials),
            Some(Err(error)) => error.into(),
            Some(Ok(proof)) => {
                flow.proof = Some(proof);
                Taken::Good
            }
        })
    }

    /// Takes a code of an authenticator app, or a recovery code.
    pub(super) async fn take_code(
        &self,
        tenant: TenantId,
        flow: &mut Pending,
        (browser, trail): (&Browser, &Trail),
        by: Kind,
        code: String,
    ) -> Result<Taken> {
        let Some(proof) = flow.proof.clone() else {
            return Ok(OAuthError::PageExpired.into());
        };
        let island = self.store().island(tenant)?;
        let (user, sealer) = (proof.user, self.sealer().clone());
        let name = island
            .read(move |tx| {
                Ok(proof
                    .user(tx)?
                    .map(|user| user.user_principal_name().to_owned()))
            })
            .await?;
        let name = match name {
            Ok(name) => name,
            Err(error) => return Ok(error.into()),
        };
        let attempt = attempt(self, tenant, browser, &name);
        let (errand, peer) = (flow.clone(), Peer::of(browser, trail));
        let actor = Actor::User {
            id: user.uuid(),
            app_id: app_of(flow),
        };
        let taken = island
            .write(actor, move |tx| {
                let sign_in = log::of_errand(tx, &errand.errand, &peer, LogKind::InteractiveUser)?;
                if throttle::check(tx, &attempt, Guess::Code)?.is_some() {
                    let why = Why::from(&OAuthError::TooManyAttempts);
                    log::refused(tx, sign_in, user, why, None)?;
                    return Ok(Taken::Bad(Problem::TooManyAttempts));
                }
                let standing = Standing::of(tx, &*Policy::get(tx)?, &users::get(tx, user)?)?;
                let is_good = match by {
                    Kind::Totp if standing.usable.contains(&Kind::Totp) => {
                        totp::verify(tx, &sealer, user, &code)?
                    }
                    Kind::RecoveryCode if !standing.usable.is_empty() => {
                        recovery::redeem(tx, user, &code)?
                    }
                    _ => false,
                };
                if is_good {
                    throttle::passed(tx, &attempt, Guess::Code)?;
                    return Ok(Taken::Good);
                }
                throttle::failed(tx, &attempt, Guess::Code)?;
                log::refused(tx, sign_in, user, Why::second_factor(), None)?;
                Ok(Taken::Bad(Problem::WrongCode))
            })
            .await?;
        if let (Taken::Good, Some(proof)) = (&taken, &mut flow.proof) {
            proof.proven.add(by);
        }
        Ok(taken)
    }

    /// Takes a passkey's answer to the challenge that the page carried: who it is, or the other factor
    /// of who is known already.
    pub(super) async fn take_passkey(
        &self,
        tenant: TenantId,
        flow: &mut Pending,
        (browser, trail): (&Browser, &Trail),
        answer: &str,
        keep: bool,
    ) -> Result<Taken> {
        let wrong = || Ok(Taken::Bad(Problem::WrongPasskey));
        let (Some(rp), Some(binding), Some(state)) = (
            self.relying_party(),
            browser.binding.as_ref(),
            flow.challenge.take(),
        ) else {
            return Ok(OAuthError::PageExpired.into());
        };
        let parsed = (answer.len() <= ANSWER_MAX).then(|| serde_json::from_str::<Value>(answer));
        let Some(Ok(answer)) = parsed else {
            return wrong();
        };
        let island = self.store().island(tenant)?;
        let (own, asked) = (rp.clone(), answer.clone());
        let candidate = island.read(move |tx| own.candidate(tx, &asked)).await?;
        let Some(candidate) = candidate else {
            return wrong();
        };
        let now = self.store().clock().now();
        let verified = match rp.verify(tenant, binding, &state, &answer, candidate, now) {
            Ok(verified) => verified,
            Err(Refused::TooLate) => return Ok(OAuthError::PageExpired.into()),
            Err(Refused::Copied(user)) => {
                island
                    .write(Actor::System, move |tx| passkey::copied(tx, user))
                    .await?;
                return wrong();
            }
            Err(Refused::Malformed | Refused::Wrong) => return wrong(),
        };
        let user = verified.user();
        let (errand, peer) = (flow.clone(), Peer::of(browser, trail));
        if flow.proof.as_ref().is_some_and(|proof| proof.user != user) {
            return wrong();
        }
        let actor = Actor::User {
            id: user.uuid(),
            app_id: app_of(flow),
        };
        let proof = island
            .write(actor, move |tx| {
                let standing = Standing::of(tx, &*Policy::get(tx)?, &users::get(tx, user)?)?;
                if !standing.usable.contains(&Kind::Passkey) {
                    return Ok(None);
                }
                let Some(user) = passkey::accept(tx, &verified)? else {
                    return Ok(None);
                };
                let proof = proof(tx, user, Kind::Passkey, keep)?;
                if proof.is_err() {
                    log_disabled(tx, &errand, &peer, user)?;
                }
                Ok(Some(proof))
            })
            .await?;
        Ok(match proof {
            None => return wrong(),
            Some(Err(error)) => error.into(),
            Some(Ok(new)) => {
                match &mut flow.proof {
                    Some(proof) => proof.proven.add(Kind::Passkey),
                    None => flow.proof = Some(new),
                }
                Taken::Good
            }
        })
    }
}
