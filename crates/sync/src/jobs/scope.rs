//! Whom a governing job brings into a pair's scope.

use directory::users::ScannedUser;
use store::ReadTx;
use types::{Id, Result, TenantId, kind};

use super::governing;
use crate::schema;
use crate::sharing::{self, InForce, Scope, Sharing};

/// A job at one moment, ready to be asked about users.
#[derive(Debug)]
pub(crate) struct JobScope {
    service_principal: Id<kind::ServicePrincipal>,
    sync_all: bool,
    has_groups: bool,
    /// What a change of asks for a scan. Assignments aren't in it: whom a change of them concerns is
    /// in the feed.
    pub(crate) key: String,
}

/// The scope of the pair with a target: what is shared with it in an organization and what its job
/// brings in, as the pair's schema narrows it.
pub(crate) fn of(tx: &ReadTx<'_>, target: TenantId) -> Result<InForce> {
    let job = JobScope::load(tx, target)?;
    // Outside an organization nothing is shared, whatever the default says.
    let sharing = if job.is_none() || organization::is_active_with(tx, target)? {
        sharing::of(tx, target)?.0
    } else {
        Sharing::nobody()
    };
    let mut scope = sharing.in_force(tx.now())?.with_job(job);
    schema::attach(tx, target, &mut scope)?;
    Ok(scope)
}

impl JobScope {
    /// The scope of the job that governs the pair with a target, if one does.
    pub(crate) fn load(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<Self>> {
        governing(tx, target)?
            .map(|job| Self::of(tx, &job))
            .transpose()
    }

    pub(super) fn of(tx: &ReadTx<'_>, job: &super::Job) -> Result<Self> {
        let has_groups = directory::app_roles::has_groups(tx, job.service_principal)?;
        let whom = if job.sync_all { "all" } else { "assigned" };
        Ok(Self {
            service_principal: job.service_principal,
            sync_all: job.sync_all,
            has_groups,
            key: format!("job {} {whom}", job.id),
        })
    }

    pub(crate) const fn scope(&self) -> Scope {
        if self.sync_all {
            Scope::All
        } else {
            Scope::Selected
        }
    }

    pub(crate) const fn has_groups(&self) -> bool {
        self.has_groups && !self.sync_all
    }

    /// Whether a user is entitled to be provisioned, apart from the filters.
    pub(super) fn is_assigned(&self, tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<bool> {
        if directory::app_roles::is_assigned(tx, user.uuid(), self.service_principal)? {
            return Ok(true);
        }
        if !self.has_groups {
            return Ok(false);
        }
        self.has_one_of(tx, &directory::groups::groups_of(tx, user)?)
    }

    /// Whether a group is assigned, or is in one that is.
    pub(super) fn is_assigned_group(
        &self,
        tx: &ReadTx<'_>,
        group: Id<kind::Group>,
    ) -> Result<bool> {
        let mut groups = directory::groups::transitive_groups(tx, group.uuid())?;
        groups.push(group);
        self.has_one_of(tx, &groups)
    }

    /// Whether one of these groups is assigned.
    pub(crate) fn has_one_of(&self, tx: &ReadTx<'_>, groups: &[Id<kind::Group>]) -> Result<bool> {
        for group in groups {
            if directory::app_roles::is_assigned(tx, group.uuid(), self.service_principal)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a user belongs to it.
    pub(crate) fn contains(&self, tx: &ReadTx<'_>, user: &ScannedUser) -> Result<bool> {
        Ok(self.sync_all || self.is_assigned(tx, user.id)?)
    }
}
