//! A part of a plan as the `message` of a send. Pure.
//!
//! Source of the shapes and limits: Messenger Platform, "Send API", "Templates", "Quick replies" (Graph v25.0).

use super::{facts::payload, inbound::METADATA_PREFIX};
use channel::Outbound;
use model::{
    Block, Capabilities, MessageId,
    block::{Card, Choice, ChoiceOption, ChoiceStyle, Media},
    capabilities::{CardImages, CardLimits, MediaLimits, OptionLimits},
};
use serde_json::{Value, json};

/// The most characters (Unicode scalar values) of one text message. Source: Send API, "message.text".
pub const MAX_TEXT_CHARS: usize = 2000;
/// What comes back when an option is picked has at most 1000 characters; ours names the message beside the option:
/// `ot:msg_` and 13 digits and a colon.
const MAX_OPTION_ID_CHARS: usize = 1000 - 21;
/// Source: Messenger Platform, "Quick replies".
const QUICK_REPLIES: OptionLimits = OptionLimits {
    max_options: 13,
    max_title_chars: 20,
    max_description_chars: 0,
    max_payload_chars: MAX_OPTION_ID_CHARS,
    max_prompt_chars: MAX_TEXT_CHARS,
    urls: false,
};
/// Source: Messenger Platform, "Button template".
const BUTTONS: OptionLimits = OptionLimits { max_options: 3, max_prompt_chars: 640, urls: true, ..QUICK_REPLIES };
/// Source: Messenger Platform, "Generic template". The pictures of its elements are fetched by Meta.
const CARDS: CardLimits = CardLimits {
    max_cards: 10,
    max_title_chars: 80,
    max_subtitle_chars: 80,
    options: BUTTONS,
    images: CardImages::Address,
    bare_titles: false,
};
/// Source: Messenger Platform, "Sending attachments".
const FILES: MediaLimits = MediaLimits { max_bytes: 25_000_000, media_types: &[], max_caption_chars: 0 };
const IMAGES: MediaLimits =
    MediaLimits { max_bytes: 8_000_000, media_types: &["image/jpeg", "image/png", "image/gif"], ..FILES };

/// What Messenger can do. The rest (window, receipts) is not a matter of forms.
pub(super) const FORMS: Capabilities = Capabilities {
    quick_replies: Some(QUICK_REPLIES),
    buttons: Some(BUTTONS),
    cards: Some(CARDS),
    image: Some(IMAGES),
    video: Some(MediaLimits { media_types: &["video/"], ..FILES }),
    audio: Some(MediaLimits { media_types: &["audio/"], ..FILES }),
    file: Some(FILES),
    reply_to: true,
    reactions_in: true,
    edits_in: true,
    signals: true,
    personas: true,
    ..Capabilities::text_only(MAX_TEXT_CHARS)
};

/// The file of a message that goes as an attachment: it must be uploaded first.
pub(super) fn attachment(message: &Outbound) -> Option<(&'static str, &Media)> {
    match &message.blocks[..] {
        [Block::Image(media)] => Some(("image", media)),
        [Block::Video(media)] => Some(("video", media)),
        [Block::Audio(media)] => Some(("audio", media)),
        [Block::File(media)] => Some(("file", media)),
        _ => None,
    }
}

/// The `message` of a send. `attachment_id` is that of the uploaded file, where the message is one.
///
/// # Errors
/// Why Messenger cannot carry it, in words: what `render` plans can be carried.
pub(super) fn native(message: &Outbound, attachment_id: Option<&str>) -> Result<Value, String> {
    let id = message.message_id;
    let mut native = match (&message.blocks[..], attachment(message), attachment_id) {
        (_, Some((kind, _)), Some(attachment_id)) => {
            json!({ "attachment": { "type": kind, "payload": { "attachment_id": attachment_id } } })
        }
        ([Block::Choice(choice)], ..) => choice_message(choice, id)?,
        ([Block::Card(card)], ..) => generic(std::slice::from_ref(card), message)?,
        ([Block::Carousel { cards }], ..) => generic(cards, message)?,
        (blocks, ..) => json!({ "text": text(blocks)? }),
    };
    native["metadata"] = format!("{METADATA_PREFIX}{id}").into();
    Ok(native)
}

