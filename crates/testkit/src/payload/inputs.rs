//! The inputs from which the facts of an event are generated.

use birdhook_core::Timestamp;
use fastrand::Rng;

use super::dates;
use super::text::Text;
use super::user::User;

/// Number of ids reserved for one event.
pub(super) const IDS_PER_EVENT: u64 = 16;

pub(super) struct Inputs<'a> {
    pub(super) scene: u64,
    pub(super) at: Timestamp,
    /// The text that the test asked for, if any.
    pub(super) text: Option<&'a str>,
    pub(super) rng: Rng,
    pub(super) next_id: u64,
    /// The user for whom the event was generated, whichever subscriber receives it.
    pub(super) subject: User,
    /// The user on the other side.
    pub(super) other: User,
}

impl Inputs<'_> {
    /// Parses a text that may mention users of the scene.
    pub(super) fn parse(&self, text: &str) -> Text {
        Text::parse(text, &[self.subject.mention(), self.other.mention()], self.scene)
    }

    /// Returns the next id, for something created at this time.
    pub(super) fn id(&mut self, at: Timestamp) -> String {
        self.next_id = self.next_id.wrapping_add(1);
        snowflake(at, self.next_id)
    }

    /// Returns a random time from 1 minute to about 4 days ago.
    pub(super) fn earlier(&mut self) -> Timestamp {
        dates::later(self.at, -self.rng.i64(60_000..400_000_000))
    }

    /// Returns an id for something created at a random earlier time.
    pub(super) fn earlier_id(&mut self) -> String {
        let at = self.earlier();
        self.id(at)
    }
}

/// Returns an id in X's format: the time since X's epoch above 22 bits of a number. Times before the
/// epoch count as the epoch; ids stop growing when their range ends in 2080.
pub(super) fn snowflake(at: Timestamp, number: u64) -> String {
    let since = u64::try_from(at.as_millis().saturating_sub(1_288_834_974_657)).unwrap_or(0);
    (since.min((1 << 41) - 1) << 22 | number & ((1 << 22) - 1)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_increase_and_times_stay_in_range() {
        let at = Timestamp::from_millis(1_795_426_200_123);
        let ids = [snowflake(at, 47), snowflake(at, 48), snowflake(dates::later(at, 1), 0)];
        let ids = ids.map(|id| id.parse::<u64>().unwrap());
        assert!(ids[0] < ids[1] && ids[1] < ids[2] && ids[0] > 1 << 53, "{ids:?}");
        for millis in [i64::MIN, 0, i64::MAX] {
            let id = snowflake(Timestamp::from_millis(millis), u64::MAX);
            assert!(id.parse::<i64>().is_ok(), "{id}");
        }
    }
}
