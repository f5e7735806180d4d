//! What can go wrong in a use case, in terms that a caller can act on.

use model::gate::Alternative;

/// One thing that is wrong with what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// Where (`blocks`, `settings.page_id`).
    pub field: String,
    /// What would be right.
    pub message: String,
}

/// The errors of use cases. Only `api` turns them into problems, only `server` into lines on a terminal.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// What was asked cannot be done as asked; every fault at once.
    #[error("invalid: {}", .0.iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldFault>),
    /// It does not exist, or not for this caller.
    #[error("not found")]
    NotFound,
    /// The caller is known and has not the right.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// Nobody, or nobody any more.
    #[error("unauthenticated: {0}")]
    Unauthenticated(&'static str),
    /// It contradicts what is there.
    #[error("conflict: {message}")]
    Conflict {
        /// A stable word for it (`conflict`, `idempotency_conflict`, `window_closed`).
        code: &'static str,
        /// In words.
        message: String,
    },
    /// The gate says that a message may not go like this.
    #[error("refused: {message}")]
    Refused {
        /// A stable word for it (`window_closed`, `blocked`, `suppressed`, `account_disabled`).
        code: &'static str,
        /// In words.
        message: String,
        /// The other ways that are open.
        alternatives: Vec<Alternative>,
    },
    /// Too often.
    #[error("too many tries")]
    TooManyRequests {
        /// When to come back, in seconds.
        retry_after_seconds: u64,
    },
    /// More bytes than may come at once.
    #[error("more than {most_bytes} bytes")]
    TooLarge {
        /// How many may.
        most_bytes: u64,
    },
    /// It was there, and has ended.
    #[error("gone: {0}")]
    Gone(&'static str),
    /// The database or a queue cannot take it now; nothing was lost, try again.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The database takes no writes now: its disk is full, or it is read-only. The text says what helps, to whoever runs it.
    #[error("the database cannot be written: {0}")]
    CannotWrite(String),
    /// A fault of ours. The text goes to the log, not to the caller.
    #[error("internal: {0}")]
    Internal(String),
}

impl ServiceError {
    /// One fault of one field.
    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault { field: field.to_owned(), message: message.into() }])
    }
}

impl From<store::StoreError> for ServiceError {
    fn from(error: store::StoreError) -> Self {
        use store::StoreError;
        match error {
            StoreError::Unavailable(_) | StoreError::Contention => Self::Unavailable(error.to_string()),
            StoreError::CannotWrite(reason) => Self::CannotWrite(reason),
            StoreError::Sealed(_) | StoreError::Setup(_) | StoreError::Internal(_) => Self::Internal(error.to_string()),
        }
    }
}
