//! What comes next for somebody who is signing in: a pure decision from what is demanded, what the
//! user has and what was proven.
//!
//! - Before anything is proven the answer depends on the tenant's policy alone, so it tells nothing
//!   of the name that was entered.
//! - Whoever has another factor is asked for it before the password is changed or another method is
//!   registered: a password by itself opens neither.
//! - A user whose methods the policy has switched off can't register new ones by password alone; an
//!   administrator's temporary access pass helps.
//!
//! Source: RFC 8176 (`amr`); Microsoft identity platform, access token claims; "Security defaults in
//! Microsoft Entra ID".

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::methods::Kind;
use crate::policy::Policy;
use crate::standing::Standing;
use directory::users::PasswordChange;

/// How tokens say that there was more than one factor.
const MFA: &str = "mfa";

/// What has been proven in this sign-in so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proven {
    kinds: BTreeSet<Kind>,
    /// Of somebody who was signed in by another tenant: how, as far as that counts here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_home: Option<Vec<String>>,
}

impl Proven {
    /// Nothing yet.
    pub fn nothing() -> Self {
        Self::default()
    }
    /// Who it is, by the word of the person's home tenant: the names of the methods there, as far as
    /// they count here.
    pub const fn at_home(methods: Vec<String>) -> Self {
        Self {
            kinds: BTreeSet::new(),
            at_home: Some(methods),
        }
    }
    /// And this.
    pub fn add(&mut self, kind: Kind) {
        self.kinds.insert(kind);
    }
    /// Whether this was proven.
    pub fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }
    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.at_home.is_none()
    }

    /// Whether something was proven that says who it is.
    pub fn is_known(&self) -> bool {
        self.at_home.is_some() || self.kinds.iter().any(|kind| kind.is_first())
    }

    /// Whether that is as good as two factors.
    pub fn is_multifactor(&self) -> bool {
        self.has(Kind::Passkey)
            || self.has(Kind::TemporaryAccessPass)
            || self.is_multifactor_at_home()
            || (self.has(Kind::Password) || self.at_home.is_some())
                && (self.has(Kind::Totp) || self.has(Kind::RecoveryCode))
    }

    /// Whether that was shown at home, and counts here.
    pub fn is_multifactor_at_home(&self) -> bool {
        let methods = self.at_home.iter().flatten();
        methods.into_iter().any(|name| name == MFA)
    }

    /// The names of the methods in tokens.
    pub fn amr(&self) -> Vec<String> {
        let at_home = self.at_home.iter().flatten().map(String::as_str);
        let mut names: Vec<&str> = at_home.filter(|name| *name != MFA).collect();
        for (kind, name) in [
            (Kind::Password, "pwd"),
            (Kind::Passkey, "fido"),
            (Kind::Totp, "otp"),
            (Kind::RecoveryCode, "otp"),
            (Kind::TemporaryAccessPass, "otp"),
        ] {
            if self.has(kind) && !names.contains(&name) {
                names.push(name);
            }
        }
        if self.is_multifactor() {
            names.push(MFA);
        }
        names.into_iter().map(str::to_owned).collect()
    }
}

/// What the client asks for, beyond the tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// More than one factor.
    pub multifactor: bool,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Say who you are, by one of these.
    FirstFactor {
        /// The ways that the tenant offers.
        options: Vec<Kind>,
    },
    /// Show another factor, one of these.
    SecondFactor {
        /// The ways that the user has.
        options: Vec<Kind>,
    },
    /// Register a method, one of these.
    Register {
        /// What the user may register.
        options: Vec<Kind>,
    },
    /// Choose another password.
    ChangePassword,
    /// Only an administrator can help: by a temporary access pass, or by changing the policy.
    AskAdministrator,
    /// That is all.
    Done {
        /// How it was proven, as tokens say it.
        amr: Vec<String>,
    },
}

/// What anybody is asked first.
pub fn first(policy: &Policy) -> Step {
    let mut options = vec![Kind::Password];
    if policy.passkeys.is_enabled {
        options.push(Kind::Passkey);
    }
    if policy.access_passes.is_enabled {
        options.push(Kind::TemporaryAccessPass);
    }
    Step::FirstFactor { options }
}

/// What comes next for a user.
pub fn next(policy: &Policy, standing: &Standing, proven: &Proven, demand: Demand) -> Step {
    if !proven.is_known() {
        return first(policy);
    }
    let by_password = proven.has(Kind::Password);
    let has_any = !standing.registered.is_empty();
    let asks_for_two = standing.needs_multifactor
        || demand.multifactor
        || by_password && standing.password_change == PasswordChange::AtNextSignInWithMultifactor;
    if asks_for_two && !proven.is_multifactor() {
        return if has_any {
            second(standing)
        } else if standing.registrable.is_empty() {
            Step::AskAdministrator
        } else {
            register(standing)
        };
    }
    // Who has another factor at home, where that counts, needs none here.
    let has_any = has_any || proven.is_multifactor_at_home();
    if standing.needs_multifactor && !has_any && !standing.registrable.is_empty() {
        return register(standing);
    }
    if by_password && standing.password_change != PasswordChange::None {
        return Step::ChangePassword;
    }
    Step::Done { amr: proven.amr() }
}

fn register(standing: &Standing) -> Step {
    Step::Register {
        options: standing.registrable.clone(),
    }
}

fn second(standing: &Standing) -> Step {
    let mut options = standing.usable.clone();
    if options.is_empty() {
        return Step::AskAdministrator;
    }
    if standing.has_recovery_codes {
        options.push(Kind::RecoveryCode);
    }
    Step::SecondFactor { options }
}

/// Whether somebody who has proven this may change what the user signs in with.
pub fn may_manage(standing: &Standing, proven: &Proven) -> bool {
    proven.is_known() && (proven.is_multifactor() || standing.registered.is_empty())
}
