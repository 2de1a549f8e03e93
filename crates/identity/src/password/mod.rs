//! Passwords: argon2id hashes, the threads to make them on, and what a password must be.
//!
//! - Parameters are OWASP's minimum for argon2id (19 MiB, two passes, one lane): about 20 ms. The
//!   hash carries its parameters, so they can grow without invalidating what is kept.
//! - Passwords are compared in Unicode's composed form, so that it doesn't matter which system's
//!   keyboard a letter came from (RFC 8265 §4.2).
//!
//! Source: RFC 9106 (Argon2), OWASP Password Storage Cheat Sheet.

mod rules;

use std::num::NonZeroUsize;

use argon2::password_hash::Error as HashError;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use types::{Error, Result};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::Secret;
use crate::pool::{Kind, Pool};

pub use rules::{check, check_for};

/// The threads give way to all others: a wave of passwords takes the processors that are free, and
/// requests that need a moment get it at once. At 10 they still get a tenth of a processor that others
/// keep busy, so that a loaded machine lets people sign in.
const HASHING: Kind = Kind {
    name: "password",
    queue_per_thread: 32,
    niceness: 10,
    answers_at_once: 1,
    full: "Too many passwords are being checked.",
};

/// Memory, in KiB.
const MEMORY_KIB: u32 = 19_456;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn composed(password: &Secret) -> Zeroizing<String> {
    Zeroizing::new(password.expose().nfc().collect())
}

/// The hash of a password, as a PHC string. Slow: use [`Hashing`].
pub fn hash(password: &Secret, salt: [u8; 16]) -> Result<String> {
    argon2()?
        .hash_password_with_salt(composed(password).as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(Error::internal)
}

/// Whether a password is the one that was hashed. Slow: use [`Hashing`].
pub fn verify(password: &Secret, hash: &str) -> Result<bool> {
    match argon2()?.verify_password(composed(password).as_bytes(), hash) {
        Ok(()) => Ok(true),
        Err(HashError::PasswordInvalid) => Ok(false),
        Err(error) => Err(Error::internal(error)),
    }
}

/// Hashes passwords on threads of its own.
#[derive(Debug)]
pub struct Hashing(Pool);

impl Hashing {
    /// Starts the threads.
    pub fn new(threads: NonZeroUsize) -> Result<Self> {
        Pool::new(HASHING, threads).map(Self)
    }

    /// [`hash`] on one of the threads.
    pub async fn hash(&self, password: Secret, salt: [u8; 16]) -> Result<String> {
        self.0.run(move || hash(&password, salt)).await
    }

    /// [`verify`] on one of the threads.
    pub async fn verify(&self, password: Secret, made: String) -> Result<bool> {
        self.0.run(move || verify(&password, &made)).await
    }
}
