//! An event's entry in the inbox, and its state.

/// The state of an event, without its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) state: State,
    /// The number of attempts.
    pub(crate) attempts: u32,
    /// Equal for all events of one subscriber.
    pub(crate) lane: u32,
}

/// The state of an event. Times are the inbox's, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    /// Not available before `until`.
    Waiting {
        until: u64,
    },
    /// Stored on disk as ready, because no lease outlives the process.
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
        Self { state: State::Ready, attempts: 0, lane }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done { .. })
    }
}

/// Returns the lane of a subscriber. The events of one lane are kept in order.
pub(crate) fn lane(app: &str, subscriber: Option<&str>) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(app.as_bytes());
    hash.update(&[0]);
    hash.update(subscriber.unwrap_or_default().as_bytes());
    hash.finalize()
}
