//! The generator of events.

use std::time::Duration;

use birdhook_core::Timestamp;

use super::dates;
use super::event::MockEvent;
use super::kind::MockEventKind;
use super::rng::rng;
use super::user::one_of_the_cast;

/// Generates events of invented users from a seed, so that a test is repeatable.
///
/// The same seed and the same calls give the same bodies, byte for byte and on every platform. All
/// users, texts and addresses are invented. With one seed, an id always belongs to the same user.
///
/// ```
/// use birdhook_core::ApiSource;
/// use birdhook_testkit::{MockEventKind, PayloadGenerator};
///
/// let like = PayloadGenerator::new(7).event(MockEventKind::Like, "2001");
/// assert!(like.reported_by(ApiSource::AccountActivity).is_some());
/// assert!(like.reported_by(ApiSource::XActivity).is_some());
/// ```
#[derive(Clone, Debug)]
pub struct PayloadGenerator {
    seed: u64,
    now: Timestamp,
    event_count: u64,
}

impl PayloadGenerator {
    /// Creates a generator from this seed. Its clock starts at 2026-11-23T09:30:00Z.
    pub fn new(seed: u64) -> Self {
        Self { seed, now: Timestamp::from_millis(1_795_426_200_000), event_count: 0 }
    }

    /// Continues as if this many events had been generated, so that ids differ.
    pub(crate) fn skip(mut self, events: u64) -> Self {
        self.event_count = self.event_count.wrapping_add(events);
        self
    }

    /// Sets the time of the next event.
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// Returns the time of the next event.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Advances the clock. Precise to 1 ms.
    pub fn advance(&mut self, time: Duration) {
        self.now = dates::later(self.now, i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    }

    /// Generates an event of this kind for the user with this id.
    ///
    /// Then advances the clock by 1 to 3 s, so that no two revocations are equal: X reports their
    /// time in whole seconds.
    pub fn event(&mut self, kind: MockEventKind, subscriber: &str) -> MockEvent {
        let serial = self.event_count;
        self.event_count = serial.wrapping_add(1);
        let mut rng = rng(self.seed, &format!("event {serial}"));
        let other = one_of_the_cast(self.seed, &mut rng, subscriber);
        let event = MockEvent::new(self.seed, serial, kind, subscriber, other, self.now);
        self.advance(Duration::from_millis(rng.u64(1_000..3_000)));
        event
    }
}
