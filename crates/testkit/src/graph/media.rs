//! Files that customers send: kept at addresses of the stand-in's own, as the provider keeps them.

use super::{GraphStandIn, Shared};
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::watch;

/// A file at an address.
#[derive(Debug)]
pub(super) struct Hosted {
    media_type: String,
    bytes: Bytes,
    /// What is answered before the file is given; 200 is the file.
    statuses: VecDeque<u16>,
    /// How often it was asked for.
    asked: usize,
    /// Half of it comes, the rest only when this is true.
    open: watch::Sender<bool>,
}

impl GraphStandIn {
    /// Keeps a file at an address and gives that.
    pub fn host(&self, name: &str, media_type: &str, bytes: impl Into<Bytes>) -> String {
        let hosted = Hosted {
            media_type: media_type.to_owned(),
            bytes: bytes.into(),
            statuses: VecDeque::new(),
            asked: 0,
            open: watch::Sender::new(true),
        };
        self.shared.state().hosted.insert(name.to_owned(), hosted);
        format!("{}/cdn/{name}?oh=1&oe=2", self.base())
    }

    /// Answers the next calls for a file with these, a redirect to itself included.
    pub fn host_answers(&self, name: &str, statuses: &[u16]) -> &Self {
        if let Some(hosted) = self.shared.state().hosted.get_mut(name) {
            hosted.statuses.extend(statuses);
        }
        self
    }

    /// Whether a file comes whole; otherwise half of it comes and the rest waits.
    pub fn host_whole(&self, name: &str, whole: bool) -> &Self {
        if let Some(hosted) = self.shared.state().hosted.get(name) {
            hosted.open.send_replace(whole);
        }
        self
    }

    /// How often a file was asked for.
    #[must_use]
    pub fn host_calls(&self, name: &str) -> usize {
        self.shared.state().hosted.get(name).map_or(0, |hosted| hosted.asked)
    }
}

pub(super) async fn serve(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let (media_type, bytes, open) = {
        let mut state = shared.state();
        let Some(hosted) = state.hosted.get_mut(&name) else { return StatusCode::NOT_FOUND.into_response() };
        hosted.asked += 1;
        match hosted.statuses.pop_front() {
            None | Some(200) => {}
            Some(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let again = format!("/cdn/{name}");
                return if status.is_redirection() {
                    (status, [(header::LOCATION, again)]).into_response()
                } else {
                    status.into_response()
                };
            }
        }
        (hosted.media_type.clone(), hosted.bytes.clone(), hosted.open.subscribe())
    };
    let (length, half) = (bytes.len(), bytes.len() / 2);
    let parts = futures_util::stream::unfold((0, bytes, open), move |(place, bytes, mut open)| async move {
        match place {
            0 => Some((Ok::<_, std::io::Error>(bytes.slice(..half)), (1, bytes, open))),
            1 => {
                // Without the stand-in nobody waits for the rest.
                let _ = open.wait_for(|open| *open).await;
                Some((Ok(bytes.slice(half..)), (2, bytes, open)))
            }
            _ => None,
        }
    });
    let mut response = Response::new(Body::from_stream(parts));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Ok(media_type) = HeaderValue::from_str(&media_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    }
    response
}
