//! What can be wrong with a file: as a whole, or with one of its records.
//!
//! A [`FileError`] means that nothing of the file may be imported; a [`RecordError`] costs only the
//! record it names. Messages are written for the administrator who runs the import: what is wrong,
//! and what to do about it. None holds a value of a password column.

/// The file can't be read as a whole; nothing of it may be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct FileError {
    /// The line it was noticed at, counted from 1.
    pub line: u64,
    /// What is wrong and what to do.
    pub message: String,
}

impl FileError {
    pub(crate) fn new(line: u64, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }
}

impl From<FileError> for types::Error {
    fn from(error: FileError) -> Self {
        Self::bad_request(error.to_string())
    }
}

/// One record was skipped, or (as a warning) taken with less than it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {message}", of(key.as_deref()))]
pub struct RecordError {
    /// The line the record begins at, or the line of the fault where that is known.
    pub line: u64,
    /// The record's name in its source: its DN, or its user principal name.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl RecordError {
    pub(crate) fn new(line: u64, key: Option<String>, message: impl Into<String>) -> Self {
        Self {
            line,
            key,
            message: message.into(),
        }
    }
}

fn of(key: Option<&str>) -> String {
    key.map(|key| format!(" ({key})")).unwrap_or_default()
}
