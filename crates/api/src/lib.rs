//! The HTTP face of the product: routes, extractors, problems, the OpenAPI document, the live socket, the desk's files.
//!
//! A handler extracts, calls one function of `service` and converts. No decision is taken here and no SQL is known
//! here; `service` knows nothing of HTTP. Every error leaves as the one shape in [`problem`], every request passes
//! [`observe`], every route of `/api/v1` is registered through the macro that also documents it ([`openapi`]).
//!
//! Start with [`router`], then [`extract`] (who asks, and with what) and any feature (`threads.rs`).

pub mod agents;
pub mod assets;
pub mod attributes;
pub mod calendars;
pub mod callbacks;
pub mod channel_accounts;
pub mod customers;
pub mod episode_acts;
pub mod episodes;
pub mod extract;
pub mod file_bytes;
pub mod files;
pub mod health;
pub mod identities;
mod labels;
pub mod links;
pub mod live;
pub mod me;
pub mod merges;
pub mod messages;
pub mod notes;
pub mod observe;
pub mod openapi;
pub mod operations;
pub mod problem;
pub mod search;
pub mod session;
pub mod setup;
pub mod signals;
pub mod threads;
pub mod tokens;
pub mod webhooks;

pub use extract::network;

use axum::{Router, extract::DefaultBodyLimit, extract::FromRef, http::StatusCode, middleware, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use service::Services;
use std::{sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

/// The most bytes of a request to the API.
pub const API_BODY_LIMIT: usize = 1024 * 1024;
/// The most bytes of a provider's callback.
pub const CALLBACK_BODY_LIMIT: usize = 2 * 1024 * 1024;
/// The longest that a request may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What the HTTP face needs besides the use cases.
#[derive(Clone)]
pub struct ApiConfig {
    /// The address under which browsers and providers reach this server (`https://desk.example.com`), without a slash
    /// at its end.
    pub public_url: Option<String>,
    /// A reverse proxy that we trust stands in front: its `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxy: bool,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// Cancelled when the server stops: sockets close.
    pub stop: CancellationToken,
    /// Holds the sockets' tasks, so that stopping waits for them.
    pub tracker: TaskTracker,
}

/// What handlers share.
#[derive(Clone)]
pub(crate) struct App {
    services: Services,
    config: Arc<ApiConfig>,
}

impl FromRef<App> for Services {
    fn from_ref(app: &App) -> Self {
        app.services.clone()
    }
}

/// Builds all routes, and the OpenAPI document that describes those of `/api/v1`.
///
/// Serve the router with connect info of [`std::net::SocketAddr`]: limits and the guard of `/metrics` need the peer.
pub fn router(services: Services, config: ApiConfig) -> (Router, utoipa::openapi::OpenApi) {
    let document = openapi::document();
    let (api, _) = openapi::routes().split_for_parts();
    // Without the limit of time: a large file over a slow line takes minutes. Each looks that it does not stand still.
    let (uploads, _) = openapi::uploads().split_for_parts();
    let uploads = uploads.layer(DefaultBodyLimit::max(files::body_limit(&services)));
    let app = App { services, config: Arc::new(config) };

    let outside = Router::new()
        .route("/callbacks/{kind}/{key}", get(callbacks::answer_handshake).post(callbacks::receive_callback))
        .layer(DefaultBodyLimit::max(CALLBACK_BODY_LIMIT))
        .route("/files/{id}", get(file_bytes::serve_file))
        .route("/files/{id}/{name}", get(file_bytes::serve_file))
        .route("/healthz", get(health::tell_alive))
        .route("/readyz", get(health::tell_ready))
        .route("/metrics", get(health::tell_metrics))
        .route("/openapi.json", openapi::serve(&document));

    let router = api
        .layer(DefaultBodyLimit::max(API_BODY_LIMIT))
        .merge(outside)
        .fallback(assets::serve_desk)
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .merge(uploads)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(CatchPanicLayer::custom(problem::from_panic))
        .layer(middleware::from_fn_with_state(app.clone(), observe::observe))
        .with_state(app);
    (router, document)
}
