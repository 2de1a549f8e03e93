//! Visits: people who sign in at their home tenant to get into another one.
//!
//! The browser carries a pass from the home to the tenant that is visited. The pass says nothing by
//! itself: the visited tenant asks the home about it through the border, the home answers none but
//! the tenant that it was made for, and that tenant takes each pass once. What ties it to one
//! browser and one sign-in is the nonce, which the visited tenant has made and keeps sealed in the
//! page ([`crate::session::Flow`]).
//!
//! Source: RFC 9700 §4.5 (codes are for one client, and good once) and §4.7 (cross-site request
//! forgery), which hold here as between a client and its provider.

pub mod live;

use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind::User};
use uuid::Uuid;

use crate::session::Methods;
use crate::{Secret, encoded, sha256};

/// How long a pass is good, in seconds: the time of reading a page that asks for consent.
pub const PASS_SECONDS: i64 = 600;

const INSERT: &str =
    "INSERT INTO visit_passes (tenant_id, pass_hash, doc, expires_at) VALUES (?1, ?2, ?3, ?4)";
const FIND: &str = "SELECT doc FROM visit_passes WHERE tenant_id = ?1 AND pass_hash = ?2 \
    AND expires_at > ?3";
const EXPIRED_PASSES: &str = "SELECT pass_hash FROM visit_passes WHERE tenant_id = ?1 \
    AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3";
const DELETE_PASS: &str = "DELETE FROM visit_passes WHERE tenant_id = ?1 AND pass_hash = ?2";
const ARRIVED: &str = "SELECT count(*) FROM visit_arrivals WHERE tenant_id = ?1 AND pass_hash = ?2";
const ARRIVE: &str =
    "INSERT INTO visit_arrivals (tenant_id, pass_hash, expires_at) VALUES (?1, ?2, ?3)";
const EXPIRED_ARRIVALS: &str = "SELECT pass_hash FROM visit_arrivals WHERE tenant_id = ?1 \
    AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3";
const DELETE_ARRIVAL: &str = "DELETE FROM visit_arrivals WHERE tenant_id = ?1 AND pass_hash = ?2";

/// Who is on the way, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pass {
    /// The tenant that it is made for.
    pub resource: TenantId,
    /// What that tenant knows the sign-in by.
    pub nonce: String,
    /// Who.
    pub user: Id<User>,
    /// The session at home.
    #[serde(default)]
    pub session: Option<Uuid>,
    /// The generation of the user's tokens at the sign-in at home.
    pub generation: u64,
    /// How the user has proved it.
    pub methods: Methods,
    /// When.
    pub authenticated_at: Timestamp,
}

/// Makes a pass.
pub fn issue(tx: &mut Tx<'_>, pass: &Pass) -> Result<Secret> {
    let secret = Secret::new(encoded(&tx.random_bytes::<32>()));
    let (tenant, hash) = (tx.tenant(), sha256(secret.expose().as_bytes()));
    let doc = serde_json::to_string(pass).map_err(Error::internal)?;
    let expires_at = tx.now().plus_seconds(PASS_SECONDS);
    tx.bookkeeping()
        .execute(INSERT, params![&tenant, &hash, &doc, expires_at])?;
    Ok(secret)
}

/// What a pass is about, if `resource` brings it with its nonce and in time.
pub fn find(tx: &ReadTx<'_>, pass: &str, resource: TenantId, nonce: &str) -> Result<Option<Pass>> {
    let hash = sha256(pass.as_bytes());
    let doc = tx.query_one(FIND, params![&tx.tenant(), &hash, tx.now()], |row| {
        row.string(0)
    })?;
    let Some(doc) = doc else { return Ok(None) };
    let pass: Pass = serde_json::from_str(&doc).map_err(Error::internal)?;
    Ok(Some(pass).filter(|pass| pass.resource == resource && pass.nonce == nonce))
}

/// Takes a pass in the tenant that is visited; `false` if somebody has come with it before.
pub fn arrive(tx: &mut Tx<'_>, pass: &str) -> Result<bool> {
    let (tenant, hash) = (tx.tenant(), sha256(pass.as_bytes()));
    if tx.count(ARRIVED, params![&tenant, &hash])? > 0 {
        return Ok(false);
    }
    // Longer than the home answers for it, however much their clocks differ.
    let expires_at = tx.now().plus_seconds(10 * PASS_SECONDS);
    tx.bookkeeping()
        .execute(ARRIVE, params![&tenant, &hash, expires_at])?;
    Ok(true)
}

/// Drops what is over, so many of each at most; answers how many.
pub fn sweep(tx: &mut Tx<'_>, limit: usize) -> Result<usize> {
    let tenant = tx.tenant();
    let mut most = live::sweep(tx, limit)?;
    for (find, delete) in [
        (EXPIRED_PASSES, DELETE_PASS),
        (EXPIRED_ARRIVALS, DELETE_ARRIVAL),
    ] {
        let over = tx.query(find, params![&tenant, tx.now(), limit], |row| {
            Ok(row.bytes(0)?.to_vec())
        })?;
        for hash in &over {
            tx.bookkeeping().execute(delete, params![&tenant, hash])?;
        }
        most = most.max(over.len());
    }
    Ok(most)
}
