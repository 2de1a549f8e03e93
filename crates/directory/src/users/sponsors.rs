//! Sponsors: the users and groups that answer for a user, mostly one from outside.
//!
//! Source: `user: list sponsors`, `add sponsor`, `remove sponsor` (Microsoft Graph).

use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, kind};
use uuid::Uuid;

use super::get;
use crate::audited;
use crate::groups::{self, Link, LinkKind};

/// Sponsors of one user, at most.
pub const SPONSORS_MAX: usize = 100;

macro_rules! sponsor_is_there {
    () => {
        "((s.sponsor_kind = 1 AND EXISTS (SELECT 1 FROM users AS u WHERE u.tenant_id = ?1 \
         AND u.id = s.sponsor_id AND u.deleted_at IS NULL)) \
         OR (s.sponsor_kind = 2 AND EXISTS (SELECT 1 FROM groups AS g WHERE g.tenant_id = ?1 \
         AND g.id = s.sponsor_id AND g.deleted_at IS NULL)))"
    };
}

const LIST: &str = concat!(
    "SELECT s.sponsor_id, s.sponsor_kind FROM user_sponsors AS s WHERE s.tenant_id = ?1 \
     AND s.user_id = ?2 AND s.sponsor_id > ?3 AND ",
    sponsor_is_there!(),
    " ORDER BY s.sponsor_id LIMIT ?4"
);
const HAS: &str = "SELECT count(*) FROM user_sponsors WHERE tenant_id = ?1 AND user_id = ?2 \
    AND sponsor_id = ?3";
const COUNT: &str = "SELECT count(*) FROM user_sponsors WHERE tenant_id = ?1 AND user_id = ?2";
const INSERT: &str = "INSERT INTO user_sponsors (tenant_id, user_id, sponsor_id, sponsor_kind) \
    VALUES (?1, ?2, ?3, ?4)";
const DELETE: &str =
    "DELETE FROM user_sponsors WHERE tenant_id = ?1 AND user_id = ?2 AND sponsor_id = ?3";
const NAMING: &str = "SELECT user_id, sponsor_id FROM user_sponsors WHERE tenant_id = ?1 \
    AND (user_id = ?2 OR sponsor_id = ?2)";

fn link(row: &Row<'_>) -> Result<Link> {
    Ok(Link {
        id: row.uuid(0)?,
        kind: LinkKind::from_code(row.int(1)?)?,
    })
}

/// A user's sponsors by id, behind `after`.
pub fn sponsors(
    tx: &ReadTx<'_>,
    user: Id<kind::User>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Link>> {
    let after = after.unwrap_or_default();
    tx.query(LIST, params![&tx.tenant(), &user, &after, limit], link)
}

/// How many sponsors a user has.
pub fn count_sponsors(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<u64> {
    Ok(sponsors(tx, user, None, SPONSORS_MAX)?.len() as u64)
}

/// Makes a user or a group a sponsor.
pub fn add_sponsor(tx: &mut Tx<'_>, user: Id<kind::User>, sponsor: Uuid) -> Result<()> {
    let sponsored = get(tx, user)?;
    let kind = match groups::kind_of(tx, sponsor)? {
        Some(kind @ (LinkKind::User | LinkKind::Group)) => kind,
        Some(_) => {
            return Err(Error::invalid(
                "sponsors",
                "Sponsors of a user are users and groups.",
            ));
        }
        None => return Err(Error::not_found("directoryObject", sponsor)),
    };
    let tenant = tx.tenant();
    if tx.count(HAS, params![&tenant, &user, &sponsor])? > 0 {
        return Err(groups::already_there("sponsors"));
    }
    if tx.count(COUNT, params![&tenant, &user])? >= SPONSORS_MAX as u64 {
        return Err(Error::LimitExceeded {
            limit: "limits.sponsors",
            message: format!("A user has {SPONSORS_MAX} sponsors at most."),
        });
    }
    record(tx, user, sponsor, Op::Created)?
        .execute(INSERT, params![&tenant, &user, &sponsor, kind.code()])?;
    audited::sponsor(tx, &sponsored, sponsor, true)
}

/// [`add_sponsor`], unless that is one already.
pub fn ensure_sponsor(tx: &mut Tx<'_>, user: Id<kind::User>, sponsor: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    if tx.count(HAS, params![&tenant, &user, &sponsor])? > 0 {
        return Ok(());
    }
    add_sponsor(tx, user, sponsor)
}

/// Takes a sponsor away.
pub fn remove_sponsor(tx: &mut Tx<'_>, user: Id<kind::User>, sponsor: Uuid) -> Result<()> {
    let sponsored = get(tx, user)?;
    let tenant = tx.tenant();
    if tx.count(HAS, params![&tenant, &user, &sponsor])? == 0 {
        return Err(Error::not_found("directoryObject", sponsor));
    }
    record(tx, user, sponsor, Op::Deleted)?.execute(DELETE, params![&tenant, &user, &sponsor])?;
    audited::sponsor(tx, &sponsored, sponsor, false)
}

fn record<'t, 'c>(
    tx: &'t mut Tx<'c>,
    user: Id<kind::User>,
    sponsor: Uuid,
    op: Op,
) -> Result<store::Recorded<'t, 'c>> {
    tx.record(Change::relation("userSponsor", user.uuid(), sponsor, op))
}

/// Drops what names an object that is gone for good.
pub(crate) fn drop_sponsors(tx: &mut Tx<'_>, object: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    let pairs: Vec<(Id<kind::User>, Uuid)> =
        tx.query(NAMING, params![&tenant, &object], |row| {
            Ok((row.id(0)?, row.uuid(1)?))
        })?;
    for (user, sponsor) in pairs {
        record(tx, user, sponsor, Op::Deleted)?
            .execute(DELETE, params![&tenant, &user, &sponsor])?;
    }
    Ok(())
}
