//! Checks that the time to compare signatures leaks nothing about them.
//!
//! Not a step of `cargo xtask ci`: on a shared machine it can miss a leak or report one that does
//! not exist. The statistics behind it have unit tests with invented times.

use anyhow::Result;
use lexopt::prelude::Long;

use crate::process::{cargo, run as run_command};

pub(crate) fn run(mut args: lexopt::Parser) -> Result<()> {
    let mut quick = None;
    while let Some(arg) = args.next()? {
        match arg {
            Long("quick") => quick = Some("--quick"),
            other => return Err(other.unexpected().into()),
        }
    }
    run_command(cargo(["run", "--release", "--quiet", "-p", "birdhook-benches", "--", "timing"]).args(quick))
}
