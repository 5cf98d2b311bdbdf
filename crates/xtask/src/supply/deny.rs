//! Runs the checks of `cargo deny` that need no database: bans, licences, sources.

use anyhow::{Result, bail};

use super::installed::{DENY, subcommand};
use super::lock::MANIFESTS;
use crate::process::run;
use crate::steps::Outcome;

pub(super) fn check() -> Result<Outcome> {
    let mut failed = Vec::new();
    for manifest in MANIFESTS {
        let mut command = subcommand(DENY)?;
        command.args(["--manifest-path", manifest, "--locked", "--config", "deny.toml", "check"]);
        command.args(["--hide-inclusion-graph", "bans", "licenses", "sources"]);
        // One file serves both workspaces, so an entry that only the other one uses is not an
        // error.
        command.args(["--allow=license-exception-not-encountered"]);
        if *manifest != "Cargo.toml" {
            command.args(["--allow=unmatched-skip", "--allow=license-not-encountered"]);
        }
        failed.extend(run(&mut command).err().map(|_| *manifest));
    }
    match failed.first() {
        None => Ok(Outcome::Passed(format!("{} workspaces", MANIFESTS.len()))),
        Some(_) => bail!("cargo deny refuses what is built for {}: see above", failed.join(" and ")),
    }
}
