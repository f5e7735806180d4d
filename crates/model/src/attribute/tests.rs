use super::*;
use proptest::prelude::*;
use serde_json::json;

fn check(value_type: AttributeType, given: Value) -> Result<Value, String> {
    check_value(value_type, &["Gold".into(), "Silver plus".into()], &given)
}

#[test]
fn values_are_kept_in_one_form() {
    use AttributeType::*;
    for (value_type, given, kept) in [
        (Text, json!("  two\nlines "), json!("two\nlines")),
        (Number, json!(-2.5), json!(-2.5)),
        (Number, json!(7), json!(7)),
        (Boolean, json!(false), json!(false)),
        (Date, json!("2028-02-29"), json!("2028-02-29")),
        (Choice, json!("Silver plus"), json!("Silver plus")),
        (Url, json!(" https://Example.com/a b"), json!("https://example.com/a%20b")),
        (Email, json!("Ann.O'Hara@Example.COM"), json!("Ann.O'Hara@example.com")),
        (Phone, json!("+370 (612) 34-567"), json!("+37061234567")),
    ] {
        assert_eq!(check(value_type, given.clone()), Ok(kept), "{value_type:?} {given}");
    }
}

#[test]
fn what_is_no_value_is_refused_with_what_would_be_right() {
    use AttributeType::*;
    for (value_type, given, hint) in [
        (Text, json!("  "), "1 to 2000"),
        (Text, json!("a\0b"), "1 to 2000"),
        (Text, json!(5), "a text"),
        (Number, json!("5"), "a number"),
        (Boolean, json!(1), "true or false"),
        (Boolean, json!("true"), "true or false"),
        (Date, json!("2027-02-29"), "YYYY-MM-DD"),
        (Date, json!("24.12.2026"), "YYYY-MM-DD"),
        (Choice, json!("gold"), "Gold, Silver plus"),
        (Url, json!("javascript:alert(1)"), "https://"),
        (Url, json!("example.com"), "https://"),
        (Url, json!("https://ann:secret@example.com"), "https://"),
        (Email, json!("ann"), "e-mail"),
        (Email, json!("ann@localhost"), "e-mail"),
        (Email, json!("a b@example.com"), "e-mail"),
        (Email, json!("@example.com"), "e-mail"),
        (Phone, json!("861234567"), "country's code"),
        (Phone, json!("+0612345678"), "country's code"),
        (Phone, json!("+12345"), "country's code"),
        (Phone, json!("+3706123456x"), "country's code"),
        (Date, json!(null), "a text"),
    ] {
        let told = check(value_type, given.clone()).unwrap_err();
        assert!(told.contains(hint), "{value_type:?} {given}: {told}");
    }
}

#[test]
fn keys_are_words_for_programs() {
    for good in ["a", "customer_number", "tier2"] {
        assert_eq!(check_key(good), Ok(()), "{good}");
    }
    for wrong in ["", "Customer", "2nd", "_a", "a_", "a__b", "a-b", "ąžuolas", &"a".repeat(41)] {
        assert!(check_key(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn only_a_choice_has_options_each_once() {
    let list = |options: &[&str]| options.iter().map(|option| (*option).to_owned()).collect::<Vec<_>>();
    let choice = |options: &[&str]| check_options(AttributeType::Choice, &list(options));
    assert_eq!(choice(&["Gold ", "Silver  plus"]), Ok(list(&["Gold", "Silver plus"])));
    assert_eq!(check_options(AttributeType::Text, &[]), Ok(vec![]));
    assert_eq!(check_options(AttributeType::Text, &list(&["a"])).unwrap_err().0, None);
    assert_eq!(choice(&[]).unwrap_err().0, None);
    assert_eq!(choice(&["Gold", "gold"]).unwrap_err(), (Some(1), "is there twice".into()));
    assert_eq!(choice(&["Gold", " "]).unwrap_err().0, Some(1));
}

#[test]
fn every_type_reads_back_and_is_spelt_once() {
    for value_type in AttributeType::ALL {
        assert_eq!(value_type.as_str().parse(), Ok(value_type));
        assert_eq!(serde_json::to_value(value_type).unwrap(), value_type.as_str());
    }
}

proptest! {
    #[test]
    fn a_value_that_is_kept_is_kept_as_it_is(text in "\\PC{0,40}", place in 0..8_usize) {
        let value_type = AttributeType::ALL[place];
        if let Ok(kept) = check(value_type, json!(text)) {
            prop_assert_eq!(check(value_type, kept.clone()), Ok(kept));
        }
    }
}
