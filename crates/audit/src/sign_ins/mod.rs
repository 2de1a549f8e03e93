//! The log of sign-ins: who got in, or didn't, to which application, from where, and why.
//!
//! - A row is written in the transaction of what it tells of, where there is one.
//! - Every interactive sign-in that succeeds is a row of its own. What a program can repeat at will (tokens
//!   that are renewed, an application's own, refusals) is one row for each hour in which everything but
//!   the last bits of the address is alike, with the number of times, as Entra keeps such sign-ins.
//! - Refusals take [`REFUSALS_MAX`] rows an hour at most. Those beyond are counted, by their reasons only,
//!   so that nobody fills the disk by guessing.
//! - A name that nobody has isn't kept: it may be a password in the wrong field.
//!
//! Source: Microsoft Graph, signIn resource type; Microsoft Entra, "What are Microsoft Entra sign-in logs?"
//! and "Non-interactive user sign-ins".

pub mod activity;
mod graph;
mod list;

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use store::{Tx, params};
use types::trace::Trace;
use types::{Error, Result, TenantId, Timestamp};
use uuid::Uuid;

pub use graph::to_graph;
pub use list::{Filter, Position, Row, get, list};

/// Rows that refusals take in one hour (`limits.sign_in_refusals`).
pub const REFUSALS_MAX: u64 = 10_000;
const HOUR_SECONDS: i64 = 3_600;
/// Characters of a browser's description of itself that are kept.
pub const USER_AGENT_MAX: usize = 256;

const INSERT: &str = "INSERT INTO sign_ins (tenant_id, id, at, kind, user_id, app_id, error_code, \
    times, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const AGAIN: &str = "UPDATE sign_ins SET at = ?3, times = times + ?4, doc = ?5 WHERE tenant_id = ?1 \
    AND id = ?2";
const TAKE_BACK: &str = "UPDATE sign_ins SET times = times - 1 WHERE tenant_id = ?1 AND id = ?2";
const DROP_EMPTY: &str = "DELETE FROM sign_ins WHERE tenant_id = ?1 AND id = ?2 AND times <= 0";
const REFUSALS: &str = "SELECT refusals FROM sign_in_hours WHERE tenant_id = ?1 AND hour = ?2";
const COUNT_REFUSAL: &str = "INSERT INTO sign_in_hours (tenant_id, hour, refusals) VALUES (?1, ?2, 1) \
    ON CONFLICT (tenant_id, hour) DO UPDATE SET refusals = sign_in_hours.refusals + 1";
const TRIM: &str = "DELETE FROM sign_ins WHERE tenant_id = ?1 AND id IN (SELECT id FROM sign_ins \
    WHERE tenant_id = ?1 AND at < ?2 ORDER BY at, id LIMIT ?3)";
const TRIM_HOURS: &str = "DELETE FROM sign_in_hours WHERE tenant_id = ?1 AND hour < ?2";

/// What kind of sign-in it is (Graph's `signInEventTypes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// The person has proved something.
    InteractiveUser,
    /// A client in the person's name, by what was proved before.
    NonInteractiveUser,
    /// An application for itself.
    ServicePrincipal,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [
        Self::InteractiveUser,
        Self::NonInteractiveUser,
        Self::ServicePrincipal,
    ];
    /// As Graph writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InteractiveUser => "interactiveUser",
            Self::NonInteractiveUser => "nonInteractiveUser",
            Self::ServicePrincipal => "servicePrincipal",
        }
    }
    /// Reads Graph's word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
    const fn code(self) -> i64 {
        match self {
            Self::InteractiveUser => 0,
            Self::NonInteractiveUser => 1,
            Self::ServicePrincipal => 2,
        }
    }
}

/// The user whom it is about, by the names of then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The object id here; nothing where there is no such user here.
    pub id: Option<Uuid>,
    /// The name to sign in with.
    pub user_principal_name: String,
    /// The name for people.
    pub display_name: String,
    /// Whether a guest.
    pub is_guest: bool,
}

