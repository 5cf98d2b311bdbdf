//! Checks that the committed lock files are complete.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{cargo, printed, run};
use crate::steps::Outcome;

/// The workspaces. `fuzz` has its own.
pub(super) const MANIFESTS: &[&str] = &["Cargo.toml", "fuzz/Cargo.toml"];

pub(super) fn check() -> Result<Outcome> {
    for manifest in MANIFESTS {
        // `--locked` fails if a manifest requires something that the lock file does not contain.
        printed(&mut cargo(["metadata", "--locked", "--format-version=1", "--manifest-path", manifest]))
            .with_context(|| format!("the lock file beside {manifest} is not current: build, and commit it"))?;
    }
    // The cargo that ran this program has already updated the workspace's lock file. The update
    // shows only in a fresh clone.
    if std::env::var_os("CI").is_some() {
        run(Command::new("git").args(["diff", "--exit-code", "--stat", "HEAD", "--", "Cargo.lock", "fuzz/Cargo.lock"]))
            .context("cargo had to change a lock file: commit it as it is now")?;
    }
    Ok(Outcome::Passed(format!("{} lock files", MANIFESTS.len())))
}
