//! The time at which an event was stored.

use birdhook::event::Timestamp;
use birdhook::inbox::{EventQuery, EventStatus, Inbox, Lease};

/// Returns when a leased event was stored, if X reported no time for it.
pub(super) async fn arrival(inbox: &Inbox, lease: &Lease) -> Option<Timestamp> {
    if lease.occurred_at().is_some() {
        return None;
    }
    let leased = inbox.list(EventQuery::all().status(EventStatus::Leased)).await.ok()?;
    leased.into_iter().find(|listed| listed.id == lease.id()).map(|listed| listed.stored_at)
}
