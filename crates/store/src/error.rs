//! What can go wrong in the store, sorted by what the caller can do about it.

/// The store's errors.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or is overloaded; the command was not done, or is harmless to repeat.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The database can be read and takes no writes: no space is left, or it is read-only. Says what helps, where the store
    /// knows.
    #[error("the database cannot be written: {0}")]
    CannotWrite(String),
    /// Somebody else changed what this command was based on, more often than it was tried again.
    #[error("changed by somebody else at the same time")]
    Contention,
    /// A sealed secret cannot be opened with the keys at hand.
    #[error("a stored secret cannot be opened: {0}")]
    Sealed(String),
    /// The database address, folder or schema is wrong; the message says what to do.
    #[error("{0}")]
    Setup(String),
    /// A fault of ours or of the database's.
    #[error("{0}")]
    Internal(String),
}

/// The store's results.
pub type Result<T> = std::result::Result<T, StoreError>;

impl StoreError {
    /// Whether running the same command again may succeed at once.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::CannotWrite(_) | Self::Contention)
    }
}

/// Constraints that only two transactions at the same time can run into, because each looks first: the second, run again,
/// finds what the first made.
const LOOKED_AT_FIRST: &[&str] = &[
    // Both bring the same person into being.
    "identity_workspace_id_namespace_address_key",
    // Both give the same name.
    "label_workspace_id_folded_name_key",
    "calendar_workspace_id_folded_name_key",
    // One deletes what the other begins to use.
    "customer_label_label_id_fkey",
    "customer_attribute_attribute_id_fkey",
];

/// Whether a failed call to the system was one that writes: a quota that is used up, a file system that went read-only.
fn is_write(extended_code: std::ffi::c_int) -> bool {
    use rusqlite::ffi;
    [
        ffi::SQLITE_IOERR_WRITE,
        ffi::SQLITE_IOERR_FSYNC,
        ffi::SQLITE_IOERR_DIR_FSYNC,
        ffi::SQLITE_IOERR_TRUNCATE,
        ffi::SQLITE_IOERR_SHMSIZE,
    ]
    .contains(&extended_code)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, ReadOnly, SystemIoFailure};
        match error.sqlite_error_code() {
            Some(DiskFull | ReadOnly) => Self::CannotWrite(error.to_string()),
            Some(SystemIoFailure) if error.sqlite_error().is_some_and(|error| is_write(error.extended_code)) => {
                Self::CannotWrite(error.to_string())
            }
            Some(DatabaseBusy | DatabaseLocked | SystemIoFailure | CannotOpen) => Self::Unavailable(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use std::error::Error as _;
        use tokio_postgres::error::SqlState as State;
        // The server's own message can quote column values: only its code and the constraint leave this place.
        if let Some(server) = error.as_db_error() {
            let code = server.code();
            return if [State::T_R_SERIALIZATION_FAILURE, State::T_R_DEADLOCK_DETECTED].contains(code)
                || server.constraint().is_some_and(|name| LOOKED_AT_FIRST.contains(&name))
            {
                Self::Contention
            } else if code == &State::DISK_FULL {
                Self::CannotWrite(format!("no space is left (PostgreSQL answers {})", code.code()))
            } else if code == &State::READ_ONLY_SQL_TRANSACTION {
                // After a failover, until the new server has taken over; or a standby's address.
                Self::CannotWrite(format!("it is read-only (PostgreSQL answers {})", code.code()))
            } else if [
                State::ADMIN_SHUTDOWN,
                State::CRASH_SHUTDOWN,
                State::CANNOT_CONNECT_NOW,
                State::TOO_MANY_CONNECTIONS,
                State::LOCK_NOT_AVAILABLE,
                State::QUERY_CANCELED,
                State::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                State::OUT_OF_MEMORY,
            ]
            .contains(code)
            {
                Self::Unavailable(format!("PostgreSQL answers {}", code.code()))
            } else {
                Self::Internal(format!(
                    "PostgreSQL answers {} ({})",
                    code.code(),
                    server.constraint().or(server.table()).unwrap_or(server.message())
                ))
            };
        }
        let is_io = error.source().is_some_and(|source| source.is::<std::io::Error>());
        if error.is_closed() || is_io {
            Self::Unavailable(error.to_string())
        } else {
            let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            Self::Internal(format!("{error}{cause}"))
        }
    }
}

impl From<deadpool_postgres::PoolError> for StoreError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(inner) => match Self::from(inner) {
                // Whatever hinders connecting (TLS, a changed password) is told to the caller as "not now".
                Self::Internal(text) => Self::Unavailable(text),
                other => other,
            },
            other => Self::Unavailable(other.to_string()),
        }
    }
}
