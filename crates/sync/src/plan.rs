//! What a pair does next: a pure reading of the source's snapshot.
//!
//! Ids come from three places, in this order: failed users that are due, the scan if one is under
//! way, the feed. Each is reconciled by [`reconcile`]. A plan reads a bounded number of users, so
//! it may come back with nothing to send and a new position; the pair then asks again.

use std::collections::BTreeSet;

use directory::users::ScannedUser;
use store::{Op, ReadTx};
use types::trace::{Mend, Step, Trace};
use types::{Error, Id, Result, TenantId, Timestamp, kind};

use crate::links::{self, Link, There};
use crate::pair::{self, Pair, Phase, Position, Stage};
use crate::sharing::{self, InForce, Scope};
use crate::wire::Item;
use crate::{BATCH_USERS_MAX, schema};

/// Users that one plan looks at, at most.
const LOOK_MAX: usize = 4 * BATCH_USERS_MAX;
/// Failed users that one plan tries again, so that they don't keep others waiting.
const RETRIES_MAX: usize = BATCH_USERS_MAX / 4;

/// What a pair does next.
#[derive(Debug)]
pub enum Next {
    /// The two tenants aren't in one organization (any more).
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
}

/// This tenant's own settings on the way of a pair.
pub fn outbound(tx: &ReadTx<'_>, target: TenantId) -> Result<Trace> {
    let mut trace = Trace::new();
    trace.step(membership(tx, target)?);
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

/// A pair that may go on.
struct Free {
    epoch: u64,
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
    let mut scope = schema::in_force(tx, target)?;
    scope.key = pair.scope_key(scope.key);
    let mut position = position.clone();
    if position.scope_key != scope.key {
        position = start_scan(tx, &scope)?;
    }
    if position.phase == Phase::Count {
        // Also while it is held up, so that the admin sees how many it is about.
        count(tx, &scope, &mut position)?;
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
        epoch: pair.epoch,
        scope,
        position,
    }))
}

