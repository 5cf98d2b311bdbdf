//! The cargo subcommands that the supply checks need, in pinned versions.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::tools;

pub(super) const DENY: (&str, &str) = ("cargo-deny", "0.20.2");
pub(crate) const HACK: (&str, &str) = ("cargo-hack", "0.6.46");
pub(super) const SEMVER_CHECKS: (&str, &str) = ("cargo-semver-checks", "0.51.0");

/// Returns a command that runs this subcommand of cargo. Compiles the subcommand first if it is
/// missing.
pub(crate) fn subcommand((package, version): (&str, &str)) -> Result<Command> {
    let mut command = Command::new(tools::pinned(package, version)?);
    command.arg(package.trim_start_matches("cargo-"));
    Ok(command)
}

/// Returns a folder of the target directory, for output that must not mix with other builds.
pub(super) fn folder(name: &str) -> Result<PathBuf> {
    Ok(tools::target_folder()?.join("supply").join(name))
}
