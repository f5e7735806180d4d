//! Files: in by form and as bytes, out at addresses that end, and nothing in between that could be run or stays behind.

use crate::harness::{Answer, Engine, Installation, Server, on_both_engines};
use serde_json::{Value, json};
use std::{fs, path::Path, path::PathBuf, time::Duration};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream};

on_both_engines!(
    a_file_comes_in_and_goes_out,
    a_part_is_served_and_what_is_known_is_not_sent_again,
    what_could_be_run_is_only_saved,
    what_is_wrong_with_an_upload_is_told,
    too_much_is_cut_and_nothing_stays,
    only_the_address_opens,
);

/// A PNG of 3 by 2 pixels: signature and header, which is all that anybody here looks at.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0 and so on";
const BOUNDARY: &str = "----xyz";

fn form(part: &str, file_name: &str, kind: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nignored\r\n--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"{part}\"; filename=\"{file_name}\"\r\nContent-Type: {kind}\r\n\r\n"
    );
    [head.as_bytes(), bytes, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}

async fn send_form(server: &Server, token: &str, body: Vec<u8>) -> Answer {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("authorization", format!("Bearer {token}")), ("content-type", kind)];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    server.send("POST", "/api/v1/files", &headers, Some(body)).await
}

/// Sends bytes without a form; `query` begins with a question mark.
async fn send_raw(server: &Server, token: &str, query: &str, kind: &str, body: &[u8], key: Option<&str>) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", bearer.as_str()), ("content-type", kind)];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    server.send("POST", &format!("/api/v1/files{query}"), &headers, Some(body.to_vec())).await
}

/// What is at an address, byte for byte.
async fn fetch(server: &Server, url: &str, headers: &[(&str, &str)]) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let mut request = reqwest::Client::builder().no_proxy().build().unwrap().get(format!("{}{url}", server.base));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.headers().clone(), response.bytes().await.unwrap().to_vec())
}

fn text<'a>(file: &'a Value, field: &str) -> &'a str {
    file[field].as_str().unwrap_or_else(|| panic!("{field} is missing in {file}"))
}

/// Everything in the folder for files.
fn on_disk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { on_disk(&path) } else { vec![path] }
        })
        .collect()
}

