//! Getting in: the first run, sessions and their cookie, one-time links, roles.

use crate::harness::{Engine, Installation, PATIENCE, Server, on_both_engines};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

on_both_engines!(
    the_first_run_makes_one_owner,
    sessions_need_our_own_origin,
    links_work_once,
    roles_are_kept,
    access_ends_and_comes_back
);

/// Sets the installation up; gives the session's cookie.
pub(crate) async fn set_up(server: &mut Server) -> String {
    let line = server.serving.line(PATIENCE).unwrap();
    let code = line.strip_prefix("Set up: ").and_then(|link| link.split("/setup?code=").nth(1)).unwrap().to_owned();
    let body = json!({"code": code, "workspace_name": "Acme Lamps", "name": "Ann", "email": "ann@example.com", "password": PASSWORD});
    let answer = post(server, "/api/v1/setup", &body, &[]).await;
    assert_eq!(answer.json()["role"], "owner", "{}", answer.text);
    cookie(answer.header("set-cookie"))
}

fn cookie(line: &str) -> String {
    assert!(line.contains("HttpOnly") && line.contains("SameSite=Lax") && !line.contains("Secure"), "{line}");
    line.split(';').next().unwrap().to_owned()
}

async fn post(server: &Server, path: &str, body: &Value, more: &[(&str, &str)]) -> crate::harness::Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend_from_slice(more);
    server.send("POST", path, &headers, Some(body.to_string().into_bytes())).await
}

async fn the_first_run_makes_one_owner(engine: Engine) {
    let installation = Installation::new(engine).await;
    // The command line makes a workspace before anybody has named it; the form names it.
    installation.token("agent");
    let mut server = installation.serve();
    assert_eq!(server.send("GET", "/api/v1/setup", &[], None).await.expect(200), json!({"needed": true}));
    let guess =
        json!({"code": "x", "workspace_name": "M", "name": "M", "email": "m@example.com", "password": PASSWORD});
    post(&server, "/api/v1/setup", &guess, &[]).await.problem(401, "unauthenticated");
    let cookie = set_up(&mut server).await;
    let me = server.send("GET", "/api/v1/me", &[("cookie", &cookie)], None).await.expect(200);
    assert_eq!((&me["workspace"]["name"], &me["caller"]["email"]), (&json!("Acme Lamps"), &json!("ann@example.com")));
    assert_eq!(server.send("GET", "/api/v1/setup", &[], None).await.expect(200), json!({"needed": false}));
    post(&server, "/api/v1/setup", &guess, &[]).await.problem(409, "conflict");

    drop(server);
    let mut server = installation.serve();
    assert_eq!(
        server.serving.line(std::time::Duration::from_millis(500)),
        None,
        "an owned installation prints no link"
    );
    server.send("GET", "/api/v1/me", &[("cookie", &cookie)], None).await.expect(200);
}

async fn sessions_need_our_own_origin(engine: Engine) {
    let installation = Installation::new(engine).await;
    let mut server = installation.serve();
    let cookie = set_up(&mut server).await;
    let (own, cookie) = (server.base.clone(), ("cookie", cookie.as_str()));
    server.send("POST", "/api/v1/live/tickets", &[cookie], None).await.problem(403, "forbidden");
    let foreign = ("origin", "https://evil.example");
    server.send("POST", "/api/v1/live/tickets", &[cookie, foreign], None).await.problem(403, "forbidden");
    server.send("POST", "/api/v1/live/tickets", &[cookie, ("origin", "null")], None).await.problem(403, "forbidden");
    server.send("POST", "/api/v1/live/tickets", &[cookie, ("origin", &own)], None).await.expect(201);
    let sign_in = json!({"email": "ann@example.com", "password": PASSWORD});
    post(&server, "/api/v1/session", &sign_in, &[foreign]).await.problem(403, "forbidden");

    // Browsers send the cookie with a socket from any page.
    let (status, _) = server.open("/api/v1/live", &[cookie, foreign]).await.err().unwrap();
    assert_eq!(status, 403);
    let (status, _) = server.open("/api/v1/live", &[cookie]).await.err().unwrap();
    assert_eq!(status, 403);
    let mut live = server.open("/api/v1/live", &[cookie, ("origin", &own)]).await.ok().unwrap();

    let own_origin = ("origin", own.as_str());
    let ticket = server.send("POST", "/api/v1/live/tickets", &[cookie, own_origin], None).await.expect(201);
    server.send("DELETE", "/api/v1/session", &[cookie], None).await.problem(403, "forbidden");
    let over = server.send("DELETE", "/api/v1/session", &[cookie, ("origin", &own)], None).await;
    assert_eq!(over.status, 204);
    assert!(over.header("set-cookie").starts_with("onethread_session=;"));
    server.send("GET", "/api/v1/me", &[cookie], None).await.problem(401, "unauthenticated");

    // What the session opened ends with it, and what it prepared opens nothing.
    while let Ok(_frame) = live.next().await.map_err(|code| assert_eq!(code, 4401)) {}
    let late = format!("/api/v1/live?ticket={}", ticket["ticket"].as_str().unwrap());
    assert_eq!(server.open(&late, &[]).await.err().unwrap().0, 401);
}

