//! What would mend a step: a change of one setting of one tenant towards another.
//!
//! It is named, not written out: the tenant that carries it out makes it of what it has set, so
//! that a request can't smuggle in anything else.

use access::Direction;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{ReadTx, Tx};
use sync::outlook::outlooks;
use sync::sharing::{self, Scope, Sharing};
use types::trace::Step;
use types::{Result, TenantId};

/// A change of one setting; in the order of the steps that they mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// Automatic redemption for users who go there.
    ConsentOutbound,
    /// Share everybody with the other tenant.
    Share,
    /// Go on with a pair that is paused.
    Resume,
    /// Users from there may be synced in.
    AllowSync,
    /// Automatic redemption for users from there.
    ConsentInbound,
    /// Let users go there, as B2B users.
    OpenOutbound,
    /// Let users from there in, as B2B users.
    OpenInbound,
}

impl Change {
    /// Whether it is of the sharing, not of the policy.
    pub const fn is_of_sharing(self) -> bool {
        matches!(self, Self::Share | Self::Resume)
    }

    /// The step of this tenant that it would mend, as it stands now.
    fn step(self, tx: &ReadTx<'_>, partner: TenantId) -> Result<Option<Step>> {
        let tenant = tx.tenant();
        let stance = access::Rules::load(tx, partner)?.stance();
        let first = |steps: Vec<Step>| steps.into_iter().next();
        Ok(match self {
            Self::Share | Self::Resume => {
                let outlook = outlooks(tx, &[partner])?.into_iter().next();
                outlook.map(|(outlook, _)| {
                    let [shared, paused] = outlook.steps(tenant, partner);
                    if self == Self::Share { shared } else { paused }
                })
            }
            Self::ConsentOutbound => first(stance.sync_steps(tenant, Direction::Outbound)),
            Self::ConsentInbound => stance
                .sync_steps(tenant, Direction::Inbound)
                .into_iter()
                .next_back(),
            Self::AllowSync => first(stance.sync_steps(tenant, Direction::Inbound)),
            Self::OpenOutbound | Self::OpenInbound => {
                let direction = if self == Self::OpenInbound {
                    Direction::Inbound
                } else {
                    Direction::Outbound
                };
                let steps = stance.sign_in_steps(tenant, direction);
                steps
                    .into_iter()
                    .map(|(step, _)| step)
                    .find(|step| !step.allowed)
            }
        })
    }

    /// What it would change in this tenant, for the admin who decides; `None` if nothing.
    pub fn preview(self, tx: &ReadTx<'_>, partner: TenantId) -> Result<Option<Value>> {
        let step = self.step(tx, partner)?;
        Ok(step
            .filter(|step| !step.allowed)
            .map(|step| self.shown(&step)))
    }

    /// What it would change, by the step that it mends.
    pub fn shown(self, step: &Step) -> Value {
        json!({
            "tenantId": step.tenant_id,
            "setting": step.setting,
            "from": step.value,
            "to": self.outcome(),
            "mend": step.mend,
        })
    }

    /// The value that the setting gets, in words.
    const fn outcome(self) -> &'static str {
        match self {
            Self::Share => "all",
            Self::Resume => "active",
            Self::ConsentOutbound | Self::ConsentInbound | Self::AllowSync => "true",
            Self::OpenOutbound | Self::OpenInbound => "allowed: all",
        }
    }

    /// Carries it out in this tenant. Where it has been done already nothing happens.
    pub fn apply(self, tx: &mut Tx<'_>, partner: TenantId) -> Result<()> {
        match self {
            Self::Share => {
                let (entry, _) = sharing::of(tx, partner)?;
                if entry.in_force(tx.now())?.scope() != Scope::None {
                    return Ok(());
                }
                let all = Sharing {
                    scope: Scope::All,
                    ..Sharing::nobody()
                };
                sharing::put(tx, Some(partner), &all)
            }
            Self::Resume => sync::status::set_paused(tx, partner, false),
            Self::ConsentOutbound => access::mend_consent(tx, partner, Direction::Outbound),
            Self::ConsentInbound => access::mend_consent(tx, partner, Direction::Inbound),
            Self::AllowSync => access::mend_sync(tx, partner),
            Self::OpenOutbound => access::mend_doors(tx, partner, Direction::Outbound),
            Self::OpenInbound => access::mend_doors(tx, partner, Direction::Inbound),
        }
    }
}
