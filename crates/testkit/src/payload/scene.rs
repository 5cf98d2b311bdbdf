//! A small world in which things happen.

use std::time::Duration;

use birdhook_core::Timestamp;

use super::dice::{Dice, seed};
use super::{Happening, Kind, dates, people};

/// A small world in which things happen: its people and what they write come from a seed, so that a test can be repeated.
///
/// The same seed and the same calls give the same bodies, to the byte and on every platform. All people, texts and
/// addresses are invented, and a user of one id is the same person throughout a scene.
///
/// ```
/// use birdhook_core::Generation;
/// use birdhook_testkit::{Kind, Scene};
///
/// let like = Scene::new(7).happening(Kind::Like, "2001");
/// assert!(like.told_by(Generation::AccountActivity).is_some());
/// assert!(like.told_by(Generation::XActivity).is_some());
/// ```
#[derive(Clone, Debug)]
pub struct Scene {
    seed: u64,
    now: Timestamp,
    happenings: u64,
}

impl Scene {
    /// The world of this seed, at a fixed time: 2026-11-23T09:30:00Z.
    pub fn new(seed: u64) -> Self {
        Self { seed, now: Timestamp::from_millis(1_795_426_200_000), happenings: 0 }
    }

    /// The same world, where the next thing happens at this time.
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// When the next thing happens.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass, to the millisecond.
    pub fn advance(&mut self, time: Duration) {
        self.now = dates::later(self.now, i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    }

    /// Something of this kind happens to the user of this id. The next thing happens between one and three seconds later,
    /// so that no two revocations, which X tells to the second, are the same.
    pub fn happening(&mut self, kind: Kind, subscriber: &str) -> Happening {
        let serial = self.happenings;
        self.happenings = serial.wrapping_add(1);
        let mut dice = Dice::of([self.seed, seed("happenings"), serial]);
        let other = people::one_of_the_cast(self.seed, &mut dice, subscriber);
        let happening = Happening::new(self.seed, serial, kind, subscriber, other, self.now);
        self.advance(Duration::from_millis(dice.between(1_000, 2_999)));
        happening
    }
}
