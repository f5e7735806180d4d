//! Rules about what messages hold: forms at their limits, files, receipts.

use super::{Violation, ensure, split};
use crate::{Account, Channel, Content, Fact, Outbound, OutboundFile, SendOutcome};
use bytes::Bytes;
use model::{
    Block, Capabilities, FileId, MessageId, Timestamp,
    block::{Card, Choice, ChoiceOption, ChoiceStyle, Degrees, FileState, Location, Media, RichLink, preview},
    capabilities::{CardImages, CardLimits, MediaLimits, OptionLimits},
    gate::Window,
    message::AuthorKind,
};

/// The provider's end of a conversation, as the adapter's tests know it.
pub trait ProviderSide {
    /// The callback body in which the provider repeats a message that it accepted.
    fn echo(&self, external_id: &str) -> Vec<u8>;
    /// The callback body of the customer's picking the option at this place (from 0, in reading order, links left out) of it.
    fn pick(&self, external_id: &str, place: usize) -> Vec<u8>;
}

/// A kind of file: its name, its limits, its block.
type FileForm = (&'static str, Option<MediaLimits>, fn(Media) -> Block);

/// The file that every file of [`forms`] is.
const FILE: FileId = FileId(9);

/// A message for each form that the channel has, as large as it takes them. Not larger than a hundred thousand bytes where files are
/// concerned: their sizes are for the adapter's own tests.
#[must_use]
pub fn forms(able: &Capabilities) -> Vec<(&'static str, Block)> {
    let mut forms = vec![("text", Block::text(filled("", able.max_text_chars)))];
    let styles = [
        ("quick replies", able.quick_replies, ChoiceStyle::QuickReplies),
        ("buttons", able.buttons, ChoiceStyle::Buttons),
        ("list", able.list, ChoiceStyle::List),
    ];
    for (name, limits, style) in styles {
        if let Some(limits) = limits {
            let text = filled("Which? ", limits.max_prompt_chars.min(10_000));
            forms.push((name, Block::Choice(Choice { text, options: options(&limits, 0), style: Some(style) })));
        }
    }
    if let Some(limits) = able.cards {
        forms.push(("card", Block::Card(card(&limits, 0))));
        if limits.max_cards > 1 {
            let cards = (0..limits.max_cards).map(|place| card(&limits, place)).collect();
            forms.push(("carousel", Block::Carousel { cards }));
        }
    }
    let kinds: [FileForm; 5] = [
        ("image", able.image, Block::Image),
        ("video", able.video, Block::Video),
        ("audio", able.audio, Block::Audio),
        ("file", able.file, Block::File),
        ("sticker", able.sticker, Block::Sticker),
    ];
    for (name, limits, form) in kinds {
        if let Some(limits) = limits {
            let caption = (limits.max_caption_chars > 0).then(|| filled("", limits.max_caption_chars.min(4000)));
            forms.push((
                name,
                form(Media { caption, media_type: Some(media_type(name, &limits)), ..Media::stored(FILE) }),
            ));
        }
    }
    if able.location {
        let angle = |degrees| Degrees::new(degrees).expect("an angle on earth");
        let name = Some("Shop".to_owned());
        forms.push((
            "location",
            Block::Location(Location { latitude: angle(54.7), longitude: angle(25.3), name, address: None }),
        ));
    }
    if able.rich_link {
        let link = RichLink {
            url: "https://shop.example.com/a".into(),
            title: Some("A".into()),
            description: None,
            image: None,
        };
        forms.push(("rich link", Block::RichLink(link)));
    }
    forms
}

/// So many characters, beginning with these; not all of one byte.
fn filled(begin: &str, chars: usize) -> String {
    begin.chars().chain("aä".chars().cycle()).take(chars).collect()
}

fn options(limits: &OptionLimits, card: usize) -> Vec<ChoiceOption> {
    let option = |place: usize| ChoiceOption {
        id: filled(&format!("{card}|{place}:"), limits.max_payload_chars.min(200)),
        title: filled(&format!("{card} {place} "), limits.max_title_chars.min(200)),
        description: None,
        // One that leads away, where there may be one and an answer stays beside it.
        url: (limits.urls && place == 1).then(|| "https://shop.example.com/a".into()),
    };
    (0..limits.max_options.min(50)).map(option).collect()
}

fn card(limits: &CardLimits, place: usize) -> Card {
    Card {
        title: filled(&format!("{place} "), limits.max_title_chars.min(200)),
        subtitle: (limits.max_subtitle_chars > 0).then(|| filled("", limits.max_subtitle_chars.min(1000))),
        image: (limits.images != CardImages::None).then(|| Media::stored(FILE)),
        url: Some("https://shop.example.com/card".into()),
        options: options(&limits.options, place),
    }
}

/// A media type that the limits take, for a kind of file.
fn media_type(kind: &str, limits: &MediaLimits) -> String {
    let usual = match kind {
        "image" | "sticker" => "image/png",
        "video" => "video/mp4",
        "audio" => "audio/mpeg",
        _ => "application/pdf",
    };
    if limits.takes(Some(usual), None) {
        return usual.into();
    }
    limits.media_types.first().map_or_else(|| usual.into(), |taken| (*taken).to_owned())
}

/// Every form that the channel says it has is accepted by the provider at its limits, comes back in the echo with the same
/// words and files, and each of its options comes back as the option that it is.
///
/// # Errors
/// The [`Violation`].
pub async fn every_capability_is_rendered_and_read_back(
    channel: &dyn Channel,
    account: &Account,
    recipient: &str,
    provider: &dyn ProviderSide,
) -> Result<(), Violation> {
    const RULE: &str = "every_capability_is_rendered_and_read_back";
    for (place, (name, block)) in forms(&channel.capabilities()).into_iter().enumerate() {
        let message_id = MessageId(1_000 + i64::try_from(place).unwrap_or(0));
        let media_type = block.media().and_then(|media| media.media_type.clone()).unwrap_or_else(|| "image/png".into());
        let outbound = Outbound {
            message_id,
            recipient: recipient.to_owned(),
            blocks: vec![block.clone()],
            reply_to: None,
            author: AuthorKind::Agent,
            persona: None,
            window: Window::Open,
            files: vec![OutboundFile {
                file_id: FILE,
                name: "example.bin".into(),
                media_type,
                bytes: Bytes::from_static(&[7; 1000]),
                url: Some("https://desk.example.com/files/example.bin".into()),
            }],
        };
        let outcome = channel.send(account, &outbound).await;
        let SendOutcome::Accepted { external_id } = outcome else {
            return Err(Violation { rule: RULE, detail: format!("{name} at its limits: {outcome:?}") });
        };
        let echo = match only_fact(channel, &provider.echo(&external_id), RULE)? {
            Fact::Echo { content, .. } => content,
            other => return Err(Violation { rule: RULE, detail: format!("the echo of {name} became {other:?}") }),
        };
        let (sent, back) = (preview(&outbound.blocks, usize::MAX), preview(&echo.blocks, usize::MAX));
        ensure(sent == back, RULE, || format!("{name} came back with other words: {back:?}, not {sent:?}"))?;
        let kinds = |blocks: &[Block]| -> Vec<&str> {
            blocks.iter().filter(|block| block.media().is_some()).map(Block::kind).collect()
        };
        ensure(kinds(&outbound.blocks) == kinds(&echo.blocks), RULE, || {
            format!("the file of {name} did not come back")
        })?;
        for (place, option) in block.answers().enumerate() {
            let picked = match only_fact(channel, &provider.pick(&external_id, place), RULE)? {
                Fact::Message { choice, .. } => choice,
                other => return Err(Violation { rule: RULE, detail: format!("a pick of {name} became {other:?}") }),
            };
            let is_it = picked.as_ref().is_some_and(|picked| {
                picked.option_id.as_ref() == Some(&option.id) && picked.message_id == Some(message_id)
            });
            ensure(is_it, RULE, || format!("option {place} of {name} came back as {picked:?}"))?;
        }
    }
    Ok(())
}

fn only_fact(channel: &dyn Channel, body: &[u8], rule: &'static str) -> Result<Fact, Violation> {
    match &split(channel, body, rule)?[..] {
        [event] => Ok(channel.interpret(&event.payload).fact),
        events => Err(Violation { rule, detail: format!("{} events where one was told", events.len()) }),
    }
}

/// Receipts only ever move forward: of these bodies, each of receipts and in the order in which things happened, none takes back what an
/// earlier one said, and none speaks of a moment after its own.
///
/// # Errors
/// The [`Violation`].
pub fn receipts_are_monotonic(channel: &dyn Channel, in_order: &[Vec<u8>]) -> Result<(), Violation> {
    const RULE: &str = "receipts_are_monotonic";
    let (mut delivered, mut read, mut count) = (None::<Timestamp>, None::<Timestamp>, 0);
    for body in in_order {
        for event in split(channel, body, RULE)? {
            let inbound = channel.interpret(&event.payload);
            let (until, known) = match inbound.fact {
                Fact::Delivered { watermark: Some(until), .. } => (until, &mut delivered),
                Fact::Read { watermark } => (watermark, &mut read),
                Fact::Delivered { .. } => continue,
                other => return Err(Violation { rule: RULE, detail: format!("{} became {other:?}", event.key) }),
            };
            count += 1;
            ensure(until <= inbound.at, RULE, || format!("{} speaks of {until:?}, after itself", event.key))?;
            ensure(known.is_none_or(|known| known <= until), RULE, || format!("{} goes back to {until:?}", event.key))?;
            *known = Some(until);
        }
    }
    ensure(count > 1, RULE, || "there was nothing to compare".into())
}

/// No file comes as the provider's address in a block: those expire, and a reader's browser would tell the provider who reads.
/// Each file of a block has its place in [`Content::media`], and its bytes are still to be fetched.
///
/// # Errors
/// The [`Violation`].
pub fn media_never_comes_by_provider_address(channel: &dyn Channel, bodies: &[Vec<u8>]) -> Result<(), Violation> {
    const RULE: &str = "media_never_comes_by_provider_address";
    let mut files = 0;
    for body in bodies {
        for event in split(channel, body, RULE)? {
            let (Fact::Message { content, .. } | Fact::Echo { content, .. }) = channel.interpret(&event.payload).fact
            else {
                continue;
            };
            files += content.media.len();
            check_files(&content, RULE, &event.key)?;
        }
    }
    ensure(files > 0, RULE, || "there was no file to look at".into())
}

fn check_files(content: &Content, rule: &'static str, key: &str) -> Result<(), Violation> {
    let words = format!("{:?}", content.blocks);
    for remote in &content.media {
        ensure(!words.contains(&remote.url), rule, || format!("{key}: the address of a file is in a block"))?;
    }
    let named: Vec<&Media> = content.blocks.iter().flat_map(Block::all_media).collect();
    for media in &named {
        let has_place = usize::try_from(media.file_id.0).is_ok_and(|place| place < content.media.len());
        ensure(has_place, rule, || format!("{key}: a file has no place among those to fetch"))?;
        ensure(media.url.is_none(), rule, || format!("{key}: a file has an address"))?;
        ensure(media.state == FileState::Fetching, rule, || format!("{key}: a file is said to be here"))?;
    }
    ensure(named.len() == content.media.len(), rule, || format!("{key}: a file to fetch is in no block"))
}
