//! One look of a pair: at users whose turn has come, each reconciled for itself ([`Look::at`]): what
//! should the target have of this user, what has it by its last answer, and what is to be sent.

use std::collections::{BTreeSet, HashMap};

use directory::users::ScannedUser;
use serde_json::{Map, Value};
use store::{ChangeRow, Op, ReadTx};
use types::{Error, Id, Result, kind};

use crate::groups::Work;
use crate::groups::look::About;
use crate::guard::{self, Removals};
use crate::links::{self, Link, Loss, There};
use crate::pair::{Pair, Phase, Position};
use crate::plan::{Planned, Removal, start_scan};
use crate::sharing::{self, InForce, Scope};
use crate::wire::Item;
use crate::{BATCH_USERS_MAX, schema};

/// Users that one plan looks at, at most.
pub(crate) const LOOK_MAX: usize = 4 * BATCH_USERS_MAX;
/// Fewer users are read one by one.
const TOGETHER_MIN: usize = 8;

type UserId = Id<kind::User>;

/// One look at users, with what is to be sent about them.
pub(crate) struct Look<'a, 'c> {
    pub(crate) tx: &'a ReadTx<'c>,
    pub(crate) pair: &'a Pair,
    pub(crate) scope: InForce,
    /// What is done with removals where the look has come to.
    pub(crate) stance: Removals,
    items: Vec<Planned>,
    /// What there is about groups.
    pub(crate) work: Work,
    seen: BTreeSet<Id<kind::User>>,
    /// Users whose turn comes soon, with their links, if they were read together.
    known: HashMap<UserId, (Option<ScannedUser>, Option<Link>)>,
    pub(crate) looked: usize,
}

impl<'a, 'c> Look<'a, 'c> {
    pub(crate) fn new(
        tx: &'a ReadTx<'c>,
        pair: &'a Pair,
        scope: InForce,
        stance: Removals,
    ) -> Self {
        Self {
            tx,
            pair,
            scope,
            stance,
            items: Vec::new(),
            work: Work::default(),
            seen: BTreeSet::new(),
            known: HashMap::new(),
            looked: 0,
        }
    }

    /// What is to be sent and settled. Removals that are too many wait.
    pub(crate) fn into_items(mut self) -> Result<(Vec<Planned>, Work, InForce)> {
        if self.stance == Removals::Ask {
            let counts = |planned: &Planned| planned.removal.is_some_and(|it| it.counts);
            let removals = self.items.iter().filter(|it| counts(it)).count();
            if removals > 0 && guard::trips(self.tx, self.pair, removals as u64)? {
                for planned in self.items.iter_mut().filter(|it| counts(it)) {
                    planned.wait();
                }
                self.work.hold();
            }
        }
        Ok((self.items, self.work, self.scope))
    }

    pub(crate) fn has_room(&self) -> bool {
        self.room() > 0 && self.looked < LOOK_MAX
    }

    /// Users that the batch may still take.
    pub(crate) fn room(&self) -> usize {
        BATCH_USERS_MAX.saturating_sub(self.items.len() + self.work.weight())
    }

    pub(crate) fn at(&mut self, user: Id<kind::User>) -> Result<()> {
        if !self.seen.insert(user) {
            return Ok(());
        }
        let (tx, target) = (self.tx, self.pair.target);
        let (found, link) = match self.known.remove(&user) {
            Some(known) => known,
            None => (
                directory::users::get_scanned(tx, user)?,
                links::get(tx, target, user)?,
            ),
        };
        self.decide(user, found.as_ref(), link.as_ref())
    }

    /// Reads the users whom these changes are about together, if they are many: most of a bulk
    /// import, and all that another tenant has synced in here, concern nobody there, so reading them
    /// is the whole cost.
    fn read_together(&mut self, changes: &[ChangeRow]) -> Result<()> {
        self.known.clear();
        let users = changes.iter().filter(|change| change.kind == "user");
        let users: BTreeSet<UserId> = users
            .map(|change| Id::new(change.object))
            .filter(|user| !self.seen.contains(user))
            .collect();
        if users.len() < TOGETHER_MIN {
            return Ok(());
        }
        let users: Vec<UserId> = users.into_iter().collect();
        let mut found = directory::users::scanned_many(self.tx, &users)?;
        let links = links::of_many(self.tx, self.pair.target, &users)?;
        let with_user = |(user, link)| (user, (found.remove(&user), link));
        self.known = links.into_iter().map(with_user).collect();
        Ok(())
    }

