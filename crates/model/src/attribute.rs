//! Attributes: the fields of customers that a business defines, and the values that they take.

use crate::{AttributeId, Timestamp, calendar::CalendarDate, text::words};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::str::FromStr;
use utoipa::ToSchema;

/// The longest key, in characters.
pub const KEY_MAX_CHARS: usize = 40;
/// The longest name of a field or of an option, in characters.
pub const NAME_MAX_CHARS: usize = 60;
/// The longest description, in characters.
pub const DESCRIPTION_MAX_CHARS: usize = 300;
/// The most options of a choice.
pub const OPTIONS_MAX: usize = 100;
/// The longest text that a field holds, in characters.
pub const TEXT_MAX_CHARS: usize = 2000;

/// The definition of a field that every customer may have a value of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attribute {
    /// Its id.
    pub id: AttributeId,
    /// The word by which programs name it (`customer_number`); it never changes.
    pub key: String,
    /// The name that people see.
    pub name: String,
    /// What its values are; it never changes.
    #[serde(rename = "type")]
    pub value_type: AttributeType,
    /// The values of a choice; empty for other types.
    pub options: Vec<String>,
    /// What it is for; may be empty.
    pub description: String,
    /// A value, once there, can be changed and not taken away.
    pub required: bool,
    /// It is no longer shown. Its values are kept.
    pub archived: bool,
    /// Fields are shown in the order of this number, then of their age.
    pub position: i64,
    /// When it was defined.
    pub created_at: Timestamp,
}

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttributeType {
    /// Any words: JSON text.
    Text,
    /// A number: JSON number.
    Number,
    /// Yes or no: JSON true or false.
    Boolean,
    /// A day: `2026-12-24`.
    Date,
    /// One of the options, as it is spelt there.
    Choice,
    /// An address on the web, `http` or `https`.
    Url,
    /// An e-mail address.
    Email,
    /// A phone number with the country's code: `+37061234567`.
    Phone,
}

impl AttributeType {
    /// Every type.
    pub const ALL: [Self; 8] =
        [Self::Text, Self::Number, Self::Boolean, Self::Date, Self::Choice, Self::Url, Self::Email, Self::Phone];

    /// The spelling used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Choice => "choice",
            Self::Url => "url",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }
}

impl FromStr for AttributeType {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| format!("unknown type {text:?}"))
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueSource {
    /// A person at the desk.
    Agent,
    /// A program.
    Token,
    /// The channel's profile of the customer.
    Profile,
}

impl ValueSource {
    /// The spelling in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Token => "token",
            Self::Profile => "profile",
        }
    }
}

/// The key of a field: a lower-case letter, then letters, digits and single underscores.
///
/// # Errors
/// What would be right.
pub fn check_key(given: &str) -> Result<(), String> {
    let begins = given.starts_with(|first: char| first.is_ascii_lowercase());
    let known = given.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_');
    let joined = !given.contains("__") && !given.ends_with('_');
    if begins && known && joined && given.len() <= KEY_MAX_CHARS {
        return Ok(());
    }
    Err(format!(
        "give a word of at most {KEY_MAX_CHARS} small letters a to z, digits and single underscores that begins with a letter"
    ))
}

/// The options of a choice, in single spaces: at least one, each once. Other types have none.
///
/// # Errors
/// The place of the option that is wrong, `None` for the list as a whole, and what would be right.
pub fn check_options(value_type: AttributeType, given: &[String]) -> Result<Vec<String>, (Option<usize>, String)> {
    if value_type != AttributeType::Choice {
        return match given.is_empty() {
            true => Ok(Vec::new()),
            false => Err((None, "only a choice has options".into())),
        };
    }
    if !(1..=OPTIONS_MAX).contains(&given.len()) {
        return Err((None, format!("give 1 to {OPTIONS_MAX} options")));
    }
    let mut options: Vec<String> = Vec::with_capacity(given.len());
    for (place, option) in given.iter().enumerate() {
        let option = crate::text::check_name(option, NAME_MAX_CHARS).map_err(|message| (Some(place), message))?;
        let folded = crate::text::fold_name(&option);
        if options.iter().any(|known| crate::text::fold_name(known) == folded) {
            return Err((Some(place), "is there twice".into()));
        }
        options.push(option);
    }
    Ok(options)
}

