//! Random events from a seed.

use birdhook_pipeline::ApiSource;
use birdhook_testkit::{MockEvent, MockEventKind, PayloadGenerator};
use bytes::Bytes;

pub(crate) struct Story {
    random: fastrand::Rng,
    scene: PayloadGenerator,
    kinds: Vec<MockEventKind>,
    deletions: u64,
}

impl Story {
    pub(crate) fn new(seed: u64) -> Self {
        let told = |kind: &MockEventKind| {
            let generations = kind.api_sources();
            generations.contains(&ApiSource::AccountActivity) || generations.contains(&ApiSource::XActivity)
        };
        let kinds = MockEventKind::ALL.iter().copied().filter(told).collect();
        Self { random: fastrand::Rng::with_seed(seed), scene: PayloadGenerator::new(seed), kinds, deletions: 0 }
    }

    /// Returns a body of either API. Some contain several events.
    pub(crate) fn body(&mut self) -> Bytes {
        loop {
            let kind = self.random.choice(&self.kinds).copied().unwrap();
            let subscriber = self.random.u32(2001..2100).to_string();
            let one = self.scene.event(kind, &subscriber);
            let body = match self.random.u8(..10) {
                0..5 => one.reported_by(ApiSource::XActivity),
                5..9 => one.reported_by(ApiSource::AccountActivity),
                _ => {
                    let more = self.random.usize(1..5);
                    let more: Vec<_> = (0..more).map(|_| self.scene.event(kind, &subscriber)).collect();
                    MockEvent::batch(std::iter::once(&one).chain(&more))
                }
            };
            if let Some(body) = body {
                return body;
            }
        }
    }

    /// Returns a body with this number of events, which is cheap to make.
    pub(crate) fn crowd(&mut self, events: u64) -> Bytes {
        let first = 1_000_000_000_000_000_000 + self.deletions;
        self.deletions += events;
        let one = |id: u64| format!(r#"{{"status":{{"id":"{id}","user_id":"2001"}},"timestamp_ms":"1795426200000"}}"#);
        let all: Vec<_> = (first..first + events).map(one).collect();
        format!(r#"{{"for_user_id":"2001","tweet_delete_events":[{}]}}"#, all.join(",")).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::{Book, events_of};

    #[test]
    fn a_story_hardly_repeats_itself_and_a_crowd_never_does() {
        let (mut story, mut book) = (Story::new(3), Book::default());
        let repeated = (0..2000).filter(|_| !book.sent(&events_of(&story.body()))).count();
        assert!(repeated < 20, "{repeated} of 2000");
        for _ in 0..3 {
            let events = events_of(&story.crowd(100));
            assert!(events.len() == 100 && book.sent(&events));
        }
    }
}
