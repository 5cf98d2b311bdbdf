//! Helpers for the targets: an endpoint with a known secret, a POST in chunks, and fakes of other
//! parties.

pub mod json;
pub mod store;
pub mod x;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use birdhook_core::codec::{self, Format};
use birdhook_core::{
    App, Delivery, Endpoint, EndpointSettings, Event, HeadResult, Outcome, RequestHead, Secret, signature,
};
use bytes::Bytes;

pub fn secret() -> Secret {
    Secret::new("consumer").expect("a good secret")
}

pub fn endpoint(settings: EndpointSettings) -> Endpoint {
    Endpoint::new(App::new("bees", secret()), settings)
}

/// Sends a POST with these headers and the body in these chunks.
pub fn post<'a>(
    endpoint: &Endpoint,
    headers: &[(&str, &[u8])],
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Delivery, Outcome> {
    match endpoint.begin(&RequestHead::new("POST", "/", None).with_headers(headers.iter().copied())) {
        HeadResult::Reply(reply) => Err(reply.outcome()),
        HeadResult::Body(mut reader) => {
            for chunk in chunks {
                reader.push(Bytes::copy_from_slice(chunk)).map_err(|reply| reply.outcome())?;
            }
            reader.finish().map_err(|reply| reply.outcome())
        }
    }
}

pub fn deliver(body: &[u8]) -> Result<Delivery, Outcome> {
    let signed = signature::sign(&secret(), body);
    post(&endpoint(EndpointSettings::default()), &[(signature::HEADER, signed.as_bytes())], [body])
}

/// Runs a future that must complete without waiting.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// Splits the input into lines of `name: value` up to an empty line, and the rest. Omits lines whose
/// names are not UTF-8.
pub fn message(data: &[u8]) -> (Vec<(&str, &[u8])>, &[u8]) {
    let (mut lines, mut rest) = (Vec::new(), data);
    while let Some(at) = rest.iter().position(|&byte| byte == b'\n') {
        let line = &rest[..at];
        rest = &rest[at + 1..];
        if line.is_empty() {
            break;
        }
        let at = line.windows(2).position(|pair| pair == b": ");
        let (name, value) = at.map_or((line, b"".as_slice()), |at| (&line[..at], &line[at + 2..]));
        lines.extend(std::str::from_utf8(name).map(|name| (name, value)));
    }
    (lines, rest)
}

/// Returns the lines of [`message`] whose values are UTF-8.
pub fn texts<'a>(lines: &[(&'a str, &'a [u8])]) -> Vec<(&'a str, &'a str)> {
    lines.iter().filter_map(|(name, value)| Some((*name, std::str::from_utf8(value).ok()?))).collect()
}

/// Checks that an event written for an engine is read back as the same event.
pub fn assert_crosses(event: &Event) {
    for format in [Format::Plain, Format::CloudEvents] {
        let message = format.write(event);
        let attribute =
            |name: &str| message.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(attribute("key").map(str::parse), Some(Ok(event.dedupe_key())));
        assert_same(event, &codec::read(message.payload.clone(), attribute).expect("it can be read again"));
    }
}

/// Checks that two events are equal in all public properties.
pub fn assert_same(one: &Event, other: &Event) {
    assert_eq!((one.kind(), one.name(), one.api_source()), (other.kind(), other.name(), other.api_source()));
    assert_eq!((one.app(), one.subscriber(), one.raw()), (other.app(), other.subscriber(), other.raw()));
    let keys = |event: &Event| (event.delivery_key(), event.content_key(), event.dedupe_key());
    assert_eq!(keys(one), keys(other));
}
