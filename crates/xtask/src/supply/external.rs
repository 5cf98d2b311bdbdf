//! Checks which types of other crates a public API exposes.
//!
//! The manifest lists the allowed types under `[package.metadata.cargo_check_external_types]`. A
//! new major version of their crate requires a new major version of ours.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde_json::Value;

use super::rustdoc::{ANOTHER_FORMAT, Library, described};
use crate::steps::Outcome;

/// The crates that every Rust program has.
const STANDARD: &[&str] = &["alloc", "core", "std"];

pub(super) fn check() -> Result<Outcome> {
    let Some(libraries) = described()? else { return Ok(Outcome::Skipped(ANOTHER_FORMAT.to_owned())) };
    let (mut broken, mut shown) = (Vec::new(), BTreeSet::new());
    for library in &libraries {
        let allowed = allowed(&library.metadata);
        let mut unused: BTreeSet<_> = allowed.iter().copied().collect();
        for (name, place) in names(library)? {
            match allowed.iter().find(|pattern| matches(pattern, &name)) {
                Some(pattern) => _ = unused.remove(pattern),
                None => broken.push(format!("{} shows {name}, in {place}", library.package)),
            }
            shown.insert(name);
        }
        broken
            .extend(unused.iter().map(|pattern| format!("{} allows {pattern}, but does not show it", library.package)));
    }
    broken.iter().for_each(|line| println!("{line}"));
    match broken.first() {
        None => Ok(Outcome::Passed(format!("{} libraries, {} types of other crates", libraries.len(), shown.len()))),
        Some(first) => bail!("{} lines are wrong, the first: {first}", broken.len()),
    }
}

fn allowed(metadata: &Value) -> Vec<&str> {
    let list = metadata.pointer("/cargo_check_external_types/allowed_external_types").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Matches a name. A final `*` in the pattern matches any ending.
fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// Returns the names that a library exposes from other crates, each with one item that exposes it.
fn names(library: &Library) -> Result<BTreeMap<String, String>> {
    let description = library.description()?;
    let mut names = BTreeMap::new();
    for item in library.items()? {
        let Some(inner) = description.pointer(&format!("/index/{}/inner", item.id().0)) else { continue };
        let mut ids = BTreeSet::new();
        collect(inner, &mut ids);
        for name in ids.iter().filter_map(|id| foreign(&description, *id)) {
            names.entry(name).or_insert_with(|| item.to_string());
        }
    }
    Ok(names)
}

/// Returns the full path of a type, trait or module, unless it belongs to this library or the
/// standard library.
fn foreign(description: &Value, id: u64) -> Option<String> {
    let summary = description.pointer(&format!("/paths/{id}"))?;
    let path: Vec<_> = summary.get("path")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let is_own = summary.get("crate_id")?.as_u64()? == 0;
    (!is_own && !STANDARD.contains(path.first()?)).then(|| path.join("::"))
}

/// Collects the ids that a description refers to, at any depth. Types and traits have a `path`,
/// re-exports a `source`.
fn collect(description: &Value, ids: &mut BTreeSet<u64>) {
    match description {
        Value::Object(members) => {
            let is_reference = members.contains_key("path") || members.contains_key("source");
            ids.extend(members.get("id").filter(|_| is_reference).and_then(Value::as_u64));
            members.values().for_each(|member| collect(member, ids));
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, ids)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_matched_whole_or_by_their_beginning() {
        assert!(matches("bytes::bytes::Bytes", "bytes::bytes::Bytes"));
        assert!(!matches("bytes::bytes::Bytes", "bytes::bytes::BytesMut"));
        assert!(matches("http::*", "http::status::StatusCode") && !matches("http::*", "http_body::Body"));
    }

    #[test]
    fn types_are_found_in_arguments_of_arguments_and_in_bounds() {
        let function = json!({"function": {
            "sig": {"output": {"resolved_path": {"path": "Vec", "id": 1, "args": {"angle_bracketed": {"args": [
                {"type": {"resolved_path": {"path": "Bytes", "id": 2, "args": null}}}]}}}}},
            "generics": {"params": [{"kind": {"type": {"bounds": [{"trait_bound": {"trait": {"path": "Body", "id": 3}}}]}}}]},
        }});
        let mut ids = BTreeSet::new();
        collect(&function, &mut ids);
        collect(&json!({"use": {"source": "http::Method", "name": "Method", "id": 4}}), &mut ids);
        collect(&json!({"struct": {"impls": [7], "id": 8}}), &mut ids);
        assert_eq!(ids, BTreeSet::from([1, 2, 3, 4]));
        let description = json!({"paths": {
            "1": {"crate_id": 3, "path": ["alloc", "vec", "Vec"]},
            "2": {"crate_id": 5, "path": ["bytes", "bytes", "Bytes"]},
            "4": {"crate_id": 0, "path": ["own", "Method"]},
        }});
        let found: Vec<_> = ids.iter().filter_map(|id| foreign(&description, *id)).collect();
        assert_eq!(found, ["bytes::bytes::Bytes"]);
    }
}