async fn links_work_once(engine: Engine) {
    let installation = Installation::new(engine).await;
    let mut server = installation.serve();
    set_up(&mut server).await;
    let link = installation.print(&["user", "create", "--email", "Bob@Example.com", "--role", "agent"]);
    assert!(link.starts_with(&server.base), "{link} is no address of the running server");
    let path = format!("/api/v1/links/{}", link.split("/link?code=").nth(1).unwrap());
    let told = server.send("GET", &path, &[], None).await.expect(200);
    assert_eq!(told["purpose"], "invite");
    let short = post(&server, &path, &json!({"password": "short"}), &[]).await.problem(422, "invalid");
    assert_eq!(short["faults"][0]["field"], "password");
    let answer = post(&server, &path, &json!({"password": "another password"}), &[]).await;
    assert_eq!((answer.status, &answer.json()["role"]), (201, &json!("agent")));
    post(&server, &path, &json!({"password": "another password"}), &[]).await.problem(404, "not_found");
    server.send("GET", &path, &[], None).await.problem(404, "not_found");

    let right = json!({"email": "bob@example.com", "password": "another password"});
    assert_eq!(post(&server, "/api/v1/session", &right, &[]).await.status, 201);
    let wrong = json!({"email": "bob@example.com", "password": "guess guess guess"});
    let mut last = post(&server, "/api/v1/session", &wrong, &[]).await;
    for _ in 0..5 {
        last = post(&server, "/api/v1/session", &wrong, &[]).await;
    }
    last.problem(429, "too_many_requests");
    assert!(last.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));

    // A new password ends what was open under the old one.
    let session = cookie(answer.header("set-cookie"));
    let (own, session) = (server.base.clone(), ("cookie", session.as_str()));
    let mut live = server.open("/api/v1/live", &[session, ("origin", own.as_str())]).await.ok().unwrap();
    let reset = installation.print(&["user", "reset-password", "--email", "bob@example.com"]);
    let reset = format!("/api/v1/links/{}", reset.split("/link?code=").nth(1).unwrap());
    assert_eq!(post(&server, &reset, &json!({"password": "a third password"}), &[]).await.status, 201);
    while let Ok(_frame) = live.next().await.map_err(|code| assert_eq!(code, 4401)) {}
    server.send("GET", "/api/v1/me", &[session], None).await.problem(401, "unauthenticated");
    assert!(!installation.run(&["user", "reset-password", "--email", "nobody@example.com"]).status.success());
}

