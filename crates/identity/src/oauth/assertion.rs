//! Client assertions: a token that a client signs itself with the key of a certificate that is
//! registered for it, in place of a secret; and the proof of possession for rolling such keys.
//!
//! - The key is the registered one that `x5t#S256`, `x5t` or `kid` names by its thumbprint; none
//!   comes from the token (`x5c`, `jwk` aren't read).
//! - `jti` may be used once for each resource: the clients of MSAL use one assertion for some
//!   minutes, for whatever resources they are asked for, but ask for each once.
//!
//! Source: RFC 7523 §3, RFC 7521 §4.2, Microsoft identity platform "application authentication
//! certificate credentials"; Microsoft Graph "generate proof of possession tokens".

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde_json::{Number, Value};
use types::Timestamp;
use uuid::Uuid;

use super::OAuthError;

/// What `client_assertion_type` has to be.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest assertion.
pub const ASSERTION_BYTES_MAX: usize = 16 * 1024;
/// How far ahead an assertion may end.
pub const ASSERTION_SECONDS_MAX: i64 = 24 * 3_600;
/// The audience of proofs of possession.
const PROOF_AUDIENCE: &str = "00000002-0000-0000-c000-000000000000";
const PROOF_SECONDS_MAX: i64 = 600;
/// How far a client's clock may be ahead.
const SKEW_SECONDS: i64 = 300;
/// Base64url as JWS has it, or padded, as azure-identity's asynchronous client for Python writes it.
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a token names its key by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thumbprint {
    /// SHA-1 of the certificate.
    Sha1(Vec<u8>),
    /// SHA-256 of the certificate.
    Sha256(Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Ps256,
}

/// A token that a client has signed, taken apart; nothing of it is verified.
pub struct Assertion {
    algorithm: Algorithm,
    thumbprint: Option<Thumbprint>,
    claims: Claims,
    message: String,
    signature: Vec<u8>,
}

impl std::fmt::Debug for Assertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Assertion")
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    x5t: Option<String>,
    #[serde(default, rename = "x5t#S256")]
    x5t_s256: Option<String>,
    /// Extensions that must be understood: we understand none.
    #[serde(default)]
    crit: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    #[serde(default)]
    sub: Option<String>,
    aud: Audience,
    exp: Number,
    #[serde(default)]
    nbf: Option<Number>,
    #[serde(default)]
    jti: Option<String>,
}

/// Whole seconds of a NumericDate, which may have a fraction.
fn seconds(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let seconds = number.as_f64().filter(|seconds| seconds.abs() < 1e12)?;
        Some(seconds as i64)
    })
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    BASE64_URL.decode(part).ok()
}

/// `kid` as Entra's own libraries write it: the thumbprint in hexadecimal digits.
fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

fn thumbprint(header: &Header) -> Option<Thumbprint> {
    if let Some(sha256) = &header.x5t_s256 {
        return decoded(sha256).map(Thumbprint::Sha256);
    }
    if let Some(sha1) = &header.x5t {
        return decoded(sha1).map(Thumbprint::Sha1);
    }
    match header.kid.as_deref().and_then(hex) {
        Some(sha1) if sha1.len() == 20 => Some(Thumbprint::Sha1(sha1)),
        Some(sha256) if sha256.len() == 32 => Some(Thumbprint::Sha256(sha256)),
        _ => None,
    }
}

impl Assertion {
    /// Takes a token apart; `None` if it is none, or has another algorithm.
    pub fn parse(token: &str) -> Option<Self> {
        if token.len() > ASSERTION_BYTES_MAX {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let header: Header = serde_json::from_slice(&decoded(header)?).ok()?;
        let algorithm = match header.alg.as_str() {
            "RS256" => Algorithm::Rs256,
            "PS256" => Algorithm::Ps256,
            _ => return None,
        };
        if header.crit.is_some() {
            return None;
        }
        Some(Self {
            algorithm,
            thumbprint: thumbprint(&header),
            claims: serde_json::from_slice(&decoded(claims)?).ok()?,
            message: message.to_owned(),
            signature: decoded(signature)?,
        })
    }

    /// Who has signed it, as it says.
    pub fn issuer(&self) -> &str {
        &self.claims.iss
    }

    /// Which certificate's key has signed it, as it says.
    pub const fn thumbprint(&self) -> Option<&Thumbprint> {
        self.thumbprint.as_ref()
    }

    /// Until when it is valid.
    pub fn expires_at(&self) -> Option<Timestamp> {
        seconds(&self.claims.exp).map(Timestamp::from_seconds)
    }

    /// Whether the key with this public half has signed it (`RSAPublicKey` of PKCS #1 in DER).
    pub fn is_signed_by(&self, public_key: &[u8]) -> bool {
        let algorithm = match self.algorithm {
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        };
        UnparsedPublicKey::new(algorithm, public_key)
            .verify(self.message.as_bytes(), &self.signature)
            .is_ok()
    }

    /// What tells this use from another one: the same for a repetition for the same resource.
    pub fn use_digest(&self, resource: &str) -> [u8; 32] {
        let id = self.claims.jti.as_deref().filter(|id| !id.is_empty());
        let text = format!("{}\0{resource}", id.unwrap_or(&self.message));
        crate::sha256(text.as_bytes())
    }

    fn is_for(&self, is_own: impl Fn(&str) -> bool) -> bool {
        match &self.claims.aud {
            Audience::One(audience) => is_own(audience),
            Audience::Many(audiences) => audiences.iter().any(|audience| is_own(audience)),
        }
    }

    fn is_in_time(&self, now: Timestamp, ahead_max: i64) -> bool {
        let now = now.seconds();
        let begun = match &self.claims.nbf {
            None => true,
            Some(from) => seconds(from).is_some_and(|from| from <= now + SKEW_SECONDS),
        };
        let until = seconds(&self.claims.exp);
        begun && until.is_some_and(|until| now < until && until <= now + ahead_max)
    }

    /// Checks what a client says of itself. `is_audience` knows the addresses of the tenant's token
    /// endpoint.
    pub fn check(
        &self,
        client_id: &str,
        is_audience: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Result<(), OAuthError> {
        let is_client = |name: &str| name.eq_ignore_ascii_case(client_id);
        let subject = self.claims.sub.as_deref();
        if !is_client(&self.claims.iss) || !subject.is_some_and(is_client) {
            return Err(OAuthError::AssertionClient);
        }
        if !self.is_for(is_audience) {
            return Err(OAuthError::AssertionAudience);
        }
        if !self.is_in_time(now, ASSERTION_SECONDS_MAX + SKEW_SECONDS) {
            return Err(OAuthError::AssertionTime);
        }
        Ok(())
    }

    /// Whether this proves, of the object that wants to roll its keys, that it has the one that has
    /// signed; the signature apart.
    pub fn is_proof_of(&self, object: Uuid, now: Timestamp) -> bool {
        types::parse_uuid(&self.claims.iss) == Some(object)
            && self.is_for(|audience| audience == PROOF_AUDIENCE)
            && self.is_in_time(now, PROOF_SECONDS_MAX + SKEW_SECONDS)
    }
}
