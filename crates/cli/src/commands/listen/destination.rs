//! The place where a receiver puts events before it answers 200.

/// A place for events, in the words of notes and causes.
pub(super) struct Destination {
    /// Lines that describe it at the start.
    pub(super) notes: Vec<String>,
    /// Completes "the events were not ... in time".
    pub(super) done: &'static str,
    /// The question to ask if it is too slow.
    pub(super) if_slow: &'static str,
    /// The command that prints the events, if the receiver does not.
    pub(super) consume: Option<String>,
}

impl Destination {
    /// Standard output, after the file of `--record` and the target.
    pub(super) fn output() -> Self {
        Self {
            notes: Vec::new(),
            done: "forwarded, recorded and printed",
            if_slow: "is standard output not read, or is the target of --forward or --exec slow?",
            consume: None,
        }
    }

    pub(super) fn inbox(note: String) -> Self {
        Self { notes: vec![note], done: "stored in the inbox", if_slow: "is the disk slow or full?", consume: None }
    }

    pub(super) fn engine(name: &str, consume: String) -> Self {
        Self {
            notes: vec![format!("answers 200 once an event is in {name}")],
            done: "confirmed by the engine",
            if_slow: "is its server reachable?",
            consume: Some(consume),
        }
    }
}
