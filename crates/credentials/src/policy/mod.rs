//! What a tenant asks of its users when they sign in, and which methods it offers to whom.
//!
//! A tenant begins with all methods on for everybody, and asks for no second factor: whoever sets
//! the first one up decides. Graph's words for it are in [`graph`].

pub mod graph;

use std::sync::Arc;

use identity::session::Lifetimes;
use serde::{Deserialize, Serialize};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Id, Result, Timestamp, kind::Group};
use uuid::Uuid;

use crate::audited;
use crate::methods::Kind;

/// The kind of change in the feed.
pub const CHANGE_KIND: &str = "authenticationMethodsPolicy";

/// Groups that a method is offered to, or kept from.
pub const TARGETS_MAX: usize = 50;

const GET: &str = "SELECT doc, modified_at FROM authentication_policy WHERE tenant_id = ?1";
const PUT: &str = "INSERT INTO authentication_policy (tenant_id, doc, modified_at) \
    VALUES (?1, ?2, ?3) ON CONFLICT (tenant_id) \
    DO UPDATE SET doc = excluded.doc, modified_at = excluded.modified_at";

/// Who has to show more than a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Multifactor {
    /// Everybody.
    All,
    /// Whoever has a directory role.
    Administrators,
    /// Nobody but those who have set codes up.
    #[default]
    Nobody,
}

/// How long a sign-in lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sessions {
    /// How long after its last use, where the browser forgets it when it is closed.
    pub idle_minutes: u32,
    /// How long after its last use, where the person wants to stay signed in.
    pub persistent_days: u32,
    /// How long after the sign-in at most, however much it is used; 0 is for ever.
    pub sign_in_days: u32,
    /// Whether people may stay signed in after the browser was closed.
    pub may_persist: bool,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            idle_minutes: 24 * 60,
            persistent_days: 90,
            sign_in_days: 0,
            may_persist: true,
        }
    }
}

impl Sessions {
    /// How long sessions live after their last use.
    pub fn lifetimes(self) -> Lifetimes {
        Lifetimes {
            seconds: i64::from(self.idle_minutes) * 60,
            persistent_seconds: i64::from(self.persistent_days) * 24 * 3_600,
        }
    }
}

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// Everybody.
    AllUsers,
    /// The members of a group, and of groups in it.
    Group(Id<Group>),
}

/// What all methods have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Offer {
    /// Whether it can be used at all.
    pub is_enabled: bool,
    /// By whom.
    pub include: Vec<Target>,
    /// By whom not.
    pub exclude: Vec<Target>,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            is_enabled: true,
            include: vec![Target::AllUsers],
            exclude: Vec::new(),
        }
    }
}

impl Offer {
    fn is_for(&self, groups: &[Id<Group>]) -> bool {
        let names = |targets: &[Target]| {
            targets.iter().any(|target| match target {
                Target::AllUsers => true,
                Target::Group(group) => groups.contains(group),
            })
        };
        self.is_enabled && names(&self.include) && !names(&self.exclude)
    }

    fn names_groups(&self) -> bool {
        let mut targets = self.include.iter().chain(&self.exclude);
        targets.any(|target| matches!(target, Target::Group(_)))
    }
}

/// Which authenticators may hold passkeys, by their models' AAGUIDs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyRestrictions {
    /// Whether it is looked at.
    pub is_enforced: bool,
    /// Whether those listed are the only ones, instead of those that may not.
    pub allows_listed: bool,
    /// The models.
    pub aaguids: Vec<Uuid>,
}

impl KeyRestrictions {
    /// Whether a model may be registered.
    pub fn allow(&self, aaguid: Uuid) -> bool {
        !self.is_enforced || self.aaguids.contains(&aaguid) == self.allows_listed
    }
}

/// Passkeys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Passkeys {
    /// For whom.
    #[serde(flatten)]
    pub offer: Offer,
    /// Whether users register them themselves.
    pub is_self_service: bool,
    /// Which models.
    pub restrictions: KeyRestrictions,
}

impl Default for Passkeys {
    fn default() -> Self {
        Self {
            offer: Offer::default(),
            is_self_service: true,
            restrictions: KeyRestrictions::default(),
        }
    }
}

/// Temporary access passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessPasses {
    /// For whom.
    #[serde(flatten)]
    pub offer: Offer,
    /// Characters of a pass.
    pub length: u32,
    /// Minutes that a pass lives where nobody says how many.
    pub lifetime_minutes: u32,
    /// The fewest that can be asked for.
    pub lifetime_minutes_min: u32,
    /// The most that can be asked for.
    pub lifetime_minutes_max: u32,
    /// Whether each is good for one sign-in only.
    pub is_usable_once: bool,
}

impl Default for AccessPasses {
    fn default() -> Self {
        Self {
            offer: Offer::default(),
            length: 8,
            lifetime_minutes: 60,
            lifetime_minutes_min: 60,
            lifetime_minutes_max: 480,
            is_usable_once: false,
        }
    }
}

