//! The keys that sign a tenant's tokens: RSA-2048 for RS256, and beside it P-256 for ES256.
//!
//! - By RS256 is signed what others check: ID tokens, access tokens for other APIs, applications'
//!   access tokens. OpenID Connect asks for it, and all libraries know it. It is in the key set.
//! - By ES256 are signed people's access tokens for our own API, in a tenth of the time. Nobody but
//!   the API has to check these, and as with Microsoft Graph's nobody else can: the key isn't in the
//!   key set, so no service takes a token for somebody's proof that was made for the API.
//! - Both are made together, have one id, and retire together: one key, as far as anybody is told.
//! - One key signs; a rotation puts another in its place. A retired key's private half is erased
//!   at once, its public half stays in the key set until the last token that it signed has expired.
//! - The id is the RSA key's thumbprint (RFC 7638), so the same id never names two keys of a kind.
//! - A key from before there were keys for the API signs everything by RS256 until it is rotated.
//! - Making a key takes about 100 ms, so it happens outside the transaction ([`generate`]).
//!
//! Source: RFC 7517 (JWK), RFC 7518 §3.3, §3.4 (RS256, ES256), §6.3 (RSA parameters), OpenID Connect Core §10.1.1 (rotation).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Result, Timestamp};

use crate::token::{Algorithm, LIFETIME_SECONDS};
use crate::{PublicUrl, Sealer};

/// The kind of change in the feed, for other nodes that keep keys.
pub const CHANGE_KIND: &str = "signingKey";
/// What private keys are sealed for.
const PURPOSE: &str = "signing key";
/// The same, of those that sign for the API.
const API_PURPOSE: &str = "API signing key";
/// How long a key outlives the tokens that it signed before its rotation: longer than any node
/// goes on signing with a key that has been retired elsewhere ([`crate::KeyRing`]).
const GRACE_SECONDS: i64 = 300;

const INSERT: &str = "INSERT INTO signing_keys \
    (tenant_id, kid, private_key, n, e, created_at, api_private_key, api_public_key) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const RETIRE: &str = "UPDATE signing_keys SET private_key = NULL, api_private_key = NULL, \
    retires_at = ?2, expires_at = ?3 WHERE tenant_id = ?1 AND retires_at IS NULL";
const DELETE_EXPIRED: &str = "DELETE FROM signing_keys WHERE tenant_id = ?1 AND expires_at <= ?2";
const VALID: &str = "SELECT kid, n, e, expires_at, private_key, api_private_key, api_public_key \
    FROM signing_keys \
    WHERE tenant_id = ?1 AND (expires_at IS NULL OR expires_at > ?2) ORDER BY created_at DESC, kid";
const LIST: &str = "SELECT kid, created_at, retires_at, expires_at FROM signing_keys \
    WHERE tenant_id = ?1 AND (expires_at IS NULL OR expires_at > ?2) ORDER BY created_at DESC, kid";
const COUNT_VALID: &str = "SELECT count(*) FROM signing_keys WHERE tenant_id = ?1";
const COUNT_SIGNING: &str = "SELECT count(*) FROM signing_keys \
    WHERE tenant_id = ?1 AND retires_at IS NULL AND private_key IS NOT NULL";

/// Keys of a tenant that are valid at once: each rotation leaves one for an hour.
const VALID_MAX: i64 = 10;

/// What is told of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// Its id.
    pub kid: String,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// Since when it signs no more.
    pub retired_at: Option<Timestamp>,
    /// When what it signed is worth nothing any more.
    pub expires_at: Option<Timestamp>,
}

/// A key that was made and isn't anybody's yet.
pub struct NewKey {
    private: Pkcs8V1Der<'static>,
    public: Public,
    api: EcdsaKeyPair,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewKey({})", self.public.kid)
    }
}

impl NewKey {
    /// Its id.
    pub fn kid(&self) -> &str {
        &self.public.kid
    }
}

/// Makes a key. Slow: call it outside the transaction and off the async runtime.
pub fn generate() -> Result<NewKey> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(Error::internal)?;
    Ok(NewKey {
        private: pair.as_der().map_err(Error::internal)?,
        public: Public::of(&pair),
        api: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(Error::internal)?,
    })
}

