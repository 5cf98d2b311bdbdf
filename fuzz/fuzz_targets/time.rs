//! A time is the same in every format, and a parsed time can be written and parsed again.
//!
//! The input is a text. Its bytes also encode a time, which this target writes in X's formats with
//! another library.
#![no_main]

use std::time::SystemTime;

use birdhook_core::Timestamp;
use libfuzzer_sys::fuzz_target;
use time::{OffsetDateTime, UtcOffset};

/// 0001-01-01 to 9999-12-30, the range of `jiff`.
const YEARS: std::ops::Range<i64> = -62_135_596_800_000..253_402_128_000_000;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(time) = Timestamp::parse(text)
    {
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time), "{text}");
        // Any word is accepted as the day of the week, but a date needs a time of day.
        assert!(text.parse() == Ok(time.as_millis()) || text.contains([':', 'T', 't', ' ']), "{text}");
    }

    let mut bytes = [0; 9];
    for (place, byte) in bytes.iter_mut().zip(data) {
        *place = *byte;
    }
    let [number @ .., quarter] = bytes;
    let number = i64::from_le_bytes(number);
    let any = Timestamp::from_millis(number);
    assert_eq!(Timestamp::parse(&number.to_string()), Some(any));
    assert_eq!(Timestamp::parse(&any.to_string()), Some(any));
    let system = SystemTime::from(any);
    let since = system.duration_since(SystemTime::UNIX_EPOCH).map_or_else(
        |before| -i128::try_from(before.duration().as_millis()).expect("few"),
        |after| i128::try_from(after.as_millis()).expect("few"),
    );
    assert_eq!(since, i128::from(number));

    let millis = YEARS.start + number.rem_euclid(YEARS.end - YEARS.start);
    // Offsets from UTC in quarters of an hour, up to 15:45.
    let minutes = i64::from(quarter % 64) * 15;
    let offset = if quarter < 128 { minutes } else { -minutes };
    if !YEARS.contains(&(millis + offset * 60_000)) {
        return;
    }
    let utc = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).expect("a year to 9999");
    let local = utc.to_offset(UtcOffset::from_whole_seconds(offset as i32 * 60).expect("less than a day"));
    let (year, month, day) = local.to_calendar_date();
    let clock = format!("{:02}:{:02}:{:02}", local.hour(), local.minute(), local.second());
    let (sign, hours, minutes) = (if offset < 0 { '-' } else { '+' }, minutes / 60, minutes % 60);
    let (weekday, name) = (local.weekday().to_string(), month.to_string());
    let classic = format!("{} {} {day:02} {clock} {sign}{hours:02}{minutes:02} {year:04}", &weekday[..3], &name[..3]);
    let seconds = Timestamp::from_millis(millis.div_euclid(1000) * 1000);
    assert_eq!(Timestamp::parse(&classic), Some(seconds), "{classic}");
    let (month, fraction) = (u8::from(month), local.millisecond());
    let rfc3339 = format!("{year:04}-{month:02}-{day:02}T{clock}.{fraction:03}{sign}{hours:02}:{minutes:02}");
    assert_eq!(Timestamp::parse(&rfc3339), Some(Timestamp::from_millis(millis)), "{rfc3339}");
});
