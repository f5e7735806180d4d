//! What becomes of each kind of block, on a channel that has its form and on one that does not.

use super::*;
use crate::read_answer;
use model::{
    FileId,
    block::{Degrees, Location, RichLink},
};

const OPTIONS: OptionLimits = OptionLimits {
    max_options: 3,
    max_title_chars: 20,
    max_description_chars: 0,
    max_payload_chars: 100,
    max_prompt_chars: 60,
    urls: true,
};
const FILES: MediaLimits = MediaLimits { max_bytes: 100, media_types: &[], max_caption_chars: 0 };

fn rich() -> Capabilities {
    Capabilities {
        quick_replies: Some(OptionLimits { max_options: 5, max_prompt_chars: 100, urls: false, ..OPTIONS }),
        buttons: Some(OPTIONS),
        cards: Some(CardLimits {
            max_cards: 2,
            max_title_chars: 20,
            max_subtitle_chars: 20,
            options: OPTIONS,
            images: CardImages::Address,
            bare_titles: false,
        }),
        image: Some(MediaLimits { media_types: &["image/"], ..FILES }),
        file: Some(FILES),
        ..Capabilities::text_only(100)
    }
}

fn poor() -> Capabilities {
    Capabilities::text_only(100)
}

fn option(id: &str, title: &str) -> ChoiceOption {
    ChoiceOption { id: id.into(), title: title.into(), description: None, url: None }
}

fn choice(text: &str, options: Vec<ChoiceOption>) -> Choice {
    Choice { text: text.into(), options, style: None }
}

fn card(title: &str) -> Card {
    Card { title: title.into(), subtitle: Some("In stock".into()), image: None, url: None, options: vec![] }
}

fn image(bytes: i64) -> Media {
    Media {
        media_type: Some("image/png".into()),
        size: Some(bytes),
        name: Some("lamp.png".into()),
        url: Some("https://desk.example/f/1".into()),
        ..Media::stored(FileId(1))
    }
}

/// The blocks of each part, and the losses.
fn run(blocks: &[Block], capabilities: Capabilities) -> (Vec<Block>, Vec<Loss>) {
    let plan = plan(blocks, &capabilities);
    let lost = plan.lost.into_iter().map(|lost| lost.what).collect();
    (plan.parts.into_iter().flat_map(|part| part.blocks).collect(), lost)
}

fn texts(blocks: &[Block], capabilities: Capabilities) -> (Vec<String>, Vec<Loss>) {
    let (blocks, lost) = run(blocks, capabilities);
    let words = |block| match block {
        Block::Text { text } => text,
        other => panic!("{other:?}"),
    };
    (blocks.into_iter().map(words).collect(), lost)
}

#[test]
fn texts_share_a_call_as_long_as_it_carries_them() {
    let blocks = ["one", "two\nthree", &"x".repeat(90), &"word ".repeat(30)].map(Block::text);
    let (texts, lost) = texts(&blocks, poor());
    assert_eq!(texts[0], "one\n\ntwo\nthree");
    assert_eq!(texts[1], "x".repeat(90));
    assert_eq!(texts[2..].iter().map(|text| text.split(' ').count()).sum::<usize>(), 30);
    assert_eq!((texts.len(), lost), (4, vec![]));
}

