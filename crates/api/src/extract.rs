//! What handlers take: who asks, with which body, query and path. Every refusal is a [`Problem`].

use crate::{
    App,
    problem::{Fault, Problem},
};
use aws_lc_rs::digest;
use axum::{
    extract::{
        ConnectInfo, FromRequest, FromRequestParts, Request,
        rejection::{BytesRejection, PathRejection},
    },
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header, request::Parts},
};
use bytes::Bytes;
use serde::{
    Deserialize,
    de::{DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};
use service::{Caller, auth, auth::Credential, channel_accounts::IdempotencyKey};
use std::{cell::Cell, convert::Infallible, net::IpAddr, net::Ipv6Addr, net::SocketAddr};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{RefOr, Schema},
};

/// The session's cookie.
pub const SESSION_COOKIE: &str = "onethread_session";
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Somebody who proved who they are, by `Authorization: Bearer` or by the session's cookie.
///
/// A write by cookie needs an `Origin` of our own: the cookie comes along with whatever another site makes the browser send.
pub(crate) struct Authenticated(pub Caller);

impl FromRequestParts<App> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        authenticate(&parts.headers, &parts.uri, app, !reads).await.map(Self)
    }
}

/// Finds out who sends a request. `own_origin`: a cookie counts only together with an `Origin` of our own.
pub(crate) async fn authenticate(
    headers: &HeaderMap,
    uri: &Uri,
    app: &App,
    own_origin: bool,
) -> Result<Caller, Problem> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token =
            value.to_str().ok().and_then(bearer).ok_or_else(|| {
                Problem::unauthenticated("the Authorization header must be `Bearer` followed by a token")
            })?;
        return Ok(auth::authenticate(&app.services, Credential::Token(token)).await?);
    }
    let Some(session) = session_cookie(headers) else {
        return Err(Problem::unauthenticated("sign in, or send `Authorization: Bearer` with a token"));
    };
    if own_origin {
        require_own_origin(headers, uri, app)?;
    }
    Ok(auth::authenticate(&app.services, Credential::Session(session)).await?)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// The value of the session's cookie.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == SESSION_COOKIE && !value.is_empty())
        .map(|(_, value)| value)
}

/// Refuses requests that do not come from our own pages.
pub(crate) fn require_own_origin(headers: &HeaderMap, uri: &Uri, app: &App) -> Result<(), Problem> {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    if origin.is_some_and(|origin| is_own(origin, headers, uri, app)) {
        return Ok(());
    }
    Err(Problem::forbidden("with a session's cookie the request must come from the desk itself (header Origin)"))
}

/// Refuses requests that say that they come from another site's page.
pub(crate) struct NotForeign;

impl FromRequestParts<App> for NotForeign {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if parts.headers.contains_key(header::ORIGIN) {
            require_own_origin(&parts.headers, &parts.uri, app)?;
        }
        Ok(Self)
    }
}

fn is_own(origin: &str, headers: &HeaderMap, uri: &Uri, app: &App) -> bool {
    if app.config.public_url.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let asked = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(http::uri::Authority::as_str));
    let from = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    matches!((from, asked), (Some(from), Some(asked)) if from.eq_ignore_ascii_case(asked))
}

/// Whether the browser reached us by https, so that a cookie may be bound to it.
pub(crate) struct ByHttps(pub bool);

impl FromRequestParts<App> for ByHttps {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let public = app.config.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
        let told = app.config.trusted_proxy
            && parts.headers.get("x-forwarded-proto").is_some_and(|proto| proto.as_bytes() == b"https");
        Ok(Self(public || told))
    }
}

/// The address that the request came from: the proxy's word when one is trusted, else the connection's other end.
pub(crate) struct Peer {
    /// The address; `None` when the connection does not tell.
    pub address: Option<IpAddr>,
    /// The request came from this machine and nobody forwarded it.
    pub is_local: bool,
}

