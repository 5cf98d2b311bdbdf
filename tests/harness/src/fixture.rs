//! A webhook in this process, and requests to it without a server.

use std::convert::Infallible;
use std::time::Duration;

use birdhook_core::{Reply, RequestHead, Secret, signature};
use birdhook_pipeline::{App, EventSink, HeadResult, Pipeline, Webhook};
use bytes::Bytes;

use crate::consumption::APP;
use crate::load::SECRET;

/// Returns a webhook that remembers no keys itself, so that only its sink recognises duplicates.
pub fn webhook() -> Webhook {
    Webhook::new(App::new(APP, Secret::new(SECRET).unwrap())).dedupe_window(0, Duration::ZERO)
}

pub async fn post<S: EventSink>(pipeline: &Pipeline<S>, body: impl Into<Bytes>) -> Reply {
    let body = body.into();
    let signed = signature::sign(&Secret::new(SECRET).unwrap(), &body);
    let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
    match pipeline.begin(&head) {
        HeadResult::Body(incoming) => {
            let chunks = futures_util::stream::iter([Ok::<_, Infallible>(body)]);
            pipeline.receive(incoming, chunks).await
        }
        HeadResult::Reply(reply) => reply,
    }
}
