//! The receiving half of the channel.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use birdhook_core::consumption::{Consumption, report};
use birdhook_core::{Delivery, Event};
use futures_core::Stream;

use super::queue_depth::QueueDepth;
use crate::sync::mpsc;
use crate::wake_coalescer::WakeCoalescer;

/// The receiving half of the channel. Yields deliveries in the order in which they were accepted.
///
/// Also a [`Stream`]; [`events`](Self::events) turns it into a stream of single events. After it is
/// dropped, deliveries are answered 503.
#[must_use = "deliveries are answered 503 once this is dropped"]
#[derive(Debug)]
pub struct Deliveries {
    reader: Reader,
}

impl Deliveries {
    pub(super) fn new(receiver: mpsc::Receiver<Delivery>, depth: Arc<QueueDepth>) -> Self {
        Self { reader: Reader { receiver, wakes: WakeCoalescer::new(), depth } }
    }

    /// Returns the next delivery, or `None` when the channel is closed and empty.
    ///
    /// The channel is closed by a shutdown of the pipeline, or when the pipeline is dropped.
    ///
    /// Cancel safe: a dropped `recv` loses nothing.
    pub async fn recv(&mut self) -> Option<Delivery> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Appends up to `limit` deliveries to `buffer` and returns their number.
    ///
    /// Waits for at least one. Returns 0 when the channel is closed and empty, or if `limit` is 0.
    ///
    /// Cancel safe: a dropped `recv_many` loses nothing.
    pub async fn recv_many(&mut self, buffer: &mut Vec<Delivery>, limit: usize) -> usize {
        let before = buffer.len();
        let Reader { receiver, wakes, depth } = &mut self.reader;
        let count = std::future::poll_fn(|cx| wakes.poll(cx, |cx| receiver.poll_recv_many(cx, buffer, limit))).await;
        depth.leave(count, buffer.iter().skip(before).map(|delivery| delivery.events().len()).sum());
        buffer.iter().skip(before).for_each(report_all);
        count
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let delivery = ready!(self.reader.poll_recv(cx));
        if let Some(delivery) = &delivery {
            self.reader.depth.leave(1, delivery.events().len());
            report_all(delivery);
        }
        Poll::Ready(delivery)
    }

    /// Converts this into a stream of single events.
    pub fn events(self) -> Events {
        Events { reader: self.reader, opened: Vec::new().into_iter(), has_paused: false }
    }
}

impl Stream for Deliveries {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.poll_recv(cx)
    }
}

/// The receiving half of the channel, one event at a time.
///
/// Also a [`Stream`]. After it is dropped, deliveries are answered 503.
///
/// Yields to other tasks after every 128 events of one delivery.
#[must_use = "deliveries are answered 503 once this is dropped"]
#[derive(Debug)]
pub struct Events {
    reader: Reader,
    opened: std::vec::IntoIter<Event>,
    has_paused: bool,
}

/// Events of one delivery after which other tasks get a turn. An app that processes thousands of
/// events without awaiting would otherwise keep its thread from answering challenges.
const AT_ONCE: usize = 128;

impl Events {
    /// Returns the next event, or `None` when the channel is closed and empty.
    ///
    /// The channel is closed by a shutdown of the pipeline, or when the pipeline is dropped.
    ///
    /// Cancel safe: a dropped `recv` loses nothing.
    pub async fn recv(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        loop {
            let is_due = self.opened.len() > 0 && self.opened.len().is_multiple_of(AT_ONCE);
            self.has_paused = is_due && !self.has_paused;
            if self.has_paused {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if let Some(event) = self.opened.next() {
                self.reader.depth.leave(usize::from(self.opened.len() == 0), 1);
                report(&event, Consumption::Consumed);
                return Poll::Ready(Some(event));
            }
            match ready!(self.reader.poll_recv(cx)) {
                Some(delivery) => self.opened = delivery.into_iter(),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll_recv(cx)
    }
}

fn report_all(delivery: &Delivery) {
    delivery.events().iter().for_each(|event| report(event, Consumption::Consumed));
}

/// The receiver shared by [`Deliveries`] and [`Events`]. Abandons the queued events when dropped.
#[derive(Debug)]
struct Reader {
    receiver: mpsc::Receiver<Delivery>,
    wakes: WakeCoalescer,
    depth: Arc<QueueDepth>,
}

impl Reader {
    fn poll_recv(&mut self, cx: &Context<'_>) -> Poll<Option<Delivery>> {
        self.wakes.poll(cx, |cx| self.receiver.poll_recv(cx))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.depth.abandon();
    }
}
