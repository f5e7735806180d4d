//! Files from addresses that somebody else chose: part by part, each redirect checked like the first address.

use super::{Answer, CallError, GuardedClient, guard, words};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use reqwest::Url;

/// The most redirects that are followed. Providers' own networks of copies send on once or twice.
const MOST_REDIRECTS: usize = 5;

/// The answer to a download, whose body comes part by part. Dropping it ends the call.
#[derive(Debug)]
pub struct Download {
    /// The status; never a redirect that leads on.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    response: reqwest::Response,
}

impl Download {
    /// How many bytes the sender says that there are.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next part of the body; `None` after the last.
    ///
    /// # Errors
    /// [`CallError::MayHaveBeenSent`] when it breaks off, or takes too long in all.
    pub async fn next_part(&mut self) -> Result<Option<Bytes>, CallError> {
        self.response.chunk().await.map_err(|error| CallError::MayHaveBeenSent(words(&error.without_url())))
    }

    /// How long the sender asks us to wait, as [`Answer::retry_after_millis`].
    #[must_use]
    pub fn retry_after_millis(&self) -> Option<i64> {
        Answer { status: self.status, headers: self.headers.clone(), body: Bytes::new() }.retry_after_millis()
    }
}

impl GuardedClient {
    /// Begins to read a file. A redirect is followed when its address may be called; the whole of each call has the time of
    /// an upload.
    ///
    /// # Errors
    /// [`CallError::Refused`] when an address may not be called, or leads on too often; otherwise when no answer came.
    pub async fn download(&self, url: &str) -> Result<Download, CallError> {
        let mut url = url.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            let client = self.client_for(&url).map_err(CallError::Refused)?;
            let request = client.client.get(&url).timeout(client.limits.upload);
            let mut response = request.send().await.map_err(|error| match guard::refusal(&error) {
                Some(refused) => CallError::Refused(refused),
                None => CallError::NotSent(words(&error.without_url())),
            })?;
            let status = response.status();
            let target = response.headers().get(header::LOCATION).filter(|_| status.is_redirection());
            let Some(target) = target else {
                let headers = std::mem::take(response.headers_mut());
                return Ok(Download { status, headers, response });
            };
            let target = target.to_str().ok().and_then(|target| Url::parse(&url).ok()?.join(target).ok());
            url = target.ok_or_else(|| CallError::Refused("it leads on to nowhere".into()))?.into();
        }
        Err(CallError::Refused("it leads on too often".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Limits;
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
        time::Duration,
    };

    fn client(allow: &str, millis: u64) -> GuardedClient {
        // Already installed by another test of this process: just as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let upload = Duration::from_millis(millis);
        let limits =
            Limits { connect: Duration::from_secs(2), total: Duration::from_secs(3), upload, max_answer_bytes: 8 };
        GuardedClient::new(limits, allow.parse().unwrap()).unwrap()
    }

    /// Answers one connection after the other, with a `{}` for the own port.
    fn peer(answers: &'static [&'static str]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                // The request is not looked at, and the other side may be gone.
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.replace("{}", &port.to_string()).as_bytes());
            }
        });
        port
    }

    async fn read(client: &GuardedClient, port: u16) -> Result<(StatusCode, Vec<u8>), CallError> {
        let mut download = client.download(&format!("http://127.0.0.1:{port}/a")).await?;
        let mut body = Vec::new();
        while let Some(part) = download.next_part().await? {
            body.extend_from_slice(&part);
        }
        Ok((download.status, body))
    }

    #[tokio::test]
    async fn a_redirect_is_followed_where_it_may_be() {
        let moved = "HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let here = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\nconnection: close\r\n\r\n0123456789ab";
        let port = peer(Box::leak(Box::new([moved, here])));
        let (status, body) = read(&client(&format!("127.0.0.1:{port}"), 3_000), port).await.unwrap();
        assert_eq!((status.as_u16(), &body[..]), (200, &b"0123456789ab"[..]), "longer than an answer may be");
    }

    #[tokio::test]
    async fn a_redirect_does_not_lead_inside() {
        for target in ["http://127.0.0.1:1/x", "https://localhost/x", "https://10.0.0.1/", "file:///etc/passwd"] {
            let answer = format!("HTTP/1.1 301 Moved\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
            let port = peer(Box::leak(Box::new([&*Box::leak(answer.into_boxed_str())])));
            let result = read(&client(&format!("127.0.0.1:{port}"), 3_000), port).await;
            assert!(matches!(result, Err(CallError::Refused(_))), "{target}: {result:?}");
        }
    }

    #[tokio::test]
    async fn a_circle_of_redirects_ends() {
        let moved = "HTTP/1.1 302 Found\r\nlocation: /a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let port = peer(Box::leak(Box::new([moved; 6])));
        let result = read(&client(&format!("127.0.0.1:{port}"), 3_000), port).await;
        assert_eq!(result, Err(CallError::Refused("it leads on too often".into())));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_or_never_ends_is_an_error() {
        let port = peer(&["HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n0123"]);
        let result = read(&client(&format!("127.0.0.1:{port}"), 3_000), port).await;
        assert!(matches!(result, Err(CallError::MayHaveBeenSent(_))), "{result:?}");
        // Accepted by the system and answered by nobody.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let result = read(&client(&format!("127.0.0.1:{port}"), 200), port).await;
        assert!(matches!(result, Err(CallError::NotSent(_))), "{result:?}");
    }
}
