//! What a file is, by its first bytes. What the sender says only decides where the bytes leave a choice.

use model::file::serving;
use store::FileShape;

/// How many bytes are looked at. A camera's picture may carry previews and colour profiles before it says how large it is.
pub(super) const HEAD_BYTES: usize = 256 * 1024;
/// What nobody knows.
const UNKNOWN: &str = "application/octet-stream";
/// How far text is looked through for what it may be.
const TEXT_BYTES: usize = 8 * 1024;

/// Other names of types, and the one that we use.
const SAME: &[(&str, &str)] = &[
    ("audio/m4a", "audio/mp4"),
    ("audio/x-m4a", "audio/mp4"),
    ("audio/opus", "audio/ogg"),
    ("audio/x-wav", "audio/wav"),
    ("audio/x-flac", "audio/flac"),
    ("audio/mp3", "audio/mpeg"),
    ("video/x-m4v", "video/mp4"),
    ("image/jpg", "image/jpeg"),
    ("application/x-zip-compressed", "application/zip"),
];

/// Types that a look at the bytes takes for the first of each line, and that a sender may tell apart. None may be shown that
/// could not be shown as what it was found to be.
const FAMILIES: &[(&str, &[&str])] = &[
    ("video/mp4", &["audio/mp4", "video/quicktime", "video/3gpp"]),
    ("video/webm", &["audio/webm"]),
    ("audio/ogg", &["video/ogg"]),
    ("text/plain", &["text/csv", "text/markdown", "text/calendar", "text/vcard", "application/json"]),
    (
        "application/x-ole-storage",
        &[
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.ms-outlook",
        ],
    ),
    (
        "application/zip",
        &[
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.presentation",
            "application/epub+zip",
        ],
    ),
];

/// The endings of names by which programs know what is in a file.
const ENDINGS: &[(&str, &str)] = &[
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/avif", "avif"),
    ("audio/mpeg", "mp3"),
    ("audio/mp4", "m4a"),
    ("audio/aac", "aac"),
    ("audio/ogg", "ogg"),
    ("audio/wav", "wav"),
    ("audio/flac", "flac"),
    ("audio/webm", "weba"),
    ("audio/amr", "amr"),
    ("video/mp4", "mp4"),
    ("video/webm", "webm"),
    ("video/ogg", "ogv"),
    ("video/quicktime", "mov"),
    ("video/3gpp", "3gp"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("text/plain", "txt"),
    ("text/csv", "csv"),
];

/// The usual ending of a type's files, without the dot.
pub(super) fn ending(media_type: &str) -> Option<&'static str> {
    ENDINGS.iter().find(|(known, _)| *known == media_type).map(|(_, ending)| *ending)
}

/// The one name of a type, without parameters.
fn plain(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    SAME.iter().find(|(other, _)| *other == essence).map_or(essence, |(_, ours)| (*ours).to_owned())
}

/// The type of a file by its first bytes; `whole` when there are no more.
pub(super) fn find(head: &[u8], whole: bool, claimed: Option<&str>) -> String {
    // Text first: what begins like a picture but reads as a page is a page to somebody.
    let found = match text(head, whole) {
        Some(kind) => kind.to_owned(),
        None => infer::get(head).map_or_else(|| UNKNOWN.to_owned(), |kind| plain(kind.mime_type())),
    };
    // Signatures of text would contradict what was just decided.
    let found = if found.starts_with("text/") && text(head, whole).is_none() { UNKNOWN.to_owned() } else { found };
    let claimed = claimed.map(plain).unwrap_or_default();
    match FAMILIES.iter().find(|(family, _)| *family == found) {
        Some((_, members)) if members.contains(&claimed.as_str()) => claimed,
        _ => found,
    }
}

/// Which text it is, if it is text: UTF-8 without control characters.
fn text(head: &[u8], whole: bool) -> Option<&'static str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // Cut inside a character.
        Err(error) if !whole && error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return None,
    };
    let is_control = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{c}');
    if text.is_empty() || text.contains(is_control) {
        return None;
    }
    let beginning: String = text.chars().take(TEXT_BYTES).collect::<String>().to_ascii_lowercase();
    let beginning = beginning.trim_start_matches('\u{feff}').trim_start();
    Some(if beginning.starts_with('<') && beginning.contains("<svg") {
        "image/svg+xml"
    } else if infer::text::is_html(beginning.as_bytes()) || beginning.contains("<html") {
        "text/html"
    } else if beginning.starts_with("<?xml") {
        "text/xml"
    } else if beginning.starts_with("%pdf-") {
        "application/pdf"
    } else {
        "text/plain"
    })
}

/// Whether browsers may show it as a picture in a page.
pub(super) fn is_picture(media_type: &str) -> bool {
    serving(media_type).inline && media_type.starts_with("image/")
}

