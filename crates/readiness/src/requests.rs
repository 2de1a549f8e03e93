//! Requests: what one tenant asks another to change, and what the other's admin makes of it.
//!
//! Both ends keep a request under the same id. Until it is decided, the tenant that is asked shows
//! what accepting would change there now; with the decision that is written down.

use serde_json::{Value, json};
use store::{ReadTx, Row, Tx, params};
use types::{Error, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::REQUESTS_MAX;
use crate::change::Change;
use crate::matrix::Action;
use crate::messages::{self, DecisionBody, RequestBody};

const KIND: &str = "changeRequest";
const CATEGORY: &str = "Policy";

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// Nobody has decided.
    Pending,
    /// It was accepted, and what it asked for was done in the same moment.
    Accepted,
    /// It was declined.
    Declined,
    /// The other tenant couldn't take it.
    Failed,
}

impl RequestState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Failed => "failed",
        }
    }
    fn parse(text: &str) -> Result<Self> {
        [Self::Pending, Self::Accepted, Self::Declined, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown request state {text}")))
    }
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its id, the same at both ends.
    pub id: Uuid,
    /// Whether this tenant asks; otherwise it is asked.
    pub sent: bool,
    /// The other end.
    pub other: TenantId,
    /// The pair that it is about.
    pub from: TenantId,
    /// The pair that it is about.
    pub to: TenantId,
    /// What is to work between them.
    pub action: Action,
    /// What is asked for.
    pub changes: Vec<Change>,
    /// How that reads.
    shown: Value,
    /// How far it has come.
    pub state: RequestState,
    /// Why it was declined or has failed.
    pub reason: Option<String>,
    created_at: Timestamp,
    decided_at: Option<Timestamp>,
}

impl Request {
    /// The API's form.
    pub fn to_json(&self, own: TenantId) -> Value {
        let (by, of) = if self.sent {
            (own, self.other)
        } else {
            (self.other, own)
        };
        json!({
            "id": self.id,
            "direction": if self.sent { "sent" } else { "received" },
            "requestedByTenantId": by,
            "requestedOfTenantId": of,
            "from": self.from,
            "to": self.to,
            "action": self.action,
            "changes": self.shown,
            "state": self.state.as_str(),
            "reason": self.reason,
            "createdDateTime": self.created_at,
            "decidedDateTime": self.decided_at,
        })
    }
}

const COLUMNS: &str = "id, sent, other_tenant_id, from_tenant_id, to_tenant_id, action, changes, \
                       shown, state, reason, created_at, decided_at";

fn from_row(row: &Row<'_>) -> Result<Request> {
    Ok(Request {
        id: row.uuid(0)?,
        sent: row.bool(1)?,
        other: row.id(2)?,
        from: row.id(3)?,
        to: row.id(4)?,
        action: Action::parse(row.text(5)?)?,
        changes: serde_json::from_str(row.text(6)?).map_err(Error::internal)?,
        shown: serde_json::from_str(row.text(7)?).map_err(Error::internal)?,
        state: RequestState::parse(row.text(8)?)?,
        reason: row.opt_string(9)?,
        created_at: row.timestamp(10)?,
        decided_at: row.opt_timestamp(11)?,
    })
}

fn find(tx: &ReadTx<'_>, id: Uuid) -> Result<Option<Request>> {
    tx.query_one(
        &format!("SELECT {COLUMNS} FROM change_requests WHERE tenant_id = ?1 AND id = ?2"),
        params![&tx.tenant(), &id],
        from_row,
    )
}

/// What accepting would change in this tenant now.
fn outlook(tx: &ReadTx<'_>, partner: TenantId, changes: &[Change]) -> Result<Value> {
    let mut shown = Vec::new();
    for change in changes {
        shown.extend(change.preview(tx, partner)?);
    }
    Ok(Value::Array(shown))
}

fn as_of_now(tx: &ReadTx<'_>, mut request: Request) -> Result<Request> {
    if request.state == RequestState::Pending && !request.sent {
        request.shown = outlook(tx, request.other, &request.changes)?;
    }
    Ok(request)
}

/// A request.
pub fn get(tx: &ReadTx<'_>, id: Uuid) -> Result<Request> {
    let request = find(tx, id)?.ok_or_else(|| Error::not_found(KIND, id))?;
    as_of_now(tx, request)
}

/// A page of the requests, the newest first, behind the one whose id is `after`.
pub fn list(tx: &ReadTx<'_>, after: Option<Uuid>, limit: usize) -> Result<Vec<Request>> {
    let after = after.unwrap_or(Uuid::max());
    tx.query(
        &format!(
            "SELECT {COLUMNS} FROM change_requests WHERE tenant_id = ?1 AND id < ?2 \
             ORDER BY id DESC LIMIT ?3"
        ),
        params![&tx.tenant(), &after, limit],
        from_row,
    )?
    .into_iter()
    .map(|request| as_of_now(tx, request))
    .collect()
}

