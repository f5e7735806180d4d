//! One body of SQL on two engines.
//!
//! A [`Query`] is a named constant; an [`Executor`] runs it inside a transaction (or, for reads, outside one) on either
//! engine. On SQLite every await is ready at once, so a command is finished by one poll on the writer thread; on
//! PostgreSQL the same code awaits the network. Commands therefore must await nothing but the executor.

pub(crate) mod bounded;
mod executor;
pub(crate) mod postgres;
pub(crate) mod sqlite;
mod value;

pub(crate) use executor::{Executor, Row};
pub(crate) use value::Value;

/// A statement. `$1 … $n` must first appear in numeric order (SQLite numbers them by appearance); a test checks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Query {
    /// The same text on both engines.
    Same(&'static str),
    /// Where the engines must differ: hot batches (row by row against UNNEST) and claiming (SKIP LOCKED).
    Two { sqlite: &'static str, postgres: &'static str },
}

impl Query {
    pub(crate) const fn sqlite(self) -> &'static str {
        match self {
            Self::Same(text) | Self::Two { sqlite: text, .. } => text,
        }
    }

    pub(crate) const fn postgres(self) -> &'static str {
        match self {
            Self::Same(text) | Self::Two { postgres: text, .. } => text,
        }
    }
}

/// Defines a module's queries and lists them for the test that prepares every one on both engines.
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident = $query:expr;)*) => {
        $($(#[$doc])* const $name: $crate::engine::Query = { #[allow(unused_imports)] use $crate::engine::Query::{Same, Two}; $query };)*
        /// Every query of this module by name.
        #[cfg(test)]
        pub(crate) const QUERIES: &[(&str, $crate::engine::Query)] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use queries;

/// Borrows values as parameters: `params![id.0, text, flag, None::<i64>]`.
macro_rules! params {
    ($($value:expr),* $(,)?) => { [$($crate::engine::Value::from($value)),*] };
}
pub(crate) use params;
