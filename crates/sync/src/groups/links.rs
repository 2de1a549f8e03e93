//! What a target has of each group, by its last answer, and up to where it has its members.

use store::{ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp};
use uuid::Uuid;

use super::GroupId;
use crate::links::There;

#[derive(Debug, Clone)]
pub(crate) struct GroupLink {
    pub(crate) id: GroupId,
    pub(crate) target_id: Option<GroupId>,
    pub(crate) there: There,
    pub(crate) digest: Option<[u8; 16]>,
    /// Members behind this one aren't sent yet.
    pub(crate) members_after: Option<Uuid>,
    /// Its deletion waits.
    pub(crate) held: bool,
    pub(crate) attempts: u64,
    pub(crate) next_attempt_at: Option<Timestamp>,
    pub(crate) error: Option<(String, String)>,
}

impl GroupLink {
    pub(crate) const fn new(id: GroupId) -> Self {
        Self {
            id,
            target_id: None,
            there: There::Nothing,
            digest: None,
            members_after: None,
            held: false,
            attempts: 0,
            next_attempt_at: None,
            error: None,
        }
    }
}

const COLUMNS: &str = "group_id, target_group_id, state, digest, members_after, held, attempts, \
                       next_attempt_at, error_code, error";

fn from_row(row: &store::Row<'_>) -> Result<GroupLink> {
    let there = match row.int(2)? {
        0 => There::Nothing,
        1 => There::Synced,
        2 => There::Removed,
        other => return Err(Error::internal(format!("unknown link state {other}"))),
    };
    Ok(GroupLink {
        id: row.id(0)?,
        target_id: row.opt_id(1)?,
        there,
        digest: row.opt_bytes(3)?.and_then(|bytes| bytes.try_into().ok()),
        members_after: row.opt_uuid(4)?,
        held: row.bool(5)?,
        attempts: row.count(6)?,
        next_attempt_at: row.opt_timestamp(7)?,
        error: row.opt_string(8)?.zip(row.opt_string(9)?),
    })
}

pub(crate) fn get(tx: &ReadTx<'_>, target: TenantId, id: GroupId) -> Result<Option<GroupLink>> {
    tx.query_one(
        &format!(
            "SELECT {COLUMNS} FROM sync_groups \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND group_id = ?3"
        ),
        params![&tx.tenant(), &target, &id],
        from_row,
    )
}

/// Links behind `after` (up to `through`), in the order of the groups' ids.
pub(crate) fn range(
    tx: &ReadTx<'_>,
    target: TenantId,
    after: Option<GroupId>,
    through: Option<GroupId>,
    limit: usize,
) -> Result<Vec<GroupLink>> {
    let through = through.unwrap_or_else(|| Id::new(Uuid::max()));
    tx.query(
        &format!(
            "SELECT {COLUMNS} FROM sync_groups WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
             AND group_id > ?3 AND group_id <= ?4 ORDER BY group_id LIMIT ?5"
        ),
        params![
            &tx.tenant(),
            &target,
            &after.unwrap_or_else(Id::nil),
            &through,
            limit
        ],
        from_row,
    )
}

/// Groups to look at without a change: those that failed and are due, and those to be looked at.
pub(crate) fn due(tx: &ReadTx<'_>, target: TenantId, limit: usize) -> Result<Vec<GroupId>> {
    tx.query(
        "SELECT group_id FROM sync_groups WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
         AND next_attempt_at <= ?3 ORDER BY next_attempt_at LIMIT ?4",
        params![&tx.tenant(), &target, tx.now(), limit],
        |row| row.id(0),
    )
}

