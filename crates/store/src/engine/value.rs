//! Parameters, bound the same way on both engines.

use model::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A parameter. Integers, texts and flags are all that the schema knows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Int(i64),
    Text(&'a str),
    Flag(bool),
    Null,
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<Timestamp> for Value<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.0)
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}
impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Flag(value) => ValueRef::Integer(i64::from(*value)),
            Self::Null => ValueRef::Null,
        }))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(value), &Type::INT8) => value.to_sql(ty, out),
            (Self::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(ty, out),
            (Self::Text(value), &Type::TEXT | &Type::VARCHAR) => value.to_sql(ty, out),
            (Self::Flag(value), &Type::BOOL) => value.to_sql(ty, out),
            (value, ty) => Err(format!("{value:?} bound to a parameter of type {ty}").into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::BOOL)
    }

    to_sql_checked!();
}

/// One column of a batch, as a PostgreSQL array.
#[derive(Debug)]
pub(crate) enum Column<'a> {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Flags(Vec<Option<bool>>),
}

impl<'a> Column<'a> {
    /// Collects column `index` of the rows for an array parameter of type `ty`.
    pub(crate) fn collect<const N: usize>(rows: &[[Value<'a>; N]], index: usize, ty: &Type) -> Result<Self, String> {
        let values = rows.iter().map(|row| row[index]);
        let wrong = |value: Value<'_>| format!("{value:?} in a batch column of type {ty}");
        match *ty {
            Type::INT8_ARRAY => values
                .map(|value| match value {
                    Value::Int(int) => Ok(Some(int)),
                    Value::Null => Ok(None),
                    other => Err(wrong(other)),
                })
                .collect::<Result<_, _>>()
                .map(Self::Ints),
            Type::TEXT_ARRAY => values
                .map(|value| match value {
                    Value::Text(text) => Ok(Some(text)),
                    Value::Null => Ok(None),
                    other => Err(wrong(other)),
                })
                .collect::<Result<_, _>>()
                .map(Self::Texts),
            Type::BOOL_ARRAY => values
                .map(|value| match value {
                    Value::Flag(flag) => Ok(Some(flag)),
                    Value::Null => Ok(None),
                    other => Err(wrong(other)),
                })
                .collect::<Result<_, _>>()
                .map(Self::Flags),
            _ => Err(format!("a batch parameter has type {ty}; batches take arrays")),
        }
    }

    /// The column as one parameter.
    pub(crate) fn as_parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Ints(column) => column,
            Self::Texts(column) => column,
            Self::Flags(column) => column,
        }
    }
}
