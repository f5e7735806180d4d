//! What is stored, counted beside the server.

use crate::error::Result;
use rusqlite::OpenFlags;
use std::{fs::File, os::unix::fs::FileExt, path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, Config, NoTls};

/// Where an installation's rows are.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// An address.
    Postgres(String),
}

/// What is stored of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Callback events.
    pub events: i64,
    /// Messages of customers.
    pub messages: i64,
    /// Entries of the log that show one.
    pub entries: i64,
}

const STORED: &str = "SELECT (SELECT count(*) FROM inbound_event), (SELECT count(*) FROM message WHERE direction = 'inbound'), (SELECT count(*) FROM log WHERE kind = 'message.received')";
const WAITING: &str = "SELECT count(*) FROM inbound_event WHERE state = 'stored'";

/// A connection that only reads.
pub enum Reader {
    /// To the file, and to the part of it that all connections share in memory.
    Sqlite(rusqlite::Connection, File),
    /// To the server.
    Postgres(Client),
}

/// Connects to PostgreSQL.
pub async fn connect(address: &str) -> Result<Client> {
    let (client, connection) = address.parse::<Config>()?.connect(NoTls).await?;
    // Its error reaches whoever uses the client.
    tokio::spawn(connection);
    Ok(client)
}

impl Database {
    /// Makes a PostgreSQL database in a cluster.
    pub async fn create_postgres(cluster: &str, name: &str) -> Result<Self> {
        let client = connect(&format!("{cluster} dbname=postgres")).await?;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        Ok(Self::Postgres(format!("{cluster} dbname={name}")))
    }

    /// Connects beside the server.
    pub async fn reader(&self) -> Result<Reader> {
        match self {
            Self::Sqlite(path) => {
                let connection = rusqlite::Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
                connection.busy_timeout(Duration::from_secs(10))?;
                connection.execute_batch("PRAGMA query_only = ON")?;
                connection.query_row("SELECT count(*) FROM workspace", [], |_| Ok(()))?;
                let mut shared = path.clone().into_os_string();
                shared.push("-shm");
                Ok(Reader::Sqlite(connection, File::open(shared)?))
            }
            Self::Postgres(address) => Ok(Reader::Postgres(connect(address).await?)),
        }
    }
}

impl Reader {
    async fn numbers<const N: usize>(&self, sql: &str) -> Result<[i64; N]> {
        let mut numbers = [0; N];
        match self {
            Self::Sqlite(connection, _) => connection.query_row(sql, [], |row| {
                for (place, number) in numbers.iter_mut().enumerate() {
                    *number = row.get(place)?;
                }
                Ok(())
            })?,
            Self::Postgres(client) => {
                let row = client.query_one(sql, &[]).await?;
                for (place, number) in numbers.iter_mut().enumerate() {
                    *number = row.try_get(place)?;
                }
            }
        }
        Ok(numbers)
    }

    /// The engine and its version.
    pub async fn version(&self) -> Result<String> {
        match self {
            // Both link the same one.
            Self::Sqlite(..) => Ok(format!("SQLite {}", rusqlite::version())),
            Self::Postgres(client) => {
                let row = client.query_one("SHOW server_version", &[]).await?;
                Ok(format!("PostgreSQL {}", row.try_get::<_, String>(0)?))
            }
        }
    }

    /// Counts everything.
    pub async fn stored(&self) -> Result<Stored> {
        let [events, messages, entries] = self.numbers(STORED).await?;
        Ok(Stored { events, messages, entries })
    }

    /// Waits until no event waits to become an entry; false when that takes longer.
    pub async fn wait_until_drained(&self, patience: Duration) -> Result<bool> {
        let end = Instant::now() + patience;
        loop {
            let [waiting] = self.numbers(WAITING).await?;
            if waiting == 0 {
                return Ok(true);
            }
            if Instant::now() > end {
                return Ok(false);
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The last place of the log.
    pub async fn log_end(&self) -> Result<i64> {
        let [end] = self.numbers("SELECT seq FROM log_head").await?;
        Ok(end)
    }

    /// Messages of a thread's customer.
    pub async fn entries_of(&self, thread: i64) -> Result<i64> {
        let [count] = self.numbers(&format!("SELECT count(*) FROM message m JOIN identity i ON i.id = m.identity_id JOIN thread t ON t.customer_id = i.customer_id WHERE t.id = {thread}")).await?;
        Ok(count)
    }

    /// Records of the log that the search index has not seen yet.
    pub async fn search_lag(&self) -> Result<i64> {
        let [lag] = self.numbers("SELECT h.seq - COALESCE((SELECT c.seq FROM search_cursor c WHERE c.workspace_id = h.workspace_id), 0) FROM log_head h").await?;
        Ok(lag)
    }

    /// Bytes of the database.
    pub async fn bytes(&self) -> Result<u64> {
        let [bytes] = match self {
            Self::Sqlite(..) => {
                self.numbers(
                    "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)",
                )
                .await?
            }
            Self::Postgres(_) => self.numbers("SELECT pg_database_size(current_database())").await?,
        };
        Ok(bytes.unsigned_abs())
    }

    /// Transactions that were committed up to now, of the whole database; differences of it tell how large the groups are.
    pub async fn transactions(&self) -> Result<i64> {
        match self {
            // `iChange` of the write-ahead log's index (SQLite's file format, "WAL-Index Format"): raised by each commit.
            Self::Sqlite(_, shared) => {
                let mut bytes = [0; 4];
                shared.read_exact_at(&mut bytes, 8)?;
                Ok(i64::from(u32::from_ne_bytes(bytes)))
            }
            Self::Postgres(_) => {
                // Numbers are given to transactions that write, and to those alone; the cluster is this run's own.
                let [next] = self.numbers("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").await?;
                Ok(next)
            }
        }
    }
}
