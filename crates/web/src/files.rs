//! The files that were built, by their path in `web/dist`.

use std::borrow::Cow;

use bytes::Bytes;
use rust_embed::RustEmbed;

/// A file.
#[derive(Debug, Clone)]
pub struct File {
    /// What is in it.
    pub content: Bytes,
    /// The SHA-256 of that.
    pub hash: [u8; 32],
}

/// Where files come from.
pub trait Files {
    /// The file at a path, as `assets/admin-1a2b3c4d.js`.
    fn get(&self, path: &str) -> Option<File>;
}

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[exclude = ".vite/*"]
struct Dist;

/// The files in the binary.
#[derive(Debug, Clone, Copy, Default)]
pub struct Embedded;

impl Files for Embedded {
    fn get(&self, path: &str) -> Option<File> {
        let file = Dist::get(path)?;
        let content = match file.data {
            Cow::Borrowed(content) => Bytes::from_static(content),
            Cow::Owned(content) => content.into(),
        };
        Some(File {
            content,
            hash: file.metadata.sha256_hash(),
        })
    }
}
