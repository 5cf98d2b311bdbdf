//! Random bodies from a seed, as both APIs report events.

use birdhook_core::ApiSource;
use birdhook_testkit::{MockEvent, MockEventKind, PayloadGenerator};
use bytes::Bytes;

/// Generates bodies of these kinds of events, for these subscribers.
pub struct Payloads {
    random: fastrand::Rng,
    scene: PayloadGenerator,
    kinds: Vec<MockEventKind>,
    subscribers: Vec<String>,
    batches: u8,
}

impl Payloads {
    pub fn new(seed: u64, kinds: Vec<MockEventKind>, subscribers: Vec<String>, batches: u8) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), scene: PayloadGenerator::new(seed), kinds, subscribers, batches }
    }

    /// Returns a body of either API. Some contain several events.
    pub fn body(&mut self) -> Bytes {
        loop {
            let kind = self.random.choice(&self.kinds).copied().unwrap();
            let subscriber = self.random.choice(&self.subscribers).unwrap();
            let mut events = vec![self.scene.event(kind, subscriber)];
            let body = if self.random.u8(..100) < self.batches {
                let more = self.random.usize(1..5);
                events.extend((0..more).map(|_| self.scene.event(kind, subscriber)));
                MockEvent::batch(&events)
            } else if self.random.bool() {
                events[0].reported_by(ApiSource::XActivity)
            } else {
                events[0].reported_by(ApiSource::AccountActivity)
            };
            if let Some(body) = body {
                return body;
            }
        }
    }
}