/// Something with an id and the name of then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Named {
    /// Which.
    pub id: Uuid,
    /// Its name, where it is known.
    pub display_name: Option<String>,
}

/// An application that signs in for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// Its service principal here.
    pub id: Uuid,
    /// Its name.
    pub display_name: String,
    /// The secret or certificate that it has used.
    pub key_id: Option<Uuid>,
}

/// A sign-in from one tenant into another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Crossing {
    /// Where the person is at home.
    pub home: TenantId,
    /// Where the person goes.
    pub resource: TenantId,
    /// Which settings were asked and what each said, as far as this tenant may know.
    pub decision: Option<Trace>,
}

/// A sign-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// Of what kind.
    pub kind: Kind,
    /// Whose.
    pub user: Option<Person>,
    /// The client.
    pub app: Option<Named>,
    /// The API that the client asks for.
    pub resource: Option<Named>,
    /// The application itself, where it signs in for itself.
    pub principal: Option<Principal>,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// What the browser or program says it is.
    pub user_agent: Option<String>,
    /// What ties it to the client's own log.
    pub correlation_id: Uuid,
    /// 0, or the number after AADSTS.
    pub error_code: u32,
    /// Why it was refused.
    pub failure_reason: Option<String>,
    /// More about it.
    pub additional_details: Option<String>,
    /// How it was proved.
    pub methods: Vec<String>,
    /// `deviceCode` where it was for a device.
    pub protocol: Option<String>,
    /// Whether a browser is the client.
    pub is_browser: bool,
    /// The session, as `sid` in tokens.
    pub session: Option<Uuid>,
    /// Between tenants: from where to where, and who has decided what.
    pub crossing: Option<Crossing>,
}

impl SignIn {
    /// One of this kind that nothing is known of yet.
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            user: None,
            app: None,
            resource: None,
            principal: None,
            address: None,
            user_agent: None,
            correlation_id: Uuid::nil(),
            error_code: 0,
            failure_reason: None,
            additional_details: None,
            methods: Vec::new(),
            protocol: None,
            is_browser: true,
            session: None,
            crossing: None,
        }
    }

    fn user_id(&self) -> Option<Uuid> {
        self.user.as_ref().and_then(|user| user.id)
    }

    const fn is_counted(&self) -> bool {
        self.error_code != 0 || !matches!(self.kind, Kind::InteractiveUser)
    }

    /// What it is counted by, at this time: the id of the row for those of the hour that have all but the
    /// last bits of the address in common.
    pub fn alike(&self, at: Timestamp) -> Uuid {
        let mut text = Vec::with_capacity(160);
        let mut add = |part: &[u8]| {
            text.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            text.extend_from_slice(part);
        };
        let mut id = |id: Option<Uuid>| match id {
            Some(id) => add(id.as_bytes()),
            None => add(&[]),
        };
        id(self.user_id());
        id(self.app.as_ref().map(|app| app.id));
        id(self.resource.as_ref().map(|resource| resource.id));
        id(self.principal.as_ref().map(|principal| principal.id));
        id(self.principal.as_ref().and_then(|it| it.key_id));
        id(self.crossing.as_ref().map(|it| it.home.uuid()));
        id(self.crossing.as_ref().map(|it| it.resource.uuid()));
        add(&network(self.address));
        add(&self.kind.code().to_be_bytes());
        add(&self.error_code.to_be_bytes());
        add(&hour(at).to_be_bytes());
        let mut id = [0; 16];
        let hash = digest(&SHA256, &text);
        id.copy_from_slice(hash.as_ref().split_at(16).0);
        // Of version 8, which says nothing (RFC 9562).
        uuid::Builder::from_custom_bytes(id).into_uuid()
    }

    /// The row for those that are too many: by the reason alone.
    fn nameless(&self) -> Self {
        Self {
            error_code: self.error_code,
            failure_reason: self.failure_reason.clone(),
            additional_details: Some(
                "There were more refusals within this hour than are kept one by one.".to_owned(),
            ),
            ..Self::new(self.kind)
        }
    }
}

