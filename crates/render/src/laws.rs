//! What holds for every message on every channel.

use crate::{Loss, Part, plan, read_answer};
use model::{
    Block, Capabilities, FileId,
    block::{Card, Choice, ChoiceOption, ChoiceStyle, Degrees, Location, Media, RichLink},
    capabilities::{CardImages, CardLimits, MediaLimits, OptionLimits},
};
use proptest::prelude::*;

fn words() -> impl Strategy<Value = String> {
    "[a-zA-Zžü]{1,8}( [a-zA-Z]{1,8}){0,6}"
}

fn media() -> impl Strategy<Value = Media> {
    let types = prop_oneof![Just("image/png"), Just("video/mp4"), Just("application/pdf")];
    (types, 0_i64..200, proptest::option::of(words()), any::<bool>()).prop_map(|(kind, size, caption, public)| Media {
        media_type: Some(kind.into()),
        size: Some(size),
        name: Some("file.bin".into()),
        caption,
        url: public.then(|| "https://desk.example/f".into()),
        ..Media::stored(FileId(1))
    })
}

fn options(least: usize) -> impl Strategy<Value = Vec<ChoiceOption>> {
    let option = (words(), proptest::option::of(words()), proptest::bool::weighted(0.2)).prop_map(
        |(title, description, is_link)| ChoiceOption {
            id: String::new(),
            title,
            description,
            url: is_link.then(|| "https://shop.example/a".into()),
        },
    );
    proptest::collection::vec(option, least..8)
}

fn card() -> impl Strategy<Value = Card> {
    let url = proptest::option::of(Just("https://shop.example/l1".to_owned()));
    (words(), proptest::option::of(words()), proptest::option::of(media()), url, options(0))
        .prop_map(|(title, subtitle, image, url, options)| Card { title, subtitle, image, url, options })
}

fn style() -> impl Strategy<Value = Option<ChoiceStyle>> {
    proptest::option::of(prop_oneof![
        Just(ChoiceStyle::QuickReplies),
        Just(ChoiceStyle::Buttons),
        Just(ChoiceStyle::List)
    ])
}

fn block() -> impl Strategy<Value = Block> {
    let place = (proptest::option::of(words()), -90.0..90.0_f64, -180.0..180.0_f64).prop_map(|(name, north, east)| {
        Block::Location(Location {
            latitude: Degrees::new(north).unwrap(),
            longitude: Degrees::new(east).unwrap(),
            name,
            address: None,
        })
    });
    let link = (proptest::option::of(words()), proptest::option::of(media())).prop_map(|(title, image)| {
        Block::RichLink(RichLink { url: "https://shop.example/x".into(), title, description: None, image })
    });
    prop_oneof![
        words().prop_map(Block::text),
        media().prop_map(Block::Image),
        media().prop_map(Block::Video),
        media().prop_map(Block::File),
        media().prop_map(Block::Sticker),
        place,
        link,
        (words(), options(1), style()).prop_map(|(text, options, style)| Block::Choice(Choice {
            text,
            options,
            style
        })),
        card().prop_map(Block::Card),
        proptest::collection::vec(card(), 1..5).prop_map(|cards| Block::Carousel { cards }),
    ]
}

/// A message, its option ids made distinct.
fn message() -> impl Strategy<Value = Vec<Block>> {
    proptest::collection::vec(block(), 1..6).prop_map(|mut blocks| {
        let mut next = 0;
        let mut number = |options: &mut Vec<ChoiceOption>| {
            for option in options {
                next += 1;
                option.id = format!("option-{next}");
            }
        };
        for block in &mut blocks {
            match block {
                Block::Choice(choice) => number(&mut choice.options),
                Block::Card(card) => number(&mut card.options),
                Block::Carousel { cards } => cards.iter_mut().for_each(|card| number(&mut card.options)),
                _ => {}
            }
        }
        blocks
    })
}

fn option_limits() -> impl Strategy<Value = OptionLimits> {
    (1_usize..10, 5_usize..40, 0_usize..30, 1_usize..20, 0_usize..60, any::<bool>()).prop_map(
        |(max_options, max_title_chars, max_description_chars, max_payload_chars, max_prompt_chars, urls)| {
            OptionLimits {
                max_options,
                max_title_chars,
                max_description_chars,
                max_payload_chars,
                max_prompt_chars,
                urls,
            }
        },
    )
}

