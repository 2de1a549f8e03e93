//! The row of a pair: its position, its counters and what holds it up.

use store::{Change, Op, ReadTx, Tx, params};
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

use crate::groups;
use crate::guard::{self, Removals};
use crate::jobs;
use crate::links::{self, Link};

/// What a pair is doing with its users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It looks at what changes.
    Follow = 0,
    /// It counts the users in scope, before it scans them.
    Count = 1,
    /// It looks at every user; the feed waits for its end.
    Scan = 2,
    /// It looks at every group, behind the users; the feed waits for its end.
    Groups = 3,
}

impl Phase {
    fn from_code(code: i64) -> Result<Self> {
        match code {
            0 => Ok(Self::Follow),
            1 => Ok(Self::Count),
            2 => Ok(Self::Scan),
            3 => Ok(Self::Groups),
            other => Err(Error::internal(format!("unknown phase {other} of a pair"))),
        }
    }
}

/// How far a pair has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The last feed entry that was dealt with.
    pub feed_seq: u64,
    /// What it is doing.
    pub phase: Phase,
    /// The last user that the count or the scan has dealt with.
    pub after: Option<Id<kind::User>>,
    /// Users that the count or the scan has before it, about.
    pub left: u64,
    /// Users in scope, as they were counted before the scan.
    pub in_scope: u64,
    /// The form of the scope that the scan has applied; another one asks for a new scan.
    pub scope_key: String,
    /// What the scan does with users whom it would remove.
    pub removals: Removals,
    /// How many these are, as they were counted before it.
    pub leaving: u64,
}

impl Position {
    /// The position of a pair that has dealt with nobody yet: no scope has this key.
    fn start(head: u64) -> Self {
        Self {
            feed_seq: head,
            phase: Phase::Count,
            after: None,
            left: 0,
            in_scope: 0,
            scope_key: String::new(),
            removals: Removals::Ask,
            leaving: 0,
        }
    }

    /// The scan is over.
    pub(crate) const fn follow(&mut self) {
        self.phase = Phase::Follow;
        self.after = None;
        self.left = 0;
        self.removals = Removals::Ask;
        self.leaving = 0;
    }
}

/// What the source knows of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The links may say something else than the target has.
    New = 0,
    /// The links say what the target has.
    Running = 1,
    /// The two tenants have parted; the links go, part by part.
    Ending = 2,
    /// They are gone. What the admin has set stays, for the two may come together again.
    Ended = 3,
}

impl Stage {
    fn from_code(code: i64) -> Result<Self> {
        match code {
            0 => Ok(Self::New),
            1 => Ok(Self::Running),
            2 => Ok(Self::Ending),
            3 => Ok(Self::Ended),
            other => Err(Error::internal(format!("unknown stage {other} of a pair"))),
        }
    }
}

/// A pair as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) target: TenantId,
    pub(crate) job_id: Uuid,
    pub(crate) cycle_id: Uuid,
    pub(crate) stage: Stage,
    pub(crate) epoch: u64,
    /// The last number of its stream that was used.
    pub(crate) stream_seq: u64,
    pub(crate) position: Position,
    pub(crate) paused: bool,
    pub(crate) synced: u64,
    pub(crate) failed: u64,
    pub(crate) blocked: Option<Trace>,
    pub(crate) applied_at: Option<Timestamp>,
    /// How often the target has asked for all users again.
    pub(crate) again: u64,
    /// Since when the guard lets it delete nobody.
    pub(crate) quarantined_at: Option<Timestamp>,
    /// Whatever the feed has up to here may delete.
    pub(crate) allowed_seq: u64,
    /// How often the admin has let through what waits.
    pub(crate) allowances: u64,
    /// Whether the target has ever been sent groups.
    pub(crate) has_groups: bool,
    /// The epoch of the life of its work that was sure of the position, for other servers.
    pub(crate) sure_epoch: Option<u64>,
}

const COLUMNS: &str = "target_tenant_id, job_id, cycle_id, stage, epoch, stream_seq, feed_seq, \
                       phase, scan_after, scan_left, in_scope, scope_key, paused, synced, failed, \
                       blocked, applied_at, again, quarantined_at, allowed_seq, allowances, \
                       removals, leaving, has_groups, sure_epoch";

