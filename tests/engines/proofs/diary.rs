//! The events that consumers received, and the checks of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use birdhook_core::{Event, EventKey};
use birdhook_inbox_proof::Violation;
use birdhook_inbox_proof::book::Book;
use birdhook_inbox_proof::consumed::content;
use birdhook_testkit::Ledger;

/// A line for each message that a consumer received. Clones share the lines.
#[derive(Clone, Default)]
pub struct Diary {
    lines: Arc<Mutex<Vec<Line>>>,
    /// Notified of each event once.
    ledger: Option<Ledger>,
}

struct Line {
    /// The message's position in the engine. It is the same each time the message is delivered.
    place: String,
    key: EventKey,
    content: u64,
}

impl Diary {
    /// Returns a diary that reports consumed events to the mock of X.
    pub fn telling(ledger: Ledger) -> Self {
        Self { ledger: Some(ledger), ..Self::default() }
    }

    pub fn write(&self, place: String, event: &Event) {
        let mut lines = self.lines();
        if let Some(ledger) = &self.ledger
            && !lines.iter().any(|line| line.place == place)
        {
            ledger.consumed(event);
        }
        lines.push(Line { place, key: event.delivery_key(), content: content(event) });
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap()
    }

    /// Returns the number of distinct messages, and of repeated deliveries.
    pub fn counts(&self) -> (usize, usize) {
        let lines = self.lines();
        let places: HashSet<_> = lines.iter().map(|line| &line.place).collect();
        (places.len(), lines.len() - places.len())
    }

    pub fn keys(&self) -> HashSet<EventKey> {
        self.lines().iter().map(|line| line.key).collect()
    }

    /// Checks that every event answered 200 was consumed, that every consumed event was sent with
    /// the same content, and that each event is one message.
    pub fn judge(&self, book: &Book) -> Result<(), Violation> {
        let lines = self.lines();
        let mut places: HashMap<_, &String> = HashMap::new();
        for line in &*lines {
            book.knows(&line.key, line.content)?;
            let first = *places.entry(line.key).or_insert(&line.place);
            if *first != line.place {
                return Err(Violation::StoredTwice(line.key, first.clone(), line.place.clone()));
            }
        }
        let lost = book.missing(|key| places.contains_key(key));
        if lost.is_empty() { Ok(()) } else { Err(Violation::Lost(lost)) }
    }
}

#[cfg(test)]
mod tests {
    use birdhook_inbox_proof::APP;
    use birdhook_inbox_proof::load::Load;
    use birdhook_testkit::read;

    use super::*;

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

    fn written(events: &[Event]) -> Diary {
        let diary = Diary::default();
        events.iter().zip(0..).for_each(|(event, place)| diary.write(place.to_string(), event));
        diary
    }

    #[test]
    fn a_message_that_is_handed_out_again_is_no_second_event() {
        let (load, events) = load();
        let diary = written(&events);
        diary.write("0".to_owned(), &events[0]);
        load.book(|book| diary.judge(book)).unwrap();
        assert_eq!(diary.counts(), (events.len(), 1));
    }

    #[test]
    fn an_event_in_two_messages_is_noticed() {
        let (load, events) = load();
        let diary = written(&events);
        diary.write("other".to_owned(), &events[0]);
        assert!(matches!(load.book(|book| diary.judge(book)), Err(Violation::StoredTwice(..))));
    }

    #[test]
    fn an_event_that_is_not_there_is_noticed() {
        let (load, events) = load();
        let diary = written(&events[1..]);
        assert!(matches!(load.book(|book| diary.judge(book)), Err(Violation::Lost(lost)) if lost.len() == 1));
    }

    #[test]
    fn an_event_that_was_not_sent_is_noticed() {
        let (load, events) = load();
        let diary = written(&events);
        let other = read(APP, Load::new(2).fresh().bytes).unwrap();
        diary.write("other".to_owned(), &other.events()[0]);
        assert!(matches!(load.book(|book| diary.judge(book)), Err(Violation::Invented(_))));
    }
}
