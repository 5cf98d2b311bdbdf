//! Assertions about a ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use birdhook_core::{DedupeScope, Event, EventKey, EventKind};

use super::consumed::Consumed;
use super::{DeliveryResult, Entry, Ledger, Records, Sent};
use crate::mock::lock::lock;
use crate::reading::read;

/// A failed assertion. Its message says what was sent, answered and consumed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The app has not consumed an expected event.
    #[error("{0}")]
    NotConsumed(String),
    /// The app answered 200 but has not consumed the event.
    #[error("{0}")]
    Lost(String),
    /// The app has consumed an event more than once.
    #[error("{0}")]
    Doubled(String),
}

impl Ledger {
    /// Waits until the app has consumed an event of this kind, and returns it.
    ///
    /// Each event is returned once.
    ///
    /// # Errors
    /// Returns an error after [`expect_timeout`](super::super::MockSettings::expect_timeout), with what
    /// was sent, answered and consumed instead.
    pub async fn expect(&self, kind: EventKind) -> Result<Event, LedgerError> {
        let found = self.wait(|records| records.consumed.take(|event| event.kind() == kind));
        match found.await {
            Some(event) => Ok(event),
            None => Err(LedgerError::NotConsumed(self.explain_missing(kind))),
        }
    }

    /// Waits until every event in a delivery that was answered 200 has been consumed.
    ///
    /// Call it when no deliveries are under way: see
    /// [`MockX::settle`](super::super::MockX::settle).
    ///
    /// # Errors
    /// Returns an error after [`expect_timeout`](super::super::MockSettings::expect_timeout), with the
    /// lost deliveries.
    pub async fn every_200_was_consumed(&self) -> Result<(), LedgerError> {
        if self.wait(|records| self.lost(records).is_empty().then_some(())).await.is_some() {
            return Ok(());
        }
        let lost = self.lost(&lock(&self.shared.records));
        if lost.is_empty() { Ok(()) } else { Err(LedgerError::Lost(list_of_lost(&lost))) }
    }

    /// Checks that the app has not consumed any event twice.
    ///
    /// # Errors
    /// Returns an error that lists the events consumed more than once, and how often.
    pub fn none_consumed_twice(&self) -> Result<(), LedgerError> {
        let records = lock(&self.shared.records);
        let mut times: BTreeMap<EventKey, (&Event, usize)> = BTreeMap::new();
        for Consumed { event, .. } in records.consumed.iter() {
            let key = event.delivery_key_in(self.scope);
            // Without an id or a time, repeating an action gives the same content key, so only the
            // delivery key counts.
            let key = if self.is_cut_over && !event.lacks_unique_id() { event.content_key_in(self.scope) } else { key };
            times.entry(key).or_insert((event, 0)).1 += 1;
        }
        let doubled: Vec<String> = times
            .values()
            .filter(|(_, times)| *times > 1)
            .map(|(event, times)| format!("{} of {} was consumed {times} times", event.kind(), of(event.subscriber())))
            .collect();
        if doubled.is_empty() {
            return Ok(());
        }
        let is_doubled = |sent: &&Sent| {
            read("", sent.body.clone()).is_ok_and(|delivery| {
                let doubled = |event: &Event| times.values().any(|(one, times)| *times > 1 && one.raw() == event.raw());
                delivery.events().iter().any(doubled)
            })
        };
        let sent = sent_of(&records).find(is_doubled);
        let hint =
            "the same event reached the app's code twice: do two consumers share one queue, or two apps one URL?";
        Err(LedgerError::Doubled(doubled.join("; ") + &with_hint(sent, hint)))
    }

    /// Waits until `found` returns a value, or until the timeout.
    async fn wait<T>(&self, mut found: impl FnMut(&mut Records) -> Option<T>) -> Option<T> {
        let mut changed = self.shared.changed.subscribe();
        let search = async {
            loop {
                changed.mark_unchanged();
                if let Some(found) = found(&mut lock(&self.shared.records)) {
                    return Some(found);
                }
                changed.changed().await.ok()?;
            }
        };
        tokio::time::timeout(self.shared.expect_timeout, search).await.ok().flatten()
    }

    /// Returns deliveries that were answered 200 and hold an event that was not consumed.
    fn lost(&self, records: &Records) -> Vec<(Sent, EventKind)> {
        let by_app = matches!(self.scope, DedupeScope::Subscription | DedupeScope::Conversation);
        let by_subscriber = matches!(self.scope, DedupeScope::Subscription | DedupeScope::AcrossApps);
        let key_scope = if by_subscriber { DedupeScope::AcrossApps } else { DedupeScope::Everywhere };
        // The receiver may name its apps differently. The names are compared only if they match the
        // mock's.
        let apps: BTreeSet<&str> = sent_of(records).map(|sent| sent.app.as_str()).collect();
        let compares_apps =
            by_app && apps.len() > 1 && records.consumed.iter().all(|one| apps.contains(one.event.app()));
        let mut known = BTreeSet::new();
        for Consumed { event, .. } in records.consumed.iter() {
            let app = if compares_apps { event.app() } else { "" };
            known.insert((app, event.delivery_key_in(key_scope)));
            if self.is_cut_over {
                known.insert((app, event.content_key_in(key_scope)));
            }
        }
        let mut lost = Vec::new();
        for sent in sent_of(records).filter(|sent| sent.outcome.is_ok()) {
            let app = if compares_apps { sent.app.as_str() } else { "" };
            let Ok(delivery) = read(&sent.app, sent.body.clone()) else { continue };
            for event in delivery.events() {
                let mut keys = vec![event.delivery_key_in(key_scope)];
                keys.extend(self.is_cut_over.then(|| event.content_key_in(key_scope)));
                if !keys.into_iter().any(|key| known.contains(&(app, key))) {
                    lost.push((sent.clone(), event.kind()));
                }
            }
        }
        lost
    }

