//! Points in time, read from the five forms that X uses.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::fmt::strtime;

use crate::json::lenient::{DecodedStr, Value};
use crate::json::owned::owned;
use crate::traits::{deserialize_text, error_traits, serialize_text};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
///
/// ```
/// # mod birdhook { pub mod event { pub use birdhook_core::Timestamp; } }
/// use birdhook::event::Timestamp;
///
/// let classic = Timestamp::parse("Thu Oct 03 16:10:37 +0000 2019").unwrap();
/// assert_eq!(classic, Timestamp::parse("1570119037000").unwrap());
/// assert_eq!(classic.to_string(), "2019-10-03T16:10:37Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// 0000-01-01T00:00:00Z. For earlier years, jiff writes a sign and six digits, which is not RFC
/// 3339.
const YEAR_0: i64 = -62_167_219_200_000;

impl Timestamp {
    /// Creates a timestamp from milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads a time in one of X's forms. `None` for any other text.
    ///
    /// The forms are milliseconds in digits, RFC 3339 (`2018-05-24T09:48:12+00:00`) and the classic
    /// form of v1.1 (`Thu Oct 03 16:10:37 +0000 2019`).
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(millis) = text.parse() {
            return Some(Self(millis));
        }
        // A text that begins with a letter is in the classic form. Trying jiff's parser first would
        // add half the time of parsing a date.
        let is_classic = text.starts_with(|letter: char| letter.is_ascii_alphabetic());
        let time = if is_classic { None } else { text.parse::<jiff::Timestamp>().ok() };
        let time = time.or_else(|| {
            // Skips the day of the week: it adds no information and is wrong in edited payloads.
            let (_, date) = text.split_once(' ')?;
            strtime::parse("%b %d %H:%M:%S %z %Y", date).ok()?.to_timestamp().ok()
        })?;
        Some(Self(time.as_millisecond()))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let distance = Duration::from_millis(time.0.unsigned_abs());
        let epoch = Self::UNIX_EPOCH;
        if time.0 < 0 { epoch.checked_sub(distance) } else { epoch.checked_add(distance) }.unwrap_or(epoch)
    }
}

/// RFC 3339 in UTC, or milliseconds for years outside 0000 to 9999, which RFC 3339 cannot write.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) if self.0 >= YEAR_0 => time.fmt(f),
            _ => self.0.fmt(f),
        }
    }
}

/// Same as [`Timestamp::parse`].
impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        Self::parse(text).ok_or_else(|| ParseTimestampError(text.into()))
    }
}

/// Error from parsing a [`Timestamp`].
#[derive(Clone, PartialEq, Eq)]
pub struct ParseTimestampError(Box<str>);

error_traits!(ParseTimestampError, |error, f| {
    write!(f, "invalid time {:?}: expected RFC 3339, for example 2026-07-24T21:05:48Z, or milliseconds", error.0)
});

serialize_text!(Timestamp, collect_str);
deserialize_text!(Timestamp);
owned! { Timestamp }

/// Milliseconds as a number or a string, or a date in one of the forms of [`Timestamp::parse`].
impl Value<'_> for Timestamp {
    fn unsigned(number: u64) -> Option<Self> {
        i64::try_from(number).ok().map(Self::from_millis)
    }

    fn signed(number: i64) -> Option<Self> {
        Some(Self::from_millis(number))
    }

    fn string(text: DecodedStr<'_, '_>) -> Option<Self> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_and_nothing_else() {
        let millis = |text| Timestamp::parse(text).map(Timestamp::as_millis);
        assert_eq!(millis("2018-05-24T09:48:12+00:00"), Some(1_527_155_292_000));
        assert_eq!(millis("2026-07-24T21:05:48.000Z"), Some(1_784_927_148_000));
        assert_eq!(millis("Thu Apr 06 15:24:15 +0000 2017"), Some(1_491_492_255_000));
        assert_eq!(millis("-5"), Some(-5));
        for bad in ["", "yesterday", "2018-05-24", "1.5e3", "Thu Oct 03 2019"] {
            assert_eq!(millis(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_ends_of_the_range_do_not_panic() {
        for millis in [i64::MIN, i64::MAX] {
            let time = Timestamp::from_millis(millis);
            assert_eq!(time.to_string(), millis.to_string());
            let _ = SystemTime::from(time);
        }
    }

    #[test]
    fn writes_rfc_3339_or_a_number() {
        let written = |millis| Timestamp::from_millis(millis).to_string();
        assert_eq!(written(YEAR_0), "0000-01-01T00:00:00Z");
        assert_eq!(written(YEAR_0 - 1), "-62167219200001");
    }
}
