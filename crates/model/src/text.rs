//! Names as people write them, and as they are compared.

use unicode_normalization::UnicodeNormalization;

/// The text without white space around it and with single spaces inside.
#[must_use]
pub fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What two names have in common that people take for the same: compatibility forms composed (NFKC), lower case, single
/// spaces.
#[must_use]
pub fn fold_name(name: &str) -> String {
    let lower: String = name.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    words(&lower)
}

/// A name that something is given by a person: 1 to `most` characters in one line.
///
/// # Errors
/// What would be right.
pub fn check_name(given: &str, most: usize) -> Result<String, String> {
    let name = words(given);
    if (1..=most).contains(&name.chars().count()) && !name.contains(char::is_control) {
        return Ok(name);
    }
    Err(format!("give 1 to {most} characters in one line"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_people_take_for_the_same_are_the_same() {
        assert_eq!(fold_name("  VIP  Customer "), fold_name("vip customer"));
        assert_eq!(fold_name("Cafe\u{301}"), fold_name("CAFÉ"));
        assert_eq!(fold_name("ＶＩＰ"), fold_name("vip"));
        assert_eq!(fold_name("Žąsis"), fold_name("žĄSIS"));
        assert_ne!(fold_name("Žąsis"), fold_name("Zasis"));
    }

    #[test]
    fn a_name_has_words_in_one_line() {
        assert_eq!(check_name("  two \n words ", 9), Ok("two words".into()));
        for wrong in ["", " \t ", "two  words more", "a\0b"] {
            assert!(check_name(wrong, 9).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(name in ".*") {
            let folded = fold_name(&name);
            prop_assert_eq!(fold_name(&folded), folded);
        }
    }
}