    fn decide(
        &mut self,
        id: Id<kind::User>,
        user: Option<&ScannedUser>,
        link: Option<&Link>,
    ) -> Result<()> {
        self.looked += 1;
        self.items.extend(self.reconcile(id, user, link)?);
        Ok(())
    }

    pub(crate) fn scan(&mut self, position: &mut Position) -> Result<()> {
        if self.scope.scope() == Scope::None {
            return self.scan_links(position);
        }
        while self.has_room() && position.phase == Phase::Scan {
            let room = self.room();
            let after = position.after;
            let users = directory::users::scan(self.tx, after, room)?;
            // Links of users that are gone for good lie between those of users that are there.
            let users_end = (users.len() == room)
                .then(|| users.last().map(|user| user.id))
                .flatten();
            let links = links::range(self.tx, self.pair.target, after, users_end, room)?;
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
            self.scanned_until(position, end);
        }
        Ok(())
    }

    /// Where nobody is shared, only those that the target has are of interest.
    fn scan_links(&mut self, position: &mut Position) -> Result<()> {
        while self.has_room() && position.phase == Phase::Scan {
            let room = self.room();
            let links = links::range(self.tx, self.pair.target, position.after, None, room)?;
            for link in &links {
                let user = directory::users::get_scanned(self.tx, link.user_id)?;
                self.decide(link.user_id, user.as_ref(), Some(link))?;
            }
            let end = (links.len() == room)
                .then(|| links.last().map(|link| link.user_id))
                .flatten();
            self.scanned_until(position, end);
        }
        Ok(())
    }

