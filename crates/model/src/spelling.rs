//! Enums whose spelling is the same in the database, the API and the log.

/// Defines an enum with its spellings: `ALL`, `as_str`, `Display`, `FromStr`, serde and schema, all alike.
///
/// The spelling is the variant's name in snake case, written out so that it can be searched for; a test of each
/// module calls `assert_spelt_alike`.
macro_rules! spelled {
    ($($(#[$doc:meta])* pub enum $name:ident: $what:literal { $($(#[$word:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$word])* $variant,)*
        }
        impl $name {
            /// Every one, in the order of their definition.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
            /// The spelling used in the database and the API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|known| known.as_str() == text)
                    .ok_or_else(|| format!(concat!("unknown ", $what, " {:?}"), text))
            }
        }
    )*};
}
pub(crate) use spelled;

/// Checks that a spelled enum says the same in every place.
#[cfg(test)]
pub(crate) fn assert_spelt_alike<T>(all: &[T])
where
    T: Copy + std::fmt::Display + std::str::FromStr<Err = String> + PartialEq + std::fmt::Debug + serde::Serialize,
{
    for word in all {
        assert_eq!(word.to_string().parse::<T>(), Ok(*word));
        assert_eq!(serde_json::to_value(word).unwrap(), word.to_string(), "serde and the database agree");
    }
    assert!("no such word".parse::<T>().is_err());
}
