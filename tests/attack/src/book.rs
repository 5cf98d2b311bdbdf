//! The journal of accepted events and of events that the server printed.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// The events of one server, by id. Each event is a deleted post with an id of its own.
#[derive(Default)]
pub struct Book {
    next: AtomicU64,
    pages: Mutex<Pages>,
    /// Whether reading the server's output is paused.
    is_closed: AtomicBool,
}

#[derive(Default)]
struct Pages {
    accepted: HashSet<u64>,
    printed: HashMap<u64, u32>,
    /// Events delivered again on purpose, after they left the deduplication window.
    may_repeat: HashSet<u64>,
}

const FIRST: u64 = 1_000_000_000_000_000_000;
/// The start of an event's own JSON, which the server prints.
const OWN: &str = r#"{"status":{"id":""#;

impl Book {
    /// Returns unused ids.
    pub fn ids(&self, count: u64) -> std::ops::Range<u64> {
        let first = FIRST + self.next.fetch_add(count, SeqCst);
        first..first + count
    }

    /// Records these events as answered 200.
    pub fn accepted(&self, ids: impl IntoIterator<Item = u64>) {
        self.pages.lock().unwrap().accepted.extend(ids);
    }

    pub fn may_repeat(&self, id: u64) {
        self.pages.lock().unwrap().may_repeat.insert(id);
    }

    /// Pauses reading the server's output.
    pub fn read_no_more(&self) {
        self.is_closed.store(true, SeqCst);
    }

    pub fn read_again(&self) {
        self.is_closed.store(false, SeqCst);
    }

    /// Blocks while reading is paused.
    pub fn wait_to_read(&self) {
        while self.is_closed.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Records a line that the server printed.
    pub fn read(&self, line: &str) {
        // The last match is the event in `raw`. Earlier ones are in fields that describe the event.
        let Some(at) = line.rfind(OWN) else { return };
        let id = line[at + OWN.len()..].split('"').next().unwrap_or_default();
        if let Ok(id) = id.parse() {
            *self.pages.lock().unwrap().printed.entry(id).or_default() += 1;
        }
    }

    /// Returns how often an event was printed.
    pub fn printed(&self, id: u64) -> u32 {
        self.pages.lock().unwrap().printed.get(&id).copied().unwrap_or_default()
    }

    /// Returns the number of accepted events that are not printed yet.
    pub fn owed(&self) -> usize {
        let pages = self.pages.lock().unwrap();
        pages.accepted.iter().filter(|id| !pages.printed.contains_key(id)).count()
    }

    /// Returns the lost and the doubled events, once the server has ended.
    pub fn wrong(&self) -> Vec<String> {
        let owed = self.owed();
        let pages = self.pages.lock().unwrap();
        let again = |(id, count): &(&u64, &u32)| **count > 1 + u32::from(pages.may_repeat.contains(id));
        let doubled = pages.printed.iter().filter(again).count();
        let mut wrong = Vec::new();
        wrong.extend((owed > 0).then(|| format!("{owed} of {} accepted events LOST", pages.accepted.len())));
        wrong.extend((doubled > 0).then(|| format!("{doubled} events handed over TWICE")));
        wrong
    }
}

/// Returns a delivery of these events.
pub fn body(ids: impl IntoIterator<Item = u64>) -> String {
    let mut body = r#"{"for_user_id":"1","tweet_delete_events":["#.to_owned();
    for (position, id) in ids.into_iter().enumerate() {
        let comma = if position > 0 { "," } else { "" };
        body += &format!(r#"{comma}{OWN}{id}","user_id":"1"}},"timestamp_ms":"1795426200000"}}"#);
    }
    body + "]}"
}