fn media_limits() -> impl Strategy<Value = MediaLimits> {
    let types = prop_oneof![Just(&[][..]), Just(&["image/"][..]), Just(&["video/mp4", "application/pdf"][..])];
    (1_i64..200, types, 0_usize..30).prop_map(|(max_bytes, media_types, max_caption_chars)| MediaLimits {
        max_bytes,
        media_types,
        max_caption_chars,
    })
}

fn capabilities() -> impl Strategy<Value = Capabilities> {
    let cards = (1_usize..4, 5_usize..40, 0_usize..40, option_limits(), any::<bool>(), any::<bool>()).prop_map(
        |(max_cards, max_title_chars, max_subtitle_chars, options, pictures, bare_titles)| CardLimits {
            max_cards,
            max_title_chars,
            max_subtitle_chars,
            options,
            images: if pictures { CardImages::Bytes } else { CardImages::None },
            bare_titles,
        },
    );
    let options = || proptest::option::of(option_limits());
    let media = || proptest::option::of(media_limits());
    let kinds = (media(), media(), media(), media());
    (1_usize..200, (options(), options(), options()), proptest::option::of(cards), kinds, any::<bool>(), any::<bool>())
        .prop_map(
            |(chars, (quick_replies, buttons, list), cards, (image, video, file, sticker), location, rich_link)| {
                let base = Capabilities::text_only(chars);
                Capabilities {
                    quick_replies,
                    buttons,
                    list,
                    cards,
                    image,
                    video,
                    file,
                    sticker,
                    location,
                    rich_link,
                    ..base
                }
            },
        )
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn options_fit(options: &[ChoiceOption], limits: &OptionLimits) -> bool {
    options.len() <= limits.max_options
        && options.iter().all(|option| {
            length(&option.title) <= limits.max_title_chars
                && option.description.as_deref().map_or(0, length) <= limits.max_description_chars
                && match &option.url {
                    Some(_) => limits.urls,
                    None => length(&option.id) <= limits.max_payload_chars,
                }
        })
}

/// Whether a channel takes this in one call; written apart from what it judges.
fn fits(part: &Part, able: &Capabilities) -> bool {
    let [block] = &part.blocks[..] else { return false };
    let file = |limits: Option<MediaLimits>, media: &Media| {
        limits.is_some_and(|limits| {
            media.size.unwrap() <= limits.max_bytes
                && limits.takes(media.media_type.as_deref(), None)
                && media.caption.as_deref().map_or(0, length) <= limits.max_caption_chars
        })
    };
    let card = |card: &Card, limits: &CardLimits| {
        length(&card.title) <= limits.max_title_chars
            && card.subtitle.as_deref().map_or(0, length) <= limits.max_subtitle_chars
            && (card.image.is_none() || limits.images != CardImages::None)
            && options_fit(&card.options, &limits.options)
    };
    match block {
        Block::Text { text } => !text.trim().is_empty() && length(text) <= able.max_text_chars,
        Block::Image(media) => file(able.image, media),
        Block::Video(media) => file(able.video, media),
        Block::Audio(media) => file(able.audio, media),
        Block::File(media) => file(able.file, media),
        Block::Sticker(media) => file(able.sticker, media),
        Block::Location(_) => able.location,
        Block::RichLink(_) => able.rich_link,
        Block::Choice(choice) => {
            let limits = match choice.style {
                Some(ChoiceStyle::QuickReplies) => able.quick_replies,
                Some(ChoiceStyle::Buttons) => able.buttons,
                Some(ChoiceStyle::List) => able.list,
                None => None,
            };
            limits.is_some_and(|limits| {
                options_fit(&choice.options, &limits) && length(&choice.text) <= limits.max_prompt_chars
            })
        }
        Block::Card(one) => able.cards.is_some_and(|limits| card(one, &limits)),
        Block::Carousel { cards } => able
            .cards
            .is_some_and(|limits| cards.len() <= limits.max_cards && cards.iter().all(|one| card(one, &limits))),
    }
}

/// Everything in a block that a customer could read, word by word.
fn readable(block: &Block) -> Vec<String> {
    let mut all: Vec<&str> = Vec::new();
    let options = |options: &'_ [ChoiceOption]| -> Vec<String> {
        let parts = |option: &ChoiceOption| {
            [Some(option.title.clone()), option.description.clone(), option.url.clone()].into_iter().flatten()
        };
        options.iter().flat_map(parts).collect()
    };
    let mut owned = Vec::new();
    let mut card = |card: &Card| {
        owned.extend([Some(card.title.clone()), card.subtitle.clone(), card.url.clone()].into_iter().flatten());
        owned.extend(options(&card.options));
    };
    match block {
        Block::Text { text } => all.push(text),
        Block::Choice(choice) => {
            all.push(&choice.text);
            owned.extend(options(&choice.options));
        }
        Block::Card(one) => card(one),
        Block::Carousel { cards } => cards.iter().for_each(card),
        Block::Location(place) => all.extend(place.name.as_deref()),
        Block::RichLink(link) => all.extend([Some(&*link.url), link.title.as_deref()].into_iter().flatten()),
        other => all.extend(other.media().and_then(|media| media.caption.as_deref())),
    }
    all.into_iter().map(str::to_owned).chain(owned).collect()
}

