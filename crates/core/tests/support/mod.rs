//! Shared helpers of the integration tests: an endpoint, signed requests, fixtures, and several
//! ways to write a JSON value.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

pub(crate) mod arbitrary;
pub(crate) mod broken;
pub(crate) mod hostile;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use birdhook_core::{
    App, Apps, Delivery, Endpoint, EndpointSettings, Event, HeadResult, Outcome, Reply, RequestHead, Secret, signature,
};
use bytes::Bytes;
use serde_json::{Value, json};

/// The consumer secret of [`endpoint`]. Does not occur elsewhere.
pub(crate) const SECRET: &str = "SECRETMARKERk3yOfTheTests";

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::new(App::new("bees", secret(SECRET)), EndpointSettings::default())
}

/// Returns an endpoint with changed settings.
pub(crate) fn endpoint_with(apps: impl Into<Apps>, change: impl FnOnce(&mut EndpointSettings)) -> Endpoint {
    let mut settings = EndpointSettings::default();
    change(&mut settings);
    Endpoint::new(apps, settings)
}

pub(crate) fn apps(apps: impl IntoIterator<Item = App>) -> Apps {
    Apps::new(apps).unwrap()
}

pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn get(endpoint: &Endpoint, target: &str, headers: Headers<'_>) -> Reply {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let head = RequestHead::new("GET", path, query).with_headers(headers.iter().map(|(n, v)| (*n, v.as_bytes())));
    match endpoint.begin(&head) {
        HeadResult::Reply(reply) => reply,
        HeadResult::Body(_) => panic!("a GET has no body"),
    }
}

/// Sends a POST with its body in the given chunks.
pub(crate) fn post<'a>(
    endpoint: &Endpoint,
    headers: Headers<'_>,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Delivery, Reply> {
    let head = RequestHead::new("POST", "/", None).with_headers(headers.iter().map(|(n, v)| (*n, v.as_bytes())));
    match endpoint.begin(&head) {
        HeadResult::Reply(reply) => Err(reply),
        HeadResult::Body(mut reader) => {
            for chunk in chunks {
                reader.push(Bytes::copy_from_slice(chunk))?;
            }
            reader.finish()
        }
    }
}

/// Sends a POST with a body signed with this secret.
pub(crate) fn post_signed(endpoint: &Endpoint, key: &str, body: &[u8]) -> Result<Delivery, Reply> {
    let signed = signature::sign(&secret(key), body);
    post(endpoint, &[(signature::HEADER, &signed)], [body])
}

pub(crate) fn try_deliver(body: impl AsRef<[u8]>) -> Result<Delivery, Outcome> {
    post_signed(&endpoint(), SECRET, body.as_ref()).map_err(|reply| reply.outcome())
}

pub(crate) fn deliver(body: impl AsRef<[u8]>) -> Delivery {
    let body = body.as_ref();
    try_deliver(body).unwrap_or_else(|reason| panic!("{reason:?} for {}", String::from_utf8_lossy(body)))
}

/// Returns the only event of a body.
pub(crate) fn event(body: impl AsRef<[u8]>) -> Event {
    let events = deliver(body).into_events();
    assert_eq!(events.len(), 1);
    events.into_iter().next().unwrap()
}

/// Returns every fixture with its path, without the ending: bodies in the shapes that X sends, with
/// invented users. Those of the Account Activity API come first.
pub(crate) fn all_fixtures() -> &'static [(&'static str, &'static str)] {
    fn files(folder: &Path) -> Vec<PathBuf> {
        let inside = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        inside.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }
    static ALL: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let named = |path: PathBuf| -> (&str, &str) {
            let name = path.strip_prefix(&folder).unwrap().with_extension("").display().to_string();
            (name.replace('\\', "/").leak(), fs::read_to_string(path).unwrap().leak())
        };
        let mut all: Vec<_> = files(&folder).into_iter().map(named).collect();
        all.sort_unstable_by_key(|(name, _)| (name.contains('/'), *name));
        assert!(all.len() > 100, "only {}", all.len());
        all
    });
    &ALL
}

/// Returns the fixtures of the Account Activity API.
pub(crate) fn fixtures() -> &'static [(&'static str, &'static str)] {
    let all = all_fixtures();
    &all[..all.partition_point(|(name, _)| !name.contains('/'))]
}

pub(crate) fn fixture(name: &str) -> &'static str {
    all_fixtures().iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no fixture {name}")).1
}

/// Returns an activity of this type about the user 1111.
pub(crate) fn activity_event(event_type: &str, payload: &Value) -> Event {
    let data = json!({"event_uuid": "-7", "event_type": event_type, "filter": {"user_id": "1111"}, "payload": payload});
    event(json!({ "data": data }).to_string())
}

pub(crate) fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Sets the value at a JSON pointer, or removes it. Adds a member if it is missing.
pub(crate) fn set(body: &mut Value, pointer: &str, to: Option<Value>) {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    match (body.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")), to) {
        (Value::Object(members), Some(to)) => _ = members.insert(member.to_owned(), to),
        (Value::Object(members), None) => _ = members.remove(member).unwrap(),
        (Value::Array(elements), Some(to)) => *elements.get_mut(member.parse::<usize>().unwrap()).unwrap() = to,
        (Value::Array(elements), None) => _ = elements.remove(member.parse().unwrap()),
        _ => panic!("{parent} holds nothing"),
    }
}

/// Returns the fixture with another value at a JSON pointer.
pub(crate) fn changed(name: &str, pointer: &str, to: impl Into<Value>) -> String {
    let mut body = value(fixture(name));
    set(&mut body, pointer, Some(to.into()));
    body.to_string()
}

/// Returns the pointers of all values inside `value`, outer values first.
pub(crate) fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, here: &str, found: &mut Vec<String>) {
        let mut step = |name: &str, inner: &Value| {
            assert!(!name.contains(['/', '~']), "{name} needs escaping");
            found.push(format!("{here}/{name}"));
            walk(inner, &format!("{here}/{name}"), found);
        };
        match value {
            Value::Object(members) => members.iter().for_each(|(name, inner)| step(name, inner)),
            Value::Array(elements) => elements.iter().enumerate().for_each(|(at, inner)| step(&at.to_string(), inner)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// A way to write a JSON value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    /// Members in reverse order, without white space.
    Reversed,
    /// Members in reverse order, with white space wherever JSON allows it.
    Spaced,
    /// Every character of every string and name as `\uXXXX`.
    Escaped,
}

impl Style {
    pub(crate) const ALL: [Self; 3] = [Self::Reversed, Self::Spaced, Self::Escaped];

    pub(crate) fn write(self, value: &Value) -> String {
        let gap = if matches!(self, Self::Spaced) { " \r\n\t" } else { "" };
        let list = |open: char, items: Vec<String>, close: char| {
            format!("{gap}{open}{gap}{}{gap}{close}{gap}", items.join(&format!("{gap},{gap}")))
        };
        match value {
            Value::Object(members) => {
                let member =
                    |(name, inner): (&String, &Value)| format!("{}{gap}:{gap}{}", self.string(name), self.write(inner));
                list('{', members.iter().rev().map(member).collect(), '}')
            }
            Value::Array(elements) => list('[', elements.iter().map(|inner| self.write(inner)).collect(), ']'),
            Value::String(text) => self.string(text),
            other => format!("{gap}{other}{gap}"),
        }
    }

    fn string(self, text: &str) -> String {
        match self {
            Self::Escaped => {
                format!("\"{}\"", text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>())
            }
            _ => Value::from(text).to_string(),
        }
    }
}
