//! The methods that a user has registered, whatever they are.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, Timestamp, kind::User};
use uuid::Uuid;

/// Methods of one kind that a user can have.
pub const METHODS_MAX: usize = 10;

/// The kind of change in the feed.
pub const CHANGE_KIND: &str = "authenticationMethod";

/// A way to prove who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A password.
    Password,
    /// A passkey, with the authenticator's own check of the user.
    Passkey,
    /// A code of an authenticator app.
    Totp,
    /// One of the codes that were printed for the day when all else is lost.
    RecoveryCode,
    /// What an administrator has handed out for a while.
    TemporaryAccessPass,
}

impl Kind {
    const fn code(self) -> i64 {
        match self {
            Self::Password => 1,
            Self::Passkey => 2,
            Self::Totp => 3,
            Self::RecoveryCode => 4,
            Self::TemporaryAccessPass => 5,
        }
    }
    fn from_code(code: i64) -> Result<Self> {
        Ok(match code {
            2 => Self::Passkey,
            3 => Self::Totp,
            5 => Self::TemporaryAccessPass,
            other => return Err(Error::internal(format!("no authentication method {other}"))),
        })
    }
    /// Whether it says who somebody is.
    pub const fn is_first(self) -> bool {
        matches!(
            self,
            Self::Password | Self::Passkey | Self::TemporaryAccessPass
        )
    }
    /// Whether it makes two factors of a password.
    pub const fn is_factor(self) -> bool {
        matches!(self, Self::Passkey | Self::Totp)
    }
    /// What Graph calls it.
    pub const fn graph_type(self) -> &'static str {
        match self {
            Self::Password => "passwordAuthenticationMethod",
            Self::Passkey => "fido2AuthenticationMethod",
            Self::Totp => "softwareOathAuthenticationMethod",
            Self::RecoveryCode => "recoveryCode",
            Self::TemporaryAccessPass => "temporaryAccessPassAuthenticationMethod",
        }
    }
}

/// A registered method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Its id, the user's own.
    pub id: Uuid,
    /// Whose.
    pub user: Id<User>,
    /// Which kind.
    pub kind: Kind,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was used last.
    pub used_at: Option<Timestamp>,
    pub(crate) counter: u64,
    pub(crate) lookup: Option<Vec<u8>>,
    pub(crate) secret: Option<Vec<u8>>,
    pub(crate) doc: String,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT user_id, id, kind, created_at, used_at, counter, lookup, secret, doc \
             FROM authentication_methods WHERE tenant_id = ?1 AND ",
            $rest
        )
    };
}
const LIST: &str = select!("user_id = ?2 ORDER BY id");
const GET: &str = select!("user_id = ?2 AND id = ?3");
const BY_LOOKUP: &str = select!("lookup = ?2");
const FACTORS: &str = "SELECT DISTINCT user_id, kind FROM authentication_methods \
    WHERE tenant_id = ?1 AND kind IN (?2, ?3)";
const INSERT: &str = "INSERT INTO authentication_methods (tenant_id, user_id, id, kind, lookup, \
    secret, counter, doc, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const DELETE: &str =
    "DELETE FROM authentication_methods WHERE tenant_id = ?1 AND user_id = ?2 AND id = ?3";
const SET_DOC: &str =
    "UPDATE authentication_methods SET doc = ?4 WHERE tenant_id = ?1 AND user_id = ?2 AND id = ?3";
/// Only forwards: of two that use the same at once, one is too late.
const ADVANCE: &str = "UPDATE authentication_methods SET counter = ?4, used_at = ?5 \
    WHERE tenant_id = ?1 AND user_id = ?2 AND id = ?3 AND counter < ?4";
const USED: &str = "UPDATE authentication_methods SET used_at = ?4, doc = ?5 \
    WHERE tenant_id = ?1 AND user_id = ?2 AND id = ?3";

fn method(row: &Row<'_>) -> Result<Method> {
    Ok(Method {
        user: row.id(0)?,
        id: row.uuid(1)?,
        kind: Kind::from_code(row.int(2)?)?,
        created_at: row.timestamp(3)?,
        used_at: row.opt_timestamp(4)?,
        counter: row.count(5)?,
        lookup: row.opt_bytes(6)?.map(<[u8]>::to_vec),
        secret: row.opt_bytes(7)?.map(<[u8]>::to_vec),
        doc: row.string(8)?,
    })
}

impl Method {
    pub(crate) fn document<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.doc).map_err(Error::internal)
    }
}

/// What a user has registered, the oldest first.
pub fn list(tx: &ReadTx<'_>, user: Id<User>) -> Result<Vec<Method>> {
    tx.query(LIST, params![&tx.tenant(), &user], method)
}

