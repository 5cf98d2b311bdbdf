//! The timed operations: birdhook's own comparisons, and two that leak.

use std::hint::black_box;

use birdhook::{App, Apps, Secret, adapter::RequestHead, signature};
use birdhook_core::{Endpoint, EndpointSettings, HeadResult};
use bytes::Bytes;

use super::inputs::secret;
use super::race::Input;

pub(super) fn verify(secret: &Secret, input: &Input) {
    let _ = black_box(signature::verify(secret, &input.message, &input.header));
}

/// Compares letter by letter and stops at the first difference, like a naive `==`. Each comparison is
/// repeated: 20 times are as slow as an interpreted language, about 10 ns per letter.
pub(super) fn early_exit<const TIMES: usize>(secret: &Secret, input: &Input) {
    let right = signature::sign(secret, &input.message);
    let is_same = |(right, claimed): (u8, &u8)| (0..TIMES).map(black_box).all(|_| black_box(right) == *claimed);
    black_box(right.bytes().zip(&input.header).all(is_same));
}

pub(super) fn endpoint(apps: usize) -> Endpoint {
    let all = (0..apps).map(|number| App::new(format!("app-{number}"), secret(number)));
    Endpoint::new(Apps::new(all).unwrap(), EndpointSettings::default())
}

/// Processes a request from its head to the end of its body.
pub(super) fn receive(endpoint: &Endpoint, input: &Input) {
    let headers = [("content-type", b"application/json".as_slice()), (signature::HEADER, &input.header)];
    let head = RequestHead::new("POST", "/webhooks/twitter", None).with_headers(headers);
    if let HeadResult::Body(mut reader) = endpoint.begin(&head)
        && reader.push(Bytes::copy_from_slice(&input.message)).is_ok()
    {
        let _ = black_box(reader.finish());
    }
}
