//! Tools of crates.io, of the versions that are named here, in a folder of the target directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use crate::process::{cargo, run, succeeds};

pub(super) const DENY: (&str, &str) = ("cargo-deny", "0.20.2");
pub(super) const HACK: (&str, &str) = ("cargo-hack", "0.6.46");
pub(super) const SEMVER_CHECKS: (&str, &str) = ("cargo-semver-checks", "0.51.0");

/// A command that runs this subcommand of cargo; it is compiled first unless it is there.
pub(super) fn subcommand((package, version): (&str, &str)) -> Result<Command> {
    let root = format!("target/tools/{package}-{version}");
    let program = std::path::absolute(Path::new(&root).join("bin").join(package))?;
    let name = package.trim_start_matches("cargo-");
    if !succeeds(Command::new(&program).args([name, "--version"])) {
        let mut install = cargo(["install", package, "--version", &format!("={version}"), "--locked", "--root", &root]);
        // They run for seconds, and so are compiled for the shortest time and not for the greatest speed.
        install.envs([
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
            ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
        ]);
        run(&mut install).with_context(|| format!("{package} {version} cannot be installed"))?;
    }
    let mut command = Command::new(program);
    command.arg(name);
    Ok(command)
}

/// A folder of the target directory, for what must not be mixed with other builds.
pub(super) fn folder(name: &str) -> Result<PathBuf> {
    let target = MetadataCommand::new().no_deps().exec()?.target_directory;
    Ok(target.join("supply").join(name).into_std_path_buf())
}
