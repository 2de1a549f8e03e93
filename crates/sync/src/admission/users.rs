//! Users whom the rules have stopped: those who are held until an admin decides, and those who were
//! turned away.

use directory::synced::SyncedUser;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind};

use super::TURNED_AWAY_MAX;
use crate::again;

type UserId = Id<kind::User>;

/// What has become of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum UserState {
    /// Waits for the admin.
    Held,
    /// The admin has let the user in.
    Released,
    /// The admin has refused the user, which no source undoes.
    Refused,
    /// A rule doesn't let the user in.
    TurnedAway,
}

impl UserState {
    const ALL: [Self; 4] = [Self::Held, Self::Released, Self::Refused, Self::TurnedAway];

    /// The API's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Released => "released",
            Self::Refused => "refused",
            Self::TurnedAway => "turnedAway",
        }
    }
    /// Reads the API's word.
    pub fn parse(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown admission state {text}")))
    }
}

/// What is shown of a user who isn't here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    display_name: String,
    user_principal_name: String,
    mail: Option<String>,
    /// Of who was stopped before codes were kept there is only the reason.
    #[serde(default)]
    code: Option<String>,
    reason: Option<String>,
}

/// A user whom the rules have stopped.
#[derive(Debug, Clone)]
pub struct AdmissionUser {
    /// The id at home.
    pub home_id: UserId,
    /// What has become of the user.
    pub state: UserState,
    seen: Seen,
    since: Timestamp,
}

impl AdmissionUser {
    /// Which rule has turned the user away, by its stable code: `AdmissionMaxUsers`.
    pub fn code(&self) -> Option<&str> {
        self.seen.code.as_deref()
    }

    /// Which rule has turned the user away, in words.
    pub fn reason(&self) -> Option<&str> {
        self.seen.reason.as_deref()
    }

    /// The API's form.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.home_id,
            "state": self.state,
            "displayName": self.seen.display_name,
            "userPrincipalName": self.seen.user_principal_name,
            "mail": self.seen.mail,
            "code": self.seen.code,
            "reason": self.seen.reason,
            "sinceDateTime": self.since,
        })
    }
}

fn from_row(row: &Row<'_>) -> Result<AdmissionUser> {
    Ok(AdmissionUser {
        home_id: row.id(0)?,
        state: UserState::parse(row.text(1)?)?,
        seen: serde_json::from_str(row.text(2)?).map_err(Error::internal)?,
        since: row.timestamp(3)?,
    })
}

pub(crate) fn find(
    tx: &ReadTx<'_>,
    source: TenantId,
    home_id: UserId,
) -> Result<Option<AdmissionUser>> {
    tx.query_one(
        "SELECT home_id, state, doc, since FROM admission_users \
         WHERE tenant_id = ?1 AND source_tenant_id = ?2 AND home_id = ?3",
        params![&tx.tenant(), &source, &home_id],
        from_row,
    )
}

