//! Writing entries and paging through them.

use serde::{Deserialize, Serialize};
use store::{Param, ReadTx, Row as StoredRow, Tx, params};
use types::{Actor, Error, Result, Timestamp};
use uuid::Uuid;

use crate::by_target;
use crate::chain;
use crate::entry::{Entry, Outcome, Row};
use crate::page::{self, Page};
use crate::redact::{is_secret, redact};

/// The document of a row.
#[derive(Serialize, Deserialize)]
struct Document {
    actor: Actor,
    entry: Entry,
}

const INSERT: &str = "INSERT INTO audit_log (tenant_id, seq, id, at, category, activity, result, \
    app_id, user_id, doc, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const DELETE_TARGET: &str = "DELETE FROM audit_targets WHERE tenant_id = ?1 AND target_id = ?2 \
    AND at = ?3 AND seq = ?4";
const GET_BY_SEQ: &str = "SELECT id FROM audit_log WHERE tenant_id = ?1 AND seq = ?2";
/// An entry's id begins with its time; see [`get`].
const GET: &str = "SELECT id, seq, at, doc FROM audit_log WHERE tenant_id = ?1 AND at >= ?2 \
    AND at < ?3 AND id = ?4";
/// Pages walk the log by time.
const LIST_ALL: &str = "SELECT e.id, e.seq, e.at, e.doc FROM audit_log e WHERE e.tenant_id = ?1 \
    AND e.at >= ?2 AND e.at <= ?3 AND (e.at, e.seq)";
/// What is about to be trimmed.
const TRIMMED: &str = "SELECT seq, at, doc FROM audit_log WHERE tenant_id = ?1 AND seq <= ?2";
/// Microseconds by which an id may be ahead of its entry, a second: the ids of one transaction count
/// on from its time, 4,096 in each millisecond.
const AHEAD_MAX: i64 = 1_000_000;

/// Records an act; answers the entry's id. Secrets in its values are dropped.
pub fn record(tx: &mut Tx<'_>, mut entry: Entry) -> Result<Uuid> {
    clean(&mut entry);
    let id = tx.new_uuid();
    let (tenant, at, actor) = (tx.tenant(), tx.now(), tx.actor().clone());
    let (app_id, user_id) = initiator(&actor);
    let document = Document { actor, entry };
    let doc = serde_json::to_string(&document).map_err(Error::internal)?;
    let entry = &document.entry;
    let link = chain::append(
        tx,
        &chain::Content {
            id,
            at,
            category: &entry.category,
            activity: &entry.activity_display_name,
            result: entry.result.as_str(),
            app_id,
            user_id,
            doc: &doc,
        },
    )?;
    tx.bookkeeping().execute_later(
        INSERT,
        params![
            &tenant,
            link.seq,
            &id,
            at,
            &entry.category,
            &entry.activity_display_name,
            entry.result.as_str(),
            app_id.as_ref(),
            user_id.as_ref(),
            &doc,
            &link.digest,
        ],
    )?;
    Ok(id)
}

fn clean(entry: &mut Entry) {
    for target in &mut entry.targets {
        target.modified.retain(|(name, _, _)| !is_secret(name));
        for (_, old, new) in &mut target.modified {
            *old = redact(old);
            *new = redact(new);
        }
    }
    entry.details.retain(|(key, _)| !is_secret(key));
}

/// The application and the user that an entry can be found by.
const fn initiator(actor: &Actor) -> (Option<Uuid>, Option<Uuid>) {
    match *actor {
        Actor::Application { app_id, .. } => (Some(app_id), None),
        Actor::User { id, .. } => (None, Some(id)),
        Actor::Operator | Actor::System | Actor::Tenant { .. } => (None, None),
    }
}

/// One entry.
pub fn get(tx: &ReadTx<'_>, id: Uuid) -> Result<Row> {
    let missing = || Error::not_found("directoryAudit", id);
    let (seconds, nanoseconds) = id.get_timestamp().ok_or_else(missing)?.to_unix();
    let seconds = i64::try_from(seconds).map_err(|_| missing())?;
    let at = Timestamp::from_seconds(seconds).0 + i64::from(nanoseconds / 1_000);
    let look = |from: i64, until: i64| {
        let (from, until) = (Timestamp(from), Timestamp(until));
        tx.query_one(GET, params![&tx.tenant(), from, until, &id], make)
    };
    // Nearly always in the very millisecond.
    if let Some(found) = look(at, at + 1_000)? {
        return Ok(found);
    }
    look(at - AHEAD_MAX, at)?.ok_or_else(missing)
}

