//! Blocks: what is refused, what reads back, what a line says.

use super::*;
use crate::FileId;
use proptest::prelude::*;

fn option(id: &str, title: &str) -> ChoiceOption {
    ChoiceOption { id: id.into(), title: title.into(), description: None, url: None }
}

fn choice(options: Vec<ChoiceOption>) -> Block {
    Block::Choice(Choice { text: "Which?".into(), options, style: None })
}

fn card(title: &str) -> Card {
    Card { title: title.into(), subtitle: None, image: None, url: None, options: vec![] }
}

fn link(url: &str) -> Block {
    Block::RichLink(RichLink { url: url.into(), title: None, description: None, image: None })
}

fn place(latitude: f64) -> Block {
    let (latitude, longitude) = (Degrees::new(latitude).unwrap(), Degrees::new(180.0).unwrap());
    Block::Location(Location { latitude, longitude, name: None, address: None })
}

#[test]
fn blank_and_oversized_messages_are_refused() {
    assert_eq!(check_blocks(&[]), Err(BlockError::Empty));
    assert_eq!(check_blocks(&[Block::text(" \n")]), Err(BlockError::Empty));
    for unseen in ["\u{200b}", " \u{feff}\u{2060}\n", "\u{ad}\u{e0020}\u{fe0f}"] {
        assert_eq!(check_blocks(&[Block::text(unseen)]), Err(BlockError::Empty), "{unseen:?}");
    }
    // Characters without width belong to words and faces.
    assert_eq!(check_blocks(&[Block::text("\u{645}\u{6cc}\u{200c}\u{62e}")]), Ok(()));
    assert_eq!(check_blocks(&[Block::text("\u{2764}\u{fe0f}")]), Ok(()));
    assert_eq!(check_blocks(&[Block::text("a\0b")]), Err(BlockError::NulCharacter));
    assert_eq!(check_blocks(&vec![Block::text("a"); MAX_BLOCKS + 1]), Err(BlockError::TooManyBlocks));
    assert_eq!(check_blocks(&[Block::text("ä".repeat(MAX_TEXT_CHARS + 1))]), Err(BlockError::TextTooLong));
    assert_eq!(check_blocks(&[Block::text("ä".repeat(MAX_TEXT_CHARS))]), Ok(()));
}

#[test]
fn each_limit_of_an_offer_has_its_own_words() {
    let long = "a".repeat(MAX_TITLE_CHARS + 1);
    for (block, words) in [
        (choice(vec![]), "a choice needs at least one option".to_owned()),
        (choice(vec![option("a", " ")]), "an option's title must not be blank".into()),
        (choice(vec![option("", "A")]), "an option's id must not be blank".into()),
        (choice(vec![option("a", &long)]), "an option's title has at most 200 characters".into()),
        (choice(vec![option("a", "A\0")]), "text must not contain the character U+0000".into()),
        (choice(vec![option("a", "A"), option("a", "B")]), "the option id \"a\" is given twice in this message".into()),
        (
            choice((0..=MAX_OPTIONS).map(|n| option(&n.to_string(), "A")).collect()),
            "a choice or card has at most 50 options".into(),
        ),
        (Block::Carousel { cards: vec![] }, "a carousel needs at least one card".into()),
        (Block::Carousel { cards: vec![card("A"); MAX_CARDS + 1] }, "a carousel has at most 20 cards".into()),
        (Block::Card(card("")), "a card's title must not be blank".into()),
        (place(90.5), "a latitude is from -90 to 90 degrees".into()),
        (Block::Image(Media::fetching(FileId(5))), format!("the file {} is not stored", FileId(5))),
        (
            Block::Image(Media { caption: Some(" ".into()), ..Media::stored(FileId(5)) }),
            "a caption must not be blank".into(),
        ),
    ] {
        assert_eq!(check_blocks(&[block]).unwrap_err().to_string(), words);
    }
    let twice = [choice(vec![option("a", "A")]), Block::Card(Card { options: vec![option("a", "B")], ..card("C") })];
    assert_eq!(check_blocks(&twice), Err(BlockError::DoubledOption("a".into())), "ids are the message's");
    assert_eq!(check_blocks(&[place(-90.0), choice(vec![option("a", "A")])]), Ok(()));
}

