//! Parameters and columns in PostgreSQL's binary form.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use types::{Error, Result};

use super::convert;
use crate::engine::RowAccess;
use crate::value::{Param, Value};

/// A parameter, written as the type that the statement has for its place.
#[derive(Debug)]
pub(super) enum Bound<'a> {
    One(Param<'a>),
    /// The ids of many.
    Ids(&'a [&'a [u8]]),
    /// The names of many.
    Texts(&'a [&'a str]),
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        Bound::One(self.as_param()).to_sql(ty, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl ToSql for Bound<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let param = match self {
            Self::One(param) => *param,
            Self::Ids(ids) if <&[&[u8]] as ToSql>::accepts(ty) => return ids.to_sql(ty, out),
            Self::Texts(texts) if <&[&str] as ToSql>::accepts(ty) => return texts.to_sql(ty, out),
            Self::Ids(_) | Self::Texts(_) => {
                return Err(format!("many where the statement has {ty}").into());
            }
        };
        match param {
            Param::Null => Ok(IsNull::Yes),
            Param::Int(value) => match *ty {
                Type::INT4 => i32::try_from(value)?.to_sql(ty, out),
                Type::INT2 => i16::try_from(value)?.to_sql(ty, out),
                Type::BOOL => (value != 0).to_sql(ty, out),
                Type::INT8 => value.to_sql(ty, out),
                _ => Err(format!("a whole number where the statement has {ty}").into()),
            },
            Param::Text(value) if <&str as ToSql>::accepts(ty) => value.to_sql(ty, out),
            Param::Bytes(value) if <&[u8] as ToSql>::accepts(ty) => value.to_sql(ty, out),
            Param::Text(_) => Err(format!("a text where the statement has {ty}").into()),
            Param::Bytes(_) => Err(format!("bytes where the statement has {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

pub(super) struct PostgresRow<'a>(pub(super) &'a tokio_postgres::Row);

impl RowAccess for PostgresRow<'_> {
    fn int(&self, column: usize) -> Result<Option<i64>> {
        let Some(described) = self.0.columns().get(column) else {
            return Err(Error::internal(format!("there is no column {column}")));
        };
        // Literals and flags come in narrower types.
        match *described.type_() {
            Type::INT4 => {
                let value = self.0.try_get::<_, Option<i32>>(column).map_err(convert)?;
                Ok(value.map(i64::from))
            }
            Type::BOOL => {
                let value = self.0.try_get::<_, Option<bool>>(column).map_err(convert)?;
                Ok(value.map(i64::from))
            }
            _ => self.0.try_get(column).map_err(convert),
        }
    }

    fn text(&self, column: usize) -> Result<Option<&str>> {
        self.0.try_get(column).map_err(convert)
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>> {
        self.0.try_get(column).map_err(convert)
    }
}
