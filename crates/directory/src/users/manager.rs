//! Managers and direct reports.
//!
//! The row of an internal user holds the manager's local id; that of a synced one the manager's id
//! at home, so that the link is there whenever both ends are, in whatever order they come. A
//! deleted manager is no manager.

use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Id, Result, kind};
use uuid::Uuid;

use super::{User, exists, get, sql};
use crate::audited;

impl User {
    /// Whether this is the manager of an internal user, as far as the user's own row tells: one who
    /// was deleted is none.
    pub fn names_manager(&self, manager: Id<kind::User>) -> bool {
        self.home.is_none() && self.manager_ref == Some(manager)
    }
}

/// The manager, if there is one.
pub fn manager_of(tx: &ReadTx<'_>, id: Id<kind::User>) -> Result<Option<Id<kind::User>>> {
    manager_of_user(tx, &get(tx, id)?)
}

/// The same of a user that was read already.
pub fn manager_of_user(tx: &ReadTx<'_>, user: &User) -> Result<Option<Id<kind::User>>> {
    let Some(manager) = user.manager_ref else {
        return Ok(None);
    };
    match user.home {
        Some((home, _)) => tx.query_one(
            sql::MANAGER_AT_HOME,
            params![&tx.tenant(), &home, &manager],
            |row| row.id(0),
        ),
        None => Ok(exists(tx, manager)?.then_some(manager)),
    }
}

/// Sets the manager of an internal user.
pub fn set_manager(tx: &mut Tx<'_>, id: Id<kind::User>, manager: Id<kind::User>) -> Result<()> {
    let user = get(tx, id)?;
    check_changeable(&user)?;
    if !exists(tx, manager)? {
        return Err(Error::not_found("user", manager));
    }
    set_manager_of(tx, &user, manager)
}

/// The same of an internal user that was read already, and a manager that is there.
pub fn set_manager_of(tx: &mut Tx<'_>, user: &User, manager: Id<kind::User>) -> Result<()> {
    check_changeable(user)?;
    if user.id == manager {
        return Err(Error::invalid(
            "manager",
            "A user can't be the manager of himself or herself.",
        ));
    }
    if user.manager_ref == Some(manager) {
        return Ok(());
    }
    write(tx, user, Some(manager))
}

/// Takes the manager of an internal user away. `NotFound` if there is none.
pub fn remove_manager(tx: &mut Tx<'_>, id: Id<kind::User>) -> Result<()> {
    let user = get(tx, id)?;
    check_changeable(&user)?;
    if manager_of_user(tx, &user)?.is_none() {
        return Err(Error::not_found("manager", id));
    }
    write(tx, &user, None)
}

fn write(tx: &mut Tx<'_>, old: &User, manager: Option<Id<kind::User>>) -> Result<()> {
    let (tenant, id) = (tx.tenant(), old.id);
    let before = manager_of_user(tx, old)?.map(Id::uuid);
    let change = Change::new("user", id.uuid(), Op::Updated, &["manager"]).with_related(before);
    tx.record(change)?
        .execute_later(sql::SET_MANAGER, params![&tenant, &id, manager.as_ref()])?;
    let mut new = old.clone();
    new.manager_ref = manager;
    audited::change(tx, "Update user", old, &new, &["Manager"])
}

fn check_changeable(user: &User) -> Result<()> {
    match user.home {
        None => Ok(()),
        Some((home, _)) => Err(Error::invalid(
            "manager",
            format!(
                "The manager of this user belongs to the user's home tenant {home}. Change it there."
            ),
        )),
    }
}

/// The users whose manager this is, by id behind `after`.
pub fn direct_reports(
    tx: &ReadTx<'_>,
    id: Id<kind::User>,
    after: Option<Id<kind::User>>,
    limit: usize,
) -> Result<Vec<User>> {
    let manager = get(tx, id)?;
    let home = manager.home.as_ref();
    let after = after.unwrap_or(Id::new(Uuid::nil()));
    tx.query(
        sql::REPORTS,
        params![
            &tx.tenant(),
            &id,
            home.map(|(tenant, _)| tenant),
            home.map(|(_, id)| id),
            &after,
            limit
        ],
        sql::user,
    )
}

/// How many users have this manager.
pub fn count_direct_reports(tx: &ReadTx<'_>, id: Id<kind::User>) -> Result<u64> {
    let manager = get(tx, id)?;
    let home = manager.home.as_ref();
    tx.count(
        sql::COUNT_REPORTS,
        params![
            &tx.tenant(),
            &id,
            home.map(|(tenant, _)| tenant),
            home.map(|(_, id)| id)
        ],
    )
}
