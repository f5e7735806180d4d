//! One kind of error: words for whoever runs the program.

/// What went wrong.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// A result with it.
pub type Result<T> = std::result::Result<T, Error>;
