//! The state of one stored event.

/// The state of an event, without its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) state: EntryState,
    pub(crate) attempts: u32,
    /// The result of [`ordering_key`], equal for all events of one subscriber.
    pub(crate) ordering_key: u32,
}

/// The state of an event. Times are the inbox's, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryState {
    Ready,
    /// Not available before `until`.
    Waiting {
        until: u64,
    },
    /// Leased ahead of the consumers: the attempt is stored, but counts only once a consumer
    /// receives the event. Stored on disk as ready.
    Prefetched {
        until: u64,
        token: u64,
    },
    /// Stored on disk as ready, because no lease outlives the process.
    Leased {
        until: u64,
        token: u64,
    },
    Dead {
        since: u64,
    },
    /// Acknowledged, purged or discarded.
    Done {
        since: u64,
    },
}

impl Entry {
    pub(crate) fn new(ordering_key: u32) -> Self {
        Self { state: EntryState::Ready, attempts: 0, ordering_key }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, EntryState::Done { .. })
    }

    /// Returns the number of attempts that count: a prefetched event has not reached a consumer.
    pub(crate) fn counted_attempts(&self) -> u32 {
        self.attempts.saturating_sub(u32::from(matches!(self.state, EntryState::Prefetched { .. })))
    }
}

impl EntryState {
    /// Returns the token of the event's lease, if it is leased or prefetched.
    pub(crate) fn token(&self) -> Option<u64> {
        match self {
            Self::Prefetched { token, .. } | Self::Leased { token, .. } => Some(*token),
            _ => None,
        }
    }
}

/// Returns the key that orders a subscriber's events. Part of the stored format.
///
/// Two subscribers may have the same key: among 10,000 of them the probability of such a pair is
/// about 1 %. They then share one order.
pub(crate) fn ordering_key(app: &str, subscriber: Option<&str>) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(app.as_bytes());
    hash.update(&[0]);
    hash.update(subscriber.unwrap_or_default().as_bytes());
    hash.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordering_keys_are_those_of_the_stored_format() {
        assert_eq!(ordering_key("shop", Some("7")), crc32fast::hash(b"shop\x007"));
        assert_eq!(ordering_key("shop", None), crc32fast::hash(b"shop\0"));
    }

    #[test]
    fn two_subscribers_can_have_the_same_key() {
        let key = |subscriber| ordering_key("default", Some(subscriber));
        assert_eq!(key("458938871268924390"), key("1835102270717109841"));
        assert_ne!(key("458938871268924390"), key("458938871268924391"));
    }
}