impl FromRequestParts<App> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let direct = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        let forwarded = parts.headers.contains_key("x-forwarded-for") || parts.headers.contains_key("forwarded");
        let mut address = direct;
        if app.config.trusted_proxy {
            // The last one is what our own proxy saw; those before it are what somebody claims.
            let told = parts.headers.get_all("x-forwarded-for").iter().next_back();
            let told = told.and_then(|value| value.to_str().ok()).and_then(|list| list.rsplit(',').next());
            address = told.and_then(|text| text.trim().parse::<IpAddr>().ok()).or(direct);
        }
        Ok(Self { address, is_local: !forwarded && direct.is_some_and(|ip| ip.is_loopback()) })
    }
}

impl Peer {
    /// The [`network`] that the request came from as text, for limits.
    pub(crate) fn network(&self) -> String {
        self.address.map_or_else(|| "unknown".to_owned(), |address| network(address).to_string())
    }
}

/// What limits take for one peer: an IPv4 address, or the /64 of an IPv6 address, all of which belongs to one customer of
/// an access provider (RFC 6177).
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        other => other,
    }
}

/// A part of the path. What cannot be an id names nothing: 404.
#[derive(axum::extract::FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub(crate) struct Path<T>(pub T);

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::not_found()
    }
}

/// The query. All its faults are told at once.
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        read_query(&parts.uri).map(Self)
    }
}

/// Reads a query whose fields are all optional.
pub(crate) fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let whole = match axum::extract::Query::<T>::try_from_uri(uri) {
        Ok(query) => return Ok(query.0),
        Err(rejection) => rejection.body_text(),
    };
    let mut faults = Vec::new();
    for pair in uri.query().unwrap_or_default().split('&') {
        let Ok(alone) = Uri::try_from(format!("/?{pair}")) else { continue };
        if let Err(rejection) = axum::extract::Query::<T>::try_from_uri(&alone) {
            let field = pair.split('=').next().unwrap_or_default();
            faults.push(Fault { field: field.to_owned(), message: reason(&rejection.body_text(), field) });
        }
    }
    if faults.is_empty() {
        return Err(Problem::malformed(reason(&whole, "")));
    }
    Err(Problem::invalid(faults))
}

/// The reason without the framework's words around it.
fn reason(text: &str, field: &str) -> String {
    let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(text);
    text.strip_prefix(field).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(text).to_owned()
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many items at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    pub limit: Limit,
    /// Where the page begins: the `next_cursor` of the page before it.
    #[param(max_length = 512, pattern = "^p[0-9a-z-]+$")]
    pub cursor: Option<String>,
}

/// The size of a page, 1 to 100.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct Limit(pub u32);

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u32> for Limit {
    type Error = &'static str;
    fn try_from(value: u32) -> Result<Self, &'static str> {
        if (1..=100).contains(&value) { Ok(Self(value)) } else { Err("must be between 1 and 100") }
    }
}

/// The header that makes creations repeatable, as it is documented.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by `idempotency_key`, described here")]
pub(crate) struct IdempotencyHeader {
    /// Makes a repetition harmless: the same key with the same body answers with what the first one made, with another
    /// body 409. Kept for 24 hours.
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]{1,255}$"
    )]
    idempotency_key: Option<String>,
}

/// A JSON body. Text that is no JSON is 400; content that is wrong is 422 with everything that is wrong.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned + ToSchema> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let bytes = Bytes::from_request(request, app).await?;
        read_json(&bytes).map(Self)
    }
}

/// A JSON body that creates something, with the key that makes its repetition harmless.
pub(crate) struct Creating<T> {
    /// The body.
    pub body: T,
    /// The caller's key, when one is given.
    pub key: Option<IdempotencyKey>,
    /// SHA-256 of method, path and body.
    pub request_hash: [u8; 32],
}

impl<T: DeserializeOwned + ToSchema> FromRequest<App> for Creating<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let key = idempotency_key(request.headers())?;
        require_json(request.headers())?;
        let mut hash = digest::Context::new(&digest::SHA256);
        for part in [request.method().as_str(), request.uri().path()] {
            hash.update(part.as_bytes());
            hash.update(b"\0");
        }
        let bytes = Bytes::from_request(request, app).await?;
        hash.update(&bytes);
        let mut request_hash = [0; 32];
        request_hash.copy_from_slice(hash.finish().as_ref());
        Ok(Self { body: read_json(&bytes)?, key: key.map(|key| IdempotencyKey { key, request_hash }), request_hash })
    }
}

