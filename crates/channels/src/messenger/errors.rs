//! What a failed send means. The table of `README.md` (Errors), as code.
//!
//! Source of the codes: Messenger Platform, "Error codes" and "Send API", Graph v25.0. The code is looked at first,
//! then the subcode. What stops the whole account until an admin acts is [`SendOutcome::Unauthorized`] (a token that ended) or, when
//! no new token helps, [`SendOutcome::PolicyBlocked`]. A missing permission ([`SendOutcome::NotPermitted`]) may concern some messages alone
//! (a tag), so others are still tried.

use super::codec::{GraphError, Object};
use channel::{SendOutcome, http::Answer};
use model::gate::Window;

/// "Sent outside of the allowed window" (Send API), and the same word on the newer send page.
const WINDOW_SUBCODES: [i64; 3] = [2_018_278, 2_018_065, 2_534_022];
/// "This person isn't available" on the older pages, "window closed" on the page of 2026.
const UNAVAILABLE_OR_CLOSED: i64 = 1_545_041;
/// "This person isn't receiving messages from you right now."
const NOT_RECEIVING: i64 = 2_018_108;
/// The page's contact terms were not accepted; only an admin of the page can.
const TERMS_NOT_ACCEPTED: i64 = 2_018_344;
/// "Page temporarily restricted" (Send API, since June 2026).
const PAGE_RESTRICTED: i64 = 1_893_063;
/// Another app controls the thread (conversation routing).
const NOT_THREAD_OWNER: i64 = 2_018_300;

/// Sorts an answer that is not an acceptance. `window` is what our own clock says of the window.
#[must_use]
pub fn classify(answer: &Answer, window: Window) -> SendOutcome {
    let wait = retry_after(answer);
    match GraphError::read(&answer.body) {
        Some(error) => by_error(&error, answer.status.as_u16(), window, wait),
        None => by_status(answer, wait),
    }
}

/// By Meta's own words.
fn by_error(error: &GraphError, status: u16, window: Window, retry_after_millis: Option<i64>) -> SendOutcome {
    let code = error.code_text();
    let mut detail = error.message.clone();
    if let Some(words) = error.user_message.as_ref().filter(|words| **words != detail) {
        detail = if detail.is_empty() { words.clone() } else { format!("{detail} — {words}") };
    }
    let subcode = error.subcode.unwrap_or(0);
    match error.code {
        Some(551) => SendOutcome::Blocked { code, detail },
        Some(10) if WINDOW_SUBCODES.contains(&subcode) || subcode == UNAVAILABLE_OR_CLOSED => {
            SendOutcome::OutsideWindow { code, detail }
        }
        // Without 551 or 10 beside it the word is ambiguous. Our own clock decides: if it says that the window is open,
        // it is the person who cannot be reached.
        other if subcode == UNAVAILABLE_OR_CLOSED || other == Some(UNAVAILABLE_OR_CLOSED) => match window {
            Window::Open => SendOutcome::Blocked { code, detail },
            Window::HumanAgent => SendOutcome::OutsideWindow { code, detail },
        },
        other if subcode == NOT_RECEIVING || other == Some(NOT_RECEIVING) => SendOutcome::Blocked { code, detail },
        other if subcode == NOT_THREAD_OWNER || other == Some(NOT_THREAD_OWNER) => {
            SendOutcome::Permanent { code, detail }
        }
        Some(_) if [TERMS_NOT_ACCEPTED, PAGE_RESTRICTED].contains(&subcode) => {
            SendOutcome::PolicyBlocked { code, detail }
        }
        Some(4 | 32 | 613 | 80006) => SendOutcome::RateLimited { retry_after_millis, code, detail },
        Some(190) => SendOutcome::Unauthorized { code, detail },
        Some(10 | 200..=299) => SendOutcome::NotPermitted { code, detail },
        // "Temporarily blocked for policies violations" (Graph API, error codes).
        Some(368) => SendOutcome::PolicyBlocked { code, detail },
        Some(100) => SendOutcome::Permanent { code, detail },
        Some(1 | 2 | 1200) => SendOutcome::Temporary { retry_after_millis, code, detail },
        _ if error.is_transient => SendOutcome::Temporary { retry_after_millis, code, detail },
        _ if status == 429 => SendOutcome::RateLimited { retry_after_millis, code, detail },
        _ if status == 401 => SendOutcome::Unauthorized { code, detail },
        // A failure inside Meta with a code that nobody wrote down proves nothing.
        _ if status >= 500 => SendOutcome::Uncertain { detail: format!("status {status}, {}", words(code, &detail)) },
        _ => SendOutcome::Permanent { code, detail },
    }
}

/// Without Meta's words only the status is left, and it may be a proxy's.
fn by_status(answer: &Answer, retry_after_millis: Option<i64>) -> SendOutcome {
    let status = answer.status.as_u16();
    let code = Some(format!("http/{status}"));
    let detail = format!("the provider answered status {status} without an error of its own");
    match status {
        429 => SendOutcome::RateLimited { retry_after_millis, code, detail },
        401 => SendOutcome::Unauthorized { code, detail },
        // Meta says why; a wall before it does not. Either way it is us that are refused, not the words.
        403 => SendOutcome::NotPermitted {
            code,
            detail: format!("{detail}; check the token, and what stands between this server and the provider"),
        },
        // These redirects say that nothing was done here; 303 says that something was. They are the way's fault and no
        // message's: a proxy that is set up wrong, or an address that has moved.
        301 | 302 | 307 | 308 => SendOutcome::Temporary {
            retry_after_millis,
            code,
            detail: format!("{detail}; set api_base to the address that it points to"),
        },
        // Somewhere between us and Meta the time ran out; who knows where.
        408 => SendOutcome::Uncertain { detail },
        400..=499 => SendOutcome::Permanent { code, detail },
        _ => SendOutcome::Uncertain { detail },
    }
}

/// The longer of `Retry-After` and `X-Business-Use-Case-Usage`, in milliseconds. The latter is JSON: for each business
/// a list of limits with `estimated_time_to_regain_access` in minutes (Graph API, "Rate limiting").
fn retry_after(answer: &Answer) -> Option<i64> {
    answer.retry_after_millis().max(regain_access_millis(answer))
}

fn regain_access_millis(answer: &Answer) -> Option<i64> {
    let usage = Object::read(answer.headers.get("x-business-use-case-usage")?.to_str().ok()?)?;
    let minutes = usage
        .names()
        .filter_map(|business| usage.list(business))
        .flatten()
        .filter_map(|limit| Object::read(limit.get())?.number("estimated_time_to_regain_access"))
        .max()?;
    (minutes > 0).then(|| minutes.saturating_mul(60_000))
}

fn words(code: Option<String>, detail: &str) -> String {
    code.map_or_else(|| detail.to_owned(), |code| format!("code {code}: {detail}"))
}

#[cfg(test)]
mod tests;