    pub(crate) fn feed(&mut self, position: &mut Position) -> Result<()> {
        while self.has_room() {
            let room = self.room().min(256);
            let changes = match self.tx.changes(position.feed_seq, room) {
                Ok(changes) => changes,
                Err(Error::Gone { .. }) => {
                    *position = start_scan(self.tx, &self.scope, Removals::Ask)?;
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            if changes.is_empty() {
                return Ok(());
            }
            self.read_together(&changes)?;
            for change in changes {
                let confirmed = change.seq <= self.pair.allowed_seq;
                let stance = self.stance;
                if confirmed {
                    self.stance = Removals::Confirmed;
                }
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
                    "appRoleAssignment" if self.scope.has_job() => {
                        self.member(change.related.unwrap_or(change.object))?
                    }
                    "userSharingMember" if self.concerns(change.object) => {
                        self.member(change.related.unwrap_or(change.object))?
                    }
                    _ => true,
                };
                let about = About::of(&change.kind, change.op, change.object, change.related)
                    .filter(|_| self.scope.has_group_objects())
                    .filter(|_| change.kind != "userSharingMember" || self.concerns(change.object));
                let fits = match about {
                    Some(about) if fits => self.about_groups(&about)?,
                    _ => fits,
                };
                self.stance = stance;
                if !fits {
                    // More users than one look may take: the scan takes them page by page.
                    let removals = if confirmed {
                        Removals::Confirmed
                    } else {
                        Removals::Ask
                    };
                    *position = start_scan(self.tx, &self.scope, removals)?;
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
        entry.is_nil() || entry == self.pair.target.uuid()
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

    /// The scan has dealt with the users up to this one, or with all: then come the groups.
    fn scanned_until(&self, position: &mut Position, end: Option<Id<kind::User>>) {
        position.after = end;
        if end.is_some() {
            return;
        }
        if self.scope.has_group_objects() || self.pair.has_groups {
            position.phase = Phase::Groups;
        } else {
            position.follow();
        }
    }

    /// What is to be sent about one user, if anything.
    fn reconcile(
        &self,
        id: Id<kind::User>,
        user: Option<&ScannedUser>,
        link: Option<&Link>,
    ) -> Result<Option<Planned>> {
        let wanted = match user.filter(|user| sharing::is_eligible(user)) {
            Some(user) if self.scope.contains(self.tx, user)? => Some(user),
            _ => None,
        };
        let there = link.map_or(There::Nothing, |link| link.there);
        if schema::leaves_alone(&self.scope, user, wanted.is_some(), there)? {
            return Ok(link.and_then(|link| stale(id, link)));
        }
        match wanted {
            Some(user) => self.wanted(user, link),
            None => self.unwanted(id, user, link),
        }
    }

    fn wanted(&self, user: &ScannedUser, link: Option<&Link>) -> Result<Option<Planned>> {
        let there = link.map_or(There::Nothing, |link| link.there);
        if there == There::Nothing && !user.account_enabled {
            // A disabled user isn't provisioned anew; if an attempt had failed, that is over.
            return Ok(link.map(|_| Planned::nothing(user.id)));
        }
        let properties = user.properties()?;
        let display_name = display_name(&properties);
        let mapped = schema::map(
            self.tx,
            &self.scope,
            user,
            properties,
            there,
            self.pair.epoch,
        )?;
        let mapped = match mapped {
            Ok(mapped) => mapped,
            Err(failed) => {
                return Ok(Some(Planned {
                    display_name,
                    failed: Some(failed),
                    ..Planned::nothing(user.id)
                }));
            }
        };
        let digest = mapped.digest;
        let is_enabled = mapped.user.account_enabled;
        if let Some(link) = link.filter(|link| {
            there == There::Synced
                && !mapped.always
                && link.digest == Some(digest)
                && link.failure.is_none()
                && !link.look
        }) {
            // What would have been done to the user isn't to be done any more.
            return Ok(link.held.map(|_| Planned::nothing(user.id)));
        }
        let planned = Planned {
            item: Some(Item {
                id: user.id,
                user: Some(mapped.user),
                purged: false,
            }),
            user_id: user.id,
            digest: Some(digest),
            display_name,
            failed: None,
            removal: None,
        };
        match link {
            Some(link) if there == There::Synced && !is_enabled && link.enabled == Some(true) => {
                Ok(self.guarded(planned, link, Loss::Disable))
            }
            _ => Ok(Some(planned)),
        }
    }

    fn unwanted(
        &self,
        id: Id<kind::User>,
        user: Option<&ScannedUser>,
        link: Option<&Link>,
    ) -> Result<Option<Planned>> {
        let Some(link) = link else { return Ok(None) };
        let purged = user.is_none();
        let send = match link.there {
            There::Synced => true,
            There::Removed => purged,
            There::Nothing => false,
        };
        if !send {
            return Ok(stale(id, link));
        }
        let display_name = match user {
            Some(user) => display_name(&user.properties()?),
            None => String::new(),
        };
        let planned = Planned {
            item: Some(Item {
                id,
                user: None,
                purged,
            }),
            user_id: id,
            digest: None,
            display_name,
            failed: None,
            removal: None,
        };
        if link.there == There::Removed {
            // It was counted when the user was removed.
            return Ok(Some(planned));
        }
        Ok(self.guarded(planned, link, Loss::Delete))
    }

    /// The item if the guard lets it pass, or a note that it waits; none if that is known.
    fn guarded(&self, mut planned: Planned, link: &Link, loss: Loss) -> Option<Planned> {
        let allowances = self.pair.allowances;
        let let_through = link.held.is_some_and(|held| held.allowances < allowances);
        let stance = if let_through {
            Removals::Confirmed
        } else {
            self.stance
        };
        planned.removal = Some(Removal {
            loss,
            counts: stance != Removals::Confirmed,
            waits: false,
        });
        if stance == Removals::Hold {
            let waits = link
                .held
                .is_some_and(|held| held.loss == loss && held.allowances == allowances);
            if waits && link.failure.is_none() && !link.look {
                return None;
            }
            planned.wait();
        }
        Some(planned)
    }
}

impl Planned {
    /// Nothing is sent; what is noted of the user's troubles is over.
    const fn nothing(user_id: Id<kind::User>) -> Self {
        Self {
            item: None,
            user_id,
            digest: None,
            display_name: String::new(),
            failed: None,
            removal: None,
        }
    }

    fn wait(&mut self) {
        self.item = None;
        self.digest = None;
        if let Some(removal) = &mut self.removal {
            removal.waits = true;
        }
    }
}

/// A note that the user's troubles are over, if there are any: nothing is to be done.
fn stale(id: Id<kind::User>, link: &Link) -> Option<Planned> {
    let troubled =
        link.there == There::Nothing || link.failure.is_some() || link.look || link.held.is_some();
    troubled.then(|| Planned::nothing(id))
}

fn display_name(properties: &Map<String, Value>) -> String {
    properties
        .get("displayName")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
