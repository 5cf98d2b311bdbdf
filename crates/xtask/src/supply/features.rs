//! Features, alone and in pairs, by `cargo hack`.

use anyhow::Result;

use super::installed::{HACK, subcommand};
use crate::process::watch;
use crate::rules;
use crate::steps::Outcome;

/// How many are on at most, but for the step `clippy`, where all are.
const TOGETHER: &str = "2";

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Result<Outcome> {
    let mut command = subcommand(HACK)?;
    command.args(["clippy", "--feature-powerset", "--exclude-features=default", "--keep-going", "--depth", TOGETHER]);
    for package in rules::libraries()? {
        command.args(["-p", &package]);
    }
    let mut combinations = 0;
    watch(command.args(["--", "-D", "warnings"]), |line| {
        combinations += usize::from(line.starts_with("info: running"));
        true
    })?;
    Ok(Outcome::Passed(format!("{combinations} combinations")))
}