/// The kinds of factors that a user has, those that were there first first.
pub(crate) fn registered(tx: &ReadTx<'_>, user: Id<User>) -> Result<Vec<Kind>> {
    let found = tx.remembered(user.bytes(), || {
        let mut kinds = Vec::new();
        for method in list(tx, user)? {
            if method.kind.is_factor() && !kinds.contains(&method.kind) {
                kinds.push(method.kind);
            }
        }
        Ok(Some(Registered(kinds)))
    })?;
    Ok(found.map(|found| found.0.clone()).unwrap_or_default())
}

struct Registered(Vec<Kind>);

/// The other factors of all users.
pub(crate) fn factors(tx: &ReadTx<'_>) -> Result<HashMap<Id<User>, Vec<Kind>>> {
    let kinds = [Kind::Passkey.code(), Kind::Totp.code()];
    let found = tx.query(FACTORS, params![&tx.tenant(), kinds[0], kinds[1]], |row| {
        Ok((row.id(0)?, Kind::from_code(row.int(1)?)?))
    })?;
    let mut factors: HashMap<Id<User>, Vec<Kind>> = HashMap::new();
    for (user, kind) in found {
        factors.entry(user).or_default().push(kind);
    }
    Ok(factors)
}

/// What a user has registered of one kind.
pub fn list_of(tx: &ReadTx<'_>, user: Id<User>, kind: Kind) -> Result<Vec<Method>> {
    let mut found = list(tx, user)?;
    found.retain(|method| method.kind == kind);
    Ok(found)
}

/// A method of a user.
pub fn get(tx: &ReadTx<'_>, user: Id<User>, kind: Kind, id: Uuid) -> Result<Method> {
    let found = tx.query_one(GET, params![&tx.tenant(), &user, &id], method)?;
    found
        .filter(|method| method.kind == kind)
        .ok_or_else(|| Error::not_found(kind.graph_type(), id))
}

pub(crate) fn by_lookup(tx: &ReadTx<'_>, lookup: &[u8]) -> Result<Option<Method>> {
    tx.query_one(BY_LOOKUP, params![&tx.tenant(), lookup], method)
}

/// What is kept of a new method.
pub(crate) struct New<'a> {
    pub(crate) kind: Kind,
    pub(crate) lookup: Option<&'a [u8]>,
    pub(crate) secret: Option<&'a [u8]>,
    pub(crate) counter: u64,
    pub(crate) doc: String,
}

pub(crate) fn insert(tx: &mut Tx<'_>, user: Id<User>, new: New<'_>) -> Result<Method> {
    if list_of(tx, user, new.kind)?.len() >= METHODS_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.authentication_methods",
            message: format!(
                "A user can have {METHODS_MAX} methods of a kind at most \
                 (limits.authentication_methods). Delete one first."
            ),
        });
    }
    let (tenant, id, now) = (tx.tenant(), tx.new_uuid(), tx.now());
    let change = Change::relation(CHANGE_KIND, id, user.uuid(), Op::Created);
    tx.record(change)?.execute(
        INSERT,
        params![
            &tenant,
            &user,
            &id,
            new.kind.code(),
            new.lookup,
            new.secret,
            new.counter,
            &new.doc,
            now
        ],
    )?;
    Ok(Method {
        id,
        user,
        kind: new.kind,
        created_at: now,
        used_at: None,
        counter: new.counter,
        lookup: new.lookup.map(<[u8]>::to_vec),
        secret: new.secret.map(<[u8]>::to_vec),
        doc: new.doc,
    })
}

/// Takes a method away.
pub(crate) fn remove(tx: &mut Tx<'_>, method: &Method) -> Result<()> {
    let tenant = tx.tenant();
    let change = Change::relation(CHANGE_KIND, method.id, method.user.uuid(), Op::Deleted);
    tx.record(change)?
        .execute(DELETE, params![&tenant, &method.user, &method.id])?;
    Ok(())
}

/// Takes all of a user's methods away, with what stands in for them.
pub fn clear(tx: &mut Tx<'_>, user: Id<User>) -> Result<()> {
    for method in list(tx, user)? {
        remove(tx, &method)?;
    }
    Ok(())
}

/// Writes what is known of a method.
pub(crate) fn describe(tx: &mut Tx<'_>, method: &Method, doc: &str) -> Result<()> {
    let tenant = tx.tenant();
    let change = Change::relation(CHANGE_KIND, method.id, method.user.uuid(), Op::Updated);
    tx.record(change)?
        .execute(SET_DOC, params![&tenant, &method.user, &method.id, doc])?;
    Ok(())
}

/// Moves a method's counter on; answers whether that was forwards.
pub(crate) fn advance(tx: &mut Tx<'_>, method: &Method, counter: u64) -> Result<bool> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let moved = tx.bookkeeping().execute(
        ADVANCE,
        params![&tenant, &method.user, &method.id, counter, now],
    )?;
    Ok(moved > 0)
}

/// Notes that a method was used.
pub(crate) fn note_use(tx: &mut Tx<'_>, method: &Method, doc: &str) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.bookkeeping()
        .execute(USED, params![&tenant, &method.user, &method.id, now, doc])?;
    Ok(())
}
