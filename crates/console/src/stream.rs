//! Bodies of responses, and the stream of new requests as server-sent events.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use crate::entry::Entry;
use crate::filter::Filter;
use crate::history::{History, now};

/// Time without events after which a comment keeps the connection open.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Maximum size of one frame of events.
const MAX_FRAME: usize = 256 << 10;

/// The body of a response of the console.
pub struct ConsoleBody(Content);

enum Content {
    Whole(Option<Bytes>),
    Events(Pin<Box<dyn Future<Output = (Events, Bytes)> + Send>>),
}

impl ConsoleBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self(Content::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    pub(crate) fn events(events: Events) -> Self {
        Self(Content::Events(Box::pin(events.next())))
    }
}

impl Body for ConsoleBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Content::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Events(next) => {
                let Poll::Ready((events, bytes)) = next.as_mut().poll(cx) else { return Poll::Pending };
                *next = Box::pin(events.next());
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Content::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Content::Events(_) => SizeHint::default(),
        }
    }
}

impl std::fmt::Debug for ConsoleBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConsoleBody")
    }
}

type Render = dyn Fn(&Entry) -> String + Send + Sync;

/// The requests after a number, as server-sent events.
pub(crate) struct Events {
    history: History,
    newest: watch::Receiver<u64>,
    /// The last request that was sent or skipped.
    position: u64,
    is_new: bool,
    filter: Filter,
    render: Arc<Render>,
    _permit: OwnedSemaphorePermit,
}

impl Events {
    /// `position` is that of the last request that the client has.
    pub(crate) fn new(
        history: History,
        position: u64,
        filter: Filter,
        permit: OwnedSemaphorePermit,
        render: impl Fn(&Entry) -> String + Send + Sync + 'static,
    ) -> Self {
        let newest = history.watch();
        Self { history, newest, position, is_new: true, filter, render: Arc::new(render), _permit: permit }
    }

    /// Returns the next events as text. Reads the history after each change of its newest number, so
    /// a slow client misses nothing that is still held.
    async fn next(mut self) -> (Self, Bytes) {
        let mut text = String::new();
        if std::mem::take(&mut self.is_new) {
            // Some browsers report an open stream only after its first bytes.
            text += ": connected\n\n";
        }
        loop {
            self.newest.borrow_and_update();
            let entries = self.history.after(self.position);
            let missed = entries.first().map_or(0, |first| first.number - self.position - 1);
            if missed > 0 {
                text += &format!("event: gap\ndata: {missed}\n\n");
            }
            let time = now();
            for entry in entries {
                self.position = entry.number;
                if self.history.selects(&self.filter, &entry, time) {
                    // One line, because a line break would end the field.
                    let data = (self.render)(&entry).replace(['\n', '\r'], " ");
                    text += &format!("id: {}\nevent: request\ndata: {data}\n\n", self.history.id(entry.number));
                }
                if text.len() > MAX_FRAME {
                    break;
                }
            }
            if !text.is_empty() {
                return (self, text.into());
            }
            // The history cannot end while this holds it.
            if !matches!(timeout(HEARTBEAT, self.newest.changed()).await, Ok(Ok(()))) {
                text += ": waiting\n\n";
            }
        }
    }
}
