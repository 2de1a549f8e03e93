//! Certificates with which applications and service principals prove who they are.
//!
//! A client may use those of its application and those of its service principal. The certificate
//! comes here read; whose key it holds, whoever registers it says. Private keys are never taken.
//!
//! Source: the `keyCredential` resource, `application: addKey`, `removeKey` (Microsoft Graph).

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use store::{Change, Op, ReadTx, Recorded, Row, Tx, params};
use types::{Certificate, Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

use crate::{applications, audited, service_principals};

/// Certificates of one object, at most; expired ones count until they are removed.
pub const CERTIFICATES_MAX: usize = 100;

const LIST: &str = "SELECT key_id, sha256, custom_key_identifier, display_name, start_at, end_at, \
    public_key, certificate FROM key_credentials WHERE tenant_id = ?1 AND owner_id = ?2 \
    ORDER BY key_id";
const FIND_SHA1: &str = "SELECT key_id, public_key, start_at, end_at FROM key_credentials \
    WHERE tenant_id = ?1 AND owner_id = ?2 AND sha1 = ?3 ORDER BY key_id";
const FIND_SHA256: &str = "SELECT key_id, public_key, start_at, end_at FROM key_credentials \
    WHERE tenant_id = ?1 AND owner_id = ?2 AND sha256 = ?3 ORDER BY key_id";
const HAS: &str = "SELECT count(*) FROM key_credentials WHERE tenant_id = ?1 AND owner_id = ?2 \
    AND key_id = ?3";
const INSERT: &str = "INSERT INTO key_credentials (tenant_id, owner_id, key_id, sha1, sha256, \
    custom_key_identifier, display_name, start_at, end_at, public_key, certificate) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const RENAME: &str = "UPDATE key_credentials SET display_name = ?4 WHERE tenant_id = ?1 \
    AND owner_id = ?2 AND key_id = ?3";
const DELETE: &str = "DELETE FROM key_credentials WHERE tenant_id = ?1 AND owner_id = ?2 \
    AND key_id = ?3";
const DELETE_ALL: &str = "DELETE FROM key_credentials WHERE tenant_id = ?1 AND owner_id = ?2";
const SPEND: &str = "INSERT INTO client_assertions (tenant_id, app_id, digest, expires_at) \
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant_id, app_id, digest) DO NOTHING";
const FORGET_SPENT: &str = "DELETE FROM client_assertions WHERE tenant_id = ?1 AND expires_at < ?2";

/// A credential as a body has it.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// Its id, of one that is there already or is to have this id.
    pub key_id: Option<Uuid>,
    /// The name for people; the certificate's subject if absent.
    pub display_name: Option<String>,
    /// What identifies it; its thumbprint if absent.
    pub custom_key_identifier: Option<Vec<u8>>,
    /// From when it is valid; the certificate's if absent.
    pub start: Option<Timestamp>,
    /// Until when; the certificate's if absent.
    pub end: Option<Timestamp>,
    /// The certificate; absent for one that is there already.
    pub certificate: Option<Certificate>,
}

/// A credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCredential {
    /// Its id.
    pub key_id: Uuid,
    sha256: Vec<u8>,
    custom_key_identifier: Vec<u8>,
    /// The name for people.
    pub display_name: Option<String>,
    /// From when it is valid.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// Its key: `RSAPublicKey` in DER.
    pub public_key: Vec<u8>,
    certificate: Vec<u8>,
}

impl KeyCredential {
    /// As Graph's `keyCredential`, with or without the certificate itself.
    pub fn to_json(&self, with_key: bool) -> Value {
        let key = with_key.then(|| BASE64_STANDARD.encode(&self.certificate));
        json!({
            "customKeyIdentifier": BASE64_STANDARD.encode(&self.custom_key_identifier),
            "displayName": self.display_name,
            "endDateTime": self.end,
            "key": key,
            "keyId": self.key_id,
            "startDateTime": self.start,
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
        })
    }

    /// Whether it is valid at an instant.
    pub fn is_valid(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// As the audit log describes it.
    pub(crate) fn description(&self) -> String {
        format!(
            "[KeyIdentifier={},KeyType=AsymmetricX509Cert,KeyUsage=Verify,DisplayName={}]",
            self.key_id,
            self.display_name.as_deref().unwrap_or_default()
        )
    }
}

/// Whose a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// An application's.
    Application(Id<kind::Application>),
    /// A service principal's.
    ServicePrincipal(Id<kind::ServicePrincipal>),
}

impl Owner {
    /// The object's kind, as the feed names it.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Application(_) => "application",
            Self::ServicePrincipal(_) => "servicePrincipal",
        }
    }

    /// The object's id.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Application(id) => id.uuid(),
            Self::ServicePrincipal(id) => id.uuid(),
        }
    }
}