/// Whether sign-ins of these times are counted together.
pub fn is_same_hour(one: Timestamp, other: Timestamp) -> bool {
    hour(one) == hour(other)
}

/// The part of an address that one customer of a provider has.
fn network(address: Option<IpAddr>) -> Vec<u8> {
    match address.map(|address| address.to_canonical()) {
        None => Vec::new(),
        Some(IpAddr::V4(v4)) => v4.octets().to_vec(),
        Some(IpAddr::V6(v6)) => v6.octets().iter().copied().take(8).collect(),
    }
}

fn hour(at: Timestamp) -> i64 {
    at.seconds().div_euclid(HOUR_SECONDS)
}

fn insert(tx: &mut Tx<'_>, sign_in: &SignIn, id: Uuid, times: u64) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let doc = serde_json::to_string(sign_in).map_err(Error::internal)?;
    let (user, app) = (sign_in.user_id(), sign_in.app.as_ref().map(|app| app.id));
    tx.bookkeeping().execute(
        INSERT,
        params![
            &tenant,
            &id,
            now,
            sign_in.kind.code(),
            user.as_ref(),
            app.as_ref(),
            i64::from(sign_in.error_code),
            times,
            &doc
        ],
    )?;
    activity::note(tx, sign_in, id)
}

/// Counts one more in a row that is there; `false` if there is none.
fn count_again(tx: &mut Tx<'_>, sign_in: &SignIn, id: Uuid, times: u64) -> Result<bool> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let doc = serde_json::to_string(sign_in).map_err(Error::internal)?;
    let changed = tx
        .bookkeeping()
        .execute(AGAIN, params![&tenant, &id, now, times, &doc])?;
    if changed == 0 {
        return Ok(false);
    }
    activity::note(tx, sign_in, id)?;
    Ok(true)
}

/// Records a sign-in.
pub fn record(tx: &mut Tx<'_>, sign_in: SignIn) -> Result<()> {
    record_many(tx, sign_in, 1)
}

/// Records so many alike.
pub fn record_many(tx: &mut Tx<'_>, mut sign_in: SignIn, times: u64) -> Result<()> {
    if let Some(text) = &mut sign_in.user_agent
        && let Some((end, _)) = text.char_indices().nth(USER_AGENT_MAX)
    {
        text.truncate(end);
    }
    if !sign_in.is_counted() {
        let id = tx.new_uuid();
        return insert(tx, &sign_in, id, times);
    }
    let (tenant, hour) = (tx.tenant(), hour(tx.now()));
    let id = sign_in.alike(tx.now());
    if count_again(tx, &sign_in, id, times)? {
        return Ok(());
    }
    if sign_in.error_code != 0 {
        let refusals = tx.query_one(REFUSALS, params![&tenant, hour], |row| row.count(0))?;
        if refusals.unwrap_or(0) >= REFUSALS_MAX {
            sign_in = sign_in.nameless();
            let id = sign_in.alike(tx.now());
            if count_again(tx, &sign_in, id, times)? {
                return Ok(());
            }
            return insert(tx, &sign_in, id, times);
        }
        tx.bookkeeping()
            .execute(COUNT_REFUSAL, params![&tenant, hour])?;
    }
    insert(tx, &sign_in, id, times)
}

/// Takes one of the refusals of this hour or the one before back, alike `sign_in`: what was missing has
/// come.
pub fn take_back(tx: &mut Tx<'_>, sign_in: &SignIn, at: Timestamp) -> Result<()> {
    let (tenant, id) = (tx.tenant(), sign_in.alike(at));
    let mut books = tx.bookkeeping();
    if books.execute(TAKE_BACK, params![&tenant, &id])? > 0 {
        books.execute(DROP_EMPTY, params![&tenant, &id])?;
    }
    Ok(())
}

/// Drops what is older, so many rows at most; answers how many.
pub fn trim(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64> {
    let tenant = tx.tenant();
    let mut books = tx.bookkeeping();
    books.execute(TRIM_HOURS, params![&tenant, hour(before)])?;
    books.execute(TRIM, params![&tenant, before, limit])
}
