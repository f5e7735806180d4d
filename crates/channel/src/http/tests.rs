//! Against real sockets: what is claimed about a request is compared with what the other side saw of it.

use super::*;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

fn client() -> HttpClient {
    // Already installed by another test of this process: just as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let limits = Limits {
        connect: Duration::from_millis(400),
        total: Duration::from_millis(900),
        max_answer_bytes: 1000,
        ..Limits::default()
    };
    HttpClient::with_limits(limits).unwrap()
}

/// A peer that treats each connection, one after the other, with `act`, and returns what it read.
fn peer(act: impl Fn(&mut TcpStream) -> Vec<u8> + Send + 'static) -> (SocketAddr, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || act(&mut listener.accept().unwrap().0)))
}

/// Reads head and body of one request.
fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    while !seen.ends_with(b"{\"text\":\"hello\"}") {
        match stream.read(&mut part).unwrap() {
            0 => break,
            count => seen.extend_from_slice(&part[..count]),
        }
    }
    seen
}

async fn post(address: SocketAddr) -> Result<Answer, CallError> {
    client()
        .post_json(&format!("http://{address}/x"), HeaderMap::new(), Bytes::from_static(b"{\"text\":\"hello\"}"))
        .await
}

fn maybe_sent(result: Result<Answer, CallError>) -> bool {
    matches!(result, Err(CallError::MayHaveBeenSent(_)))
}

fn not_sent(result: &Result<Answer, CallError>) -> bool {
    matches!(result, Err(CallError::NotSent(_)))
}

#[tokio::test]
async fn an_answer_comes_whole_with_status_and_headers() {
    let (address, peer) = peer(|stream| {
        let seen = read_request(stream);
        stream.write_all(b"HTTP/1.1 418 X\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\nok").unwrap();
        seen
    });
    let answer = post(address).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (418, &b"ok"[..]));
    assert_eq!(answer.retry_after_millis(), Some(7000));
    let seen = String::from_utf8(peer.join().unwrap()).unwrap().to_lowercase();
    assert!(seen.contains(&format!("user-agent: {USER_AGENT}\r\n")), "{seen}");
    assert!(seen.contains("content-type: application/json\r\n"), "{seen}");
    assert!(seen.contains("content-length: 16\r\n"), "the body is not chunked: {seen}");
}

#[tokio::test]
async fn a_refused_port_is_not_sent() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let result = post(address).await;
    assert!(not_sent(&result), "{result:?}");
    assert!(!format!("{result:?}").contains("/x"), "the address stays out of the words");
}

#[tokio::test]
async fn an_unknown_name_or_a_bad_address_is_not_sent() {
    for url in ["http://name.invalid/x", "http://", "no address", "ftp://127.0.0.1/x"] {
        let result = client().post_json(url, HeaderMap::new(), Bytes::from_static(b"{}")).await;
        assert!(not_sent(&result), "{url}: {result:?}");
    }
}

#[tokio::test]
async fn a_connection_that_is_never_accepted_is_not_sent() {
    // Nothing answers: the queue of this socket holds one connection and is full.
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..400 {
        match TcpStream::connect_timeout(&address, Duration::from_millis(50)) {
            Ok(stream) => waiting.push(stream),
            Err(_) => break,
        }
    }
    let result = post(address).await;
    // With a full queue no connection comes about; with a long one (the system decides) it does and stays silent.
    match TcpStream::connect_timeout(&address, Duration::from_millis(50)) {
        Err(_) => assert!(not_sent(&result), "{result:?}"),
        Ok(_) => assert!(result.is_err()),
    }
}

#[tokio::test]
async fn a_failed_tls_handshake_is_not_sent() {
    for reply in [&b"HTTP/1.1 400 Bad\r\n\r\n"[..], b""] {
        let (address, peer) = peer(move |stream| {
            let mut hello = [0; 600];
            let count = stream.read(&mut hello).unwrap();
            stream.write_all(reply).unwrap();
            hello[..count].to_vec()
        });
        let url = format!("https://{address}/x");
        let result = client().post_json(&url, HeaderMap::new(), Bytes::from_static(b"{\"text\":\"hello\"}")).await;
        assert!(not_sent(&result), "{result:?}");
        assert!(!peer.join().unwrap().windows(5).any(|window| window == b"hello"));
    }
}

#[tokio::test]
async fn a_silent_tls_peer_is_not_sent() {
    let (address, peer) = peer(|stream| {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        all
    });
    let url = format!("https://{address}/x");
    let result = client().post_json(&url, HeaderMap::new(), Bytes::from_static(b"{}")).await;
    assert!(not_sent(&result), "{result:?}");
    drop(peer);
}

