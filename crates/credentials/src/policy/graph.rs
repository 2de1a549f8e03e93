//! The policy in Graph's words: `authenticationMethodsPolicy` with its configurations, and our own
//! `signInPolicy` for what Graph leaves to Conditional Access.
//!
//! Source: Microsoft Graph, authenticationMethodsPolicy, fido2AuthenticationMethodConfiguration,
//! softwareOathAuthenticationMethodConfiguration, temporaryAccessPassAuthenticationMethodConfiguration.

use serde_json::{Map, Value, json};
use types::{Error, Id, Result};
use uuid::Uuid;

use super::{AAGUIDS_MAX, KeyRestrictions, Multifactor, Offer, Policy, Target};

const ALL_USERS: &str = "all_users";

/// The configuration of one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Configuration {
    /// Passkeys.
    Fido2,
    /// Temporary access passes.
    TemporaryAccessPass,
    /// TOTP.
    SoftwareOath,
}

fn wrong(name: &str, reason: &str) -> Error {
    Error::invalid(
        name,
        format!("Invalid value specified for property '{name}': {reason}."),
    )
}

impl Configuration {
    /// All of them, as they are listed.
    pub const ALL: [Self; 3] = [Self::Fido2, Self::TemporaryAccessPass, Self::SoftwareOath];

    /// The configuration of an id, in any case.
    pub fn by_id(id: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|it| it.id().eq_ignore_ascii_case(id));
        found
            .copied()
            .ok_or_else(|| Error::not_found("authenticationMethodConfiguration", id))
    }

    /// Its id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Fido2 => "Fido2",
            Self::TemporaryAccessPass => "TemporaryAccessPass",
            Self::SoftwareOath => "SoftwareOath",
        }
    }

    /// Its type.
    pub const fn graph_type(self) -> &'static str {
        match self {
            Self::Fido2 => "fido2AuthenticationMethodConfiguration",
            Self::TemporaryAccessPass => "temporaryAccessPassAuthenticationMethodConfiguration",
            Self::SoftwareOath => "softwareOathAuthenticationMethodConfiguration",
        }
    }

    const fn offer(self, policy: &Policy) -> &Offer {
        match self {
            Self::Fido2 => &policy.passkeys.offer,
            Self::TemporaryAccessPass => &policy.access_passes.offer,
            Self::SoftwareOath => &policy.totp,
        }
    }

    fn offer_mut(self, policy: &mut Policy) -> &mut Offer {
        match self {
            Self::Fido2 => &mut policy.passkeys.offer,
            Self::TemporaryAccessPass => &mut policy.access_passes.offer,
            Self::SoftwareOath => &mut policy.totp,
        }
    }

    /// Makes it what it is in a new tenant.
    pub fn reset(self, policy: &mut Policy) {
        let new = Policy::default();
        match self {
            Self::Fido2 => policy.passkeys = new.passkeys,
            Self::TemporaryAccessPass => policy.access_passes = new.access_passes,
            Self::SoftwareOath => policy.totp = new.totp,
        }
    }

    /// As Graph shows it.
    pub fn show(self, policy: &Policy) -> Value {
        let offer = self.offer(policy);
        let state = if offer.is_enabled {
            "enabled"
        } else {
            "disabled"
        };
        let mut shown = json!({
            "@odata.type": format!("#microsoft.graph.{}", self.graph_type()),
            "id": self.id(),
            "state": state,
            "excludeTargets": offer.exclude.iter().map(exclude_target).collect::<Vec<_>>(),
            "includeTargets": offer.include.iter().map(include_target).collect::<Vec<_>>(),
        });
        let more = match self {
            Self::Fido2 => {
                let restrictions = &policy.passkeys.restrictions;
                let kind = if restrictions.allows_listed {
                    "allow"
                } else {
                    "block"
                };
                json!({
                    "isAttestationEnforced": false,
                    "isSelfServiceRegistrationAllowed": policy.passkeys.is_self_service,
                    "keyRestrictions": {
                        "aaGuids": restrictions.aaguids,
                        "enforcementType": kind,
                        "isEnforced": restrictions.is_enforced,
                    },
                })
            }
            Self::TemporaryAccessPass => {
                let passes = &policy.access_passes;
                json!({
                    "defaultLength": passes.length,
                    "defaultLifetimeInMinutes": passes.lifetime_minutes,
                    "isUsableOnce": passes.is_usable_once,
                    "maximumLifetimeInMinutes": passes.lifetime_minutes_max,
                    "minimumLifetimeInMinutes": passes.lifetime_minutes_min,
                })
            }
            Self::SoftwareOath => json!({}),
        };
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
        }
        shown
    }

    /// Changes it by a patch, whose annotations are gone.
    pub fn patch(self, policy: &mut Policy, patch: &Map<String, Value>) -> Result<()> {
        for (name, value) in patch {
            match (self, name.as_str()) {
                (_, "id") if value.as_str() == Some(self.id()) => {}
                (_, "state") => {
                    self.offer_mut(policy).is_enabled = match value.as_str() {
                        Some("enabled") => true,
                        Some("disabled") => false,
                        _ => return Err(wrong(name, "it has to be enabled or disabled")),
                    };
                }
                (_, "includeTargets") => self.offer_mut(policy).include = targets(name, value)?,
                (_, "excludeTargets") => self.offer_mut(policy).exclude = targets(name, value)?,
                (Self::Fido2, "isAttestationEnforced") if *value == Value::Bool(false) => {}
                (Self::Fido2, "isAttestationEnforced") => {
                    return Err(wrong(
                        name,
                        "attestation isn't supported, so that passkeys of every provider work; \
                         'keyRestrictions' says which models may be used",
                    ));
                }
                (Self::Fido2, "isSelfServiceRegistrationAllowed") => {
                    policy.passkeys.is_self_service = flag(name, value)?;
                }
                (Self::Fido2, "keyRestrictions") => {
                    policy.passkeys.restrictions =
                        restrictions(&policy.passkeys.restrictions, value)?;
                }
                (Self::TemporaryAccessPass, "isUsableOnce") => {
                    policy.access_passes.is_usable_once = flag(name, value)?;
                }
                (Self::TemporaryAccessPass, _) => {
                    let passes = &mut policy.access_passes;
                    let field = match name.as_str() {
                        "defaultLength" => &mut passes.length,
                        "defaultLifetimeInMinutes" => &mut passes.lifetime_minutes,
                        "maximumLifetimeInMinutes" => &mut passes.lifetime_minutes_max,
                        "minimumLifetimeInMinutes" => &mut passes.lifetime_minutes_min,
                        _ => return Err(unknown(name)),
                    };
                    *field = number(name, value)?;
                }
                _ => return Err(unknown(name)),
            }
        }
        Ok(())
    }
}

