//! Browser sessions: who is signed in at which browser, and since when.
//!
//! - A browser has one cookie for each tenant, with a random secret; only its hash is kept. The
//!   cookie leads to all accounts of the tenant that are signed in there.
//! - The secret is a new one after each sign-in, so that nobody knows it who has known it before
//!   (session fixation).
//! - A session ends by signing out, when its time is over, and with its user's tokens: it keeps the
//!   generation that these had ([`crate::revocation`]), and whoever reads it compares.
//! - A visitor's session knows the one at home that it came from. The home keeps which of those were
//!   signed out, for as long as anything that came from them could last.
//!
//! Source: OpenID Connect Core §3.1.2.3; OWASP Session Management Cheat Sheet.

mod cookie;
mod flow;

use serde::{Deserialize, Serialize};
use store::{ReadTx, Row, Tx, params};
use types::{Id, Result, Timestamp, kind::User};
use uuid::Uuid;

use crate::{Secret, sha256};

pub use cookie::{Cookies, SetCookie};
pub use flow::{Away, FLOW_SECONDS_MAX, Flow, Flows};

/// Accounts that are signed in at one browser, at most: for another one the longest unused goes.
pub const ACCOUNTS_MAX: usize = 10;
/// How long a session lives after its last use where the browser forgets it when it is closed.
pub const SESSION_SECONDS: i64 = 24 * 3_600;
/// How long where the person wants to stay signed in.
pub const PERSISTENT_SECONDS: i64 = 90 * 24 * 3_600;
/// How long it is known that a session has ended: longer than a visited tenant is ever not looked after.
const ENDED_SECONDS: i64 = 400 * 24 * 3_600;
/// How often the last use is written down.
const TOUCH_SECONDS: i64 = 900;
/// Characters of a browser's description of itself that are kept.
const USER_AGENT_MAX: usize = 256;

const COLUMNS: &str = "id, user_id, generation, amr, is_persistent, user_agent, created_at, \
    authenticated_at, used_at, expires_at";
const INSERT: &str = "INSERT INTO sign_in_sessions (tenant_id, id, browser_hash, user_id, \
    generation, amr, is_persistent, user_agent, created_at, authenticated_at, used_at, expires_at, \
    home_session_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?9, ?10, ?11) \
    ON CONFLICT (tenant_id, browser_hash, user_id) DO UPDATE SET generation = excluded.generation, \
    amr = excluded.amr, is_persistent = excluded.is_persistent, user_agent = excluded.user_agent, \
    home_session_id = excluded.home_session_id, \
    authenticated_at = excluded.authenticated_at, used_at = excluded.used_at, \
    expires_at = excluded.expires_at";
const RENEW: &str =
    "UPDATE sign_in_sessions SET browser_hash = ?3 WHERE tenant_id = ?1 AND browser_hash = ?2";
const TOUCH: &str = "UPDATE sign_in_sessions SET used_at = ?3, expires_at = ?4 \
    WHERE tenant_id = ?1 AND id = ?2";
const DELETE: &str = "DELETE FROM sign_in_sessions WHERE tenant_id = ?1 AND id = ?2";
const DELETE_CLIENTS: &str = "DELETE FROM session_clients WHERE tenant_id = ?1 AND session_id = ?2";
const EXPIRED: &str = "SELECT id FROM sign_in_sessions WHERE tenant_id = ?1 AND expires_at <= ?2 \
    ORDER BY expires_at LIMIT ?3";
const NOTE_CLIENT: &str = "INSERT INTO session_clients (tenant_id, session_id, app_id) \
    VALUES (?1, ?2, ?3) ON CONFLICT (tenant_id, session_id, app_id) DO NOTHING";
const KNOWS: &str = "SELECT count(*) FROM session_clients WHERE tenant_id = ?1 AND session_id = ?2 \
    AND app_id = ?3";
const CLIENTS: &str = "SELECT app_id FROM session_clients WHERE tenant_id = ?1 \
    AND session_id = ?2 ORDER BY app_id LIMIT 100";

const FROM_HOME: &str = "SELECT id, home_session_id FROM sign_in_sessions WHERE tenant_id = ?1 \
    AND user_id = ?2 AND expires_at > ?3 AND home_session_id IS NOT NULL ORDER BY id LIMIT ?4";
const NOTE_END: &str = "INSERT INTO ended_sessions (tenant_id, session_id, ended_at) \
    VALUES (?1, ?2, ?3) ON CONFLICT (tenant_id, session_id) DO NOTHING";
const HAS_ENDED: &str =
    "SELECT count(*) FROM ended_sessions WHERE tenant_id = ?1 AND session_id = ?2";