#[tokio::test]
async fn not_sent_is_never_claimed_of_a_request_that_the_peer_read() {
    // Accept and close at once: a race between our write and their close. Whatever is claimed must be true.
    for round in 0..50 {
        let (address, peer) = peer(move |stream| {
            if round % 2 == 0 {
                return Vec::new();
            }
            stream.set_nonblocking(true).unwrap();
            let mut part = [0; 4096];
            stream.read(&mut part).map(|count| part[..count].to_vec()).unwrap_or_default()
        });
        let result = post(address).await;
        let seen = peer.join().unwrap();
        assert!(result.is_err());
        if not_sent(&result) {
            assert_eq!(seen, b"", "claimed as not sent");
        }
    }
}

#[tokio::test]
async fn read_and_closed_may_have_been_sent() {
    let (address, peer) = peer(read_request);
    let result = post(address).await;
    assert!(peer.join().unwrap().ends_with(b"{\"text\":\"hello\"}"));
    assert!(maybe_sent(result));
}

#[tokio::test]
async fn an_answer_that_never_comes_may_have_been_sent() {
    let (address, peer) = peer(|stream| {
        let seen = read_request(stream);
        // Until the client gives up.
        let _ = stream.read(&mut [0; 1]);
        seen
    });
    assert!(maybe_sent(post(address).await));
    drop(peer);
}

#[tokio::test]
async fn broken_answers_may_have_been_sent() {
    let answers: [&[u8]; 6] = [
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"\x00\xff garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"",
    ];
    for answer in answers {
        let (address, peer) = peer(move |stream| {
            let seen = read_request(stream);
            stream.write_all(answer).unwrap();
            seen
        });
        let result = post(address).await;
        peer.join().unwrap();
        assert!(maybe_sent(result), "{:?}", String::from_utf8_lossy(answer));
    }
}

#[tokio::test]
async fn a_stalled_body_ends_with_the_total_time() {
    let (address, peer) = peer(|stream| {
        let seen = read_request(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").unwrap();
        let _ = stream.read(&mut [0; 1]);
        seen
    });
    assert!(maybe_sent(post(address).await));
    drop(peer);
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
    for (size, fits) in [(1000, true), (1001, false)] {
        let (address, peer) = peer(move |stream| {
            let seen = read_request(stream);
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n").as_bytes());
            let _ = stream.write_all(&vec![b'a'; size]);
            seen
        });
        let result = post(address).await;
        peer.join().unwrap();
        assert_eq!(result.is_ok(), fits);
        assert!(fits || maybe_sent(result));
    }
}

#[tokio::test]
async fn redirects_come_as_they_are() {
    let (address, peer) = peer(|stream| {
        let seen = read_request(stream);
        stream.write_all(b"HTTP/1.1 307 X\r\nlocation: /y\r\ncontent-length: 0\r\n\r\n").unwrap();
        seen
    });
    assert_eq!(post(address).await.unwrap().status, 307);
    peer.join().unwrap();
}

#[tokio::test]
async fn a_kept_connection_that_the_peer_closed_is_replaced_or_judged_truly() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let peer = thread::spawn(move || {
        let mut requests = 0;
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            if read_request(&mut stream).is_empty() {
                continue;
            }
            requests += 1;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
        }
        requests
    });
    let client = client();
    let url = format!("http://{address}/x");
    for _ in 0..2 {
        let body = Bytes::from_static(b"{\"text\":\"hello\"}");
        client.post_json(&url, HeaderMap::new(), body).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(peer.join().unwrap(), 2, "each request arrived once");
}

#[test]
fn retry_after_is_read_in_both_forms() {
    let answer = |pairs: &[(header::HeaderName, &'static str)]| {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        Answer { status: StatusCode::TOO_MANY_REQUESTS, headers, body: Bytes::new() }
    };
    let asked = |text| answer(&[(header::RETRY_AFTER, text)]).retry_after_millis();
    assert_eq!(asked("120"), Some(120_000));
    assert_eq!(asked(" 0 "), Some(0));
    assert_eq!(asked("99999999999999999999"), Some(i64::MAX));
    for text in ["", "-5", "1.5", "soon", "Thu, 10 Sep 2026 00:27:00 GMT"] {
        assert_eq!(asked(text), None, "{text:?}");
    }
    let at = |text| {
        answer(&[(header::RETRY_AFTER, text), (header::DATE, "Thu, 10 Sep 2026 00:26:40 GMT")]).retry_after_millis()
    };
    assert_eq!(at("Thu, 10 Sep 2026 00:27:00 GMT"), Some(20_000));
    assert_eq!(at("Thu, 10 Sep 2026 00:26:00 GMT"), Some(0));
    assert_eq!(answer(&[]).retry_after_millis(), None);
}
