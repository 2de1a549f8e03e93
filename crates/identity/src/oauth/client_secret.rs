//! Client secrets: made here, shown once, kept as hashes.
//!
//! A secret is 240 random bits, so its plain SHA-256 is enough to keep (there is nothing to guess),
//! and it is found by equality of the hash: an index look-up, whose timing tells about the hash of
//! what was tried but nothing of any secret.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::Secret;

/// Characters of a secret, as many as Entra's have.
const LENGTH: usize = 40;
/// Characters that the directory may show afterwards.
const HINT_LENGTH: usize = 3;

/// A secret that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClientSecret {
    /// The secret, to be shown once.
    pub secret: Secret,
    /// What is kept.
    pub hash: [u8; 32],
    /// What may be shown afterwards.
    pub hint: String,
}

/// Makes a secret of 40 URL-safe characters.
pub fn new_client_secret(random: [u8; 32]) -> NewClientSecret {
    let mut text = BASE64_URL_SAFE_NO_PAD.encode(random);
    text.truncate(LENGTH);
    // A hyphen in front would be taken for an option on command lines.
    if text.starts_with('-') {
        text.replace_range(..1, "~");
    }
    NewClientSecret {
        hash: secret_hash(&text),
        hint: text.chars().take(HINT_LENGTH).collect(),
        secret: Secret::new(text),
    }
}

/// What is kept of a secret, and what one that is presented is looked up by.
pub fn secret_hash(secret: &str) -> [u8; 32] {
    crate::sha256(secret.as_bytes())
}
