//! What was accepted, and what the server says that it was handed.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// The events of one server, by their ids. Each is a deleted post, whose id no other event has.
#[derive(Default)]
pub struct Book {
    next: AtomicU64,
    pages: Mutex<Pages>,
    /// Whether what the server prints is left unread.
    is_closed: AtomicBool,
}

#[derive(Default)]
struct Pages {
    accepted: HashSet<u64>,
    printed: HashMap<u64, u32>,
    /// Told on purpose after the window had forgotten them.
    may_repeat: HashSet<u64>,
}

const FIRST: u64 = 1_000_000_000_000_000_000;
/// How an event's own JSON begins, which the server prints.
const OWN: &str = r#"{"status":{"id":""#;

impl Book {
    /// Ids that nobody else has.
    pub fn ids(&self, count: u64) -> std::ops::Range<u64> {
        let first = FIRST + self.next.fetch_add(count, SeqCst);
        first..first + count
    }

    /// These were answered 200.
    pub fn accepted(&self, ids: impl IntoIterator<Item = u64>) {
        self.pages.lock().unwrap().accepted.extend(ids);
    }

    pub fn may_repeat(&self, id: u64) {
        self.pages.lock().unwrap().may_repeat.insert(id);
    }

    /// Reads nothing more that the server prints.
    pub fn read_no_more(&self) {
        self.is_closed.store(true, SeqCst);
    }

    pub fn read_again(&self) {
        self.is_closed.store(false, SeqCst);
    }

    /// Blocks while nothing is to be read.
    pub fn wait_to_read(&self) {
        while self.is_closed.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A line that the server has printed.
    pub fn read(&self, line: &str) {
        // It stands in `raw`, and is the last such place: what is before it is told of the event.
        let Some(at) = line.rfind(OWN) else { return };
        let id = line[at + OWN.len()..].split('"').next().unwrap_or_default();
        if let Ok(id) = id.parse() {
            *self.pages.lock().unwrap().printed.entry(id).or_default() += 1;
        }
    }

    /// How often an event was printed.
    pub fn printed(&self, id: u64) -> u32 {
        self.pages.lock().unwrap().printed.get(&id).copied().unwrap_or_default()
    }

    /// How many events were accepted and are not printed yet.
    pub fn owed(&self) -> usize {
        let pages = self.pages.lock().unwrap();
        pages.accepted.iter().filter(|id| !pages.printed.contains_key(id)).count()
    }

    /// What is wrong when the server has ended.
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

/// A delivery of these events.
pub fn body(ids: impl IntoIterator<Item = u64>) -> String {
    let mut body = r#"{"for_user_id":"1","tweet_delete_events":["#.to_owned();
    for (position, id) in ids.into_iter().enumerate() {
        let comma = if position > 0 { "," } else { "" };
        body += &format!(r#"{comma}{OWN}{id}","user_id":"1"}},"timestamp_ms":"1795426200000"}}"#);
    }
    body + "]}"
}
