//! The matrix: every ordered pair of active tenants and each action, from the postures of all.
//!
//! Pairs are worked out one by one while they are written, so that an answer about thousands of
//! them is held once, as text.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::{Direction, Opening};
use serde::ser::{Serialize, Serializer};
use sync::outlook::Counts;
use types::trace::Step;
use types::{Error, Result, TenantId};

use crate::change::Change;
use crate::posture::{Posture, Towards};

/// What is to work between two tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Users of the one are synced to the other.
    Sync,
    /// Users of the one sign in to the other.
    Signin,
}

impl Action {
    /// Those that exist.
    pub const ALL: [Self; 2] = [Self::Sync, Self::Signin];

    /// The API's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Signin => "signin",
        }
    }
    /// Reads the API's word.
    pub fn parse(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|action| action.as_str() == text)
            .ok_or_else(|| {
                Error::invalid(
                    "action",
                    format!(
                        "'{text}' isn't an action that this version knows: use sync or signin."
                    ),
                )
            })
    }
}

/// Whether it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Nothing stands in the way.
    Ready,
    /// A setting stands in the way of everybody.
    Blocked,
    /// It works for some: a list lets only some pass, or some users fail.
    Partial,
}

impl State {
    /// The API's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Blocked => "blocked",
            Self::Partial => "partial",
        }
    }
}

/// What is known of all active tenants of an organization, as one of them may see it.
#[derive(Debug)]
pub struct Matrix {
    /// Those that couldn't be asked have none.
    postures: BTreeMap<TenantId, Option<Arc<Posture>>>,
    counts: BTreeMap<(TenantId, TenantId), Counts>,
}

/// One pair and action.
#[derive(Debug, Clone)]
pub struct Pair {
    matrix: Arc<Matrix>,
    /// From which tenant.
    pub from: TenantId,
    /// To which tenant.
    pub to: TenantId,
    /// What.
    pub action: Action,
}

/// A step, and what would mend it.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The step.
    pub step: Step,
    /// What would mend it, if it refuses.
    pub change: Option<Change>,
}

/// How a pair stands.
#[derive(Debug, Clone)]
pub struct Stand {
    /// Whether it works.
    pub state: State,
    /// How many users are where, where the caller may know.
    pub counts: Option<Counts>,
    /// All that was asked, at home first.
    pub steps: Vec<Looked>,
}

impl Matrix {
    /// A matrix of what was told.
    pub fn new(
        postures: BTreeMap<TenantId, Option<Arc<Posture>>>,
        counts: BTreeMap<(TenantId, TenantId), Counts>,
    ) -> Self {
        Self { postures, counts }
    }

    /// Every ordered pair and action.
    pub fn pairs(self: &Arc<Self>) -> Vec<Pair> {
        let tenants = self.postures.keys().copied();
        let mut pairs = Vec::new();
        for from in tenants.clone() {
            for to in tenants.clone().filter(|to| *to != from) {
                for action in Action::ALL {
                    pairs.push(self.pair(from, to, action));
                }
            }
        }
        pairs
    }

    /// One pair and action.
    pub fn pair(self: &Arc<Self>, from: TenantId, to: TenantId, action: Action) -> Pair {
        Pair {
            matrix: Arc::clone(self),
            from,
            to,
            action,
        }
    }

    /// What `of` has set towards another, as far as that is known.
    fn towards(&self, of: TenantId, other: TenantId) -> Option<&Towards> {
        let posture = self.postures.get(&of)?.as_deref()?;
        posture.towards.get(&other)
    }

    /// Why [`Matrix::towards`] isn't known.
    fn unknown(&self, of: TenantId, other: TenantId) -> Looked {
        let is_told = matches!(self.postures.get(&of), Some(Some(_)));
        let (value, reason) = if is_told {
            (
                "unknown",
                format!("Tenant {of} doesn't know yet that tenant {other} is active."),
            )
        } else {
            (
                "unreachable",
                format!("Tenant {of} can't be asked now. Try again later."),
            )
        };
        Looked {
            step: Step {
                tenant_id: of,
                setting: format!("multiTenantOrganization.tenants/{other}.state"),
                value: value.into(),
                allowed: false,
                code: None,
                reason,
                mend: None,
            },
            change: None,
        }
    }
}

impl Pair {
    /// How it stands.
    pub fn stand(&self) -> Stand {
        let (from, to) = (self.from, self.to);
        let mut steps = Vec::with_capacity(6);
        let mut for_some = false;
        let mut look = |step: Step, change: Change| {
            let change = (!step.allowed).then_some(change);
            steps.push(Looked { step, change });
        };
        let home = self.matrix.towards(from, to);
        let target = self.matrix.towards(to, from);
        let mut unknown = Vec::new();
        match (home, self.action) {
            (Some(home), Action::Sync) => {
                for step in home.stance.sync_steps(from, Direction::Outbound) {
                    look(step, Change::ConsentOutbound);
                }
                let [shared, paused] = home.outlook.steps(from, to);
                look(shared, Change::Share);
                look(paused, Change::Resume);
            }
            (Some(home), Action::Signin) => {
                for (step, opening) in home.stance.sign_in_steps(from, Direction::Outbound) {
                    for_some |= opening == Opening::Some;
                    look(step, Change::OpenOutbound);
                }
            }
            (None, _) => unknown.push(self.matrix.unknown(from, to)),
        }
        match (target, self.action) {
            (Some(target), Action::Sync) => {
                let settings = target.stance.sync_steps(to, Direction::Inbound);
                let changes = [Change::AllowSync, Change::ConsentInbound];
                for (step, change) in settings.into_iter().zip(changes) {
                    look(step, change);
                }
            }
            (Some(target), Action::Signin) => {
                for (step, opening) in target.stance.sign_in_steps(to, Direction::Inbound) {
                    for_some |= opening == Opening::Some;
                    look(step, Change::OpenInbound);
                }
            }
            (None, _) => unknown.push(self.matrix.unknown(to, from)),
        }
        steps.extend(unknown);
        let counts = match self.action {
            Action::Sync => self.matrix.counts.get(&(from, to)).copied(),
            Action::Signin => None,
        };
        let state = if steps.iter().any(|looked| !looked.step.allowed) {
            State::Blocked
        } else if for_some || counts.is_some_and(|counts| counts.failed > 0) {
            State::Partial
        } else {
            State::Ready
        };
        Stand {
            state,
            counts,
            steps,
        }
    }
}

#[derive(serde::Serialize)]
struct Shown<'a> {
    from: TenantId,
    to: TenantId,
    action: Action,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    steps: Vec<&'a Step>,
}

impl Serialize for Pair {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stand = self.stand();
        // What works needs no explanation here; `explain` gives it.
        let steps = match stand.state {
            State::Ready => Vec::new(),
            _ => stand.steps.iter().map(|looked| &looked.step).collect(),
        };
        Shown {
            from: self.from,
            to: self.to,
            action: self.action,
            state: stand.state,
            counts: stand.counts,
            steps,
        }
        .serialize(serializer)
    }
}