fn insert(tx: &mut Tx<'_>, request: &Request) -> Result<()> {
    let tenant = tx.tenant();
    let changes = serde_json::to_string(&request.changes).map_err(Error::internal)?;
    let shown = request.shown.to_string();
    let change = store::Change::new(KIND, request.id, store::Op::Created, &[]);
    tx.record(change)?
        .execute(
            "INSERT INTO change_requests (tenant_id, id, sent, other_tenant_id, from_tenant_id, \
             to_tenant_id, action, changes, shown, state, reason, created_at, decided_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            params![
                &tenant,
                &request.id,
                request.sent,
                &request.other,
                &request.from,
                &request.to,
                request.action.as_str(),
                &changes,
                &shown,
                request.state.as_str(),
                request.reason.as_deref(),
                request.created_at,
                request.decided_at,
            ],
        )
        .map(drop)
}

fn decide(
    tx: &mut Tx<'_>,
    request: &mut Request,
    state: RequestState,
    reason: Option<String>,
) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    request.state = state;
    request.reason = reason;
    request.decided_at = Some(now);
    let shown = request.shown.to_string();
    let change = store::Change::new(KIND, request.id, store::Op::Updated, &["state"]);
    tx.record(change)?
        .execute(
            "UPDATE change_requests SET state = ?3, reason = ?4, decided_at = ?5, shown = ?6 \
             WHERE tenant_id = ?1 AND id = ?2",
            params![
                &tenant,
                &request.id,
                state.as_str(),
                request.reason.as_deref(),
                now,
                &shown
            ],
        )
        .map(drop)
}

fn pending(tx: &ReadTx<'_>, other: TenantId, sent: bool) -> Result<Vec<Request>> {
    tx.query(
        &format!(
            "SELECT {COLUMNS} FROM change_requests WHERE tenant_id = ?1 AND other_tenant_id = ?2 \
             AND state = 'pending' AND sent = ?3 ORDER BY id LIMIT ?4"
        ),
        params![&tx.tenant(), &other, sent, REQUESTS_MAX],
        from_row,
    )
}

fn target(request: &Request) -> audit::Target {
    audit::Target::new(request.other.uuid(), "", "Tenant").modified(
        "changes",
        Value::Null,
        request.shown.clone(),
    )
}

/// Asks another tenant for changes of its own settings. The same request that waits already is the
/// answer to its repetition.
pub fn send(
    tx: &mut Tx<'_>,
    other: TenantId,
    (from, to, action): (TenantId, TenantId, Action),
    asked: &[(Change, Value)],
) -> Result<Request> {
    let changes: Vec<Change> = asked.iter().map(|(change, _)| *change).collect();
    let shown: Vec<Value> = asked.iter().map(|(_, shown)| shown.clone()).collect();
    let waiting = pending(tx, other, true)?;
    let same = waiting.iter().find(|request| {
        (request.from, request.to, request.action) == (from, to, action)
            && request.changes == changes
    });
    if let Some(same) = same {
        return Ok(same.clone());
    }
    if waiting.len() as u64 >= REQUESTS_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.change_requests",
            message: format!(
                "{REQUESTS_MAX} requests wait at tenant {other} already (limits.change_requests)."
            ),
        });
    }
    let request = Request {
        id: tx.new_uuid(),
        sent: true,
        other,
        from,
        to,
        action,
        changes,
        shown: Value::Array(shown),
        state: RequestState::Pending,
        reason: None,
        created_at: tx.now(),
        decided_at: None,
    };
    insert(tx, &request)?;
    let body = RequestBody {
        id: request.id,
        from,
        to,
        action,
        changes: request.changes.clone(),
    };
    border::outbox::post(tx, other, messages::REQUEST, &body)?;
    let entry = audit::Entry::success(CATEGORY, "Request a change of another tenant");
    audit::record(tx, entry.target(target(&request)))?;
    Ok(request)
}

/// A request has come from another tenant, which is active in the organization with this one.
pub(crate) fn receive(tx: &mut Tx<'_>, other: TenantId, body: RequestBody) -> Result<()> {
    let pair = [body.from, body.to];
    if !pair.contains(&other) || !pair.contains(&tx.tenant()) || body.from == body.to {
        return Err(Error::bad_request("The request is about other tenants."));
    }
    if body.changes.is_empty() {
        return Err(Error::bad_request("The request asks for nothing."));
    }
    if find(tx, body.id)?.is_some() {
        return Err(Error::bad_request(
            "A request with this id is here already.",
        ));
    }
    if pending(tx, other, false)?.len() as u64 >= REQUESTS_MAX {
        return Err(Error::bad_request(format!(
            "{REQUESTS_MAX} requests wait at the tenant already (limits.change_requests)."
        )));
    }
    let mut changes = body.changes;
    changes.sort_unstable();
    changes.dedup();
    let request = Request {
        id: body.id,
        sent: false,
        other,
        from: body.from,
        to: body.to,
        action: body.action,
        shown: outlook(tx, other, &changes)?,
        changes,
        state: RequestState::Pending,
        reason: None,
        created_at: tx.now(),
        decided_at: None,
    };
    insert(tx, &request)?;
    let entry = audit::Entry::success(CATEGORY, "Receive a request for a change");
    audit::record(tx, entry.target(target(&request))).map(drop)
}

