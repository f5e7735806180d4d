//! The HTTP side of the stand-in.

use super::{
    Shared, beside,
    faults::Fault,
    listener::Line,
    media,
    rules::{self, Circumstances, Refusal, Taken},
    shapes::Known,
    wire::{self, Event},
};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};

pub(super) type Parameters = Query<HashMap<String, String>>;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/{version}/{page}/messages", post(send))
        .route("/{version}/{page}", get(page))
        .route("/{version}/{page}/message_attachments", post(beside::upload).layer(DefaultBodyLimit::max(30_000_000)))
        .route("/{version}/{page}/personas", get(beside::personas).post(beside::new_persona))
        .route("/{version}/{page}/subscribed_apps", get(subscriptions).post(subscribe))
        .route("/cdn/{name}", get(media::serve))
        .fallback(|| async { refuse(&Refusal::new(404, 2500, None, "Unknown path components")) })
        .with_state(shared)
}

async fn send(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path((version, named)): Path<(String, String)>,
    Query(parameters): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let faults = shared.next_call();
    if let Some(answer) = before(&shared, &faults, &line).await {
        return answer;
    }
    let token = token(&headers, &parameters);
    let accepted = {
        let mut state = shared.state();
        if let Err(refusal) = rules::check_caller(&state.page, &version, &named, token.as_deref()) {
            return refuse(&refusal);
        }
        let attachments: Vec<(String, String)> =
            state.uploads.iter().map(|upload| (upload.id.clone(), upload.kind.clone())).collect();
        let around = Circumstances {
            page: &state.page,
            personas: &state.personas,
            known: Known { attachments: &attachments },
            windows: state.windows,
            last_inbound: &state.last_inbound,
            now: shared.now(&state),
        };
        let mut accepted = match rules::check_send(&body, &around) {
            Ok(Taken::Message(accepted)) => *accepted,
            Ok(Taken::Action(recipient, action)) => {
                let answer = json!({ "recipient_id": recipient });
                state.actions.push((recipient, action));
                return Json(answer).into_response();
            }
            Err(refusal) => return refuse(&refusal),
        };
        state.next_mid += 1;
        accepted.mid = format!("m_{}{:010x}", state.mid_prefix, state.next_mid);
        accepted.answered = !faults.iter().any(loses_answer);
        state.accepted.push(accepted.clone());
        shared.announce(&state, &accepted);
        accepted
    };
    shared.accepted_count.send_modify(|count| *count += 1);
    let answer = json!({ "recipient_id": accepted.recipient, "message_id": accepted.mid });
    for fault in &faults {
        match fault {
            Fault::LateAnswer { millis } => tokio::time::sleep(Duration::from_millis(*millis)).await,
            Fault::LoseAnswer { .. } => return lost(&line).await,
            Fault::AcceptThenHang { .. } => std::future::pending::<()>().await,
            Fault::NamelessAnswer { .. } => return Json(json!({ "recipient_id": accepted.recipient })).into_response(),
            Fault::HalfAnswer { .. } => return half(&answer, line),
            _ => {}
        }
    }
    Json(answer).into_response()
}

fn loses_answer(fault: &Fault) -> bool {
    use Fault::{AcceptThenHang, HalfAnswer, LoseAnswer, NamelessAnswer};
    matches!(fault, LoseAnswer { .. } | AcceptThenHang { .. } | HalfAnswer { .. } | NamelessAnswer { .. })
}

