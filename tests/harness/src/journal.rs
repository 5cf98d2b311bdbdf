//! The journal of a test: the events that were sent, answered 200 and consumed.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Events by a key of any type, each with a hash of its content.
///
/// It takes a few bytes per event, because a soak sends about a million.
#[derive(Debug)]
pub struct Journal<K> {
    sent: HashSet<(K, u64)>,
    events: HashMap<K, Progress>,
    answered: usize,
    changed: usize,
    invented: usize,
}

#[derive(Debug, Default)]
struct Progress {
    is_answered: bool,
    may_repeat: bool,
    consumed: u32,
}

/// The number of events of each kind at the end of a test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    pub sent: usize,
    /// Sent, but never answered 200.
    pub unanswered: usize,
    /// Answered 200, but not consumed.
    pub lost: usize,
    /// Consumed more than once.
    pub doubled: usize,
    /// Consumed with another content than was sent.
    pub changed: usize,
    /// Consumed, but never sent.
    pub invented: usize,
}

impl<K> Default for Journal<K> {
    fn default() -> Self {
        Self { sent: HashSet::new(), events: HashMap::new(), answered: 0, changed: 0, invented: 0 }
    }
}

impl<K: Copy + Eq + Hash> Journal<K> {
    /// Records events as sent. Must be called before they are sent.
    pub fn sent(&mut self, events: &[(K, u64)]) {
        self.sent.extend(events);
        events.iter().for_each(|(key, _)| _ = self.events.entry(*key).or_default());
    }

    /// Records events as sent. Returns `false`, and records nothing, if one of them was already
    /// sent.
    pub fn sent_first(&mut self, events: &[(K, u64)]) -> bool {
        let is_first = events.iter().all(|(key, _)| !self.has(key));
        if is_first {
            self.sent(events);
        }
        is_first
    }

    /// Records that a delivery of these events was answered 200.
    pub fn answered(&mut self, keys: impl IntoIterator<Item = K>) {
        for key in keys {
            if let Some(event) = self.events.get_mut(&key) {
                self.answered += usize::from(!event.is_answered);
                event.is_answered = true;
            }
        }
    }

    pub fn may_repeat(&mut self, key: K) {
        self.events.entry(key).or_default().may_repeat = true;
    }

    pub fn consumed(&mut self, key: K, content: u64) {
        match self.events.get_mut(&key) {
            None => self.invented += 1,
            Some(event) => {
                event.consumed += 1;
                self.changed += usize::from(!self.sent.contains(&(key, content)));
            }
        }
    }

    pub fn has(&self, key: &K) -> bool {
        self.events.contains_key(key)
    }

    pub fn has_content(&self, key: K, content: u64) -> bool {
        self.sent.contains(&(key, content))
    }

    pub fn count_sent(&self) -> usize {
        self.events.len()
    }

    pub fn count_answered(&self) -> usize {
        self.answered
    }

    pub fn count_consumed(&self, key: &K) -> u32 {
        self.events.get(key).map_or(0, |event| event.consumed)
    }

    /// Returns the events that were answered 200 and for which `is_there` is false.
    pub fn missing(&self, is_there: impl Fn(&K) -> bool) -> Vec<K> {
        let answered = self.events.iter().filter(|(_, event)| event.is_answered);
        answered.map(|(key, _)| *key).filter(|key| !is_there(key)).collect()
    }

    pub fn balance(&self) -> Balance {
        let count = |is_one: fn(&Progress) -> bool| self.events.values().filter(|event| is_one(event)).count();
        Balance {
            sent: self.events.len(),
            unanswered: self.events.len() - self.answered,
            lost: count(|event| event.is_answered && event.consumed == 0),
            doubled: count(|event| event.consumed > 1 + u32::from(event.may_repeat)),
            changed: self.changed,
            invented: self.invented,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(key: u64) -> (u64, u64) {
        (key, key * 7)
    }

    #[test]
    fn each_difference_has_its_name() {
        let mut journal = Journal::default();
        assert!(journal.sent_first(&[event(1), event(2), event(3), event(4)]) && journal.sent_first(&[event(5)]));
        assert!(!journal.sent_first(&[event(6), event(5)]) && journal.count_sent() == 5);
        journal.answered([1, 2, 3, 4]);
        for (key, content) in [event(1), event(2), event(2), (4, 0), event(9)] {
            journal.consumed(key, content);
        }
        let expected = Balance { sent: 5, unanswered: 1, lost: 1, doubled: 1, changed: 1, invented: 1 };
        assert_eq!(journal.balance(), expected);
    }
}
