//! What a channel can do, as data. Nothing outside the channels asks which channel it is: it asks for these.

/// What a channel can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The provider lets us answer only for a time after the customer wrote.
    pub has_window: bool,
    /// How long after the customer's last message a person may still write, in milliseconds, where the account has the right to.
    pub human_extension_millis: Option<i64>,
    /// The most characters (Unicode scalar values) of one text message.
    pub max_text_chars: usize,
    /// Tells when a message reached the device.
    pub delivered_receipts: bool,
    /// Tells when a message was seen.
    pub read_receipts: bool,
    /// How long to wait for proof (an echo, a receipt) of a message that left without an answer, before it is shown as
    /// uncertain, in milliseconds.
    pub proof_wait_millis: i64,
    /// Calls to the provider that one account may have open at the same time.
    pub max_concurrent_sends: usize,
    /// Messages that one account may send in a second; well below what the provider takes.
    pub sends_per_second: u32,
    /// The same for messages with sound or moving pictures.
    pub media_sends_per_second: u32,
    /// Answers that go away once one was picked.
    pub quick_replies: Option<OptionLimits>,
    /// Buttons that stay with the message.
    pub buttons: Option<OptionLimits>,
    /// A list that opens.
    pub list: Option<OptionLimits>,
    /// Cards, one or side by side.
    pub cards: Option<CardLimits>,
    /// Pictures.
    pub image: Option<MediaLimits>,
    /// Moving pictures.
    pub video: Option<MediaLimits>,
    /// Sounds.
    pub audio: Option<MediaLimits>,
    /// Any other file.
    pub file: Option<MediaLimits>,
    /// Stickers of our own.
    pub sticker: Option<MediaLimits>,
    /// Places on a map.
    pub location: bool,
    /// Links with a title and a picture of our own. Without it a link is text, and the provider may preview it by itself.
    pub rich_link: bool,
    /// A message can name the one that it answers, in and out.
    pub reply_to: bool,
    /// Tells the signs that customers set on messages.
    pub reactions_in: bool,
    /// Tells when customers change what they wrote.
    pub edits_in: bool,
    /// Can show that somebody types, and that a message was seen.
    pub signals: bool,
    /// A message can show the name and picture of who wrote it.
    pub personas: bool,
}

/// The limits of one form of options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionLimits {
    /// The most options.
    pub max_options: usize,
    /// The most characters of an option's title.
    pub max_title_chars: usize,
    /// The most characters of an option's description; 0 when it has none.
    pub max_description_chars: usize,
    /// The most characters of what comes back when an option is picked.
    pub max_payload_chars: usize,
    /// The most characters of the question.
    pub max_prompt_chars: usize,
    /// Whether an option may lead to an address instead.
    pub urls: bool,
}

/// The limits of cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardLimits {
    /// The most cards side by side; 1 when there is no carousel.
    pub max_cards: usize,
    /// The most characters of a title.
    pub max_title_chars: usize,
    /// The most characters of a subtitle.
    pub max_subtitle_chars: usize,
    /// How a card's options look; the question's limit is not used.
    pub options: OptionLimits,
    /// How a card's picture gets to the provider.
    pub images: CardImages,
    /// Whether a card may have nothing but a title.
    pub bare_titles: bool,
}

/// How the picture of a card gets to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardImages {
    /// Not at all.
    None,
    /// Its bytes go along.
    Bytes,
    /// The provider fetches it from our signed address. An installation without a public address has [`CardImages::None`].
    Address,
}

/// The limits of one kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaLimits {
    /// The most bytes.
    pub max_bytes: i64,
    /// The media types taken; empty for all. `image/` stands for every type that begins so.
    pub media_types: &'static [&'static str],
    /// The most characters of a caption; 0 when it carries none.
    pub max_caption_chars: usize,
}

impl MediaLimits {
    /// Whether a file of this type and size is taken; what is not known is given the benefit of the doubt.
    #[must_use]
    pub fn takes(&self, media_type: Option<&str>, bytes: Option<i64>) -> bool {
        let type_fits = self.media_types.is_empty()
            || media_type.is_none_or(|given| {
                self.media_types
                    .iter()
                    .any(|taken| if taken.ends_with('/') { given.starts_with(taken) } else { given == *taken })
            });
        type_fits && bytes.is_none_or(|bytes| bytes <= self.max_bytes)
    }
}

impl Capabilities {
    /// A channel that carries text of this length and nothing else, tells nothing and has no window. Others are written as
    /// what they have more.
    #[must_use]
    pub const fn text_only(max_text_chars: usize) -> Self {
        Self {
            has_window: false,
            human_extension_millis: None,
            max_text_chars,
            delivered_receipts: false,
            read_receipts: false,
            proof_wait_millis: 0,
            max_concurrent_sends: 1,
            sends_per_second: 10,
            media_sends_per_second: 1,
            quick_replies: None,
            buttons: None,
            list: None,
            cards: None,
            image: None,
            video: None,
            audio: None,
            file: None,
            sticker: None,
            location: false,
            rich_link: false,
            reply_to: false,
            reactions_in: false,
            edits_in: false,
            signals: false,
            personas: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_file_is_taken_by_type_and_size() {
        let limits = MediaLimits { max_bytes: 10, media_types: &["image/", "application/pdf"], max_caption_chars: 0 };
        assert!(limits.takes(Some("image/png"), Some(10)));
        assert!(limits.takes(Some("application/pdf"), None));
        assert!(limits.takes(None, None), "the provider decides");
        assert!(!limits.takes(Some("image/png"), Some(11)));
        assert!(!limits.takes(Some("application/pdfx"), Some(1)));
        assert!(!limits.takes(Some("video/mp4"), Some(1)));
    }
}
