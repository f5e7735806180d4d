//! The types of settings: how each is read from text, and what would be right.

use channel::http::AllowList;
use std::{fmt, net::SocketAddr, path::PathBuf};
use store::SecretKey;
use tracing_subscriber::EnvFilter;

/// A value that a setting may have.
pub(super) trait Setting: Sized {
    /// Whether a wrong value may be repeated in a message.
    const SECRET: bool = false;

    /// Reads it.
    ///
    /// # Errors
    /// What would be right.
    fn read(text: &str) -> Result<Self, String>;
}

impl<T: Setting> Setting for Option<T> {
    const SECRET: bool = T::SECRET;

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::read(text).map(Some) }
    }
}

impl Setting for SocketAddr {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "give an address and a port, such as 127.0.0.1:8080".to_owned())
    }
}

impl Setting for PathBuf {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("give a folder, such as ./data".to_owned()) } else { Ok(text.into()) }
    }
}

impl Setting for bool {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "give true or false".to_owned())
    }
}

impl Setting for AllowList {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: channel::http::ParseAllowListError| error.to_string())
    }
}

/// A whole number within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const LEAST: u64, const MOST: u64>(pub u64);

impl<const LEAST: u64, const MOST: u64> Setting for Whole<LEAST, MOST> {
    fn read(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if (LEAST..=MOST).contains(&number) => Ok(Self(number)),
            _ => Err(format!("give a whole number, {LEAST} to {MOST}")),
        }
    }
}

/// The address of a PostgreSQL database. Holds a password: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseAddress(String);

impl DatabaseAddress {
    /// The address itself, for the one place that connects.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

impl Setting for DatabaseAddress {
    const SECRET: bool = true;

    fn read(text: &str) -> Result<Self, String> {
        let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
        if is_url || text.split_whitespace().any(|pair| pair.starts_with("host=")) {
            return Ok(Self(text.to_owned()));
        }
        Err("give postgres://user:password@host/name, or leave it empty for SQLite in the data folder".to_owned())
    }
}

/// The address under which browsers and providers reach the server: scheme and host, no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(pub String);

impl Setting for PublicUrl {
    fn read(text: &str) -> Result<Self, String> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
            return Err("give scheme and host alone, such as https://desk.example.com".to_owned());
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Setting for LogFormat {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("give text or json".to_owned()),
        }
    }
}

/// Parts of others that would log what they carry: values of queries, headers, frames. They stay quiet at every level.
const DISCREET: &str = "tokio_postgres=info,rusqlite=info,hyper=info,h2=info,reqwest=info,tungstenite=info,\
    tokio_tungstenite=info";

/// What is logged: a checked filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLevel(String);

impl LogLevel {
    /// The filter.
    #[must_use]
    pub fn filter(&self) -> EnvFilter {
        // The level was checked when it was read; what cannot be read falls away.
        EnvFilter::new(format!("{},{DISCREET}", self.0))
    }
}

impl Setting for LogLevel {
    fn read(text: &str) -> Result<Self, String> {
        let right = "give a level (error, warn, info, debug, trace), or target=level pairs with commas between";
        let known = |level: &str| {
            matches!(level.to_ascii_lowercase().as_str(), "error" | "warn" | "info" | "debug" | "trace" | "off")
        };
        // A bare word is a target to the filter, so that a mistyped level would silence everything.
        let sound = text.split(',').all(|part| part.rsplit('=').next().is_some_and(|level| known(level.trim())));
        if sound && EnvFilter::try_new(text).is_ok() { Ok(Self(text.to_owned())) } else { Err(right.to_owned()) }
    }
}

/// Keys that seal secrets: the first seals, all open. Never printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretKeys(pub SecretKey, pub Vec<SecretKey>);

impl SecretKeys {
    /// Reads keys with commas or white space between.
    ///
    /// # Errors
    /// What would be right, never what was given.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = text
            .split(|letter: char| letter == ',' || letter.is_whitespace())
            .filter(|key| !key.is_empty())
            .map(|key| SecretKey::parse(key).map_err(|error| error.to_string()))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter();
        match keys.next() {
            Some(first) => Ok(Self(first, keys.collect())),
            None => Err("there is no key in it".to_owned()),
        }
    }
}

impl Setting for SecretKeys {
    const SECRET: bool = true;

    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_scheme_and_host() {
        assert_eq!(PublicUrl::read("https://Desk.example.com/"), Ok(PublicUrl("https://desk.example.com".into())));
        for wrong in ["desk.example.com", "https://", "ftp://x", "https://x/desk", "https://u@x"] {
            assert!(PublicUrl::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mistyped_log_level_is_refused() {
        assert!(LogLevel::read("info,refinery_core=warn").is_ok());
        assert!(LogLevel::read("inof").is_err());
    }

    #[test]
    fn the_first_key_seals() {
        let (new, old) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
        let read = SecretKeys::parse(&format!("{}\n{}\n", new.to_base64(), old.to_base64())).unwrap();
        assert!(read == SecretKeys(new, vec![old]));
        assert!(SecretKeys::parse("short").is_err());
    }
}