/// The public half.
#[derive(Debug, Clone)]
struct Public {
    kid: String,
    n: Vec<u8>,
    e: Vec<u8>,
}

impl Public {
    fn of(pair: &KeyPair) -> Self {
        let public = pair.public_key();
        let n = public.modulus().big_endian_without_leading_zero().to_vec();
        let e = public.exponent().big_endian_without_leading_zero().to_vec();
        // RFC 7638 §3: the required members in this order, without white space.
        let thumbprint = digest(
            &SHA256,
            format!(
                r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                encoded(&e),
                encoded(&n)
            )
            .as_bytes(),
        );
        Self {
            kid: encoded(thumbprint.as_ref()),
            n,
            e,
        }
    }

    fn of_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            kid: row.string(0)?,
            n: row.bytes(1)?.to_vec(),
            e: row.bytes(2)?.to_vec(),
        })
    }
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Gives a new tenant its first key.
pub fn initialize(tx: &mut Tx<'_>, sealer: &Sealer, key: &NewKey) -> Result<()> {
    insert(tx, sealer, key, Op::Created)
}

/// Puts another key in the place of the one that signs.
pub fn rotate(tx: &mut Tx<'_>, sealer: &Sealer, key: &NewKey) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let expires_at = now.plus_seconds(LIFETIME_SECONDS + GRACE_SECONDS);
    // Within the one change that `insert` records.
    let mut books = tx.bookkeeping();
    books.execute(RETIRE, params![&tenant, now, expires_at])?;
    books.execute(DELETE_EXPIRED, params![&tenant, now])?;
    if tx.count(COUNT_VALID, params![&tenant])? as i64 >= VALID_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.signing_keys",
            message: format!(
                "The tenant has {VALID_MAX} keys that are still valid (limits.signing_keys). An \
                 hour after its rotation a key is gone."
            ),
        });
    }
    insert(tx, sealer, key, Op::Updated)
}

fn insert(tx: &mut Tx<'_>, sealer: &Sealer, key: &NewKey, op: Op) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let sealed = sealer.seal(PURPOSE, tenant, key.private.as_ref())?;
    let api = key.api.to_pkcs8v1().map_err(Error::internal)?;
    let api_sealed = sealer.seal(API_PURPOSE, tenant, api.as_ref())?;
    let api_public = key.api.public_key().as_ref();
    let Public { kid, n, e } = &key.public;
    // The keys of a tenant are one object: what follows them reads them all anew.
    tx.record(Change::new(CHANGE_KIND, tenant.uuid(), op, &[]))?
        .execute(
            INSERT,
            params![&tenant, kid, &sealed, n, e, now, &api_sealed, api_public],
        )
        .map(drop)
}

/// The tenant's key set (RFC 7517 §5), with the issuer beside each key as Entra has it.
pub fn jwks(tx: &ReadTx<'_>, public_url: &PublicUrl) -> Result<Value> {
    let issuer = public_url.issuer(tx.tenant());
    let keys = tx.query(VALID, params![&tx.tenant(), tx.now()], |row| {
        let Public { kid, n, e } = Public::of_row(row)?;
        Ok(json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": kid,
            "n": encoded(&n),
            "e": encoded(&e),
            "issuer": issuer,
        }))
    })?;
    Ok(json!({ "keys": keys }))
}

/// The keys that tokens may be signed with, the newest first: the one that signs, and those before
/// it whose tokens haven't all expired.
pub fn list(tx: &ReadTx<'_>) -> Result<Vec<KeyState>> {
    tx.query(LIST, params![&tx.tenant(), tx.now()], |row| {
        Ok(KeyState {
            kid: row.string(0)?,
            created_at: row.timestamp(1)?,
            retired_at: row.opt_timestamp(2)?,
            expires_at: row.opt_timestamp(3)?,
        })
    })
}

