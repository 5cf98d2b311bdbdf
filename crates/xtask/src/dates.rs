//! The tests on other dates: no result may depend on the day on which it is obtained.

use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::civil::datetime;
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
    let mut counts = Counts::default();
    for shift in SHIFTS {
        println!("\nthe clock at {shift}");
        let runner = starts_at(&format!("FAKETIME={shift}"));
        counts = counts + testing::short_started_by(&runner).with_context(|| format!("at {shift}"))?;
        counts = counts + testing::power_started_by(&runner).with_context(|| format!("at {shift}"))?;
    }
    let year = TimeZone::UTC.to_datetime(Timestamp::now()).year();
    let end = TimeZone::UTC.to_timestamp(datetime(year, 12, 31, 23, 59, 59, 900_000_000))?;
    println!("\nthe clock at the end of {year}");
    let turn = format!("FAKETIME=+$(( ({} - $(date +%s%N)) / 1000000 ))e-3", end.as_nanosecond());
    counts = counts + testing::short_started_by(&starts_at(&turn)).context("over the turn of the year")?;
    Ok(Outcome::Counted(counts))
}

/// The command that starts a program with its clock shifted by this assignment, which a shell evaluates for each process.
/// The monotonic clock stays as it is, as when a machine's clock is set.
fn starts_at(assignment: &str) -> [String; 4] {
    // Not by the program `faketime`: what it leaves behind when it is killed keeps another process of its number from starting.
    let shifted = "FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=UTC LD_PRELOAD='/usr/$LIB/faketime/libfaketimeMT.so.1'";
    ["sh", "-c", &format!("{assignment}; export FAKETIME; exec env {shifted} \"$@\""), "sh"].map(str::to_owned)
}
