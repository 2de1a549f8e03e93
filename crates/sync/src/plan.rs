//! What a pair does next: a pure reading of the source's snapshot.
//!
//! Ids come from three places, in this order: failed users that are due, the scan if one is under
//! way, the feed. Each is reconciled by [`Look`]. A plan reads a bounded number of users, so
//! it may come back with nothing to send and a new position; the pair then asks again.
//!
//! Before a scan its users are counted: those in scope, for the admin to see, and those whom the scan
//! would remove, for the [guard](mod@crate::guard) to decide about all of them at once.

use std::collections::BTreeMap;

use directory::users::ScannedUser;
use store::ReadTx;
use types::trace::{Mend, Step, Trace};
use types::{Id, Result, TenantId, Timestamp, kind};

use crate::groups::{self, Work};
use crate::guard::{self, Removals};
use crate::jobs;
use crate::links::{self, Link, Loss, There};
use crate::look::{LOOK_MAX, Look};
use crate::pair::{self, Pair, Phase, Position, Stage};
use crate::sharing::{self, InForce, Scope};
use crate::wire::Item;
use crate::{BATCH_USERS_MAX, schema};

/// Users whose removal was let through that one plan looks at.
const LET_THROUGH_MAX: usize = BATCH_USERS_MAX / 2;
/// Failed users that one plan tries again, so that they don't keep others waiting.
const RETRIES_MAX: usize = BATCH_USERS_MAX / 4;

/// What a pair does next.
#[derive(Debug)]
pub enum Next {
    /// The two tenants aren't in one organization (any more), and no job governs the pair.
    Over,
    /// The admin has paused it.
    Paused,
    /// A setting of this tenant stands in the way.
    Blocked(Trace),
    /// Users in scope were counted; nothing else may be done before that.
    Counted(Position),
    /// Everything is there, up to this position.
    Idle {
        /// Where the pair stands.
        position: Position,
        /// When to look again without a change: a retry or the end of a sharing.
        wake_at: Option<Timestamp>,
    },
    /// Nothing to send among the users looked at; go on from here.
    Moved(Position),
    /// Send this.
    Send {
        /// The batch.
        items: Vec<Planned>,
        /// What it has about groups.
        work: Work,
        /// Where the pair stands once it is settled.
        position: Position,
    },
}

impl Next {
    /// The position that it leads to.
    pub(crate) const fn position(&self) -> Option<&Position> {
        match self {
            Self::Over | Self::Paused | Self::Blocked(_) => None,
            Self::Counted(position)
            | Self::Moved(position)
            | Self::Idle { position, .. }
            | Self::Send { position, .. } => Some(position),
        }
    }
}

/// One item, with what its settlement needs.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What is sent; `None` only drops the link of a user that concerns the target no more.
    pub item: Option<Item>,
    /// The user.
    pub user_id: Id<kind::User>,
    /// The digest of the state that is sent.
    pub digest: Option<[u8; 16]>,
    /// For the log.
    pub display_name: String,
    /// Why the user can't be mapped by the pair's schema: a code and words. Nothing is sent then.
    pub failed: Option<(String, String)>,
    /// What the user would lose by it.
    pub(crate) removal: Option<Removal>,
}

/// A deletion or a disabling that is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Removal {
    pub(crate) loss: Loss,
    /// Whether it is counted against the guard's thresholds.
    pub(crate) counts: bool,
    /// Whether it waits instead.
    pub(crate) waits: bool,
}

/// This tenant's own settings on the way of a pair. A job needs no organization.
pub fn outbound(tx: &ReadTx<'_>, target: TenantId) -> Result<Trace> {
    let mut trace = Trace::new();
    let membership = membership(tx, target)?;
    if membership.allowed || !jobs::governs(tx, target)? {
        trace.step(membership);
    }
    if trace.allowed {
        trace.join(access::outbound_sync(tx, target)?);
    }
    Ok(trace)
}

