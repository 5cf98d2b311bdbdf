//! The handle of an inbox.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::time::Duration;

use birdhook_core::{Delivery, EventKey};
use birdhook_pipeline::{EventSink, Keys, SinkError};

use crate::command::{Command, ToStore};
use crate::committer::{Committer, Opener};
use crate::desk::{Desk, ROOM, Shared};
use crate::list::{EventQuery, ListedEvent};
use crate::memory::half;
use crate::private;
use crate::record::Stored;
use crate::slot::{Slot, lane};
use crate::store::StoreError;
use crate::{Closed, EventId, InboxSettings, Lease, Leases, OpenError, Stats};

/// The name of the store's file.
pub(crate) const FILE: &str = "inbox.redb";

/// A durable inbox, used as an [`EventSink`].
///
/// **200 means that the events and their keys are on the local disk, in one synced commit.** They
/// are lost only if the disk is.
///
/// Cheap to clone. A dedicated thread writes, with one commit for all waiting requests. The inbox
/// closes when the last clone and the last [`Lease`] are dropped.
#[derive(Clone)]
pub struct Inbox {
    pub(crate) desk: Desk,
}

impl Inbox {
    /// Opens the inbox in `folder`, or creates it, with the default [`InboxSettings`].
    ///
    /// # Errors
    /// The same as [`InboxSettings::open`].
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        InboxSettings::new().open(folder)
    }

    /// Returns whether `folder` holds an inbox whose store is that of [`InboxSettings::open`].
    pub fn contains(folder: impl AsRef<Path>) -> bool {
        folder.as_ref().join(FILE).is_file()
    }

    pub(crate) fn start(options: InboxSettings, folder: &Path, opener: Opener) -> Result<Self, OpenError> {
        let failed = |reason: StoreError| OpenError { folder: folder.to_owned(), reason };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let made: Vec<_> = folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
        builder.create(folder).map_err(|error| failed(error.into()))?;
        private::check_folder(folder).map_err(failed)?;
        let (commands, received) = mpsc::channel();
        let shared = Arc::new(Shared::new(Duration::from_millis(options.lease)));
        let committer = Committer::open(options, folder, opener, received, Arc::clone(&shared)).map_err(failed)?;
        settle(folder, &made).map_err(|error| failed(error.into()))?;
        let thread = std::thread::Builder::new().name("birdhook-inbox".to_owned());
        thread.spawn(move || committer.run()).map_err(|error| failed(error.into()))?;
        Ok(Self { desk: Desk::new(commands, shared) })
    }

    /// Receives the next event. Returns `None` once the inbox is closed.
    ///
    /// Cancel safe. Any number of tasks may wait at once; each event goes to one of them.
    pub async fn recv(&self) -> Option<Lease> {
        self.leases().recv().await
    }

    /// Returns the events as a `Stream` that also has a [`recv`](Leases::recv) method.
    pub fn leases(&self) -> Leases {
        Leases::new(self.desk.clone())
    }

    /// Returns a snapshot of the inbox's contents and counters.
    pub fn stats(&self) -> Stats {
        self.desk.shared.stats()
    }

    /// Returns why deliveries are answered 503, or `None` while the store works.
    ///
    /// The store may have failed, or its files may have been deleted, moved or replaced.
    pub fn failure(&self) -> Option<String> {
        self.desk.shared.failure()
    }

    /// Lists events, including dead letters, without leasing them.
    ///
    /// # Errors
    /// If the inbox is closed or cannot be read.
    pub async fn list(&self, query: EventQuery) -> Result<Vec<ListedEvent>, ListError> {
        Ok(self.desk.ask(|answer| Command::List(query, answer)).await??)
    }

    /// Puts dead letters back into the queue with 0 attempts. Returns their number.
    ///
    /// # Errors
    /// If the inbox is closed.
    pub async fn requeue(&self, dead: impl IntoIterator<Item = EventId>) -> Result<usize, Closed> {
        let dead = dead.into_iter().collect();
        self.desk.ask(|answer| Command::Requeue(dead, answer)).await
    }

    /// Discards events without delivering them, dead letters or others. Returns their number.
    ///
    /// # Errors
    /// If the inbox is closed.
    pub async fn discard(&self, events: impl IntoIterator<Item = EventId>) -> Result<usize, Closed> {
        let events = events.into_iter().collect();
        self.desk.ask(|answer| Command::Discard(events, answer)).await
    }

    /// Deletes all events of this user's subscriptions, whichever app they belong to.
    ///
    /// Returns the number of events deleted, dead letters and kept events included. Use it when a
    /// user revokes the app's access. An event that is leased right now stays with its consumer.
    /// Later duplicates are still recognised: keys are kept, because they reveal nothing about the
    /// user.
    ///
    /// Deleted events can no longer be read through the inbox, but their bytes stay in the file
    /// until they are overwritten.
    ///
    /// # Errors
    /// If the inbox is closed or cannot be read.
    pub async fn purge(&self, subscriber: impl Into<String>) -> Result<usize, ListError> {
        let subscriber = subscriber.into();
        Ok(self.desk.ask(|done| Command::Purge { subscriber, from: 0, removed: 0, done }).await??)
    }

    /// Reads everything and verifies the checksums. Returns the number of events.
    ///
    /// Takes long with many events, and nothing is stored meanwhile.
    ///
    /// # Errors
    /// If the inbox is closed or damaged.
    pub async fn verify(&self) -> Result<usize, ListError> {
        Ok(self.desk.ask(Command::Verify).await??)
    }

    /// Closes the inbox: rejects deliveries, leases no more events, and waits up to `patience`
    /// until leased events are settled.
    ///
    /// Unsettled events are leased again when the inbox is next opened.
    pub async fn close(&self, patience: Duration) {
        self.desk.shared.is_taking.store(false, SeqCst);
        self.desk.shared.closing.send_replace(true);
        let closed = self.desk.ask(|done| Command::Close { at_once: false, done: Some(done) });
        if tokio::time::timeout(patience, closed).await.is_err() {
            // An error means that the inbox has closed meanwhile.
            let _ = self.desk.ask(|done| Command::Close { at_once: true, done: Some(done) }).await;
        }
    }
}