fn received(tx: &ReadTx<'_>, id: Uuid) -> Result<Request> {
    let request = get(tx, id)?;
    if request.sent {
        return Err(Error::conflict(
            "This tenant has sent the request: the other one decides.",
        ));
    }
    match request.state {
        RequestState::Pending => Ok(request),
        _ => Err(Error::conflict(format!(
            "The request is {} already.",
            request.state.as_str()
        ))),
    }
}

/// Accepts a request: what it shows is done, with the decision.
pub fn accept(tx: &mut Tx<'_>, id: Uuid) -> Result<Request> {
    let mut request = received(tx, id)?;
    if !organization::is_active_with(tx, request.other)? {
        return Err(Error::conflict(
            "The tenant that has sent the request isn't in the organization any more. Decline it.",
        ));
    }
    for change in request.changes.clone() {
        change.apply(tx, request.other)?;
    }
    decide(tx, &mut request, RequestState::Accepted, None)?;
    tell(tx, &request)?;
    let entry = audit::Entry::success(CATEGORY, "Accept a request for a change");
    audit::record(tx, entry.target(target(&request)))?;
    Ok(request)
}

/// Declines a request, with a reason that the other tenant reads.
pub fn decline(tx: &mut Tx<'_>, id: Uuid, reason: Option<String>) -> Result<Request> {
    let mut request = received(tx, id)?;
    types::check_reason(reason.as_deref())?;
    decide(tx, &mut request, RequestState::Declined, reason)?;
    tell(tx, &request)?;
    let mut entry = audit::Entry::success(CATEGORY, "Decline a request for a change");
    entry.reason.clone_from(&request.reason);
    audit::record(tx, entry.target(target(&request)))?;
    Ok(request)
}

fn tell(tx: &mut Tx<'_>, request: &Request) -> Result<()> {
    let body = DecisionBody {
        id: request.id,
        accepted: request.state == RequestState::Accepted,
        reason: request.reason.clone(),
    };
    border::outbox::post(tx, request.other, messages::DECISION, &body).map(drop)
}

/// What the other tenant has decided.
pub(crate) fn decided(tx: &mut Tx<'_>, other: TenantId, body: DecisionBody) -> Result<()> {
    types::check_reason(body.reason.as_deref())?;
    let request = find(tx, body.id)?.filter(|request| request.sent && request.other == other);
    let Some(mut request) = request.filter(|it| it.state == RequestState::Pending) else {
        return Ok(());
    };
    let (state, activity) = if body.accepted {
        (RequestState::Accepted, "Receive an accepted request")
    } else {
        (RequestState::Declined, "Receive a declined request")
    };
    decide(tx, &mut request, state, body.reason)?;
    let mut entry = audit::Entry::success(CATEGORY, activity);
    entry.reason.clone_from(&request.reason);
    audit::record(tx, entry.target(target(&request))).map(drop)
}

/// The other tenant couldn't take the request.
pub(crate) fn failed(tx: &mut Tx<'_>, id: Uuid, reason: String) -> Result<()> {
    let request = find(tx, id)?.filter(|it| it.sent && it.state == RequestState::Pending);
    let Some(mut request) = request else {
        return Ok(());
    };
    let activity = "Request a change of another tenant";
    let entry = audit::Entry::failure(CATEGORY, activity, reason.clone());
    decide(tx, &mut request, RequestState::Failed, Some(reason))?;
    audit::record(tx, entry.target(target(&request))).map(drop)
}

/// Drops requests that were made before an instant, so many at most; answers how many.
pub fn trim(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<usize> {
    let tenant = tx.tenant();
    let old: Vec<Uuid> = tx.query(
        "SELECT id FROM change_requests WHERE tenant_id = ?1 AND created_at < ?2 \
         ORDER BY created_at LIMIT ?3",
        params![&tenant, before, limit],
        |row| row.uuid(0),
    )?;
    for id in &old {
        tx.record(store::Change::new(KIND, *id, store::Op::Purged, &[]))?
            .execute(
                "DELETE FROM change_requests WHERE tenant_id = ?1 AND id = ?2",
                params![&tenant, id],
            )?;
    }
    Ok(old.len())
}
