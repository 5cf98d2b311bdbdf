//! Relays the events of the main inbox to the inboxes of targets, and prints them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use birdhook::dedupe::DedupePolicy;
use birdhook::event::Timestamp;
use birdhook::inbox::{Inbox, Lease};
use birdhook::sink::EventSink;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesOrdered;
use tokio::task::JoinSet;

use super::arrival::arrival;
use super::target::TargetMode;
use super::target::client::TargetClient;
use super::target::message::delivery_id;
use crate::event_format::EventFormat;
use crate::output::{self, error_chain, note, print};

const MAX_ACKS: usize = 64;

/// Maximum number of events that are relayed at once, so that they share transactions.
const MAX_RELAYS: usize = 64;

/// Leases events from the main inbox, stores each in the inboxes of the targets that select it, and
/// prints it.
pub(super) struct Relaying {
    pub(super) inbox: Inbox,
    pub(super) targets: Vec<(Arc<TargetClient>, Inbox)>,
    pub(super) policy: DedupePolicy,
    pub(super) format: EventFormat,
    pub(super) max_attempts: u32,
}

impl Relaying {
    /// Runs until the inbox is closed. Closes the inbox itself when standard output is closed.
    pub(super) async fn run(self) {
        let mut leases = self.inbox.leases();
        let mut acks = JoinSet::new();
        let mut unread = None;
        let (mut relays, mut is_open) = (FuturesOrdered::new(), true);
        let limit = if self.targets.is_empty() { 1 } else { MAX_RELAYS };
        while is_open || !relays.is_empty() {
            let (lease, relayed) = tokio::select! {
                biased;
                Some(relayed) = relays.next(), if !relays.is_empty() => relayed,
                lease = leases.recv(), if is_open && relays.len() < limit => {
                    match lease {
                        Some(lease) => relays.push_back(self.relay(lease)),
                        None => is_open = false,
                    }
                    continue;
                }
            };
            let processed = match relayed {
                Ok(arrival) => self.print(&lease, arrival).await,
                Err(error) => Err(error),
            };
            match processed {
                Ok(()) => _ = acks.spawn(lease.ack()),
                Err(error) if output::is_closed(&error) => {
                    unread = Some(lease);
                    break;
                }
                Err(error) => {
                    self.note_failure(&lease, &error);
                    acks.spawn(lease.nack(None));
                }
            }
            while acks.try_join_next().is_some() {}
            if acks.len() >= MAX_ACKS {
                acks.join_next().await;
            }
        }
        // Events not settled before the inbox closed are redelivered when it is opened again.
        while acks.join_next().await.is_some() {}
        if let Some(lease) = unread {
            // Closed while the events are leased, so that this attempt does not count as failed.
            self.inbox.close(Duration::ZERO).await;
            drop((lease, relays));
        }
    }

    /// Stores an event in the inboxes of its targets. Inboxes that have stored it before ignore it.
    async fn relay(&self, lease: Lease) -> (Lease, Result<Option<Timestamp>>) {
        let stored = join_all(self.targets.iter().map(async |(client, inbox)| {
            let target = &client.target;
            let mut event = lease.event().clone();
            if target.mode == TargetMode::Raw {
                // All events of a delivery have this key, so one of them is stored.
                event.set_dedupe_key(delivery_id(&event));
            } else if target.matches(&event) {
                event.set_dedupe_key(self.policy.key(&event));
            } else {
                return Ok(());
            }
            inbox.deliver(event.into()).await.with_context(|| format!("not stored for the target {}", target.name))
        }));
        // Each is awaited, so that a full inbox does not keep the event from the others.
        let result = match stored.await.into_iter().collect::<Result<()>>() {
            Ok(()) => Ok(arrival(&self.inbox, &lease).await),
            Err(error) => Err(error),
        };
        (lease, result)
    }

    async fn print(&self, lease: &Lease, arrival: Option<Timestamp>) -> Result<()> {
        print(self.format.line(lease.event(), arrival)?).await.context("not printed")
    }

    fn note_failure(&self, lease: &Lease, error: &anyhow::Error) {
        let (id, attempt, max) = (lease.id(), lease.attempts(), self.max_attempts);
        let next = if attempt < max { "will be retried" } else { "now a dead letter" };
        let attempts =
            if max == u32::MAX { format!("attempt {attempt}") } else { format!("attempt {attempt} of {max}") };
        note(format!("event {id}, {attempts}, {next}: {}", error_chain(error.as_ref())));
    }
}

#[cfg(test)]
mod tests {
    use birdhook::inbox::InboxSettings;
    use birdhook::{Delivery, Secret};
    use tempfile::TempDir;

    use super::*;
    use crate::apps::SharedApps;

    const BODY: &str = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20"}},{"status":{"id":"21"}},{"status":{"id":"22"}}]}"#;

    type Settings = fn() -> InboxSettings;

    /// Returns a main inbox with the events of `BODY`, and these targets, each with an inbox.
    async fn relaying(folder: &TempDir, targets: &[(&str, Settings)]) -> Relaying {
        let inbox = Inbox::open(folder.path()).await.unwrap();
        inbox.deliver(Delivery::restore("default", BODY, 3).unwrap()).await.unwrap();
        let mut clients = Vec::new();
        for (number, (text, settings)) in targets.iter().enumerate() {
            let target = toml::from_str(&format!("name = 't{number}'\nurl = 'http://127.0.0.1/'\n{text}")).unwrap();
            let client =
                TargetClient::new(target, SharedApps::new(Secret::new("s").unwrap().into()), Vec::new()).unwrap();
            let own = settings().open(folder.path().join(format!("targets/t{number}"))).await.unwrap();
            clients.push((Arc::new(client), own));
        }
        let (policy, format) = (DedupePolicy::default(), EventFormat::new(false, false));
        Relaying { inbox, targets: clients, policy, format, max_attempts: u32::MAX }
    }

    async fn relay_all(relaying: &Relaying) -> Vec<(Lease, Result<Option<Timestamp>>)> {
        let mut leases = Vec::new();
        for _ in 0..3 {
            leases.push(relaying.inbox.recv().await.unwrap());
        }
        join_all(leases.into_iter().map(|lease| relaying.relay(lease))).await
    }

    fn depths(relaying: &Relaying) -> Vec<usize> {
        relaying.targets.iter().map(|(_, inbox)| inbox.stats().depth).collect()
    }

    #[tokio::test]
    async fn an_event_relayed_again_before_its_acknowledgement_is_stored_once() {
        let folder = TempDir::new().unwrap();
        let texts = ["", "mode = 'raw'", "kinds = ['liked']", "subscribers = ['1']"];
        let relaying = relaying(&folder, &texts.map(|text| (text, InboxSettings::new as Settings))).await;
        for _ in 0..2 {
            for (lease, result) in relay_all(&relaying).await {
                result.unwrap();
                lease.release().await.unwrap();
            }
            // A delivery is one message, whichever of its events are relayed.
            assert_eq!(depths(&relaying), [3, 1, 0, 3]);
        }
    }

    #[tokio::test]
    async fn a_full_inbox_does_not_keep_events_from_the_other_targets() {
        let folder = TempDir::new().unwrap();
        let relaying =
            relaying(&folder, &[("", || InboxSettings::new().size_limit(0)), ("", InboxSettings::new)]).await;
        for (lease, result) in relay_all(&relaying).await {
            assert_eq!(result.unwrap_err().to_string(), "not stored for the target t0");
            lease.release().await.unwrap();
        }
        assert_eq!(depths(&relaying), [0, 3]);
    }
}