fn from_row(row: &store::Row<'_>) -> Result<Pair> {
    Ok(Pair {
        target: row.id(0)?,
        job_id: row.uuid(1)?,
        cycle_id: row.uuid(2)?,
        stage: Stage::from_code(row.int(3)?)?,
        epoch: row.count(4)?,
        stream_seq: row.count(5)?,
        position: Position {
            feed_seq: row.count(6)?,
            phase: Phase::from_code(row.int(7)?)?,
            after: row.opt_id(8)?,
            left: row.count(9)?,
            in_scope: row.count(10)?,
            scope_key: row.string(11)?,
            removals: Removals::from_code(row.int(21)?)?,
            leaving: row.count(22)?,
        },
        paused: row.bool(12)?,
        synced: row.count(13)?,
        failed: row.count(14)?,
        blocked: row
            .opt_text(15)?
            .map(serde_json::from_str)
            .transpose()
            .map_err(Error::internal)?,
        applied_at: row.opt_timestamp(16)?,
        again: row.count(17)?,
        quarantined_at: row.opt_timestamp(18)?,
        allowed_seq: row.count(19)?,
        allowances: row.count(20)?,
        has_groups: row.bool(23)?,
        sure_epoch: row.opt_int(24)?.and_then(|epoch| u64::try_from(epoch).ok()),
    })
}

pub(crate) fn get(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<Pair>> {
    tx.query_one(
        &format!("SELECT {COLUMNS} FROM sync_pairs WHERE tenant_id = ?1 AND target_tenant_id = ?2"),
        params![&tx.tenant(), &target],
        from_row,
    )
}

pub(crate) fn all(tx: &ReadTx<'_>) -> Result<Vec<Pair>> {
    tx.query(
        &format!("SELECT {COLUMNS} FROM sync_pairs WHERE tenant_id = ?1 ORDER BY target_tenant_id"),
        params![&tx.tenant()],
        from_row,
    )
}

impl Pair {
    /// A pair for the log of a job that acts beside it.
    pub(crate) fn of_job(target: TenantId, job_id: Uuid, cycle_id: Uuid) -> Self {
        Self {
            target,
            job_id,
            cycle_id,
            stage: Stage::New,
            epoch: 0,
            stream_seq: 0,
            position: Position::start(0),
            paused: false,
            synced: 0,
            failed: 0,
            blocked: None,
            applied_at: None,
            again: 0,
            quarantined_at: None,
            allowed_seq: 0,
            allowances: 0,
            has_groups: false,
            sure_epoch: None,
        }
    }

    /// The key of a scope for this pair: a target that wants all users again asks for a scan.
    pub(crate) fn scope_key(&self, key: String) -> String {
        match self.again {
            0 => key,
            again => format!("{key} again {again}"),
        }
    }
}

/// The pair with a target; a new one, or one that had ended, begins anew.
pub(crate) fn ensure(tx: &mut Tx<'_>, target: TenantId) -> Result<Pair> {
    let found = get(tx, target)?;
    if let Some(pair) = &found
        && pair.stage != Stage::Ended
    {
        return Ok(pair.clone());
    }
    let (tenant, head, now) = (tx.tenant(), tx.head()?, tx.now());
    if found.is_none() {
        let (job_id, cycle_id) = (tx.new_uuid(), tx.new_uuid());
        tx.bookkeeping().execute(
            "INSERT INTO sync_pairs (tenant_id, target_tenant_id, job_id, cycle_id, stage, epoch, \
             stream_seq, feed_seq, phase, scan_after, scan_left, in_scope, scope_key, paused, \
             synced, failed, blocked, applied_at, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, NULL, 0, 0, '', 0, 0, 0, NULL, NULL, ?6)",
            params![&tenant, &target, &job_id, &cycle_id, Stage::New as i64, now],
        )?;
    }
    set_stage(tx, target, Stage::New)?;
    set_retired(tx, target, false)?;
    keep_position(tx, target, &Position::start(head))?;
    get(tx, target)?.ok_or_else(|| Error::internal("the new pair isn't there"))
}

pub(crate) fn set_stage(tx: &mut Tx<'_>, target: TenantId, stage: Stage) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "UPDATE sync_pairs SET stage = ?3 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target, stage as i64],
        )
        .map(drop)
}

/// Notes that the target may have something else than the links say: batches whose settlement is
/// missing, or (`from_the_start`) one of the two has lost what it had. `seq` is the last number that
/// the target has seen.
pub(crate) fn doubt(
    tx: &mut Tx<'_>,
    target: TenantId,
    seq: u64,
    from_the_start: bool,
) -> Result<()> {
    let (tenant, head) = (tx.tenant(), tx.head()?);
    tx.bookkeeping().execute(
        "UPDATE sync_pairs SET stage = ?3, epoch = epoch + 1, stream_seq = ?4, sure_epoch = NULL \
         WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tenant, &target, Stage::New as i64, seq],
    )?;
    if from_the_start {
        groups::links::refill(tx, target)?;
        keep_position(tx, target, &Position::start(head))?;
    }
    Ok(())
}

