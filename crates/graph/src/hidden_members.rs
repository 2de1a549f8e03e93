//! Groups and administrative units that hide their members: who sees them all the same.
//!
//! The routes of the members themselves are decided on by [`crate::delegated`]; this is for the other
//! ways to them: `$expand`, `delta`, and what somebody is a member of.
//!
//! Source: `visibility` of `group` and of `administrativeUnit` (Microsoft Graph).

use directory::administrative_units::{self, AdministrativeUnit};
use directory::groups::{self, Group, Link, LinkKind};
use store::ReadTx;
use types::{Id, Result};
use uuid::Uuid;

use crate::caller::Caller;

/// Who looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewer {
    /// The user who is signed in; an application sees what its permissions open.
    user: Option<Uuid>,
    sees_of_groups: bool,
    sees_of_units: bool,
}

impl Viewer {
    pub(crate) fn of(caller: &Caller) -> Self {
        Self {
            user: caller.user().map(Id::uuid),
            sees_of_groups: caller.has_right("groups/hiddenMembers/read"),
            sees_of_units: caller.has_right("administrativeUnits/allProperties/read"),
        }
    }
}

/// What may hide who is in it.
pub(crate) trait HidesMembers {
    /// Whether a viewer sees who is in it.
    fn shows_members(&self, tx: &ReadTx<'_>, viewer: Viewer) -> Result<bool>;
}

impl HidesMembers for Group {
    fn shows_members(&self, tx: &ReadTx<'_>, viewer: Viewer) -> Result<bool> {
        Ok(match viewer.user {
            Some(user) if self.hides_members() && !viewer.sees_of_groups => {
                groups::is_member(tx, self.id, user)? || groups::is_owner(tx, self.id, user)?
            }
            _ => true,
        })
    }
}

impl HidesMembers for AdministrativeUnit {
    fn shows_members(&self, tx: &ReadTx<'_>, viewer: Viewer) -> Result<bool> {
        match viewer.user {
            Some(user) if self.hides_members() && !viewer.sees_of_units => {
                administrative_units::is_member(tx, self.id, user)
            }
            _ => Ok(true),
        }
    }
}

/// Keeps those of the groups and units that somebody is in of which the viewer sees who is in them.
pub(crate) fn keep_seen(tx: &ReadTx<'_>, viewer: Viewer, links: &mut Vec<Link>) -> Result<()> {
    if viewer.user.is_none() || (viewer.sees_of_groups && viewer.sees_of_units) {
        return Ok(());
    }
    let mut seen = Vec::with_capacity(links.len());
    for link in links.drain(..) {
        let shows = match link.kind {
            LinkKind::Group => shown(groups::get(tx, Id::new(link.id)), tx, viewer)?,
            LinkKind::AdministrativeUnit => {
                shown(administrative_units::get(tx, Id::new(link.id)), tx, viewer)?
            }
            _ => true,
        };
        if shows {
            seen.push(link);
        }
    }
    *links = seen;
    Ok(())
}

fn shown(found: Result<impl HidesMembers>, tx: &ReadTx<'_>, viewer: Viewer) -> Result<bool> {
    types::found(found)?.map_or(Ok(false), |found| found.shows_members(tx, viewer))
}