/// How large a picture is, by its header; nothing is decoded. Nothing for what is no picture that browsers show.
pub(super) fn shape(head: &[u8], media_type: &str) -> FileShape {
    if !is_picture(media_type) {
        return FileShape::default();
    }
    let size = imagesize::blob_size(head).ok();
    let pixels = |pixels: usize| u32::try_from(pixels).ok().filter(|pixels| *pixels > 0);
    match size.and_then(|size| Some((pixels(size.width)?, pixels(size.height)?))) {
        Some((width, height)) => FileShape { width: Some(width), height: Some(height), duration_ms: None },
        None => FileShape::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG's signature and header: 3 across, 2 down.
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";
    const GIF: &[u8] = b"GIF89a\x03\0\x02\0\x80\0\0\0\0\0\xff\xff\xff;";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x11\x08\0\x02\0\x03\x03\x01\x22\0\x02\x11\x01\x03\x11\x01";
    const WEBP: &[u8] = b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x02\0\0\x01\0\0";

    fn found(bytes: &[u8]) -> String {
        find(bytes, true, None)
    }

    #[test]
    fn pictures_say_what_they_are_and_how_large() {
        for (bytes, kind) in [(PNG, "image/png"), (GIF, "image/gif"), (JPEG, "image/jpeg"), (WEBP, "image/webp")] {
            assert_eq!(found(bytes), kind);
            let shape = shape(bytes, kind);
            assert_eq!((shape.width, shape.height), (Some(3), Some(2)), "{kind}");
            for end in 0..bytes.len() {
                super::shape(&bytes[..end], kind);
                find(&bytes[..end], false, None);
            }
        }
        assert_eq!(shape(PNG, "application/zip"), FileShape::default());
    }

    #[test]
    fn the_senders_word_decides_only_within_a_family() {
        assert_eq!(find(PNG, true, Some("text/html")), "image/png");
        assert_eq!(find(b"a,b\n1,2\n", true, Some("text/csv; charset=utf-8")), "text/csv");
        assert_eq!(find(b"a,b\n1,2\n", true, Some("image/png")), "text/plain");
        assert_eq!(find(b"hello", true, Some("text/html")), "text/plain");
        assert_eq!(find(b"\0\x01\x02 nobody knows", true, Some("image/png")), UNKNOWN);
        let mp4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
        assert_eq!(find(mp4, true, None), "video/mp4");
        assert_eq!(find(mp4, true, Some("audio/x-m4a")), "audio/mp4");
        let zip = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0aaaaaaaaaaaa\x05\0\0\0a.txt";
        assert_eq!(find(zip, true, None), "application/zip");
        assert_eq!(find(zip, true, Some("application/epub+zip")), "application/epub+zip");
        assert_eq!(find(zip, true, Some("image/png")), "application/zip");
    }

    #[test]
    fn pages_and_drawings_are_known_whatever_they_are_called() {
        for page in ["<html><script>alert(1)</script>", "  <!DOCTYPE html><p>", "\u{feff}<script >", "<!-- x --><html>"]
        {
            assert_eq!(find(page.as_bytes(), true, Some("image/png")), "text/html", "{page}");
        }
        for drawing in ["<svg xmlns='x'><script/></svg>", "<?xml version='1.0'?>\n<!-- x -->\n<SVG onload='x'>"] {
            assert_eq!(find(drawing.as_bytes(), true, Some("image/png")), "image/svg+xml", "{drawing}");
        }
        assert_eq!(found(b"<?xml version='1.0'?><a/>"), "text/xml");
        // A picture for a decoder, a page for whoever reads on: it is served as the picture, which runs nothing.
        assert_eq!(found(&[GIF, b"<html><script>alert(1)</script>"].concat()), "image/gif");
        assert_eq!(found(b"GIF89a/*<html><script>alert(1)</script>*/=1"), "text/html", "no picture at all: only text");
    }

    #[test]
    fn text_may_be_cut_between_the_bytes_of_a_character() {
        let text = "Grüße".as_bytes();
        assert_eq!(find(&text[..3], false, None), "text/plain");
        assert_eq!(find(&text[..3], true, None), UNKNOWN);
        assert_eq!(found(b"a\0b"), UNKNOWN);
        assert_eq!(found(b"%PDF-1.7\nall of it letters"), "application/pdf");
        assert_eq!(found(b"%PDF-1.7\n\xe2\xe3\xcf\xd3"), "application/pdf");
    }

    #[test]
    fn a_family_never_makes_more_of_a_file_than_it_is() {
        for (family, members) in FAMILIES {
            for member in *members {
                assert!(serving(family).inline || !serving(member).inline, "{member} is shown, {family} is not");
                assert_eq!(plain(member), *member);
            }
        }
    }
}