/// What is wrong with the tenant's keys; `None` if there is one to sign with.
pub fn problem(tx: &ReadTx<'_>) -> Result<Option<String>> {
    let count = tx.count(COUNT_SIGNING, params![&tx.tenant()])?;
    Ok((count != 1).then(|| {
        format!("There are {count} keys to sign with instead of one. Rotate the keys: `isopolity keys rotate`.")
    }))
}

/// The key that signs now.
pub struct SigningKey {
    kid: String,
    pair: KeyPair,
    api: Option<EcdsaKeyPair>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

impl SigningKey {
    /// Its id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What people's tokens for our own API are signed by.
    pub(crate) const fn for_api(&self) -> Algorithm {
        match self.api {
            Some(_) => Algorithm::Es256,
            None => Algorithm::Rs256,
        }
    }

    /// Signs: RSASSA-PKCS1-v1_5 or ECDSA on P-256, both with SHA-256 (RFC 7518 §3.3, §3.4).
    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        match algorithm {
            Algorithm::Rs256 => {
                let mut signature = vec![0; self.pair.public_modulus_len()];
                self.pair
                    .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(Error::internal)?;
                Ok(signature)
            }
            Algorithm::Es256 => {
                let api = self.api.as_ref();
                let api = api.ok_or_else(|| Error::internal("the key doesn't sign by ES256"))?;
                let signature = api.sign(&random, message).map_err(Error::internal)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

/// A key that tokens may have been signed with.
pub(crate) struct VerifyingKey {
    kid: String,
    key: ParsedPublicKey,
    api: Option<ParsedPublicKey>,
    expires_at: Option<Timestamp>,
}

impl VerifyingKey {
    /// Whether this is the message's signature by the algorithm, which names the half that made it
    /// and can't be combined with the other.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = match algorithm {
            Algorithm::Rs256 => Some(&self.key),
            Algorithm::Es256 => self.api.as_ref(),
        };
        key.is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

/// All keys of a tenant, ready for use.
pub struct TenantKeys {
    signing: Arc<SigningKey>,
    verifying: Vec<VerifyingKey>,
}

impl fmt::Debug for TenantKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantKeys({})", self.signing.kid)
    }
}

impl TenantKeys {
    /// The key that signs now.
    pub fn signing(&self) -> &Arc<SigningKey> {
        &self.signing
    }

    /// The key of this id, if it is the tenant's and still valid.
    pub(crate) fn verifying(&self, kid: &str, now: Timestamp) -> Option<&VerifyingKey> {
        self.verifying
            .iter()
            .find(|key| key.kid == kid)
            .filter(|key| key.expires_at.is_none_or(|expires_at| now < expires_at))
    }
}

/// Reads and opens the tenant's keys. Takes about a millisecond; [`crate::KeyRing`] keeps them.
pub fn load(tx: &ReadTx<'_>, sealer: &Sealer) -> Result<TenantKeys> {
    let (tenant, mut signing, mut verifying) = (tx.tenant(), None, Vec::new());
    tx.for_each(VALID, params![&tenant, tx.now()], |row| {
        let Public { kid, n, e } = Public::of_row(row)?;
        if let Some(sealed) = row.opt_bytes(4)? {
            let private = sealer.open(PURPOSE, tenant, sealed)?;
            let api = row.opt_bytes(5)?.map(|sealed| {
                let private = sealer.open(API_PURPOSE, tenant, sealed)?;
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &private)
                    .map_err(Error::internal)
            });
            signing = Some(Arc::new(SigningKey {
                kid: kid.clone(),
                pair: KeyPair::from_pkcs8(&private).map_err(Error::internal)?,
                api: api.transpose()?,
            }));
        }
        let key = PublicKeyComponents { n, e }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(Error::internal)?;
        let api = row
            .opt_bytes(6)?
            .map(|point| ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point));
        verifying.push(VerifyingKey {
            kid,
            key,
            api: api.transpose().map_err(Error::internal)?,
            expires_at: row.opt_timestamp(3)?,
        });
        Ok(())
    })?;
    let signing = signing.ok_or_else(|| {
        Error::unavailable("The tenant has no key to sign with. Ask its operator.", 60)
    })?;
    Ok(TenantKeys { signing, verifying })
}
