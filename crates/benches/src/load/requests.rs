//! Deliveries that all differ and cost almost nothing to make.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::value::RawValue;
use sha2::Sha256;

/// Placeholder for an id, of the same length.
const PLACE: &str = "1000000000000000000";

/// The id of the next event.
///
/// Ids start at the current time in nanoseconds, so that no two runs share one: birdhook would
/// treat the second as a duplicate.
static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
    AtomicU64::new(u64::try_from(since.as_nanos()).expect("a year before 2554"))
});

/// Signed deliveries of one body, each with its own event.
///
/// The event's id is moved to the end of the body, and the signature of the bytes before it is
/// computed once. So a request costs two or three blocks of SHA-256 at any length.
pub(crate) struct Requests {
    bytes: Vec<u8>,
    signature: Range<usize>,
    ids: Vec<usize>,
    signed: Hmac<Sha256>,
}

impl Requests {
    /// Creates requests from a body with one event that has an id.
    pub(crate) fn new(body: &str, secret: &str, path: &str) -> Self {
        let body = ids_last(body);
        let head = [
            format!("POST {path} HTTP/1.1"),
            "host: 127.0.0.1".into(),
            "accept: */*".into(),
            "content-type: application/json".into(),
            format!("content-length: {}", body.len()),
            format!("x-twitter-webhooks-signature: sha256={}", "-".repeat(44)),
        ];
        let mut bytes = head.join("\r\n").into_bytes();
        let signature = bytes.len() - 44..bytes.len();
        bytes.extend_from_slice(b"\r\n\r\n");
        let ids: Vec<usize> = body.match_indices(PLACE).map(|(place, _)| bytes.len() + place).collect();
        let mut signed = Hmac::new_from_slice(secret.as_bytes()).expect("any key will do");
        signed.update(&body.as_bytes()[..ids.first().expect("an event with an id") - bytes.len()]);
        bytes.extend_from_slice(body.as_bytes());
        Self { bytes, signature, ids, signed }
    }

    /// Asks the server to close the connection after each response.
    pub(crate) fn closing(mut self) -> Self {
        const ALIVE: &[u8] = b"accept: */*\r\n";
        const CLOSE: &[u8] = b"connection: close\r\n";
        let place = self.bytes.windows(ALIVE.len()).position(|bytes| bytes == ALIVE).expect("the header");
        self.bytes.splice(place..place + ALIVE.len(), CLOSE.iter().copied());
        let longer = CLOSE.len() - ALIVE.len();
        self.signature = self.signature.start + longer..self.signature.end + longer;
        self.ids.iter_mut().for_each(|id| *id += longer);
        self
    }

    pub(crate) fn make(&mut self) -> &[u8] {
        let number = NEXT.fetch_add(1, Relaxed);
        for id in &self.ids {
            write!(&mut self.bytes[*id..id + PLACE.len()], "{number}").expect("a number of 19 digits");
        }
        let mut signed = self.signed.clone();
        signed.update(&self.bytes[self.ids[0]..]);
        let place = &mut self.bytes[self.signature.clone()];
        STANDARD.encode_slice(signed.finalize().into_bytes(), place).expect("a signature of 44 characters");
        &self.bytes
    }
}

/// Moves the event's ids, and the members that contain them, to the end of their objects.
fn ids_last(object: &str) -> String {
    let mut members: BTreeMap<&str, &RawValue> = serde_json::from_str(object).expect("an object");
    let inner = members.keys().copied().find(|name| name.ends_with("_events") || matches!(*name, "data" | "payload"));
    let last = match inner {
        Some(name) => {
            let value = members.remove(name).expect("it is there").get();
            let one = value.strip_prefix('[').and_then(|events| events.strip_suffix(']'));
            vec![(name, one.map_or_else(|| ids_last(value), |event| format!("[{}]", ids_last(event))))]
        }
        None => ["id", "id_str"]
            .into_iter()
            .filter_map(|name| {
                let is_text = members.remove(name)?.get().starts_with('"');
                Some((name, if is_text { format!("\"{PLACE}\"") } else { PLACE.to_owned() }))
            })
            .collect(),
    };
    let before = members.into_iter().map(|(name, value)| (name, value.get().to_owned()));
    let all: Vec<String> = before.chain(last).map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", all.join(","))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use birdhook::{
        Secret, Webhook,
        adapter::{HeadResult, RequestHead},
    };

    use super::*;

    #[tokio::test]
    async fn every_request_is_a_delivery_of_its_own() {
        let bodies = [
            (include_str!("../../../core/benches/bodies/aaa_6k.json"), "post_created"),
            (include_str!("../../../core/benches/bodies/xaa_6k.json"), "post_created"),
            (include_str!("../../../core/benches/bodies/aaa_2k.json"), "message_received"),
            (include_str!("../../../core/benches/bodies/xaa_2k.json"), "message_received"),
            (include_str!("../../../core/benches/bodies/aaa_6k_escaped.json"), "post_created"),
        ];
        for (body, kind) in bodies {
            let secret = Secret::new("s3cret").unwrap();
            let (pipeline, mut deliveries) = Webhook::new(secret).channel(8);
            let mut requests = Requests::new(body, "s3cret", "/hook");
            let mut keys = HashSet::new();
            for round in 0..5 {
                if round == 3 {
                    requests = requests.closing();
                }
                let request = requests.make();
                let mut headers = [httparse::EMPTY_HEADER; 16];
                let mut head = httparse::Request::new(&mut headers);
                let start = head.parse(request).unwrap().unwrap();
                assert_eq!(head.path, Some("/hook"));
                let sent = request[start..].to_vec();
                assert_eq!(sent.len(), body.len(), "the same members, elsewhere");
                let headers = head.headers.iter().map(|header| (header.name, header.value));
                let head = RequestHead::new("POST", "/hook", None).with_headers(headers);
                let HeadResult::Body(incoming) = pipeline.begin(&head) else { panic!("refused") };
                let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(sent.into())]);
                assert_eq!(pipeline.receive(incoming, chunks).await.status(), 200);
                let delivery = deliveries.recv().await.unwrap();
                assert_eq!(delivery.events()[0].kind().as_str(), kind);
                assert!(keys.insert(delivery.events()[0].delivery_key()), "told twice");
            }
        }
    }
}
