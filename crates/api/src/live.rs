//! The live socket: every record of the log, each exactly once and in order, resumed by cursor.
//!
//! The queue of a socket is one page of records. A reader that does not take what is sent within ten seconds is closed
//! and resumes from its cursor; it holds up nobody else.

use crate::{
    App,
    extract::{Authenticated, authenticate, read_query},
    problem::{Checked, Common, Guarded, Limited, NoSocket, Problem},
};
use axum::{
    Json,
    extract::{
        OriginalUri, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
};
use futures_util::SinkExt;
use model::{Cursor, Timestamp};
use serde::{Deserialize, Serialize};
use service::{
    Services,
    live::{self, Next, Subscription},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};

/// The server stops; come back.
const GOING_AWAY: u16 = 1001;
/// The credential is gone; sign in again.
const CREDENTIAL_GONE: u16 = 4401;
/// The reader did not keep up; resume by cursor.
const TOO_SLOW: u16 = 4408;

/// The longest that one frame may take to be taken.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the other side is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(30);
/// The pause after the log could not be read.
const PAUSE: Duration = Duration::from_secs(1);
/// How long to wait for the other side's close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Clients have nothing to say but pings and closes.
const MAX_INCOMING_BYTES: usize = 4096;
/// Bytes gathered before they are written.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// A ticket for one socket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveTicket {
    /// To be given as `?ticket=`, once.
    ticket: String,
    /// One minute after it was made.
    expires_at: Timestamp,
    /// The log's end: what is read from now on holds at least everything up to it.
    cursor: Cursor,
}

/// Makes a ticket for one socket, for clients that can send no header with it (browsers).
#[utoipa::path(
    post, path = "/live/tickets", tag = "Live",
    responses((status = 201, description = "It serves one socket within a minute.", body = LiveTicket), Guarded, Common)
)]
pub(crate) async fn create_live_ticket(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
) -> Result<(StatusCode, Json<LiveTicket>), Problem> {
    let ticket = live::create_ticket(&services, &caller).await?;
    let answer = LiveTicket { ticket: ticket.secret, expires_at: ticket.expires_at, cursor: ticket.cursor };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// From where the log is followed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveQuery {
    /// The cursor of the last frame seen; without it the log is followed from now on.
    #[param(value_type = Option<Cursor>)]
    after: Option<Cursor>,
    /// A ticket, when neither header nor cookie can be sent.
    ticket: Option<String>,
}

/// Follows the log over a WebSocket.
///
/// Each text frame is one record (`LogFrame`), in order and without gaps; resuming after any cursor yields every later
/// record exactly once. One credential may hold 50 sockets at a time; more are refused with 429. Close codes: 1001 the server stops, 4401 the credential is gone, 4408 the
/// reader was too slow; after all but 4401 connect again with `after`.
#[utoipa::path(
    get, path = "/live", tag = "Live", params(LiveQuery),
    responses(
        (status = 101, description = "The socket is open."),
        NoSocket,
        Guarded, Checked, Limited, Common,
    )
)]
pub(crate) async fn follow_log(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let query = read_query::<LiveQuery>(&uri);
    let refused = || Problem::malformed("this address takes WebSocket connections");
    // A ticket is spent by its first use, so it is not looked at before everything else is right.
    let (caller, query, upgrade) = match &query {
        Ok(LiveQuery { ticket: Some(ticket), after }) => {
            let upgrade = upgrade.map_err(|_| refused())?;
            (live::redeem_ticket(&app.services, ticket).await?, *after, upgrade)
        }
        _ => {
            let caller = authenticate(&headers, &uri, &app, true).await?;
            (caller, query?.after, upgrade.map_err(|_| refused())?)
        }
    };
    // Before the upgrade: what is recorded from here on reaches the socket, and errors are still answers.
    let subscription = live::subscribe(&app.services, &caller, query).await?;
    let (stop, tracker) = (app.config.stop.clone(), app.config.tracker.clone());
    let upgrade = upgrade
        .max_message_size(MAX_INCOMING_BYTES)
        .max_frame_size(MAX_INCOMING_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES);
    Ok(upgrade.on_upgrade(move |socket| tracker.track_future(serve(socket, subscription, stop))))
}

