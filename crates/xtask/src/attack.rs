//! Attacks the example servers and `birdhook listen`.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{cargo, run as run_command, watch};
use crate::steps::Outcome;
use crate::{testing, tools};

const PACKAGE: &str = "birdhook-attack";
const ELSEWHERE: &str = "memory and open files are told by Linux alone";
const EXAMPLES: [&str; 4] = ["axum", "hyper", "tower-layer", "actix"];

/// Builds everything in release mode and runs the attack program with the given arguments.
pub(crate) fn run(mut args: lexopt::Parser) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("{ELSEWHERE}");
    }
    tools::attack()?;
    let mut build = cargo(["build", "--release", "-p", "birdhook-examples", "-p", "birdhook-cli", "-p", PACKAGE]);
    run_command(
        build.args(["--bin", "birdhook", "--bin", PACKAGE]).args(EXAMPLES.iter().flat_map(|name| ["--example", name])),
    )?;
    run_command(program("release")?.args(args.raw_args()?))
}

/// The step of `cargo xtask ci`: every row with small numbers, on the programs that the tests
/// built.
pub(crate) fn quick() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped(ELSEWHERE.to_owned()));
    }
    tools::attack()?;
    run_command(&mut cargo(["build", "--bins", "--examples"].iter().chain(testing::BUILT)))?;
    let mut last = String::new();
    let attacked = watch(program("debug")?.arg("--quick"), |line| {
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

fn program(profile: &str) -> Result<Command> {
    Ok(Command::new(tools::target_folder()?.join(profile).join(PACKAGE)))
}
