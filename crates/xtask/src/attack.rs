//! Attacks the example servers and `birdhook listen`.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{cargo, run as run_command, watch};
use crate::step::Outcome;
use crate::{testing, tools};

const PACKAGE: &str = "birdhook-attack";
const ELSEWHERE: &str = "only Linux reports memory and open files of a process";

/// Builds everything in release mode and runs the attack program with the given arguments.
pub(crate) fn run(args: &[OsString]) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("{ELSEWHERE}");
    }
    tools::attack()?;
    let mut build = cargo(["build", "--release", "-p", "birdhook-examples", "-p", "birdhook-cli", "-p", PACKAGE]);
    build.args(["--bin=birdhook", "--bin", PACKAGE]);
    run_command(build.args(["axum", "hyper", "tower-layer", "actix"].map(|name| format!("--example={name}"))))?;
    run_command(Command::new(tools::target_folder()?.join("release").join(PACKAGE)).args(args))
}

/// The step of `cargo xtask ci`: every row with small numbers, on the programs that the tests
/// built.
pub(crate) fn quick() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped(ELSEWHERE.to_owned()));
    }
    tools::attack()?;
    run_command(cargo(["build", "--bins", "--examples"]).args(testing::BUILT))?;
    let mut last = String::new();
    let mut attack = Command::new(tools::target_folder()?.join("debug").join(PACKAGE));
    let attacked = watch(attack.arg("--quick"), |line| {
        if let Some(summary) = line.strip_prefix("attack: ") {
            summary.trim().clone_into(&mut last);
        }
        true
    });
    match attacked {
        Ok(()) => Ok(Outcome::Passed(last)),
        Err(error) => Err(error.context(last)),
    }
}
