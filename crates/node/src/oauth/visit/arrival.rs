//! Somebody at the door of the visited tenant.

use audit::sign_ins::Kind;
use credentials::{Policy, Proven, Standing};
use directory::invitations;
use directory::users::User;
use identity::oauth::OAuthError;
use identity::visit;
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Result, TenantId};
use uuid::Uuid;

use super::super::generation;
use super::super::log::{self, Peer, Why};
use super::super::next::demand;
use super::super::proof::{From, Proof};
use super::super::sign_in::Errand;
use super::word::{Word, admits, counted};

/// Somebody at the door.
pub(in crate::oauth) struct Arrival {
    pub(in crate::oauth) home: TenantId,
    pub(super) word: Word,
    pub(super) pass: String,
    pub(super) application: Uuid,
    pub(super) is_accepted: bool,
    /// Whether the home was asked for more than one factor.
    pub(super) is_second: bool,
    /// What for, and from where.
    pub(super) errand: Errand,
    pub(super) peer: Peer,
}

/// What becomes of them.
pub(super) enum Entered {
    In(Proof),
    /// They have to go back and show another factor, which this tenant trusts their home with.
    NeedsMore(String),
    /// They have to say whether they want to: their name.
    Asks(String),
    Refused(OAuthError),
}

impl Arrival {
    /// The name at home.
    pub(in crate::oauth) fn name(&self) -> &str {
        &self.word.user_principal_name
    }

    /// The user here, if there is one.
    pub(in crate::oauth) fn user(&self, tx: &ReadTx<'_>) -> Result<Option<User>> {
        invitations::visitor(tx, (self.home, self.word.user_id), self.name())
    }

    fn refuse(
        &self,
        tx: &mut Tx<'_>,
        error: OAuthError,
        decision: Option<Trace>,
    ) -> Result<Entered> {
        let sign_in = log::of_errand(tx, &self.errand, &self.peer, Kind::InteractiveUser)?;
        log::refused_at_the_door(tx, sign_in, self, Why::from(&error), decision)?;
        Ok(Entered::Refused(error))
    }

    pub(super) fn enter(&self, tx: &mut Tx<'_>) -> Result<Entered> {
        let Self { home, word, .. } = self;
        let name = &word.user_principal_name;
        let Some(user) = self.user(tx)? else {
            return self.refuse(tx, OAuthError::NotHere, None);
        };
        if !user.account_enabled {
            return self.refuse(tx, OAuthError::DisabledUser, None);
        }
        let verdict = admits(tx, *home, word, self.application)?;
        if let Err(refusal) = verdict.outcome {
            return self.refuse(tx, refusal, verdict.decision);
        }
        let proven = Proven::at_home(counted(tx, *home, &word.methods)?.0);
        if !self.is_second && !proven.is_multifactor() && access::inbound_trust(tx, *home)?.mfa {
            let standing = Standing::of(tx, &*Policy::get(tx)?, &user)?;
            if standing.needs_multifactor || demand(&self.errand, &standing).multifactor {
                return Ok(Entered::NeedsMore(name.clone()));
            }
        }
        if invitations::is_pending(&user) {
            let redeems = word.redeems
                && access::consent_suppressed(tx, *home, access::Direction::Inbound)?.allowed;
            if !redeems && !self.is_accepted {
                return Ok(Entered::Asks(name.clone()));
            }
        }
        if !visit::arrive(tx, &self.pass)? {
            return Ok(Entered::Refused(OAuthError::PageExpired));
        }
        if invitations::is_pending(&user) {
            invitations::redeem(tx, user.id, (*home, word.user_id))?;
        }
        Ok(Entered::In(Proof {
            user: user.id,
            generation: generation(tx, user.id)?,
            proven,
            at: tx.now(),
            keep: false,
            interrupted: None,
            decision: verdict.decision,
            from: Some(From {
                home: *home,
                id: word.user_id,
                generation: word.generation,
                session: word.session,
            }),
            enrolment: None,
        }))
    }
}
