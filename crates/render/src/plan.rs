//! A message cut into what one call to the provider carries.

use crate::{forms, split::pieces};
use model::{
    Block, Capabilities,
    block::{Card, Choice, ChoiceOption, ChoiceStyle, Media},
    capabilities::{CardImages, CardLimits, MediaLimits, OptionLimits},
};

/// What is sent, in order, and what of the message it does not carry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// One for each call to the provider. Empty when nothing of the message can be carried.
    pub parts: Vec<Part>,
    /// What is lost, by block.
    pub lost: Vec<Lost>,
}

/// What one call carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What to send: a single block, in a form that the channel has.
    pub blocks: Vec<Block>,
    /// The options that an answer to this part can pick, numbered from 1 as the customer sees them. For [`crate::read_answer`].
    pub offers: Vec<ChoiceOption>,
}

/// Something that the channel cannot carry as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lost {
    /// Which block of the message, from 0.
    pub block: usize,
    /// What became of it.
    pub what: Loss,
}

/// What became of something that the channel cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Options became numbered lines of text.
    OptionsAsText,
    /// Options have another look than was asked for.
    OptionsLook,
    /// A card became text.
    CardAsText,
    /// A carousel became text.
    CarouselAsText,
    /// A carousel became several, or single cards.
    CarouselSplit,
    /// A picture of a card or link is not shown.
    Picture,
    /// A place became text with a map's address.
    LocationAsText,
    /// A sticker became a picture.
    StickerAsImage,
    /// A picture, video or sound became a plain file.
    MediaAsFile,
    /// A file became an address where it can be had.
    FileAsLink,
    /// A file cannot be sent at all.
    LeftOut,
}

impl Loss {
    /// The stable spelling, which the desk translates.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptionsAsText => "options_as_text",
            Self::OptionsLook => "options_look",
            Self::CardAsText => "card_as_text",
            Self::CarouselAsText => "carousel_as_text",
            Self::CarouselSplit => "carousel_split",
            Self::Picture => "picture",
            Self::LocationAsText => "location_as_text",
            Self::StickerAsImage => "sticker_as_image",
            Self::MediaAsFile => "media_as_file",
            Self::FileAsLink => "file_as_link",
            Self::LeftOut => "left_out",
        }
    }
}

/// Cuts a message into parts that the channel carries. The blocks are ones that `check_blocks` accepts; their files have type, size
/// and, where a customer could fetch them from us, an address.
#[must_use]
pub fn plan(blocks: &[Block], capabilities: &Capabilities) -> Plan {
    let mut planner = Planner { capabilities, plan: Plan::default(), words: String::new(), block: 0 };
    for (place, block) in blocks.iter().enumerate() {
        planner.block = place;
        planner.add(block);
    }
    planner.flush();
    planner.plan
}

/// A form of options: what it is called, what it takes.
type Form<'a> = (ChoiceStyle, &'a OptionLimits);

struct Planner<'a> {
    capabilities: &'a Capabilities,
    plan: Plan,
    /// Text that waits for more of it.
    words: String,
    /// The block at hand.
    block: usize,
}

