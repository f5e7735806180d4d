//! A place in a message.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use utoipa::ToSchema;

/// An angle in units of 10⁻⁷ degrees (about a centimetre on the ground): a whole number inside, so that equal places are equal;
/// a plain JSON number outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Degrees(i32);

/// Units of one degree.
const UNITS: f64 = 10_000_000.0;

impl Degrees {
    /// Rounds to the nearest unit; `None` beyond ±180 and for what is no number.
    #[must_use]
    pub fn new(degrees: f64) -> Option<Self> {
        // ±180 degrees are ±1.8·10⁹ units: they fit.
        (degrees.is_finite() && degrees.abs() <= 180.0).then(|| Self((degrees * UNITS).round() as i32))
    }

    /// The angle in degrees.
    #[must_use]
    pub fn degrees(self) -> f64 {
        f64::from(self.0) / UNITS
    }
}

impl fmt::Display for Degrees {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.degrees().fmt(out)
    }
}

impl Serialize for Degrees {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.degrees())
    }
}

impl<'de> Deserialize<'de> for Degrees {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("an angle is a number from -180 to 180"))
    }
}

impl utoipa::PartialSchema for Degrees {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Number)
            .description(Some("An angle in degrees, to seven decimal places."))
            .minimum(Some(-180.0))
            .maximum(Some(180.0))
            .into()
    }
}
impl ToSchema for Degrees {}

/// A place on earth (WGS 84).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Location {
    /// Degrees north, -90 to 90.
    pub latitude: Degrees,
    /// Degrees east, -180 to 180.
    pub longitude: Degrees,
    /// What the place is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200)]
    pub name: Option<String>,
    /// Its postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 1000)]
    pub address: Option<String>,
}