/// A JSON body that may be absent (nothing, or `null`); then all of it is.
pub(crate) struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + ToSchema + Default> FromRequest<App> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = require_json(request.headers());
        let bytes = Bytes::from_request(request, app).await?;
        if matches!(bytes.trim_ascii(), b"" | b"null") {
            return Ok(Self(T::default()));
        }
        kind?;
        read_json(&bytes).map(Self)
    }
}

/// The caller's key that makes a repetition harmless, when one is given.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return match headers.contains_key(IDEMPOTENCY_KEY) {
            true => Err(Problem::invalid_field("Idempotency-Key", "give the header once")),
            false => Ok(None),
        };
    };
    let key = value.as_bytes();
    if (1..=255).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) {
        return Ok(Some(String::from_utf8_lossy(key).into_owned()));
    }
    Err(Problem::invalid_field("Idempotency-Key", "must be 1 to 255 visible ASCII characters without spaces"))
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            _ => Self::malformed("the body could not be read to its end"),
        }
    }
}

/// Pages of other sites cannot send this type without asking first, so it also guards sign-in.
fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::from_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

fn read_json<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Result<T, Problem> {
    let error = match serde_json::from_slice(bytes) {
        Ok(value) if is_object(bytes) => return Ok(value),
        Ok(_) => return Err(not_an_object()),
        Err(error) => error,
    };
    if !error.is_data() {
        let (line, column) = (error.line(), error.column());
        return Err(Problem::malformed(format!("the body is no JSON: it breaks at line {line}, column {column}")));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Err(Problem::invalid(faults_of::<T>(object))),
        _ => Err(not_an_object()),
    }
}

/// Whether JSON text is an object. serde would also take an array for one, its items as the fields in their order.
fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().first() == Some(&b'{')
}

fn not_an_object() -> Problem {
    Problem::malformed("the body must be a JSON object")
}

/// Everything that is wrong with an object: unknown and missing fields, and fields with a wrong value. serde stops at
/// the first fault, so the fields are tried one by one.
fn faults_of<T: DeserializeOwned + ToSchema>(object: Map<String, Value>) -> Vec<Fault> {
    let RefOr::T(Schema::Object(schema)) = T::schema() else { return Vec::new() };
    let mut faults = Vec::new();
    for name in schema.required.iter().filter(|name| !object.contains_key(*name)) {
        faults.push(Fault { field: name.clone(), message: "is missing".to_owned() });
    }
    for (name, value) in object {
        if !schema.properties.contains_key(&name) {
            let known: Vec<&str> = schema.properties.keys().map(String::as_str).collect();
            faults.push(Fault { field: name, message: format!("is not known here; known are {}", known.join(", ")) });
            continue;
        }
        let failed = Cell::new(false);
        let alone = OneField { name: &name, value: Some(value), failed: &failed };
        // An error of another kind only says that the other fields are missing, which is so on purpose.
        if let Err(error) = T::deserialize(MapAccessDeserializer::new(alone))
            && failed.get()
        {
            faults.push(Fault { message: error.to_string(), field: name });
        }
    }
    faults
}

/// An object with one field, which notes whether the field's value was refused.
struct OneField<'a> {
    name: &'a str,
    value: Option<Value>,
    failed: &'a Cell<bool>,
}

impl<'de> MapAccess<'de> for OneField<'_> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        if self.value.is_none() {
            return Ok(None);
        }
        seed.deserialize(self.name.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        let value = self.value.take().unwrap_or(Value::Null);
        seed.deserialize(value).inspect_err(|_| self.failed.set(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_ipv4_address_or_the_64_of_an_ipv6_address() {
        let network = |text: &str| Peer { address: Some(text.parse().unwrap()), is_local: false }.network();
        assert_eq!(network("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(network("::1"), "::1");
        assert_eq!(network("203.0.113.7"), "203.0.113.7");
        assert_eq!(network("2001:db8:1:2:aaaa::1"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("2001:db8:1:2::1"), "2001:db8:1:2::");
        assert_eq!(Peer { address: None, is_local: false }.network(), "unknown");
    }
}
