//! A signed body in any chunks and with any declared length arrives unchanged, or is rejected.
//!
//! The input is a body, and after the first NUL (which JSON never contains) the differences of the
//! limit and of the declared length from the body's length, and the sizes of the chunks.
#![no_main]

use birdhook_core::{Delivery, EndpointSettings, EventKey, Outcome, signature};
use birdhook_fuzz::{deliver, endpoint, post, secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (body, controls) = match data.iter().position(|&byte| byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, [].as_slice()),
    };
    let (&[limit, length], sizes) = controls.split_first_chunk().unwrap_or((&[0, 0], &[]));
    let off = |by: u8| body.len().saturating_add_signed(isize::from(by.cast_signed()));

    let mut settings = EndpointSettings::default();
    settings.body_limit = off(limit);
    let signed = signature::sign(&secret(), body);
    let promised = off(length);
    let digits = promised.to_string();
    let mut headers = vec![(signature::HEADER, signed.as_bytes())];
    let says_length = length != 0x80;
    if says_length {
        headers.push(("Content-Length", digits.as_bytes()));
    }
    let answer = post(&endpoint(settings.clone()), &headers, chunks(body, sizes));

    let too_large = body.len() > settings.body_limit || says_length && promised > settings.body_limit;
    let told = seen(answer);
    if too_large {
        assert_eq!(told, Err(Outcome::BodyTooLarge));
    } else if says_length && promised != body.len() {
        assert_eq!(told, Err(Outcome::BodyCutOff));
    } else {
        assert_eq!(told, seen(deliver(body)));
    }
});

/// Splits off chunks of these sizes, including empty ones. The last chunk is the rest.
fn chunks<'a>(mut body: &'a [u8], sizes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut chunks = Vec::new();
    for &size in sizes {
        let (chunk, rest) = body.split_at(usize::from(size).min(body.len()));
        chunks.push(chunk);
        body = rest;
    }
    chunks.push(body);
    chunks.into_iter()
}

type Seen = (String, Option<String>, Vec<(EventKey, String)>);

fn seen(answer: Result<Delivery, Outcome>) -> Result<Seen, Outcome> {
    answer.map(|delivery| {
        let events = delivery.events().iter().map(|event| (event.delivery_key(), event.raw().as_str().to_owned()));
        (delivery.body().as_str().to_owned(), delivery.subscriber().map(str::to_owned), events.collect())
    })
}
