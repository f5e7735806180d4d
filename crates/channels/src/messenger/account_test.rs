//! The live test of an account, and what Meta tells of a person. Reads only: nothing is sent to anybody.

use super::{
    Settings,
    codec::{GraphError, Object, text},
    outbound::{TOKEN_UNUSABLE, safe},
};
use channel::{Profile, TestReport, TestStep, Unavailable, http::HttpClient};

/// The fields without which a conversation cannot be followed: what customers write, tap, change and set, what the page
/// writes elsewhere (and our own proof of sending), the receipts, and what happens while another app has the conversation.
pub const REQUIRED_FIELDS: [&str; 11] = [
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "messaging_postbacks",
    "message_reactions",
    "message_edits",
    "messaging_optins",
    "messaging_referrals",
    "messaging_handovers",
    "standby",
];

fn step(name: &'static str, passed: bool, code: &'static str, detail: impl Into<String>) -> TestStep {
    TestStep { name, passed, code, detail: detail.into() }
}

/// Tries the token and the page, then whether the page's events are subscribed.
pub(super) async fn test(http: &HttpClient, settings: &Settings<'_>) -> TestReport {
    let mut steps = Vec::new();
    let found = match read(http, settings, &settings.url("?fields=name")).await {
        Ok(page) => page,
        Err(Failure::Credentials(refused)) => {
            steps.push(step("token", false, "token_refused", refused.detail));
            return TestReport { steps };
        }
        Err(Failure::NoAnswer(detail)) => {
            steps.push(step("token", false, "no_answer", detail));
            return TestReport { steps };
        }
        Err(Failure::Other(refused)) => {
            steps.push(step("token", true, "not_refused", ""));
            steps.push(step("page", false, "page_not_found", refused.detail));
            return TestReport { steps };
        }
    };
    steps.push(step("token", true, "accepted", ""));
    let body = Object::read(&found).unwrap_or_default();
    if body.id("id").as_deref() != Some(settings.page_id) {
        steps.push(step("page", false, "other_page", ""));
        return TestReport { steps };
    }
    let name = body.text("name").unwrap_or_default();
    steps.push(step("page", true, "found", safe(&name, settings.token)));
    steps.push(subscribed(http, settings).await);
    TestReport { steps }
}

/// Whether one app gets all the fields that we need.
async fn subscribed(http: &HttpClient, settings: &Settings<'_>) -> TestStep {
    let body = match read(http, settings, &settings.url("/subscribed_apps")).await {
        Ok(body) => body,
        Err(Failure::Credentials(refused) | Failure::Other(refused)) => {
            return step("subscribed", false, "subscription_hidden", refused.detail);
        }
        Err(Failure::NoAnswer(detail)) => return step("subscribed", false, "no_answer", detail),
    };
    let apps = Object::read(&body).unwrap_or_default().list("data").unwrap_or_default();
    let missing = apps
        .into_iter()
        .filter_map(|app| {
            let fields = Object::read(app.get())?.list("subscribed_fields").unwrap_or_default();
            let fields: Vec<String> = fields.into_iter().filter_map(text).collect();
            let missing = REQUIRED_FIELDS.into_iter().filter(|needed| !fields.iter().any(|has| has == needed));
            Some(missing.collect::<Vec<_>>())
        })
        .min_by_key(Vec::len);
    match missing {
        None => step("subscribed", false, "not_subscribed", REQUIRED_FIELDS.join(", ")),
        Some(missing) if missing.is_empty() => step("subscribed", true, "subscribed", ""),
        Some(missing) => step("subscribed", false, "fields_missing", missing.join(", ")),
    }
}

/// Name and picture of a person. Meta tells them only to apps that may know (Business Asset User Profile Access), and not of
/// everybody; the locale needs one permission more.
pub(super) async fn profile(http: &HttpClient, settings: &Settings<'_>, address: &str) -> Result<Profile, Unavailable> {
    if address.is_empty() || !address.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Unavailable { later: false, code: None, detail: "not a person's id".into() });
    }
    let url = |fields: &str| {
        format!("{}/{}/{address}?fields={fields}", settings.api_base.trim_end_matches('/'), settings.graph_version)
    };
    let mut answer = read(http, settings, &url("first_name,last_name,profile_pic,locale")).await;
    if matches!(answer, Err(Failure::Credentials(_) | Failure::Other(_))) {
        answer = read(http, settings, &url("first_name,last_name,profile_pic")).await;
    }
    let body = answer.map_err(|failure| match failure {
        Failure::NoAnswer(detail) => Unavailable { later: true, code: None, detail },
        Failure::Credentials(refused) | Failure::Other(refused) => refused,
    })?;
    let body = Object::read(&body).unwrap_or_default();
    let word = |name: &str| body.text(name).map(|word| word.trim().to_owned()).filter(|word| !word.is_empty());
    let names: Vec<String> = ["first_name", "last_name"].into_iter().filter_map(word).collect();
    Ok(Profile { name: names.join(" "), picture_url: word("profile_pic"), locale: word("locale") })
}

enum Failure {
    Credentials(Unavailable),
    Other(Unavailable),
    NoAnswer(String),
}

/// Reads something, as JSON text.
async fn read(http: &HttpClient, settings: &Settings<'_>, url: &str) -> Result<String, Failure> {
    let refused = |later, code, detail| Unavailable { later, code, detail };
    let headers =
        settings.headers().ok_or_else(|| Failure::Credentials(refused(false, None, TOKEN_UNUSABLE.into())))?;
    let answer =
        http.get(url, headers).await.map_err(|error| Failure::NoAnswer(safe(&error.to_string(), settings.token)))?;
    if answer.status.is_success() {
        return Ok(String::from_utf8_lossy(&answer.body).into_owned());
    }
    let status = answer.status.as_u16();
    let Some(error) = GraphError::read(&answer.body) else {
        let detail = format!("the provider answered status {status}");
        let refused = refused(status == 429 || status >= 500, Some(format!("http/{status}")), detail);
        return Err(if status == 401 { Failure::Credentials(refused) } else { Failure::Other(refused) });
    };
    let later = error.is_transient || matches!(error.code, Some(1 | 2 | 4 | 32 | 613 | 1200 | 80006));
    let refused = refused(later, error.code_text(), safe(&error.message, settings.token));
    Err(match error.code {
        Some(190 | 10 | 200..=299 | 102) => Failure::Credentials(refused),
        _ => Failure::Other(refused),
    })
}