/// Counts the users again, now that the links say what the target has. A scan that is under way
/// was counted when they did.
pub(crate) fn recount(tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
    let Some(pair) = get(tx, target)? else {
        return Ok(());
    };
    let under_way = pair.position.phase == Phase::Groups
        || (pair.position.phase == Phase::Scan && pair.position.after.is_some());
    if pair.position.phase == Phase::Follow || under_way {
        return Ok(());
    }
    // The place in the feed stays, by which it is known what the admin has allowed.
    let again = Position {
        removals: pair.position.removals,
        ..Position::start(pair.position.feed_seq)
    };
    keep_position(tx, target, &again)
}

/// Keeps a position.
pub(crate) fn keep_position(tx: &mut Tx<'_>, target: TenantId, at: &Position) -> Result<()> {
    let tenant = tx.tenant();
    if at.phase == Phase::Follow {
        guard::leave_if_none_waits(tx, target)?;
    }
    tx.bookkeeping()
        .execute(
            "UPDATE sync_pairs SET feed_seq = ?3, phase = ?4, scan_after = ?5, scan_left = ?6, \
             in_scope = ?7, scope_key = ?8, removals = ?9, leaving = ?10 \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![
                &tenant,
                &target,
                at.feed_seq,
                at.phase as i64,
                at.after.as_ref(),
                at.left,
                at.in_scope,
                at.scope_key.as_str(),
                at.removals as i64,
                at.leaving,
            ],
        )
        .map(drop)
}

/// Notes for other servers that the position which is kept is sure, in this epoch of the work.
pub(crate) fn keep_sure(tx: &mut Tx<'_>, target: TenantId, epoch: Option<u64>) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping().execute_later(
        "UPDATE sync_pairs SET sure_epoch = ?3 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tenant, &target, epoch],
    )
}

/// Keeps the last number of the stream that was used, and what holds the pair up, if anything.
pub(crate) fn keep_stand(
    tx: &mut Tx<'_>,
    target: TenantId,
    seq: u64,
    blocked: Option<&Trace>,
) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let before = tx.query_one(
        "SELECT blocked_at FROM sync_pairs WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tenant, &target],
        |row| row.opt_timestamp(0),
    )?;
    let since = blocked.map(|_| before.flatten().unwrap_or(now));
    let text = blocked
        .map(serde_json::to_string)
        .transpose()
        .map_err(Error::internal)?;
    tx.bookkeeping()
        .execute(
            "UPDATE sync_pairs SET stream_seq = ?3, blocked = ?4, blocked_at = ?5 \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target, seq, text.as_deref(), since],
        )
        .map(drop)
}

/// Marks a pair that its job has left and that has nothing to do.
pub(crate) fn set_retired(tx: &mut Tx<'_>, target: TenantId, retired: bool) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "UPDATE sync_pairs SET retired = ?3 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target, retired],
        )
        .map(drop)
}

/// Gives a pair to a job: its log bears that job's id.
pub(crate) fn set_job(tx: &mut Tx<'_>, target: TenantId, job: Uuid) -> Result<()> {
    let (tenant, cycle) = (tx.tenant(), tx.new_uuid());
    tx.bookkeeping().execute(
        "UPDATE sync_pairs SET job_id = ?3, cycle_id = ?4 \
         WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tenant, &target, &job, &cycle],
    )?;
    set_retired(tx, target, false)
}

/// Lets a pair go that belonged to a job; `retired`: it has nothing else to do.
pub(crate) fn set_free(tx: &mut Tx<'_>, target: TenantId, retired: bool) -> Result<()> {
    let job = tx.new_uuid();
    set_job(tx, target, job)?;
    set_retired(tx, target, retired)
}

