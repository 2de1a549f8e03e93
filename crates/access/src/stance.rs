//! The stance of a tenant towards another: what its settings mean for everybody, without the lists.
//!
//! It is what a tenant may tell the members of its organization: whether it allows, not whom it
//! lists. The steps that are made of it are the same ones, whichever tenant makes them.

use serde::{Deserialize, Serialize};
use serde_json::json;
use types::TenantId;
use types::trace::{Mend, Step};

use crate::evaluate::{Direction, part_name, words};
use crate::mend;
use crate::model::{AccessType, Named, TargetConfiguration};
use crate::{Channel, body};

/// For how many a list is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Opening {
    /// For everybody.
    All,
    /// For some.
    Some,
    /// For nobody.
    Nobody,
}

/// A half of a B2B setting as it may be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// For how many it is open.
    pub opening: Opening,
    /// The list in words: how many, never who.
    pub words: String,
}

impl Door {
    pub(crate) fn of(list: Option<&TargetConfiguration>) -> Self {
        let Some(list) = list else {
            return Self {
                opening: Opening::Nobody,
                words: "not set".into(),
            };
        };
        let opening = match (list.access_type, list.names_all()) {
            (AccessType::Allowed, true) => Opening::All,
            (AccessType::Blocked, true) => Opening::Nobody,
            (AccessType::Blocked, false) if list.targets.is_empty() => Opening::All,
            (AccessType::Allowed, false) if list.targets.is_empty() => Opening::Nobody,
            (_, false) => Opening::Some,
        };
        Self {
            opening,
            words: words(list),
        }
    }
}

/// Both halves of a B2B setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doors {
    /// Who.
    pub users: Door,
    /// Which applications.
    pub applications: Door,
}

/// What a tenant's settings about one other tenant mean for everybody there or here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stance {
    /// Towards whom.
    pub partner: TenantId,
    /// Whether there is an entry for it.
    pub has_entry: bool,
    /// Whether that has an `identitySynchronization`.
    pub has_sync_entry: bool,
    /// Whether users from there may be synced here.
    pub sync_allowed: Option<bool>,
    /// Automatic redemption for users from there.
    pub consent_inbound: Option<bool>,
    /// Automatic redemption for users who go there.
    pub consent_outbound: Option<bool>,
    /// Users from there, as B2B users here.
    pub collaboration_inbound: Doors,
    /// Users from here, as B2B users there.
    pub collaboration_outbound: Doors,
}

impl Stance {
    /// Every setting of `tenant`, whose stance this is, on the way of users who are synced.
    pub fn sync_steps(&self, tenant: TenantId, direction: Direction) -> Vec<Step> {
        let consent = self.consent_step(tenant, direction, "Synchronization needs");
        match direction {
            Direction::Inbound => vec![self.sync_step(tenant), consent],
            Direction::Outbound => vec![consent],
        }
    }

    /// Every setting of `tenant` on the way of users who sign in, and for how many each is open.
    pub fn sign_in_steps(&self, tenant: TenantId, direction: Direction) -> [(Step, Opening); 2] {
        let doors = self.doors(direction);
        [
            ("usersAndGroups", &doors.users),
            ("applications", &doors.applications),
        ]
        .map(|(half, door)| {
            let whom = match door.opening {
                Opening::All => "lets all",
                Opening::Some => "lets some",
                Opening::Nobody => "lets none",
            };
            let step = Step {
                tenant_id: tenant,
                setting: format!(
                    "partners/{}.{}.{half}",
                    self.partner,
                    part_name(direction, Channel::Collaboration)
                ),
                value: door.words.clone(),
                allowed: door.opening != Opening::Nobody,
                code: None,
                reason: format!(
                    "Tenant {tenant} {whom} of {} {} tenant {}.",
                    if half == "applications" {
                        "the applications be reached by"
                    } else {
                        "the"
                    },
                    match (half, direction) {
                        ("applications", Direction::Inbound) => "users from",
                        ("applications", Direction::Outbound) => "its users in",
                        (_, Direction::Inbound) => "users come in from",
                        (_, Direction::Outbound) => "users go to",
                    },
                    self.partner
                ),
                mend: (door.opening == Opening::Nobody).then(|| self.open_doors(direction)),
            };
            (step, door.opening)
        })
    }

    const fn doors(&self, direction: Direction) -> &Doors {
        match direction {
            Direction::Inbound => &self.collaboration_inbound,
            Direction::Outbound => &self.collaboration_outbound,
        }
    }

    fn sync_step(&self, tenant: TenantId) -> Step {
        let allowed = self.sync_allowed == Some(true);
        Step {
            tenant_id: tenant,
            setting: format!(
                "partners/{}.identitySynchronization.userSyncInbound.isSyncAllowed",
                self.partner
            ),
            value: flag(self.sync_allowed),
            allowed,
            code: None,
            reason: format!(
                "Tenant {tenant} {} users of tenant {} to be synchronized into it.",
                if allowed { "allows" } else { "doesn't allow" },
                self.partner
            ),
            mend: (!allowed).then(|| self.allow_sync()),
        }
    }

    pub(crate) fn consent_step(&self, tenant: TenantId, direction: Direction, needs: &str) -> Step {
        let (member, value, who) = match direction {
            Direction::Outbound => ("outboundAllowed", self.consent_outbound, "its users in"),
            Direction::Inbound => ("inboundAllowed", self.consent_inbound, "users from"),
        };
        let allowed = value == Some(true);
        Step {
            tenant_id: tenant,
            setting: format!("partners/{}.{}.{member}", self.partner, body::CONSENT),
            value: flag(value),
            allowed,
            code: None,
            reason: format!(
                "{needs} automatic redemption on both sides; tenant {tenant} has it {} for {who} \
                 tenant {}.",
                if allowed { "on" } else { "off" },
                self.partner
            ),
            mend: (!allowed).then(|| self.consent(direction)),
        }
    }

    /// The request that allows users from there to be synced in.
    pub fn allow_sync(&self) -> Mend {
        mend::allow_sync(self.partner, self.has_entry, self.has_sync_entry)
    }

    /// The request that turns this tenant's half of automatic redemption on.
    pub fn consent(&self, direction: Direction) -> Mend {
        let member = match direction {
            Direction::Outbound => "outboundAllowed",
            Direction::Inbound => "inboundAllowed",
        };
        mend::set(
            self.partner,
            self.has_entry,
            body::CONSENT,
            &[(member, json!(true))],
        )
    }

    /// The request that opens those halves of B2B collaboration that are open for nobody.
    pub fn open_doors(&self, direction: Direction) -> Mend {
        let doors = self.doors(direction);
        let halves: Vec<_> = [
            ("usersAndGroups", &doors.users, Named::AllUsers),
            ("applications", &doors.applications, Named::AllApplications),
        ]
        .into_iter()
        .filter(|(_, door, _)| door.opening == Opening::Nobody)
        .map(|(half, _, all)| {
            let list = TargetConfiguration::all(AccessType::Allowed, all);
            (half, json!(list))
        })
        .collect();
        let part = part_name(direction, Channel::Collaboration);
        mend::set(self.partner, self.has_entry, part, &halves)
    }
}

fn flag(value: Option<bool>) -> String {
    match value {
        Some(true) => "true",
        Some(false) => "false",
        None => "not set",
    }
    .to_owned()
}
