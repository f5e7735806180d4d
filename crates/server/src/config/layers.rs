//! The layers of the configuration, and what can be wrong with them.

use super::{Config, values::Setting};
use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

const PREFIX: &str = "ONETHREAD_";

/// What stood on the command line.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// The file to read.
    pub file: Option<PathBuf>,
    /// `data`.
    pub data: Option<String>,
    /// `database`.
    pub database: Option<String>,
    /// `listen`.
    pub listen: Option<String>,
}

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key, or the file.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.key, self.message)
    }
}

/// A value as somebody wrote it.
struct Given {
    text: String,
    place: String,
}

/// The topmost text of each key.
pub(super) struct Layers(HashMap<String, Given>);

impl Layers {
    /// Gathers the file, the environment and the flags. Unknown keys of the file are faults; variables of the
    /// environment only when they look like one of ours mistyped, since others may share the prefix.
    pub(super) fn gather(
        flags: &Flags,
        environment: impl Iterator<Item = (OsString, OsString)>,
        faults: &mut Vec<Fault>,
    ) -> Self {
        let mut layers = Self(HashMap::new());
        let environment: BTreeMap<String, OsString> = environment
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?.strip_prefix(PREFIX)?.to_ascii_lowercase(), value))
            })
            .collect();
        let named = environment.get("config").filter(|_| flags.file.is_none()).map(PathBuf::from);
        if let Some(path) = flags.file.clone().or(named) {
            layers.take_file(&path, faults);
        }
        for (key, value) in environment {
            layers.take_variable(key, value, faults);
        }
        let flags = [("data", &flags.data), ("database", &flags.database), ("listen", &flags.listen)];
        for (key, value) in flags {
            if let Some(text) = value.clone() {
                layers.0.insert(key.to_owned(), Given { text, place: format!("--{key}") });
            }
        }
        layers
    }

    fn take_file(&mut self, path: &Path, faults: &mut Vec<Fault>) {
        let name = path.display().to_string();
        let mut fault = |key: &str, message: String| faults.push(Fault { key: key.to_owned(), message });
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return fault(&name, format!("cannot be read: {error}")),
        };
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                // The parser's own rendering quotes the line, which may hold a secret.
                let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
                return fault(&name, format!("is no TOML: line {line}: {}", error.message()));
            }
        };
        for (key, value) in table {
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(flag) => flag.to_string(),
                _ if is_known(&key) => {
                    fault(&key, format!("in {name}: give a text, a whole number, or true or false"));
                    continue;
                }
                _ => String::new(),
            };
            if is_known(&key) {
                self.0.insert(key, Given { text, place: name.clone() });
            } else {
                let meant = near_miss(&key).map_or_else(
                    || "see `onethread config` for those there are".to_owned(),
                    |known| format!("do you mean {known}?"),
                );
                fault(&key, format!("in {name}: there is no such setting; {meant}"));
            }
        }
    }

    fn take_variable(&mut self, key: String, value: OsString, faults: &mut Vec<Fault>) {
        let place = format!("{PREFIX}{}", key.to_ascii_uppercase());
        if !is_known(&key) {
            if let Some(known) = near_miss(&key).filter(|_| key != "config") {
                let message = format!(
                    "there is no such setting; do you mean {PREFIX}{}, that is {known}?",
                    known.to_ascii_uppercase()
                );
                faults.push(Fault { key: place, message });
            }
            return;
        }
        match value.into_string() {
            Ok(text) => {
                self.0.insert(key, Given { text, place });
            }
            Err(_) => faults.push(Fault { key, message: format!("{place} is not UTF-8") }),
        }
    }

    /// Reads a setting from the topmost layer that has it.
    pub(super) fn read<T: Setting>(&self, key: &str, default: &str, faults: &mut Vec<Fault>) -> Option<T> {
        let given = self.0.get(key);
        match T::read(given.map_or(default, |given| given.text.trim())) {
            Ok(value) => Some(value),
            Err(right) => {
                let place = given.map_or("the default", |given| given.place.as_str());
                let wrong = match given {
                    Some(given) if !T::SECRET => format!("{:?} in {place} is wrong", given.text),
                    _ => format!("the value in {place} is wrong"),
                };
                faults.push(Fault { key: key.to_owned(), message: format!("{wrong}; {right}") });
                None
            }
        }
    }
}

fn is_known(key: &str) -> bool {
    Config::FIELDS.iter().any(|field| field.name == key)
}

/// The setting that a mistyped key is nearest to.
fn near_miss(key: &str) -> Option<&'static str> {
    let nearest = Config::FIELDS.iter().map(|field| (distance(key, field.name), field.name)).min()?;
    (nearest.0 <= 2 && nearest.0 * 3 <= key.len()).then_some(nearest.1)
}

/// How many letters have to be changed, added or taken away.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = line + 1;
        for (column, theirs) in other.iter().enumerate() {
            let cost = corner + usize::from(letter != *theirs);
            corner = row[column + 1];
            row[column + 1] = cost.min(corner + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_changes() {
        assert_eq!(distance("listn", "listen"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("data", "data"), 0);
        assert_eq!(near_miss("publc_url"), Some("public_url"));
        assert_eq!(near_miss("bin"), None);
        assert_eq!(near_miss("server"), None);
    }
}
