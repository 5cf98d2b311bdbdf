//! The tests on other dates: no result may depend on the day on which it is obtained.

use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::counts::Counts;
use crate::steps::Outcome;
use crate::{testing, tools};

/// Days from today. In 40 days from November 2026 on, the Account Activity API has ended.
const SHIFTS: [&str; 3] = ["-400d", "+40d", "+500d"];

/// The step of `cargo xtask ci`, on what the steps `tests` and `inbox` have built.
pub(crate) fn check() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("it shifts the clock with libfaketime".to_owned()));
    }
    tools::faketime()?;
    let year = TimeZone::UTC.to_datetime(Timestamp::now()).year();
    let turn_of_the_year = format!("@{year}-12-31 23:59:59.9");
    let mut counts = Counts::default();
    for date in SHIFTS.into_iter().chain([&*turn_of_the_year]) {
        println!("\nthe clock at {date}");
        counts = counts + testing::short_started_by(&faketime(date)).with_context(|| format!("at {date}"))?;
    }
    for date in SHIFTS {
        counts = counts + testing::power_started_by(&faketime(date)).with_context(|| format!("at {date}"))?;
    }
    Ok(Outcome::Counted(counts))
}

/// The program that starts another at this date. Each process starts there, and its time goes on. The monotonic clock
/// stays as it is, as when a machine's clock is set.
fn faketime(date: &str) -> [&str; 7] {
    ["env", "TZ=UTC", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-m", "-f", date]
}
