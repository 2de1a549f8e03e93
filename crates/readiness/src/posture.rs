//! A tenant's posture: its stance and its outlook towards every other active member.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use access::{Rules, Stance};
use serde::{Deserialize, Serialize};
use store::ReadTx;
use sync::outlook::{Counts, Outlook, outlooks};
use types::{Error, Result, TenantId, Timestamp};

/// The question that crosses the border.
pub const QUERY: &str = "readiness.posture";
/// Changes of the feed that an answer looks through; behind more of them all is told anew.
const LOOK_MAX: usize = 512;

/// Its body.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Question {
    /// The place in the feed that the asker knows the posture of.
    pub since: Option<u64>,
}

/// What a tenant has set towards another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Towards {
    /// Of its policy.
    pub stance: Stance,
    /// Of its sharing.
    pub outlook: Outlook,
}

/// The answer: what is new, as of a place in the feed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The place in the feed.
    pub seq: u64,
    /// Whether it is all there is, not only what has changed.
    pub whole: bool,
    /// What is told.
    pub towards: Vec<Towards>,
    /// How many users are where, of the pairs that concern the asker.
    pub counts: Vec<(TenantId, Counts)>,
}

/// A posture as it is known to its readers.
#[derive(Debug, Clone)]
pub struct Posture {
    /// As of this place in the feed of its tenant.
    pub seq: u64,
    /// By the other tenant.
    pub towards: Arc<BTreeMap<TenantId, Towards>>,
}

impl Posture {
    /// What is known after an answer; `None` if it only tells what is new and nothing was known.
    pub fn after(known: Option<&Self>, answer: &Answer) -> Option<Self> {
        let mut towards = match known {
            _ if answer.whole => Arc::default(),
            Some(known) => Arc::clone(&known.towards),
            None => return None,
        };
        if !answer.towards.is_empty() {
            let towards = Arc::make_mut(&mut towards);
            for told in &answer.towards {
                towards.insert(told.stance.partner, told.clone());
            }
        }
        Some(Self {
            seq: answer.seq,
            towards,
        })
    }

    /// Whether it has to be asked for as a whole: time alone has changed something.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.towards
            .values()
            .any(|towards| towards.outlook.is_over(now))
    }
}

/// What this tenant tells `asker`, a member of its organization; to itself (`None`) all counts.
pub fn tell(tx: &ReadTx<'_>, asker: Option<TenantId>, question: Question) -> Result<Answer> {
    if let Some(asker) = asker
        && !organization::is_active_with(tx, asker)?
    {
        return Err(Error::forbidden(
            "The tenants aren't active in the same multi-tenant organization.",
        ));
    }
    let members = organization::active_members(tx)?;
    let changed = match question.since {
        Some(since) => changed(tx, since)?,
        None => None,
    };
    let told: Vec<TenantId> = match &changed {
        Some(changed) => members
            .iter()
            .copied()
            .filter(|member| changed.contains(member))
            .collect(),
        None => members.clone(),
    };
    let counted: Vec<TenantId> = match asker {
        Some(asker) => vec![asker],
        None => members,
    };
    let mut looked: Vec<TenantId> = told.iter().chain(&counted).copied().collect();
    looked.sort_unstable();
    looked.dedup();
    let outlooks: BTreeMap<TenantId, (Outlook, Option<Counts>)> =
        looked.iter().copied().zip(outlooks(tx, &looked)?).collect();
    let counts = counted
        .iter()
        .filter_map(|target| Some((*target, outlooks.get(target)?.1?)))
        .collect();
    let rules = match told.as_slice() {
        [] => Vec::new(),
        told => Rules::load_each(tx, told)?,
    };
    let towards = rules
        .iter()
        .zip(&told)
        .filter_map(|(rules, target)| {
            Some(Towards {
                stance: rules.stance(),
                outlook: outlooks.get(target)?.0,
            })
        })
        .collect();
    Ok(Answer {
        seq: tx.head()?,
        whole: changed.is_none(),
        towards,
        counts,
    })
}

/// Towards whom something has changed; `None` if that may be everybody.
fn changed(tx: &ReadTx<'_>, since: u64) -> Result<Option<BTreeSet<TenantId>>> {
    let head = tx.head()?;
    if since > head || head - since > LOOK_MAX as u64 {
        return Ok(None);
    }
    let changes = match tx.changes(since, LOOK_MAX) {
        Ok(changes) => changes,
        Err(Error::Gone { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut changed = BTreeSet::new();
    for change in changes {
        match change.kind.as_str() {
            "crossTenantAccessPolicyConfigurationPartner" => {
                changed.insert(TenantId::new(change.object));
            }
            "userSharing" if !change.object.is_nil() => {
                changed.insert(TenantId::new(change.object));
            }
            "userSharing" | "crossTenantAccessPolicy" | "multiTenantOrganization" => {
                return Ok(None);
            }
            _ => {}
        }
    }
    Ok(Some(changed))
}
