//! The one shape of every error (RFC 9457), and how errors of the use cases become it.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::gate::{Alternative, AlternativeReason};
use serde::Serialize;
use service::{FieldFault, ServiceError};
use std::{any::Any, collections::BTreeMap};
use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, response::ResponseBuilder},
};

/// The media type of problems.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Where: a field (`settings.page_id`), a query parameter or a header.
    pub field: String,
    /// What would be right.
    pub message: String,
}

/// An error on its way out. `code` is stable; the words are for people and may change.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    faults: Vec<Fault>,
    alternatives: Vec<Alternative>,
    retry_after_seconds: Option<u64>,
}

/// An error, in the form of RFC 9457. `code` is stable; `title` and `detail` are for people and may change.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
struct Written<'a> {
    /// Always `about:blank`: the code says more than an address would.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'a str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong, for programs: `unauthenticated`, `forbidden`, `not_found`, `method_not_allowed`, `conflict`,
    /// `idempotency_conflict`, `gone`, `too_large`, `unsupported_media_type`, `invalid`, `too_many_requests`, `unavailable`,
    /// `internal`, or the reason of a conflict (`window_closed`, `already_connected`).
    code: &'static str,
    /// What went wrong, in words.
    detail: &'a str,
    /// Names the request in the server's log.
    request_id: &'a str,
    /// Everything that is wrong with the request, when its content is.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    #[schema(required = false, value_type = Vec<Fault>)]
    faults: &'a [Fault],
    /// The other ways that are open, when a message may not go the one that was asked for (`window_closed`).
    #[serde(skip_serializing_if = "<[Alternative]>::is_empty")]
    #[schema(required = false, value_type = Vec<Alternative>)]
    alternatives: &'a [Alternative],
}

impl Problem {
    /// A problem with a stable code and words for people.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            faults: Vec::new(),
            alternatives: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// Nobody, or nobody any more.
    #[must_use]
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// Known, and not allowed.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// Not there, or not for this caller.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
    }

    /// A body or a query that cannot be read at all.
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", detail)
    }

    /// A request that can be read and whose content is wrong; every fault at once.
    #[must_use]
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let detail = if faults.len() == 1 { "one field is wrong" } else { "several fields are wrong" };
        Self { faults, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    /// One fault of one field.
    #[must_use]
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![Fault { field: field.into(), message: message.into() }])
    }

    /// More bytes than the route takes.
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body has more bytes than this address takes")
    }

    /// The problem that a bare status stands for.
    #[must_use]
    pub fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::unauthenticated("credentials are needed"),
            StatusCode::FORBIDDEN => Self::forbidden("this is not allowed"),
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(status, "method_not_allowed", "this address does not take this method")
            }
            StatusCode::CONFLICT => Self::new(status, "conflict", "this contradicts what is there"),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(status, "unsupported_media_type", "send application/json"),
            StatusCode::TOO_MANY_REQUESTS => Self::new(status, "too_many_requests", "too often; wait"),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => {
                Self::new(status, "unavailable", "the server could not do this in time; try again")
            }
            status if status.is_server_error() => Self::new(status, "internal", INTERNAL),
            status => Self::new(status, "invalid", "the request cannot be understood"),
        }
    }

    /// Writes the answer: the last step, in [`crate::observe`], where the request's id is known.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let written = Written {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            request_id,
            faults: &self.faults,
            alternatives: &self.alternatives,
        };
        // Plain texts and numbers always become JSON.
        let body = serde_json::to_vec(&written).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

const INTERNAL: &str = "a fault of the server; its log names it by the request_id";

