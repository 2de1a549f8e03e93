//! Temporary access passes: what an administrator hands to somebody who has nothing else yet, or no
//! longer. It counts as two factors, since it leads to registering them.
//!
//! A user has one at a time; another one replaces it. It is kept as a password's hash.
//!
//! Source: `temporaryAccessPassAuthenticationMethod` (Microsoft Graph); "Configure Temporary Access
//! Pass in Microsoft Entra ID".

use identity::Secret;
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::{Error, Id, Result, Timestamp, kind::User};
use uuid::Uuid;

use crate::audited::{self, Verb};
use crate::methods::{self, Kind, Method, New};
use crate::password::{self, Challenge};
use crate::policy::Policy;

/// Characters of a pass: no two that look alike, and signs that every keyboard has.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789+*-=?&%#!";
/// How far ahead a pass may begin.
const START_DAYS_MAX: i64 = 365;

/// What is asked for; the policy says the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// From when on.
    pub start_at: Option<Timestamp>,
    /// For how long.
    pub lifetime_minutes: Option<u32>,
    /// Whether for one sign-in only.
    pub is_usable_once: Option<bool>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    start_at: i64,
    lifetime_minutes: u32,
    is_usable_once: bool,
}

/// A user's pass, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Its method.
    pub method: Method,
    /// From when on.
    pub start_at: Timestamp,
    /// For how long.
    pub lifetime_minutes: u32,
    /// Whether for one sign-in only.
    pub is_usable_once: bool,
}

/// Whether a pass opens anything now, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usability {
    /// It does.
    Usable,
    /// The policy has switched passes off, for all or for this user.
    DisabledByPolicy,
    /// Its time is over.
    Expired,
    /// Its time hasn't come.
    NotYetValid,
    /// It was for one sign-in, which has been.
    OneTimeUsed,
}

impl Usability {
    /// As Graph's `methodUsabilityReason` says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usable => "EnabledByPolicy",
            Self::DisabledByPolicy => "DisabledByPolicy",
            Self::Expired => "Expired",
            Self::NotYetValid => "NotYetValid",
            Self::OneTimeUsed => "OneTimeUsed",
        }
    }
}

impl Pass {
    fn of(method: Method) -> Result<Self> {
        let document: Document = method.document()?;
        Ok(Self {
            start_at: Timestamp(document.start_at),
            lifetime_minutes: document.lifetime_minutes,
            is_usable_once: document.is_usable_once,
            method,
        })
    }

    /// When its time is over.
    pub const fn ends_at(&self) -> Timestamp {
        self.start_at
            .plus_seconds(self.lifetime_minutes as i64 * 60)
    }

    /// Whether it opens anything now.
    pub fn usability(&self, tx: &ReadTx<'_>, policy: &Policy) -> Result<Usability> {
        let user = self.method.user;
        Ok(if !is_allowed(tx, policy, user)? {
            Usability::DisabledByPolicy
        } else if tx.now() < self.start_at {
            Usability::NotYetValid
        } else if tx.now() >= self.ends_at() {
            Usability::Expired
        } else if self.is_usable_once && self.method.counter > 0 {
            Usability::OneTimeUsed
        } else {
            Usability::Usable
        })
    }
}

fn is_allowed(tx: &ReadTx<'_>, policy: &Policy, user: Id<User>) -> Result<bool> {
    let groups = if policy.names_groups() {
        directory::groups::transitive_groups(tx, user.uuid())?
    } else {
        Vec::new()
    };
    Ok(policy.allows(Kind::TemporaryAccessPass, &groups))
}

/// A pass of so many characters, made from random bytes; `None` if these don't suffice, which a
/// second try mends.
pub fn text(length: u32, random: [u8; 128]) -> Option<Secret> {
    let whole = 256 / ALPHABET.len() * ALPHABET.len();
    let text: String = random
        .into_iter()
        .map(usize::from)
        // Beyond the last whole multiple some characters would be likelier.
        .filter(|byte| *byte < whole)
        .filter_map(|byte| ALPHABET.get(byte % ALPHABET.len()))
        .take(length as usize)
        .map(|byte| char::from(*byte))
        .collect();
    (text.len() == length as usize).then(|| Secret::new(text))
}

