//! A pair's look at groups, within one look at users.

use std::collections::BTreeMap;

use directory::groups::{self, Group, LinkKind};
use store::ReadTx;
use types::{Id, Result};
use uuid::Uuid;

use super::links::{self, GroupLink};
use super::{BATCH_GROUPS_MAX, GroupId, GroupItem, Members, PlannedGroup, PlannedMembers, State};
use crate::guard::Removals;
use crate::links::There;
use crate::look::Look;
use crate::pair::{Phase, Position};

/// Groups that fail, or are to be looked at, in one plan.
const DUE_MAX: usize = 100;
/// Groups of the tenant that one step of a scan looks at.
const SCAN: usize = 500;

/// What has changed, as far as groups go.
pub(crate) enum About {
    /// A group, and with `below` those in it.
    Group { id: Uuid, below: bool },
    /// A membership.
    Membership { group: Uuid, member: Uuid },
}

impl About {
    /// What a change in the feed is about.
    pub(crate) fn of(
        kind: &str,
        op: store::Op,
        object: Uuid,
        related: Option<Uuid>,
    ) -> Option<Self> {
        match kind {
            "group" => Some(Self::Group {
                id: object,
                below: op != store::Op::Updated,
            }),
            "groupMember" => Some(Self::Membership {
                group: object,
                member: related?,
            }),
            "userSharingMember" | "appRoleAssignment" => Some(Self::Group {
                id: related?,
                below: true,
            }),
            _ => None,
        }
    }
}

impl Look<'_, '_> {
    /// Groups whose turn has come without a change.
    pub(crate) fn groups_due(&mut self) -> Result<()> {
        for id in links::due(self.tx, self.pair.target, DUE_MAX)? {
            self.group(id)?;
        }
        Ok(())
    }

    /// What the feed says of groups; `false` if it is about more than one look may take.
    pub(crate) fn about_groups(&mut self, about: &About) -> Result<bool> {
        match *about {
            About::Group { id, below } => self.group_and_below(Id::new(id), below),
            About::Membership { group, member } => self.membership(Id::new(group), member),
        }
    }

    fn group_and_below(&mut self, id: GroupId, below: bool) -> Result<bool> {
        self.group(id)?;
        if !below {
            return Ok(true);
        }
        let Some(others) = groups::groups_below(self.tx, id, BATCH_GROUPS_MAX)? else {
            return Ok(false);
        };
        for other in others {
            self.group(other)?;
        }
        Ok(true)
    }

    fn membership(&mut self, group: GroupId, member: Uuid) -> Result<bool> {
        let (tx, target) = (self.tx, self.pair.target);
        if links::get(tx, target, group)?.is_some_and(|link| link.there == There::Synced) {
            let item = about_one(tx, group, member)?;
            self.work.members.push(PlannedMembers { item, fills: None });
        }
        // A group that comes or goes may bring or take those in it.
        let id = Id::new(member);
        if groups::find(tx, id)?.is_none() && links::get(tx, target, id)?.is_none() {
            return Ok(true);
        }
        self.group_and_below(id, true)
    }

    /// Reconciles one group.
    fn group(&mut self, id: GroupId) -> Result<()> {
        if self.work.groups.iter().any(|planned| planned.id == id) {
            return Ok(());
        }
        let found = groups::find(self.tx, id)?;
        let link = links::get(self.tx, self.pair.target, id)?;
        self.reconcile_group(id, found.as_ref(), link.as_ref())
    }

