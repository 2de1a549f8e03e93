//! From the feed to the queues: each change is matched once against all subscriptions of its tenant.
//!
//! Looking is a read; only what has to be written down takes the writer. A plan is carried out if the
//! position is still the one that it was made from, so that two workers can't queue anything twice.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use store::{ChangeRow, Op, ReadTx, Tx, params};
use types::{Error, Id, Result, Timestamp, kind};
use uuid::Uuid;

use crate::model::Delegate;
use crate::queue::{self, Key, Lane};
use crate::resource::{ChangeTypes, Kind, Resource, Told};
use crate::{PENDING_MAX, records};

const BEGIN: &str = "INSERT INTO subscription_scan (tenant_id, seq) VALUES (?1, ?2) \
    ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq";
const POSITION: &str = "SELECT seq FROM subscription_scan WHERE tenant_id = ?1";
const LIVE: &str = "SELECT id, creator_id, path, change_types, since, expires_at, user_id, \
    user_generation FROM subscriptions WHERE tenant_id = ?1 AND removed_at IS NULL";
const DUE: &str = "SELECT min(expires_at), min(reauthorize_at) FROM subscriptions \
    WHERE tenant_id = ?1 AND removed_at IS NULL";
const EXPIRED: &str = "SELECT id FROM subscriptions WHERE tenant_id = ?1 AND removed_at IS NULL \
    AND expires_at <= ?2 ORDER BY id LIMIT ?3";
const CHALLENGED: &str = "SELECT id, expires_at FROM subscriptions WHERE tenant_id = ?1 \
    AND removed_at IS NULL AND reauthorize_at <= ?2 AND expires_at > ?2 ORDER BY id LIMIT ?3";

/// Changes that are looked at in one step.
const STEP: usize = 500;
/// Subscriptions that end, or are asked whether they should, in one transaction.
const AT_ONCE: usize = 100;
/// A position that moved by this much without anything to tell is written down.
const POSITION_KEPT_EVERY: u64 = 1_024;

/// How a tenant's subscriptions stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stand {
    pub(crate) live: u64,
    pub(crate) position: u64,
    pub(crate) head: u64,
    /// When the next one ends or is asked.
    pub(crate) due: Option<Timestamp>,
    pub(crate) now: Timestamp,
}

/// What one step found.
pub(crate) struct Plan {
    from: u64,
    pub(crate) upto: u64,
    pub(crate) is_last: bool,
    told: BTreeMap<Uuid, Vec<(u64, String)>>,
    /// Service principals and people whose rights may have changed.
    principals: BTreeSet<Uuid>,
    /// Whether anybody's may have in whose name a client has subscribed.
    delegates: bool,
    /// The feed doesn't reach back so far: everybody missed something.
    is_gone: bool,
}

impl Plan {
    /// Whether there is something to write down. The position by itself is, now and then.
    pub(crate) fn has_effect(&self, kept: u64) -> bool {
        self.is_gone
            || !self.told.is_empty()
            || !self.principals.is_empty()
            || self.delegates
            || self.upto.saturating_sub(kept) >= POSITION_KEPT_EVERY
    }
}

/// What became of a plan.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) lanes: Vec<Key>,
    pub(crate) queued: u64,
    pub(crate) dropped: u64,
}

/// A change, as it waits to be told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Note {
    pub(crate) change_type: String,
    /// Whether it is about a group; else about a user.
    pub(crate) group: bool,
    pub(crate) object: Uuid,
    pub(crate) at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) relation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other: Option<Uuid>,
    #[serde(default)]
    pub(crate) removed: bool,
}

/// Begins to look at the feed behind a position.
pub(crate) fn begin(tx: &mut Tx<'_>, seq: u64) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(BEGIN, params![&tenant, seq])
        .map(drop)
}

/// How a tenant's subscriptions stand.
pub(crate) fn stand(tx: &ReadTx<'_>) -> Result<Stand> {
    let live = records::live(tx)?;
    let mut stand = Stand {
        live,
        position: position(tx)?,
        head: 0,
        due: None,
        now: tx.now(),
    };
    if live > 0 {
        stand.head = tx.head()?;
        let due = tx.query_one(DUE, params![&tx.tenant()], |row| {
            Ok([row.opt_timestamp(0)?, row.opt_timestamp(1)?])
        })?;
        stand.due = due.into_iter().flatten().flatten().min();
    }
    Ok(stand)
}

fn position(tx: &ReadTx<'_>) -> Result<u64> {
    let found = tx.query_one(POSITION, params![&tx.tenant()], |row| row.count(0))?;
    Ok(found.unwrap_or(0))
}

struct Live {
    id: Uuid,
    creator: Uuid,
    resource: Resource,
    change_types: ChangeTypes,
    since: u64,
    expires_at: Timestamp,
    delegate: Option<Delegate>,
}

/// Whether a change may take rights from people whom it doesn't name.
fn is_of_rights(change: &ChangeRow) -> bool {
    matches!(
        change.kind.as_str(),
        "roleAssignment"
            | "scopedRoleAssignment"
            | "directoryRole"
            | "oauth2PermissionGrant"
            | "groupMember"
            | "group"
    ) && change.op != Op::Created
        || matches!(
            change.kind.as_str(),
            "authorizationPolicy" | "roleDefinition"
        )
}

fn live(tx: &ReadTx<'_>) -> Result<Vec<Live>> {
    tx.query(LIVE, params![&tx.tenant()], |row| {
        Ok(Live {
            id: row.uuid(0)?,
            creator: row.uuid(1)?,
            resource: row.text(2)?.parse()?,
            change_types: ChangeTypes::of_bits(row.int(3)?),
            since: row.count(4)?,
            expires_at: row.timestamp(5)?,
            delegate: match (row.opt_id(6)?, row.opt_int(7)?) {
                (Some(user), Some(generation)) => Some(Delegate {
                    user,
                    generation: u64::try_from(generation).map_err(Error::internal)?,
                }),
                _ => None,
            },
        })
    })
}

