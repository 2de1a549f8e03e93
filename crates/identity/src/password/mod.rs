//! Passwords: argon2id hashes, the threads to make them on, and what a password must be.
//!
//! - Parameters are OWASP's minimum for argon2id (19 MiB, two passes, one lane): about 20 ms. The
//!   hash carries its parameters, so they can grow without invalidating what is kept.
//! - Passwords are compared in Unicode's composed form, so that it doesn't matter which system's
//!   keyboard a letter came from (RFC 8265 §4.2).
//!
//! Source: RFC 9106 (Argon2), OWASP Password Storage Cheat Sheet.

mod argon;
mod rules;

use std::num::NonZeroUsize;

use argon2::password_hash::Error as HashError;
use argon2::password_hash::phc::PasswordHash;
use types::{Error, Result};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::Secret;
use crate::pool::{Kind, Pool};

use argon::{Blocks, Memories};

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

fn composed(password: &Secret) -> Zeroizing<String> {
    Zeroizing::new(password.expose().nfc().collect())
}

/// The hash of a password, as a PHC string. Slow: use [`Hashing`].
pub fn hash(password: &Secret, salt: [u8; 16]) -> Result<String> {
    hash_in(&mut Blocks::default(), password, salt)
}

/// Whether a password is the one that was hashed. Slow: use [`Hashing`].
pub fn verify(password: &Secret, hash: &str) -> Result<bool> {
    verify_in(&mut Blocks::default(), password, hash)
}

fn hash_in(blocks: &mut Blocks, password: &Secret, salt: [u8; 16]) -> Result<String> {
    blocks
        .hash(composed(password).as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(Error::internal)
}

fn verify_in(blocks: &mut Blocks, password: &Secret, hash: &str) -> Result<bool> {
    PasswordHash::new(hash)
        .map_err(HashError::from)
        .and_then(|hash| blocks.is_of(composed(password).as_bytes(), &hash))
        .map_err(Error::internal)
}

/// Hashes passwords on threads of its own.
#[derive(Debug)]
pub struct Hashing {
    pool: Pool,
    memories: Memories,
}

impl Hashing {
    /// Starts the threads.
    pub fn new(threads: NonZeroUsize) -> Result<Self> {
        Ok(Self {
            pool: Pool::new(HASHING, threads)?,
            memories: Memories::default(),
        })
    }

    /// [`hash`] on one of the threads.
    pub async fn hash(&self, password: Secret, salt: [u8; 16]) -> Result<String> {
        self.run(move |blocks| hash_in(blocks, &password, salt))
            .await
    }

    /// [`verify`] on one of the threads.
    pub async fn verify(&self, password: Secret, made: String) -> Result<bool> {
        self.run(move |blocks| verify_in(blocks, &password, &made))
            .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Blocks) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (memories, _waiting) = (self.memories.clone(), self.memories.wait());
        self.pool.run(move || memories.with(work)).await
    }
}
