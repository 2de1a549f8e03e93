//! The deployment key: the one secret that all secrets at rest are sealed under.
//!
//! - 32 random bytes in `deployment.key` of the data directory, readable by its owner only, or
//!   handed in as text from the environment.
//! - A key file appears whole or not at all, and never in place of another: losing the key loses
//!   every private key that was sealed with it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use types::{Error, Result};
use zeroize::Zeroizing;

/// The file's name in the data directory.
const FILE_NAME: &str = "deployment.key";
/// Where a new key is written before it gets its name.
const NEW_FILE_NAME: &str = "deployment.key.new";
/// Bytes of the key.
const LENGTH_BYTES: usize = 32;

/// The deployment's own key.
pub struct DeploymentKey(Zeroizing<[u8; LENGTH_BYTES]>);

impl fmt::Debug for DeploymentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeploymentKey")
    }
}

impl DeploymentKey {
    /// Reads the key of a data directory, making it if there is none. The caller holds the
    /// directory's lock.
    pub fn load_or_create(directory: &Path) -> Result<Self> {
        match Self::load(directory)? {
            Some(key) => Ok(key),
            None => Self::create(directory),
        }
    }

    /// Reads the key of a data directory; `None` if there is none.
    pub fn load(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join(FILE_NAME);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&path, &error)),
        };
        // Asked of the open file, so that it is the one that is read.
        let metadata = file.metadata().map_err(|error| unreadable(&path, &error))?;
        let shown = path.display();
        if !metadata.is_file() {
            return Err(Error::conflict(format!("{shown} isn't a file.")));
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(Error::conflict(format!(
                "Others on this machine can read {shown}, which protects all secrets. Set its \
                 mode to 0600, and rotate the signing keys if somebody may have read it."
            )));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH_BYTES + 1));
        file.take(LENGTH_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(&path, &error))?;
        let key = <[u8; LENGTH_BYTES]>::try_from(bytes.as_slice()).map_err(|_| {
            Error::conflict(format!(
                "{shown} has to hold exactly {LENGTH_BYTES} bytes. Put the right key back: \
                 without it, what was sealed with it can't be opened."
            ))
        })?;
        Ok(Some(Self(Zeroizing::new(key))))
    }

    fn create(directory: &Path) -> Result<Self> {
        let key = Zeroizing::new(crate::random::<LENGTH_BYTES>()?);
        let (path, new_path) = (directory.join(FILE_NAME), directory.join(NEW_FILE_NAME));
        // What a making that was cut off has left behind was never used.
        match fs::remove_file(&new_path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(unwritable(&new_path, &error));
            }
            _ => {}
        }
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&new_path)?;
            file.write_all(key.as_ref())?;
            file.sync_all()?;
            // A second name rather than a renaming, which would replace a key that is there.
            fs::hard_link(&new_path, &path)?;
            fs::remove_file(&new_path)?;
            File::open(directory)?.sync_all()
        };
        write().map_err(|error| unwritable(&path, &error))?;
        Ok(Self(key))
    }

    /// From base64 text (either alphabet, padded or not), as the environment hands it in.
    pub fn from_text(text: &str) -> Result<Self> {
        let config =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let folded = Zeroizing::new(text.trim().replace('-', "+").replace('_', "/"));
        let bytes = GeneralPurpose::new(&alphabet::STANDARD, config)
            .decode(folded.as_bytes())
            .map(Zeroizing::new)
            .ok();
        bytes
            .and_then(|bytes| <[u8; LENGTH_BYTES]>::try_from(bytes.as_slice()).ok())
            .map(|key| Self(Zeroizing::new(key)))
            .ok_or_else(|| {
                Error::bad_request(format!(
                    "The deployment key has to be {LENGTH_BYTES} bytes in base64. `openssl rand \
                     -base64 {LENGTH_BYTES}` makes one."
                ))
            })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::unavailable(
        format!("Can't read the deployment key {}: {error}.", path.display()),
        30,
    )
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::unavailable(
        format!(
            "Can't write the deployment key {}: {error}.",
            path.display()
        ),
        30,
    )
}