#[test]
fn a_choice_takes_the_form_that_fits() {
    let few = choice("Which?", vec![option("a", "A"), option("b", "B")]);
    let style = |choice: &Choice, capabilities| {
        let (blocks, lost) = run(&[Block::Choice(choice.clone())], capabilities);
        match &blocks[..] {
            [Block::Choice(native)] => (native.style, lost),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(style(&few, rich()), (Some(ChoiceStyle::QuickReplies), vec![]));
    let buttons = Choice { style: Some(ChoiceStyle::Buttons), ..few.clone() };
    assert_eq!(style(&buttons, rich()), (Some(ChoiceStyle::Buttons), vec![]));
    let list = Choice { style: Some(ChoiceStyle::List), ..few.clone() };
    assert_eq!(style(&list, rich()), (Some(ChoiceStyle::QuickReplies), vec![Loss::OptionsLook]));
    let link = ChoiceOption { url: Some("https://a.example".into()), ..option("c", "C") };
    let linked = choice("Which?", vec![option("a", "A"), link]);
    assert_eq!(style(&linked, rich()), (Some(ChoiceStyle::Buttons), vec![]), "quick replies carry no addresses");
    let four = Choice { options: (0..4).map(|n| option(&n.to_string(), "X")).collect(), ..buttons };
    assert_eq!(style(&four, rich()), (Some(ChoiceStyle::QuickReplies), vec![Loss::OptionsLook]));
}

#[test]
fn a_choice_that_fits_nowhere_is_numbered_and_answered_in_words() {
    let link = ChoiceOption { url: Some("https://a.example".into()), ..option("l", "Terms") };
    let more = ChoiceOption { description: Some("by post".into()), ..option("b", "Refund") };
    let blocks = [Block::text("Hello"), Block::Choice(choice("Which?", vec![option("a", "Repair"), link, more]))];
    let plan = plan(&blocks, &poor());
    let words = "Hello\n\nWhich?\n\n1. Repair\nTerms: https://a.example\n2. Refund – by post";
    assert_eq!(plan.parts[0].blocks, [Block::text(words)]);
    assert_eq!(plan.lost, [Lost { block: 1, what: Loss::OptionsAsText }]);
    assert_eq!(read_answer(&plan.parts[0].offers, "2"), Some("b"), "links have no number");
    assert_eq!(read_answer(&plan.parts[0].offers, "terms"), None);
}

#[test]
fn a_long_question_comes_first_and_its_end_carries_the_options() {
    let question = format!("{}. Which?", "word ".repeat(40).trim());
    let (blocks, lost) = run(&[Block::Choice(choice(&question, vec![option("a", "A")]))], rich());
    assert!(blocks.len() >= 2 && lost.is_empty());
    assert!(matches!(blocks.last(), Some(Block::Choice(native)) if native.text.ends_with("Which?")));
}

#[test]
fn descriptions_that_have_no_place_join_the_question() {
    let options = vec![ChoiceOption { description: Some("free".into()), ..option("a", "Repair") }];
    let (blocks, lost) = run(&[Block::Choice(choice("Which?", options))], rich());
    let [Block::Choice(native)] = &blocks[..] else { panic!("{blocks:?}") };
    assert_eq!((native.text.as_str(), &native.options[0].description), ("Which?\n\nRepair: free", &None));
    assert_eq!(lost, []);
}

#[test]
fn files_go_by_kind_and_size() {
    let captioned = Media { caption: Some("My lamp".into()), ..image(100) };
    let (blocks, lost) = run(&[Block::Image(captioned.clone())], rich());
    assert_eq!(blocks, [Block::Image(image(100)), Block::text("My lamp")]);
    assert_eq!(lost, []);
    let narrow = Capabilities { image: Some(MediaLimits { max_bytes: 50, ..FILES }), ..rich() };
    assert_eq!(run(&[Block::Image(image(100))], narrow), (vec![Block::File(image(100))], vec![Loss::MediaAsFile]));
    let (words, lost) = texts(&[Block::Image(Media { size: Some(101), ..captioned.clone() })], rich());
    assert_eq!((words, lost), (vec!["My lamp\nlamp.png\nhttps://desk.example/f/1".into()], vec![Loss::FileAsLink]));
    let unreachable = Block::Image(Media { url: None, ..captioned });
    let (words, lost) = texts(&[unreachable], poor());
    assert_eq!((words, lost), (vec!["My lamp".into()], vec![Loss::LeftOut]));
    assert_eq!(run(&[Block::Sticker(image(1))], rich()), (vec![Block::Image(image(1))], vec![Loss::StickerAsImage]));
}

#[test]
fn places_and_links_have_addresses() {
    let (latitude, longitude) = (Degrees::new(54.6872).unwrap(), Degrees::new(25.2797).unwrap());
    let place = Location { latitude, longitude, name: Some("Shop".into()), address: None };
    let (words, lost) = texts(&[Block::Location(place)], Capabilities::text_only(300));
    assert_eq!(words, ["Shop\nhttps://www.openstreetmap.org/?mlat=54.6872&mlon=25.2797#map=16/54.6872/25.2797"]);
    assert_eq!(lost, [Loss::LocationAsText]);
    let link = RichLink { url: "https://a.example".into(), title: Some("A".into()), description: None, image: None };
    assert_eq!(texts(&[Block::RichLink(link)], poor()), (vec!["A\nhttps://a.example".into()], vec![]));
}

#[test]
fn cards_and_carousels() {
    let lamp = Card { options: vec![option("pick1", "Choose")], image: Some(image(10)), ..card("Desk lamp") };
    let (blocks, lost) = run(&[Block::Card(lamp.clone())], rich());
    assert_eq!((blocks, lost), (vec![Block::Card(lamp.clone())], vec![]));
    let bare = Card { subtitle: None, ..card("Alone") };
    assert_eq!(texts(&[Block::Card(bare)], rich()), (vec!["Alone".into()], vec![Loss::CardAsText]));
    let three = Block::Carousel { cards: vec![card("A"), card("B"), card("C")] };
    let (blocks, lost) = run(&[three], rich());
    let expected = [Block::Carousel { cards: vec![card("A"), card("B")] }, Block::Card(card("C"))];
    assert_eq!((&blocks[..], &lost[..]), (&expected[..], &[Loss::CarouselSplit][..]));

    let without_cards = Capabilities { cards: None, ..rich() };
    let (blocks, lost) = run(&[Block::Card(lamp.clone())], without_cards);
    assert_eq!(blocks[0], Block::Image(image(10)), "its picture goes before it");
    assert!(matches!(&blocks[1], Block::Choice(native) if native.text == "Desk lamp\nIn stock"), "{blocks:?}");
    assert_eq!(lost, [Loss::CardAsText]);

    let floor = Card { options: vec![option("pick2", "Choose")], ..card("Floor lamp") };
    let plan = plan(&[Block::Carousel { cards: vec![lamp, floor] }], &poor());
    let words = "Desk lamp\nIn stock\n1. Choose\n\nFloor lamp\nIn stock\n2. Choose";
    assert_eq!(plan.parts[0].blocks, [Block::text(words)]);
    assert_eq!(read_answer(&plan.parts[0].offers, "2"), Some("pick2"), "numbers run through the cards");
    let lost: Vec<Loss> = plan.lost.iter().map(|lost| lost.what).collect();
    assert_eq!(lost, [Loss::CarouselAsText, Loss::Picture]);
}