/// Looks at the changes behind a position.
pub(crate) fn plan(tx: &ReadTx<'_>, from: u64) -> Result<Plan> {
    let mut plan = Plan {
        from: position(tx)?,
        upto: from,
        is_last: true,
        told: BTreeMap::new(),
        principals: BTreeSet::new(),
        delegates: false,
        is_gone: false,
    };
    let changes = match tx.changes(from, STEP) {
        Ok(changes) => changes,
        Err(Error::Gone { .. }) => {
            plan.is_gone = true;
            plan.upto = tx.head()?;
            return Ok(plan);
        }
        Err(error) => return Err(error),
    };
    plan.is_last = changes.len() < STEP;
    let subscriptions = live(tx)?;
    let mut creators: BTreeSet<Uuid> = subscriptions.iter().map(|it| it.creator).collect();
    let users = subscriptions.iter().filter_map(|it| it.delegate);
    creators.extend(users.map(|delegate| delegate.user.uuid()));
    let has_delegates = subscriptions.iter().any(|it| it.delegate.is_some());
    for change in changes {
        plan.upto = change.seq;
        let principal = match change.kind.as_str() {
            "appRoleAssignment" if change.op != Op::Created => change.related,
            "servicePrincipal" | "user" | "tokenRevocation" => Some(change.object),
            _ => None,
        };
        plan.principals
            .extend(principal.filter(|principal| creators.contains(principal)));
        plan.delegates |= has_delegates && is_of_rights(&change);
        for it in &subscriptions {
            if change.seq <= it.since || change.at >= it.expires_at {
                continue;
            }
            if let Some(told) = it.resource.told(it.change_types, &change) {
                let body = serde_json::to_string(&note(told, &change)).map_err(Error::internal)?;
                plan.told.entry(it.id).or_default().push((change.seq, body));
            }
        }
    }
    Ok(plan)
}

fn note(told: Told, change: &ChangeRow) -> Note {
    Note {
        change_type: told.change_type.to_owned(),
        group: told.kind == Kind::Group,
        object: told.object,
        at: change.at,
        relation: told.link.map(|link| link.relation.to_owned()),
        other: told.link.map(|link| link.other),
        removed: told.link.is_some_and(|link| link.removed),
    }
}

/// Writes down what a step found.
pub(crate) fn carry_out(tx: &mut Tx<'_>, plan: Plan) -> Result<Done> {
    if position(tx)? != plan.from {
        return Err(Error::unavailable(
            "Somebody else looks through this tenant's feed.",
            1,
        ));
    }
    let mut done = Done::default();
    if plan.is_gone {
        for it in live(tx)? {
            done.dropped += queue::clear(tx, it.id, Lane::Changes)?;
            tell_missed(tx, it.id, &mut done)?;
        }
    }
    let subscriptions = live(tx)?;
    for it in &subscriptions {
        let Some(told) = plan.told.get(&it.id) else {
            continue;
        };
        let key = Key {
            subscription: it.id,
            lane: Lane::Changes,
        };
        let (pending, _) = queue::stand(tx, key)?;
        if pending + told.len() as u64 > PENDING_MAX {
            done.dropped += queue::clear(tx, it.id, Lane::Changes)? + told.len() as u64;
            tell_missed(tx, it.id, &mut done)?;
            continue;
        }
        for (seq, body) in told {
            queue::push(tx, key, *seq, body)?;
        }
        queue::grow(tx, key, told.len() as u64)?;
        done.queued += told.len() as u64;
        done.lanes.push(key);
    }
    for it in &subscriptions {
        let creator: Id<kind::ServicePrincipal> = Id::new(it.creator);
        let is_concerned = plan.principals.contains(&it.creator)
            || it.delegate.is_some_and(|delegate| {
                plan.delegates || plan.principals.contains(&delegate.user.uuid())
            });
        if is_concerned && !records::may(tx, creator, it.delegate, it.resource)? {
            done.lanes.extend(records::revoke(tx, it.id)?);
        }
    }
    begin(tx, plan.upto)?;
    Ok(done)
}

fn tell_missed(tx: &mut Tx<'_>, subscription: Uuid, done: &mut Done) -> Result<()> {
    if queue::missed(tx, subscription)? {
        done.lanes.push(Key {
            subscription,
            lane: Lane::Lifecycle,
        });
    }
    Ok(())
}

/// Ends what is over, and asks those whose end is near; answers the lanes that have something to
/// tell, and whether there is more.
pub(crate) fn tick(tx: &mut Tx<'_>) -> Result<(Vec<Key>, bool)> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let expired = tx.query(EXPIRED, params![&tenant, now, AT_ONCE], |row| row.uuid(0))?;
    for id in &expired {
        records::forget(tx, *id)?;
    }
    let challenged = tx.query(CHALLENGED, params![&tenant, now, AT_ONCE], |row| {
        Ok((row.uuid(0)?, row.timestamp(1)?))
    })?;
    let mut lanes = Vec::new();
    for (id, expires_at) in &challenged {
        records::set_challenge(tx, *id, records::next_challenge(now, *expires_at))?;
        lanes.push(queue::lifecycle(tx, *id, "reauthorizationRequired")?);
    }
    Ok((
        lanes,
        expired.len() == AT_ONCE || challenged.len() == AT_ONCE,
    ))
}
