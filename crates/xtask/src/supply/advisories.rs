//! Runs `cargo deny check advisories`, if its database can be fetched.

use anyhow::{Result, bail};

use super::installed::{DENY, subcommand};
use super::lock::MANIFESTS;
use crate::process::{run, succeeds};
use crate::steps::Outcome;

pub(super) fn check() -> Result<Outcome> {
    if !succeeds(subcommand(DENY)?.args(["--config", "deny.toml", "fetch", "db"])) {
        let note = "its database cannot be fetched; deny.toml bans what was known when it was last edited";
        return Ok(Outcome::Skipped(note.to_owned()));
    }
    for manifest in MANIFESTS {
        let mut command = subcommand(DENY)?;
        command.args(["--manifest-path", manifest, "--locked", "--config", "deny.toml", "check"]);
        if run(command.args(["--disable-fetch", "advisories"])).is_err() {
            bail!("something that {manifest} builds on has an advisory: see above");
        }
    }
    Ok(Outcome::Passed(format!("{} workspaces", MANIFESTS.len())))
}
