//! Access to an inbox of this process or of another one.

use std::path::Path;

use crate::admin::list::{EventQuery, ListedEvent};
use crate::admin::stats::Stats;
use crate::backup::report::Backup;
use crate::control::client::Client;
use crate::control::error::ControlError;
use crate::control::page::{EventPage, PageLimits};
use crate::error::Closed;
use crate::id::EventId;
use crate::inbox::Inbox;
use crate::observe;

/// The limits of a page. They bound the memory of a reply.
const PAGE: PageLimits = PageLimits { scanned: 10_000, bytes: 4 << 20 };

/// The maximum number of events of a page.
const MAX_EVENTS: usize = 1000;

/// The number of ids in one request, which its maximum size allows.
const MAX_IDS: usize = 1000;

/// Access to an inbox: the open [`Inbox`], or a [`Client`] of the process that has it open.
///
/// With the feature `tracing`, the process that has the inbox open logs each change at the level
/// info, with the ids and the number of events.
#[derive(Clone, Debug)]
pub struct InboxAccess(Source);

#[derive(Clone, Debug)]
enum Source {
    Open(Inbox),
    Client(Client),
}

/// The state of an inbox.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Snapshot {
    /// The counters.
    pub stats: Stats,
    /// Why deliveries are answered 503, or `None` while the store works.
    pub failure: Option<String>,
}

impl From<Inbox> for InboxAccess {
    fn from(inbox: Inbox) -> Self {
        Self(Source::Open(inbox))
    }
}

impl From<Client> for InboxAccess {
    fn from(client: Client) -> Self {
        Self(Source::Client(client))
    }
}

impl InboxAccess {
    /// Returns the inbox's state and counters.
    ///
    /// # Errors
    /// If the process that has the inbox open cannot be reached. The same applies to all methods.
    pub async fn snapshot(&self) -> Result<Snapshot, ControlError> {
        match &self.0 {
            Source::Open(inbox) if *inbox.closing().borrow() => Err(Closed.into()),
            Source::Open(inbox) => Ok(Snapshot { stats: inbox.stats(), failure: inbox.failure() }),
            Source::Client(client) => client.snapshot().await,
        }
    }

    /// Lists events up to the query's limit, and at most 1,000.
    ///
    /// A page ends after 4 MiB of events, and with a filter after 10,000 events looked at. Call it
    /// again with [`EventQuery::after`] and [`EventPage::next`].
    ///
    /// # Errors
    /// If the inbox is closed or cannot be read.
    pub async fn page(&self, mut query: EventQuery) -> Result<EventPage, ControlError> {
        query.limit = query.limit.min(MAX_EVENTS);
        match &self.0 {
            Source::Open(inbox) => Ok(inbox.page(&query, PAGE).await?),
            Source::Client(client) => client.page(&query).await,
        }
    }

    /// Lists events up to the query's limit, in several pages if necessary.
    ///
    /// # Errors
    /// If the inbox is closed or cannot be read.
    pub async fn list(&self, mut query: EventQuery) -> Result<Vec<ListedEvent>, ControlError> {
        let (mut listed, limit) = (Vec::new(), query.limit);
        loop {
            query.limit = limit - listed.len();
            let page = self.page(query.clone()).await?;
            listed.extend(page.events);
            query.after = page.next;
            if page.next.is_none() || listed.len() >= limit {
                return Ok(listed);
            }
        }
    }

    /// Returns the event with this id, or `None` if the inbox has none.
    ///
    /// # Errors
    /// If the inbox is closed or cannot be read.
    pub async fn find(&self, id: EventId) -> Result<Option<ListedEvent>, ControlError> {
        match &self.0 {
            Source::Open(inbox) => {
                let query = EventQuery { after: id.predecessor(), ..EventQuery::all().limit(1) };
                Ok(inbox.page(&query, PAGE).await?.events.pop().filter(|event| event.id == id))
            }
            Source::Client(client) => client.find(id).await,
        }
    }

    /// Puts dead letters back into the queue with 0 attempts. Returns their number.
    ///
    /// # Errors
    /// If the inbox is closed.
    pub async fn requeue(&self, dead: &[EventId]) -> Result<usize, ControlError> {
        let mut total = 0;
        for ids in dead.chunks(MAX_IDS) {
            total += match &self.0 {
                Source::Open(inbox) => {
                    let count = inbox.requeue(ids.iter().copied()).await?;
                    observe::changed("requeued", ids, count);
                    count
                }
                Source::Client(client) => client.change("requeue", ids).await?,
            };
        }
        Ok(total)
    }

    /// Discards events without delivering them, dead letters or others. Returns their number.
    ///
    /// # Errors
    /// If the inbox is closed.
    pub async fn discard(&self, events: &[EventId]) -> Result<usize, ControlError> {
        let mut total = 0;
        for ids in events.chunks(MAX_IDS) {
            total += match &self.0 {
                Source::Open(inbox) => {
                    let count = inbox.discard(ids.iter().copied()).await?;
                    observe::changed("discarded", ids, count);
                    count
                }
                Source::Client(client) => client.change("discard", ids).await?,
            };
        }
        Ok(total)
    }

    /// Deletes all events of this user's subscriptions, as [`Inbox::purge`] does. Returns their
    /// number.
    ///
    /// # Errors
    /// If the inbox is closed or cannot be read.
    pub async fn purge(&self, subscriber: &str) -> Result<usize, ControlError> {
        match &self.0 {
            Source::Open(inbox) => {
                let count = inbox.purge(subscriber).await?;
                observe::changed("purged", &[], count);
                Ok(count)
            }
            Source::Client(client) => client.purge(subscriber).await,
        }
    }

    /// Reads everything and verifies the checksums, as [`Inbox::verify`] does. Returns the number of
    /// events.
    ///
    /// # Errors
    /// If the inbox is closed or damaged.
    pub async fn verify(&self) -> Result<usize, ControlError> {
        match &self.0 {
            Source::Open(inbox) => Ok(inbox.verify().await?),
            Source::Client(client) => client.verify().await,
        }
    }

    /// Writes a backup to a new file, as [`Inbox::backup`] does. The process that has the inbox open
    /// writes the file.
    ///
    /// # Errors
    /// The same as [`Inbox::backup`].
    pub async fn backup(&self, file: impl AsRef<Path>) -> Result<Backup, ControlError> {
        match &self.0 {
            Source::Open(inbox) => Ok(inbox.backup(file).await?),
            Source::Client(client) => client.backup(file.as_ref()).await,
        }
    }
}
