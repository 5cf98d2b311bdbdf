//! The committed lock files say all that is built.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{cargo, printed, run};
use crate::steps::Outcome;

/// The workspaces: `fuzz` is one of its own.
pub(super) const MANIFESTS: &[&str] = &["Cargo.toml", "fuzz/Cargo.toml"];

pub(super) fn check() -> Result<Outcome> {
    for manifest in MANIFESTS {
        // `--locked` fails where a manifest asks for what the lock file has not.
        printed(&mut cargo(["metadata", "--locked", "--format-version=1", "--manifest-path", manifest]))
            .with_context(|| format!("the lock file beside {manifest} is not current: build, and commit it"))?;
    }
    // What ran us has mended the lock file of the workspace already; a fresh clone shows it.
    if std::env::var_os("CI").is_some() {
        run(Command::new("git").args(["diff", "--exit-code", "--stat", "HEAD", "--", "Cargo.lock", "fuzz/Cargo.lock"]))
            .context("cargo had to change a lock file: commit it as it is now")?;
    }
    Ok(Outcome::Passed(format!("{} lock files", MANIFESTS.len())))
}
