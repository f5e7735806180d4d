//! Filled with the fixtures next.
