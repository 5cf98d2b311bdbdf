//! Ids that grow with time, in X's format (snowflakes).

use birdhook_core::Timestamp;

/// X's epoch, in milliseconds since 1970.
const EPOCH: i64 = 1_288_834_974_657;
/// Number of bits below the timestamp.
const LOW: u32 = 22;
/// Number of ids reserved for one event.
const ROOM: u64 = 16;

/// The ids of one event.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    next: u64,
}

impl Ids {
    /// Creates the ids of the event with this number within a scene.
    pub(super) fn of(serial: u64) -> Self {
        Self { next: serial.wrapping_mul(ROOM) }
    }

    /// Returns the next id, for something created at this time.
    pub(super) fn at(&mut self, at: Timestamp) -> String {
        let id = from_time(at) | self.next & ((1 << LOW) - 1);
        self.next = self.next.wrapping_add(1);
        id.to_string()
    }
}

/// Returns the lowest id of a millisecond. Times before X's epoch count as the epoch; ids stop
/// growing when their range ends in 2080.
pub(super) fn from_time(at: Timestamp) -> u64 {
    let since = u64::try_from(at.as_millis().saturating_sub(EPOCH)).unwrap_or(0);
    since.min((1 << (63 - LOW)) - 1) << LOW
}

/// Returns the creation time that an id contains; `None` for the small ids of X's first years.
pub(super) fn time_of(id: &str) -> Option<Timestamp> {
    let since = i64::try_from(id.parse::<u64>().ok()? >> LOW).ok()?;
    (since > 1_000_000).then(|| Timestamp::from_millis(since.saturating_add(EPOCH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_tell_their_time() {
        let at = Timestamp::from_millis(1_795_426_200_123);
        let (mut first, mut second) = (Ids::of(3), Ids::of(4));
        let ids = [first.at(at), first.at(at), second.at(at)].map(|id| id.parse::<u64>().unwrap());
        assert!(ids[0] < ids[1] && ids[1] < ids[2] && ids[0] > 1 << 53, "{ids:?}");
        assert_eq!(time_of(&ids[2].to_string()), Some(at));
        assert_eq!(time_of("71"), None);
    }

    #[test]
    fn no_time_is_out_of_range() {
        for millis in [i64::MIN, 0, i64::MAX] {
            let id = Ids::of(u64::MAX).at(Timestamp::from_millis(millis));
            assert!(id.parse::<i64>().is_ok(), "{id}");
        }
    }
}