macro_rules! derefs_to_offer {
    ($($name:ident)*) => { $(
        impl std::ops::Deref for $name {
            type Target = Offer;
            fn deref(&self) -> &Offer {
                &self.offer
            }
        }
    )* };
}
derefs_to_offer! { Passkeys AccessPasses }

/// A tenant's policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Policy {
    /// Who has to show more than a password.
    pub multifactor: Multifactor,
    /// How long a sign-in lasts.
    pub sessions: Sessions,
    /// Passkeys.
    pub passkeys: Passkeys,
    /// Codes of an authenticator app.
    pub totp: Offer,
    /// Temporary access passes.
    pub access_passes: AccessPasses,
    /// When it was changed; never, where it is as every tenant begins.
    #[serde(skip)]
    pub modified_at: Option<Timestamp>,
}

impl Policy {
    /// The tenant's.
    pub fn get(tx: &ReadTx<'_>) -> Result<Arc<Self>> {
        let found = tx.remembered(b"", || {
            let found = tx.query_one(GET, params![&tx.tenant()], |row| {
                let policy: Self = serde_json::from_str(row.text(0)?).map_err(Error::internal)?;
                Ok(Self {
                    modified_at: Some(row.timestamp(1)?),
                    ..policy
                })
            })?;
            Ok(Some(found.unwrap_or_default()))
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Changes it; answers whether that changed anything.
    pub fn set(tx: &mut Tx<'_>, mut new: Self) -> Result<bool> {
        let old = Self::get(tx)?;
        new.modified_at = old.modified_at;
        if new == *old {
            return Ok(false);
        }
        new.check(tx)?;
        let doc = serde_json::to_string(&new).map_err(Error::internal)?;
        let (tenant, now) = (tx.tenant(), tx.now());
        tx.record(Change::new(CHANGE_KIND, tenant.uuid(), Op::Updated, &[]))?
            .execute(PUT, params![&tenant, &doc, now])?;
        audited::policy(tx, &old, &new)?;
        Ok(true)
    }

    fn offers(&self) -> [&Offer; 3] {
        [&self.passkeys.offer, &self.totp, &self.access_passes.offer]
    }

    pub(crate) fn names_groups(&self) -> bool {
        self.offers().iter().any(|offer| offer.names_groups())
    }

    /// Whether somebody in these groups may sign in with it.
    pub fn allows(&self, kind: Kind, groups: &[Id<Group>]) -> bool {
        match kind {
            Kind::Password | Kind::RecoveryCode => true,
            Kind::Passkey => self.passkeys.is_for(groups),
            Kind::Totp => self.totp.is_for(groups),
            Kind::TemporaryAccessPass => self.access_passes.is_for(groups),
        }
    }

    pub(crate) const fn lets_register(&self, kind: Kind) -> bool {
        !matches!(kind, Kind::Passkey) || self.passkeys.is_self_service
    }

    fn check(&self, tx: &ReadTx<'_>) -> Result<()> {
        for offer in self.offers() {
            if offer.include.len() > TARGETS_MAX || offer.exclude.len() > TARGETS_MAX {
                return Err(Error::LimitExceeded {
                    limit: "limits.authentication_targets",
                    message: format!(
                        "A method is offered to {TARGETS_MAX} groups at most \
                         (limits.authentication_targets)."
                    ),
                });
            }
            for target in offer.include.iter().chain(&offer.exclude) {
                if let Target::Group(group) = target
                    && !directory::groups::exists(tx, *group)?
                {
                    return Err(Error::invalid(
                        "includeTargets",
                        format!("There is no group '{group}' for a target."),
                    ));
                }
            }
        }
        let passes = &self.access_passes;
        in_range("defaultLength", passes.length, 8, 48)?;
        in_range(
            "minimumLifetimeInMinutes",
            passes.lifetime_minutes_min,
            10,
            43_200,
        )?;
        in_range(
            "maximumLifetimeInMinutes",
            passes.lifetime_minutes_max,
            passes.lifetime_minutes_min,
            43_200,
        )?;
        in_range(
            "defaultLifetimeInMinutes",
            passes.lifetime_minutes,
            passes.lifetime_minutes_min,
            passes.lifetime_minutes_max,
        )?;
        let sessions = self.sessions;
        // The last use is known to a quarter of an hour.
        in_range("sessionIdleMinutes", sessions.idle_minutes, 30, 60 * 24)?;
        in_range("persistentSessionDays", sessions.persistent_days, 1, 90)?;
        in_range("signInFrequencyDays", sessions.sign_in_days, 0, 365)
    }
}

fn in_range(name: &'static str, value: u32, least: u32, most: u32) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(
        name,
        format!("'{name}' has to be from {least} to {most}."),
    ))
}

/// Aaguids in a restriction.
pub const AAGUIDS_MAX: usize = 100;
