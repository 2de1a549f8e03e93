//! Codes of an authenticator app: six digits, thirty seconds, SHA-1, as every app can do them.
//!
//! - The seed is sealed. While an app is being set up the page carries it, sealed for the user.
//! - A code is taken one step early or late, and each step once: the last one used is kept.
//!
//! Source: RFC 6238 §5.2 (a code is accepted once), §6 (drift); Key URI format of Google
//! Authenticator.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity::{Sealer, Secret};
use serde::{Deserialize, Serialize};
use store::Tx;
use totp_rs::{Builder, Totp};
use types::{Error, Id, Result, TenantId, Timestamp, kind::User};
use zeroize::Zeroizing;

use crate::audited::{self, Verb};
use crate::methods::{self, Kind, Method, New};

const SEED: &str = "totp seed";
const ENROLMENT: &str = "totp enrolment";
/// How long an app may take to be set up.
const ENROLMENT_SECONDS: i64 = 3_600;
/// The longest sealed enrolment that is looked at.
const SEALED_MAX: usize = 1_024;
/// Characters of a name that a user gives an app.
const NAME_MAX: usize = 64;

/// What a person needs to set an app up.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The seed in base 32, to type in.
    pub seed: Secret,
    /// The seed as an address, to scan.
    pub uri: Secret,
    /// What [`finish`] takes.
    pub sealed: String,
}

#[derive(Serialize, Deserialize)]
struct Pending {
    user: Id<User>,
    seed: Zeroizing<Vec<u8>>,
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

fn totp(seed: &[u8], issuer: &str, account: &str) -> Result<Totp> {
    // A colon separates the two, so neither has one.
    let clean = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_secret(seed.to_vec())
        .with_issuer(Some(clean(issuer)))
        .with_account_name(clean(account))
        .build()
        .map_err(Error::internal)
}

/// Begins to set an app up, with twenty random bytes.
pub fn begin(
    sealer: &Sealer,
    tenant: TenantId,
    user: &directory::users::User,
    issuer: &str,
    seed: [u8; 20],
    now: Timestamp,
) -> Result<Enrolment> {
    let seed = Zeroizing::new(seed);
    let totp = totp(seed.as_ref(), issuer, user.user_principal_name())?;
    let pending = Pending {
        user: user.id,
        seed: Zeroizing::new(seed.to_vec()),
        expires_at: now.plus_seconds(ENROLMENT_SECONDS).seconds(),
    };
    let text = Zeroizing::new(serde_json::to_vec(&pending).map_err(Error::internal)?);
    let sealed = sealer.seal(ENROLMENT, tenant, &text)?;
    Ok(Enrolment {
        seed: Secret::new(totp.secret().to_base32()),
        uri: Secret::new(totp.to_url().map_err(Error::internal)?),
        sealed: BASE64_URL_SAFE_NO_PAD.encode(sealed),
    })
}

/// Reads what [`begin`] sealed, to show it once more; `None` if it isn't this user's or too old.
pub fn resume(
    sealer: &Sealer,
    tenant: TenantId,
    user: &directory::users::User,
    issuer: &str,
    sealed: &str,
    now: Timestamp,
) -> Result<Option<Enrolment>> {
    let Some(pending) = open(sealer, tenant, user.id, sealed, now) else {
        return Ok(None);
    };
    let totp = totp(&pending.seed, issuer, user.user_principal_name())?;
    Ok(Some(Enrolment {
        seed: Secret::new(totp.secret().to_base32()),
        uri: Secret::new(totp.to_url().map_err(Error::internal)?),
        sealed: sealed.to_owned(),
    }))
}

fn open(
    sealer: &Sealer,
    tenant: TenantId,
    user: Id<User>,
    sealed: &str,
    now: Timestamp,
) -> Option<Pending> {
    if sealed.len() > SEALED_MAX {
        return None;
    }
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let opened = sealer.open(ENROLMENT, tenant, &sealed).ok()?;
    let pending: Pending = serde_json::from_slice(&opened).ok()?;
    (pending.user == user && now.seconds() < pending.expires_at).then_some(pending)
}

/// Digits as people write them: with spaces, or a dash in the middle.
fn digits(code: &str) -> String {
    code.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .take(8)
        .collect()
}

fn step(seed: &[u8], code: &str, now: Timestamp) -> Result<Option<u64>> {
    let now = u64::try_from(now.seconds()).unwrap_or(0);
    Ok(totp(seed, "", "")?.check(&digits(code), now))
}

/// Registers an app, once it has shown a code; `None` if that is wrong, or the page too old.
pub fn finish(
    tx: &mut Tx<'_>,
    sealer: &Sealer,
    user: Id<User>,
    sealed: &str,
    code: &str,
    name: Option<&str>,
) -> Result<Option<Method>> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let Some(pending) = open(sealer, tenant, user, sealed, now) else {
        return Ok(None);
    };
    let Some(step) = step(&pending.seed, code, now)? else {
        return Ok(None);
    };
    let name = name
        .map(|name| name.trim().chars().take(NAME_MAX).collect::<String>())
        .filter(|name| !name.is_empty());
    let new = New {
        kind: Kind::Totp,
        lookup: None,
        secret: Some(&sealer.seal(SEED, tenant, &pending.seed)?),
        counter: step,
        doc: serde_json::to_string(&Document { name }).map_err(Error::internal)?,
    };
    let method = methods::insert(tx, user, new)?;
    audited::method(tx, user, Kind::Totp, Verb::Registered)?;
    Ok(Some(method))
}

/// Whether a code is good; it isn't a second time.
pub fn verify(tx: &mut Tx<'_>, sealer: &Sealer, user: Id<User>, code: &str) -> Result<bool> {
    let (tenant, now) = (tx.tenant(), tx.now());
    for method in methods::list_of(tx, user, Kind::Totp)? {
        let sealed = method.secret.as_deref().unwrap_or_default();
        let seed = sealer.open(SEED, tenant, sealed)?;
        if let Some(step) = step(&seed, code, now)?
            && methods::advance(tx, &method, step)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The name that the user has given an app.
pub fn name(method: &Method) -> Option<String> {
    method.document::<Document>().ok()?.name
}

/// Takes an app away.
pub fn delete(tx: &mut Tx<'_>, user: Id<User>, id: uuid::Uuid) -> Result<()> {
    let method = methods::get(tx, user, Kind::Totp, id)?;
    methods::remove(tx, &method)?;
    audited::method(tx, user, Kind::Totp, Verb::Deleted)
}
