//! Signing in for a device that has no browser: it shows a short code, which the person enters where
//! they have one.
//!
//! - The device's code is the tenant's id and 256 random bits, and good once; the person's has eight
//!   letters without vowels, and can be entered only by who is signed in.
//! - Whoever asks more often than he may is told to slow down, and has to.
//!
//! Source: RFC 8628; Microsoft identity platform, "device authorization grant flow".

use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx, params};
use types::{Error, Result, Timestamp};
use uuid::Uuid;

use super::code::SignedIn;
use super::{OAuthError, ScopeRequest};
use crate::{Secret, sha256};

/// How long a device waits.
pub const DEVICE_SECONDS: i64 = 900;
/// Seconds between two questions of a device, to begin with.
pub const INTERVAL_SECONDS: i64 = 5;
/// How much sooner a question may come: clocks and networks aren't exact.
const TOLERANCE_SECONDS: i64 = 1;
/// Seconds by which that grows each time it is too short (RFC 8628 §3.5).
const SLOWER_SECONDS: i64 = 5;
/// Devices of one tenant that wait at once, at most.
pub const WAITING_MAX: u64 = 10_000;
/// RFC 8628 §6.1: letters that make no words and look like no other.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const USER_CODE_LETTERS: usize = 8;

const INSERT: &str = "INSERT INTO device_codes (tenant_id, code_hash, user_code_hash, app_id, doc, \
    state, interval_seconds, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)";
const COUNT: &str = "SELECT count(*) FROM device_codes WHERE tenant_id = ?1 AND expires_at > ?2";
const BY_USER_CODE: &str = "SELECT code_hash, app_id, doc FROM device_codes WHERE tenant_id = ?1 \
    AND user_code_hash = ?2 AND state = 0 AND expires_at > ?3";
const EXISTS: &str =
    "SELECT count(*) FROM device_codes WHERE tenant_id = ?1 AND user_code_hash = ?2";
const DECIDE: &str = "UPDATE device_codes SET state = ?3, doc = ?4 WHERE tenant_id = ?1 \
    AND code_hash = ?2 AND state = 0 AND expires_at > ?5";
const FIND: &str = "SELECT app_id, doc, state, interval_seconds, polled_at, expires_at \
    FROM device_codes WHERE tenant_id = ?1 AND code_hash = ?2";
const POLLED: &str = "UPDATE device_codes SET polled_at = ?3, interval_seconds = ?4 \
    WHERE tenant_id = ?1 AND code_hash = ?2";
const DELETE: &str = "DELETE FROM device_codes WHERE tenant_id = ?1 AND code_hash = ?2";
const EXPIRED: &str = "SELECT code_hash FROM device_codes WHERE tenant_id = ?1 \
    AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3";

const WAITS: i64 = 0;
const ALLOWED: i64 = 1;
const REFUSED: i64 = 2;

/// What a device is shown.
#[derive(Debug)]
pub struct NewDevice {
    /// By which it asks.
    pub device_code: Secret,
    /// What the person enters.
    pub user_code: String,
}

#[derive(Serialize, Deserialize)]
struct Doc {
    scope: ScopeRequest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<SignedIn>,
}

/// A device that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    hash: Vec<u8>,
    /// Its client.
    pub client_id: Uuid,
    /// What it asks for.
    pub scope: ScopeRequest,
}

/// What has come of a device's question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// Somebody has signed in for it. The code is used now.
    Allowed {
        /// What it asked for.
        scope: ScopeRequest,
        /// Who has.
        by: SignedIn,
    },
    /// There is no token, or not yet.
    Refused(OAuthError),
}

/// The letters of what a person has entered; `None` if that can be no code.
fn letters(entered: &str) -> Option<String> {
    let letters: String = entered
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_uppercase())
        .take(USER_CODE_LETTERS + 1)
        .collect();
    (letters.len() == USER_CODE_LETTERS).then_some(letters)
}

fn user_code(tx: &mut Tx<'_>) -> String {
    let mut code = String::with_capacity(USER_CODE_LETTERS);
    while code.len() < USER_CODE_LETTERS {
        let random = tx.random_bytes::<16>();
        // Of the bytes those that give each letter the same chance.
        let fair = random.iter().filter(|byte| **byte < 240);
        let room = USER_CODE_LETTERS - code.len();
        code.extend(
            fair.filter_map(|byte| LETTERS.get(usize::from(byte % 20)))
                .map(|letter| char::from(*letter))
                .take(room),
        );
    }
    code
}