/// How a certificate is named.
#[derive(Debug, Clone, Copy)]
pub enum Thumbprint<'a> {
    /// By SHA-1.
    Sha1(&'a [u8]),
    /// By SHA-256.
    Sha256(&'a [u8]),
}

/// A certificate that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKey {
    /// Its id.
    pub key_id: Uuid,
    /// Its key.
    pub public_key: Vec<u8>,
    /// Whether it is valid now.
    pub is_valid: bool,
}

fn credential(row: &Row<'_>) -> Result<KeyCredential> {
    Ok(KeyCredential {
        key_id: row.uuid(0)?,
        sha256: row.bytes(1)?.to_vec(),
        custom_key_identifier: row.bytes(2)?.to_vec(),
        display_name: row.opt_string(3)?,
        start: row.timestamp(4)?,
        end: row.timestamp(5)?,
        public_key: row.bytes(6)?.to_vec(),
        certificate: row.bytes(7)?.to_vec(),
    })
}

/// The credentials of an object.
pub fn list(tx: &ReadTx<'_>, owner: Uuid) -> Result<Vec<KeyCredential>> {
    tx.query(LIST, params![&tx.tenant(), &owner], credential)
}

/// The certificates of an object with this thumbprint.
pub fn find(tx: &ReadTx<'_>, owner: Uuid, thumbprint: Thumbprint<'_>) -> Result<Vec<FoundKey>> {
    let (sql, digest) = match thumbprint {
        Thumbprint::Sha1(digest) => (FIND_SHA1, digest),
        Thumbprint::Sha256(digest) => (FIND_SHA256, digest),
    };
    let now = tx.now();
    tx.query(sql, params![&tx.tenant(), &owner, digest], |row| {
        Ok(FoundKey {
            key_id: row.uuid(0)?,
            public_key: row.bytes(1)?.to_vec(),
            is_valid: row.timestamp(2)? <= now && now < row.timestamp(3)?,
        })
    })
}

/// Whether an object has the credential with this key id, valid or not.
pub fn has(tx: &ReadTx<'_>, owner: Uuid, key_id: Uuid) -> Result<bool> {
    Ok(tx.count(HAS, params![&tx.tenant(), &owner, &key_id])? > 0)
}

/// Marks an assertion of a client as used; `false` if it was before.
pub fn spend_assertion(
    tx: &mut Tx<'_>,
    app_id: Uuid,
    digest: &[u8],
    expires_at: Timestamp,
) -> Result<bool> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let mut books = tx.bookkeeping();
    books.execute(FORGET_SPENT, params![&tenant, now])?;
    let spent = books.execute(SPEND, params![&tenant, &app_id, digest, expires_at])?;
    Ok(spent == 1)
}

fn wrong(reason: impl Into<String>) -> Error {
    Error::invalid("keyCredentials", reason)
}

/// Makes a credential of what a body says.
fn made(tx: &mut Tx<'_>, new: &NewKey, certificate: &Certificate) -> Result<KeyCredential> {
    let start = new.start.unwrap_or(certificate.not_before);
    let end = new.end.unwrap_or(certificate.not_after);
    if end > certificate.not_after {
        return Err(wrong(
            "Key credential end date is invalid: the certificate ends before.",
        ));
    }
    if end <= start {
        return Err(wrong(
            "Key credential end date is invalid: it has to lie behind its start.",
        ));
    }
    let identifier = new.custom_key_identifier.clone();
    Ok(KeyCredential {
        key_id: new.key_id.unwrap_or_else(|| tx.new_uuid()),
        sha256: certificate.sha256.to_vec(),
        custom_key_identifier: identifier.unwrap_or_else(|| certificate.sha1.to_vec()),
        display_name: new
            .display_name
            .clone()
            .or_else(|| Some(certificate.subject.clone()).filter(|subject| !subject.is_empty())),
        start,
        end,
        public_key: certificate.public_key.clone(),
        certificate: certificate.der.clone(),
    })
}

