//! No public function of the store is left without a case.

use std::path::Path;

/// The crate's sources but the suite: path below `src`, text.
pub(crate) fn sources() -> Vec<(String, String)> {
    collect("", false)
}

fn collect(below: &str, suite: bool) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.join(below)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if suite || name != "suite" {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// The public functions in the `impl Store` blocks of a text.
fn public_functions(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in text.lines() {
        if line.starts_with("impl Store {") {
            inside = true;
        } else if line == "}" {
            inside = false;
        }
        let Some(rest) = line.strip_prefix("    pub ").filter(|_| inside) else { continue };
        let rest = rest.strip_prefix("async ").unwrap_or(rest);
        if let Some(name) = rest.strip_prefix("fn ") {
            names.push(name.split(['(', '<']).next().unwrap_or_default().to_owned());
        }
    }
    names
}

#[test]
fn every_public_function_of_the_store_is_called_by_a_case() {
    let cases: String = collect("suite", true).into_iter().map(|(_, text)| text).collect();
    let functions: Vec<String> = sources().iter().flat_map(|(_, text)| public_functions(text)).collect();
    assert!(functions.len() > 50, "the search sees the functions: {functions:?}");
    let missing: Vec<&String> = functions
        .iter()
        .filter(|name| !cases.contains(&format!(".{name}(")) && !cases.contains(&format!("Store::{name}(")))
        .collect();
    assert!(missing.is_empty(), "no case calls {missing:?}");
}
