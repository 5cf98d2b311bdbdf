//! Where deliveries go.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use birdhook_core::{Delivery, EventKey, Reason};

use crate::Keys;

/// Takes deliveries off birdhook's hands. **`deliver` returning `Ok` is the only way to a 200.**
///
/// What a sink promises with its `Ok` is what birdhook's 200 means to X, which may then never send the delivery again.
/// Say it in the sink's documentation.
///
/// A panic, in the call or in its future, is caught and answered 503 ([`Reason::SinkPanicked`]), where the program unwinds. The panic hook
/// reports it as any other.
///
/// The future may be dropped at any await point: when the deadline passes, when X hangs up, when the server stops. What
/// was dropped is answered 503 or not at all, and may come again; what was `Ok` never does.
///
/// The future need not be `Send` for actix-web, which runs a request on one thread; tower and hyper ask for it.
///
/// ```
/// use std::future::{Ready, ready};
/// use birdhook_pipeline::{Delivery, EventSink, SinkError};
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
    /// What [`deliver`](Self::deliver) returns.
    type Future: Future<Output = Result<(), SinkError>>;

    /// Takes a delivery. Events that were seen before have been taken out of it, so it may hold fewer than X sent.
    fn deliver(&self, delivery: Delivery) -> Self::Future;

    /// Takes a delivery together with the key by which each of its events is recognised as a duplicate, in their order: what
    /// birdhook calls instead of [`deliver`](Self::deliver). For sinks that remember events for longer than the process
    /// lives; others leave it as it is. Who takes events out of a delivery and hands it on takes their keys out too: told
    /// another number of keys than there are events, birdhook's own sinks go by the events' own.
    fn deliver_keyed(&self, delivery: Delivery, keys: Keys<'_>) -> Self::Future {
        let _ = keys;
        self.deliver(delivery)
    }

    /// Whether it took an event of this key before and remembers it; such an event is a duplicate. Asked for each event
    /// that birdhook's own memory does not know, with a lock held: answer at once.
    fn remembers(&self, key: &EventKey) -> bool {
        let _ = key;
        false
    }

    /// What it means when the deadline passes while a delivery waits here.
    fn when_late(&self) -> SinkError {
        SinkError::TooSlow
    }

    /// What was taken but not yet consumed by the app, for sinks that hold it in memory.
    fn backlog(&self) -> Option<Backlog> {
        None
    }

    /// Whether it still takes deliveries; a receiver whose sink does not is not [ready](crate::Health::ready).
    fn is_open(&self) -> bool {
        true
    }

    /// Takes no more deliveries. Called when shutting down, after the last delivery was answered or patience was over.
    fn close(&self) {}

    /// Resolves when the backlog is consumed or nobody is left to consume it.
    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

impl<S: EventSink + ?Sized> EventSink for Arc<S> {
    type Future = S::Future;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        (**self).deliver(delivery)
    }

    fn deliver_keyed(&self, delivery: Delivery, keys: Keys<'_>) -> Self::Future {
        (**self).deliver_keyed(delivery, keys)
    }

    fn remembers(&self, key: &EventKey) -> bool {
        (**self).remembers(key)
    }

    fn when_late(&self) -> SinkError {
        (**self).when_late()
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

    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        (**self).drained()
    }
}

/// What a sink holds in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries of which at least one event was not consumed.
    pub deliveries: usize,
    /// Events that were not consumed.
    pub events: usize,
}

/// Why a sink did not take a delivery. X is answered 503 and may send it again.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// There is no room.
    #[error("the sink is full")]
    Full,
    /// Nobody takes deliveries any more.
    #[error("the sink is closed")]
    Closed,
    /// The sink did not finish within the deadline.
    #[error("the sink did not finish in time")]
    TooSlow,
    /// A copy of one of the events is being taken elsewhere, and it is not known yet how that ends.
    #[error("a copy is being taken elsewhere")]
    InFlight,
    /// The sink will never take this delivery, however often it comes. Birdhook never prints the source, which may quote a
    /// message.
    #[error("the sink refuses the delivery")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The sink failed. Birdhook never prints the source, which may quote a message.
    #[error("the sink failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Without the source of a failure, which may quote a message; ask [`Error::source`](std::error::Error::source).
impl fmt::Debug for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "Full",
            Self::Closed => "Closed",
            Self::TooSlow => "TooSlow",
            Self::InFlight => "InFlight",
            Self::Refused(_) => "Refused(..)",
            Self::Failed(_) => "Failed(..)",
        })
    }
}

impl SinkError {
    /// An error of the sink's own.
    pub fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }

    /// An error of the sink's own that will be the same next time.
    pub fn refused(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Refused(source.into())
    }

    /// How the request is answered.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Full => Reason::SinkFull,
            Self::Closed => Reason::SinkClosed,
            Self::TooSlow => Reason::SinkTooSlow,
            Self::InFlight => Reason::InFlight,
            Self::Refused(_) | Self::Failed(_) => Reason::SinkFailed,
        }
    }
}