fn unknown(name: &str) -> Error {
    Error::invalid(name, format!("The property '{name}' can't be set."))
}

fn flag(name: &str, value: &Value) -> Result<bool> {
    value
        .as_bool()
        .ok_or_else(|| wrong(name, "it has to be true or false"))
}

fn number(name: &str, value: &Value) -> Result<u32> {
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| wrong(name, "it has to be a whole number"))
}

fn target_id(target: &Target) -> String {
    match target {
        Target::AllUsers => ALL_USERS.into(),
        Target::Group(group) => group.to_string(),
    }
}

fn exclude_target(target: &Target) -> Value {
    json!({"id": target_id(target), "targetType": "group"})
}

fn include_target(target: &Target) -> Value {
    json!({"id": target_id(target), "isRegistrationRequired": false, "targetType": "group"})
}

fn targets(name: &str, value: &Value) -> Result<Vec<Target>> {
    let list = value
        .as_array()
        .ok_or_else(|| wrong(name, "it has to be a list"))?;
    let mut targets = Vec::new();
    for item in list {
        let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
        let kind = item.get("targetType").and_then(Value::as_str);
        if kind.is_some_and(|kind| kind != "group") {
            return Err(wrong(name, "'targetType' has to be group"));
        }
        if item.get("isRegistrationRequired") == Some(&Value::Bool(true)) {
            return Err(wrong(
                name,
                "'isRegistrationRequired' isn't supported: who has to show more than a password \
                 says the sign-in policy",
            ));
        }
        let target = if id.eq_ignore_ascii_case(ALL_USERS) {
            Target::AllUsers
        } else {
            let group = types::parse_uuid(id)
                .ok_or_else(|| wrong(name, "'id' has to be all_users or a group's id"))?;
            Target::Group(Id::new(group))
        };
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    Ok(targets)
}

fn restrictions(old: &KeyRestrictions, value: &Value) -> Result<KeyRestrictions> {
    let name = "keyRestrictions";
    let Value::Object(members) = value else {
        return Err(wrong(name, "it has to be an object"));
    };
    let mut new = old.clone();
    for (member, value) in members {
        match member.as_str() {
            "isEnforced" => new.is_enforced = flag(member, value)?,
            "enforcementType" => {
                new.allows_listed = match value.as_str() {
                    Some("allow") => true,
                    Some("block") => false,
                    _ => return Err(wrong(member, "it has to be allow or block")),
                };
            }
            "aaGuids" => new.aaguids = aaguids(member, value)?,
            member if member.starts_with('@') => {}
            member => return Err(unknown(member)),
        }
    }
    Ok(new)
}

fn aaguids(name: &str, value: &Value) -> Result<Vec<Uuid>> {
    let list = value
        .as_array()
        .filter(|list| list.len() <= AAGUIDS_MAX)
        .ok_or_else(|| wrong(name, "it has to be a list of 100 at most"))?;
    list.iter()
        .map(|item| {
            item.as_str()
                .and_then(types::parse_uuid)
                .ok_or_else(|| wrong(name, "each has to be a GUID"))
        })
        .collect()
}

/// The policy as Graph shows it.
pub fn show(policy: &Policy) -> Map<String, Value> {
    let shown = json!({
        "id": "authenticationMethodsPolicy",
        "displayName": "Authentication Methods Policy",
        "description": "The tenant-wide policy that controls which authentication methods are \
                        allowed in the tenant and by whom they can be used",
        "lastModifiedDateTime": policy.modified_at,
        "policyVersion": "1.5",
        "policyMigrationState": "migrationComplete",
        "reconfirmationInDays": null,
        "registrationEnforcement": {
            "authenticationMethodsRegistrationCampaign": {
                "enforceRegistrationAfterAllowedSnoozes": false,
                "excludeTargets": [],
                "includeTargets": [],
                "snoozeDurationInDays": 1,
                "state": "disabled",
            },
        },
        "authenticationMethodConfigurations": Configuration::ALL
            .iter()
            .map(|configuration| configuration.show(policy))
            .collect::<Vec<_>>(),
    });
    match shown {
        Value::Object(shown) => shown,
        _ => Map::new(),
    }
}

/// Changes the policy by a patch: the configurations that it names, each by its id.
pub fn patch(policy: &mut Policy, patch: &Map<String, Value>) -> Result<()> {
    let now = show(policy);
    for (name, value) in patch {
        if name != "authenticationMethodConfigurations" {
            // What can't be changed may be sent back as it was read.
            if now.get(name) == Some(value) {
                continue;
            }
            return Err(unknown(name));
        }
        let list = value
            .as_array()
            .ok_or_else(|| wrong(name, "it has to be a list"))?;
        for item in list {
            let Value::Object(members) = item else {
                return Err(wrong(name, "each has to be an object"));
            };
            let id = members.get("id").and_then(Value::as_str);
            let configuration =
                id.and_then(|id| Configuration::by_id(id).ok())
                    .ok_or_else(|| {
                        wrong(
                            name,
                            "each has to have the 'id' Fido2, TemporaryAccessPass or SoftwareOath",
                        )
                    })?;
            let members: Map<String, Value> = members
                .iter()
                .filter(|(name, _)| !name.contains('@') && *name != "id")
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            configuration.patch(policy, &members)?;
        }
    }
    Ok(())
}

/// Who has to show more than a password, and how long a sign-in lasts.
pub fn show_sign_in(policy: &Policy) -> Map<String, Value> {
    let sessions = policy.sessions;
    let shown = json!({
        "multifactorAuthentication": policy.multifactor,
        "sessionIdleMinutes": sessions.idle_minutes,
        "persistentSessionDays": sessions.persistent_days,
        "signInFrequencyDays": (sessions.sign_in_days > 0).then_some(sessions.sign_in_days),
        "persistentSessionsAllowed": sessions.may_persist,
        "lastModifiedDateTime": policy.modified_at,
    });
    match shown {
        Value::Object(shown) => shown,
        _ => Map::new(),
    }
}

/// Who has to show more than a password, by the name of it.
pub fn multifactor(value: &Value) -> Result<Multifactor> {
    match value.as_str() {
        Some("all") => Ok(Multifactor::All),
        Some("administrators") => Ok(Multifactor::Administrators),
        Some("nobody") => Ok(Multifactor::Nobody),
        _ => Err(wrong(
            "multifactorAuthentication",
            "it has to be all, administrators or nobody",
        )),
    }
}

/// Changes that by a patch.
pub fn patch_sign_in(policy: &mut Policy, patch: &Map<String, Value>) -> Result<()> {
    let sessions = &mut policy.sessions;
    for (name, value) in patch {
        match name.as_str() {
            "multifactorAuthentication" => {
                policy.multifactor = multifactor(value)?;
            }
            "sessionIdleMinutes" => sessions.idle_minutes = number(name, value)?,
            "persistentSessionDays" => sessions.persistent_days = number(name, value)?,
            "signInFrequencyDays" if value.is_null() => sessions.sign_in_days = 0,
            "signInFrequencyDays" => sessions.sign_in_days = number(name, value)?,
            "persistentSessionsAllowed" => sessions.may_persist = flag(name, value)?,
            _ => return Err(unknown(name)),
        }
    }
    Ok(())
}
