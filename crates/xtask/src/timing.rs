//! Whether comparing signatures tells by its time what it must not. No step of `cargo xtask ci`: on a machine that others use too
//! it can miss what is there, and cry wolf; the statistics behind it are tested with times that are made up.

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
