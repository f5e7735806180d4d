//! The second trust level: addresses that lead outside, and nowhere else.
//!
//! A name is resolved once, and the connection goes to an address that was checked: a name that answers differently the
//! second time gains nothing. Hosts that the installer put on the list are used as they stand.

use super::{Answer, CallError, HttpClient, Limits, SetUpError};
use bytes::Bytes;
use http::HeaderMap;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

/// Hosts that may be called although they are private or speak plain http.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList(Arc<[Allowed]>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowed {
    /// As a URL spells it: lower case, IPv6 in brackets.
    host: String,
    /// `None`: any port.
    port: Option<u16>,
}

/// A text that is no list of hosts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("give hosts with commas between, each with or without a port, such as crm.internal or 10.0.0.5:8080")]
pub struct ParseAllowListError;

impl FromStr for AllowList {
    type Err = ParseAllowListError;

    /// Reads `host` and `host:port` with commas or white space between; nothing is an empty list.
    fn from_str(text: &str) -> Result<Self, ParseAllowListError> {
        let entries = text.split(|letter: char| letter == ',' || letter.is_whitespace());
        entries
            .filter(|entry| !entry.is_empty())
            .map(read_allowed)
            .collect::<Result<Vec<_>, _>>()
            .map(|all| Self(all.into()))
    }
}

fn read_allowed(entry: &str) -> Result<Allowed, ParseAllowListError> {
    let bare = entry.parse::<Ipv6Addr>().is_ok();
    let entry = if bare { format!("[{entry}]") } else { entry.to_owned() };
    // Read as a URL, so that both sides are spelt the same. A port of 80 would be dropped as http's own.
    let url = Url::parse(&format!("http://{entry}")).map_err(|_| ParseAllowListError)?;
    let has_port = entry.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let plain = url.path() == "/" && !entry.contains(['/', '*', '@']);
    match url.host_str() {
        Some(host) if plain && url.query().is_none() && url.fragment().is_none() => {
            Ok(Allowed { host: host.to_owned(), port: url.port_or_known_default().filter(|_| has_port) })
        }
        _ => Err(ParseAllowListError),
    }
}

impl AllowList {
    fn permits(&self, url: &Url) -> bool {
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default());
        self.0.iter().any(|allowed| allowed.host == host && (allowed.port.is_none() || allowed.port == port))
    }
}

/// A client for addresses that somebody else may have chosen. Without a place on the list an address has to be https and
/// public. Follows no redirect; an answer is cut at its limit.
#[derive(Debug, Clone)]
pub struct GuardedClient {
    outside: HttpClient,
    listed: HttpClient,
    allow: AllowList,
}

impl GuardedClient {
    /// A client with these limits.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    ///
    /// # Panics
    /// As [`HttpClient::new`].
    pub fn new(limits: Limits, allow: AllowList) -> Result<Self, SetUpError> {
        let guarded = reqwest::Client::builder().dns_resolver(Arc::new(PublicOnly));
        Ok(Self {
            outside: HttpClient::build(limits, guarded, true)?,
            listed: HttpClient::build(limits, reqwest::Client::builder(), true)?,
            allow,
        })
    }

    /// Checks what can be known of an address without asking for its name.
    ///
    /// # Errors
    /// What would be right, in words for the person who typed it.
    pub fn check(&self, url: &str) -> Result<(), String> {
        self.client_for(url).map(|_| ())
    }

    pub(super) fn client_for(&self, url: &str) -> Result<&HttpClient, String> {
        let url = Url::parse(url).map_err(|_| "give a whole address, such as https://example.com/hooks".to_owned())?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err("give an address that begins with https://".to_owned());
        }
        if self.allow.permits(&url) {
            return Ok(&self.listed);
        }
        if url.scheme() != "https" {
            return Err(
                "give an address that begins with https://, or have its host allowed in the settings".to_owned()
            );
        }
        // A host that is an address is never resolved, so the resolver does not see it.
        let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        match literal {
            Some(ip) if !is_public(ip) => Err(PrivateAddress.to_string()),
            _ => Ok(&self.outside),
        }
    }

    /// Sends a JSON body.
    ///
    /// # Errors
    /// [`CallError::Refused`] when the address may not be called; otherwise as [`HttpClient::post_json`].
    pub async fn post_json(&self, url: &str, headers: HeaderMap, json: Bytes) -> Result<Answer, CallError> {
        self.client_for(url).map_err(CallError::Refused)?.post_json(url, headers, json).await
    }
}

/// The address is not one of the public internet.
#[derive(Debug, thiserror::Error)]
#[error("the address is private; if it is meant, have its host allowed in the settings")]
struct PrivateAddress;

/// Why a call was refused by the resolver, when it was.
pub(super) fn refusal(error: &reqwest::Error) -> Option<String> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<PrivateAddress>() {
            return Some(inner.to_string());
        }
        cause = inner.source();
    }
    None
}