/// Syncs the folder and the parents of folders just created: without that a power loss may remove
/// them.
fn settle(folder: &Path, made: &[PathBuf]) -> io::Result<()> {
    #[cfg(unix)]
    for folder in std::iter::once(folder).chain(made.iter().filter_map(|made| made.parent())) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::File::open(folder)?.sync_all()?;
    }
    let _ = (folder, made);
    Ok(())
}

/// The error when events cannot be listed, purged or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The inbox is closed.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The inbox cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Storing = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

impl EventSink for Inbox {
    type Future = Storing;

    /// Stores a delivery that did not pass through a [`Pipeline`](birdhook_pipeline::Pipeline).
    ///
    /// Its keys are those of [`Event::delivery_key`](birdhook_core::Event::delivery_key).
    fn deliver(&self, delivery: Delivery) -> Storing {
        let keys = delivery.events().iter().map(|event| half(&event.delivery_key())).collect();
        self.store(delivery, keys)
    }

    fn deliver_keyed(&self, delivery: Delivery, keys: Keys<'_>) -> Storing {
        // Without this, an event without a key would be dropped and still answered 200.
        if keys.len() != delivery.events().len() {
            return self.deliver(delivery);
        }
        self.store(delivery, keys.map(|key| half(&key)).collect())
    }

    fn remembers(&self, key: &EventKey) -> bool {
        // While the file is gone, its events must be accepted again.
        self.desk.shared.is_sound.load(SeqCst) && self.desk.shared.memory.holds(&half(key))
    }

    fn timeout_error(&self) -> SinkError {
        SinkError::TooSlow
    }

    fn is_open(&self) -> bool {
        self.desk.shared.is_open()
    }

    /// Stops accepting deliveries. Stored events are still leased; [`Inbox::close`] ends that too.
    fn close(&self) {
        self.desk.shared.is_taking.store(false, SeqCst);
    }
}

impl Inbox {
    fn store(&self, delivery: Delivery, keys: Vec<crate::memory::Half>) -> Storing {
        let desk = self.desk.clone();
        Box::pin(async move {
            if !desk.shared.is_taking.load(SeqCst) {
                return Err(SinkError::Closed);
            }
            let slots = delivery.events().iter().map(|event| Slot::new(lane(event.app(), event.subscriber())));
            let events = slots.zip(keys).collect();
            // Bounds the memory of bodies that wait for a slow disk, however many requests there
            // are.
            let share = delivery.body().as_str().len().div_ceil(1024).clamp(1, ROOM);
            let share = u32::try_from(share).unwrap_or(u32::MAX);
            let room = Arc::clone(&desk.shared.room).acquire_many_owned(share).await;
            let room = room.map_err(|_| SinkError::Closed)?;
            let stored = Stored::new(delivery);
            let answer = desk.ask(|done| Command::Store(ToStore { stored, events, done, room })).await;
            answer.unwrap_or(Err(SinkError::Closed))
        })
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