async fn a_file_comes_in_and_goes_out(engine: Engine) {
    let installation = Installation::new(engine).await;
    let (server, owner) = (installation.serve(), installation.token("owner"));
    let sent = form("file", "../holiday \u{e4}.png", "image/png", PNG);
    let made = send_form(&server, &owner, sent).await.expect(201);
    assert_eq!((text(&made, "name"), text(&made, "media_type")), ("holiday \u{e4}.png", "image/png"));
    assert_eq!((&made["size"], &made["width"], &made["height"]), (&json!(PNG.len()), &json!(3), &json!(2)));
    assert_eq!(text(&made, "state"), "stored");

    // Nothing but the address is needed, as for a picture in a page.
    let (status, headers, bytes) = fetch(&server, text(&made, "url"), &[]).await;
    assert_eq!((status, bytes.as_slice()), (200, PNG));
    for (name, value) in [
        ("content-type", "image/png"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("accept-ranges", "bytes"),
        ("content-disposition", "inline; filename=\"holiday _.png\"; filename*=UTF-8''holiday%20%C3%A4.png"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    let kept = headers["cache-control"].to_str().unwrap();
    let seconds: i64 = kept.strip_prefix("private, max-age=").unwrap().split(',').next().unwrap().parse().unwrap();
    assert!((3_500..=7_200).contains(&seconds), "{kept}");
    let head = server.send("HEAD", text(&made, "url"), &[], None).await;
    assert_eq!((head.status, head.header("content-length")), (200, PNG.len().to_string().as_str()));

    let id = text(&made, "id");
    let read_only = installation.token("read-only");
    let again = server.get(&read_only, &format!("/api/v1/files/{id}")).await.expect(200);
    assert_eq!(fetch(&server, text(&again, "url"), &[]).await.0, 200);
    send_raw(&server, &read_only, "", "image/png", PNG, None).await.problem(403, "forbidden");
    server.send("POST", "/api/v1/files", &[], Some(PNG.to_vec())).await.problem(401, "unauthenticated");

    let raw = send_raw(&server, &owner, "?name=a/b%20c.csv", "text/csv", b"a,b\n1,2\n", Some("k")).await.expect(201);
    assert_eq!((text(&raw, "name"), text(&raw, "media_type")), ("b c.csv", "text/csv"));
    let same = send_raw(&server, &owner, "?name=a/b%20c.csv", "text/csv", b"a,b\n1,2\n", Some("k")).await.expect(201);
    assert_eq!(same["id"], raw["id"]);
    let other = send_raw(&server, &owner, "?name=x", "text/csv", b"c,d\n", Some("k")).await;
    other.problem(409, "idempotency_conflict");
    assert_eq!(on_disk(&installation.data().join("files")).len(), 2);
    let unnamed = send_raw(&server, &owner, "", "", b"\0\x01", None).await.expect(201);
    assert_eq!((text(&unnamed, "name"), text(&unnamed, "media_type")), ("file", "application/octet-stream"));
}

async fn a_part_is_served_and_what_is_known_is_not_sent_again(engine: Engine) {
    let installation = Installation::new(engine).await;
    let (server, owner) = (installation.serve(), installation.token("owner"));
    // Larger than a part of the store and than what is looked at, and not the same anywhere.
    let whole: Vec<u8> = PNG.iter().copied().chain((0..6_000_000_u32).map(|number| (number % 253) as u8)).collect();
    let made = send_raw(&server, &owner, "?name=p.png", "image/png", &whole, None).await.expect(201);
    let url = text(&made, "url");
    let size = whole.len();
    let (status, headers, bytes) = fetch(&server, url, &[("range", "bytes=5242870-5242890")]).await;
    assert_eq!((status, headers["content-range"].to_str().unwrap()), (206, &*format!("bytes 5242870-5242890/{size}")));
    assert!(bytes == whole[5_242_870..=5_242_890] && headers["content-length"] == "21");
    let (status, _, bytes) = fetch(&server, url, &[("range", "bytes=-3")]).await;
    assert!(status == 206 && bytes == whole[size - 3..]);
    let (status, headers, _) = fetch(&server, url, &[("range", &format!("bytes={size}-"))]).await;
    assert_eq!((status, headers["content-range"].to_str().unwrap()), (416, &*format!("bytes */{size}")));
    assert_eq!(headers["content-type"], "application/problem+json");
    let (status, headers, bytes) = fetch(&server, url, &[("range", "bytes=0-1,5-6")]).await;
    assert!(status == 200 && bytes == whole);
    let tag = headers["etag"].to_str().unwrap().to_owned();
    let (status, _, bytes) = fetch(&server, url, &[("if-none-match", &tag)]).await;
    assert_eq!((status, bytes.len()), (304, 0));
    let (status, ..) = fetch(&server, url, &[("range", "bytes=0-1"), ("if-range", "\"older\"")]).await;
    assert_eq!(status, 200);
    let (status, ..) = fetch(&server, url, &[("range", "bytes=0-1"), ("if-range", &tag)]).await;
    assert_eq!(status, 206);
}

async fn what_could_be_run_is_only_saved(engine: Engine) {
    let installation = Installation::new(engine).await;
    let (server, owner) = (installation.serve(), installation.token("owner"));
    let zip = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x05\0\0\0a.txt";
    let gif: &[u8] = b"GIF89a\x03\0\x02\0\x80\0\0\0\0\0\xff\xff\xff;<html><script>alert(1)</script>";
    for (name, claimed, bytes, found, told) in [
        ("page.png", "image/png", &b"<!DOCTYPE html><script>alert(1)</script>"[..], "text/html", None),
        (
            "drawing.png",
            "image/png",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "image/svg+xml",
            None,
        ),
        ("drawing.svg", "image/svg+xml", b"<?xml version='1.0'?><svg/>", "image/svg+xml", None),
        ("script.js", "text/javascript", b"alert(1)", "text/plain", None),
        ("bomb.zip", "application/zip", zip, "application/zip", None),
        (
            "run.jpg",
            "image/jpeg",
            b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff",
            "application/vnd.microsoft.portable-executable",
            None,
        ),
        (
            "bill.pdf",
            "text/html",
            b"%PDF-1.7\n\xe2\xe3\xcf\xd3",
            "application/pdf",
            Some(("application/pdf", "attachment")),
        ),
        ("both.html", "text/html", gif, "image/gif", Some(("image/gif", "inline"))),
    ] {
        let made = send_form(&server, &owner, form("file", name, claimed, bytes)).await.expect(201);
        assert_eq!((text(&made, "media_type"), text(&made, "name")), (found, name));
        let (status, headers, served) = fetch(&server, text(&made, "url"), &[]).await;
        assert_eq!((status, served.as_slice()), (200, bytes));
        let (kind, shown) = told.unwrap_or(("application/octet-stream", "attachment"));
        assert_eq!(headers["content-type"], kind, "{name}");
        assert!(headers["content-disposition"].to_str().unwrap().starts_with(&format!("{shown}; ")), "{name}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["content-security-policy"], "default-src 'none'; sandbox");
    }
}

async fn what_is_wrong_with_an_upload_is_told(engine: Engine) {
    let installation = Installation::new(engine).await;
    let (server, owner) = (installation.serve(), installation.token("owner"));
    let empty = send_raw(&server, &owner, "?name=a.txt", "text/plain", b"", None).await.problem(422, "invalid");
    assert_eq!(empty["faults"][0]["field"], "file");
    send_form(&server, &owner, form("file", "a.txt", "text/plain", b"")).await.problem(422, "invalid");
    send_form(&server, &owner, form("picture", "a.png", "image/png", PNG)).await.problem(422, "invalid");
    let mut cut = form("file", "a.png", "image/png", PNG);
    cut.truncate(cut.len() - 20);
    send_form(&server, &owner, cut).await.problem(422, "invalid");
    send_form(&server, &owner, b"no form at all".to_vec()).await.problem(400, "invalid");
    let unbounded = send_raw(&server, &owner, "", "multipart/form-data", PNG, None).await;
    unbounded.problem(400, "invalid");
    let fields = send_raw(&server, &owner, "", "application/x-www-form-urlencoded", b"a=b", None).await;
    fields.problem(415, "unsupported_media_type");
    send_raw(&server, &owner, "?nmae=x", "image/png", PNG, None).await.problem(422, "invalid");
    send_raw(&server, &owner, "", "image/png", PNG, Some("with space")).await.problem(422, "invalid");
    server.send("PUT", "/api/v1/files", &[], None).await.problem(405, "method_not_allowed");
    assert_eq!(on_disk(&installation.data().join("files")), Vec::<PathBuf>::new(), "nothing stays of any of them");

    let long = send_raw(&server, &owner, &format!("?name={}.png", "x".repeat(300)), "image/png", PNG, None).await;
    let long = long.expect(201);
    assert!(text(&long, "name").len() == 120 && text(&long, "name").ends_with("x.png"), "{long}");
    let (_, headers, _) = fetch(&server, text(&long, "url"), &[]).await;
    assert!(headers["content-disposition"].to_str().unwrap().ends_with("x.png"));
}

async fn too_much_is_cut_and_nothing_stays(engine: Engine) {
    let installation = Installation::new(engine).await;
    let server = installation.serve_with(installation.program().env("ONETHREAD_MAX_UPLOAD_MB", "1"));
    let owner = installation.token("owner");
    let files = installation.data().join("files");
    let most = 1024 * 1024;
    let told = send_raw(&server, &owner, "", "image/png", &vec![7; most + 1], None).await.problem(413, "too_large");
    assert!(told["detail"].as_str().unwrap().contains("1 MiB"), "{told}");
    send_form(&server, &owner, form("file", "a.bin", "x/y", &vec![7; most + 1])).await.problem(413, "too_large");
    assert_eq!(on_disk(&files), Vec::<PathBuf>::new());
    send_raw(&server, &owner, "", "image/png", &vec![7; most], None).await.expect(201);
    send_form(&server, &owner, form("file", "a.bin", "x/y", &vec![7; most])).await.expect(201);
    assert_eq!(on_disk(&files).len(), 2);

    // Without a length and without an end: the answer comes while the body still does.
    let mut line = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {owner}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = line.split();
    let chunk = [format!("{:x}\r\n", 65_536).as_bytes(), &[7; 65_536], b"\r\n"].concat();
    let endless = async {
        while writing.write_all(&chunk).await.is_ok() {}
        std::future::pending::<()>().await;
    };
    let mut answer = vec![0; 12];
    tokio::select! {
        read = reading.read_exact(&mut answer) => drop(read.unwrap()),
        () = endless => {}
    }
    assert_eq!(answer, b"HTTP/1.1 413");
    drop(line);

    // Gone half-way: what came is removed as soon as the server sees it.
    let mut line = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).await.unwrap();
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(&chunk).await.unwrap();
    let end = std::time::Instant::now() + crate::harness::PATIENCE;
    let parts = |files: &Path| on_disk(files).iter().filter(|path| path.to_string_lossy().contains('#')).count();
    while parts(&files) == 0 {
        assert!(std::time::Instant::now() < end, "the upload never began");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(line);
    while parts(&files) > 0 {
        assert!(std::time::Instant::now() < end, "it stays: {:?}", on_disk(&files));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn only_the_address_opens(engine: Engine) {
    let installation = Installation::new(engine).await;
    let (server, owner) = (installation.serve(), installation.token("owner"));
    let made = send_raw(&server, &owner, "?name=a.png", "image/png", PNG, None).await.expect(201);
    let other = send_raw(&server, &owner, "?name=b.png", "image/png", PNG, None).await.expect(201);
    let (id, url) = (text(&made, "id"), text(&made, "url"));
    assert!(url.starts_with(&format!("/files/{id}/a.png?expires=")), "{url}");
    let query = url.split_once('?').unwrap().1;
    let open = async |url: &str| server.send("GET", url, &[], None).await;
    // The name is for people; the address holds without it and with another.
    for right in [format!("/files/{id}?{query}"), format!("/files/{id}/other%20name.txt?{query}")] {
        assert_eq!(open(&right).await.status, 200, "{right}");
    }
    let later = query.replacen("expires=1", "expires=2", 1);
    let forged = format!("{}A", &query[..query.len() - 1]);
    let forged = if forged == query { format!("{}B", &query[..query.len() - 1]) } else { forged };
    for wrong in [
        format!("/files/{id}/a.png"),
        format!("/files/{id}/a.png?{later}"),
        format!("/files/{id}/a.png?{forged}"),
        format!("/files/{id}/a.png?expires=x&signature=y"),
        format!("/files/{}/a.png?{query}", text(&other, "id")),
    ] {
        open(&wrong).await.problem(403, "forbidden");
        // Whoever is signed in needs the address as well.
        server.get(&owner, &wrong).await.problem(403, "forbidden");
    }
    open(&format!("/files/thr_0000000000001/a.png?{query}")).await.problem(404, "not_found");
    open(&format!("/files/%FF/a.png?{query}")).await.problem(404, "not_found");
    server.send("POST", url, &[], None).await.problem(405, "method_not_allowed");
    server.get(&owner, "/api/v1/files/fil_0000000000001").await.problem(404, "not_found");
}
