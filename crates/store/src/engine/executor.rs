//! Runs queries inside a command or a read, on either engine.

use super::{Query, Value, sqlite::SqliteConnection, value::Column};
use crate::{
    error::{Result, StoreError},
    log::NewRecord,
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_postgres::types::ToSql;

/// Where a command's or a read's queries run. Collects the log records of the command, which get their numbers last.
pub(crate) struct Executor {
    engine: Engine,
    records: Mutex<Vec<NewRecord>>,
}

enum Engine {
    Sqlite(Arc<SqliteConnection>),
    Postgres(Box<deadpool_postgres::Object>),
}

/// A result row of either engine. Columns are read by place.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    pub(crate) fn int(&self, column: usize) -> Result<i64> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    pub(crate) fn text(&self, column: usize) -> Result<String> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<String>> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// A text column that holds one of our spellings.
    pub(crate) fn parse<T: std::str::FromStr<Err = String>>(&self, column: usize) -> Result<T> {
        self.text(column)?.parse().map_err(StoreError::Internal)
    }

    /// A text column that holds JSON of ours.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T> {
        serde_json::from_str(&self.text(column)?)
            .map_err(|error| StoreError::Internal(format!("stored JSON cannot be read: {error}")))
    }
}

impl Executor {
    pub(crate) fn sqlite(connection: Arc<SqliteConnection>) -> Self {
        Self { engine: Engine::Sqlite(connection), records: Mutex::default() }
    }

    pub(crate) fn postgres(client: deadpool_postgres::Object) -> Self {
        Self { engine: Engine::Postgres(Box::new(client)), records: Mutex::default() }
    }

    /// Ends the connection instead of giving it back to the pool: it may hold an open transaction.
    pub(crate) fn close(self) {
        if let Engine::Postgres(client) = self.engine {
            drop(deadpool_postgres::Object::take(*client));
        }
    }

    /// The PostgreSQL connection, for what only the engine itself does (BEGIN, COMMIT).
    pub(crate) fn postgres_client(&self) -> Option<&deadpool_postgres::Object> {
        match &self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(client) => Some(client),
        }
    }

    /// Adds a record to the log of this transaction.
    pub(crate) fn log(&self, record: NewRecord) {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).push(record);
    }

    /// Takes the records collected since the last call.
    pub(crate) fn take_records(&self) -> Vec<NewRecord> {
        std::mem::take(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs a statement; returns the number of rows it touched.
    pub(crate) async fn execute(&self, query: Query, params: &[Value<'_>]) -> Result<u64> {
        match &self.engine {
            Engine::Sqlite(connection) => connection.with(|connection| {
                Ok(connection.prepare_cached(query.sqlite())?.execute(rusqlite::params_from_iter(params))? as u64)
            }),
            Engine::Postgres(client) => {
                let statement = client.prepare_cached(query.postgres()).await?;
                Ok(client.execute_raw(&statement, params.iter().map(|value| value as &(dyn ToSql + Sync))).await?)
            }
        }
    }

    /// Runs a query and maps its rows.
    pub(crate) async fn query<T: Send>(
        &self,
        query: Query,
        params: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T> + Send + Sync,
    ) -> Result<Vec<T>> {
        match &self.engine {
            Engine::Sqlite(connection) => connection.with(|connection| {
                let mut statement = connection.prepare_cached(query.sqlite())?;
                let mut rows = statement.query(rusqlite::params_from_iter(params))?;
                let mut mapped = Vec::new();
                while let Some(row) = rows.next()? {
                    mapped.push(map(&Row::Sqlite(row))?);
                }
                Ok(mapped)
            }),
            Engine::Postgres(client) => {
                let statement = client.prepare_cached(query.postgres()).await?;
                let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as _).collect();
                client.query(&statement, &params).await?.iter().map(|row| map(&Row::Postgres(row))).collect()
            }
        }
    }

    /// Like [`Self::query`] for at most one row.
    pub(crate) async fn query_opt<T: Send>(
        &self,
        query: Query,
        params: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T> + Send + Sync,
    ) -> Result<Option<T>> {
        Ok(self.query(query, params, map).await?.into_iter().next())
    }

    /// Runs one statement for many rows: row by row on SQLite, once over UNNEST arrays on PostgreSQL. Maps what RETURNING
    /// gives, in no particular order.
    pub(crate) async fn batch<T: Send, const N: usize>(
        &self,
        query: Query,
        rows: &[[Value<'_>; N]],
        map: impl Fn(&Row<'_>) -> Result<T> + Send + Sync,
    ) -> Result<Vec<T>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match &self.engine {
            Engine::Sqlite(connection) => connection.with(|connection| {
                let mut statement = connection.prepare_cached(query.sqlite())?;
                let mut mapped = Vec::new();
                for row in rows {
                    let mut results = statement.query(rusqlite::params_from_iter(row))?;
                    while let Some(result) = results.next()? {
                        mapped.push(map(&Row::Sqlite(result))?);
                    }
                }
                Ok(mapped)
            }),
            Engine::Postgres(client) => {
                let statement = client.prepare_cached(query.postgres()).await?;
                let columns: Vec<Column<'_>> = statement
                    .params()
                    .iter()
                    .enumerate()
                    .map(|(index, ty)| Column::collect(rows, index, ty))
                    .collect::<std::result::Result<_, _>>()
                    .map_err(StoreError::Internal)?;
                let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(Column::as_parameter).collect();
                client.query(&statement, &params).await?.iter().map(|row| map(&Row::Postgres(row))).collect()
            }
        }
    }

    /// Runs one statement for many rows and forgets what it returns.
    pub(crate) async fn batch_execute<const N: usize>(&self, query: Query, rows: &[[Value<'_>; N]]) -> Result<()> {
        self.batch(query, rows, |_| Ok(())).await.map(|_| ())
    }
}
