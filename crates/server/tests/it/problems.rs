//! One shape of errors, whatever goes wrong and wherever.

use crate::harness::{Engine, Installation, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(no_route_answers_without_credentials);

async fn no_route_answers_without_credentials(engine: Engine) {
    let installation = Installation::new(engine).await;
    let server = installation.serve();
    let document = server.send("GET", "/openapi.json", &[], None).await.expect(200);
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation["security"] == json!([{}]) {
                continue;
            }
            let path = path.replace("{id}", "thr_0000000000001").replace("{label_id}", "lab_0000000000001");
            for headers in [vec![], vec![("authorization", "Bearer ott_wrong")], vec![("authorization", "Basic eDp5")]]
            {
                let answer = server.send(&method.to_uppercase(), &path, &headers, None).await;
                answer.problem(401, "unauthenticated");
                assert_eq!(answer.header("www-authenticate"), "Bearer");
            }
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers["401"]["content"]["application/problem+json"].is_object(), "{method} {path}");
            asked += 1;
        }
    }
    assert!(asked >= 20, "only {asked} routes need credentials");
}

#[tokio::test]
async fn whatever_is_wrong_has_one_shape() {
    let installation = Installation::new(Engine::Sqlite).await;
    let server = installation.serve();
    let token = installation.token("owner");
    let session = |body: &'static [u8], kind: &'static str| {
        let server = &server;
        async move { server.send("POST", "/api/v1/session", &[("content-type", kind)], Some(body.to_vec())).await }
    };

    server.get(&token, "/api/v1/nothing").await.problem(404, "not_found");
    server.get(&token, "/callbacks/nothing").await.problem(404, "not_found");
    server.get(&token, "/nothing.js").await.problem(404, "not_found");
    server.get(&token, "/assets/nothing").await.problem(404, "not_found");
    server.get(&token, "/api/v1/threads/thr_nothing").await.problem(404, "not_found");
    let wrong_method = server.send("PUT", "/api/v1/threads", &[], None).await;
    wrong_method.problem(405, "method_not_allowed");
    assert!(wrong_method.header("allow").contains("GET"));
    server.send("POST", "/", &[], None).await.problem(405, "method_not_allowed");

    session(b"{\"email\":", "application/json").await.problem(400, "invalid");
    session(b"[]", "application/json").await.problem(400, "invalid");
    // serde would take the items for the fields in their order.
    session(b" [\"a@example.com\", \"a long password\"]", "application/json").await.problem(400, "invalid");
    let path = "/api/v1/channel-accounts/cha_0000000000001";
    server.call("PATCH", &token, path, &json!(["x", false]), &[]).await.problem(400, "invalid");
    session(b"email=x", "application/x-www-form-urlencoded").await.problem(415, "unsupported_media_type");
    let problem = session(b"{\"email\":5,\"pasword\":\"x\"}", "application/json").await.problem(422, "invalid");
    let fields: Vec<&str> =
        problem["faults"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["password", "email", "pasword"], "missing, wrong and unknown fields are told together");

    let problem = server.get(&token, "/api/v1/threads?limit=101&cursr=x").await.problem(422, "invalid");
    assert_eq!(problem["faults"].as_array().unwrap().len(), 2, "{problem}");
    server.get(&token, "/api/v1/live").await.problem(400, "invalid");

    let json = ("content-type", "application/json");
    let large = format!("{{\"email\":\"{}\"}}", "x".repeat(1024 * 1024)).into_bytes();
    server.send("POST", "/api/v1/session", &[json], Some(large)).await.problem(413, "too_large");
    let large = Some(vec![b'x'; 2 * 1024 * 1024 + 1]);
    server.send("POST", "/callbacks/messenger/key", &[json], large).await.problem(413, "too_large");
    let within = Some(vec![b'x'; 2 * 1024 * 1024]);
    server.send("POST", "/callbacks/messenger/key", &[json], within).await.problem(404, "not_found");
}

#[tokio::test]
async fn answers_are_harmless_in_a_browser() {
    let installation = Installation::new(Engine::Sqlite).await;
    let server = installation.serve();
    let (one, other) = (server.send("GET", "/threads", &[], None).await, server.send("GET", "/", &[], None).await);
    for answer in [&one, &other] {
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").starts_with("text/html"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(!answer.text.contains("__CSP_NONCE__"));
    }
    if one.text.contains("csp-nonce") {
        let nonce = |answer: &crate::harness::Answer| {
            answer
                .header("content-security-policy")
                .split("'nonce-")
                .nth(1)
                .unwrap()
                .split('\'')
                .next()
                .unwrap()
                .to_owned()
        };
        assert_ne!(nonce(&one), nonce(&other), "a nonce is used once");
        assert!(one.text.contains(&nonce(&one)));
        let script = one.text.split("src=\"/assets/").nth(1).unwrap().split('"').next().unwrap();
        let asset = server.send("GET", &format!("/assets/{script}"), &[("accept-encoding", "br")], None).await;
        assert_eq!(asset.status, 200);
        assert!(asset.header("cache-control").contains("immutable"));
        assert_eq!(asset.header("vary"), "accept-encoding");
    }
    let api = server.send("GET", "/api/v1/setup", &[], None).await;
    assert_eq!(api.header("cache-control"), "no-store");
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_for_those_who_run_it() {
    let installation = Installation::new(Engine::Sqlite).await;
    let server = installation.serve();
    let (owner, agent) = (installation.token("owner"), installation.token("agent"));
    server.get(&owner, "/api/v1/me").await.expect(200);
    let seen = server.send("GET", "/metrics", &[], None).await;
    assert!(
        seen.text.contains("http_requests_total{route=\"/api/v1/me\",method=\"GET\",status=\"200\"} 1"),
        "{}",
        seen.text
    );
    assert!(seen.text.contains("http_request_duration_seconds_bucket"));
    let forwarded = ("x-forwarded-for", "203.0.113.7");
    server.send("GET", "/metrics", &[forwarded], None).await.problem(401, "unauthenticated");
    let bearer = |token: &str| format!("Bearer {token}");
    let asked = server.send("GET", "/metrics", &[forwarded, ("authorization", &bearer(&owner))], None).await;
    assert_eq!(asked.status, 200);
    server
        .send("GET", "/metrics", &[forwarded, ("authorization", &bearer(&agent))], None)
        .await
        .problem(403, "forbidden");
}

#[test]
fn the_printed_document_is_the_contract() {
    let printed = crate::harness::run(["openapi".to_owned()], std::path::Path::new("."));
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract/openapi.json")).unwrap();
    assert!(String::from_utf8(printed.stdout).unwrap() == kept, "contract/openapi.json is stale: run `make generate`");
    let document: Value = serde_json::from_str(&kept).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}
