//! The words and attachments of a message, ours or theirs, as blocks. Pure.

use super::{codec::Object, inbound::clip};
use channel::{Content, RemoteMedia};
use model::{
    Block, FileId,
    block::{Card, Choice, ChoiceOption, Degrees, Location, MAX_TEXT_CHARS, Media, RichLink},
};
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

/// Members of a message that are read, or carry nothing for a reader.
const READ_MEMBERS: [&str; 13] = [
    "mid",
    "text",
    "attachments",
    "seq",
    "is_echo",
    "app_id",
    "metadata",
    "nlp",
    "sticker_id",
    "quick_reply",
    "quick_replies",
    "reply_to",
    "referral",
];

/// What a message says.
pub(super) fn content(message: &Object<'_>) -> Content {
    let mut content =
        Content { reply_to: message.object("reply_to").and_then(|answered| answered.id("mid")), ..Content::default() };
    match message.text("text") {
        // Longer than a block is more than Messenger carries today; nothing is cut all the same.
        Some(words) if words.trim().is_empty() => {}
        Some(words) if message.get("quick_replies").is_some() => content.blocks.push(offered(words, message)),
        Some(words) => {
            let letters: Vec<char> = words.chars().collect();
            let parts = letters.chunks(MAX_TEXT_CHARS).map(|part| Block::text(part.iter().collect::<String>()));
            content.blocks.extend(parts);
        }
        None if message.get("text").is_some() => content.not_shown.push("text".into()),
        None => {}
    }
    match message.list("attachments") {
        Some(attachments) => attachments.into_iter().for_each(|raw| add_attachment(&mut content, raw)),
        None if message.get("attachments").is_some() => content.not_shown.push("attachments".into()),
        None => {}
    }
    for name in message.names() {
        let is_read = match name {
            "reply_to" => content.reply_to.is_some(),
            name => READ_MEMBERS.contains(&name),
        };
        let word = clip(&name.replace('\0', "\u{fffd}"), 64);
        if !is_read && !content.not_shown.contains(&word) {
            content.not_shown.push(word);
        }
    }
    if content.is_empty() {
        content.not_shown.push("message".into());
    }
    content
}

/// A question with quick replies, which only an echo of what another app sent has. Offers to give an e-mail address or a
/// telephone number have no title: Messenger itself fills them.
fn offered(text: String, message: &Object<'_>) -> Block {
    let option = |raw: &RawValue| {
        let reply = Object::read(raw.get())?;
        let title = words(&reply, "title")?;
        let id = words(&reply, "payload").unwrap_or_else(|| title.clone());
        Some(ChoiceOption { id, title, description: None, url: None })
    };
    let options: Vec<_> = message.list("quick_replies").unwrap_or_default().into_iter().filter_map(option).collect();
    if options.is_empty() { Block::text(text) } else { Block::Choice(Choice { text, options, style: None }) }
}

/// One attachment: a block where it is understood, else its kind among what is not shown.
fn add_attachment(content: &mut Content, raw: &RawValue) {
    let attachment = Object::read(raw.get()).unwrap_or_default();
    let payload = attachment.object("payload").unwrap_or_default();
    let kind = attachment.text("type").unwrap_or_default();
    // A sticker came as an image with `sticker_id` and is becoming a type of its own (since June 2026).
    let is_sticker = kind == "sticker" || payload.get("sticker_id").is_some();
    let url = web_address(payload.text("url"));
    let block = match kind.as_str() {
        _ if is_sticker => url.map(|url| Block::Sticker(fetched(content, url, None))),
        "image" => url.map(|url| Block::Image(fetched(content, url, None))),
        "video" => url.map(|url| Block::Video(fetched(content, url, None))),
        "reel" | "ig_reel" => url.map(|url| {
            let caption = words(&payload, "title");
            Block::Video(Media { caption, ..fetched(content, url, None) })
        }),
        "audio" => url.map(|url| Block::Audio(fetched(content, url, None))),
        "file" => url.map(|url| {
            let name = words(&payload, "name").or_else(|| name_of(&url));
            Block::File(fetched(content, url, name))
        }),
        "fallback" => shared_link(&attachment, &payload),
        "location" => place(&attachment, &payload),
        "template" => template(content, &payload),
        _ => None,
    };
    match block {
        Some(block) => content.blocks.push(block),
        None if is_sticker => content.not_shown.push("attachment:sticker".into()),
        None if kind.is_empty() => content.not_shown.push("attachment".into()),
        None => content.not_shown.push(format!("attachment:{}", clip(&kind, 64))),
    }
}

/// A file that is to be fetched from there.
fn fetched(content: &mut Content, url: String, name: Option<String>) -> Media {
    let place = FileId(i64::try_from(content.media.len()).unwrap_or(i64::MAX));
    content.media.push(RemoteMedia { url, name: name.clone() });
    Media { name, ..Media::fetching(place) }
}

