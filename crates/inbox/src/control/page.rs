//! Lists the events of an inbox in pages, in steps that do not delay deliveries.

use birdhook_core::Event;

use crate::admin::list::{EventQuery, ListedEvent};
use crate::backend::Store;
use crate::error::ListError;
use crate::id::EventId;
use crate::inbox::Inbox;
use crate::storage::unreadable::UnreadableEvent;
use crate::writer::command::Command;

/// The number of events that the writer lists at once. Deliveries wait meanwhile.
const STEP: usize = 256;

/// The limits of one page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageLimits {
    /// The number of events to look at.
    pub(crate) scanned: usize,
    /// The size of their bodies, in bytes.
    pub(crate) bytes: usize,
}

impl PageLimits {
    pub(crate) const NONE: Self = Self { scanned: usize::MAX, bytes: usize::MAX };
}

/// A page of a list of events.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EventPage {
    /// The events, oldest first.
    pub events: Vec<ListedEvent>,
    /// The id after which the list continues. `None` at its end.
    ///
    /// A page may have fewer events than the limit, even none, before the end.
    pub next: Option<EventId>,
}

impl Inbox {
    /// Lists the events of a query up to its limit, or up to the limits of a page.
    pub(crate) async fn page(&self, query: &EventQuery, limits: PageLimits) -> Result<EventPage, ListError> {
        let mut page = EventPage { events: Vec::new(), next: query.after };
        let (mut scanned, mut bytes) = (0, 0);
        while page.events.len() < query.limit {
            let limit = if query.has_filter() { STEP } else { STEP.min(query.limit - page.events.len()) };
            let step = EventQuery { after: page.next, limit, kind: None, subscriber: None, ..query.clone() };
            let listed = self.list_step(step).await?;
            let is_last = listed.len() < limit;
            for event in listed {
                scanned += 1;
                page.next = Some(event.id);
                if query.selects(&event) {
                    bytes += event.event.as_ref().map_or_else(|why| why.body.len(), |event| event.raw().as_str().len());
                    page.events.push(event);
                }
                if page.events.len() >= query.limit || scanned >= limits.scanned || bytes >= limits.bytes {
                    return Ok(page);
                }
            }
            if is_last {
                page.next = None;
                return Ok(page);
            }
        }
        Ok(page)
    }

    async fn list_step(&self, step: EventQuery) -> Result<Vec<ListedEvent>, ListError> {
        match &self.store {
            Store::Folder(writer) => Ok(writer.ask(|done| Command::List(step, done)).await??),
            Store::Remote(backend) => backend.list(step).await,
        }
    }
}

impl EventQuery {
    pub(crate) fn has_filter(&self) -> bool {
        self.kind.is_some() || self.subscriber.is_some()
    }

    fn selects(&self, listed: &ListedEvent) -> bool {
        let event = listed.event.as_ref().ok();
        self.kind.is_none_or(|kind| event.is_some_and(|event| event.kind() == kind))
            && self.subscriber.as_deref().is_none_or(|id| event.and_then(Event::subscriber) == Some(id))
    }
}

impl ListedEvent {
    /// Returns the name of the app that received the event.
    pub fn app(&self) -> &str {
        self.event.as_ref().map_or_else(UnreadableEvent::app, Event::app)
    }
}
