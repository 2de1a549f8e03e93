//! Users in the order of their ids, for those who go over all of them: no document is parsed
//! before it is asked for.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use store::{Among, ReadTx, Row, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind};

use super::{proxy_address, public, spelled_type, sql};

/// A user as a scan sees it.
#[derive(Debug, Clone)]
pub struct ScannedUser {
    /// The object.
    pub id: Id<kind::User>,
    doc: String,
    created_at: Timestamp,
    /// `Member` or `Guest`.
    pub user_type: String,
    /// Whether the user belongs to another tenant, or to none and was invited.
    pub is_external: bool,
    /// The tenant that the user belongs to, if it is another one.
    pub(crate) home: Option<TenantId>,
    /// The effective value.
    pub account_enabled: bool,
    /// The manager: of an internal user the local id, of a synced one the id at home.
    pub manager: Option<Id<kind::User>>,
    /// Whether it is deleted (and can be restored).
    pub deleted: bool,
}

impl ScannedUser {
    /// The properties that have a value, as Graph spells them.
    pub fn properties(&self) -> Result<Map<String, Value>> {
        let document = serde_json::from_str(&self.doc).map_err(Error::internal)?;
        let mut properties = public(document);
        if let Some(mail) = properties.get("mail").and_then(Value::as_str) {
            let proxies = json!([proxy_address(mail)]);
            properties.insert("proxyAddresses".into(), proxies);
        }
        properties.insert("id".into(), json!(self.id));
        properties.insert("accountEnabled".into(), self.account_enabled.into());
        properties.insert("userType".into(), self.user_type.as_str().into());
        properties.insert("createdDateTime".into(), json!(self.created_at));
        Ok(properties)
    }
}

pub(crate) fn scanned(row: &Row<'_>) -> Result<ScannedUser> {
    Ok(ScannedUser {
        id: row.id(0)?,
        doc: row.string(1)?,
        created_at: row.timestamp(2)?,
        deleted: row.opt_int(3)?.is_some(),
        account_enabled: row.bool(5)?,
        user_type: spelled_type(row.text(7)?).to_owned(),
        home: row.opt_id(8)?,
        is_external: row.opt_bytes(8)?.is_some() || row.opt_text(12)?.is_some(),
        manager: row.opt_id(10)?,
    })
}

/// All users in the order of their ids, deleted ones included, behind `after`.
pub fn scan(
    tx: &ReadTx<'_>,
    after: Option<Id<kind::User>>,
    limit: usize,
) -> Result<Vec<ScannedUser>> {
    match &after {
        Some(after) => tx.query(sql::SCAN, params![&tx.tenant(), limit, after], scanned),
        None => tx.query(sql::SCAN_FIRST, params![&tx.tenant(), limit], scanned),
    }
}

/// One user as a scan would see it; deleted ones included.
pub fn get_scanned(tx: &ReadTx<'_>, id: Id<kind::User>) -> Result<Option<ScannedUser>> {
    tx.query_one(sql::GET, params![&tx.tenant(), &id], scanned)
}

/// These users, as far as they are there, as a scan would see them; deleted ones included.
pub fn scanned_many(
    tx: &ReadTx<'_>,
    ids: &[Id<kind::User>],
) -> Result<HashMap<Id<kind::User>, ScannedUser>> {
    static GET_MANY: LazyLock<Among> = LazyLock::new(|| Among::new(sql::GET_MANY, 2));
    let mut users = HashMap::with_capacity(ids.len());
    tx.for_each_among(&GET_MANY, params![&tx.tenant()], ids, |row| {
        let user = scanned(row)?;
        users.insert(user.id, user);
        Ok(())
    })?;
    Ok(users)
}

/// Those of these users who belong to another tenant, or to none and were invited.
pub fn external_among(tx: &ReadTx<'_>, ids: &[Id<kind::User>]) -> Result<HashSet<Id<kind::User>>> {
    static EXTERNAL: LazyLock<Among> = LazyLock::new(|| Among::new(sql::IS_EXTERNAL, 2));
    let mut external = HashSet::new();
    tx.for_each_among(&EXTERNAL, params![&tx.tenant()], ids, |row| {
        external.insert(row.id(0)?);
        Ok(())
    })?;
    Ok(external)
}