fn active(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<Pair>> {
    if !organization::is_active_with(tx, target)? {
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
        epoch,
        scope,
        mut position,
    } = match gate(tx, target, position)? {
        Ok(free) => free,
        Err(next) => return Ok(next),
    };
    let mut look = Look {
        tx,
        target,
        epoch,
        scope,
        items: Vec::new(),
        seen: BTreeSet::new(),
        looked: 0,
    };
    if retries {
        for user in links::due(tx, target, RETRIES_MAX)? {
            look.at(user)?;
        }
    }
    if position.phase == Phase::Scan {
        look.scan(&mut position)?;
    } else {
        look.feed(&mut position)?;
    }
    let idle = position.phase == Phase::Follow && position.feed_seq >= tx.head()?;
    if !look.items.is_empty() {
        return Ok(Next::Send {
            items: look.items,
            position,
        });
    }
    if !idle {
        return Ok(Next::Moved(position));
    }
    let wake_at = [links::next_due(tx, target)?, look.scope.ends_at]
        .into_iter()
        .flatten()
        .min();
    Ok(Next::Idle { position, wake_at })
}

fn start_scan(tx: &ReadTx<'_>, scope: &InForce) -> Result<Position> {
    Ok(Position {
        feed_seq: tx.head()?,
        phase: Phase::Count,
        after: None,
        left: directory::users::count_all(tx)?,
        in_scope: 0,
        scope_key: scope.key.clone(),
    })
}

/// Counts the users in scope among the next ones; at the end the scan begins.
fn count(tx: &ReadTx<'_>, scope: &InForce, position: &mut Position) -> Result<()> {
    let mut is_end = true;
    if scope.scope() != Scope::None {
        let users = directory::users::scan(tx, position.after, LOOK_MAX)?;
        for user in &users {
            let counts = sharing::is_eligible(user) && user.account_enabled;
            position.in_scope += u64::from(counts && scope.contains(tx, user)?);
        }
        position.left = position.left.saturating_sub(users.len() as u64);
        position.after = users.last().map(|user| user.id).or(position.after);
        is_end = users.len() < LOOK_MAX;
    }
    if is_end {
        position.phase = Phase::Scan;
        position.after = None;
        position.left = directory::users::count_all(tx)?;
    }
    Ok(())
}

struct Look<'a, 'c> {
    tx: &'a ReadTx<'c>,
    target: TenantId,
    epoch: u64,
    scope: InForce,
    items: Vec<Planned>,
    seen: BTreeSet<Id<kind::User>>,
    looked: usize,
}

impl Look<'_, '_> {
    fn has_room(&self) -> bool {
        self.items.len() < BATCH_USERS_MAX && self.looked < LOOK_MAX
    }

    fn at(&mut self, user: Id<kind::User>) -> Result<()> {
        if !self.seen.insert(user) {
            return Ok(());
        }
        let (tx, target) = (self.tx, self.target);
        let found = directory::users::get_scanned(tx, user)?;
        let link = links::get(tx, target, user)?;
        self.decide(user, found.as_ref(), link.as_ref())
    }

    fn decide(
        &mut self,
        id: Id<kind::User>,
        user: Option<&ScannedUser>,
        link: Option<&Link>,
    ) -> Result<()> {
        self.looked += 1;
        self.items
            .extend(reconcile(self.tx, &self.scope, self.epoch, id, user, link)?);
        Ok(())
    }

    fn scan(&mut self, position: &mut Position) -> Result<()> {
        if self.scope.scope() == Scope::None {
            return self.scan_links(position);
        }
        while self.has_room() && position.phase == Phase::Scan {
            let room = BATCH_USERS_MAX - self.items.len();
            let after = position.after;
            let users = directory::users::scan(self.tx, after, room)?;
            // Links of users that are gone for good lie between those of users that are there.
            let users_end = (users.len() == room)
                .then(|| users.last().map(|user| user.id))
                .flatten();
            let links = links::range(self.tx, self.target, after, users_end, room)?;
            let links_end = (links.len() == room)
                .then(|| links.last().map(|link| link.user_id))
                .flatten();
            let end = match (users_end, links_end) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            let within = |id: Id<kind::User>| end.is_none_or(|end| id <= end);
            let mut links = links
                .into_iter()
                .filter(|link| within(link.user_id))
                .peekable();
            let mut scanned = 0;
            for user in users.iter().filter(|user| within(user.id)) {
                while let Some(orphan) = links.next_if(|link| link.user_id < user.id) {
                    self.decide(orphan.user_id, None, Some(&orphan))?;
                }
                let link = links.next_if(|link| link.user_id == user.id);
                self.decide(user.id, Some(user), link.as_ref())?;
                scanned += 1;
            }
            for orphan in links {
                self.decide(orphan.user_id, None, Some(&orphan))?;
            }
            position.left = position.left.saturating_sub(scanned);
            scanned_until(position, end);
        }
        Ok(())
    }

    /// Where nobody is shared, only those that the target has are of interest.
    fn scan_links(&mut self, position: &mut Position) -> Result<()> {
        while self.has_room() && position.phase == Phase::Scan {
            let room = BATCH_USERS_MAX - self.items.len();
            let links = links::range(self.tx, self.target, position.after, None, room)?;
            for link in &links {
                let user = directory::users::get_scanned(self.tx, link.user_id)?;
                self.decide(link.user_id, user.as_ref(), Some(link))?;
            }
            let end = (links.len() == room)
                .then(|| links.last().map(|link| link.user_id))
                .flatten();
            scanned_until(position, end);
        }
        Ok(())
    }

    fn feed(&mut self, position: &mut Position) -> Result<()> {
        while self.has_room() {
            let room = (BATCH_USERS_MAX - self.items.len()).min(256);
            let changes = match self.tx.changes(position.feed_seq, room) {
                Ok(changes) => changes,
                Err(Error::Gone { .. }) => {
                    *position = start_scan(self.tx, &self.scope)?;
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            if changes.is_empty() {
                return Ok(());
            }
            for change in changes {
                let fits = match change.kind.as_str() {
                    "user" => {
                        self.at(Id::new(change.object))?;
                        true
                    }
                    "groupMember" if self.scope.has_groups() => {
                        self.member(change.related.unwrap_or(change.object))?
                    }
                    // One that is gone for good is told member by member, as above.
                    "group"
                        if self.scope.has_groups()
                            && matches!(change.op, Op::Deleted | Op::Restored) =>
                    {
                        self.member(change.object)?
                    }
                    "userSharingMember" if self.concerns(change.object) => {
                        self.member(change.related.unwrap_or(change.object))?
                    }
                    _ => true,
                };
                if !fits {
                    // More users than one look may take: the scan takes them page by page.
                    *position = start_scan(self.tx, &self.scope)?;
                    return Ok(());
                }
                position.feed_seq = change.seq;
                if !self.has_room() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn concerns(&self, entry: uuid::Uuid) -> bool {
        entry.is_nil() || entry == self.target.uuid()
    }

    /// Looks at a user, or at all users of a group; `false` if these are too many for one look.
    fn member(&mut self, object: uuid::Uuid) -> Result<bool> {
        let members = directory::groups::users_below(self.tx, Id::new(object), BATCH_USERS_MAX)?;
        let Some(members) = members else {
            return Ok(false);
        };
        for user in members {
            self.at(user)?;
        }
        // The object may be a user itself.
        self.at(Id::new(object))?;
        Ok(true)
    }
}

/// The scan has dealt with the users up to this one, or with all.
fn scanned_until(position: &mut Position, end: Option<Id<kind::User>>) {
    position.after = end;
    if end.is_none() {
        position.phase = Phase::Follow;
        position.left = 0;
    }
}

/// What is to be sent about one user, if anything.
fn reconcile(
    tx: &ReadTx<'_>,
    scope: &InForce,
    epoch: u64,
    id: Id<kind::User>,
    user: Option<&ScannedUser>,
    link: Option<&Link>,
) -> Result<Option<Planned>> {
    let wanted = match user.filter(|user| sharing::is_eligible(user)) {
        Some(user) if scope.contains(tx, user)? => Some(user),
        _ => None,
    };
    let there = link.map_or(There::Nothing, |link| link.there);
    let stays = schema::leaves_alone(scope, user, wanted.is_some(), there)?;
    if let Some(user) = wanted.filter(|_| !stays) {
        if there == There::Nothing && !user.account_enabled {
            // A disabled user isn't provisioned anew; if an attempt had failed, that is over.
            return Ok(link.map(|_| Planned {
                item: None,
                user_id: id,
                digest: None,
                display_name: String::new(),
                failed: None,
            }));
        }
        let properties = user.properties()?;
        let display_name = properties
            .get("displayName")
            .and_then(|name| name.as_str())
            .unwrap_or_default()
            .to_owned();
        let mapped = match schema::map(tx, scope, user, properties, there, epoch)? {
            Ok(mapped) => mapped,
            Err(failed) => {
                return Ok(Some(Planned {
                    item: None,
                    user_id: id,
                    digest: None,
                    display_name,
                    failed: Some(failed),
                }));
            }
        };
        let digest = mapped.digest;
        let current = there == There::Synced
            && !mapped.always
            && link.is_some_and(|link| {
                link.digest == Some(digest) && link.failure.is_none() && !link.look
            });
        return Ok((!current).then(|| Planned {
            item: Some(Item {
                id,
                user: Some(mapped.user),
                purged: false,
            }),
            user_id: id,
            digest: Some(digest),
            display_name,
            failed: None,
        }));
    }
    let purged = user.is_none();
    let send = match there {
        There::Synced => !stays,
        There::Removed => purged && !stays,
        There::Nothing => false,
    };
    if send {
        let name = match user {
            Some(user) => user
                .properties()?
                .get("displayName")
                .and_then(|name| name.as_str())
                .unwrap_or_default()
                .to_owned(),
            None => String::new(),
        };
        return Ok(Some(Planned {
            item: Some(Item {
                id,
                user: None,
                purged,
            }),
            user_id: id,
            digest: None,
            display_name: name,
            failed: None,
        }));
    }
    let stale = link
        .is_some_and(|link| link.there == There::Nothing || link.failure.is_some() || link.look);
    Ok(stale.then(|| Planned {
        item: None,
        user_id: id,
        digest: None,
        display_name: String::new(),
        failed: None,
    }))
}