/// A value as it is kept, or what would be right.
///
/// # Errors
/// What would be right.
pub fn check_value(value_type: AttributeType, options: &[String], given: &Value) -> Result<Value, String> {
    match value_type {
        AttributeType::Text => {
            let text = text_of(given)?.trim();
            let length = text.chars().count();
            let plain = !text.contains(|one: char| one.is_control() && one != '\n' && one != '\t');
            match (1..=TEXT_MAX_CHARS).contains(&length) && plain {
                true => Ok(text.into()),
                false => Err(format!("give 1 to {TEXT_MAX_CHARS} characters")),
            }
        }
        AttributeType::Number => match given {
            Value::Number(_) => Ok(given.clone()),
            _ => Err("give a number".into()),
        },
        AttributeType::Boolean => match given {
            Value::Bool(_) => Ok(given.clone()),
            _ => Err("give true or false".into()),
        },
        AttributeType::Date => text_of(given)?.trim().parse::<CalendarDate>().map(|date| date.to_string().into()),
        AttributeType::Choice => {
            let text = text_of(given)?;
            match options.iter().any(|option| option == text) {
                true => Ok(text.into()),
                false => Err(format!("give one of: {}", options.join(", "))),
            }
        }
        AttributeType::Url => check_url(text_of(given)?.trim()),
        AttributeType::Email => check_email(text_of(given)?.trim()),
        AttributeType::Phone => check_phone(text_of(given)?.trim()),
    }
}

fn text_of(given: &Value) -> Result<&str, String> {
    given.as_str().ok_or_else(|| "give a text".to_owned())
}

/// Only addresses that a browser may open from the desk: `javascript:` and the like are refused.
fn check_url(text: &str) -> Result<Value, String> {
    let wrong = || "give an address that begins with https:// or http://".to_owned();
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let of_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    let bare = url.username().is_empty() && url.password().is_none();
    match of_web && bare && text.chars().count() <= TEXT_MAX_CHARS {
        true => Ok(String::from(url).into()),
        false => Err(wrong()),
    }
}

/// One `@` between something and a name with a dot: whether it exists, only a message tells.
fn check_email(text: &str) -> Result<Value, String> {
    let wrong = || "give an e-mail address (ann@example.com)".to_owned();
    let (local, domain) = text.rsplit_once('@').ok_or_else(wrong)?;
    let printable = !text.contains(|one: char| one.is_whitespace() || one.is_control());
    let named = domain.contains('.') && domain.split('.').all(|part| !part.is_empty());
    match printable && named && !local.is_empty() && !local.contains('@') && text.len() <= 254 {
        true => Ok(format!("{local}@{}", domain.to_lowercase()).into()),
        false => Err(wrong()),
    }
}

/// E.164: a plus and 7 to 15 digits, the first not 0. Spaces, hyphens, dots and brackets between them are left out.
fn check_phone(text: &str) -> Result<Value, String> {
    let wrong = || "give the number with + and the country's code (+370 612 34567)".to_owned();
    let rest = words(text).strip_prefix('+').map(str::to_owned).ok_or_else(wrong)?;
    let digits: String = rest.chars().filter(|one| !matches!(one, ' ' | '-' | '.' | '(' | ')')).collect();
    let known = digits.chars().all(|one| one.is_ascii_digit()) && !digits.starts_with('0');
    match known && (7..=15).contains(&digits.len()) {
        true => Ok(format!("+{digits}").into()),
        false => Err(wrong()),
    }
}

#[cfg(test)]
mod tests;
