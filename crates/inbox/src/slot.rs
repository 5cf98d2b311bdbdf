//! One event of the inbox, and how it stands.

/// What the inbox knows of an event without its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) state: State,
    /// How often it was handed out.
    pub(crate) tries: u32,
    /// Events of one subscriber have the same.
    pub(crate) lane: u32,
}

/// Times are those of the inbox, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    /// Not to be handed out before.
    Waiting {
        until: u64,
    },
    /// Handed out. On disk it is ready, for no lease outlives the process.
    Leased {
        until: u64,
        token: u64,
    },
    Dead {
        since: u64,
    },
    /// Acknowledged, purged or dropped.
    Done {
        since: u64,
    },
}

impl Slot {
    pub(crate) fn new(lane: u32) -> Self {
        Self { state: State::Ready, tries: 0, lane }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done { .. })
    }
}

/// Which events are in order with each other.
pub(crate) fn lane(app: &str, subscriber: Option<&str>) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(app.as_bytes());
    hash.update(&[0]);
    hash.update(subscriber.unwrap_or_default().as_bytes());
    hash.finalize()
}
