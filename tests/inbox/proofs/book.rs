//! The journal of what was sent and answered, to compare with what was consumed.

use std::collections::{HashMap, HashSet};

use birdhook_pipeline::EventKey;
use bytes::Bytes;

use crate::consumed::{Line, content};
use crate::{APP, Violation};

/// An event that was sent: its key and a hash of its content.
pub type Told = (EventKey, u64);

#[derive(Default)]
pub struct Book {
    sent: HashMap<EventKey, HashSet<u64>>,
    answered: HashSet<EventKey>,
}

/// Returns the events of a body.
pub fn events_of(body: &Bytes) -> Vec<Told> {
    let delivery = birdhook_testkit::read(APP, body.clone()).unwrap();
    delivery.events().iter().map(|event| (event.delivery_key(), content(event))).collect()
}

impl Book {
    /// Records events as sent. Must be called before they are sent.
    pub fn sent(&mut self, events: &[Told]) {
        for (key, content) in events {
            self.sent.entry(*key).or_default().insert(*content);
        }
    }

    pub fn answered(&mut self, events: &[Told]) {
        self.answered.extend(events.iter().map(|(key, _)| *key));
    }

    pub fn count_answered(&self) -> usize {
        self.answered.len()
    }

    /// Checks that an event was sent with this content.
    pub fn knows(&self, key: &EventKey, content: u64) -> Result<(), Violation> {
        match self.sent.get(key) {
            None => Err(Violation::Invented(*key)),
            Some(contents) if contents.contains(&content) => Ok(()),
            Some(_) => Err(Violation::Changed(*key)),
        }
    }

    /// Checks that everything answered 200 was consumed and that everything consumed was sent. Each
    /// event must have one id, more attempts at each repetition, and no lease after a confirmed
    /// acknowledgement.
    pub fn judge(&self, lines: &[Line]) -> Result<(), Violation> {
        let mut ids: HashMap<EventKey, &str> = HashMap::new();
        let mut keys: HashMap<&str, (EventKey, u32)> = HashMap::new();
        let mut done = HashSet::new();
        for line in lines {
            let (id, key, content, tries) = match line {
                Line::Acknowledged { id } => {
                    done.insert(id);
                    continue;
                }
                Line::Consumed { id, key, content, tries } => (id, *key, *content, *tries),
            };
            self.knows(&key, content)?;
            let first = *ids.entry(key).or_insert(id);
            if first != id {
                return Err(Violation::StoredTwice(key, first.to_owned(), id.clone()));
            }
            if done.contains(id) {
                return Err(Violation::Undead(id.clone()));
            }
            if let Some((before, tried)) = keys.insert(id, (key, tries)) {
                if before != key {
                    return Err(Violation::SharedId(id.clone(), before, key));
                }
                if tries <= tried {
                    return Err(Violation::Uncounted(id.clone(), tried, tries));
                }
            }
        }
        let lost = self.missing(|key| ids.contains_key(key));
        if lost.is_empty() { Ok(()) } else { Err(Violation::Lost(lost)) }
    }

    /// Returns the keys that were answered 200 and for which `is_there` is false.
    pub fn missing(&self, is_there: impl Fn(&EventKey) -> bool) -> Vec<EventKey> {
        self.answered.iter().filter(|key| !is_there(key)).copied().collect()
    }
}
