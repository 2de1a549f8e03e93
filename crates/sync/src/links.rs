//! Links: what a target has of each user, by its last answer.

use std::collections::HashMap;
use std::sync::LazyLock;

use store::{Among, ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind};

/// What the target has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum There {
    /// Nothing.
    Nothing = 0,
    /// The user, as of the digest.
    Synced = 1,
    /// The user, soft-deleted.
    Removed = 2,
}

/// Why a user couldn't be brought up to date, and when to try again.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) attempts: u64,
    pub(crate) next_attempt_at: Timestamp,
    pub(crate) since: Timestamp,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// What the guard keeps from happening to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The user would be deleted in the target.
    Delete = 1,
    /// The account would be disabled there.
    Disable = 2,
}

/// Something that waits for the admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) loss: Loss,
    pub(crate) since: Timestamp,
    /// How often the admin had let something through by then.
    pub(crate) allowances: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) user_id: Id<kind::User>,
    pub(crate) target_id: Option<Id<kind::User>>,
    pub(crate) there: There,
    pub(crate) digest: Option<[u8; 16]>,
    pub(crate) failure: Option<Failure>,
    /// It isn't what it was thought to be: to be looked at without a change at home.
    pub(crate) look: bool,
    /// What the target was told last of the account, if that is known.
    pub(crate) enabled: Option<bool>,
    /// What waits for the admin.
    pub(crate) held: Option<Held>,
}

impl Link {
    pub(crate) const fn new(user_id: Id<kind::User>) -> Self {
        Self {
            user_id,
            target_id: None,
            there: There::Nothing,
            digest: None,
            failure: None,
            look: false,
            enabled: None,
            held: None,
        }
    }
    /// Whether the target has the user, up to date as far as is known.
    pub(crate) const fn is_synced(&self) -> bool {
        matches!(self.there, There::Synced) && self.failure.is_none()
    }
}

