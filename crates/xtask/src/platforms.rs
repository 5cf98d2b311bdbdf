//! Compiles the published crates with the oldest Rust that they promise, for Windows and for macOS.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{cargo, run};
use crate::step::Outcome;
use crate::testing::BUILT;
use crate::{rules, tools};

const WINDOWS: &str = "x86_64-pc-windows-gnu";
const MACOS: &str = "aarch64-apple-darwin";

/// Compiles them with the Rust of the workspace's `rust-version`.
pub(crate) fn msrv() -> Result<Outcome> {
    let manifest = rules::manifest("Cargo.toml")?;
    let stated =
        manifest.get("workspace").and_then(|workspace| workspace.get("package")?.get("rust-version")?.as_str());
    let toolchain = format!("{}.0", stated.context("the workspace states no rust-version")?);
    if let Err(error) = tools::toolchain(&toolchain) {
        return Ok(Outcome::Skipped(format!("{error:#}")));
    }
    let mut check = Command::new("rustup");
    check.args(["run", &toolchain, "cargo", "check", "--all-features", "--locked", "--target-dir"]);
    // Another compiler uses nothing that this one built.
    check.arg(tools::target_folder()?.join("msrv")).args(packages()?).env_remove("CARGO").env_remove("RUSTC");
    run(&mut check).with_context(|| format!("does not compile with Rust {toolchain}"))?;
    Ok(Outcome::Passed(format!("compiled with Rust {toolchain}; its tests did not run")))
}

/// Compiles the workspace with its tests for Windows, without linking or running anything.
pub(crate) fn windows() -> Result<Outcome> {
    // The C code of ring is compiled for the target.
    let tools = tools::target(WINDOWS).and_then(|()| tools::program("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"));
    if let Err(error) = tools {
        return Ok(Outcome::Skipped(format!("{error:#}")));
    }
    run(cargo(["clippy", "--target", WINDOWS, "--all-targets"]).args(BUILT).args(["--", "-D", "warnings"]))?;
    Ok(Outcome::Passed(format!("compiled for {WINDOWS} with the tests; none ran")))
}

/// Compiles those without C code for macOS, whose C compiler Linux lacks.
pub(crate) fn macos() -> Result<Outcome> {
    if let Err(error) = tools::target(MACOS) {
        return Ok(Outcome::Skipped(format!("{error:#}")));
    }
    let (mut chosen, mut left_out) = (Vec::new(), Vec::new());
    for package in rules::published()? {
        let has_c = rules::built(&package.name, &["--all-features"])?.iter().any(|(name, _)| name == "ring");
        if has_c { &mut left_out } else { &mut chosen }.push(package.name.to_string());
    }
    let mut clippy = cargo(["clippy", "--target", MACOS, "--all-features"]);
    run(clippy.args(chosen.iter().flat_map(|name| ["-p", name])).args(["--", "-D", "warnings"]))?;
    Ok(Outcome::Passed(format!("{} crates compiled for {MACOS}; not {}", chosen.len(), left_out.join(", "))))
}

fn packages() -> Result<Vec<String>> {
    Ok(rules::published()?.into_iter().flat_map(|package| ["-p".to_owned(), package.name.to_string()]).collect())
}
