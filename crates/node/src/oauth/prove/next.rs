//! What comes next for somebody who has proven something: a page, or the session.

use std::sync::Arc;

use credentials::device::{DEVICE_SECONDS, Device};
use credentials::{Kind, Policy, Standing, step};
use directory::users::User;
use identity::oauth::{OAuthError, Trail};
use identity::session::{self, Methods, NewSession};
use identity::visit::live::{self, Visitor};
use types::{Actor, Result, TenantId};

use super::device;
use crate::Node;
use crate::oauth::log::{self, Interruption, Peer};
use crate::oauth::next::{accounts, advance, demand, known_name};
use crate::oauth::sign_in::{Pending, app_of, back_of};
use crate::oauth::{Browser, Outcome, PasskeyView, Problem, Screen, Step};

/// How somebody stands, and what comes next.
struct Next {
    user: Arc<User>,
    policy: Arc<Policy>,
    step: step::Step,
}

impl Node {
    async fn next_step(
        &self,
        tenant: TenantId,
        flow: &Pending,
    ) -> Result<Result<Next, OAuthError>> {
        let Some(proof) = flow.proof.clone() else {
            return Ok(Err(OAuthError::PageExpired));
        };
        let errand = flow.errand.clone();
        let island = self.store().island(tenant)?;
        island
            .read(move |tx| {
                let user = match proof.user(tx)? {
                    Ok(user) => user,
                    Err(error) => return Ok(Err(error)),
                };
                let policy = Policy::get(tx)?;
                let standing = Standing::of(tx, &policy, &user)?;
                let demand = demand(&errand, &standing);
                let step = step::next(&policy, &standing, &proof.proven, demand);
                Ok(Ok(Next { user, policy, step }))
            })
            .await
    }

    /// Goes on with the sign-in: asks for what is missing, or begins the session and goes on with the
    /// errand. `wanted`: which way the person has chosen of several.
    pub(in crate::oauth) async fn go_on_proving(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        browser: Browser,
        trail: Trail,
        wanted: Option<Kind>,
        problem: Option<Problem>,
    ) -> Result<Outcome> {
        let next = match self.next_step(tenant, &flow).await? {
            Ok(next) => next,
            Err(error) => {
                let back = back_of(&flow);
                return Ok(Step::End(Screen::Error { error, back }).into());
            }
        };
        let name = known_name(&next.user);
        let screen = match next.step {
            step::Step::FirstFactor { .. } => return Ok(Outcome::problem(OAuthError::PageExpired)),
            step::Step::SecondFactor { options } => {
                let usable = |kind: &Kind| *kind != Kind::Passkey || self.relying_party().is_some();
                let options: Vec<Kind> = options.into_iter().filter(usable).collect();
                let preferred = [Kind::Totp, Kind::Passkey, Kind::RecoveryCode];
                let chosen = wanted
                    .into_iter()
                    .chain(preferred)
                    .find(|kind| options.contains(kind));
                match chosen {
                    None => Screen::AskAdministrator { name },
                    Some(kind) => Screen::Factor {
                        name,
                        kind,
                        others: options.into_iter().filter(|other| *other != kind).collect(),
                        problem,
                        passkey: (kind == Kind::Passkey).then(PasskeyView::default),
                    },
                }
            }
            step::Step::Register { options } => {
                let usable = |kind: &Kind| *kind != Kind::Passkey || self.relying_party().is_some();
                let options: Vec<Kind> = options.into_iter().filter(usable).collect();
                match wanted.filter(|wanted| options.contains(wanted)) {
                    Some(kind) => {
                        return self
                            .begin_to_register(tenant, flow, browser, next.user, kind, problem)
                            .await;
                    }
                    None if options.is_empty() => Screen::AskAdministrator { name },
                    None => Screen::Register { name, options },
                }
            }
            step::Step::ChangePassword => Screen::NewPassword {
                name,
                problem,
                can_go_back: false,
            },
            step::Step::AskAdministrator => Screen::AskAdministrator { name },
            step::Step::Done { amr } => {
                return self
                    .begin_session(tenant, flow, browser, trail, (next.user, next.policy, amr))
                    .await;
            }
        };
        if matches!(screen, Screen::AskAdministrator { .. }) {
            return Ok(Step::End(screen).into());
        }
        flow.challenge = None;
        self.page(tenant, &flow, screen, browser, Vec::new())
    }

    async fn begin_session(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        mut browser: Browser,
        trail: Trail,
        (user, policy, amr): (Arc<User>, Arc<Policy>, Vec<String>),
    ) -> Result<Outcome> {
        let Some(proof) = flow.proof.take() else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        let now = self.store().clock().now();
        let new = NewSession {
            user: user.id,
            generation: proof.generation,
            methods: Methods(amr),
            is_persistent: proof.keep && policy.sessions.may_persist,
            lifetimes: policy.sessions.lifetimes(),
            user_agent: browser.user_agent.clone(),
            home_session: proof.from.as_ref().and_then(|from| from.session),
        };
        let mut known = match device(self, tenant, &browser) {
            Some(known) => known,
            None => Device::new(identity::random()?, now),
        };
        known.note(&known_name(&user), now);
        let actor = Actor::User {
            id: user.id.uuid(),
            app_id: app_of(&flow),
        };
        let (old, peer) = (browser.cookie.take(), Peer::of(&browser, &trail));
        let published = self.published_of(tenant, &flow).await?;
        let (mut flow, cookie, session, need) = self
            .store()
            .island(tenant)?
            .write(actor, move |tx| {
                let (session, cookie) = session::start(tx, &new, old.as_ref())?;
                flow.session = Some(session.id);
                if let Some(from) = proof.from {
                    let visitor = Visitor {
                        user: user.id,
                        home_id: from.id,
                        home_generation: from.generation,
                        counts_home_factor: proof.proven.is_multifactor_at_home(),
                    };
                    live::come(tx, visitor, from.home)?;
                }
                let need = advance(tx, &published, &flow, accounts(tx, Some(&cookie))?)?;
                let interruption = proof
                    .interrupted
                    .map(|code| Interruption { code, at: proof.at });
                let of = (&*user, &session, proof.decision);
                flow.is_logged = log::began(tx, &flow, &peer, of, interruption.as_ref(), &need)?;
                Ok((flow, cookie, session, need))
            })
            .await?;
        let kept = self.0.sign_in.cookies;
        let mut cookies = vec![
            kept.set_session(tenant, &cookie, session.is_persistent),
            kept.set_device(tenant, &known.seal(self.sealer(), tenant)?, DEVICE_SECONDS),
        ];
        browser.cookie = Some(cookie);
        flow.challenge = None;
        let mut outcome = self.proceed(tenant, flow, need, browser, trail).await?;
        cookies.append(&mut outcome.cookies);
        outcome.cookies = cookies;
        Ok(outcome)
    }
}