/// A page of the users of a tenant whom the rules have stopped, in the order of their ids behind
/// `after`.
pub fn list(
    tx: &ReadTx<'_>,
    source: TenantId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Vec<AdmissionUser>> {
    organization::member(tx, source)?;
    tx.query(
        "SELECT home_id, state, doc, since FROM admission_users \
         WHERE tenant_id = ?1 AND source_tenant_id = ?2 AND home_id > ?3 ORDER BY home_id LIMIT ?4",
        params![&tx.tenant(), &source, &after.unwrap_or_else(Id::nil), limit],
        from_row,
    )
}

fn count(tx: &ReadTx<'_>, source: TenantId, state: UserState) -> Result<u64> {
    tx.count(
        "SELECT count(*) FROM admission_users \
         WHERE tenant_id = ?1 AND source_tenant_id = ?2 AND state = ?3",
        params![&tx.tenant(), &source, state.as_str()],
    )
}

/// How many users of a tenant are held, and how many were decided about.
pub(crate) fn held_and_decided(tx: &ReadTx<'_>, source: TenantId) -> Result<(u64, u64)> {
    let decided = count(tx, source, UserState::Released)? + count(tx, source, UserState::Refused)?;
    Ok((count(tx, source, UserState::Held)?, decided))
}

/// How many users of a tenant are in each state.
pub fn counts(tx: &ReadTx<'_>, source: TenantId) -> Result<Value> {
    Ok(json!({
        "held": count(tx, source, UserState::Held)?,
        "refused": count(tx, source, UserState::Refused)?,
        "turnedAway": count(tx, source, UserState::TurnedAway)?,
    }))
}

fn put(tx: &mut Tx<'_>, source: TenantId, user: &AdmissionUser) -> Result<()> {
    let tenant = tx.tenant();
    let doc = serde_json::to_string(&user.seen).map_err(Error::internal)?;
    let change = Change::relation(
        "admissionUser",
        source.uuid(),
        user.home_id.uuid(),
        Op::Updated,
    );
    tx.record(change)?
        .execute(
            "INSERT INTO admission_users (tenant_id, source_tenant_id, home_id, state, doc, since) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (tenant_id, source_tenant_id, home_id) DO UPDATE SET \
             state = excluded.state, doc = excluded.doc, since = excluded.since",
            params![
                &tenant,
                &source,
                &user.home_id,
                user.state.as_str(),
                &doc,
                user.since
            ],
        )
        .map(drop)
}

/// Notes that a user was stopped, unless that is known.
pub(crate) fn stop(
    tx: &mut Tx<'_>,
    user: &SyncedUser,
    known: Option<&AdmissionUser>,
    state: UserState,
    why: Option<(&str, &str)>,
) -> Result<()> {
    let source = user.home_tenant;
    let name = user.properties.get("displayName").and_then(Value::as_str);
    let seen = Seen {
        display_name: name.unwrap_or_default().to_owned(),
        user_principal_name: user.user_principal_name.clone(),
        mail: user.home_mail.clone(),
        code: why.map(|(code, _)| code.to_owned()),
        reason: why.map(|(_, reason)| reason.to_owned()),
    };
    if known.is_some_and(|known| known.state == state && known.seen == seen) {
        return Ok(());
    }
    if known.is_none()
        && state == UserState::TurnedAway
        && count(tx, source, state)? >= TURNED_AWAY_MAX
    {
        return Ok(());
    }
    let stopped = AdmissionUser {
        home_id: user.home_id,
        state,
        seen,
        since: known.map_or(tx.now(), |known| known.since),
    };
    put(tx, source, &stopped)
}

/// The user isn't stopped any more.
pub(crate) fn pass(tx: &mut Tx<'_>, source: TenantId, home_id: UserId) -> Result<()> {
    let tenant = tx.tenant();
    let change = Change::relation("admissionUser", source.uuid(), home_id.uuid(), Op::Purged);
    tx.record(change)?
        .execute(
            "DELETE FROM admission_users \
             WHERE tenant_id = ?1 AND source_tenant_id = ?2 AND home_id = ?3",
            params![&tenant, &source, &home_id],
        )
        .map(drop)
}

/// Whoever is turned away by the rules as they are now is noted anew.
pub(crate) fn forget_turned_away(tx: &mut Tx<'_>, source: TenantId) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(
            "DELETE FROM admission_users \
             WHERE tenant_id = ?1 AND source_tenant_id = ?2 AND state = 'turnedAway'",
            params![&tenant, &source],
        )
        .map(drop)
}

/// The admin's word about a user who is held, or another one about a user who was: `release` lets
/// the user in, otherwise the user is refused, and leaves if already here.
pub fn decide(tx: &mut Tx<'_>, source: TenantId, home_id: UserId, release: bool) -> Result<()> {
    let not_found = || Error::not_found("admissionUser", home_id);
    let known = match organization::member(tx, source) {
        Ok(_) => find(tx, source, home_id)?,
        Err(Error::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let mut user = known.ok_or_else(not_found)?;
    if user.state == UserState::TurnedAway {
        return Err(Error::conflict(
            "A rule turns this user away, nobody holds it. Change the rule.",
        ));
    }
    let (state, activity) = if release {
        (UserState::Released, "Release a held user of another tenant")
    } else {
        (UserState::Refused, "Refuse a held user of another tenant")
    };
    if user.state == state {
        return Ok(());
    }
    user.state = state;
    user.seen.code = None;
    user.seen.reason = None;
    put(tx, source, &user)?;
    if !release {
        directory::synced::remove(tx, source, home_id, false)?;
    }
    let name = user.seen.display_name;
    let entry = audit::Entry::success("UserSharing", activity);
    audit::record(tx, entry.target(audit::Target::new(home_id, &name, "User")))?;
    if organization::is_active_with(tx, source)? {
        // It may have been the last one whom the others waited for.
        again::ask(tx, source, &again::Whom::Failing)?;
    }
    Ok(())
}
