//! Secrets with which applications and service principals prove who they are. Only their hashes
//! come here; a secret is shown once, by whoever made it.
//!
//! A client may use those of its application and those of its service principal.
//!
//! Source: `application: addPassword`, `servicePrincipal: addPassword`, `removePassword`, the
//! `passwordCredential` resource (Microsoft Graph).

use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Recorded, Row, Tx, params};
use types::{Error, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::key_credentials::Owner;
use crate::schema::{Purpose, Shape, Type, read, write};
use crate::{applications, audited, service_principals};

/// Secrets of one object, at most; expired ones count until they are removed.
pub const SECRETS_MAX: usize = 100;
const TWO_YEARS: i64 = 2 * 365 * 24 * 3_600;

const LIST: &str = "SELECT key_id, display_name, hint, start_at, end_at FROM password_credentials \
    WHERE tenant_id = ?1 AND owner_id = ?2 ORDER BY key_id";
const FIND: &str = "SELECT key_id, start_at, end_at FROM password_credentials \
    WHERE tenant_id = ?1 AND owner_id = ?2 AND secret_hash = ?3";
const HAS: &str = "SELECT count(*) FROM password_credentials \
    WHERE tenant_id = ?1 AND owner_id = ?2 AND key_id = ?3";
const INSERT: &str = "INSERT INTO password_credentials (tenant_id, owner_id, key_id, \
    secret_hash, display_name, hint, start_at, end_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const DELETE: &str = "DELETE FROM password_credentials WHERE tenant_id = ?1 \
    AND owner_id = ?2 AND key_id = ?3";
const DELETE_ALL: &str = "DELETE FROM password_credentials WHERE tenant_id = ?1 AND owner_id = ?2";

static PASSWORD_CREDENTIAL: Type = Type {
    name: "passwordCredential",
    properties: &[
        read("customKeyIdentifier", Shape::Made),
        write("displayName", Shape::Text(256)),
        write("endDateTime", Shape::DateTime),
        read("hint", Shape::Made),
        read("keyId", Shape::Guid),
        read("secretText", Shape::Made),
        write("startDateTime", Shape::DateTime),
    ],
};

/// What a client may say of a secret that is to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PasswordBody {
    /// The name for people.
    pub display_name: Option<String>,
    /// From when it is valid.
    pub start: Option<Timestamp>,
    /// Until when.
    pub end: Option<Timestamp>,
}

/// Reads a body of the type `passwordCredential`.
pub fn parse(body: &Map<String, Value>) -> Result<PasswordBody> {
    let mut checked = Map::new();
    PASSWORD_CREDENTIAL.apply(&mut checked, body, Purpose::Create)?;
    let text = |name: &str| checked.get(name).and_then(Value::as_str);
    Ok(PasswordBody {
        display_name: text("displayName").map(str::to_owned),
        start: text("startDateTime").map(str::parse).transpose()?,
        end: text("endDateTime").map(str::parse).transpose()?,
    })
}

/// A secret to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewPassword<'a> {
    /// The name for people.
    pub display_name: Option<&'a str>,
    /// From when it is valid; now if absent.
    pub start: Option<Timestamp>,
    /// Until when; two years after its start if absent.
    pub end: Option<Timestamp>,
    /// The secret's hash.
    pub secret_hash: &'a [u8],
    /// The secret's first characters.
    pub hint: &'a str,
}

/// What is known of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password {
    /// Its id.
    pub key_id: Uuid,
    /// The name for people.
    pub display_name: Option<String>,
    /// Its first characters.
    pub hint: String,
    /// From when it is valid.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}

impl Password {
    /// As the audit log describes it: without the hint, which is the secret's beginning.
    pub(crate) fn description(&self) -> String {
        format!(
            "[KeyIdentifier={},KeyType=Password,KeyUsage=Verify,DisplayName={}]",
            self.key_id,
            self.display_name.as_deref().unwrap_or_default()
        )
    }

    /// As Graph's `passwordCredential`, without the secret.
    pub fn to_json(&self) -> Value {
        json!({
            "customKeyIdentifier": null,
            "displayName": self.display_name,
            "endDateTime": self.end,
            "hint": self.hint,
            "keyId": self.key_id,
            "secretText": null,
            "startDateTime": self.start,
        })
    }
}

/// A secret that was presented and is one of an object's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundPassword {
    /// Which secret.
    pub key_id: Uuid,
    /// Whether it is valid now; if not, it isn't yet or isn't any more.
    pub is_valid: bool,
}

