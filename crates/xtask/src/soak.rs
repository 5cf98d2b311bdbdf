//! Runs a receiver under mixed traffic for some minutes.

use std::process::Command;

use anyhow::Result;
use lexopt::prelude::{Long, ValueExt};

use crate::process::{cargo, run as run_command};
use crate::steps::Outcome;
use crate::{testing, tools};

#[derive(Default)]
pub(crate) struct Options {
    words: Vec<String>,
}

impl Options {
    pub(crate) fn parse(mut args: lexopt::Parser) -> Result<Self> {
        let mut words = Vec::new();
        while let Some(arg) = args.next()? {
            match arg {
                Long(name @ ("minutes" | "sink" | "seed" | "plant")) => {
                    let name = format!("--{name}");
                    words.extend([name, args.value()?.string()?]);
                }
                Long("quick") => words.push("--quick".to_owned()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Self { words })
    }
}

/// Runs the soak test with optimised code, like an app in production.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut command = cargo(["run", "--release", "--quiet", "-p", "birdhook-soak", "--bin", "birdhook-soak", "--"]);
    run_command(command.args(&options.words))
}

/// Runs a short soak test, with the program that the step `tests` built.
pub(crate) fn step() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("it reads what a process holds in /proc".to_owned()));
    }
    run_command(cargo(["build", "--bin=birdhook-soak"]).args(testing::BUILT))?;
    run_command(Command::new(tools::target_folder()?.join("debug/birdhook-soak")).arg("--quick"))?;
    Ok(Outcome::Passed("channel and inbox".to_owned()))
}
