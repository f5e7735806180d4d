//! What is beside sending: uploads, personas, people's profiles.

use super::{
    Persona, Shared, Upload,
    listener::Line,
    routes::{Parameters, before, refuse, token},
    rules::{self, Refusal},
};
use axum::{
    Json,
    extract::{ConnectInfo, Multipart, Path, Query, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::sync::Arc;

type Named = Path<(String, String)>;

/// Checks the caller; gives the answer when there is nothing more to do.
async fn enter(
    shared: &Shared,
    line: &Line,
    (version, named): &(String, String),
    token: Option<String>,
) -> Option<Response> {
    let faults = shared.next_read();
    if let Some(answer) = before(shared, &faults, line).await {
        return Some(answer);
    }
    let state = shared.state();
    rules::check_caller(&state.page, version, named, token.as_deref()).err().map(|refusal| refuse(&refusal))
}

/// Takes a file: `message` says what it is, `filedata` holds its bytes. Source: Attachment Upload API.
pub(super) async fn upload(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(named): Named,
    Query(parameters): Parameters,
    headers: HeaderMap,
    mut form: Multipart,
) -> Response {
    let wrong = |words: &str| refuse(&Refusal::parameter(words));
    let mut message: Option<Value> = None;
    let mut file: Option<(String, String, Vec<u8>)> = None;
    // The whole body is read before anything is answered, as Meta does.
    while let Ok(Some(field)) = form.next_field().await {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().unwrap_or_default().to_owned();
        let media_type = field.content_type().unwrap_or_default().to_owned();
        let Ok(bytes) = field.bytes().await else { return wrong("The form is broken") };
        match name.as_str() {
            "message" => message = serde_json::from_slice(&bytes).ok(),
            "filedata" => file = Some((file_name, media_type, bytes.to_vec())),
            other => return wrong(&format!("Unknown field {other}")),
        }
    }
    if let Some(answer) = enter(&shared, &line, &named, token(&headers, &parameters)).await {
        return answer;
    }
    let (Some(message), Some((name, media_type, bytes))) = (message, file) else {
        return wrong("The fields message and filedata are required");
    };
    let kind = message["attachment"]["type"].as_str().unwrap_or_default().to_owned();
    let most = if kind == "image" { 8_000_000 } else { 25_000_000 };
    if bytes.is_empty() || bytes.len() > most {
        return refuse(&Refusal::new(400, 100, Some(2_018_007), "(#100) Upload attachment failure: the size."));
    }
    let type_fits = match kind.as_str() {
        "file" => true,
        "image" | "audio" | "video" => media_type.starts_with(&format!("{kind}/")),
        _ => return wrong("Invalid attachment type"),
    };
    if !type_fits || name.is_empty() {
        return refuse(&Refusal::new(400, 100, Some(2_018_047), "(#100) Upload attachment failure: the type."));
    }
    let mut state = shared.state();
    state.next_mid += 1;
    let id = format!("{}", 1_870_000_000_000_000 + state.next_mid);
    state.uploads.push(Upload { id: id.clone(), kind, name, media_type, bytes });
    Json(json!({ "attachment_id": id })).into_response()
}

/// The page's personas. Source: Personas API.
pub(super) async fn personas(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(named): Named,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Response {
    if let Some(answer) = enter(&shared, &line, &named, token(&headers, &parameters)).await {
        return answer;
    }
    let state = shared.state();
    let told = |persona: &Persona| json!({ "id": persona.id, "name": persona.name, "profile_picture_url": persona.picture_url });
    let personas: Vec<Value> = state.personas.iter().map(told).collect();
    Json(json!({ "data": personas })).into_response()
}

/// Makes a persona.
pub(super) async fn new_persona(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(named): Named,
    Query(parameters): Parameters,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if let Some(answer) = enter(&shared, &line, &named, token(&headers, &parameters)).await {
        return answer;
    }
    let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (name, picture_url) = (word("name"), word("profile_picture_url"));
    if name.is_empty() || name.chars().count() > 50 || !picture_url.starts_with("http") {
        return refuse(&Refusal::parameter("A persona has a name of at most 50 characters and a picture"));
    }
    let mut state = shared.state();
    state.next_mid += 1;
    let id = format!("{}", 880_000_000_000_000 + state.next_mid);
    state.personas.push(Persona { id: id.clone(), name, picture_url });
    Json(json!({ "id": id })).into_response()
}

/// What is told of a person. Source: User Profile API.
pub(super) fn profile(shared: &Shared, psid: &str, fields: &str) -> Response {
    let state = shared.state();
    let Some(person) = state.people.get(psid) else {
        let words = format!("Unsupported get request. Object with ID '{psid}' does not exist, cannot be loaded");
        return refuse(&Refusal::new(400, 100, Some(33), words));
    };
    let mut told = json!({ "id": psid });
    for field in fields.split(',') {
        if ["locale", "timezone", "gender"].contains(&field) && !state.locale_permission {
            return refuse(&Refusal::new(403, 200, None, format!("(#200) Requires the permission pages_user_{field}")));
        }
        if let Some(value) = person.get(field) {
            told[field] = value.clone();
        }
    }
    Json(told).into_response()
}
