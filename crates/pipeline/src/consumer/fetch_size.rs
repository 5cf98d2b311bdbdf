//! The number of events that a consumer fetches at once.

use std::time::Duration;

/// The time in which the app should take the fetched events. Short, so that a slow consumer leaves
/// events to others, and that the engine's timeout for an event does not expire meanwhile.
const TARGET: Duration = Duration::from_millis(50);

/// Adapts to the speed of the app. Begins with one event, and at most doubles each time.
#[derive(Debug)]
pub struct FetchSize {
    size: usize,
    max: usize,
}

impl FetchSize {
    pub fn new(max: usize) -> Self {
        Self { size: 1, max: max.max(1) }
    }

    /// Returns the number of events to fetch now, at least one.
    pub fn get(&self) -> usize {
        self.size
    }

    /// Adapts the size after the app has taken all fetched events in this time.
    pub fn adapt(&mut self, events: usize, took: Duration) {
        let possible = TARGET.as_nanos() * events as u128 / took.as_nanos().max(1);
        let possible = usize::try_from(possible).unwrap_or(usize::MAX);
        self.size = possible.clamp(1, (self.size * 2).min(self.max));
    }

    /// Begins with one event again.
    pub fn reset(&mut self) {
        self.size = 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_limit_while_the_app_is_fast() {
        let mut size = FetchSize::new(100);
        let mut sizes = Vec::new();
        for _ in 0..9 {
            sizes.push(size.get());
            size.adapt(size.get(), Duration::from_micros(10));
        }
        assert_eq!(sizes, [1, 2, 4, 8, 16, 32, 64, 100, 100]);
        size.reset();
        assert_eq!(size.get(), 1);
    }

    #[test]
    fn holds_what_the_app_takes_in_50_ms() {
        let mut size = FetchSize::new(100);
        (0..8).for_each(|_| size.adapt(size.get(), Duration::from_micros(10)));
        size.adapt(100, Duration::from_millis(500));
        assert_eq!(size.get(), 10);
        size.adapt(10, Duration::from_secs(10));
        assert_eq!(size.get(), 1, "one is always fetched");
        size.adapt(1, Duration::ZERO);
        assert_eq!(size.get(), 2);
    }
}
