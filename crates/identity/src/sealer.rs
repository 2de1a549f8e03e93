//! What the deployment key is used for: sealing secrets at rest, and signing positions that leave
//! the process.
//!
//! - Each purpose has a key of its own (HKDF-SHA256, RFC 5869), so that what was made for one
//!   purpose means nothing to another.
//! - The tenant is bound in: the sealed secret of one tenant, copied into another's rows, doesn't
//!   open.
//! - A sealed secret is `version | nonce (12) | ciphertext | tag (16)`, AES-256-GCM with a random
//!   nonce. Signing keys and the like are sealed a few times a year, far from the 2^32 messages
//!   that a random nonce allows for (NIST SP 800-38D §8.3).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use types::{Error, Result, TenantId};
use zeroize::Zeroizing;

use crate::DeploymentKey;

/// The form of sealed secrets, so that another can follow.
const VERSION: u8 = 1;
/// Bytes of a signature over a position.
const TAG_BYTES: usize = 32;
/// The longest signed position that is looked at, in characters.
const CURSOR_LENGTH_MAX: usize = 8 * 1024;
/// Separates our keys from whatever else the same bytes may be used for.
const SALT: &[u8] = b"isopolity deployment key v1";

/// Seals and signs for all tenants of a deployment. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Arc<Keys>);

struct Keys {
    root: hkdf::Prk,
    cursor: hmac::Key,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        32
    }
}

fn subkey(root: &hkdf::Prk, use_of: &[u8], purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    // The use is one of our own words without a colon, so the two can't run into each other.
    root.expand(&[use_of, b":", purpose], KeyLength)
        .and_then(|okm| okm.fill(key.as_mut()))
        .map_err(Error::internal)?;
    Ok(key)
}

fn signing_key(root: &hkdf::Prk, purpose: &str) -> Result<hmac::Key> {
    let key = subkey(root, b"sign", purpose.as_bytes())?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()))
}

/// What a seal or a signature is bound to.
fn context(purpose: &str, tenant: TenantId) -> Vec<u8> {
    let mut context = Vec::with_capacity(24 + purpose.len());
    context.extend_from_slice(&(purpose.len() as u64).to_be_bytes());
    context.extend_from_slice(purpose.as_bytes());
    context.extend_from_slice(tenant.bytes());
    context
}

impl Sealer {
    /// From the deployment key.
    pub fn new(key: &DeploymentKey) -> Result<Self> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(key.bytes());
        let cursor = signing_key(&root, "cursor")?;
        Ok(Self(Arc::new(Keys { root, cursor })))
    }

    /// A key to sign with for a purpose of its own.
    pub(crate) fn signing_key(&self, purpose: &str) -> Result<hmac::Key> {
        signing_key(&self.0.root, purpose)
    }

    /// A seal for a purpose of its own.
    pub(crate) fn seal_of(&self, purpose: &str) -> Result<Seal> {
        let key = subkey(&self.0.root, b"seal", purpose.as_bytes())?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, key.as_ref()).map_err(Error::internal)?;
        Ok(Seal(key))
    }

    /// Seals a secret of a tenant.
    pub fn seal(&self, purpose: &str, tenant: TenantId, plaintext: &[u8]) -> Result<Vec<u8>> {
        self.seal_of(purpose)?.seal(purpose, tenant, plaintext)
    }

    /// Opens what [`Sealer::seal`] made for the same purpose and tenant.
    pub fn open(
        &self,
        purpose: &str,
        tenant: TenantId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let opened = self.seal_of(purpose)?.open(purpose, tenant, sealed);
        opened.ok_or_else(|| {
            Error::unavailable(
                "A secret doesn't open with this deployment key. Start the server with the key \
                 that belongs to its data.",
                60,
            )
        })
    }

    /// Signs a position (a delta or skip token) for one purpose in one tenant. It is readable by
    /// whoever gets it, so nothing secret may be in it.
    pub fn sign_cursor(&self, purpose: &str, tenant: TenantId, payload: &[u8]) -> String {
        let tag = hmac::sign(&self.0.cursor, &cursor_message(purpose, tenant, payload));
        let mut token = payload.to_vec();
        token.extend_from_slice(tag.as_ref());
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    /// The payload of a signed position. The comparison takes the same time wherever it fails.
    pub fn verify_cursor(&self, purpose: &str, tenant: TenantId, token: &str) -> Result<Vec<u8>> {
        let refused = || {
            Error::bad_request(
                "The token in this link wasn't made by this server for this request. Follow \
                 links as they were handed out, or start over without the token.",
            )
        };
        if token.len() > CURSOR_LENGTH_MAX {
            return Err(refused());
        }
        let mut payload = BASE64_URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| refused())?;
        let length = payload.len().checked_sub(TAG_BYTES).ok_or_else(refused)?;
        let tag = payload.split_off(length);
        hmac::verify(
            &self.0.cursor,
            &cursor_message(purpose, tenant, &payload),
            &tag,
        )
        .map_err(|_| refused())?;
        Ok(payload)
    }
}

/// The key of one purpose, for those who seal more often than they want to derive it.
pub(crate) struct Seal(RandomizedNonceKey);

impl Seal {
    /// Seals a secret of a tenant. What the seal is `about` has to be told again to open it.
    pub(crate) fn seal(&self, about: &str, tenant: TenantId, plaintext: &[u8]) -> Result<Vec<u8>> {
        let mut secret = Zeroizing::new(plaintext.to_vec());
        // What doesn't fit would be moved, and its first place left behind unerased.
        secret.reserve_exact(AES_256_GCM.tag_len());
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(context(about, tenant)), &mut *secret)
            .map_err(Error::internal)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + secret.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&secret);
        Ok(sealed)
    }

    /// Opens what was sealed about the same, for the same tenant; `None` if it wasn't.
    pub(crate) fn open(
        &self,
        about: &str,
        tenant: TenantId,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN)?;
        if *version != VERSION {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut secret = Zeroizing::new(ciphertext.to_vec());
        let about = Aad::from(context(about, tenant));
        let length = self.0.open_in_place(nonce, about, &mut secret).ok()?.len();
        secret.truncate(length);
        Some(secret)
    }
}

fn cursor_message(purpose: &str, tenant: TenantId, payload: &[u8]) -> Vec<u8> {
    let mut message = context(purpose, tenant);
    message.extend_from_slice(payload);
    message
}