/// Text blocks as one text, a blank line between them.
fn text(blocks: &[Block]) -> Result<String, String> {
    let mut texts = Vec::new();
    for block in blocks {
        match block {
            Block::Text { text } => texts.push(text.as_str()),
            other => return Err(format!("Messenger cannot carry this {} here", other.kind())),
        }
    }
    let text = texts.join("\n\n");
    within("the text", &text, MAX_TEXT_CHARS)?;
    Ok(text)
}

fn choice_message(choice: &Choice, id: MessageId) -> Result<Value, String> {
    let as_buttons = match choice.style {
        Some(ChoiceStyle::Buttons) => true,
        Some(ChoiceStyle::QuickReplies | ChoiceStyle::List) => false,
        None => choice.options.iter().any(|option| option.url.is_some()),
    };
    let limits = if as_buttons { BUTTONS } else { QUICK_REPLIES };
    within("the question", &choice.text, limits.max_prompt_chars)?;
    check_options(&choice.options, &limits)?;
    if as_buttons {
        let buttons = buttons(&choice.options, id);
        let template = json!({ "template_type": "button", "text": choice.text, "buttons": buttons });
        return Ok(json!({ "attachment": { "type": "template", "payload": template } }));
    }
    let reply = |option: &ChoiceOption| json!({ "content_type": "text", "title": option.title, "payload": payload(id, &option.id) });
    let replies: Vec<Value> = choice.options.iter().map(reply).collect();
    Ok(json!({ "text": choice.text, "quick_replies": replies }))
}

fn buttons(options: &[ChoiceOption], id: MessageId) -> Vec<Value> {
    let button = |option: &ChoiceOption| match &option.url {
        Some(url) => json!({ "type": "web_url", "title": option.title, "url": url }),
        None => json!({ "type": "postback", "title": option.title, "payload": payload(id, &option.id) }),
    };
    options.iter().map(button).collect()
}

/// Cards, one or side by side.
fn generic(cards: &[Card], message: &Outbound) -> Result<Value, String> {
    if cards.is_empty() || cards.len() > CARDS.max_cards {
        return Err(format!("a carousel has {} cards, Messenger takes 1 to {}", cards.len(), CARDS.max_cards));
    }
    let elements: Vec<Value> = cards.iter().map(|card| element(card, message)).collect::<Result<_, _>>()?;
    let template = json!({ "template_type": "generic", "elements": elements });
    Ok(json!({ "attachment": { "type": "template", "payload": template } }))
}

fn element(card: &Card, message: &Outbound) -> Result<Value, String> {
    within("a card's title", &card.title, CARDS.max_title_chars)?;
    let mut element = json!({ "title": card.title });
    if let Some(subtitle) = &card.subtitle {
        within("a card's subtitle", subtitle, CARDS.max_subtitle_chars)?;
        element["subtitle"] = subtitle.as_str().into();
    }
    if let Some(image) = &card.image {
        let url = message.file(image.file_id).and_then(|file| file.url.as_deref());
        let url = url.ok_or("a card's picture has no public address, where Meta could fetch it")?;
        element["image_url"] = url.into();
    }
    if let Some(url) = &card.url {
        element["default_action"] = json!({ "type": "web_url", "url": url });
    }
    if !card.options.is_empty() {
        check_options(&card.options, &CARDS.options)?;
        element["buttons"] = buttons(&card.options, message.message_id).into();
    }
    if element.as_object().is_some_and(|members| members.len() == 1) {
        return Err("a card of Messenger needs something beside its title".into());
    }
    Ok(element)
}

fn check_options(options: &[ChoiceOption], limits: &OptionLimits) -> Result<(), String> {
    if options.is_empty() || options.len() > limits.max_options {
        return Err(format!("there are {} options, Messenger takes 1 to {}", options.len(), limits.max_options));
    }
    for option in options {
        within("an option's title", &option.title, limits.max_title_chars)?;
        within("an option's id", &option.id, limits.max_payload_chars)?;
        if option.url.is_some() && !limits.urls {
            return Err("a quick reply of Messenger cannot lead to an address".into());
        }
    }
    Ok(())
}

fn within(what: &str, text: &str, most: usize) -> Result<(), String> {
    let chars = text.chars().count();
    if chars <= most { Ok(()) } else { Err(format!("{what} has {chars} characters, Messenger takes {most}")) }
}