macro_rules! insert {
    () => {
        "INSERT INTO sync_links (tenant_id, target_tenant_id, user_id, target_user_id, state, \
         digest, attempts, next_attempt_at, failed_at, error_code, error, enabled, held, held_at, \
         held_in) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    };
}

const COLUMNS: &str = "user_id, target_user_id, state, digest, attempts, next_attempt_at, \
                       failed_at, error_code, error, enabled, held, held_at, \
                       held_in";

fn from_row(row: &store::Row<'_>) -> Result<Link> {
    let there = match row.int(2)? {
        0 => There::Nothing,
        1 => There::Synced,
        2 => There::Removed,
        other => return Err(Error::internal(format!("unknown link state {other}"))),
    };
    let (attempts, due) = (row.count(4)?, row.opt_timestamp(5)?);
    let failure = match due {
        Some(next_attempt_at) if attempts > 0 => Some(Failure {
            attempts,
            next_attempt_at,
            since: row.timestamp(6)?,
            code: row.opt_string(7)?.unwrap_or_default(),
            message: row.opt_string(8)?.unwrap_or_default(),
        }),
        _ => None,
    };
    let held = match row.opt_int(12)? {
        None => None,
        Some(_) => Some(Held {
            loss: if row.int(10)? == Loss::Disable as i64 {
                Loss::Disable
            } else {
                Loss::Delete
            },
            since: row.timestamp(11)?,
            allowances: row.count(12)?,
        }),
    };
    Ok(Link {
        user_id: row.id(0)?,
        target_id: row.opt_id(1)?,
        there,
        digest: row.opt_bytes(3)?.and_then(|bytes| bytes.try_into().ok()),
        look: due.is_some() && failure.is_none(),
        failure,
        enabled: row.opt_int(9)?.map(|enabled| enabled != 0),
        held,
    })
}

pub(crate) fn get(tx: &ReadTx<'_>, target: TenantId, user: Id<kind::User>) -> Result<Option<Link>> {
    tx.query_one(
        &format!(
            "SELECT {COLUMNS} FROM sync_links \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND user_id = ?3"
        ),
        params![&tx.tenant(), &target, &user],
        from_row,
    )
}

/// The links of these users, as far as there are any.
pub(crate) fn of_many(
    tx: &ReadTx<'_>,
    target: TenantId,
    users: &[Id<kind::User>],
) -> Result<HashMap<Id<kind::User>, Option<Link>>> {
    static GET_MANY: LazyLock<Among> = LazyLock::new(|| {
        let sql = format!(
            "SELECT {COLUMNS} FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
             AND user_id = ??"
        );
        Among::new(&sql, 3)
    });
    let mut links: HashMap<_, _> = users.iter().map(|user| (*user, None)).collect();
    let tenant = tx.tenant();
    tx.for_each_among(&GET_MANY, params![&tenant, &target], users, |row| {
        let link = from_row(row)?;
        links.insert(link.user_id, Some(link));
        Ok(())
    })?;
    Ok(links)
}

/// Links of users after `after` (and up to `through`), in the order of user ids.
pub(crate) fn range(
    tx: &ReadTx<'_>,
    target: TenantId,
    after: Option<Id<kind::User>>,
    through: Option<Id<kind::User>>,
    limit: usize,
) -> Result<Vec<Link>> {
    let after = after.unwrap_or_else(Id::nil);
    let through = through.unwrap_or_else(|| Id::new(uuid::Uuid::max()));
    tx.query(
        &format!(
            "SELECT {COLUMNS} FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
             AND user_id > ?3 AND user_id <= ?4 ORDER BY user_id LIMIT ?5"
        ),
        params![&tx.tenant(), &target, &after, &through, limit],
        from_row,
    )
}

/// Users to look at without a change: failed ones whose time to be tried again has come, and those
/// whose links were corrected.
pub(crate) fn due(tx: &ReadTx<'_>, target: TenantId, limit: usize) -> Result<Vec<Id<kind::User>>> {
    tx.query(
        "SELECT user_id FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
         AND next_attempt_at <= ?3 ORDER BY next_attempt_at LIMIT ?4",
        params![&tx.tenant(), &target, tx.now(), limit],
        |row| row.id(0),
    )
}

/// When the next one is due.
pub(crate) fn next_due(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<Timestamp>> {
    tx.query_one(
        "SELECT next_attempt_at FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
         AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT 1",
        params![&tx.tenant(), &target],
        |row| row.timestamp(0),
    )
}

/// Users that are failing, in the order of their ids behind `after`.
pub(crate) fn failing(
    tx: &ReadTx<'_>,
    target: TenantId,
    after: Option<Id<kind::User>>,
    limit: usize,
) -> Result<Vec<Link>> {
    tx.query(
        &format!(
            "SELECT {COLUMNS} FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
             AND next_attempt_at IS NOT NULL AND attempts > 0 AND user_id > ?3 \
             ORDER BY user_id LIMIT ?4"
        ),
        params![&tx.tenant(), &target, &after.unwrap_or_else(Id::nil), limit],
        from_row,
    )
}

/// The first users whom the target has, in the order of their ids.
pub(crate) fn there(
    tx: &ReadTx<'_>,
    target: TenantId,
    limit: usize,
) -> Result<Vec<Id<kind::User>>> {
    tx.query(
        "SELECT user_id FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
         AND state = 1 ORDER BY user_id LIMIT ?3",
        params![&tx.tenant(), &target, limit],
        |row| row.id(0),
    )
}

/// How many users the target has.
pub(crate) fn count_there(tx: &ReadTx<'_>, target: TenantId) -> Result<u64> {
    tx.count(
        "SELECT count(*) FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
         AND state = 1",
        params![&tx.tenant(), &target],
    )
}

/// Users of whom something waits behind so many allowances, in the order of their ids behind
/// `after`.
pub(crate) fn waiting(
    tx: &ReadTx<'_>,
    target: TenantId,
    allowances: u64,
    after: Option<Id<kind::User>>,
    limit: usize,
) -> Result<Vec<Link>> {
    tx.query(
        &format!(
            "SELECT {COLUMNS} FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
             AND held_in IS NOT NULL AND held_in = ?3 AND user_id > ?4 ORDER BY user_id LIMIT ?5"
        ),
        params![
            &tx.tenant(),
            &target,
            allowances,
            &after.unwrap_or_else(Id::nil),
            limit
        ],
        from_row,
    )
}

/// Users of whom something has waited that was let through since: what waits from before so many
/// allowances.
pub(crate) fn let_through(
    tx: &ReadTx<'_>,
    target: TenantId,
    allowances: u64,
    limit: usize,
) -> Result<Vec<Id<kind::User>>> {
    tx.query(
        "SELECT user_id FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
         AND held_in IS NOT NULL AND held_in < ?3 ORDER BY held_in, user_id LIMIT ?4",
        params![&tx.tenant(), &target, allowances, limit],
        |row| row.id(0),
    )
}

/// How many deletions and disablings there are of some kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    pub(crate) deletions: u64,
    pub(crate) disablings: u64,
}

impl Losses {
    pub(crate) const fn all(self) -> u64 {
        self.deletions + self.disablings
    }
}

/// How many wait behind so many allowances, and how many were let through since and aren't carried
/// out yet.
pub(crate) fn count_held(
    tx: &ReadTx<'_>,
    target: TenantId,
    allowances: u64,
) -> Result<(Losses, Losses)> {
    let count = |comparison: &str, loss: Loss| {
        tx.count(
            &format!(
                "SELECT count(*) FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
                 AND held_in IS NOT NULL AND held_in {comparison} ?3 AND held = ?4"
            ),
            params![&tx.tenant(), &target, allowances, loss as i64],
        )
    };
    let losses = |comparison: &str| {
        Ok::<_, Error>(Losses {
            deletions: count(comparison, Loss::Delete)?,
            disablings: count(comparison, Loss::Disable)?,
        })
    };
    Ok((losses("=")?, losses("<")?))
}

/// Writes a link of which there may be an earlier form.
pub(crate) fn put(tx: &mut Tx<'_>, target: TenantId, link: &Link) -> Result<()> {
    write(
        tx,
        target,
        link,
        concat!(
            insert!(),
            " ON CONFLICT (tenant_id, target_tenant_id, user_id) DO UPDATE SET \
             target_user_id = excluded.target_user_id, state = excluded.state, \
             digest = excluded.digest, attempts = excluded.attempts, \
             next_attempt_at = excluded.next_attempt_at, failed_at = excluded.failed_at, \
             error_code = excluded.error_code, error = excluded.error, \
             enabled = excluded.enabled, held = excluded.held, held_at = excluded.held_at, \
             held_in = excluded.held_in"
        ),
    )
}

/// Writes the first form of a link.
pub(crate) fn put_new(tx: &mut Tx<'_>, target: TenantId, link: &Link) -> Result<()> {
    write(tx, target, link, insert!())
}

fn write(tx: &mut Tx<'_>, target: TenantId, link: &Link, sql: &str) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let failure = link.failure.as_ref();
    let due = failure.map(|failure| failure.next_attempt_at);
    tx.bookkeeping().execute_later(
        sql,
        params![
            &tenant,
            &target,
            &link.user_id,
            link.target_id.as_ref(),
            link.there as i64,
            link.digest.as_ref(),
            failure.map_or(0, |failure| failure.attempts),
            due.or(link.look.then_some(now)),
            failure.map(|failure| failure.since),
            failure.map(|failure| failure.code.as_str()),
            failure.map(|failure| failure.message.as_str()),
            link.enabled,
            link.held.map(|held| held.loss as i64),
            link.held.map(|held| held.since),
            link.held.map(|held| held.allowances),
        ],
    )
}

pub(crate) fn delete(tx: &mut Tx<'_>, target: TenantId, user: Id<kind::User>) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "DELETE FROM sync_links WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND user_id = ?3",
            params![&tenant, &target, &user],
        )
        .map(drop)
}

/// Drops up to `limit` links; answers how many.
pub(crate) fn forget(tx: &mut Tx<'_>, target: TenantId, limit: usize) -> Result<usize> {
    let dropped = range(tx, target, None, None, limit)?;
    for link in &dropped {
        delete(tx, target, link.user_id)?;
    }
    Ok(dropped.len())
}