const ENDED_LONG_AGO: &str = "SELECT session_id FROM ended_sessions WHERE tenant_id = ?1 \
    AND ended_at < ?2 ORDER BY ended_at LIMIT ?3";
const FORGET_END: &str = "DELETE FROM ended_sessions WHERE tenant_id = ?1 AND session_id = ?2";

/// How somebody has proved who they are: RFC 8176's names of the methods (`pwd`, `mfa` …).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Methods(pub Vec<String>);

impl Methods {
    fn to_text(&self) -> String {
        self.0.join(" ")
    }
    fn of_text(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_owned).collect())
    }
}

/// Somebody who is signed in at a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, as `sid` in tokens.
    pub id: Uuid,
    /// Who.
    pub user: Id<User>,
    /// The generation of the user's tokens at the sign-in.
    pub generation: u64,
    /// How the user has proved it.
    pub methods: Methods,
    /// Whether it outlives the browser's being closed.
    pub is_persistent: bool,
    /// What the browser says it is.
    pub user_agent: Option<String>,
    /// When the user signed in first.
    pub created_at: Timestamp,
    /// When the user proved it last.
    pub authenticated_at: Timestamp,
    /// When it was used last, a quarter of an hour more or less.
    pub used_at: Timestamp,
    /// When it ends if it isn't used.
    pub expires_at: Timestamp,
}

/// A sign-in that has succeeded.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Who.
    pub user: Id<User>,
    /// [`crate::revocation`]'s generation of the user, of the same snapshot.
    pub generation: u64,
    /// How.
    pub methods: Methods,
    /// Whether it is to outlive the browser's being closed.
    pub is_persistent: bool,
    /// How long sessions live in the tenant.
    pub lifetimes: Lifetimes,
    /// The browser's `User-Agent`.
    pub user_agent: Option<String>,
    /// Of a visitor: the session at home that this one comes from.
    pub home_session: Option<Uuid>,
}

fn session(row: &Row<'_>) -> Result<Session> {
    Ok(Session {
        id: row.uuid(0)?,
        user: row.id(1)?,
        generation: row.count(2)?,
        methods: Methods::of_text(row.text(3)?),
        is_persistent: row.bool(4)?,
        user_agent: row.opt_string(5)?,
        created_at: row.timestamp(6)?,
        authenticated_at: row.timestamp(7)?,
        used_at: row.timestamp(8)?,
        expires_at: row.timestamp(9)?,
    })
}

/// How long sessions live after their last use, as the tenant has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Where the browser forgets them when it is closed.
    pub seconds: i64,
    /// Where the person wants to stay signed in; [`PERSISTENT_SECONDS`] at most, as long as the cookie.
    pub persistent_seconds: i64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            seconds: SESSION_SECONDS,
            persistent_seconds: PERSISTENT_SECONDS,
        }
    }
}

impl Lifetimes {
    const fn of(self, is_persistent: bool) -> i64 {
        if is_persistent {
            self.persistent_seconds
        } else {
            self.seconds
        }
    }
}

/// The sessions that a browser's cookie leads to, those used last first.
pub fn of_browser(tx: &ReadTx<'_>, cookie: &Secret) -> Result<Vec<Session>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sign_in_sessions WHERE tenant_id = ?1 AND browser_hash = ?2 \
         AND expires_at > ?3 ORDER BY used_at DESC, id"
    );
    let hash = sha256(cookie.expose().as_bytes());
    tx.query(&sql, params![&tx.tenant(), &hash, tx.now()], session)
}

/// A session that hasn't ended.
pub fn get(tx: &ReadTx<'_>, id: Uuid) -> Result<Option<Session>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sign_in_sessions WHERE tenant_id = ?1 AND id = ?2 AND expires_at > ?3"
    );
    tx.query_one(&sql, params![&tx.tenant(), &id, tx.now()], session)
}

/// The sessions of somebody at all browsers.
pub fn of_user(tx: &ReadTx<'_>, user: Id<User>) -> Result<Vec<Session>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sign_in_sessions WHERE tenant_id = ?1 AND user_id = ?2 \
         AND expires_at > ?3 ORDER BY id"
    );
    tx.query(&sql, params![&tx.tenant(), &user, tx.now()], session)
}