/// Counts open sockets.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("live_sockets").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("live_sockets").decrement(1.0);
    }
}

/// Why a socket ends.
enum End {
    /// The other side left, or the connection broke.
    Gone,
    /// We say goodbye with this code.
    Close(u16, &'static str),
}

async fn serve(mut socket: WebSocket, mut subscription: Subscription, stop: CancellationToken) {
    let _counted = Counted::new();
    match follow(&mut socket, &mut subscription, &stop).await {
        End::Gone => {}
        End::Close(code, reason) => say_goodbye(socket, code, reason).await,
    }
}

async fn follow(socket: &mut WebSocket, subscription: &mut Subscription, stop: &CancellationToken) -> End {
    let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING_EVERY, PING_EVERY);
    let mut heard = true;
    loop {
        let sent = tokio::select! {
            () = stop.cancelled() => return End::Close(GOING_AWAY, "the server stops"),
            next = next_of(subscription) => match next {
                Next::Frames(frames) => send(socket, &frames, stop).await,
                Next::Ended => return End::Close(CREDENTIAL_GONE, "the credential is gone"),
            },
            incoming = socket.recv() => match incoming {
                // Pings are answered by the protocol itself; whatever else a client says is of no interest.
                Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                Some(Ok(_)) => { heard = true; Ok(()) }
            },
            _ = ping.tick() => {
                if !std::mem::take(&mut heard) {
                    return End::Gone;
                }
                within(socket.send(Message::Ping(bytes::Bytes::new())), stop).await
            }
        };
        if let Err(end) = sent {
            return end;
        }
    }
}

/// Waits for the next records, also over a time when the database does not answer: nothing is lost by waiting.
async fn next_of(subscription: &mut Subscription) -> Next {
    loop {
        match subscription.next().await {
            Ok(next) => return next,
            Err(error) => {
                tracing::debug!(%error, "the log cannot be read now");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn send(socket: &mut WebSocket, frames: &[Arc<str>], stop: &CancellationToken) -> Result<(), End> {
    for frame in frames {
        within(socket.feed(Message::Text(frame.as_ref().into())), stop).await?;
    }
    within(socket.flush(), stop).await
}

/// Waits for a write, but neither for a reader that does not read nor past the server's stop.
async fn within<E>(write: impl Future<Output = Result<(), E>>, stop: &CancellationToken) -> Result<(), End> {
    tokio::select! {
        written = timeout(SEND_TIMEOUT, write) => match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Close(TOO_SLOW, "too slow; resume by cursor")),
        },
        () = stop.cancelled() => Err(End::Close(GOING_AWAY, "the server stops")),
    }
}

/// Sends a close frame and waits shortly for the other side's. Nobody waits for a side that does not answer.
async fn say_goodbye(mut socket: WebSocket, code: u16, reason: &'static str) {
    let goodbye = async {
        let frame = CloseFrame { code, reason: reason.into() };
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    if timeout(CLOSE_TIMEOUT, goodbye).await.is_err() {
        tracing::debug!(code, "a socket did not say goodbye");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_does_not_read_is_closed_and_a_stop_does_not_wait_for_it() {
        let stop = CancellationToken::new();
        let begun = tokio::time::Instant::now();
        let slow = within(pending::<Result<(), ()>>(), &stop).await;
        assert!(matches!(slow, Err(End::Close(TOO_SLOW, _))));
        assert_eq!(begun.elapsed(), SEND_TIMEOUT);
        stop.cancel();
        let stopped = within(pending::<Result<(), ()>>(), &stop).await;
        assert!(matches!(stopped, Err(End::Close(GOING_AWAY, _))));
        assert!(matches!(within(async { Err(()) }, &CancellationToken::new()).await, Err(End::Gone)));
    }
}
