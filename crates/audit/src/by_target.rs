//! Which entries name an object: an index that is written behind the log.
//!
//! An entry stands where the last one ended, but the entries of an object are together in the index,
//! so each would cost its act a page of its own. Written for many at once, in the index's order, those of
//! one object or of neighbours share it. So [`index`] goes on with it now and then: housekeeping does, and
//! whoever is about to look for an object's entries in a long log. [`list`] looks through what isn't
//! in the index yet, so that it finds all, however much that is.

use store::{Param, ReadTx, Tx, params};
use types::{Result, Timestamp};

use crate::chain::{self, Ends};
use crate::entry::Row;
use crate::log::{self, Filter, Position};

/// Entries that one transaction takes into the index, so that nobody waits long for the writer.
const AT_ONCE: u64 = 2_000;

const NEXT: &str = "SELECT seq, at, doc FROM audit_log WHERE tenant_id = ?1 AND seq > ?2 \
    AND seq <= ?3 ORDER BY seq";
const INSERT: &str = "INSERT INTO audit_targets (tenant_id, target_id, at, seq) \
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant_id, target_id, at, seq) DO NOTHING";
/// The entries of one object, by time.
const INDEXED: &str = "SELECT e.id, e.seq, e.at, e.doc FROM audit_targets t \
    JOIN audit_log e ON e.tenant_id = t.tenant_id AND e.seq = t.seq WHERE t.tenant_id = ?1 \
    AND t.at >= ?2 AND t.at <= ?3 AND (t.at, t.seq)";
/// Those that aren't in the index. `at + 0` keeps the engine from walking all of the log by time.
const BEHIND: &str = "SELECT e.id, e.seq, e.at, e.doc FROM audit_log e WHERE e.tenant_id = ?1 \
    AND e.at + 0 >= ?2 AND e.at + 0 <= ?3 AND (e.at + 0, e.seq)";

/// How many entries aren't in the index.
pub fn behind(tx: &ReadTx<'_>) -> Result<u64> {
    let Ends { head, indexed, .. } = chain::read_ends(tx)?;
    Ok(head.seq - indexed.min(head.seq))
}

/// Takes the next entries into the index; answers how many are left.
pub fn index(tx: &mut Tx<'_>) -> Result<u64> {
    let ends = chain::ends(tx)?;
    let last = ends.head.seq.min(ends.indexed.saturating_add(AT_ONCE));
    if last <= ends.indexed {
        return Ok(0);
    }
    let tenant = tx.tenant();
    let mut named: Vec<(String, Timestamp, u64)> = Vec::new();
    tx.for_each(NEXT, params![&tenant, ends.indexed, last], |row| {
        let (seq, at) = (row.count(0)?, row.timestamp(1)?);
        let targets = log::targets(row.text(2)?).into_iter();
        named.extend(targets.map(|target| (target, at, seq)));
        Ok(())
    })?;
    named.sort_unstable();
    let mut books = tx.bookkeeping();
    for (target, at, seq) in &named {
        books.execute_later(INSERT, params![&tenant, target, *at, *seq])?;
    }
    books.carry(Ends {
        indexed: last,
        ..ends
    });
    Ok(ends.head.seq - last)
}

/// A page of the entries that name an object, as [`log::list`] has it.
pub(crate) fn list(
    tx: &ReadTx<'_>,
    filter: &Filter,
    target: &str,
    after: Position,
    limit: usize,
) -> Result<Vec<Row>> {
    let order = ["t.at", "t.seq"];
    let is_it = [("t.target_id =", Some(Param::Text(target)))];
    let mut rows = log::walk(tx, filter, INDEXED, order, &is_it, after, limit)?;
    rows.extend(list_behind(tx, filter, target, after, limit)?);
    rows.sort_unstable_by_key(|row| (row.at, row.seq));
    // The index may have gone on within this very transaction.
    rows.dedup_by_key(|row| row.seq);
    if !filter.oldest_first {
        rows.reverse();
    }
    rows.truncate(limit);
    Ok(rows)
}

/// The same of those that aren't in the index.
fn list_behind(
    tx: &ReadTx<'_>,
    filter: &Filter,
    target: &str,
    mut after: Position,
    limit: usize,
) -> Result<Vec<Row>> {
    let Ends { indexed, .. } = chain::read_ends(tx)?;
    // Most needn't be taken apart. What stands otherwise in a document than it is said goes without.
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.:/@".contains(letter);
    let pattern = target.chars().all(is_plain).then(|| format!("%{target}%"));
    let order = ["e.at + 0", "e.seq"];
    let mut found = Vec::new();
    loop {
        let more = [
            ("e.seq >", Some(Param::from(indexed))),
            ("e.doc LIKE", pattern.as_deref().map(Param::Text)),
        ];
        let rows = log::walk(tx, filter, BEHIND, order, &more, after, limit)?;
        let is_last = rows.len() < limit;
        if let Some(row) = rows.last() {
            after = Position {
                at: row.at,
                seq: row.seq,
            };
        }
        let names_it = |row: &Row| row.entry.targets.iter().any(|it| it.id == target);
        found.extend(rows.into_iter().filter(names_it));
        if is_last || found.len() >= limit {
            return Ok(found);
        }
    }
}
