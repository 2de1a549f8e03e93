//! argon2id as a PHC string, in memory that is used again.
//!
//! A hash fills 19 MiB that nobody needs afterwards. Taking them anew and clearing them was a tenth of
//! its time, so they are kept while others wait to hash, and given back once nobody does.
//!
//! Source: RFC 9106; the PHC string format.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{Error as HashError, Result};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Memory, in KiB, each a block.
const MEMORY_KIB: u32 = 19_456;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;

/// The memory of one hash.
#[derive(Default)]
pub(super) struct Blocks(Vec<Block>);

impl Blocks {
    /// The hash of a password, with its parameters.
    pub(super) fn hash(&mut self, password: &[u8], salt: &[u8]) -> Result<PasswordHash> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
        Ok(PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(salt)?),
            hash: Some(self.output(
                password,
                salt,
                (Algorithm::Argon2id, Version::V0x13),
                params,
            )?),
        })
    }

    /// Whether a password is the one that was hashed, by the parameters that its hash carries.
    pub(super) fn is_of(&mut self, password: &[u8], made: &PasswordHash) -> Result<bool> {
        let (Some(salt), Some(expected)) = (&made.salt, &made.hash) else {
            return Ok(false);
        };
        let version = made.version.map(Version::try_from).transpose()?;
        let kind = (
            Algorithm::try_from(made.algorithm.as_str())?,
            version.unwrap_or_default(),
        );
        // Compared in constant time.
        Ok(self.output(password, salt, kind, Params::try_from(made)?)? == *expected)
    }

    fn output(
        &mut self,
        password: &[u8],
        salt: &[u8],
        (algorithm, version): (Algorithm, Version),
        params: Params,
    ) -> Result<Output> {
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut bytes = [0; Output::MAX_LENGTH];
        let output = bytes.get_mut(..length).ok_or(HashError::OutputSize)?;
        // What an earlier hash left in them makes no difference: each is written before it is read.
        self.0.resize(params.block_count(), Block::default());
        let argon2 = Argon2::new(algorithm, version, params);
        argon2.hash_password_into_with_memory(password, salt, output, self.0.as_mut_slice())?;
        Output::new(output).map_err(HashError::from)
    }
}

/// What is kept for those who wait to hash: at most as many memories as hash at once.
#[derive(Default)]
struct Kept {
    waiting: usize,
    memories: Vec<Blocks>,
}

/// The memories of hashes between two uses. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Memories(Arc<Mutex<Kept>>);

impl fmt::Debug for Memories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memories")
    }
}

/// Somebody who waits for a hash; as long as there is one, memories are kept.
pub(super) struct Waiting(Memories);

impl Memories {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that somebody waits, until that is dropped.
    pub(super) fn wait(&self) -> Waiting {
        self.kept().waiting += 1;
        Waiting(self.clone())
    }

    /// Has something hashed, in a memory that is there or a new one.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Blocks) -> T) -> T {
        let spare = self.kept().memories.pop();
        let mut blocks = spare.unwrap_or_default();
        let done = work(&mut blocks);
        let mut kept = self.kept();
        if kept.waiting > 0 {
            kept.memories.push(blocks);
        }
        done
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut kept = self.0.kept();
        kept.waiting -= 1;
        let unneeded = if kept.waiting == 0 {
            std::mem::take(&mut kept.memories)
        } else {
            Vec::new()
        };
        // Without the lock: it takes the system a moment.
        drop(kept);
        drop(unneeded);
    }
}
