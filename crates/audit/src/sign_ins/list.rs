//! Reading the log of sign-ins.

use serde::{Deserialize, Serialize};
use store::{Param, ReadTx, Row as StoredRow, params};
use types::{Error, Result, Timestamp};
use uuid::Uuid;

use super::{Kind, SignIn};
use crate::page::{self, Page};

const GET: &str = "SELECT id, at, times, doc FROM sign_ins WHERE tenant_id = ?1 AND id = ?2";
const LIST: &str = "SELECT id, at, times, doc FROM sign_ins WHERE tenant_id = ?1 AND at >= ?2 \
    AND at <= ?3 AND (at, id)";

/// A row of the log.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id.
    pub id: Uuid,
    /// When, or when last.
    pub at: Timestamp,
    /// How often within the hour.
    pub times: u64,
    /// What.
    pub sign_in: SignIn,
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// [`Row::at`].
    pub at: Timestamp,
    /// [`Row::id`].
    pub id: Uuid,
}

/// Conditions, all of which a row has to meet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// `createdDateTime ge`.
    pub from: Option<Timestamp>,
    /// `createdDateTime le`.
    pub until: Option<Timestamp>,
    /// `userId eq`.
    pub user_id: Option<Uuid>,
    /// `appId eq`.
    pub app_id: Option<Uuid>,
    /// `status/errorCode eq`.
    pub error_code: Option<i64>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// The oldest first, instead of the newest.
    pub oldest_first: bool,
}

/// One row.
pub fn get(tx: &ReadTx<'_>, id: Uuid) -> Result<Row> {
    tx.query_one(GET, params![&tx.tenant(), &id], make)?
        .ok_or_else(|| Error::not_found("signIn", id))
}

/// A page in the filter's order: at most `limit` rows that come after `after`.
pub fn list(
    tx: &ReadTx<'_>,
    filter: &Filter,
    after: Option<Position>,
    limit: usize,
) -> Result<Vec<Row>> {
    let tenant = tx.tenant();
    let first = Position {
        at: page::start(filter.oldest_first),
        id: if filter.oldest_first {
            Uuid::nil()
        } else {
            Uuid::max()
        },
    };
    let after = after.unwrap_or(first);
    let page = Page {
        list: LIST,
        order: ["at", "id"],
        from: filter.from,
        until: filter.until,
        after: (after.at, (&after.id).into()),
        oldest_first: filter.oldest_first,
    };
    let conditions = [
        ("user_id =", filter.user_id.as_ref().map(Param::from)),
        ("app_id =", filter.app_id.as_ref().map(Param::from)),
        ("error_code =", filter.error_code.map(Param::from)),
        ("kind =", filter.kind.map(|kind| Param::from(kind.code()))),
    ];
    let (sql, params) = page.statement(&tenant, conditions, limit);
    tx.query(&sql, &params, make)
}

fn make(row: &StoredRow<'_>) -> Result<Row> {
    Ok(Row {
        id: row.uuid(0)?,
        at: row.timestamp(1)?,
        times: row.count(2)?,
        sign_in: serde_json::from_str(row.text(3)?).map_err(Error::internal)?,
    })
}
