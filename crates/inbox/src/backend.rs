//! Stores of events other than a folder. For the crates of birdhook, not covered by semver.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use birdhook_core::{Delivery, Event, EventKind, Timestamp};
use birdhook_pipeline::SinkError;
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::admin::list::{EventQuery, EventStatus, ListedEvent};
use crate::admin::stats::Stats;
use crate::config::order::Order;
use crate::config::settings::InboxSettings;
use crate::error::{Closed, ListError};
use crate::id::EventId;
use crate::inbox::Inbox;
use crate::lease::Lease;
use crate::storage::entry::ordering_key;
use crate::storage::unreadable::UnreadableEvent;
use crate::writer::handle::Handle;

pub use crate::writer::command::LeaseOutcome;

/// A future of a [`Backend`].
pub type BackendFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Stores the events of an [`Inbox`] in a database server. Each method does what the method of
/// [`Inbox`] or [`Lease`] with this name does.
pub trait Backend: Any + fmt::Debug + Send + Sync {
    fn deliver(&self, delivery: Delivery) -> BackendFuture<'static, Result<(), SinkError>>;
    fn is_open(&self) -> bool;
    fn stop_accepting(&self);
    /// Returns an event that was leased ahead. `ticket` is the consumer's place in the queue.
    fn poll_lease(&self, ticket: &mut Option<u64>, cx: &mut Context<'_>) -> Poll<Option<Grant>>;
    /// Removes a consumer that waits no longer.
    fn leave(&self, ticket: u64);
    /// Queues an acknowledgement.
    fn ack(&self, id: EventId, token: u64) -> Result<(), Closed>;
    /// Settles a lease. Returns whether it was still valid.
    fn settle(&self, id: EventId, token: u64, outcome: LeaseOutcome) -> BackendFuture<'_, Result<bool, Closed>>;
    /// Settles a lease that was dropped as failed, without waiting for the result.
    fn fail(&self, id: EventId, token: u64);
    fn flush(&self) -> BackendFuture<'_, Result<(), Closed>>;
    fn close(&self, patience: Duration) -> BackendFuture<'_, ()>;
    fn closing(&self) -> watch::Receiver<bool>;
    fn lease_length(&self) -> Duration;
    fn stats(&self) -> Stats;
    fn failure(&self) -> Option<String>;
    fn list(&self, query: EventQuery) -> BackendFuture<'_, Result<Vec<ListedEvent>, ListError>>;
    fn requeue(&self, dead: Vec<EventId>) -> BackendFuture<'_, Result<usize, Closed>>;
    fn discard(&self, events: Vec<EventId>) -> BackendFuture<'_, Result<usize, Closed>>;
    fn purge(&self, subscriber: String) -> BackendFuture<'_, Result<usize, ListError>>;
    fn verify(&self) -> BackendFuture<'_, Result<usize, ListError>>;
}

/// An event that a [`Backend`] leases.
#[derive(Debug)]
pub struct Grant {
    pub event: Event,
    pub id: EventId,
    pub token: u64,
    pub attempts: u32,
    pub expires_at: Instant,
}

/// The place where an inbox stores its events.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Folder(Handle),
    Remote(Arc<dyn Backend>),
}

/// The settings of an inbox that a [`Backend`] reads. Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub order: Order,
    pub lease: u64,
    pub prefetch: usize,
    pub max_attempts: u32,
    pub backoff: (u64, u64),
    pub dedupe_horizon: u64,
    pub keep_acknowledged: Option<u64>,
}

impl From<&InboxSettings> for Settings {
    fn from(settings: &InboxSettings) -> Self {
        let InboxSettings { order, retry, lease, prefetch, horizon, keep, .. } = settings;
        Self {
            order: *order,
            lease: *lease,
            prefetch: *prefetch,
            max_attempts: retry.attempts,
            backoff: (retry.first, retry.longest),
            dedupe_horizon: *horizon,
            keep_acknowledged: *keep,
        }
    }
}

/// Returns an inbox whose events this backend stores.
pub fn inbox(backend: Arc<dyn Backend>) -> Inbox {
    Inbox { store: Store::Remote(backend) }
}

/// Returns the backend of an inbox, or `None` if a folder holds its events.
pub fn of_inbox(inbox: &Inbox) -> Option<&Arc<dyn Backend>> {
    match &inbox.store {
        Store::Folder(_) => None,
        Store::Remote(backend) => Some(backend),
    }
}

/// Returns the backend of a lease and the lease's token. `None` if a folder holds the event, or if
/// the lease was settled.
pub fn of_lease(lease: &Lease) -> Option<(&Arc<dyn Backend>, u64)> {
    match lease.store.as_ref()? {
        Store::Folder(_) => None,
        Store::Remote(backend) => Some((backend, lease.token)),
    }
}

/// Returns the id with this number.
pub fn event_id(number: u64) -> EventId {
    EventId { batch: number, index: 0 }
}

/// Returns the number of an id made by [`event_id`], or `None` for any other.
pub fn number(id: EventId) -> Option<u64> {
    (id.index == 0).then_some(id.batch)
}

/// Returns the number that is equal for all events of one subscriber.
pub fn subscriber_key(event: &Event) -> u32 {
    ordering_key(event.app(), event.subscriber())
}

/// Returns the parts of a query: status, kind, subscriber, the id before the first, and the limit.
pub fn query_parts(query: &EventQuery) -> (Option<EventStatus>, Option<&str>, Option<&str>, Option<EventId>, usize) {
    (query.status, query.kind.map(EventKind::as_str), query.subscriber.as_deref(), query.after, query.limit)
}

/// Returns a listed event.
pub fn listed(
    id: EventId,
    status: EventStatus,
    attempts: u32,
    stored_at: Timestamp,
    event: Result<Event, UnreadableEvent>,
) -> ListedEvent {
    ListedEvent { id, status, attempts, stored_at, event }
}

/// Returns the description of a stored event that cannot be read.
pub fn unreadable(app: &str, body: Bytes, position: u32) -> UnreadableEvent {
    UnreadableEvent { app: app.into(), body, position }
}
