//! Runs the tests on other dates: no result may depend on the current date.

use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::civil::datetime;
use jiff::tz::TimeZone;

use crate::counts::Counts;
use crate::step::Outcome;
use crate::{testing, tools};

/// Shifts of the clock. From November 2026, `+40d` is after the end of the Account Activity API.
const SHIFTS: [&str; 3] = ["-400d", "+40d", "+500d"];

/// The step of `cargo xtask ci`, on the programs that the steps `tests` and `inbox` built.
pub(crate) fn check() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("it shifts the clock with libfaketime".to_owned()));
    }
    tools::program("faketime", "faketime")?;
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

/// Returns a command that starts a program with its clock shifted by this assignment.
///
/// The shell evaluates the assignment for each process. The monotonic clock is not shifted, as when
/// the system clock is changed.
fn starts_at(assignment: &str) -> [String; 4] {
    // Not the program `faketime`: if it is killed, it leaves state behind that keeps a later
    // process with the same id from starting.
    let shifted = "FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=UTC LD_PRELOAD='/usr/$LIB/faketime/libfaketimeMT.so.1'";
    ["sh", "-c", &format!("{assignment}; export FAKETIME; exec env {shifted} \"$@\""), "sh"].map(str::to_owned)
}
