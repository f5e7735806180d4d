//! What happens around every request: its id, its line in the log, its metrics, the one shape of errors, safe headers.

use crate::{App, problem::PROBLEM_JSON, problem::Problem};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{sync::OnceLock, time::Duration, time::Instant};
use tracing::Instrument;

/// How requests took, in seconds.
const DURATION: &str = "http_request_duration_seconds";
/// The bounds of its buckets.
const DURATION_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// What a request without a route of its own is counted as; its path would make any number of series.
const NO_ROUTE: &str = "(none)";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Installs the recorder of metrics, once per process; later calls give the same handle. Somebody has to call
/// [`upkeep`], or its histograms grow.
///
/// # Panics
/// Never: the buckets are constant and not empty.
pub fn install_metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &DURATION_BUCKETS)
                .expect("the buckets are not empty")
                .build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another recorder of metrics is installed; /metrics stays empty");
            }
            metrics::describe_counter!("http_requests_total", "Requests, by route template, method and status");
            metrics::describe_histogram!(DURATION, metrics::Unit::Seconds, "How long requests took");
            metrics::describe_gauge!("live_sockets", "Open live sockets");
            handle
        })
        .clone()
}

/// Keeps the metrics' memory bounded until it is cancelled.
pub async fn upkeep(handle: PrometheusHandle, stop: tokio_util::sync::CancellationToken) {
    let mut beat = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = beat.tick() => handle.run_upkeep(),
        }
    }
}

/// The outermost layer. Logs method, route template, status and time of every request: never a path (callback keys,
/// codes of links), a query (tickets), a body or a credential.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id(request.headers(), app.config.trusted_proxy);
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let is_api = route.starts_with("/api/");
    let is_chatter = matches!(route.as_str(), "/healthz" | "/readyz" | "/metrics" | NO_ROUTE);
    // Thousands a second in a tsunami, a page full of pictures; and counted in the metrics: a line only for those that were refused.
    let is_flood = route.starts_with("/callbacks/") || route.starts_with("/files/");

    let span = tracing::info_span!("request", request_id = %id, method, route);
    let response = next.run(request).instrument(span.clone()).await;
    let mut response = one_shape(response, &id);
    safe_headers(response.headers_mut(), is_api);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }

    let took = begun.elapsed();
    let status = response.status().as_u16();
    let duration_ms = (took.as_secs_f64() * 1e4).round() / 10.0;
    span.in_scope(|| {
        if is_chatter || (is_flood && status < 400) {
            tracing::debug!(status, duration_ms, "request answered");
        } else {
            tracing::info!(status, duration_ms, "request answered");
        }
    });
    metrics::counter!("http_requests_total", "route" => route.clone(), "method" => method, "status" => status.to_string())
        .increment(1);
    metrics::histogram!(DURATION, "route" => route, "method" => method).record(took.as_secs_f64());
    response
}

/// Gives every error the shape of a problem: those that a handler made, and those of layers that know nothing of it
/// (time-outs, refused upgrades).
fn one_shape(response: Response, request_id: &str) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let written = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON);
    if !is_error || written {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let problem = parts.extensions.remove::<Problem>().unwrap_or_else(|| Problem::from_status(status));
    let mut answer = problem.render(request_id);
    let kept = [
        header::ALLOW,
        header::CONTENT_RANGE,
        header::RETRY_AFTER,
        header::WWW_AUTHENTICATE,
        header::UPGRADE,
        header::SET_COOKIE,
    ];
    for name in kept {
        if let (Some(value), false) = (parts.headers.remove(&name), answer.headers().contains_key(&name)) {
            answer.headers_mut().insert(name, value);
        }
    }
    // A body that was not read to its end (too large) cannot be followed by another request.
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Headers that make an answer harmless in a browser, unless the route set its own.
fn safe_headers(headers: &mut HeaderMap, is_api: bool) {
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Paths hold one-time codes, which are not for other sites. Stricter, and browsers hide our own Origin from us.
    default(header::REFERRER_POLICY, "same-origin");
    default(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    if is_api {
        default(header::CACHE_CONTROL, "no-store");
    }
}

/// The methods that we know by name; others would let a stranger make any number of series.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// The id that a trusted proxy gave, or a new one.
fn request_id(headers: &HeaderMap, trusted_proxy: bool) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    if let Some(given) = given.filter(|_| trusted_proxy)
        && (1..=64).contains(&given.len())
        && given.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    {
        return given.to_owned();
    }
    let random = i64::from_ne_bytes(random_bytes());
    format!("req_{}", model::id::encode_base32(random & i64::MAX))
}

/// Bytes that nobody can guess.
///
/// # Panics
/// When the operating system has no randomness to give; nothing safe can be done without it.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem;
    use axum::{Router, body::Body, middleware::map_response, routing::get};
    use tower::ServiceExt;
    use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

    async fn ask(path: &str) -> (StatusCode, HeaderMap, serde_json::Value) {
        async fn panics() -> &'static str {
            panic!("words that may hold what a customer wrote")
        }
        let router = Router::new()
            .route("/panics", get(panics))
            .route("/waits", get(std::future::pending::<&'static str>))
            .route("/refused", get(|| async { (StatusCode::UPGRADE_REQUIRED, [(header::UPGRADE, "websocket")]) }))
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(30)))
            .layer(CatchPanicLayer::custom(problem::from_panic))
            .layer(map_response(|response: Response| async { one_shape(response, "req_1") }));
        let request = Request::get(path).body(Body::empty()).unwrap();
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, 10_000).await.unwrap();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn panics_timeouts_and_refusals_of_layers_become_problems() {
        let (status, headers, problem) = ask("/panics").await;
        assert_eq!(
            (status.as_u16(), &problem["code"], &problem["request_id"]),
            (500, &"internal".into(), &"req_1".into())
        );
        assert_eq!(headers[header::CONTENT_TYPE], PROBLEM_JSON);
        assert!(!problem.to_string().contains("customer wrote"));
        let (status, _, problem) = ask("/waits").await;
        assert_eq!((status.as_u16(), &problem["code"]), (503, &"unavailable".into()));
        let (status, headers, problem) = ask("/refused").await;
        assert_eq!((status.as_u16(), &problem["code"]), (426, &"invalid".into()));
        assert_eq!(headers[header::UPGRADE], "websocket", "what the layer said besides is kept");
    }

    #[test]
    fn only_a_trusted_proxy_names_requests() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static("abc-1"));
        assert_eq!(request_id(&headers, true), "abc-1");
        assert!(request_id(&headers, false).starts_with("req_"));
        headers.insert(REQUEST_ID, HeaderValue::from_static("a b\tc"));
        assert!(request_id(&headers, true).starts_with("req_"));
    }
}