async fn roles_are_kept(engine: Engine) {
    let installation = Installation::new(engine).await;
    let server = installation.serve();
    let account = json!({"kind": "messenger", "name": "x"});
    let reading = installation.token("read-only");
    for (role, jobs, accounts, people) in [
        ("owner", 200, 200, 200),
        ("admin", 200, 200, 200),
        ("supervisor", 200, 403, 403),
        ("agent", 403, 403, 403),
        ("read-only", 403, 403, 403),
    ] {
        let token = installation.token(role);
        assert_eq!(server.get(&token, "/api/v1/threads").await.status, 200, "{role}");
        assert_eq!(server.get(&token, "/api/v1/jobs").await.status, jobs, "{role}");
        assert_eq!(server.get(&token, "/api/v1/channel-accounts").await.status, accounts, "{role}");
        assert_eq!(
            server.get(&token, "/api/v1/channel-kinds").await.status,
            200,
            "{role}: the composer needs its limits"
        );
        assert_eq!(server.get(&token, "/api/v1/tokens").await.status, people, "{role}");
        let created = server.post(&token, "/api/v1/channel-accounts", &account).await.status;
        assert_eq!(created, if accounts == 200 { 422 } else { 403 }, "{role}");
        let me = server.get(&token, "/api/v1/me").await.expect(200);
        assert_eq!(me["may"].as_array().unwrap().iter().any(|right| right == "manage_people"), people == 200, "{role}");
    }
    let blocks = json!({"blocks": [{"type": "text", "text": "hi"}]});
    let path = "/api/v1/threads/thr_0000000000001/messages";
    server.post(&reading, path, &blocks).await.problem(403, "forbidden");

    // Nobody but an owner ends what an owner made for themselves.
    let (owner, admin) = (installation.token("owner"), installation.token("admin"));
    let own = server.get(&owner, "/api/v1/me").await.expect(200)["caller"]["id"].as_str().unwrap().to_owned();
    let refused = server.call("DELETE", &admin, &format!("/api/v1/tokens/{own}"), &Value::Null, &[]).await;
    refused.problem(403, "forbidden");
    server.get(&owner, "/api/v1/me").await.expect(200);

    // A revoked token is refused, its socket closes, and its ticket opens nothing.
    let doomed = installation.token("agent");
    let id = server.get(&doomed, "/api/v1/me").await.expect(200)["caller"]["id"].as_str().unwrap().to_owned();
    let mut live = server.live(&doomed, None).await;
    let ticket = server.post(&doomed, "/api/v1/live/tickets", &Value::Null).await.expect(201);
    let revoked = server.call("DELETE", &owner, &format!("/api/v1/tokens/{id}"), &Value::Null, &[]).await;
    assert_eq!(revoked.status, 204);
    while let Ok(_frame) = live.next().await.map_err(|code| assert_eq!(code, 4401)) {}
    server.get(&doomed, "/api/v1/me").await.problem(401, "unauthenticated");
    let late = format!("/api/v1/live?ticket={}", ticket["ticket"].as_str().unwrap());
    assert_eq!(server.open(&late, &[]).await.err().unwrap().0, 401);

    // An owner may end an owner's, an admin any other's, their own too.
    let other = installation.token("owner");
    assert_eq!(server.call("DELETE", &other, &format!("/api/v1/tokens/{own}"), &Value::Null, &[]).await.status, 204);
    let own = server.get(&admin, "/api/v1/me").await.expect(200)["caller"]["id"].as_str().unwrap().to_owned();
    assert_eq!(server.call("DELETE", &admin, &format!("/api/v1/tokens/{own}"), &Value::Null, &[]).await.status, 204);
}

async fn access_ends_and_comes_back(engine: Engine) {
    let installation = Installation::new(engine).await;
    let mut server = installation.serve();
    let session = set_up(&mut server).await;
    let user = |command: &str, email: &str| {
        let output = installation.run(&["user", command, "--email", email]);
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (done, said) = user("disable", "ann@example.com");
    assert!(!done && said.contains("the last owner") && said.trim().lines().count() == 1, "{said}");
    server.send("GET", "/api/v1/me", &[("cookie", &session)], None).await.expect(200);

    installation.print(&["user", "create", "--email", "bob@example.com", "--role", "owner"]);
    assert!(user("disable", "ann@example.com").0, "another owner is left");
    let sign_in = json!({"email": "ann@example.com", "password": PASSWORD});
    post(&server, "/api/v1/session", &sign_in, &[]).await.problem(401, "unauthenticated");
    assert!(user("enable", "ann@example.com").0);
    server.send("GET", "/api/v1/me", &[("cookie", &session)], None).await.problem(401, "unauthenticated");
    assert_eq!(post(&server, "/api/v1/session", &sign_in, &[]).await.status, 201);
    assert!(!user("enable", "nobody@example.com").0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_locks_nobody_out() {
    let installation = Installation::new(Engine::Sqlite).await;
    let mut server = installation.serve_with(installation.program().env("ONETHREAD_TRUSTED_PROXY", "true"));
    set_up(&mut server).await;
    let sign_in = async |from: String, password: &str| {
        let body = json!({"email": "ann@example.com", "password": password});
        post(&server, "/api/v1/session", &body, &[("x-forwarded-for", &from)]).await
    };
    for _ in 0..5 {
        sign_in("198.51.100.1".into(), "guess guess guess").await.problem(401, "unauthenticated");
    }
    sign_in("198.51.100.1".into(), PASSWORD).await.problem(429, "too_many_requests");
    assert_eq!(sign_in("203.0.113.9".into(), PASSWORD).await.status, 201, "the owner, elsewhere");

    // All of a /64 is one machine's.
    for number in 1..=5 {
        sign_in(format!("2001:db8:1:2::{number}"), "guess guess guess").await.problem(401, "unauthenticated");
    }
    sign_in("2001:db8:1:2:ffff::6".into(), "guess guess guess").await.problem(429, "too_many_requests");
    sign_in("2001:db8:1:3::6".into(), "guess guess guess").await.problem(401, "unauthenticated");
    // An IPv4 address in the clothes of an IPv6 address is itself.
    sign_in("::ffff:198.51.100.1".into(), PASSWORD).await.problem(429, "too_many_requests");
    assert_eq!(sign_in("::ffff:203.0.113.9".into(), PASSWORD).await.status, 201);
}
