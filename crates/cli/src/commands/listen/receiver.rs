//! What is done with a delivery before it is answered 200, where there is no inbox.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use birdhook::Event;
use birdhook::axum::Verified;

use super::Seen;
use super::forwarder::Forwarder;
use super::recorder::Recorder;
use crate::lines::Form;
use crate::output::{self, note};

pub(super) struct Receiver {
    pub(super) recorder: Option<Recorder>,
    pub(super) forwarder: Option<Forwarder>,
    pub(super) form: Form,
    pub(super) seen: Seen,
    pub(super) skipped: fn(&Event) -> bool,
    /// Told when nobody reads the output any more.
    pub(super) closed: tokio::sync::mpsc::Sender<()>,
}

pub(super) async fn receive(
    State(receiver): State<Arc<Receiver>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    Verified(delivery): Verified,
) -> StatusCode {
    if let Some(forwarder) = &receiver.forwarder
        && let Err(error) = forwarder.forward(delivery.app(), delivery.body()).await
    {
        note(format!("not forwarded, so answered 503: {error:#}"));
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    if let Some(recorder) = &receiver.recorder {
        let mut request = http::Request::new(delivery.body().clone().into_bytes());
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        if let Err(error) = recorder.record(&request) {
            note(format!("not recorded, so answered 503: {error:#}"));
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    let events = || delivery.events().iter().filter(|event| !(receiver.skipped)(event));
    let mut printed = Ok(());
    for (number, event) in events().enumerate() {
        if number % 128 == 127 {
            // Challenges are answered meanwhile, however many events a delivery has.
            tokio::task::yield_now().await;
        }
        printed = receiver.form.print_event(event);
        if printed.is_err() {
            break;
        }
    }
    match printed {
        Ok(()) => {
            events().for_each(|event| (receiver.seen)(event));
            StatusCode::OK
        }
        Err(error) => {
            if output::is_closed(&error) {
                let _ = receiver.closed.try_send(());
            } else {
                note(format!("not printed, so answered 503: {error:#}"));
            }
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
