//! The examples of other web frameworks: a workspace of its own in `examples/frameworks`, because
//! its dependencies need a newer Rust than birdhook.

use anyhow::{Context, Result};

use crate::process::{cargo, run as run_command};
use crate::step::Outcome;
use crate::{rules, testing, tools};

const MANIFEST: &str = "examples/frameworks/Cargo.toml";
/// The servers that the tests start.
const SERVERS: &[&str] = &["example-poem", "example-rocket", "example-salvo", "example-warp"];
/// Apps that need the project files of their framework, or the service that runs them.
const APPS: &[&str] = &["example-lambda", "example-loco"];
const WORKER: &str = "example-workers";
const WASM: &str = "wasm32-unknown-unknown";

pub(crate) fn check() -> Result<Outcome> {
    if !cfg!(unix) {
        return Ok(Outcome::Skipped("the tests end servers by signals".to_owned()));
    }
    let workspace = rules::manifest(MANIFEST)?;
    let package =
        workspace.get("workspace").and_then(|workspace| workspace.get("package")?.get("rust-version")?.as_str());
    let (needed, rustc) = (package.context("examples/frameworks names no rust-version")?, tools::rustc("release: ")?);
    if minor(&rustc) < minor(needed) {
        return Ok(Outcome::Skipped(format!("the frameworks need Rust {needed}, this is {rustc}")));
    }
    run_command(&mut cargo(["fmt", "--all", "--check", "--manifest-path", MANIFEST]))?;
    let target = tools::target_folder()?.join("frameworks");
    let run = |command: &str, packages: &[&str], more: &[&str]| {
        let mut command = cargo([command, "--manifest-path", MANIFEST, "--target-dir"]);
        command.arg(&target).args(packages.iter().flat_map(|package| ["-p", package])).args(more);
        run_command(&mut command)
    };
    run("build", SERVERS, &[])?;
    run("check", APPS, &[])?;
    match tools::target(WASM) {
        Ok(()) => run("build", &[WORKER], &["--target", WASM])?,
        Err(error) => eprintln!("\n!!! NOT BUILT: {WORKER}: {error:#}\n"),
    }
    testing::frameworks(&target.join("debug")).map(Outcome::Counted)
}

/// Returns the second number of a version.
fn minor(version: &str) -> Option<u32> {
    version.split('.').nth(1)?.parse().ok()
}