fn password(row: &Row<'_>) -> Result<Password> {
    Ok(Password {
        key_id: row.uuid(0)?,
        display_name: row.opt_string(1)?,
        hint: row.string(2)?,
        start: row.timestamp(3)?,
        end: row.timestamp(4)?,
    })
}

/// The secrets of an object.
pub fn list(tx: &ReadTx<'_>, owner: Uuid) -> Result<Vec<Password>> {
    tx.query(LIST, params![&tx.tenant(), &owner], password)
}

/// The secret of an object with a hash, and whether it is valid now.
pub fn find(tx: &ReadTx<'_>, owner: Uuid, secret_hash: &[u8]) -> Result<Option<FoundPassword>> {
    let now = tx.now();
    tx.query_one(FIND, params![&tx.tenant(), &owner, secret_hash], |row| {
        Ok(FoundPassword {
            key_id: row.uuid(0)?,
            is_valid: row.timestamp(1)? <= now && now < row.timestamp(2)?,
        })
    })
}

/// Whether an object has the secret with this key id, valid or not.
pub fn has(tx: &ReadTx<'_>, owner: Uuid, key_id: Uuid) -> Result<bool> {
    Ok(tx.count(HAS, params![&tx.tenant(), &owner, &key_id])? > 0)
}

/// Adds a secret to an object.
pub fn add(tx: &mut Tx<'_>, owner: Owner, new: &NewPassword<'_>) -> Result<Password> {
    let before = list(tx, owner.id())?;
    if before.len() >= SECRETS_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.client_secrets",
            message: format!(
                "An object has {SECRETS_MAX} secrets at most (limits.client_secrets). Remove one first."
            ),
        });
    }
    let start = new.start.unwrap_or_else(|| tx.now());
    let added = Password {
        key_id: tx.new_uuid(),
        display_name: new.display_name.map(str::to_owned),
        hint: new.hint.to_owned(),
        start,
        end: new.end.unwrap_or_else(|| start.plus_seconds(TWO_YEARS)),
    };
    if added.end <= added.start {
        return Err(Error::invalid(
            "endDateTime",
            "A secret has to end after it starts.",
        ));
    }
    let tenant = tx.tenant();
    changed(tx, owner)?.execute(
        INSERT,
        params![
            &tenant,
            &owner.id(),
            &added.key_id,
            new.secret_hash,
            new.display_name,
            new.hint,
            added.start,
            added.end
        ],
    )?;
    audit(tx, owner, before)?;
    Ok(added)
}

/// Removes a secret.
pub fn remove(tx: &mut Tx<'_>, owner: Owner, key_id: Uuid) -> Result<()> {
    let before = list(tx, owner.id())?;
    if !before.iter().any(|password| password.key_id == key_id) {
        return Err(Error::invalid(
            "keyId",
            format!("No password credential found with keyId '{key_id}'."),
        ));
    }
    let tenant = tx.tenant();
    changed(tx, owner)?.execute(DELETE, params![&tenant, &owner.id(), &key_id])?;
    audit(tx, owner, before)
}

/// Removes what an object that is deleted for good leaves behind.
pub(crate) fn forget(recorded: &mut Recorded<'_, '_>, tenant: TenantId, owner: Uuid) -> Result<()> {
    recorded
        .execute(DELETE_ALL, params![&tenant, &owner])
        .map(drop)
}

fn changed<'t, 'c>(tx: &'t mut Tx<'c>, owner: Owner) -> Result<Recorded<'t, 'c>> {
    let changed = &["passwordCredentials"];
    tx.record(Change::new(owner.kind(), owner.id(), Op::Updated, changed))
}

fn audit(tx: &mut Tx<'_>, owner: Owner, before: Vec<Password>) -> Result<()> {
    match owner {
        Owner::Application(id) => {
            let new = applications::get(tx, id)?;
            let mut old = new.clone();
            old.passwords = before;
            let activity = "Update application – Certificates and secrets management";
            audited::change(tx, activity, &old, &new, &["KeyDescription"])
        }
        Owner::ServicePrincipal(id) => {
            let new = service_principals::get(tx, id)?;
            let mut old = new.clone();
            old.passwords = before;
            let activity = "Update service principal";
            audited::change(tx, activity, &old, &new, &["KeyDescription"])
        }
    }
}
