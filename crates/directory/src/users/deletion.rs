//! Deleting users, bringing them back, and the end.
//!
//! A deleted user keeps its row, its memberships and its manager; its name is free for others.

use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Id, Result, Timestamp, Upn, fold, kind};

use super::sql;
use super::write::{check_upn, refuse_taken, save};
use super::{User, get, load};
use crate::listing::{Page, Scope};
use crate::{audited, references, roles};

const DELETED: Scope<'_> = Scope {
    sql: "u.deleted_at IS NOT NULL",
    params: &[],
};

/// Deletes a user; it can be restored for 30 days. Of a synced user this is the word of this
/// tenant's admin: its home can't bring it back. The last Global Administrator stays.
pub fn delete(tx: &mut Tx<'_>, id: Id<kind::User>) -> Result<()> {
    let user = get(tx, id)?;
    roles::refuse_to_lose(tx, id.uuid())?;
    mark_deleted(tx, id, false)?;
    audited::act(tx, "Delete user", &user)
}

pub(crate) fn mark_deleted(tx: &mut Tx<'_>, id: Id<kind::User>, by_home: bool) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.record(Change::new("user", id.uuid(), Op::Deleted, &[]))?
        .execute(sql::MARK_DELETED, params![&tenant, &id, now, by_home])?;
    Ok(())
}

/// A page of the deleted users.
pub fn list_deleted(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<User>> {
    sql::DELETED_LISTING.page(tx, &DELETED, page, sql::user)
}

/// How many deleted users there are, or for how many a filter is true.
pub fn count_deleted(
    tx: &ReadTx<'_>,
    filter: Option<&query::Filter>,
    advanced: bool,
) -> Result<u64> {
    sql::LISTING.count(tx, &DELETED, filter, advanced)
}

/// A deleted user.
pub fn get_deleted(tx: &ReadTx<'_>, id: Id<kind::User>) -> Result<User> {
    load(tx, id)?
        .filter(|user| user.deleted_at.is_some())
        .ok_or_else(|| Error::not_found("user", id))
}

/// Brings a deleted user back with its id, if its name is still free and its domain still verified.
pub fn restore(tx: &mut Tx<'_>, id: Id<kind::User>) -> Result<User> {
    bring_back(tx, id, false)
}

/// [`restore`], but without a mail that somebody else has by now.
pub fn restore_without_mail(tx: &mut Tx<'_>, id: Id<kind::User>) -> Result<User> {
    bring_back(tx, id, true)
}

fn bring_back(tx: &mut Tx<'_>, id: Id<kind::User>, gives_mail_up: bool) -> Result<User> {
    let mut user = get_deleted(tx, id)?;
    if user.is_external() {
        refuse_taken(tx, &fold(user.user_principal_name()), id)?;
    } else {
        check_upn(tx, &Upn::parse(user.user_principal_name())?, id)?;
        let mail = fold(user.text("mail"));
        if !mail.is_empty() && tx.count(sql::MAIL_IS_TAKEN, params![&tx.tenant(), &mail, &id])? > 0
        {
            if !gives_mail_up {
                return Err(Error::AlreadyExists { property: "mail" });
            }
            user.document.shift_remove("mail");
        }
    }
    user.deleted_at = None;
    user.deleted_by_home = false;
    save(tx, &user, Op::Restored, &[])?;
    audited::act(tx, "Restore user", &user)?;
    Ok(user)
}

/// Deletes a deleted user for good.
pub fn purge(tx: &mut Tx<'_>, id: Id<kind::User>) -> Result<()> {
    let user = get_deleted(tx, id)?;
    forget(tx, id)?;
    audited::act(tx, "Hard Delete user", &user)
}

/// Purges users that were deleted before an instant, the oldest first, so many at most; answers how
/// many. Housekeeping calls it until it answers less than `limit`.
pub fn purge_expired(tx: &mut Tx<'_>, deleted_before: Timestamp, limit: usize) -> Result<usize> {
    let ids: Vec<Id<kind::User>> = tx.query(
        sql::EXPIRED,
        params![&tx.tenant(), deleted_before, limit],
        |row| row.id(0),
    )?;
    for id in &ids {
        purge(tx, *id)?;
    }
    Ok(ids.len())
}

/// Removes a user and every reference to it.
pub(crate) fn forget(tx: &mut Tx<'_>, id: Id<kind::User>) -> Result<()> {
    let tenant = tx.tenant();
    let reports: Vec<Id<kind::User>> =
        tx.query(sql::LOCAL_REPORT_IDS, params![&tenant, &id], |row| {
            row.id(0)
        })?;
    for report in reports {
        let no_one: Option<&Id<kind::User>> = None;
        let change = Change::new("user", report.uuid(), Op::Updated, &["manager"])
            .with_related(Some(id.uuid()));
        tx.record(change)?
            .execute(sql::SET_MANAGER, params![&tenant, &report, no_one])?;
    }
    references::drop_all(tx, id.uuid())?;
    audit::sign_ins::activity::forget(tx, id.uuid())?;
    tx.record(Change::new("user", id.uuid(), Op::Purged, &[]))?
        .execute(sql::DELETE, params![&tenant, &id])?;
    Ok(())
}