/// The id of the entry that was recorded last.
pub fn newest(tx: &Tx<'_>) -> Result<Option<Uuid>> {
    let last = chain::ends(tx)?.head.seq;
    tx.query_one(GET_BY_SEQ, params![&tx.tenant(), last], |row| row.uuid(0))
}

/// Where a page ended: the time and place of its last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// [`Row::at`].
    pub at: Timestamp,
    /// [`Row::seq`].
    pub seq: u64,
}

/// Conditions, all of which an entry has to meet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// `activityDateTime ge`.
    pub from: Option<Timestamp>,
    /// `activityDateTime le`.
    pub until: Option<Timestamp>,
    /// `category eq`.
    pub category: Option<String>,
    /// `activityDisplayName eq`.
    pub activity_display_name: Option<String>,
    /// `result eq`.
    pub result: Option<Outcome>,
    /// `initiatedBy/app/appId eq`.
    pub app_id: Option<Uuid>,
    /// `initiatedBy/user/id eq`.
    pub user_id: Option<Uuid>,
    /// `targetResources/any(t:t/id eq …)`.
    pub target_id: Option<String>,
    /// `activityDateTime asc`, instead of the newest first.
    pub oldest_first: bool,
}

/// A page in the filter's order: at most `limit` entries that come after `after`.
pub fn list(
    tx: &ReadTx<'_>,
    filter: &Filter,
    after: Option<Position>,
    limit: usize,
) -> Result<Vec<Row>> {
    let first = Position {
        at: page::start(filter.oldest_first),
        seq: if filter.oldest_first { 0 } else { u64::MAX },
    };
    let after = after.unwrap_or(first);
    if let Some(target) = &filter.target_id {
        return by_target::list(tx, filter, target, after, limit);
    }
    walk(tx, filter, LIST_ALL, ["e.at", "e.seq"], &[], after, limit)
}

/// A page of one of the ways through the log, with conditions besides the filter's.
pub(crate) fn walk(
    tx: &ReadTx<'_>,
    filter: &Filter,
    list: &str,
    order: [&str; 2],
    more: &[(&str, Option<Param<'_>>)],
    after: Position,
    limit: usize,
) -> Result<Vec<Row>> {
    let tenant = tx.tenant();
    let page = Page {
        list,
        order,
        from: filter.from,
        until: filter.until,
        after: (after.at, after.seq.into()),
        oldest_first: filter.oldest_first,
    };
    let own = [
        ("e.category =", filter.category.as_deref().map(Param::Text)),
        (
            "e.activity =",
            filter.activity_display_name.as_deref().map(Param::Text),
        ),
        (
            "e.result =",
            filter.result.map(|result| Param::Text(result.as_str())),
        ),
        ("e.app_id =", filter.app_id.as_ref().map(Param::from)),
        ("e.user_id =", filter.user_id.as_ref().map(Param::from)),
    ];
    let (sql, params) = page.statement(&tenant, own.iter().chain(more).copied(), limit);
    tx.query(&sql, &params, make)
}

/// Drops entries from before `before`, the oldest first and at most 5,000; answers how many. Call it
/// again until it answers 0. The chain goes on from there.
pub fn trim(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    let Some(last) = chain::trim(tx, before)? else {
        return Ok(0);
    };
    let tenant = tx.tenant();
    let trimmed = tx.query(TRIMMED, params![&tenant, last], |row| {
        Ok((row.count(0)?, row.timestamp(1)?, targets(row.text(2)?)))
    })?;
    let mut books = tx.bookkeeping();
    for (seq, at, targets) in &trimmed {
        for target in targets {
            books.execute_later(DELETE_TARGET, params![&tenant, target, *at, *seq])?;
        }
    }
    books.execute(
        "DELETE FROM audit_log WHERE tenant_id = ?1 AND seq <= ?2",
        params![&tenant, last],
    )
}

/// The objects that an entry's document names. One that was damaged names nothing any more that it
/// could be found by.
pub(crate) fn targets(doc: &str) -> Vec<String> {
    let document: Option<Document> = serde_json::from_str(doc).ok();
    document.map_or_else(Vec::new, |document| {
        let targets = document.entry.targets.into_iter();
        targets.map(|target| target.id).collect()
    })
}

fn make(row: &StoredRow<'_>) -> Result<Row> {
    let document: Document = serde_json::from_str(row.text(3)?).map_err(Error::internal)?;
    Ok(Row {
        id: row.uuid(0)?,
        seq: row.count(1)?,
        at: row.timestamp(2)?,
        actor: document.actor,
        entry: document.entry,
    })
}
