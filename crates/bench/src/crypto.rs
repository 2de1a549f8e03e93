//! What the processors can do at best: the libraries that the server hashes and signs with, alone, on
//! all of them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256},
};

/// OWASP's argon2id (19 MiB, two passes, one lane), as the server makes it.
pub(crate) fn hashes_per_second(seconds: f64) -> Result<f64> {
    let params = Params::new(19_456, 2, 1, None)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    per_second(seconds, |made| {
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&made.to_le_bytes());
        argon2
            .hash_password_with_salt(b"Correct-horse-battery-9", &salt)
            .map_err(|error| anyhow!("argon2: {error}"))
            .map(drop)
    })
}

/// RS256 with a key of 2,048 bits over a text as long as an access token's.
pub(crate) fn signatures_per_second(seconds: f64) -> Result<f64> {
    let sign = rs256()?;
    per_second(seconds, |made| sign(&text(made)))
}

/// What the code flow signs: RS256 over an ID token's length, ES256 over an access token's.
pub(crate) fn pairs_of_signatures_per_second(seconds: f64) -> Result<f64> {
    let sign = rs256()?;
    let api_key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let random = SystemRandom::new();
    per_second(seconds, |made| {
        let text = text(made);
        sign(&text)?;
        api_key.sign(&random, &text)?;
        Ok(())
    })
}

/// As long as a token, and each time another.
fn text(made: u64) -> [u8; 1_000] {
    let mut text = [b'x'; 1_000];
    text[..8].copy_from_slice(&made.to_le_bytes());
    text
}

/// Signs by RS256 with a key of its own.
fn rs256() -> Result<impl Fn(&[u8]) -> Result<()>> {
    let (key, random) = (KeyPair::generate(KeySize::Rsa2048)?, SystemRandom::new());
    Ok(move |text: &[u8]| {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature)?;
        Ok(())
    })
}

/// How often it can be done in a second, on as many threads as there are processors.
fn per_second(seconds: f64, work: impl Fn(u64) -> Result<()> + Sync) -> Result<f64> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (started, time) = (Instant::now(), Duration::from_secs_f64(seconds));
    let made = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> Result<u64> {
                    let mut made = 0_u64;
                    while started.elapsed() < time {
                        work(made)?;
                        made += 1;
                    }
                    Ok(made)
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().ok().context("a working thread panicked")?)
            .sum::<Result<u64>>()
    })?;
    Ok(made as f64 / started.elapsed().as_secs_f64())
}
