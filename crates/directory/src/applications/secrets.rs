//! Secrets of applications. Only their hashes come here; a secret is shown once, by whoever made it.
//!
//! Source: `application: addPassword`, `removePassword`, the `passwordCredential` resource
//! (Microsoft Graph).

use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, Timestamp, kind};
use uuid::Uuid;

use super::{Application, find_by_app_id, get};
use crate::audited;
use crate::schema::{Purpose, Shape, Type, read, write};

/// Secrets of one application, at most; expired ones count until they are removed.
pub const SECRETS_MAX: usize = 100;
const TWO_YEARS: i64 = 2 * 365 * 24 * 3_600;

const LIST: &str = "SELECT key_id, display_name, hint, start_at, end_at FROM application_secrets \
    WHERE tenant_id = ?1 AND application_id = ?2 ORDER BY key_id";
const FIND: &str = "SELECT key_id, display_name, hint, start_at, end_at FROM application_secrets \
    WHERE tenant_id = ?1 AND application_id = ?2 AND secret_hash = ?3";
const HAS: &str = "SELECT 1 FROM application_secrets \
    WHERE tenant_id = ?1 AND application_id = ?2 AND key_id = ?3";
const INSERT: &str = "INSERT INTO application_secrets (tenant_id, application_id, key_id, \
    secret_hash, display_name, hint, start_at, end_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const DELETE: &str = "DELETE FROM application_secrets WHERE tenant_id = ?1 \
    AND application_id = ?2 AND key_id = ?3";

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
pub fn parse_password(body: &Map<String, Value>) -> Result<PasswordBody> {
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

/// A secret that was presented and is one of the application's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundSecret {
    /// The application.
    pub application: Id<kind::Application>,
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

pub(super) fn list(tx: &ReadTx<'_>, id: Id<kind::Application>) -> Result<Vec<Password>> {
    tx.query(LIST, params![&tx.tenant(), &id], password)
}

/// Adds a secret to an application.
pub fn add_password(
    tx: &mut Tx<'_>,
    application: Id<kind::Application>,
    new: &NewPassword<'_>,
) -> Result<Password> {
    let old = get(tx, application)?;
    if old.passwords.len() >= SECRETS_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.client_secrets",
            message: format!(
                "An application has {SECRETS_MAX} secrets at most (limits.client_secrets). Remove one first."
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
    changed(tx, application)?.execute(
        INSERT,
        params![
            &tenant,
            &application,
            &added.key_id,
            new.secret_hash,
            new.display_name,
            new.hint,
            added.start,
            added.end
        ],
    )?;
    let mut new = old.clone();
    new.passwords.push(added.clone());
    audit(tx, &old, &new)?;
    Ok(added)
}

fn changed<'t, 'c>(
    tx: &'t mut Tx<'c>,
    application: Id<kind::Application>,
) -> Result<store::Recorded<'t, 'c>> {
    tx.record(Change::new(
        "application",
        application.uuid(),
        Op::Updated,
        &["passwordCredentials"],
    ))
}

fn audit(tx: &mut Tx<'_>, old: &Application, new: &Application) -> Result<()> {
    let activity = "Update application – Certificates and secrets management";
    audited::change(tx, activity, old, new, &["KeyDescription"])
}

/// Removes a secret.
pub fn remove_password(
    tx: &mut Tx<'_>,
    application: Id<kind::Application>,
    key_id: Uuid,
) -> Result<()> {
    let old = get(tx, application)?;
    let mut new = old.clone();
    new.passwords.retain(|password| password.key_id != key_id);
    if new.passwords.len() == old.passwords.len() {
        return Err(Error::invalid(
            "keyId",
            format!("No password credential found with keyId '{key_id}'."),
        ));
    }
    let tenant = tx.tenant();
    changed(tx, application)?.execute(DELETE, params![&tenant, &application, &key_id])?;
    audit(tx, &old, &new)
}

/// The secret with a hash, if the application of a client id has it, and whether it is valid now.
pub fn find_secret(
    tx: &ReadTx<'_>,
    app_id: Uuid,
    secret_hash: &[u8],
) -> Result<Option<FoundSecret>> {
    let Some(application) = find_by_app_id(tx, app_id)? else {
        return Ok(None);
    };
    let found = tx.query_one(
        FIND,
        params![&tx.tenant(), &application.id, secret_hash],
        password,
    )?;
    Ok(found.map(|password| FoundSecret {
        application: application.id,
        key_id: password.key_id,
        is_valid: password.start <= tx.now() && tx.now() < password.end,
    }))
}

/// Whether the application of a client id has the secret with this key id, valid or not.
pub fn has_secret(tx: &ReadTx<'_>, app_id: Uuid, key_id: Uuid) -> Result<bool> {
    let Some(application) = find_by_app_id(tx, app_id)? else {
        return Ok(false);
    };
    let found = tx.query_one(
        HAS,
        params![&tx.tenant(), &application.id, &key_id],
        |row| row.int(0),
    )?;
    Ok(found.is_some())
}
