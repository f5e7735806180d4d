//! Blocks as plain text.

use model::block::{Card, ChoiceOption, Location, Media, RichLink};

/// A text of lines, without the blank ones.
pub(crate) fn lines<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let kept: Vec<&str> = parts.into_iter().flatten().filter(|line| !line.trim().is_empty()).collect();
    kept.join("\n")
}

/// Name, address and a map's address. The map is OpenStreetMap's, which needs no account and no key.
pub(crate) fn place(place: &Location) -> String {
    let (latitude, longitude) = (place.latitude, place.longitude);
    let map = format!("https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=16/{latitude}/{longitude}");
    lines([place.name.as_deref(), place.address.as_deref(), Some(&map)])
}

/// Title, description, address.
pub(crate) fn link(link: &RichLink) -> String {
    lines([link.title.as_deref(), link.description.as_deref(), Some(&link.url)])
}

/// Title, subtitle, address; without its options.
pub(crate) fn card(card: &Card) -> String {
    lines([Some(&*card.title), card.subtitle.as_deref(), card.url.as_deref()])
}

/// Caption, name and the address where the file can be had; `None` when it has none.
pub(crate) fn file(media: &Media) -> Option<String> {
    let url = media.url.as_deref()?;
    Some(lines([media.caption.as_deref(), media.name.as_deref(), Some(url)]))
}

/// Options as lines: answers with a number from `first` on, links with their address.
pub(crate) fn options(options: &[ChoiceOption], first: usize) -> String {
    let mut number = first;
    let line = |option: &ChoiceOption| {
        let mut line = match &option.url {
            Some(url) => format!("{}: {url}", option.title),
            None => {
                number += 1;
                format!("{}. {}", number - 1, option.title)
            }
        };
        if let Some(description) = &option.description {
            line.push_str(" – ");
            line.push_str(description);
        }
        line
    };
    options.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What options say beyond their titles, as lines; empty when nothing.
pub(crate) fn descriptions(options: &[ChoiceOption]) -> String {
    let line = |option: &ChoiceOption| option.description.as_ref().map(|words| format!("{}: {words}", option.title));
    options.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

/// Paragraphs, without the empty ones.
pub(crate) fn paragraphs(parts: &[&str]) -> String {
    let kept: Vec<&str> = parts.iter().copied().filter(|part| !part.trim().is_empty()).collect();
    kept.join("\n\n")
}
