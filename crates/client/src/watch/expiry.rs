use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use birdhook_core::Timestamp;

use super::event::WatchEvent;
use super::settings::WatchSettings;
use crate::api::{ActivitySubscription, NewSubscription};
use crate::time::after;
use crate::{Client, Error, ErrorCause};

/// Interval between listings. An account may have 150,000 subscriptions, on 150 pages.
const INTERVAL: Duration = Duration::from_secs(3600);

#[derive(Debug, Default)]
pub(super) struct Expiries {
    /// The time of the next listing.
    due: Option<Timestamp>,
    /// The description and the expiry last reported for each subscription.
    reported: BTreeMap<String, (String, Timestamp)>,
    /// The cause of the last listing's failure.
    failed: Option<ErrorCause>,
    is_known: bool,
}

impl Expiries {
    /// Returns whether a listing is due. If so, schedules the next one.
    pub(super) fn is_due(&mut self, now: Timestamp) -> bool {
        let is_due = self.due.is_none_or(|due| due <= now);
        if is_due {
            self.due = Some(after(now, INTERVAL));
        }
        is_due
    }

    /// Returns whether a listing has succeeded.
    pub(super) fn is_known(&self) -> bool {
        self.is_known
    }

    /// Returns the events of a listing that were not reported before, and the end of each reported
    /// expiry that it no longer has. Each expiry is reported once, and a failure again only if its
    /// cause changes.
    pub(super) fn report(&mut self, listed: Result<Vec<WatchEvent>, Error>, now: Timestamp) -> Vec<WatchEvent> {
        match listed {
            Ok(mut events) => {
                (self.failed, self.is_known) = (None, true);
                let still: BTreeSet<String> = events.iter().filter_map(expiring).map(|(id, ..)| id.clone()).collect();
                events.retain(|event| self.is_new(event));
                let renewed = events.iter().filter_map(|event| match event {
                    WatchEvent::Renewed { subscription, .. } => Some(subscription),
                    _ => None,
                });
                // A renewal is itself the end.
                renewed.for_each(|subscription| _ = self.reported.remove(subscription));
                let (reported, ended) =
                    std::mem::take(&mut self.reported).into_iter().partition(|(id, _)| still.contains(id));
                self.reported = reported;
                let end = |(subscription, (of, at)): (String, (String, Timestamp))| WatchEvent::NotExpiring {
                    subscription,
                    of,
                    expired: at <= now,
                };
                events.extend(BTreeMap::into_iter(ended).map(end));
                events
            }
            Err(error) if self.failed.as_ref() == Some(error.cause()) => Vec::new(),
            Err(error) => {
                self.failed = Some(error.cause().clone());
                vec![WatchEvent::ExpiriesUnknown { error }]
            }
        }
    }

    fn is_new(&mut self, event: &WatchEvent) -> bool {
        let Some((subscription, of, at)) = expiring(event) else { return true };
        let before = self.reported.insert(subscription.clone(), (of.clone(), at));
        // A failed renewal is reported each time.
        matches!(event, WatchEvent::NotRenewed { .. }) || before.is_none_or(|(_, before)| before != at)
    }
}

/// Returns the subscription, its description and its expiry, if the event is about one that expires.
fn expiring(event: &WatchEvent) -> Option<(&String, &String, Timestamp)> {
    match event {
        WatchEvent::Expiring { subscription, of, at } | WatchEvent::NotRenewed { subscription, of, at, .. } => {
            Some((subscription, of, *at))
        }
        _ => None,
    }
}

/// Lists the webhook's subscriptions that are about to expire, and renews them if configured.
pub(super) async fn soon(client: &Client, webhook: &str, settings: &WatchSettings) -> Result<Vec<WatchEvent>, Error> {
    let now = client.now();
    let limit = after(now, settings.expiry_warning);
    let mut events = Vec::new();
    for one in client.activity().list().await? {
        let end = one.expires_at.filter(|end| now < *end && *end <= limit);
        let Some(end) = end.filter(|_| one.webhook_id.as_deref() == Some(webhook)) else { continue };
        let renewed = settings.renew_for.map(|longer| after(now, longer)).filter(|renewed| *renewed > end);
        events.push(match renewed {
            Some(renewed) => renew(client, &one, end, renewed).await,
            None => WatchEvent::Expiring { subscription: one.id.clone(), of: description(&one), at: end },
        });
    }
    Ok(events)
}

async fn renew(client: &Client, one: &ActivitySubscription, end: Timestamp, renewed: Timestamp) -> WatchEvent {
    let (subscription, of) = (one.id.clone(), description(one));
    match client.activity().renew(&NewSubscription::again(one, Some(renewed))).await {
        Ok(_) => WatchEvent::Renewed { subscription, of, at: renewed },
        Err(error) => WatchEvent::NotRenewed { subscription, of, at: end, error },
    }
}

fn description(one: &ActivitySubscription) -> String {
    format!("{}{}", one.event_type, one.filter)
}
