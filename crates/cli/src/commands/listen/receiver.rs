//! Handles a delivery without an inbox: forwards, records and prints it before the 200.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use birdhook::Event;
use birdhook::adapter::Outcome;
use birdhook::axum::Verified;

use super::mark::{PanicMark, mark, mark_delivery};
use super::recorder::Recorder;
use super::target::direct::DirectForwarder;
use super::work::OnEvent;
use crate::event_format::EventFormat;
use crate::output::{self, note};

pub(super) struct Receiver {
    pub(super) recorder: Option<Recorder>,
    pub(super) forwarder: Option<DirectForwarder>,
    pub(super) format: EventFormat,
    pub(super) on_event: OnEvent,
    pub(super) skipped: fn(&Event) -> bool,
    /// Notified when standard output is closed.
    pub(super) closed: tokio::sync::mpsc::Sender<()>,
}

pub(super) async fn receive(
    State(receiver): State<Arc<Receiver>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    Verified(delivery): Verified,
) -> StatusCode {
    let _mark = PanicMark;
    mark_delivery(&delivery);
    if let Some(forwarder) = &receiver.forwarder
        && let Err(error) = forwarder.forward(&delivery, &headers).await
    {
        note(format!("not forwarded, so answered 503: {}", error.reason()));
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    if let Some(recorder) = &receiver.recorder {
        let mut request = http::Request::new(delivery.body().clone().into_bytes());
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        if let Err(error) = recorder.record(&request).await {
            note(format!("not recorded, so answered 503: {error}"));
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    let events = || delivery.events().iter().filter(|event| !(receiver.skipped)(event));
    match receiver.print(events()).await {
        Ok(()) => {
            mark(Outcome::Accepted);
            events().for_each(|event| (receiver.on_event)(event));
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

/// Number of bytes printed together. Waking the writer thread takes longer than writing a line.
const BATCH_SIZE: usize = 32 << 10;

impl Receiver {
    /// Returns once the events are written. The delivery's deadline limits the wait.
    async fn print(&self, events: impl Iterator<Item = &Event>) -> anyhow::Result<()> {
        let mut lines = String::new();
        for event in events {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines += &self.format.line(event, Some(birdhook_testkit::now()))?;
            if lines.len() >= BATCH_SIZE {
                output::print(std::mem::take(&mut lines)).await?;
            }
        }
        if lines.is_empty() { Ok(()) } else { Ok(output::print(lines).await?) }
    }
}
