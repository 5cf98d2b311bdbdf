//! Inspects an inbox and settles its events.

pub(crate) mod list;
pub(crate) mod stats;

use crate::admin::list::{EventQuery, ListedEvent};
use crate::admin::stats::Stats;
use crate::control::page::PageLimits;
use crate::error::{Closed, ListError};
use crate::id::EventId;
use crate::inbox::Inbox;
use crate::writer::command::Command;

impl Inbox {
    /// Returns a snapshot of the inbox's state and counters.
    pub fn stats(&self) -> Stats {
        let stats = self.handle.shared.stats();
        Stats { leased: stats.leased + self.handle.shared.prefetch.uncollected(), ..stats }
    }

    /// Returns why deliveries are answered 503, or `None` while the store works.
    ///
    /// The store may have failed, or its files may have been deleted, moved or replaced.
    pub fn failure(&self) -> Option<String> {
        self.handle.shared.failure()
    }

    /// Returns why the [control socket](crate::InboxSettings::control_socket) is not served although
    /// it was requested.
    pub fn control_failure(&self) -> Option<&str> {
        self.handle.shared.control_failure.get().map(String::as_str)
    }

    /// Lists events, including dead letters, without leasing them.
    ///
    /// # Errors
    /// If the inbox is closed or cannot be read.
    pub async fn list(&self, query: EventQuery) -> Result<Vec<ListedEvent>, ListError> {
        if query.has_filter() {
            // The writer would look at all events at once, and deliveries would wait.
            return Ok(self.page(&query, PageLimits::NONE).await?.events);
        }
        Ok(self.handle.ask(|done| Command::List(query, done)).await??)
    }

    /// Puts dead letters back into the queue with 0 attempts. Returns their number.
    ///
    /// # Errors
    /// If the inbox is closed.
    pub async fn requeue(&self, dead: impl IntoIterator<Item = EventId>) -> Result<usize, Closed> {
        self.handle.ask(|done| Command::Requeue(dead.into_iter().collect(), done)).await
    }

    /// Discards events without delivering them, dead letters or others. Returns their number.
    ///
    /// # Errors
    /// If the inbox is closed.
    pub async fn discard(&self, events: impl IntoIterator<Item = EventId>) -> Result<usize, Closed> {
        self.handle.ask(|done| Command::Discard(events.into_iter().collect(), done)).await
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
        Ok(self.handle.ask(|done| Command::Purge { subscriber, from: 0, removed: 0, done }).await??)
    }

    /// Reads everything and verifies the checksums. Returns the number of events.
    ///
    /// Takes long with many events, and nothing is stored meanwhile.
    ///
    /// # Errors
    /// If the inbox is closed or damaged.
    pub async fn verify(&self) -> Result<usize, ListError> {
        Ok(self.handle.ask(Command::Verify).await??)
    }
}
