//! Every route is documented, and every documented route says how it fails.

use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};

fn document() -> Value {
    serde_json::to_value(api::openapi::document()).unwrap()
}

/// Every operation with its method and path.
fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[test]
fn routes_of_the_api_are_registered_by_the_macro_that_documents_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in fs::read_dir(source).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in product.lines().enumerate() {
            let Some(route) = line.split(".route(").nth(1) else { continue };
            let allowed =
                ["\"/callbacks/", "\"/files/", "\"/healthz\"", "\"/readyz\"", "\"/metrics\"", "\"/openapi.json\""];
            let known = allowed.iter().any(|allowed| route.starts_with(allowed));
            assert!(known, "{}:{}: use routes!(…), so that the route is documented", path.display(), number + 1);
        }
    }
}

#[test]
fn every_operation_says_what_it_does_and_how_it_fails() {
    let document = document();
    let mut names = BTreeSet::new();
    for (name, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|summary| summary.len() > 10), "{name} has no summary");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{name} has no tag");
        assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name} shares its id");
        let answers = operation["responses"].as_object().unwrap();
        let public = operation["security"] == json!([{}]);
        let mut wanted = vec!["500", "503", "default"];
        wanted.extend((!public).then_some("401"));
        wanted.extend(name.contains("{id}").then_some("404"));
        wanted.extend(operation["requestBody"].is_object().then_some("422"));
        for status in wanted {
            let schema = &answers[status]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{name} does not document {status}");
        }
    }
    assert_eq!(names.len(), 93, "a route came or went: say so here");
}

#[test]
fn only_signing_in_is_public_and_only_the_desk_uses_it() {
    let document = document();
    for (name, operation) in operations(&document) {
        if operation["security"] == json!([{}]) {
            assert_eq!(operation["x-internal"], true, "{name} is public and not internal");
            assert!(["/setup", "/session", "/links/"].iter().any(|place| name.contains(place)), "{name} is public");
        }
    }
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["bearer", "cookie"]);
}

#[test]
fn requests_refuse_fields_that_they_do_not_know() {
    let document = document();
    for (name, operation) in operations(&document) {
        let Some(schema) = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str() else {
            continue;
        };
        let schema = &document["components"]["schemas"][schema.rsplit('/').next().unwrap()];
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
                }
                waiting.extend(object.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
}
