//! The compact form of a JWS (RFC 7515 §7.1), as far as our tokens use it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::{Error, Result};

use super::TokenError;
use crate::keys::{SigningKey, VerifyingKey};

/// The longest token that is looked at.
pub(crate) const LENGTH_BYTES_MAX: usize = 16 * 1024;

/// By what tokens are signed. What a token names finds the half of its tenant's key that could have
/// made it ([`crate::keys`]); there is no other that it could choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Algorithm {
    /// What others check.
    Rs256,
    /// What only our own API does.
    Es256,
}

/// What we read of a header. `jku`, `jwk`, `x5u` and `x5c` aren't here: no key comes from a token.
#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: String,
    #[serde(default)]
    typ: Option<String>,
    /// Extensions that must be understood (§4.1.11): we understand none.
    #[serde(default)]
    crit: Option<Value>,
}

/// A token taken apart; nothing of it is verified.
pub(crate) struct Unverified<'a, C> {
    pub(crate) kid: String,
    pub(crate) claims: C,
    pub(crate) algorithm: Algorithm,
    message: &'a [u8],
    signature: Vec<u8>,
}

impl<C> Unverified<'_, C> {
    /// Whether the key has signed it.
    pub(crate) fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        key.verifies(self.algorithm, self.message, &self.signature)
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)
}

/// Takes a token apart.
pub(crate) fn parse<C: for<'de> Deserialize<'de>>(
    token: &str,
) -> Result<Unverified<'_, C>, TokenError> {
    if token.is_empty() {
        return Err(TokenError::Missing);
    }
    if token.len() > LENGTH_BYTES_MAX {
        return Err(TokenError::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, claims) = message.split_once('.').ok_or(TokenError::Malformed)?;
    let header: Header =
        serde_json::from_slice(&decoded(header)?).map_err(|_| TokenError::Malformed)?;
    let is_jwt = header.typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
    if !is_jwt || header.crit.is_some() {
        return Err(TokenError::Malformed);
    }
    Ok(Unverified {
        kid: header.kid,
        algorithm: header.alg,
        claims: serde_json::from_slice(&decoded(claims)?).map_err(|_| TokenError::Malformed)?,
        message: message.as_bytes(),
        signature: decoded(signature)?,
    })
}

/// Signs claims, for whoever.
pub(crate) fn sign<C: Serialize>(claims: &C, key: &SigningKey) -> Result<String> {
    sign_as(Algorithm::Rs256, "JWT", claims, key)
}

/// Signs claims for our own API alone.
pub(crate) fn sign_for_api<C: Serialize>(claims: &C, key: &SigningKey) -> Result<String> {
    sign_as(key.for_api(), "JWT", claims, key)
}

/// Signs claims of a type of their own (RFC 8725 §3.11).
pub(crate) fn sign_typed<C: Serialize>(typ: &str, claims: &C, key: &SigningKey) -> Result<String> {
    sign_as(Algorithm::Rs256, typ, claims, key)
}

fn sign_as<C: Serialize>(
    algorithm: Algorithm,
    typ: &str,
    claims: &C,
    key: &SigningKey,
) -> Result<String> {
    #[derive(Serialize)]
    struct Header<'a> {
        typ: &'a str,
        alg: Algorithm,
        kid: &'a str,
    }
    let header = Header {
        typ,
        alg: algorithm,
        kid: key.kid(),
    };
    let mut token = String::with_capacity(2048);
    let part = |bytes: Result<Vec<u8>, serde_json::Error>| bytes.map_err(Error::internal);
    BASE64_URL_SAFE_NO_PAD.encode_string(part(serde_json::to_vec(&header))?, &mut token);
    token.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(part(serde_json::to_vec(claims))?, &mut token);
    let signature = key.sign(algorithm, token.as_bytes())?;
    token.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}
