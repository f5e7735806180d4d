//! The orders, devices and the like that a text names, as far as their form shows it.

/// The most objects that one text is read for.
pub const MAX_OBJECTS: usize = 8;

/// The numbers of orders, devices, invoices in a text: letters and digits with at least three digits (`NV-40718`), or at least
/// five digits alone (`#100237`). In upper case, each once, in the order of the text; not more than [`MAX_OBJECTS`].
///
/// Years, times, prices, phone numbers and addresses are not objects: what follows a `+`, holds `@` or `:`, a comma, a full
/// stop or a currency inside, or has more than twenty characters is passed over.
#[must_use]
pub fn named_objects(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let is_edge = |letter: char| !letter.is_alphanumeric() && letter != '+';
    for word in text.split(|letter: char| letter.is_whitespace() || "()[]{}<>\"'“”„«»、。，？！；".contains(letter))
    {
        let word = word.trim_start_matches('#').trim_matches(is_edge);
        let fits = word.is_ascii() && word.len() <= 20;
        let form = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/'));
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
        let is_date = letters == 0 && digits <= 8 && word.bytes().any(|byte| matches!(byte, b'-' | b'/'));
        let enough = if letters > 0 { digits >= 3 } else { digits >= 5 };
        if fits && form && enough && !is_date {
            let object = word.to_ascii_uppercase();
            if !found.contains(&object) && found.len() < MAX_OBJECTS {
                found.push(object);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_things_are_found() {
        assert_eq!(named_objects("where is nv-40718?"), ["NV-40718"]);
        assert_eq!(named_objects("Order #100237, and A-1001."), ["100237", "A-1001"]);
        assert_eq!(named_objects("订单 NV-40718，谢谢"), ["NV-40718"]);
        assert_eq!(named_objects("NV-40718 nv-40718"), ["NV-40718"], "each once");
    }

    #[test]
    fn years_times_prices_phones_and_addresses_are_none() {
        for text in [
            "in 2024",
            "at 10:30",
            "€ 289.00",
            "1,500 pieces",
            "+4930123456",
            "me100@example.com",
            "2026-03-29",
            "24/7",
        ] {
            assert!(named_objects(text).is_empty(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_the_list_is_bounded(text in ".*") {
            prop_assert!(named_objects(&text).len() <= MAX_OBJECTS);
        }
    }
}
