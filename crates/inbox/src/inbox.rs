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
use crate::list::{Listed, Query};
use crate::memory::half;
use crate::private;
use crate::record::Stored;
use crate::slot::{Slot, lane};
use crate::store::StoreError;
use crate::{Closed, EventId, Lease, Leases, OpenError, Options, Stats};

/// The store's file.
pub(crate) const FILE: &str = "inbox.redb";

/// A durable inbox. As an [`EventSink`], **200 means that the delivery's events and their keys are on the local disk, by one
/// commit that was synced**; they are lost only with the disk.
///
/// Cheap to clone. It writes from a thread of its own, one commit for all requests that wait, and closes when the last clone
/// and the last [`Lease`] are gone.
#[derive(Clone)]
pub struct Inbox {
    pub(crate) desk: Desk,
}

impl Inbox {
    /// Opens the inbox in this folder, or makes it, with the settings that [`Options`] starts with.
    ///
    /// # Errors
    /// As for [`Options::open`].
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        Options::new().open(folder)
    }

    /// Whether there is an inbox in this folder, one with the store of [`Options::open`].
    pub fn is_in(folder: impl AsRef<Path>) -> bool {
        folder.as_ref().join(FILE).is_file()
    }

    pub(crate) fn start(options: Options, folder: &Path, opener: Opener) -> Result<Self, OpenError> {
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

    /// The next event; `None` once the inbox is closed. Cancel safe, and any number of tasks may wait at once: each event
    /// goes to one of them.
    pub async fn recv(&self) -> Option<Lease> {
        self.leases().recv().await
    }

    /// Events as a `Stream`, or to wait for in a loop.
    pub fn leases(&self) -> Leases {
        Leases::new(self.desk.clone())
    }

    /// A snapshot of what it holds.
    pub fn stats(&self) -> Stats {
        self.desk.shared.stats()
    }

    /// Why deliveries are answered 503, as long as the store failed or its files were deleted, moved or replaced. `None` while
    /// all is well.
    pub fn failure(&self) -> Option<String> {
        self.desk.shared.failure()
    }

    /// Looks at what is in the inbox, dead letters too, without taking it out.
    ///
    /// # Errors
    /// When the inbox is closed, or cannot be read.
    pub async fn list(&self, query: Query) -> Result<Vec<Listed>, ListError> {
        Ok(self.desk.ask(|answer| Command::List(query, answer)).await??)
    }

    /// Makes dead letters events like any other, with all their tries before them. Tells how many of these there were.
    ///
    /// # Errors
    /// When the inbox is closed.
    pub async fn requeue(&self, dead: impl IntoIterator<Item = EventId>) -> Result<usize, Closed> {
        let dead = dead.into_iter().collect();
        self.desk.ask(|answer| Command::Requeue(dead, answer)).await
    }

    /// Is done with events without handing them out, dead letters and others. Tells how many of these there were.
    ///
    /// # Errors
    /// When the inbox is closed.
    pub async fn discard(&self, events: impl IntoIterator<Item = EventId>) -> Result<usize, Closed> {
        let events = events.into_iter().collect();
        self.desk.ask(|answer| Command::Discard(events, answer)).await
    }

    /// Deletes everything that came by the subscription of this user, of whichever app, dead letters and kept events too: for when
    /// they took the app's access away. Tells how many events that were. What is handed out right now is in the consumer's
    /// hands; a redelivery is still recognised as a duplicate, for keys tell nothing of anybody.
    ///
    /// What was deleted is not found any more, but the bytes stay in the file until others take their place.
    ///
    /// # Errors
    /// When the inbox is closed, or cannot be read.
    pub async fn purge(&self, subscriber: impl Into<String>) -> Result<usize, ListError> {
        let subscriber = subscriber.into();
        Ok(self.desk.ask(|done| Command::Purge { subscriber, from: 0, removed: 0, done }).await??)
    }

    /// Reads everything and holds it against its checksums. Tells how many events there are. Takes long when there are many,
    /// and nothing is stored in the meantime.
    ///
    /// # Errors
    /// When the inbox is closed, or damaged.
    pub async fn verify(&self) -> Result<usize, ListError> {
        Ok(self.desk.ask(Command::Verify).await??)
    }

    /// Closes it: refuses deliveries, hands nothing out any more, and waits until what is handed out is settled, or `patience`
    /// is over. What is left is handed out when it is opened again.
    pub async fn close(&self, patience: Duration) {
        self.desk.shared.is_taking.store(false, SeqCst);
        self.desk.shared.closing.send_replace(true);
        let closed = self.desk.ask(|done| Command::Close { at_once: false, done: Some(done) });
        if tokio::time::timeout(patience, closed).await.is_err() {
            // It may have closed by now.
            let _ = self.desk.ask(|done| Command::Close { at_once: true, done: Some(done) }).await;
        }
    }
}

/// A file is there after a loss of power only if its folder was synced too, and so is a folder that was made.
fn settle(folder: &Path, made: &[PathBuf]) -> io::Result<()> {
    #[cfg(unix)]
    for folder in std::iter::once(folder).chain(made.iter().filter_map(|made| made.parent())) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::File::open(folder)?.sync_all()?;
    }
    let _ = (folder, made);
    Ok(())
}

/// Why events could not be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The inbox is closed.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Storing = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

impl EventSink for Inbox {
    type Future = Storing;

    /// For callers without a [`Pipeline`](birdhook_pipeline::Pipeline): the keys are those of
    /// [`Event::delivery_key`](birdhook_core::Event::delivery_key).
    fn deliver(&self, delivery: Delivery) -> Storing {
        let keys = delivery.events().iter().map(|event| half(&event.delivery_key())).collect();
        self.store(delivery, keys)
    }

    fn deliver_keyed(&self, delivery: Delivery, keys: Keys<'_>) -> Storing {
        // Events without a key would be left out, and answered 200.
        if keys.len() != delivery.events().len() {
            return self.deliver(delivery);
        }
        self.store(delivery, keys.map(|key| half(&key)).collect())
    }

    fn remembers(&self, key: &EventKey) -> bool {
        // What was stored in a file that is gone must come again.
        self.desk.shared.is_sound.load(SeqCst) && self.desk.shared.memory.holds(&half(key))
    }

    fn when_late(&self) -> SinkError {
        SinkError::TooSlow
    }

    fn is_open(&self) -> bool {
        self.desk.shared.is_open()
    }

    /// Takes no more deliveries; what is in the inbox is still handed out. [`Inbox::close`] ends that too.
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
            // So that what waits for a slow disk is bounded, however many requests there are.
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