/// Resolves names to public addresses alone.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let any = !found.is_empty();
            let public: Vec<SocketAddr> = found.into_iter().filter(|address| is_public(address.ip())).collect();
            if any && public.is_empty() {
                return Err(PrivateAddress.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address is one of the public internet. From IANA's registries of special-purpose addresses (RFC 6890 and what
/// was added since); an IPv6 address that carries an IPv4 one is judged by that.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let special = match ip.octets() {
        // This network, private, this machine, link-local, shared by carriers.
        [0 | 10 | 127, ..] | [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => true,
        // Protocols, documentation, relays, benchmarks.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18..=19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match ip.segments() {
        // Translated to IPv4 at the network's edge (RFC 6052), or carried in it (6to4).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // Protocols (Teredo, ORCHID and others) and documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // All that is given out to the internet so far.
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
        time::Duration,
    };

    fn client(allow: &str) -> GuardedClient {
        // Already installed by another test of this process: just as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let total = Duration::from_secs(4);
        let limits = Limits { connect: Duration::from_secs(2), total, upload: total, max_answer_bytes: 8 };
        GuardedClient::new(limits, allow.parse().unwrap()).unwrap()
    }

    async fn post(client: &GuardedClient, url: &str) -> Result<Answer, CallError> {
        client.post_json(url, HeaderMap::new(), Bytes::from_static(b"{}")).await
    }

    /// Answers one connection with these bytes, and counts those that came.
    fn peer(answer: &'static [u8]) -> (u16, thread::JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut part = [0; 4096];
            let count = stream.read(&mut part).unwrap_or(0);
            // The other side may be gone: it has seen enough.
            let _ = stream.write_all(answer);
            count
        });
        (port, serving)
    }

    #[test]
    fn what_is_public_and_what_is_not() {
        for text in ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        let inside = [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "::127.0.0.1",
            "fec0::1",
            "5f00::1",
        ];
        for text in inside {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[tokio::test]
    async fn private_addresses_are_refused_however_they_are_spelt() {
        let client = client("");
        for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254"]
        {
            let url = format!("https://{host}:9/x");
            let result = post(&client, &url).await;
            assert!(matches!(result, Err(CallError::Refused(_))), "{url}: {result:?}");
        }
        assert!(client.check("https://localhost/x").is_ok(), "a name is judged when it is called");
        for url in ["http://example.com/x", "ftp://example.com", "example.com", "", "https://"] {
            assert!(client.check(url).is_err(), "{url}");
            assert!(matches!(post(&client, url).await, Err(CallError::Refused(_))), "{url}");
        }
    }

    #[tokio::test]
    async fn nothing_reaches_a_refused_address() {
        let (port, serving) = peer(b"");
        assert!(matches!(post(&client(""), &format!("https://localhost:{port}/")).await, Err(CallError::Refused(_))));
        assert!(!serving.is_finished(), "nobody connected");
        drop(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
        assert_eq!(serving.join().unwrap(), 0);
    }

    #[tokio::test]
    async fn a_listed_host_is_used_as_it_stands_and_its_answer_is_cut() {
        let (port, serving) = peer(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n0123456789ab");
        let client = client(&format!("localhost:{port}, 10.9.8.7"));
        let answer = post(&client, &format!("http://localhost:{port}/x")).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"01234567"[..]));
        assert!(serving.join().unwrap() > 0);
        assert!(client.check(&format!("http://localhost:{}/x", port.wrapping_add(1))).is_err(), "the port counts");
        assert!(client.check("http://10.9.8.7:1/").is_ok(), "without a port any will do");
    }

    #[tokio::test]
    async fn a_status_stands_though_the_body_breaks_off() {
        let (port, _serving) = peer(b"HTTP/1.1 204 OK\r\ncontent-length: 12\r\n\r\n01");
        let answer = post(&client(&format!("127.0.0.1:{port}")), &format!("http://127.0.0.1:{port}/")).await.unwrap();
        assert_eq!(answer.status.as_u16(), 204);
    }

    #[test]
    fn lists_are_read_and_mistakes_are_told() {
        let list: AllowList = "CRM.internal:80, ::1\n[fd00::2]:8443".parse().unwrap();
        let permits = |url: &str| list.permits(&Url::parse(url).unwrap());
        assert!(permits("http://crm.internal/a") && !permits("https://crm.internal/a"));
        assert!(permits("http://[::1]:99/") && permits("https://[fd00::2]:8443/") && !permits("https://[fd00::2]/"));
        assert_eq!("".parse(), Ok(AllowList::default()));
        for wrong in ["https://x", "x/y", "a@b", "x:99999", "x?y", "*"] {
            assert!(wrong.parse::<AllowList>().is_err(), "{wrong}");
        }
    }
}