/// Signs somebody in; answers the session and the browser's new cookie, which leads to whoever else
/// was signed in there as well. Who was signed in already has the same session, renewed.
pub fn start(
    tx: &mut Tx<'_>,
    new: &NewSession,
    cookie: Option<&Secret>,
) -> Result<(Session, Secret)> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let fresh = Secret::new(crate::encoded(&tx.random_bytes::<32>()));
    let hash = sha256(fresh.expose().as_bytes());
    if let Some(cookie) = cookie {
        let others = of_browser(tx, cookie)?;
        let others = others.iter().filter(|other| other.user != new.user);
        for unused in others.skip(ACCOUNTS_MAX - 1) {
            end(tx, unused.id)?;
        }
        let old = sha256(cookie.expose().as_bytes());
        tx.bookkeeping()
            .execute(RENEW, params![&tenant, &old, &hash])?;
    }
    let id = tx.new_uuid();
    let user_agent: Option<String> = new
        .user_agent
        .as_ref()
        .map(|text| text.chars().take(USER_AGENT_MAX).collect());
    let expires_at = now.plus_seconds(new.lifetimes.of(new.is_persistent));
    tx.bookkeeping().execute(
        INSERT,
        params![
            &tenant,
            &id,
            &hash,
            &new.user,
            new.generation,
            &new.methods.to_text(),
            new.is_persistent,
            user_agent.as_ref(),
            now,
            expires_at,
            new.home_session.as_ref()
        ],
    )?;
    let made = of_browser(tx, &fresh)?
        .into_iter()
        .find(|session| session.user == new.user)
        .ok_or_else(|| types::Error::internal("a session that was just made isn't there"))?;
    Ok((made, fresh))
}

/// A new secret that binds pages to a browser.
pub fn new_binding() -> Result<Secret> {
    Ok(Secret::new(crate::encoded(&crate::random::<32>()?)))
}

/// Whether a session's use has to be written down ([`touch`]).
pub fn is_stale(session: &Session, now: Timestamp) -> bool {
    session.used_at.plus_seconds(TOUCH_SECONDS) <= now
}

/// Writes down that a session was used, so that it lives on.
pub fn touch(tx: &mut Tx<'_>, session: &Session, lifetimes: Lifetimes) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let expires_at = now.plus_seconds(lifetimes.of(session.is_persistent));
    tx.bookkeeping()
        .execute(TOUCH, params![&tenant, &session.id, now, expires_at])
        .map(drop)
}

/// Ends a session.
pub fn end(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    let mut books = tx.bookkeeping();
    books.execute(DELETE_CLIENTS, params![&tenant, &id])?;
    books.execute(DELETE, params![&tenant, &id]).map(drop)
}

/// Notes that a client has learned of a session, and so is to be told of its end; `false` if it has
/// ended.
pub fn note_client(tx: &mut Tx<'_>, id: Uuid, app_id: Uuid) -> Result<bool> {
    let tenant = tx.tenant();
    // With the session goes what is known of its clients.
    if tx.count(KNOWS, params![&tenant, &id, &app_id])? > 0 {
        return Ok(true);
    }
    if get(tx, id)?.is_none() {
        return Ok(false);
    }
    tx.bookkeeping()
        .execute(NOTE_CLIENT, params![&tenant, &id, &app_id])?;
    Ok(true)
}

/// The clients that have learned of a session.
pub fn clients(tx: &ReadTx<'_>, id: Uuid) -> Result<Vec<Uuid>> {
    tx.query(CLIENTS, params![&tx.tenant(), &id], |row| row.uuid(0))
}

/// The sessions of a visitor here, so many at most, each with the one at home that it came from.
pub fn from_home(tx: &ReadTx<'_>, user: Id<User>, limit: usize) -> Result<Vec<(Uuid, Uuid)>> {
    let tenant = tx.tenant();
    let asked = params![&tenant, &user, tx.now(), limit];
    tx.query(FROM_HOME, asked, |row| Ok((row.uuid(0)?, row.uuid(1)?)))
}

/// Notes at home that a session was signed out, for those that came from it.
pub fn note_end(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.bookkeeping()
        .execute(NOTE_END, params![&tenant, &id, now])
        .map(drop)
}

/// Whether a session at home was signed out. One whose time is over wasn't.
pub fn has_ended(tx: &ReadTx<'_>, id: Uuid) -> Result<bool> {
    Ok(tx.count(HAS_ENDED, params![&tx.tenant(), &id])? > 0)
}

/// Drops sessions whose time is over, and what is known of those that ended long ago, so many of each at
/// most; answers how many.
pub fn sweep(tx: &mut Tx<'_>, limit: usize) -> Result<usize> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let over = tx.query(EXPIRED, params![&tenant, now, limit], |row| row.uuid(0))?;
    for id in &over {
        end(tx, *id)?;
    }
    let before = now.plus_seconds(-ENDED_SECONDS);
    let ended = tx.query(ENDED_LONG_AGO, params![&tenant, before, limit], |row| {
        row.uuid(0)
    })?;
    for id in &ended {
        tx.bookkeeping().execute(FORGET_END, params![&tenant, id])?;
    }
    Ok(over.len().max(ended.len()))
}
