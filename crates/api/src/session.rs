//! Signing in and out: the session and its cookie.

use crate::{
    App,
    extract::{Body, ByHttps, NotForeign, Peer, SESSION_COOKIE, require_own_origin, session_cookie},
    me::Me,
    problem::{BadSecret, Checked, Common, Guarded, Limited, Problem, WithBody},
};
use axum::{
    Json,
    extract::{OriginalUri, State},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use model::Timestamp;
use serde::Deserialize;
use service::{Services, auth, auth::SignedIn};
use utoipa::ToSchema;

/// How a person signs in.
// Has no `Debug`: nothing may print a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// The e-mail address.
    email: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
}

/// The answer to a sign-in: who one is now, and the session's cookie.
pub(crate) async fn begin(
    services: &Services,
    signed_in: SignedIn,
    by_https: ByHttps,
) -> Result<impl IntoResponse + use<>, Problem> {
    let profile = auth::get_profile(services, &signed_in.caller).await?;
    let cookie = cookie(&signed_in.secret, Some(signed_in.expires_at), by_https.0);
    Ok((StatusCode::CREATED, AppendHeaders([(header::SET_COOKIE, cookie)]), Json(Me::new(&signed_in.caller, profile))))
}

/// The cookie's line; without an end it takes the cookie away.
fn cookie(secret: &str, expires_at: Option<Timestamp>, by_https: bool) -> String {
    let expires = expires_at.and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok()).map_or_else(
        || "Thu, 01 Jan 1970 00:00:00 GMT".to_owned(),
        |at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    );
    let secure = if by_https { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={secret}; Path=/; Expires={expires}; HttpOnly; SameSite=Lax{secure}")
}

/// Signs a person in.
///
/// After five misses within a minute, from one network for one e-mail address, the answer is 429 for a while.
#[utoipa::path(
    post, path = "/session", tag = "Sign-in", request_body = SignIn, security(()),
    extensions(("x-internal" = json!(true))),
    responses(
        (status = 201, description = "Signed in; the answer sets the session's cookie.", body = Me),
        BadSecret,
        Checked, WithBody, Limited, Common,
    )
)]
pub(crate) async fn sign_in(
    State(services): State<Services>,
    _: NotForeign,
    by_https: ByHttps,
    peer: Peer,
    Body(body): Body<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    let signed_in = auth::sign_in(&services, &body.email, &body.password, &peer.network()).await?;
    begin(&services, signed_in, by_https).await
}

/// Ends the session that the cookie names.
#[utoipa::path(
    delete, path = "/session", tag = "Sign-in", security(("cookie" = [])),
    extensions(("x-internal" = json!(true))),
    responses((status = 204, description = "The session is over; the answer takes the cookie away."), Guarded, Common)
)]
pub(crate) async fn sign_out(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    by_https: ByHttps,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let Some(secret) = session_cookie(&headers) else {
        return Err(Problem::unauthenticated("there is no session to end"));
    };
    require_own_origin(&headers, &uri, &app)?;
    auth::sign_out(&app.services, secret).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie("", None, by_https.0))])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_kept_from_scripts_and_from_other_sites() {
        let line = cookie("abc", Some(Timestamp(1_789_000_101_321)), true);
        assert_eq!(
            line,
            "onethread_session=abc; Path=/; Expires=Thu, 10 Sep 2026 00:28:21 GMT; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(!cookie("abc", None, false).contains("Secure"), "a browser drops a secure cookie that came by http");
    }
}