/// A text with something in it.
fn words(object: &Object<'_>, name: &str) -> Option<String> {
    object.text(name).filter(|words| !words.trim().is_empty())
}

/// An http or https address; anything else is no address that may be fetched or opened.
fn web_address(text: Option<String>) -> Option<String> {
    text.filter(|url| {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        rest.is_some_and(|rest| !rest.is_empty())
            && !url.chars().any(|letter| letter.is_whitespace() || letter.is_control())
    })
}

/// The file's name at the end of its address, where there is one with an ending.
fn name_of(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    let (_, rest) = path.split_once("://")?;
    let (_, last) = rest.rsplit_once('/')?;
    let name = percent_decode_str(last).decode_utf8_lossy().replace(['/', '\\', '\0'], "_");
    name.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && !ending.is_empty()).then(|| clip(&name, 255))
}

/// A link that was shared. Facebook wraps addresses into one of its own, which says where it leads.
fn shared_link(attachment: &Object<'_>, payload: &Object<'_>) -> Option<Block> {
    let url = web_address(payload.text("url").or_else(|| attachment.text("url")))?;
    let title = words(attachment, "title").or_else(|| words(payload, "title"));
    Some(Block::RichLink(RichLink { url: unwrapped(&url).unwrap_or(url), title, description: None, image: None }))
}

fn unwrapped(url: &str) -> Option<String> {
    let query = ["https://l.facebook.com/l.php?", "https://lm.facebook.com/l.php?"]
        .into_iter()
        .find_map(|wrapper| url.strip_prefix(wrapper))?;
    let target = query.split('&').find_map(|pair| pair.strip_prefix("u="))?;
    web_address(Some(percent_decode_str(target).decode_utf8().ok()?.into_owned()))
}

fn place(attachment: &Object<'_>, payload: &Object<'_>) -> Option<Block> {
    let coordinates = payload.object("coordinates")?;
    let angle = |name: &str| Degrees::new(coordinates.get(name)?.get().parse().ok()?);
    let name = words(attachment, "title");
    Some(Block::Location(Location { latitude: angle("lat")?, longitude: angle("long")?, name, address: None }))
}

/// A product that was asked about, or a template that another program of the business sent.
fn template(content: &mut Content, payload: &Object<'_>) -> Option<Block> {
    if let Some(text) = words(payload, "text") {
        let options = options(payload);
        return Some(if options.is_empty() {
            Block::text(text)
        } else {
            Block::Choice(Choice { text, options, style: None })
        });
    }
    match payload.text("template_type").as_deref() {
        Some("receipt") => return receipt(payload),
        Some("one_time_notif_req") => return words(payload, "title").map(Block::text),
        _ => {}
    }
    let elements = payload.object("product").and_then(|product| product.list("elements"));
    let elements = elements.or_else(|| payload.list("elements"))?;
    let read: Vec<_> = elements.into_iter().filter_map(|raw| Object::read(raw.get())).collect();
    let titles: Option<Vec<String>> = read.iter().map(|element| words(element, "title")).collect();
    // A card without a title is of a kind that we do not know.
    let mut cards: Vec<Card> = Vec::new();
    for (element, title) in read.iter().zip(titles?) {
        let image = web_address(element.text("image_url")).map(|url| fetched(content, url, None));
        let url = element.object("default_action").and_then(|action| web_address(action.text("url")));
        cards.push(Card { title, subtitle: words(element, "subtitle"), image, url, options: options(element) });
    }
    match cards.len() {
        0 => None,
        1 => cards.pop().map(Block::Card),
        _ => Some(Block::Carousel { cards }),
    }
}

/// A receipt, as a card that says whose and for which order, how much, and where it stands in full. Source: Messenger
/// Platform, "Receipt template": the total and its currency are required.
fn receipt(payload: &Object<'_>) -> Option<Block> {
    let number = words(payload, "order_number")?;
    let title =
        words(payload, "merchant_name").map_or_else(|| number.clone(), |merchant| format!("{merchant} · {number}"));
    let total = payload.object("summary").and_then(|summary| summary.get("total_cost")?.get().parse::<f64>().ok());
    let currency = words(payload, "currency").unwrap_or_default();
    let subtitle = total.map(|total| format!("{total:.2} {currency}").trim_end().to_owned());
    let url = web_address(payload.text("order_url"));
    Some(Block::Card(Card { title, subtitle, image: None, url, options: vec![] }))
}

/// The buttons of a template.
fn options(element: &Object<'_>) -> Vec<ChoiceOption> {
    let button = |raw: &RawValue| {
        let button = Object::read(raw.get())?;
        let title = words(&button, "title")?;
        let url = web_address(button.text("url"));
        let id = words(&button, "payload").or_else(|| url.clone()).unwrap_or_else(|| title.clone());
        Some(ChoiceOption { id, title, description: None, url })
    };
    element.list("buttons").unwrap_or_default().into_iter().filter_map(button).collect()
}
