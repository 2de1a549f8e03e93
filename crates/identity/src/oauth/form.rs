//! `application/x-www-form-urlencoded` bodies of OAuth requests.
//!
//! - A parameter without a value counts as absent, and one that comes twice is refused (RFC 6749
//!   §3.2).
//! - Stricter than browsers are: a percent sign that starts no escape is refused, not kept.
//!
//! Source: RFC 6749 Appendix B, WHATWG URL §5.1.

use std::collections::BTreeMap;

use super::OAuthError;
use crate::Secret;

/// The longest body.
pub const BODY_BYTES_MAX: usize = 32 * 1024;
/// The most parameters in a body.
pub const PARAMETERS_MAX: usize = 64;

/// The parameters of a request. Their values print as nothing: some are secrets.
#[derive(Debug, Default)]
pub struct Form(BTreeMap<String, Secret>);

impl Form {
    /// Reads a body. `content_type` is the header as it came.
    pub fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Self, OAuthError> {
        let media_type = content_type
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        if !media_type
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        {
            // Entra reads no parameter of such a body and misses the first.
            return Err(OAuthError::MissingParameter("grant_type"));
        }
        if body.len() > BODY_BYTES_MAX {
            return Err(OAuthError::BodyTooLong);
        }
        Self::read(body)
    }

    /// Reads the query of an address.
    pub fn of_query(query: &str) -> Result<Self, OAuthError> {
        Self::read(query.as_bytes())
    }

    fn read(body: &[u8]) -> Result<Self, OAuthError> {
        let mut parameters = BTreeMap::new();
        let pairs = body
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty());
        for (index, pair) in pairs.enumerate() {
            if index >= PARAMETERS_MAX {
                return Err(OAuthError::Malformed("too many parameters"));
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut half = || decode(halves.next().unwrap_or_default());
            let (Some(name), Some(value)) = (half(), half()) else {
                return Err(OAuthError::Malformed(
                    "the parameters aren't form-urlencoded UTF-8",
                ));
            };
            if parameters.contains_key(&name) {
                return Err(OAuthError::DuplicateParameter(name));
            }
            parameters.insert(name, Secret::new(value));
        }
        // Only now: a parameter that comes once with and once without a value comes twice.
        parameters.retain(|_, value| !value.expose().is_empty());
        Ok(Self(parameters))
    }

    /// A parameter that has a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose)
    }

    /// A parameter that must have a value.
    pub fn require(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or(OAuthError::MissingParameter(name))
    }
}

/// Undoes form encoding; `None` if it isn't any, or not of UTF-8.
pub(super) fn decode(encoded: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                (high * 16 + low) as u8
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}