/// Begins a new cycle of a pair, which has forgotten this.
pub(crate) fn reset(tx: &mut Tx<'_>, target: TenantId, reset: jobs::Reset) -> Result<()> {
    let (tenant, cycle) = (tx.tenant(), tx.new_uuid());
    let changed = ["restart"];
    let change = Change::new("userSharing", target.uuid(), Op::Updated, &changed);
    tx.record(change)?.execute(
        "UPDATE sync_pairs SET cycle_id = ?3 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tenant, &target, &cycle],
    )?;
    let mut books = tx.bookkeeping();
    if reset.escrows {
        books.execute(
            "UPDATE sync_links SET attempts = 0, next_attempt_at = NULL, failed_at = NULL, \
             error_code = NULL, error = NULL, digest = NULL \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND attempts > 0",
            params![&tenant, &target],
        )?;
        books.execute(
            "UPDATE sync_pairs SET failed = 0, synced = (SELECT count(*) FROM sync_links \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND state = 1) \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target],
        )?;
    }
    if reset.watermark || reset.connector_data_store {
        // Another scope asks for a scan, another epoch makes what was sent before old.
        books.execute(
            "UPDATE sync_pairs SET again = again + 1, epoch = epoch + 1 \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target],
        )?;
    }
    if reset.quarantine_state {
        books.execute(
            "UPDATE sync_pairs SET blocked = NULL, blocked_at = NULL \
             WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target],
        )?;
    }
    if reset.force_deletes {
        guard::confirm(tx, target)?;
    }
    Ok(())
}

/// Stops or goes on, at the admin's wish; answers whether that changed anything.
pub(crate) fn set_paused(tx: &mut Tx<'_>, target: TenantId, paused: bool) -> Result<bool> {
    if ensure(tx, target)?.paused == paused {
        return Ok(false);
    }
    let tenant = tx.tenant();
    tx.record(Change::new(
        "userSharing",
        target.uuid(),
        Op::Updated,
        &["paused"],
    ))?
    .execute(
        "UPDATE sync_pairs SET paused = ?3 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tenant, &target, paused],
    )?;
    Ok(true)
}

/// How far the end of a pair has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The tenants are together (again), or a job governs it: it goes on.
    Together,
    /// There are more links to forget.
    Goes,
    /// Nothing is left to do.
    Done,
}

/// A pair that simply goes on: its tenants are together or a job governs it, and no end has begun.
pub(crate) fn going(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<Pair>> {
    let Some(pair) = get(tx, target)? else {
        return Ok(None);
    };
    let lives = matches!(pair.stage, Stage::New | Stage::Running);
    Ok((lives && jobs::is_due(tx, target)?).then_some(pair))
}

/// Ends a pair if its tenants have parted and no job governs it: drops up to `limit` of its links.
/// The users in the target stay as they are. Once begun it goes to its end, even if the two come
/// together again.
pub(crate) fn end(tx: &mut Tx<'_>, target: TenantId, limit: usize) -> Result<End> {
    let together = jobs::is_due(tx, target)?;
    let over = if together { End::Together } else { End::Done };
    let Some(pair) = get(tx, target)? else {
        return Ok(over);
    };
    match pair.stage {
        Stage::Ended => return Ok(over),
        Stage::New | Stage::Running if together => return Ok(over),
        Stage::New | Stage::Running => {
            let tenant = tx.tenant();
            tx.bookkeeping().execute(
                "UPDATE sync_pairs SET stage = ?3, epoch = epoch + 1, synced = 0, failed = 0, \
                 blocked = NULL, quarantined_at = NULL \
                 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
                params![&tenant, &target, Stage::Ending as i64],
            )?;
            guard::forget(tx, target)?;
            groups::links::forget(tx, target)?;
        }
        Stage::Ending => {}
    }
    if links::forget(tx, target, limit)? < limit {
        set_stage(tx, target, Stage::Ended)?;
        return Ok(over);
    }
    Ok(End::Goes)
}

/// What a change of links does to a pair's counters: users that the target has up to date, and
/// users that fail. No user is both.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    synced: i64,
    failed: i64,
}

impl Counts {
    pub(crate) fn change(&mut self, before: Option<&Link>, after: Option<&Link>) {
        let synced = |link: Option<&Link>| i64::from(link.is_some_and(Link::is_synced));
        let failed =
            |link: Option<&Link>| i64::from(link.is_some_and(|link| link.failure.is_some()));
        self.synced += synced(after) - synced(before);
        self.failed += failed(after) - failed(before);
    }

    pub(crate) fn keep(&self, tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
        let tenant = tx.tenant();
        tx.bookkeeping()
            .execute(
                "UPDATE sync_pairs SET synced = synced + ?3, failed = failed + ?4 \
                 WHERE tenant_id = ?1 AND target_tenant_id = ?2",
                params![&tenant, &target, self.synced, self.failed],
            )
            .map(drop)
    }
}