#[test]
fn only_addresses_of_the_web_are_links() {
    for right in
        ["https://example.com", "http://example.com/a?b=c#d", "https://ex.example/%20", "https://bücher.example/ä"]
    {
        assert_eq!(check_blocks(&[link(right)]), Ok(()), "{right}");
    }
    let long = format!("https://example.com/{}", "a".repeat(MAX_URL_BYTES));
    for wrong in [
        "",
        "example.com",
        "javascript:alert(1)",
        "https://",
        "https:///a",
        "https://a b",
        "ftp://a",
        "https://a\n",
        &long,
    ] {
        assert_eq!(check_blocks(&[link(wrong)]), Err(BlockError::BadUrl), "{wrong}");
    }
}

#[test]
fn a_preview_is_one_line_and_cut_between_characters() {
    assert_eq!(preview(&[Block::text("Grüße\n 👋  dort")], 100), "Grüße 👋 dort");
    assert_eq!(preview(&[Block::text("退款退款退款")], 4), "退款退款");
}

#[test]
fn a_preview_has_the_words_of_each_kind_and_none_where_there_are_none() {
    let named = Media { name: Some("lamp.jpg".into()), ..Media::stored(FileId(1)) };
    let captioned = Media { caption: Some("My lamp".into()), ..named.clone() };
    let blocks = [
        Block::Image(Media::stored(FileId(1))),
        Block::File(named),
        Block::Image(captioned),
        choice(vec![option("a", "A")]),
        Block::Carousel { cards: vec![card("One"), card("Two")] },
        link("https://example.com"),
        place(1.0),
    ];
    assert_eq!(preview(&blocks, 100), "lamp.jpg My lamp Which? One Two https://example.com");
}

#[test]
fn the_address_of_a_file_is_told_and_never_taken() {
    let told = Media { url: Some("https://desk.example/files/x".into()), ..Media::stored(FileId(7)) };
    let json = serde_json::to_value(Block::Image(told)).unwrap();
    assert_eq!(json["url"], "https://desk.example/files/x");
    assert_eq!(serde_json::from_value::<Block>(json).unwrap(), Block::Image(Media::stored(FileId(7))));
    let short: Block = serde_json::from_value(serde_json::json!({ "type": "file", "file_id": FileId(7) })).unwrap();
    assert_eq!(short, Block::File(Media::stored(FileId(7))), "the id alone is enough");
}

#[test]
fn files_of_cards_and_links_are_found_too() {
    let with = |id| Card { image: Some(Media::stored(FileId(id))), ..card("A") };
    let mut blocks = [
        Block::Sticker(Media::stored(FileId(1))),
        Block::Carousel { cards: vec![with(2), card("B"), with(3)] },
        Block::Card(with(4)),
        Block::text("x"),
    ];
    let ids: Vec<i64> = blocks.iter().flat_map(Block::all_media).map(|media| media.file_id.0).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    let again: Vec<i64> = blocks.iter_mut().flat_map(Block::all_media_mut).map(|media| media.file_id.0).collect();
    assert_eq!(again, ids);
}

#[test]
fn search_looks_through_every_block() {
    assert_eq!(searchable_text(&[Block::text("Hello"), Block::text("退款")]), "Hello\n退款");
    assert_eq!(searchable_text(&[]), "");
}

proptest! {
    #[test]
    fn angles_read_back_to_the_last_place(units in -1_800_000_000_i32..=1_800_000_000) {
        let degrees = Degrees::new(f64::from(units) / 1e7).unwrap();
        let json = serde_json::to_string(&degrees).unwrap();
        prop_assert_eq!(serde_json::from_str::<Degrees>(&json).unwrap(), degrees);
        prop_assert_eq!(Degrees::new(degrees.degrees()), Some(degrees));
    }

    #[test]
    fn any_number_is_an_angle_or_refused(number: f64) {
        prop_assert_eq!(Degrees::new(number).is_some(), number.abs() <= 180.0);
    }
}