    fn reconcile_group(
        &mut self,
        id: GroupId,
        group: Option<&Group>,
        link: Option<&GroupLink>,
    ) -> Result<()> {
        self.looked += 1;
        let there = link.map_or(There::Nothing, |link| link.there);
        let stale = link.is_some_and(|link| link.next_attempt_at.is_some() || link.held);
        let name = group.map(|group| group.display_name().to_owned());
        let mut planned = PlannedGroup {
            item: None,
            id,
            digest: None,
            display_name: name.unwrap_or_default(),
            waits: false,
        };
        let wanted = match group {
            Some(group) if self.scope.contains_group(self.tx, group)? => Some(group),
            _ => None,
        };
        if let Some(group) = wanted {
            let state = State::of(group);
            let digest = super::digest(&state, self.pair.epoch)?;
            let known = link.is_some_and(|link| link.digest == Some(digest));
            if there == There::Synced && known {
                if stale {
                    self.work.groups.push(planned);
                }
                return Ok(());
            }
            planned.digest = Some(digest);
            planned.item = Some(GroupItem {
                id,
                group: Some(state),
                purged: false,
            });
            self.work.groups.push(planned);
            return Ok(());
        }
        let purged = group.is_none();
        let send = match there {
            There::Synced => true,
            There::Removed => purged,
            There::Nothing => false,
        };
        if !send {
            if stale || link.is_some_and(|_| there == There::Nothing) {
                self.work.groups.push(planned);
            }
            return Ok(());
        }
        if there == There::Synced && self.stance == Removals::Hold {
            if link.is_some_and(|link| link.held && link.next_attempt_at.is_none()) {
                return Ok(());
            }
            planned.waits = true;
        } else {
            planned.item = Some(GroupItem {
                id,
                group: None,
                purged,
            });
        }
        self.work.groups.push(planned);
        Ok(())
    }

    /// The part of a scan that is about groups, behind that about users.
    pub(crate) fn scan_groups(&mut self, position: &mut Position) -> Result<()> {
        while self.has_room() && position.phase == Phase::Groups {
            let after = position.after.map(|id| Id::new(id.uuid()));
            let found = groups::scan(self.tx, after, SCAN)?;
            let found_end = (found.len() == SCAN)
                .then(|| found.last().map(|group| group.id))
                .flatten();
            let links = links::range(self.tx, self.pair.target, after, found_end, SCAN)?;
            let links_end = (links.len() == SCAN)
                .then(|| links.last().map(|link| link.id))
                .flatten();
            let end = match (found_end, links_end) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            let within = |id: GroupId| end.is_none_or(|end| id <= end);
            let mut ids: BTreeMap<GroupId, (Option<Group>, Option<GroupLink>)> = BTreeMap::new();
            for group in found.into_iter().filter(|group| within(group.id)) {
                let id = group.id;
                ids.entry(id).or_default().0 = Some(group);
            }
            for link in links.into_iter().filter(|link| within(link.id)) {
                let id = link.id;
                ids.entry(id).or_default().1 = Some(link);
            }
            for (id, (group, link)) in ids {
                self.reconcile_group(id, group.as_ref(), link.as_ref())?;
            }
            position.after = end.map(|id| Id::new(id.uuid()));
            if end.is_none() {
                position.follow();
            }
        }
        Ok(())
    }

    /// Members of groups that are new in the target, as far as there is room.
    pub(crate) fn fill(&mut self) -> Result<()> {
        let target = self.pair.target;
        for link in links::to_fill(self.tx, target, DUE_MAX)? {
            let room = BATCH_GROUPS_MAX.min(self.room());
            if room == 0 {
                return Ok(());
            }
            let after = link.members_after.unwrap_or_default();
            let (mut item, end) = members(self.tx, link.id, after, Uuid::max(), room)?;
            if let Some(end) = end {
                item.through = end;
            }
            self.work.members.push(PlannedMembers {
                item,
                fills: Some(end.is_none()),
            });
        }
        Ok(())
    }
}

/// Whether one object is in a group.
pub(crate) fn about_one(tx: &ReadTx<'_>, group: GroupId, member: Uuid) -> Result<Members> {
    let after = Uuid::from_u128(member.as_u128().saturating_sub(1));
    members(tx, group, after, member, 1).map(|(item, _)| item)
}

/// The members in a range of ids, as far as they may be sent; and where they end, if there may be more
/// behind it.
fn members(
    tx: &ReadTx<'_>,
    group: GroupId,
    after: Uuid,
    through: Uuid,
    limit: usize,
) -> Result<(Members, Option<Uuid>)> {
    let mut item = Members {
        group,
        after,
        through,
        users: Vec::new(),
        groups: Vec::new(),
    };
    let rows = groups::rows(tx, group, after, through, limit)?;
    let end = (rows.len() == limit).then(|| rows.last().map(|last| last.id));
    for member in rows {
        match member.kind {
            LinkKind::Group => item.groups.push(member.id),
            LinkKind::User => item.users.push(member.id),
            // They act in their own tenant alone.
            LinkKind::ServicePrincipal | LinkKind::DirectoryRole | LinkKind::AdministrativeUnit => {
            }
        }
    }
    Ok((item, end.flatten()))
}
