//! When a user has signed in last, which outlives the log of sign-ins.
//!
//! Source: Microsoft Graph, signInActivity resource type.

use serde_json::{Map, Value, json};
use store::{ReadTx, Tx, params};
use types::{Result, Timestamp};
use uuid::Uuid;

use super::{Kind, SignIn};

const NOTE: &str = "INSERT INTO sign_in_activity (tenant_id, user_id, interactive_at, interactive_id, \
    other_at, other_id, successful_at, successful_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET \
    interactive_at = COALESCE(excluded.interactive_at, sign_in_activity.interactive_at), \
    interactive_id = COALESCE(excluded.interactive_id, sign_in_activity.interactive_id), \
    other_at = COALESCE(excluded.other_at, sign_in_activity.other_at), \
    other_id = COALESCE(excluded.other_id, sign_in_activity.other_id), \
    successful_at = COALESCE(excluded.successful_at, sign_in_activity.successful_at), \
    successful_id = COALESCE(excluded.successful_id, sign_in_activity.successful_id)";
const GET: &str = "SELECT interactive_at, interactive_id, other_at, other_id, successful_at, \
    successful_id FROM sign_in_activity WHERE tenant_id = ?1 AND user_id = ?2";
const FORGET: &str = "DELETE FROM sign_in_activity WHERE tenant_id = ?1 AND user_id = ?2";

/// Notes a sign-in that is in the log under an id.
pub(super) fn note(tx: &mut Tx<'_>, sign_in: &SignIn, id: Uuid) -> Result<()> {
    let Some(user) = sign_in.user_id() else {
        return Ok(());
    };
    let (tenant, now) = (tx.tenant(), tx.now());
    let when = |is_so: bool| is_so.then_some(now);
    let which = |is_so: bool| is_so.then_some(&id);
    let interactive = matches!(sign_in.kind, Kind::InteractiveUser);
    let successful = sign_in.error_code == 0;
    tx.bookkeeping().execute_later(
        NOTE,
        params![
            &tenant,
            &user,
            when(interactive),
            which(interactive),
            when(!interactive),
            which(!interactive),
            when(successful),
            which(successful),
        ],
    )
}

/// When a user has signed in last, as Graph's `signInActivity`; `None` if never.
pub fn of(tx: &ReadTx<'_>, user: Uuid) -> Result<Option<Value>> {
    let last = tx.query_one(GET, params![&tx.tenant(), &user], |row| {
        let pair = |at: usize| -> Result<(Option<Timestamp>, Option<Uuid>)> {
            Ok((row.opt_timestamp(at)?, row.opt_uuid(at + 1)?))
        };
        Ok([pair(0)?, pair(2)?, pair(4)?])
    })?;
    let Some(last) = last else { return Ok(None) };
    let names = [
        "lastSignIn",
        "lastNonInteractiveSignIn",
        "lastSuccessfulSignIn",
    ];
    let mut shown = Map::new();
    for (name, (at, id)) in names.into_iter().zip(last) {
        shown.insert(format!("{name}DateTime"), json!(at));
        shown.insert(format!("{name}RequestId"), json!(id));
    }
    Ok(Some(Value::Object(shown)))
}

/// Forgets a user who is gone for good.
pub fn forget(tx: &mut Tx<'_>, user: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(FORGET, params![&tenant, &user])
        .map(drop)
}