/// Lets a device wait.
pub fn begin(
    tx: &mut Tx<'_>,
    client_id: Uuid,
    scope: ScopeRequest,
) -> Result<Result<NewDevice, OAuthError>> {
    let (tenant, now) = (tx.tenant(), tx.now());
    if tx.count(COUNT, params![&tenant, now])? >= WAITING_MAX {
        return Ok(Err(OAuthError::Unavailable));
    }
    let letters = loop {
        let letters = user_code(tx);
        let hash = sha256(letters.as_bytes());
        if tx.count(EXISTS, params![&tenant, &hash])? == 0 {
            break letters;
        }
    };
    let mut bytes = tenant.bytes().to_vec();
    bytes.extend_from_slice(&tx.random_bytes::<32>());
    let device_code = Secret::new(crate::encoded(&bytes));
    let doc = serde_json::to_string(&Doc { scope, by: None }).map_err(Error::internal)?;
    tx.bookkeeping().execute(
        INSERT,
        params![
            &tenant,
            &sha256(device_code.expose().as_bytes()),
            &sha256(letters.as_bytes()),
            &client_id,
            &doc,
            INTERVAL_SECONDS,
            now.plus_seconds(DEVICE_SECONDS)
        ],
    )?;
    let (head, tail) = letters.split_at(USER_CODE_LETTERS / 2);
    Ok(Ok(NewDevice {
        device_code,
        user_code: format!("{head}-{tail}"),
    }))
}

/// The device that shows what a person has entered.
pub fn find(tx: &ReadTx<'_>, entered: &str) -> Result<Option<Waiting>> {
    let Some(letters) = letters(entered) else {
        return Ok(None);
    };
    let hash = sha256(letters.as_bytes());
    tx.query_one(
        BY_USER_CODE,
        params![&tx.tenant(), &hash, tx.now()],
        |row| {
            let doc: Doc = serde_json::from_str(row.text(2)?).map_err(Error::internal)?;
            Ok(Waiting {
                hash: row.bytes(0)?.to_vec(),
                client_id: row.uuid(1)?,
                scope: doc.scope,
            })
        },
    )
}

/// Decides on a device: who has signed in for it, or that nobody has. Answers whether it was still
/// waiting.
pub fn decide(tx: &mut Tx<'_>, waiting: &Waiting, by: Option<&SignedIn>) -> Result<bool> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let doc = Doc {
        scope: waiting.scope.clone(),
        by: by.cloned(),
    };
    let doc = serde_json::to_string(&doc).map_err(Error::internal)?;
    let state = if by.is_some() { ALLOWED } else { REFUSED };
    let changed = tx
        .bookkeeping()
        .execute(DECIDE, params![&tenant, &waiting.hash, state, &doc, now])?;
    Ok(changed > 0)
}

/// What a device's code is about, for a look ahead of its question.
pub fn asked(tx: &ReadTx<'_>, device_code: &str) -> Result<Option<ScopeRequest>> {
    let hash = sha256(device_code.as_bytes());
    tx.query_one(FIND, params![&tx.tenant(), &hash], |row| {
        let doc: Doc = serde_json::from_str(row.text(1)?).map_err(Error::internal)?;
        Ok(doc.scope)
    })
}

/// Answers a device's question.
pub fn poll(tx: &mut Tx<'_>, device_code: &str, client_id: Uuid) -> Result<Polled> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let refused = |error| Ok(Polled::Refused(error));
    let hash = sha256(device_code.as_bytes());
    let found = tx.query_one(FIND, params![&tenant, &hash], |row| {
        let doc: Doc = serde_json::from_str(row.text(1)?).map_err(Error::internal)?;
        let polled_at = row.opt_timestamp(4)?;
        Ok((
            row.uuid(0)?,
            doc,
            row.int(2)?,
            row.int(3)?,
            polled_at,
            row.timestamp(5)?,
        ))
    })?;
    let Some((app_id, doc, state, interval, polled_at, expires_at)) = found else {
        return refused(OAuthError::UnknownGrant);
    };
    if app_id != client_id {
        return refused(OAuthError::UnknownGrant);
    }
    if expires_at <= now {
        return refused(OAuthError::ExpiredDeviceCode);
    }
    match (state, doc.by) {
        (WAITS, _) => {
            let is_early = polled_at
                .is_some_and(|at: Timestamp| now < at.plus_seconds(interval - TOLERANCE_SECONDS));
            let next = if is_early {
                interval + SLOWER_SECONDS
            } else {
                interval
            };
            tx.bookkeeping()
                .execute(POLLED, params![&tenant, &hash, now, next])?;
            refused(if is_early {
                OAuthError::SlowDown
            } else {
                OAuthError::AuthorizationPending
            })
        }
        (ALLOWED, Some(by)) => {
            tx.bookkeeping().execute(DELETE, params![&tenant, &hash])?;
            Ok(Polled::Allowed {
                scope: doc.scope,
                by,
            })
        }
        _ => refused(OAuthError::DeviceRefused),
    }
}

/// Drops devices whose time is over, so many at most; answers how many.
pub fn sweep(tx: &mut Tx<'_>, limit: usize) -> Result<usize> {
    let tenant = tx.tenant();
    let over: Vec<Vec<u8>> = tx.query(EXPIRED, params![&tenant, tx.now(), limit], |row| {
        row.bytes(0).map(<[u8]>::to_vec)
    })?;
    for hash in &over {
        tx.bookkeeping().execute(DELETE, params![&tenant, hash])?;
    }
    Ok(over.len())
}