pub(crate) fn next_due(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<Timestamp>> {
    tx.query_one(
        "SELECT next_attempt_at FROM sync_groups WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
         AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT 1",
        params![&tx.tenant(), &target],
        |row| row.timestamp(0),
    )
}

/// Groups whose members aren't all sent, those that fail left out.
pub(crate) fn to_fill(tx: &ReadTx<'_>, target: TenantId, limit: usize) -> Result<Vec<GroupLink>> {
    tx.query(
        &format!(
            "SELECT {COLUMNS} FROM sync_groups WHERE tenant_id = ?1 AND target_tenant_id = ?2 \
             AND members_after IS NOT NULL AND next_attempt_at IS NULL AND state = 1 \
             ORDER BY group_id LIMIT ?3"
        ),
        params![&tx.tenant(), &target, limit],
        from_row,
    )
}

pub(crate) fn put(tx: &mut Tx<'_>, target: TenantId, link: &GroupLink) -> Result<()> {
    let tenant = tx.tenant();
    let error = link.error.as_ref();
    tx.bookkeeping()
        .execute(
            "INSERT INTO sync_groups (tenant_id, target_tenant_id, group_id, target_group_id, \
             state, digest, members_after, held, attempts, next_attempt_at, error_code, error) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
             ON CONFLICT (tenant_id, target_tenant_id, group_id) DO UPDATE SET \
             target_group_id = excluded.target_group_id, state = excluded.state, \
             digest = excluded.digest, members_after = excluded.members_after, \
             held = excluded.held, attempts = excluded.attempts, \
             next_attempt_at = excluded.next_attempt_at, error_code = excluded.error_code, \
             error = excluded.error",
            params![
                &tenant,
                &target,
                &link.id,
                link.target_id.as_ref(),
                link.there as i64,
                link.digest.as_ref(),
                link.members_after.as_ref(),
                link.held,
                link.attempts,
                link.next_attempt_at,
                error.map(|(code, _)| code.as_str()),
                error.map(|(_, message)| message.as_str()),
            ],
        )
        .map(drop)
}

pub(crate) fn delete(tx: &mut Tx<'_>, target: TenantId, id: GroupId) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "DELETE FROM sync_groups \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND group_id = ?3",
            params![&tenant, &target, &id],
        )
        .map(drop)
}

/// The pair is to send a group again, and `with_members` those in it: what went beside it may have
/// been older than what it sent.
pub(crate) fn look_again(
    tx: &mut Tx<'_>,
    target: TenantId,
    id: GroupId,
    with_members: bool,
) -> Result<()> {
    let Some(mut link) = get(tx, target, id)?.filter(|link| link.next_attempt_at.is_none()) else {
        return Ok(());
    };
    link.digest = None;
    link.next_attempt_at = Some(tx.now());
    if with_members && link.there == There::Synced {
        link.members_after = Some(Uuid::nil());
    }
    put(tx, target, &link)
}

/// Notes that a pair has to do with groups.
pub(crate) fn note(tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "UPDATE sync_pairs SET has_groups = 1 \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND has_groups = 0",
            params![&tenant, &target],
        )
        .map(drop)
}

/// Drops all links of a pair.
pub(crate) fn forget(tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "DELETE FROM sync_groups WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target],
        )
        .map(drop)
}

/// The target may have lost what it had: everything is sent again, members too.
pub(crate) fn refill(tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
    let (tenant, start) = (tx.tenant(), Uuid::nil());
    tx.bookkeeping()
        .execute(
            "UPDATE sync_groups SET digest = NULL, members_after = ?3 \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND state = 1",
            params![&tenant, &target, &start],
        )
        .map(drop)
}

/// Deletions that have waited are looked at.
pub(crate) fn release(tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.bookkeeping()
        .execute(
            "UPDATE sync_groups SET held = 0, next_attempt_at = ?3 \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND held = 1",
            params![&tenant, &target, now],
        )
        .map(drop)
}

/// How many groups the target has, how many fail, and how many are on their way, or their members.
pub(crate) fn counts(tx: &ReadTx<'_>, target: TenantId) -> Result<[u64; 3]> {
    let count = |condition: &str| {
        tx.count(
            &format!(
                "SELECT count(*) FROM sync_groups \
                 WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND {condition}"
            ),
            params![&tx.tenant(), &target],
        )
    };
    Ok([
        count("state = 1")?,
        count("next_attempt_at IS NOT NULL AND attempts > 0")?,
        count(
            "((members_after IS NOT NULL AND next_attempt_at IS NULL AND state = 1) \
             OR (next_attempt_at IS NOT NULL AND attempts = 0))",
        )?,
    ])
}
