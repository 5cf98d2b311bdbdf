//! The journal of accepted events and of events that the server printed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use birdhook_test_harness::journal;

/// The events of one server, by id. Each event is a deleted post with an id of its own.
#[derive(Default)]
pub struct Journal {
    next: AtomicU64,
    events: Mutex<journal::Journal<u64>>,
    is_paused: AtomicBool,
}

const FIRST: u64 = 1_000_000_000_000_000_000;
/// The start of an event's own JSON, which the server prints.
const OWN: &str = r#"{"status":{"id":""#;

impl Journal {
    pub fn events(&self) -> MutexGuard<'_, journal::Journal<u64>> {
        self.events.lock().unwrap()
    }

    pub fn ids(&self, count: u64) -> std::ops::Range<u64> {
        let first = FIRST + self.next.fetch_add(count, SeqCst);
        let events: Vec<_> = (first..first + count).map(|id| (id, 0)).collect();
        self.events().sent(&events);
        first..first + count
    }

    pub fn pause_reading(&self) {
        self.is_paused.store(true, SeqCst);
    }

    pub fn resume_reading(&self) {
        self.is_paused.store(false, SeqCst);
    }

    /// Records a line that the server printed. Then blocks while reading is paused.
    pub fn read(&self, line: &str) {
        // The last match is the event in `raw`. Earlier ones are in fields that describe the event.
        let id = line.rfind(OWN).and_then(|at| line[at + OWN.len()..].split('"').next()?.parse().ok());
        if let Some(id) = id {
            self.events().consumed(id, 0);
        }
        while self.is_paused.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the lost and the doubled events, once the server has ended.
    pub fn wrong(&self) -> Vec<String> {
        let events = self.events();
        let journal::Balance { lost, doubled, .. } = events.balance();
        let accepted = events.count_answered();
        let mut wrong = Vec::new();
        wrong.extend((lost > 0).then(|| format!("{lost} of {accepted} accepted events LOST")));
        wrong.extend((doubled > 0).then(|| format!("{doubled} events delivered TWICE")));
        wrong
    }
}

pub fn body(ids: impl IntoIterator<Item = u64>) -> String {
    let event = |id| format!(r#"{OWN}{id}","user_id":"1"}},"timestamp_ms":"1795426200000"}}"#);
    let events: Vec<_> = ids.into_iter().map(event).collect();
    format!(r#"{{"for_user_id":"1","tweet_delete_events":[{}]}}"#, events.join(","))
}
