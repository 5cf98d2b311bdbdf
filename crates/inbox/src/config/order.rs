//! The order in which events are leased, and their retries.

/// The order in which events are leased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// Oldest first, across all subscribers. A failed event does not block the others.
    #[default]
    Unordered,
    /// In the order of acceptance for each subscriber of each app.
    ///
    /// An event is available once the one before it is settled or a dead letter. Subscribers do not
    /// wait for each other, except two whose ordering keys are equal: those share one order. The
    /// key is the CRC-32 of the app's name and the user's id, so among 10,000 subscribers with
    /// pending events there is such a pair with a probability of about 1 %.
    BySubscriber,
}

/// The number of attempts and the delay between them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Retry {
    pub(crate) attempts: u32,
    pub(crate) first: u64,
    pub(crate) longest: u64,
}

impl Retry {
    /// Returns the delay after an attempt. It doubles each time.
    pub(crate) fn pause_after(&self, attempts: u32) -> u64 {
        let doubled = 1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX);
        self.first.saturating_mul(doubled).min(self.longest)
    }
}
