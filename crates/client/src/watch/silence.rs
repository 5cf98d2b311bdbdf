use std::time::Duration;

use birdhook_core::Timestamp;

use crate::time::after;

/// The last arrival, and the part of the current silence that was reported.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Silence {
    last: Option<Timestamp>,
    /// The end of the reported part of the current silence.
    reported_until: Option<Timestamp>,
}

impl Silence {
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// Records an arrival. If the silence was reported, returns its unreported rest.
    pub(super) fn record_activity(&mut self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        if self.last.is_some_and(|last| at <= last) {
            return None;
        }
        self.last = Some(at);
        let from = self.reported_until.take()?;
        (from < at).then_some((from, at))
    }

    /// Returns the start of the unreported silence if it exceeds the limit. Marks it as reported.
    pub(super) fn is_too_long(&mut self, limit: Duration, started: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let since = self.reported_until.or(self.last).unwrap_or(started);
        if now <= after(since, limit) {
            return None;
        }
        self.reported_until = Some(now);
        Some(since)
    }

    /// Restarts after a silence with another cause. Returns the start of the unreported part of a
    /// reported silence.
    pub(super) fn restart(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.last = self.last.max(Some(now));
        self.reported_until.take()
    }

    /// Restarts like `restart`, but only if something has ever arrived.
    pub(super) fn restart_if_active(&mut self, now: Timestamp) -> Option<Timestamp> {
        if self.last.is_some() { self.restart(now) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_silence_is_reported_once_and_completely() {
        let limit = Duration::from_secs(60);
        let mut silence = Silence::default();
        assert_eq!(silence.is_too_long(limit, at(0), at(60)), None);
        assert_eq!(silence.is_too_long(limit, at(0), at(61)), Some(at(0)));
        assert_eq!(silence.is_too_long(limit, at(0), at(62)), None);
        assert_eq!(silence.is_too_long(limit, at(0), at(122)), Some(at(61)));
        assert_eq!(silence.record_activity(at(130)), Some((at(122), at(130))));
        assert_eq!(silence.record_activity(at(140)), None);
        assert_eq!(silence.record_activity(at(135)), None, "an earlier arrival changes nothing");
        assert_eq!(silence.is_too_long(limit, at(0), at(201)), Some(at(140)));
    }
}
