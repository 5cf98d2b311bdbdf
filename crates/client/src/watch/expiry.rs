//! Reports subscriptions that are about to end, and renews them.

use std::collections::BTreeMap;
use std::time::Duration;

use birdhook_core::Timestamp;

use super::notice::Notice;
use super::settings::WatchSettings;
use super::time::after;
use crate::api::{ActivitySubscription, NewSubscription};
use crate::{Cause, Client, Error};

/// How often the subscriptions are listed. An account may have 150,000 of them, on 150 pages.
const INTERVAL: Duration = Duration::from_secs(3600);

/// What was reported of subscriptions that end.
#[derive(Debug, Default)]
pub(super) struct Expiries {
    /// When the next listing is due.
    due: Option<Timestamp>,
    /// The end that was reported of each subscription.
    reported: BTreeMap<String, Timestamp>,
    /// Why the last listing failed.
    failed: Option<Cause>,
}

impl Expiries {
    /// Whether the subscriptions are to be listed now. Then the next listing is due an interval later.
    pub(super) fn is_due(&mut self, now: Timestamp) -> bool {
        let is_due = self.due.is_none_or(|due| due <= now);
        if is_due {
            self.due = Some(after(now, INTERVAL));
        }
        is_due
    }

    /// The notices of a listing: one for each end, and one for each new cause of a failure.
    pub(super) fn report(&mut self, looked: Result<Vec<Notice>, Error>) -> Vec<Notice> {
        match looked {
            Ok(notices) => {
                self.failed = None;
                notices.into_iter().filter(|notice| self.is_new(notice)).collect()
            }
            Err(error) if self.failed.as_ref() == Some(error.cause()) => Vec::new(),
            Err(error) => {
                self.failed = Some(error.cause().clone());
                vec![Notice::ExpiriesUnknown { error }]
            }
        }
    }

    fn is_new(&mut self, notice: &Notice) -> bool {
        match notice {
            Notice::Expiring { subscription, at, .. } => self.reported.insert(subscription.clone(), *at) != Some(*at),
            _ => true,
        }
    }
}

/// Lists the subscriptions that are delivered to a webhook and are about to end, and renews them if the settings say so.
pub(super) async fn look(client: &Client, webhook: &str, settings: &WatchSettings) -> Result<Vec<Notice>, Error> {
    let now = client.now();
    let limit = after(now, settings.expiry_warning);
    let mut notices = Vec::new();
    for one in client.activity().list().await? {
        let end = one.expires_at.filter(|end| now < *end && *end <= limit);
        let Some(end) = end.filter(|_| one.webhook_id.as_deref() == Some(webhook)) else { continue };
        let renewed = settings.renew_for.map(|longer| after(now, longer)).filter(|renewed| *renewed > end);
        notices.push(match renewed {
            Some(renewed) => renew(client, &one, end, renewed).await,
            None => Notice::Expiring { subscription: one.id.clone(), of: of(&one), at: end },
        });
    }
    Ok(notices)
}

async fn renew(client: &Client, one: &ActivitySubscription, end: Timestamp, renewed: Timestamp) -> Notice {
    let (subscription, of) = (one.id.clone(), of(one));
    match client.activity().renew(&NewSubscription::again(one, Some(renewed))).await {
        Ok(_) => Notice::Renewed { subscription, of, at: renewed },
        Err(error) => Notice::NotRenewed { subscription, of, at: end, error },
    }
}

/// The type and the filter of a subscription.
fn of(one: &ActivitySubscription) -> String {
    format!("{}{}", one.event_type, one.filter)
}