/// Gives a user a pass, of which the hash is known. Any other is void.
pub fn create(
    tx: &mut Tx<'_>,
    policy: &Policy,
    user: &directory::users::User,
    wanted: Wanted,
    hash: &str,
) -> Result<Pass> {
    if !directory::invitations::signs_in_here(tx, user)? {
        return Err(Error::invalid(
            "userId",
            "This user signs in at the home tenant, where a temporary access pass has to be made.",
        ));
    }
    if !is_allowed(tx, policy, user.id)? {
        return Err(Error::bad_request(
            "Temporary access passes aren't enabled for this user by the tenant's authentication \
             methods policy.",
        ));
    }
    let passes = &policy.access_passes;
    let lifetime_minutes = wanted.lifetime_minutes.unwrap_or(passes.lifetime_minutes);
    if !(passes.lifetime_minutes_min..=passes.lifetime_minutes_max).contains(&lifetime_minutes) {
        return Err(Error::invalid(
            "lifetimeInMinutes",
            format!(
                "'lifetimeInMinutes' has to be from {} to {}, as the tenant's policy says.",
                passes.lifetime_minutes_min, passes.lifetime_minutes_max
            ),
        ));
    }
    let is_usable_once = wanted.is_usable_once.unwrap_or(passes.is_usable_once);
    if passes.is_usable_once && !is_usable_once {
        return Err(Error::invalid(
            "isUsableOnce",
            "The tenant's policy allows passes for one sign-in only.",
        ));
    }
    let now = tx.now();
    let start_at = wanted.start_at.unwrap_or(now).max(now);
    if start_at > now.plus_seconds(START_DAYS_MAX * 24 * 3_600) {
        return Err(Error::invalid(
            "startDateTime",
            format!("'startDateTime' has to be within {START_DAYS_MAX} days."),
        ));
    }
    for old in methods::list_of(tx, user.id, Kind::TemporaryAccessPass)? {
        methods::remove(tx, &old)?;
    }
    let document = Document {
        start_at: start_at.0,
        lifetime_minutes,
        is_usable_once,
    };
    let new = New {
        kind: Kind::TemporaryAccessPass,
        lookup: None,
        secret: Some(hash.as_bytes()),
        counter: 0,
        doc: serde_json::to_string(&document).map_err(Error::internal)?,
    };
    let method = methods::insert(tx, user.id, new)?;
    audited::method(tx, user.id, Kind::TemporaryAccessPass, Verb::Registered)?;
    Pass::of(method)
}

/// A user's passes: one, or none.
pub fn list(tx: &ReadTx<'_>, user: Id<User>) -> Result<Vec<Pass>> {
    let found = methods::list_of(tx, user, Kind::TemporaryAccessPass)?;
    found.into_iter().map(Pass::of).collect()
}

/// A user's pass.
pub fn get(tx: &ReadTx<'_>, user: Id<User>, id: Uuid) -> Result<Pass> {
    Pass::of(methods::get(tx, user, Kind::TemporaryAccessPass, id)?)
}

/// Takes a pass away.
pub fn delete(tx: &mut Tx<'_>, user: Id<User>, id: Uuid) -> Result<()> {
    let method = methods::get(tx, user, Kind::TemporaryAccessPass, id)?;
    methods::remove(tx, &method)?;
    audited::method(tx, user, Kind::TemporaryAccessPass, Verb::Deleted)
}

fn usable(tx: &ReadTx<'_>, policy: &Policy, user: Id<User>) -> Result<Option<Pass>> {
    for pass in list(tx, user)? {
        if pass.usability(tx, policy)? == Usability::Usable {
            return Ok(Some(pass));
        }
    }
    Ok(None)
}

/// What the pass of a name is compared with.
pub fn challenge(tx: &ReadTx<'_>, policy: &Policy, name: &str) -> Result<Challenge> {
    let Some(user) = password::find(tx, name)? else {
        return Ok(Challenge::new(None, None));
    };
    let pass = usable(tx, policy, user.id)?;
    let hash = pass
        .and_then(|pass| pass.method.secret)
        .and_then(|hash| String::from_utf8(hash).ok());
    Ok(Challenge::new(Some(user.id), hash))
}

/// Uses a user's pass, which was compared with the challenge of before; whether it is still good.
pub fn redeem(
    tx: &mut Tx<'_>,
    policy: &Policy,
    user: Id<User>,
    challenge: &Challenge,
) -> Result<bool> {
    let Some(pass) = usable(tx, policy, user)? else {
        return Ok(false);
    };
    if pass.method.secret.as_deref() != Some(challenge.hash().as_bytes()) {
        return Ok(false);
    }
    methods::advance(tx, &pass.method, pass.method.counter + 1)
}