/// Sets the credentials of an object: those of the list that it has stay, the others come and go.
/// Answers whether any has gone.
pub fn replace(tx: &mut Tx<'_>, owner: Owner, wanted: &[NewKey]) -> Result<bool> {
    let before = list(tx, owner.id())?;
    let (mut after, mut added) = (Vec::new(), Vec::new());
    for new in wanted {
        let known = new
            .key_id
            .and_then(|id| before.iter().find(|key| key.key_id == id));
        match (known, &new.certificate) {
            (Some(known), certificate)
                if certificate
                    .as_ref()
                    .is_none_or(|it| it.sha256[..] == known.sha256[..]) =>
            {
                let mut known = known.clone();
                if new.display_name.is_some() {
                    known.display_name.clone_from(&new.display_name);
                }
                after.push(known);
            }
            (Some(_), _) => {
                return Err(wrong(
                    "Update to existing credential with KeyId is not allowed: a certificate can only be added or removed.",
                ));
            }
            (None, None) => {
                return Err(wrong(
                    "A value is required for property 'key' of a new key credential.",
                ));
            }
            (None, Some(certificate)) => {
                let key = made(tx, new, certificate)?;
                added.push((key.key_id, certificate.sha1));
                after.push(key);
            }
        }
    }
    check(&after)?;
    let keeps = |key: &KeyCredential| after.iter().any(|kept| kept.key_id == key.key_id);
    let removed: Vec<Uuid> = before
        .iter()
        .filter(|key| !keeps(key))
        .map(|key| key.key_id)
        .collect();
    if after == before {
        return Ok(false);
    }
    write(tx, owner, &before, &after, &added, &removed)?;
    Ok(!removed.is_empty())
}

/// Adds a credential to an object.
pub fn add(tx: &mut Tx<'_>, owner: Owner, new: &NewKey) -> Result<KeyCredential> {
    let certificate = new
        .certificate
        .as_ref()
        .ok_or_else(|| wrong("A value is required for property 'key' of a new key credential."))?;
    let before = list(tx, owner.id())?;
    let key = made(tx, new, certificate)?;
    let mut after = before.clone();
    after.push(key.clone());
    check(&after)?;
    let added = [(key.key_id, certificate.sha1)];
    write(tx, owner, &before, &after, &added, &[])?;
    Ok(key)
}

/// Removes a credential of an object.
pub fn remove(tx: &mut Tx<'_>, owner: Owner, key_id: Uuid) -> Result<()> {
    let before = list(tx, owner.id())?;
    let mut after = before.clone();
    after.retain(|key| key.key_id != key_id);
    if after.len() == before.len() {
        return Err(Error::invalid(
            "keyId",
            format!("No key credential found with keyId '{key_id}'."),
        ));
    }
    write(tx, owner, &before, &after, &[], &[key_id])
}

/// Removes what an object that is deleted for good leaves behind.
pub(crate) fn forget(recorded: &mut Recorded<'_, '_>, tenant: TenantId, owner: Uuid) -> Result<()> {
    recorded
        .execute(DELETE_ALL, params![&tenant, &owner])
        .map(drop)
}

fn check(keys: &[KeyCredential]) -> Result<()> {
    if keys.len() > CERTIFICATES_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.client_certificates",
            message: format!(
                "An object has {CERTIFICATES_MAX} certificates at most (limits.client_certificates). Remove one first."
            ),
        });
    }
    let (mut ids, mut certificates) = (BTreeSet::new(), BTreeSet::new());
    for key in keys {
        if !ids.insert(key.key_id) || !certificates.insert(&key.sha256) {
            return Err(wrong(
                "Key credentials have to differ: each certificate and each keyId comes once.",
            ));
        }
    }
    Ok(())
}

fn write(
    tx: &mut Tx<'_>,
    owner: Owner,
    before: &[KeyCredential],
    after: &[KeyCredential],
    added: &[(Uuid, [u8; 20])],
    removed: &[Uuid],
) -> Result<()> {
    let (tenant, id) = (tx.tenant(), owner.id());
    let change = Change::new(owner.kind(), id, Op::Updated, &["keyCredentials"]);
    let mut recorded = tx.record(change)?;
    for key_id in removed {
        recorded.execute(DELETE, params![&tenant, &id, key_id])?;
    }
    for key in after {
        let name = key.display_name.as_deref();
        if let Some((_, sha1)) = added.iter().find(|(key_id, _)| *key_id == key.key_id) {
            recorded.execute(
                INSERT,
                params![
                    &tenant,
                    &id,
                    &key.key_id,
                    &sha1[..],
                    &key.sha256[..],
                    &key.custom_key_identifier[..],
                    name,
                    key.start,
                    key.end,
                    &key.public_key[..],
                    &key.certificate[..]
                ],
            )?;
        } else if !before.contains(key) {
            recorded.execute(RENAME, params![&tenant, &id, &key.key_id, name])?;
        }
    }
    match owner {
        Owner::Application(id) => {
            let mut old = applications::get(tx, id)?;
            let new = old.clone();
            old.keys = before.to_vec();
            let activity = "Update application – Certificates and secrets management";
            audited::change(tx, activity, &old, &new, &["KeyDescription"])
        }
        Owner::ServicePrincipal(id) => {
            let mut old = service_principals::get(tx, id)?;
            let new = old.clone();
            old.keys = before.to_vec();
            let activity = "Update service principal";
            audited::change(tx, activity, &old, &new, &["KeyDescription"])
        }
    }
}
