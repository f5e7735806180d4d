//! What a message may look like: quick replies, templates, attachments, with the documented limits; written from the
//! documentation. Meta ignores members that it does not know; here they are refused, since they are a slip of ours.

use super::rules::Refusal;
use serde::Deserialize;
use serde_json::Value;

/// What of earlier calls a message may name.
pub(super) struct Known<'a> {
    /// The ids of uploaded files, with their kinds.
    pub(super) attachments: &'a [(String, String)],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    pub(super) text: Option<String>,
    pub(super) metadata: Option<String>,
    attachment: Option<Attachment>,
    quick_replies: Option<Vec<QuickReply>>,
    #[serde(rename = "template")]
    _template: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuickReply {
    content_type: String,
    title: Option<String>,
    payload: Option<String>,
    image_url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attachment {
    #[serde(rename = "type")]
    kind: String,
    payload: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Media {
    url: Option<String>,
    attachment_id: Option<String>,
    #[serde(rename = "is_reusable")]
    _is_reusable: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "template_type", rename_all = "snake_case", deny_unknown_fields)]
enum Template {
    Button {
        text: String,
        buttons: Vec<Button>,
        #[serde(rename = "sharable")]
        _sharable: Option<bool>,
    },
    Generic {
        elements: Vec<Element>,
        image_aspect_ratio: Option<String>,
        #[serde(rename = "sharable")]
        _sharable: Option<bool>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Element {
    title: String,
    subtitle: Option<String>,
    image_url: Option<String>,
    default_action: Option<Button>,
    buttons: Option<Vec<Button>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Button {
    #[serde(rename = "type")]
    kind: String,
    title: Option<String>,
    url: Option<String>,
    payload: Option<String>,
    #[serde(rename = "webview_height_ratio")]
    _webview_height_ratio: Option<String>,
    #[serde(rename = "messenger_extensions")]
    _messenger_extensions: Option<bool>,
    #[serde(rename = "fallback_url")]
    _fallback_url: Option<String>,
}

fn wrong(words: impl std::fmt::Display) -> Refusal {
    Refusal::parameter(words)
}

fn length(what: &str, text: &str, most: usize) -> Result<(), Refusal> {
    if (1..=most).contains(&text.chars().count()) {
        return Ok(());
    }
    Err(wrong(format!("Length of param {what} must be between 1 and {most}")))
}

fn address(what: &str, text: &str) -> Result<(), Refusal> {
    let known = ["https://", "http://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    if known { Ok(()) } else { Err(wrong(format!("{what} should represent a valid URL"))) }
}

/// Whether Meta takes the message.
pub(super) fn check(message: &Message, known: &Known<'_>) -> Result<(), Refusal> {
    if message.text.is_some() == message.attachment.is_some() {
        return Err(wrong("Must provide either text or attachment"));
    }
    if let Some(text) = &message.text {
        length("message[text]", text, 2000)?;
    }
    if message.metadata.as_ref().is_some_and(|metadata| metadata.chars().count() > 1000) {
        return Err(wrong("Length of param message[metadata] must be less than or equal to 1000"));
    }
    if let Some(replies) = &message.quick_replies {
        check_quick_replies(replies)?;
    }
    match &message.attachment {
        None => Ok(()),
        Some(Attachment { kind, payload }) if kind == "template" => {
            check_template(serde_json::from_value(payload.clone()).map_err(wrong)?)
        }
        Some(Attachment { kind, payload }) => check_media(kind, payload, known),
    }
}

fn check_quick_replies(replies: &[QuickReply]) -> Result<(), Refusal> {
    if replies.is_empty() || replies.len() > 13 {
        return Err(wrong("Between 1 and 13 quick replies are allowed"));
    }
    for reply in replies {
        match (reply.content_type.as_str(), &reply.title, &reply.payload) {
            ("text", Some(title), Some(payload)) => {
                // Meta cuts a longer one; whoever sends it did not mean that.
                length("quick_replies[title]", title, 20)?;
                length("quick_replies[payload]", payload, 1000)?;
            }
            ("user_email" | "user_phone_number", None, None) => {}
            _ => return Err(wrong("Invalid quick reply")),
        }
        reply.image_url.as_deref().map_or(Ok(()), |url| address("image_url", url))?;
    }
    Ok(())
}

fn check_media(kind: &str, payload: &Value, known: &Known<'_>) -> Result<(), Refusal> {
    if !["image", "audio", "video", "file"].contains(&kind) {
        return Err(wrong(format!("Invalid attachment type {kind}")));
    }
    let media: Media = serde_json::from_value(payload.clone()).map_err(wrong)?;
    match (media.url, media.attachment_id) {
        (Some(url), None) => address("attachment[payload][url]", &url),
        (None, Some(id)) => match known.attachments.iter().find(|(known, _)| *known == id) {
            Some((_, its)) if its == kind => Ok(()),
            Some(_) => Err(Refusal::new(400, 100, Some(2_018_047), "(#100) The type of the attachment does not match")),
            None => Err(Refusal::new(400, 100, Some(2_018_074), "(#100) The attachment ID is invalid or not yours")),
        },
        _ => Err(wrong("attachment[payload] needs either url or attachment_id")),
    }
}

fn check_template(template: Template) -> Result<(), Refusal> {
    match template {
        Template::Button { text, buttons, .. } => {
            length("payload[text]", &text, 640)?;
            check_buttons(&buttons)
        }
        Template::Generic { elements, image_aspect_ratio, .. } => {
            if elements.is_empty() || elements.len() > 10 {
                return Err(wrong("Between 1 and 10 elements are allowed"));
            }
            if image_aspect_ratio.is_some_and(|ratio| !["horizontal", "square"].contains(&ratio.as_str())) {
                return Err(wrong("Invalid image_aspect_ratio"));
            }
            elements.iter().try_for_each(check_element)
        }
    }
}

fn check_element(element: &Element) -> Result<(), Refusal> {
    length("elements[title]", &element.title, 80)?;
    if let Some(subtitle) = &element.subtitle {
        length("elements[subtitle]", subtitle, 80)?;
    }
    if let Some(url) = &element.image_url {
        address("elements[image_url]", url)?;
    }
    if let Some(action) = &element.default_action {
        if action.kind != "web_url" || action.title.is_some() {
            return Err(wrong("default_action is a web_url without a title"));
        }
        address("default_action[url]", action.url.as_deref().unwrap_or_default())?;
    }
    if let Some(buttons) = &element.buttons {
        check_buttons(buttons)?;
    }
    let bare = element.subtitle.is_none()
        && element.image_url.is_none()
        && element.default_action.is_none()
        && element.buttons.is_none();
    if bare { Err(wrong("An element needs something beside its title")) } else { Ok(()) }
}

fn check_buttons(buttons: &[Button]) -> Result<(), Refusal> {
    if buttons.is_empty() || buttons.len() > 3 {
        return Err(wrong("Between 1 and 3 buttons are allowed"));
    }
    for button in buttons {
        length("buttons[title]", button.title.as_deref().unwrap_or_default(), 20)?;
        match (button.kind.as_str(), &button.url, &button.payload) {
            ("web_url", Some(url), None) => address("buttons[url]", url)?,
            ("postback", None, Some(payload)) => length("buttons[payload]", payload, 1000)?,
            ("phone_number", None, Some(number)) if number.starts_with('+') => {}
            (kind, ..) => return Err(wrong(format!("Invalid button of type {kind}"))),
        }
    }
    Ok(())
}
