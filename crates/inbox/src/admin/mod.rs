//! Inspects an inbox and settles its events.

pub(crate) mod list;
pub(crate) mod stats;

use crate::admin::list::{EventQuery, ListedEvent};
use crate::admin::stats::Stats;
use crate::backend::Store;
use crate::control::page::PageLimits;
use crate::error::{Closed, ListError};
use crate::id::EventId;
use crate::inbox::Inbox;
use crate::writer::command::Command;

impl Inbox {
    /// Returns a snapshot of the inbox's state and counters.
    pub fn stats(&self) -> Stats {
        let writer = match &self.store {
            Store::Folder(writer) => writer,
            Store::Remote(backend) => return backend.stats(),
        };
        let stats = writer.shared.stats();
        Stats { leased: stats.leased + writer.shared.prefetch.uncollected(), ..stats }
    }

    /// Returns why deliveries are answered 503, or `None` while the store works.
    ///
    /// The store may have failed, or its files may have been deleted, moved or replaced.
    pub fn failure(&self) -> Option<String> {
        match &self.store {
            Store::Folder(writer) => writer.shared.failure(),
            Store::Remote(backend) => backend.failure(),
        }
    }

    /// Returns why the [control socket](crate::InboxSettings::control_socket) is not served although
    /// it was requested.
    pub fn control_failure(&self) -> Option<&str> {
        match &self.store {
            Store::Folder(writer) => writer.shared.control_failure.get().map(String::as_str),
            Store::Remote(_) => None,
        }
    }

    /// Lists events, including dead letters, without leasing them.
    ///
    /// # Errors
    /// If the inbox is closed or cannot be read.
    pub async fn list(&self, query: EventQuery) -> Result<Vec<ListedEvent>, ListError> {
        let writer = match &self.store {
            Store::Folder(writer) => writer,
            Store::Remote(backend) => return backend.list(query).await,
        };
        if query.has_filter() {
            // The writer would look at all events at once, and deliveries would wait.
            return Ok(self.page(&query, PageLimits::NONE).await?.events);
        }
        Ok(writer.ask(|done| Command::List(query, done)).await??)
    }

    /// Puts dead letters back into the queue with 0 attempts. Returns their number.
    ///
    /// # Errors
    /// If the inbox is closed.
    pub async fn requeue(&self, dead: impl IntoIterator<Item = EventId>) -> Result<usize, Closed> {
        let dead = dead.into_iter().collect();
        match &self.store {
            Store::Folder(writer) => writer.ask(|done| Command::Requeue(dead, done)).await,
            Store::Remote(backend) => backend.requeue(dead).await,
        }
    }

    /// Discards events without delivering them, dead letters or others. Returns their number.
    ///
    /// # Errors
    /// If the inbox is closed.
    pub async fn discard(&self, events: impl IntoIterator<Item = EventId>) -> Result<usize, Closed> {
        let events = events.into_iter().collect();
        match &self.store {
            Store::Folder(writer) => writer.ask(|done| Command::Discard(events, done)).await,
            Store::Remote(backend) => backend.discard(events).await,
        }
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
        match &self.store {
            Store::Folder(writer) => {
                Ok(writer.ask(|done| Command::Purge { subscriber, from: 0, removed: 0, done }).await??)
            }
            Store::Remote(backend) => backend.purge(subscriber).await,
        }
    }

    /// Reads everything and verifies the checksums. Returns the number of events.
    ///
    /// Takes long with many events, and nothing is stored meanwhile.
    ///
    /// # Errors
    /// If the inbox is closed or damaged.
    pub async fn verify(&self) -> Result<usize, ListError> {
        match &self.store {
            Store::Folder(writer) => Ok(writer.ask(Command::Verify).await??),
            Store::Remote(backend) => backend.verify().await,
        }
    }
}