/// Whether this tenant is active in one organization with another.
pub fn membership(tx: &ReadTx<'_>, other: TenantId) -> Result<Step> {
    let together = organization::is_active_with(tx, other)?;
    Ok(Step {
        tenant_id: tx.tenant(),
        setting: format!("multiTenantOrganization.tenants/{other}.state"),
        value: if together {
            "active".into()
        } else {
            "none".into()
        },
        allowed: together,
        code: None,
        reason: if together {
            "Both tenants are active in the same multi-tenant organization.".into()
        } else {
            "The tenants aren't active in the same multi-tenant organization.".into()
        },
        mend: (!together).then(|| Mend {
            method: "POST".into(),
            path: "/v1.0/tenantRelationships/multiTenantOrganization/tenants".into(),
            body: serde_json::json!({"tenantId": other, "displayName": "…"}),
        }),
    })
}

/// What digests of the pair with a target are made with.
pub(crate) fn epoch(tx: &ReadTx<'_>, target: TenantId) -> Result<u64> {
    Ok(pair::get(tx, target)?.map_or(0, |pair| pair.epoch))
}

/// A pair that may go on.
struct Free {
    pair: Pair,
    scope: InForce,
    position: Position,
}

/// What comes before anything is looked at or sent: the end, a count, what holds the pair up in its
/// own tenant. `None` if the way is free.
pub(crate) fn before(
    tx: &ReadTx<'_>,
    target: TenantId,
    position: &Position,
) -> Result<Option<Next>> {
    Ok(gate(tx, target, position)?.err())
}

fn gate(
    tx: &ReadTx<'_>,
    target: TenantId,
    position: &Position,
) -> Result<std::result::Result<Free, Next>> {
    let Some(pair) = active(tx, target)? else {
        return Ok(Err(Next::Over));
    };
    let mut scope = jobs::scope::of(tx, target)?;
    scope.key = pair.scope_key(scope.key);
    let mut position = position.clone();
    if position.scope_key != scope.key {
        position = start_scan(tx, &scope, guard::at_start(&pair, &position))?;
    }
    if position.phase == Phase::Count {
        // Also while it is held up, so that the admin sees how many it is about.
        count(tx, &pair, &scope, &mut position)?;
        return Ok(Err(Next::Counted(position)));
    }
    if pair.paused {
        return Ok(Err(Next::Paused));
    }
    let outbound = outbound(tx, target)?;
    if !outbound.allowed {
        return Ok(Err(Next::Blocked(outbound)));
    }
    Ok(Ok(Free {
        pair,
        scope,
        position,
    }))
}

