//! The notes of consumers: a line before an event is acknowledged, and one after.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard};

use birdhook_core::{Event, EventKey};
use birdhook_testkit::Ledger;
use bytes::Bytes;

use crate::journal::Journal;
use crate::violation::Violation;

/// The name that the mock X gives its first app. Tests use it too, because names are part of the
/// keys.
pub const APP: &str = "default";

/// A line of a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Consumed {
        /// The event's id in the store. It is the same each time the event is delivered.
        id: String,
        key: EventKey,
        content: u64,
        /// The number of the attempt, or 0 if the store does not count them.
        attempt: u32,
    },
    Acknowledged {
        id: String,
    },
}

/// Returns a hash of the event as it was sent.
pub fn content(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(event.raw().as_str().as_bytes());
    hasher.finish()
}

/// Returns the keys and contents of a body's events.
pub fn events_of(body: &Bytes) -> Vec<(EventKey, u64)> {
    let delivery = birdhook_testkit::read(APP, body.clone()).unwrap();
    delivery.events().iter().map(|event| (event.delivery_key(), content(event))).collect()
}

impl Line {
    pub fn consumed(id: impl fmt::Display, event: &Event, attempt: u32) -> Self {
        Self::Consumed { id: id.to_string(), key: event.delivery_key(), content: content(event), attempt }
    }

    /// Reads all lines of a file, which may not exist yet.
    pub fn read(path: &Path) -> Vec<Self> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap_or_else(|()| panic!("not a line of a consumer: {line}"))).collect()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consumed { id, key, content, attempt } => writeln!(f, "c {id} {key} {content} {attempt}"),
            Self::Acknowledged { id } => writeln!(f, "a {id}"),
        }
    }
}

impl FromStr for Line {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["c", id, key, content, attempt] => Ok(Self::Consumed {
                id: (*id).to_owned(),
                key: key.parse().map_err(drop)?,
                content: content.parse().map_err(drop)?,
                attempt: attempt.parse().map_err(drop)?,
            }),
            ["a", id] => Ok(Self::Acknowledged { id: (*id).to_owned() }),
            _ => Err(()),
        }
    }
}

impl Journal<EventKey> {
    /// Checks that an event was sent with this content.
    pub fn knows(&self, key: EventKey, content: u64) -> Result<(), Violation> {
        match (self.has(&key), self.has_content(key, content)) {
            (false, _) => Err(Violation::Invented(key)),
            (true, false) => Err(Violation::Changed(key)),
            (true, true) => Ok(()),
        }
    }

    /// Checks that everything answered 200 was consumed and that everything consumed was sent. Each
    /// event must have one id, a higher attempt at each repetition, and no delivery after a confirmed
    /// acknowledgement.
    pub fn judge(&self, lines: &[Line]) -> Result<(), Violation> {
        let mut ids: HashMap<EventKey, &str> = HashMap::new();
        let mut keys: HashMap<&str, (EventKey, u32)> = HashMap::new();
        let mut done = HashSet::new();
        for line in lines {
            let (id, key, content, attempt) = match line {
                Line::Acknowledged { id } => {
                    done.insert(id);
                    continue;
                }
                Line::Consumed { id, key, content, attempt } => (id, *key, *content, *attempt),
            };
            self.knows(key, content)?;
            let first = *ids.entry(key).or_insert(id);
            if first != id {
                return Err(Violation::StoredTwice(key, first.to_owned(), id.clone()));
            }
            if done.contains(id) {
                return Err(Violation::Undead(id.clone()));
            }
            if let Some((before, last)) = keys.insert(id, (key, attempt)) {
                if before != key {
                    return Err(Violation::SharedId(id.clone(), before, key));
                }
                if attempt > 0 && attempt <= last {
                    return Err(Violation::Uncounted(id.clone(), last, attempt));
                }
            }
        }
        let lost = self.missing(|key| ids.contains_key(key));
        if lost.is_empty() { Ok(()) } else { Err(Violation::Lost(lost)) }
    }
}

/// The lines of several consumers in this process, which share them.
#[derive(Clone, Default)]
pub struct Consumption {
    lines: Arc<Mutex<Vec<Line>>>,
    /// Notified of each event once.
    ledger: Option<Ledger>,
}

impl Consumption {
    /// Also reports consumed events to the mock X.
    pub fn reported_to(ledger: Ledger) -> Self {
        Self { ledger: Some(ledger), ..Self::default() }
    }

    /// Records an event that was received with this id.
    pub fn write(&self, id: impl fmt::Display, event: &Event) {
        let (mut lines, line) = (self.lines(), Line::consumed(id, event, 0));
        if let Some(ledger) = &self.ledger
            && !lines.contains(&line)
        {
            ledger.consumed(event);
        }
        lines.push(line);
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap()
    }

    /// Returns the number of distinct messages, and of repeated deliveries.
    pub fn counts(&self) -> (usize, usize) {
        let lines = self.lines();
        let ids = lines.iter().filter_map(|line| match line {
            Line::Consumed { id, .. } => Some(id),
            Line::Acknowledged { .. } => None,
        });
        let distinct = ids.collect::<HashSet<_>>().len();
        (distinct, lines.len() - distinct)
    }

    /// Checks the lines, as [`Journal::judge`] does.
    pub fn judge(&self, journal: &Journal<EventKey>) -> Result<(), Violation> {
        journal.judge(&self.lines())
    }
}

#[cfg(test)]
mod tests {
    use birdhook_testkit::read;

    use super::*;
    use crate::load::Load;

    /// Returns a load with some bodies that were answered 200, and their events.
    fn load() -> (Load, Vec<Event>) {
        let load = Load::new(1);
        let mut events = Vec::new();
        for _ in 0..3 {
            let body = load.fresh();
            load.answered(&body, 200);
            events.extend(read(APP, body.bytes.clone()).unwrap().into_events());
        }
        (load, events)
    }

    fn written(events: &[Event]) -> Consumption {
        let consumption = Consumption::default();
        events.iter().zip(0..).for_each(|(event, id)| consumption.write(id, event));
        consumption
    }

    #[test]
    fn a_message_that_is_delivered_again_is_not_a_second_event() {
        let (load, events) = load();
        let consumption = written(&events);
        consumption.write(0, &events[0]);
        load.journal(|journal| consumption.judge(journal)).unwrap();
        assert_eq!(consumption.counts(), (events.len(), 1));
    }

    #[test]
    fn an_event_in_two_messages_is_noticed() {
        let (load, events) = load();
        let consumption = written(&events);
        consumption.write("other", &events[0]);
        assert!(matches!(load.journal(|journal| consumption.judge(journal)), Err(Violation::StoredTwice(..))));
    }

    #[test]
    fn an_event_that_is_missing_is_noticed() {
        let (load, events) = load();
        let judged = load.journal(|journal| written(&events[1..]).judge(journal));
        assert!(matches!(judged, Err(Violation::Lost(lost)) if lost.len() == 1));
    }

    #[test]
    fn an_event_that_was_not_sent_is_noticed() {
        let (load, events) = load();
        let consumption = written(&events);
        let other = read(APP, Load::new(2).fresh().bytes).unwrap();
        consumption.write("other", &other.events()[0]);
        assert!(matches!(load.journal(|journal| consumption.judge(journal)), Err(Violation::Invented(_))));
    }
}