    /// Describes what happened although no event of this kind was consumed.
    fn explain_missing(&self, kind: EventKind) -> String {
        let records = lock(&self.shared.records);
        let sent: Vec<&Sent> = sent_of(&records).filter(|sent| sent.kinds.contains(&kind)).collect();
        let mut text = format!("no {kind} was consumed");
        if records.consumed.iter().any(|one| one.event.kind() == kind) {
            text = format!("no further {kind} was consumed");
        }
        let _ = match sent.as_slice() {
            [] => match records.undelivered.iter().rev().find(|(undelivered, ..)| undelivered.event_kind() == kind) {
                Some((_, subscriber, why)) => write!(text, ": it happened to {subscriber}, but {why}"),
                None => write!(text, ": none was sent, since none happened"),
            },
            sent => {
                let answers: Vec<String> = sent.iter().map(|sent| answer(sent)).collect();
                let were = if sent.len() == 1 { "it was".to_owned() } else { format!("{} were", sent.len()) };
                write!(text, ": {were} sent ({})", answers.join("; "))
            }
        };
        let _ = match records.consumed.iter().count() {
            0 => write!(text, "; nothing at all was consumed"),
            _ => write!(text, "; consumed were {}", counts(records.consumed.iter().map(|one| one.event.kind()))),
        };
        text + &details(sent.last().copied())
    }
}

fn sent_of(records: &Records) -> impl Iterator<Item = &Sent> {
    records.entries.iter().filter_map(|entry| if let Entry::Sent(sent) = entry { Some(sent) } else { None })
}

fn list_of_lost(lost: &[(Sent, EventKind)]) -> String {
    let lines: Vec<String> = lost
        .iter()
        .map(|(sent, kind)| format!("delivery {} ({kind} of {})", sent.delivery, of(sent.subscriber.as_deref())))
        .collect();
    let verb = if lost.len() == 1 { "was" } else { "were" };
    let first = lost.first().map(|(sent, _)| sent);
    format!("answered 200 and not consumed {verb} {}{}", lines.join(", "), details(first))
}

/// Returns a delivery's URL, the first line of its body, and a hint that depends on the answer.
fn details(sent: Option<&Sent>) -> String {
    let Some(Sent { outcome, .. }) = sent else { return String::new() };
    let hint = match outcome {
        DeliveryResult::Status(200) => {
            "the app accepted it: is the task that consumes events running? For an app in another process, call Ledger::consumed"
        }
        DeliveryResult::Status(401) => {
            "the signature was refused: does the app have the secret with which the mock signs? See MockApp::to_app"
        }
        DeliveryResult::Status(404 | 405) => "no receiver is mounted for POST at this path",
        DeliveryResult::Status(503) => "the app refused it: the channel is full or closed, or the handler failed",
        DeliveryResult::Status(_) => "the receiver refused it: see Pipeline::health",
        DeliveryResult::Timeout => "the app did not answer in time",
        DeliveryResult::Unreachable(_) => "nothing answers at this URL",
    };
    with_hint(sent, hint)
}

fn with_hint(sent: Option<&Sent>, hint: &str) -> String {
    let Some(Sent { url, body, .. }) = sent else { return String::new() };
    let body = String::from_utf8_lossy(body);
    let line: String = body.lines().next().unwrap_or_default().chars().take(200).collect();
    format!("\n  URL: {url}\n  body: {line}\n  hint: {hint}")
}

fn answer(sent: &Sent) -> String {
    let Sent { delivery, subscriber, attempt, outcome, .. } = sent;
    let attempt = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
    format!("delivery {delivery} of {}{attempt}: {outcome}", of(subscriber.as_deref()))
}

fn of(subscriber: Option<&str>) -> &str {
    subscriber.unwrap_or("no user")
}

/// Formats as `2 liked, 1 followed`.
fn counts(kinds: impl Iterator<Item = EventKind>) -> String {
    let mut counts: Vec<(EventKind, usize)> = Vec::new();
    for kind in kinds {
        match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, many)) => *many += 1,
            None => counts.push((kind, 1)),
        }
    }
    let counts: Vec<String> = counts.iter().map(|(kind, many)| format!("{many} {kind}")).collect();
    counts.join(", ")
}
