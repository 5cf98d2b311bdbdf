//! Formats timestamps in the notations that X uses.

use birdhook_core::Timestamp;
use jiff::fmt::strtime;

/// v1.1 format, with a precision of 1 s: `Thu Oct 03 16:10:37 +0000 2019`.
pub(super) fn classic(at: Timestamp) -> String {
    format("%a %b %d %H:%M:%S +0000 %Y", whole_seconds(at))
}

/// v2 format, with a precision of 1 s although it shows milliseconds: `2019-10-03T16:10:37.000Z`.
pub(super) fn iso(at: Timestamp) -> String {
    format("%Y-%m-%dT%H:%M:%S.000Z", whole_seconds(at))
}

/// v2 format with milliseconds.
pub(crate) fn iso_millis(at: Timestamp) -> String {
    format("%Y-%m-%dT%H:%M:%S.%3fZ", at)
}

/// Format of revocations, with a precision of 1 s: `2019-10-03T16:10:37+00:00`.
pub(super) fn offset(at: Timestamp) -> String {
    format("%Y-%m-%dT%H:%M:%S+00:00", whole_seconds(at))
}

pub(super) fn millis(at: Timestamp) -> String {
    at.as_millis().to_string()
}

pub(super) fn later(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_add(millis))
}

/// Rounds down: `strtime` would round a fraction before 1970 up to the next second.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis().div_euclid(1000).saturating_mul(1000))
}

/// Formats a timestamp. Values outside the range of `jiff` become 1970.
fn format(form: &str, at: Timestamp) -> String {
    strtime::format(form, jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_round_trips() {
        for millis in [1_570_119_037_456, 0, -1, -62_000_000_999] {
            let at = Timestamp::from_millis(millis);
            for form in [classic, iso, offset] {
                assert_eq!(Timestamp::parse(&form(at)), Some(whole_seconds(at)), "{}", form(at));
            }
        }
        let at = Timestamp::from_millis(1_570_119_037_456);
        assert_eq!(classic(at), "Thu Oct 03 16:10:37 +0000 2019");
        assert_eq!(iso(at), "2019-10-03T16:10:37.000Z");
        assert_eq!(iso_millis(at), "2019-10-03T16:10:37.456Z");
        assert_eq!(classic(Timestamp::from_millis(i64::MAX)), "Thu Jan 01 00:00:00 +0000 1970");
    }
}
