//! The handle of an inbox.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use birdhook_core::{Delivery, Event, EventKey};
use birdhook_pipeline::{EventSink, SinkError};
use tokio::sync::watch;

use crate::backend::Store;
use crate::error::Closed;
use crate::lease::{Lease, Leases};
use crate::seen_keys::key_prefix;
use crate::storage::entry::{Entry, ordering_key};
use crate::storage::record::Stored;
use crate::writer::command::{Command, StoreRequest};
use crate::writer::shared::MEMORY_KIB;

/// A durable inbox, used as an [`EventSink`].
///
/// **200 means that the events and their keys are on the local disk, in one synced commit.** They
/// are lost only if the disk is.
///
/// Cheap to clone. A dedicated thread writes, with one commit for all waiting requests. The inbox
/// closes when the last clone and the last [`Lease`] are dropped.
#[derive(Clone)]
pub struct Inbox {
    pub(crate) store: Store,
}

impl Inbox {
    /// Receives the next event. Returns `None` once the inbox is closed.
    ///
    /// Cancel safe. Any number of tasks may wait at once; each event goes to one of them.
    pub async fn recv(&self) -> Option<Lease> {
        self.leases().recv().await
    }

    /// Returns the events as a `Stream` that also has a [`recv`](Leases::recv) method.
    pub fn leases(&self) -> Leases {
        Leases::new(self.store.clone())
    }

    /// Waits until all events acknowledged before are on disk.
    ///
    /// Use it after [`Lease::ack`], for example before the app reports that it has consumed
    /// everything. [`close`](Self::close) does the same.
    ///
    /// # Errors
    /// If the inbox is closed.
    pub async fn flush(&self) -> Result<(), Closed> {
        match &self.store {
            Store::Folder(writer) => writer.ask(Command::Flush).await,
            Store::Remote(backend) => backend.flush().await,
        }
    }

    /// Closes the inbox: rejects deliveries, leases no more events, and waits up to `patience`
    /// until leased events are settled. Writes all acknowledgements to disk.
    ///
    /// Unsettled events are leased again when the inbox is next opened.
    pub async fn close(&self, patience: Duration) {
        let writer = match &self.store {
            Store::Folder(writer) => writer,
            Store::Remote(backend) => return backend.close(patience).await,
        };
        writer.shared.is_accepting.store(false, SeqCst);
        writer.shared.closing.send_replace(true);
        writer.shared.prefetch.stop();
        let closed = writer.ask(|done| Command::Close { at_once: false, done: Some(done) });
        if tokio::time::timeout(patience, closed).await.is_err() {
            // An error means that the inbox has closed meanwhile.
            let _ = writer.ask(|done| Command::Close { at_once: true, done: Some(done) }).await;
        }
    }
}

impl Inbox {
    /// Returns the length of a lease.
    pub(crate) fn lease_length(&self) -> Duration {
        match &self.store {
            Store::Folder(writer) => writer.shared.lease,
            Store::Remote(backend) => backend.lease_length(),
        }
    }

    /// Returns a receiver of whether the inbox is closed or closing.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        match &self.store {
            Store::Folder(writer) => writer.shared.closing.subscribe(),
            Store::Remote(backend) => backend.closing(),
        }
    }
}

type Storing = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

impl EventSink for Inbox {
    type Future = Storing;

    /// Stores the events, and half of each [`dedupe_key`](birdhook_core::Event::dedupe_key).
    fn deliver(&self, delivery: Delivery) -> Storing {
        let handle = match &self.store {
            Store::Folder(writer) => writer.clone(),
            Store::Remote(backend) => return backend.deliver(delivery),
        };
        Box::pin(async move {
            if !handle.shared.is_accepting.load(SeqCst) {
                return Err(SinkError::Closed);
            }
            let entry = |event: &Event| Entry::new(ordering_key(event.app(), event.subscriber()));
            let events =
                delivery.events().iter().map(|event| (entry(event), key_prefix(&event.dedupe_key()))).collect();
            // Bounds the memory of bodies that wait for a slow disk, however many requests there
            // are.
            let share = delivery.body().as_str().len().div_ceil(1024).clamp(1, MEMORY_KIB);
            let share = u32::try_from(share).unwrap_or(u32::MAX);
            let memory = Arc::clone(&handle.shared.memory).acquire_many_owned(share).await;
            let memory = memory.map_err(|_| SinkError::Closed)?;
            let stored = Stored::new(delivery);
            let stored = handle.ask(|done| Command::Store(StoreRequest { stored, events, done, memory })).await;
            stored.unwrap_or(Err(SinkError::Closed))
        })
    }

    fn remembers(&self, key: &EventKey) -> bool {
        match &self.store {
            // While the file is gone, its events must be accepted again.
            Store::Folder(writer) => {
                writer.shared.is_sound.load(SeqCst) && writer.shared.seen_keys.contains(&key_prefix(key))
            }
            Store::Remote(_) => false,
        }
    }

    fn timeout_error(&self) -> SinkError {
        SinkError::TooSlow
    }

    fn is_open(&self) -> bool {
        match &self.store {
            Store::Folder(writer) => writer.shared.is_accepting.load(SeqCst) && writer.shared.is_sound.load(SeqCst),
            Store::Remote(backend) => backend.is_open(),
        }
    }

    /// Stops accepting deliveries. Stored events are still leased; [`Inbox::close`] ends that too.
    fn close(&self) {
        match &self.store {
            Store::Folder(writer) => writer.shared.is_accepting.store(false, SeqCst),
            Store::Remote(backend) => backend.stop_accepting(),
        }
    }

    fn reports_consumption(&self) -> bool {
        true
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
