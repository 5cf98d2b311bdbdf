//! A compact record of the events that were sent, answered and consumed.
//!
//! It takes a few bytes per event, because a soak sends about a million. (The test kit's ledger
//! keeps every body and every attempt.)

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use birdhook_pipeline::Event;
use bytes::Bytes;

use crate::APP;

/// An event in short: enough of its key to distinguish a million events, and a hash of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) key: u64,
    pub(crate) content: u64,
}

impl Told {
    pub(crate) fn of(event: &Event) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(event.raw().as_str().as_bytes());
        let key = *event.delivery_key().as_bytes().first_chunk().unwrap();
        Self { key: u64::from_le_bytes(key), content: hasher.finish() }
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.key) << 64 | u128::from(self.content)).to_le_bytes()
    }

    fn from_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_le_bytes(bytes);
        Self { key: (both >> 64) as u64, content: both as u64 }
    }

    /// Reads the file that a consumer has written.
    pub(crate) fn read(file: &[u8]) -> impl Iterator<Item = Self> {
        file.as_chunks().0.iter().map(|bytes| Self::from_bytes(*bytes))
    }
}

/// Returns the events of a body.
pub(crate) fn events_of(body: &Bytes) -> Vec<Told> {
    let delivery = birdhook_testkit::read(APP, body.clone()).unwrap();
    delivery.events().iter().map(Told::of).collect()
}

#[derive(Default)]
pub(crate) struct Book(HashMap<u64, Line>);

struct Line {
    content: u64,
    is_answered: bool,
    consumed: u32,
}

/// The number of events of each kind at the end of a soak.
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

impl Book {
    /// Records events before they are sent. Returns `false`, and records nothing, if one of them
    /// was already sent.
    pub(crate) fn sent(&mut self, events: &[Told]) -> bool {
        if events.iter().any(|event| self.0.contains_key(&event.key)) {
            return false;
        }
        for event in events {
            self.0.insert(event.key, Line { content: event.content, is_answered: false, consumed: 0 });
        }
        true
    }

    /// Records that a delivery of these events was answered 200.
    pub(crate) fn answered(&mut self, events: &[Told]) {
        for event in events {
            if let Some(line) = self.0.get_mut(&event.key) {
                line.is_answered = true;
            }
        }
    }

    pub(crate) fn count_sent(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn balance(mut self, consumed: impl Iterator<Item = Told>) -> Balance {
        let mut balance = Balance { sent: self.0.len(), ..Balance::default() };
        for event in consumed {
            match self.0.get_mut(&event.key) {
                None => balance.invented += 1,
                Some(line) => {
                    line.consumed += 1;
                    balance.changed += usize::from(line.content != event.content);
                }
            }
        }
        for line in self.0.values() {
            balance.unanswered += usize::from(!line.is_answered);
            balance.lost += usize::from(line.is_answered && line.consumed == 0);
            balance.doubled += usize::from(line.consumed > 1);
        }
        balance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(key: u64) -> Told {
        Told { key, content: key * 7 }
    }

    #[test]
    fn each_difference_has_its_name() {
        let mut book = Book::default();
        assert!(book.sent(&[told(1), told(2), told(3), told(4)]) && book.sent(&[told(5)]));
        assert!(!book.sent(&[told(6), told(5)]) && book.count_sent() == 5);
        book.answered(&[told(1), told(2), told(3), told(4)]);
        let changed = Told { key: 4, content: 0 };
        let balance = book.balance([told(1), told(2), told(2), changed, told(9)].into_iter());
        let wanted = Balance { sent: 5, unanswered: 1, lost: 1, doubled: 1, changed: 1, invented: 1 };
        assert_eq!(balance, wanted);
    }

    #[test]
    fn what_is_written_is_read() {
        let all = [told(1), Told { key: u64::MAX, content: 5 }];
        let bytes: Vec<u8> = all.iter().flat_map(|one| one.to_bytes()).collect();
        assert_eq!(Told::read(&bytes).collect::<Vec<_>>(), all);
    }
}