fn active(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<Pair>> {
    if !jobs::is_due(tx, target)? {
        return Ok(None);
    }
    let goes = |pair: &Pair| matches!(pair.stage, Stage::New | Stage::Running);
    Ok(pair::get(tx, target)?.filter(goes))
}

/// Works out what comes after `position`. `retries`: whether failed users that are due are looked
/// at; not while a batch that may have some of them isn't settled.
pub(crate) fn next(
    tx: &ReadTx<'_>,
    target: TenantId,
    position: &Position,
    retries: bool,
) -> Result<Next> {
    let Free {
        pair,
        scope,
        mut position,
    } = match gate(tx, target, position)? {
        Ok(free) => free,
        Err(next) => return Ok(next),
    };
    let stance = guard::stance(&pair, &scope, &position);
    let mut look = Look::new(tx, &pair, scope, stance);
    if retries {
        if pair.allowances > 0 {
            for user in links::let_through(tx, target, pair.allowances, LET_THROUGH_MAX)? {
                look.at(user)?;
            }
        }
        for user in links::due(tx, target, RETRIES_MAX)? {
            look.at(user)?;
        }
        if pair.has_groups {
            look.groups_due()?;
        }
    }
    match position.phase {
        Phase::Scan => look.scan(&mut position)?,
        Phase::Groups => look.scan_groups(&mut position)?,
        Phase::Follow | Phase::Count => look.feed(&mut position)?,
    }
    if retries && pair.has_groups {
        look.fill()?;
    }
    let idle = position.phase == Phase::Follow && position.feed_seq >= tx.head()?;
    let (items, work, scope) = look.into_items()?;
    if !items.is_empty() || !work.is_empty() {
        return Ok(Next::Send {
            items,
            work,
            position,
        });
    }
    if !idle {
        return Ok(Next::Moved(position));
    }
    let groups_due = if pair.has_groups {
        groups::links::next_due(tx, target)?
    } else {
        None
    };
    let wake_at = [links::next_due(tx, target)?, groups_due, scope.ends_at]
        .into_iter()
        .flatten()
        .min();
    Ok(Next::Idle { position, wake_at })
}

pub(crate) fn start_scan(tx: &ReadTx<'_>, scope: &InForce, removals: Removals) -> Result<Position> {
    Ok(Position {
        feed_seq: tx.head()?,
        phase: Phase::Count,
        after: None,
        left: directory::users::count_all(tx)?,
        in_scope: 0,
        scope_key: scope.key.clone(),
        removals,
        leaving: 0,
    })
}

/// Counts the users in scope among the next ones, and those whom the scan would remove; at the end
/// the scan begins.
fn count(tx: &ReadTx<'_>, pair: &Pair, scope: &InForce, position: &mut Position) -> Result<()> {
    let is_end = if scope.scope() == Scope::None {
        position.leaving = links::count_there(tx, pair.target)?;
        true
    } else {
        count_page(tx, pair, scope, position)?
    };
    if is_end {
        position.phase = Phase::Scan;
        position.after = None;
        position.left = directory::users::count_all(tx)?;
        if position.removals == Removals::Ask {
            position.removals = guard::foresee(tx, pair, position.leaving)?;
        }
    }
    Ok(())
}

/// Whether the target is to be told that an account is disabled, at home or by a mapping.
fn would_be_disabled(
    tx: &ReadTx<'_>,
    pair: &Pair,
    scope: &InForce,
    user: &ScannedUser,
) -> Result<bool> {
    if !user.account_enabled || scope.schema.is_none() {
        return Ok(!user.account_enabled);
    }
    let properties = user.properties()?;
    let mapped = schema::map(tx, scope, user, properties, There::Synced, pair.epoch)?;
    Ok(mapped.is_ok_and(|mapped| !mapped.user.account_enabled))
}

fn count_page(
    tx: &ReadTx<'_>,
    pair: &Pair,
    scope: &InForce,
    position: &mut Position,
) -> Result<bool> {
    let users = directory::users::scan(tx, position.after, LOOK_MAX)?;
    let is_end = users.len() < LOOK_MAX;
    let through = users.last().map(|user| user.id).filter(|_| !is_end);
    let links = links::range(tx, pair.target, position.after, through, 2 * LOOK_MAX)?;
    let mut links: BTreeMap<Id<kind::User>, Link> = links
        .into_iter()
        .filter(|link| link.there == There::Synced)
        .map(|link| (link.user_id, link))
        .collect();
    for user in &users {
        let link = links.remove(&user.id);
        let may_count = sharing::is_eligible(user) && (user.account_enabled || link.is_some());
        let is_wanted = may_count && scope.contains(tx, user)?;
        let stays =
            link.is_some() && schema::leaves_alone(scope, Some(user), is_wanted, There::Synced)?;
        position.in_scope += u64::from(is_wanted && user.account_enabled);
        let Some(link) = link.filter(|_| !stays) else {
            continue;
        };
        let is_lost =
            !is_wanted || (link.enabled == Some(true) && would_be_disabled(tx, pair, scope, user)?);
        position.leaving += u64::from(is_lost);
    }
    // The rest are of users that are gone for good.
    position.leaving += links.len() as u64;
    position.left = position.left.saturating_sub(users.len() as u64);
    position.after = users.last().map(|user| user.id).or(position.after);
    Ok(is_end)
}