impl IntoResponse for Problem {
    /// Carries the problem outwards; [`crate::observe`] writes it.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<FieldFault> for Fault {
    fn from(fault: FieldFault) -> Self {
        Self { field: fault.field, message: fault.message }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Invalid(faults) => Self::invalid(faults.into_iter().map(Fault::from).collect()),
            ServiceError::NotFound => Self::not_found(),
            ServiceError::Forbidden(detail) => Self::forbidden(detail),
            ServiceError::Unauthenticated(detail) => Self::unauthenticated(detail),
            ServiceError::Conflict { code, message } => Self::new(StatusCode::CONFLICT, code, message),
            ServiceError::Refused { code, message, alternatives } => {
                Self { alternatives, ..Self::new(StatusCode::CONFLICT, code, message) }
            }
            ServiceError::TooManyRequests { retry_after_seconds } => Self {
                retry_after_seconds: Some(retry_after_seconds.max(1)),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many tries; wait")
            },
            ServiceError::TooLarge { most_bytes } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("more than {} MiB, the most that this server takes", most_bytes / (1024 * 1024)),
            ),
            ServiceError::Gone(detail) => Self::new(StatusCode::GONE, "gone", detail),
            ServiceError::Unavailable(reason) => {
                tracing::warn!(error = %reason, "cannot be done now");
                Self {
                    retry_after_seconds: Some(1),
                    ..Self::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "unavailable",
                        "this cannot be done now; nothing was lost, try again",
                    )
                }
            }
            ServiceError::CannotWrite(reason) => {
                // The reason names places on the machine; it is for the log.
                tracing::warn!(error = %reason, "the database cannot be written");
                Self {
                    retry_after_seconds: Some(10),
                    ..Self::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "unavailable",
                        "the database takes no writes now: its disk is full, or it is read-only; the server's log says \
                         what helps",
                    )
                }
            }
            ServiceError::Internal(reason) => {
                tracing::error!(error = %reason, "a fault of ours");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", INTERNAL)
            }
        }
    }
}

/// The answer when a route does not take a method.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::from_status(StatusCode::METHOD_NOT_ALLOWED)
}

/// The answer when a handler panicked. The panic hook has already logged where; the words may hold what a customer wrote.
pub(crate) fn from_panic(_payload: Box<dyn Any + Send + 'static>) -> Response {
    Problem::from_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident { $($status:literal => $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
                BTreeMap::from([$(($status.to_owned(), problem_answer($text))),*])
            }
        }
    )*};
}

answers! {
    /// What any route may answer.
    Common {
        "500" => "A fault of the server (`internal`); its log names it by the request id.",
        "503" => "It cannot be done now (`unavailable`); nothing was lost, try again.",
        "default" => "Any other error has the same shape.",
    }
    /// What a route that asks for credentials may answer.
    Guarded {
        "401" => "Credentials are missing, wrong or gone (`unauthenticated`).",
        "403" => "The caller has not the right (`forbidden`).",
    }
    /// What a route about one thing may answer.
    Missing { "404" => "It does not exist, or not for this caller (`not_found`)." }
    /// What a route that takes a body or a query may answer.
    Checked { "422" => "The content is wrong (`invalid`); `faults` names everything that is." }
    /// What a route that takes a body may answer.
    WithBody {
        "400" => "The body is no JSON (`invalid`).",
        "413" => "The body has more than 1 MiB (`too_large`).",
        "415" => "The body is not `application/json` (`unsupported_media_type`).",
    }
    /// What a route that takes a file may answer.
    WithFile {
        "400" => "The body could not be read to its end (`invalid`).",
        "413" => "The file is larger than this server takes (`too_large`).",
        "415" => "A form that is not `multipart/form-data` (`unsupported_media_type`).",
    }
    /// What a route that changes something may answer.
    Contradicts { "409" => "It contradicts what is there; the code says how." }
    /// What a route that proves who somebody is by a secret of theirs may answer.
    BadSecret { "401" => "What should prove who you are is wrong (`unauthenticated`)." }
    /// What a route that only takes sockets may answer.
    NoSocket { "400" => "Not a request for a WebSocket (`invalid`)." }
    /// What a route that limits tries may answer.
    Limited { "429" => "Too many tries (`too_many_requests`); `Retry-After` says how long to wait." }
}

fn problem_answer(description: &str) -> RefOr<utoipa::openapi::Response> {
    ResponseBuilder::new()
        .description(description)
        .content(PROBLEM_JSON, ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build())
        .build()
        .into()
}

/// The schema of problems, for the document's components.
pub(crate) fn schemas() -> [(String, RefOr<utoipa::openapi::Schema>); 4] {
    [
        ("Problem".to_owned(), Written::schema()),
        ("Fault".to_owned(), Fault::schema()),
        ("Alternative".to_owned(), Alternative::schema()),
        ("AlternativeReason".to_owned(), AlternativeReason::schema()),
    ]
}
