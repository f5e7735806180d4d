//! What the HTTP face promises by itself. Tests that need a living server are in `server`.

mod contract;
