//! Labels: words with a colour that sort customers and matters.

use crate::{LabelId, Timestamp};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// The longest name of a label, in characters.
pub const NAME_MAX_CHARS: usize = 60;

/// A label as it is defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Label {
    /// Its id.
    pub id: LabelId,
    /// The word. Unique in the workspace, whatever its case.
    pub name: String,
    /// Its colour.
    pub colour: LabelColour,
    /// It is no longer offered. Who carries it goes on carrying it.
    pub archived: bool,
    /// When it was defined.
    pub created_at: Timestamp,
}

/// A label as whoever carries it shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppliedLabel {
    /// Its id.
    pub id: LabelId,
    /// The word.
    pub name: String,
    /// Its colour.
    pub colour: LabelColour,
}

/// The colours of labels: names of inks that each scheme of the desk has. No red: that is for late and failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LabelColour {
    /// The colour of a label that was given none.
    #[default]
    Grey,
    /// Blue-green.
    Petrol,
    /// Blue.
    Blue,
    /// Violet.
    Violet,
    /// Red-violet.
    Plum,
    /// Yellow-brown.
    Amber,
    /// Green.
    Green,
}

impl LabelColour {
    /// Every colour.
    pub const ALL: [Self; 7] =
        [Self::Grey, Self::Petrol, Self::Blue, Self::Violet, Self::Plum, Self::Amber, Self::Green];

    /// The spelling used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grey => "grey",
            Self::Petrol => "petrol",
            Self::Blue => "blue",
            Self::Violet => "violet",
            Self::Plum => "plum",
            Self::Amber => "amber",
            Self::Green => "green",
        }
    }
}

impl FromStr for LabelColour {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|colour| colour.as_str() == text).ok_or_else(|| format!("unknown colour {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_reads_back_and_is_spelt_once() {
        for colour in LabelColour::ALL {
            assert_eq!(colour.as_str().parse(), Ok(colour));
            assert_eq!(serde_json::to_value(colour).unwrap(), colour.as_str());
        }
        assert!("red".parse::<LabelColour>().is_err());
    }
}