async fn page(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path((version, named)): Path<(String, String)>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Response {
    let token = token(&headers, &parameters);
    let page = shared.state().page.clone();
    // A long number that is not the page's is a person. Profiles are read by themselves when somebody first writes, so they
    // draw none of the faults that a test sets for the next call of its own.
    if named.len() >= 15 && named != page.id {
        let faults = shared.state().faults.standing();
        if let Some(answer) = before(&shared, &faults, &line).await {
            return answer;
        }
        let allowed = rules::check_caller(&page, &version, "me", token.as_deref());
        let fields = parameters.get("fields").map(String::as_str).unwrap_or_default();
        return allowed.map_or_else(|refusal| refuse(&refusal), |()| beside::profile(&shared, &named, fields));
    }
    let faults = shared.next_read();
    if let Some(answer) = before(&shared, &faults, &line).await {
        return answer;
    }
    match rules::check_caller(&page, &version, &named, token.as_deref()) {
        Ok(()) => Json(json!({ "name": page.name, "id": page.id })).into_response(),
        Err(refusal) => refuse(&refusal),
    }
}

async fn subscriptions(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path((version, named)): Path<(String, String)>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Response {
    let faults = shared.next_read();
    if let Some(answer) = before(&shared, &faults, &line).await {
        return answer;
    }
    let state = shared.state();
    if let Err(refusal) = rules::check_caller(&state.page, &version, &named, token(&headers, &parameters).as_deref()) {
        return refuse(&refusal);
    }
    let apps: Vec<Value> = if state.subscribed.is_empty() {
        Vec::new()
    } else {
        vec![json!({ "name": "onethread", "id": "517000000000111", "subscribed_fields": state.subscribed })]
    };
    Json(json!({ "data": apps })).into_response()
}

async fn subscribe(
    State(shared): State<Arc<Shared>>,
    Path((version, named)): Path<(String, String)>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Response {
    let mut state = shared.state();
    if let Err(refusal) = rules::check_caller(&state.page, &version, &named, token(&headers, &parameters).as_deref()) {
        return refuse(&refusal);
    }
    let fields = parameters.get("subscribed_fields").map(String::as_str).unwrap_or_default();
    if fields.is_empty() {
        return refuse(&Refusal::new(400, 100, None, "(#100) The parameter subscribed_fields is required"));
    }
    state.subscribed = fields.split(',').map(str::to_owned).collect();
    Json(json!({ "success": true })).into_response()
}

/// The faults that come before anything is accepted.
pub(super) async fn before(shared: &Shared, faults: &[Fault], line: &Line) -> Option<Response> {
    for fault in faults {
        match fault {
            Fault::Delay { millis } => tokio::time::sleep(Duration::from_millis(*millis)).await,
            Fault::Status { status } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                return Some((status, "<html>proxy</html>").into_response());
            }
            Fault::Error { status, code, subcode } => {
                return Some(refuse(&Refusal::new(*status, *code, *subcode, format!("(#{code}) fault on demand"))));
            }
            Fault::RateLimit { retry_after_seconds, regain_minutes } => {
                let words = "(#613) Calls to this api have exceeded the rate limit.";
                let mut answer = refuse(&Refusal::new(429, 613, None, words));
                if let Some(seconds) = retry_after_seconds {
                    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
                }
                if let Some(minutes) = regain_minutes {
                    let page = shared.state().page.id.clone();
                    let usage = json!({ page: [{ "type": "messenger", "call_count": 100,
                        "estimated_time_to_regain_access": minutes }] });
                    if let Ok(value) = HeaderValue::from_str(&usage.to_string()) {
                        let name = HeaderName::from_static("x-business-use-case-usage");
                        answer.headers_mut().insert(name, value);
                    }
                }
                return Some(answer);
            }
            Fault::ExpiredToken => return Some(refuse(&Refusal::expired_token())),
            Fault::CloseUnanswered { .. } => return Some(lost(line).await),
            _ => {}
        }
    }
    None
}

/// Cuts the connection; the answer never comes to be.
async fn lost(line: &Line) -> Response {
    line.cut();
    std::future::pending().await
}

/// Half of an answer, then the cut.
fn half(answer: &Value, line: Line) -> Response {
    let whole = answer.to_string();
    let first = Bytes::from(whole.as_bytes()[..whole.len() / 2].to_vec());
    let parts = futures_util::stream::unfold(Some((first, line)), |next| async move {
        match next {
            Some((first, line)) if !first.is_empty() => {
                Some((Ok::<_, std::io::Error>(first), Some((Bytes::new(), line))))
            }
            Some((_, line)) => {
                // Time for the first half to leave.
                tokio::time::sleep(Duration::from_millis(20)).await;
                line.cut();
                std::future::pending().await
            }
            None => None,
        }
    });
    let mut response = Response::new(Body::from_stream(parts));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    response
}

pub(super) fn token(headers: &HeaderMap, parameters: &HashMap<String, String>) -> Option<String> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    bearer.map(str::to_owned).or_else(|| parameters.get("access_token").cloned())
}

pub(super) fn refuse(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(refusal.body())).into_response()
}

impl Shared {
    /// What follows a message by itself, as far as it is switched on.
    fn announce(&self, state: &super::State, accepted: &super::Accepted) {
        let (page, psid, mid, at) = (&state.page.id, &accepted.recipient, &accepted.mid, accepted.at);
        let mut events = Vec::new();
        if state.echoes {
            events.push(wire::echo_of(page, accepted));
        }
        if state.deliveries {
            events.push(Event::delivery(page, psid, &[mid], at, at + 1));
        }
        if state.reads {
            events.push(Event::read(page, psid, at, at + 2));
        }
        for event in events {
            self.enqueue(event);
        }
    }
}
