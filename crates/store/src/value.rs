//! What goes into statements and comes out of them, whatever the engine.

use types::{Error, Id, Result, Timestamp};
use uuid::Uuid;

use crate::engine::RowAccess;

/// A parameter of a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Param<'a> {
    /// SQL NULL.
    Null,
    /// BIGINT: counts, flags (0/1), times in microseconds.
    Int(i64),
    /// TEXT.
    Text(&'a str),
    /// BLOB or BYTEA: ids (16 bytes), hashes, encrypted secrets.
    Bytes(&'a [u8]),
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<u64> for Param<'_> {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
impl From<usize> for Param<'_> {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<Timestamp> for Param<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.0)
    }
}
impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}
impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}
impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}
impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}
impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(value)
    }
}
impl<'a, K> From<&'a Id<K>> for Param<'a> {
    fn from(value: &'a Id<K>) -> Self {
        Self::Bytes(value.bytes())
    }
}
impl<'a> From<&'a Uuid> for Param<'a> {
    fn from(value: &'a Uuid) -> Self {
        Self::Bytes(value.as_bytes())
    }
}
impl<'a, T> From<Option<T>> for Param<'a>
where
    Param<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// BIGINT.
    Int,
    /// TEXT.
    Text,
    /// BLOB or BYTEA.
    Bytes,
}

/// A value that outlives its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    pub(crate) fn of(param: Param<'_>) -> Self {
        match param {
            Param::Null => Self::Null,
            Param::Int(value) => Self::Int(value),
            Param::Text(value) => Self::Text(value.to_owned()),
            Param::Bytes(value) => Self::Bytes(value.to_vec()),
        }
    }

    pub(crate) fn read(row: &Row<'_>, column: usize, kind: Kind) -> Result<Self> {
        Ok(match kind {
            Kind::Int => row.opt_int(column)?.map_or(Self::Null, Self::Int),
            Kind::Text => row.opt_string(column)?.map_or(Self::Null, Self::Text),
            Kind::Bytes => {
                let bytes = row.opt_bytes(column)?;
                bytes.map_or(Self::Null, |bytes| Self::Bytes(bytes.to_vec()))
            }
        })
    }

    pub(crate) fn as_param(&self) -> Param<'_> {
        match self {
            Self::Null => Param::Null,
            Self::Int(value) => Param::Int(*value),
            Self::Text(value) => Param::Text(value),
            Self::Bytes(value) => Param::Bytes(value),
        }
    }
}

/// Builds a parameter list: `params![tx.tenant(), &id, name]`, in the order of `?1, ?2 …`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Param::from($value)),*] as &[$crate::Param<'_>] };
}

/// One row of an answer. Columns are counted from 0.
pub struct Row<'a>(pub(crate) &'a dyn RowAccess);

fn null(column: usize) -> Error {
    Error::internal(format!("column {column} is null"))
}

impl Row<'_> {
    /// A BIGINT.
    pub fn int(&self, column: usize) -> Result<i64> {
        self.opt_int(column)?.ok_or_else(|| null(column))
    }
    /// A BIGINT or null.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>> {
        self.0.int(column)
    }
    /// A BIGINT that can't be negative.
    pub fn count(&self, column: usize) -> Result<u64> {
        u64::try_from(self.int(column)?).map_err(Error::internal)
    }
    /// A flag.
    pub fn bool(&self, column: usize) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }
    /// An instant.
    pub fn timestamp(&self, column: usize) -> Result<Timestamp> {
        self.int(column).map(Timestamp)
    }
    /// An instant or null.
    pub fn opt_timestamp(&self, column: usize) -> Result<Option<Timestamp>> {
        Ok(self.opt_int(column)?.map(Timestamp))
    }
    /// A TEXT.
    pub fn text(&self, column: usize) -> Result<&str> {
        self.opt_text(column)?.ok_or_else(|| null(column))
    }
    /// A TEXT or null.
    pub fn opt_text(&self, column: usize) -> Result<Option<&str>> {
        self.0.text(column)
    }
    /// A TEXT, owned.
    pub fn string(&self, column: usize) -> Result<String> {
        self.text(column).map(str::to_owned)
    }
    /// A TEXT or null, owned.
    pub fn opt_string(&self, column: usize) -> Result<Option<String>> {
        Ok(self.opt_text(column)?.map(str::to_owned))
    }
    /// Bytes.
    pub fn bytes(&self, column: usize) -> Result<&[u8]> {
        self.opt_bytes(column)?.ok_or_else(|| null(column))
    }
    /// Bytes or null.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<&[u8]>> {
        self.0.bytes(column)
    }
    /// A UUID of sixteen bytes.
    pub fn uuid(&self, column: usize) -> Result<Uuid> {
        Uuid::from_slice(self.bytes(column)?).map_err(Error::internal)
    }
    /// A UUID or null.
    pub fn opt_uuid(&self, column: usize) -> Result<Option<Uuid>> {
        self.opt_bytes(column)?
            .map(Uuid::from_slice)
            .transpose()
            .map_err(Error::internal)
    }
    /// A typed id.
    pub fn id<K>(&self, column: usize) -> Result<Id<K>> {
        self.uuid(column).map(Id::new)
    }
    /// A typed id or null.
    pub fn opt_id<K>(&self, column: usize) -> Result<Option<Id<K>>> {
        Ok(self.opt_uuid(column)?.map(Id::new))
    }
}