impl Planner<'_> {
    fn lose(&mut self, what: Loss) {
        let lost = Lost { block: self.block, what };
        if !self.plan.lost.contains(&lost) {
            self.plan.lost.push(lost);
        }
    }

    fn add(&mut self, block: &Block) {
        let limits = self.capabilities;
        match block {
            Block::Text { text } => self.text(text),
            Block::Image(media) => self.media(media, limits.image.as_ref(), Block::Image),
            Block::Video(media) => self.media(media, limits.video.as_ref(), Block::Video),
            Block::Audio(media) => self.media(media, limits.audio.as_ref(), Block::Audio),
            Block::File(media) => self.file(media),
            Block::Sticker(media) => self.sticker(media),
            Block::Location(_) if limits.location => self.native(block.clone()),
            Block::Location(place) => {
                self.lose(Loss::LocationAsText);
                self.text(&forms::place(place));
            }
            Block::RichLink(_) if limits.rich_link => self.native(block.clone()),
            Block::RichLink(link) => {
                if link.image.is_some() {
                    self.lose(Loss::Picture);
                }
                self.text(&forms::link(link));
            }
            Block::Choice(choice) => self.choice(choice),
            Block::Card(card) => self.card(card),
            Block::Carousel { cards } => self.carousel(cards),
        }
    }

    /// A block in the channel's own form: a part of its own.
    fn native(&mut self, block: Block) {
        self.flush();
        let offers = block.answers().cloned().collect();
        self.plan.parts.push(Part { blocks: vec![block], offers });
    }

    /// Text: joins what waits, a blank line between, as long as one call carries it.
    fn text(&mut self, text: &str) {
        let joined = forms::paragraphs(&[&self.words, text]);
        if joined.chars().count() <= self.capabilities.max_text_chars {
            self.words = joined;
            return;
        }
        self.flush();
        let mut pieces = pieces(text, self.capabilities.max_text_chars);
        self.words = pieces.pop().unwrap_or_default();
        self.plan.parts.extend(pieces.into_iter().map(Part::text));
    }

    fn flush(&mut self) {
        let words = std::mem::take(&mut self.words);
        if !words.trim().is_empty() {
            self.plan.parts.push(Part::text(words));
        }
    }

    /// A picture, video or sound; else a plain file; else its address.
    fn media(&mut self, media: &Media, limits: Option<&MediaLimits>, form: fn(Media) -> Block) {
        match limits.filter(|limits| takes(limits, media)) {
            Some(limits) => self.carried(media, limits, form),
            None => match self.capabilities.file.as_ref().filter(|limits| takes(limits, media)) {
                Some(limits) => {
                    self.lose(Loss::MediaAsFile);
                    self.carried(media, limits, Block::File);
                }
                None => self.file_as_link(media),
            },
        }
    }

    fn file(&mut self, media: &Media) {
        match self.capabilities.file.as_ref().filter(|limits| takes(limits, media)) {
            Some(limits) => self.carried(media, limits, Block::File),
            None => self.file_as_link(media),
        }
    }

    fn sticker(&mut self, media: &Media) {
        if let Some(limits) = self.capabilities.sticker.as_ref().filter(|limits| takes(limits, media)) {
            self.carried(media, limits, Block::Sticker);
        } else {
            self.lose(Loss::StickerAsImage);
            self.media(media, self.capabilities.image.as_ref(), Block::Image);
        }
    }

    /// A file in the channel's own form; a caption that does not go along follows as text.
    fn carried(&mut self, media: &Media, limits: &MediaLimits, form: fn(Media) -> Block) {
        let fits = media.caption.as_ref().is_none_or(|words| words.chars().count() <= limits.max_caption_chars);
        if fits {
            self.native(form(media.clone()));
            return;
        }
        self.native(form(Media { caption: None, ..media.clone() }));
        self.text(media.caption.as_deref().unwrap_or_default());
    }

    fn file_as_link(&mut self, media: &Media) {
        match forms::file(media) {
            Some(text) => {
                self.lose(Loss::FileAsLink);
                self.text(&text);
            }
            None => {
                self.lose(Loss::LeftOut);
                self.text(media.caption.as_deref().unwrap_or_default());
            }
        }
    }

    fn choice(&mut self, choice: &Choice) {
        let capabilities = self.capabilities;
        let quick = capabilities.quick_replies.as_ref().map(|limits| (ChoiceStyle::QuickReplies, limits));
        let buttons = capabilities.buttons.as_ref().map(|limits| (ChoiceStyle::Buttons, limits));
        let list = capabilities.list.as_ref().map(|limits| (ChoiceStyle::List, limits));
        let wish = choice.style.unwrap_or(ChoiceStyle::QuickReplies);
        let mut forms: Vec<Form<'_>> = [quick, buttons, list].into_iter().flatten().collect();
        forms.sort_by_key(|(style, _)| *style != wish);
        // A form that holds the whole question is better than a nicer one for which it must be cut.
        let whole = forms.iter().find_map(|form| in_form(choice, *form, true));
        let Some((lead, native)) = whole.or_else(|| forms.iter().find_map(|form| in_form(choice, *form, false))) else {
            self.options_as_text(&choice.text, &choice.options);
            return;
        };
        if choice.style.is_some() && native.style != choice.style {
            self.lose(Loss::OptionsLook);
        }
        for text in lead {
            self.text(&text);
        }
        self.native(Block::Choice(native));
    }

    /// The question and its options as numbered lines, which an answer can name.
    fn options_as_text(&mut self, question: &str, options: &[ChoiceOption]) {
        self.lose(Loss::OptionsAsText);
        self.text(&forms::paragraphs(&[question, &forms::options(options, 1)]));
        self.offer(options.iter().filter(|option| option.url.is_none()).cloned().collect());
    }

    /// Ends the text at hand as a part that offers these.
    fn offer(&mut self, offers: Vec<ChoiceOption>) {
        self.flush();
        if let Some(part) = self.plan.parts.last_mut() {
            part.offers = offers;
        }
    }

    fn card(&mut self, card: &Card) {
        match self.capabilities.cards {
            Some(limits) if card_fits(card, &limits) => self.native(Block::Card(card.clone())),
            _ => {
                self.lose(Loss::CardAsText);
                if let Some(image) = &card.image {
                    self.media(image, self.capabilities.image.as_ref(), Block::Image);
                }
                let text = forms::card(card);
                if card.options.is_empty() {
                    self.text(&text);
                } else {
                    self.choice(&Choice { text, options: card.options.clone(), style: None });
                }
            }
        }
    }

    fn carousel(&mut self, cards: &[Card]) {
        match self.capabilities.cards {
            Some(limits) if cards.iter().all(|card| card_fits(card, &limits)) => {
                if cards.len() > limits.max_cards {
                    self.lose(Loss::CarouselSplit);
                }
                for run in cards.chunks(limits.max_cards.max(1)) {
                    self.native(match run {
                        [card] => Block::Card(card.clone()),
                        several => Block::Carousel { cards: several.to_vec() },
                    });
                }
            }
            _ => {
                self.lose(Loss::CarouselAsText);
                if cards.iter().any(|card| card.image.is_some()) {
                    self.lose(Loss::Picture);
                }
                // Numbers run through all cards, so that one number means one option.
                let mut offers: Vec<ChoiceOption> = Vec::new();
                let mut texts = Vec::new();
                for card in cards {
                    let options = forms::options(&card.options, offers.len() + 1);
                    offers.extend(card.options.iter().filter(|option| option.url.is_none()).cloned());
                    texts.push(forms::lines([Some(&*forms::card(card)), Some(&*options)]));
                }
                self.text(&forms::paragraphs(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
                self.offer(offers);
            }
        }
    }
}

impl Part {
    fn text(text: String) -> Self {
        Self { blocks: vec![Block::text(text)], offers: Vec::new() }
    }
}

fn takes(limits: &MediaLimits, media: &Media) -> bool {
    limits.takes(media.media_type.as_deref(), media.size)
}

fn options_fit(options: &[ChoiceOption], limits: &OptionLimits) -> bool {
    options.len() <= limits.max_options
        && options.iter().all(|option| {
            option.title.chars().count() <= limits.max_title_chars
                && (limits.urls || option.url.is_none())
                && (option.url.is_some() || option.id.chars().count() <= limits.max_payload_chars)
        })
}

fn descriptions_fit(options: &[ChoiceOption], limits: &OptionLimits) -> bool {
    let length = |option: &ChoiceOption| option.description.as_ref().map_or(0, |words| words.chars().count());
    options.iter().all(|option| length(option) <= limits.max_description_chars)
}

/// A choice in one form, and what goes before it as text; `None` when it does not fit. Descriptions that the form does not
/// carry join the question.
fn in_form(choice: &Choice, (style, limits): Form<'_>, whole: bool) -> Option<(Vec<String>, Choice)> {
    if choice.options.is_empty() || !options_fit(&choice.options, limits) {
        return None;
    }
    let mut native = Choice { style: Some(style), ..choice.clone() };
    if !descriptions_fit(&choice.options, limits) {
        native.text = forms::paragraphs(&[&choice.text, &forms::descriptions(&choice.options)]);
        native.options.iter_mut().for_each(|option| option.description = None);
    }
    if native.text.chars().count() <= limits.max_prompt_chars {
        return Some((Vec::new(), native));
    }
    if whole || limits.max_prompt_chars == 0 {
        return None;
    }
    let mut lead = pieces(&native.text, limits.max_prompt_chars);
    native.text = lead.pop()?;
    Some((lead, native))
}

fn card_fits(card: &Card, limits: &CardLimits) -> bool {
    let is_bare = card.subtitle.is_none() && card.image.is_none() && card.url.is_none() && card.options.is_empty();
    card.title.chars().count() <= limits.max_title_chars
        && card.subtitle.as_ref().is_none_or(|words| words.chars().count() <= limits.max_subtitle_chars)
        && (card.image.is_none() || limits.images != CardImages::None)
        && (limits.bare_titles || !is_bare)
        && options_fit(&card.options, &limits.options)
        && descriptions_fit(&card.options, &limits.options)
}

#[cfg(test)]
mod tests;