/// Letters and digits alone: cuts and joints leave these as they are.
fn letters(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).collect()
}

proptest! {
    #[test]
    fn every_part_fits_the_channel(blocks in message(), able in capabilities()) {
        for part in plan(&blocks, &able).parts {
            prop_assert!(fits(&part, &able), "{:?} on {:?}", part, able);
        }
    }

    #[test]
    fn nothing_is_dropped_silently(blocks in message(), able in capabilities()) {
        let plan = plan(&blocks, &able);
        let sent: String = plan.parts.iter().flat_map(|part| &part.blocks).flat_map(readable).collect();
        let sent = letters(&sent);
        for (place, block) in blocks.iter().enumerate() {
            for words in readable(block) {
                prop_assert!(sent.contains(&letters(&words)), "{:?} of block {} in {:?}", words, place, plan);
            }
            let files = block.all_media().len();
            let told = |what| plan.lost.iter().any(|lost| lost.block == place && lost.what == what);
            let one = crate::plan(std::slice::from_ref(block), &able);
            let carried = one.parts.iter().flat_map(|part| &part.blocks).map(|block| block.all_media().len()).sum::<usize>();
            let is_told = [Loss::Picture, Loss::FileAsLink, Loss::LeftOut].into_iter().any(told);
            prop_assert!(carried == files || is_told, "{} files of block {}: {:?}", files, place, plan);
            let kinds: Vec<&str> = one.parts.iter().flat_map(|part| &part.blocks).map(Block::kind).collect();
            let is_native = kinds.contains(&block.kind()) || matches!(block, Block::Carousel { cards } if cards.len() == 1 && kinds == ["card"]);
            // A link that became text has lost nothing but its look.
            let may_be_text = matches!(block, Block::Text { .. } | Block::RichLink(_));
            prop_assert!(is_native || may_be_text || plan.lost.iter().any(|lost| lost.block == place), "{:?}", plan);
        }
    }

    #[test]
    fn a_part_planned_again_is_itself(blocks in message(), able in capabilities()) {
        for part in plan(&blocks, &able).parts {
            let again = plan(&part.blocks, &able);
            prop_assert_eq!(again.parts.len(), 1);
            prop_assert_eq!(&again.parts[0].blocks, &part.blocks);
        }
    }

    #[test]
    fn every_option_can_be_read_back(blocks in message(), able in capabilities()) {
        let plan = plan(&blocks, &able);
        let offered: Vec<&str> = plan.parts.iter().flat_map(|part| &part.offers).map(|option| option.id.as_str()).collect();
        let meant: Vec<&str> = blocks.iter().flat_map(Block::answers).map(|option| option.id.as_str()).collect();
        prop_assert_eq!(offered, meant, "each once and in order");
        for part in &plan.parts {
            for (place, option) in part.offers.iter().enumerate() {
                let number = (place + 1).to_string();
                prop_assert_eq!(read_answer(&part.offers, &number), Some(option.id.as_str()), "by number");
                let typed = option.title.to_uppercase();
                let same = part.offers.iter().filter(|other| other.title.to_lowercase() == option.title.to_lowercase());
                if same.count() == 1 {
                    prop_assert_eq!(read_answer(&part.offers, &typed), Some(option.id.as_str()), "by title {}", typed);
                }
            }
        }
    }

    #[test]
    fn any_text_is_an_answer_or_none(text in ".*", titles in proptest::collection::vec(".{1,6}", 0..5)) {
        let open: Vec<ChoiceOption> = titles.into_iter().enumerate().map(|(place, title)| ChoiceOption {
            id: place.to_string(), title, description: None, url: None,
        }).collect();
        let _ = read_answer(&open, &text);
    }
}
