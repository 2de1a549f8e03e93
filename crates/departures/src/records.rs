//! Departures in the store.

use serde_json::Value;
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, TenantId, kind};
use uuid::Uuid;

use crate::TOLD_MAX;
use crate::model::{Departure, Report, Stage};

const KIND: &str = "departure";

/// A departure, whoever carries it out.
enum Kept {
    Own(Box<Departure>),
    Theirs(Box<Report>),
}

impl Kept {
    fn to_json(&self, deleted_days: u64) -> Value {
        match self {
            Self::Own(departure) => departure.to_json(deleted_days),
            Self::Theirs(report) => report.to_json(),
        }
    }
}

fn from_row(row: &Row<'_>) -> Result<Kept> {
    let doc = row.text(1)?;
    Ok(if row.bool(0)? {
        Kept::Own(serde_json::from_str(doc).map_err(Error::internal)?)
    } else {
        Kept::Theirs(serde_json::from_str(doc).map_err(Error::internal)?)
    })
}

fn find(tx: &ReadTx<'_>, id: Uuid) -> Result<Option<Kept>> {
    tx.query_one(
        "SELECT own, doc FROM departures WHERE tenant_id = ?1 AND id = ?2",
        params![&tx.tenant(), &id],
        from_row,
    )
}

/// A departure in the API's form.
pub fn get(tx: &ReadTx<'_>, id: Uuid, deleted_days: u64) -> Result<Value> {
    let found = find(tx, id)?.ok_or_else(|| Error::not_found(KIND, id))?;
    Ok(found.to_json(deleted_days))
}

/// A page of departures in the API's form, the newest first, behind the one whose id is `after`.
pub fn list(
    tx: &ReadTx<'_>,
    after: Option<Uuid>,
    limit: usize,
    deleted_days: u64,
) -> Result<Vec<Value>> {
    let after = after.unwrap_or(Uuid::max());
    tx.query(
        "SELECT own, doc FROM departures WHERE tenant_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
        params![&tx.tenant(), &after, limit],
        |row| Ok(from_row(row)?.to_json(deleted_days)),
    )
}

/// A departure that this tenant carries out.
pub(crate) fn own(tx: &ReadTx<'_>, id: Uuid) -> Result<Departure> {
    match find(tx, id)? {
        Some(Kept::Own(departure)) => Ok(*departure),
        Some(Kept::Theirs(_)) => Err(Error::conflict(
            "Another tenant carries this departure out: only that one can undo it.",
        )),
        None => Err(Error::not_found(KIND, id)),
    }
}

/// Departures of this tenant that go on by themselves.
pub fn running(tx: &ReadTx<'_>) -> Result<Vec<Uuid>> {
    let stages = [
        Stage::Withdrawing,
        Stage::Leaving,
        Stage::Treating,
        Stage::Undoing,
    ];
    let mut running = Vec::new();
    for stage in stages {
        running.extend(tx.query(
            "SELECT id FROM departures WHERE tenant_id = ?1 AND stage = ?2 AND own = 1 ORDER BY id",
            params![&tx.tenant(), stage.as_str()],
            |row| row.uuid(0),
        )?);
    }
    Ok(running)
}

pub(crate) fn save(tx: &mut Tx<'_>, departure: &Departure) -> Result<()> {
    let doc = serde_json::to_string(departure).map_err(Error::internal)?;
    put(
        tx,
        departure.id,
        true,
        departure.by,
        departure.stage.as_str(),
        &doc,
        departure.started_at,
    )
}

/// Keeps what another tenant tells of a departure; `is_first`: that it begins.
pub(crate) fn keep(
    tx: &mut Tx<'_>,
    from: TenantId,
    report: &Report,
    is_first: bool,
) -> Result<bool> {
    match find(tx, report.id)? {
        None if is_first => refuse_too_many(tx, from)?,
        Some(Kept::Theirs(known)) if known.by == from => {}
        _ => return Ok(false),
    }
    let doc = serde_json::to_string(report).map_err(Error::internal)?;
    put(tx, report.id, false, from, "told", &doc, report.started_at)?;
    Ok(true)
}

fn refuse_too_many(tx: &ReadTx<'_>, from: TenantId) -> Result<()> {
    let told = tx.count(
        "SELECT count(*) FROM departures WHERE tenant_id = ?1 AND by_tenant_id = ?2 AND own = 0",
        params![&tx.tenant(), &from],
    )?;
    if told < TOLD_MAX {
        return Ok(());
    }
    Err(Error::bad_request(format!(
        "The tenant keeps {TOLD_MAX} reports of the sender's departures already."
    )))
}

fn put(
    tx: &mut Tx<'_>,
    id: Uuid,
    own: bool,
    by: TenantId,
    stage: &str,
    doc: &str,
    started_at: types::Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    tx.record(Change::new(KIND, id, Op::Updated, &["state"]))?
        .execute(
            "INSERT INTO departures (tenant_id, id, own, by_tenant_id, stage, doc, started_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tenant_id, id) DO UPDATE SET \
             stage = excluded.stage, doc = excluded.doc",
            params![&tenant, &id, own, &by, stage, doc, started_at],
        )
        .map(drop)
}

/// Notes that a user was treated.
pub(crate) fn note(tx: &mut Tx<'_>, departure: Uuid, user: Id<kind::User>) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "INSERT INTO departure_users (tenant_id, departure_id, user_id) VALUES (?1, ?2, ?3) \
             ON CONFLICT (tenant_id, departure_id, user_id) DO NOTHING",
            params![&tenant, &departure, &user],
        )
        .map(drop)
}

/// The next users that a departure has treated.
pub(crate) fn noted(tx: &ReadTx<'_>, departure: Uuid, limit: usize) -> Result<Vec<Id<kind::User>>> {
    tx.query(
        "SELECT user_id FROM departure_users WHERE tenant_id = ?1 AND departure_id = ?2 \
         ORDER BY user_id LIMIT ?3",
        params![&tx.tenant(), &departure, limit],
        |row| row.id(0),
    )
}

/// The user isn't as the departure has made it any more.
pub(crate) fn forget(tx: &mut Tx<'_>, departure: Uuid, user: Id<kind::User>) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "DELETE FROM departure_users \
             WHERE tenant_id = ?1 AND departure_id = ?2 AND user_id = ?3",
            params![&tenant, &departure, &user],
        )
        .map(drop)
}
