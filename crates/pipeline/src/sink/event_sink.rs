//! The trait of sinks, which receive verified deliveries.

use std::pin::Pin;
use std::sync::Arc;

use birdhook_core::{Delivery, EventKey};
use serde::Serialize;

use super::error::SinkError;

/// Receives verified deliveries. **`deliver` returning `Ok` is the only way to a 200.**
///
/// The guarantee that a sink gives with `Ok` is the guarantee that birdhook gives X with 200, after
/// which X may never send the delivery again. State it in the sink's documentation.
///
/// A panic in the call or in its future is caught and answered 503
/// ([`Outcome::SinkPanicked`](birdhook_core::Outcome::SinkPanicked)), if the program unwinds. The
/// panic hook reports it as usual.
///
/// The future may be dropped at any await point: when the deadline expires, X hangs up or the
/// server stops. A dropped delivery is answered 503 or not at all, and X may send it again. Once
/// the future has returned `Ok`, later copies of its events are duplicates.
///
/// actix-web does not need the future to be `Send`, because it runs a request on one thread; tower
/// and hyper do.
///
/// ```
/// use std::future::{Ready, ready};
/// # mod birdhook { pub use birdhook_pipeline::Delivery; pub mod sink { pub use birdhook_pipeline::{EventSink, SinkError}; } }
/// use birdhook::{Delivery, sink::{EventSink, SinkError}};
///
/// /// 200 means that the event was printed.
/// struct Printer;
///
/// impl EventSink for Printer {
///     type Future = Ready<Result<(), SinkError>>;
///
///     fn deliver(&self, delivery: Delivery) -> Self::Future {
///         delivery.events().iter().for_each(|event| println!("{}", event.kind()));
///         ready(Ok(()))
///     }
/// }
/// ```
pub trait EventSink {
    /// The future of [`deliver`](Self::deliver).
    type Future: Future<Output = Result<(), SinkError>>;

    /// Delivers the events of one request. Duplicates have been removed, so it may hold fewer than
    /// X sent.
    ///
    /// A sink that deduplicates too uses [`Event::dedupe_key`](birdhook_core::Event::dedupe_key),
    /// which the gate has stored on each event.
    fn deliver(&self, delivery: Delivery) -> Self::Future;

    /// Returns whether the sink has accepted an event with this key before.
    ///
    /// Such an event is a duplicate. Called for each event that birdhook's in-memory deduplication
    /// does not know, with a lock held: it must not block.
    fn remembers(&self, key: &EventKey) -> bool {
        let _ = key;
        false
    }

    /// Returns the error to report if the deadline expires before delivery completes.
    fn timeout_error(&self) -> SinkError {
        SinkError::TooSlow
    }

    /// Returns the events and deliveries that were accepted but not consumed by the app yet.
    ///
    /// `None` for sinks that hold none in memory.
    fn backlog(&self) -> Option<Backlog> {
        None
    }

    /// Returns whether the sink accepts deliveries. If not, the receiver is not
    /// [ready](crate::Health::ready).
    fn is_open(&self) -> bool {
        true
    }

    /// Stops accepting deliveries. Called during a shutdown, after the last delivery was answered
    /// or the patience expired.
    fn close(&self) {}

    /// Returns whether the code that consumes the events reports them to the test kit.
    #[doc(hidden)]
    fn reports_consumption(&self) -> bool {
        false
    }

    /// Resolves when the backlog is consumed, or when its consumer is gone.
    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

impl<S: EventSink + ?Sized> EventSink for Arc<S> {
    type Future = S::Future;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        (**self).deliver(delivery)
    }

    fn remembers(&self, key: &EventKey) -> bool {
        (**self).remembers(key)
    }

    fn timeout_error(&self) -> SinkError {
        (**self).timeout_error()
    }

    fn backlog(&self) -> Option<Backlog> {
        (**self).backlog()
    }

    fn is_open(&self) -> bool {
        (**self).is_open()
    }

    fn close(&self) {
        (**self).close();
    }

    fn reports_consumption(&self) -> bool {
        (**self).reports_consumption()
    }

    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        (**self).drained()
    }
}

/// The amount that a sink holds in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    /// Deliveries with at least one event that was not consumed.
    pub deliveries: usize,
    /// Events that were not consumed.
    pub events: usize,
}
