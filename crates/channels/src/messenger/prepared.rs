//! What is made ready before a send and may be used again: uploaded files, personas. Nothing here reaches the customer, so
//! whatever fails may be tried again.

use super::{
    Settings,
    codec::{GraphError, Object},
    errors::classify,
    outbound::{TOKEN_UNUSABLE, tidy},
};
use channel::{
    OutboundFile, Persona, SendOutcome,
    http::{Answer, FormPart, HttpClient},
};
use model::{FileId, gate::Window};
use serde_json::json;
use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// Uploads and personas that are remembered.
const REMEMBERED: usize = 1000;
/// The most characters of a persona's name. Source: Messenger Platform, "Personas".
const MAX_PERSONA_NAME_CHARS: usize = 50;

/// The newest answers to a question; the oldest go first.
#[derive(Debug)]
struct Recent<K, V>(Mutex<(HashMap<K, V>, VecDeque<K>)>);

impl<K: Clone + Eq + Hash, V: Clone> Recent<K, V> {
    fn new() -> Self {
        Self(Mutex::new((HashMap::new(), VecDeque::new())))
    }

    fn find(&self, key: &K) -> Option<V> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.get(key).cloned()
    }

    fn keep(&self, key: K, value: V) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.0.insert(key.clone(), value).is_none() {
            inner.1.push_back(key);
        }
        if inner.1.len() > REMEMBERED
            && let Some(oldest) = inner.1.pop_front()
        {
            inner.0.remove(&oldest);
        }
    }

    fn forget(&self, key: &K) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.0.remove(key).is_some() {
            inner.1.retain(|known| known != key);
        }
    }
}

/// Address of the API, page and file: a file's bytes never change.
type UploadKey = (String, String, FileId);
/// Address of the API, page and persona.
type PersonaKey = (String, String, Persona);

/// What was made ready, by page. Lost with the process; then it is made again.
#[derive(Debug)]
pub(super) struct Prepared {
    uploads: Recent<UploadKey, String>,
    personas: Recent<PersonaKey, String>,
}

/// An uploaded file.
pub(super) struct Upload {
    /// Meta's id of it.
    pub(super) attachment_id: String,
    /// Whether it was uploaded before: then Meta may have forgotten it.
    pub(super) reused: bool,
}

impl Prepared {
    pub(super) fn new() -> Self {
        Self { uploads: Recent::new(), personas: Recent::new() }
    }

    /// Meta's id of a file, which is uploaded when it is not known.
    pub(super) async fn upload(
        &self,
        http: &HttpClient,
        settings: &Settings<'_>,
        kind: &str,
        file: &OutboundFile,
    ) -> Result<Upload, SendOutcome> {
        let key = upload_key(settings, file.file_id);
        if let Some(attachment_id) = self.uploads.find(&key) {
            return Ok(Upload { attachment_id, reused: true });
        }
        let headers = settings
            .headers()
            .ok_or_else(|| SendOutcome::Unauthorized { code: None, detail: TOKEN_UNUSABLE.into() })?;
        let message = json!({ "attachment": { "type": kind, "payload": { "is_reusable": true } } });
        let form = vec![
            FormPart::text("message", message.to_string()),
            FormPart::file("filedata", &file.name, &file.media_type, file.bytes.clone()),
        ];
        let temporary = |detail| SendOutcome::Temporary { retry_after_millis: None, code: None, detail };
        let answer = http
            .post_form(&settings.url("/message_attachments"), headers, form)
            .await
            .map_err(|error| temporary(format!("the file could not be uploaded: {error}")))?;
        match id_of(&answer, "attachment_id") {
            Some(attachment_id) => {
                self.uploads.keep(key, attachment_id.clone());
                Ok(Upload { attachment_id, reused: false })
            }
            None => Err(match classify(&answer, Window::Open) {
                SendOutcome::Uncertain { detail } => temporary(detail),
                SendOutcome::OutsideWindow { code, detail } | SendOutcome::Blocked { code, detail } => {
                    SendOutcome::Permanent { code, detail }
                }
                other => other,
            }),
        }
        .map_err(|outcome| tidy(outcome, settings.token))
    }

    /// Meta does not know this upload any more.
    pub(super) fn forget_upload(&self, settings: &Settings<'_>, file: FileId) {
        self.uploads.forget(&upload_key(settings, file));
    }

    /// Meta's id of a persona, which is made when there is none with this name and picture. `None` when it cannot be had:
    /// a message does not wait for its dress.
    pub(super) async fn persona(
        &self,
        http: &HttpClient,
        settings: &Settings<'_>,
        persona: &Persona,
    ) -> Option<String> {
        let key = persona_key(settings, persona);
        if let Some(id) = self.personas.find(&key) {
            return Some(id);
        }
        let name: String = persona.name.trim().chars().take(MAX_PERSONA_NAME_CHARS).collect();
        if name.is_empty() || persona.picture_url.is_empty() {
            return None;
        }
        let id = match existing(http, settings, &name, &persona.picture_url).await {
            Some(id) => id,
            None => {
                let body = json!({ "name": name, "profile_picture_url": persona.picture_url });
                let answer =
                    http.post_json(&settings.url("/personas"), settings.headers()?, body.to_string().into()).await;
                id_of(&answer.ok()?, "id")?
            }
        };
        self.personas.keep(key, id.clone());
        Some(id)
    }

    /// Meta does not know this persona any more.
    pub(super) fn forget_persona(&self, settings: &Settings<'_>, persona: &Persona) {
        self.personas.forget(&persona_key(settings, persona));
    }
}

/// A persona that an earlier process of ours made. Only the first page of the list is looked at; a second persona with the same name
/// does no harm.
async fn existing(http: &HttpClient, settings: &Settings<'_>, name: &str, picture: &str) -> Option<String> {
    let answer = http.get(&settings.url("/personas"), settings.headers()?).await.ok()?;
    let body = Object::read(std::str::from_utf8(&answer.body).ok()?)?;
    body.list("data")?.into_iter().find_map(|raw| {
        let persona = Object::read(raw.get())?;
        let is_it = persona.text("name")? == name && persona.text("profile_picture_url")? == picture;
        is_it.then(|| persona.id("id"))?
    })
}

fn id_of(answer: &Answer, name: &str) -> Option<String> {
    if !answer.status.is_success() || GraphError::read(&answer.body).is_some() {
        return None;
    }
    Object::read(std::str::from_utf8(&answer.body).ok()?)?.id(name)
}

fn upload_key(settings: &Settings<'_>, file: FileId) -> UploadKey {
    (settings.api_base.to_owned(), settings.page_id.to_owned(), file)
}

fn persona_key(settings: &Settings<'_>, persona: &Persona) -> PersonaKey {
    (settings.api_base.to_owned(), settings.page_id.to_owned(), persona.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_and_what_is_forgotten_is_gone() {
        let recent = Recent::new();
        for number in 0..=REMEMBERED {
            recent.keep(number, number);
        }
        assert_eq!((recent.find(&0), recent.find(&1), recent.find(&REMEMBERED)), (None, Some(1), Some(REMEMBERED)));
        recent.forget(&1);
        assert_eq!(recent.find(&1), None);
        recent.keep(2, 7);
        assert_eq!(recent.find(&2), Some(7));
    }
}
