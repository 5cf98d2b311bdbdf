//! Line coverage of the core by its tests: `cargo xtask coverage`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{cargo, run, succeeds};
use crate::step::Outcome;
use crate::tools;

/// Runs the core's tests, prints the coverage of each file, and fails below 95 % of the lines.
pub(crate) fn check() -> Result<Outcome> {
    let [profdata, cov] = readers()?;
    tools::subcommand("llvm-cov")?;
    let mut command = cargo(["llvm-cov", "--package=birdhook-core", "--fail-under-lines=95"]);
    command.args(["--color=never", "--ignore-filename-regex=/tests/"]);
    run(command.env("LLVM_PROFDATA", profdata).env("LLVM_COV", cov))?;
    Ok(Outcome::Passed(String::new()))
}

/// Returns the paths of `llvm-profdata` and `llvm-cov`, from rustup or from the system.
///
/// Both must be of rustc's LLVM version, because no other reads its profiles.
fn readers() -> Result<[PathBuf; 2]> {
    const NAMES: [&str; 2] = ["llvm-profdata", "llvm-cov"];
    // `llvm-profdata` has `--version` only since LLVM 18.
    let works = |tools: &[PathBuf; 2]| {
        tools.iter().all(|tool| {
            [&["--version"][..], &["show", "--help"]].iter().any(|args| succeeds(Command::new(tool).args(*args)))
        })
    };
    let libraries = Command::new("rustc").args(["--print", "target-libdir"]).output().context("cannot run rustc")?;
    let folder = Path::new(String::from_utf8_lossy(&libraries.stdout).trim()).with_file_name("bin");
    let of_rustup = NAMES.map(|name| folder.join(name));
    let major = tools::rustc("LLVM version: ")?.split('.').next().unwrap_or_default().to_owned();
    let of_system = NAMES.map(|name| PathBuf::from(format!("{name}-{major}")));
    let installs = || succeeds(Command::new("rustup").args(["component", "add", "llvm-tools"]));
    if works(&of_rustup) || !works(&of_system) && installs() && works(&of_rustup) {
        return Ok(of_rustup);
    }
    if !works(&of_system) {
        tools::debian(&format!("llvm-{major}")).context("or run `rustup component add llvm-tools`")?;
    }
    Ok(of_system)
}
