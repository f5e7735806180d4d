//! The table of errors, row by row.

use super::*;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn graph(status: u16, code: i64, subcode: Option<i64>) -> Answer {
    let subcode = subcode.map(|subcode| format!(r#","error_subcode":{subcode}"#)).unwrap_or_default();
    answer(
        status,
        &format!(
            r#"{{"error":{{"message":"words","type":"OAuthException","code":{code}{subcode},"fbtrace_id":"A"}}}}"#
        ),
    )
}

fn class(outcome: &SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Temporary { .. } => "temporary",
        SendOutcome::RateLimited { .. } => "rate_limited",
        SendOutcome::OutsideWindow { .. } => "outside_window",
        SendOutcome::Unauthorized { .. } => "unauthorized",
        SendOutcome::NotPermitted { .. } => "not_permitted",
        SendOutcome::Blocked { .. } => "blocked",
        SendOutcome::PolicyBlocked { .. } => "policy_blocked",
        SendOutcome::Permanent { .. } => "permanent",
        SendOutcome::Uncertain { .. } => "uncertain",
    }
}

#[test]
fn every_row_of_the_table() {
    let rows: &[(u16, i64, Option<i64>, &str)] = &[
        (500, 1, None, "temporary"),
        (500, 2, None, "temporary"),
        (400, 2, None, "temporary"),
        (400, 1200, None, "temporary"),
        (400, 4, None, "rate_limited"),
        (400, 32, None, "rate_limited"),
        (400, 613, None, "rate_limited"),
        (403, 80006, None, "rate_limited"),
        (400, 10, Some(2018278), "outside_window"),
        (400, 10, Some(2018065), "outside_window"),
        (400, 10, Some(2534022), "outside_window"),
        (400, 10, Some(1893063), "policy_blocked"),
        (400, 10, None, "not_permitted"),
        (400, 10, Some(2018300), "permanent"),
        (403, 200, None, "not_permitted"),
        (403, 299, None, "not_permitted"),
        (400, 100, None, "permanent"),
        (400, 100, Some(2018001), "permanent"),
        (401, 190, None, "unauthorized"),
        (400, 190, Some(463), "unauthorized"),
        (400, 368, None, "policy_blocked"),
        (400, 551, None, "blocked"),
        (400, 551, Some(1545041), "blocked"),
        (400, 200, Some(2018108), "blocked"),
        (400, 2018108, None, "blocked"),
        (400, 2, Some(2018344), "policy_blocked"),
        (400, 2018300, None, "permanent"),
        (400, 99_999, None, "permanent"),
        (500, 99_999, None, "uncertain"),
        (429, 99_999, None, "rate_limited"),
    ];
    for (status, code, subcode, expected) in rows {
        let outcome = classify(&graph(*status, *code, *subcode), Window::Open);
        assert_eq!(class(&outcome), *expected, "{status} {code} {subcode:?}: {outcome:?}");
    }
}

#[test]
fn the_ambiguous_word_is_decided_by_code_and_then_by_our_clock() {
    let ask = |code, window| classify(&graph(400, code, Some(1_545_041)), window);
    assert_eq!(class(&ask(551, Window::HumanAgent)), "blocked");
    assert_eq!(class(&ask(10, Window::Open)), "outside_window");
    for code in [100, 200] {
        assert_eq!(class(&ask(code, Window::Open)), "blocked", "our clock says that the window is open");
        assert_eq!(class(&ask(code, Window::HumanAgent)), "outside_window");
    }
    assert_eq!(class(&classify(&graph(400, 1_545_041, None), Window::HumanAgent)), "outside_window");
}

#[test]
fn without_metas_words_only_the_status_counts() {
    for (status, expected) in [
        (400, "permanent"),
        (401, "unauthorized"),
        (403, "not_permitted"),
        (404, "permanent"),
        (408, "uncertain"),
        (429, "rate_limited"),
        (500, "uncertain"),
        (502, "uncertain"),
        (503, "uncertain"),
        (504, "uncertain"),
        (303, "uncertain"),
        (302, "temporary"),
        (307, "temporary"),
    ] {
        for body in ["", "<html></html>", "{}", "[]", r#"{"error":"words"}"#] {
            assert_eq!(class(&classify(&answer(status, body), Window::Open)), expected, "{status} {body}");
        }
    }
}

#[test]
fn codes_may_be_texts_and_odd_ones_do_no_harm() {
    let outcome = classify(&answer(400, r#"{"error":{"code":"190","error_subcode":"463","message":7}}"#), Window::Open);
    assert_eq!(outcome, SendOutcome::Unauthorized { code: Some("190/463".into()), detail: String::new() });
    let outcome = classify(&answer(400, r#"{"error":{"code":null,"message":"m","is_transient":true}}"#), Window::Open);
    assert_eq!(class(&outcome), "temporary");
    let outcome = classify(&answer(400, r#"{"error":{}}"#), Window::Open);
    assert_eq!(class(&outcome), "permanent");
}

#[test]
fn the_longer_waiting_time_counts() {
    let mut limited = graph(429, 613, None);
    let wait = |answer: &Answer| match classify(answer, Window::Open) {
        SendOutcome::RateLimited { retry_after_millis, .. } => retry_after_millis,
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(&limited), None);
    limited.headers.insert("retry-after", HeaderValue::from_static("30"));
    assert_eq!(wait(&limited), Some(30_000));
    let usage = HeaderName::from_static("x-business-use-case-usage");
    for (value, expected) in [
        (
            r#"{"1":[{"type":"messenger","estimated_time_to_regain_access":2}],"2":[{"estimated_time_to_regain_access":1}]}"#,
            120_000,
        ),
        (r#"{"1":[{"estimated_time_to_regain_access":0}]}"#, 30_000),
        ("not json", 30_000),
    ] {
        limited.headers.insert(usage.clone(), HeaderValue::from_static(value));
        assert_eq!(wait(&limited), Some(expected), "{value}");
    }
}

#[test]
fn the_words_for_a_person_are_added() {
    let body = r#"{"error":{"code":368,"message":"Blocked","error_user_msg":"Ask the page's admin."}}"#;
    let SendOutcome::PolicyBlocked { detail, .. } = classify(&answer(400, body), Window::Open) else { panic!() };
    assert_eq!(detail, "Blocked — Ask the page's admin.");
}
