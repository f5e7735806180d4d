//! What a business defines (labels, customers' fields, calendars), and what it says of its customers; live on every desk.

use crate::harness::{Answer, Engine, Installation, Scene, Server, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    what_is_said_of_a_customer_is_seen_everywhere,
    a_snapshot_and_the_frames_since_are_a_fresh_snapshot,
    every_wrong_value_is_told_at_its_field,
    labels_are_unique_and_stay_while_they_are_carried,
    fields_keep_their_order_and_their_values,
    opening_hours_say_when_somebody_is_there,
    wrong_opening_hours_are_told_at_their_places,
    definitions_are_made_once_by_key,
    who_may_define_and_who_may_say,
);

async fn patch(server: &Server, token: &str, path: &str, body: &Value) -> Answer {
    server.call("PATCH", token, path, body, &[]).await
}

fn faults(problem: &Value) -> Vec<&str> {
    problem["faults"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The customer of the scene, by path.
async fn customer_path(scene: &Scene) -> String {
    let thread = scene.server.get(&scene.owner, &format!("/api/v1/threads/{}", scene.thread)).await.expect(200);
    format!("/api/v1/customers/{}", text(&thread["customer"]["id"]))
}

async fn define(scene: &Scene, path: &str, body: Value) -> Value {
    scene.server.post(&scene.owner, path, &body).await.expect(201)
}

async fn what_is_said_of_a_customer_is_seen_everywhere(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let customer = customer_path(&scene).await;
    let field = json!({"key": "order_number", "name": "Order", "type": "text"});
    let field = define(&scene, "/api/v1/attributes", field).await;
    let frame = scene.live.until("attribute.changed").await;
    assert_eq!(frame["subject_id"], field["id"]);
    let label = define(&scene, "/api/v1/labels", json!({"name": "Trail club", "colour": "green"})).await;
    assert_eq!(scene.live.until("label.changed").await["subject_id"], label["id"]);

    let change = json!({"name": " Maya  Lindqvist ", "attributes": {"order_number": "NV-40718"}});
    let changed = patch(&scene.server, &scene.owner, &customer, &change).await.expect(200);
    assert_eq!(changed["name"], "Maya Lindqvist");
    assert_eq!(changed["attributes"], json!({"order_number": "NV-40718"}));
    let frame = scene.live.until("customer.changed").await;
    assert_eq!((&frame["customer_id"], &frame["thread_id"]), (&changed["id"], &json!(scene.thread)));
    assert!(!frame.to_string().contains("Maya") && !frame.to_string().contains("NV-40718"), "{frame}");

    let on = format!("{customer}/labels/{}", text(&label["id"]));
    let labelled = scene.server.call("PUT", &scene.owner, &on, &Value::Null, &[]).await.expect(200);
    assert_eq!(labelled["labels"], json!([{"id": label["id"], "name": "Trail club", "colour": "green"}]));
    assert_eq!(scene.live.until("customer.changed").await["thread_id"], json!(scene.thread));
    let threads = scene.server.get(&scene.owner, "/api/v1/threads").await.expect(200);
    assert_eq!(threads["items"][0]["customer"], labelled, "told the same in the list of threads");
    assert_eq!(scene.server.get(&scene.owner, "/api/v1/customers").await.expect(200)["items"][0], labelled);
    assert_eq!(scene.server.get(&scene.owner, &customer).await.expect(200), labelled);

    let off = scene.server.call("DELETE", &scene.owner, &on, &Value::Null, &[]).await.expect(200);
    assert_eq!(off["labels"], json!([]));
    let cleared = json!({"attributes": {"order_number": null}});
    assert_eq!(patch(&scene.server, &scene.owner, &customer, &cleared).await.expect(200)["attributes"], json!({}));
    let log = scene.server.serving.log();
    for word in ["Maya", "NV-40718", "Trail club"] {
        assert!(!log.contains(word), "the log tells {word}");
    }
}

/// A desk that reads a customer again when a frame names their thread, or when a definition changes, is never behind.
async fn a_snapshot_and_the_frames_since_are_a_fresh_snapshot(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let customer = customer_path(&scene).await;
    let (server, owner) = (&scene.server, scene.owner.clone());
    let field = json!({"key": "tier", "name": "Tier", "type": "choice", "options": ["Gold", "Silver"]});
    let field = define(&scene, "/api/v1/attributes", field).await;
    let label = define(&scene, "/api/v1/labels", json!({"name": "First"})).await;
    let (field, label) = (format!("/api/v1/attributes/{}", text(&field["id"])), text(&label["id"]).to_owned());
    let on = format!("{customer}/labels/{label}");
    let definition = format!("/api/v1/labels/{label}");
    let steps: Vec<(&str, &str, Value)> = vec![
        ("PATCH", &customer, json!({"name": "Maya"})),
        ("PATCH", &customer, json!({"name": "Maya"})),
        ("PUT", &on, Value::Null),
        ("PUT", &on, Value::Null),
        ("PATCH", &customer, json!({"attributes": {"tier": "Gold"}})),
        ("PATCH", &definition, json!({"name": "Renamed", "colour": "plum"})),
        ("PATCH", &field, json!({"archived": true})),
        ("PATCH", &field, json!({"archived": false})),
        ("PATCH", &definition, json!({"archived": true})),
        ("DELETE", &on, Value::Null),
        ("DELETE", &on, Value::Null),
        ("PATCH", &customer, json!({"name": "", "attributes": {"tier": null}})),
    ];
    scene.live.until("label.changed").await;
    let thread = format!("/api/v1/threads/{}", scene.thread);
    let mut snapshot = server.get(&owner, &thread).await.expect(200);
    for (method, path, body) in steps {
        server.call(method, &owner, path, &body, &[]).await.expect(200);
        let fresh = server.get(&owner, &thread).await.expect(200);
        // A mark behind the step: everything before it has been told when it comes.
        let mark = define(&scene, "/api/v1/calendars", json!({"name": path.len().to_string() + method, "zone": "UTC"}));
        let mark = format!("/api/v1/calendars/{}", text(&mark.await["id"]));
        let mut told = false;
        loop {
            let frame = scene.live.next().await.unwrap();
            match frame["kind"].as_str().unwrap() {
                "calendar.changed" => break,
                "customer.changed" => told |= frame["thread_id"] == json!(scene.thread),
                "label.changed" | "attribute.changed" => told = true,
                other => panic!("{other} is not about this"),
            }
        }
        assert_eq!(server.call("DELETE", &owner, &mark, &Value::Null, &[]).await.status, 204);
        scene.live.until("calendar.changed").await;
        assert!(told || fresh == snapshot, "{method} {path} changed the customer and told nobody");
        snapshot = fresh;
    }
    assert_eq!((&snapshot["customer"]["name"], &snapshot["customer"]["labels"]), (&json!(""), &json!([])));
}

async fn every_wrong_value_is_told_at_its_field(engine: Engine) {
    let scene = Scene::new(engine).await;
    let customer = customer_path(&scene).await;
    for (key, kind) in [("seats", "number"), ("born", "date"), ("site", "url"), ("phone", "phone"), ("mail", "email")] {
        define(&scene, "/api/v1/attributes", json!({"key": key, "name": key, "type": kind})).await;
    }
    let needed = json!({"key": "number", "name": "Number", "type": "text", "required": true});
    define(&scene, "/api/v1/attributes", needed).await;
    let gone = define(&scene, "/api/v1/attributes", json!({"key": "gone", "name": "Gone", "type": "text"})).await;
    let gone = format!("/api/v1/attributes/{}", text(&gone["id"]));
    patch(&scene.server, &scene.owner, &gone, &json!({"archived": true})).await.expect(200);
    let before = scene.server.get(&scene.owner, &customer).await.expect(200);
    let wrong = json!({"name": "x".repeat(201), "attributes": {
        "seats": "5", "born": "2027-02-29", "site": "javascript:alert(1)", "phone": "12", "mail": "ann@",
        "number": null, "gone": "x", "unknown": 1,
    }});
    let problem = patch(&scene.server, &scene.owner, &customer, &wrong).await.problem(422, "invalid");
    let mut told = faults(&problem);
    told.sort_unstable();
    let keys = ["born", "gone", "mail", "number", "phone", "seats", "site", "unknown"];
    let mut expected: Vec<String> = keys.iter().map(|key| format!("attributes.{key}")).collect();
    expected.push("name".into());
    assert_eq!(told, expected);
    let problem = patch(&scene.server, &scene.owner, &customer, &json!({"attributes": [], "address": ""})).await;
    assert_eq!(faults(&problem.problem(422, "invalid")), ["address", "attributes"]);
    assert_eq!(scene.server.get(&scene.owner, &customer).await.expect(200), before, "nothing of it is kept");
    let right = json!({"attributes": {"seats": 4.5, "phone": "+370 612 34567", "site": "https://example.com"}});
    let changed = patch(&scene.server, &scene.owner, &customer, &right).await.expect(200);
    assert_eq!(changed["attributes"], json!({"seats": 4.5, "phone": "+37061234567", "site": "https://example.com/"}));
}

async fn labels_are_unique_and_stay_while_they_are_carried(engine: Engine) {
    let scene = Scene::new(engine).await;
    let (server, owner) = (&scene.server, scene.owner.as_str());
    let customer = customer_path(&scene).await;
    let label = define(&scene, "/api/v1/labels", json!({"name": " Vip  client "})).await;
    assert_eq!(
        (&label["name"], &label["colour"], &label["archived"]),
        (&json!("Vip client"), &json!("grey"), &json!(false))
    );
    for wrong in [json!({"name": "VIP CLIENT"}), json!({"name": " "}), json!({"name": "a", "colour": "red"})] {
        let problem = server.post(owner, "/api/v1/labels", &wrong).await.problem(422, "invalid");
        assert_eq!(faults(&problem).len(), 1, "{problem}");
    }
    let other = define(&scene, "/api/v1/labels", json!({"name": "Other", "colour": "blue"})).await;
    let other = format!("/api/v1/labels/{}", text(&other["id"]));
    let taken = patch(server, owner, &other, &json!({"name": "vip client"})).await.problem(422, "invalid");
    assert_eq!(faults(&taken), ["name"]);
    let path = format!("/api/v1/labels/{}", text(&label["id"]));
    let on = format!("{customer}/labels/{}", text(&label["id"]));
    server.call("PUT", owner, &on, &Value::Null, &[]).await.expect(200);
    server.call("DELETE", owner, &path, &Value::Null, &[]).await.problem(409, "conflict");
    patch(server, owner, &path, &json!({"archived": true})).await.expect(200);
    let kept = server.get(owner, &customer).await.expect(200);
    assert_eq!(kept["labels"][0]["name"], "Vip client", "who carries it goes on carrying it");
    server.call("DELETE", owner, &on, &Value::Null, &[]).await.expect(200);
    server.call("PUT", owner, &on, &Value::Null, &[]).await.problem(409, "conflict");
    assert_eq!(server.call("DELETE", owner, &path, &Value::Null, &[]).await.status, 204);
    server.call("PUT", owner, &on, &Value::Null, &[]).await.problem(404, "not_found");
    server.call("DELETE", owner, &path, &Value::Null, &[]).await.problem(404, "not_found");
    let names: Vec<Value> =
        server.get(owner, "/api/v1/labels?limit=1").await.expect(200)["items"].as_array().unwrap().clone();
    assert_eq!((names.len(), &names[0]["name"]), (1, &json!("Other")));
}

async fn fields_keep_their_order_and_their_values(engine: Engine) {
    let scene = Scene::new(engine).await;
    let (server, owner) = (&scene.server, scene.owner.as_str());
    let customer = customer_path(&scene).await;
    let mut ids = Vec::new();
    for key in ["one", "two", "three"] {
        let field = json!({"key": key, "name": key, "type": "choice", "options": ["Yes", "No"]});
        ids.push(text(&define(&scene, "/api/v1/attributes", field).await["id"]).to_owned());
    }
    let path = |place: usize| format!("/api/v1/attributes/{}", ids[place]);
    patch(server, owner, &path(2), &json!({"position": 0})).await.expect(200);
    let (mut keys, mut next) = (Vec::new(), String::new());
    loop {
        let page = server.get(owner, &format!("/api/v1/attributes?limit=1{next}")).await.expect(200);
        keys.extend(page["items"].as_array().unwrap().iter().map(|field| text(&field["key"]).to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(keys, ["one", "three", "two"]);

    let wrong = json!({"key": "Two", "name": "", "type": "text", "options": ["a"], "description": "x".repeat(301), "position": -1});
    let problem = server.post(owner, "/api/v1/attributes", &wrong).await.problem(422, "invalid");
    assert_eq!(faults(&problem), ["key", "name", "options", "description", "position"]);
    let taken = json!({"key": "two", "name": "Two", "type": "text"});
    assert_eq!(faults(&server.post(owner, "/api/v1/attributes", &taken).await.problem(422, "invalid")), ["key"]);
    let fixed = patch(server, owner, &path(0), &json!({"type": "text", "key": "new"})).await.problem(422, "invalid");
    assert_eq!(faults(&fixed), ["key", "type"], "neither ever changes");
    let twice = patch(server, owner, &path(0), &json!({"options": ["Yes", "yes"]})).await.problem(422, "invalid");
    assert_eq!(faults(&twice), ["options[1]"]);

    let said = json!({"attributes": {"one": "Yes"}});
    patch(server, owner, &customer, &said).await.expect(200);
    patch(server, owner, &path(0), &json!({"options": ["No", "Perhaps"]})).await.expect(200);
    let kept = server.get(owner, &customer).await.expect(200);
    assert_eq!(kept["attributes"]["one"], "Yes", "a value that is no option any more is kept");
    let problem = patch(server, owner, &customer, &said).await.problem(422, "invalid");
    assert_eq!(faults(&problem), ["attributes.one"], "and cannot be said anew");
    server.call("DELETE", owner, &path(0), &Value::Null, &[]).await.problem(409, "conflict");
    assert_eq!(server.call("DELETE", owner, &path(1), &Value::Null, &[]).await.status, 204);
}

async fn opening_hours_say_when_somebody_is_there(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let (server, owner) = (&scene.server, scene.owner.as_str());
    let day = json!([{"from": "09:00", "to": "18:00"}]);
    let week = json!({"monday": day, "tuesday": day, "wednesday": day, "thursday": day, "friday": day});
    let hours = json!({
        "name": "Support", "zone": "europe/warsaw", "weekly": week,
        "exceptions": [{"date": "2026-12-24", "spans": [{"from": "09:00", "to": "12:00"}], "note": "Christmas Eve"}],
    });
    let calendar = server.post(owner, "/api/v1/calendars", &hours).await.expect(201);
    assert_eq!(scene.live.until("calendar.changed").await["subject_id"], calendar["id"]);
    assert_eq!((&calendar["zone"], &calendar["weekly"]["sunday"]), (&json!("Europe/Warsaw"), &json!([])));
    let path = format!("/api/v1/calendars/{}", text(&calendar["id"]));
    assert_eq!(server.get(owner, &path).await.expect(200), calendar);
    assert_eq!(server.get(owner, "/api/v1/calendars").await.expect(200)["items"], json!([calendar]));

    // Friday 17:50 in Warsaw, then the hour after closing.
    let ask = async |at: &str| server.get(owner, &format!("{path}/preview?at={at}")).await.expect(200);
    let open = ask("2026-03-06T16:50:00Z").await;
    assert_eq!((&open["open"], &open["open_until"]), (&json!(true), &json!("2026-03-06T17:00:00.000Z")));
    assert_eq!((&open["opens_at"], open["days"].as_array().unwrap().len()), (&Value::Null, 14));
    let closed = ask("2026-03-06T17:00:00Z").await;
    assert_eq!((&closed["open"], &closed["opens_at"]), (&json!(false), &json!("2026-03-09T08:00:00.000Z")));
    let eve = ask("2026-12-24T08:00:00Z").await;
    let span = json!({"from": "2026-12-24T08:00:00.000Z", "to": "2026-12-24T11:00:00.000Z"});
    assert_eq!(eve["days"][0], json!({"date": "2026-12-24", "exception": true, "spans": [span]}));
    assert!(server.get(owner, &format!("{path}/preview")).await.expect(200)["open"].is_boolean(), "now");
    for wrong in ["yesterday", "9999-01-01T00:00:00Z", "2026-03-06"] {
        let problem = server.get(owner, &format!("{path}/preview?at={wrong}")).await.problem(422, "invalid");
        assert_eq!(faults(&problem), ["at"], "{wrong}");
    }

    // Hours that are not kept yet are previewed by the same rules, and nothing is kept.
    let draft = json!({"zone": "Europe/Warsaw", "weekly": {"saturday": [{"from": "22:00", "to": "02:00"}]}});
    let told = server.post(owner, "/api/v1/calendars/preview?at=2026-03-07T20:59:00Z", &draft).await.expect(200);
    assert_eq!((&told["open"], &told["opens_at"]), (&json!(false), &json!("2026-03-07T21:00:00.000Z")));

    let changed = patch(server, owner, &path, &json!({"weekly": draft["weekly"]})).await.expect(200);
    scene.live.until("calendar.changed").await;
    assert_eq!(changed["weekly"]["saturday"], json!([{"from": "22:00", "to": "24:00"}]));
    assert_eq!(changed["weekly"]["sunday"], json!([{"from": "00:00", "to": "02:00"}]));
    assert_eq!(changed["weekly"]["monday"], json!([]), "a part that is given replaces the whole of it");
    assert_eq!(changed["exceptions"], calendar["exceptions"]);
    assert_eq!(server.call("DELETE", owner, &path, &Value::Null, &[]).await.status, 204);
    server.get(owner, &path).await.problem(404, "not_found");
}

async fn wrong_opening_hours_are_told_at_their_places(engine: Engine) {
    let scene = Scene::new(engine).await;
    let (server, owner) = (&scene.server, scene.owner.as_str());
    let wrong = json!({
        "name": "", "zone": "Mars/Olympus",
        "weekly": {"monday": [{"from": "09:00", "to": "12:00"}, {"from": "11:00", "to": "13:00"}]},
        "exceptions": [{"date": "2026-12-24"}, {"date": "2026-12-24"}, {"date": "soon"}],
    });
    let problem = server.post(owner, "/api/v1/calendars", &wrong).await.problem(422, "invalid");
    let expected = ["name", "zone", "weekly.monday[1].from", "exceptions[1].date", "exceptions[2].date"];
    assert_eq!(faults(&problem), expected);
    let hours = json!({"zone": wrong["zone"], "weekly": wrong["weekly"], "exceptions": wrong["exceptions"]});
    let problem = server.post(owner, "/api/v1/calendars/preview", &hours).await.problem(422, "invalid");
    assert_eq!(faults(&problem), expected[1..]);
    let odd = json!({"name": "Odd", "zone": "UTC", "weekly": {"payday": []}});
    assert_eq!(faults(&server.post(owner, "/api/v1/calendars", &odd).await.problem(422, "invalid")), ["weekly"]);
    let one = define(&scene, "/api/v1/calendars", json!({"name": "One", "zone": "UTC"})).await;
    define(&scene, "/api/v1/calendars", json!({"name": "Two", "zone": "UTC"})).await;
    let path = format!("/api/v1/calendars/{}", text(&one["id"]));
    assert_eq!(faults(&patch(server, owner, &path, &json!({"name": "two"})).await.problem(422, "invalid")), ["name"]);
    let again = server.post(owner, "/api/v1/calendars", &json!({"name": "ONE", "zone": "UTC"})).await;
    assert_eq!(faults(&again.problem(422, "invalid")), ["name"]);
}

async fn definitions_are_made_once_by_key(engine: Engine) {
    let installation = Installation::new(engine).await;
    let server = installation.serve();
    let owner = installation.token("owner");
    for (path, body, other) in [
        ("/api/v1/labels", json!({"name": "Once"}), json!({"name": "Twice"})),
        (
            "/api/v1/attributes",
            json!({"key": "once", "name": "Once", "type": "date"}),
            json!({"key": "twice", "name": "Twice", "type": "date"}),
        ),
        ("/api/v1/calendars", json!({"name": "Once", "zone": "UTC"}), json!({"name": "Twice", "zone": "UTC"})),
    ] {
        let key = [("idempotency-key", path)];
        let first = server.call("POST", &owner, path, &body, &key).await.expect(201);
        let again = server.call("POST", &owner, path, &body, &key).await.expect(201);
        assert_eq!(first, again);
        server.call("POST", &owner, path, &other, &key).await.problem(409, "idempotency_conflict");
    }
}

async fn who_may_define_and_who_may_say(engine: Engine) {
    let scene = Scene::new(engine).await;
    let server = &scene.server;
    let customer = customer_path(&scene).await;
    let label = define(&scene, "/api/v1/labels", json!({"name": "Word"})).await;
    let on = format!("{customer}/labels/{}", text(&label["id"]));
    for (role, defines, says) in [
        ("owner", true, true),
        ("admin", true, true),
        ("supervisor", false, true),
        ("agent", false, true),
        ("read-only", false, false),
    ] {
        let token = scene.installation.token(role);
        for path in ["/api/v1/labels", "/api/v1/attributes", "/api/v1/calendars"] {
            assert_eq!(server.get(&token, path).await.status, 200, "{role} reads {path}");
        }
        let field = json!({"key": role.replace('-', "_"), "name": role, "type": "text"});
        let hours = json!({"name": role, "zone": "UTC"});
        let made = if defines { 201 } else { 403 };
        let named = json!({"name": role});
        for (path, body) in [("labels", &named), ("attributes", &field), ("calendars", &hours)] {
            let answer = server.post(&token, &format!("/api/v1/{path}"), body).await;
            assert_eq!(answer.status, made, "{role} defines {path}");
        }
        let changed = if defines { 200 } else { 403 };
        let path = format!("/api/v1/labels/{}", text(&label["id"]));
        assert_eq!(patch(server, &token, &path, &json!({"colour": "blue"})).await.status, changed, "{role}");
        let preview = server.post(&token, "/api/v1/calendars/preview", &json!({"zone": "UTC"})).await;
        assert_eq!(preview.status, changed, "{role}");
        let said = if says { 200 } else { 403 };
        assert_eq!(patch(server, &token, &customer, &json!({"name": role})).await.status, said, "{role}");
        assert_eq!(server.call("PUT", &token, &on, &Value::Null, &[]).await.status, said, "{role}");
        assert_eq!(server.call("DELETE", &token, &on, &Value::Null, &[]).await.status, said, "{role}");
    }
}
