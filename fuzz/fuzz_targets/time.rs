//! A time is the same in every format, and a parsed time can be written and parsed again.
//!
//! The input is a text. Its bytes also encode a time, which this target writes in X's formats with
//! its own arithmetic.
#![no_main]

use std::time::SystemTime;

use birdhook_core::Timestamp;
use libfuzzer_sys::fuzz_target;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
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
    let offset = i64::from(quarter % 64) * 15 * i64::from(1 - 2 * (quarter as i8 >> 7).unsigned_abs() as i8);
    let local = millis + offset * 60_000;
    if !YEARS.contains(&local) {
        return;
    }
    let (year, month, day) = civil(local.div_euclid(86_400_000));
    let (sign, from_utc) = (if offset < 0 { '-' } else { '+' }, offset.abs());
    let of_day = local.rem_euclid(86_400_000);
    let clock = format!("{:02}:{:02}:{:02}", of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    let weekday = DAYS[usize::try_from(local.div_euclid(86_400_000).rem_euclid(7)).expect("below 7")];
    let (hours, minutes) = (from_utc / 60, from_utc % 60);
    let classic = format!(
        "{weekday} {} {day:02} {clock} {sign}{hours:02}{minutes:02} {year:04}",
        MONTHS[usize::try_from(month - 1).expect("a month")]
    );
    let seconds = Timestamp::from_millis(millis.div_euclid(1000) * 1000);
    assert_eq!(Timestamp::parse(&classic), Some(seconds), "{classic}");
    let rfc3339 =
        format!("{year:04}-{month:02}-{day:02}T{clock}.{:03}{sign}{hours:02}:{minutes:02}", local.rem_euclid(1000));
    assert_eq!(Timestamp::parse(&rfc3339), Some(Timestamp::from_millis(millis)), "{rfc3339}");
});

/// Returns the date of a day since 1970-01-01, by Howard Hinnant's "chrono-compatible low-level
/// date algorithms".
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
